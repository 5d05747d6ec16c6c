"""Which regions are shapes, which are frames around shapes, and which are plates behind labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text, commonest, largest
from mm_agents.documents.flowchart.vision.regions import Ground, Region, Shape, classify, with_lids
from mm_agents.documents.opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BARS = 1500
_RIM_REACH = 4  # pixels around a region in which its outline is looked for


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sides:
    """Where straight lines run down the canvas: their middles, ends and thicknesses, and a map of them."""

    at: NDArray[Any]
    start: NDArray[Any]
    stop: NDArray[Any]
    thick: NDArray[Any]
    seen: NDArray[np.uint8]


def framed(canvas: Canvas, regions: Sequence[Region]) -> list[Region]:
    """The frames on a canvas as regions in the colour of their ground; connectors may cross them."""
    unit = canvas.unit
    edges = (canvas.change >= PARAMETERS.faintest_line).astype(np.uint8)
    down, across = _sides(edges, unit), _sides(np.ascontiguousarray(edges.T), unit)
    boxes = [*_boxes(down, across, unit), *(_turned(box) for box in _boxes(across, down, unit))]
    frames: list[Region] = []
    for box in sorted(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])):
        if any(_alike(box, frame, unit) for frame in frames):
            continue
        frame = _frame(canvas, box, -1 - len(frames))
        if _holds_shapes(frame, regions, unit):
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
    seen = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((int(PARAMETERS.frame_side * unit), 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=8)
    stats = stats[1:][stats[1:, 2] <= PARAMETERS.thickest_border * unit].astype(float)
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
    reach = PARAMETERS.rounded_corner * unit
    wide = opencv().dilate(others.seen, np.ones((3, 1), np.uint8)).T  # others lie turned
    for n in range(len(sides.at)):
        alike = (np.abs(sides.start - sides.start[n]) < reach) & (np.abs(sides.stop - sides.stop[n]) < reach)
        for m in np.flatnonzero(alike & (sides.at > sides.at[n] + PARAMETERS.frame_side * unit)).tolist():
            left, right = float(sides.at[n]), float(sides.at[m])
            first = _closing(wide, (left, right), (sides.start[n] + sides.start[m]) / 2, unit)
            last = _closing(wide, (left, right), (sides.stop[n] + sides.stop[m]) / 2, unit)
            if first is not None and last is not None and last - first > PARAMETERS.frame_side * unit:
                thick = int(max(sides.thick[n], sides.thick[m]))
                inset = float(np.mean([*(sides.start[[n, m]] - first), *(last - sides.stop[[n, m]])]))
                yield left, first, right, last, thick, max(0.0, PARAMETERS.corner_radius * inset)


def _closing(seen: NDArray[np.uint8], span: tuple[float, float], near: float, unit: float) -> float | None:
    """Where a level line runs over a span unbroken, close to where the ends of two upright lines are."""
    reach = round(PARAMETERS.rounded_corner * unit)
    inset = min(reach, (span[1] - span[0]) / 6)
    top = max(0, round(near) - reach)
    part = seen[top : round(near) + reach + 1, round(span[0] + inset) : round(span[1] - inset) + 1]
    if not part.size:
        return None
    share = part.mean(axis=1)
    full = np.flatnonzero(share >= max(PARAMETERS.unbroken, PARAMETERS.as_full * float(share.max())))
    return float(top + full.mean()) if len(full) and np.ptp(full) <= PARAMETERS.thickest_border * unit else None


def _alike(box: _Box, frame: Region, unit: float) -> bool:
    return all(abs(one - two) < 0.5 * unit for one, two in zip(box[:4], frame.box, strict=True))


def _frame(canvas: Canvas, box: _Box, label: int) -> Region:
    x0, y0, x1, y1 = (round(value) for value in box[:4])
    thick, radius = box[4], round(box[5])
    height, width = y1 - y0 + 1, x1 - x0 + 1
    inset = thick // 2 + 2
    part = canvas.pixels[y0 + inset : y1 - inset, x0 + inset : x1 - inset]
    band = max(2, int(PARAMETERS.ground_band * canvas.unit))
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
    """Whether something with words is inside it, clear of its border, and is smaller than it by far."""
    room = PARAMETERS.frame_room * unit + frame.rim
    small = [region for region in regions if region.filled < frame.filled / PARAMETERS.frame_area]
    shapes = [region for region in small if region.texts and region.solidity > PARAMETERS.solid]
    return any(min(_gaps(shape, frame)) > room for shape in shapes)


def _gaps(region: Region, frame: Region) -> list[int]:
    """From each side of a region to the same side of a frame around it."""
    return [sign * (inner - outer) for sign, inner, outer in zip((1, 1, -1, -1), region.box, frame.box, strict=True)]


# ---------------------------------------------------------------- borders


def borders(canvas: Canvas, frames: Sequence[Region]) -> NDArray[np.uint8]:
    """uint8, shape (height, width): 1 on the borders of frames, but not where something else crosses them."""
    cv2 = opencv()
    found = np.zeros(canvas.size, np.uint8)
    for frame in frames:
        if not frame.rim:
            cv2.drawContours(found, [frame.contour], -1, 1, PARAMETERS.wide_border)
            continue
        outline = np.zeros(canvas.size, np.uint8)
        cv2.drawContours(outline, [frame.contour], -1, 1, 2 * frame.rim + 1)
        for strip in _strips(frame, 2):
            part = canvas.pixels[strip].astype(np.int16)
            upright = part.shape[0] > part.shape[1]
            like = _as_usual(
                part if upright else part.transpose(1, 0, 2), round(PARAMETERS.border_stretch * canvas.unit)
            )
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
    return (largest(np.abs(strip - usual)) < PARAMETERS.border_look).astype(np.uint8)


# ---------------------------------------------------------------- titles


def titles_of(frames: Sequence[Region], texts: Sequence[Text], unit: float) -> dict[int, list[Text]]:
    """The text just inside the upper border of each frame, by the frame's label; ``texts`` are in no shape."""
    own: dict[int, list[Text]] = {}
    for text in texts:
        holding = [frame for frame in frames if frame.holds(text.cx, text.cy)]
        if holding:
            own.setdefault(min(holding, key=lambda frame: frame.filled).label, []).append(text)
    titles: dict[int, list[Text]] = {}
    for frame in frames:
        rim = [t for t in own.get(frame.label, []) if t.y0 - frame.y < PARAMETERS.title_room * t.height + 4]
        first = min(rim, key=lambda text: (not _placed(text, frame, unit), text.y0), default=None)
        if first is not None:
            titles[frame.label] = [text for text in rim if abs(text.cy - first.cy) < 0.5 * first.height]
    return titles


