"""The lines of a chart: all that is drawn beside its shapes, lanes and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.arrowheads import fill_heads
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text, commonest, largest, piece
from mm_agents.documents.flowchart.vision.lanes import Lanes
from mm_agents.documents.flowchart.vision.layout import Block, Layout, borders, close_across, shadows
from mm_agents.documents.opencv import EXTRA, opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray


_GLYPHS_OF_HEADS = frozenset("AVvYyTtLlIiXxKkJjZz4714▲▼◀▶►◄><^★|-_+*")
_GLYPHS_OF_DASHES = _GLYPHS_OF_HEADS | frozenset("DdOo0|/\\.,:")
_STROKES = frozenset("Il|1/!")
_MOST_DOTS = 3000
_AROUND = (7, 7)  # pixels: the surroundings that a line stands out from
_BLOCK = 17  # pixels: two blocks of a JPEG and the pixel between
_PROBES = 14  # places looked at beyond a row of dots
_NEAREST = 8  # pieces looked at around a dot


@dataclass(frozen=True, kw_only=True, eq=False)
class Ink:
    """What connectors are traced in.

    Attributes:
        lines: where a line is drawn; lines end where they meet a shape or a word.
        owners: the number from 1 of the block that covers a pixel, else 0.
        free: pieces of text in no shape, lane title or frame title.
        dashed: uint8: 1 where dots and dashes were joined.
        blots: the middles (y, x) of small marks as wide as high: heads, or letters that were not read.
    """

    lines: NDArray[np.uint8]
    owners: NDArray[np.int32]
    free: list[Text]
    dashed: NDArray[np.uint8]
    blots: NDArray[Any]


def find_ink(canvas: Canvas, bare: NDArray[np.int16], blocks: Sequence[Block], layout: Layout, lanes: Lanes) -> Ink:
    """Take shapes, lanes, frames and words away from the canvas; what is left are lines."""
    cv2 = opencv()
    owners = _owners(canvas, blocks)
    covered = cv2.dilate((owners > 0).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2)
    for region in lanes.titles:
        cv2.drawContours(covered, [region.contour], -1, 1, int(PARAMETERS.lane_line * canvas.unit))
        cv2.drawContours(covered, [region.contour], -1, 1, -1)
    covered |= borders(canvas, layout.frames)
    covered |= lanes.lines
    marked = _marked(canvas, bare, covered)
    free = _free_texts(canvas, owners, lanes, marked)
    words = _words(marked, [*free, *lanes.texts], canvas)
    plates = [
        (max(0, x0 - 4), max(0, y0 - 4), x1 + 4, y1 + 4) for x0, y0, x1, y1 in (region.box for region in layout.plates)
    ]
    plates += _plates(canvas, bare, owners, free)
    for x0, y0, x1, y1 in plates:
        words[y0:y1, x0:x1] = 1
    lines = marked & (1 - words)
    close_across(lines, layout.frames)
    blots = _blots(lines, canvas.unit)
    fill_heads(lines, covered, owners, canvas.unit)
    dashed = _join_dots(lines, covered | words, canvas.unit)
    lines |= dashed
    _fill_holes(lines, owners, canvas.unit)
    _drop_specks(lines, canvas.unit)
    free = [_with_plate(text, plates) for text in free]  # which hides lines as its words do
    return Ink(lines=lines, owners=owners, free=free, dashed=dashed, blots=blots)


def _with_plate(text: Text, plates: Sequence[tuple[int, int, int, int]]) -> Text:
    """A text with the box of the plate that it stands on; as it is where it stands on none."""
    for x0, y0, x1, y1 in plates:
        if x0 <= text.cx <= x1 and y0 <= text.cy <= y1:
            x0, y0, x1, y1 = min(x0, text.x0), min(y0, text.y0), max(x1, text.x1), max(y1, text.y1)
            return replace(text, x0=x0, y0=y0, x1=x1, y1=y1)
    return text


def _owners(canvas: Canvas, blocks: Sequence[Block]) -> NDArray[np.int32]:
    owners = np.zeros(canvas.size, np.int32)
    for number, block in enumerate(blocks, 1):
        x, y = block.corner
        part = owners[y : y + block.cover.shape[0], x : x + block.cover.shape[1]]
        part[(block.cover > 0) & (part == 0)] = number
    return owners


def _marked(canvas: Canvas, bare: NDArray[np.int16], covered: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels that stand out from the paper sharply, and by enough of what their surroundings do."""
    cv2 = opencv()
    contrast = largest(np.abs(canvas.pixels.astype(np.int16) - bare)).astype(np.uint8)
    visible = np.where(covered > 0, 0, contrast).astype(np.uint8)
    around = cv2.dilate(visible, np.ones(_AROUND, np.uint8)).astype(np.float32)
    floor = np.float32(PARAMETERS.faintest_line)
    if canvas.ringing >= PARAMETERS.ringing:  # a sharp edge throws ripples as far as the blocks of a JPEG reach
        blocks = np.ones((int(_BLOCK * max(1.0, canvas.scale)) | 1,) * 2, np.uint8)
        floor = 8 + PARAMETERS.ripple * cv2.dilate(contrast, blocks).astype(np.float32)
    return ((visible > floor) & (visible > PARAMETERS.line_core * around) & ~shadows(canvas, bare)).astype(np.uint8)


