"""Small sums over rows of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mm_agents.types import FloatArray


def unit(vectors: FloatArray) -> FloatArray:
    """The same directions with length 1; shape (n, width)."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def mean_by_group(vectors: FloatArray, sizes: Sequence[int]) -> FloatArray:
    """The direction of each group's mean: of the first sizes[0] rows, the next sizes[1] rows, and so on; none is 0."""
    starts = np.cumsum([0, *sizes[:-1]])
    return unit(np.add.reduceat(vectors, starts, axis=0))
