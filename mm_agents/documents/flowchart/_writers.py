"""A flowchart as numbered steps, as Mermaid and as Graphviz text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mm_agents.documents.flowchart._graph import Edge, Node
from mm_agents.documents.flowchart._process import Process

if TYPE_CHECKING:
    from mm_agents.documents.flowchart._flowchart import Flowchart

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
        lines.append(f"{number}. {lane}{process.name(id)}{_onward(process, id, numbers)}")
    return "\n".join(lines) + "\n" if lines else ""


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
    if len(targets) == 1:
        return f". Then go to {targets[0]}."
    return f". Then go to {', '.join(map(str, targets[:-1]))} and {targets[-1]}."


def mermaid(chart: Flowchart) -> str:
    """Mermaid text; what stands in the picture is written as entities where Mermaid would read it as code."""
    lines = ["flowchart TD"]
    lines += _grouped(chart, _mermaid_node, lambda n, title: (f'subgraph lane{n}["{_entities(title)}"]', "end"))
    for edge, both in _lines_of(chart.edges):
        arrow = ("<-.->" if both else "-.->") if edge.dashed else ("<-->" if both else "-->")
        label = f'|"{_entities(edge.label)}"|' if edge.label else ""
        lines.append(f"    {edge.source} {arrow}{label} {edge.target}")
    return "\n".join(lines) + "\n"


def dot(chart: Flowchart) -> str:
    """Graphviz text, every text a quoted string."""
    lines = ["digraph flowchart {"]
    lines += _grouped(chart, _dot_node, lambda n, title: (f"subgraph cluster_{n} {{ label={_quoted(title)};", "}"))
    for edge, both in _lines_of(chart.edges):
        settings = [f"label={_quoted(edge.label)}"] if edge.label else []
        settings += ["style=dashed"] if edge.dashed else []
        settings += ["dir=both"] if both else []
        lines.append(f"    {edge.source} -> {edge.target}" + (f" [{', '.join(settings)}];" if settings else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def _grouped(chart: Flowchart, write: Callable[[Node], str], group: Callable[[int, str], tuple[str, str]]) -> list[str]:
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
