"""The skeleton of the connectors as a graph, and its cleanup: spurs, gaps between dashes, ends at shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.canvas import Text
from mm_agents.documents.opencv import EXTRA, opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

End = tuple[int, int]
"""A stroke's number and which of its ends: 0 for the first of its points, 1 for the last."""


@dataclass(kw_only=True, eq=False)
class Stroke:
    """A line without branches.

    Attributes:
        points: int32, shape (n, 2): y and x, each next to the one before.
        knots: the knots at its two ends.
        through: the text whose box it was led through, where it bridges a gap in the ink.
    """

    points: NDArray[np.int32]
    knots: list[int]
    through: Text | None = None

    def from_end(self, end: int) -> NDArray[np.int32]:
        """Its points from that end on."""
        return self.points if end == 0 else self.points[::-1]


@dataclass(kw_only=True, eq=False)
class SkeletonGraph:
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
        for end, node in enumerate(stroke.knots):
            self.ends.setdefault(node, []).append((number, end))
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
        for end, node in enumerate(stroke.knots):
            self.ends[node].remove((number, end))

    def loose(self) -> Iterator[int]:
        """The knots where just one stroke ends."""
        return (node for node, ends in self.ends.items() if len(ends) == 1)

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
        node = self.add_knot(stroke.points[at].astype(float))
        self.remove(number)
        for part, knots in (
            (stroke.points[: at + 1], [stroke.knots[0], node]),
            (stroke.points[at:], [node, stroke.knots[1]]),
        ):
            self.add(Stroke(points=part, knots=knots, through=stroke.through))
        return node

    def unite(self, apart: Callable[[int], bool]) -> None:
        """Make one stroke of two that meet in a knot alone, unless they are to stay apart there."""
        for node in list(self.ends):
            ends = self.ends[node]
            if len(ends) != 2 or ends[0][0] == ends[1][0] or apart(node):
                continue
            (one, at_one), (two, at_two) = ends
            first, second = self.strokes[one], self.strokes[two]
            points = np.concatenate([first.from_end(1 - at_one), second.from_end(at_two)])
            knots = [first.knots[1 - at_one], second.knots[1 - at_two]]
            self.remove(one)
            self.remove(two)
            through = first.through or second.through
            self.add(Stroke(points=points, knots=knots, through=through))
            del self.ends[node], self.places[node]


def build_skeleton(lines: NDArray[np.uint8]) -> SkeletonGraph:
    """The web of strokes in ink.

    Raises:
        MissingExtraError: scikit-image is not installed.
    """
    cv2 = opencv()
    morphology = require("skimage.morphology", extra=EXTRA, feature="Tracing connectors")
    web = SkeletonGraph()
    if not lines.any():
        return web
    thin = np.asarray(morphology.skeletonize(lines > 0)).astype(np.uint8)
    depth = cv2.distanceTransform(lines, cv2.DIST_L2, 3)
    web.half = float(np.median(depth[thin > 0]))
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


_MOST_STEPS = 40  # for each pixel of the reach: words that hide a line end somewhere


class Shapes:
    """Where the shapes lie, for lines that look for the one they end at.

    Args:
        owners: the number from 1 of the shape that covers a pixel, else 0.
        borders: uint8: 1 on the borders of frames, beyond which a line looks for no shape.
    """

    def __init__(self, owners: NDArray[np.int32], borders: NDArray[np.uint8] | None = None) -> None:
        self.owners = owners
        self.borders: NDArray[np.uint8] = np.zeros(owners.shape, np.uint8) if borders is None else borders
        cv2 = opencv()
        outside = (owners == 0).astype(np.uint8)
        self.distance: NDArray[np.float32]
        self.distance, labels = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        ys, xs = np.nonzero(owners)
        self._nearest = np.zeros(int(labels.max()) + 1, np.int32)
        self._nearest[labels[ys, xs]] = owners[ys, xs]
        self._labels = labels

    def near(self, place: NDArray[Any]) -> tuple[int, float]:
        """The shape nearest to a point (y, x), and the pixels to it."""
        y, x = round(place[0]), round(place[1])
        return int(self._nearest[self._labels[y, x]]), float(self.distance[y, x])

    def ahead(self, place: NDArray[Any], heading: NDArray[Any], reach: float, texts: Sequence[Text] = ()) -> int:
        """The first shape in a direction within a reach, else 0; pixels under words do not count."""
        height, width = self.owners.shape
        spent, step = 0.0, 0
        while spent <= reach and step < _MOST_STEPS * max(1.0, reach):
            step += 1
            y, x = round(place[0] + heading[0] * step), round(place[1] + heading[1] * step)
            if not (0 <= y < height and 0 <= x < width) or self.borders[y, x]:
                break
            if self.owners[y, x]:
                return int(self.owners[y, x])
            if not any(text.x0 - 2 <= x <= text.x1 + 2 and text.y0 - 2 <= y <= text.y1 + 2 for text in texts):
                spent += 1
        return 0


