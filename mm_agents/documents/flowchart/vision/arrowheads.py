"""Arrowheads: wide ink just before the end of a line, and heads that are detached from dashed lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.skeleton_graph import End, Shapes, SkeletonGraph, Stroke, join
from mm_agents.documents.opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray


_STEPS_BACK = 12  # pixels of a line that say where it goes on in the next stroke
_RIM = 6  # pixels around a head in which the shapes that it stands at are looked for


def looks_like_head(spread: float, thickness_ratio: float) -> bool:
    """Whether what was measured at an end is a head; filled ones bulge, open ones spread."""
    return (
        thickness_ratio >= PARAMETERS.filled_head
        or spread >= PARAMETERS.open_head
        or (spread >= PARAMETERS.spread_head and thickness_ratio >= PARAMETERS.little_thick)
        or (spread >= PARAMETERS.little_wide and thickness_ratio >= PARAMETERS.thick_head)
    )


def spread(web: SkeletonGraph, end: End, lines: NDArray[np.uint8], shapes: Shapes, unit: float) -> float:
    """How many times wider than the line its end is, over both sides; about 1 for a bare end."""
    path, whole = _path(web, end, PARAMETERS.spread_path * unit)
    ink = _ink_around(lines, path, unit)
    if not len(ink) or len(path) < 3:
        return 1.0
    wide = _spread_along(path, ink, whole, web.half, unit, shapes)
    straight = _straight_on(path, lines.shape, unit) if wide < PARAMETERS.open_head else None
    return wide if straight is None else max(wide, _spread_along(straight, ink, whole, web.half, unit))


def _straight_on(path: NDArray[np.int32], size: tuple[int, ...], unit: float) -> NDArray[np.int32] | None:
    """The path with its first stretch led straight on: skeletons run into a corner of a head whose tip is hidden."""
    first = round(PARAMETERS.head_bend * unit)
    if len(path) < 2 * first + 1:
        return None
    step = (path[first] - path[2 * first]) / first
    ahead = path[first] + step * np.arange(first, 0, -1)[:, None]
    if float(np.abs(ahead[0] - path[0]).max()) < PARAMETERS.head_rise:
        return None
    ahead = np.clip(np.round(ahead).astype(np.int32), 0, np.array(size) - 1)
    return np.concatenate([ahead, path[first:]])


def _spread_along(
    path: NDArray[np.int32], ink: NDArray[Any], whole: float, half: float, unit: float, shapes: Shapes | None = None
) -> float:
    normals = _normals(path, max(2, round(unit / 4)))
    gaps = ((ink[:, None, :] - path[None, :, :]) ** 2).sum(axis=2)
    nearest = gaps.argmin(axis=1)
    offset = ((ink - path[nearest]) * normals[nearest]).sum(axis=1)
    least = gaps.min(axis=1)
    kept = (least < (PARAMETERS.barb_reach * unit) ** 2) & (
        np.sqrt(least) < np.abs(offset) + PARAMETERS.barb_slant * unit
    )
    left, right = np.zeros(len(path)), np.zeros(len(path))
    np.maximum.at(left, nearest[kept], offset[kept])
    np.maximum.at(right, nearest[kept], -offset[kept])
    foreign = np.maximum(left, right) > PARAMETERS.head_side * unit
    if shapes is not None:
        left, right = _beside_shape(path, normals, left, right, shapes, unit)
    side = np.where(foreign, 0.0, np.minimum(left, right))
    front = int(min(PARAMETERS.head_length * unit, max(0.5 * unit, PARAMETERS.head_share * whole)))
    behind = side[front:][~foreign[front:]]
    base = max(half, float(np.median(behind)) if len(behind) > 2 else _evenly(side[~foreign]))
    base = min(base, PARAMETERS.thickest_line * half)
    widest = float(side[:front].max(initial=0.0))
    ratio = (2 * widest + 1) / (2 * base + 1)
    return ratio if widest - base >= PARAMETERS.head_rise else min(PARAMETERS.bare_spread, ratio)


def thickness_ratio(
    web: SkeletonGraph, end: End, lines: NDArray[np.uint8], depth: NDArray[np.float32], unit: float
) -> float:
    """How many times thicker the ink gets near an end than the line behind it; more than 2 in a filled head."""
    path, whole = _path(web, end, PARAMETERS.thickness_path * unit)
    ink = _ink_around(lines, path, unit).astype(int)
    if not len(ink) or len(path) < 3:
        return 1.0
    centre = path[min(len(path) - 1, round(PARAMETERS.head_centre * unit))]
    radius = min(PARAMETERS.head_radius * unit, max(PARAMETERS.short_head_radius * unit, 0.5 * whole))
    near = ink[np.hypot(*(ink - centre).T) < radius]
    if not len(near):
        return 1.0
    thick = float(depth[near[:, 0], near[:, 1]].max())
    behind = path[round(PARAMETERS.head_length * unit) :]
    base = float(np.median(depth[behind[:, 0], behind[:, 1]])) if len(behind) > 3 else 0.0
    if not base:
        base = max(web.half, _evenly(depth[path[:, 0], path[:, 1]]))
    base = max(min(base, PARAMETERS.thickest_line * web.half), PARAMETERS.thinnest_line * web.half)
    return thick / base


def _evenly(widths: NDArray[Any]) -> float:
    """What most of a short stroke is at least as wide as: the width of a bare line, little where it is a head."""
    return float(np.percentile(widths, PARAMETERS.even_width)) if len(widths) else 0.0


def _normals(path: NDArray[np.int32], reach: int) -> NDArray[Any]:
    """float, shape (n, 2): the unit normal (y, x) at each point of a path."""
    count = len(path)
    before, after = np.maximum(np.arange(count) - reach, 0), np.minimum(np.arange(count) + reach, count - 1)
    tangents = (path[after] - path[before]).astype(float)
    lengths = np.maximum(np.hypot(tangents[:, 0], tangents[:, 1]), 1e-6)[:, None]
    return np.stack([-tangents[:, 1], tangents[:, 0]], axis=1) / lengths


def _beside_shape(
    path: NDArray[np.int32],
    normals: NDArray[Any],
    left: NDArray[Any],
    right: NDArray[Any],
    shapes: Shapes,
    unit: float,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Count a side that a shape hides as wide as the other: a head may lie flat against what it points at."""
    height, width = shapes.owners.shape
    steps = np.arange(1, int(PARAMETERS.head_at_shape * unit))
    found: list[NDArray[Any]] = []
    for sign, here, there in ((1, left, right), (-1, right, left)):
        points = path[:, None, :] + sign * steps[None, :, None] * normals[:, None, :]
        ys = np.clip(np.round(points[..., 0]).astype(int), 0, height - 1)
        xs = np.clip(np.round(points[..., 1]).astype(int), 0, width - 1)
        hidden = shapes.distance[ys, xs] <= 4
        room = np.where(hidden.any(axis=1), steps[hidden.argmax(axis=1)], np.inf)
        found.append(np.where(room <= there + 1, np.maximum(here, there), here))
    return found[0], found[1]


