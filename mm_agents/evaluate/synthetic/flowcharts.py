"""Flowcharts whose graph and places are known, drawn in many styles; some by Graphviz where the machine has it."""

from __future__ import annotations

import io
import math
import shutil
import subprocess
import textwrap
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any, Literal

from PIL import Image, ImageDraw

from mm_agents.errors import ConfigError
from mm_agents.evaluate.synthetic.chart_looks import LOOKS, Pen, Point, bent, corners, themed
from mm_agents.evaluate.synthetic.render import (
    BLACK,
    WHITE,
    WORDS,
    Box,
    Canvas,
    Colour,
    Face,
    choose_face,
    mixed,
    width_of,
    wrapped,
)

Side = Literal["top", "bottom", "left", "right"]
Way = Literal["next", "side", "join", "loop", "branch", "slant"]

_SAID = WORDS["flowchart"]
PROCESS = ("rectangle", "rounded", "parallelogram", "document", "cylinder", "hexagon")
TERMINAL = ("stadium", "ellipse", "circle", "rounded")


@dataclass(slots=True, kw_only=True)
class Node:
    """A node of a chart, in pixels once it is sized and placed.

    Attributes:
        along: counts in the direction of the flow.
        across: counts beside it.
        lines: its text as it is drawn.
        x: of its middle.
        y: of its middle.
    """

    id: str
    text: str
    shape: str
    along: float
    across: float
    lane: str | None = None
    lines: list[str] = field(default_factory=list[str])
    width: float = 0.0
    height: float = 0.0
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


@dataclass(slots=True, kw_only=True)
class Link:
    """An arrow to be, and the way that it takes."""

    source: str
    target: str
    label: str
    way: Way


@dataclass(slots=True, kw_only=True)
class Plan:
    """A chart to be."""

    nodes: list[Node] = field(default_factory=list[Node])
    links: list[Link] = field(default_factory=list[Link])
    lanes: list[str] = field(default_factory=list[str])

    def add(self, text: str, shape: str, along: float, across: float, lane: str | None = None) -> Node:
        """Put a node on the grid."""
        node = Node(id=f"n{len(self.nodes)}", text=text, shape=shape, along=along, across=across, lane=lane)
        self.nodes.append(node)
        return node

    def link(self, source: Node, target: Node, way: Way, label: str = "") -> None:
        """Draw an arrow between two."""
        self.links.append(Link(source=source.id, target=target.id, label=label, way=way))


class _Texts:
    """Texts for nodes, no two alike."""

    def __init__(self, rng: Random) -> None:
        self._steps = rng.sample(_SAID["steps"], len(_SAID["steps"]))
        self._questions = rng.sample(_SAID["questions"], len(_SAID["questions"]))
        self.yes, self.no = rng.choice(_SAID["answers"])
        self.start, self.end = rng.choice(_SAID["ends"])
        self.terminal = rng.choice(TERMINAL)
        self._shapes = rng.choice((("rectangle",), ("rounded",), PROCESS, PROCESS))
        self._rng = rng

    def step(self) -> tuple[str, str]:
        """A step's text and shape."""
        return self._steps.pop(), self._rng.choice(self._shapes)

    def question(self) -> str:
        """A decision's text."""
        return self._questions.pop()


