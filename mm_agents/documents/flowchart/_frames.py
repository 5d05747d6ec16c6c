"""Frames around shapes: rectangles whose border goes round unbroken, whatever crosses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._canvas import Canvas, Text, commonest
from mm_agents.documents.flowchart._regions import Region, flat_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTEST = 3.5  # text heights: a frame's side at least
_CORNER = 1.1  # text heights by which the ends of two sides may miss each other, as rounded corners make them
_UNBROKEN = 0.9  # of a side that has to be seen
_ROOM = 0.3  # text heights between a frame's border and a shape in it at least; double outlines lie closer
_LARGER = 2.0  # times the area of a single shape that a frame around it has at least
_MOST_BARS = 1500
_STRETCH = 6  # text heights of a border whose look is compared
_FAINT = 12  # levels between a frame's ground and the paper at least
_UNLIKE = 40  # levels from which on a pixel of a border belongs to something else


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sides:
    """Where straight lines run down the canvas: their middles, ends and thicknesses, and a map of them."""

    at: NDArray[Any]
    start: NDArray[Any]
    stop: NDArray[Any]
    thick: NDArray[Any]
    seen: NDArray[np.uint8]


def framed(canvas: Canvas, regions: Sequence[Region]) -> list[Region]:
    """The frames on a canvas as regions in the colour of their ground; connectors may cross them.

    Args:
        canvas: the chart.
        regions: its flat regions.
    """
    unit = canvas.unit
    edges = (canvas.change >= min(_FAINT, flat_limit(canvas))).astype(np.uint8)
    down, across = _sides(edges, unit), _sides(np.ascontiguousarray(edges.T), unit)
    boxes = [*_boxes(down, across, unit), *(_turned(box) for box in _boxes(across, down, unit))]
    frames: list[Region] = []
    for box in sorted(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])):
        if any(_alike(box, frame, unit) for frame in frames):
            continue
        frame = _frame(canvas, box, -1 - len(frames))
        if _holds_shapes(frame, regions, unit) and not _on_border(frame, regions, unit):
            frames.append(frame)
    return frames


_Box = tuple[float, float, float, float, int, float]
"""x0, y0, x1, y1 through the middle of a border, its thickness and the radius of its corners in pixels."""


def _turned(box: _Box) -> _Box:
    return box[1], box[0], box[3], box[2], box[4], box[5]


def _sides(edges: NDArray[np.uint8], unit: float) -> _Sides:
    """Straight upright lines, dashed ones closed."""
    cv2 = opencv()
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((max(3, int(0.5 * unit)), 1), np.uint8))
    seen = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((int(_SHORTEST * unit), 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=8)
    stats = stats[1:][stats[1:, 2] <= 0.7 * unit].astype(float)
    if len(stats) > _MOST_BARS:
        stats = stats[:0]
    return _Sides(
        at=stats[:, 0] + (stats[:, 2] - 1) / 2,
        start=stats[:, 1],
        stop=stats[:, 1] + stats[:, 3],
        thick=stats[:, 2],
        seen=seen,
    )


def _boxes(sides: _Sides, others: _Sides, unit: float) -> Iterator[_Box]:
    """Pairs of lines with the same ends which lines the other way close to a rectangle."""
    reach = _CORNER * unit
    wide = opencv().dilate(others.seen, np.ones((3, 1), np.uint8)).T  # others lie turned
    for n in range(len(sides.at)):
        alike = (np.abs(sides.start - sides.start[n]) < reach) & (np.abs(sides.stop - sides.stop[n]) < reach)
        for m in np.flatnonzero(alike & (sides.at > sides.at[n] + _SHORTEST * unit)).tolist():
            left, right = float(sides.at[n]), float(sides.at[m])
            first = _closing(wide, (left, right), (sides.start[n] + sides.start[m]) / 2, unit)
            last = _closing(wide, (left, right), (sides.stop[n] + sides.stop[m]) / 2, unit)
            if first is not None and last is not None and last - first > _SHORTEST * unit:
                thick = int(max(sides.thick[n], sides.thick[m]))
                inset = float(np.mean([*(sides.start[[n, m]] - first), *(last - sides.stop[[n, m]])]))
                yield left, first, right, last, thick, max(0.0, 1.3 * inset)


def _closing(seen: NDArray[np.uint8], span: tuple[float, float], near: float, unit: float) -> float | None:
    """Where a level line runs over a span unbroken, close to where the ends of two upright lines are."""
    reach = round(_CORNER * unit)
    inset = min(reach, (span[1] - span[0]) / 6)
    top = max(0, round(near) - reach)
    part = seen[top : round(near) + reach + 1, round(span[0] + inset) : round(span[1] - inset) + 1]
    if not part.size:
        return None
    share = part.mean(axis=1)
    full = np.flatnonzero(share >= max(_UNBROKEN, 0.98 * float(share.max())))
    return float(top + full.mean()) if len(full) and np.ptp(full) <= 0.7 * unit else None


def _alike(box: _Box, frame: Region, unit: float) -> bool:
    other = (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height)
    return all(abs(one - two) < 0.5 * unit for one, two in zip(box[:4], other, strict=True))


def _frame(canvas: Canvas, box: _Box, label: int) -> Region:
    x0, y0, x1, y1 = (round(value) for value in box[:4])
    thick, radius = box[4], round(box[5])
    height, width = y1 - y0 + 1, x1 - x0 + 1
    inset = thick // 2 + 2
    part = canvas.pixels[y0 + inset : y1 - inset, x0 + inset : x1 - inset]
    band = max(2, int(0.3 * canvas.unit))
    ring = (part[:band], part[-band:], part[:, :band], part[:, -band:])
    colour = commonest(np.concatenate([side.reshape(-1, 3) for side in ring]))[0]
    return Region(
        label=label,
        x=x0,
        y=y0,
        width=width,
        height=height,
        area=height * width,
        filled=float(height * width),
        solidity=1.0,
        contour=_outline(x0, y0, x1, y1, radius if radius > 2 else 0),
        colour=colour,
        rim=max(3, thick // 2 + 2),
    )


def _outline(x0: int, y0: int, x1: int, y1: int, radius: int) -> NDArray[np.int32]:
    """int32, shape (n, 1, 2): x and y around a rectangle, from the lower end of its upper left corner on."""
    corners = ((x0, y0, 1, 1, 180), (x1, y0, -1, 1, 270), (x1, y1, -1, -1, 0), (x0, y1, 1, -1, 90))
    points: list[tuple[int, int]] = []
    for x, y, dx, dy, start in corners:
        centre = (x + dx * radius, y + dy * radius)
        points.extend(opencv().ellipse2Poly(centre, (radius, radius), 0, start, start + 90, 10) if radius else [(x, y)])
    return np.array(points, np.int32).reshape(-1, 1, 2)


def _holds_shapes(frame: Region, regions: Sequence[Region], unit: float) -> bool:
    """Whether something with words stands in it, clear of its border, and is smaller than it by far."""
    room = _ROOM * unit + frame.rim
    inner = [
        region
        for region in regions
        if region.texts
        and region.solidity > 0.86
        and region.filled < frame.filled / _LARGER
        and region.x > frame.x + room
        and region.y > frame.y + room
        and region.x + region.width < frame.x + frame.width - room
        and region.y + region.height < frame.y + frame.height - room
    ]
    return bool(inner)


def _on_border(frame: Region, regions: Sequence[Region], unit: float) -> bool:
    """Whether a shape sits on its border: then it is a loop of connectors."""
    x0, y0, x1, y1 = frame.x, frame.y, frame.x + frame.width - 1, frame.y + frame.height - 1
    level, upright = np.arange(x0, x1, 0.5 * unit), np.arange(y0, y1, 0.5 * unit)
    points = [*((x, y) for x in level for y in (y0, y1)), *((x, y) for y in upright for x in (x0, x1))]
    for region in regions:
        if region.texts and region.solidity > 0.86 and region.filled < frame.filled / _LARGER:
            held = sum(region.holds(float(x), float(y)) for x, y in points)
            if held >= 2:
                return True
    return False


# ---------------------------------------------------------------- borders


def borders(canvas: Canvas, frames: Sequence[Region]) -> NDArray[np.uint8]:
    """uint8, shape (height, width): 1 on the borders of frames, but not where something else crosses them."""
    cv2 = opencv()
    found = np.zeros(canvas.size, np.uint8)
    for frame in frames:
        if not frame.rim:
            cv2.drawContours(found, [frame.contour], -1, 1, 7)
            continue
        outline = np.zeros(canvas.size, np.uint8)
        cv2.drawContours(outline, [frame.contour], -1, 1, 2 * frame.rim + 1)
        for strip in _strips(frame, 2):
            part = canvas.pixels[strip].astype(np.int16)
            upright = part.shape[0] > part.shape[1]
            like = _as_usual(part if upright else part.transpose(1, 0, 2), round(_STRETCH * canvas.unit))
            outline[strip] &= like if upright else like.T
        found |= outline
    return found


def close_across(lines: NDArray[np.uint8], frames: Sequence[Region]) -> None:
    """Close the gaps that borders of their own colour leave in the lines which cross them."""
    for frame in frames:
        reach = 2 * frame.rim - 1
        for strip in _strips(frame, reach):
            part = lines[strip]
            upright = part.shape[0] > part.shape[1]
            kernel = np.ones((1, reach) if upright else (reach, 1), np.uint8)
            part |= opencv().morphologyEx(part, opencv().MORPH_CLOSE, kernel)


def _strips(frame: Region, more: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the four sides of a frame without its corners, wider than its border by so many pixels."""
    if not frame.rim:
        return
    rim = frame.rim + more
    inset = rim + 1 + int(frame.contour[0, 0, 1]) - frame.y  # clear of round corners
    x0, y0, x1, y1 = frame.x, frame.y, frame.x + frame.width - 1, frame.y + frame.height - 1
    for y in (y0, y1):
        yield slice(max(0, y - rim), y + rim + 1), slice(x0 + inset, x1 - inset + 1)
    for x in (x0, x1):
        yield slice(y0 + inset, y1 - inset + 1), slice(max(0, x - rim), x + rim + 1)


