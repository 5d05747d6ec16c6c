"""How records lie in a LanceDB table, and how filters are put to it.

``properties`` is a record's properties as JSON, and the truth: it is what comes back. Beside it every property has a
column for each kind of value that it was ever given, such as ``int_year`` and ``text_year``, which only filters and
counts read; "." in a name becomes "$" there. ``keywords`` is name and text without case and accents, the only column
that keyword search reads. ``vector_<name>`` holds a named vector, null where a record lacks it.

A filter becomes SQL, exactly: what the SQL of LanceDB is true of is what ``mm_agents.filters.matches`` is true of.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mm_agents.errors import FilterError
from mm_agents.stores._rank import bare, terms
from mm_agents.stores._values import kind_of
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


def keywords(text: str) -> str:
    """Text as keyword search compares it: words without case and accents."""
    return " ".join(map(bare, terms(text)))


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
        properties = json.loads(row["properties"])
        row["properties"] = {n: tuple(v) if isinstance(v, list) else v for n, v in properties.items()}
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
    """The SQL of a filter.

    Args:
        where: a checked filter.
        known: the table's columns; a property without one is absent everywhere.

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
