"""How a training went: its curves, and the space over its epochs.

A trainer's folder holds ``curve.json``, an object with "epochs" (objects with "epoch", "loss", "accuracy", "alignment",
"uniformity" and "seconds", all but the first optional), "best" and "config", and ``epochs/NNN.npz`` with ``vectors``,
float32 of shape (n, width), and ``labels`` of shape (n,), for the same items in every epoch.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.errors import ConfigError
from mm_agents.plots._figure import Card, Figure, axis, dress, explain
from mm_agents.plots._look import Group, grouped, marked, point_size
from mm_agents.plots._pca import fit
from mm_agents.plots._space import Method, checked_rows, space
from mm_agents.plots._umap import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import FloatArray

_CURVES = {"loss": "#0072B2", "accuracy": "#009E73", "alignment": "#D55E00", "uniformity": "#5B4A8A"}
_PANELS = (("loss",), ("accuracy",), ("alignment", "uniformity"))
_MOST_POINTS, _MOST_EPOCHS = 3_000, 60
_STILLS = 6
_MILLISECONDS = 700


def losses(curve: str | Path | Mapping[str, Any]) -> Figure:
    """Draw the loss over the epochs and, where they were kept, accuracy, alignment and uniformity; the best is marked.

    Args:
        curve: a trainer's folder, its ``curve.json``, or the object in it.

    Raises:
        ConfigError: there is no such file, or it is none of a trainer's.
        MissingExtraError: the extra ``plots`` is not installed; raised by ``save``.
    """
    rows, best = _read(curve)
    lines = {name: _line(rows, name) for name in _CURVES}
    panels = [kept for panel in _PANELS if (kept := [name for name in panel if lines[name]])]
    if not panels:
        raise ConfigError(f"No epoch tells a {', '.join(_CURVES)}: there is nothing to draw.")
    seconds = sum(y for _, y in _line(rows, "seconds"))
    told = [f"{len(rows)} epochs"]
    told += [f"best: epoch {best}"] if best is not None else []
    told += [f"loss {lines['loss'][0][1]:.3g} → {lines['loss'][-1][1]:.3g}"] if lines["loss"] else []
    told += [f"{seconds:,.0f} s"] if seconds else []
    layout: dict[str, Any] = {"xaxis": axis(title={"text": "epoch"}, anchor=_side(len(panels))), "hovermode": "x"}
    traces: list[dict[str, Any]] = []
    height = (1 - 0.08 * (len(panels) - 1)) / len(panels)
    for n, panel in enumerate(panels):
        top = 1 - n * (height + 0.08)
        layout[f"yaxis{n + 1 if n else ''}"] = axis(
            title={"text": ", ".join(panel)}, domain=[max(0.0, top - height), top], zeroline=False
        )
        traces += [_curve(name, lines[name], _side(n + 1)) for name in panel]
    if best is not None:
        layout["shapes"] = [
            {"type": "line", "xref": "x", "yref": "paper", "x0": best, "x1": best, "y0": 0, "y1": 1,
             "line": {"color": "#8A8F98", "dash": "dot", "width": 1.5}}
        ]  # fmt: skip
    return Figure(
        title="Training",
        caption=" · ".join(told),
        traces=traces,
        layout=layout,
        paint=lambda sheet: _paint_curves(sheet, panels, lines, best),
    )


def epochs(folder: str | Path) -> Figure:
    """Draw the space over the epochs: an animation in a page, some of its stills in a picture.

    All epochs are seen along the same two axes, the principal components of the last. At most 3,000 points and 60
    epochs are shown, evenly chosen.

    Args:
        folder: a trainer's folder.

    Raises:
        ConfigError: there are no epochs, or one of them cannot be read or holds other items.
    """
    files = _files(Path(folder))
    numbers = sorted(files)
    shown = [numbers[n] for n in _evenly(len(numbers), _MOST_EPOCHS)]
    last, labels = _load(files[shown[-1]])
    rows = _evenly(len(last), _MOST_POINTS)
    basis = fit(last, min(2, *last.shape))
    places: list[FloatArray] = []
    for number in shown:
        vectors, others = _load(files[number])
        if vectors.shape != last.shape or not np.array_equal(labels, others):
            raise ConfigError(f"{files[number].name} holds other items than {files[shown[-1]].name}: "
                              "every epoch keeps the same items in the same order.")  # fmt: skip
        flat = np.zeros((len(rows), 2), np.float32)
        flat[:, : len(basis.shares)] = basis.project(vectors[rows])
        places.append(flat)
    groups = grouped([labels[row] for row in rows], len(rows))
    names = _titles(Path(folder), shown)
    reach = float(max(np.abs(place).max() for place in places)) * 1.06 or 1.0
    group_of = {row: group.name for group in groups for row in group.rows}
    shares = [f"PC{n} of the last epoch ({share:.0%})" for n, share in enumerate(basis.shares, start=1)]
    return Figure(
        title="The space over the epochs",
        caption=f"{len(rows):,} vectors of {last.shape[1]:,} numbers · {len(shown)} epochs",
        points=places[-1],
        groups={group.name: len(group.rows) for group in groups},
        traces=[_group_trace(places[0], group) for group in groups],
        frames=[
            {"name": name, "data": [_moved(place, group) for group in groups], "traces": list(range(len(groups)))}
            for name, place in zip(names, places, strict=True)
        ],
        layout=_animated(names, [*shares, "", ""][:2], reach),
        cards=[Card(lines=(group_of[row], f"Item {rows[row] + 1}")) for row in range(len(rows))],
        paint=lambda sheet: _paint_stills(sheet, names, places, groups, reach),
    )


def epoch(
    folder: str | Path, number: int | None = None, *, method: Method = "umap", metric: Metric = "cosine", seed: int = 0
) -> Figure:
    """Draw the space of one epoch, by default the last, as ``space`` does.

    Raises:
        ConfigError: there is no such epoch, or it cannot be read.
    """
    files = _files(Path(folder))
    number = max(files) if number is None else number
    if number not in files:
        raise ConfigError(f"There is no epoch {number}. Known: {', '.join(map(str, sorted(files)))}.")
    vectors, labels = _load(files[number])
    return space(vectors, labels=list(labels), method=method, metric=metric, seed=seed, title=f"Epoch {number}")


# ---------------------------------------------------------------- reading a trainer's folder


def _read(curve: str | Path | Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int | None]:
    """The epochs in order, and the number of the best."""
    if isinstance(curve, Mapping):
        content: Any = curve
    else:
        path = Path(curve) / "curve.json" if Path(curve).is_dir() else Path(curve)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"There is no {path}. Name the folder that a trainer wrote.") from None
        except ValueError as error:
            raise ConfigError(f"{path} is not JSON: {error}. Name the folder that a trainer wrote.") from error
    found: Any = content.get("epochs") if isinstance(content, Mapping) else None
    if not isinstance(found, list) or not found or not all(isinstance(one, Mapping) for one in found):
        raise ConfigError('A curve is an object whose "epochs" is a list of at least one object.')
    rows: list[Mapping[str, Any]] = found
    if any(_finite(row.get("epoch")) is None for row in rows):
        raise ConfigError('Each of a curve\'s epochs has its number under "epoch".')
    best: Any = content.get("best")
    best = best.get("epoch") if isinstance(best, Mapping) else best
    known = {row["epoch"] for row in rows}
    return sorted(rows, key=lambda row: row["epoch"]), best if _finite(best) is not None and best in known else None


def _line(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    found = [(float(row["epoch"]), _finite(row.get(name))) for row in rows]
    return [(x, y) for x, y in found if y is not None]


def _finite(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) else None


def _files(folder: Path) -> dict[int, Path]:
    found = {int(path.stem): path for path in (folder / "epochs").glob("*.npz") if path.stem.isdecimal()}
    if not found:
        raise ConfigError(
            f"There are no epochs/*.npz in {str(folder)!r}. Name the folder of a trainer that kept its epochs."
        )
    return found


def _load(path: Path) -> tuple[FloatArray, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as content:
            vectors, labels = content["vectors"], content["labels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path} is no epoch of a trainer, which holds vectors and labels: {error}.") from error
    rows = checked_rows(vectors)
    if labels.shape != (len(rows),):
        raise ConfigError(f"{path} holds {len(rows)} vectors, but labels of shape {labels.shape}.")
    return rows, labels


def _titles(folder: Path, shown: Sequence[int]) -> list[str]:
    """What each epoch is called: its number, and its loss where that is known."""
    try:
        known = {row["epoch"]: _finite(row.get("loss")) for row in _read(folder)[0]}
    except ConfigError:
        known = {}
    return [
        f"{number}" + (f" · loss {loss:.3g}" if (loss := known.get(number)) is not None else "") for number in shown
    ]


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of ``count`` numbers from 0, evenly spread, the first and the last among them."""
    return sorted({round(n) for n in np.linspace(0, count - 1, min(count, most)).tolist()})