def spine(rng: Random) -> Plan:
    """One column of steps; decisions lead aside and come back, jump back, or end aside."""
    texts, plan = _Texts(rng), Plan()
    length = rng.randint(4, 9)
    main = [plan.add(texts.start, texts.terminal, 0, 0)]
    decisions: list[int] = []
    for n in range(1, length):
        asks = n > 1 and n < length - 1 and (not decisions or decisions[-1] < n - 1) and rng.random() < 0.5
        if asks:
            decisions.append(n)
        text, shape = (texts.question(), "diamond") if asks else texts.step()
        main.append(plan.add(text, shape, n, 0))
    main.append(plan.add(texts.end, texts.terminal, length, 0))
    looped: set[int] = set()
    for n, node in enumerate(main[:-1]):
        plan.link(node, main[n + 1], "next", texts.yes if n in decisions else "")
    for n in decisions:
        back = n - 1
        kind = rng.choice(("side", "side", "loop", "end"))
        if kind == "loop" and back not in looped and back not in decisions and back > 0:
            plan.link(main[n], main[back], "loop", texts.no)
            looped.add(back)
            continue
        text, shape = texts.step()
        aside = plan.add(text, shape, n, 1)
        plan.link(main[n], aside, "side", texts.no)
        if kind == "end":
            stop = plan.add(f"{texts.end} {n}", texts.terminal, n + 1, 1)
            plan.link(aside, stop, "next")
        else:
            plan.link(aside, main[n + 1], "join")
    return plan


def tree(rng: Random) -> Plan:
    """Decisions that part and never meet again, with straight slanting lines."""
    texts, plan = _Texts(rng), Plan()
    root = plan.add(texts.start, texts.terminal, 0, 0)
    depth = rng.randint(2, 3)

    def grow(parent: Node, label: str, along: int, middle: float, room: float) -> None:
        last = along == depth + 1
        if last or (along > 1 and rng.random() < 0.25):
            text, shape = texts.step()
            plan.link(parent, plan.add(text, shape, along, middle), "slant", label)
            return
        asking = plan.add(texts.question(), "diamond", along, middle)
        plan.link(parent, asking, "slant", label)
        grow(asking, texts.yes, along + 1, middle - room / 4, room / 2)
        grow(asking, texts.no, along + 1, middle + room / 4, room / 2)

    grow(root, "", 1, 0, 2.0 ** min(depth, 2))
    return plan


def lanes(rng: Random) -> Plan:
    """Steps that change between two to four lanes; a decision's branches run in two lanes and meet again."""
    texts, plan = _Texts(rng), Plan()
    plan.lanes = rng.sample(_SAID["lanes"], rng.randint(2, 4))
    count = len(plan.lanes)

    def put(text: str, shape: str, along: int, lane: int) -> Node:
        return plan.add(text, shape, along, lane, plan.lanes[lane])

    lane = rng.randrange(count)
    last = put(texts.start, texts.terminal, 0, lane)
    along, label = 1, ""
    parted = False
    for _ in range(rng.randint(2, 4)):
        lane = rng.randrange(count)
        if not parted and rng.random() < 0.6:
            parted = True
            asking = put(texts.question(), "diamond", along, lane)
            plan.link(last, asking, "next", label)
            other = rng.choice([n for n in range(count) if n != lane])
            one, two = put(*texts.step(), along + 1, lane), put(*texts.step(), along + 1, other)
            plan.link(asking, one, "next", texts.yes)
            plan.link(asking, two, "branch", texts.no)
            last = put(*texts.step(), along + 2, lane)
            plan.link(one, last, "next")
            plan.link(two, last, "join")
            along += 3
        else:
            step = put(*texts.step(), along, lane)
            plan.link(last, step, "next", label)
            last = step
            along += 1
        label = ""
    plan.link(last, put(texts.end, texts.terminal, along, lane), "next")
    return plan


_SECONDS = 60
_DPI = 120
_PAD = 0.2  # inches around the chart
_SHAPES = {
    "rectangle": "shape=box",
    "rounded": 'shape=box style="rounded,filled"',
    "stadium": "shape=ellipse",
    "document": "shape=box",
}
"""What Graphviz calls shapes, where it has another name."""

_DRAWN = {"stadium": "ellipse", "document": "rectangle"}
"""Shapes that Graphviz lacks, and what is drawn instead."""

_STYLES = ("splines=spline", "splines=polyline", "splines=true ranksep=0.6", "splines=spline nodesep=0.5")
_COLOURS = (("black", "white"), ("#6c8ebf", "#dae8fc"), ("#333333", "#fff2cc"), ("#2f6f4f", "#e4f3ea"))


