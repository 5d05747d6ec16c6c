"""Which words label which connector, and words that the first OCR pass missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text
from mm_agents.documents.flowchart.vision.connector_mask import Ink
from mm_agents.documents.flowchart.vision.layout import Block
from mm_agents.documents.flowchart.vision.skeleton_graph import End, Shapes, SkeletonGraph
from mm_agents.documents.flowchart.vision.tracing import Route
from mm_agents.documents.opencv import EXTRA, opencv
from mm_agents.documents.pages import Page
from mm_agents.types import Box, Image, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray

_NEVER = 1e6


@dataclass(frozen=True, kw_only=True, eq=False)
class Label:
    """Lines of text that belong together, and their box on the canvas: x0, y0, x1, y1."""

    texts: tuple[Text, ...]
    box: tuple[float, float, float, float]

    @property
    def text(self) -> str:
        """What it says, without the dashes that a line through it was read as."""
        return " ".join(text.text for text in self.texts).strip("-–—_|~ ")


def group(texts: Sequence[Text], unit: float) -> list[Label]:
    """Put lines of text together that stand under each other."""
    groups: list[list[Text]] = []
    for text in sorted(texts, key=lambda text: text.y0):
        above = next((lines for lines in groups if _follows(lines[-1], text, unit)), None)
        if above is None:
            groups.append([text])
        else:
            above.append(text)
    return [
        Label(
            texts=tuple(lines),
            box=(
                min(text.x0 for text in lines),
                min(text.y0 for text in lines),
                max(text.x1 for text in lines),
                max(text.y1 for text in lines),
            ),
        )
        for lines in groups
    ]


def _follows(above: Text, text: Text, unit: float) -> bool:
    if above.turned or text.turned:
        return False
    overlap = min(above.x1, text.x1) - max(above.x0, text.x0)
    gap = text.y0 - above.y1
    aligned = abs(above.x0 - text.x0) < PARAMETERS.aligned * unit or abs(above.cx - text.cx) < unit
    return (
        aligned
        and overlap > 0.5 * min(above.width, text.width)
        and -PARAMETERS.line_overlap * unit < gap < PARAMETERS.line_spacing * unit
    )


def name_symbols(labels: Sequence[Label], routes: Sequence[Route], blocks: Sequence[Block], unit: float) -> list[Label]:
    """Give labels just below or above a circle or diamond without words to it, as its name; the other labels.

    A label that a connector runs through or along is the connector's.
    """
    rest: list[Label] = []
    named: set[int] = set()
    for label in labels:
        x0, y0, x1, y1 = label.box
        near: list[tuple[float, int]] = []
        for n, block in enumerate(blocks):
            left, top, right, bottom = block.box
            apart = max(y0 - bottom, top - y1)
            centred = abs(x0 + x1 - left - right) / 2 < PARAMETERS.name_off * unit
            wordless = block.shape in ("circle", "diamond") and not block.region.texts and n not in named
            if wordless and centred and -unit / 2 < apart < PARAMETERS.name_reach * unit:
                near.append((apart, n))
        if near and label.text and not any(_runs_by(route, label, unit) for route in routes):
            nearest = min(near)[1]
            named.add(nearest)
            blocks[nearest].region.texts.extend(label.texts)
        else:
            rest.append(label)
    return rest


def _runs_by(route: Route, label: Label, unit: float) -> bool:
    x0, y0, x1, y1 = label.box
    room = PARAMETERS.name_free * unit
    y, x = route.points[:, 0], route.points[:, 1]
    return bool(((x > x0 - room) & (x < x1 + room) & (y > y0) & (y < y1)).any())


def share_labels(
    labels: Sequence[Label], routes: Sequence[Route], web: SkeletonGraph, blocks: Sequence[Block], unit: float
) -> tuple[dict[int, Label], list[Label]]:
    """Give each label to a connector, so that all of them together lie as near as they can.

    Returns:
        The label of each route by its index, and those that belong to none.
    """
    if not labels or not routes:
        return {}, list(labels)
    owned = _own(routes, web)
    costs = np.array([[_cost(label, route, own, web, blocks, unit) for route, own in owned] for label in labels])
    optimize = require("scipy.optimize", extra=EXTRA, feature="Giving labels to connectors")
    rows, columns = optimize.linear_sum_assignment(costs)
    shared: dict[int, Label] = {}
    given: set[int] = set()
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if costs[row, column] < _NEVER:
            shared[column] = labels[row]
            given.add(row)
    return shared, [label for n, label in enumerate(labels) if n not in given]


def _own(routes: Sequence[Route], web: SkeletonGraph) -> list[tuple[Route, NDArray[Any]]]:
    """Each route with the points that no other runs over; with all of its points where there are none."""
    count = Counter(number for route in routes for number in set(route.strokes))
    found: list[tuple[Route, NDArray[Any]]] = []
    for route in routes:
        parts = [web.strokes[number].points for number in route.strokes if count[number] == 1]
        found.append((route, np.concatenate(parts) if parts else route.points))
    return found


def _cost(
    label: Label, route: Route, own: NDArray[Any], web: SkeletonGraph, blocks: Sequence[Block], unit: float
) -> float:
    """How far a label lies from a connector, in pixels, with what makes it likelier or less so."""
    x0, y0, x1, y1 = label.box
    across = np.maximum(np.maximum(x0 - own[:, 1], own[:, 1] - x1), 0)
    along = np.maximum(np.maximum(y0 - own[:, 0], own[:, 0] - y1), 0)
    distance = np.hypot(across, along)
    least = float(distance.min())
    if least > PARAMETERS.label_reach * unit:
        return _NEVER
    through = any(web.strokes[number].through in label.texts for number in route.strokes)
    centre = np.hypot(own[:, 1] - (x0 + x1) / 2, own[:, 0] - (y0 + y1) / 2)
    cost = 0.0 if through else least + PARAMETERS.to_middle * float(centre.min())
    source = blocks[route.start.shape - 1]
    if source.shape not in ("diamond", "hexagon"):
        cost += PARAMETERS.off_decision * unit * (PARAMETERS.off_decision_through if through else 1.0)
    return cost


_MOST_PLACES = 24
_GAP = 30  # pixels of paper between the places
_ROW = 1600  # pixels: how wide a row of places gets

Spot = tuple[float, float, float, float]
"""A place on the canvas: x0, y0, x1, y1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tile:
    """A place in the picture that is read: where it lies there, and where on the straight page."""

    left: int
    top: int
    width: int
    height: int
    x: float
    y: float
    scale: float


