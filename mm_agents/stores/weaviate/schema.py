"""Weaviate collections: how one is made, how records lie in it, and how filters are put to it."""

from __future__ import annotations

import base64
import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from weaviate.classes.config import Configure, DataType, Property, Tokenization, VectorDistances
from weaviate.classes.query import Filter as ServerFilter
from weaviate.exceptions import UnexpectedStatusCodeError

from mm_agents.errors import ConfigError, FilterError, StoreDamagedError, StoreVersionError
from mm_agents.stores.base import keywords, kind_of
from mm_agents.stores.local.database import read_document, spec_document
from mm_agents.stores.validation import check_spec
from mm_agents.types import And, CollectionSpec, Condition, Filter, Not, Or, Record, Value, VectorSpec

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.client import Server
    from mm_agents.stores.weaviate.config import Options
    from mm_agents.types import FloatArray


@dataclass(frozen=True, slots=True)
class Columns(ABC):
    """How records lie in the properties of a collection, and how it is asked for them.

    Attributes:
        columns: the server properties of each record property, by kind: {"year": {"int": "year"}}.
        taken: the name of every server property.
        searched: the server properties that keyword search reads.
        needed: the server properties that say which asset an object belongs to.
    """

    columns: Mapping[str, Mapping[str, str]]
    taken: frozenset[str]
    searched: tuple[str, ...]
    needed: tuple[str, ...]

    @abstractmethod
    def words(self, text: str) -> str:
        """A text as keyword search is asked for it; "" when it has no words."""

    @property
    @abstractmethod
    def assets(self) -> Any:
        """The server's filter for assets; None where everything is one."""

    def present(self, columns: Iterable[str]) -> Any:
        """The server's filter for what has any of these properties; None where it cannot tell."""
        return ServerFilter.any_of([ServerFilter.by_property(column).is_none(False) for column in columns])

    @abstractmethod
    def unpack(self, id: str, packed: Mapping[str, Any], vectors: Mapping[str, FloatArray]) -> Record:
        """The record that an object is."""

    @abstractmethod
    def unpack_value(self, value: Any) -> Value:
        """A property's value."""

    def _properties(self, packed: Mapping[str, Any]) -> dict[str, Value]:
        return {
            name: self.unpack_value(value)
            for name, kinds in self.columns.items()
            for column in kinds.values()
            if (value := packed.get(column)) is not None
        }

    def compile(self, where: Filter) -> Any:
        """The server's form of a filter.

        Raises:
            FilterError: it asks for what the collection cannot tell.
        """
        match where:
            case And(parts) | Or(parts):
                joined = [self.compile(part) for part in parts]
                if isinstance(where, And):
                    return ServerFilter.all_of(joined) if joined else ServerFilter.not_(self._nothing())
                return ServerFilter.any_of(joined) if joined else self._nothing()
            case Not(part):
                return ServerFilter.not_(self.compile(part))
            case Condition():
                tests = self._tests(where)
                found = ServerFilter.any_of(tests) if tests else self._nothing()
                return ServerFilter.not_(found) if where.op == "ne" else found

    @abstractmethod
    def _tests(self, condition: Condition) -> list[Any]:
        """The tests, any of which makes a condition true ("ne" is built from "eq")."""

    @abstractmethod
    def _nothing(self) -> Any:
        """A filter that is true of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVector:
    """What the server says of a named vector.

    Attributes:
        target: how a query names it; None for the one vector of an old collection, which has no name there.
        vectorizer: the server's module that fills it, if any.
        cosine: whether its distance is 1 - cosine.
    """

    target: str | None
    vectorizer: str | None
    cosine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A collection's schema as it was read last, and on how many nodes each object is."""

    spec: CollectionSpec
    layout: Columns
    vectors: Mapping[str, ServerVector]
    copies: int


def read_vectors(config: Any) -> dict[str, ServerVector]:
    """The named vectors of a collection's configuration; the one of an old collection is named "default"."""
    if config.vector_config is None:
        module = config.vectorizer_config and str(config.vectorizer)
        return {"default": _server_vector(None, module, config.vector_index_config)}
    return {
        name: _server_vector(name, one.vectorizer.vectorizer, one.vector_index_config)
        for name, one in config.vector_config.items()
        if one.vector_index_config.multi_vector is None
    }


def _server_vector(target: str | None, module: Any, index: Any) -> ServerVector:
    vectorizer = getattr(module, "value", module)
    return ServerVector(
        target=target,
        vectorizer=None if vectorizer in (None, "none") else vectorizer,
        cosine=index.distance_metric == VectorDistances.COSINE,
    )


_OWN_COLUMNS = {"id": {"text": "uid"}, "parent": {"text": "parent"}}
_MARK = "\x01"
_WILD, _TAME = "*?\\\n", "\ue02a\ue03f\ue05c\ue00a"
_SWAP = str.maketrans(_WILD + _TAME, _TAME + _WILD)


