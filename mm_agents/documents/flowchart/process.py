"""A flowchart as a process: its order of steps, its faults and paths, and a walk through it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mm_agents._optional import require
from mm_agents.documents.flowchart.data import Edge, Finding, Node
from mm_agents.documents.opencv import EXTRA
from mm_agents.errors import ConfigError

_ENDS = {"circle", "ellipse", "stadium"}
_START = re.compile(r"\b(start|begin|entry)\b", re.IGNORECASE)
_END = re.compile(r"\b(end|stop|done|finish|finished|exit|complete[d]?|close[d]?)\b", re.IGNORECASE)
_YES = re.compile(r"^\W*(y|yes|true|ok|pass|passed)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A way on from a node: the node that follows, and what the way is called."""

    target: str
    name: str
    labelled: bool


class Process:
    """A chart's nodes and edges, read as a process.

    Args:
        nodes: the shapes.
        edges: the connectors in their directions.
    """

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes: dict[str, Node] = {node.id: node for node in nodes}
        self._edges = [edge for edge in edges if edge.source in self.nodes and edge.target in self.nodes]
        self.ways: dict[str, list[Edge]] = {id: [] for id in self.nodes}
        for edge in self._edges:
            self.ways[edge.source].append(edge)

    @cached_property
    def graph(self) -> Any:
        """The same as a networkx ``DiGraph`` of ids."""
        networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
        graph = networkx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((edge.source, edge.target) for edge in self._edges)
        return graph

    @cached_property
    def entries(self) -> list[str]:
        """The ids that no connector leads to, from the top; the first node where every one has a way in."""
        reached = {edge.target for edge in self._edges if edge.target != edge.source}
        return [id for id in self.nodes if id not in reached and self.ways[id]] or list(self.nodes)[:1]

    @cached_property
    def starts(self) -> list[str]:
        """Where the process starts: entries that are drawn or named as a start, else all entries."""
        named = [id for id in self.entries if self.is_start(id)]
        return named or self.entries

    def is_start(self, id: str) -> bool:
        """Whether an entry is drawn as a dot without words or a circle, or says that it is the start."""
        node = self.nodes[id]
        is_drawn_so = node.shape == "circle" or (node.shape in _ENDS and not node.text)
        return bool(_START.search(node.text)) or (is_drawn_so and bool(self.ways[id]))

    def is_end(self, id: str) -> bool:
        """Whether nothing follows, and it is drawn or named as an end."""
        node = self.nodes[id]
        return not self.ways[id] and (node.shape in _ENDS or bool(_END.search(node.text)))

    def is_decision(self, id: str) -> bool:
        """Whether one of several ways is taken: a diamond, or several ways of which some are labelled."""
        ways = self.ways[id]
        return len(ways) > 1 and (self.nodes[id].shape == "diamond" or any(edge.label for edge in ways))

    @cached_property
    def decisions(self) -> list[str]:
        """The diamonds, and what asks or goes on by yes and no; without any of these, all that has labelled ways on."""
        diamonds = [id for id in self.order if self.nodes[id].shape == "diamond"]
        if not diamonds:
            return [id for id in self.order if self.is_decision(id)]
        return [id for id in self.order if id in diamonds or (self.is_decision(id) and self._asks(id))]

    def _asks(self, id: str) -> bool:
        """Whether a shape asks something, or a way on is called yes."""
        return "?" in self.nodes[id].text or any(_YES.match(edge.label) for edge in self.ways[id])

    def name(self, id: str) -> str:
        """What to call a node: its text, else what it is."""
        node = self.nodes[id]
        if node.text:
            return " ".join(node.text.split())
        if self.is_end(id):
            return "End"
        if id in self.entries and self.is_start(id):
            return "Start"
        return "Decision" if node.shape == "diamond" else node.name

    def branches(self, id: str) -> list[Branch]:
        """The ways on from a decision, each with a name of its own: its label, else where it leads to."""
        taken: set[str] = set()
        found: list[Branch] = []
        for edge in sorted(self.ways[id], key=lambda edge: not edge.label):
            name = " ".join(edge.label.split()) or f"to {self.name(edge.target)}"
            while name in taken:
                name += f" ({edge.target})"
            taken.add(name)
            found.append(Branch(target=edge.target, name=name, labelled=bool(edge.label)))
        return found

    @cached_property
    def order(self) -> list[str]:
        """All ids in the order in which steps are told: each way to its end, yes before no, starts first."""
        found: dict[str, None] = {}
        entries = [*self.starts, *(id for id in self.entries if id not in self.starts), *self.nodes]
        for entry in entries:
            waiting = [entry]
            while waiting:
                id = waiting.pop()
                if id in found:
                    continue
                found[id] = None
                ways = sorted(self.ways[id], key=lambda edge: not _YES.match(edge.label))
                waiting += [edge.target for edge in reversed(ways)]
        return list(found)


_MOST_PATHS = 1000