def _placed(text: Text, frame: Region, unit: float) -> bool:
    """Whether a text is in the middle of a frame's border or at its left end."""
    return abs(text.cx - frame.cx) < PARAMETERS.title_centred * unit or text.x0 - frame.x < unit


@dataclass(kw_only=True, eq=False)
class Block:
    """A shape on the canvas: its region, what it looks like, and the pixels that it covers with its outline.

    Attributes:
        region: its inside.
        shape: which shape.
        fit: how well that shape fits, 0 to 1.
        cover: uint8: 1 where it and its outline lie, from ``corner``.
        corner: where ``cover`` begins on the canvas, x and y.
    """

    region: Region
    shape: Shape
    fit: float
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
        if region.symbol == "diamond" and all(len(text.text) == 1 for text in region.texts):
            region.texts.clear()  # the mark of a gateway, read as a letter
    layout = Layout(frames=framed(canvas, regions))
    homes = {id(region): _home(region, layout.frames) for region in regions}
    regions = [region for region in regions if not _is_ground(region, homes[id(region)])]
    written = [region for region in regions if region.texts and region.solidity > PARAMETERS.solid]
    for region in regions:
        smaller = [other for other in written if other.filled < 0.5 * region.filled]
        if any(region.holds(other.cx, other.cy) for other in smaller):
            if region.solidity > PARAMETERS.convex:
                layout.frames.append(region)
        elif _may_be_shape(region, homes[id(region)] or paper, unit):
            layout.shapes.append(region)
        elif _is_bar(region, homes[id(region)], canvas):
            x0, y0, x1, y1 = region.box
            layout.shapes.append(replace(region, contour=_outline(x0, y0, x1 - 1, y1 - 1, 0), solidity=1.0))
    layout.shapes = _outermost(layout.shapes)
    _take_plates(layout, paper, canvas)
    return layout


