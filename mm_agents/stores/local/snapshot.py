"""What a reader of the local store holds in memory: one state of the row data.

The files of one epoch only grow, so the next snapshot is made from the last one by what was appended and what died.

* ``records.<epoch>.rows`` has one entry per row of the database, in the same order: the row's number, its id, its
  asset's id, and which vectors it has.
* ``<vector>.<epoch>.f32`` has one row of numbers for each entry that has this vector, in the order of entries.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mm_agents import filters
from mm_agents.stores.local import files
from mm_agents.stores.local.database import State
from mm_agents.types import CollectionSpec, Condition, Record, Value

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

    Mask = NDArray[np.bool_]
    Positions = NDArray[np.int64]

OUTGROWN = 200_000
"""How many rows a named vector may have before the store says that it is outgrown."""

_MOST_TABLES = 256


@dataclass(slots=True)
class Column:
    """One property of every entry, as codes into the list of its different values.

    Attributes:
        codes: int32, shape (n,), by position.
        values: what each code stands for; code 0 is an absent property.
    """

    codes: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    values: list[Value | None] = field(default_factory=lambda: [None])
    _code: dict[tuple[type, Value | None], int] = field(default_factory=lambda: {(type(None), None): 0})
    _tables: dict[tuple[str, str], Mask] = field(default_factory=dict[tuple[str, str], "Mask"])

    def extended(self, positions: Sequence[int], added: Sequence[Value | None], size: int) -> Column:
        """The column with more entries, absent but at these positions."""
        codes = np.zeros(size, np.int32)
        codes[: len(self.codes)] = self.codes
        codes[list(positions)] = [self._intern(value) for value in added]
        return replace(self, codes=codes)

    def mask(self, condition: Condition) -> Mask:
        """Where the condition is true, shape (n,)."""
        key = (condition.op, repr(condition.value))
        table = self._tables.get(key, np.zeros(0, np.bool_))
        if len(table) < len(self.values):
            test = filters.predicate(condition)
            table = np.concatenate([table, [test(value) for value in self.values[len(table) :]]]).astype(np.bool_)
            if len(self._tables) >= _MOST_TABLES:
                self._tables.clear()
            self._tables[key] = table
        return table[self.codes]

    def _intern(self, value: Value | None) -> int:
        code = self._code.setdefault((type(value), value), len(self.values))  # 1, 1.0 and True are three values
        if code == len(self.values):
            self.values.append(value)
        return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """One named vector of every entry that has it.

    Attributes:
        matrix: float32, shape (m, width), memory-mapped.
        positions: int64, shape (m,): which entry each row belongs to, rising.
    """

    matrix: FloatArray
    positions: Positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One state of the row data, as the database's state says.

    Attributes:
        rooms: all rows that the mapped files have room for, by name; "" for the entries.
        entries: shape (n,), fields ``row``, ``id``, ``asset`` and ``has``.
        alive: shape (n,): the entries that still belong to a record.
        slots: each named vector.
        columns: the properties that some filter asked for; grows under the store's lock.
        masks: the last filters asked and where they are true; changes under the store's lock.
    """

    folder: Path
    spec: CollectionSpec
    state: State
    rooms: dict[str, NDArray[Any]]
    entries: NDArray[Any]
    alive: Mask
    slots: dict[str, Slots]
    columns: dict[str, Column] = field(default_factory=dict[str, Column])
    masks: dict[str, Mask] = field(default_factory=dict[str, "Mask"])

    @property
    def assets(self) -> Mask:
        """The entries that are assets, not parts."""
        ids, assets = self.entries["id"], self.entries["asset"]
        return (ids[:, 0] == assets[:, 0]) & (ids[:, 1] == assets[:, 1])

    def positions(self, rows: Sequence[int]) -> Positions:
        """Where these rows, all of them there, stand among the entries; StoreDamagedError where one is not."""
        return _positions(self.folder, self.state, self.entries, rows)

    def with_vectors(self, records: dict[int, Record]) -> dict[int, Record]:
        """The same records, by row, with a copy of their vectors."""
        positions = self.positions(list(records)).tolist()
        return {
            row: replace(record, vectors=self.vectors(position))
            for (row, record), position in zip(records.items(), positions, strict=True)
        }

    def vectors(self, position: int) -> dict[str, FloatArray]:
        """A copy of the vectors of one entry."""
        found: dict[str, FloatArray] = {}
        for (name, slots), has in zip(self.slots.items(), self.entries["has"][position], strict=True):
            if has:
                found[name] = slots.matrix[np.searchsorted(slots.positions, position)].copy()
        return found

    def verify(self) -> None:
        """Read everything and compare it with its checksums.

        Raises:
            StoreDamagedError: something differs.
        """
        epoch = self.state.epoch
        files.check_rows(path(self.folder, "", epoch), self.entries, self.state.files[""][1])
        for name, slots in self.slots.items():
            files.check_rows(path(self.folder, name, epoch), slots.matrix, self.state.files[name][1])
            files.check_units(path(self.folder, name, epoch), slots.matrix)


