"""One LanceDB table: how records and filters are written for it, retries after conflicts, and typed errors."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lancedb
import numpy as np
import pyarrow as pa
import tenacity
from lancedb.index import FTS, BTree
from lancedb.query import MatchQuery

from mm_agents.errors import FilterError, MMAgentsError, StoreDamagedError, StoreError, StoreUnavailableError
from mm_agents.stores.base import keywords, kind_of
from mm_agents.stores.local.database import read_properties
from mm_agents.stores.local.files import damaged
from mm_agents.types import And, CollectionSpec, Condition, Filter, Not, Or, Record

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

KINDS: Mapping[str, Any] = {
    "text": pa.string(),
    "int": pa.int64(),
    "number": pa.float64(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
}

RECORD = ("id", "parent", "text", "properties", "thumbnail")
"""The columns that make a record, beside its vectors."""

MAX_NESTING = 40
"""How many brackets a filter's SQL may nest: more than ``filters.parse`` allows; LanceDB's parser gives up at 45."""

# Without a primary key, two processes that add the same record at once would each add a row.
_KEY = {"lance-schema:unenforced-primary-key": "true"}
_OWN = {"id": {"text": "`id`"}, "parent": {"text": "`parent`"}}
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


def table_schema(spec: CollectionSpec) -> Any:
    """The schema of a new table."""
    fields = [pa.field("id", pa.string(), nullable=False, metadata=_KEY)]
    fields += [pa.field(name, pa.string()) for name in ("parent", "text", "keywords", "properties")]
    return pa.schema([*fields, pa.field("thumbnail", pa.binary()), *vector_fields(spec)])


def vector_fields(spec: CollectionSpec) -> list[Any]:
    """A field for each named vector."""
    return [pa.field(vector_column(v.name), pa.list_(pa.float32(), v.width)) for v in spec.vectors]


def vector_column(name: str) -> str:
    """The column of a named vector."""
    return f"vector_{name}"


def property_columns(name: str, known: Collection[str]) -> dict[str, str]:
    """The columns, of those known, that hold a property, by kind."""
    columns = {kind: _property_column(name, kind) for kind in KINDS}
    return {kind: column for kind, column in columns.items() if column in known}


def property_fields(records: Sequence[Record]) -> dict[str, Any]:
    """The fields that the properties of these records need, by column."""
    needed = {(name, kind_of(value)) for record in records for name, value in record.properties.items()}
    columns = {_property_column(name, kind): kind for name, kind in sorted(needed)}
    return {column: pa.field(column, KINDS[kind]) for column, kind in columns.items()}


# ---------------------------------------------------------------- records to rows and back


def pack(records: Sequence[Record], schema: Any) -> Any:
    """Records as a table of this schema; what a record lacks is null."""
    columns: dict[str, list[Any]] = {
        "id": [record.id for record in records],
        "parent": [record.parent for record in records],
        "text": [record.text for record in records],
        "keywords": [keywords(f"{record.name}\n{record.text}") for record in records],
        "properties": [json.dumps(dict(record.properties), ensure_ascii=False) for record in records],
        "thumbnail": [record.thumbnail for record in records],
    }
    for row, record in enumerate(records):
        for name, value in record.properties.items():
            columns.setdefault(_property_column(name, kind_of(value)), [None] * len(records))[row] = value
    nothing: list[None] = [None] * len(records)
    arrays = [
        _pack_vectors(records, field)
        if pa.types.is_fixed_size_list(field.type)
        else pa.array(columns.get(field.name, nothing), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def unpack(rows: Any) -> list[Record]:
    """The records of a table that was read with the columns ``RECORD`` and any vectors."""
    vectors = {name: unpack_vectors(rows, name) for name in rows.column_names if name.startswith("vector_")}
    found: list[Record] = []
    for number, row in enumerate(rows.select(list(RECORD)).to_pylist()):
        row["properties"] = read_properties(row["properties"])
        present = {c.removeprefix("vector_"): matrix[number] for c, matrix in vectors.items() if number in matrix}
        found.append(Record(**row, vectors=present))
    return found


def unpack_vectors(rows: Any, column: str) -> dict[int, FloatArray]:
    """The vectors of a table's rows, by the row's number; float32, shape (width,); rows without one are left out."""
    array = rows[column].combine_chunks()
    there = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)).tolist()
    matrix = array.flatten().to_numpy(zero_copy_only=False).reshape(-1, array.type.list_size)
    return dict(zip(there, matrix, strict=True))


def _pack_vectors(records: Sequence[Record], field: Any) -> Any:
    name, width = field.name.removeprefix("vector_"), field.type.list_size
    missing = np.array([name not in record.vectors for record in records], np.bool_)
    matrix = np.zeros((len(records), width), np.float32)
    for row, record in enumerate(records):
        if name in record.vectors:
            matrix[row] = record.vectors[name]
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), type=field.type, mask=pa.array(missing))


def _property_column(name: str, kind: str) -> str:
    return f"{kind}_{name.replace('.', '$')}"


# ---------------------------------------------------------------- filters


def ids_in(ids: Sequence[str], column: str = "id") -> str:
    """SQL that is true of the rows with one of these ids."""
    return f"`{column}` IN ({', '.join(map(_literal, ids))})"


def compile_filter(where: Filter, known: Collection[str]) -> str:
    """The SQL of a checked filter; a property without a column is absent everywhere.

    Raises:
        FilterError: it nests more deeply than LanceDB can read.
    """
    return _compile(where, known, negated=False, inside_and=False, depth=0)


def _compile(where: Filter, known: Collection[str], *, negated: bool, inside_and: bool, depth: int) -> str:
    """SQL without NOT over several conditions: SQL's logic has three values, so only single ones are negated."""
    match where:
        case Condition():
            test = _test(where, known)
            return f"({test}) IS NOT TRUE" if negated != (where.op == "ne") else f"({test})"
        case Not(part):
            return _compile(part, known, negated=not negated, inside_and=inside_and, depth=depth)
        case And(parts) | Or(parts):
            every = isinstance(where, And) != negated
            bracketed = inside_and and not every
            if depth + bracketed > MAX_NESTING:
                raise FilterError(f"LanceDB reads filters of at most {MAX_NESTING} nested brackets; this one has more.")
            compiled = [
                _compile(part, known, negated=negated, inside_and=every, depth=depth + bracketed) for part in parts
            ]
            text = (" AND " if every else " OR ").join(compiled) or ("TRUE" if every else "FALSE")
            return f"({text})" if bracketed else text


