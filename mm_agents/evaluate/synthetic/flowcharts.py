"""Flowcharts whose graph and places are known, drawn in many styles; some by Graphviz where the machine has it."""

from __future__ import annotations

import io
import shutil
import subprocess
import textwrap
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from PIL import Image

from mm_agents.errors import ConfigError
from mm_agents.evaluate.synthetic.render import BLACK, WHITE, Box, Canvas, Colour, choose_face, mixed, width_of
from mm_agents.evaluate.synthetic.shapes import PROCESS, TERMINAL, Node, Point, Side, Theme, arrow, paint, sized

Way = Literal["next", "side", "join", "loop", "branch", "slant"]

_STEPS = (
    *("Receive order", "Check stock", "Pack the goods", "Send invoice", "Print label", "Update records"),
    *("Notify customer", "Close request", "Assign engineer", "Run unit tests", "Deploy to staging", "Write report"),
    *("Clean the data", "Train model", "Evaluate score", "Store result", "Load file", "Open account"),
    *("Review draft", "Collect feedback", "Schedule meeting", "Book transport", "Order parts", "Refund payment"),
    *("Fix the bug", "Sign contract", "Measure length of part", "Copy the file to the archive", "Ask for approval"),
)
_QUESTIONS = (
    *("In stock?", "Payment received?", "Tests pass?", "Approved?", "Score above limit?", "Address complete?"),
    *("Is the file valid?", "More items?", "Customer known?", "Deadline met?"),
)
_ANSWERS = (("Yes", "No"), ("Yes", "No"), ("yes", "no"), ("YES", "NO"), ("Ja", "Nein"), ("OK", "failed"))
_ENDS = (("Start", "End"), ("Start", "Stop"), ("Begin", "End"), ("Start", "Done"))
_LANES = ("Customer", "Shop", "Warehouse", "Courier", "Sales", "Support", "Finance", "Workshop")


@dataclass(slots=True, kw_only=True)
class Spot:
    """A node to be: ``along`` counts in the direction of the flow, ``across`` beside it."""

    id: str
    text: str
    shape: str
    along: float
    across: float
    lane: str | None = None


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

    spots: list[Spot] = field(default_factory=list[Spot])
    links: list[Link] = field(default_factory=list[Link])
    lanes: list[str] = field(default_factory=list[str])

    def add(self, text: str, shape: str, along: float, across: float, lane: str | None = None) -> Spot:
        """Put a node on the grid."""
        spot = Spot(id=f"n{len(self.spots)}", text=text, shape=shape, along=along, across=across, lane=lane)
        self.spots.append(spot)
        return spot

    def link(self, source: Spot, target: Spot, way: Way, label: str = "") -> None:
        """Draw an arrow between two."""
        self.links.append(Link(source=source.id, target=target.id, label=label, way=way))


class _Texts:
    """Texts for nodes, no two alike."""

    def __init__(self, rng: Random) -> None:
        self._steps = rng.sample(_STEPS, len(_STEPS))
        self._questions = rng.sample(_QUESTIONS, len(_QUESTIONS))
        self.yes, self.no = rng.choice(_ANSWERS)
        self.start, self.end = rng.choice(_ENDS)
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
    for n, spot in enumerate(main[:-1]):
        plan.link(spot, main[n + 1], "next", texts.yes if n in decisions else "")
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

    def grow(parent: Spot, label: str, along: int, middle: float, room: float) -> None:
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
    plan.lanes = rng.sample(_LANES, rng.randint(2, 4))
    count = len(plan.lanes)

    def put(text: str, shape: str, along: int, lane: int) -> Spot:
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


def draw_with_graphviz(rng: Random, plan: Plan) -> tuple[Canvas, dict[str, Any]]:
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
    nodes: dict[str, Node]
    gap_along: float
    gap_across: float
    head: Literal["full", "open"]
    dashed: set[int] = field(default_factory=set[int])
    patched: bool = False
    low: float = 0.0

    def side(self, which: Literal["forward", "back", "plus", "minus"]) -> Side:
        """The side of a node in the direction of the flow, against it, or beside it."""
        names: dict[str, tuple[Side, Side]] = {
            "forward": ("bottom", "right"),
            "back": ("top", "left"),
            "plus": ("right", "bottom"),
            "minus": ("left", "top"),
        }
        return names[which][0 if self.down else 1]


def draw(rng: Random) -> tuple[Canvas, dict[str, Any]]:
    """A flowchart and its truth: ``nodes`` with the boxes of their outlines, ``edges`` and ``lanes``."""
    plan = rng.choice((spine, spine, tree, lanes))(rng)
    if found() and rng.random() < 0.25:
        return draw_with_graphviz(rng, plan)
    theme = _theme(rng)
    chart = _Chart(
        plan=plan,
        theme=theme,
        down=rng.random() < 0.65,
        nodes={},
        gap_along=theme.size * rng.uniform(2.4, 4.0),
        gap_across=theme.size * rng.uniform(4.5, 6.0),
        head="full" if rng.random() < 0.8 else "open",
        patched=rng.random() < 0.4,
    )
    most = theme.size * rng.uniform(7, 11)
    for spot in plan.spots:
        chart.nodes[spot.id] = sized(spot.id, spot.text, spot.shape, theme, most)
        chart.nodes[spot.id].lane = spot.lane
    style = rng.random()
    chart.dashed = {n for n in range(len(plan.links)) if style < 0.1 or (style < 0.3 and rng.random() < 0.3)}
    width, height = _place(chart)
    canvas = Canvas(round(width), round(height), theme.background)
    _lanes(canvas, chart)
    for n, link in enumerate(plan.links):
        arrow(canvas, _path(chart, link, n), theme, dashed=n in chart.dashed, head=chart.head)
    for node in chart.nodes.values():
        paint(canvas, node, theme)
    for n, link in enumerate(plan.links):
        if link.label:
            _label(canvas, chart, _path(chart, link, n), link.label, slant=link.way == "slant")
    return canvas, truth(plan, chart.nodes)


