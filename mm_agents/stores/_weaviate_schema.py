"""How records lie in a Weaviate collection of ours.

A property of a record is a property of the server under a like name, which the server's own rules and its blindness to
case may change; the record's name is kept as its description. Weaviate fixes a property's type at its first value; a
value of another type goes to a property of its own (``year`` and ``year__text``), so that nothing is refused or
converted. Some more belong to us: ``uid`` (the id as a text), ``parent``, ``text``, ``keywords`` (name and text, the
only one that keyword search reads), ``thumbnail`` (base64, not indexed), and ``image``, the thumbnail once more where
the server makes vectors of pictures.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from weaviate.classes.config import DataType, Property, Tokenization
from weaviate.classes.query import Filter as ServerFilter

from mm_agents.errors import ConfigError
from mm_agents.stores import _weaviate_filter
from mm_agents.stores._rank import bare, terms
from mm_agents.stores._values import kind_of
from mm_agents.stores._weaviate_filter import pack_text, unpack_text
from mm_agents.types import Filter, Record, Value

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

TYPES: Mapping[str, DataType] = {
    "text": DataType.TEXT,
    "int": DataType.INT,
    "number": DataType.NUMBER,
    "bool": DataType.BOOL,
    "list": DataType.TEXT_ARRAY,
}
_KINDS = {data_type: kind for kind, data_type in TYPES.items()}
_OURS = ("uid", "parent", "text", "keywords", "thumbnail", "image")
_RESERVED = ("id", "vector")  # by the server and its client; so are names that begin with "_"
_LONGEST_INT = 2**53  # integers travel to the server as float64


def our_properties() -> list[Property]:
    """The properties that every collection of ours has."""
    return [
        new_property("uid", "uid", "text"),
        new_property("parent", "parent", "text"),
        Property(name="keywords", data_type=DataType.TEXT, index_filterable=False, index_searchable=True),
        Property(name="text", data_type=DataType.TEXT, index_filterable=False, index_searchable=False),
        Property(name="thumbnail", data_type=DataType.TEXT, index_filterable=False, index_searchable=False),
    ]


def new_property(column: str, name: str, kind: str) -> Property:
    """A server property for values of one kind; text is kept whole, so that "=" means equal."""
    return Property(
        name=column,
        description=name,
        data_type=TYPES[kind],
        index_filterable=True,
        index_searchable=False,
        tokenization=Tokenization.FIELD if kind in ("text", "list") else None,
    )


def keywords(text: str) -> str:
    """Text as keyword search compares it: words without case and accents."""
    return " ".join(map(bare, terms(text)))


@dataclass(frozen=True, slots=True)
class Layout:
    """The server properties of each record property, by kind: {"year": {"int": "year", "text": "year__text"}}.

    Attributes:
        columns: as above.
        taken: the name of every server property.
        pictures: whether pictures are kept for the server's vectorizers.
    """

    columns: Mapping[str, Mapping[str, str]]
    taken: frozenset[str]
    pictures: bool

    @property
    def searched(self) -> tuple[str, ...]:
        """The server properties that keyword search reads."""
        return ("keywords",)

    @property
    def needed(self) -> tuple[str, ...]:
        """The server properties that say which asset an object belongs to."""
        return ("parent",)

    @classmethod
    def read(cls, properties: Iterable[Any]) -> Layout:
        """The layout of a collection's configured properties."""
        found = {one.name: one for one in properties}
        columns: dict[str, dict[str, str]] = {}
        for column, one in found.items():
            if one.data_type in _KINDS and column not in _OURS:
                columns.setdefault(one.description or column, {})[_KINDS[one.data_type]] = column
        return cls(columns, frozenset(found), "image" in found)

    def missing(self, records: Iterable[Record]) -> dict[tuple[str, str], str]:
        """The server properties that these records need and that are not there, by name and kind."""
        wanted: dict[tuple[str, str], str] = {}
        taken = {column.lower() for column in (*self.taken, *_OURS, *_RESERVED)}
        for record in records:
            for name, value in record.properties.items():
                kind = kind_of(value)
                if kind not in self.columns.get(name, {}) and (name, kind) not in wanted:
                    wanted[name, kind] = next(one for one in _candidates(name, kind) if one.lower() not in taken)
                    taken.add(wanted[name, kind].lower())
        return wanted

    def pack(self, record: Record) -> dict[str, Any]:
        """A record's properties as the server keeps them."""
        packed: dict[str, Any] = {"uid": record.id, "keywords": keywords(f"{record.name}\n{record.text}")}
        if record.parent is not None:
            packed["parent"] = record.parent
        if record.text:
            packed["text"] = record.text
        if record.thumbnail is not None:
            packed["thumbnail"] = base64.b64encode(record.thumbnail).decode()
            if self.pictures:
                packed["image"] = packed["thumbnail"]
        for name, value in record.properties.items():
            packed[self.columns[name][kind_of(value)]] = _pack_value(value)
        return packed

    def unpack(self, id: str, packed: Mapping[str, Any], vectors: Mapping[str, FloatArray]) -> Record:
        """The record that ``pack`` made these properties of."""
        properties: dict[str, Value] = {}
        for name, kinds in self.columns.items():
            for column in kinds.values():
                if (value := packed.get(column)) is not None:
                    properties[name] = self.unpack_value(value)
        thumbnail = packed.get("thumbnail")
        return Record(
            id=id,
            properties=properties,
            text=packed.get("text") or "",
            vectors=vectors,
            parent=packed.get("parent") or None,
            thumbnail=base64.b64decode(thumbnail) if thumbnail else None,
        )

    def unpack_value(self, value: Any) -> Value:
        """A value as it was before it was packed."""
        if isinstance(value, str):
            return unpack_text(value)
        return tuple(map(unpack_text, value)) if isinstance(value, list) else value

    def compile(self, where: Filter) -> Any:
        """The server's form of a filter."""
        return _weaviate_filter.compile(where, self.columns)

    def words(self, text: str) -> str:
        """A text as keyword search is asked for it; "" when it has no words."""
        return keywords(text)

    @property
    def assets(self) -> Any:
        """The server's filter for assets."""
        return ServerFilter.by_property("parent").is_none(True)

    def present(self, columns: Iterable[str]) -> Any:
        """The server's filter for what has any of these properties."""
        return ServerFilter.any_of([ServerFilter.by_property(column).is_none(False) for column in columns])


def check_integers(records: Iterable[Record]) -> None:
    """Check that integers arrive as they are.

    Raises:
        ConfigError: one would be rounded.
    """
    for record in records:
        for name, value in record.properties.items():
            if isinstance(value, int) and abs(value) > _LONGEST_INT:
                raise ConfigError(
                    f"Record {record.id!r}: property {name!r} is {value!r}; Weaviate keeps integers up to 2**53 "
                    "exactly. Keep it as a string."
                )


def _candidates(name: str, kind: str) -> Iterator[str]:
    """Names that the server may know a property by, the plainest first."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)[:200]
    plain = f"p{plain}" if plain.startswith("_") else plain[0].lower() + plain[1:]
    yield plain
    yield f"{plain}__{kind}"
    for n in count(2):
        yield f"{plain}__{kind}{n}"


def _pack_value(value: Value) -> Any:
    if isinstance(value, str):
        return pack_text(value)
    return [pack_text(element) for element in value] if isinstance(value, tuple) else value
