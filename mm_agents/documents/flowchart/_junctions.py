"""Where four lines meet: whether two connectors cross, or one branches three ways or three come together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.flowchart._web import End, Web

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.documents.flowchart._walk import Terminal, Walker

_SURELY_BARE = 1.6  # how wide an end may be, measured by its line, that is no head for sure
_SURELY_HEAD = 2.1
_DOT = 2.4  # half widths of the lines: as thick as this at least is a dot, and no crossing


def dots(web: Web, depth: NDArray[np.float32], unit: float) -> set[int]:
    """The knots of four lines or more that a dot is drawn on.

    Args:
        web: of the lines.
        depth: float32, shape (height, width): the distance of the ink from its rim.
        unit: the height of text in pixels.
    """
    found: set[int] = set()
    reach = max(2, round(0.25 * unit))
    for knot, ends in web.ends.items():
        if len(ends) < 4:
            continue
        y, x = (round(float(value)) for value in web.places[knot])
        part = depth[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        if part.size and float(part.max()) > max(_DOT * web.half, web.half + 2):
            found.add(knot)
    return found


def branchings(web: Web, walker: Walker) -> Iterator[int]:
    """The knots of four lines where a crossing would leave a connector with no head, or with two.

    So one bare end and three heads are a branching, three bare ends and one head a merge. Where an end may or may not
    be a head, the lines are taken to cross.
    """
    for knot, ends in web.ends.items():
        if len(ends) != 4:
            continue
        pairs = walker.crossing(knot)
        if pairs is None:
            continue
        kinds = {end: _kind(walker.beyond(end)) for end in ends}
        if None not in kinds.values() and any(kinds[one] == kinds[two] for one, two in pairs):
            yield knot


def _kind(terminals: list[Terminal]) -> bool | None:
    """True where all that lies beyond are heads, False where all are bare ends; None where that is not sure."""
    if terminals and all(terminal.head and terminal.spread >= _SURELY_HEAD for terminal in terminals):
        return True
    if terminals and not any(terminal.head or terminal.spread > _SURELY_BARE for terminal in terminals):
        return False
    return None


Pairs = tuple[tuple[End, End], tuple[End, End]]
"""The two lines that cross in a knot, each by its two ends there."""


def straightest(headings: dict[End, NDArray[Any]], bend: float) -> Pairs | None:
    """How four ends pair up as two lines that cross; None where they do not.

    Args:
        headings: the direction in which each leaves the knot.
        bend: degrees that a line may turn at most.
    """
    first, *others = headings
    best: tuple[float, Pairs] | None = None
    for partner in others:
        one, two = (end for end in others if end != partner)
        bends = angle(-headings[first], headings[partner]), angle(-headings[one], headings[two])
        if max(bends) < bend and (best is None or sum(bends) < best[0]):
            best = sum(bends), ((first, partner), (one, two))
    return best[1] if best else None


def angle(one: NDArray[Any], two: NDArray[Any]) -> float:
    """Degrees between two directions; 0 where one has no length."""
    length = float(np.hypot(*one) * np.hypot(*two))
    return float(np.degrees(np.arccos(np.clip(float(one @ two) / length, -1, 1)))) if length else 0.0