def found() -> bool:
    """Whether Graphviz is there."""
    return shutil.which("dot") is not None


def draw_with_graphviz(rng: Random, plan: Plan) -> tuple[Canvas, dict[str, Any]]:
    """A plan as Graphviz draws it, and its truth with the boxes that Graphviz reports."""
    source = _dot(rng, plan)
    image = Image.open(io.BytesIO(_run(source, "png"))).convert("RGB")
    boxes = _boxes(_run(source, "plain").decode("utf-8"), image.height)
    canvas = Canvas(*image.size)
    canvas.image = image
    canvas.lines = [(node.text, boxes[node.id]) for node in plan.nodes]
    for node in plan.nodes:
        node.shape, node.lane = _DRAWN.get(node.shape, node.shape), None
    return canvas, {"kind": "flowchart", "set": "graphviz", **_graph(plan, boxes), "lanes": []}


def _graph(plan: Plan, boxes: dict[str, Box]) -> dict[str, Any]:
    return {
        "nodes": [
            {"id": node.id, "text": node.text, "shape": node.shape, "lane": node.lane, "box": boxes[node.id]}
            for node in plan.nodes
        ],
        "edges": [{"source": link.source, "target": link.target, "label": link.label} for link in plan.links],
    }


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
    for node in plan.nodes:
        text = "\\n".join(textwrap.wrap(node.text, 18))
        lines.append(f'{node.id} [label="{text}" {_SHAPES.get(node.shape, f"shape={node.shape}")}]')
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


# ---------------------------------------------------------------- shapes


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


def _size(node: Node, theme: Theme, most: float) -> None:
    """Make a node large enough for its text, which is broken at this width in pixels."""
    font, shape = theme.face.font(theme.size, bold=theme.bold), node.shape
    lines = wrapped(node.text, font, most * (0.75 if shape in ("diamond", "ellipse") else 1.0)) or [""]
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
    node.lines, node.width, node.height = lines, width, height


def paint(canvas: Canvas, node: Node, theme: Theme, pen: Pen | None = None) -> None:
    """Draw a node's outline and text, in a look where a pen is given."""
    if pen:
        pen.shape(canvas, corners(node.shape, node.box), theme.fill, theme.line, theme.width)
    else:
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
        closed = corners(node.shape, box)
        draw.polygon(closed, fill=theme.fill)
        draw.line([*closed, closed[0], closed[1]], fill=theme.line, width=theme.width, joint="curve")


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
    canvas: Canvas,
    points: list[Point],
    theme: Theme,
    *,
    dashed: bool = False,
    head: Literal["full", "open"] = "full",
    pen: Pen | None = None,
) -> None:
    """Draw a line through points with a head at its end, in a look where a pen is given."""
    if pen and pen.look.curved:
        points = bent(points)
    (x0, y0), (x1, y1) = points[-2], points[-1]
    angle = math.atan2(y1 - y0, x1 - x0)
    length = theme.size * 0.55 + theme.width * 1.5
    wings = [(x1 - length * math.cos(angle + turn), y1 - length * math.sin(angle + turn)) for turn in (-0.42, 0.42)]
    back = length * 0.8 if head == "full" else theme.width
    path = [*points[:-1], (x1 - back * math.cos(angle), y1 - back * math.sin(angle))]
    if dashed:
        _dashes(canvas.draw, path, theme)
    elif pen:
        pen.line(canvas.draw, path, theme.line, theme.width)
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


# ---------------------------------------------------------------- a chart


_LIGHT: tuple[tuple[Colour, Colour], ...] = (
    ((20, 20, 20), (255, 255, 255)),
    ((108, 142, 191), (218, 232, 252)),
    ((214, 182, 86), (255, 242, 204)),
    ((130, 179, 102), (213, 232, 212)),
    ((147, 112, 219), (236, 236, 255)),
    ((70, 70, 76), (244, 244, 246)),
)
"""Lines and fills on a light ground."""