def _free_texts(canvas: Canvas, owners: NDArray[np.int32], lanes: Lanes, marked: NDArray[np.uint8]) -> list[Text]:
    cv2 = opencv()
    taken = {id(text) for text in lanes.texts}
    _, labels, stats, centres = cv2.connectedComponentsWithStats(marked, connectivity=8)
    free: list[Text] = []
    dashes, drawn = _dashes(canvas, labels, stats, centres), (owners > 0) | (marked > 0)
    for text in canvas.texts:
        titled = id(text) in taken or any(title.holds(text.cx, text.cy) for title in lanes.titles)
        if titled or owners[int(text.cy), int(text.cx)]:
            continue
        words = [word for word in text.words if not _is_head(piece([word], canvas.scale), labels, stats, canvas.unit)]
        if len(words) == 1 and _in_row(piece(words, canvas.scale), dashes, drawn, canvas.unit):
            continue
        if words:
            free.append(text if len(words) == len(text.words) else piece(words, canvas.scale))
    return free


def _dashes(canvas: Canvas, labels: NDArray[np.int32], stats: NDArray[Any], centres: NDArray[Any]) -> NDArray[Any]:
    """float, shape (n, 2): the middles (x, y) of small marks that belong to no word of several letters."""
    small = np.maximum(stats[:, 2], stats[:, 3]) < PARAMETERS.dash * canvas.unit
    small[0] = False
    for text in canvas.texts:
        if len(text.text) > 1:
            part = labels[max(0, int(text.y0)) : int(text.y1) + 1, max(0, int(text.x0)) : int(text.x1) + 1]
            small[np.unique(part)] = False
    return centres[small]


def _in_row(word: Text, dashes: NDArray[Any], drawn: NDArray[np.bool_], unit: float) -> bool:
    """Whether what was read as a letter is a dash, in line with others or between dashes and what they lead to."""
    if len(word.text) > 1 or word.text not in _GLYPHS_OF_DASHES or not len(dashes):
        return False
    size = max(word.width, word.height)
    own = dashes[np.hypot(*(dashes - (word.cx, word.cy)).T).argmin()]
    centre = own if float(np.hypot(*(own - (word.cx, word.cy)))) < 0.5 * size else np.array([word.cx, word.cy])
    away = dashes - centre
    distance = np.hypot(away[:, 0], away[:, 1])
    beside = (distance < PARAMETERS.dashes_around * unit) & (distance > PARAMETERS.own_dash * size)
    ways = away[beside] / distance[beside][:, None]
    for way, far in zip(ways, distance[beside], strict=True):
        along = ways @ way
        if far > PARAMETERS.next_dash * unit or (along > PARAMETERS.dashes_in_line).sum() < 2:
            continue
        steps = np.linspace(0.5 * size + 2, 0.5 * size + PARAMETERS.dash_gap * unit, 16)
        xs, ys = np.rint(centre[:, None] - way[:, None] * steps).astype(int)
        leads = word.text in _STROKES or (along < -PARAMETERS.dashes_in_line).any()
        if leads or _meets(drawn, xs, ys):
            return True
    return False


def _meets(drawn: NDArray[Any], xs: NDArray[Any], ys: NDArray[Any]) -> bool:
    """Whether there is ink at any of the points."""
    inside = (xs >= 0) & (xs < drawn.shape[1]) & (ys >= 0) & (ys < drawn.shape[0])
    return bool(drawn[ys[inside], xs[inside]].any())


def _is_head(word: Text, labels: NDArray[np.int32], stats: NDArray[Any], unit: float) -> bool:
    """Whether a word is none: a head or a piece of line that was read as a letter or a dash."""
    said = word.text.strip("-–—_|.:'`·•~=")
    if not any(character.isalnum() for character in said):
        return True
    alike = said in _GLYPHS_OF_HEADS or not said.isascii()  # a head on a line may be read as 中
    return len(said) < 2 and alike and _attached(word, labels, stats, unit)


def _attached(text: Text, labels: NDArray[np.int32], stats: NDArray[Any], unit: float) -> bool:
    """Whether what was read as a letter is part of something larger: a head read as "A" or "V"."""
    x0, y0, x1, y1 = int(text.x0), int(text.y0), int(text.x1) + 1, int(text.y1) + 1
    part = labels[y0:y1, x0:x1]
    for n in np.unique(part[part > 0]):
        left, top, wide, high, _ = stats[n]
        beyond = max(x0 - left, y0 - top, left + wide - x1, top + high - y1)
        if beyond > PARAMETERS.attached * unit:
            return True
    return not (part > 0).any()


