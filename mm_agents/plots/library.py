"""A library's named vector as a map."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mm_agents._progress import ProgressCallback, progress_or_callback
from mm_agents._text import moment
from mm_agents.errors import ConfigError
from mm_agents.plots.projection import LEAST, Method, Space, space
from mm_agents.plots.reduction import Metric
from mm_agents.types import Hit, Record

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.types import Filter, FloatArray

MOST = 20_000
_STEP = 100  # assets between two reports


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
    progress: bool | ProgressCallback | None = None,
) -> Space:
    """A map of a library's assets by one of its vectors.

    An asset whose parts hold the vector, such as a clip or a PDF, is at their mean.

    Args:
        library: the library.
        vector: the vector's name; by default the library's first.
        color: the property that colours the points.
        method: "umap" in the plane, or "pca" in three dimensions.
        metric: "cosine" or "euclidean".
        where: draw only those.
        parts: draw each segment, page and chunk instead of the asset.
        limit: if there are more, this many are drawn at random.
        seed: of the sample and of the map.
        progress: as for ``Library.add``; called with how much is done, how much there is, and the stage.

    Raises:
        ConfigError: no vector or property has that name, or fewer than three points have the vector.
        MissingExtraError: the extra ``plots`` is not installed.
    """
    spec = library.store.spec
    name = spec.vector(vector or spec.vectors[0].name).name
    with progress_or_callback("Drawing", progress) as report:
        records, vectors, count = _read(library, name, where, parts, limit, seed, report)
        _require(color, records)
        figure = space(
            vectors,
            labels=[_label(record, color) for record in records],
            names=[_name(record) for record in records],
            thumbnails=[record.thumbnail for record in records],
            method=method,
            metric=metric,
            title=f"{spec.name}: {name}",
            seed=seed,
            report=report,
        )
    return figure if count <= limit else replace(figure, note=f"{figure.note} · a random sample of {count:,}")


def _read(
    library: Library,
    vector: str,
    where: Filter | str | None,
    parts: bool,
    limit: int,
    seed: int,
    report: ProgressCallback,
) -> tuple[list[Record], FloatArray, int]:
    """The drawn records, their vectors, and how many have one."""
    if limit < LEAST:
        raise ConfigError(f"A map needs at least {LEAST} points; the limit is {limit}.")

    def key(record: Record) -> str:
        return record.id if parts else record.asset

    # Twice over the library, so that of one past the limit only the vectors which are drawn are held in memory.
    everything = partial(_records, library, where, library.count(where=where), report)
    holders = dict.fromkeys(key(record) for record in everything() if vector in record.vectors)
    if len(holders) < LEAST:
        raise ConfigError(
            f"A map needs at least {LEAST} points; {len(holders)} have the vector {vector!r}. "
            "Add more media, or name another vector or filter."
        )
    ids = list(holders) if len(holders) <= limit else sorted(random.Random(seed).sample(list(holders), limit))
    rows = {id: n for n, id in enumerate(ids)}
    total = np.zeros((len(ids), library.store.spec.vector(vector).width), np.float32)
    counts = np.zeros(len(ids), np.float32)
    found: dict[str, Record] = {}
    for record in everything():
        row = rows.get(key(record))
        if row is not None and vector in record.vectors:
            total[row] += record.vectors[vector]
            counts[row] += 1
        if record.id in rows:
            found[record.id] = record
    means = (total / np.maximum(counts, 1)[:, None]).astype(np.float32)
    ids = [id for id in ids if id in found]
    return [found[id] for id in ids], means[[rows[id] for id in ids]], len(holders)


def _require(color: str, records: Sequence[Record]) -> None:
    known = sorted({name for record in records for name in record.properties})
    if color not in known:
        raise ConfigError(f"No record has a property {color!r} to colour by. Known: {', '.join(known) or 'none'}.")


def _records(library: Library, where: Filter | str | None, total: int, report: ProgressCallback) -> Iterator[Record]:
    """Every record with its vectors, and how far the reading is in assets."""
    done = 0
    for record in library.iterate(where=where, with_vectors=True, parts=True):
        if record.parent is None:
            done += 1
            if done % _STEP == 0:
                report(done, total, "Reading")
        yield record


def _label(record: Record, color: str) -> str:
    value = record.properties.get(color, "")
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _name(record: Record) -> str:
    where = moment(Hit(record=record, score=0.0, vector="", part=record)) if record.parent else ""
    return f"{record.name or record.id} {where}".strip()
