"""One ranked list for each vector that a query can be asked of, with what its scores mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mm_agents.protocols import VectorizingStore
from mm_agents.search.phonetic import by_sound
from mm_agents.search.ranking import Ranking, hits, merge_aligned, strength_of
from mm_agents.types import Filter, Hit, Match, Text

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.embedder_map import EmbedderMap
    from mm_agents.search.query import Query
    from mm_agents.types import FloatArray, Strength


def ranked_lists(
    store: Store,
    routes: EmbedderMap,
    queries: Sequence[Query],
    rows: Sequence[dict[str, FloatArray]],
    names: Sequence[str],
    weights: Mapping[str, float],
    where: Filter | None,
    depth: int,
) -> list[tuple[float, list[Hit]]]:
    """The lists to fuse, each with its weight: one for each weighted vector, else aligned ones merged by score.

    Args:
        store: where to look.
        routes: the embedder of each vector.
        queries: what is asked with.
        rows: for each query its vectors by the embedders' names; gains those that are made.
        names: of the vectors that are searched.
        weights: of vectors; none where all count alike.
        where: a filter.
        depth: how many matches of each list.
    """
    lists: list[tuple[float, list[Hit]]] = []
    for asked, vectors in zip(queries, rows, strict=True):
        found = rankings(store, routes, asked, names, where, depth, vectors)
        if weights:
            lists += [(weights[ranking.name], hits(ranking)) for _, ranking in found]
            continue
        found = [(embedder, _spoken_about(store, asked, ranking, where)) for embedder, ranking in found]
        lists += [(1.0, merged) for merged in merge_aligned(found)]
    return lists


def rankings(
    store: Store,
    routes: EmbedderMap,
    asked: Query,
    names: Sequence[str],
    where: Filter | None,
    depth: int,
    rows: dict[str, FloatArray],
) -> list[tuple[Embedder | None, Ranking]]:
    """One ranked list for each vector that a query can be asked of, and the embedder that asked.

    Arguments as of ``ranked_lists``; ``rows`` are those of this query.
    """
    found: list[tuple[Embedder | None, Ranking]] = []
    for name in names:
        embedder = routes.embedder(name)
        bands: tuple[float, float] | None = None
        if embedder is not None and asked.kind in embedder.accepts:
            if embedder.name not in rows:
                rows[embedder.name] = asked.vector(embedder)
            row = rows[embedder.name]
            matches = store.search(vector=row, using=name, where=where, limit=depth)
            bands = routes.bands(name, row, asked.kind)
        elif isinstance(asked.source, Text) and isinstance(store, VectorizingStore) and routes.vectorizer(name):
            matches = store.search_by_text(asked.source.text, using=name, where=where, limit=depth)
        else:
            continue
        strengths: list[Strength | None] = [strength_of(match.score, bands) for match in matches] if bands else []
        found.append((embedder, Ranking(name=name, matches=matches, strengths=strengths)))
    return found


def _spoken_about(store: Store, asked: Query, ranking: Ranking, where: Filter | None) -> Ranking:
    """A list of spoken sentences: those that have to do with the query, where that is known, or sound like it.

    Few files have speech: a list that ranks them all would lift each of them above what is pictured.
    """
    if store.spec.role(ranking.name) != "speech":
        return ranking
    alike = by_sound(store, asked.source.text, where) if isinstance(asked.source, Text) else []
    near: list[tuple[Match, Strength | None]] = [(match, "strong") for match in alike]
    near += zip(ranking.matches, ranking.strengths or [None] * len(ranking.matches), strict=True)
    best: dict[str, tuple[Match, Strength | None]] = {}
    for match, strength in sorted(near, key=lambda one: (-one[0].score, one[0].record.asset)):
        if strength != "weak":
            best.setdefault(match.record.asset, (match, strength))
    return replace(ranking, matches=[one for one, _ in best.values()], strengths=[one for _, one in best.values()])