def _words(marked: NDArray[np.uint8], texts: Sequence[Text], canvas: Canvas) -> NDArray[np.uint8]:
    """The pixels of words: letters that lie in the box of their word; the whole box where a line runs through it."""
    cv2 = opencv()
    height, width = canvas.size
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    words = np.zeros((height, width), np.uint8)
    run = int(PARAMETERS.straight_run * canvas.unit)
    straight = cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    straight |= cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones((run, 1), np.uint8))
    for text in texts:
        x0, y0 = int(max(0, text.x0 - 2)), int(max(0, text.y0 - 2))
        x1, y1 = int(min(width, text.x1 + 3)), int(min(height, text.y1 + 3))
        part = labels[y0:y1, x0:x1]
        other = part > 0
        for n in np.unique(part[other]):
            left, top, wide, high, _ = stats[n]
            if left >= x0 - 1 and top >= y0 - 1 and left + wide <= x1 + 1 and top + high <= y1 + 1:
                whole = labels[top : top + high, left : left + wide] == n
                words[top : top + high, left : left + wide][whole] = 1
                other &= part != n
        edge = 2 + int(PARAMETERS.brushed * min(text.width, text.height))  # a line that only brushes the word stays
        if other[edge:-edge, edge:-edge].sum() > PARAMETERS.crossed * canvas.unit * canvas.unit:
            inside = slice(int(text.y0), int(text.y1) + 1), slice(int(text.x0), int(text.x1) + 1)
            words[inside] |= 1 - straight[inside]
    return words


def _plates(
    canvas: Canvas, bare: NDArray[np.int16], owners: NDArray[np.int32], texts: Sequence[Text]
) -> Iterator[tuple[int, int, int, int]]:
    """The boxes that are painted behind words, too small to be regions of their own: x0, y0, x1, y1."""
    height, width = canvas.size
    around = int(canvas.unit)
    for text in texts:
        x0, y0 = int(max(0, text.x0 - around)), int(max(0, text.y0 - around))
        x1, y1 = int(min(width, text.x1 + around)), int(min(height, text.y1 + around))
        part = canvas.pixels[y0:y1, x0:x1].astype(np.int16)
        left, top, right, bottom = int(text.x0) - x0, int(text.y0) - y0, int(text.x1) - x0 + 1, int(text.y1) - y0 + 1
        inside = slice(max(0, top), bottom), slice(max(0, left), right)
        rim = int(PARAMETERS.plate_rim * canvas.unit)  # letters fill the boxes of short words
        wider = slice(max(0, top - rim), bottom + rim), slice(max(0, left - rim), right + rim)
        paper = np.median(bare[y0:y1, x0:x1][inside].reshape(-1, 3), axis=0)
        flat = canvas.change[y0:y1, x0:x1] < PARAMETERS.flat  # not the soft edges of letters and lines
        flat &= owners[y0:y1, x0:x1] == 0
        colour = _plate_colour(part[wider][flat[wider]], paper, PARAMETERS.plate_share * flat[wider].size)
        if colour is None:
            continue
        painted = (flat & (largest(np.abs(part - colour)) <= PARAMETERS.same_paint)).astype(np.uint8)
        painted[inside] = 1
        _, labels, stats, _ = opencv().connectedComponentsWithStats(painted, connectivity=4)
        plate = stats[labels[min(part.shape[0] - 1, (top + bottom) // 2), min(part.shape[1] - 1, (left + right) // 2)]]
        if plate[2] < x1 - x0 - 2 and plate[3] < y1 - y0 - 2:  # a patch around the word, not ground that goes on
            x, y = x0 + int(plate[0]), y0 + int(plate[1])
            yield max(0, x - 4), max(0, y - 4), x + int(plate[2]) + 4, y + int(plate[3]) + 4


def _plate_colour(colours: NDArray[np.int16], paper: NDArray[Any], least: float) -> NDArray[Any] | None:
    """The colour behind the letters of a word, by the flat pixels in its box; None where it is the paper's or rare."""
    other = colours[np.abs(colours - paper).max(axis=1) >= 8]
    if len(other) < least:
        return None
    first = commonest(other)[0]
    rest = other[np.abs(other - first).max(axis=1) > 8]
    if len(rest) < least:
        return first if np.abs(first - paper).max() < 100 else None  # else it is the inside of bold letters
    second = commonest(rest)[0]
    return min((first, second), key=lambda colour: float(np.abs(colour - paper).max()))


def _blots(lines: NDArray[np.uint8], unit: float) -> NDArray[Any]:
    _, _, stats, centres = opencv().connectedComponentsWithStats(lines, connectivity=8)
    low, high = np.minimum(stats[:, 2], stats[:, 3]), np.maximum(stats[:, 2], stats[:, 3])
    fat = (low > PARAMETERS.blot_breadth * unit) & (high < PARAMETERS.largest_head * unit)
    fat[0] = False
    return centres[fat][:, ::-1]


def _join_dots(lines: NDArray[np.uint8], barred: NDArray[np.uint8], unit: float) -> NDArray[np.uint8]:
    """Join small pieces that follow each other closely in a row: the dots and dashes of one line."""
    cv2 = opencv()
    _, labels, stats, centres = cv2.connectedComponentsWithStats(lines, connectivity=8)
    longest = np.maximum(stats[:, 2], stats[:, 3])
    small = (longest < PARAMETERS.dash * unit) & (stats[:, 4] >= 2)
    small[0] = False
    joined = np.zeros_like(lines)
    places, lengths = centres[small], longest[small].astype(float)
    if not 3 <= len(places) <= _MOST_DOTS:
        return joined
    beside = [_neighbours(n, places, lengths, PARAMETERS.dash_gap * unit) for n in range(len(places))]
    links = [(n, m) for n, found in enumerate(beside) for m in found if n < m and n in beside[m]]
    union = require("networkx", extra=EXTRA, feature="Tracing connectors").utils.UnionFind(range(len(places)))
    for n, m in links:
        union.union(n, m)
    row = [int(union[n]) for n in range(len(places))]
    large = barred | (lines & ~small[labels].astype(np.uint8))
    counts = np.bincount(row)
    kept = {n for n in np.flatnonzero(counts >= 3).tolist() if counts[n] > 3 or _between(places, row, n, large)}
    depth = cv2.distanceTransform(lines, cv2.DIST_L2, 5)
    inside = small[labels] & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)))
    thick = max(2, round(2 * float(np.median(depth[inside])) - 1))
    for n, m in links:
        if row[n] in kept:
            ends = [(round(float(x)), round(float(y))) for x, y in (places[n], places[m])]
            cv2.line(joined, ends[0], ends[1], 1, min(thick, max(2, int(PARAMETERS.dash_breadth * unit))))
    joined[barred > 0] = 0
    return joined


