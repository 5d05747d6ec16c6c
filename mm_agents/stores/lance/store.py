"""Records in a LanceDB table: searched exactly while it is small, by a calibrated index above.

The index is IVF_FLAT: vectors in lists, of which a search reads the nearest few (``probes``). How many are enough
depends on the collection: when the index is built, vectors of its own are searched with more and more probes until
99% of their exact 10, 100 and 1,000 nearest are found. A search deeper than that, or with a filter, reads all lists,
which is exact: what a filter is true of may lie in lists far from the query, however many of the near ones are read
(with 200 clusters and a filter that is true of 20 of them, calibrated probes found one in five).
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from lancedb.index import IvfFlat

from mm_agents._progress import batched
from mm_agents.errors import StoreUnavailableError
from mm_agents.stores import local
from mm_agents.stores.base import SCORE_DECIMALS, FolderStore, collapse, count_groups, keywords, read_pages
from mm_agents.stores.lance import table as schemas
from mm_agents.stores.lance.table import Table, unpack_vectors, vector_column
from mm_agents.stores.local import files
from mm_agents.stores.local.database import read_document, spec_document, translated
from mm_agents.stores.validation import check_count, check_extension, check_records, check_spec, existing_ids
from mm_agents.types import CollectionSpec, Filter, Match, Record

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_log = logging.getLogger(__name__)

INDEX_ROWS = 50_000
"""From so many vectors on there is an index."""

RECALL = 0.99
"""The share of the exact nearest that a search finds on average, measured on the collection's own vectors."""

SMALL_FILES = 64
UNINDEXED_ROWS = 20_000
"""At one of these the table is put in order; a search reads what no index knows yet row by row."""

_DEPTHS = (10, 100, 1000)
_SAMPLE = 64
_GROWTH = 1.5
_ALL = 1 << 20  # more probes than any index has lists
_NOTE = "mm_agents.probes"
_MOST = 10_000
_MARGIN = 2e-6  # more than LanceDB's float32 cosines are off by
_BATCH = 2000
_ASSETS = "`parent` IS NULL"


