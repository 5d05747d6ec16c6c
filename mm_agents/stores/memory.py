"""The reference store: dictionaries in memory, every promise of the contract in the plainest code.

It is for tests and small throw-away collections; nothing of it outlives the process but what ``backup`` writes.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.errors import LibraryNotFoundError, StoreError
from mm_agents.filters import matches
from mm_agents.stores import local
from mm_agents.stores.base import SCORE_DECIMALS, BaseStore, bare, collapse, terms
from mm_agents.stores.validation import check_count, check_extension, check_records, check_spec, existing_ids
from mm_agents.types import CollectionSpec, Filter, Match, Record

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_K1, _B = 1.2, 0.75  # BM25 as in SQLite's FTS5


def build(rest: str = "", *, spec: CollectionSpec | None = None) -> MemoryStore:
    """Make an empty store.

    Raises:
        LibraryNotFoundError: no spec was given; there is never one to open.
    """
    if spec is None:
        raise LibraryNotFoundError("A store in memory is always new: give the spec of its collection.")
    return MemoryStore(spec)


class MemoryStore(BaseStore):
    """Keeps records in a dictionary; see ``mm_agents.protocols.Store``."""

    def __init__(self, spec: CollectionSpec) -> None:
        check_spec(spec)
        self._spec = spec
        self._lock = threading.Lock()
        self._kept: dict[str, Record] = {}
        self._closed = False

    def extend(self, spec: CollectionSpec, /) -> None:
        """Give the collection more vectors, or change their roles and which replaces which."""
        check_extension(self._spec, spec, "memory:")
        with self._lock:
            self._records()
            self._spec = spec

    def upsert(self, records: Sequence[Record], /) -> None:
        """Write records, replacing those of the same id."""
        checked = check_records(records, self._spec)
        with self._lock:
            self._records().update((record.id, record) for record in checked)

    def get(self, ids: Sequence[str], /, *, with_vectors: bool = False) -> dict[str, Record]:
        """The records of those ids that exist, in the order asked."""
        with self._lock:
            kept = self._records()
            return {id: _copy(kept[id], with_vectors) for id in existing_ids(ids) if id in kept}

    def delete(self, ids: Sequence[str], /) -> int:
        """Delete records, an asset with all its parts."""
        with self._lock:
            kept = self._records()
            gone = {id for id in existing_ids(ids) if id in kept}
            self._kept = {id: r for id, r in kept.items() if id not in gone and r.parent not in gone}
            return len(gone)

    def _ranked_lists(
        self, query: FloatArray | None, using: str | None, text: str | None, where: Filter | None, depth: int
    ) -> list[list[Match]]:
        with self._lock:
            records = list(self._records().values())
        found: list[Iterable[Match]] = []
        if query is not None and using is not None:
            found.append(_by_vector(records, query, using))
        if text is not None:
            found.append(_by_keywords(records, text))
        return [
            collapse(one for one in ranked if where is None or matches(where, one.record))[:depth] for ranked in found
        ]

    def _filled(self, ranked: list[Match]) -> list[Match]:
        return [replace(match, record=_copy(match.record, False)) for match in ranked]

    def iterate(
        self, *, where: Filter | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids, as they are now; with ``parts`` also the parts."""
        check_count(None, where)
        with self._lock:
            found = sorted(self._records().values(), key=lambda record: record.id)
        return (
            _copy(record, with_vectors)
            for record in found
            if (parts or record.parent is None) and (where is None or matches(where, record))
        )

    def backup(self, folder: Path, /) -> None:
        """Write a copy into a new or empty folder; it is a library on disk."""
        local.write_copy(folder, self._spec, self.iterate(with_vectors=True, parts=True))

    def restore(self, folder: Path, /) -> None:
        """Replace everything by the copy in the folder."""
        with local.open_copy(folder, self._spec) as copy:
            records = {record.id: record for record in copy.iterate(with_vectors=True, parts=True)}
        with self._lock:
            self._records()
            self._kept = records

    def close(self) -> None:
        """Forget everything; harmless when called twice."""
        with self._lock:
            self._closed = True
            self._kept = {}

    def _records(self) -> dict[str, Record]:
        if self._closed:
            raise StoreError("The store is closed. Open it again.")
        return self._kept


def _copy(record: Record, with_vectors: bool) -> Record:
    vectors = dict(record.vectors) if with_vectors else {}
    return replace(record, properties=dict(record.properties), vectors=vectors)


def _by_vector(records: Sequence[Record], query: FloatArray, using: str) -> Iterator[Match]:
    for record in records:
        if using in record.vectors:
            cosine = np.dot(record.vectors[using].astype(np.float64), query)
            yield Match(record=record, score=round(float(cosine), SCORE_DECIMALS))


def _by_keywords(records: Sequence[Record], text: str) -> Iterator[Match]:
    """Okapi BM25 over all records (Robertson & Zaragoza 2009), with an IDF that is never negative."""
    counted = [Counter(map(bare, terms(f"{record.name} {record.text}"))) for record in records]
    lengths = [counts.total() for counts in counted]
    mean = max(1.0, sum(lengths) / max(1, len(records)))
    spread = {term: sum(term in counts for counts in counted) for term in set(map(bare, terms(text)))}
    idf = {term: math.log(1 + (len(records) - n + 0.5) / (n + 0.5)) for term, n in spread.items()}
    for record, counts, length in zip(records, counted, lengths, strict=True):
        score = sum(
            idf[term] * counts[term] * (_K1 + 1) / (counts[term] + _K1 * (1 - _B + _B * length / mean)) for term in idf
        )
        if score > 0:
            yield Match(record=record, score=score)
