"""A picture of data, a page to explore or a PNG, and the colours and shapes of its classes."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from abc import ABC, abstractmethod
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from mm_agents._html import render
from mm_agents._optional import require
from mm_agents.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800")  # Okabe and Ito, 2008
_SHAPES = (("circle", "o"), ("diamond", "D"), ("square", "s"), ("cross", "P"))  # Plotly's name and Matplotlib's
_REST = "#9aa0a6"
MOST_CLASSES = len(_COLOURS) * len(_SHAPES)
"""Classes that have a colour and a shape of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The numbers of one class's points, its name and colour, and Plotly's and Matplotlib's names of its marker."""

    name: str
    points: NDArray[np.int64]
    colour: str
    shape: str
    marker: str


def groups(labels: Sequence[str]) -> list[Group]:
    """The classes in their natural order; past 28, the rarest are one grey class."""
    counts = Counter(labels)
    named = [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    if len(named) > MOST_CLASSES:
        named = named[: MOST_CLASSES - 1]
    named.sort(key=_natural)
    values = np.asarray(labels, dtype=object)
    found: list[Group] = []
    for n, name in enumerate(named):
        shape, marker = _SHAPES[n // len(_COLOURS)]
        points = np.flatnonzero(values == name)
        colour = _COLOURS[n % len(_COLOURS)]
        found.append(Group(name=name or "(none)", points=points, colour=colour, shape=shape, marker=marker))
    if others := len(counts) - len(named):
        known = set(named)
        rest = np.flatnonzero([label not in known for label in labels])
        found.append(Group(name=f"{others} others", points=rest, colour=_REST, shape="circle", marker="o"))
    return found


def _natural(label: str) -> tuple[int, float, str]:
    """Numbers by their size, before words."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label


INK, SOFT, GRID = "#1f2328", "#656d76", "#e6e8eb"
_DPI = 160


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure(ABC):
    """What was drawn; ``save`` it as .html (interactive, works without a network) or .png.

    Attributes:
        title: what the figure shows.
        note: how it was made, in one line.
    """

    title: str
    note: str

    @abstractmethod
    def _plotly(self) -> dict[str, Any]:
        """What the page's script reads: data, layout, frames, and names, labels and pictures of the points."""

    @abstractmethod
    def _draw(self, canvas: Any) -> None:
        """Draw into a Matplotlib figure."""

    def html(self) -> str:
        """One self-contained page with Plotly and the pictures inside.

        Raises:
            MissingExtraError: the extra ``plots`` is not installed.
        """
        content = json.dumps(self._plotly(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        content = content.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        scripts = [Markup(script) for script in _scripts()]
        page = render("plots/page.html", figure=self, policy=self.policy(), content=Markup(content), scripts=scripts)
        return str(page)

    def policy(self) -> str:
        """The ``Content-Security-Policy`` of the page: it runs its own scripts and loads nothing from anywhere.

        Raises:
            MissingExtraError: the extra ``plots`` is not installed.
        """
        digests = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _scripts())
        own = " ".join(f"'sha256-{digest}'" for digest in digests)
        # Plotly compiles its WebGL shaders' drivers, hence 'unsafe-eval'.
        return f"default-src 'none'; script-src {own} 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:"

    def png(self, *, width: int = 1280, height: int = 860) -> bytes:
        """A PNG of this size in pixels.

        Raises:
            ConfigError: a side is not from 200 to 10,000 pixels.
            MissingExtraError: the extra ``plots`` is not installed.
        """
        if not (200 <= width <= 10_000 and 200 <= height <= 10_000):
            raise ConfigError(f"A plot's sides are 200 to 10,000 pixels; got {width} × {height}.")
        matplotlib, figures, agg = (
            require(f"matplotlib{part}", extra="plots", feature="A PNG of a plot")
            for part in ("", ".figure", ".backends.backend_agg")
        )
        file = io.BytesIO()
        # A name's "$" does not start a formula, and letters that the font lacks become boxes.
        with matplotlib.rc_context({"text.parse_math": False, "font.size": 8}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            canvas = figures.Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, layout="constrained")
            agg.FigureCanvasAgg(canvas)
            canvas.suptitle(f"{printable(self.title)}\n", x=0.012, ha="left", size=11, weight="bold", color=INK)
            canvas.text(0.012, 1 - 42 / height, printable(self.note), size=7.5, color=SOFT, va="top")
            self._draw(canvas)
            canvas.savefig(file, format="png", dpi=_DPI)
        return file.getvalue()

    def _repr_png_(self) -> bytes:
        """The figure as a picture, for a notebook."""
        return self.png()

    def save(self, path: str | Path, *, width: int = 1280, height: int = 860) -> Path:
        """Write the figure to a path that ends in .html or .png; the size is that of a PNG, in pixels.

        Raises:
            ConfigError: the path ends otherwise.
            MissingExtraError: the extra ``plots`` is not installed.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".html" | ".htm":
                path.write_text(self.html(), encoding="utf-8")
            case ".png":
                path.write_bytes(self.png(width=width, height=height))
            case other:
                raise ConfigError(f"A plot is written as .html or .png, not {other!r}; got {str(path)!r}.")
        return path


def _scripts() -> tuple[str, str]:
    """What the page runs, as a browser reads it: Plotly, then what draws with it."""
    offline: Any = require("plotly.offline", extra="plots", feature="An interactive plot")
    own = resources.files("mm_agents.plots").joinpath("page.js").read_text(encoding="utf-8")
    return offline.get_plotlyjs().replace("\r\n", "\n"), own


def printable(text: str) -> str:
    """Text from files, on one line and without control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))


def scatter(axes: Any, points: NDArray[np.float32], parts: Sequence[Group], **options: Any) -> list[Any]:
    """The points, shape (n, 2 or 3), drawn class by class; returns Matplotlib's handles of the classes."""
    return [
        axes.scatter(*points[part.points].T, c=part.colour, marker=part.marker, alpha=0.8, **options) for part in parts
    ]


def legend(axes: Any, handles: Sequence[Any], texts: Sequence[str], **options: Any) -> None:
    """A legend with texts as they are: Matplotlib drops a label that begins with an underscore."""
    made = axes.legend(handles, [str(n) for n in range(len(texts))], **options)
    for text, written in zip(texts, made.get_texts(), strict=True):
        written.set_text(printable(text))


def typed(values: NDArray[np.generic]) -> dict[str, str]:
    """Numbers as Plotly reads them fastest: base64 of little-endian float32."""
    return {"dtype": "f4", "bdata": b64encode(values.astype("<f4").tobytes()).decode()}