@dataclass(slots=True, kw_only=True)
class _Chart:
    """A chart being laid out: its nodes, which way it runs, and where its corridors and labels are."""

    plan: Plan
    theme: Theme
    down: bool
    gap_along: float
    gap_across: float
    head: Literal["full", "open"]
    dashed: set[int] = field(default_factory=set[int])
    patched: bool = False
    pen: Pen | None = None
    low: float = 0.0

    def flow(self, point: Point) -> Point:
        """A place on the picture as (across, along), or back."""
        return point if self.down else (point[1], point[0])

    def port(self, node: Node, which: Literal["forward", "back", "plus", "minus"]) -> Point:
        """Where a line meets the side of a node in the direction of the flow, against it, or beside it."""
        names: dict[str, tuple[Side, Side]] = {
            "forward": ("bottom", "right"),
            "back": ("top", "left"),
            "plus": ("right", "bottom"),
            "minus": ("left", "top"),
        }
        return self.flow(node.port(names[which][0 if self.down else 1]))


def draw(rng: Random, look: str | None = None) -> tuple[Canvas, dict[str, Any]]:
    """A flowchart and its truth: ``nodes`` with the boxes of their outlines, ``edges`` and ``lanes``.

    Args:
        rng: chooses all else.
        look: one of ``chart_looks.LOOKS``; the truth's ``set`` is then called so.
    """
    plan = rng.choice((spine, spine, tree, lanes))(rng)
    if look is None and found() and rng.random() < 0.25:
        return draw_with_graphviz(rng, plan)
    theme = _theme(rng)
    pen = Pen(LOOKS[look], theme.size, rng) if look else None
    if pen:
        theme = themed(theme, pen.look)
        for node in plan.nodes:
            node.shape = "rectangle" if node.shape == "cylinder" else node.shape
    chart = _Chart(
        plan=plan,
        theme=theme,
        down=rng.random() < 0.65,
        gap_along=theme.size * rng.uniform(2.4, 4.0),
        gap_across=theme.size * rng.uniform(4.5, 6.0),
        head="full" if rng.random() < 0.8 else "open",
        patched=rng.random() < 0.4,
        pen=pen,
    )
    most = theme.size * rng.uniform(7, 11)
    for node in plan.nodes:
        _size(node, theme, most)
    style = rng.random()
    chart.dashed = {n for n in range(len(plan.links)) if style < 0.1 or (style < 0.3 and rng.random() < 0.3)}
    width, height = _place(chart)
    canvas = Canvas(round(width), round(height), theme.background)
    if pen:
        pen.prepare(canvas)
    _lanes(canvas, chart)
    for n, link in enumerate(plan.links):
        arrow(canvas, _path(chart, link, n), theme, dashed=n in chart.dashed, head=chart.head, pen=pen)
    for node in plan.nodes:
        paint(canvas, node, theme, pen)
    for n, link in enumerate(plan.links):
        if link.label:
            _label(canvas, chart, _path(chart, link, n), link.label, slant=link.way == "slant")
    boxes = {node.id: node.box for node in plan.nodes}
    named = {"set": look} if look else {}
    return canvas, {"kind": "flowchart", **named, **_graph(plan, boxes), "lanes": plan.lanes}


def _theme(rng: Random) -> Theme:
    line, fill = rng.choice(_LIGHT)
    background, text = (WHITE if rng.random() < 0.8 else (246, 246, 242)), BLACK
    if rng.random() < 0.15:
        background, fill, line, text = (32, 35, 42), (58, 66, 84), (196, 202, 212), (238, 240, 244)
    elif rng.random() < 0.3:
        line = (40, 40, 44)
    size = rng.randint(17, 26)
    return Theme(
        background=background,
        line=line,
        fill=fill,
        text=text,
        width=rng.choice((2, 2, 3)),
        face=choose_face(rng),
        size=size,
        bold=rng.random() < 0.15,
    )