def pack_text(value: str) -> str:
    """Text as it is kept.

    The server trims it, takes "" for absent, and cannot search for its own wildcards: a mark, which sorts before all
    else, keeps the ends; wildcards and line ends change places with private characters.
    """
    before = _MARK if value != value.lstrip() or value[:1] in ("", _MARK) else ""
    after = _MARK if value != value.rstrip() or value[-1:] == _MARK else ""
    return before + value.translate(_SWAP) + after


def unpack_text(value: str) -> str:
    """The text that ``pack_text`` was given."""
    return value.removeprefix(_MARK).removesuffix(_MARK).translate(_SWAP)


def both(one: Any, other: Any) -> Any:
    """The server's filter for what both are true of, either of which may be None."""
    given = [part for part in (one, other) if part is not None]
    return ServerFilter.all_of(given) if given else None


def ordered(by: Any, op: str, value: Any) -> Any:
    """A comparison by order."""
    return {"lt": by.less_than, "le": by.less_or_equal, "gt": by.greater_than, "ge": by.greater_or_equal}[op](value)


def whole_number(op: str, value: float) -> tuple[str, int]:
    """A comparison of whole numbers with any number: among them, x < 2.5 is x <= 2."""
    if value != math.floor(value):
        op = "le" if op in ("lt", "le") else "ge"
    return op, math.floor(value) if op in ("lt", "le") else math.ceil(value)


def fits(kind: str, values: Sequence[Any]) -> list[Any]:
    """The values that can be equal to one of a kind, as the server takes them."""
    if kind in ("int", "number"):
        numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
        return numbers if kind == "number" else [int(one) for one in numbers if one == int(one)]
    if kind == "bool":
        return [one for one in values if isinstance(one, bool)]
    return [one for one in values if isinstance(one, str)] if kind == "text" else []


def _compare(column: str, kind: str, op: str, value: Any) -> list[Any]:
    """The tests, any of which makes a condition true for a column of this kind."""
    by = ServerFilter.by_property(column)
    if op == "exists":
        return [by.is_none(False)]
    if op == "contains":
        return _contains(by, kind, value)
    if isinstance(value, tuple) and op != "in":
        raise FilterError(f"Weaviate cannot compare whole lists by {op!r}; got {value!r}. Use contains.")
    values: Sequence[Any] = value if op == "in" else (value,)
    if op in ("eq", "ne", "in"):
        found = fits(kind, values)
        return [by.contains_any([pack_text(one) if kind == "text" else one for one in found])] if found else []
    if kind == "int":
        return [ordered(by, *whole_number(op, one)) for one in fits("number", values)]
    return [ordered(by, op, pack_text(one) if kind == "text" else one) for one in fits(kind, values)]


def _contains(by: Any, kind: str, value: Any) -> list[Any]:
    if kind == "list" and isinstance(value, str):
        return [by.contains_any([pack_text(value)])]
    if kind != "text" or not isinstance(value, str):
        return []
    if any(char in value for char in _TAME):
        raise FilterError(f"Weaviate cannot look for the private characters U+E02A … U+E05C in a text; got {value!r}.")
    return [by.like(f"*{value.translate(_SWAP)}*")]


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


