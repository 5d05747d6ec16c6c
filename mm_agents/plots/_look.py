"""Which points belong together, and how a group looks: colours that colour-blind people tell apart, and markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

# Okabe and Ito's colours without the yellow, which is hardly seen on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#5B4A8A")
_RAMP = ("#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#E8D44D")  # after cividis, dark to light
_GREY = "#8A8F98"
# Plotly's name, that name in three dimensions, and matplotlib's.
_MARKERS = (("circle", "circle", "o"), ("square", "square", "s"), ("diamond", "diamond", "D"), ("x", "x", "X"))
_LONGEST = 36
NONE, OTHER = "(none)", "(other)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Points that look the same.

    Attributes:
        name: plain text for the legend.
        rows: the points' numbers.
        colour: as #RRGGBB.
        markers: for Plotly in two dimensions, in three, and for matplotlib.
    """

    name: str
    rows: tuple[int, ...]
    colour: str
    markers: tuple[str, str, str]


def grouped(labels: Sequence[Any] | None, count: int) -> list[Group]:
    """The groups of points with the same label, the largest first; many numbers become ranges, rising.

    Args:
        labels: one for each point; None or "" for a point without; None where no point has one.
        count: how many points there are.
    """
    if labels is None:
        return [Group(name="", rows=tuple(range(count)), colour=_COLOURS[0], markers=_MARKERS[0])]
    given = [_plain(label) for label in labels]
    numbers = [label for label in given if isinstance(label, int | float) and not isinstance(label, bool)]
    room = len(_COLOURS) * len(_MARKERS)
    if len(numbers) == sum(label is not None for label in given) and len(set(numbers)) > room:
        return _ranges(given, numbers)
    texts = [NONE if label is None else said(label) for label in given]
    sizes = Counter(text for text in texts if text != NONE)
    kept = [text for text, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))]
    if len(kept) > room:
        kept = kept[: room - 1]
        texts = [text if text in kept or text == NONE else OTHER for text in texts]
    looks = {name: (_COLOURS[n % len(_COLOURS)], _MARKERS[n // len(_COLOURS)]) for n, name in enumerate(kept)}
    looks |= {name: (_GREY, _MARKERS[0]) for name in (OTHER, NONE)}
    return _of(texts, looks)


def _ranges(given: Sequence[Any], numbers: Sequence[float]) -> list[Group]:
    edges = np.unique(np.quantile(np.asarray(numbers, np.float64), np.linspace(0, 1, len(_RAMP) + 1)))
    names = [f"{_number(low)} – {_number(high)}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    last = len(names) - 1
    texts = [
        NONE if label is None else names[min(int(np.searchsorted(edges, label, "right")) - 1, last)] for label in given
    ]
    looks = {name: (_RAMP[n * (len(_RAMP) - 1) // max(last, 1)], _MARKERS[0]) for n, name in enumerate(names)}
    return _of(texts, {**looks, NONE: (_GREY, _MARKERS[0])})


def _of(texts: Sequence[str], looks: dict[str, tuple[str, tuple[str, str, str]]]) -> list[Group]:
    rows: dict[str, list[int]] = {name: [] for name in looks}
    for row, text in enumerate(texts):
        rows[text].append(row)
    return [
        Group(name=name, rows=tuple(rows[name]), colour=colour, markers=markers)
        for name, (colour, markers) in looks.items()
        if rows[name]
    ]


def said(label: Any) -> str:
    """A label in one short line of plain text."""
    text = ", ".join(map(str, label)) if isinstance(label, tuple | list) else str(label)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def marked(text: str) -> str:
    """Text as Plotly shows it unchanged: it reads a little HTML in what it is given."""
    return escape(text, quote=False)


def point_size(count: int) -> float:
    """A point's diameter in pixels: the more there are, the smaller."""
    return float(np.clip(60 / max(count, 1) ** 0.3, 3.5, 11))


def _plain(label: Any) -> Any:
    label = label.item() if isinstance(label, np.generic) else label
    empty = label is None or label == "" or label == () or (isinstance(label, float) and not np.isfinite(label))
    return None if empty else label


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
