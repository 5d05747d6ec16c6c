"""Dimension reduction: principal components, and UMAP (McInnes, Healy and Melville, 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mm_agents._optional import require
from mm_agents._progress import ProgressCallback

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import FloatArray

    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Directions of most variance.

    Attributes:
        mean: float32, shape (width,).
        axes: float32, shape (width, dimensions), unit columns, the most variance first.
        shares: of the whole variance, 0 to 1.
    """

    mean: FloatArray
    axes: FloatArray
    shares: tuple[float, ...]

    def project(self, vectors: FloatArray) -> FloatArray:
        """The vectors' coordinates on the axes: float32, shape (n, dimensions)."""
        return ((vectors - self.mean) @ self.axes).astype(np.float32)


def fit(vectors: FloatArray, dimensions: int) -> Basis:
    """The first principal axes of vectors of shape (n, width); where these have fewer, the last are zero.

    An axis points to where its largest weight is positive, so that the same vectors give the same picture.
    """
    linalg: Any = require("scipy.linalg", extra="plots", feature="The principal components")
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = vectors - mean
    wide = centred.shape[1] > len(centred)
    gram = (centred @ centred.T if wide else centred.T @ centred).astype(np.float64)
    size, count = len(gram), min(dimensions, *vectors.shape)
    values, axes = linalg.eigh(gram, subset_by_index=[size - count, size - 1])
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    if wide:
        axes = centred.T.astype(np.float64) @ axes
        axes /= np.maximum(np.linalg.norm(axes, axis=0), 1e-12)
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(count)] + 1e-30)
    total = max(float(np.trace(gram)), 1e-12)
    lack = dimensions - count
    shares = (*(float(value) / total for value in values), *[0.0] * lack)
    return Basis(mean=mean, axes=np.pad(axes.astype(np.float32), ((0, 0), (0, lack))), shares=shares)


def principal(vectors: FloatArray, dimensions: int) -> FloatArray:
    """The vectors' first principal coordinates: float32, shape (n, dimensions)."""
    return fit(vectors, dimensions).project(vectors)


