"""Flat regions of the canvas, and which shape each outline is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text, largest, without_grid
from mm_agents.documents.opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray


@dataclass(kw_only=True, eq=False)
class Region:
    """A flat region.

    Attributes:
        label: its number in the map of regions.
        x, y, width, height: its bounding box on the canvas.
        area: its pixels without holes.
        filled: its pixels with holes.
        solidity: how much of its convex hull it fills, with holes.
        contour: int32, shape (n, 1, 2): the outer rim as x, y.
        colour: float, shape (3,).
        texts: pieces of text in it, and in no region within it.
        rim: how far its border reaches to either side of the contour, in pixels; 0 where that was not measured.
        lidded: whether it is a cylinder with its lid.
        symbol: "circle" or "diamond" where it is a small one of these, else empty.
        marked: whether something is drawn in such a symbol, as in a gateway or event.
    """

    label: int
    x: int
    y: int
    width: int
    height: int
    area: int
    filled: float
    solidity: float
    contour: NDArray[np.int32]
    colour: NDArray[Any]
    texts: list[Text] = field(default_factory=list["Text"])
    rim: int = 0
    lidded: bool = False
    symbol: Literal["", "circle", "diamond"] = ""
    marked: bool = False

    @property
    def cx(self) -> float:
        """The middle from left to right."""
        return self.x + self.width / 2

    @property
    def cy(self) -> float:
        """The middle from top to bottom."""
        return self.y + self.height / 2

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Its bounding box: x0, y0, x1, y1."""
        return self.x, self.y, self.x + self.width, self.y + self.height

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies within the outer rim."""
        if not (self.x <= x < self.x + self.width and self.y <= y < self.y + self.height):
            return False
        return opencv().pointPolygonTest(self.contour, (float(x), float(y)), False) >= 0

    def distance(self, x: float, y: float) -> float:
        """How far a point is from the outer rim, in pixels; less than 0 outside."""
        return opencv().pointPolygonTest(self.contour, (float(x), float(y)), True)

    def mask(self, margin: int = 0) -> NDArray[np.uint8]:
        """uint8, shape (height + 2 * margin, width + 2 * margin): 1 within the outer rim."""
        drawn = np.zeros((self.height + 2 * margin, self.width + 2 * margin), np.uint8)
        shifted = self.contour - np.array([self.x - margin, self.y - margin], np.int32)
        opencv().drawContours(drawn, [shifted], -1, 1, -1)
        return drawn

    def like(self, other: NDArray[Any], levels: float | None = None) -> bool:
        """Whether it is painted in about that colour."""
        return bool(np.abs(self.colour - other).max() < (PARAMETERS.same_colour if levels is None else levels))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """The regions of a canvas.

    Attributes:
        paper: the region around the drawing.
        regions: the others, the largest first.
        flatness: how much of the canvas is flat, 0 to 1.
        flat: uint8, shape (height, width): 1 where it is, with the letters of words.
    """

    paper: Region
    regions: list[Region]
    flatness: float
    flat: NDArray[np.uint8]


def flat_limit(canvas: Canvas) -> float:
    """The change between neighbours from which on a pixel is not flat."""
    if canvas.ringing < PARAMETERS.ringing:
        return PARAMETERS.flat
    return min(PARAMETERS.flat + 3 * canvas.ringing, PARAMETERS.flat_in_jpeg)


def find_regions(canvas: Canvas) -> Ground | None:
    """Divide a canvas into flat regions; None where nothing is flat."""
    cv2 = opencv()
    flat = (canvas.change < flat_limit(canvas)).astype(np.uint8)
    flatness = float(flat.mean())
    _wipe_glyphs(flat, canvas.texts)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    least = canvas.unit * canvas.unit
    wanted = [n for n in range(1, count) if stats[n, 4] >= PARAMETERS.smallest_part * least]
    wanted = _join_halves(labels, stats, wanted, canvas)
    found = [_region(canvas, labels, n, stats[n]) for n in wanted if _is_left(labels, n, stats[n])]
    regions = sorted((region for region in found if region.filled >= least), key=lambda region: -region.area)
    if not regions:
        return None
    paper = next((region for region in regions if region.x <= 2), regions[0])
    return Ground(
        paper=paper, regions=[region for region in regions if region is not paper], flatness=flatness, flat=flat
    )


def count_outlines(pixels: ByteArray) -> int:
    """How many surfaces with marks in them a picture has whose words are not known yet: too many rather than too few.

    Args:
        pixels: uint8, shape (height, width, 3).
    """
    cv2 = opencv()
    change = largest(cv2.morphologyEx(without_grid(pixels), cv2.MORPH_GRADIENT, _SQUARE))
    flat = (change < PARAMETERS.flat).astype(np.uint8)
    ink = cv2.connectedComponentsWithStats(1 - flat, connectivity=8)[2][1:].T
    letters = (ink[0] > 0) & (ink[3] > PARAMETERS.lowest_letter) & (ink[2] < 3 * ink[3]) & (ink[3] < 3 * ink[2])
    if not letters.any():
        return 0
    x, y, _, high, _ = ink[:, letters]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    around = np.unique(labels[y + high // 2, x - 1])  # what the marks stand on
    surfaces = stats[around[around > 0]].T
    wide = np.minimum(surfaces[2], surfaces[3]) > PARAMETERS.outline_height * float(np.median(high))
    return int((wide & (surfaces[4] > PARAMETERS.outline_share * surfaces[2] * surfaces[3])).sum())


def _wipe_glyphs(flat: NDArray[np.uint8], texts: Iterable[Text]) -> None:
    """Take the edges of letters for flat, so that words do not divide the shape around them."""
    cv2 = opencv()
    height, width = flat.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - flat, connectivity=8)
    for text in texts:
        margin = PARAMETERS.glyph_margin * min(text.width, text.height) + 1
        x0, y0 = int(max(0, text.x0 - margin)), int(max(0, text.y0 - margin))
        x1, y1 = int(min(width, text.x1 + margin)) + 1, int(min(height, text.y1 + margin)) + 1
        part = labels[y0:y1, x0:x1]
        for n in np.unique(part[part > 0]):
            left, top, wide, high, _ = stats[n]
            if left >= x0 and top >= y0 and left + wide <= x1 and top + high <= y1:
                flat[y0:y1, x0:x1][part == n] = 1


def _is_left(labels: NDArray[np.int32], n: int, stat: NDArray[np.int32]) -> bool:
    """Whether a region still has pixels: another that was joined over it may have taken them."""
    x, y, width, height, _ = (int(value) for value in stat)
    return bool((labels[y : y + height, x : x + width] == n).any())


def _region(canvas: Canvas, labels: NDArray[np.int32], n: int, stat: NDArray[np.int32]) -> Region:
    cv2 = opencv()
    x, y, width, height, area = (int(value) for value in stat)
    mask = (labels[y : y + height, x : x + width] == n).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea)
    filled = float(cv2.contourArea(contour))
    hull = float(cv2.contourArea(cv2.convexHull(contour)))
    step = max(1, int((area / _SAMPLE) ** 0.5))
    pixels = canvas.pixels[y : y + height : step, x : x + width : step][mask[::step, ::step] > 0]
    return Region(
        label=n,
        x=x,
        y=y,
        width=width,
        height=height,
        area=area,
        filled=filled,
        solidity=filled / max(1.0, hull),
        contour=(contour + np.array([x, y])).astype(np.int32),
        colour=np.median(pixels, axis=0),
    )


# ---------------------------------------------------------------- shapes cut in two by their own text


def _join_halves(
    labels: NDArray[np.int32], stats: NDArray[np.int32], wanted: Sequence[int], canvas: Canvas
) -> list[int]:
    """Join the parts of a shape whose text reaches from rim to rim, as in a narrow diamond."""
    cv2 = opencv()
    kept = list(wanted)
    largest = max(kept, key=lambda n: int(stats[n, 4]), default=0)
    for text in canvas.texts:
        above, below = _beside(labels, text, canvas.unit)
        pair = [n for n in (above, below) if n in kept and n != largest]
        if len(pair) < 2 or pair[0] == pair[1]:
            continue
        one, two = pair
        if np.abs(_colour(canvas, labels, stats, one) - _colour(canvas, labels, stats, two)).max() > 8:
            continue
        boxes = np.array([stats[one], stats[two]])
        x0, y0 = int(min(boxes[:, 0].min(), text.x0)), int(min(boxes[:, 1].min(), text.y0))
        x1 = int(max((boxes[:, 0] + boxes[:, 2]).max(), text.x1))
        y1 = int(max((boxes[:, 1] + boxes[:, 3]).max(), text.y1))
        part = labels[y0:y1, x0:x1]
        mask = np.isin(part, pair).astype(np.uint8)
        left, top, right, bottom = int(text.x0) - x0, int(text.y0) - y0, int(text.x1) - x0, int(text.y1) - y0
        mask[top - 2 : bottom + 2, max(0, left) : right] = 1
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        contour = max(contours, key=cv2.contourArea)
        solidity = cv2.contourArea(contour) / max(1.0, cv2.contourArea(cv2.convexHull(contour)))
        if solidity < PARAMETERS.convex:
            continue
        part[mask > 0] = one
        stats[one] = (x0, y0, x1 - x0, y1 - y0, int(mask.sum()))
        kept.remove(two)
    return kept


def _beside(labels: NDArray[np.int32], text: Text, unit: float) -> tuple[int, int]:
    """The regions just over and just under a line of text."""
    x0, x1, y0, y1 = int(text.x0), int(text.x1) + 1, int(text.y0), int(text.y1) + 1
    band = max(3, int(unit / 4))
    return _main(labels[y0 - band : y0, x0:x1]), _main(labels[y1 : y1 + band, x0:x1])


def _main(part: NDArray[np.int32]) -> int:
    values, counts = np.unique(part[part > 0], return_counts=True)
    return int(values[counts.argmax()]) if len(values) else 0


def _colour(canvas: Canvas, labels: NDArray[np.int32], stats: NDArray[np.int32], n: int) -> NDArray[Any]:
    x, y, width, height, _ = (int(value) for value in stats[n])
    part = labels[y : y + height, x : x + width] == n
    return np.median(canvas.pixels[y : y + height, x : x + width][part], axis=0)


def with_lids(regions: Sequence[Region], canvas: Canvas) -> list[Region]:
    """The regions with each lid and the body under it made one."""
    lids = [region for region in regions if _may_be_lid(region, canvas)]
    kept = list(regions)
    for lid in lids:
        fitting = (region for region in kept if region is not lid and _closes(lid, region, canvas))
        body = min(fitting, key=lambda region: region.filled, default=None)
        if body is not None:
            kept.remove(lid)
            kept[kept.index(body)] = _joined(lid, body)
    return kept


def _may_be_lid(region: Region, canvas: Canvas) -> bool:
    """Whether a region is flat, without words and without dents."""
    flat = region.width >= max(PARAMETERS.flatness * region.height, canvas.unit)
    empty = not any(region.holds(text.cx, text.cy) for text in canvas.texts)
    return flat and empty and region.solidity >= PARAMETERS.lid_solid


def _closes(lid: Region, body: Region, canvas: Canvas) -> bool:
    """Whether a lid fits the hollow top of a body as wide as it is, whose lower end bulges as the lid does."""
    reach = round(PARAMETERS.lid_line * canvas.unit) + 3
    inside = lid.x >= body.x - 4 and lid.x + lid.width <= body.x + body.width + 4
    under = lid.y - 2 <= body.y < lid.y + lid.height + reach
    high = body.y + body.height >= lid.y + PARAMETERS.body_height * lid.height
    if not (inside and under and high and lid.width >= PARAMETERS.lid_width * body.width):
        return False
    xs = np.arange(round(PARAMETERS.lid_margin * body.width), round((1 - PARAMETERS.lid_margin) * body.width))
    top, bottom = _edges(lid, body, canvas)
    return _bulge(top[xs]) >= 1 and _bulge(bottom[xs]) >= PARAMETERS.lid_bulge * lid.height / 2


def _edges(lid: Region, body: Region, canvas: Canvas) -> tuple[NDArray[Any], NDArray[Any]]:
    """The upper and lower edge of a body in each of its columns, without the notches of letters that touch the lid."""
    mask = body.mask() > 0
    for text in canvas.texts:
        if body.x < text.cx < body.x + body.width and body.y < text.cy < body.y + body.height:
            x0, y0 = max(0, int(text.x0) - body.x), max(0, int(text.y0) - body.y)
            mask[y0 : int(text.y1) - body.y, x0 : int(text.x1) - body.x] = True
    top, bottom = np.argmax(mask, axis=0), body.height - 1 - np.argmax(mask[::-1], axis=0)
    hull = replace(lid, contour=opencv().convexHull(lid.contour).astype(np.int32)).mask() > 0
    under = np.zeros(body.width, int)
    columns = np.arange(lid.width) + lid.x - body.x
    inside = (columns >= 0) & (columns < body.width)
    under[columns[inside]] = (lid.height - np.argmax(hull[::-1], axis=0) + lid.y - body.y)[inside]
    return np.maximum(top, under), bottom


def _bulge(edge: NDArray[Any]) -> float:
    """How much lower the middle of an edge lies than its ends."""
    fifth = len(edge) // 5
    return float(edge[2 * fifth : 3 * fifth].mean() - (edge[:3].mean() + edge[-3:].mean()) / 2)


def _joined(lid: Region, body: Region) -> Region:
    hull = opencv().convexHull(np.concatenate([lid.contour, body.contour])).astype(np.int32)
    x, y = (int(value) for value in hull[:, 0].min(axis=0))
    right, bottom = (int(value) for value in hull[:, 0].max(axis=0))
    return replace(
        body,
        x=x,
        y=y,
        width=right - x + 1,
        height=bottom - y + 1,
        area=lid.area + body.area,
        filled=float(opencv().contourArea(hull)),
        solidity=1.0,
        contour=hull,
        lidded=True,
    )


Shape = Literal[
    "rectangle",
    "rounded",
    "stadium",
    "diamond",
    "circle",
    "ellipse",
    "parallelogram",
    "document",
    "cylinder",
    "hexagon",
    "bar",
    "other",
]

_SQUARE = np.ones((3, 3), np.uint8)
_LONG_SIDE = 120  # pixels at which templates are compared
_RADII = (0.2, 0.33)  # of the shorter side: what the corners of templates are rounded by
_SLANTS = (0.2, 0.27, 0.35, 0.6, 0.9, 1.3)  # of the height: what their slanted sides lean by
_DEEPEST_CUT = 0.42  # of the width: what these lean by at most
_HEXAGON_CUT = 0.4  # of the width: the same for hexagons, which else look like diamonds
_SAMPLE = 20_000  # pixels that the colour of a region is taken from
_ROUND = 0.2146  # what a quarter circle leaves of its square: 1 - pi / 4


def classify(mask: NDArray[np.uint8]) -> tuple[Shape, float]:
    """The shape that fits a mask best, and how well: intersection over union, 0 to 1."""
    ys, xs = np.nonzero(mask)
    crop = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    height, width = crop.shape
    small = _reduced(crop)
    best: tuple[Shape, float] = ("other", 0.0)
    for shape, drawn in _templates(small.shape[0], small.shape[1]):
        fit = float(np.logical_and(small, drawn).sum() / np.logical_or(small, drawn).sum())
        if fit > best[1] + PARAMETERS.plainer:
            best = shape, fit
    shape, fit = best
    if shape in ("rectangle", "rounded", "stadium"):
        shape = _by_corners(crop, shape)
    if shape in ("ellipse", "stadium") and PARAMETERS.narrowest_circle < width / height < PARAMETERS.widest_circle:
        shape = "circle"
    wavy = _waves(crop)
    if wavy and shape not in ("diamond", "circle", "ellipse", "hexagon", "stadium"):
        return wavy, max(fit, PARAMETERS.curved_fit)
    return (shape, fit) if fit >= PARAMETERS.fits else ("other", fit)


def _reduced(crop: NDArray[np.uint8]) -> NDArray[np.bool_]:
    height, width = crop.shape
    shrink = min(1.0, _LONG_SIDE / max(height, width))
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    cv2 = opencv()
    return cv2.resize(crop * 255, size, interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR) > 255 // 2


def _templates(height: int, width: int) -> Iterator[tuple[Shape, NDArray[np.bool_]]]:
    """Drawn from the plainest: a later one has to fit better."""
    right, bottom = width - 1, height - 1
    yield "rectangle", np.ones((height, width), bool)
    for radius in _RADII:
        yield "rounded", _rounded(height, width, radius * min(height, width))
    yield "stadium", _rounded(height, width, 0.5 * min(height, width))
    yield "ellipse", _ellipse(height, width)
    yield "diamond", _polygon(height, width, [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)])
    for slant in _SLANTS:
        cut = min(_DEEPEST_CUT, slant * bottom / max(1, right))
        yield "parallelogram", _polygon(height, width, [(cut, 0), (1, 0), (1 - cut, 1), (0, 1)])
        yield "parallelogram", _polygon(height, width, [(0, 0), (1 - cut, 0), (1, 1), (cut, 1)])
        if cut < _HEXAGON_CUT:
            corners = [(cut, 0.0), (1 - cut, 0.0), (1.0, 0.5), (1 - cut, 1.0), (cut, 1.0), (0.0, 0.5)]
            yield "hexagon", _polygon(height, width, corners)
        yield "other", _polygon(height, width, [(cut, 0), (1 - cut, 0), (1, 1), (0, 1)])
        yield "other", _polygon(height, width, [(0, 0), (1, 0), (1 - cut, 1), (cut, 1)])
    yield "other", _polygon(height, width, [(0.5, 0), (1, 1), (0, 1)])
    yield "other", _polygon(height, width, [(0, 0), (1, 0), (0.5, 1)])
    yield "other", _polygon(height, width, [(0, 0), (1, 0.5), (0, 1)])
    yield "other", _polygon(height, width, [(1, 0), (1, 1), (0, 0.5)])


def _polygon(height: int, width: int, corners: list[tuple[float, float]]) -> NDArray[np.bool_]:
    drawn = np.zeros((height, width), np.uint8)
    points = np.round(np.array(corners) * (width - 1, height - 1)).astype(np.int32)
    opencv().fillPoly(drawn, [points], 1)
    return drawn > 0


def _ellipse(height: int, width: int) -> NDArray[np.bool_]:
    y, x = np.ogrid[:height, :width]
    return ((2 * x + 1 - width) / width) ** 2 + ((2 * y + 1 - height) / height) ** 2 <= 1.0


def _rounded(height: int, width: int, radius: float) -> NDArray[np.bool_]:
    y, x = np.ogrid[:height, :width]
    dx = np.maximum(np.maximum(radius - x - 0.5, x + 0.5 - (width - radius)), 0)
    dy = np.maximum(np.maximum(radius - y - 0.5, y + 0.5 - (height - radius)), 0)
    return dx**2 + dy**2 <= radius**2


def _by_corners(crop: NDArray[np.uint8], shape: Shape) -> Shape:
    """Tell sharp, rounded and round ends by the pixels cut from the four corners."""
    height, width = crop.shape
    side = min(height, width) // 2
    corners = [crop[:side, :side], crop[:side, -side:], crop[-side:, :side], crop[-side:, -side:]]
    radii = [float((side * side - corner.sum()) / _ROUND) ** 0.5 for corner in corners]
    least, most = min(radii), max(radii)
    if least < max(PARAMETERS.sharp_corner_pixels, PARAMETERS.sharp_corner * min(height, width)):
        folded = most > PARAMETERS.folded_corner * min(height, width) and sorted(radii)[2] < 3  # one corner is cut
        return "document" if folded else "rectangle"
    return "stadium" if sorted(radii)[1] > PARAMETERS.round_end * side else "rounded"  # a shadow may fill one corner


def _waves(crop: NDArray[np.uint8]) -> Shape | None:
    """A document has a flat top and a wavy bottom; a cylinder's top and bottom are curved, its sides straight.

    Without its lid a cylinder's top is hollow.
    """
    height, width = crop.shape
    if min(height, width) < PARAMETERS.smallest_wave:
        return None
    margin = max(1, int(PARAMETERS.wave_margin * width))
    inside = slice(margin, width - margin)
    top = np.argmax(crop, axis=0)[inside].astype(float)
    bottom = (height - 1 - np.argmax(crop[::-1], axis=0))[inside].astype(float)
    left = np.argmax(crop, axis=1)[height // 3 : 2 * height // 3]
    right = np.argmax(crop[:, ::-1], axis=1)[height // 3 : 2 * height // 3]
    if max(left.max(), right.max()) > max(2, PARAMETERS.straight_side * width):
        return None
    x = np.linspace(-1, 1, len(bottom))
    thickness_ratio, rest = _parabola(x, bottom)
    lid, lid_rest = _parabola(x, top)
    smooth = all(
        left < max(0.5 * edge.std(), PARAMETERS.curve_step) for left, edge in ((rest, bottom), (lid_rest, top))
    )
    if max(thickness_ratio, lid) < -max(PARAMETERS.bulge_pixels, PARAMETERS.bulge * height) and smooth:
        return "cylinder"
    if _straight(crop) and _arched(top, width) and _arched(height - 1 - bottom, width):
        return "cylinder"
    if bottom.std() < max(1.0, PARAMETERS.wave * height) or top.std() >= max(
        PARAMETERS.level_pixels, PARAMETERS.level * height
    ):
        return None
    return "document"


def _parabola(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """The bend of a curve and what a parabola leaves of it (standard deviation)."""
    bend, slope, level = np.polyfit(x, y, 2)
    return float(bend), float((y - (bend * x * x + slope * x + level)).std())


def _straight(crop: NDArray[np.uint8]) -> bool:
    """Whether the sides are straight over the middle half of the height, which those of a circle are not."""
    height, width = crop.shape
    middle = crop[height // 4 : height - height // 4]
    return max(int(side.argmax(axis=1).max()) for side in (middle, middle[:, ::-1])) <= max(
        2, PARAMETERS.straight_side * width
    )


def _arched(edge: NDArray[Any], width: int) -> bool:
    """Whether an edge, by its depth in each inner column, is half an ellipse, and not straight with round corners."""
    across = (np.arange(len(edge)) + 0.5 - len(edge) / 2) / (width / 2)
    model = np.stack([1 - np.sqrt(1 - across**2), across, np.ones(len(edge))], axis=1)
    fitted = np.linalg.lstsq(model, edge, rcond=None)[0]
    wide = min(PARAMETERS.curve_step, PARAMETERS.arch_step * width)
    steps = max(PARAMETERS.arch_step_pixels, wide, PARAMETERS.arch_rest * float(edge.std()))
    return bool(
        fitted[0] >= max(PARAMETERS.arch_pixels, PARAMETERS.arch * width) and (edge - model @ fitted).std() < steps
    )
