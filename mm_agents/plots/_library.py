"""A library's named vector as a map."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.errors import ConfigError
from mm_agents.plots._space import LEAST, Method, Space, space
from mm_agents.plots._umap import Metric
from mm_agents.sheet import moment
from mm_agents.types import Hit, Record

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.types import Filter, FloatArray

MOST = 20_000


def of_library(
    library: Library,
    *,
    vector: str | None = None,
    color: str = "media_type",
    method: Method = "umap",
    metric: Metric = "cosine",
    where: Filter | str | None = None,
    parts: bool = False,
    limit: int = MOST,
    seed: int = 0,
) -> Space:
    """A map of a library's assets by one of its vectors.

    An asset whose parts hold the vector, such as a clip or a PDF, lies at their mean.

    Args:
        library: what is drawn.
        vector: the vector's name; by default the library's first.
        color: the property that colours the points.
        method: "umap" in the plane, or "pca" in three dimensions.
        metric: "cosine" or "euclidean".
        where: draw only those.
        parts: draw each segment, page and chunk instead of the asset.
        limit: from more than these, so many are drawn at random.
        seed: chooses among them, and begins the map.

    Raises:
        ConfigError: no vector or property has that name; the message lists those that exist. Or fewer than three
            points have the vector.
        MissingExtraError: the extra ``plots`` is not installed.
    """
    name = vector or library.store.spec.vectors[0].name
    library.store.spec.vector(name)
    if limit < LEAST:
        raise ConfigError(f"A map needs at least {LEAST} points; the limit is {limit}.")

    def key(record: Record) -> str:
        return record.id if parts else record.asset

    # Twice over the library, so that of one past the limit only the vectors which are drawn are held in memory.
    holders: dict[str, None] = {}
    for record in library.iterate(where=where, with_vectors=True, parts=True):
        if name in record.vectors:
            holders[key(record)] = None
    if len(holders) < LEAST:
        raise ConfigError(
            f"A map needs at least {LEAST} points; {len(holders)} have the vector {name!r}. "
            "Add more media, or name another vector or filter."
        )
    ids = list(holders) if len(holders) <= limit else sorted(random.Random(seed).sample(list(holders), limit))
    rows = {id: n for n, id in enumerate(ids)}
    total = np.zeros((len(ids), library.store.spec.vector(name).width), np.float32)
    counts = np.zeros(len(ids), np.float32)
    shown: dict[str, Record] = {}
    for record in library.iterate(where=where, with_vectors=True, parts=True):
        row = rows.get(key(record))
        if row is not None and name in record.vectors:
            total[row] += record.vectors[name]
            counts[row] += 1
        if record.id in rows:
            shown[record.id] = record
    return _map(
        [shown[id] for id in ids if id in shown],
        (total / np.maximum(counts, 1)[:, None]).astype(np.float32)[[rows[id] for id in ids if id in shown]],
        title=f"{library.store.spec.name}: {name}",
        color=color,
        method=method,
        metric=metric,
        seed=seed,
    )


def _map(
    records: list[Record], vectors: FloatArray, *, title: str, color: str, method: Method, metric: Metric, seed: int
) -> Space:
    known = {name for record in records for name in record.properties}
    if color not in known:
        raise ConfigError(
            f"No record has a property {color!r} to colour by. Known: {', '.join(sorted(known)) or 'none'}."
        )
    return space(
        vectors,
        labels=[_label(record, color) for record in records],
        names=[_name(record) for record in records],
        thumbnails=[record.thumbnail for record in records],
        method=method,
        metric=metric,
        title=title,
        seed=seed,
    )


def _label(record: Record, color: str) -> str:
    value = record.properties.get(color, "")
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _name(record: Record) -> str:
    where = moment(Hit(record=record, score=0.0, vector="", part=record)) if record.parent else ""
    return f"{record.name or record.id} {where}".strip()
