"""Which embedder, or which server, makes the vectors of each name."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mm_agents import _plugins
from mm_agents.errors import ConfigError, EmbedderMismatchError
from mm_agents.protocols import Calibrated, VectorizingStore

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.types import FloatArray, Kind

    Given = Embedder | str | Mapping[str, Embedder | str] | None


class EmbedderMap:
    """The embedder of each named vector; one that the store names is built at first use. Thread-safe.

    Args:
        store: says which embedder filled each vector.
        given: an embedder for every vector, or one for each name; objects or names.

    Raises:
        EmbedderMismatchError: a vector was filled by another embedder than the one given for it.
        ConfigError: an embedder is given for a vector that is not there.
    """

    def __init__(self, store: Store, given: Given = None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._built: dict[str, Embedder] = {}
        self._mine: dict[str, Embedder] = {}
        if isinstance(given, Mapping):
            for name, embedder in given.items():
                store.spec.vector(name)
                self._mine[name] = self._resolve(embedder)
            self._check()
        elif given is not None:
            self._offer(self._resolve(given))

    def embedder(self, vector: str) -> Embedder | None:
        """What fills this vector; None where only the server or the caller can."""
        if vector in self._mine:
            return self._mine[vector]
        name = self._store.spec.vector(vector).embedder
        return None if name is None else self._resolve(name)

    def need(self, vector: str) -> Embedder:
        """What fills this vector.

        Raises:
            ConfigError: nobody said.
        """
        embedder = self.embedder(vector)
        if embedder is None:
            raise ConfigError(f"Nothing says which embedder fills the vector {vector!r}. Open it with embedder=….")
        return embedder

    def named(self, name: str) -> Embedder:
        """The embedder of that name, built once.

        Raises:
            UnknownPluginError: there is none.
        """
        return self._resolve(name)

    def know(self, embedder: Embedder) -> None:
        """Use this object wherever the store names its embedder."""
        with self._lock:
            self._built[embedder.name] = embedder

    def bands(self, vector: str, query: FloatArray, asked: Kind) -> tuple[float, float] | None:
        """The cosines from which what this vector is of matches a query fairly and strongly; None where nobody knows.

        Args:
            vector: its name.
            query: a unit row by this vector's embedder.
            asked: what the query is.
        """
        embedder = self.embedder(vector)
        if not isinstance(embedder, Calibrated):
            return None
        read = self._store.spec.role(vector) in ("text", "speech")
        return embedder.bands(query, asked=asked, of="text" if read else "image")

    def unknown(self) -> tuple[str, ...]:
        """The vectors that cannot be searched: neither the caller, the store nor the server says what makes them."""
        return tuple(
            spec.name
            for spec in self._store.spec.vectors
            if spec.embedder is None and spec.name not in self._mine and self.vectorizer(spec.name) is None
        )

    def vectorizer(self, vector: str) -> str | None:
        """The server's own vectorizer of this vector, used for texts where no embedder is known."""
        return self._store.vectorizers.get(vector) if isinstance(self._store, VectorizingStore) else None

    def describe(self) -> dict[str, str]:
        """How each vector can be searched, in words."""
        words: dict[str, str] = {}
        for spec in self._store.spec.vectors:
            mine, server = self._mine.get(spec.name), self.vectorizer(spec.name)
            unknown = f"the server's {server}" if server else "no embedder known: only keywords are searched"
            words[spec.name] = mine.name if mine is not None else spec.embedder or unknown
        return words

    def close(self) -> None:
        """Close the embedders; harmless when called twice."""
        for embedder in [*self._built.values(), *self._mine.values()]:
            embedder.close()

    def _resolve(self, embedder: Embedder | str) -> Embedder:
        if not isinstance(embedder, str):
            return embedder
        with self._lock:
            if embedder not in self._built:
                self._built[embedder] = _plugins.build_named("embedders", embedder)
            return self._built[embedder]

    def _offer(self, embedder: Embedder) -> None:
        """Use an embedder for the vectors that it filled, and for those of which nobody knows."""
        self.know(embedder)
        for spec in self._store.spec.vectors:
            if spec.embedder in (None, embedder.name):
                self._mine[spec.name] = embedder
        if self._store.spec.vectors and not self._mine:
            self._mine = {spec.name: embedder for spec in self._store.spec.vectors}
            self._check()

    def _check(self) -> None:
        for name, embedder in self._mine.items():
            filled_by = self._store.spec.vector(name).embedder
            if filled_by not in (None, embedder.name):
                raise EmbedderMismatchError(
                    f"The vector {name!r} was filled by the embedder {filled_by!r}; vectors of {embedder.name!r} "
                    "cannot be compared with its. Open the library without naming an embedder, or add the media to a "
                    "new one."
                )
