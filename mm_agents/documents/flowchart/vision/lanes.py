"""Swimlanes: strips with turned titles, rows or columns of titles, tiled frames, and long lines between lanes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text, largest, said
from mm_agents.documents.flowchart.vision.layout import Layout
from mm_agents.documents.flowchart.vision.regions import Region
from mm_agents.documents.opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

Direction = Literal["across", "down"]
_DIRECTIONS: tuple[Direction, Direction] = ("down", "across")


@dataclass(frozen=True, kw_only=True, eq=False)
class Band:
    """A lane on the canvas: from ``start`` to ``end`` pixels, from the top (across) or from the left (down)."""

    name: str
    start: float
    end: float
    texts: tuple[Text, ...] = ()

    def share(self, start: float, end: float) -> float:
        """How much of a stretch is inside the lane, 0 to 1."""
        return max(0.0, min(end, self.end) - max(start, self.start)) / max(1.0, end - start)


@dataclass(kw_only=True, eq=False)
class Lanes:
    """The lanes of a chart: their direction, the shapes that only hold titles, and the pixels of lines between them."""

    direction: Direction = "across"
    bands: list[Band] = field(default_factory=list["Band"])
    titles: list[Region] = field(default_factory=list["Region"])
    texts: list[Text] = field(default_factory=list["Text"])
    lines: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))

    def of(self, box: tuple[float, float, float, float]) -> str | None:
        """The name of the lane that holds a box; None where it straddles lanes."""
        start, end = _ends(box, self.direction)
        if not self.bands:
            return None
        band = max(self.bands, key=lambda band: band.share(start, end))
        return band.name if band.share(start, end) >= PARAMETERS.in_lane else None

    def same_as(self, frame: Region, unit: float) -> bool:
        """Whether a frame is the border of a lane, or of all of them."""
        start, end = _ends(frame.box, self.direction)
        begins = any(abs(band.start - start) < unit for band in self.bands)
        return begins and any(abs(band.end - end) < unit for band in self.bands)


def find_lanes(layout: Layout, canvas: Canvas, bare: NDArray[np.int16]) -> Lanes:
    """Find the lanes of a chart; the shapes that are only their titles are taken out of the layout."""
    across, down = _separators(canvas, bare, layout.shapes)
    lanes = _strips(layout, canvas.unit) or _title_row(layout, canvas.unit) or _tiles(layout, canvas.unit) or Lanes()
    for bars, direction in zip((down, across), _DIRECTIONS, strict=True):
        if not lanes.bands and len(bars) >= 2:
            lanes = _between(bars, canvas, layout, direction)
    layout.shapes = [region for region in layout.shapes if region not in lanes.titles]
    lanes.lines = np.zeros(canvas.size, np.uint8)
    for x0, y0, x1, y1 in (*across, *down):
        lanes.lines[y0 - 2 : y1 + 2, x0 - 2 : x1 + 2] = 1
    return lanes


def _ends(box: tuple[float, float, float, float], direction: Direction) -> tuple[float, float]:
    """Where a box begins and ends across lanes of a direction."""
    return (box[0], box[2]) if direction == "down" else (box[1], box[3])


def _band(region: Region, title: Sequence[Text], direction: Direction, unit: float) -> Band:
    start, end = _ends(region.box, direction)
    return Band(name=said(title, unit), start=start - 2, end=end + 2, texts=tuple(title))


def _strips(layout: Layout, unit: float) -> Lanes | None:
    """Narrow upright strips with turned text: titles of lanes across the page."""
    upright = [region for region in layout.shapes if region.height > PARAMETERS.upright * region.width]
    strips = [region for region in upright if region.texts and all(text.turned for text in region.texts)]
    pools = [
        one
        for one in strips
        if sum(other is not one and one.y - 5 <= other.cy <= one.y + one.height + 5 for other in strips) >= 1
        and one.height > PARAMETERS.upright * max(other.height for other in strips if other is not one)
    ]
    lanes = [strip for strip in strips if strip not in pools]
    if not lanes:
        return None
    lanes.sort(key=lambda strip: strip.y)
    bands = [_band(strip, strip.texts, "across", unit) for strip in lanes]
    return Lanes(direction="across", bands=bands, titles=[*pools, *lanes])


def _title_row(layout: Layout, unit: float) -> Lanes | None:
    """Boxes with text that touch each other in a row at the top, or in a column at the left: titles."""
    shapes = [region for region in layout.shapes if region.texts]
    for direction in _DIRECTIONS:
        titles = _touching(shapes, unit, direction)
        if titles:
            bands = [_band(title, title.texts, direction, unit) for title in titles]
            return Lanes(direction=direction, bands=bands, titles=titles)
    return None


def _touching(shapes: Sequence[Region], unit: float, direction: Direction) -> list[Region]:
    """A run of two or more such boxes with nothing before them; they leave room for the lanes behind."""

    def along(region: Region) -> tuple[float, float]:
        return _ends(region.box, direction)

    def over(region: Region) -> tuple[float, float]:
        return _ends(region.box, "across" if direction == "down" else "down")

    if len(shapes) < 3:
        return []
    first = min(shapes, key=lambda region: over(region)[0])
    level = [
        region
        for region in shapes
        if abs(over(region)[0] - over(first)[0]) < 0.5 * unit and abs(over(region)[1] - over(first)[1]) < 0.5 * unit
    ]
    level.sort(key=lambda region: along(region)[0])
    gaps = [along(after)[0] - along(before)[1] for before, after in itertools.pairwise(level)]
    rest = [region for region in shapes if region not in level]
    clear = all(over(region)[0] >= over(first)[1] - 2 for region in rest)
    fits = len(level) >= 2 and all(-2 <= gap < PARAMETERS.lane_gap * unit for gap in gaps) and bool(rest) and clear
    return level if fits else []


def _tiles(layout: Layout, unit: float) -> Lanes | None:
    """Frames that lie side by side with the same ends, each with its title at the beginning."""
    for direction in _DIRECTIONS:
        down = direction == "down"
        frames = sorted(layout.frames, key=lambda frame: frame.x if down else frame.y)
        for first in frames:
            tiles = [first]
            for frame in frames:
                if frame is not tiles[-1] and _adjoins(tiles[-1], frame, unit, down=down):
                    tiles.append(frame)
            titles = [_title(tile.texts, tile.box, unit, down=down) for tile in tiles]
            if len(tiles) >= 2 and all(titles):
                bands = [_band(tile, title, direction, unit) for tile, title in zip(tiles, titles, strict=True)]
                return Lanes(direction=direction, bands=bands, texts=[text for title in titles for text in title])
    return None


def _adjoins(one: Region, two: Region, unit: float, *, down: bool) -> bool:
    """Whether a frame lies right beside (or under) another and has the same ends."""
    if down:
        gap, start, end = two.x - one.x - one.width, two.y - one.y, two.height - one.height
    else:
        gap, start, end = two.y - one.y - one.height, two.x - one.x, two.width - one.width
    return 0 <= gap < PARAMETERS.lane_gap * unit and abs(start) < 0.5 * unit and abs(end) < unit


def _title(texts: Sequence[Text], box: tuple[float, float, float, float], unit: float, *, down: bool) -> list[Text]:
    """The title of a lane: of the texts in none of its shapes the one in the middle or corner of its beginning.

    The title of a lane across may also be in the middle of its upper border.
    """
    x0, y0, x1, y1 = box

    def away(text: Text) -> float:
        left, top = abs(text.x0 - x0), abs(text.y0 - y0)
        level, upright = abs(text.cx - (x0 + x1) / 2), abs(text.cy - (y0 + y1) / 2)
        return min(left + top, level + top) if down else min(left + top, left + upright, level + top)

    if not texts:
        return []
    first = min(texts, key=away)
    if down:
        beside = [text for text in texts if abs(text.y0 - first.y0) < PARAMETERS.aligned * unit]
        return [text for text in beside if max(text.x0 - first.x1, first.x0 - text.x1) < 2 * unit]
    beside = [text for text in texts if abs(text.x0 - first.x0) < PARAMETERS.aligned * unit]
    return [text for text in beside if max(text.y0 - first.y1, first.y0 - text.y1) < unit]


# ---------------------------------------------------------------- lines between lanes


Bar = tuple[int, int, int, int]
"""A line's box on the canvas: x0, y0, x1, y1."""


