"""A figure that can be saved as a page or as a picture."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_agents._optional import require
from mm_agents.errors import ConfigError

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_ASSETS = Path(__file__).parent / "_assets"
_INCHES, _DPI = (10.0, 6.25), 160
_CONFIG = {"responsive": True, "displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
# Nothing may come from elsewhere; Plotly compiles its WebGL programs with Function.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is shown beside a point: plain text, and a small JPEG where there is one."""

    lines: tuple[str, ...]
    picture: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """What was drawn.

    Attributes:
        title: plain text.
        caption: a line below it, plain text.
        points: float32, shape (n, 2) or (n, 3): where each vector lies; None for curves.
        groups: how many points each entry of the legend has.
        traces: Plotly's traces, whose ``customdata`` are the numbers of cards.
        layout: Plotly's layout.
        frames: Plotly's frames of an animation.
        cards: what is shown beside a point.
        paint: draws the same on a ``matplotlib.figure.Figure``.
    """

    title: str
    caption: str
    traces: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    paint: Callable[[Any], None] = field(repr=False)
    points: FloatArray | None = None
    groups: Mapping[str, int] = field(default_factory=dict[str, int])
    frames: Sequence[Mapping[str, Any]] = ()
    cards: Sequence[Card] = ()

    def save(self, path: str | Path) -> Path:
        """Write it as a page (.html) or as a picture (.png), and return where.

        Raises:
            ConfigError: the path ends otherwise.
            MissingExtraError: what draws that kind is not installed.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind not in (".html", ".png"):
            raise ConfigError(f"A plot is saved as .html or .png, not as {path.name!r}. Name such a file.")
        content = self.html().encode() if kind == ".html" else self.png()
        path.write_bytes(content)
        return path

    def html(self) -> str:
        """A self-contained page: Plotly is inside it, and it loads nothing."""
        offline: Any = require("plotly.offline", extra="plots", feature="A plot as a page")
        content = {
            "data": self.traces,
            "layout": _LAYOUT | dict(self.layout),
            "frames": self.frames,
            "config": _CONFIG,
            "cards": [_card(card) for card in self.cards],
        }
        title, caption = escape(self.title), escape(self.caption)
        style = (_ASSETS / "plot.css").read_text(encoding="utf-8")
        script = (_ASSETS / "plot.js").read_text(encoding="utf-8")
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{style}</style></head>\n"
            f'<body><header><h1>{title}</h1><p>{caption}</p></header><div id="plot" role="img" aria-label="{title}">'
            '</div><figure id="card" hidden><img alt=""><figcaption></figcaption></figure>\n'
            f'<script type="application/json" id="content">{_json(content)}</script>\n'
            f"<script>{offline.get_plotlyjs()}</script>\n<script>{script}</script></body></html>\n"
        )

    def png(self) -> bytes:
        """A picture of 1,600 by 1,000 pixels."""
        require("matplotlib", extra="plots", feature="A plot as a picture")
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Sheet

        sheet: Any = Sheet(figsize=_INCHES, dpi=_DPI, facecolor="white")
        FigureCanvasAgg(sheet)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            sheet.text(0.03, 0.955, self.title, fontsize=14, weight="bold", color="#1F2933", parse_math=False)
            sheet.text(0.03, 0.918, self.caption, fontsize=9, color="#616E7C", parse_math=False)
            self.paint(sheet)
            file = io.BytesIO()
            sheet.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
        return file.getvalue()


_AXIS = {"gridcolor": "#E4E7EB", "zerolinecolor": "#CBD2D9", "linecolor": "#CBD2D9"}
_LAYOUT: dict[str, Any] = {
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#323F4B"},
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "hovermode": "closest",
    "margin": {"l": 50, "r": 20, "t": 20, "b": 45},
    "xaxis": _AXIS,
    "yaxis": _AXIS,
    "legend": {"itemsizing": "constant"},
}


def axis(**settings: Any) -> dict[str, Any]:
    """An axis of Plotly's in the house's colours."""
    return _AXIS | settings


def dress(axes: Any) -> None:
    """An axis pair of matplotlib's in the house's colours."""
    axes.grid(color=_AXIS["gridcolor"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors="#616E7C", labelsize=8, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_AXIS["linecolor"])


def explain(sheet: Any, handles: Sequence[Any], names: Sequence[str], **where: Any) -> None:
    """A legend whose names are taken as they are: no formulas, and none left out."""
    legend = sheet.legend(
        handles, [f"n{n}" for n in range(len(names))], frameon=False, fontsize=9, labelcolor="#323F4B", **where
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_parse_math(False)
        text.set_text(name)


def _card(card: Card) -> dict[str, Any]:
    picture = base64.b64encode(card.picture).decode() if card.picture else None
    return {"lines": card.lines} | ({"picture": picture} if picture else {})


def _json(content: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or opens a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
