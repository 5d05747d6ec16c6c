"""Flowcharts that Graphviz lays out and draws, where the machine has ``dot``."""

from __future__ import annotations

import io
import shutil
import subprocess
import textwrap
from random import Random
from typing import Any

from PIL import Image

from mm_agents.errors import ConfigError
from mm_agents.evaluate.factory._plans import Plan
from mm_agents.evaluate.factory._render import Box, Canvas

_SECONDS = 60
_DPI = 120
_PAD = 0.2  # inches around the chart
_SHAPES = {
    "rectangle": "shape=box",
    "rounded": 'shape=box style="rounded,filled"',
    "stadium": "shape=ellipse",
    "diamond": "shape=diamond",
    "circle": "shape=circle",
    "ellipse": "shape=ellipse",
    "parallelogram": "shape=parallelogram",
    "document": "shape=box",
    "cylinder": "shape=cylinder",
    "hexagon": "shape=hexagon",
}
_DRAWN = {"stadium": "ellipse", "document": "rectangle"}
"""Shapes that Graphviz lacks, and what is drawn instead."""

_STYLES = (
    "splines=spline",
    "splines=polyline",
    "splines=true ranksep=0.6",
    "splines=spline nodesep=0.5",
)
_COLOURS = (("black", "white"), ("#6c8ebf", "#dae8fc"), ("#333333", "#fff2cc"), ("#2f6f4f", "#e4f3ea"))


def found() -> bool:
    """Whether Graphviz is there."""
    return shutil.which("dot") is not None


def draw(rng: Random, plan: Plan) -> tuple[Canvas, dict[str, Any]]:
    """A plan as Graphviz draws it, and its truth with the boxes that Graphviz reports."""
    source = _dot(rng, plan)
    image = Image.open(io.BytesIO(_run(source, "png"))).convert("RGB")
    boxes = _boxes(_run(source, "plain").decode("utf-8"), image.height)
    canvas = Canvas(*image.size)
    canvas.image = image
    canvas.lines = [(spot.text, boxes[spot.id]) for spot in plan.spots]
    nodes = [
        {
            "id": spot.id,
            "text": spot.text,
            "shape": _DRAWN.get(spot.shape, spot.shape),
            "lane": None,
            "box": boxes[spot.id],
        }
        for spot in plan.spots
    ]
    edges = [{"source": link.source, "target": link.target, "label": link.label} for link in plan.links]
    return canvas, {"kind": "flowchart", "set": "graphviz", "nodes": nodes, "edges": edges, "lanes": []}


def _dot(rng: Random, plan: Plan) -> str:
    """The plan in Graphviz's language."""
    line, fill = rng.choice(_COLOURS)
    font = rng.choice(("DejaVu Sans", "DejaVu Serif", "Helvetica"))
    way = rng.choice(("TB", "TB", "LR"))
    lines = [
        "digraph {",
        f'graph [rankdir={way} pad={_PAD} dpi={_DPI} bgcolor="white" {rng.choice(_STYLES)}]',
        f'node [fontname="{font}" style=filled color="{line}" fillcolor="{fill}"]',
        f'edge [fontname="{font}" color="{line}" arrowhead={rng.choice(("normal", "normal", "vee"))}]',
    ]
    for spot in plan.spots:
        text = "\\n".join(textwrap.wrap(spot.text, 18))
        lines.append(f'{spot.id} [label="{text}" {_SHAPES[spot.shape]}]')
    lines += [f'{link.source} -> {link.target} [label="{link.label}"]' for link in plan.links]
    return "\n".join([*lines, "}"])


def _run(source: str, form: str) -> bytes:
    command = [shutil.which("dot") or "dot", f"-T{form}"]
    done = subprocess.run(command, input=source.encode("utf-8"), capture_output=True, timeout=_SECONDS, check=False)
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ConfigError(f"Graphviz could not draw a chart: {said[0] if said else f'exit code {done.returncode}'}")
    return done.stdout


def _boxes(plain: str, height: int) -> dict[str, Box]:
    """Each node's box in pixels, of Graphviz's plain form: inches, with the origin at the lower left."""
    boxes: dict[str, Box] = {}
    for line in plain.splitlines():
        if not line.startswith("node "):
            continue
        _, name, *numbers = line.split(" ", 6)
        x, y, wide, tall = (float(number) for number in numbers[:4])
        left, right = (_PAD + x - wide / 2) * _DPI, (_PAD + x + wide / 2) * _DPI
        top, bottom = height - (_PAD + y + tall / 2) * _DPI, height - (_PAD + y - tall / 2) * _DPI
        boxes[name] = (round(left), round(top), round(right), round(bottom))
    return boxes
