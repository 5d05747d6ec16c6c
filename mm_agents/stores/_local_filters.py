"""Filters over a snapshot of the local store, as masks: where each is true, one truth value for every entry."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents import filters
from mm_agents.stores import _local_database as database
from mm_agents.stores import _local_snapshot as snapshots
from mm_agents.stores._check import is_id
from mm_agents.stores._local_snapshot import Column, Snapshot
from mm_agents.types import And, Condition, Filter, Not, Or, Value

if TYPE_CHECKING:
    from mm_agents.stores._local_snapshot import Mask

_MOST_MASKS = 16


def mask(snapshot: Snapshot, where: Filter, connection: sqlite3.Connection) -> Mask:
    """Where a filter is true of living entries, shape (n,); call it under the store's lock."""
    asked = repr(where)  # filters that differ in the type of a value are equal to Python
    found = snapshot.masks.get(asked)
    if found is None:
        _load_columns(snapshot, where, connection)
        found = _mask(snapshot, where) & snapshot.alive
        if len(snapshot.masks) >= _MOST_MASKS:
            snapshot.masks.clear()
        snapshot.masks[asked] = found
    return found


def _mask(snapshot: Snapshot, where: Filter) -> Mask:
    match where:
        case And(parts):
            found = np.ones(len(snapshot.entries), np.bool_)
            for part in parts:
                found &= _mask(snapshot, part)
            return found
        case Or(parts):
            found = np.zeros(len(snapshot.entries), np.bool_)
            for part in parts:
                found |= _mask(snapshot, part)
            return found
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


def _load_columns(snapshot: Snapshot, where: Filter, connection: sqlite3.Connection) -> None:
    names = {condition.name for condition in filters.conditions(where) if not _by_id(condition)}
    load_columns(snapshot, names, connection)


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
