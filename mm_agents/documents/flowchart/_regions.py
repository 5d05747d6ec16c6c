"""Flat regions of the canvas: the insides of shapes, lanes and frames, and the paper around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv
from mm_agents.documents.flowchart._canvas import Canvas, Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_COLOUR = 16
"""Regions that differ by fewer levels than this in every channel are painted alike."""


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
        texts: pieces of text that stand in it, and in no region within it.
        inner: shapes that lie in it.
        rim: how far its border reaches to either side of the contour, in pixels; 0 where that was not measured.
        lidded: whether it is a cylinder with its lid.
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
    inner: list[Region] = field(default_factory=list["Region"])
    rim: int = 0
    lidded: bool = False

    @property
    def cx(self) -> float:
        """The middle from left to right."""
        return self.x + self.width / 2

    @property
    def cy(self) -> float:
        """The middle from top to bottom."""
        return self.y + self.height / 2

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies within the outer rim."""
        if not (self.x <= x < self.x + self.width and self.y <= y < self.y + self.height):
            return False
        return opencv().pointPolygonTest(self.contour, (float(x), float(y)), False) >= 0

    def mask(self, margin: int = 0) -> NDArray[np.uint8]:
        """uint8, shape (height + 2 * margin, width + 2 * margin): 1 within the outer rim."""
        drawn = np.zeros((self.height + 2 * margin, self.width + 2 * margin), np.uint8)
        shifted = self.contour - np.array([self.x - margin, self.y - margin], np.int32)
        opencv().drawContours(drawn, [shifted], -1, 1, -1)
        return drawn

    def like(self, other: NDArray[Any], levels: float = SAME_COLOUR) -> bool:
        """Whether it is painted in about that colour."""
        return bool(np.abs(self.colour - other).max() < levels)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """The regions of a canvas.

    Attributes:
        paper: the region around the drawing.
        regions: the others, the largest first.
        flatness: how much of the canvas is flat, 0 to 1.
    """

    paper: Region
    regions: list[Region]
    flatness: float


def flat_limit(canvas: Canvas) -> float:
    """The change between neighbours from which on a pixel is not flat."""
    return 14 if canvas.ringing < 1.5 else min(14 + 3 * canvas.ringing, 26)


def find_regions(canvas: Canvas) -> Ground | None:
    """Divide a canvas into flat regions; None where nothing is flat."""
    cv2 = opencv()
    flat = (canvas.change < flat_limit(canvas)).astype(np.uint8)
    flatness = float(flat.mean())
    _wipe_glyphs(flat, canvas.texts)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    least = max(60.0, canvas.unit * canvas.unit)
    wanted = [n for n in range(1, count) if stats[n, 4] >= 0.3 * least]
    wanted = _join_halves(labels, stats, wanted, canvas)
    left = np.bincount(labels.ravel(), minlength=count)  # none of those that were joined to others
    found = [_region(canvas, labels, n, stats[n]) for n in wanted if left[n]]
    regions = sorted((region for region in found if region.filled >= least), key=lambda region: -region.area)
    if not regions:
        return None
    paper = next((region for region in regions if region.x <= 2 and region.y <= 2), regions[0])
    return Ground(paper=paper, regions=[region for region in regions if region is not paper], flatness=flatness)


def _wipe_glyphs(flat: NDArray[np.uint8], texts: Iterable[Text]) -> None:
    """Take the edges of letters for flat, so that words do not divide the shape they stand in."""
    cv2 = opencv()
    height, width = flat.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - flat, connectivity=8)
    for text in texts:
        margin = 0.15 * min(text.width, text.height) + 1
        x0, y0 = int(max(0, text.x0 - margin)), int(max(0, text.y0 - margin))
        x1, y1 = int(min(width, text.x1 + margin)) + 1, int(min(height, text.y1 + margin)) + 1
        part = labels[y0:y1, x0:x1]
        for n in np.unique(part[part > 0]):
            left, top, wide, high, _ = stats[n]
            if left >= x0 and top >= y0 and left + wide <= x1 and top + high <= y1:
                flat[y0:y1, x0:x1][part == n] = 1


def _region(canvas: Canvas, labels: NDArray[np.int32], n: int, stat: NDArray[np.int32]) -> Region:
    cv2 = opencv()
    x, y, width, height, area = (int(value) for value in stat)
    mask = (labels[y : y + height, x : x + width] == n).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea)
    filled = float(cv2.contourArea(contour))
    hull = float(cv2.contourArea(cv2.convexHull(contour)))
    step = max(1, int((area / 20_000) ** 0.5))
    pixels = canvas.pixels[y : y + height : step, x : x + width : step][mask[::step, ::step] > 0]
    if not len(pixels):
        pixels = canvas.pixels[y : y + height, x : x + width][mask > 0]
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
        if solidity < 0.9 or text.width < 0.45 * (x1 - x0):
            continue
        part[mask > 0] = one
        stats[one] = (x0, y0, x1 - x0, y1 - y0, int(mask.sum()))
        kept.remove(two)
    return kept


def _beside(labels: NDArray[np.int32], text: Text, unit: float) -> tuple[int, int]:
    """The regions just over and just under a line of text, or on its two sides where it is turned."""
    height, width = labels.shape
    x0, x1, y0, y1 = int(text.x0), int(text.x1) + 1, int(text.y0), int(text.y1) + 1
    band = max(3, int(0.25 * unit))
    if text.turned:
        parts = (labels[y0:y1, max(0, x0 - band) : x0], labels[y0:y1, x1 : min(width, x1 + band)])
    else:
        parts = (labels[max(0, y0 - band) : y0, x0:x1], labels[y1 : min(height, y1 + band), x0:x1])
    return _main(parts[0]), _main(parts[1])


def _main(part: NDArray[np.int32]) -> int:
    values, counts = np.unique(part[part > 0], return_counts=True)
    return int(values[counts.argmax()]) if len(values) else 0


def _colour(canvas: Canvas, labels: NDArray[np.int32], stats: NDArray[np.int32], n: int) -> NDArray[Any]:
    x, y, width, height, _ = (int(value) for value in stats[n])
    part = labels[y : y + height, x : x + width] == n
    return np.median(canvas.pixels[y : y + height, x : x + width][part], axis=0)
