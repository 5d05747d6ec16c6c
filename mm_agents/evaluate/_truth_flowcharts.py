"""The forms in which the truth of a flowchart is written: its graph, or questions whose answers are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from mm_agents.evaluate._boxes import rectangle
from mm_agents.evaluate._truth import Edge, Fact, FlowchartTruth, Node
from mm_agents.evaluate._truth_invoices import lines

SHAPES: dict[str, str] = {
    "rect": "rectangle",
    "box": "rectangle",
    "square": "rectangle",
    "oval": "ellipse",
    "round": "rounded",
    "decision": "diamond",
    "rhombus": "diamond",
    "note": "other",
}
"""Other names of the shapes that readings name."""

_ARROW = re.compile(r"Arrow points from node '(.*)' to node '(.*)'\.?\s*$")


def parse(found: Any) -> FlowchartTruth | None:
    """The truth in a JSON document; None where it is no flowchart's."""
    if not isinstance(found, Mapping):
        return None
    record = cast("Mapping[str, Any]", found)
    if isinstance(record.get("qa"), Mapping):
        return _questions(record["qa"])
    if not isinstance(record.get("nodes"), list):
        return None
    lanes = record.get("lanes")
    nodes = tuple(_node(node) for node in record["nodes"])
    ids = {node.id for node in nodes}
    edges = tuple(
        Edge(source=str(edge["source"]), target=str(edge["target"]), label=str(edge.get("label") or ""))
        for edge in record.get("edges") or ()
    )
    strangers = sorted({end for edge in edges for end in (edge.source, edge.target)} - ids)
    if strangers:
        raise ValueError(f"an edge names the node {strangers[0]!r}, which is not listed")
    titles = tuple(str(lane) for lane in cast("Sequence[Any]", lanes)) if isinstance(lanes, list) else None
    return FlowchartTruth(nodes=nodes, edges=edges, lanes=titles, lines=lines(record))


def _node(node: Mapping[str, Any]) -> Node:
    shape = str(node.get("shape") or "")
    lane = node.get("lane")
    return Node(
        id=str(node["id"]),
        text=str(node.get("text") or ""),
        shape=SHAPES.get(shape, shape),
        lane=str(lane) if lane is not None else None,
        box=rectangle(node.get("box")),
    )


def _questions(questions: Mapping[str, Any]) -> FlowchartTruth:
    """Single arrows and counts; "exists between" counts the other direction as false, and is left out."""
    facts: list[Fact] = []
    counts: dict[str, int] = {}
    for question in questions.values():
        answer = str(question["A1"])
        arrow = _ARROW.search(str(question["Q"]))
        if arrow:
            facts.append(Fact(source=arrow[1], target=arrow[2], holds=answer.lower() == "true"))
        elif answer.isdigit():
            counts[str(question["type"])] = int(answer)
    return FlowchartTruth(facts=tuple(facts), node_count=counts.get("Num_Nodes"), edge_count=counts.get("Num_Arrows"))
