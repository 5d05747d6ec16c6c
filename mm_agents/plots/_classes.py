"""Classes of points, and the colours and shapes that tell them apart also for the colour-blind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800")  # Okabe and Ito, 2008
_SHAPES = (("circle", "o"), ("diamond", "D"), ("square", "s"), ("cross", "P"))  # Plotly's name and Matplotlib's
_REST = "#9aa0a6"
_MOST = len(_COLOURS) * len(_SHAPES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The points of one class.

    Attributes:
        name: what the legend says.
        points: their numbers.
        colour: as "#rrggbb".
        shape: Plotly's name of the marker.
        marker: Matplotlib's name of it.
    """

    name: str
    points: NDArray[np.int64]
    colour: str
    shape: str
    marker: str


def groups(labels: Sequence[str]) -> list[Group]:
    """The classes in their natural order; past 28, the rarest stand together as one grey class."""
    counts = Counter(labels)
    named = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    if len(named) > _MOST:
        named = named[: _MOST - 1]
    named.sort(key=_natural)
    values = np.asarray(labels, dtype=object)
    found: list[Group] = []
    for n, name in enumerate(named):
        shape, marker = _SHAPES[n // len(_COLOURS)]
        points = np.flatnonzero(values == name)
        colour = _COLOURS[n % len(_COLOURS)]
        found.append(Group(name=name or "(none)", points=points, colour=colour, shape=shape, marker=marker))
    if others := len(counts) - len(named):
        known = set(named)
        rest = np.flatnonzero([label not in known for label in labels])
        found.append(Group(name=f"{others} others", points=rest, colour=_REST, shape="circle", marker="o"))
    return found


def _natural(label: str) -> tuple[int, float, str]:
    """Numbers by their size, before words."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label