def unit(vectors: FloatArray) -> FloatArray:
    """The vectors, shape (n, width), brought to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


Metric = Literal["cosine", "euclidean"]

_WIDTH = 100  # principal components in which neighbours are looked for
_BLOCK = 1024
_A, _B = 1.5769435, 0.8950609  # the curve 1 / (1 + a d^2b) fitted to spread 1 and a least distance of 0.1
_NEGATIVES = 5
_LARGEST_STEP = 4.0


def umap(
    vectors: FloatArray,
    *,
    metric: Metric,
    neighbours: int = 15,
    seed: int = 0,
    report: ProgressCallback = lambda done, total, stage: None,
) -> FloatArray:
    """Lay points out in the plane so that neighbours stay neighbours.

    Args:
        vectors: float32, shape (n, width), n at least 3, finite.
        metric: "cosine" compares directions only.
        neighbours: how many a point is tied to, including itself; more show larger structure.
        seed: the same seed gives the same picture on the same machine.
        report: called with how much is done, how much there is, and the stage.

    Returns:
        float32, shape (n, 2).
    """
    sparse: Any = require("scipy.sparse", extra="plots", feature="UMAP")
    if metric == "cosine":
        vectors = unit(vectors)
    reduced = principal(vectors, max(2, min(_WIDTH, vectors.shape[1], len(vectors))))
    near, distances = _neighbours(reduced, min(neighbours, len(vectors)), report)
    if metric == "cosine":
        distances = (distances**2 / 2).astype(np.float32)  # 1 - cosine, of unit vectors
    strengths = _strengths(distances)
    heads = np.repeat(np.arange(len(vectors)), near.shape[1])
    graph = sparse.csr_array((strengths.ravel(), (heads, near.ravel())), shape=(len(vectors), len(vectors)))
    product = graph.multiply(graph.T)
    both = (graph + graph.T - product).tocoo()
    rng = np.random.default_rng(seed)
    start = reduced[:, :2]
    start = start * (10 / max(float(np.abs(start).max()), 1e-12)) + rng.normal(scale=1e-2, size=(len(vectors), 2))
    heads, tails, weights = (np.asarray(part) for part in (both.row, both.col, both.data))
    return _layout(start, heads.astype(np.int64), tails.astype(np.int64), weights, rng, report)


def _neighbours(points: FloatArray, count: int, report: ProgressCallback) -> tuple[IntArray, FloatArray]:
    """For each point the nearest and their Euclidean distances, both of shape (n, count), itself first."""
    squares = np.einsum("nd,nd->n", points, points)
    near = np.empty((len(points), count), np.int64)
    distances = np.empty((len(points), count), np.float32)
    for start in range(0, len(points), _BLOCK):
        report(start, len(points), "Looking for neighbours")
        block = slice(start, start + _BLOCK)
        apart = squares - 2 * (points[block] @ points.T)
        own = np.arange(len(apart))
        apart[own, own + start] = -np.inf  # a twin may not come before the point itself
        farthest = np.partition(apart, count - 1, axis=1)[:, count - 1]  # quicker than to partition the places
        rows, columns = np.nonzero(apart <= farthest[:, None])
        columns = columns[np.lexsort((apart[rows, columns], rows))]
        best = columns[np.searchsorted(rows, own)[:, None] + np.arange(count)]
        found = np.take_along_axis(apart, best, 1) + squares[block, None]
        found[:, 0] = 0
        near[block], distances[block] = best, np.sqrt(np.maximum(found, 0))
    return near, distances


def _strengths(distances: FloatArray) -> FloatArray:
    """How strongly each point is tied to each of its neighbours, in [0, 1]; to itself not at all.

    Each point's nearest other is tied with 1, and the ties of a point add up to log2 of their number.
    """
    count = distances.shape[1]
    positive = np.where(distances > 0, distances, np.inf)
    nearest = np.min(positive, axis=1, keepdims=True)
    nearest = np.where(np.isfinite(nearest), nearest, 0)
    beyond = np.maximum(distances[:, 1:] - nearest, 0)
    low, high = np.zeros_like(nearest), np.full_like(nearest, np.inf)
    scale = np.ones_like(nearest)
    for _ in range(64):
        too_much = np.exp(-beyond / scale).sum(axis=1, keepdims=True) > np.log2(count)
        high = np.where(too_much, scale, high)
        low = np.where(too_much, low, scale)
        scale = np.where(np.isinf(high), scale * 2, (low + high) / 2)
        scale = np.clip(scale, 1e-12, 1e12)
    mean = np.where(nearest > 0, distances.mean(axis=1, keepdims=True), distances.mean())
    scale = np.maximum(scale, np.maximum(1e-3 * mean, 1e-12))
    strengths = np.zeros_like(distances)
    strengths[:, 1:] = np.exp(-beyond / scale)
    return strengths


def _layout(
    start: NDArray[np.float64],
    heads: IntArray,
    tails: IntArray,
    weights: FloatArray,
    rng: np.random.Generator,
    report: ProgressCallback,
) -> FloatArray:
    """Move the points by the sampled gradients of the cross entropy between the graph and the picture.

    The graph holds each tie in both directions, so that moving an edge's head, twice as far, moves both its ends.
    """
    points = start.astype(np.float32)
    epochs = 200 if len(points) > 10_000 else 500
    chances = (weights / weights.max()).astype(np.float32)
    kept = chances >= 1 / epochs
    heads, tails, chances = heads[kept], tails[kept], chances[kept]
    batches = max(1, round(float(chances.sum()) / len(points)))
    for epoch in range(epochs):
        report(epoch, epochs, "Laying out")
        rate = np.float32(1 - epoch / epochs)
        turns = rng.random(len(chances), dtype=np.float32) * batches / chances
        drawn = np.flatnonzero(turns < batches)
        turns = turns[drawn].astype(np.uint16)  # so narrow that they are sorted by counting
        order = np.argsort(turns, kind="stable")
        for edges in np.split(drawn[order], np.cumsum(np.bincount(turns, minlength=batches))[:-1]):
            points += rate * _moves(points, heads[edges], tails[edges], rng)
    return points - points.mean(axis=0)


def _moves(points: FloatArray, heads: IntArray, tails: IntArray, rng: np.random.Generator) -> FloatArray:
    """What a batch of edges adds to the points: towards their tails, and away from some points drawn at random."""
    across, up = (np.ascontiguousarray(axis) for axis in points.T)
    here = across[heads], up[heads]
    apart = here[0] - across[tails], here[1] - up[tails]
    square = np.maximum(apart[0] ** 2 + apart[1] ** 2, np.float32(1e-8))
    power = np.exp(_B * np.log(square))
    pull = (-4 * _A * _B) * power / (square * (1 + _A * power))
    others = rng.integers(len(points), size=(_NEGATIVES, len(heads)))
    away = here[0] - across[others], here[1] - up[others]
    square = np.maximum(away[0] ** 2 + away[1] ** 2, np.float32(1e-8))
    push = (2 * _B) / ((0.001 + square) * (1 + _A * np.exp(_B * np.log(square))))
    moves = np.empty_like(points)
    for axis in (0, 1):
        move = np.clip(pull * apart[axis], -2 * _LARGEST_STEP, 2 * _LARGEST_STEP)
        move += np.clip(push * away[axis], -_LARGEST_STEP, _LARGEST_STEP).sum(axis=0)
        moves[:, axis] = np.bincount(heads, weights=move, minlength=len(points))
    return moves
