"""A space of vectors in two or three dimensions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mm_agents import media
from mm_agents._progress import ProgressCallback
from mm_agents.errors import ConfigError, MediaError
from mm_agents.plots import reduction
from mm_agents.plots.figure import GRID, SOFT, Figure, Group, groups, legend, printable, scatter, typed
from mm_agents.plots.reduction import Metric, umap, unit

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

Method = Literal["umap", "pca"]

LEAST = 3
_FEW = 3000  # up to this many points SVG is quick, and sharper than WebGL
_PICTURE_BYTES = 24 * 1024**2  # of a page
_SIDES = ((1500, 160), (6000, 96))  # (most points, the pictures' pixels a side)
_SMALL_SIDE = 64
_CLEAR = "rgba(0,0,0,0)"  # the page's own ground shows, which is light or dark


@dataclass(frozen=True, kw_only=True, eq=False)
class Space(Figure):
    """A map of points, float32, shape (n, 2 or 3).

    Attributes:
        points: where they are.
        labels: their classes, which colour them.
        names: of the points.
        thumbnails: their JPEGs, or None.
        axes: the names of the axes.
    """

    points: FloatArray
    labels: tuple[str, ...]
    names: tuple[str, ...]
    thumbnails: tuple[bytes | None, ...]
    axes: tuple[str, ...]

    def _plotly(self) -> dict[str, Any]:
        solid = self.points.shape[1] == 3
        kind = "scatter3d" if solid else "scatter" if len(self.points) <= _FEW else "scattergl"
        parts = groups(self.labels)
        size = _marker_size(len(self.points)) * (0.6 if solid else 1)
        data = [
            {
                **{axis: typed(self.points[part.points, n]) for n, axis in enumerate("xyz"[: self.points.shape[1]])},
                **marks(part, kind, size),
            }
            for part in parts
        ]
        plain = {"gridcolor": GRID, "zeroline": False, "showticklabels": False, "ticks": ""}
        named = zip("xyz", self.axes, strict=False)
        axes: dict[str, Any] = {f"{letter}axis": {**plain, "title": {"text": name}} for letter, name in named}
        layout = page_layout(legend_shown=len(parts) > 1)
        if solid:
            scene = {axis: {**options, "showspikes": False} for axis, options in axes.items()}
            layout["scene"] = {**scene, "aspectmode": "data"}
        else:
            axes["yaxis"] |= {"scaleanchor": "x"}
            layout |= {**axes, "dragmode": "pan"}
        shown = {"names": self.names, "labels": self.labels, "pictures": _pictures(self.thumbnails)}
        return {"data": data, "layout": layout, "frames": [], **shown}

    def _draw(self, canvas: Any) -> None:
        solid = self.points.shape[1] == 3
        axes = canvas.add_subplot(projection="3d") if solid else canvas.add_subplot()
        parts = groups(self.labels)
        size = _marker_size(len(self.points)) ** 2 / 3
        edge = "white" if len(self.points) < 500 else "none"
        handles = scatter(axes, self.points, parts, s=size, edgecolors=edge, linewidths=0.4)
        bare(axes, self.axes)
        if solid:
            axes.set_box_aspect(None, zoom=0.9)
        else:
            axes.set_aspect("equal", adjustable="datalim")
        if len(parts) > 1:
            side_legend(axes, handles, parts)


def space(
    vectors: FloatArray,
    *,
    labels: Sequence[object] | None = None,
    names: Sequence[str] | None = None,
    thumbnails: Sequence[bytes | None] | None = None,
    method: Method = "umap",
    metric: Metric = "cosine",
    title: str = "Vectors",
    seed: int = 0,
    report: ProgressCallback = lambda done, total, stage: None,
) -> Space:
    """A map of vectors: UMAP in the plane, or the first three principal components.

    Args:
        vectors: shape (n, width), n at least 3.
        labels: the class of each, which colours it.
        names: of each.
        thumbnails: a picture of each, shown under the pointer.
        method: "umap" keeps neighbours together; "pca" keeps directions of most variance.
        metric: "cosine" compares directions only, "euclidean" lengths too.
        title: of the figure.
        seed: the same seed gives the same map on the same machine.
        report: called with how much is done, how much there is, and the stage.

    Raises:
        ConfigError: the vectors are too few, not a finite matrix, or not as many as labels, names or thumbnails;
            or the method or metric is unknown.
        MissingExtraError: the extra ``plots`` is not installed.
    """
    rows = matrix(vectors)
    total = len(rows)
    _require_known(method=(method, Method), metric=(metric, Metric))
    _require_length(total, labels=labels, names=names, thumbnails=thumbnails)
    if method == "umap":
        points, axes, variance = umap(rows, metric=metric, seed=seed, report=report), ("", ""), ""
    else:
        rows = unit(rows) if metric == "cosine" else rows
        basis = reduction.fit(rows, 3)
        points, shares = basis.project(rows), basis.shares
        axes = tuple(f"PC {n} ({share:.0%})" for n, share in enumerate(shares, start=1))
        variance = f" · {sum(shares):.0%} of the variance"
    return Space(
        title=title,
        note=f"{method.upper()} · {metric} · {total:,} points{variance}",
        points=points,
        labels=tuple(map(str, labels if labels is not None else [""] * total)),
        names=tuple(names if names is not None else (f"#{n}" for n in range(total))),
        thumbnails=tuple(thumbnails if thumbnails is not None else [None] * total),
        axes=axes,
    )


def _require_known(**choices: tuple[str, Any]) -> None:
    for what, (value, kind) in choices.items():
        if value not in get_args(kind):
            raise ConfigError(f"The {what} is one of {', '.join(get_args(kind))}; got {value!r}.")


def _require_length(total: int, **per_point: Sequence[Any] | None) -> None:
    for what, given in per_point.items():
        if given is not None and len(given) != total:
            raise ConfigError(f"There are {total} vectors but {len(given)} {what}; give one for each.")


def matrix(vectors: FloatArray) -> FloatArray:
    """The vectors as float32, checked."""
    try:
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ConfigError("Vectors have to be a matrix of numbers, one row for each point.") from error
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ConfigError(f"Vectors have to be a matrix of shape (n, width); got shape {rows.shape}.")
    if len(rows) < LEAST:
        raise ConfigError(f"A map needs at least {LEAST} points; got {len(rows)}. Add more.")
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise ConfigError(f"Row {int(np.argmin(finite))} of the vectors is not finite. Leave such rows out.")
    return rows


def marks(part: Group, kind: str, size: float) -> dict[str, Any]:
    """A class of points as Plotly draws it; its name is escaped, as Plotly reads tags in texts."""
    return {
        "type": kind,
        "mode": "markers",
        "name": escape(printable(part.name)[:60]),
        "customdata": part.points.tolist(),
        "hoverinfo": "none",
        "marker": {"color": part.colour, "symbol": part.shape, "size": size, "opacity": 0.85, "line": {"width": 0}},
    }


def page_layout(*, legend_shown: bool) -> dict[str, Any]:
    """What all pages with points have in common."""
    return {
        "margin": {"l": 30, "r": 20, "t": 20, "b": 30},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": "system-ui, sans-serif", "color": SOFT},
        "showlegend": legend_shown,
        "legend": {"itemsizing": "constant", "itemclick": "toggle"},
        "hovermode": "closest",
        "hoverdistance": 12,
    }


def bare(axes: Any, names: Sequence[str]) -> None:
    """Axes without numbers, which mean nothing in a map."""
    for letter, name in zip("xyz", names, strict=False):
        axes.tick_params(axis=letter, length=0, labelleft=False, labelbottom=False)
        axes.grid(visible=True, color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        getattr(axes, f"set_{letter}label")(name, color=SOFT)
    if len(names) == 3:
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_ticklabels([])
            axis.set_pane_color("white")
            axis.line.set_color(GRID)
            axis.set_tick_params(length=0, color=GRID, grid_color=GRID)
    for spine in axes.spines.values():
        spine.set_color(GRID)


def side_legend(owner: Any, handles: Sequence[Any], parts: Sequence[Group]) -> None:
    """The classes at the right of a figure or of axes."""
    names = [part.name[:30] for part in parts]
    outside = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "frameon": False, "labelcolor": SOFT}
    legend(owner, handles, names, **outside, markerscale=1.6, handletextpad=0.3)


def _marker_size(count: int) -> float:
    """In pixels: smaller where there are many."""
    return float(np.clip(60 / max(count, 1) ** 0.3, 3.5, 11))


def _pictures(thumbnails: Sequence[bytes | None]) -> list[str | None]:
    """Small JPEGs in base64; together bounded, the last points go without."""
    side = next((side for most, side in _SIDES if len(thumbnails) <= most), _SMALL_SIDE)
    left = _PICTURE_BYTES
    found: list[str | None] = []
    for thumbnail in thumbnails:
        text = None
        if thumbnail and left > 0:
            try:
                small = media.encode_jpeg(media.load_image(thumbnail, max_side=side).pixels, quality=75)
            except MediaError:
                small = b""
            text = b64encode(small).decode() or None
            left -= len(small) * 4 // 3
        found.append(text)
    return found
