"""Pictures of vectors and of training, as pages to explore (HTML that needs no network) and as PNG.

    from mm_agents import Library, plots

    with Library.open("./my") as library:
        plots.of_library(library, vector="media", color="media_type").save("map.html")
    plots.losses("run/").save("losses.png")
    plots.epochs("run/").save("epochs.html")

Needs the extra ``plots``.
"""

from __future__ import annotations

from mm_agents.plots._figure import Figure
from mm_agents.plots._pca import principal
from mm_agents.plots._space import Metric, Method, of_library, space
from mm_agents.plots._training import epoch, epochs, losses
from mm_agents.plots._umap import umap

__all__ = ["Figure", "Method", "Metric", "epoch", "epochs", "losses", "of_library", "principal", "space", "umap"]