# ---------------------------------------------------------------- files


def entry_type(spec: CollectionSpec) -> np.dtype[Any]:
    """One entry; an id is two numbers, so that it sorts as its text does, and vectors are in the order of names."""
    return np.dtype([("row", "<i8"), ("id", "<u8", (2,)), ("asset", "<u8", (2,)), ("has", "u1", (len(spec.vectors),))])


def path(folder: Path, name: str, epoch: int) -> Path:
    """The file of a named vector; of the entries for the name ""."""
    return folder / (f"{name}.{epoch}.f32" if name else f"records.{epoch}.rows")


def create(folder: Path, spec: CollectionSpec) -> None:
    """Make the empty files of a new store where they are missing."""
    for name in ("", *_names(spec)):
        path(folder, name, 0).touch()
    files.sync_folder(folder)


def load(folder: Path, spec: CollectionSpec, state: State, connection: sqlite3.Connection) -> Snapshot:
    """Read a state from the start.

    Raises:
        StoreDamagedError: a file is too short.
        FileNotFoundError: a file is missing: damage, or another process has just begun a new epoch.
    """
    widths = {name: spec.vector(name).width for name in _names(spec)}
    nothing = {name: np.empty((0, width), np.float32) for name, width in widths.items()}
    entries = np.empty(0, entry_type(spec))
    empty = Snapshot(
        folder=folder,
        spec=spec,
        state=replace(state, generation=-1),
        rooms={"": entries, **nothing},
        entries=entries,
        alive=np.zeros(0, np.bool_),
        slots={name: Slots(matrix=rows, positions=np.empty(0, np.int64)) for name, rows in nothing.items()},
    )
    return advance(empty, state, connection)


def advance(last: Snapshot, state: State, connection: sqlite3.Connection) -> Snapshot:
    """The snapshot of a later state of the same epoch; raises as ``load`` does."""
    rooms = {name: _room(last, name, state) for name in last.rooms}
    entries = rooms[""][: state.files[""][0]]
    before = len(last.entries)
    alive = np.concatenate([last.alive, np.ones(len(entries) - before, np.bool_)])
    if state.dead > last.state.dead or last.state.generation < 0:
        dead = connection.execute("SELECT row FROM dead WHERE generation > ?", (last.state.generation,)).fetchall()
        alive[_positions(last.folder, state, entries, [row for (row,) in dead])] = False
    slots: dict[str, Slots] = {}
    for column, (name, known) in enumerate(last.slots.items()):
        added = np.flatnonzero(entries["has"][before:, column]) + before
        positions = np.concatenate([known.positions, added]) if len(added) else known.positions
        slots[name] = Slots(matrix=rooms[name][: state.files[name][0]], positions=positions)
        if len(positions) != len(slots[name].matrix):
            raise files.damaged(path(last.folder, "", state.epoch), f"it does not fit the vectors {name!r}")
    return replace(
        last,
        state=state,
        rooms=rooms,
        entries=entries,
        alive=alive,
        slots=slots,
        columns=dict(last.columns),
        masks={},
    )