def _home(region: Region, frames: Sequence[Region]) -> Region | None:
    """The smallest frame around a region."""
    around = [frame for frame in frames if frame.filled > region.filled and frame.holds(region.cx, region.cy)]
    return min(around, key=lambda frame: frame.filled, default=None)


def _is_ground(region: Region, frame: Region | None) -> bool:
    """Whether a region is a part of a frame's ground that connectors cut off; then its words are the frame's."""
    if frame is None or not region.like(frame.colour) or min(_gaps(region, frame)) > frame.rim + 3:
        return False
    shape, fit = classify(region.mask())
    if shape == "rectangle" and fit > PARAMETERS.lane_title_fit:  # the title of a lane
        return False
    frame.texts.extend(region.texts)
    return True


def _share_texts(regions: Sequence[Region], texts: Sequence[Text]) -> None:
    """Give each text to the smallest region around it."""
    for text in texts:
        holding = [region for region in regions if region.holds(text.cx, text.cy)]
        if holding:
            min(holding, key=lambda region: region.filled).texts.append(text)


def _heal(region: Region, unit: float) -> None:
    """Close the notches that letters cut into a shape where they touch its outline."""
    if not region.texts or not PARAMETERS.least_dented < region.solidity < PARAMETERS.most_dented:
        return
    cv2 = opencv()
    hull = cv2.convexHull(region.contour)
    whole = np.zeros((region.height, region.width), np.uint8)
    cv2.drawContours(whole, [(hull - np.array([region.x, region.y])).astype(np.int32)], -1, 1, -1)
    missing = (whole > 0) & (region.mask() == 0)
    near = np.zeros_like(missing)
    margin = PARAMETERS.letter_margin * unit
    for text in region.texts:
        x0, y0 = int(max(0, text.x0 - margin - region.x)), int(max(0, text.y0 - margin - region.y))
        near[y0 : int(text.y1 + margin - region.y), x0 : int(text.x1 + margin - region.x)] = True
    if (missing & near).sum() > PARAMETERS.healed * missing.sum():
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
            around.texts.extend(region.texts)
    return kept


def _may_be_shape(region: Region, paper: Region, unit: float) -> bool:
    if region.symbol:
        return True
    if region.solidity < PARAMETERS.solid or min(region.width, region.height) < PARAMETERS.smallest_shape * unit:
        return False
    return bool(region.texts) and (not region.like(paper.colour) or _written_in_the_middle(region))


