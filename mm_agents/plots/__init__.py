"""Pictures of vectors and of trainings: maps to explore in a browser, or PNGs.

    from mm_agents import Library
    from mm_agents import plots

    plots.of_library(Library.open("./my"), vector="media").save("map.html")

PNGs are drawn by Matplotlib, as Plotly's own way to them needs a browser.
"""

from __future__ import annotations

from mm_agents.plots._figure import Figure
from mm_agents.plots._library import of_library
from mm_agents.plots._pca import principal
from mm_agents.plots._space import Method, Space, space
from mm_agents.plots._training import Epochs, Losses, epochs, losses
from mm_agents.plots._umap import Metric, umap

__all__ = [
    "Epochs",
    "Figure",
    "Losses",
    "Method",
    "Metric",
    "Space",
    "epochs",
    "losses",
    "of_library",
    "principal",
    "space",
    "umap",
]