def _test(condition: Condition, known: Collection[str]) -> str:
    """SQL that is true where the condition is ("ne" where it is equal), false or null elsewhere."""
    columns = {kind: f"`{column}`" for kind, column in property_columns(condition.name, known).items()}
    tests = [
        test
        for kind, column in _OWN.get(condition.name, columns).items()
        if (test := _compare(column, kind, condition.op, condition.value))
    ]
    return " OR ".join(tests) or "FALSE"


def _compare(column: str, kind: str, op: str, value: Any) -> str:
    """The test of a column of one kind; "" where it is never true."""
    match op:
        case "exists":
            return f"{column} IS NOT NULL"
        case "contains" if kind in ("text", "list"):
            return f"{'contains' if kind == 'text' else 'array_has'}({column}, {_literal(value)})"
        case "eq" | "ne" if isinstance(value, tuple):
            return f"{column} = make_array({', '.join(map(_literal, value))})" if kind == "list" else ""
        case "eq" | "ne" | "in":
            values = value if op == "in" else (value,)
            equal = [literal for one in values if (literal := _equal(kind, one))]
            return f"{column} IN ({', '.join(equal)})" if equal else ""
        case "lt" | "le" | "gt" | "ge" if _fits(kind, value):
            return _ordered(column, kind, op, value)
        case _:
            return ""


