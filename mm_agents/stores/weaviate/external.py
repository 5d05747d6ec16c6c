"""Weaviate collections that something else made: searched as they are, never written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from weaviate.classes.config import DataType
from weaviate.classes.query import Filter as ServerFilter
from weaviate.collections.classes.types import GeoCoordinate, PhoneNumberType

from mm_agents.errors import FilterError, StoreError
from mm_agents.stores import local
from mm_agents.stores.base import terms
from mm_agents.stores.validation import is_id, unit
from mm_agents.stores.weaviate.reader import Reader
from mm_agents.stores.weaviate.schema import Columns, Schema, fits, ordered, read_vectors, whole_number
from mm_agents.types import CollectionSpec, Condition, Record, Value, VectorSpec

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_SAMPLE = 20
_BLOBS = (DataType.BLOB, DataType.BLOB_HASH)
_KINDS = {
    DataType.TEXT: "text",
    DataType.INT: "int",
    DataType.NUMBER: "number",
    DataType.BOOL: "bool",
    DataType.DATE: "date",
    DataType.UUID: "uuid",
    DataType.TEXT_ARRAY: "list",
}
_ALSO = (("name", "title"), ("media_type", "mediaType"), ("media_type", "mediatype"))
_NIL = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class ForeignLayout(Columns):
    """The properties of somebody's collection, those with binary content left out.

    A "title" is also the "name" where none is, and a "mediaType" the "media_type". The text properties that keyword
    search reads, joined, are a record's text. Every record is an asset.

    Attributes:
        filterable: the server properties that can be filtered by.
        nulls: whether the server can tell which properties are absent.
    """

    filterable: frozenset[str]
    nulls: bool

    @classmethod
    def read(cls, config: Any) -> ForeignLayout:
        """The layout of a collection's configuration."""
        found = [one for one in config.properties if one.data_type not in _BLOBS]
        columns: dict[str, dict[str, str]] = {
            "parent_" if one.name == "parent" else one.name: {
                _KINDS.get(one.data_type, str(one.data_type.value)): one.name
            }
            for one in found
        }
        for ours, theirs in _ALSO:
            if "text" in columns.get(theirs, {}):
                columns.setdefault(ours, columns[theirs])
        return cls(
            columns=columns,
            taken=frozenset(one.name for one in config.properties),
            searched=tuple(one.name for one in found if one.index_searchable),
            needed=(),
            filterable=frozenset(one.name for one in found if one.index_filterable or one.index_searchable),
            nulls=config.inverted_index_config.index_null_state,
        )

    def words(self, text: str) -> str:
        """A text as keyword search is asked for it; "" when it has no words."""
        return text if terms(text) else ""

    def unpack(self, id: str, packed: Mapping[str, Any], vectors: Mapping[str, FloatArray]) -> Record:
        """The record that an object is."""
        texts = (packed[column] for column in self.searched if packed.get(column))
        text = "\n".join(one if isinstance(one, str) else "\n".join(one) for one in texts)
        return Record(id=id, properties=self._properties(packed), text=text, vectors=vectors)

    def unpack_value(self, value: Any) -> Value:
        """A property's value; what has no type of ours is text."""
        if isinstance(value, list):
            return tuple(map(_as_text, value))
        return value if isinstance(value, str | bool | int | float) else _as_text(value)

    @property
    def assets(self) -> None:
        """No filter: every record is an asset."""

    def present(self, columns: Iterable[str]) -> Any:
        """The server's filter for what has any of these properties; None where it cannot tell."""
        names = list(columns)
        return Columns.present(self, names) if self.nulls and self.filterable.issuperset(names) else None

    # ------------------------------------------------------------ filters

    def _tests(self, condition: Condition) -> list[Any]:
        """As for ours; text compares as the collection splits it: split into words, "=" means that all are there."""
        if condition.name == "id":
            return self._compare_id(condition)
        tests: list[Any] = []
        for kind, column in self.columns.get(condition.name, {}).items():
            if column not in self.filterable:
                raise FilterError(f"The collection has no index to filter {condition.name!r} by.")
            tests += self._compare(ServerFilter.by_property(column), kind, condition)
        return tests

    def _nothing(self) -> Any:
        return ServerFilter.by_id().equal(_NIL)

    def _compare_id(self, condition: Condition) -> list[Any]:
        op, value = condition.op, condition.value
        if op == "exists":
            return [ServerFilter.not_(self._nothing())]
        if op not in ("eq", "ne", "in"):
            raise FilterError(f"Ids of a collection that mm_agents did not make can only be equal; got {op!r}.")
        asked: Sequence[Any] = value if isinstance(value, tuple) else (value,)
        values = [one for one in asked if isinstance(one, str) and is_id(one)]
        return [ServerFilter.by_id().contains_any(values)] if values else []

    def _compare(self, by: Any, kind: str, condition: Condition) -> list[Any]:
        op, value = condition.op, condition.value
        if op == "exists":
            if not self.nulls:
                raise FilterError(
                    f"The collection cannot tell which records lack {condition.name!r}: it was made without "
                    "indexNullState."
                )
            return [by.is_none(False)]
        if kind not in _KINDS.values():
            raise FilterError(f"Properties of the type {kind!r}, such as {condition.name!r}, cannot be filtered by.")
        if op == "contains":
            if kind == "list":
                return [by.contains_any([value])] if isinstance(value, str) else []
            return [by.like(f"*{value}*")] if kind == "text" and isinstance(value, str) else []
        values: Sequence[Any] = value if isinstance(value, tuple) else (value,)
        if kind == "date":
            values = [_as_date(condition, one) for one in values if isinstance(one, str)]
        elif kind == "uuid":
            values = [one for one in values if is_id(one)]
        else:
            values = fits("number" if kind == "int" and op not in ("eq", "ne", "in") else kind, values)
        if op in ("eq", "ne", "in"):
            return [by.equal(one) for one in values]
        return [ordered(by, *(whole_number(op, one) if kind == "int" else (op, one))) for one in values]


