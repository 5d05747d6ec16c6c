"""The shapes of flowcharts: how large they are around a text, how they are drawn, and where lines meet them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from PIL import ImageDraw

from mm_agents.evaluate.synthetic.render import Box, Canvas, Colour, Face, width_of, wrapped

Point = tuple[float, float]
Side = Literal["top", "bottom", "left", "right"]

PROCESS = ("rectangle", "rounded", "parallelogram", "document", "cylinder", "hexagon")
TERMINAL = ("stadium", "ellipse", "circle", "rounded")

_ROOM: dict[str, tuple[float, float]] = {
    "diamond": (1.8, 2.4),
    "ellipse": (1.5, 1.9),
    "circle": (1.3, 1.3),
    "cylinder": (1.0, 1.0),
}
"""How many times wider and higher than its text a shape is; others are as large as it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours, line width and font of a chart."""

    background: Colour
    line: Colour
    fill: Colour
    text: Colour
    width: int
    face: Face
    size: int
    bold: bool = False

    @property
    def font_height(self) -> float:
        """The distance of two baselines, in pixels."""
        return self.size * 1.3


@dataclass(slots=True, kw_only=True)
class Node:
    """A node of a chart: its lines of text, its shape, its size and, once placed, its middle, all in pixels."""

    id: str
    text: str
    shape: str
    lines: list[str]
    width: float
    height: float
    lane: str | None = None
    x: float = 0.0
    y: float = 0.0

    @property
    def box(self) -> Box:
        """The box around its outline."""
        half, tall = self.width / 2, self.height / 2
        return (round(self.x - half), round(self.y - tall), round(self.x + half), round(self.y + tall))

    def port(self, side: Side) -> Point:
        """Where a line meets the middle of a side."""
        left, top, right, bottom = self.box
        lean = self.height * 0.2 if self.shape == "parallelogram" else 0.0
        wave = self.height * 0.09 if self.shape == "document" else 0.0
        return {
            "top": (self.x, float(top)),
            "bottom": (self.x, bottom - wave),
            "left": (left + lean, self.y),
            "right": (right - lean, self.y),
        }[side]


def sized(name: str, text: str, shape: str, theme: Theme, most: float) -> Node:
    """A node that is large enough for its text, which is broken at this width in pixels."""
    font = theme.face.font(theme.size, bold=theme.bold)
    lines = wrapped(text, font, most * (0.75 if shape in ("diamond", "ellipse") else 1.0)) or [""]
    across, down = _ROOM.get(shape, (1.0, 1.0))
    width = max(width_of(line, font) for line in lines) * across + theme.size * 1.8
    height = len(lines) * theme.font_height * down + theme.size * 1.2
    if shape in ("parallelogram", "hexagon"):
        width += height * 0.7
    if shape in ("document", "cylinder"):
        height += theme.size * 1.1
    if shape == "circle":
        width = height = max(width, height)
    if shape == "stadium":
        width += theme.size
    return Node(id=name, text=text, shape=shape, lines=lines, width=width, height=height)


def paint(canvas: Canvas, node: Node, theme: Theme) -> None:
    """Draw a node's outline and text."""
    _outline(canvas.draw, node, theme)
    font = theme.face.font(theme.size, bold=theme.bold)
    middle = node.y + {"document": -0.06, "cylinder": 0.08}.get(node.shape, 0.0) * node.height
    y = middle + theme.size * 0.36 - theme.font_height * (len(node.lines) - 1) / 2
    for line in node.lines:
        canvas.text(node.x, y, line, font, theme.text, "centre")
        y += theme.font_height


def _outline(draw: ImageDraw.ImageDraw, node: Node, theme: Theme) -> None:
    box = node.box
    tall = box[3] - box[1]
    round_by = {"stadium": tall // 2, "rounded": max(6, tall // 5), "rectangle": 0}
    if node.shape in round_by:
        draw.rounded_rectangle(box, round_by[node.shape], theme.fill, theme.line, theme.width)
    elif node.shape in ("circle", "ellipse"):
        draw.ellipse(box, theme.fill, theme.line, theme.width)
    elif node.shape == "cylinder":
        _cylinder(draw, box, theme)
    else:
        closed = _corners(node.shape, box)
        draw.polygon(closed, fill=theme.fill)
        draw.line([*closed, closed[0], closed[1]], fill=theme.line, width=theme.width, joint="curve")


def _corners(shape: str, box: Box) -> list[Point]:
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    if shape == "diamond":
        return [(x, top), (right, y), (x, bottom), (left, y)]
    if shape == "parallelogram":
        lean = (bottom - top) * 0.4
        return [(left + lean, top), (right, top), (right - lean, bottom), (left, bottom)]
    if shape == "hexagon":
        lean = (bottom - top) * 0.35
        return [
            (left + lean, top),
            (right - lean, top),
            (right, y),
            (right - lean, bottom),
            (left + lean, bottom),
            (left, y),
        ]
    depth = (bottom - top) * 0.09  # a document: its lower edge is one wave
    steps = 24
    wave = [
        (right - (right - left) * n / steps, bottom - depth - depth * math.sin(2 * math.pi * n / steps))
        for n in range(steps + 1)
    ]
    return [(left, top), (right, top), *wave]


def _cylinder(draw: ImageDraw.ImageDraw, box: Box, theme: Theme) -> None:
    left, top, right, bottom = box
    lid = max(8, round((bottom - top) * 0.2))
    draw.ellipse((left, bottom - lid, right, bottom), theme.fill, theme.line, theme.width)
    draw.rectangle((left, top + lid // 2, right, bottom - lid // 2), fill=theme.fill)
    for x in (left + theme.width // 2, right - (theme.width - 1) // 2):
        draw.line((x, top + lid // 2, x, bottom - lid // 2), fill=theme.line, width=theme.width)
    draw.ellipse((left, top, right, top + lid), theme.fill, theme.line, theme.width)


# ---------------------------------------------------------------- lines


def arrow(
    canvas: Canvas, points: list[Point], theme: Theme, *, dashed: bool = False, head: Literal["full", "open"] = "full"
) -> None:
    """Draw a line through points with a head at its end."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    angle = math.atan2(y1 - y0, x1 - x0)
    length = theme.size * 0.55 + theme.width * 1.5
    wings = [(x1 - length * math.cos(angle + turn), y1 - length * math.sin(angle + turn)) for turn in (-0.42, 0.42)]
    back = length * 0.8 if head == "full" else theme.width
    path = [*points[:-1], (x1 - back * math.cos(angle), y1 - back * math.sin(angle))]
    if dashed:
        _dashes(canvas.draw, path, theme)
    else:
        canvas.draw.line(path, fill=theme.line, width=theme.width, joint="curve")
    if head == "full":
        canvas.draw.polygon([(x1, y1), *wings], fill=theme.line)
    else:
        canvas.draw.line([wings[0], (x1, y1), wings[1]], fill=theme.line, width=theme.width + 1)


def _dashes(draw: ImageDraw.ImageDraw, points: list[Point], theme: Theme) -> None:
    dash, gap = theme.width * 4.0, theme.width * 2.5
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.hypot(x1 - x0, y1 - y0)
        at = 0.0
        while at < length:
            end = min(at + dash, length)
            start = (x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length)
            stop = (x0 + (x1 - x0) * end / length, y0 + (y1 - y0) * end / length)
            draw.line([start, stop], fill=theme.line, width=theme.width)
            at += dash + gap
