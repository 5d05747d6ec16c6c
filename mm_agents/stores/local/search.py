"""Exact search over one snapshot of the local store, with filters as masks."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mm_agents import filters
from mm_agents.stores.base import SCORE_DECIMALS, terms
from mm_agents.stores.local import database
from mm_agents.stores.local import snapshot as snapshots
from mm_agents.stores.local.files import UNIT_SLACK, damaged
from mm_agents.stores.local.snapshot import Column, Slots, Snapshot
from mm_agents.stores.validation import is_id
from mm_agents.types import And, Condition, Filter, Not, Or, Value

if TYPE_CHECKING:
    from mm_agents.stores.local.snapshot import Mask, Positions
    from mm_agents.types import FloatArray

    Scores = NDArray[np.float64]
    Ranked = list[tuple[int, float]]

_MOST_MASKS = 16


def mask(snapshot: Snapshot, where: Filter, connection: sqlite3.Connection) -> Mask:
    """Where a filter is true of living entries, shape (n,); call it under the store's lock."""
    asked = repr(where)  # filters that differ in the type of a value are equal to Python
    found = snapshot.masks.get(asked)
    if found is None:
        names = {condition.name for condition in filters.conditions(where) if not _by_id(condition)}
        load_columns(snapshot, names, connection)
        found = _mask(snapshot, where) & snapshot.alive
        if len(snapshot.masks) >= _MOST_MASKS:
            snapshot.masks.clear()
        snapshot.masks[asked] = found
    return found


def _mask(snapshot: Snapshot, where: Filter) -> Mask:
    match where:
        case And(parts):
            return reduce(and_, (_mask(snapshot, part) for part in parts), np.ones(len(snapshot.entries), np.bool_))
        case Or(parts):
            return reduce(or_, (_mask(snapshot, part) for part in parts), np.zeros(len(snapshot.entries), np.bool_))
        case Not(part):
            return ~_mask(snapshot, part)
        case Condition() if _by_id(where):
            return _id_mask(snapshot, where)
        case Condition(name):
            return snapshot.columns[name].mask(where)


def _by_id(condition: Condition) -> bool:
    return condition.name in ("id", "parent") and condition.op in ("eq", "ne", "in", "exists")


def _id_mask(snapshot: Snapshot, condition: Condition) -> Mask:
    """The common comparisons of ids, without making text of every one."""
    is_part = ~snapshot.assets
    there = is_part if condition.name == "parent" else np.ones(len(is_part), np.bool_)
    if condition.op == "exists":
        return there
    wanted: Any = condition.value if condition.op == "in" else (condition.value,)
    keys = {snapshots.key(id) for id in wanted if is_id(id)}
    ids = snapshot.entries["asset" if condition.name == "parent" else "id"]
    halves = np.array(sorted(keys), np.uint64).reshape(-1, 2)
    likely = np.flatnonzero(there & np.isin(ids[:, 1], halves[:, 1]) & np.isin(ids[:, 0], halves[:, 0]))
    found = np.zeros(len(ids), np.bool_)
    found[[n for n, pair in zip(likely, ids[likely].tolist(), strict=True) if tuple(pair) in keys]] = True
    return ~found if condition.op == "ne" else found


def load_columns(snapshot: Snapshot, names: set[str], connection: sqlite3.Connection) -> None:
    """Bring columns up to the snapshot; call it under the store's lock."""
    size = len(snapshot.entries)
    columns = {name: snapshot.columns.setdefault(name, Column()) for name in sorted(names)}
    starts = {len(column.codes) for column in columns.values()} - {size}
    for start in starts:
        behind = [name for name, column in columns.items() if len(column.codes) == start]
        positions, values = _read(snapshot, behind, start, connection)
        for name in behind:
            snapshot.columns[name] = columns[name].extended(positions, values[name], size)


def _read(
    snapshot: Snapshot, names: Sequence[str], start: int, connection: sqlite3.Connection
) -> tuple[list[int], dict[str, list[Value | None]]]:
    """The named properties of the entries from ``start`` on, and the positions that they are of."""
    after = int(snapshot.entries["row"][start]) - 1
    found = list(database.columns(connection, names, after=after))
    positions = snapshot.positions([row for row, _ in found]).tolist()
    values = {name: [properties[n] for _, properties in found] for n, name in enumerate(names)}
    parts = ~snapshot.assets[positions]
    for name in values.keys() & {"id", "parent"}:
        ids = snapshot.entries["asset" if name == "parent" else "id"][positions]
        values[name] = [
            snapshots.text(id) if name == "id" or part else None for id, part in zip(ids, parts, strict=True)
        ]
    return positions, values


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
    """The best entry of each of the nearest assets, as its position and cosine; ``query`` is a unit row.

    Best first, and equal scores in the order of the assets' ids; only entries of ``mask`` where there is one.
    """
    everything = len(slots.positions) == len(snapshot.entries)
    chosen = None if mask is None else np.flatnonzero(mask if everything else mask[slots.positions])
    if chosen is None:
        scores, positions = multiplier.product(slots.matrix, query), slots.positions
    elif len(chosen) <= GATHER_SHARE * len(slots.positions):
        scores, positions = multiplier.product(slots.matrix[chosen], query), slots.positions[chosen]
    else:
        scores, positions = multiplier.product(slots.matrix, query)[chosen], slots.positions[chosen]
    _check_scores(snapshot, slots, scores)
    wide = query.astype(np.float64)

    def exact(some: Positions) -> Scores:
        rows = some if chosen is None else chosen[some]
        parts = [rows[start : start + _EXACT_ROWS] for start in range(0, len(rows), _EXACT_ROWS)]
        # Summed row by row in one order, so that equal vectors have equal scores wherever they stand.
        cosines = np.concatenate([(slots.matrix[part] * wide).sum(axis=1) for part in parts])
        return np.round(cosines, SCORE_DECIMALS).astype(np.float64)

    return best(snapshot, positions, scores, count, exact)


def _check_scores(snapshot: Snapshot, slots: Slots, scores: NDArray[np.floating]) -> None:
    """Refuse what no product of two unit vectors can be."""
    if len(scores) and not (scores.max() <= 1 + UNIT_SLACK and scores.min() >= -1 - UNIT_SLACK):  # also NaN
        (name,) = (name for name, known in snapshot.slots.items() if known is slots)
        file = snapshots.path(snapshot.folder, name, snapshot.state.epoch)
        raise damaged(file, "it holds a vector that is not of length 1")


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

    ``scores``, shape (n,), are of the entries at ``positions`` and within the margin of the exact ones, which
    ``exact`` gives for some of the n.
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
