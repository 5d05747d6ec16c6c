"""Lines as strokes between points where they end, branch or cross: the skeleton of the ink as a small graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.documents._opencv import EXTRA, opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.documents.flowchart._canvas import Text

End = tuple[int, int]
"""A stroke's number and which of its ends: 0 for the first of its points, 1 for the last."""


@dataclass(kw_only=True, eq=False)
class Stroke:
    """A line without branches.

    Attributes:
        points: int32, shape (n, 2): y and x, each next to the one before.
        knots: the knots at its two ends.
        through: the text whose box it was led through, where it bridges a gap in the ink.
        bridge: whether there is no ink under it.
    """

    points: NDArray[np.int32]
    knots: list[int]
    through: Text | None = None
    bridge: bool = False

    def from_end(self, end: int) -> NDArray[np.int32]:
        """Its points from that end on."""
        return self.points if end == 0 else self.points[::-1]


@dataclass(kw_only=True, eq=False)
class Web:
    """Strokes and the knots that they meet in.

    Attributes:
        strokes: by number.
        places: float, shape (2,): y and x of each knot.
        ends: the ends that meet in each knot.
        half: half the width of the lines, in pixels.
    """

    strokes: dict[int, Stroke] = field(default_factory=dict[int, Stroke])
    places: dict[int, NDArray[Any]] = field(default_factory=dict[int, Any])
    ends: dict[int, list[End]] = field(default_factory=dict[int, list[End]])
    half: float = 1.0

    def add(self, stroke: Stroke) -> int:
        """Put a stroke in; its number."""
        number = max(self.strokes, default=0) + 1
        self.strokes[number] = stroke
        for end, knot in enumerate(stroke.knots):
            self.ends.setdefault(knot, []).append((number, end))
        return number

    def add_knot(self, place: NDArray[Any]) -> int:
        """A new knot; its number."""
        number = max(self.places, default=0) + 1
        self.places[number] = np.asarray(place, float)
        self.ends.setdefault(number, [])
        return number

    def remove(self, number: int) -> None:
        """Take a stroke out."""
        stroke = self.strokes.pop(number)
        for end, knot in enumerate(stroke.knots):
            self.ends[knot].remove((number, end))

    def loose(self) -> Iterator[int]:
        """The knots where just one stroke ends."""
        return (knot for knot, ends in self.ends.items() if len(ends) == 1)

    def heading(self, end: End, reach: float) -> NDArray[Any]:
        """The unit vector (y, x) in which a stroke runs away from its end, over that many pixels."""
        points = self.strokes[end[0]].from_end(end[1])
        far = points[min(len(points) - 1, max(1, round(reach)))] if len(points) > 1 else points[0]
        vector = far.astype(float) - points[0]
        length = float(np.hypot(*vector))
        return vector / length if length else vector

    def split(self, number: int, at: int) -> int:
        """Cut a stroke in two at one of its points; the new knot."""
        stroke = self.strokes[number]
        knot = self.add_knot(stroke.points[at].astype(float))
        self.remove(number)
        for part, knots in (
            (stroke.points[: at + 1], [stroke.knots[0], knot]),
            (stroke.points[at:], [knot, stroke.knots[1]]),
        ):
            self.add(Stroke(points=part, knots=knots, through=stroke.through, bridge=stroke.bridge))
        return knot

    def unite(self, apart: Callable[[int], bool]) -> None:
        """Make one stroke of two that meet in a knot alone, unless they are to stay apart there."""
        for knot in list(self.ends):
            ends = self.ends[knot]
            if len(ends) != 2 or ends[0][0] == ends[1][0] or apart(knot):
                continue
            (one, at_one), (two, at_two) = ends
            first, second = self.strokes[one], self.strokes[two]
            points = np.concatenate([first.from_end(1 - at_one), second.from_end(at_two)])
            knots = [first.knots[1 - at_one], second.knots[1 - at_two]]
            self.remove(one)
            self.remove(two)
            through = first.through or second.through
            bridge = first.bridge and second.bridge
            self.add(Stroke(points=points, knots=knots, through=through, bridge=bridge))
            del self.ends[knot], self.places[knot]


