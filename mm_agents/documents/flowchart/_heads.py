"""Arrowheads: how wide the ink is on both sides of a line just before its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._web import End, Web

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WINDOW = 1.5  # text heights around the end that are looked at
_SIDE = 1.05  # text heights beside a line: ink that reaches so far is no head but another line
HEAD = 1.75
"""A line that is this many times wider before its end than behind has a head there."""


def spread(web: Web, end: End, lines: NDArray[np.uint8], unit: float) -> float:
    """How many times wider than the line its end is, over both sides; about 1 for a bare end.

    Args:
        web: of the lines.
        end: of a stroke, at a shape.
        lines: uint8, shape (height, width): the ink.
        unit: the height of text in pixels.
    """
    path = _path(web, end, 2.4 * unit)
    tip = path[0].astype(float)
    ink = _ink_around(lines, path, unit)
    if not len(ink):
        return 1.0
    far = path[min(len(path) - 1, max(2, round(1.2 * unit)))].astype(float)
    axis = far - tip
    length = float(np.hypot(*axis))
    if length < 2:
        return 1.0
    axis /= length
    across = np.array([-axis[1], axis[0]])
    low, high = -0.5 * unit, 2.1 * unit
    bins = int(high - low) + 1
    spine_at = (path - tip) @ axis
    spine_off = (path - tip) @ across
    order = np.argsort(spine_at)
    at, off = (ink - tip) @ axis, (ink - tip) @ across
    off = off - np.interp(at, spine_at[order], spine_off[order])
    kept = (at >= low) & (at < high) & (np.abs(off) < 1.3 * unit)
    slot = (at[kept] - low).astype(int)
    left, right = np.zeros(bins), np.zeros(bins)
    np.maximum.at(left, slot, off[kept])
    np.maximum.at(right, slot, -off[kept])
    side = np.minimum(left, right)
    side[np.minimum(left, right) > _SIDE * unit] = 0.0
    begin, middle = 0, int(1.35 * unit - low)
    behind = side[middle:][side[middle:] > 0]
    base = max(web.half, float(np.median(behind)) if len(behind) else web.half)
    base = min(base, 2.5 * web.half)
    widest = float(side[begin:middle].max(initial=0.0))
    return (2 * widest + 1) / (2 * base + 1) if widest - base >= 1.5 else min(1.5, (2 * widest + 1) / (2 * base + 1))


def _path(web: Web, end: End, reach: float) -> NDArray[np.int32]:
    """The points of a line from its end on; where the stroke is short, of the straightest one behind it too."""
    number, side = end
    points = web.strokes[number].from_end(side)
    seen = {number}
    while len(points) < reach:
        knot = web.strokes[number].knots[1 - side]
        others = [other for other in web.ends[knot] if other[0] not in seen]
        if not others:
            break
        back = points[max(0, len(points) - 12)].astype(float) - points[-1]
        number, side = min(others, key=lambda other: float(web.heading(other, 10) @ back))
        seen.add(number)
        points = np.concatenate([points, web.strokes[number].from_end(side)])
    return points[: max(2, round(reach))]


def _ink_around(lines: NDArray[np.uint8], path: NDArray[np.int32], unit: float) -> NDArray[Any]:
    """float, shape (n, 2): the ink (y, x) near the end of a path that hangs together with it."""
    height, width = lines.shape
    reach = _WINDOW * unit
    (y, x) = path[0]
    y0, y1 = int(max(0, y - reach - unit)), int(min(height, y + reach + unit + 1))
    x0, x1 = int(max(0, x - reach - unit)), int(min(width, x + reach + unit + 1))
    part = lines[y0:y1, x0:x1]
    _, labels = opencv().connectedComponents(part, connectivity=8)
    inside = path[(path[:, 0] >= y0) & (path[:, 0] < y1) & (path[:, 1] >= x0) & (path[:, 1] < x1)]
    wanted = np.unique(labels[inside[:, 0] - y0, inside[:, 1] - x0])
    ys, xs = np.nonzero(np.isin(labels, wanted[wanted > 0]))
    return np.stack([ys + y0, xs + x0], axis=1).astype(float)