def _is_bar(region: Region, home: Region | None, canvas: Canvas) -> bool:
    """Whether a region is a fork or join: a flat painted bar whose ends are free, with lines at both of its sides."""
    low, high = sorted((region.width, region.height))
    unit = canvas.unit
    if region.texts or high < PARAMETERS.bar_length * unit or not low < PARAMETERS.bar_breadth * unit < high:
        return False
    if region.height > PARAMETERS.across_page * canvas.size[0]:  # a line between lanes
        return False
    reach, rim = round(PARAMETERS.bar_reach * unit), 2 + round(canvas.scale)
    away = reach + rim
    x0, y0, x1, y1 = region.box
    if min(x0, y0) < away or x1 + away > canvas.size[1] or y1 + away > canvas.size[0]:
        return False
    around = canvas.pixels[y0 - away : y1 + away, x0 - away : x1 + away].astype(np.int16)
    around = around if region.width > region.height else around.transpose(1, 0, 2)
    paper = commonest(around[[0, -1]].reshape(-1, 3))[0] if home is None else home.colour
    drawn = largest(np.abs(around - paper)) > PARAMETERS.blank_contrast
    blank = slice(reach // 4, reach // 2)  # clear of the blur of round ends, nearer than a line between lanes
    ends = np.concatenate([drawn[away:-away, blank], drawn[away:-away, ::-1][:, blank]])
    met = [side[:, away:-away].all(axis=0) for side in (drawn[:reach], drawn[-reach:])]
    wide = [np.convolve(side, np.ones(2 * reach + 1), "same") > 0 for side in met]
    crossed = not (met[0] & ~wide[1]).any() and not (met[1] & ~wide[0]).any()  # as a line between lanes is
    middle = drawn[drawn.shape[0] // 2, away:-away]  # heads cut notches into the sides
    return not ends.any() and not crossed and all(side.any() for side in met) and bool(middle.all())


def _written_in_the_middle(region: Region) -> bool:
    """Whether an outline of the paper's colour holds its text as a shape does; loops of connectors do not."""
    x0, x1 = min(text.x0 for text in region.texts), max(text.x1 for text in region.texts)
    y0, y1 = min(text.y0 for text in region.texts), max(text.y1 for text in region.texts)
    low = PARAMETERS.off_centre_lidded if region.lidded else PARAMETERS.off_centre
    off_across, off_down = abs((x0 + x1) / 2 - region.cx), abs((y0 + y1) / 2 - region.cy)
    return off_across <= PARAMETERS.off_centre_across * region.width and off_down <= low * region.height


def _take_plates(layout: Layout, paper: Region, canvas: Canvas) -> None:
    """Set apart the coloured rectangles that lie tight around one short label, in a colour that no shape has."""

    def tight(region: Region) -> bool:
        if len(region.texts) != 1 or region.like(paper.colour) or region.texts[0].turned:
            return False
        text = region.texts[0]
        room = max(region.height - text.height, region.width - text.width) / canvas.unit
        return room < PARAMETERS.plate_room or (room < PARAMETERS.bare_plate_room and _is_bare(region, paper, canvas))

    def painted_alike(region: Region, other: Region) -> bool:
        return other.like(region.colour, PARAMETERS.same_paint) and _is_bare(region, paper, canvas) == _is_bare(
            other, paper, canvas
        )

    plates = [region for region in layout.shapes if tight(region)]
    others = [region for region in layout.shapes if region not in plates]
    for region in plates:
        if others and not any(painted_alike(region, other) for other in others):
            layout.shapes.remove(region)
            layout.plates.append(region)


def _is_bare(region: Region, paper: Region, canvas: Canvas) -> bool:
    """Whether a coloured region has no outline: what surrounds it is no farther from the paper than it is itself."""
    reach = _RIM_REACH
    x0, y0 = max(0, region.x - reach), max(0, region.y - reach)
    part = canvas.pixels[y0 : region.y + region.height + reach, x0 : region.x + region.width + reach].astype(np.int16)
    contrast = largest(np.abs(part - paper.colour)).astype(np.float32)
    left, top = region.x - x0, region.y - y0
    contrast[top : top + region.height, left : left + region.width][region.mask() > 0] = 0  # its letters
    around = opencv().dilate(contrast, np.ones((2 * reach + 1,) * 2, np.uint8))
    rim = around[region.contour[:, 0, 1] - y0, region.contour[:, 0, 0] - x0]
    own = float(np.abs(region.colour - paper.colour).max())
    return float((rim > own + PARAMETERS.faintest_line).mean()) < 0.5


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
    most = int(PARAMETERS.thickest_outline * canvas.unit)
    x0, y0 = max(0, region.x - most - 2), max(0, region.y - most - 2)
    x1, y1 = min(width, region.x + region.width + most + 2), min(height, region.y + region.height + most + 2)
    cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.drawContours(cover, [region.contour - np.array([x0, y0], np.int32)], -1, 1, -1)
    part = slice(y0, y1), slice(x0, x1)
    contrast = largest(np.abs(canvas.pixels[part].astype(np.int16) - bare[part]))
    blank = ((contrast < PARAMETERS.blank_contrast) & (canvas.change[part] < PARAMETERS.blank_change)) | shadows(
        canvas, bare, part
    )
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    blurred = max(1, round(canvas.scale))  # how far the outline of an enlarged picture is off its flat inside
    step = 0
    for step in range(most):
        wider = cv2.dilate(cover, disc)
        ring = (wider > 0) & (cover == 0)
        if not ring.any() or (step >= blurred and blank[ring].mean() > PARAMETERS.outlined):
            break
        cover = wider
    sharp = _pointed(region, step)
    if sharp is not None:
        cv2.fillPoly(cover, [np.round(sharp - (x0, y0)).astype(np.int32)], 1)
    shape, fit = classify(cv2.dilate(region.mask(2), np.ones((3, 3), np.uint8)))
    if region.symbol or region.lidded:
        shape = region.symbol or "cylinder"
    elif not region.texts and max(region.width, region.height) > PARAMETERS.bar_flat * min(region.width, region.height):
        shape, fit = "bar", 1.0
    elif shape == "cylinder":  # its lid is a region of its own: as deep as the body's top is hollow
        hollow = int(np.argmax(region.mask()[:, region.width // 2]))
        middle = (int(region.cx) - x0, region.y - y0)
        cv2.ellipse(cover, middle, (region.width // 2 + step, hollow + step + 1), 0, 0, 360, 1, -1)
    return Block(region=region, shape=shape, fit=fit, cover=cover, corner=(x0, y0))


def _pointed(region: Region, outline: int) -> NDArray[Any] | None:
    """The corners (x, y) of a shape with straight sides and its outline, sharp tips as drawn; None for other shapes."""
    cv2 = opencv()
    hull = cv2.convexHull(region.contour)
    rough = cv2.approxPolyDP(hull, max(2.0, PARAMETERS.corner_tolerance * min(region.width, region.height)), True)[
        :, 0
    ].astype(float)
    sides = np.roll(rough, -1, axis=0) - rough
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    long = lengths > PARAMETERS.long_side * lengths.max()
    if not 4 <= long.sum() <= 6 or lengths[~long].sum() > PARAMETERS.blunt_corners * lengths.sum():
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
        if abs(turn) < PARAMETERS.least_turn:
            return None
        gap = starts[m] - starts[n]
        corners.append(starts[n] + along[n] * (gap[0] * along[m][1] - gap[1] * along[m][0]) / turn)
    return np.array(corners)


def shadows(canvas: Canvas, bare: NDArray[np.int16], part: tuple[slice, slice] | None = None) -> NDArray[np.bool_]:
    """Where the canvas is darker than its paper but fades softly, as no line does, and the inside of none."""
    where = part or (slice(None), slice(None))
    difference = canvas.pixels[where].astype(np.int16) - bare[where]
    contrast, change = largest(np.abs(difference)), canvas.change[where]
    wavers = canvas.ringing >= PARAMETERS.ringing or canvas.scale > 1  # as the inside of a line that was enlarged
    fades = PARAMETERS.fade_in_jpeg if wavers else PARAMETERS.fade
    soft = opencv().dilate(change, np.ones((3, 3), np.uint8))
    darker = largest(difference) < 3
    return darker & (change > fades * contrast) & (soft < PARAMETERS.soft * contrast)
