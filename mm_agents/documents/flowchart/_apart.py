"""Heads that stand apart from their lines, as those of dashed lines do: each becomes one stroke from tip to tail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._mend import Shapes
from mm_agents.documents.flowchart._web import Stroke, Web, join

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 2.2  # text heights from corner to corner
_BROAD = (0.35, 2.2)  # text heights, and line widths: how broad a head is at least
_TOUCHES = 0.5  # text heights between a tip and the shape it points at
_TIP = 2.5  # pixels farther from the shape than the nearest: what belongs to the tip
_SQUARE = 0.5  # cosine between a head's axis and the way to the shape at least


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
