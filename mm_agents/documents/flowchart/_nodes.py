"""Which regions are shapes of the chart, which are frames around shapes, and which are plates behind labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._canvas import Canvas, Text
from mm_agents.documents.flowchart._cylinders import with_lids
from mm_agents.documents.flowchart._frames import framed
from mm_agents.documents.flowchart._regions import Ground, Region
from mm_agents.documents.flowchart._shapes import Shape, classify

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_OF_THE_PAGE = 0.4
_PLATE_TEXT = 60  # characters
_CLEAN = 0.97  # how well a rectangle fits a field of a table or the title of a lane
_SOFT = 0.33  # what changes from pixel to pixel by less than this part of its contrast is a shadow, not a line


@dataclass(kw_only=True, eq=False)
class Block:
    """A shape on the canvas: its region, what it looks like, and the pixels that it covers with its outline.

    Attributes:
        region: its inside.
        shape: which shape.
        fit: how well that shape fits, 0 to 1.
        texts: what stands in it.
        cover: uint8: 1 where it and its outline lie, from ``corner``.
        corner: where ``cover`` begins on the canvas, x and y.
    """

    region: Region
    shape: Shape
    fit: float
    texts: list[Text]
    cover: NDArray[np.uint8]
    corner: tuple[int, int]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Of the shape with its outline, on the canvas: x0, y0, x1, y1."""
        ys, xs = np.nonzero(self.cover)
        x, y = self.corner
        return x + int(xs.min()), y + int(ys.min()), x + int(xs.max()) + 1, y + int(ys.max()) + 1


@dataclass(kw_only=True, eq=False)
class Layout:
    """What the regions of a canvas are."""

    shapes: list[Region] = field(default_factory=list["Region"])
    frames: list[Region] = field(default_factory=list["Region"])
    plates: list[Region] = field(default_factory=list["Region"])


def sort_regions(ground: Ground, canvas: Canvas) -> Layout:
    """Tell shapes, frames and plates from each other and from the loops that connectors make."""
    regions, paper, unit = with_lids(ground.regions, canvas), ground.paper, canvas.unit
    _share_texts(regions, canvas.texts)
    for region in regions:
        _heal(region, unit)
    layout = Layout(frames=framed(canvas, regions))
    homes = {id(region): _home(region, layout.frames) for region in regions}
    regions = [region for region in regions if not _is_ground(region, homes[id(region)])]
    height, width = canvas.size
    page = height * width
    solid = [region for region in regions if region.solidity > 0.86 and region.filled < 0.35 * page]
    grounds = {id(region): homes[id(region)] or paper for region in regions}
    written = [region for region in solid if region.texts or _is_dot(region, grounds[id(region)], unit)]
    for region in regions:
        region.inner = [
            other
            for other in written
            if other is not region and other.filled < 0.5 * region.filled and region.holds(other.cx, other.cy)
        ]
        texts = [other for other in region.inner if other.texts]
        if (len(region.inner) >= 2 and texts) or (len(texts) == 1 and region.filled > 3 * texts[0].filled):
            if region.solidity > 0.9 and region.filled > 6 * unit * unit:
                layout.frames.append(region)
        elif region.filled < _MOST_OF_THE_PAGE * page and _may_be_shape(region, grounds[id(region)], unit):
            layout.shapes.append(region)
    layout.shapes = _outermost(layout.shapes)
    _take_plates(layout, paper, unit)
    return layout


def _home(region: Region, frames: Sequence[Region]) -> Region | None:
    """The smallest frame that a region stands in."""
    around = [frame for frame in frames if frame.filled > region.filled and frame.holds(region.cx, region.cy)]
    return min(around, key=lambda frame: frame.filled, default=None)


def _is_ground(region: Region, frame: Region | None) -> bool:
    """Whether a region is a part of a frame's ground that connectors cut off; then its words are the frame's."""
    if frame is None or not region.like(frame.colour):
        return False
    gaps = (
        region.x - frame.x,
        region.y - frame.y,
        frame.x + frame.width - region.x - region.width,
        frame.y + frame.height - region.y - region.height,
    )
    if min(gaps) > frame.rim + 3:
        return False
    shape, fit = classify(region.mask())
    if shape == "rectangle" and fit > _CLEAN and region.filled < 0.5 * frame.filled:  # the title of a lane
        return False
    frame.texts.extend(region.texts)
    return True


def _share_texts(regions: Sequence[Region], texts: Sequence[Text]) -> None:
    """Give each text to the smallest region that it stands in."""
    for text in texts:
        holding = [region for region in regions if region.holds(text.cx, text.cy)]
        if holding:
            min(holding, key=lambda region: region.filled).texts.append(text)