def clean(web: SkeletonGraph, shapes: Shapes, texts: Sequence[Text], unit: float) -> dict[End, int]:
    """Clean a web in place; the shape that each of its ends at shapes belongs to, by its number from 1.

    ``texts`` beside the shapes may hide a part of a line.
    """

    def apart(node: int) -> bool:
        return _converge(web, shapes, node, unit) > 0

    _drop_rims(web, shapes, unit)
    _contract(web, unit)
    for _ in range(3):
        if not _cut_spurs(web, shapes, unit):
            break
        web.unite(apart)
    web.unite(apart)
    _trim(web, shapes, unit)
    _part_at_tips(web, shapes, unit)
    _contract(web, unit)
    _bridge(web, shapes, texts, unit)
    _run_into(web, shapes, unit)
    web.unite(apart)
    _contract(web, unit)
    return _ties(web, shapes, texts, unit)


def _length(stroke: Stroke) -> int:
    return len(stroke.points)


def _pointed_at(web: SkeletonGraph, shapes: Shapes, node: int, unit: float, texts: Sequence[Text] = ()) -> int:
    """The shape that a loose end runs into, or nearly touches; 0 where it ends in the open."""
    number, side = web.ends[node][0]
    place = web.places[node]
    near, distance = shapes.near(place)
    heading = -web.heading((number, side), PARAMETERS.end_heading * unit)
    other = web.strokes[number].knots[1 - side]
    if len(web.ends[other]) == 1 and _length(web.strokes[number]) < PARAMETERS.stub * unit:
        nearest, closer = shapes.near(web.places[other])
        if nearest == near and closer < distance - PARAMETERS.stub_turned * unit:
            near = 0  # the back of a head that stands apart from its line
    if near and distance <= PARAMETERS.touching * unit:
        return near
    ahead = shapes.ahead(place, heading, PARAMETERS.pointing * unit, texts)
    if not ahead and distance <= PARAMETERS.hooked * unit:  # into a corner of its head: the line as a whole says where
        ahead = shapes.ahead(place, -web.heading((number, side), 2 * unit), PARAMETERS.pointing * unit, texts)
    if ahead:
        return ahead
    _, further = shapes.near(np.clip(place + 4 * heading, 0, np.array(shapes.owners.shape) - 1))
    return near if distance <= PARAMETERS.beside * unit and further < distance + 2 else 0


def _converge(web: SkeletonGraph, shapes: Shapes, node: int, unit: float) -> int:
    """The shape that the lines meeting in a knot point at together, as two that share a head, else 0."""
    ends, place = web.ends[node], web.places[node]
    shape, gap = shapes.near(place)
    if gap > PARAMETERS.converging * unit or any(_length(web.strokes[number]) < unit for number, _ in ends):
        return 0
    headings = np.array([web.heading(end, PARAMETERS.knot_heading * unit) for end in ends])
    if float((headings @ headings.T).min()) < PARAMETERS.shared_head:
        return 0
    ahead = shapes.ahead(place, -headings.mean(axis=0), PARAMETERS.converging_reach * unit)
    return shape if ahead == shape else 0


def _cut_spurs(web: SkeletonGraph, shapes: Shapes, unit: float) -> bool:
    """Take off the whiskers of skeletons and the barbs of heads: short ends that lead nowhere."""
    found = [(len(web.strokes[number].points), number) for number in set(_spurs(web, shapes, unit))]
    for _, number in sorted(found):
        stroke = web.strokes[number]
        outer = next(side for side in (0, 1) if len(web.ends[stroke.knots[side]]) == 1)
        if len(web.ends[stroke.knots[1 - outer]]) >= 2:
            web.remove(number)
    return bool(found)


def _spurs(web: SkeletonGraph, shapes: Shapes, unit: float) -> Iterator[int]:
    for node, ends in list(web.ends.items()):
        if len(ends) < 3:
            continue
        short = {
            end: outer
            for end in ends
            if (outer := _outer(web, end, node)) is not None and _length(web.strokes[end[0]]) <= PARAMETERS.barb * unit
        }
        if not short:
            continue
        _, from_knot = shapes.near(web.places[node])
        if from_knot >= PARAMETERS.barb_knot * unit:
            longest = max(3 * web.half, PARAMETERS.whisker * unit)
            whiskers = [end for end in short if _length(web.strokes[end[0]]) < longest]
            yield from (number for number, _ in whiskers)
            continue
        # of the short ends at a head its tip stays, the one nearest to the shape, and the line that it sits on
        away = {end: shapes.near(web.places[outer])[1] for end, outer in short.items()}
        tip = min(away, key=lambda end: away[end])
        kept = {tip} if away[tip] <= min(from_knot, PARAMETERS.tip_at_shape * unit) else set[End]()
        if len(short) == len(ends):
            kept.add(max((end for end in short if end not in kept), key=lambda end: away[end]))
        yield from (end[0] for end in short if end not in kept)


