"""Where the columns of a table part: along ruling lines, and along the blanks that line after line shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mm_agents.documents.table._lines import Line, Measures

_LEAST_EVIDENCE = 1.5
_CROSSING_SHARE = 0.34
_CROSSING_COST = 1.5
_LONE_GAP = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Divide:
    """A place between two columns.

    Attributes:
        x: in pixels on the straight page.
        width: of the blank that the lines share there; 0 along a ruling line.
        ruled: the heights between which ruling lines run there, from the top; none where they do not.
    """

    x: float
    width: float = 0.0
    ruled: tuple[tuple[float, float], ...] = ()

    def parts_at(self, y: float) -> bool:
        """Whether a ruling line runs there at this height."""
        return any(start <= y <= end for start, end in self.ruled)


def find_divides(
    lines: Sequence[Line], measures: Measures, ruled: Sequence[Divide] = (), *, strict: bool = False
) -> list[Divide]:
    """Where columns part, from the left.

    Args:
        lines: those of the table.
        measures: of its print.
        ruled: where ruling lines divide it already, from the left.
        strict: whether only broad blanks count, as where ruling lines divide the table.
    """
    if not lines:
        return []
    spans = [np.array([(word.place.x0, word.place.x1) for word in line.words], dtype=float) for line in lines]
    left = min(float(span[:, 0].min()) for span in spans)
    right = max(float(span[:, 1].max()) for span in spans)
    found = [divide for divide in ruled if left < divide.x < right]
    edges = [left, *(divide.x for divide in found), right]
    for low, high in pairwise(edges):
        found += _split(spans, low, high, measures, strict=strict, depth=0)
    return sorted(found, key=lambda divide: divide.x)


def _split(
    spans: Sequence[np.ndarray], low: float, high: float, measures: Measures, *, strict: bool, depth: int
) -> list[Divide]:
    """The best divide between two places, and those on either side of it."""
    if high - low < 1.5 * measures.height or depth > 60:
        return []
    best = _best(spans, low, high, measures, strict=strict)
    if best is None:
        return []
    return [
        *_split(spans, low, best.x, measures, strict=strict, depth=depth + 1),
        best,
        *_split(spans, best.x, high, measures, strict=strict, depth=depth + 1),
    ]


def _best(spans: Sequence[np.ndarray], low: float, high: float, measures: Measures, *, strict: bool) -> Divide | None:
    size = int(np.ceil(high - low)) + 1
    for_it, against, widest = np.zeros(size + 1), np.zeros(size + 1), np.zeros(size)
    gaps: list[tuple[int, int]] = []
    normal = 1.6 * measures.space
    full = max((2.0 if strict else 1.2) * measures.height, normal + 1)
    for span in spans:
        inside = span[(span[:, 1] > low + 1) & (span[:, 0] < high - 1)]
        if not len(inside):
            continue
        starts = np.clip(inside[:, 0] - low, 0, size - 1).astype(int)
        ends = np.clip(np.ceil(inside[:, 1] - low), 0, size - 1).astype(int)
        np.add.at(against, starts, 1)
        np.add.at(against, ends, -1)
        for a, b in zip(ends[:-1], starts[1:], strict=True):
            weight = min(max((b - a - normal) / (full - normal), 0.0), 1.0)
            if weight >= 0.5:
                gaps.append((int(a), int(b)))
            if weight > 0:
                for_it[a] += weight
                for_it[b] -= weight
                widest[a:b] = np.maximum(widest[a:b], b - a)
    evidence, crossing = np.cumsum(for_it)[:size], np.cumsum(against)[:size]
    alone = (crossing < 0.5) & (widest >= _LONE_GAP * measures.height) & (evidence > 0.9)
    sound = (crossing <= _CROSSING_SHARE * evidence + 1e-9) & ((evidence >= _LEAST_EVIDENCE) | alone)
    if not sound.any():
        return None
    score = np.where(sound, evidence - _CROSSING_COST * crossing, -np.inf)
    peak = int(np.argmax(score))
    plateau = np.flatnonzero(score >= score[peak] - 1e-6)
    runs = np.split(plateau, np.flatnonzero(np.diff(plateau) > 1) + 1)
    longest = max(runs, key=len)
    peak = int(longest[len(longest) // 2])
    clear = [(a, b) for a, b in gaps if a <= peak < b]
    if not clear:
        return Divide(x=low + peak + 0.5, width=float(len(longest)))
    a, b = max(a for a, _ in clear), min(b for _, b in clear)
    return Divide(x=low + (a + b) / 2, width=float(b - a))
