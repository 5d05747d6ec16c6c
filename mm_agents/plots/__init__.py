"""Pictures of vectors and of trainings: maps to explore in a browser, or PNGs.

    from mm_agents import Library
    from mm_agents import plots

    plots.of_library(Library.open("./my"), vector="media").save("map.html")

PNGs are drawn by Matplotlib, as Plotly's own way to them needs a browser.
"""

from __future__ import annotations

from mm_agents.plots.figure import Figure
from mm_agents.plots.library import of_library
from mm_agents.plots.projection import Method, Space, space
from mm_agents.plots.reduction import Metric, principal, umap
from mm_agents.plots.training import Epochs, Losses, epochs, losses

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
