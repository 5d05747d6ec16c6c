"""A flowchart written as Mermaid, DOT, steps, or a Python module that walks it."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Sequence
from importlib.resources import files

from mm_agents._text import listed
from mm_agents.documents.flowchart.data import Edge, FlowchartData, Node
from mm_agents.documents.flowchart.process import Process

_MERMAID = {
    "rectangle": ("[", "]"),
    "rounded": ("(", ")"),
    "stadium": ("([", "])"),
    "diamond": ("{", "}"),
    "circle": ("((", "))"),
    "ellipse": ("([", "])"),
    "parallelogram": ("[/", "/]"),
    "cylinder": ("[(", ")]"),
    "hexagon": ("{{", "}}"),
}
_DOT = {
    "rectangle": "box",
    "rounded": 'box", style="rounded',
    "stadium": 'box", style="rounded',
    "document": "note",
    "bar": 'box", style="filled',
    "other": "box",
}
_ENTITIES = {ord(character): f"#{ord(character)};" for character in '"#&<>;`{}[]()|\\'}


def steps(process: Process) -> str:
    """A numbered list; where the next step is not the next line, it says where to go."""
    numbers = {id: n for n, id in enumerate(process.order, start=1)}
    lines: list[str] = []
    for id, number in numbers.items():
        node = process.nodes[id]
        lane = f"{' '.join(node.lane.split())}: " if node.lane else ""
        lines.append(f"{number}. {lane}{_sentence(process.name(id), _onward(process, id, numbers))}")
    return "\n".join(lines) + "\n" if lines else ""


def _sentence(name: str, onward: str) -> str:
    """A step and where to go from it; one that ends in a full stop, as written, gets no second one."""
    return name + (onward.removeprefix(".") if name.endswith((".", "!")) else onward)


def _onward(process: Process, id: str, numbers: dict[str, int]) -> str:
    branches = process.branches(id)
    if not branches:
        return "." if process.is_end(id) and process.name(id) == "End" else ". Here it ends."
    if process.is_decision(id):
        ways = [
            f"If {branch.name}: go to {numbers[branch.target]}."
            if branch.labelled
            else f"Without a label: go to {numbers[branch.target]}."
            for branch in branches
        ]
        return "? " + " ".join(ways) if not process.name(id).endswith("?") else " " + " ".join(ways)
    targets = [numbers[branch.target] for branch in branches]
    if targets == [numbers[id] + 1]:
        return "."
    return f". Then go to {listed([*map(str, targets)])}."


def mermaid(chart: FlowchartData) -> str:
    """Mermaid text; what the picture says is written as entities where Mermaid would read it as code."""
    lines = ["flowchart TD"]
    lines += _grouped(chart, _mermaid_node, lambda n, title: (f'subgraph lane{n}["{_entities(title)}"]', "end"))
    for edge, both in _lines_of(chart.edges):
        arrow = ("<-.->" if both else "-.->") if edge.dashed else ("<-->" if both else "-->")
        label = f'|"{_entities(edge.label)}"|' if edge.label else ""
        lines.append(f"    {edge.source} {arrow}{label} {edge.target}")
    return "\n".join(lines) + "\n"


def dot(chart: FlowchartData) -> str:
    """Graphviz text, every text a quoted string."""
    lines = ["digraph flowchart {"]
    lines += _grouped(chart, _dot_node, lambda n, title: (f"subgraph cluster_{n} {{ label={_quoted(title)};", "}"))
    for edge, both in _lines_of(chart.edges):
        settings = [f"label={_quoted(edge.label)}"] if edge.label else []
        settings += ["style=dashed"] if edge.dashed else []
        settings += ["dir=both"] if both else []
        lines.append(f"    {edge.source} -> {edge.target}" + (f" [{', '.join(settings)}];" if settings else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def _grouped(
    chart: FlowchartData, write: Callable[[Node], str], group: Callable[[int, str], tuple[str, str]]
) -> list[str]:
    """The nodes, those of a lane inside its group."""
    lines: list[str] = []
    titles = [lane.name for lane in chart.lanes]
    for n, title in enumerate(titles):
        begin, end = group(n, title)
        inside = [f"        {write(node)}" for node in chart.nodes if node.lane == title]
        lines += [f"    {begin}", *inside, f"    {end}"] if inside else []
    return lines + [f"    {write(node)}" for node in chart.nodes if node.lane not in titles]


def _lines_of(edges: Sequence[Edge]) -> list[tuple[Edge, bool]]:
    """Each connector once, and whether it has heads at both ends."""
    found: list[tuple[Edge, bool]] = []
    told: set[tuple[str, str]] = set()
    for edge in edges:
        if edge.heads == "both":
            if (edge.target, edge.source) in told:
                continue
            told.add((edge.source, edge.target))
        found.append((edge, edge.heads == "both"))
    return found


def _mermaid_node(node: Node) -> str:
    text = _entities(node.text) or " "
    if node.shape == "document":
        return f'{node.id}@{{ shape: doc, label: "{text}" }}'
    opening, closing = _MERMAID.get(node.shape, _MERMAID["rectangle"])
    return f'{node.id}{opening}"{text}"{closing}'


def _dot_node(node: Node) -> str:
    return f'{node.id} [label={_quoted(node.text)}, shape="{_DOT.get(node.shape, node.shape)}"];'


def _entities(text: str) -> str:
    return " ".join(text.split()).translate(_ENTITIES)


def _quoted(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def module(process: Process) -> str:
    """The source of a module that compiles and imports nothing but ``collections.abc``."""
    names = identifiers(process)
    texts = {names[id]: process.name(id) for id in process.order}
    roles = {names[id]: " ".join((process.nodes[id].lane or "").split()) for id in process.order}
    ways: dict[str, dict[str, str]] = {}
    following: dict[str, tuple[str, ...]] = {}
    for id in process.order:
        branches = process.branches(id)
        if process.is_decision(id):
            ways[names[id]] = {branch.name: names[branch.target] for branch in branches}
        elif branches:
            following[names[id]] = tuple(names[branch.target] for branch in branches)
    start = names[process.starts[0]] if process.starts else ""
    tables = [
        f"START = {start!r}",
        _table("TEXTS", "dict[str, str]", texts),
        _table("ROLES", "dict[str, str]", {name: role for name, role in roles.items() if role}),
        _table("NEXT", "dict[str, tuple[str, ...]]", following),
        _table("WAYS", "dict[str, dict[str, str]]", ways),
    ]
    template = files("mm_agents.documents.flowchart").joinpath("process_module.txt").read_text("utf-8")
    return template.replace("TABLES", "\n".join(tables))


def identifiers(process: Process) -> dict[str, str]:
    """A name of its own for each node: its text cleaned to letters, digits and underscores, else what it is."""
    found: dict[str, str] = {}
    for id in process.order:
        name = identifier(process.name(id)) or "step"
        found[id] = name if name not in found.values() else f"{name}_{identifier(id)}"
    return found


def identifier(text: str) -> str:
    """A text as a Python identifier in lower case of at most 60 characters; "" where nothing of it can be one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60].strip("_")
    if not name:
        return ""
    if name[0].isdigit():
        name = f"step_{name}"
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def _table(name: str, kind: str, rows: dict[str, str] | dict[str, tuple[str, ...]] | dict[str, dict[str, str]]) -> str:
    if not rows:
        return f"{name}: {kind} = {{}}"
    lines = [f"    {key!r}: {value!a}," for key, value in rows.items()]
    return "\n".join([f"{name}: {kind} = {{", *lines, "}"])