class ForeignStore(Reader):
    """A collection that something else made, such as another framework or a course.

    Its vectors and properties are read from its schema. The width of a vector is that of the first objects, 0 as long
    as none of them has it. See ``mm_agents.protocols.Store``; whatever writes is refused.
    """

    def _read_schema(self) -> Schema:
        config = self._server.attempt(self._handle.config.get)
        vectors = read_vectors(config)
        sample = self._fetch(None, limit=_SAMPLE, include_vector=True)
        widths = {name: len(row) for one in sample for name, row in one.vector.items()}
        specs = tuple(VectorSpec(name=name, width=widths.get(name, 0)) for name in vectors)
        spec = CollectionSpec(name=self._name, vectors=specs)
        copies = config.replication_config.factor
        return Schema(spec=spec, layout=ForeignLayout.read(config), vectors=vectors, copies=copies)

    def _query(self, vector: FloatArray, using: str) -> FloatArray:
        if self.spec.vector(using).width == 0:
            self._schema = self._read_schema()
        known = self.spec.vector(using)
        query = unit(vector, replace(known, width=known.width or np.size(vector)), "The query")
        # for other distances the length matters
        return query if self._schema.vectors[using].cosine else np.asarray(vector, np.float32)

    def backup(self, folder: Path, /) -> None:
        """Write every record into a new or empty folder, as a library on disk."""
        widths: dict[str, int] = {}
        for record in self.iterate(with_vectors=True):
            widths |= {name: len(row) for name, row in record.vectors.items()}
            if len(widths) == len(self.spec.vectors):
                break
        known = tuple(VectorSpec(name=name, width=width) for name, width in widths.items())
        local.write_copy(folder, replace(self.spec, vectors=known), self.iterate(with_vectors=True))

    def extend(self, spec: CollectionSpec, /) -> None:
        """Refused: the collection is not ours."""
        self._refuse()

    def upsert(self, records: Sequence[Record], /) -> None:
        """Refused: the collection is not ours."""
        self._refuse()

    def delete(self, ids: Sequence[str], /) -> int:
        """Refused: the collection is not ours."""
        self._refuse()

    def restore(self, folder: Path, /) -> None:
        """Refused: the collection is not ours."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreError(
            f"Collection {self._name!r} was not made by mm_agents: it can be searched, not written. Use a collection "
            "of another name, or copy this one by backup and restore."
        )


def _as_date(condition: Condition, value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise FilterError(f"{condition.name!r} holds dates; compare it with one such as '2026-01-31'.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _as_text(value: Any) -> str:
    match value:
        case str():
            return value
        case date():
            return value.isoformat().replace("+00:00", "Z")
        case GeoCoordinate():
            return f"{value.latitude},{value.longitude}"
        case PhoneNumberType():
            return value.international_formatted
        case dict():
            return json.dumps(value, default=str)
        case _:
            return str(value)
