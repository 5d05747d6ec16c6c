"""Shapes whose inside is not one flat region: outlines with gaps, as drawn by hand, hatched insides, and symbols.

A symbol is a small circle or diamond: a start, an end, a merge, or a gateway or event with a mark in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.vision.canvas import Canvas, Text, largest
from mm_agents.documents.flowchart.vision.regions import Ground, Region, classify
from mm_agents.documents.opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_GROUNDS = 6  # colours that are taken for grounds
_STEP = 2  # masks have half the size of the canvas: a quarter of the work
_PAIR = np.ones((_STEP, _STEP), np.uint8)


def with_open_shapes(canvas: Canvas, ground: Ground) -> Ground:
    """The ground with the shapes around words that no region of it holds as a shape does, without their splinters."""
    lost = [text for text in canvas.texts if not _has_home(text, ground.regions)]
    found: list[Region] = []
    for mask in chain(_painted(canvas, ground), _closed_outlines(ground, canvas.unit)):
        if not lost:
            break
        for region in _around(canvas, mask, lost, -1000 - len(found)):
            found.append(region)
            lost = [text for text in lost if not region.holds(text.cx, text.cy)]
    kept = [region for region in ground.regions if not any(_splits(region, shape) for shape in found)]
    return replace(ground, regions=[*kept, *found])


def with_symbols(canvas: Canvas, ground: Ground) -> Ground:
    """The ground with symbols as whole regions, whatever is drawn in them, without what their marks cut off."""
    plain = [symbol for region in ground.regions if (symbol := _symbol(canvas, region))]
    blobs = [symbol for region in _blobs(canvas, ground) if (symbol := _symbol(canvas, region))]
    found = plain + [blob for blob in blobs if not any(_same(blob, symbol) for symbol in plain)]
    labels = {symbol.label for symbol in found}
    others = [region for region in ground.regions if region.label not in labels]
    kept = [region for region in others if not any(_splits(region, symbol) for symbol in found)]
    return replace(ground, regions=[*kept, *found])


def _same(blob: Region, symbol: Region) -> bool:
    """Whether a blob is a symbol whose inside is flat, with its shadow."""
    return blob.symbol == symbol.symbol and blob.holds(symbol.cx, symbol.cy)


def _blobs(canvas: Canvas, ground: Ground) -> Iterator[Region]:
    """What is left of the drawing without wide surfaces, lines and heads: large enough to hold a mark."""
    cv2 = opencv()
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ground.flat, connectivity=4)
    small = stats[:, 2:4].max(axis=1) <= PARAMETERS.largest_symbol * canvas.unit
    small[0] = True
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (round(PARAMETERS.thin * canvas.unit) | 1,) * 2)
    blobs = cv2.morphologyEx(small[labels].astype(np.uint8), cv2.MORPH_OPEN, disc)
    contours, _ = cv2.findContours(blobs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for number, contour in enumerate(contours):
        hull, around = cv2.convexHull(contour), cv2.minAreaRect(contour)
        if cv2.contourArea(hull) > PARAMETERS.convex * around[1][0] * around[1][1]:  # a diamond with blunt tips
            hull = cv2.boxPoints(around).round().astype(np.int32)[:, None]
        region = _of_hull(canvas, hull, -2000 - number)
        if min(region.width, region.height) > PARAMETERS.smallest_marked * canvas.unit:
            yield replace(region, solidity=cv2.contourArea(contour) / max(1.0, region.filled))


def _symbol(canvas: Canvas, region: Region) -> Region | None:
    """A region as a symbol; None where it is none."""
    low, high = sorted((region.width, region.height))
    few, most = PARAMETERS.smallest_symbol * canvas.unit, PARAMETERS.largest_symbol * canvas.unit
    if not few <= low <= high < min(PARAMETERS.flatness * low, most) or region.solidity < PARAMETERS.convex:
        return None
    shape, fit = classify(region.mask())
    written = any(region.holds(text.cx, text.cy) and text.width > region.width for text in canvas.texts)
    if shape not in ("circle", "diamond") or fit < PARAMETERS.symbol_fit or written:
        return None
    return replace(region, symbol=shape, marked=_is_marked(canvas, region), texts=[])


def _is_marked(canvas: Canvas, region: Region) -> bool:
    """Whether something is drawn well inside a symbol."""
    rim = np.ones((3, 3), np.uint8)
    inside = opencv().erode(region.mask(1), rim, iterations=round(PARAMETERS.symbol_rim * canvas.unit))[1:-1, 1:-1]
    part = canvas.change[region.y : region.y + region.height, region.x : region.x + region.width]
    return bool((part[inside > 0] > PARAMETERS.sharp).any())


def _splits(region: Region, shape: Region) -> bool:
    return region.filled < shape.filled and shape.holds(region.cx, region.cy)


def _has_home(text: Text, known: Sequence[Region]) -> bool:
    holding = [region for region in known if region.holds(text.cx, text.cy)]
    home = min(holding, key=lambda region: region.filled, default=None)
    if home is None or home.filled > PARAMETERS.roomy * max(text.width, text.height) ** 2:
        return False
    x0, y0, x1, y1 = home.box
    around = x0 <= text.x0 and y0 <= text.y0 and text.x1 <= x1 and text.y1 <= y1  # only letters dent it
    return home.solidity > (PARAMETERS.least_dented if around else PARAMETERS.solid)


def _together(texts: Sequence[Text], unit: float) -> bool:
    """Whether texts follow each other as the lines of one text do."""
    lines = sorted(texts, key=lambda text: text.y0)
    return all(after.y0 - before.y1 < PARAMETERS.apart * unit for before, after in pairwise(lines))


def _closed_outlines(ground: Ground, unit: float) -> Iterator[NDArray[np.uint8]]:
    """What is flat away from all strokes, so that the gaps of outlines close, widened again; wider gaps come later."""
    cv2 = opencv()
    flat = cv2.erode(ground.flat, _PAIR)[::_STEP, ::_STEP]
    height, width = flat.shape
    for times in (1, 2, 4):
        disc = _disc(times * PARAMETERS.outline_gap * unit / 2)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.erode(flat, disc), connectivity=4)
        open_ended = (stats[:, 0] <= 2) | (stats[:, 1] <= 2) | (stats[:, 0] + stats[:, 2] >= width - 2)
        open_ended |= stats[:, 1] + stats[:, 3] >= height - 2
        open_ended[0] = True
        yield cv2.dilate((~open_ended[labels]).astype(np.uint8), disc)


def _painted(canvas: Canvas, ground: Ground) -> Iterator[NDArray[np.uint8]]:
    """Surfaces that differ from paper and large grounds, then with the gaps between hatching strokes closed."""
    cv2 = opencv()
    colours = [ground.paper.colour]
    colours += [region.colour for region in ground.regions if region.filled > PARAMETERS.wide_ground * canvas.unit**2]
    pixels = canvas.pixels[::_STEP, ::_STEP].astype(np.int16)
    away = np.min([largest(np.abs(pixels - colour)) for colour in colours[:_MOST_GROUNDS]], axis=0)
    painted = (away > PARAMETERS.grid_colour).astype(np.uint8)
    thin = _disc(PARAMETERS.hatched * canvas.unit / 2)
    yield cv2.morphologyEx(painted, cv2.MORPH_OPEN, thin)
    for times in (1, 2):
        gaps = _disc(times * PARAMETERS.hatching * canvas.unit / 2)
        dense = cv2.morphologyEx(painted, cv2.MORPH_CLOSE, gaps)
        yield cv2.morphologyEx(dense, cv2.MORPH_OPEN, thin)


def _disc(radius: float) -> NDArray[np.uint8]:
    """A disc of a radius in pixels of the canvas, for masks at half its size."""
    size = 2 * max(1, round(radius / _STEP)) + 1
    return opencv().getStructuringElement(opencv().MORPH_ELLIPSE, (size, size))


def _around(canvas: Canvas, mask: NDArray[np.uint8], lost: Sequence[Text], label: int) -> Iterator[Region]:
    """The surfaces of a mask that hold lost words in their middle, as regions with these labels downwards."""
    cv2 = opencv()
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in (_STEP * contour for contour in contours):
        x, y, width, height = cv2.boundingRect(contour)
        texts = [text for text in lost if cv2.pointPolygonTest(contour, (text.cx, text.cy), False) >= 0]
        if not texts or not _together(texts, canvas.unit):
            continue
        filled = float(cv2.contourArea(contour))
        hull = cv2.convexHull(contour)
        solidity = filled / max(1.0, float(cv2.contourArea(hull)))
        x0, x1 = min(text.x0 for text in texts), max(text.x1 for text in texts)
        y0, y1 = min(text.y0 for text in texts), max(text.y1 for text in texts)
        room = min(x0 - x, x + width - x1), min(y0 - y, y + height - y1)
        off = abs((x0 + x1) / 2 - x - width / 2), abs((y0 + y1) / 2 - y - height / 2)
        centred = off[0] <= PARAMETERS.off_centre_across * width and off[1] <= PARAMETERS.off_centre * height
        if solidity < PARAMETERS.convex or min(room) < PARAMETERS.outline_room * canvas.unit or not centred:
            continue
        yield _of_hull(canvas, hull, label)
        label -= 1


def _of_hull(canvas: Canvas, hull: NDArray[np.int32], label: int) -> Region:
    """The region that a convex outline encloses."""
    cv2 = opencv()
    x, y, width, height = cv2.boundingRect(hull)
    inside = np.zeros((height, width), np.uint8)
    cv2.drawContours(inside, [hull - np.array([x, y], np.int32)], -1, 1, -1)
    pixels = canvas.pixels[y : y + height, x : x + width][inside > 0]
    return Region(
        label=label,
        x=x,
        y=y,
        width=width,
        height=height,
        area=int(inside.sum()),
        filled=float(cv2.contourArea(hull)),
        solidity=1.0,
        contour=hull.astype(np.int32),
        colour=np.median(pixels, axis=0),
    )
