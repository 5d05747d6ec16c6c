"""Traces connectors along the skeleton graph from shape to shape, through junctions and crossings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.skeleton_graph import End, SkeletonGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dots(web: SkeletonGraph, depth: NDArray[np.float32], unit: float) -> set[int]:
    """The knots of four lines or more that a dot is drawn on."""
    found: set[int] = set()
    reach = max(2, round(unit / 4))
    for node, ends in web.ends.items():
        if len(ends) < 4:
            continue
        y, x = (round(float(value)) for value in web.places[node])
        part = depth[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        if float(part.max()) > max(PARAMETERS.dot * web.half, web.half + 2):
            found.add(node)
    return found


def branchings(web: SkeletonGraph, walker: Walker) -> Iterator[int]:
    """The knots of four lines where a crossing would leave a connector with no head, or with two.

    So one bare end and three heads are a branching, three bare ends and one head a merge. Where an end may or may not
    be a head, the lines are taken to cross.
    """
    for node, ends in web.ends.items():
        if len(ends) != 4:
            continue
        pairs = walker.crossing(node)
        if pairs is None:
            continue
        kinds = {end: _kind(walker.beyond(end)) for end in ends}
        if None not in kinds.values() and any(kinds[one] == kinds[two] for one, two in pairs):
            yield node


def _kind(terminals: list[Terminal]) -> bool | None:
    """True where all that lies beyond are heads, False where all are bare ends; None where that is not sure."""
    if all(terminal.head for terminal in terminals):
        return True
    return False if all(terminal.spread <= PARAMETERS.surely_bare for terminal in terminals) else None


Pairs = tuple[tuple[End, End], tuple[End, End]]
"""The two lines that cross in a knot, each by its two ends there."""


def straightest(headings: dict[End, NDArray[Any]], bend: float) -> Pairs | None:
    """How four ends, by their directions, pair up as two lines that bend by less than ``bend`` degrees, if they do."""
    first, *others = headings
    found: list[tuple[float, Pairs]] = []
    for partner in others:
        one, two = (end for end in others if end != partner)
        bends = angle(-headings[first], headings[partner]), angle(-headings[one], headings[two])
        if max(bends) < bend:
            found.append((sum(bends), ((first, partner), (one, two))))
    return min(found)[1] if found else None


def angle(one: NDArray[Any], two: NDArray[Any]) -> float:
    """Degrees between two directions; 0 where one has no length."""
    length = float(np.hypot(*one) * np.hypot(*two))
    return float(np.degrees(np.arccos(np.clip(float(one @ two) / length, -1, 1)))) if length else 0.0


_MOST_STEPS = 3000


@dataclass(kw_only=True, eq=False)
class Terminal:
    """Where a line ends at a shape.

    Attributes:
        end: of the line.
        shape: the shape's number from 1.
        spread: how many times wider or thicker the line is there.
        head: whether that is a head.
    """

    end: End
    shape: int
    spread: float
    head: bool


@dataclass(kw_only=True, eq=False)
class Route:
    """A way along lines from one terminal to another.

    Attributes:
        start: where it begins.
        stop: where it ends.
        strokes: the numbers of the strokes on the way.
        points: int32, shape (n, 2): y and x along the way.
        turning: degrees turned where lines meet.
        heads: whether a head was seen at its end, at both ends, or at none.
    """

    start: Terminal
    stop: Terminal
    strokes: tuple[int, ...]
    points: NDArray[np.int32]
    turning: float
    heads: str = "target"
    unsure: list[str] = field(default_factory=list[str])


class Walker:
    """Walks a web between its terminals; in the knots of ``joined`` four lines or more do not cross."""

    def __init__(self, web: SkeletonGraph, terminals: Sequence[Terminal], unit: float, joined: set[int]) -> None:
        self._web = web
        self._terminals = {terminal.end: terminal for terminal in terminals}
        self._unit = unit
        self.joined = joined

    def walk(self, start: Terminal) -> Iterator[Route]:
        """Every way from a terminal to another."""
        web = self._web
        number, side = start.end
        stack: list[tuple[End, tuple[int, ...], list[NDArray[np.int32]], float]] = [
            ((number, 1 - side), (number,), [web.strokes[number].from_end(side)], 0.0)
        ]
        for _ in range(_MOST_STEPS):
            if not stack:
                return
            end, strokes, points, turning = stack.pop()
            if end in self._terminals:
                yield Route(
                    start=start,
                    stop=self._terminals[end],
                    strokes=strokes,
                    points=np.concatenate(points),
                    turning=turning,
                )
                continue
            for turn, (other, at) in self._onward(end, strokes, np.concatenate(points[-2:])):
                stack.append(
                    ((other, 1 - at), (*strokes, other), [*points, web.strokes[other].from_end(at)], turning + turn)
                )

    def _onward(self, end: End, strokes: Sequence[int], points: NDArray[np.int32]) -> list[tuple[float, End]]:
        """Where a line may go on from an end, with the degrees that it turns."""
        web = self._web
        node = web.strokes[end[0]].knots[end[1]]
        others = [other for other in web.ends[node] if other[0] not in strokes]
        if not others:
            return []
        reach = PARAMETERS.knot_heading * self._unit
        back = points[max(0, len(points) - 1 - round(reach))].astype(float) - points[-1]
        back = back / max(1e-6, float(np.hypot(*back)))
        turns = sorted((angle(-back, web.heading(other, reach)), other) for other in others)
        present = [e for e in web.ends[node] if e != end]
        if len(present) == 3 and node not in self.joined:
            headings = {e: back if e == end else web.heading(e, reach) for e in web.ends[node]}
            pairs = straightest(headings, PARAMETERS.crossing)
            if pairs is not None:
                partner = next(two if one == end else one for one, two in pairs if end in (one, two))
                return [turn for turn in turns if turn[1] == partner]
        if len(present) > 3 and node not in self.joined:
            return turns[:1]
        return [turn for turn in turns if turn[0] < PARAMETERS.turn]

    def crossing(self, node: int) -> Pairs | None:
        """The two lines that cross in a knot of four ends, by where they lead; None where they do not just cross."""
        return straightest(
            {end: self._web.heading(end, PARAMETERS.knot_heading * self._unit) for end in self._web.ends[node]},
            PARAMETERS.crossing,
        )

    def beyond(self, end: End) -> list[Terminal]:
        """The terminals that a line leads to which leaves a knot by one of its ends."""
        start = Terminal(end=end, shape=0, spread=1.0, head=False)
        return [route.stop for route in self.walk(start)]


# ---------------------------------------------------------------- from ways to connectors


def connect(web: SkeletonGraph, terminals: Sequence[Terminal], unit: float, joined: set[int]) -> list[Route]:
    """The connectors of a chart: from bare ends to heads, then what is left; no lines cross in ``joined`` knots."""
    walker = Walker(web, terminals, unit, joined)
    walker.joined |= set(branchings(web, walker))
    found: list[Route] = []
    undirected: list[Route] = []
    for terminal in terminals:
        if terminal.head:
            continue
        for route in walker.walk(terminal):
            if _plausible(route, unit):
                (found if route.stop.head else undirected).append(route)
    found = _best(found)
    reached = {route.stop.end for route in found}
    used = {route.start.end for route in found}
    for terminal in terminals:
        if terminal.head and terminal.end not in reached:
            more = _backwards(walker, terminal, unit, used)
            reached |= {end for route in more for end in (route.start.end, route.stop.end)}
            found += more
    used = {end for route in found for end in (route.start.end, route.stop.end)}
    for route in undirected:
        if not ({route.start.end, route.stop.end} & used) and route.start.shape != route.stop.shape:
            used |= {route.start.end, route.stop.end}
            route.heads = "none"
            route.unsure.append("no head was seen at either end")
            found.append(_downwards(route))
    return _distinct(found)


def _plausible(route: Route, unit: float) -> bool:
    """A way back to the same shape has to lead away from it first."""
    if route.start.shape != route.stop.shape:
        return True
    return len(route.points) > 5 * unit


def _best(routes: Sequence[Route]) -> list[Route]:
    """One way for each source and head: the one that turns least."""
    best: dict[tuple[int, End], Route] = {}
    for route in sorted(routes, key=lambda route: (route.turning, len(route.points))):
        best.setdefault((route.start.shape, route.stop.end), route)
    return list(best.values())


def _backwards(walker: Walker, head: Terminal, unit: float, used: set[End]) -> list[Route]:
    """What leads to a head that no bare end was seen to lead to: a line with two heads."""
    routes = [route for route in walker.walk(head) if route.stop.head and _plausible(route, unit)]
    if not routes:
        return []
    route = min(routes, key=lambda route: route.turning)
    weak, strong = sorted((route.start.spread, route.stop.spread))
    is_short = len(route.points) < PARAMETERS.short_connector * unit  # its one head widens both of its ends
    blot = is_short or weak < PARAMETERS.surely_head
    if blot and strong > (PARAMETERS.short_two_heads if is_short else PARAMETERS.two_heads) * weak:
        # one of the two is more likely a blot than a head
        found = route if route.stop.spread > route.start.spread else _reversed(route)
        if not is_short:
            found.unsure.append("one end may or may not have a head")
        return [found] if found.stop is head else []
    route = _reversed(route)
    route.heads = "both"
    return [route]


def _reversed(route: Route) -> Route:
    strokes, points = route.strokes[::-1], route.points[::-1]
    return replace(route, start=route.stop, stop=route.start, strokes=strokes, points=points)


def _downwards(route: Route) -> Route:
    """A connector without heads is taken to lead down, or to the right."""
    (y0, x0), (y1, x1) = route.points[0].tolist(), route.points[-1].tolist()
    return route if (y1 - y0) + 0.5 * (x1 - x0) >= 0 else _reversed(route)


def _distinct(routes: Sequence[Route]) -> list[Route]:
    """Without second ways between the same shapes that share a stroke."""
    kept: list[Route] = []
    for route in sorted(routes, key=lambda route: (route.heads == "none", route.turning)):
        same = [r for r in kept if (r.start.shape, r.stop.shape) == (route.start.shape, route.stop.shape)]
        if any(set(r.strokes) & set(route.strokes) for r in same):
            continue
        ends = {route.start.shape, route.stop.shape}
        if route.heads == "none" and any({r.start.shape, r.stop.shape} == ends for r in kept):
            continue
        kept.append(route)
    return kept