def _fits(kind: str, value: object) -> bool:
    """Whether a value can be compared with a column of this kind."""
    if kind in ("int", "number"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind in ("text", "bool") and isinstance(value, str if kind == "text" else bool)


def _equal(kind: str, value: Any) -> str:
    """The literal that a column of this kind holds where it is equal to the value; "" where there is none."""
    if not _fits(kind, value):
        return ""
    if kind == "int":
        return _literal(int(value)) if value == int(value) and _LOWEST <= value <= _HIGHEST else ""
    if kind == "number":
        return _literal(float(value)) if float(value) == value else ""
    return _literal(value)


def _ordered(column: str, kind: str, op: str, value: Any) -> str:
    below = op in ("lt", "le")
    if kind == "int":  # among whole numbers, x < 2.5 is x < 3, and x <= 2.5 is x <= 2
        value = math.floor(value) if op in ("le", "gt") else math.ceil(value)
        if not _LOWEST <= value <= _HIGHEST:
            return f"{column} IS NOT NULL" if (value > 0) == below else ""
    elif kind == "number" and float(value) != value:  # an integer between two neighbouring floats
        above = float(value) > value
        op = ("lt" if above else "le") if below else ("ge" if above else "gt")
        value = float(value)
    symbol = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}[op]
    return f"{column} {symbol} {_literal(float(value) if kind == 'number' else value)}"


def _literal(value: str | int | float | bool) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"  # LanceDB's SQL has no other escape
    if value is True or value is False:
        return str(value).upper()
    return f"({_LOWEST + 1} - 1)" if value == _LOWEST and isinstance(value, int) else repr(value)


RETRY_SECONDS = 60.0
"""How long a write is tried again while other processes commit first."""

KEEP = timedelta(minutes=10)
"""How long what was replaced can still be read by who began before; a backup has to end within it."""

_again = tenacity.retry(
    retry=tenacity.retry_if_exception_type(StoreUnavailableError),
    stop=tenacity.stop_after_delay(RETRY_SECONDS),
    wait=tenacity.wait_exponential_jitter(initial=0.01, max=1.0),
    reraise=True,
)
"""Writes again while other processes commit first."""

_NAME = "records"
_CHECKSUMS = "checksums"
_CHECKED = ("_deletions/*", "_indices/*/*", "_versions/*.manifest", "data/*")
"""LanceDB's files that are written once, under another name until they are whole, and then only read."""
_VERSION = "_versions/"
_CHECKSUM = re.compile(r"([0-9a-f]{32}) (\S+)")
_KEYWORDS = FTS(
    base_tokenizer="whitespace",  # the column is folded into words already
    lower_case=False,
    ascii_folding=False,
    stem=True,
    remove_stop_words=False,
    max_token_length=None,
)