class LanceStore(FolderStore):
    """Records in a folder; see ``mm_agents.protocols.Store``. A context manager; made by ``open`` or ``create``."""

    def __init__(self, table: Table, spec: CollectionSpec) -> None:
        self._table = table
        self._spec = spec
        self._writing = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder; ``lance.build`` lists the errors."""
        files.check_folder(folder)
        document = files.check_manifest(folder, store="lance")
        try:
            spec = read_document(document)
        except (KeyError, TypeError) as error:
            raise files.damaged(folder / files.MANIFEST, f"it cannot be read ({error})") from error
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
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with closing(Table.create(folder, spec)) as table:
                if not (folder / files.MANIFEST).is_file():
                    _write_spec(table, spec)
        return cls.open(folder)

    # ------------------------------------------------------------ writing

    def extend(self, spec: CollectionSpec, /) -> None:
        """Give the collection more vectors, or change their roles and which replaces which; nothing is rewritten."""
        with self._writing:
            check_extension(self._spec, spec, str(self._table.folder))
            self._table.add_columns(schemas.vector_fields(spec))
            _write_spec(self._table, spec)
            self._spec = spec

    def upsert(self, records: Sequence[Record], /) -> None:
        """Write records, replacing those of the same id: all of them or, with an error, none."""
        checked = check_records(records, self._spec)
        if not checked:
            return
        with self._writing:
            self._make_columns(checked)
            self._table.merge(lambda schema: schemas.pack(checked, schema))
            maintain(self._table, self._spec)
            _seal(self._table)

    def delete(self, ids: Sequence[str], /) -> int:
        """Delete records, an asset with all its parts; returns how many of the ids existed."""
        with self._writing:
            found: list[str] = []
            for batch in batched(existing_ids(ids), _BATCH):
                found += self._table.scan(["id"], schemas.ids_in(batch))["id"].to_pylist()
            for batch in batched(found, _BATCH):
                self._table.delete(f"{schemas.ids_in(batch)} OR {schemas.ids_in(batch, 'parent')}")
            _seal(self._table)
            return len(found)

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

    def _ranked_lists(
        self, query: FloatArray | None, using: str | None, text: str | None, where: Filter | None, depth: int
    ) -> list[list[Match]]:
        sql = self._compile(where, parts=True)
        lists: list[list[Match]] = []
        if query is not None and using is not None:
            lists.append(by_vector(self._table, using, query, sql, depth))
        if text is not None:
            lists.append(by_keywords(self._table, keywords(text), sql, depth))
        return lists

    def _filled(self, ranked: list[Match]) -> list[Match]:
        records = self.get([match.record.id for match in ranked])
        return [replace(match, record=records[match.record.id]) for match in ranked if match.record.id in records]

    def _total(self, where: Filter | None) -> int:
        return self._table.count(self._compile(where, parts=False))

    def _groups(self, name: str, where: Filter | None) -> Mapping[str, int]:
        known = self._table.schema.names
        columns = ["id"] if name == "id" else list(schemas.property_columns(name, known).values())
        rows = self._table.scan({"id", *columns}, self._compile(where, parts=False))
        present = [rows[column].drop_null() for column in columns]
        groups = count_groups(pair for values in present for pair in _counted(values))
        if absent := rows.num_rows - sum(map(len, present)):
            groups[""] += absent
        return groups

    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids, as ``LocalStore.iterate``; with ``parts`` also the parts."""
        check_count(None, where)
        return self._walk(self._table, where, with_vectors, parts=parts)

    def _walk(self, table: Table, where: Filter | None, with_vectors: bool, *, parts: bool) -> Iterator[Record]:
        ids = sorted(table.scan(["id"], self._compile(where, parts=parts))["id"].to_pylist())
        return read_pages(ids, lambda page: self._get(table, page, with_vectors), where)

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
        records = self._walk(self._table.pinned(), None, with_vectors=True, parts=True)
        local.write_copy(folder, self._spec, records)

    def restore(self, folder: Path, /) -> None:
        """Replace everything by the copy in the folder, in one commit: on failure everything is as before."""
        with local.open_copy(folder, self._spec) as copy, self._writing:
            for batch in batched(copy.iterate(parts=True), _BATCH):
                self._make_columns(batch)

            def rows(schema: Any) -> Any:
                everything = copy.iterate(with_vectors=True, parts=True)
                packed = (schemas.pack(batch, schema) for batch in batched(everything, _BATCH))
                return pa.RecordBatchReader.from_batches(schema, (b for table in packed for b in table.to_batches()))

            self._table.merge(rows, only=True)
            maintain(self._table, self._spec)
            _seal(self._table)

    def verify(self) -> None:
        """Compare every file with its checksum, and read every record and vector.

        Raises:
            StoreDamagedError: something has changed since it was written.
        """
        self._table.check(spec=_spec_bytes(self._spec))
        for _ in self._walk(self._table.pinned(), None, with_vectors=True, parts=True):
            pass

    def close(self) -> None:
        """Let go of the table; harmless when called twice."""
        self._table.close()


def _write_spec(table: Table, spec: CollectionSpec) -> None:
    table.seal(spec=_spec_bytes(spec))
    files.write_manifest(table.folder, {"store": "lance", **spec_document(spec)})


def _spec_bytes(spec: CollectionSpec) -> bytes:
    return json.dumps(spec_document(spec), sort_keys=True).encode()


def _seal(table: Table) -> None:
    """Keep the checksums of what was written; it is committed already, so a failure is logged and tried next time."""
    try:
        table.seal()
    except OSError:
        _log.warning("The store at %s has files without a checksum.", table.folder, exc_info=True)


def _counted(values: Any) -> Iterable[tuple[Any, int]]:
    """Each different value of a column and how often it stands there."""
    if pa.types.is_list(values.type):
        return Counter(map(tuple, values.to_pylist())).items()
    return ((pair["values"], pair["counts"]) for pair in values.value_counts().to_pylist())


# ---------------------------------------------------------------- searching


def by_vector(table: Table, using: str, query: FloatArray, where: str | None, wanted: int) -> list[Match]:
    """The nearest assets; their records have ids only."""
    column = vector_column(using)
    enough = _probes(table, column, filtered=where is not None)
    wide = query.astype(np.float64)

    def read(most: int, probes: int | None) -> Any:
        return table.nearest(column, query, select=["id", "parent", column], where=where, most=most, probes=probes)

    def ask(most: int) -> list[Match]:
        probes = enough(most)
        rows = read(most, probes)
        if probes is not None and probes < _ALL and rows.num_rows < most:
            rows = read(most, _ALL)
        vectors = unpack_vectors(rows, column)
        # Summed row by row in one order, so that equal vectors have equal scores wherever they stand.
        scores = [float((vector.astype(np.float64) * wide).sum()) for vector in vectors.values()]
        return _matches(rows, scores)

    return _ranked(ask, wanted)