def _as_usual(strip: NDArray[np.int16], stretch: int) -> NDArray[np.uint8]:
    """Where an upright strip looks as most of it does nearby: uint8, shape (height, width)."""
    usual = np.empty_like(strip)
    for top in range(0, len(strip), stretch):
        around = strip[max(0, top - stretch // 2) : top + stretch + stretch // 2]
        usual[top : top + stretch] = np.median(around, axis=0)
    return (np.abs(strip - usual).max(axis=2) < _UNLIKE).astype(np.uint8)


# ---------------------------------------------------------------- titles


def titles_of(
    frames: Sequence[Region], texts: Sequence[Text], lines: NDArray[np.uint8], unit: float
) -> dict[int, list[Text]]:
    """The text just inside the upper or lower border of each frame, by the frame's label.

    Args:
        frames: of the chart.
        texts: that stand in no shape.
        lines: uint8, shape (height, width): the ink; words beside a line are a title only where titles stand.
        unit: the height of text in pixels.
    """
    own: dict[int, list[Text]] = {}
    for text in texts:
        holding = [frame for frame in frames if frame.holds(text.cx, text.cy)]
        if holding:
            own.setdefault(min(holding, key=lambda frame: frame.filled).label, []).append(text)
    titles: dict[int, list[Text]] = {}
    for frame in frames:
        rim = [text for text in own.get(frame.label, []) if _at_rim(text, frame)]
        likely = [text for text in rim if _placed(text, frame, unit) or not _beside_line(text, lines, unit)]
        first = min(likely, key=lambda text: (not _placed(text, frame, unit), text.y0), default=None)
        if first is not None:
            titles[frame.label] = [text for text in likely if abs(text.cy - first.cy) < 0.5 * first.height]
    return titles


def _at_rim(text: Text, frame: Region) -> bool:
    above, below = text.y0 - frame.y, frame.y + frame.height - text.y1
    return above < 1.5 * text.height + 4 or below < 1.5 * text.height


def _placed(text: Text, frame: Region, unit: float) -> bool:
    """Whether a text stands in the middle of a frame's border or at its left end."""
    return abs(text.cx - frame.cx) < 0.4 * unit or text.x0 - frame.x < unit


def _beside_line(text: Text, lines: NDArray[np.uint8], unit: float) -> bool:
    x0, y0 = int(max(0, text.x0 - 0.8 * unit)), int(max(0, text.y0 - 0.8 * unit))
    return bool(lines[y0 : int(text.y1 + 0.8 * unit), x0 : int(text.x1 + 0.8 * unit)].any())
