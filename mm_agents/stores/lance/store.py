"""Records in a LanceDB table."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

import pyarrow as pa

from mm_agents._progress import batched
from mm_agents.errors import LibraryNotFoundError, StoreError
from mm_agents.filters import matches
from mm_agents.stores import local
from mm_agents.stores.lance import search as searching
from mm_agents.stores.lance import table as schemas
from mm_agents.stores.lance.table import Table
from mm_agents.stores.local import files
from mm_agents.stores.local.database import spec_document
from mm_agents.stores.ranking import fuse, fusion_depth
from mm_agents.stores.validation import (
    check_count,
    check_extension,
    check_records,
    check_same_spec,
    check_search,
    check_spec,
    existing_ids,
    group_names,
)
from mm_agents.types import CollectionSpec, Filter, Match, Record, VectorSpec

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_PAGE = 256
_BATCH = 2000
_ASSETS = "`parent` IS NULL"


class LanceStore:
    """Records in a folder; see ``mm_agents.protocols.Store``. A context manager; made by ``open`` or ``create``."""

    def __init__(self, table: Table, spec: CollectionSpec) -> None:
        self._table = table
        self._spec = spec
        self._writing = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder; ``lance.build`` lists the errors."""
        files.check_folder(folder)
        if not (folder / files.MANIFEST).is_file():
            raise LibraryNotFoundError(
                f"No library at 'lance://{folder}'. Make one with: mm-agents add PATH --library lance://{folder}"
            )
        files.check_manifest(folder, store="lance")
        spec = _read_spec(folder)
        table = Table.open(folder)
        columns = {field.name: field.type for field in table.schema}
        for field in schemas.vector_fields(spec):
            if columns.get(field.name) != field.type:
                raise files.damaged(folder / files.MANIFEST, f"the table has no {field.name!r} of type {field.type}")
        return cls(table, spec)

    @classmethod
    def create(cls, folder: Path, spec: CollectionSpec) -> Self:
        """Make a store and open it; one that is there already is opened."""
        check_spec(spec)
        files.check_folder(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            Table.create(folder, spec).close()
            if not (folder / files.MANIFEST).is_file():
                _write_spec(folder, spec)
        except OSError as error:
            raise StoreError(f"{error.filename or str(folder)!r}: {error.strerror or error}.") from error
        return cls.open(folder)

    @property
    def spec(self) -> CollectionSpec:
        """The collection's name and vectors."""
        return self._spec

    # ------------------------------------------------------------ writing

    def extend(self, spec: CollectionSpec, /) -> None:
        """Give the collection more vectors, or change their roles and which replaces which; nothing is rewritten."""
        with self._writing:
            check_extension(self._spec, spec, str(self._table.folder))
            self._table.add_columns(schemas.vector_fields(spec))
            _write_spec(self._table.folder, spec)
            self._spec = spec

    def upsert(self, records: Sequence[Record], /) -> None:
        """Write records, replacing those of the same id: all of them or, with an error, none."""
        checked = check_records(records, self._spec)
        if not checked:
            return
        with self._writing:
            self._make_columns(checked)
            self._table.merge(lambda schema: schemas.pack(checked, schema))
            searching.maintain(self._table, self._spec)

    def delete(self, ids: Sequence[str], /) -> int:
        """Delete records, an asset with all its parts; returns how many of the ids existed."""
        with self._writing:
            found = [id for batch in batched(existing_ids(ids), _BATCH) for id in self._existing(batch)]
            for batch in batched(found, _BATCH):
                self._table.delete(f"{schemas.ids_in(batch)} OR {schemas.ids_in(batch, 'parent')}")
            return len(found)

    def _existing(self, ids: Sequence[str]) -> list[str]:
        return self._table.scan(["id"], schemas.ids_in(ids))["id"].to_pylist()

    def _make_columns(self, records: Sequence[Record]) -> None:
        self._table.add_columns(schemas.property_fields(records).values())

    # ------------------------------------------------------------ reading

    def get(self, ids: Sequence[str], /, *, with_vectors: bool = False) -> dict[str, Record]:
        """The records of those ids that exist, in the order asked."""
        return self._get(self._table, existing_ids(ids), with_vectors)

    def _get(self, table: Table, wanted: list[str], with_vectors: bool) -> dict[str, Record]:
        vectors = [schemas.vector_column(vector.name) for vector in self._spec.vectors if with_vectors]
        found: dict[str, Record] = {}
        for batch in batched(wanted, _BATCH):
            rows = table.scan([*schemas.RECORD, *vectors], schemas.ids_in(batch))
            found |= {record.id: record for record in schemas.unpack(rows)}
        return {id: found[id] for id in wanted if id in found}

    def search(
        self,
        *,
        vector: FloatArray | None = None,
        using: str | None = None,
        text: str | None = None,
        where: Filter | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Match]:
        """Find assets by a vector, by keywords, or by both; what is deleted meanwhile is left out."""
        query = check_search(self._spec, vector=vector, using=using, text=text, where=where, limit=limit, offset=offset)
        sql = self._compile(where, parts=True)
        both = query is not None and text is not None
        depth = fusion_depth(limit, offset) if both else limit + offset
        lists: list[list[Match]] = []
        if query is not None and using is not None:
            lists.append(searching.by_vector(self._table, using, query, sql, depth))
        if text is not None:
            lists.append(searching.by_keywords(self._table, schemas.keywords(text), sql, depth))
        ranked = (fuse(lists) if both else lists[0])[offset : offset + limit]
        records = self.get([match.record.id for match in ranked])
        return [
            Match(record=records[match.record.id], score=match.score) for match in ranked if match.record.id in records
        ]

    @overload
    def count(self, *, where: Filter | None = None) -> int: ...
    @overload
    def count(self, *, group_by: str, where: Filter | None = None) -> dict[str, int]: ...
    def count(self, *, group_by: str | None = None, where: Filter | None = None) -> int | dict[str, int]:
        """How many assets; with ``group_by``, how many per value of that property ("" for those without it)."""
        check_count(group_by, where)
        wanted = self._compile(where, parts=False)
        if group_by is None:
            return self._table.count(wanted)
        known = self._table.schema.names
        columns = ["id"] if group_by == "id" else list(schemas.property_columns(group_by, known).values())
        rows = self._table.scan({"id", *columns}, wanted)
        groups: Counter[str] = Counter()
        present = 0
        for column in columns:
            values = rows[column].drop_null()
            present += len(values)
            for value, count in _counted(values):
                for name in group_names(value):
                    groups[name] += count
        if rows.num_rows > present:
            groups[""] += rows.num_rows - present
        return dict(sorted(groups.items()))

    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also the parts.

        The ids are those of now; the records are read some at a time, as they are then. One that is deleted, or
        that no longer passes the filter, is left out.
        """
        check_count(None, where)
        ids = self._ids(self._table, self._compile(where, parts=parts))
        return self._walk(self._table, ids, where, with_vectors)

    def _ids(self, table: Table, where: str | None) -> list[str]:
        return sorted(table.scan(["id"], where)["id"].to_pylist())

    def _walk(self, table: Table, ids: list[str], where: Filter | None, with_vectors: bool) -> Iterator[Record]:
        for page in batched(ids, _PAGE):
            for record in self._get(table, page, with_vectors).values():
                if where is None or matches(where, record):
                    yield record

    def _compile(self, where: Filter | None, *, parts: bool) -> str | None:
        """The SQL of a filter, for assets only unless parts are wanted too; None where all are wanted."""
        if where is None:
            return None if parts else _ASSETS
        sql = schemas.compile_filter(where, self._table.schema.names)
        return sql if parts else f"{_ASSETS} AND ({sql})"

    # ------------------------------------------------------------ keeping

    def backup(self, folder: Path, /) -> None:
        """Write a consistent copy into a new or empty folder: a local library, which any store can be restored from.

        Raises:
            ConfigError: the folder is not empty.
            StoreError: the copy could not be written, or took so long that what it reads was cleaned up.
        """
        files.check_target(folder)
        frozen = self._table.pinned()
        with local.LocalStore.create(folder, self._spec) as copy:
            everything = self._walk(frozen, self._ids(frozen, None), None, with_vectors=True)
            for batch in batched(everything, _BATCH):
                copy.upsert(batch)

    def restore(self, folder: Path, /) -> None:
        """Replace everything by the copy in the folder, in one commit: on failure everything is as before."""
        with local.LocalStore.open(folder) as copy, self._writing:
            check_same_spec(copy.spec, self._spec, str(folder))
            copy.verify()
            for batch in batched(copy.iterate(parts=True), _BATCH):
                self._make_columns(batch)

            def rows(schema: Any) -> Any:
                everything = copy.iterate(with_vectors=True, parts=True)
                packed = (schemas.pack(batch, schema) for batch in batched(everything, _BATCH))
                return pa.RecordBatchReader.from_batches(schema, (b for table in packed for b in table.to_batches()))

            self._table.merge(rows, only=True)
            searching.maintain(self._table, self._spec)

    def close(self) -> None:
        """Let go of the table; harmless when called twice."""
        self._table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read_spec(folder: Path) -> CollectionSpec:
    path = folder / files.MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return CollectionSpec(name=document["name"], vectors=tuple(VectorSpec(**v) for v in document["vectors"]))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise files.damaged(path, f"it cannot be read ({error})") from error


def _write_spec(folder: Path, spec: CollectionSpec) -> None:
    files.write_manifest(folder, {"store": "lance", **spec_document(spec)})


def _counted(values: Any) -> Iterable[tuple[Any, int]]:
    """Each different value of a column and how often it stands there."""
    if pa.types.is_list(values.type):
        return Counter(map(tuple, values.to_pylist())).items()
    return ((pair["values"], pair["counts"]) for pair in values.value_counts().to_pylist())