def _heal(region: Region, unit: float) -> None:
    """Close the notches that letters cut into a shape where they touch its outline."""
    if not region.texts or not 0.55 < region.solidity < 0.93 or classify(region.mask())[0] == "cylinder":
        return
    cv2 = opencv()
    hull = cv2.convexHull(region.contour)
    whole = np.zeros((region.height, region.width), np.uint8)
    cv2.drawContours(whole, [(hull - np.array([region.x, region.y])).astype(np.int32)], -1, 1, -1)
    missing = (whole > 0) & (region.mask() == 0)
    near = np.zeros_like(missing)
    margin = 0.4 * unit
    for text in region.texts:
        x0, y0 = int(max(0, text.x0 - margin - region.x)), int(max(0, text.y0 - margin - region.y))
        near[y0 : int(text.y1 + margin - region.y), x0 : int(text.x1 + margin - region.x)] = True
    if missing.sum() and (missing & near).sum() > 0.7 * missing.sum():
        region.contour = hull.astype(np.int32)
        region.filled = float(cv2.contourArea(hull))
        region.solidity = 1.0


def _outermost(shapes: list[Region]) -> list[Region]:
    """Of shapes that lie in each other (double outlines) the outer, with all that is written in it."""
    kept: list[Region] = []
    for region in sorted(shapes, key=lambda region: -region.filled):
        around = next((other for other in kept if other.holds(region.cx, region.cy)), None)
        if around is None:
            kept.append(region)
        else:
            around.texts.extend(text for text in region.texts if text not in around.texts)
    return kept


def _may_be_shape(region: Region, paper: Region, unit: float) -> bool:
    filled = not region.like(paper.colour)
    if region.solidity < 0.86 and not (region.solidity > 0.75 and filled and region.texts):
        return False
    if min(region.width, region.height) < 0.7 * unit:
        return False
    if not region.texts:
        return _is_dot(region, paper, unit)
    return filled or _written_in_the_middle(region, unit)


def _is_dot(region: Region, paper: Region, unit: float) -> bool:
    """A start or end dot, a merge or a decision without a word: small, as wide as high, and of a known shape."""
    if region.texts or region.solidity < 0.9:
        return False
    low, high = sorted((region.width, region.height))
    if low < 0.8 * unit or high > 1.5 * low:
        return False
    shape, fit = classify(region.mask())
    if region.like(paper.colour):
        return high < 5 * unit and shape in ("circle", "diamond") and fit > 0.9
    return high < 8 * unit and fit > 0.88 and shape != "other"


def _written_in_the_middle(region: Region, unit: float) -> bool:
    """Whether an outline of the paper's colour holds its text as a shape does; loops of connectors do not."""
    x0, x1 = min(text.x0 for text in region.texts), max(text.x1 for text in region.texts)
    y0, y1 = min(text.y0 for text in region.texts), max(text.y1 for text in region.texts)
    low = 0.4 if region.lidded else 0.25  # words stand on the body, under the lid
    if abs((x0 + x1) / 2 - region.cx) > 0.2 * region.width or abs((y0 + y1) / 2 - region.cy) > low * region.height:
        return False
    if (x1 - x0) < 0.12 * region.width and region.height > 6 * unit:
        return False
    if x0 < region.x - 3 or x1 > region.x + region.width + 3:
        return False
    return region.lidded or classify(region.mask())[1] > 0.87


def _take_plates(layout: Layout, paper: Region, unit: float) -> None:
    """Set apart the coloured rectangles that lie tight around one short label, in a colour that no shape has."""

    def tight(region: Region) -> bool:
        if len(region.texts) != 1 or region.like(paper.colour) or region.texts[0].turned:
            return False
        text = region.texts[0]
        room = max(region.height - text.height, region.width - text.width)
        return room < 0.8 * unit and len(text.text) <= _PLATE_TEXT

    others = [region for region in layout.shapes if not tight(region)]
    for region in [region for region in layout.shapes if tight(region)]:
        if others and not any(other.like(region.colour, 6) for other in others):
            layout.shapes.remove(region)
            layout.plates.append(region)


# ---------------------------------------------------------------- what a shape covers


def paper_of(canvas: Canvas, paper: Region, frames: Sequence[Region]) -> NDArray[np.int16]:
    """int16, shape (height, width, 3): the canvas without what is drawn on it, frames in their own colours."""
    height, width = canvas.size
    bare = np.empty((height, width, 3), np.int16)
    bare[:] = paper.colour
    for frame in sorted(frames, key=lambda frame: -frame.filled):
        part = bare[frame.y : frame.y + frame.height, frame.x : frame.x + frame.width]
        part[frame.mask() > 0] = frame.colour
    return bare