def findings(process: Process, nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[Finding, ...]:
    """Nodes that no way leads to, dead ends, doubtful decisions, loops without an exit, and what is not sure."""
    found = [*_unreachable(process), *_dead_ends(process), *_decisions(process), *_endless(process)]
    for node in nodes:
        if node.unsure:
            message = f"It is not certain what {process.name(node.id)!r} is: {'; '.join(node.unsure)}."
            found.append(Finding(kind="uncertain", severity="note", message=message, nodes=(node.id,)))
    for edge in edges:
        if edge.unsure and {edge.source, edge.target} <= process.nodes.keys():
            ends = f"{process.name(edge.source)!r} to {process.name(edge.target)!r}"
            message = f"The connector from {ends} is not certain: {'; '.join(edge.unsure)}."
            found.append(Finding(kind="uncertain", severity="note", message=message, nodes=(edge.source, edge.target)))
    return tuple(found)


def paths(process: Process, *, start: str | None = None, most: int = _MOST_PATHS) -> Iterator[tuple[str, ...]]:
    """Every way through the process, each connector taken at most once in a way: so loops are walked once.

    Args:
        process: the chart.
        start: where from; every start by default.
        most: no more ways than this are told.
    """
    left = most
    for entry in [start] if start is not None else process.starts:
        waiting: list[tuple[tuple[str, ...], frozenset[tuple[str, str]]]] = [((entry,), frozenset())]
        while waiting and left:
            way, taken = waiting.pop()
            onward = [
                target
                for target in dict.fromkeys(edge.target for edge in process.ways[way[-1]])
                if (way[-1], target) not in taken
            ]
            if not onward:
                left -= 1
                yield way
            waiting += [((*way, target), taken | {(way[-1], target)}) for target in reversed(onward)]


def _unreachable(process: Process) -> Iterator[Finding]:
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    reached: set[str] = set(process.starts)
    for start in process.starts:
        reached |= networkx.descendants(process.graph, start)
    for id in process.order:
        if id not in reached:
            message = f"No way from a start leads to {process.name(id)!r}."
            yield Finding(kind="unreachable", severity="warning", message=message, nodes=(id,))


def _dead_ends(process: Process) -> Iterator[Finding]:
    for id in process.order:
        if not process.ways[id] and not process.is_end(id):
            message = f"Nothing follows {process.name(id)!r}, which is not drawn as an end."
            yield Finding(kind="dead_end", severity="warning", message=message, nodes=(id,))


def _decisions(process: Process) -> Iterator[Finding]:
    for id in process.order:
        ways, name = process.ways[id], process.name(id)
        if process.nodes[id].shape == "diamond" and len(ways) == 1:
            message = f"The decision {name!r} has one way on."
            yield Finding(kind="missing_branch", severity="warning", message=message, nodes=(id,))
        if not process.is_decision(id):
            continue
        bare = [process.name(edge.target) for edge in ways if not edge.label]
        if bare:
            message = f"At {name!r} the way to {' and '.join(map(repr, bare))} has no label."
            yield Finding(kind="unlabelled_branch", severity="warning", message=message, nodes=(id,))
        labels = [edge.label.casefold() for edge in ways if edge.label]
        if len(set(labels)) < len(labels):
            message = f"At {name!r} two ways have the same label."
            yield Finding(kind="ambiguous_branch", severity="error", message=message, nodes=(id,))


def _endless(process: Process) -> Iterator[Finding]:
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    for together in networkx.strongly_connected_components(process.graph):
        loops = len(together) > 1 or any(process.graph.has_edge(id, id) for id in together)
        leaves = any(edge.target not in together for id in together for edge in process.ways[id])
        if loops and not leaves:
            inside = [id for id in process.order if id in together]
            names = ", ".join(repr(process.name(id)) for id in inside)
            message = f"Whoever gets into the loop of {names} never leaves it."
            yield Finding(kind="endless_loop", severity="error", message=message, nodes=tuple(inside))


class Walk:
    """A position in a process, and the ways on from there.

    Args:
        process: the chart.
        start: where to begin; at its first start by default.

    Raises:
        ConfigError: the chart has no nodes, or none of that id.
    """

    def __init__(self, process: Process, start: str | None = None) -> None:
        here = start if start is not None else next(iter(process.starts), None)
        if here is None or here not in process.nodes:
            raise ConfigError(f"The chart has no step {start!r} to begin at." if start else "The chart has no steps.")
        self._process = process
        self.history: list[str] = [here]

    @property
    def here(self) -> str:
        """The id of the step at hand."""
        return self.history[-1]

    @property
    def text(self) -> str:
        """What the step at hand says, after its lane."""
        lane = self._process.nodes[self.here].lane
        return (f"{lane}: " if lane else "") + self._process.name(self.here)

    @property
    def choices(self) -> list[Branch]:
        """The ways on; none at an end."""
        return self._process.branches(self.here)

    @property
    def done(self) -> bool:
        """Whether nothing follows."""
        return not self.choices

    def take(self, choice: int = 0) -> str:
        """Go on by one of the choices, counted from 0; returns the id of the step then at hand.

        Raises:
            ConfigError: the chart has no such way.
        """
        ways = self.choices
        if not 0 <= choice < len(ways):
            raise ConfigError(f"There are {len(ways)} ways on from {self.text!r}; {choice!r} is none of them.")
        self.history.append(ways[choice].target)
        return self.here
