"""Repair of a damaged local library: what is sound goes into a new set of files, and what is lost is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._progress import batched
from mm_agents.errors import LibraryNotFoundError, MMAgentsError, StoreDamagedError
from mm_agents.stores.local import checksums, database, files
from mm_agents.stores.local import snapshot as snapshots
from mm_agents.stores.local.database import Database, Unfit, translated
from mm_agents.stores.local.store import LocalStore
from mm_agents.stores.validation import check_records, check_spec
from mm_agents.types import CollectionSpec, Record

if TYPE_CHECKING:
    from mm_agents.stores.local.snapshot import Snapshot
    from mm_agents.types import FloatArray

_BATCH = 2000
_UNSOUND = (Unfit, MMAgentsError, sqlite3.Error, OSError, ValueError, TypeError, KeyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a repair did.

    Attributes:
        kept: how many assets are in the library.
        lost: the assets that are not any more, by path, name or id: each is kept whole or not at all.
        unknown: how many damaged records belong to assets that nothing names.
        writes: how many writes the database has lost, as its log was; what they held is unknown.
        unchecked: how many records were kept without a checksum to compare them with.
        damaged: the folder with the files as they were; None where the library was sound and stays as it is.
    """

    kept: int
    lost: tuple[str, ...] = ()
    unknown: int = 0
    writes: int = 0
    unchecked: int = 0
    damaged: Path | None = None


def repair(folder: Path) -> Repair:
    """Keep what is sound of a damaged library; no other program may use it meanwhile.

    An asset is kept with all its parts and vectors or not at all, so that adding its file again brings it back. The
    damaged files are first copied into a folder of their own. A crash leaves the library as it was, or repaired.

    Raises:
        LibraryNotFoundError: nothing is there.
        ConfigError: it is one of another store.
        StoreDamagedError: nothing of it can be read.
        StoreError: the folder cannot be written to.
    """
    path = folder / files.DATABASE
    mended = (StoreDamagedError, LibraryNotFoundError) if path.is_file() else (StoreDamagedError,)
    with suppress(*mended):
        files.check_manifest(folder)
    try:
        with LocalStore.open(folder) as store:
            store.verify()
            return Repair(kept=store.count())
    except mended:
        pass
    if not path.is_file():
        raise files.damaged(path, "it is missing")
    with translated(path):
        with closing(Database(path)) as source:
            spec, found = _salvage(folder, source)
        generation, noted = _generations(folder)
        for unfinished in folder.glob("repair.*"):
            shutil.rmtree(unfinished)
        damaged = _keep_damaged(folder)
        with tempfile.TemporaryDirectory(prefix="repair.", dir=folder) as draft:
            with LocalStore.create(Path(draft), spec) as store:
                for batch in batched(found.records, _BATCH):
                    store.upsert(batch)
                store.verify()
                kept = store.count()
            _put(Path(draft), folder, spec)
    lost = tuple(sorted(found.lost.values()))
    return Repair(
        kept=kept,
        lost=lost,
        unknown=found.unknown,
        writes=max(0, noted - generation) if generation else 0,
        unchecked=found.unchecked,
        damaged=damaged,
    )


# ---------------------------------------------------------------- reading what is left


@dataclass(slots=True)
class _Found:
    """What is left of a library: sound records, and the label of each lost asset by its id."""

    records: list[Record] = field(default_factory=list[Record])
    lost: dict[str, str] = field(default_factory=dict[str, str])
    unknown: int = 0
    unchecked: int = 0


class _Vectors:
    """The vectors of the files, by their digest, whatever the database and the file of rows say."""

    def __init__(self, folder: Path, spec: CollectionSpec) -> None:
        self._known: dict[str, dict[str, FloatArray]] = {}
        for vector in spec.vectors:
            known = self._known.setdefault(vector.name, {})
            for file in folder.glob(f"{vector.name}.*.f32"):
                rows = files.map_rows(file, np.dtype("<f4"), vector.width, 0)
                known.update((checksums.vector_digest(row), row) for row in rows)

    def named(self, digests: str) -> dict[str, FloatArray]:
        """The vectors with these digests; KeyError where one is not there."""
        return {name: self._known[name][digest].copy() for name, digest in json.loads(digests).items()}


def _salvage(folder: Path, source: Database) -> tuple[CollectionSpec, _Found]:
    with source.connection() as connection:
        connection.execute("BEGIN")
        sealed = _is_sealed(connection)
        spec = _spec(folder, connection, sealed=sealed is True)
        snapshot = _snapshot(folder, spec, connection)
        assets = _assets(snapshot)
        vectors = _Vectors(folder, spec)
        found = _Found()
        for row in _candidates(connection, assets):
            digests = None
            if sealed is not False:
                digests = next(_rows(connection, "SELECT record, vectors FROM checksum WHERE row = ?", row), None)
            columns = next(_rows(connection, f"SELECT {checksums.COLUMNS} FROM record WHERE row = ?", row), None)
            try:
                record = _record(columns, digests)
                kept = _with_vectors(record, row, digests, vectors, snapshot)
                found.records += check_records([kept], spec)
                found.unchecked += digests is None
            except _UNSOUND:
                _lose(found, columns, assets.get(row))
    _keep_whole(found)
    if not found.records:
        raise files.damaged(folder / files.DATABASE, "nothing of it can be read")
    return spec, found


def _is_sealed(connection: sqlite3.Connection) -> bool | None:
    """Whether the digests are of these records; None where the state is damaged, which says nothing of them."""
    try:
        return checksums.check(connection)
    except (Unfit, sqlite3.DatabaseError):
        return None


