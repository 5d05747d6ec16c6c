"""Recommending: what is near to what somebody likes, in several vectors at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.errors import ConfigError
from mm_agents.search.ranking import Ranking, fuse, hits, with_assets
from mm_agents.types import And, CollectionSpec, Condition, Filter, Hit, Hits, Not, Or, Record

if TYPE_CHECKING:
    from mm_agents.protocols import Store
    from mm_agents.types import FloatArray

AWAY = 0.5
"""How far the mean of what is disliked pushes the query away (Rocchio 1971; the usual weight)."""

_POOL = 100


def recommend(
    store: Store,
    find: Callable[[str], Record],
    *,
    like: Sequence[str],
    unlike: Sequence[str] = (),
    vectors: Mapping[str, float] | None = None,
    among: Collection[str] | None = None,
    where: Filter | None = None,
    diversity: float = 0.0,
    limit: int = 10,
) -> list[Hit]:
    """Assets near to some and far from others, never those that were given.

    Each vector asks for itself, with the mean of the liked ones less half the mean of the disliked (Rocchio), and the
    lists are fused by rank; ``Hit.found_by`` says which vectors brought a hit.

    Args:
        store: where to look.
        find: gives the asset of an id, name or path; ``Library.get``.
        like: ids, names or paths; at least one.
        unlike: ids, names or paths to stay away from.
        vectors: the weight of each vector; by default all that the liked ones have, alike.
        among: only these vectors by default.
        where: a filter.
        diversity: 0 for the nearest, towards 1 for hits that differ from each other (maximal marginal relevance,
            Carbonell & Goldstein, SIGIR 1998).
        limit: how many hits at most.

    Raises:
        ConfigError: nothing is liked, a weight is not positive, a vector is unknown or no liked asset has it, or
            ``diversity`` is not between 0 and 1.
        RecordNotFoundError: a reference names nothing.
    """
    _check(like, diversity, limit)
    liked, disliked = ([find(reference) for reference in references] for references in (like, unlike))
    near, far = _vectors(store, liked), _vectors(store, disliked)
    weights = _weights(store.spec, vectors, near if among is None else {n: near[n] for n in near if n in among})
    wanted = _others(tuple(record.id for record in [*liked, *disliked]), where)
    depth = max(_POOL, 5 * limit)
    lists: list[list[Hit]] = []
    for name in weights:
        query = np.mean(near[name], axis=0)
        if name in far:
            query = query - AWAY * np.mean(far[name], axis=0)
        matches = store.search(vector=query, using=name, where=wanted, limit=depth)
        lists.append(hits(Ranking(name=name, matches=matches)))
    fused = fuse(lists, list(weights.values()))
    if diversity:
        fused = _diverse(store, fused[:depth], weights, diversity, limit)
    return Hits(with_assets(store, fused[:limit]))


def _check(like: Sequence[str], diversity: float, limit: int) -> None:
    if not like:
        raise ConfigError("Recommending needs at least one asset that is liked.")
    if not 0.0 <= diversity <= 1.0:
        raise ConfigError(f"diversity is between 0 and 1; got {diversity!r}.")
    if limit < 0:
        raise ConfigError(f"limit counts hits and cannot be negative; got {limit!r}.")


def _vectors(store: Store, records: Sequence[Record]) -> dict[str, list[FloatArray]]:
    """The vectors of these assets by name; of an asset in parts, the mean over them."""
    moments = {spec.name for spec in store.spec.vectors_with_role("moment")}
    vectors: dict[str, list[FloatArray]] = {}
    for record in store.get([record.id for record in records], with_vectors=True).values():
        own = dict(record.vectors)
        if not own:
            rows: dict[str, list[FloatArray]] = {}
            for part in store.iterate(where=Condition("parent", "eq", record.id), with_vectors=True, parts=True):
                for name, row in part.vectors.items():
                    rows.setdefault(name, []).append(row)
            own = {name: np.mean(some, axis=0) for name, some in rows.items()}
        for name, row in own.items():
            if name not in moments:
                vectors.setdefault(name, []).append(row / max(float(np.linalg.norm(row)), 1e-9))
    return vectors


def _weights(
    spec: CollectionSpec, vectors: Mapping[str, float] | None, near: Mapping[str, Sequence[FloatArray]]
) -> dict[str, float]:
    weights = dict(vectors or {name: 1.0 for name in sorted(near) if spec.current(name) == name})
    for name, weight in weights.items():
        spec.vector(name)
        if not weight > 0:
            raise ConfigError(f"The weight of a vector is a positive number; {name!r} has {weight!r}.")
        if name not in near:
            raise ConfigError(f"Nothing that is liked has the vector {name!r}. It has: {', '.join(sorted(near))}.")
    if not weights:
        raise ConfigError("Nothing that is liked has a vector.")
    return weights


def _others(given: tuple[str, ...], where: Filter | None) -> Filter:
    """Everything but these assets and their parts."""
    theirs = Not(Or((Condition("id", "in", given), Condition("parent", "in", given))))
    return theirs if where is None else And((theirs, where))


def _diverse(
    store: Store, pool: Sequence[Hit], weights: Mapping[str, float], diversity: float, limit: int
) -> list[Hit]:
    """Choose hits one by one, each near to what is liked and unlike those chosen before."""
    if not pool:
        return []
    ids = [hit.part.id if hit.part is not None else hit.id for hit in pool]
    records = store.get(ids, with_vectors=True)
    likeness = np.zeros((len(pool), len(pool)), np.float32)
    for name, weight in weights.items():
        width = store.spec.vector(name).width
        rows = np.stack([records[id].vectors.get(name, np.zeros(width, np.float32)) for id in ids])
        likeness += weight / sum(weights.values()) * (rows @ rows.T)
    relevance = np.array([hit.score for hit in pool]) / pool[0].score
    chosen: list[int] = []
    while len(chosen) < min(limit, len(pool)):
        near = likeness[:, chosen].max(axis=1) if chosen else np.zeros(len(pool))
        value = (1 - diversity) * relevance - diversity * near
        value[chosen] = -np.inf
        chosen.append(int(np.argmax(value)))
    return [pool[place] for place in chosen]
