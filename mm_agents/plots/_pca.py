"""Principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require

if TYPE_CHECKING:
    from mm_agents.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Directions of most variance.

    Attributes:
        mean: float32, shape (width,).
        axes: float32, shape (width, dimensions), unit columns, that of most variance first.
        shares: how much of the whole variance each axis holds, 0 to 1.
    """

    mean: FloatArray
    axes: FloatArray
    shares: tuple[float, ...]

    def project(self, vectors: FloatArray) -> FloatArray:
        """The vectors' coordinates on the axes: float32, shape (n, dimensions)."""
        return ((vectors - self.mean) @ self.axes).astype(np.float32)


def fit(vectors: FloatArray, dimensions: int) -> Basis:
    """The first principal axes of vectors of shape (n, width).

    An axis points to where its largest weight is positive, so that the same vectors give the same picture.
    """
    linalg: Any = require("scipy.linalg", extra="plots", feature="The principal components")
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = vectors - mean
    wide = centred.shape[1] > len(centred)
    gram = (centred @ centred.T if wide else centred.T @ centred).astype(np.float64)
    size = len(gram)
    values, axes = linalg.eigh(gram, subset_by_index=[size - dimensions, size - 1])
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    if wide:
        axes = centred.T.astype(np.float64) @ axes
        axes /= np.maximum(np.linalg.norm(axes, axis=0), 1e-12)
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dimensions)] + 1e-30)
    total = max(float(np.trace(gram)), 1e-12)
    return Basis(mean=mean, axes=axes.astype(np.float32), shares=tuple(float(value) / total for value in values))


def principal(vectors: FloatArray, dimensions: int) -> FloatArray:
    """The vectors' first principal coordinates: float32, shape (n, dimensions)."""
    return fit(vectors, dimensions).project(vectors)