def grow(region: Region, canvas: Canvas, bare: NDArray[np.int16]) -> Block:
    """A shape with its outline: the inside, grown until most of what surrounds it is paper."""
    cv2 = opencv()
    height, width = canvas.size
    most = max(4, int(0.6 * canvas.unit))
    x0, y0 = max(0, region.x - most - 2), max(0, region.y - most - 2)
    x1, y1 = min(width, region.x + region.width + most + 2), min(height, region.y + region.height + most + 2)
    cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.drawContours(cover, [region.contour - np.array([x0, y0], np.int32)], -1, 1, -1)
    part = slice(y0, y1), slice(x0, x1)
    contrast = np.abs(canvas.pixels[part].astype(np.int16) - bare[part]).max(axis=2)
    blank = ((contrast < 30) & (canvas.change[part] < 40)) | shadows(canvas, bare, part)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    step = 0
    for step in range(most):
        wider = cv2.dilate(cover, disc)
        ring = (wider > 0) & (cover == 0)
        if not ring.any() or (step >= 1 and blank[ring].mean() > 0.72):
            break
        cover = wider
    sharp = _pointed(region, step)
    if sharp is not None:
        cv2.fillPoly(cover, [np.round(sharp - (x0, y0)).astype(np.int32)], 1)
    shape, fit = classify(cv2.dilate(region.mask(2), np.ones((3, 3), np.uint8)))
    if region.lidded:
        shape, fit = "cylinder", max(fit, 0.9)
    elif shape == "cylinder":  # its lid is a region of its own: as deep as the body's top is hollow
        hollow = int(np.argmax(region.mask()[:, region.width // 2]))
        middle = (int(region.cx) - x0, region.y - y0)
        cv2.ellipse(cover, middle, (region.width // 2 + step, hollow + step + 1), 0, 0, 360, 1, -1)
    return Block(region=region, shape=shape, fit=fit, texts=list(region.texts), cover=cover, corner=(x0, y0))


def _pointed(region: Region, outline: int) -> NDArray[Any] | None:
    """The corners (x, y) of a shape with straight sides and its outline, sharp tips as drawn; None for other shapes."""
    cv2 = opencv()
    hull = cv2.convexHull(region.contour)
    rough = cv2.approxPolyDP(hull, max(2.0, 0.02 * min(region.width, region.height)), True)[:, 0].astype(float)
    sides = np.roll(rough, -1, axis=0) - rough
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    long = lengths > 0.25 * lengths.max()
    if not 4 <= long.sum() <= 6 or lengths[~long].sum() > 0.12 * lengths.sum():
        return None
    starts, along = rough[long], sides[long] / lengths[long][:, None]
    centre = rough.mean(axis=0)
    out = np.stack([along[:, 1], -along[:, 0]], axis=1)
    out *= np.sign(((starts - centre) * out).sum(axis=1))[:, None]
    starts = starts + out * max(1, outline - 1)
    corners: list[NDArray[Any]] = []
    for n in range(len(starts)):
        m = (n + 1) % len(starts)
        turn = along[n][0] * along[m][1] - along[n][1] * along[m][0]
        if abs(turn) < 0.15:
            return None
        gap = starts[m] - starts[n]
        corners.append(starts[n] + along[n] * (gap[0] * along[m][1] - gap[1] * along[m][0]) / turn)
    found = np.array(corners)
    size, corner = np.array([region.width, region.height]), np.array([region.x, region.y])
    room = size * 0.2 + 4 * outline + 8
    inside = (found > corner - room).all() and (found < corner + size + room).all()
    return found if inside else None


def shadows(canvas: Canvas, bare: NDArray[np.int16], part: tuple[slice, slice] | None = None) -> NDArray[np.bool_]:
    """Where the canvas is darker than its paper but fades softly, as no line does; the inside of a line does not fade.

    Args:
        canvas: the chart.
        bare: its paper, of the same shape.
        part: rows and columns to look at; all by default.
    """
    where = part or (slice(None), slice(None))
    difference = canvas.pixels[where].astype(np.int16) - bare[where]
    contrast, change = np.abs(difference).max(axis=2), canvas.change[where]
    fades = 0.05 if canvas.ringing < 1.5 else 0.15
    soft = opencv().dilate(change, np.ones((3, 3), np.uint8))
    darker = difference.max(axis=2) < 3
    return darker & (change > fades * contrast) & (soft < _SOFT * contrast)