def _between(places: NDArray[Any], row: Sequence[int], number: int, large: NDArray[np.uint8]) -> bool:
    """Whether three dots are in line, evenly, between a shape, a word or a head and another."""
    dots = places[np.array(row) == number]
    dots = dots[np.argsort(dots[:, int(np.ptp(dots, axis=0).argmax())])]
    first, second = dots[1] - dots[0], dots[2] - dots[1]
    gap = float(np.hypot(*first))
    if float(np.hypot(*(second - first))) > PARAMETERS.even * gap:
        return False
    for end, step in ((dots[0], -first), (dots[2], second)):
        xs, ys = np.rint(end[:, None] + step[:, None] * np.linspace(0, PARAMETERS.beyond_dots, _PROBES)).astype(int)
        if not _meets(large, xs, ys):
            return False
    return True


def _neighbours(n: int, places: NDArray[Any], lengths: NDArray[Any], gap: float) -> list[int]:
    """The nearest piece within reach and the nearest on the other side."""
    away = places - places[n]
    distance = np.hypot(away[:, 0], away[:, 1])
    near = [
        int(m) for m in np.argsort(distance)[1 : 1 + _NEAREST] if distance[m] <= (lengths[n] + lengths[m]) / 2 + gap
    ]
    if not near:
        return []
    first = near[0]
    ahead = away[first] / max(1e-6, float(distance[first]))
    second = next((m for m in near[1:] if float(away[m] @ ahead) < -PARAMETERS.opposite * float(distance[m])), None)
    return [first] if second is None else [first, second]


def _fill_holes(lines: NDArray[np.uint8], owners: NDArray[np.int32], unit: float) -> None:
    """Fill hollow heads, also where the shape they point at closes them."""
    cv2 = opencv()
    blocked = lines | cv2.dilate((owners > 0).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=3)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - blocked, connectivity=4)
    small = [
        n
        for n in range(1, count)
        if stats[n, 4] < PARAMETERS.hole_area * unit * unit and max(stats[n, 2:4]) < PARAMETERS.hole * unit
    ]
    if small:
        lines[np.isin(labels, small)] = 1


def _drop_specks(lines: NDArray[np.uint8], unit: float) -> None:
    cv2 = opencv()
    _, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    speck = (np.maximum(stats[:, 2], stats[:, 3]) < PARAMETERS.speck * unit) & (
        stats[:, 4] < PARAMETERS.speck_area * unit * unit
    )
    speck[0] = False
    lines[speck[labels]] = 0
