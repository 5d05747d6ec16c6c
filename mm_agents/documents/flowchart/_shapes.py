"""Which shape an outline is: templates of its own size laid over it, and how much is cut from its corners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mm_agents.documents._opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    "other",
]

_LONG_SIDE = 120  # pixels at which templates are compared
_WORST_FIT = 0.85
_STEP = 0.6  # pixels that the steps of a flat curve are off it
_LEAST_ARCH = 3  # pixels
_ROUND = 0.2146  # what a quarter circle leaves of its square: 1 - pi / 4


def classify(mask: NDArray[np.uint8]) -> tuple[Shape, float]:
    """The shape that fits best, and how well: intersection over union, 0 to 1.

    Args:
        mask: uint8, shape (height, width): 1 within the outline.
    """
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return "other", 0.0
    crop = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    height, width = crop.shape
    small = _reduced(crop)
    best: tuple[Shape, float] = ("other", 0.0)
    for shape, drawn in _templates(small.shape[0], small.shape[1]):
        union = np.logical_or(small, drawn).sum()
        fit = float(np.logical_and(small, drawn).sum() / union) if union else 0.0
        if fit > best[1] + 0.002:
            best = shape, fit
    shape, fit = best
    if shape in ("rectangle", "rounded", "stadium"):
        shape = _by_corners(crop, shape)
    if shape in ("ellipse", "stadium") and 0.88 < width / height < 1.14:
        shape = "circle"
    wavy = _waves(crop)
    if wavy and shape not in ("diamond", "circle", "ellipse", "hexagon", "stadium"):
        return wavy, max(fit, 0.9)
    return (shape, fit) if fit >= _WORST_FIT else ("other", fit)


def _reduced(crop: NDArray[np.uint8]) -> NDArray[np.bool_]:
    height, width = crop.shape
    shrink = min(1.0, _LONG_SIDE / max(height, width))
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    cv2 = opencv()
    return cv2.resize(crop * 255, size, interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR) > 127


def _templates(height: int, width: int) -> Iterator[tuple[Shape, NDArray[np.bool_]]]:
    """Drawn from the plainest: a later one has to fit better."""
    right, bottom = width - 1, height - 1
    yield "rectangle", np.ones((height, width), bool)
    for radius in (0.2, 0.33):
        yield "rounded", _rounded(height, width, radius * min(height, width))
    yield "stadium", _rounded(height, width, 0.5 * min(height, width))
    yield "ellipse", _ellipse(height, width)
    yield "diamond", _polygon(height, width, [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)])
    for slant in (0.2, 0.27, 0.35, 0.6, 0.9, 1.3):  # of the height
        cut = min(0.42, slant * bottom / max(1, right))
        yield "parallelogram", _polygon(height, width, [(cut, 0), (1, 0), (1 - cut, 1), (0, 1)])
        yield "parallelogram", _polygon(height, width, [(0, 0), (1 - cut, 0), (1, 1), (cut, 1)])
        if cut < 0.4:
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
    if side < 4:
        return shape
    corners = [
        crop[:side, :side],
        crop[:side, -side:],
        crop[-side:, :side],
        crop[-side:, -side:],
    ]
    radii = [float((side * side - corner.sum()) / _ROUND) ** 0.5 for corner in corners]
    least, most = min(radii), max(radii)
    if least < max(2.5, 0.035 * min(height, width)):
        # a folded corner: one is cut, the others are not
        return "document" if most > 0.15 * min(height, width) and sorted(radii)[2] < 3 else "rectangle"
    return "stadium" if sorted(radii)[1] > 0.84 * side else "rounded"  # a shadow may fill one corner


def _waves(crop: NDArray[np.uint8]) -> Shape | None:
    """A document has a flat top and a wavy bottom; a cylinder's top and bottom are curved, its sides straight.

    Without its lid a cylinder's top is hollow.
    """
    height, width = crop.shape
    if height < 12 or width < 12:
        return None
    inside = slice(max(1, int(0.06 * width)), width - max(1, int(0.06 * width)))
    top = np.argmax(crop, axis=0)[inside].astype(float)
    bottom = (height - 1 - np.argmax(crop[::-1], axis=0))[inside].astype(float)
    left = np.argmax(crop, axis=1)[height // 3 : 2 * height // 3]
    right = np.argmax(crop[:, ::-1], axis=1)[height // 3 : 2 * height // 3]
    if max(left.max(), right.max()) > max(2, 0.03 * width):
        return None
    x = np.linspace(-1, 1, len(bottom))
    bulge, rest = _parabola(x, bottom)
    lid, lid_rest = _parabola(x, top)
    smooth = all(left < max(0.5 * edge.std(), _STEP) for left, edge in ((rest, bottom), (lid_rest, top)))
    if max(bulge, lid) < -max(1.2, 0.015 * height) and smooth:
        return "cylinder"
    if _straight(crop) and _arched(top, width) and _arched(height - 1 - bottom, width):
        return "cylinder"
    if bottom.std() < max(1.0, 0.025 * height) or top.std() >= max(0.8, 0.02 * height):
        return None
    half = len(bottom) // 2
    uneven = abs(float(bottom[:half].mean() - bottom[half:].mean())) > 0.6 * float(bottom.std())
    return "document" if uneven or rest > 0.5 * bottom.std() else None


def _parabola(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """The bend of a curve and what a parabola leaves of it (standard deviation)."""
    bend, slope, level = np.polyfit(x, y, 2)
    return float(bend), float((y - (bend * x * x + slope * x + level)).std())


def _straight(crop: NDArray[np.uint8]) -> bool:
    """Whether the sides are straight over the middle half of the height, which those of a circle are not."""
    height, width = crop.shape
    middle = crop[height // 4 : height - height // 4]
    return max(int(side.argmax(axis=1).max()) for side in (middle, middle[:, ::-1])) <= max(2, 0.03 * width)


def _arched(edge: NDArray[Any], width: int) -> bool:
    """Whether an edge is half an ellipse over the whole width, and not straight with round corners.

    Args:
        edge: how deep it lies in each column of the inner part, in pixels.
        width: of the shape.
    """
    across = (np.arange(len(edge)) + 0.5 - len(edge) / 2) / (width / 2)
    model = np.stack([1 - np.sqrt(1 - across**2), across, np.ones(len(edge))], axis=1)
    fitted = np.linalg.lstsq(model, edge, rcond=None)[0]
    steps = max(0.35, min(0.6, 0.003 * width), 0.2 * float(edge.std()))
    return bool(fitted[0] >= max(_LEAST_ARCH, 0.02 * width) and (edge - model @ fitted).std() < steps)