class Table:
    """A table in the store's folder; what another process has committed is seen by the next call."""

    def __init__(self, folder: Path, opened: Any) -> None:
        self.folder = folder
        self._opened: Any = opened
        self._sealed: set[str] = set()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the table in a folder."""
        with translated(folder):
            return cls(folder, _connect(folder).open_table(_NAME))

    @classmethod
    def create(cls, folder: Path, spec: CollectionSpec) -> Self:
        """Make an empty table with its indices; one that is there is opened."""
        with translated(folder):
            table = cls(folder, _connect(folder).create_table(_NAME, schema=table_schema(spec), exist_ok=True))
            have = table.indices()
            for column, config in (("id", BTree()), ("parent", BTree()), ("keywords", _KEYWORDS)):
                if column not in have:
                    table.create_index(column, config)
            return table

    def pinned(self) -> Table:
        """The table as it is now, whatever is written later."""
        with self.use() as opened:
            frozen = _connect(self.folder).open_table(_NAME)
            frozen.checkout(opened.version)
            return Table(self.folder, frozen)

    def close(self) -> None:
        """Let go of the table; harmless when called twice."""
        self._opened = None

    @contextmanager
    def use(self) -> Generator[Any]:
        """LanceDB's table; what goes wrong inside is raised as an error of ours.

        Raises:
            StoreError: the store is closed, or one of its children as LanceDB failed.
        """
        opened = self._opened
        if opened is None:
            raise StoreError(f"The store at {str(self.folder)!r} is closed. Open it again.")
        with translated(self.folder):
            yield opened

    # ------------------------------------------------------------ reading

    @property
    def schema(self) -> Any:
        """The columns as they are now."""
        with self.use() as opened:
            return opened.schema

    def count(self, where: str | None = None) -> int:
        """How many rows there are, or a filter is true of."""
        with self.use() as opened:
            return opened.count_rows(where)

    def scan(self, columns: Iterable[str], where: str | None = None) -> Any:
        """The named columns of every row that a filter is true of, as an Arrow table."""
        with self.use() as opened:
            return _filtered(opened.search().select(list(columns)).limit(None), where).to_arrow()

    def nearest(
        self,
        column: str,
        query: FloatArray,
        *,
        select: Sequence[str],
        where: str | None,
        most: int,
        probes: int | None,
    ) -> Any:
        """The nearest rows to a unit row, of those that a filter is true of.

        ``probes`` is how many of the index's lists to look into; None for a scan of all vectors without the index.
        """
        with self.use() as opened:
            asked = opened.search(query, vector_column_name=column, query_type="vector").distance_type("cosine")
            asked = asked.select([*select, "_distance"]).limit(most)
            if probes is None:
                asked = asked.bypass_vector_index()
            else:
                asked = asked.minimum_nprobes(probes).maximum_nprobes(probes)
            return _filtered(asked, where).to_arrow()

    def matching(self, words: str, *, where: str | None, most: int) -> Any:
        """The best rows by BM25 of any of the words, with ``id``, ``parent`` and ``_score``."""
        with self.use() as opened:
            query: Any = MatchQuery  # its type says that every option has to be given
            asked = opened.search(query(words, "keywords"), query_type="fts")
            return _filtered(asked.select(["id", "parent", "_score"]).limit(most), where).to_arrow()

    def take(self, offsets: Sequence[int], column: str) -> Any:
        """One column of the rows at these places."""
        with self.use() as opened:
            return opened.take_offsets(list(offsets)).select([column]).to_arrow()

    # ------------------------------------------------------------ writing

    @_again
    def merge(self, make: Callable[[Any], Any], *, only: bool = False) -> None:
        """Write the rows for the table's schema in place of those of the same id, in one commit.

        With ``only``, every row that is not among them is deleted.
        """
        with self.use() as opened:
            merge = opened.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            if only:
                merge = merge.when_not_matched_by_source_delete()
            # Vectors are checked before they come here; the default takes a null for a vector of wrong width.
            merge.execute(make(opened.schema), on_bad_vectors="null")

    @_again
    def delete(self, where: str) -> None:
        """Delete the rows that a filter is true of."""
        with self.use() as opened:
            opened.delete(where)

    @_again
    def add_columns(self, fields: Collection[Any]) -> None:
        """Add columns of nulls, but those that are there already."""
        with self.use() as opened:
            known = opened.schema.names
            if missing := [field for field in fields if field.name not in known]:
                opened.add_columns(missing)

    # ------------------------------------------------------------ indices

    def indices(self) -> dict[str, str]:
        """The name of each column's index."""
        with self.use() as opened:
            return {index.columns[0]: index.name for index in opened.list_indices()}

    def create_index(self, column: str, config: Any) -> None:
        """Make an index, in place of the one that the column has."""
        with self.use() as opened:
            opened.create_index(column, config=config)

    def behind(self) -> tuple[int, int]:
        """How many small files there are, and how many rows no index knows yet."""
        name = self.indices()["id"]
        with self.use() as opened:
            files = opened.stats()["fragment_stats"]["num_small_fragments"]
            known = opened.index_stats(name)
            return files, known.num_unindexed_rows if known else 0

    def optimize(self) -> None:
        """Join small files, take new rows into the indices, and drop what was replaced long enough ago."""
        with self.use() as opened:
            opened.optimize(cleanup_older_than=KEEP)

    @_again
    def note(self, column: str, name: str, value: str) -> None:
        """Keep a text with a column; its field's metadata."""
        with self.use() as opened:
            opened.update_field_metadata({"path": column, "metadata": {name: value}})

    # ------------------------------------------------------------ checksums

    def seal(self, **texts: bytes) -> None:
        """Keep a checksum of each file that has none, and of these texts; a line each, as LanceDB keeps none itself.

        A crash before it leaves the last files without one, and a cut line counts for nothing.
        """
        self._sealed = self._sealed or {name for _, name in self._checksums()}
        lines = [f"{_digest(content)} {name}" for name, content in texts.items()]
        for path in self._files():
            name = path.relative_to(self._table_folder).as_posix()
            if name not in self._sealed:
                with suppress(FileNotFoundError):  # another process has put the table in order
                    lines.append(f"{_digest(path)} {name}")
                    self._sealed.add(name)
        if lines:
            descriptor = os.open(self.folder / _CHECKSUMS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                file.write(("\n".join(["", *lines, ""])).encode())

    def check(self, **texts: bytes) -> None:
        """Compare each file, and these texts, with the checksums that were kept of them.

        Raises:
            StoreDamagedError: one has changed, or the newest version is gone.
        """
        kept: dict[str, set[str]] = {}
        for digest, name in self._checksums():
            kept.setdefault(name, set()).add(digest)
        newest = min((name for name in kept if name.startswith(_VERSION)), default=None)  # LanceDB counts down
        if newest and not (self._table_folder / newest).exists():
            raise damaged(self._table_folder / newest, "it is gone, and with it what was written last")
        contents: dict[str, Path | bytes] = {
            path.relative_to(self._table_folder).as_posix(): path for path in self._files()
        }
        for name, content in (contents | texts).items():
            with suppress(FileNotFoundError):
                if name in kept and _digest(content) not in kept[name]:
                    raise damaged(self._table_folder / name, "it has changed since it was written")

    @property
    def _table_folder(self) -> Path:
        return self.folder / f"{_NAME}.lance"

    def _files(self) -> Iterator[Path]:
        found = (path for pattern in _CHECKED for path in self._table_folder.glob(pattern))
        return (path for path in found if not path.name.startswith("."))

    def _checksums(self) -> list[tuple[str, str]]:
        """Each checksum that was kept, and of what."""
        try:
            lines = (self.folder / _CHECKSUMS).read_text("ascii", "replace").splitlines()
        except FileNotFoundError:  # an older version made the store
            return []
        return [(found[1], found[2]) for line in lines if (found := _CHECKSUM.fullmatch(line))]


def _digest(content: Path | bytes) -> str:
    if isinstance(content, bytes):
        return hashlib.blake2b(content, digest_size=16).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


@contextmanager
def translated(folder: Path) -> Generator[None]:
    """Raise what LanceDB raises as an error of ours."""
    try:
        yield
    except MMAgentsError:
        raise
    except (RuntimeError, ValueError, OSError) as error:
        message = re.sub(r",? ?(/rustc)?/\S+\.rs:\d.*", "", str(error), flags=re.DOTALL)[:300]
        if re.search("commit conflict|concurrent writers|already exists in the dataset", message, re.IGNORECASE):
            raise StoreUnavailableError(
                f"The store at {str(folder)!r} is busy: other processes keep writing. Try again."
            ) from error
        if "not found" in message.lower() or "corrupt" in message.lower():
            raise StoreDamagedError(
                f"The store at {str(folder)!r} is damaged or was cleaned up while it was read: {message}. "
                "Try again; if it stays so, restore it from a backup."
            ) from error
        raise StoreError(f"LanceDB failed at {str(folder)!r}: {message}") from error


def _connect(folder: Path) -> Any:
    return lancedb.connect(str(folder.absolute()), read_consistency_interval=timedelta(0))


def _filtered(asked: Any, where: str | None) -> Any:
    return asked if where is None else asked.where(where, prefilter=True)