# ---------------------------------------------------------------- places


def _place(chart: _Chart) -> tuple[float, float]:
    """Give every node its middle; returns the picture's width and height."""
    plan, theme = chart.plan, chart.theme
    breadths, lengths = zip(*(chart.flow((node.width, node.height)) for node in plan.nodes), strict=True)
    breadth = max(breadths)
    label = max((width_of(link.label, theme.face.font(theme.size)) for link in plan.links), default=0)
    slanting = any(link.way == "slant" for link in plan.links)
    gap = chart.gap_along if chart.down else max(chart.gap_along, label + theme.size * 2.2)
    gap *= 1.5 if slanting else 1.0
    margin = theme.size * 2.0
    starts: dict[float, float] = {}
    at = margin + (theme.size * 2.2 if plan.lanes else 0)
    for along in sorted({node.along for node in plan.nodes}):
        most = max(length for node, length in zip(plan.nodes, lengths, strict=True) if node.along == along)
        starts[along] = at + most / 2
        at += most + gap
    step = breadth + max(chart.gap_across if chart.down else theme.size * 2.5, label + theme.size * 2)
    if slanting:
        step = breadth + theme.size * 1.5
    loops = sum(link.way == "loop" for link in plan.links)
    scale = 2.0 if slanting else 1.0  # a tree's places may be half a step apart
    lowest = 0 if plan.lanes else min(node.across for node in plan.nodes) * scale  # an empty lane keeps its place
    first = margin + breadth / 2 + loops * theme.size * 1.6 + (label if loops else 0)
    if plan.lanes:
        first = margin + step / 2
    for node in plan.nodes:
        node.x, node.y = chart.flow((first + (node.across * scale - lowest) * step, starts[node.along]))
    chart.low = margin + theme.size if not plan.lanes else margin
    highest = max(node.across for node in plan.nodes) * scale
    wide = first + (highest - lowest) * step + breadth / 2 + margin
    if plan.lanes:
        wide = 2 * margin + len(plan.lanes) * step
    tall = at - gap + margin
    chart.gap_across = step
    return chart.flow((wide, tall))


def _path(chart: _Chart, link: Link, n: int) -> list[Point]:
    """The points of an arrow."""
    return [chart.flow(point) for point in _way(chart, link, n)]


def _way(chart: _Chart, link: Link, n: int) -> list[Point]:
    """The points of an arrow as (across, along)."""
    nodes = {node.id: node for node in chart.plan.nodes}
    source, target = nodes[link.source], nodes[link.target]
    forward, back = chart.port(source, "forward"), chart.port(target, "back")
    if link.way == "slant" or (link.way == "next" and abs(forward[0] - back[0]) < 1):
        return [forward, back]
    if link.way == "next":
        middle = (forward[1] + back[1]) / 2
        return [forward, (forward[0], middle), (back[0], middle), back]
    if link.way == "side":
        return [chart.port(source, "plus"), chart.port(target, "minus")]
    is_after = chart.flow((target.x, target.y))[0] > chart.flow((source.x, source.y))[0]
    if link.way == "branch":
        start = chart.port(source, "plus" if is_after else "minus")
        return [start, (back[0], start[1]), back]
    if link.way == "join":
        end = chart.port(target, "minus" if is_after else "plus")
        return [forward, (forward[0], end[1]), end]
    start, end = chart.port(source, "minus"), chart.port(target, "minus")
    loops = [m for m, other in enumerate(chart.plan.links) if other.way == "loop"]
    corridor = chart.low + loops.index(n) * chart.theme.size * 1.6
    return [start, (corridor, start[1]), (corridor, end[1]), end]


# ---------------------------------------------------------------- labels and lanes


