"""Vectors as points in the plane or in space."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mm_agents import media
from mm_agents.errors import ConfigError, MediaError
from mm_agents.plots._figure import Card, Figure, axis, dress, explain
from mm_agents.plots._look import Group, grouped, marked, point_size, said
from mm_agents.plots._pca import fit
from mm_agents.plots._umap import Metric, umap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mm_agents.library import Library
    from mm_agents.types import FloatArray, Record

Method = Literal["umap", "pca"]

_FEWEST = 3
_DRAWN_AS_SVG = 2_500  # points past which the browser's graphics card draws them
_PICTURES = 24_000_000  # bytes of JPEG in a page, at most
_SIDES = ((1_000, 160), (4_000, 96), (10**9, 64))  # up to so many points, pictures of so many pixels


def space(
    vectors: ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    names: Sequence[str] | None = None,
    thumbnails: Sequence[bytes | None] | None = None,
    method: Method = "umap",
    metric: Metric = "cosine",
    seed: int = 0,
    title: str = "Vectors",
) -> Figure:
    """Draw vectors as points, near ones near each other: by UMAP in the plane, or by PCA in three dimensions.

    Args:
        vectors: shape (n, width), n at least 3, finite.
        labels: what colours each point: words, or numbers; None or "" where a point has none.
        names: what to call each point.
        thumbnails: each point's picture, encoded, shown beside it in a page. Some are left out where all would need
            more than 24 MB.
        method: "umap" keeps neighbours together; "pca" shows the directions of most variance.
        metric: "cosine" compares directions only; "euclidean" also lengths.
        seed: the same seed draws the same picture.
        title: plain text above it.

    Raises:
        ConfigError: fewer than three vectors, some that are not finite, lists of other lengths, or an unknown method.
        MissingExtraError: the extra ``plots`` is not installed.
    """
    rows = _checked(vectors, method, metric, {"labels": labels, "names": names, "thumbnails": thumbnails})
    points, axes = _points(rows, method, metric, seed)
    groups = grouped(labels, len(rows))
    group_of = {row: group.name for group in groups for row in group.rows}
    pictures = _pictures(thumbnails or ())
    cards = [
        Card(
            lines=tuple(line for line in (said(names[row]) if names else "", group_of[row]) if line)
            or (f"Point {row + 1}",),
            picture=pictures.get(row),
        )
        for row in range(len(rows))
    ]
    how = f"UMAP, {metric}" if method == "umap" else f"Principal components, {metric}"
    return Figure(
        title=title,
        caption=f"{len(rows):,} vectors of {rows.shape[1]:,} numbers · {how}",
        points=points,
        groups={group.name: len(group.rows) for group in groups},
        traces=[_trace(points, group) for group in groups],
        layout=_layout(axes, legend=labels is not None),
        cards=cards,
        paint=lambda sheet: _paint(sheet, points, groups, axes),
    )


def of_library(
    library: Library,
    *,
    vector: str | None = None,
    color: str | None = None,
    method: Method = "umap",
    metric: Metric = "cosine",
    limit: int | None = None,
    thumbnails: bool = True,
    seed: int = 0,
) -> Figure:
    """Draw one named vector of a library's assets.

    Args:
        library: an open library.
        vector: the vector's name; by default the library's first.
        color: the property that colours the points, such as "media_type".
        method: as ``space`` has it.
        metric: as ``space`` has it.
        limit: only so many assets, the first by their ids, which are as good as drawn at random.
        thumbnails: show each asset's picture beside its point.
        seed: as ``space`` has it.

    Raises:
        ConfigError: the library has no such vector or property, or fewer than three assets have that vector.
        MissingExtraError: the extra ``plots`` is not installed.
        StoreError: the store cannot be read.
    """
    spec = library.store.spec
    if vector is None:
        if not spec.vectors:
            raise ConfigError(f"Collection {spec.name!r} has no named vector to draw.")
        vector = spec.current(spec.vectors[0].name)
    spec.vector(vector)
    found = (record for record in library.iterate(with_vectors=True) if vector in record.vectors)
    records: list[Record] = []
    rows: list[FloatArray] = []
    for record in islice(found, limit):
        rows.append(np.array(record.vectors[vector], np.float32))
        records.append(record)
    if len(records) < _FEWEST:
        raise ConfigError(
            f"{len(records)} of {library.count():,} assets have the vector {vector!r}, and a plot needs at least "
            f"{_FEWEST}. Add more files ('mm-agents add'), raise the limit, or name another vector: "
            f"{', '.join(one.name for one in spec.vectors)}."
        )
    return space(
        np.stack(rows),
        labels=_values(records, color) if color else None,
        names=[record.name or record.id for record in records],
        thumbnails=[record.thumbnail for record in records] if thumbnails else None,
        method=method,
        metric=metric,
        seed=seed,
        title=f"{spec.name}: {vector}" + (f" by {said(color)}" if color else ""),
    )


def _values(records: Sequence[Record], color: str) -> list[Any]:
    if not any(color in record.properties for record in records):
        known = sorted({name for record in records for name in record.properties})
        raise ConfigError(f"No asset has the property {color!r} to colour by. Known: {', '.join(known) or 'none'}.")
    return [record.properties.get(color) for record in records]


# ---------------------------------------------------------------- where the points lie


def checked_rows(vectors: ArrayLike, *, least: int = _FEWEST) -> FloatArray:
    """Vectors as float32 rows.

    Raises:
        ConfigError: they are no table of finite numbers, or fewer than ``least``.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ConfigError(f"Vectors have the shape (n, width), not {rows.shape}.")
    if len(rows) < least:
        raise ConfigError(f"A plot needs at least {least} vectors, not {len(rows)}. Give more.")
    if not np.isfinite(rows).all():
        bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise ConfigError(f"Vector {bad} holds a number that is not finite. Leave such vectors out.")
    return rows


