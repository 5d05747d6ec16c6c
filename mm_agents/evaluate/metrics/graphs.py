"""Which node of a flowchart's reading is which of its truth: by text, then by the arrows they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, cast

from mm_agents.evaluate.metrics import matching
from mm_agents.evaluate.truth import Edge, Node, iou, rectangle

LEAST_LIKENESS = 0.7
"""Below this, two texts are of two nodes."""

_MOST_NODES = 600
_PASSES = 8
_STEPS = 6
FAMILIES = {"rounded": "rectangle", "circle": "ellipse"}


def graph_of(reading: Mapping[str, Any]) -> tuple[list[Node], list[Edge]]:
    """The nodes and arrows of a flowchart's reading."""
    nodes = [
        Node(
            id=str(node["id"]),
            text=str(node.get("text") or ""),
            shape=str(node.get("shape") or ""),
            lane=None if node.get("lane") is None else str(node["lane"]),
            box=rectangle(node.get("box")),
        )
        for node in _objects(reading.get("nodes"))[:_MOST_NODES]
    ]
    edges = [
        Edge(source=str(edge["source"]), target=str(edge["target"]), label=str(edge.get("label") or ""))
        for edge in _objects(reading.get("edges"))[: 4 * _MOST_NODES]
    ]
    return nodes, edges


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in cast("list[Any]", value) if isinstance(item, Mapping)] if isinstance(value, list) else []


def matched(
    read: Sequence[Node], wanted: Sequence[Node], arrows: Sequence[Edge], known: Sequence[Edge]
) -> dict[str, str]:
    """The read node's id of each wanted node's id, as far as their texts are alike.

    Nodes of one text, and nodes without any, are distinguished by their places where the truth has them, and by the
    arrows that they share: of all matchings that agree in text, one to which many arrows fit.

    Args:
        read: the reading's nodes.
        wanted: the truth's nodes.
        arrows: the reading's arrows.
        known: the truth's arrows.
    """
    weights = {
        (node.id, other.id): weight
        for node in wanted[:_MOST_NODES]
        for other in read
        if (weight := _weight(node, other)) >= LEAST_LIKENESS
    }
    ranks = _with_neighbours(weights, known, arrows)
    pairs: dict[str, str] = {}
    taken: set[str] = set()
    for node, other in sorted(ranks, key=lambda pair: -ranks[pair]):
        if node not in pairs and other not in taken:
            pairs[node] = other
            taken.add(other)
    return _settled(pairs, weights, Counter((e.source, e.target) for e in arrows), known)


def _with_neighbours(
    weights: Mapping[tuple[str, str], float], known: Sequence[Edge], arrows: Sequence[Edge]
) -> dict[tuple[str, str], float]:
    """The weights with a little more for pairs whose neighbours are alike, and these' neighbours, some steps far."""
    around = [(_neighbours(known, back), _neighbours(arrows, back)) for back in (False, True)]
    ranks = dict(weights)
    for _ in range(_STEPS):
        ranks = {
            (node, other): weight
            + 0.01 * sum(_shared(here.get(node, ()), there.get(other, ()), ranks) for here, there in around)
            for (node, other), weight in weights.items()
        }
    return ranks


def _neighbours(edges: Sequence[Edge], back: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for edge in edges:
        one, other = (edge.target, edge.source) if back else (edge.source, edge.target)
        found.setdefault(one, []).append(other)
    return found


def _shared(nodes: Sequence[str], others: Sequence[str], ranks: Mapping[tuple[str, str], float]) -> float:
    """How alike two sets of neighbours are, 0 to about 1; two empty ones are wholly so."""
    if not nodes and not others:
        return 1.0
    best = [max((ranks.get((node, other), 0.0) for other in others), default=0.0) for node in nodes]
    return sum(best) / max(len(nodes), len(others))


def _weight(wanted: Node, read: Node) -> float:
    near = 0.01 * iou(wanted.box, read.box) if wanted.box and read.box else 0.0
    if not matching.squash(wanted.text) and not matching.squash(read.text):
        return 0.9 + near
    return matching.likeness(wanted.text, read.text) + near


def _settled(
    pairs: dict[str, str],
    weights: Mapping[tuple[str, str], float],
    arrows: Counter[tuple[str, str]],
    known: Sequence[Edge],
) -> dict[str, str]:
    """Exchange equals as long as more arrows fit."""
    touching: dict[str, list[Edge]] = {}
    for edge in known:
        for end in {edge.source, edge.target}:
            touching.setdefault(end, []).append(edge)

    def fitting(*nodes: str) -> int:
        edges = {id(edge): edge for node in nodes for edge in touching.get(node, ())}.values()
        return sum((pairs.get(e.source, ""), pairs.get(e.target, "")) in arrows for e in edges)

    doubtful = _doubtful(pairs, weights)
    for _ in range(_PASSES):
        changed = False
        for one, other in doubtful:
            before = fitting(one, other)
            pairs[one], pairs[other] = pairs[other], pairs[one]
            if fitting(one, other) > before:
                changed = True
            else:
                pairs[one], pairs[other] = pairs[other], pairs[one]
        if not changed:
            break
    return pairs


def _doubtful(pairs: Mapping[str, str], weights: Mapping[tuple[str, str], float]) -> list[tuple[str, str]]:
    """Pairs of wanted nodes whose read nodes could as well be exchanged."""
    found: list[tuple[str, str]] = []
    for one, other in combinations(pairs, 2):
        crossed = weights.get((one, pairs[other]), -1.0) + weights.get((other, pairs[one]), -1.0)
        straight = weights[one, pairs[one]] + weights[other, pairs[other]]
        if abs(crossed - straight) < 1e-6:
            found.append((one, other))
    return found