def _label(canvas: Canvas, chart: _Chart, path: list[Point], text: str, *, slant: bool) -> None:
    """An arrow's label: near its beginning and beside it, or in the middle of a slanting line and over it."""
    theme = chart.theme
    font = theme.face.font(round(theme.size * 0.9))
    wide = width_of(text, font)
    (x0, y0), (x1, y1) = path[0], path[1]
    plate = chart.pen.look.plates if chart.pen else False
    if plate and not slant:  # over the middle of the first stretch
        x, y = (x0 + x1) / 2, (y0 + y1) / 2 + theme.size * 0.33
        ground = mixed(theme.background, (128, 128, 128), 0.15)
        canvas.fill(x - wide / 2 - 3, y - theme.size * 1.1, x + wide / 2 + 3, y + theme.size * 0.45, ground)
        canvas.text(x, y, text, font, theme.text, "centre")
    elif slant:
        x, y = (x0 + x1) / 2, (y0 + y1) / 2 + theme.size * 0.33
        if chart.patched or abs(x1 - x0) > abs(y1 - y0):
            canvas.fill(
                x - wide / 2 - 4, y - theme.size * 0.9, x + wide / 2 + 4, y + theme.size * 0.3, theme.background
            )
        else:
            x += (wide / 2 + theme.size * 0.7) * (1 if x1 >= x0 else -1)
        canvas.text(x, y, text, font, theme.text, "centre")
    elif abs(y1 - y0) > abs(x1 - x0):
        down = 1 if y1 > y0 else -1
        y = y0 + down * theme.size * 1.1 + theme.size * 0.25
        canvas.text(x0 + theme.size * 0.45, y, text, font, theme.text)
    else:
        right = x1 > x0
        x = x0 + theme.size * 0.5 if right else x0 - theme.size * 0.5
        canvas.text(x, y0 - theme.size * 0.4, text, font, theme.text, "left" if right else "right")


def _lanes(canvas: Canvas, chart: _Chart) -> None:
    """The lanes' borders and titles: above vertical lanes, turned at the left of horizontal ones."""
    theme, step = chart.theme, chart.gap_across
    margin = theme.size * 2.0
    font = theme.face.font(theme.size, bold=True)
    inset = theme.size * 0.7
    ahead = (canvas.image.height if chart.down else canvas.image.width) - inset
    band = inset + theme.size * 2.0
    shade = mixed(theme.background, theme.line, 0.12)
    for n, title in enumerate(chart.plan.lanes):
        low, high = margin + n * step, margin + (n + 1) * step
        box = (low, inset, high, ahead) if chart.down else (inset, low, ahead, high)
        head = (low, inset, high, band) if chart.down else (inset, low, band, high)
        canvas.draw.rectangle([round(at) for at in head], fill=shade, outline=theme.line, width=2)
        canvas.draw.rectangle([round(at) for at in box], outline=theme.line, width=2)
        if chart.down:
            canvas.text((low + high) / 2, inset + theme.size * 1.36, title, font, theme.text, "centre")
        else:
            _turned(canvas, inset + theme.size, (low + high) / 2, title, theme, shade)


def _turned(canvas: Canvas, x: float, y: float, text: str, theme: Theme, ground: Colour) -> None:
    """A text that reads upwards, with its middle at a place."""
    font = theme.face.font(theme.size, bold=True)
    wide, tall = width_of(text, font) + 8, round(theme.size * 1.6)
    patch = Canvas(wide, tall, ground)
    ink = patch.text(wide / 2, tall / 2 + theme.size * 0.36, text, font, theme.text, "centre")
    left, top = round(x - tall / 2), round(y - wide / 2)
    canvas.image.paste(patch.image.transpose(Image.Transpose.ROTATE_90), (left, top))
    box = (left + ink[1], top + wide - ink[2], left + ink[3], top + wide - ink[0])
    canvas.lines.append((text, box))