def append(folder: Path, spec: CollectionSpec, state: State, records: Sequence[Record]) -> State:
    """Write the row data of new records behind what is committed; they count once the new state is."""
    entries = np.zeros(len(records), entry_type(spec))
    entries["row"] = np.arange(state.last_row + 1, state.last_row + 1 + len(records))
    entries["id"] = [key(record.id) for record in records]
    entries["asset"] = [key(record.asset) for record in records]
    entries["has"] = [[name in record.vectors for name in _names(spec)] for record in records]
    rows: dict[str, NDArray[Any]] = {"": entries}
    for name in _names(spec):
        found = [record.vectors[name] for record in records if name in record.vectors]
        if found:
            rows[name] = np.stack(found)
    written = dict(state.files)
    for name, added in rows.items():
        count, crc = state.files[name]
        files.append_rows(path(folder, name, state.epoch), added, count)
        written[name] = (count + len(added), files.checksum(added, crc))
        if name and count <= OUTGROWN < count + len(added):
            warnings.warn(
                f"{str(folder)!r} holds more than {OUTGROWN:,} vectors {name!r}. Searches stay exact but grow slower; "
                f"move it to an index with: mm-agents copy {folder} lance://FOLDER",
                stacklevel=3,
            )
    return replace(state, last_row=state.last_row + len(records), files=written)


def rewrite(snapshot: Snapshot, folder: Path, state: State, *, spec: CollectionSpec | None = None) -> State:
    """Write what is alive into new files in a folder, for the epoch of ``state``, and return the state they make.

    With ``spec``, the files are for that collection, which has more vectors than the snapshot's.

    Raises:
        StoreDamagedError: what would be copied is damaged.
    """
    snapshot.verify()
    spec = spec or snapshot.spec
    entries = files.chunks(_widened(snapshot, spec), np.flatnonzero(snapshot.alive))
    written = {"": files.write_rows(path(folder, "", state.epoch), entries)}
    for name in _names(spec):
        rows: Iterable[NDArray[Any]] = ()
        if name in snapshot.slots:
            slots = snapshot.slots[name]
            rows = files.chunks(slots.matrix, np.flatnonzero(snapshot.alive[slots.positions]))
        written[name] = files.write_rows(path(folder, name, state.epoch), rows)
    files.sync_folder(folder)
    return replace(state, dead=0, files=written)


def _widened(snapshot: Snapshot, spec: CollectionSpec) -> NDArray[Any]:
    """The entries as a collection with more vectors has them."""
    if len(spec.vectors) == len(snapshot.spec.vectors):
        return snapshot.entries
    entries = np.zeros(len(snapshot.entries), entry_type(spec))
    for name in ("row", "id", "asset"):
        entries[name] = snapshot.entries[name]
    columns = [_names(spec).index(name) for name in snapshot.slots]
    entries["has"][:, columns] = snapshot.entries["has"]
    return entries


def remove_before(folder: Path, spec: CollectionSpec, epoch: int) -> None:
    """Remove the files of earlier epochs; who has them mapped keeps them."""
    for name in ("", *_names(spec)):
        wanted = path(folder, name, epoch)
        for file in folder.glob(f"{name or 'records'}.*{wanted.suffix}"):
            number = epoch_of(file)
            if number is not None and number < epoch:
                file.unlink()


def epoch_of(file: Path) -> int | None:
    """The number of a file that ``path`` names; None of any other."""
    number = file.suffixes[0][1:] if len(file.suffixes) == 2 and file.suffix in (".f32", ".rows") else ""
    return int(number) if number.isdecimal() else None


def _positions(folder: Path, state: State, entries: NDArray[Any], rows: Sequence[int]) -> Positions:
    wanted = np.array(rows, np.int64)
    positions = np.searchsorted(entries["row"], wanted)
    if len(wanted) and (positions.max() >= len(entries) or (entries["row"][positions] != wanted).any()):
        raise files.damaged(path(folder, "", state.epoch), "it lacks rows that the database has")
    return positions


def key(id: str) -> tuple[int, int]:
    """An id as entries hold it."""
    return divmod(UUID(id).int, 1 << 64)


def text(id: NDArray[np.uint64]) -> str:
    """An id as records hold it."""
    high, low = id.tolist()
    return str(UUID(int=(high << 64) | low))


def _names(spec: CollectionSpec) -> list[str]:
    return sorted(vector.name for vector in spec.vectors)


def _room(last: Snapshot, name: str, state: State) -> NDArray[Any]:
    """What a file has room for: the map that is there while it reaches, else a new one."""
    room, (count, _) = last.rooms[name], state.files[name]
    if count <= len(room):
        return room
    width = None if name == "" else last.spec.vector(name).width
    return files.map_rows(path(last.folder, name, state.epoch), room.dtype, width, count)
