"""Heads that stand apart from their lines, as those of dashed lines do: filled, each becomes one stroke to its tip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._mend import Shapes
from mm_agents.documents.flowchart._web import Stroke, Web, join

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEAD = 1.6  # text heights: how large a head that is filled is at most
_LARGEST = 2.2  # text heights from corner to corner
_BROAD = (0.35, 2.2)  # text heights, and line widths: how broad a head is at least
_TOUCHES = 0.5  # text heights between a tip and the shape it points at
_TIP = 2.5  # pixels farther from the shape than the nearest: what belongs to the tip
_SQUARE = 0.5  # cosine between a head's axis and the way to the shape at least


def fill_heads(lines: NDArray[np.uint8], covered: NDArray[np.uint8], owners: NDArray[np.int32], unit: float) -> None:
    """Fill the heads at shapes that stand apart from their lines: the shape hides the point where two barbs meet.

    Args:
        lines: uint8, shape (height, width): the ink; is changed.
        covered: the same for the shapes.
        owners: the shape of each pixel, 0 for none.
        unit: the height of text in pixels.
    """
    cv2 = opencv()
    small = _small(lines, unit)
    reach = int(0.4 * unit) | 1
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    beside = cv2.dilate(covered, np.ones((5, 5), np.uint8)) & (1 - covered)
    whole = small | (closed & beside)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    for n in np.unique(labels[(labels > 0) & (beside > 0)]).tolist():
        x, y, width, height, _ = (int(value) for value in stats[n])
        if not 0.5 * unit < max(width, height) < _HEAD * unit or min(width, height) <= 0.25 * unit:
            continue
        met = owners[max(0, y - 6) : y + height + 6, max(0, x - 6) : x + width + 6]
        if len(np.unique(met[met > 0])) > 1:  # a short connector with its head
            continue
        here = np.s_[y : y + height, x : x + width]
        part = (labels[here] == n).astype(np.uint8)
        outline = cv2.findNonZero(part)
        sides = cv2.minAreaRect(outline)[1]
        if min(sides) < 0.5 * max(sides):  # a piece of a line
            continue
        corner = np.array([y, x])
        middle = np.argwhere(part).mean(axis=0) + corner
        point = np.argwhere(part & beside[here]).mean(axis=0) + corner
        axis = (middle - point) / max(1e-6, float(np.hypot(*(middle - point))))
        cv2.fillConvexPoly(part, cv2.convexHull(outline), 1)
        lines[here] |= part & (1 - covered[here])
        ends = [(round(float(at[1])), round(float(at[0]))) for at in (middle, point - 3 * axis)]
        cv2.line(lines, ends[0], ends[1], 1, 1)  # so that the skeleton of the filled head runs to its tip


def _small(lines: NDArray[np.uint8], unit: float) -> NDArray[np.uint8]:
    """The ink of what is no larger than a head."""
    _, labels, stats, _ = opencv().connectedComponentsWithStats(lines, connectivity=8)
    small = np.maximum(stats[:, 2], stats[:, 3]) < _HEAD * unit
    small[0] = False
    return small[labels].astype(np.uint8)


def straighten(web: Web, lines: NDArray[np.uint8], shapes: Shapes, unit: float) -> None:
    """Put one stroke in the place of the skeleton of each head that no line is connected with.

    Args:
        web: of the lines; is changed.
        lines: uint8, shape (height, width): the ink.
        shapes: of the chart.
        unit: the height of text in pixels.
    """
    _, labels, stats, _ = opencv().connectedComponentsWithStats(lines, connectivity=8)
    broad = max(_BROAD[0] * unit, _BROAD[1] * 2 * web.half)
    heads: dict[int, Stroke] = {}
    for n in range(1, len(stats)):
        x, y, width, height, area = (int(value) for value in stats[n])
        if max(width, height) > _LARGEST * unit or min(width, height) < 0.5 * broad or area < broad * web.half:
            continue
        ys, xs = np.nonzero(labels[y : y + height, x : x + width] == n)
        ends = _tip_and_tail(np.stack([ys + y, xs + x], axis=1), shapes, unit, broad)
        if ends is not None:
            heads[n] = Stroke(points=join(ends), knots=[])
    for number, stroke in list(web.strokes.items()):
        y, x = stroke.points[len(stroke.points) // 2]
        if int(labels[y, x]) in heads:
            web.remove(number)
    for knot in [knot for knot, ends in web.ends.items() if not ends]:
        del web.ends[knot], web.places[knot]
    for stroke in heads.values():
        stroke.knots = [web.add_knot(stroke.points[0]), web.add_knot(stroke.points[-1])]
        web.add(stroke)


def _tip_and_tail(ink: NDArray[Any], shapes: Shapes, unit: float, broad: float) -> list[NDArray[Any]] | None:
    """The two ends (y, x) of a head's axis; None where the ink is no head at a shape."""
    away = shapes.distance[ink[:, 0], ink[:, 1]]
    nearest = float(away.min())
    if nearest > _TOUCHES * unit:
        return None
    tip = ink[away <= nearest + _TIP].mean(axis=0)
    axis = ink.mean(axis=0) - tip
    length = float(np.hypot(*axis))
    if length < 0.15 * unit:
        return None
    axis = axis / length
    along, across = (ink - tip) @ axis, (ink - tip) @ np.array([-axis[1], axis[0]])
    left, right = -float(across.min()), float(across.max())
    if left + right < broad or min(left, right) < 0.3 * max(left, right) or along.max() < 0.4 * unit:
        return None
    tail = tip + axis * float(along.max())
    height, width = shapes.owners.shape
    tail = np.clip(tail, 0, [height - 1, width - 1])
    rise = float(shapes.distance[round(tail[0]), round(tail[1])]) - nearest
    return [tip, tail] if rise > _SQUARE * float(along.max()) else None
