"""What a flowchart means as a process: where it starts and ends, where it decides, in which order its steps stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mm_agents._optional import require
from mm_agents.documents._opencv import EXTRA
from mm_agents.documents.flowchart._graph import Edge, Node

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
        self.nodes = {node.id: node for node in nodes}
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
        """Whether an entry is drawn as a dot without words, or says that it is the start."""
        node = self.nodes[id]
        return bool(_START.search(node.text)) or (node.shape in _ENDS and not node.text and bool(self.ways[id]))

    def is_end(self, id: str) -> bool:
        """Whether nothing follows, and it is drawn or named as an end."""
        node = self.nodes[id]
        return not self.ways[id] and (node.shape in _ENDS or bool(_END.search(node.text)))

    def is_decision(self, id: str) -> bool:
        """Whether one of several ways is taken: a diamond, or several ways of which some are labelled."""
        ways = self.ways[id]
        return len(ways) > 1 and (self.nodes[id].shape == "diamond" or any(edge.label for edge in ways))

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