# ---------------------------------------------------------------- as a page


def _side(n: int) -> str:
    return "y" if n == 1 else f"y{n}"


def _curve(name: str, line: Sequence[tuple[float, float]], side: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [x for x, _ in line],
        "y": [y for _, y in line],
        "yaxis": side,
        "line": {"color": _CURVES[name], "width": 2.5},
        "marker": {"size": 6},
        "hovertemplate": "%{y:.4g}",
    }


def _moved(place: FloatArray, group: Group) -> dict[str, Any]:
    rows = list(group.rows)
    return {name: [float(f"{number:.4g}") for number in place[rows, n]] for n, name in enumerate("xy")}


def _group_trace(place: FloatArray, group: Group) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": marked(group.name),
        **_moved(place, group),
        "customdata": list(group.rows),
        "hoverinfo": "none",
        "marker": {
            "size": point_size(len(place)),
            "color": group.colour,
            "symbol": group.markers[0],
            "opacity": 0.8,
            "line": {"width": 0.5, "color": "white"},
        },
    }


def _animated(names: Sequence[str], axes: Sequence[str], reach: float) -> dict[str, Any]:
    pace = {"frame": {"duration": _MILLISECONDS, "redraw": False}, "transition": {"duration": _MILLISECONDS // 2}}
    at_once = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    play = {"label": "▶ Play", "method": "animate", "args": [None, {**pace, "mode": "immediate"}]}
    pause = {"label": "❚❚ Pause", "method": "animate", "args": [[None], at_once]}
    reaches = {"range": [-reach, reach], "zerolinecolor": "#E4E7EB"}
    return {
        "xaxis": axis(title={"text": axes[0]}, **reaches),
        "yaxis": axis(title={"text": axes[1]}, scaleanchor="x", **reaches),
        "margin": {"l": 60, "r": 20, "t": 20, "b": 120},
        "updatemenus": [
            {"type": "buttons", "direction": "left", "showactive": False, "buttons": [play, pause],
             "x": 0, "xanchor": "left", "y": -0.14, "yanchor": "top", "pad": {"t": 10}}
        ],
        "sliders": [
            {"active": 0, "x": 0.24, "len": 0.76, "y": -0.14, "yanchor": "top", "pad": {"t": 0},
             "currentvalue": {"prefix": "epoch "}, "transition": {"duration": 0},
             "steps": [{"label": name.split(" ")[0], "value": name, "method": "animate", "args": [[name], at_once]}
                       for name in names]}
        ],
    }  # fmt: skip


# ---------------------------------------------------------------- as a picture


def _paint_curves(
    sheet: Any, panels: Sequence[Sequence[str]], lines: Mapping[str, list[tuple[float, float]]], best: int | None
) -> None:
    grid = sheet.subplots(
        len(panels), 1, sharex=True, squeeze=False,
        gridspec_kw={"left": 0.08, "right": 0.83, "top": 0.88, "bottom": 0.09, "hspace": 0.14},
    )  # fmt: skip
    handles: dict[str, Any] = {}
    for where, panel in zip(grid[:, 0], panels, strict=True):
        dress(where)
        for name in panel:
            xs, ys = zip(*lines[name], strict=True)
            (handles[name],) = where.plot(xs, ys, color=_CURVES[name], linewidth=2, marker="o", markersize=4)
        where.set_ylabel(", ".join(panel), fontsize=9, color="#323F4B")
        if best is not None:
            where.axvline(best, color="#8A8F98", linestyle=":", linewidth=1.5)
    grid[-1, 0].set_xlabel("epoch", fontsize=9, color="#323F4B")
    grid[-1, 0].locator_params(axis="x", integer=True)
    explain(sheet, list(handles.values()), list(handles), loc="upper left", bbox_to_anchor=(0.84, 0.9))


def _paint_stills(
    sheet: Any, names: Sequence[str], places: Sequence[FloatArray], groups: Sequence[Group], reach: float
) -> None:
    stills = _evenly(len(places), _STILLS)
    across = min(3, len(stills))
    grid = sheet.subplots(
        -(-len(stills) // across), across, squeeze=False,
        gridspec_kw={"left": 0.03, "right": 0.8, "top": 0.86, "bottom": 0.03, "wspace": 0.06, "hspace": 0.16},
    )  # fmt: skip
    handles: list[Any] = []
    size = (point_size(len(places[0])) * 0.4) ** 2
    for where, still in zip(grid.flat, stills, strict=False):
        dress(where)
        where.set_title(f"epoch {names[still]}", fontsize=9, color="#323F4B", loc="left")
        where.set(xlim=(-reach, reach), ylim=(-reach, reach))
        where.set_aspect("equal", adjustable="box")
        where.tick_params(labelbottom=False, labelleft=False)
        handles = [
            where.scatter(*places[still][list(group.rows)].T, s=size, c=group.colour, marker=group.markers[2],
                          alpha=0.8, linewidths=0)
            for group in groups
        ]  # fmt: skip
    for where in list(grid.flat)[len(stills) :]:
        where.set_axis_off()
    explain(sheet, handles, [group.name for group in groups], loc="upper left", bbox_to_anchor=(0.81, 0.88),
            markerscale=max(1.0, 6 / size**0.5))  # fmt: skip
