"""What every store of this package does alike: checked searches and counts, fusion, and being a context manager."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, overload

from mm_agents._fusion import fused_scores
from mm_agents._progress import batched
from mm_agents.errors import ConfigError, LibraryNotFoundError
from mm_agents.filters import matches
from mm_agents.stores.validation import check_count, check_same_spec, check_search, group_names, unit
from mm_agents.types import CollectionSpec, Filter, Match, Record, Value

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

SCORE_DECIMALS = 6
"""Cosines of float32 vectors mean something up to here; rounded, equal vectors tie on every path of computing."""

_WORD = re.compile(r"[^\W_]+")


def collapse(matches: Iterable[Match]) -> list[Match]:
    """Each asset once, by its best match; best first, equal scores in the order of the assets' ids."""
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: (-match.score, match.record.asset, match.record.id)):
        best.setdefault(match.record.asset, match)
    return list(best.values())


def fusion_depth(limit: int, offset: int) -> int:
    """How many assets of each list are fused, so that the wanted ones are among them."""
    return max(100, 4 * (limit + offset))


def fuse(lists: Sequence[Sequence[Match]]) -> list[Match]:
    """Join ranked lists by reciprocal rank; the record of an asset is that of the first list that has it."""
    scores = fused_scores([[match.record.asset for match in ranked] for ranked in lists])
    found: dict[str, Match] = {}
    for match in chain.from_iterable(lists):
        found.setdefault(match.record.asset, match)
    return collapse(Match(record=match.record, score=scores[asset]) for asset, match in found.items())


def terms(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, safe to put into a query."""
    return _WORD.findall(unicodedata.normalize("NFC", text))


def bare(word: str) -> str:
    """A word without case and accents."""
    return "".join(char for char in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(char))


def keywords(text: str) -> str:
    """Text as keyword search compares it: words without case and accents."""
    return " ".join(map(bare, terms(text)))


def kind_of(value: Value) -> str:
    """A property's kind: "bool", "int", "number", "text" or "list"."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "number"
        case str():
            return "text"
        case _:
            return "list"


_PAGE = 256


class BaseStore(ABC):
    """The shared half of ``mm_agents.protocols.Store``; a context manager."""

    _spec: CollectionSpec

    @property
    def spec(self) -> CollectionSpec:
        """The collection's name and vectors."""
        return self._spec

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
        check_search(vector, using, text, where, limit, offset)
        query = None if vector is None or using is None else self._query(vector, using)
        both = query is not None and text is not None
        depth = fusion_depth(limit, offset) if both else limit + offset
        lists = self._ranked_lists(query, using, text, where, depth)
        ranked = fuse(lists) if both else lists[0]
        return self._filled(ranked[offset : offset + limit])

    def _query(self, vector: FloatArray, using: str) -> FloatArray:
        """A query as a unit row of the named vector's width."""
        return unit(vector, self.spec.vector(using), "The query")

    @abstractmethod
    def _ranked_lists(
        self, query: FloatArray | None, using: str | None, text: str | None, where: Filter | None, depth: int
    ) -> list[list[Match]]:
        """The best assets, that many at most: by the vector, where there is one, then by the text."""

    def _filled(self, ranked: list[Match]) -> list[Match]:
        """Matches with their whole records, where ``_ranked_lists`` leaves them out."""
        return ranked

    @overload
    def count(self, *, where: Filter | None = None) -> int: ...
    @overload
    def count(self, *, group_by: str, where: Filter | None = None) -> dict[str, int]: ...
    def count(self, *, group_by: str | None = None, where: Filter | None = None) -> int | dict[str, int]:
        """How many assets; with ``group_by``, how many per value of that property ("" for those without it)."""
        check_count(group_by, where)
        if group_by is None:
            return self._total(where)
        return dict(sorted(self._groups(group_by, where).items()))

    def _total(self, where: Filter | None) -> int:
        return sum(1 for _ in self.iterate(where=where))

    def _groups(self, name: str, where: Filter | None) -> Mapping[str, int]:
        assets = self.iterate(where=where)
        return count_groups((asset.id if name == "id" else asset.properties.get(name), 1) for asset in assets)

    @abstractmethod
    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also the parts."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections; harmless when called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FolderStore(BaseStore):
    """A store in a folder."""

    @classmethod
    @abstractmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder; LibraryNotFoundError where there is none."""

    @classmethod
    @abstractmethod
    def create(cls, folder: Path, spec: CollectionSpec) -> Self:
        """Make a store and open it; one that is there already is opened."""

    @classmethod
    def build(cls, folder: Path, spec: CollectionSpec | None, place: str) -> Self:
        """Open the store in a folder; with a spec, which it must fit, make it when there is none."""
        try:
            store = cls.open(folder)
        except LibraryNotFoundError:
            if spec is None:
                raise
            store = cls.create(folder, spec)
        if spec is not None:
            try:
                check_same_spec(store.spec, spec, place)
            except ConfigError:
                store.close()
                raise
        return store


def count_groups(values: Iterable[tuple[Value | None, int]]) -> Counter[str]:
    """How many records are in each group, from values and how many records have each."""
    groups: Counter[str] = Counter()
    for value, count in values:
        groups.update(dict.fromkeys(group_names(value), count))
    return groups


def read_pages(
    ids: Iterable[str], get: Callable[[list[str]], Mapping[str, Record]], where: Filter | None
) -> Iterator[Record]:
    """Records some at a time, as they are then; one that is deleted or no longer passes the filter is left out."""
    for page in batched(ids, _PAGE):
        for record in get(page).values():
            if where is None or matches(where, record):
                yield record