def _outer(web: SkeletonGraph, end: End, inner: int) -> int | None:
    """The loose knot at the other end of a stroke; None where it goes on there."""
    node = web.strokes[end[0]].knots[1 - end[1]]
    return node if node != inner and len(web.ends[node]) == 1 else None


def _drop_rims(web: SkeletonGraph, shapes: Shapes, unit: float) -> None:
    """Drop what runs along the outline of a shape: the rest of its border or of its shadow."""
    for number, stroke in list(web.strokes.items()):
        if _length(stroke) < PARAMETERS.shortest_rim * unit:
            continue
        away = shapes.distance[stroke.points[:, 0], stroke.points[:, 1]]
        ends = [shapes.near(point.astype(float)) for point in (stroke.points[0], stroke.points[-1])]
        if float(away.max()) <= PARAMETERS.rim * unit and ends[0][0] == ends[1][0]:
            web.remove(number)


def _trim(web: SkeletonGraph, shapes: Shapes, unit: float) -> None:
    """Cut off a single barb that a line seems to run into: the line ended where it turned at the shape."""
    for node in list(web.loose()):
        number, end = web.ends[node][0]
        stroke = web.strokes[number]
        points = stroke.from_end(end)
        reach = points[: max(2, min(round(PARAMETERS.barb_end * unit), len(points) - 3))]
        away = shapes.distance[reach[:, 0], reach[:, 1]]
        close = np.flatnonzero(away <= PARAMETERS.barb_turn * unit)
        if not len(close):
            continue
        run = close[: int(np.flatnonzero(np.diff(close, append=close[-1] + 2) > 1)[0]) + 1]
        nearest = int(run[away[run].argmin()])
        if nearest < 2 or away[0] < away[nearest] + PARAMETERS.barb_away * unit:
            continue
        barb = (points[0] - points[nearest]).astype(float)
        behind = min(len(points) - 1, nearest + round(PARAMETERS.barb_line * unit))
        line = (points[behind] - points[nearest]).astype(float)
        if float(barb @ line) < -PARAMETERS.runs_on * float(np.hypot(*barb) * np.hypot(*line)):
            continue  # it runs on: no barb
        kept = points[nearest:]
        stroke.points = kept if end == 0 else kept[::-1]
        web.places[node] = kept[0].astype(float)


def _part_at_tips(web: SkeletonGraph, shapes: Shapes, unit: float) -> None:
    """Part two lines that leave a shape at one point, as at the tip of a diamond, and so look like one that bends."""
    reach = round(PARAMETERS.knot_heading * unit)
    for number, stroke in list(web.strokes.items()):
        points = stroke.points
        if len(points) < 4 * reach:
            continue
        away = shapes.distance[points[:, 0], points[:, 1]]
        inner = slice(reach, len(points) - reach)
        at = reach + int(away[inner].argmin())
        here = float(away[at])
        away_at_ends = min(away[at - reach], away[at + reach])
        if here > PARAMETERS.bend_tip * unit or away_at_ends < here + PARAMETERS.bend_away * unit:
            continue
        one, two = ((points[at + side] - points[at]).astype(float) for side in (-reach, reach))
        one, two = one / np.hypot(*one), two / np.hypot(*two)
        if float(one @ two) < PARAMETERS.bend_straight:
            continue
        node = web.split(number, at)
        first, second = web.ends[node]
        twin = web.add_knot(web.places[node])
        web.ends[node] = [first]
        web.ends[twin] = [second]
        web.strokes[second[0]].knots[second[1]] = twin


def _contract(web: SkeletonGraph, unit: float) -> None:
    """Make one knot of two that a very short stroke joins: a crossing is drawn as two branchings side by side."""
    shortest = max(4 * web.half, PARAMETERS.crossing_knots * unit)
    for number in sorted(web.strokes, key=lambda number: _length(web.strokes[number])):
        stroke = web.strokes[number]
        one, two = stroke.knots
        if _length(stroke) >= shortest or one == two or len(web.ends[one]) < 3 or len(web.ends[two]) < 3:
            continue
        web.remove(number)
        web.places[one] = (web.places[one] + web.places[two]) / 2
        for other, end in web.ends.pop(two):
            web.strokes[other].knots[end] = one
            web.ends[one].append((other, end))
        del web.places[two]


# ---------------------------------------------------------------- gaps


