"""What a store must know of a Weaviate collection's schema to read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from weaviate.classes.config import VectorDistances

from mm_agents.types import CollectionSpec, Filter, Record, Value

if TYPE_CHECKING:
    from mm_agents.types import FloatArray


class Columns(Protocol):
    """How records lie in the properties of a collection, and how it is asked for them."""

    @property
    def columns(self) -> Mapping[str, Mapping[str, str]]:
        """The server properties of each record property, by kind."""
        ...

    @property
    def taken(self) -> frozenset[str]:
        """The name of every server property."""
        ...

    @property
    def searched(self) -> Sequence[str]:
        """The server properties that keyword search reads."""
        ...

    @property
    def needed(self) -> Sequence[str]:
        """The server properties that say which asset an object belongs to."""
        ...

    def words(self, text: str) -> str:
        """A text as keyword search is asked for it; "" when it has no words."""
        ...

    def compile(self, where: Filter) -> Any:
        """The server's form of a filter."""
        ...

    @property
    def assets(self) -> Any:
        """The server's filter for assets; None where everything is one."""
        ...

    def present(self, columns: Iterable[str]) -> Any:
        """The server's filter for what has any of these properties; None where it cannot tell."""
        ...

    def unpack(self, id: str, packed: Mapping[str, Any], vectors: Mapping[str, FloatArray]) -> Record:
        """The record that an object is."""
        ...

    def unpack_value(self, value: Any) -> Value:
        """A property's value."""
        ...


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