def suspicious(
    canvas: Canvas, blocks: Sequence[Block], ink: Ink, shapes: Shapes, web: SkeletonGraph, ties: dict[End, int]
) -> list[Spot]:
    """Where words may have been missed: marks in shapes that no word covers, and where lines end or tangle or blot."""
    unit = canvas.unit
    spots = [spot for block in blocks for spot in _unread(canvas, block)]
    loose = [web.places[node] for node in web.loose() if web.ends[node][0] not in ties]
    places = np.array([place for node, place in web.places.items() if web.ends[node]]).reshape(-1, 2)
    for place in places:
        if (np.abs(places - place).max(axis=1) < unit).sum() >= 4:
            loose.append(place)
    loose += [blot for blot in ink.blots if shapes.near(blot)[1] > PARAMETERS.blot_away * unit]
    reach = PARAMETERS.look_height * unit
    for y, x in loose:
        if not any(spot[0] + unit < x < spot[2] - unit and spot[1] + unit < y < spot[3] - unit for spot in spots):
            spots.append((x - 3 * unit, y - reach, x + 3 * unit, y + reach))
    return spots[:_MOST_PLACES]


def _unread(canvas: Canvas, block: Block) -> list[Spot]:
    """Boxes of what looks like rows of letters in a shape beside the words that were read in it."""
    cv2 = opencv()
    unit, region = canvas.unit, block.region
    rim = max(3, int(PARAMETERS.marks_rim * unit))
    inside = cv2.erode(region.mask(1), np.ones((3, 3), np.uint8), iterations=rim)[1:-1, 1:-1]
    part = canvas.change[region.y : region.y + region.height, region.x : region.x + region.width]
    marks = ((part > PARAMETERS.sharp) & (inside > 0)).astype(np.uint8)
    margin = PARAMETERS.letter_margin * unit
    for text in block.region.texts:
        x0, y0 = int(max(0, text.x0 - margin - region.x)), int(max(0, text.y0 - margin - region.y))
        marks[y0 : int(text.y1 + margin - region.y), x0 : int(text.x1 + margin - region.x)] = 0
    reach = int(PARAMETERS.letter_gap * unit) | 1
    rows = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((3, reach), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(rows, connectivity=8)
    margin = PARAMETERS.letter_gap * unit
    return [
        (region.x + x - margin, region.y + y - margin, region.x + x + width + margin, region.y + y + height + margin)
        for x, y, width, height, _ in stats[1:].tolist()
        if PARAMETERS.letter_height * unit < height < 3 * unit
    ]


def look_again(page: Page, canvas: Canvas, spots: Sequence[Spot], ocr: Ocr) -> list[Word]:
    """Words at those places that the page does not have yet."""
    if not spots:
        return []
    picture, tiles = _laid_out(page.straight, canvas, spots)
    known = [word.place for word in page.words]
    line = max((word.line for word in page.words), default=-1) + 1
    found: list[Word] = []
    for word in ocr.read(Image(pixels=picture)).words:
        place = _on_page(word.box, tiles)
        letters = sum(character.isalnum() for character in word.text)
        if place is None or word.confidence < PARAMETERS.read_again or letters < 2:
            continue
        if any(_overlap(place, other) > PARAMETERS.overlap for other in known):
            continue
        known.append(place)
        found.append(replace(word, box=page.frame.to_stored(place), place=place, line=line + word.line))
    return found


def _laid_out(straight: ByteArray, canvas: Canvas, spots: Sequence[Spot]) -> tuple[ByteArray, list[_Tile]]:
    """The places enlarged, in rows, on one picture."""
    cv2 = opencv()
    scale = max(1.0, PARAMETERS.readable * canvas.scale / canvas.unit)
    crops: list[tuple[ByteArray, _Tile]] = []
    left, top, row = _GAP, _GAP, 0
    for spot in spots:
        x0, y0 = (round(max(0.0, value)) for value in canvas.to_page(spot[0], spot[1]))
        x1, y1 = canvas.to_page(spot[2], spot[3])
        crop = straight[y0 : round(y1), x0 : round(x1)]
        if not crop.size:
            continue
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        if left + crop.shape[1] > _ROW and left > _GAP:
            left, top, row = _GAP, top + row + _GAP, 0
        tile = _Tile(left=left, top=top, width=crop.shape[1], height=crop.shape[0], x=x0, y=y0, scale=scale)
        crops.append((crop, tile))
        left, row = left + crop.shape[1] + _GAP, max(row, crop.shape[0])
    wide = max((tile.left + tile.width for _, tile in crops), default=0) + _GAP
    picture = np.empty((top + row + _GAP, wide, 3), np.uint8)
    picture[:] = canvas.pixels[0, 0]
    for crop, tile in crops:
        picture[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = crop
    return picture, [tile for _, tile in crops]


def _on_page(box: Box, tiles: Sequence[_Tile]) -> Box | None:
    """A box of the picture that was read as one of the straight page; None between the places."""
    for tile in tiles:
        inside = tile.left <= box.x0 and box.x1 <= tile.left + tile.width
        if inside and tile.top <= (box.y0 + box.y1) / 2 <= tile.top + tile.height:
            left, right = (round(tile.x + (x - tile.left) / tile.scale) for x in (box.x0, box.x1))
            top, bottom = (round(tile.y + (y - tile.top) / tile.scale) for y in (box.y0, box.y1))
            return Box(x0=left, y0=max(0, top), x1=max(left + 1, right), y1=max(top + 1, bottom))
    return None


def _overlap(one: Box, two: Box) -> float:
    """How much of the smaller of two boxes is inside the other."""
    wide = min(one.x1, two.x1) - max(one.x0, two.x0)
    high = min(one.y1, two.y1) - max(one.y0, two.y0)
    if wide <= 0 or high <= 0:
        return 0.0
    smaller = min((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, two))
    return wide * high / smaller