def truth(plan: Plan, nodes: dict[str, Node]) -> dict[str, Any]:
    """What is known of a chart, with its nodes' boxes on the picture."""
    return {
        "kind": "flowchart",
        "nodes": [
            {"id": node.id, "text": node.text, "shape": node.shape, "lane": node.lane, "box": node.box}
            for node in nodes.values()
        ],
        "edges": [{"source": link.source, "target": link.target, "label": link.label} for link in plan.links],
        "lanes": plan.lanes,
    }


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
    plan, theme, nodes = chart.plan, chart.theme, chart.nodes
    length = {spot.id: nodes[spot.id].height if chart.down else nodes[spot.id].width for spot in plan.spots}
    breadth = {spot.id: nodes[spot.id].width if chart.down else nodes[spot.id].height for spot in plan.spots}
    label = max((width_of(link.label, theme.face.font(theme.size)) for link in plan.links), default=0)
    slanting = any(link.way == "slant" for link in plan.links)
    gap = chart.gap_along if chart.down else max(chart.gap_along, label + theme.size * 2.2)
    gap *= 1.5 if slanting else 1.0
    margin = theme.size * 2.0
    starts: dict[float, float] = {}
    at = margin + (theme.size * 2.2 if plan.lanes else 0)
    for along in sorted({spot.along for spot in plan.spots}):
        most = max(length[spot.id] for spot in plan.spots if spot.along == along)
        starts[along] = at + most / 2
        at += most + gap
    step = max(breadth.values()) + max(chart.gap_across if chart.down else theme.size * 2.5, label + theme.size * 2)
    if slanting:
        step = max(breadth.values()) + theme.size * 1.5
    loops = sum(link.way == "loop" for link in plan.links)
    scale = 2.0 if slanting else 1.0  # a tree's places may be half a step apart
    lowest = 0 if plan.lanes else min(spot.across for spot in plan.spots) * scale  # an empty lane keeps its place
    first = margin + max(breadth.values()) / 2 + loops * theme.size * 1.6 + (label if loops else 0)
    if plan.lanes:
        first = margin + step / 2
    for spot in plan.spots:
        across = first + (spot.across * scale - lowest) * step
        node = nodes[spot.id]
        node.x, node.y = (across, starts[spot.along]) if chart.down else (starts[spot.along], across)
    chart.low = margin + theme.size if not plan.lanes else margin
    highest = max(spot.across for spot in plan.spots) * scale
    wide = first + (highest - lowest) * step + max(breadth.values()) / 2 + margin
    if plan.lanes:
        wide = 2 * margin + len(plan.lanes) * step
    tall = at - gap + margin
    chart.gap_across = step
    return (wide, tall) if chart.down else (tall, wide)


def _path(chart: _Chart, link: Link, n: int) -> list[Point]:
    """The points of an arrow."""
    source, target = chart.nodes[link.source], chart.nodes[link.target]
    forward, back = source.port(chart.side("forward")), target.port(chart.side("back"))
    if link.way in ("next", "slant"):
        aligned = abs(forward[0] - back[0]) < 1 if chart.down else abs(forward[1] - back[1]) < 1
        if link.way == "slant" or aligned:
            return [forward, back]
        middle = (forward[1] + back[1]) / 2 if chart.down else (forward[0] + back[0]) / 2
        if chart.down:
            return [forward, (forward[0], middle), (back[0], middle), back]
        return [forward, (middle, forward[1]), (middle, back[1]), back]
    across = (target.x - source.x) if chart.down else (target.y - source.y)
    if link.way == "side":
        return [source.port(chart.side("plus")), target.port(chart.side("minus"))]
    if link.way == "branch":
        start = source.port(chart.side("plus" if across > 0 else "minus"))
        return [start, (back[0], start[1]) if chart.down else (start[0], back[1]), back]
    if link.way == "join":
        end = target.port(chart.side("minus" if across > 0 else "plus"))
        return [forward, (forward[0], end[1]) if chart.down else (end[0], forward[1]), end]
    start, end = source.port(chart.side("minus")), target.port(chart.side("minus"))
    loops = [m for m, other in enumerate(chart.plan.links) if other.way == "loop"]
    corridor = chart.low + loops.index(n) * chart.theme.size * 1.6
    if chart.down:
        return [start, (corridor, start[1]), (corridor, end[1]), end]
    return [start, (start[0], corridor), (end[0], corridor), end]


# ---------------------------------------------------------------- labels and lanes


def _label(canvas: Canvas, chart: _Chart, path: list[Point], text: str, *, slant: bool) -> None:
    """An arrow's label: near its beginning and beside it, or in the middle of a slanting line and over it."""
    theme = chart.theme
    font = theme.face.font(round(theme.size * 0.9))
    wide = width_of(text, font)
    (x0, y0), (x1, y1) = path[0], path[1]
    if slant:
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