def _path(web: SkeletonGraph, end: End, reach: float) -> tuple[NDArray[np.int32], float]:
    """The points of a line from its end on, and its length as far as it was followed.

    Where the stroke is short, the straightest one behind it is followed too.
    """
    number, side = end
    points = web.strokes[number].from_end(side)
    seen = {number}
    while len(points) < reach:
        node = web.strokes[number].knots[1 - side]
        others = [other for other in web.ends[node] if other[0] not in seen]
        if not others:
            break
        back = points[max(0, len(points) - _STEPS_BACK)].astype(float) - points[-1]
        number, side = min(others, key=lambda other: float(web.heading(other, 10) @ back))
        seen.add(number)
        points = np.concatenate([points, web.strokes[number].from_end(side)])
    return points[: max(2, round(reach))], float(len(points))


def _ink_around(lines: NDArray[np.uint8], path: NDArray[np.int32], unit: float) -> NDArray[Any]:
    """float, shape (n, 2): the ink (y, x) near the end of a path that hangs together with it."""
    height, width = lines.shape
    reach = PARAMETERS.head_window * unit
    (y, x) = path[0]
    y0, y1 = int(max(0, y - reach - unit)), int(min(height, y + reach + unit + 1))
    x0, x1 = int(max(0, x - reach - unit)), int(min(width, x + reach + unit + 1))
    part = lines[y0:y1, x0:x1]
    _, labels = opencv().connectedComponents(part, connectivity=8)
    inside = path[(path[:, 0] >= y0) & (path[:, 0] < y1) & (path[:, 1] >= x0) & (path[:, 1] < x1)]
    wanted = np.unique(labels[inside[:, 0] - y0, inside[:, 1] - x0])
    ys, xs = np.nonzero(np.isin(labels, wanted[wanted > 0]))
    return np.stack([ys + y0, xs + x0], axis=1).astype(float)


