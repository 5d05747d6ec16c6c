"""Words out of a recognised line: where each begins and ends, told by the ink between its characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_WIDE_GAP = 0.75
"""Two characters further apart than this share of the text's height are two words, though no space was read."""

_FAINTEST_INK = 24  # grey levels between paper and ink
_RULE_SHARE = 0.85  # what has ink over this share of a crop's width or height may be a ruling line


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as recognised: its characters without spaces, and where each stands.

    Attributes:
        text: with the spaces that were read.
        centres: of the characters that are no spaces, in pixels from the left of the crop.
        confidences: 0 to 1, one for each of them.
    """

    text: str
    centres: Sequence[float]
    confidences: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """A word of a line: its text, its box in the crop, and the mean confidence of its characters."""

    text: str
    box: tuple[float, float, float, float]
    confidence: float


def split_line(line: Line, crop: ByteArray) -> list[Glyphs]:
    """The words of a line.

    Args:
        line: what was recognised.
        crop: uint8, shape (height, width, 3): the picture of the line, text upright.
    """
    ink = find_ink(crop)
    columns = np.logical_or.reduce(ink, axis=0)
    height = max(int(ink.any(axis=1).sum()), 4)
    pitch = float(np.median(np.diff(line.centres))) if len(line.centres) > 1 else height * 0.6
    spans: list[tuple[int, int]] = []  # of characters, first and past the last
    n = 0
    for word in line.text.split():
        start = n
        for k in range(n, n + len(word) - 1):
            left, right = widest_blank(columns, line.centres[k], line.centres[k + 1])
            if right - left > max(_WIDE_GAP * height, 1.2 * pitch):
                spans.append((start, k + 1))
                start = k + 1
        n += len(word)
        spans.append((start, n))
    characters = line.text.replace(" ", "")
    edges = _edges(columns, line.centres, spans, pitch)
    found: list[Glyphs] = []
    for (first, last), (x0, x1) in zip(spans, edges, strict=True):
        y0, y1 = _rows(ink[:, int(x0) : max(int(np.ceil(x1)), int(x0) + 1)])
        confidence = float(np.mean(line.confidences[first:last])) if last > first else 0.0
        found.append(Glyphs(text=characters[first:last], box=(x0, y0, x1, y1), confidence=confidence))
    return found


def find_ink(crop: ByteArray) -> NDArray[np.bool_]:
    """Where a line's crop differs from its paper, ruling lines at its borders left out.

    Args:
        crop: uint8, shape (height, width, 3).

    Returns:
        bool, shape (height, width).
    """
    colours = crop.astype(np.int16)
    paper = np.median(colours.reshape(-1, 3), axis=0)
    away = np.abs(colours - paper).max(axis=2)
    ink: NDArray[np.bool_] = away > max(_FAINTEST_INK, 0.35 * float(np.percentile(away, 99.5)))
    for rows in _rules(ink):
        ink[rows] = False
    width = ink.shape[1]
    columns = np.flatnonzero(ink.mean(axis=0) > _RULE_SHARE)
    ink[:, [column for column in columns if min(column, width - 1 - column) < 3]] = False
    return ink


def _rules(ink: NDArray[np.bool_]) -> list[slice]:
    """The rows of ruling lines above and below a line: thin, nearly unbroken, and apart from the text by a blank.

    The bar of a T is as unbroken, but hangs together with the rest of it.
    """
    runs = _runs(np.logical_or.reduce(ink, axis=1))
    tallest = max((run.stop - run.start for run in runs), default=0)
    return [
        run
        for run in runs
        if 2 * (run.stop - run.start) < tallest
        and (run.start + run.stop < 0.6 * len(ink) or run.start + run.stop > 1.4 * len(ink))
        and ink[run].any(axis=0).mean() > _RULE_SHARE
    ]


def _runs(filled: NDArray[np.bool_]) -> list[slice]:
    """Where an array is true, as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def widest_blank(columns: NDArray[np.bool_], start: float, end: float) -> tuple[int, int]:
    """The widest run without ink between two places; empty, in the middle, where there is none."""
    first, last = int(start), min(int(np.ceil(end)), len(columns))
    blank = np.flatnonzero(~columns[first:last]) + first
    if not len(blank):
        middle = (first + last) // 2
        return middle, middle
    runs = np.split(blank, np.flatnonzero(np.diff(blank) > 1) + 1)
    widest = max(runs, key=len)
    return int(widest[0]), int(widest[-1]) + 1


def _edges(
    columns: NDArray[np.bool_], centres: Sequence[float], spans: Sequence[tuple[int, int]], pitch: float
) -> list[tuple[float, float]]:
    """Where each word begins and ends: at the blanks between words, and at the last ink outside."""
    if not spans:
        return []
    gaps = [widest_blank(columns, centres[a[1] - 1], centres[b[0]]) for a, b in pairwise(spans)]
    reach = 1.5 * pitch
    inside = np.flatnonzero(columns[: int(centres[0]) + 1])
    inside = inside[inside >= centres[0] - reach]
    x0 = float(inside[0]) if len(inside) else max(centres[0] - pitch / 2, 0.0)
    after = np.flatnonzero(columns[int(centres[-1]) :]) + int(centres[-1])
    after = after[after <= centres[-1] + reach]
    x1 = float(after[-1]) + 1 if len(after) else min(centres[-1] + pitch / 2, float(len(columns)))
    starts = [x0, *(float(right) for _, right in gaps)]
    ends = [*(float(left) for left, _ in gaps), x1]
    return [(start, max(end, start + 1)) for start, end in zip(starts, ends, strict=True)]


def _rows(ink: NDArray[Any]) -> tuple[float, float]:
    rows = np.flatnonzero(ink.any(axis=1))
    return (float(rows[0]), float(rows[-1]) + 1) if len(rows) else (0.0, float(len(ink)))