def spin(lines: NDArray[np.uint8]) -> Web:
    """The web of strokes in ink.

    Args:
        lines: uint8, shape (height, width): 1 where there is ink.

    Raises:
        MissingExtraError: scikit-image is not installed.
    """
    cv2 = opencv()
    morphology = require("skimage.morphology", extra=EXTRA, feature="Tracing connectors")
    web = Web()
    if not lines.any():
        return web
    thin = np.asarray(morphology.skeletonize(lines > 0)).astype(np.uint8)
    depth = cv2.distanceTransform(lines, cv2.DIST_L2, 3)
    web.half = max(0.8, float(np.median(depth[thin > 0])))
    ring = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
    around = cv2.filter2D(thin, -1, ring, borderType=cv2.BORDER_CONSTANT)
    crossing = ((around >= 3) & (thin > 0)).astype(np.uint8)
    count, knots = cv2.connectedComponents(crossing, connectivity=8)
    for n, pixels in _groups(knots):
        web.places[n] = pixels.mean(axis=0)
        web.ends[n] = []
    following = count
    _, pieces = cv2.connectedComponents(((thin > 0) & (crossing == 0)).astype(np.uint8), connectivity=8)
    for _, pixels in _groups(pieces):
        points = _in_order(pixels)
        meets = _knots_of(points, knots)
        for side in (0, 1):
            if meets[side] == 0:
                meets[side] = following
                web.places[following] = points[0 if side == 0 else -1].astype(float)
                web.ends[following] = []
                following += 1
        web.add(Stroke(points=points, knots=meets))
    return web


def _groups(labels: NDArray[np.int32]) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """The pixels (y, x) of every label but 0."""
    ys, xs = np.nonzero(labels)
    if not len(ys):
        return
    values = labels[ys, xs]
    order = np.argsort(values, kind="stable")
    points = np.stack([ys[order], xs[order]], axis=1).astype(np.int32)
    values = values[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    for start, stop in zip(starts, np.r_[starts[1:], len(values)], strict=True):
        yield int(values[start]), points[start:stop]


def _in_order(pixels: NDArray[np.int32]) -> NDArray[np.int32]:
    """The pixels of a line without branches, one after the other."""
    left = {(int(y), int(x)) for y, x in pixels}

    def beside(point: tuple[int, int]) -> list[tuple[int, int]]:
        y, x = point
        steps = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
        return [(y + dy, x + dx) for dy, dx in steps if (y + dy, x + dx) in left]

    here = next((point for point in sorted(left) if len(beside(point)) <= 1), min(left))
    ordered = [here]
    left.discard(here)
    while found := beside(here):
        here = found[0]
        ordered.append(here)
        left.discard(here)
    return np.array(ordered, np.int32)


def _knots_of(points: NDArray[np.int32], knots: NDArray[np.int32]) -> list[int]:
    """The numbers of the crossings that the two ends of a line touch, 0 for none."""
    found: list[list[int]] = []
    for y, x in (points[0], points[-1]):
        part = knots[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        found.append(sorted({int(n) for n in part[part > 0]}))
    first = found[0][0] if found[0] else 0
    last = next((n for n in found[1] if n != first), found[1][0] if found[1] else 0)
    if len(points) == 1 and len(found[1]) < 2:
        last = 0
    return [first, last]


def join(points: Sequence[NDArray[Any]]) -> NDArray[np.int32]:
    """A straight run of pixels from the first point to the last."""
    start, stop = np.asarray(points[0], float), np.asarray(points[-1], float)
    steps = max(2, int(np.ceil(np.hypot(*(stop - start)))) + 1)
    return np.round(np.linspace(start, stop, steps)).astype(np.int32)
