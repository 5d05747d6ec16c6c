"""Exact search over one snapshot of the local store."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mm_agents.stores import _local_database as database
from mm_agents.stores._local_snapshot import Slots, Snapshot
from mm_agents.stores._rank import SCORE_DECIMALS, terms

if TYPE_CHECKING:
    from mm_agents.stores._local_snapshot import Mask, Positions
    from mm_agents.types import FloatArray

    Scores = NDArray[np.float64]
    Ranked = list[tuple[int, float]]

GATHER_SHARE = 0.06
"""Up to this share of the rows, copying the wanted ones costs less than multiplying all."""

_MARGIN = 1e-5  # more than what float32 sums of unit vectors can be off by
_BLOCK_NUMBERS = 1 << 18  # OpenBLAS gives a product of this size to one thread
_SMALL_NUMBERS = 1 << 22  # a millisecond's work
_EXACT_ROWS = 4096


class Multiplier:
    """Products of a matrix with a vector, sharing the processor fairly.

    A large product on its own gets all the threads of the BLAS. Several at once would take them from each other,
    which costs half of the throughput (measured on two cores), so all but the first go in blocks of one thread
    each; and so do small ones, which end before other threads have begun.
    """

    def __init__(self) -> None:
        self._alone = threading.Lock()

    def product(self, matrix: FloatArray, query: FloatArray) -> FloatArray:
        """``matrix @ query``, float32, shape (n,)."""
        if matrix.size > _SMALL_NUMBERS and self._alone.acquire(blocking=False):
            try:
                return matrix @ query
            finally:
                self._alone.release()
        scores = np.empty(len(matrix), np.float32)
        step = max(1, _BLOCK_NUMBERS // matrix.shape[1])
        for start in range(0, len(matrix), step):
            np.dot(matrix[start : start + step], query, out=scores[start : start + step])
        return scores


def nearest(
    snapshot: Snapshot, slots: Slots, query: FloatArray, mask: Mask | None, count: int, multiplier: Multiplier
) -> Ranked:
    """The best entry of each of the nearest assets, and its cosine.

    Args:
        snapshot: where to look.
        slots: the named vector.
        query: a unit row of shape (width,).
        mask: which entries may be found; None for all.
        count: how many assets at most.
        multiplier: does the work.

    Returns:
        Positions and scores, best first; equal scores in the order of the assets' ids.
    """
    everything = len(slots.positions) == len(snapshot.entries)
    chosen = None if mask is None else np.flatnonzero(mask if everything else mask[slots.positions])
    if chosen is None:
        scores, positions = multiplier.product(slots.matrix, query), slots.positions
    elif len(chosen) <= GATHER_SHARE * len(slots.positions):
        scores, positions = multiplier.product(slots.matrix[chosen], query), slots.positions[chosen]
    else:
        scores, positions = multiplier.product(slots.matrix, query)[chosen], slots.positions[chosen]
    wide = query.astype(np.float64)

    def exact(some: Positions) -> Scores:
        rows = some if chosen is None else chosen[some]
        parts = [rows[start : start + _EXACT_ROWS] for start in range(0, len(rows), _EXACT_ROWS)]
        # Summed row by row in one order, so that equal vectors have equal scores wherever they stand.
        cosines = np.concatenate([(slots.matrix[part] * wide).sum(axis=1) for part in parts])
        return np.round(cosines, SCORE_DECIMALS).astype(np.float64)

    return best(snapshot, positions, scores, count, exact)


def by_keywords(snapshot: Snapshot, connection: sqlite3.Connection, text: str, mask: Mask | None, count: int) -> Ranked:
    """The best entry of each asset that holds one of the words, and its BM25 score; otherwise as ``nearest``."""
    found = database.matching(connection, dict.fromkeys(terms(text)))
    if not found:
        return []
    rows, scores = zip(*found, strict=True)
    positions, exact = snapshot.positions(rows), np.array(scores, np.float64)
    if mask is not None:
        positions, exact = positions[mask[positions]], exact[mask[positions]]
    return best(snapshot, positions, exact, count, lambda chosen: exact[chosen])


def best(
    snapshot: Snapshot,
    positions: Positions,
    scores: NDArray[np.floating],
    count: int,
    exact: Callable[[Positions], Scores],
) -> Ranked:
    """The best entry of each of the best assets.

    Args:
        snapshot: says which asset an entry belongs to.
        positions: which entry each score is of.
        scores: shape (n,), within the margin of the exact ones.
        count: how many assets at most.
        exact: the exact scores of some of the n.
    """
    if count == 0 or len(scores) == 0:
        return []
    depth = count
    while depth < len(scores):
        floor = np.partition(scores, len(scores) - depth)[len(scores) - depth]
        chosen = np.flatnonzero(scores >= floor - _MARGIN)
        ranked = _collapse(snapshot, positions[chosen], exact(chosen), count)
        # What was not chosen scores below the floor, so no asset above it can be missing.
        if len(ranked) == count and ranked[-1][1] >= floor - _MARGIN / 2:
            return ranked
        depth *= 4
    return _collapse(snapshot, positions, exact(np.arange(len(scores))), count)


def _collapse(snapshot: Snapshot, positions: Positions, scores: Scores, count: int) -> Ranked:
    entries = snapshot.entries[positions]
    ids, assets = entries["id"], entries["asset"]
    order = np.lexsort((ids[:, 1], ids[:, 0], assets[:, 1], assets[:, 0], -scores))
    seen: set[tuple[int, int]] = set()
    ranked: Ranked = []
    for n, asset in zip(order.tolist(), map(tuple, assets[order].tolist()), strict=True):
        if asset not in seen:
            seen.add(asset)
            ranked.append((int(positions[n]), float(scores[n])))
            if len(ranked) == count:
                break
    return ranked