def _spec(folder: Path, connection: sqlite3.Connection, *, sealed: bool) -> CollectionSpec:
    """What the database says where it is sealed; else what the manifest says, or else the database."""
    found: list[CollectionSpec] = []
    with suppress(*_UNSOUND):
        found.append(database.read_document(files.check_manifest(folder)))
    with suppress(*_UNSOUND):
        found.insert(0 if sealed else len(found), database.read_spec(connection))
    for spec in found:
        with suppress(*_UNSOUND):
            check_spec(spec)
            return spec
    raise files.damaged(folder / files.DATABASE, "nothing says which vectors it has")


def _snapshot(folder: Path, spec: CollectionSpec, connection: sqlite3.Connection) -> Snapshot | None:
    with suppress(*_UNSOUND):
        return snapshots.load(folder, spec, database.read_state(connection), connection)
    return None


def _assets(snapshot: Snapshot | None) -> dict[int, str]:
    """The asset that each living row belongs to, as the file of rows says."""
    if snapshot is None:
        return {}
    entries = snapshot.entries[snapshot.alive]
    return dict(zip(entries["row"].tolist(), map(snapshots.text, entries["asset"]), strict=True))


def _candidates(connection: sqlite3.Connection, assets: Mapping[int, str]) -> list[int]:
    """Every row that any table, index or file names."""
    queries = ("SELECT row FROM record", "SELECT row FROM record ORDER BY id", "SELECT row FROM checksum")
    rows = {row for query in queries for (row,) in _rows(connection, query)}
    return sorted({*assets, *rows})


def _rows(connection: sqlite3.Connection, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
    """What a query gives until it fails."""
    with suppress(sqlite3.Error):
        yield from connection.execute(query, values)


def _record(columns: Sequence[Any] | None, digests: tuple[bytes, str] | None) -> Record:
    if columns is None or (digests is not None and checksums.digest(*columns, digests[1]) != digests[0]):
        raise Unfit("it has changed")
    _, id, parent, _, text, properties, thumbnail = columns
    return database.record_of(id, parent, text, properties, thumbnail)


def _with_vectors(
    record: Record, row: int, digests: tuple[bytes, str] | None, vectors: _Vectors, snapshot: Snapshot | None
) -> Record:
    """The record with its vectors: by their digests or, without those, where the file of rows says they are."""
    if digests is not None:
        return replace(record, vectors=vectors.named(digests[1]))
    if snapshot is None:
        raise Unfit("nothing says where its vectors are")
    (position,) = snapshot.positions([row]).tolist()
    entry = snapshot.entries[position]
    kept = snapshot.vectors(position)
    if snapshots.text(entry["id"]) != record.id or not all(map(files.is_unit, kept.values())):
        raise Unfit("its vectors have changed")
    return replace(record, vectors=kept)


def _lose(found: _Found, columns: Sequence[Any] | None, asset: str | None) -> None:
    """Note the asset of a record that is not sound."""
    with suppress(*_UNSOUND):
        if columns is not None:
            _, id, parent, _, text, properties, thumbnail = columns
            record = database.record_of(id, parent, text, properties, thumbnail)
            asset = asset or record.asset
            if record.id == asset:
                found.lost[asset] = _label(record)
    if asset is None:
        found.unknown += 1
    else:
        found.lost.setdefault(asset, asset)


def _keep_whole(found: _Found) -> None:
    """Drop what is left of assets that are not whole: adding them again brings them back whole."""
    by_id = {record.id: record for record in found.records}
    for record in by_id.values():
        if record.asset not in by_id:
            found.lost.setdefault(record.asset, record.asset)
        elif record.id in found.lost:
            found.lost[record.id] = _label(record)
    found.records = [record for record in by_id.values() if record.asset not in found.lost]


def _label(record: Record) -> str:
    return str(record.properties.get("path") or record.properties.get("name") or record.id)


# ---------------------------------------------------------------- putting it in place


def _keep_damaged(folder: Path) -> Path:
    """Copy the library's files, as they are, into a new folder."""
    target = Path(tempfile.mkdtemp(prefix="damaged.", dir=folder))
    for file in folder.iterdir():
        if file.is_file() and (file.suffix in (".f32", ".rows", ".json") or file.name.startswith("store.")):
            shutil.copy2(file, target)
    return target


def _put(draft: Path, folder: Path, spec: CollectionSpec) -> None:
    """Put a new library in place of the damaged one: the rows under a new number, then the database at once."""
    epoch = 1 + max((snapshots.epoch_of(file) or 0 for file in folder.iterdir()), default=0)
    with closing(Database(draft / files.DATABASE)) as new:
        with new.write() as connection:
            state = database.read_state(connection)
            for name in ("", *(vector.name for vector in spec.vectors)):
                snapshots.path(draft, name, state.epoch).replace(snapshots.path(folder, name, epoch))
            files.sync_folder(folder)
            state = replace(state, epoch=epoch, generation=1 + max(*_generations(folder), state.generation))
            database.write_state(connection, state)
            checksums.create(connection)
            checksums.seal(connection)
        with new.connection() as source, closing(sqlite3.connect(folder / files.DATABASE)) as target:
            source.backup(target)
    files.note_generation(folder, state.generation)
    files.write_manifest(folder, database.spec_document(spec))
    snapshots.remove_before(folder, spec, epoch)


def _generations(folder: Path) -> tuple[int, int]:
    """What the database and the note beside it say; 0 where they say nothing."""
    noted = kept = 0
    with suppress(*_UNSOUND):
        noted = files.noted_generation(folder)
    with closing(Database(folder / files.DATABASE)) as source, suppress(*_UNSOUND), source.connection() as connection:
        kept = database.read_state(connection).generation
    return kept, noted