def by_keywords(table: Table, words: str, where: str | None, wanted: int) -> list[Match]:
    """The best assets by BM25 of any of the words; their records have ids only."""

    def ask(most: int) -> list[Match]:
        rows = table.matching(words, where=where, most=most)
        return _matches(rows, rows["_score"].to_pylist())

    return _ranked(ask, wanted) if words else []


def _matches(rows: Any, scores: list[float]) -> list[Match]:
    ids, parents = rows["id"].to_pylist(), rows["parent"].to_pylist()
    return [
        Match(record=Record(id=id, parent=parent), score=round(score, SCORE_DECIMALS))
        for id, parent, score in zip(ids, parents, scores, strict=True)
    ]


def _ranked(ask: Callable[[int], list[Match]], wanted: int) -> list[Match]:
    """The best assets of a ranked query; parts of one asset count once.

    More is asked for until enough assets are there and no row further down could tie with the last of them.
    """
    most = 2 * wanted + 8
    while wanted:
        found = ask(most)
        assets = collapse(found)
        floor = min((match.score for match in found), default=0.0) + _MARGIN
        if len(found) < most or sum(match.score > floor for match in assets) >= wanted:
            return assets[:wanted]
        if most > max(_MOST, 4 * wanted) and len(assets) >= wanted:  # thousands of equals: any of them will do
            return assets[:wanted]
        most *= 4
    return []


# ---------------------------------------------------------------- the index


def maintain(table: Table, spec: CollectionSpec) -> None:
    """Put the table in order when enough was written: files, indices, calibration.

    What was written is committed already, so a failure here is logged and left for the next time; where another
    process changes the same files meanwhile, that is expected.
    """
    try:
        files, unindexed = table.behind()
        if files < SMALL_FILES and unindexed < UNINDEXED_ROWS:
            return
        table.optimize()
        for vector in spec.vectors:
            _index(table, vector_column(vector.name))
    except StoreUnavailableError:
        _log.debug("Another process changes %s; it is put in order next time.", table.folder)
    except Exception:  # noqa: BLE001 - the caller's write is committed and must not seem to have failed
        _log.warning("The store at %s could not be put in order; it is tried again.", table.folder, exc_info=True)


def _index(table: Table, column: str) -> None:
    """Build a vector's index when there is none, or it was calibrated for much fewer."""
    rows = table.count(f"`{column}` IS NOT NULL")
    if rows < INDEX_ROWS or rows < _GROWTH * _calibration(table, column).get("rows", 0):
        return
    table.note(column, _NOTE, "{}")  # until it is calibrated again, a search reads all lists
    table.create_index(column, IvfFlat(distance_type="cosine"))
    table.note(column, _NOTE, json.dumps({"rows": rows, "probes": _calibrate(table, column, rows)}))


def _calibrate(table: Table, column: str, rows: int) -> list[tuple[int, int]]:
    """How many probes are enough for each depth, as pairs (depth, probes)."""
    total = table.count()
    size = min(total, 4 * _SAMPLE * total // rows)  # some rows lack the vector
    offsets = random.Random(0).sample(range(total), size)
    sample = list(unpack_vectors(table.take(sorted(offsets), column), column).values())[:_SAMPLE]

    def nearest(probes: int) -> list[list[str]]:
        found = (
            table.nearest(column, row, select=["id"], where=None, most=max(_DEPTHS), probes=probes) for row in sample
        )
        return [rows["id"].to_pylist() for rows in found]

    exact = nearest(_ALL)
    enough: list[tuple[int, int]] = []
    probes = 1
    while len(enough) < len(_DEPTHS):
        found = nearest(probes)
        while len(enough) < len(_DEPTHS):
            depth = _DEPTHS[len(enough)]
            shares = [len({*a[:depth]} & {*b[:depth]}) / len(b[:depth]) for a, b in zip(found, exact, strict=True)]
            if np.mean(shares) < RECALL and probes < _ALL:
                break
            enough.append((depth, probes))
        probes *= 2
    return enough


def _probes(table: Table, column: str, *, filtered: bool) -> Callable[[int], int | None]:
    """How many probes a search for some number of rows needs; None without an index."""
    if column not in table.indices():
        return lambda most: None
    known: list[tuple[int, int]] = [] if filtered else _calibration(table, column).get("probes", [])
    return lambda most: next((probes for depth, probes in known if most <= depth), _ALL)


def _calibration(table: Table, column: str) -> dict[str, Any]:
    metadata = table.schema.field(column).metadata or {}
    return json.loads(metadata.get(_NOTE.encode(), b"{}"))
