"""What is wrong or doubtful about a process, and every way through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mm_agents._optional import require
from mm_agents.documents._opencv import EXTRA
from mm_agents.documents.flowchart._graph import Edge, Finding, Node
from mm_agents.documents.flowchart._process import Process

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
    reached: set[str] = set(process.starts)
    for start in process.starts:
        reached |= _descendants(process.graph, start)
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


def _descendants(graph: Any, id: str) -> set[str]:
    networkx = require("networkx", extra=EXTRA, feature="Following a flowchart")
    return set(networkx.descendants(graph, id))