def _separators(canvas: Canvas, bare: NDArray[np.int16], shapes: Sequence[Region]) -> tuple[list[Bar], list[Bar]]:
    """Thin straight lines across the whole drawing and down it, two or more with the same ends.

    A row of connectors that only the shapes between them join is none.
    """
    marked = (largest(np.abs(canvas.pixels.astype(np.int16) - bare)) > PARAMETERS.lane_contrast).astype(np.uint8)
    ys, xs = np.nonzero(marked)
    if not len(ys):
        return [], []
    height, width = int(ys.max() - ys.min()), int(xs.max() - xs.min())
    thickest = PARAMETERS.lane_line * canvas.unit
    found: list[list[Bar]] = []
    for axis, length in enumerate((width, height)):
        bars = _clear(_bars(marked, axis, int(PARAMETERS.separator * length), thickest), shapes, axis)
        found.append(_same_ends(bars, axis, PARAMETERS.across_page * length, canvas.unit))
    return found[0], found[1]


def _bars(marked: NDArray[np.uint8], axis: int, least: int, thickest: float) -> list[Bar]:
    """Lines across (axis 0) or down (1) of a length at least."""
    cv2 = opencv()
    if least < 20:
        return []
    opened = cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((least, 1) if axis else (1, least), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    return [
        (int(x), int(y), int(x + width), int(y + height))
        for x, y, width, height, _ in stats[1:]
        if min(width, height) <= max(3.0, thickest)
    ]


def _clear(bars: Sequence[Bar], shapes: Sequence[Region], axis: int) -> list[Bar]:
    """The lines that hardly run through shapes."""
    kept: list[Bar] = []
    for bar in bars:
        start, end, middle = bar[axis], bar[axis + 2], (bar[1 - axis] + bar[3 - axis]) / 2
        crossed = [shape.box for shape in shapes if shape.box[1 - axis] + 3 < middle < shape.box[3 - axis] - 3]
        hidden = sum(max(0, min(end, box[axis + 2]) - max(start, box[axis])) for box in crossed)
        if hidden < PARAMETERS.hidden * (end - start):
            kept.append(bar)
    return kept


def _same_ends(bars: Sequence[Bar], axis: int, shortest: float, unit: float) -> list[Bar]:
    kept: list[Bar] = []
    for bar in bars:
        start, end = bar[axis], bar[axis + 2]
        alike = sum(abs(start - other[axis]) < unit and abs(end - other[axis + 2]) < unit for other in bars)
        if end - start >= shortest and alike >= 2:
            kept.append(bar)
    return kept


def _between(bars: Sequence[Bar], canvas: Canvas, layout: Layout, direction: Direction) -> Lanes:
    """Lanes between neighbouring lines, named by the text at their beginning."""
    unit, down = canvas.unit, direction == "down"
    places = sorted((bar[0] + bar[2]) / 2 if down else (bar[1] + bar[3]) / 2 for bar in bars)
    begin = min(bar[1] if down else bar[0] for bar in bars)
    bands: list[Band] = []
    for start, end in itertools.pairwise(places):
        if end - start < 2 * unit:
            continue
        inside = [text for text in canvas.texts if start < (text.cx if down else text.cy) < end]
        inside = [text for text in inside if not any(region.holds(text.cx, text.cy) for region in layout.shapes)]
        near = [text for text in inside if (text.y0 if down else text.x0) < begin + 3 * unit]
        title = _title(near, (start, begin, end, begin) if down else (begin, start, begin, end), unit, down=down)
        if title:
            bands.append(Band(name=said(title, unit), start=start, end=end, texts=tuple(title)))
    if len(bands) < 2:
        return Lanes()
    return Lanes(direction=direction, bands=bands, texts=[text for band in bands for text in band.texts])