def _bridge(web: SkeletonGraph, shapes: Shapes, texts: Sequence[Text], unit: float) -> None:
    """Join loose ends that face each other across a gap or a word, the best matching first."""
    loose = [node for node in web.loose() if not _pointed_at(web, shapes, node, unit)]
    places = {node: web.places[node] for node in loose}
    pairs: list[tuple[float, int, int, Text | None]] = []
    for n, one in enumerate(loose):
        for two in loose[n + 1 :]:
            if np.abs(places[one] - places[two]).max() > PARAMETERS.farthest_ends * unit:
                continue
            cost = _gap_cost(web, one, two, texts, unit)
            if cost is not None:
                pairs.append((cost[0], one, two, cost[1]))
    used: set[int] = set()
    for _, one, two, text in sorted(pairs, key=lambda pair: pair[0]):
        if one in used or two in used:
            continue
        used |= {one, two}
        web.add(Stroke(points=join([places[one], places[two]]), knots=[one, two], through=text))


def _gap_cost(
    web: SkeletonGraph, one: int, two: int, texts: Sequence[Text], unit: float
) -> tuple[float, Text | None] | None:
    first, second = web.ends[one][0], web.ends[two][0]
    if first[0] == second[0]:
        return None
    start, stop = web.places[one], web.places[two]
    gap = stop - start
    distance = float(np.hypot(*gap))
    reach = PARAMETERS.under_word * unit
    through = next((text for text in texts if _beside(text, start, reach) and _beside(text, stop, reach)), None)
    longest = PARAMETERS.line_gap * unit
    if through is not None:
        longest = max(through.width, through.height) + PARAMETERS.word_room * unit
    along = gap / max(distance, 1e-6)
    leaving = float(-web.heading(first, unit) @ along)
    arriving = float(web.heading(second, unit) @ along)
    if min(leaving, arriving) >= PARAMETERS.gap_in_line:
        longest = max(longest, PARAMETERS.wide_gap * unit)
    if distance > longest:
        return None
    least = PARAMETERS.gap_straight if through is None else PARAMETERS.word_straight
    ahead = min(leaving, arriving) > PARAMETERS.corner_back and leaving + arriving > PARAMETERS.corner_sum
    corner = ahead and distance < PARAMETERS.corner_gap * unit
    if min(leaving, arriving) < least and distance > PARAMETERS.close_ends * unit and not corner:
        return None
    bend = (2 - leaving - arriving) * unit
    return distance * (1 if through is None else PARAMETERS.word_likelier) + bend, through


def _beside(text: Text, place: NDArray[Any], margin: float) -> bool:
    y, x = place
    return text.x0 - margin <= x <= text.x1 + margin and text.y0 - margin <= y <= text.y1 + margin


def _run_into(web: SkeletonGraph, shapes: Shapes, unit: float) -> None:
    """Let loose ends that stop just before another line meet it."""
    drawn = np.zeros(shapes.owners.shape, np.int32)
    for number, stroke in web.strokes.items():
        drawn[stroke.points[:, 0], stroke.points[:, 1]] = number
    height, width = shapes.owners.shape[:2]
    for node in [node for node in web.loose() if not _pointed_at(web, shapes, node, unit)]:
        number, end = web.ends[node][0]
        place = web.places[node]
        heading = -web.heading((number, end), PARAMETERS.end_heading * unit)
        for step in range(2, int(1.0 * unit)):
            y, x = round(place[0] + heading[0] * step), round(place[1] + heading[1] * step)
            if not (0 <= y < height and 0 <= x < width):
                break
            around = drawn[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            hits = [int(n) for n in np.unique(around) if n and n != number]
            if hits:
                points = web.strokes[hits[0]].points
                at = int(np.abs(points - (y, x)).sum(axis=1).argmin())
                if not 1 < at < len(points) - 2:
                    break
                meet = web.split(hits[0], at)
                for part, _ in web.ends[meet]:
                    drawn[web.strokes[part].points[:, 0], web.strokes[part].points[:, 1]] = part
                web.add(Stroke(points=join([place, web.places[meet]]), knots=[node, meet]))
                break


# ---------------------------------------------------------------- ends at shapes


def _ties(web: SkeletonGraph, shapes: Shapes, texts: Sequence[Text], unit: float) -> dict[End, int]:
    ties: dict[End, int] = {}
    for node in list(web.ends):
        ends = web.ends[node]
        if len(ends) == 1:
            shape = _pointed_at(web, shapes, node, unit, texts)
            if shape:
                ties[ends[0]] = shape
        elif len(ends) >= 2:
            shape = _converge(web, shapes, node, unit)
            if shape:
                inner = web.add_knot(web.places[node])
                number = web.add(Stroke(points=join([web.places[node], web.places[node]]), knots=[node, inner]))
                ties[(number, 1)] = shape
    return ties