def fill_heads(lines: NDArray[np.uint8], covered: NDArray[np.uint8], owners: NDArray[np.int32], unit: float) -> None:
    """Fill, in ``lines``, heads apart from theirs: the shape hides the point where two barbs meet."""
    cv2 = opencv()
    small = _small(lines, unit)
    reach = int(PARAMETERS.barb_gap * unit) | 1
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    beside = cv2.dilate(covered, np.ones((5, 5), np.uint8)) & (1 - covered)
    whole = small | (closed & beside)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    for n in np.unique(labels[(labels > 0) & (beside > 0)]).tolist():
        x, y, width, height, _ = (int(value) for value in stats[n])
        short, long = sorted((width, height))
        if not 0.5 * unit < long < PARAMETERS.largest_head * unit or short <= PARAMETERS.smallest_head * unit:
            continue
        met = owners[max(0, y - _RIM) : y + height + _RIM, max(0, x - _RIM) : x + width + _RIM]
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
    """The ink of what is at most as large as a head."""
    _, labels, stats, _ = opencv().connectedComponentsWithStats(lines, connectivity=8)
    small = np.maximum(stats[:, 2], stats[:, 3]) < PARAMETERS.largest_head * unit
    small[0] = False
    return small[labels].astype(np.uint8)


def straighten(web: SkeletonGraph, lines: NDArray[np.uint8], shapes: Shapes, unit: float) -> None:
    """Put one stroke into the web for the skeleton of each head that no line is connected with."""
    _, labels, stats, _ = opencv().connectedComponentsWithStats(lines, connectivity=8)
    broad = max(PARAMETERS.broad_head * unit, PARAMETERS.broad_head_lines * 2 * web.half)
    heads: dict[int, Stroke] = {}
    for n in range(1, len(stats)):
        x, y, width, height, area = (int(value) for value in stats[n])
        short, long = sorted((width, height))
        if long > PARAMETERS.longest_head * unit or short < 0.5 * broad or area < broad * web.half:
            continue
        ys, xs = np.nonzero(labels[y : y + height, x : x + width] == n)
        ends = _tip_and_tail(np.stack([ys + y, xs + x], axis=1), shapes, unit, broad)
        if ends is not None:
            heads[n] = Stroke(points=join(ends), knots=[])
    for number, stroke in list(web.strokes.items()):
        y, x = stroke.points[len(stroke.points) // 2]
        if int(labels[y, x]) in heads:
            web.remove(number)
    for node in [node for node, ends in web.ends.items() if not ends]:
        del web.ends[node], web.places[node]
    for stroke in heads.values():
        stroke.knots = [web.add_knot(stroke.points[0]), web.add_knot(stroke.points[-1])]
        web.add(stroke)


def _met(ink: NDArray[Any], shapes: Shapes) -> list[NDArray[Any]]:
    """The middles (y, x) of the ink next to each of the shapes that it is near to."""
    nearest: dict[int, list[tuple[float, NDArray[Any]]]] = {}
    for place in ink:
        shape, gap = shapes.near(place)
        nearest.setdefault(shape, []).append((gap, place))
    least = {shape: min(gap for gap, _ in found) for shape, found in nearest.items()}
    return [
        np.mean([place for gap, place in found if gap <= least[shape] + 1], axis=0) for shape, found in nearest.items()
    ]


def _tip_and_tail(ink: NDArray[Any], shapes: Shapes, unit: float, broad: float) -> list[NDArray[Any]] | None:
    """The two ends (y, x) of a head's axis; None where the ink is not a head at a shape."""
    away = shapes.distance[ink[:, 0], ink[:, 1]]
    nearest = float(away.min())
    if nearest > PARAMETERS.tip_gap * unit:
        return None
    met = _met(ink[away <= PARAMETERS.tip_gap * unit], shapes)
    if len(met) == 2:  # a short connector with its head
        way = np.linspace(met[0], met[1], 2 + round(unit)).round()  # which turns where it leaves its ink
        off = np.abs(way[:, None, :] - ink[None, :, :]).max(axis=2).min(axis=1)
        return met if (off <= 1).mean() > PARAMETERS.short_on_ink else None
    tip = ink[away <= nearest + PARAMETERS.tip_pixels].mean(axis=0)
    axis = ink.mean(axis=0) - tip
    length = float(np.hypot(*axis))
    if length < PARAMETERS.shortest_axis * unit:
        return None
    axis = axis / length
    along, across = (ink - tip) @ axis, (ink - tip) @ np.array([-axis[1], axis[0]])
    left, right = -float(across.min()), float(across.max())
    if left + right < broad:
        return None
    tail = tip + axis * float(along.max())
    height, width = shapes.owners.shape
    tail = np.clip(tail, 0, [height - 1, width - 1])
    rise = float(shapes.distance[round(tail[0]), round(tail[1])]) - nearest
    return [tip, tail] if rise > PARAMETERS.head_upright * float(along.max()) else None
