"""Ruling lines as borders of rows and columns, and grounds of different colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.table._columns import Divide
from mm_agents.documents.table._lines import Line, Measures
from mm_agents.documents.table._rulings import Ruling
from mm_agents.types import Box

if TYPE_CHECKING:
    from mm_agents.types import ByteArray

_OTHER_GROUND = 10  # levels of any colour
_BLOCKS = 24
_MOST = 0.6
"""Lines stand on grounds of their own where so many of the blocks across the table differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separator:
    """Ruling lines at one height: where they are, and which stretches they cover."""

    y: float
    stretches: tuple[tuple[float, float], ...]

    def covers(self, start: float, end: float) -> float:
        """The share of a stretch that is ruled, 0 to 1."""
        if end <= start:
            return 0.0
        return sum(max(0.0, min(b, end) - max(a, start)) for a, b in self.stretches) / (end - start)


def find_separators(rulings: Sequence[Ruling], box: Box, measures: Measures) -> list[Separator]:
    """Horizontal ruling lines by height, those of the table."""
    near = max(2.0, 0.3 * measures.height)
    found: list[list[Ruling]] = []
    for ruling in rulings:
        if not box.y0 - 3 * measures.height < ruling.at < box.y1 + 3 * measures.height:
            continue
        if found and ruling.at - found[-1][-1].at <= near:
            found[-1].append(ruling)
        else:
            found.append([ruling])
    return [
        Separator(
            y=float(np.mean([ruling.at for ruling in group])),
            stretches=_union([(ruling.start, ruling.end) for ruling in group]),
        )
        for group in found
    ]


def _union(stretches: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def ruled_columns(rulings: Sequence[Ruling], lines: Sequence[Line], box: Box, measures: Measures) -> list[Divide]:
    """Where vertical ruling lines part columns: those along a good part of the table that cut no words."""
    near = max(2.0, 0.4 * measures.height)
    words = [word.place for line in lines for word in line.words]
    groups: list[list[Ruling]] = []
    for ruling in rulings:
        if groups and ruling.at - groups[-1][-1].at <= near:
            groups[-1].append(ruling)
        else:
            groups.append([ruling])
    found: list[Divide] = []
    for group in groups:
        x = float(np.mean([ruling.at for ruling in group]))
        covered = _union([(max(ruling.start, box.y0), min(ruling.end, box.y1)) for ruling in group])
        length = sum(max(0.0, end - start) for start, end in covered)
        cut_words = sum(word.x0 + near < x < word.x1 - near for word in words)
        if length >= 0.4 * (box.y1 - box.y0) and cut_words <= 0.1 * len(lines):
            found.append(Divide(x=x, ruled=covered))
    return found


def parts(separator: Separator, above: Line, below: Line, box: Box) -> bool:
    """Whether ruling lines part two lines of words."""
    if not above.middle < separator.y < below.middle:
        return False
    return separator.covers(box.x0, box.x1) >= 0.5 or any(
        separator.covers(line.box.x0, line.box.x1) >= 0.5 for line in (above, below)
    )


def head_lines(lines: Sequence[Line], separators: Sequence[Separator], box: Box, barriers: Sequence[bool]) -> int:
    """How many lines stand above the first ruling line across the table, or on a ground of another colour."""
    limit = min(8, max(1, len(lines) // 2))
    for separator in separators:
        above = sum(line.middle < separator.y for line in lines)
        if 0 < above <= limit and separator.covers(box.x0, box.x1) >= 0.85:
            return above
    return next((n for n in range(1, limit + 1) if n < len(lines) and barriers[n]), 0)


def head_by_titles(lines: Sequence[Line], separators: Sequence[Separator], divides: Sequence[Divide], box: Box) -> int:
    """How many lines stand above the columns that a short ruling line near the top gathers under a title, and these."""
    edges = [float(box.x0), *(divide.x for divide in divides), float(box.x1)]
    for n in range(min(4, len(lines) - 2)):
        for separator in separators:
            gathered = sum(separator.covers(start, end) >= 0.7 for start, end in pairwise(edges))
            if lines[n].middle < separator.y < lines[n + 1].middle and 2 <= gathered < len(edges) - 1:
                return n + 2
    return 0


def ground_changes(pixels: ByteArray, lines: Sequence[Line]) -> list[bool]:
    """For each line, whether it stands on another ground than the line above.

    Args:
        pixels: uint8, shape (height, width, 3): the straight page.
        lines: from the top, at least one.
    """
    left = min(line.box.x0 for line in lines)
    right = max(line.box.x1 for line in lines)
    edges = np.linspace(left, right, _BLOCKS + 1).astype(int)
    grounds = np.array(
        [
            [
                np.median(pixels[line.box.y0 : line.box.y1, a : max(b, a + 1)].reshape(-1, 3), axis=0)
                for a, b in pairwise(edges)
            ]
            for line in lines
        ]
    )
    changed = np.abs(np.diff(grounds, axis=0)).max(axis=2) > _OTHER_GROUND
    return [False, *(bool(share > _MOST) for share in changed.mean(axis=1))]
