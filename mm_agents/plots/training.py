"""What a trainer's folder holds, drawn: its curve, and the space as it changed.

The folder has ``curve.json`` with ``epochs``, a list of ``{"epoch", "loss", "accuracy", "alignment", "uniformity",
"seconds"}``, and ``best``; and ``epochs/NNN.npz`` with ``vectors`` of shape (n, width) and ``labels`` of shape (n,).
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mm_agents.errors import ConfigError
from mm_agents.plots import reduction
from mm_agents.plots.figure import GRID, SOFT, Figure, groups, scatter
from mm_agents.plots.projection import LEAST, bare, marks, matrix, page_layout, side_legend

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

CURVE = "curve.json"
_MEASURES = {  # what is drawn where it is there, and what it is called
    "loss": "Loss",
    "accuracy": "Accuracy",
    "alignment": "Alignment (lower is nearer)",
    "uniformity": "Uniformity (lower is more even)",
}
_COLOUR, _BEST = "#0072B2", "#D55E00"
_MOST_POINTS = 3000  # of an animation: each is in the page once for every epoch
_PANELS = 6  # of a PNG


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses(Figure):
    """The curves of a training: by measure a value for each epoch, None where it lacks one; and the best epoch."""

    epochs: tuple[int, ...]
    curves: Mapping[str, tuple[float | None, ...]]
    best: int | None

    def _grid(self) -> tuple[int, int]:
        """Rows and columns of the figure."""
        columns = min(2, len(self.curves))
        return math.ceil(len(self.curves) / columns), columns

    def _plotly(self) -> dict[str, Any]:
        rows, columns = self._grid()
        layout = page_layout(legend_shown=False)
        layout |= {"grid": {"rows": rows, "columns": columns, "pattern": "independent"}, "hovermode": "x unified"}
        layout |= {"margin": {"l": 60, "r": 30, "t": 30, "b": 50}, "shapes": []}
        data: list[dict[str, Any]] = []
        for n, (name, values) in enumerate(self.curves.items(), start=1):
            end = "" if n == 1 else str(n)
            style = {"color": _COLOUR, "width": 2}
            data.append(
                {"type": "scatter", "mode": "lines+markers", "name": _MEASURES[name], "line": style}
                | {"x": self.epochs, "y": values, "xaxis": f"x{end}", "yaxis": f"y{end}"}
            )
            layout[f"xaxis{end}"] = {"title": {"text": "Epoch"}, "gridcolor": GRID, "zeroline": False}
            layout[f"yaxis{end}"] = {"title": {"text": _MEASURES[name]}, "gridcolor": GRID, "zeroline": False}
            if self.best is not None:
                line = {"color": _BEST, "width": 1.5, "dash": "dot"}
                ends = {"x0": self.best, "x1": self.best, "y0": 0, "y1": 1}
                layout["shapes"].append(
                    {"type": "line", "xref": f"x{end}", "yref": f"y{end} domain", **ends, "line": line}
                )
        return {"data": data, "layout": layout, "frames": [], "names": [], "labels": [], "pictures": []}

    def _draw(self, canvas: Any) -> None:
        rows, columns = self._grid()
        for n, (name, values) in enumerate(self.curves.items(), start=1):
            axes = canvas.add_subplot(rows, columns, n)
            known = [math.nan if value is None else value for value in values]
            axes.plot(self.epochs, known, color=_COLOUR, marker="o", markersize=3, linewidth=1.5)
            if self.best is not None:
                axes.axvline(self.best, color=_BEST, linestyle=":", linewidth=1.2)
            axes.set_title(_MEASURES[name], size=9, loc="left", color=SOFT)
            axes.set_xlabel("Epoch", color=SOFT)
            axes.grid(visible=True, color=GRID, linewidth=0.6)
            axes.tick_params(colors=SOFT, length=0)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set_color(GRID)


@dataclass(frozen=True, kw_only=True, eq=False)
class Epochs(Figure):
    """The space of a training in the epochs ``numbers``: points, float32, shape (epochs, n, 2), and their labels."""

    numbers: tuple[int, ...]
    points: FloatArray
    labels: tuple[str, ...]

    def _plotly(self) -> dict[str, Any]:
        parts = groups(self.labels)
        rounded = np.round(self.points.astype(np.float64), 3)

        def at(epoch: int) -> list[dict[str, Any]]:
            here = rounded[epoch]
            return [{"x": here[part.points, 0].tolist(), "y": here[part.points, 1].tolist()} for part in parts]

        data = [{**marks(part, "scatter", 6.0), **where} for part, where in zip(parts, at(0), strict=True)]
        frames = [{"name": str(number), "data": at(n)} for n, number in enumerate(self.numbers)]
        plain = {"gridcolor": GRID, "zeroline": False, "showticklabels": False}
        across, up = self._ranges()
        animation = json.loads(resources.files("mm_agents.plots").joinpath("animation.json").read_text("utf-8"))
        move, (slider,) = animation["move"], animation["sliders"]
        slider["steps"] = [
            {"label": frame["name"], "method": "animate", "args": [[frame["name"]], move]} for frame in frames
        ]
        layout = page_layout(legend_shown=len(parts) > 1) | {
            "xaxis": {**plain, "range": across},
            "yaxis": {**plain, "range": up, "scaleanchor": "x"},
            "sliders": [slider],
            "updatemenus": animation["updatemenus"],
        }
        none = [None] * len(self.labels)
        shown = {"frames": frames, "names": none, "labels": self.labels, "pictures": none}
        return {"data": data, "layout": layout, **shown}

    def _draw(self, canvas: Any) -> None:
        count = min(_PANELS, len(self.numbers))
        shown = np.unique(np.linspace(0, len(self.numbers) - 1, count).round().astype(int))
        parts = groups(self.labels)
        columns = min(3, len(shown))
        across, up = self._ranges()
        for panel, epoch in enumerate(shown, start=1):
            axes = canvas.add_subplot(math.ceil(len(shown) / columns), columns, panel)
            handles = scatter(axes, self.points[epoch], parts, s=6, linewidths=0)
            axes.set(xlim=across, ylim=up, aspect="equal")
            axes.set_title(f"Epoch {self.numbers[epoch]}", size=9, loc="left", color=SOFT)
            bare(axes, ("", ""))
            if panel == columns and len(parts) > 1:
                side_legend(axes, handles, parts)

    def _ranges(self) -> tuple[list[float], list[float]]:
        """What both axes span in every epoch."""
        low, high = self.points.min(axis=(0, 1)), self.points.max(axis=(0, 1))
        edge = 0.04 * max(float((high - low).max()), 1e-6)
        across, up = ([float(a) - edge, float(b) + edge] for a, b in zip(low, high, strict=True))
        return across, up


def losses(curve: Mapping[str, Any] | str | Path) -> Losses:
    """The curves of a training: loss, and accuracy, alignment and uniformity where they were measured.

    Args:
        curve: a trainer's folder, its ``curve.json``, or its content.

    Raises:
        ConfigError: the curve is missing, or holds no epochs with a loss.
    """
    content = curve if isinstance(curve, Mapping) else _read_curve(Path(curve))
    rows = content.get("epochs")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in cast("list[Any]", rows)):
        raise ConfigError("A curve's 'epochs' has to be a list of at least one epoch. Train for one epoch first.")
    table = cast("list[dict[str, Any]]", rows)
    numbers = tuple(int(row["epoch"]) if _finite(row.get("epoch")) else n for n, row in enumerate(table))
    curves = {
        name: tuple(float(row[name]) if _finite(row.get(name)) else None for row in table)
        for name in _MEASURES
        if any(_finite(row.get(name)) for row in table)
    }
    if "loss" not in curves:
        raise ConfigError("No epoch of the curve has a finite 'loss'.")
    best: Any = content.get("best")
    best = best.get("epoch") if isinstance(best, dict) else best
    best = int(best) if _finite(best) and int(best) in numbers else None
    note = f"{len(numbers)} epochs" + (f" · best at epoch {best}, dotted" if best is not None else "")
    return Losses(title="Training", note=note, epochs=numbers, curves=curves, best=best)


def epochs(folder: str | Path, *, seed: int = 0) -> Epochs:
    """An animation of the space over a training; all epochs are drawn in the last one's principal components.

    Args:
        folder: a trainer's, with ``epochs/NNN.npz``.
        seed: chooses the points where there are more than 3,000.

    Raises:
        ConfigError: no epochs were kept, or a file of one cannot be used; the message names it.
    """
    files = sorted(file for file in Path(folder, "epochs").glob("*.npz") if file.stem.isdigit())
    if not files:
        raise ConfigError(f"No epochs/NNN.npz in {str(folder)!r}. Name a trainer's folder that kept its epochs.")
    read = [_read_epoch(file) for file in files]
    last, labels = read[-1]
    for file, (vectors, own) in zip(files, read, strict=True):
        if vectors.shape != last.shape or own != labels:
            raise ConfigError(f"{str(file)!r} has other points than {files[-1].name!r}; give the same in each epoch.")
    chosen = np.arange(len(last))
    if len(last) > _MOST_POINTS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(last), _MOST_POINTS, replace=False))
    basis = reduction.fit(last, 2)
    points = np.stack([basis.project(vectors[chosen]) for vectors, _ in read])
    share = sum(basis.shares)
    return Epochs(
        title="Space over epochs",
        note=f"PCA of the last epoch ({share:.0%} of its variance) · {len(chosen):,} points · {len(files)} epochs",
        numbers=tuple(int(file.stem) for file in files),
        points=points,
        labels=tuple(labels[n] for n in chosen),
    )


def _read_curve(place: Path) -> Mapping[str, Any]:
    path = place / CURVE if place.is_dir() else place
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no {CURVE} at {str(place)!r}. Name a trainer's folder.") from None
    except ValueError as error:
        raise ConfigError(f"{str(path)!r} is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{str(path)!r} does not hold an object with 'epochs'.")
    return cast("dict[str, Any]", content)


def _read_epoch(path: Path) -> tuple[FloatArray, list[str]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            vectors, labels = content["vectors"], content["labels"]
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{str(path)!r} does not hold 'vectors' and 'labels' that can be read: {error}.") from error
    if labels.ndim != 1 or vectors.ndim != 2 or len(labels) != len(vectors) or len(labels) < LEAST:
        shapes = f"vectors {vectors.shape} and labels {labels.shape}"
        raise ConfigError(f"{str(path)!r} has {shapes}; they have to be (n, width) and (n,), n at least {LEAST}.")
    return matrix(vectors), [str(label) for label in labels.tolist()]


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
