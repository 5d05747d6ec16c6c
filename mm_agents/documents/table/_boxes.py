"""Boxes on a page that lie in rows and columns with room between them: cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.types import Box, Word

if TYPE_CHECKING:
    from mm_agents.types import ByteArray

_EDGE = 6
"""Levels by which neighbours in a flat area may differ."""

_FULL = 0.8
"""The share of its bounding box that a box with round corners fills at least."""

_LONGEST_SIDE = 1600


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Boxes of one size in rows and columns.

    Attributes:
        boxes: by row and column, from 0.
        columns: where each column begins and ends, in pixels.
        rows: where each row begins and ends, in pixels.
    """

    boxes: dict[tuple[int, int], Box]
    columns: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int, int], ...]


def find_boxes(pixels: ByteArray, height: float) -> list[Box]:
    """Closed areas of one colour, such as cards: what is written on them counts as theirs.

    Args:
        pixels: uint8, shape (height, width, 3): the straight page.
        height: of its capitals, in pixels.
    """
    cv2 = opencv()
    scale = min(1.0, _LONGEST_SIDE / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    edges = np.zeros(small.shape[:2], np.uint8)
    for channel in cv2.split(small):
        steps = cv2.morphologyEx(channel, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        edges |= (steps > _EDGE).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(1 - edges, connectivity=4)
    page = small.shape[0] * small.shape[1]
    found: list[Box] = []
    for n, (x, y, wide, high, area) in enumerate(stats[1:number].tolist(), start=1):
        if (
            wide < 3 * height * scale
            or high < 1.5 * height * scale
            or wide * high > 0.5 * page
            or area < 0.2 * wide * high
        ):
            continue
        part = (labels[y : y + high, x : x + wide] == n).astype(np.uint8)
        outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if max(cv2.contourArea(outline) for outline in outlines) >= _FULL * (wide - 1) * (high - 1):
            corners = (round(value / scale) for value in (x, y, x + wide, y + high))
            x0, y0, x1, y1 = corners
            found.append(Box(x0=x0, y0=y0, x1=x1, y1=y1))
    return found


def find_lattice(boxes: Sequence[Box], words: Sequence[Word], height: float) -> Lattice | None:
    """The largest set of boxes of one size with words in them that lie in rows and columns, apart from each other."""
    filled = [box for box in boxes if any(holds(box, word.place) for word in words)]
    best: Lattice | None = None
    for model in filled:
        alike = [box for box in filled if _alike(box, model)]
        lattice = _lattice(alike, height)
        if (
            lattice
            and _is_alone(lattice, boxes, words, height)
            and (best is None or len(lattice.boxes) > len(best.boxes))
        ):
            best = lattice
    return best


def _is_alone(lattice: Lattice, boxes: Sequence[Box], words: Sequence[Word], height: float) -> bool:
    """Whether no other boxes lie against these and hardly any words stand between them, unlike cells of a table."""
    mine = list(lattice.boxes.values())
    others = [box for box in boxes if box not in mine]
    if sum(any(_against(box, other, max(8.0, 0.6 * height)) for other in others) for box in mine) > 0.3 * len(mine):
        return False
    left, right = lattice.columns[0][0], lattice.columns[-1][1]
    top, bottom = lattice.rows[0][0], lattice.rows[-1][1]
    across = Box(x0=left, y0=top, x1=right, y1=bottom)
    inside = [word for word in words if holds(across, word.place)]
    return sum(any(holds(box, word.place) for box in mine) for word in inside) >= 0.8 * len(inside)


def _against(box: Box, other: Box, room: float) -> bool:
    """Whether two boxes lie side by side, or one on the other, with hardly any room between."""
    beside = min(box.y1, other.y1) - max(box.y0, other.y0) > 0.5 * (box.y1 - box.y0)
    over = min(box.x1, other.x1) - max(box.x0, other.x0) > 0.5 * (box.x1 - box.x0)
    across = max(other.x0 - box.x1, box.x0 - other.x1)
    along = max(other.y0 - box.y1, box.y0 - other.y1)
    return (beside and 0 <= across <= room) or (over and 0 <= along <= room)


def holds(box: Box, place: Box) -> bool:
    """Whether the middle of a place lies in a box."""
    x, y = (place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1


def _alike(box: Box, other: Box) -> bool:
    wide, high = box.x1 - box.x0, box.y1 - box.y0
    return abs(wide - (other.x1 - other.x0)) <= 0.1 * wide + 2 and abs(high - (other.y1 - other.y0)) <= 0.1 * high + 2


def _lattice(boxes: Sequence[Box], height: float) -> Lattice | None:
    if len(boxes) < 3:
        return None
    columns = _strips([(box.x0, box.x1) for box in boxes])
    rows = _strips([(box.y0, box.y1) for box in boxes])
    placed: dict[tuple[int, int], Box] = {}
    for box in boxes:
        place = (_index(rows, box.y0, box.y1), _index(columns, box.x0, box.x1))
        if place in placed:
            return None
        placed[place] = box
    room = max(8.0, 0.6 * height)
    apart = all(after[0] - before[1] > room for strips in (rows, columns) for before, after in _neighbours(strips))
    enough = len(columns) >= 2 and len(placed) >= 0.7 * len(columns) * len(rows)
    return Lattice(boxes=placed, columns=columns, rows=rows) if apart and enough else None


def _strips(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans that lie over each other made one: the median of each heap."""
    heaps: list[list[tuple[int, int]]] = []
    for span in sorted(spans):
        if heaps and (span[0] + span[1]) / 2 < heaps[-1][-1][1]:
            heaps[-1].append(span)
        else:
            heaps.append([span])
    return tuple((int(median(a for a, _ in heap)), int(median(b for _, b in heap))) for heap in heaps)


def _index(strips: Sequence[tuple[int, int]], start: int, end: int) -> int:
    middle = (start + end) / 2
    return min(range(len(strips)), key=lambda n: abs(sum(strips[n]) / 2 - middle))


def _neighbours(strips: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(pairwise(strips))
