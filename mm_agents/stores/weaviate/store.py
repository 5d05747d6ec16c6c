"""A Weaviate collection of ours, its backups, and the opening of any collection."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from weaviate.backup.backup import BackupStorage
from weaviate.classes.config import ConsistencyLevel
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter as ServerFilter
from weaviate.classes.query import MetadataQuery
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateInsertManyAllFailedError, WeaviateInvalidInputError

from mm_agents._progress import batched
from mm_agents.errors import ConfigError, LibraryNotFoundError, PartialWriteError, StoreError
from mm_agents.stores import local
from mm_agents.stores.validation import check_extension, check_records, check_same_spec, existing_ids
from mm_agents.stores.weaviate.external import ForeignStore
from mm_agents.stores.weaviate.reader import BATCH, MOST, Reader
from mm_agents.stores.weaviate.schema import (
    Layout,
    Schema,
    check_integers,
    create,
    new_property,
    read_about,
    read_vectors,
    vector_config,
    vectorizers,
    write_about,
)
from mm_agents.types import CollectionSpec, Record

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.client import Server
    from mm_agents.stores.weaviate.config import Options

Backend = Literal["filesystem", "s3", "gcs", "azure"]

_BATCH_BYTES = 16 * 2**20
_LOG_SECONDS = 1.1
"""The server names a vector index's log by the second of its beginning, and leaves a log of this very second out of a
backup (seen in 1.39.0: after the restore, nothing is found by that vector)."""
_MENDINGS = 3
_OFF = 1e-3
"""How far off a vector is written for the server to take it for another one."""
_RETRIED = 1.0
"""Seconds from which the writing of a batch may have outlived a crash: the client waits that long before it tries
again, and does not say that it did."""
_SAME = 1e-5
"""The cosine distance up to which another record has the very same vector."""


class WeaviateStore(Reader):
    """A collection of ours on a Weaviate server, whose new vectors are made as ``options`` say."""

    def __init__(self, server: Server, handle: Any, options: Options) -> None:
        super().__init__(server, handle)
        self._options = options
        self._doubted = float("-inf")  # when a batch last took so long that it may have outlived a crash

    def _read_schema(self) -> Schema:
        config = self._server.attempt(self._handle.config.get)
        spec = read_about(config.description)
        if spec is None:
            raise StoreError(f"The collection {self._name!r} was replaced by one that is not ours. Open it again.")
        layout, copies = Layout.read(config.properties), config.replication_config.factor
        return Schema(spec=spec, layout=layout, vectors=read_vectors(config), copies=copies)

    @property
    def _layout(self) -> Layout:
        return cast(Layout, self._schema.layout)

    # ------------------------------------------------------------ writing

    def extend(self, spec: CollectionSpec, /) -> None:
        """Give the collection more vectors, or change their roles and which replaces which."""
        self._schema = self._read_schema()
        check_extension(self.spec, spec, self._name)
        asked = vectorizers(spec, self._options)
        for vector in spec.vectors:
            if vector.name not in self._schema.vectors:
                config = vector_config(vector, self._options, asked.get(vector.name))
                self._change(lambda config=config: self._handle.config.add_vector(vector_config=[config]))
        self._change(lambda: self._handle.config.update(description=write_about(spec)))
        self._schema = self._read_schema()

    def upsert(self, records: Sequence[Record], /) -> None:
        """Write records, replacing those of the same id."""
        checked = check_records(records, self.spec)
        check_integers(checked)
        self._make_properties(checked)
        started = time.monotonic()
        failed = self._write(checked)
        written = [record for record in checked if record.id not in failed]
        failed |= self._mend(written, crashed=self._doubted >= started)
        if failed:
            raise PartialWriteError(failed, total=len(checked))

    def delete(self, ids: Sequence[str], /) -> int:
        """Delete records, an asset with all its parts."""
        found = 0
        for batch in batched(existing_ids(ids), BATCH):
            there = self._fetch(ServerFilter.by_id().contains_any(batch), limit=BATCH, return_properties=[])
            gone = [str(one.uuid) for one in there]
            found += len(gone)
            if gone:
                by_parent = ServerFilter.by_property("parent").contains_any(gone)
                self._delete_where(ServerFilter.any_of([ServerFilter.by_id().contains_any(gone), by_parent]))
        return found

    def _delete_where(self, doomed: Any) -> None:
        """Delete all that a filter is true of; the server deletes a certain number at once."""
        while True:
            done = self._server.attempt(lambda: self._handle.data.delete_many(where=doomed))
            if done.failed:
                raise StoreError(f"The server could not delete {done.failed} of {done.matches} objects. Try again.")
            if done.matches < MOST:
                return

    def _object(self, record: Record, *, off: float) -> DataObject[Any, None]:
        """A record as the server takes it; with other vectors than it has where that is wanted (see ``_mend``)."""
        vectors = {name: vector.tolist() for name, vector in record.vectors.items()}
        if off:
            for row in vectors.values():
                row[0] += off
            if not vectors and self.spec.vectors:
                first = self.spec.vectors[0]
                vectors[first.name] = [1.0] * first.width
        return DataObject(uuid=record.id, properties=self._layout.pack(record), vector=vectors)

    def _write(self, records: Sequence[Record], *, off: float = 0.0) -> dict[str, str]:
        """Write records; returns why, for each that was refused."""
        failed: dict[str, str] = {}
        for batch in _batches(records):
            started = time.monotonic()
            failed |= self._insert([self._object(record, off=off) for record in batch])
            if any(record.vectors for record in batch):
                self._flush()  # at once, so that a crash in the next batch leaves this one alone
            if time.monotonic() - started >= _RETRIED:
                self._doubted = time.monotonic()
        return failed

    def _insert(self, objects: list[Any], *, again: bool = True) -> dict[str, str]:
        """Write objects; returns why, for each that was refused twice: a dying node of a cluster refuses some once."""
        try:
            result = self._server.attempt(lambda: self._handle.data.insert_many(objects))
        except StoreError as error:
            if not isinstance(error.__cause__, WeaviateInsertManyAllFailedError):
                raise
            if len(objects) == 1 and not again:
                return {str(objects[0].uuid): str(error.__cause__)}
            return {id: why for one in objects for id, why in self._insert([one], again=False).items()}
        if again and result.errors:
            return self._insert([objects[index] for index in result.errors], again=False)
        return {str(objects[index].uuid): error.message for index, error in result.errors.items()}

    def _flush(self) -> None:
        """Let every shard write down the log of its vector indexes.

        The server acknowledges a batch whose vectors are still in that log's buffer; a crash then leaves objects that
        no vector search finds, ever (seen in 1.39.0). A deletion of nothing flushes it.
        """
        nothing = ServerFilter.by_property("uid").equal("")
        self._server.attempt(lambda: self._handle.data.delete_many(where=nothing, dry_run=True))

    def _mend(self, records: Sequence[Record], *, crashed: bool) -> dict[str, str]:
        """Let the server index what a crash left out of its indexes; returns why, for each that it did not.

        A server that dies in the middle of a batch keeps objects that are not in all of its indexes. When the same
        object comes again, it finds it unchanged and leaves the indexes as they are: searches, filters and counts
        would miss it for ever (seen in 1.39.0). What is written with another vector is indexed anew. The whole batch
        is written so, for the crash may have cut more than was looked at, such as a neighbour's links.

        Vectors that the server makes itself are left out.

        Args:
            records: as they were written.
            crashed: whether the server may have been away meanwhile; then the graph of each vector is asked for each
                record, as one that is in the index may have lost the links that lead to it.
        """
        refused: dict[str, str] = {}
        for _ in range(_MENDINGS):
            cut = [record for batch in _batches(records) if self._unindexed(batch) for record in batch]
            if crashed and not cut:
                cut = [record for record in records if self._unreachable(record)]
            if not cut or self._indexes_later():
                return refused
            self._write(cut, off=_OFF)
            refused = self._write(cut)
        lost = {id for batch in _batches(records) for id in self._unindexed(batch)}
        return dict.fromkeys(lost, "the server does not put it into its indexes") | refused

    def _unindexed(self, records: Sequence[Record]) -> set[str]:
        """The ids of those records that are not found by their vectors and by filters."""
        uid, parent = ServerFilter.by_property("uid"), ServerFilter.by_property("parent")
        either = ServerFilter.any_of([parent.is_none(True), parent.is_none(False)])  # each has an index of its own

        def found(ids: list[str], query: Callable[..., Any], *arguments: Any, **more: Any) -> set[str]:
            wanted = ServerFilter.all_of([uid.contains_any(ids), either])
            ask = {**more, "filters": wanted, "limit": len(ids), "return_properties": []}
            return {str(one.uuid) for one in self._server.attempt(lambda: query(*arguments, **ask).objects)}

        missing: set[str] = set()
        if plain := [record.id for record in records if not record.vectors]:
            missing |= {*plain} - found(plain, self._handle.query.fetch_objects)
        for name in {name for record in records for name in record.vectors}:
            rows = {record.id: record.vectors[name] for record in records if name in record.vectors}
            # So few are compared one by one with the query, whatever it is, and only those that are in the index.
            query = next(iter(rows.values())).tolist()
            missing |= rows.keys() - found([*rows], self._handle.query.near_vector, query, target_vector=name)
        return missing

    def _unreachable(self, record: Record) -> bool:
        """Whether one of its vectors is not found by a search for that vector itself."""

        def nearest(name: str, query: list[float]) -> Any:
            ask = {
                "target_vector": name,
                "limit": 1,
                "return_properties": [],
                "return_metadata": MetadataQuery(distance=True),
            }
            return self._server.attempt(lambda: self._handle.query.near_vector(query, **ask).objects)

        for name, vector in record.vectors.items():
            hits = nearest(name, vector.tolist())
            if not hits or (str(hits[0].uuid) != record.id and hits[0].metadata.distance > _SAME):
                return True
        return False

    def _indexes_later(self) -> bool:
        """Whether the server is still indexing, which one with ASYNC_INDEXING does behind a queue of its own."""
        nodes = self._server.client.cluster.nodes
        found = self._server.attempt(lambda: nodes(self._name, output="verbose"))
        return any(shard.vector_indexing_status == "INDEXING" for node in found for shard in node.shards or ())

    def _make_properties(self, records: Sequence[Record]) -> None:
        """Add what these records need to the schema; another process may be doing the same."""
        for _ in range(5):
            missing = self._layout.missing(records)
            if not missing:
                return
            for (name, kind), column in missing.items():
                wanted = new_property(column, name, kind)
                self._change(lambda wanted=wanted: self._handle.config.add_property(wanted))
            self._schema = self._read_schema()
        raise StoreError(f"The schema of collection {self._name!r} keeps changing. Try again.")

    def _change(self, change: Callable[[], None]) -> None:
        """Change the schema; that somebody else has made the same change is fine."""

        def once() -> None:
            try:
                change()
            except (UnexpectedStatusCodeError, WeaviateInvalidInputError) as error:
                if "already" not in str(error):
                    raise

        self._server.attempt(once)

    # ------------------------------------------------------------ keeping

    def backup(self, folder: Path, /) -> None:
        """Write every record into a new or empty folder, as a library on disk that any store can be restored from."""
        local.write_copy(folder, self.spec, self.iterate(with_vectors=True, parts=True))

    def restore(self, folder: Path, /) -> None:
        """Replace everything by the copy in the folder: what it holds is written first, then the rest is deleted."""
        with local.open_copy(folder, self.spec) as copy:
            kept: set[str] = set()
            for batch in batched(copy.iterate(with_vectors=True, parts=True), BATCH):
                self.upsert(batch)
                kept |= {record.id for record in batch}
        self.delete([record.id for record in self.iterate(parts=True) if record.id not in kept])

    def backup_on_server(self, backup_id: str, *, backend: Backend = "filesystem") -> None:
        """Let the server write a backup of the collection, all its tenants included, to a place of its own.

        It is quicker than ``backup``, and only a Weaviate server reads it again.

        Args:
            backup_id: a new name of small letters, digits, "-" and "_".
            backend: where to; the server's module backup-filesystem, -s3, -gcs or -azure.

        Raises:
            ConfigError: the name cannot be used.
            StoreError: the server lacks that module, has such a backup already, or failed.
        """
        arguments = self._backup_arguments(backup_id, backend)
        create = self._server.client.backup.create
        time.sleep(_LOG_SECONDS)
        self._server.attempt(lambda: create(**arguments, wait_for_completion=True))

    def restore_on_server(self, backup_id: str, *, backend: Backend = "filesystem") -> None:
        """Replace the collection by the server's backup of it.

        The server restores into a free name only: the collection is deleted first, once the backup is seen to be
        whole. When the server then fails, it is gone until a restore succeeds.

        Args:
            backup_id: as it was given to ``backup_on_server``.
            backend: where it is.

        Raises:
            ConfigError: the name cannot be used.
            StoreError: the collection has no backup of that name, the server lacks the module, or it failed.
        """
        arguments = self._backup_arguments(backup_id, backend)
        backups = self._server.client.backup
        there = self._server.attempt(lambda: backups.list_backups(arguments["backend"]))
        if not any(
            one.backup_id == backup_id and one.status == "SUCCESS" and self._name in one.collections for one in there
        ):
            known = ", ".join(one.backup_id for one in there if self._name in one.collections) or "none"
            raise StoreError(f"The server has no whole backup {backup_id!r} of {self._name!r}. It has: {known}.")
        self._server.attempt(lambda: self._server.client.collections.delete(self._name))
        self._server.attempt(lambda: backups.restore(**arguments, wait_for_completion=True))
        self._schema = self._read_schema()

    def _backup_arguments(self, backup_id: str, backend: str) -> dict[str, Any]:
        if not re.fullmatch(r"[a-z0-9_-]+", backup_id):
            raise ConfigError(f"A backup is named by small letters, digits, '-' and '_'; got {backup_id!r}.")
        known = [one.value for one in BackupStorage]
        if backend not in known:
            raise ConfigError(f"No backup backend is named {backend!r}. Known: {', '.join(known)}.")
        return {"backup_id": backup_id, "backend": BackupStorage(backend), "include_collections": [self._name]}


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Lists of records that fit into one message to the server."""
    batch: list[Record] = []
    size = 0
    for record in records:
        weight = len(record.text) + len(record.thumbnail or b"") + sum(v.nbytes for v in record.vectors.values())
        if batch and (len(batch) == BATCH or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += weight
    if batch:
        yield batch


# ---------------------------------------------------------------- opening


def open_collection(
    server: Server, name: str, options: Options, spec: CollectionSpec | None
) -> WeaviateStore | ForeignStore:
    """Open a collection, or make it by the spec; see ``weaviate.build``."""
    if not server.attempt(lambda: server.client.collections.exists(name)):
        if spec is None:
            raise LibraryNotFoundError(
                f"This Weaviate server has no collection {name!r}. Make one with: "
                f"mm-agents add PATH --library weaviate://HOST:PORT/{name}"
            )
        create(server, name, options, spec)
    handle: Any = server.client.collections.use(name).with_consistency_level(ConsistencyLevel[options.consistency])
    config = server.attempt(handle.config.get)
    if config.multi_tenancy_config.enabled != (options.tenant is not None):
        wrong = "has tenants: name one" if options.tenant is None else "has no tenants: leave it out"
        raise ConfigError(f"Collection {name!r} {wrong} by the option tenant; got {options.tenant!r}.")
    if options.tenant is not None:
        _check_tenant(server, handle, options.tenant, make=spec is not None)
        handle = handle.with_tenant(options.tenant)
    ours = read_about(config.description) is not None
    store = WeaviateStore(server, handle, options) if ours else ForeignStore(server, handle)
    if spec is not None:
        check_same_spec(store.spec, spec, name)
    return store


def _check_tenant(server: Server, handle: Any, tenant: str, *, make: bool) -> None:
    if server.attempt(lambda: handle.tenants.exists(tenant)):
        return
    if not make:
        raise LibraryNotFoundError(f"Collection {handle.name!r} has no tenant {tenant!r}. Add something to make it.")
    server.attempt(lambda: handle.tenants.create(tenant))
