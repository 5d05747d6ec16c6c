"""By how much the lines of a page fall: told by the text's own slope, then by how sharply its rows stand out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._opencv import opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_LEAST = 0.25  # degrees
_REACH = 2.0  # degrees around the slope of the text; words are short, so their slope is told roughly
_SHARPER = 1.04  # rows of the page turned back stand out by this factor more than as it is
_SIDE = 1000  # pixels; enough to tell a tenth of a degree
_MOST_POINTS = 60_000


def skew_of(quads: NDArray[np.float32], pixels: ByteArray) -> float:
    """The angle in degrees by which the lines of a page fall to the right; 0 where they hardly do.

    Args:
        quads: shape (n, 4, 2): the corners of each run of text, clockwise from its top left.
        pixels: uint8, shape (height, width, 3).
    """
    wide = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    high = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    lying = (wide > 1.8 * high) & (wide > 24)
    if lying.sum() < 3:
        return 0.0
    along = (quads[lying, 1] - quads[lying, 0] + quads[lying, 2] - quads[lying, 3]) / 2
    rough = _weighted_median(np.degrees(np.arctan2(along[:, 1], along[:, 0])), wide[lying])
    x, y = _edges(pixels)
    if len(x) < 50:
        return 0.0
    angles = np.arange(rough - _REACH, rough + _REACH + 0.01, 0.25)
    best = float(angles[np.argmax([_sharpness(x, y, angle) for angle in angles])])
    finer = np.arange(best - 0.25, best + 0.26, 0.05)
    best = float(finer[np.argmax([_sharpness(x, y, angle) for angle in finer])])
    if abs(best) < _LEAST or _sharpness(x, y, best) < _SHARPER * _sharpness(x, y, 0.0):
        return 0.0
    return round(best, 2)


def _weighted_median(values: NDArray[Any], weights: NDArray[Any]) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(share, 0.5)])


def _edges(pixels: ByteArray) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where the page turns dark or light from one row to the next, from its middle, in pixels of a small picture."""
    cv2 = opencv()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _SIDE / max(grey.shape))
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    steps = np.abs(np.diff(grey.astype(np.int16), axis=0))
    y, x = np.nonzero(steps > max(24, 0.3 * float(np.percentile(steps, 99.5))))
    if len(x) > _MOST_POINTS:
        kept = np.linspace(0, len(x) - 1, _MOST_POINTS).astype(int)
        y, x = y[kept], x[kept]
    return x - grey.shape[1] / 2, y - grey.shape[0] / 2


def _sharpness(x: NDArray[Any], y: NDArray[Any], angle: float) -> float:
    """How unevenly the edges fall into rows of the page turned back by an angle."""
    slope = np.radians(angle)
    rows = y * np.cos(slope) - x * np.sin(slope)
    counts = np.bincount((rows - rows.min()).astype(int))
    return float((counts.astype(float) ** 2).sum())
