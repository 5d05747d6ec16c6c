"""The embedded store: one folder with an SQLite database and one memory-mapped file per named vector.

Search is exact. It is made for up to some 200,000 vectors: a query then takes some 10 to 30 milliseconds, there is no
index to build or tune, and a narrow filter makes it faster. Any number of processes may read while one of them
writes; what ``upsert`` and ``delete`` acknowledged is on the disk, and every other process sees it at once.

    mm_agents.json          what this folder is, for people and for later versions
    store.sqlite            records, keywords (FTS5), checksums, and how much of the files below is committed
    store.generation        how many writes there were, which shows whether the database has lost some
    records.0.rows          which row of the vectors belongs to which record
    <vector>.0.f32          the vectors

A write goes behind the end of the files and is forced to the disk before the database commits it; what a crash left
half-written lies behind the committed end and is overwritten by the next write. Replaced and deleted rows stay until
a third of all are dead; then the living ones are written into new files, under the next number.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from mm_agents._progress import batched
from mm_agents.errors import ConfigError, StoreDamagedError
from mm_agents.stores.base import FolderStore, count_groups, read_pages
from mm_agents.stores.local import checksums, database, files
from mm_agents.stores.local import search as masks
from mm_agents.stores.local import snapshot as snapshots
from mm_agents.stores.local.database import Database, State, Unfit, translated
from mm_agents.stores.local.search import Multiplier, by_keywords, nearest
from mm_agents.stores.local.snapshot import Snapshot
from mm_agents.stores.validation import (
    check_count,
    check_extension,
    check_records,
    check_same_spec,
    check_spec,
    existing_ids,
)
from mm_agents.types import CollectionSpec, Filter, Match, Record

if TYPE_CHECKING:
    from mm_agents.stores.local.search import Ranked
    from mm_agents.stores.local.snapshot import Mask
    from mm_agents.types import FloatArray

COMPACT_SHARE = 1 / 3
COMPACT_ROWS = 4096
"""Fewer dead rows than this are left alone, whatever their share."""

_COPIED = 2000


def build(rest: str, *, spec: CollectionSpec | None = None) -> LocalStore:
    """Open the store in a folder; with a spec, make it when there is none.

    Args:
        rest: the folder.
        spec: what the collection should be.

    Raises:
        LibraryNotFoundError: there is none, and no spec was given.
        SchemaMismatchError: it has other vectors than the spec says.
        EmbedderMismatchError: it was filled by another embedder than the spec names.
        StoreVersionError: it was written by a newer version of mm_agents.
        StoreDamagedError: a file is missing or too short.
        ConfigError: the place is not a folder.
        StoreError: the folder cannot be made or read.
    """
    if not rest:
        raise ConfigError("A local store needs a folder, such as './library'.")
    return LocalStore.build(Path(rest), spec, rest)


class LocalStore(FolderStore):
    """Records in a folder; see ``mm_agents.protocols.Store``. A context manager; made by ``open`` or ``create``."""

    def __init__(self, folder: Path, spec: CollectionSpec, connections: Database) -> None:
        self.folder = folder
        self._spec = spec
        self._database = connections
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._multiplier = Multiplier()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder; ``build`` lists the errors."""
        files.check_folder(folder)
        connections = Database(folder / files.DATABASE, read_only=not os.access(folder, os.W_OK))
        try:
            noted = _noted(folder)
            with translated(connections.path):
                files.check_manifest(folder)
                if not connections.path.is_file():
                    raise files.damaged(connections.path, "it is missing")
            with connections.connection() as connection:
                connection.execute("BEGIN")
                checksums.check(connection)
                store = cls(folder, database.read_spec(connection), connections)
            with store._view() as (_, snapshot):
                if lost := _lost_writes(connections.path, snapshot.state, noted):
                    warnings.warn(str(lost), stacklevel=2)
                return store
        except BaseException:
            connections.close()
            raise

    @classmethod
    def create(cls, folder: Path, spec: CollectionSpec) -> Self:
        """Make a store and open it; one that is there already is opened."""
        check_spec(spec)
        files.check_folder(folder)
        with translated(folder / files.DATABASE):
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / files.DATABASE).exists():
                (folder / files.GENERATION).unlink(missing_ok=True)  # of a library that somebody took away
            snapshots.create(folder, spec)
            kept = database.create(folder / files.DATABASE, spec)
            files.write_manifest(folder, database.spec_document(kept))
        return cls.open(folder)

    # ------------------------------------------------------------ writing

    def extend(self, spec: CollectionSpec, /) -> None:
        """Give the collection more vectors, which rewrites the files, or change roles and which replaces which."""
        with self._write() as (connection, state):
            check_extension(self._spec, spec, str(self.folder))
            if len(spec.vectors) > len(self._spec.vectors):
                everything = snapshots.load(self.folder, self._spec, state, connection)
                state = snapshots.rewrite(everything, self.folder, replace(state, epoch=state.epoch + 1), spec=spec)
                connection.execute("DELETE FROM dead")
            connection.execute("UPDATE state SET spec = ?", (json.dumps(database.spec_document(spec)),))
            database.write_state(connection, state)
        self._spec = spec
        files.write_manifest(self.folder, database.spec_document(spec))

    def upsert(self, records: Sequence[Record], /) -> None:
        """Write records, replacing those of the same id: all of them or, with an error, none."""
        checked = check_records(records, self._spec)
        if not checked:
            return
        with self._write() as (connection, state):
            old = database.rows_of(connection, [record.id for record in checked])
            database.remove(connection, old, state.generation)
            checksums.remove(connection, old)
            first = state.last_row + 1
            database.insert(connection, enumerate(checked, start=first))
            checksums.add(connection, first - 1, (record.vectors for record in checked))
            state = snapshots.append(self.folder, self._spec, state, checked)
            self._keep(connection, replace(state, dead=state.dead + len(old)))

    def delete(self, ids: Sequence[str], /) -> int:
        """Delete records, an asset with all its parts; returns how many of the ids existed."""
        wanted = existing_ids(ids)
        with self._write() as (connection, state):
            found = database.rows_of(connection, wanted)
            parts = database.rows_of(connection, wanted, column="parent")
            gone = sorted({*found, *parts})
            database.remove(connection, gone, state.generation)
            checksums.remove(connection, gone)
            self._keep(connection, replace(state, dead=state.dead + len(gone)))
            return len(found)

    # ------------------------------------------------------------ reading

    def get(self, ids: Sequence[str], /, *, with_vectors: bool = False) -> dict[str, Record]:
        """The records of those ids that exist, in the order asked."""
        wanted = existing_ids(ids)
        with self._view() as (connection, snapshot):
            found = database.fetch(connection, wanted, column="id")
            if with_vectors:
                found = snapshot.with_vectors(found)
        by_id = {record.id: record for record in found.values()}
        return {id: by_id[id] for id in wanted if id in by_id}

    def _ranked_lists(
        self, query: FloatArray | None, using: str | None, text: str | None, where: Filter | None, depth: int
    ) -> list[list[Match]]:
        with self._view() as (connection, snapshot):
            mask = self._mask(connection, snapshot, where)
            lists: list[Ranked] = []
            if query is not None and using is not None:
                lists.append(nearest(snapshot, snapshot.slots[using], query, mask, depth, self._multiplier))
            if text is not None:
                lists.append(by_keywords(snapshot, connection, text, mask, depth))
            return [_matches(connection, snapshot, ranked) for ranked in lists]

    def _total(self, where: Filter | None) -> int:
        with self._view() as (connection, snapshot):
            return int(self._chosen(connection, snapshot, where, parts=False).sum())

    def _groups(self, name: str, where: Filter | None) -> Mapping[str, int]:
        with self._view() as (connection, snapshot):
            chosen = self._chosen(connection, snapshot, where, parts=False)
            with self._lock:
                masks.load_columns(snapshot, {name}, connection)
                column = snapshot.columns[name]
            counts = np.bincount(column.codes[chosen])
        return count_groups((column.values[code], int(counts[code])) for code in np.flatnonzero(counts).tolist())

    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also the parts.

        The ids are those of now; the records are read some at a time, as they are then. One that is deleted, or
        that no longer passes the filter, is left out.
        """
        check_count(None, where)
        with self._view() as (connection, snapshot):
            ids = snapshot.entries["id"][self._chosen(connection, snapshot, where, parts=parts)]
        texts = (snapshots.text(id) for id in ids[np.lexsort((ids[:, 1], ids[:, 0]))])
        return read_pages(texts, lambda page: self.get(page, with_vectors=with_vectors), where)

    def property_names(self) -> set[str]:
        """The names of the properties that some record has."""
        with self._view() as (connection, _):
            return database.property_names(connection)

    def verify(self) -> None:
        """Compare files, records, keywords and the manifest with their checksums.

        Raises:
            StoreDamagedError: something has changed since it was written.
        """
        with translated(self.folder / files.GENERATION):
            noted = files.noted_generation(self.folder)
        with self._view() as (connection, snapshot):
            if lost := _lost_writes(self._database.path, snapshot.state, noted):
                raise lost
            snapshot.verify()
            checksums.verify(connection, snapshot)
            with translated(self.folder / files.MANIFEST), database.sound("it"):
                manifest = files.check_manifest(self.folder)
                if manifest["format"] != files.FORMAT or database.read_document(manifest) != snapshot.spec:
                    raise Unfit("it does not say what the database says")

    # ------------------------------------------------------------ keeping

    def backup(self, folder: Path, /) -> None:
        """Write a consistent copy, itself a library, into a new or empty folder, also while others read and write.

        Raises:
            ConfigError: the folder is not empty.
            StoreDamagedError: this store is damaged; the copy is not finished.
            StoreError: the copy could not be written.
        """
        with (
            translated(folder / files.DATABASE),
            files.whole_folder(folder) as part,
            self._view() as (connection, snapshot),
        ):
            with closing(sqlite3.connect(part / files.DATABASE, isolation_level=None)) as copy:
                connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                copy.execute("BEGIN")
                copy.execute("DELETE FROM dead")
                database.write_state(copy, snapshots.rewrite(snapshot, part, snapshot.state))
                checksums.create(copy)
                checksums.fill(copy, snapshot)
                checksums.seal(copy)
                copy.commit()
            files.write_manifest(part, database.spec_document(self._spec))

    def restore(self, folder: Path, /) -> None:
        """Replace everything by the copy in the folder; on failure everything is as before.

        Raises:
            LibraryNotFoundError: the folder holds no copy.
            SchemaMismatchError: the copy has other vectors; EmbedderMismatchError: of another embedder.
            StoreDamagedError: the copy is damaged.
            StoreVersionError: the copy was written by a newer version of mm_agents.
        """
        if folder.resolve() == self.folder.resolve():
            raise ConfigError(f"{str(folder)!r} is this library's own folder. Name the folder of a backup.")
        with (
            open_copy(folder, self._spec) as copy,
            copy._view() as (source, snapshot),
            self._write() as (target, state),
        ):
            database.replace_all(target, source)
            new = replace(state, epoch=state.epoch + 1, last_row=snapshot.state.last_row)
            database.write_state(target, snapshots.rewrite(snapshot, self.folder, new))
            checksums.fill(target, snapshot)

    def close(self) -> None:
        """Release files and connections; harmless when called twice."""
        self._database.close()
        with self._lock:
            self._snapshot = None

    # ------------------------------------------------------------ transactions

    @contextmanager
    def _view(self) -> Generator[tuple[sqlite3.Connection, Snapshot], None, None]:
        """The last committed state, which stays the same inside."""
        with self._database.connection() as connection:
            yield connection, self._current(connection)

    def _current(self, connection: sqlite3.Connection) -> Snapshot:
        """Begin a transaction and bring the snapshot to what it sees."""
        missing: FileNotFoundError | None = None
        for attempt in range(10):
            connection.execute("BEGIN")
            state = database.read_state(connection)
            with self._lock:
                known = self._snapshot
                if known is not None and known.state.generation == state.generation:
                    return known
                older = known is not None and known.state.generation > state.generation
                self._spec = database.read_spec(connection)
                if not older or attempt:  # older twice: the folder was put back to an earlier state
                    try:
                        if known is None or older or known.state.epoch != state.epoch:
                            self._snapshot = snapshots.load(self.folder, self._spec, state, connection)
                        else:
                            self._snapshot = snapshots.advance(known, state, connection)
                    except FileNotFoundError as error:
                        missing = error
                    else:
                        return self._snapshot
            connection.rollback()  # another thread or process wrote in between: look again
        raise files.damaged(self._database.path if missing is None else Path(missing.filename), "it is missing")

    @contextmanager
    def _write(self) -> Generator[tuple[sqlite3.Connection, State], None, None]:
        """A write transaction, and the state to change and keep in it."""
        with self._database.write() as connection:
            sealed = checksums.check(connection)
            checksums.create(connection)
            before, self._spec = database.read_state(connection), database.read_spec(connection)
            yield connection, replace(before, generation=before.generation + 1)
            after = database.read_state(connection)
            if not sealed:
                spec = database.read_spec(connection)
                checksums.fill(connection, snapshots.load(self.folder, spec, after, connection))
            checksums.seal(connection)
            epoch = after.epoch
        with suppress(OSError):  # the write itself is kept
            files.note_generation(self.folder, after.generation)
        if epoch != before.epoch:
            with suppress(OSError):  # what cannot be removed now is removed the next time
                snapshots.remove_before(self.folder, self._spec, epoch)

    def _keep(self, connection: sqlite3.Connection, state: State) -> None:
        """Keep the new state; first rewrite the files when too much of them is dead."""
        entries, _ = state.files[""]
        if state.dead > COMPACT_ROWS and state.dead > COMPACT_SHARE * entries:
            everything = snapshots.load(self.folder, self._spec, state, connection)
            state = snapshots.rewrite(everything, self.folder, replace(state, epoch=state.epoch + 1))
            connection.execute("DELETE FROM dead")
        database.write_state(connection, state)

    # ------------------------------------------------------------ filters

    def _mask(self, connection: sqlite3.Connection, snapshot: Snapshot, where: Filter | None) -> Mask | None:
        """The entries that a search may find; None for all."""
        if where is None:
            return None if snapshot.alive.all() else snapshot.alive
        with self._lock:
            return masks.mask(snapshot, where, connection)

    def _chosen(self, connection: sqlite3.Connection, snapshot: Snapshot, where: Filter | None, *, parts: bool) -> Mask:
        mask = self._mask(connection, snapshot, where)
        chosen = snapshot.alive if mask is None else mask
        return chosen if parts else chosen & snapshot.assets


def _noted(folder: Path) -> int:
    """The generation that is noted; 0 where it cannot be read, which ``verify`` says."""
    try:
        return files.noted_generation(folder)
    except (StoreDamagedError, OSError):
        return 0


def _lost_writes(database: Path, state: State, noted: int) -> StoreDamagedError | None:
    """The error where the database is behind ``noted``, which was read before it."""
    if noted <= state.generation:
        return None
    gone = f"its last {noted - state.generation} of {noted} writes are gone"
    return files.damaged(database, f"{gone}, as when {database.name}-wal is lost or changed")


def _matches(connection: sqlite3.Connection, snapshot: Snapshot, ranked: Ranked) -> list[Match]:
    rows = [int(snapshot.entries["row"][position]) for position, _ in ranked]
    found = database.fetch(connection, rows)
    with database.sound("a record that a search finds"):
        return [Match(record=found[row], score=score) for row, (_, score) in zip(rows, ranked, strict=True)]


# ---------------------------------------------------------------- copies of any store


def write_copy(folder: Path, spec: CollectionSpec, records: Iterable[Record]) -> None:
    """Write records into a new or empty folder, as a local library that any store can be restored from.

    Raises:
        ConfigError: the folder is not empty.
        StoreError: the copy could not be written.
    """
    with translated(folder), files.whole_folder(folder) as part, LocalStore.create(part, spec) as copy:
        for batch in batched(records, _COPIED):
            copy.upsert(batch)


@contextmanager
def open_copy(folder: Path, spec: CollectionSpec) -> Generator[LocalStore]:
    """The whole and undamaged copy in a folder, of a store with this spec; ``LocalStore.restore`` lists the errors."""
    with LocalStore.open(folder) as copy:
        check_same_spec(copy.spec, spec, str(folder))
        copy.verify()
        yield copy