def _checked(vectors: ArrayLike, method: str, metric: str, beside: dict[str, Sequence[Any] | None]) -> FloatArray:
    for what, given, known in (("method", method, get_args(Method)), ("metric", metric, get_args(Metric))):
        if given not in known:
            raise ConfigError(f"The {what} is {' or '.join(known)}, not {given!r}.")
    rows = checked_rows(vectors)
    for what, given in beside.items():
        if given is not None and len(given) != len(rows):
            raise ConfigError(f"There are {len(rows)} vectors, but {len(given)} {what}. Give one for each.")
    return rows


def _points(rows: FloatArray, method: Method, metric: Metric, seed: int) -> tuple[FloatArray, list[str]]:
    """Where the vectors lie, and what the axes are called."""
    if method == "umap":
        return umap(rows, metric=metric, seed=seed), ["", ""]
    if metric == "cosine":
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    basis = fit(rows, min(3, *rows.shape))
    points = np.zeros((len(rows), 3), np.float32)
    points[:, : len(basis.shares)] = basis.project(rows)
    shares = (*basis.shares, 0.0, 0.0)[:3]
    return points, [f"PC{n} ({share:.0%})" for n, share in enumerate(shares, start=1)]


# ---------------------------------------------------------------- how they look


def _pictures(thumbnails: Sequence[bytes | None]) -> dict[int, bytes]:
    """Small JPEGs by row; past the limit in bytes, rows drawn at random go without."""
    rows = [row for row, picture in enumerate(thumbnails) if picture]
    side = next(side for most, side in _SIDES if len(rows) <= most)
    random.Random(0).shuffle(rows)
    found: dict[int, bytes] = {}
    total = 0
    for row in rows:
        try:
            picture = media.load_image(thumbnails[row] or b"", max_side=side)
        except MediaError:
            continue
        found[row] = media.encode_jpeg(picture.pixels, quality=70)
        total += len(found[row])
        if total > _PICTURES:
            break
    return found


def _trace(points: FloatArray, group: Group) -> dict[str, Any]:
    rows = list(group.rows)
    solid = points.shape[1] == 3
    size = point_size(len(points))
    kind = "scatter3d" if solid else ("scatter" if len(points) <= _DRAWN_AS_SVG else "scattergl")
    where = {name: _short(points[rows, n]) for n, name in enumerate("xyz"[: points.shape[1]])}
    return {
        "type": kind,
        "mode": "markers",
        "name": marked(group.name),
        **where,
        "customdata": rows,
        "hoverinfo": "none",
        "marker": {
            "size": size * (0.65 if solid else 1),
            "color": group.colour,
            "symbol": group.markers[1 if solid else 0],
            "opacity": 0.85,
            "line": {"width": 0.5 if len(points) <= _DRAWN_AS_SVG and not solid else 0, "color": "white"},
        },
    }


def _short(numbers: FloatArray) -> list[float]:
    """Numbers with the four digits that a screen can show."""
    return [float(f"{number:.5g}") for number in numbers]


def _layout(axes: Sequence[str], *, legend: bool) -> dict[str, Any]:
    if len(axes) == 3:
        one = {"backgroundcolor": "#F8FAFB", "showspikes": False, "nticks": 6}
        scene = {f"{name}axis": axis(title={"text": axes[n]}, **one) for n, name in enumerate("xyz")}
        where = {"scene": {**scene, "aspectmode": "data"}, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}}
    else:
        bare = {"showticklabels": False, "zeroline": False}
        where = {"xaxis": axis(**bare), "yaxis": axis(**bare, scaleanchor="x"), "dragmode": "pan"}
    return {**where, "showlegend": legend}


def _paint(sheet: Any, points: FloatArray, groups: Sequence[Group], axes: Sequence[str]) -> None:
    solid = points.shape[1] == 3
    named = any(group.name for group in groups)
    width = 0.72 if named else 0.94
    where: Any
    if solid:
        where = sheet.add_axes((0.0, 0.02, width, 0.9), projection="3d")
        where.set(xlabel=axes[0], ylabel=axes[1], zlabel=axes[2])
        where.tick_params(labelsize=7, colors="#616E7C")
        where.set_box_aspect(np.maximum(np.ptp(points, axis=0), 1e-6 + 0.2 * float(np.ptp(points))), zoom=0.92)
    else:
        where = sheet.add_axes((0.03, 0.04, width, 0.85))
        dress(where)
        where.tick_params(labelbottom=False, labelleft=False)
        where.set_aspect("equal", adjustable="datalim")
    size = (point_size(len(points)) * 0.55) ** 2
    handles = [
        where.scatter(
            *points[list(group.rows)].T, s=size, c=group.colour, marker=group.markers[2], alpha=0.85, linewidths=0
        )
        for group in groups
    ]
    if named:
        explain(sheet, handles, [group.name for group in groups], loc="upper left", bbox_to_anchor=(0.76, 0.9),
                markerscale=max(1.0, 6 / size**0.5))  # fmt: skip