@dataclass(frozen=True, slots=True)
class Layout(Columns):
    """The properties of a collection of ours; with ``pictures``, these are kept for the server's vectorizers."""

    pictures: bool

    @classmethod
    def read(cls, properties: Iterable[Any]) -> Layout:
        """The layout of a collection's configured properties."""
        found = {one.name: one for one in properties}
        columns: dict[str, dict[str, str]] = {}
        for column, one in found.items():
            if one.data_type in _KINDS and column not in _OURS:
                columns.setdefault(one.description or column, {})[_KINDS[one.data_type]] = column
        return cls(columns, frozenset(found), ("keywords",), ("parent",), "image" in found)

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
        thumbnail = packed.get("thumbnail")
        return Record(
            id=id,
            properties=self._properties(packed),
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

    def _tests(self, condition: Condition) -> list[Any]:
        kinds = _OWN_COLUMNS.get(condition.name) or self.columns.get(condition.name, {})
        return [
            test for kind, column in kinds.items() for test in _compare(column, kind, condition.op, condition.value)
        ]

    def _nothing(self) -> Any:
        return ServerFilter.by_property("uid").is_none(True)

    def words(self, text: str) -> str:
        """A text as keyword search is asked for it; "" when it has no words."""
        return keywords(text)

    @property
    def assets(self) -> Any:
        """The server's filter for assets."""
        return ServerFilter.by_property("parent").is_none(True)


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


# ---------------------------------------------------------------- making a collection

_VERSION = 1
_VECTORIZER = re.compile(r"(?P<vector>\w+):(?P<service>google|vertex):(?P<model>[\w.@/-]+)")
_GEMINI = "generativelanguage.googleapis.com"
_VERTEX_VIDEO_WIDTH = 1408


def create(server: Server, name: str, options: Options, spec: CollectionSpec) -> None:
    """Make a collection; one that another process makes at the same time is left as it is.

    Raises:
        ConfigError: the spec or an option cannot be used.
        StoreError: the server refuses, such as more copies than it has nodes.
    """
    check_spec(spec)
    asked = vectorizers(spec, options)
    blobs = dict.fromkeys((*options.image_fields, *options.video_fields)) if asked else {}
    wanted: dict[str, Any] = {
        "description": write_about(spec),
        "properties": [*our_properties(), *(Property(name=blob, data_type=DataType.BLOB) for blob in blobs)],
        "vector_config": [vector_config(vector, options, asked.get(vector.name)) for vector in spec.vectors],
        "inverted_index_config": Configure.inverted_index(index_null_state=True),
        "multi_tenancy_config": Configure.multi_tenancy() if options.tenant else None,
        "replication_config": Configure.replication(factor=options.replication) if options.replication else None,
        "sharding_config": Configure.sharding(desired_count=options.shards) if options.shards else None,
    }

    def make() -> None:
        try:
            server.client.collections.create(name, **wanted)
        except UnexpectedStatusCodeError:
            if not server.client.collections.exists(name):  # else another process was quicker
                raise

    server.attempt(make)


def read_about(description: str | None) -> CollectionSpec | None:
    """The spec that a collection of ours has in its description; None for a collection that is not ours.

    Raises:
        StoreVersionError: it was written by a newer version of mm_agents.
        StoreDamagedError: it is ours, but cannot be read.
    """
    try:
        about = json.loads(description or "")
        version = about["mm_agents"]
    except (ValueError, TypeError, KeyError):
        return None
    if version != _VERSION:
        raise StoreVersionError(
            f"The collection has the format {version!r}; this mm_agents reads {_VERSION}. Update it."
        )
    try:
        return read_document(about)
    except (TypeError, KeyError) as error:
        raise StoreDamagedError(f"The description of the collection cannot be read: {description!r}.") from error


def write_about(spec: CollectionSpec) -> str:
    """What Weaviate's schema has no place for: which embedder fills a vector, how wide it is, and its role."""
    return json.dumps({"mm_agents": _VERSION, **spec_document(spec)})


def vectorizers(spec: CollectionSpec, options: Options) -> dict[str, re.Match[str]]:
    """The vectorizers that options ask for, by the name of the vector.

    Raises:
        ConfigError: one cannot be read or names no vector of the spec.
    """
    found: dict[str, re.Match[str]] = {}
    for text in options.vectorizer:
        match = _VECTORIZER.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"A vectorizer is VECTOR:SERVICE:MODEL with the service google or vertex, such as "
                f"media:google:gemini-embedding-2; got {text!r}."
            )
        found.setdefault(spec.vector(match["vector"]).name, match)
    return found


def vector_config(vector: VectorSpec, options: Options, vectorizer: re.Match[str] | None) -> Any:
    """The server's configuration of a named vector, with its vectorizer where it has one.

    Raises:
        ConfigError: its vectorizer lacks something.
    """
    common: dict[str, Any] = {
        "name": vector.name,
        "quantizer": getattr(Configure.VectorIndex.Quantizer, options.compression)() if options.compression else None,
        "vector_index_config": Configure.VectorIndex.hnsw(),
    }
    if vectorizer is None:
        return Configure.Vectors.self_provided(**common)
    module = _google(vector, vectorizer["service"], vectorizer["model"], options)
    return Configure.Vectors.custom(module_name="multi2vec-google", module_config=module, **common)


def _google(vector: VectorSpec, service: str, model: str, options: Options) -> dict[str, Any]:
    """The settings of the server's Google module."""
    module: dict[str, Any] = {
        "modelId": model,
        "dimensions": vector.width,
        "textFields": ["text"],
    }
    fields = {"imageFields": options.image_fields, "videoFields": options.video_fields}
    module |= {name: list(given) for name, given in fields.items() if given}  # the server refuses empty ones
    if service == "google":
        return {**module, "apiEndpoint": _GEMINI}
    if options.project is None or options.region is None:
        raise ConfigError("A vertex vectorizer needs the options project and region.")
    if options.video_fields and vector.width != _VERTEX_VIDEO_WIDTH:
        raise ConfigError(
            f"Vertex makes vectors of videos with the width {_VERTEX_VIDEO_WIDTH}; {vector.name!r} has {vector.width}."
        )
    if options.video_interval is not None:
        module["videoIntervalSeconds"] = options.video_interval
    return {**module, "projectId": options.project, "location": options.region}
