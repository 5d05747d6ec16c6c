"""A space of vectors in two or three dimensions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mm_agents import media
from mm_agents._optional import require
from mm_agents._progress import ProgressCallback
from mm_agents.errors import ConfigError, MediaError
from mm_agents.plots import reduction
from mm_agents.plots.clusters import Cluster
from mm_agents.plots.figure import GRID, INK, SOFT, Figure, Group, groups, legend, printable, scatter, typed
from mm_agents.plots.reduction import Metric, umap, unit

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

Method = Literal["umap", "pca"]

LEAST = 3
_FEW = 3000  # up to this many points SVG is quick, and sharper than WebGL
_PICTURE_BYTES = 24 * 1024**2  # of a page
_SIDES = ((1500, 160), (6000, 96))  # (most points, the pictures' pixels a side)
_SMALL_SIDE = 64
_PRINTED_SIDE = 72  # of a picture in a PNG, in pixels
_EVENED = 0.7  # of a place in a map is by order; at 0 most of a map is white, at 1 nothing is apart
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
        ids: of the assets that the points are, so that a page that shows the map can find them.
        clusters: points that are close together, with names.
        color: what the labels are, such as "folder".
        colorings: by name the labels that can colour the map in their place, one of each point.
    """

    points: FloatArray
    labels: tuple[str, ...]
    names: tuple[str, ...]
    thumbnails: tuple[bytes | None, ...]
    axes: tuple[str, ...]
    ids: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    color: str = ""
    colorings: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def colored(self, color: str) -> Space:
        """The same map in other colours.

        Raises:
            ConfigError: nothing of that name can colour it.
        """
        if color not in self.colorings:
            raise ConfigError(f"Nothing called {color!r} can colour the map. Known: {', '.join(self.colorings)}.")
        return replace(self, labels=self.colorings[color], color=color)

    def _plotly(self) -> dict[str, Any]:
        solid = self.points.shape[1] == 3
        kind = "scatter3d" if solid else "scatter" if len(self.points) <= _FEW else "scattergl"
        size = _marker_size(len(self.points)) * (0.6 if solid else 1)
        labels = dict(self.colorings) or {self.color: self.labels}
        colorings = {
            name: [
                {"points": part.points.tolist(), "label": printable(part.name)[:60], **marks(part, kind, size)}
                for part in groups(values)
            ]
            for name, values in labels.items()
        }
        plain = {"gridcolor": GRID, "zeroline": False, "showticklabels": False, "ticks": ""}
        named = zip("xyz", self.axes, strict=False)
        axes: dict[str, Any] = {f"{letter}axis": {**plain, "title": {"text": name}} for letter, name in named}
        layout = page_layout(legend_shown=any(len(parts) > 1 for parts in colorings.values()))
        if solid:
            scene = {axis: {**options, "showspikes": False} for axis, options in axes.items()}
            layout["scene"] = {**scene, "aspectmode": "data"}
        else:
            for letter, low, high in zip("xy", self.points.min(axis=0), self.points.max(axis=0), strict=True):
                edge = 0.07 * max(float(high - low), 1e-6)
                axes[f"{letter}axis"]["range"] = [float(low) - edge, float(high) + edge]
            layout |= {**axes, "dragmode": "pan"}
        places = {axis: typed(self.points[:, n]) for n, axis in enumerate("xyz"[: self.points.shape[1]])}
        clusters = [
            {"name": printable(one.name)[:40], "points": one.points.tolist(), "middle": one.middle}
            for one in self.clusters
        ]
        drawn = {"places": places, "colorings": colorings, "color": self.color, "clusters": clusters, "ids": self.ids}
        shown = {"names": self.names, "pictures": _pictures(self.thumbnails)}
        return {"data": [], "layout": layout, "frames": [], **drawn, **shown}

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
            axes.margins(0.1)
        if len(parts) > 1:
            side_legend(axes, handles, parts)
        if not solid and self.clusters:
            self._name_clusters(axes, canvas)

    def _name_clusters(self, axes: Any, canvas: Any) -> None:
        """Each cluster's name above it, and the picture of its middle point where there is room."""
        effects, boxes = (
            require(f"matplotlib.{part}", extra="plots", feature="A PNG of a plot")
            for part in ("patheffects", "offsetbox")
        )
        canvas.canvas.draw()  # only now it is known where the points are, and there they stay
        canvas.set_layout_engine("none")
        frame, places = axes.get_window_extent(), axes.transData.transform(self.points)
        taken: list[Any] = []
        for cluster in self.clusters:
            here = places[cluster.points]
            text = axes.annotate(
                printable(cluster.name)[:28], (float(np.median(here[:, 0])), float(here[:, 1].max()) + 8),
                xycoords="figure pixels", size=7.5, weight="bold", color=INK, ha="center", va="bottom", zorder=6,
                path_effects=[effects.withStroke(linewidth=2.5, foreground="white")], annotation_clip=False,
            )  # fmt: skip
            box = text.get_window_extent()
            if not _is_free(box, taken, frame):
                text.remove()
            else:
                taken.append(box)
        for cluster in self.clusters:
            pixels = _loaded(self.thumbnails[cluster.middle], _PRINTED_SIDE)
            spot = None if pixels is None else _spot(pixels, places, places[cluster.points], taken, frame)
            if pixels is None or spot is None:
                continue
            taken.append(spot)
            picture = boxes.OffsetImage(pixels, zoom=72 / canvas.dpi)
            middle = ((spot.x0 + spot.x1) / 2, (spot.y0 + spot.y1) / 2)
            axes.add_artist(
                boxes.AnnotationBbox(
                    picture, places[cluster.middle], xybox=middle, xycoords="figure pixels",
                    boxcoords="figure pixels", pad=0.1, bboxprops={"edgecolor": SOFT, "linewidth": 0.6},
                    arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.6}, zorder=5,
                )
            )  # fmt: skip


