"""Search in a LanceDB table: exact while it is small, by a calibrated index above.

The index is IVF_FLAT: vectors in lists, of which a search reads the nearest few (``probes``). How many are enough
depends on the collection: when the index is built, vectors of its own are searched with more and more probes until
99% of their exact 10, 100 and 1,000 nearest are found. A search deeper than that, or with a filter, reads all lists,
which is exact: what a filter is true of may lie in lists far from the query, however many of the near ones are read
(with 200 clusters and a filter that is true of 20 of them, calibrated probes found one in five).
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from lancedb.index import IvfFlat

from mm_agents.errors import StoreUnavailableError
from mm_agents.stores.lance.table import Table, unpack_vectors, vector_column
from mm_agents.stores.ranking import SCORE_DECIMALS, collapse
from mm_agents.types import CollectionSpec, Match, Record

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_log = logging.getLogger(__name__)

INDEX_ROWS = 50_000
"""From so many vectors on there is an index."""

RECALL = 0.99
"""The share of the exact nearest that a search finds on average, measured on the collection's own vectors."""

SMALL_FILES = 64
UNINDEXED_ROWS = 20_000
"""At one of these the table is put in order; a search reads what no index knows yet row by row."""

_DEPTHS = (10, 100, 1000)
_SAMPLE = 64
_GROWTH = 1.5
_ALL = 1 << 20  # more probes than any index has lists
_NOTE = "mm_agents.probes"
_MOST = 10_000
_MARGIN = 2e-6  # more than LanceDB's float32 cosines are off by


def by_vector(table: Table, using: str, query: FloatArray, where: str | None, wanted: int) -> list[Match]:
    """The nearest assets; their records have ids only."""
    column = vector_column(using)
    enough = _probes(table, column, filtered=where is not None)
    wide = query.astype(np.float64)

    def read(most: int, probes: int | None) -> Any:
        return table.nearest(column, query, select=["id", "parent", column], where=where, most=most, probes=probes)

    def ask(most: int) -> list[Match]:
        probes = enough(most)
        rows = read(most, probes)
        if probes is not None and probes < _ALL and rows.num_rows < most:
            rows = read(most, _ALL)
        vectors = unpack_vectors(rows, column)
        # Summed row by row in one order, so that equal vectors have equal scores wherever they stand.
        scores = [float((vector.astype(np.float64) * wide).sum()) for vector in vectors.values()]
        return _matches(rows, scores)

    return _ranked(ask, wanted)


def by_keywords(table: Table, words: str, where: str | None, wanted: int) -> list[Match]:
    """The best assets by BM25 of any of the words; their records have ids only."""

    def ask(most: int) -> list[Match]:
        rows = table.matching(words, where=where, most=most)
        return _matches(rows, rows["_score"].to_pylist())

    return _ranked(ask, wanted) if words else []


def _matches(rows: Any, scores: list[float]) -> list[Match]:
    ids, parents = rows["id"].to_pylist(), rows["parent"].to_pylist()
    return [
        Match(record=Record(id=id, parent=parent), score=round(score, SCORE_DECIMALS))
        for id, parent, score in zip(ids, parents, scores, strict=True)
    ]


def _ranked(ask: Callable[[int], list[Match]], wanted: int) -> list[Match]:
    """The best assets of a ranked query.

    Parts of one asset count once, so more is asked for until enough assets are there and no row further down could
    tie with the last of them.
    """
    most = 2 * wanted + 8
    while wanted:
        found = ask(most)
        assets = collapse(found)
        floor = min((match.score for match in found), default=0.0) + _MARGIN
        if len(found) < most or sum(match.score > floor for match in assets) >= wanted:
            return assets[:wanted]
        if most > max(_MOST, 4 * wanted) and len(assets) >= wanted:  # thousands of equals: any of them will do
            return assets[:wanted]
        most *= 4
    return []


# ---------------------------------------------------------------- the index


def maintain(table: Table, spec: CollectionSpec) -> None:
    """Put the table in order when enough was written: files, indices, calibration.

    What was written is committed already, so a failure here is logged and left for the next time; where another
    process changes the same files meanwhile, that is expected.
    """
    try:
        files, unindexed = table.behind()
        if files < SMALL_FILES and unindexed < UNINDEXED_ROWS:
            return
        table.optimize()
        for vector in spec.vectors:
            _index(table, vector_column(vector.name))
    except StoreUnavailableError:
        _log.debug("Another process changes %s; it is put in order next time.", table.folder)
    except Exception:  # noqa: BLE001 - the caller's write is committed and must not seem to have failed
        _log.warning("The store at %s could not be put in order; it is tried again.", table.folder, exc_info=True)


def _index(table: Table, column: str) -> None:
    """Build a vector's index when there is none, or it was calibrated for much fewer."""
    rows = table.count(f"`{column}` IS NOT NULL")
    if rows < INDEX_ROWS or rows < _GROWTH * _calibration(table, column).get("rows", 0):
        return
    table.note(column, _NOTE, "{}")  # until it is calibrated again, a search reads all lists
    table.create_index(column, IvfFlat(distance_type="cosine"))
    table.note(column, _NOTE, json.dumps({"rows": rows, "probes": _calibrate(table, column, rows)}))


def _calibrate(table: Table, column: str, rows: int) -> list[tuple[int, int]]:
    """How many probes are enough for each depth, as pairs (depth, probes)."""
    total = table.count()
    size = min(total, 4 * _SAMPLE * total // rows)  # some rows lack the vector
    offsets = random.Random(0).sample(range(total), size)
    sample = list(unpack_vectors(table.take(sorted(offsets), column), column).values())[:_SAMPLE]

    def nearest(probes: int) -> list[list[str]]:
        found = (
            table.nearest(column, row, select=["id"], where=None, most=max(_DEPTHS), probes=probes) for row in sample
        )
        return [rows["id"].to_pylist() for rows in found]

    exact = nearest(_ALL)
    enough: list[tuple[int, int]] = []
    probes = 1
    while len(enough) < len(_DEPTHS):
        found = nearest(probes)
        while len(enough) < len(_DEPTHS):
            depth = _DEPTHS[len(enough)]
            shares = [len({*a[:depth]} & {*b[:depth]}) / len(b[:depth]) for a, b in zip(found, exact, strict=True)]
            if np.mean(shares) < RECALL and probes < _ALL:
                break
            enough.append((depth, probes))
        probes *= 2
    return enough


def _probes(table: Table, column: str, *, filtered: bool) -> Callable[[int], int | None]:
    """How many probes a search for some number of rows needs; None without an index."""
    if column not in table.indices():
        return lambda most: None
    known: list[tuple[int, int]] = [] if filtered else _calibration(table, column).get("probes", [])
    return lambda most: next((probes for depth, probes in known if most <= depth), _ALL)


def _calibration(table: Table, column: str) -> dict[str, Any]:
    metadata = table.schema.field(column).metadata or {}
    return json.loads(metadata.get(_NOTE.encode(), b"{}"))
