"""A library's named vector as a map."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mm_agents._progress import ProgressCallback, progress_or_callback
from mm_agents._text import moment
from mm_agents.errors import ConfigError, MMAgentsError
from mm_agents.ingest.catalog import common_folder, folder_below, year_of
from mm_agents.plots.clusters import clusters, words_of
from mm_agents.plots.figure import MOST_CLASSES
from mm_agents.plots.projection import LEAST, Method, Space, space
from mm_agents.plots.reduction import Metric
from mm_agents.types import Hit, Record

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.types import Filter, FloatArray

MOST = 20_000
_ASKED_FOR = ("folder", "media_type", "year", "objects", "tags")  # can always colour a map
_STEP = 100  # assets between two reports


def of_library(
    library: Library,
    *,
    vector: str | None = None,
    color: str | None = None,
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
        color: the property that colours the points, or "folder", "year" or "cluster"; by default the folder where there
            are several, else the kind of media.
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
        records, vectors, words, count = _read(library, name, where, parts, limit, seed, report)
        own = _labels(records)
        several = [name for name in ("folder", "media_type") if len(set(own.get(name, ()))) > 1]
        chosen = color or next(iter((*several, *(name for name in own if name != "folder"))), "cluster")
        if chosen != "cluster" and chosen not in own:
            known = ", ".join(sorted([*own, "cluster"]))
            raise ConfigError(f"No record has a property {chosen!r} to colour by. Known: {known}.")
        figure = space(
            vectors,
            names=[_name(record) for record in records],
            thumbnails=[record.thumbnail for record in records],
            method=method,
            metric=metric,
            title=f"{spec.name}: {name}",
            seed=seed,
            report=report,
        )
        report(0, 1, "Naming clusters")
        embedder = None
        with suppress(MMAgentsError):  # a map is drawn where the embedder is not installed, too
            embedder = library.routes.embedder(name)
        found = clusters(figure.points, vectors, words, embedder)
    most = min(MOST_CLASSES, max(4, len(records) // 2))  # with more, a class is hardly more than a point
    labels = {
        name: values
        for name, values in own.items()
        if name == chosen or 1 < len(set(values)) <= most or (name in _ASKED_FOR and len(set(values)) > 1)
    }
    if found:
        inside = {int(point): cluster.name for cluster in found for point in cluster.points}
        labels["cluster"] = tuple(inside.get(n, "") for n in range(len(records)))
    return replace(
        figure,
        labels=labels.get(chosen, ("",) * len(records)),
        note=figure.note if count <= limit else f"{figure.note} · a random sample of {count:,}",
        ids=tuple(record.asset for record in records),
        clusters=found,
        color=chosen,
        colorings=labels,
    )


def _read(
    library: Library,
    vector: str,
    where: Filter | str | None,
    parts: bool,
    limit: int,
    seed: int,
    report: ProgressCallback,
) -> tuple[list[Record], FloatArray, list[frozenset[str]], int]:
    """The drawn records, their vectors, the words of each that may name its place, and how many have a vector."""
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
    words: list[set[str]] = [set() for _ in ids]
    for record in everything():
        row = rows.get(key(record))
        if row is not None:
            words[row] |= words_of(record.text) | set(_values(record, "objects"))
        if row is not None and vector in record.vectors:
            total[row] += record.vectors[vector]
            counts[row] += 1
        if record.id in rows:
            found[record.id] = record
    means = (total / np.maximum(counts, 1)[:, None]).astype(np.float32)
    kept = [rows[id] for id in ids if id in found]
    said = [frozenset(words[row]) for row in kept]
    return [found[id] for id in ids if id in found], means[kept], said, len(holders)


def _records(library: Library, where: Filter | str | None, total: int, report: ProgressCallback) -> Iterator[Record]:
    """Every record with its vectors, and how far the reading is in assets."""
    done = 0
    for record in library.iterate(where=where, with_vectors=True, parts=True):
        if record.parent is None:
            done += 1
            if done % _STEP == 0:
                report(done, total, "Reading")
        yield record


def _labels(records: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    """What can colour records, with the label of each: folder, kind and year first, then their other properties."""
    common = common_folder(record.path for record in records)
    labels = {
        "folder": tuple(folder_below(record.path, common) or "" for record in records),
        "media_type": tuple(record.media_type for record in records),
        "year": tuple(year_of(record) for record in records),
    }
    labels = {name: values for name, values in labels.items() if any(values)}
    for name in sorted({name for record in records for name in record.properties} - labels.keys()):
        given = [_values(record, name) for record in records]
        counts = Counter(value for values in given for value in values)
        # Of several values, the one that most have: it makes the fewest classes.
        labels[name] = tuple(max(values, key=lambda value: counts[value], default="") for values in given)
    return labels


def _values(record: Record, name: str) -> tuple[str, ...]:
    value = record.properties.get(name, "")
    return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)


def _name(record: Record) -> str:
    where = moment(Hit(record=record, score=0.0, vector="", part=record)) if record.parent else ""
    return f"{record.name or record.id} {where}".strip()