def _is_free(box: Any, taken: Sequence[Any], frame: Any) -> bool:
    """Whether a box of the picture is in the frame and on none of those that are taken."""
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return inside and not any(box.overlaps(other) for other in taken)


def _spot(pixels: Any, places: Any, here: Any, taken: Sequence[Any], frame: Any) -> Any:
    """Where beside a cluster a picture covers the fewest points; None where there is no room."""
    transforms: Any = require("matplotlib.transforms", extra="plots", feature="A PNG of a plot")
    high, wide = pixels.shape[:2]
    (left, low), (right, top) = here.min(axis=0), here.max(axis=0)
    x, y, edge = (left + right) / 2, (low + top) / 2, 10
    best, least = None, np.inf
    for away in (0, 30, 60):
        for cx, cy in (
            (x, low - edge - away - high / 2),
            (right + edge + away + wide / 2, y),
            (left - edge - away - wide / 2, y),
            (x, top + 3 * edge + away + high / 2),
            (right + edge + away + wide / 2, low - high / 2),
            (left - edge - away - wide / 2, low - high / 2),
        ):
            box = transforms.Bbox.from_bounds(cx - wide / 2 - 4, cy - high / 2 - 4, wide + 8, high + 8)
            if _is_free(box, taken, frame):
                covered = int(((places >= box.min) & (places <= box.max)).all(axis=1).sum()) + away / 100
                if covered < least:
                    best, least = box, covered
    return best


def _loaded(thumbnail: bytes | None, side: int) -> Any:
    """A picture's pixels, at most so large; None where it cannot be read."""
    if not thumbnail:
        return None
    try:
        return media.load_image(thumbnail, max_side=side).pixels
    except MediaError:
        return None


def _evened(points: FloatArray) -> FloatArray:
    """The points with less emptiness between them: along each axis half as they were, half by their order.

    Where UMAP leaves gaps, their width says nothing; what is left, right, above and below stays so.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    order = points.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") / max(len(points) - 1, 1)
    lying = (points - low) / np.maximum(high - low, 1e-12)
    return ((1 - _EVENED) * lying + _EVENED * order).astype(np.float32)


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
        points, axes, variance = _evened(umap(rows, metric=metric, seed=seed, report=report)), ("", ""), ""
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
    names = [part.name if len(part.name) <= 30 else f"{part.name[:12]}…{part.name[-17:]}" for part in parts]
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
            pixels = _loaded(thumbnail, side)
            small = b"" if pixels is None else media.encode_jpeg(pixels, quality=75)
            text = b64encode(small).decode() or None
            left -= len(small) * 4 // 3
        found.append(text)
    return found
