"""What can be asked of a Weaviate collection, whoever made it."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from weaviate.classes.aggregate import GroupByAggregate
from weaviate.classes.query import Filter as ServerFilter
from weaviate.classes.query import MetadataQuery, TargetVectors

from mm_agents._progress import batched
from mm_agents.errors import ConfigError, StoreError
from mm_agents.filters import conditions, matches
from mm_agents.stores.base import SCORE_DECIMALS, BaseStore, collapse, count_groups, fusion_depth, read_pages
from mm_agents.stores.validation import check_count, check_search, existing_ids
from mm_agents.stores.weaviate.client import TooLongError
from mm_agents.stores.weaviate.schema import both
from mm_agents.types import CollectionSpec, Filter, Match, Record

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.client import Server
    from mm_agents.stores.weaviate.schema import Schema
    from mm_agents.types import FloatArray

MOST = 10_000
"""What a server returns of one query, unless it is configured otherwise."""

BATCH = 500
_PAGE = 250
_LEAN = 1000  # longer lists are ranked without properties: a message with all their thumbnails would be too long
_DISTANCE = MetadataQuery(distance=True)
_SCORE = MetadataQuery(score=True)


class Reader(BaseStore):
    """The reading half of ``mm_agents.protocols.Store``, and ``VectorizingStore``.

    Every call is tried again while the server is away. Vector search is the server's HNSW index: approximate.

    Args:
        server: where the collection is; closed with the store.
        handle: the collection, as the client has it.
    """

    def __init__(self, server: Server, handle: Any) -> None:
        self._server = server
        self._handle = handle
        self._name: str = handle.name
        self._schema = self._read_schema()

    @abstractmethod
    def _read_schema(self) -> Schema: ...

    @property
    def spec(self) -> CollectionSpec:
        """The collection's name and vectors."""
        return self._schema.spec

    @property
    def vectorizers(self) -> Mapping[str, str]:
        """The server's vectorizer of each named vector that has one, such as "multi2vec-google"."""
        return {name: one.vectorizer for name, one in self._schema.vectors.items() if one.vectorizer}

    def property_names(self) -> set[str]:
        """The names of the properties that the collection's schema has, as it is now."""
        self._schema = self._read_schema()
        return set(self._schema.layout.columns)

    # ------------------------------------------------------------ searching

    def _ranked_lists(
        self, query: FloatArray | None, using: str | None, text: str | None, where: Filter | None, depth: int
    ) -> list[list[Match]]:
        wanted = self._compile(where)
        lists: list[list[Match]] = []
        if query is not None and using is not None:
            lists.append(self._nearest(self._handle.query.near_vector, query.tolist(), using, wanted, depth))
        if text is not None:
            lists.append(self._by_keywords(self._schema.layout.words(text), wanted, depth))
        return lists

    def search_by_text(
        self, text: str, /, *, using: str, where: Filter | None = None, limit: int = 10, offset: int = 0
    ) -> list[Match]:
        """Find assets by a text that the server turns into a vector; otherwise as ``search``.

        Raises:
            ConfigError: that vector has no vectorizer.
            StoreError: the server's vectorizer failed, such as for want of a key.
        """
        check_search(None, None, text, where, limit, offset)
        self.spec.vector(using)
        if using not in self.vectorizers:
            known = ", ".join(self.vectorizers) or "none"
            raise ConfigError(f"Vector {using!r} of {self._name!r} has no vectorizer. Those that have one: {known}.")
        return self._nearest(self._handle.query.near_text, text, using, self._compile(where), limit + offset)[offset:]

    def search_targets(
        self,
        vectors: Mapping[str, FloatArray],
        *,
        weights: Mapping[str, float],
        where: Filter | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Match]:
        """Find assets by several of their vectors in one call, each compared with a query of its own.

        The server sums the weighted distances, 1 - cosine each, of what has all of these vectors. Its candidates are
        the nearest by each vector, four times as many as are wanted and at least 100: what is near by none of them
        is missed. A part of an asset is compared by its own vectors.

        Args:
            vectors: two or more float32 queries, by the name of the vector.
            weights: how much each counts, by the name of the vector; not normalised.
            where: only records that it is true of.
            limit: how many assets at most.
            offset: how many of the best to skip.

        Returns:
            Best first; the score is the weighted sum of the cosines.

        Raises:
            ConfigError: there are fewer than two queries, other weights than queries, or an unknown vector name.
            SchemaMismatchError: a query has the wrong width, a non-finite number or no length.
        """
        if len(vectors) < 2 or vectors.keys() != weights.keys() or not all(map(math.isfinite, weights.values())):
            raise ConfigError(
                f"Give two queries or more, each with a finite weight; got {sorted(vectors)} and {dict(weights)!r}."
            )
        check_search(None, None, "", where, limit, offset)
        rows = {name: self._query(vector, name).tolist() for name, vector in vectors.items()}
        if not all(self._schema.vectors[name].cosine for name in rows):
            raise ConfigError(
                f"The distances of {sorted(rows)} in {self._name!r} are not all cosines; search one by one."
            )
        target = TargetVectors.manual_weights(dict(weights))
        ask = self._asking(self._handle.query.near_vector, rows, target_vector=target, filters=self._compile(where))
        return self._ranked(fusion_depth(limit, offset), ask, sum(weights.values()))[offset : offset + limit]

    def _nearest(self, query: Callable[..., Any], what: Any, using: str, wanted: Any, depth: int) -> list[Match]:
        one = self._schema.vectors[using]
        ask = self._asking(query, what, target_vector=one.target, filters=wanted)
        return self._ranked(depth, ask, 1.0 if one.cosine else 0.0)

    def _by_keywords(self, words: str, wanted: Any, depth: int) -> list[Match]:
        layout = self._schema.layout
        if not words or not layout.searched:
            return []
        ask = self._asking(self._handle.query.bm25, words, query_properties=list(layout.searched), filters=wanted)
        return self._ranked(depth, ask, None)

    def _asking(self, query: Callable[..., Any], what: Any, **arguments: Any) -> Callable[[int, Any], Sequence[Any]]:
        """A query as a function of its limit and of the properties to return."""
        ask = partial(
            query, what, **arguments, return_metadata=_SCORE if "query_properties" in arguments else _DISTANCE
        )
        return lambda limit, properties: self._server.attempt(
            lambda: ask(limit=limit, return_properties=properties).objects
        )

    def _ranked(self, wanted: int, ask: Callable[[int, Any], Sequence[Any]], nearest: float | None) -> list[Match]:
        """The best assets of a ranked query.

        Parts of one asset count once, so more is asked for until enough assets are there and no object further
        down could tie with the last of them.

        ``nearest`` is the score at distance 0; None where the server gives scores.

        Raises:
            StoreError: the server returns too few objects at once to know the best.
        """
        most = min(wanted + 1, MOST)
        lean = most > _LEAN
        while wanted:
            try:
                objects = ask(most, list(self._schema.layout.needed) if lean else None)
            except TooLongError:
                if lean:
                    raise
                lean = True
                continue
            found = [Match(record=self._record(one), score=_score(one.metadata, nearest)) for one in objects]
            assets = collapse(found)
            sure = sum(match.score > found[-1].score for match in assets) if found else 0
            if sure >= wanted or len(found) < most:
                return self._whole(assets[:wanted]) if lean else assets[:wanted]
            if most == MOST:
                raise StoreError(
                    f"The server returns {MOST:,} objects at once, too few to know the best {wanted:,} assets of "
                    f"{self._name!r}. Ask for fewer, or for less by a filter."
                )
            most = min(most * 4, MOST)
            lean = lean or most > _LEAN
        return []

    def _whole(self, found: Sequence[Match]) -> list[Match]:
        """Matches with their whole records."""
        whole = self.get([match.record.id for match in found])
        return [replace(match, record=whole[match.record.id]) for match in found if match.record.id in whole]

    # ------------------------------------------------------------ reading

    def get(self, ids: Sequence[str], /, *, with_vectors: bool = False) -> dict[str, Record]:
        """The records of those ids that exist, in the order asked."""
        wanted = existing_ids(ids)
        found: dict[str, Record] = {}
        for batch in batched(wanted, BATCH):
            found |= self._get(batch, with_vectors)
            if self._schema.copies > 1 and (others := self._elsewhere([id for id in batch if id not in found])):
                found |= self._get(others, with_vectors)
        return {id: found[id] for id in wanted if id in found}

    def _get(self, ids: list[str], with_vectors: bool) -> dict[str, Record]:
        """Records in any order; by halves where they are too long for one message."""
        try:
            found = self._fetch(ServerFilter.by_id().contains_any(ids), include_vector=with_vectors, limit=len(ids))
        except TooLongError:
            if len(ids) == 1:
                raise
            half = len(ids) // 2
            return self._get(ids[:half], with_vectors) | self._get(ids[half:], with_vectors)
        return {str(one.uuid): self._record(one) for one in found}

    def _elsewhere(self, ids: list[str]) -> list[str]:
        """Those of the ids that other nodes have; being asked so, this one fetches what it missed while it was away."""
        exists = self._handle.data.exists
        return [id for id in ids if self._server.attempt(lambda id=id: exists(id))]

    def _total(self, where: Filter | None) -> int:
        return self._number(self._assets(where))

    def _groups(self, name: str, where: Filter | None) -> Mapping[str, int]:
        groups = self._grouped(name, self._assets(where))
        return super()._groups(name, where) if groups is None else groups

    def _grouped(self, name: str, wanted: Any) -> Counter[str] | None:
        """The server's groups; None where it cannot tell them all."""
        self._know(name)
        layout = self._schema.layout
        columns = layout.columns.get(name, {})
        present = layout.present(columns.values()) if columns else None
        if name == "id" or (columns and present is None):
            return None
        groups: Counter[str] = Counter()
        for kind, column in columns.items():
            by = GroupByAggregate(prop=column, limit=MOST)
            found = self._aggregate(filters=wanted, group_by=by).groups
            if len(found) >= MOST:
                return None
            unpack = int if kind == "int" else layout.unpack_value  # whole numbers come as floats
            groups.update(count_groups((unpack(one.grouped_by.value), one.total_count or 0) for one in found))
        absent = self._number(wanted) - (self._number(both(wanted, present)) if columns else 0)
        if absent > 0:
            groups[""] += absent
        return groups

    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also the parts."""
        check_count(None, where)
        if where is None:
            return self._walk(None, with_vectors, parts)
        wanted = self._compile(where) if parts else self._assets(where)
        if self._number(wanted) > MOST:
            return self._walk(where, with_vectors, parts)
        ids = sorted(str(one.uuid) for one in self._fetch(wanted, limit=MOST, return_properties=[]))
        return read_pages(ids, lambda page: self.get(page, with_vectors=with_vectors), None)

    def _walk(self, where: Filter | None, with_vectors: bool, parts: bool) -> Iterator[Record]:
        """Everything by the server's cursor, which takes no filter."""
        after: Any = None
        size = _PAGE
        while True:
            try:
                page = self._fetch(None, limit=size, after=after, include_vector=with_vectors)
            except TooLongError:
                if size == 1:
                    raise
                size //= 2
                continue
            if not page:
                return
            after = page[-1].uuid
            for record in map(self._record, page):
                if (parts or record.parent is None) and (where is None or matches(where, record)):
                    yield record

    def close(self) -> None:
        """Close the connection if it is the store's own; harmless when called twice."""
        self._server.close()

    # ------------------------------------------------------------ inside

    def _fetch(self, wanted: Any, **arguments: Any) -> list[Any]:
        """Objects that a filter is true of."""
        return self._server.attempt(lambda: self._handle.query.fetch_objects(filters=wanted, **arguments)).objects

    def _aggregate(self, **arguments: Any) -> Any:
        return self._server.attempt(lambda: self._handle.aggregate.over_all(total_count=True, **arguments))

    def _number(self, wanted: Any) -> int:
        return self._aggregate(filters=wanted).total_count or 0

    def _compile(self, where: Filter | None) -> Any:
        if where is None:
            return None
        self._know(*(condition.name for condition in conditions(where)))
        return self._schema.layout.compile(where)

    def _assets(self, where: Filter | None) -> Any:
        return both(self._compile(where), self._schema.layout.assets)

    def _know(self, *names: str) -> None:
        """Read the schema again when a property is asked for that another process may have added."""
        if {*names} - {"id", "parent"} - self._schema.layout.columns.keys():
            self._schema = self._read_schema()

    def _record(self, one: Any) -> Record:
        if not one.properties.keys() <= self._schema.layout.taken:  # another process has added one
            self._schema = self._read_schema()
        spec, layout = self._schema.spec, self._schema.layout
        rows: Mapping[str, Any] = one.vector or {}
        vectors = {v.name: np.asarray(rows[v.name], np.float32) for v in spec.vectors if rows.get(v.name)}
        return layout.unpack(str(one.uuid), one.properties, vectors)


def _score(metadata: Any, nearest: float | None) -> float:
    """Higher is nearer: such as the cosine of a vector search, and the server's BM25 of keywords."""
    value = metadata.score if nearest is None else nearest - metadata.distance
    return round(float(value), SCORE_DECIMALS)
