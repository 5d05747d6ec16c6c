"""A flowchart's reading against its truth: nodes, directed arrows, labels, shapes, lanes, and the graph as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from mm_agents.evaluate import metrics
from mm_agents.evaluate.metrics import Counts, Tally
from mm_agents.evaluate.truth import ENOUGH, Edge, FlowchartTruth, Node, edge_of, iou, node_of

LEAST_LIKENESS = 0.7
"""Below this, two texts are of two nodes."""

_MOST_NODES = 600
_STEPS = 6
FAMILIES = {"rounded": "rectangle", "circle": "ellipse"}


def score(reading: Mapping[str, Any], truth: FlowchartTruth) -> Tally:
    """What a reading of a flowchart adds to the figures.

    A node counts as found when its text is alike; an arrow when both its ends are found and it points the same way; a
    label when its arrow is found and says the same. "Graphs right" asks for all nodes and arrows and no others,
    "graphs right with labels" also for every text and label.
    """
    tally = Tally()
    nodes, edges = graph_of(reading)
    if truth.nodes:
        pairs = matched(nodes, truth.nodes, edges, truth.edges)
        read = {node.id: node for node in nodes}
        found = [(node, read[pairs[node.id]]) for node in truth.nodes if node.id in pairs]
        texts_right = _nodes(found, nodes, truth, tally)
        arrows_right, labels_right = _edges(edges, pairs, truth, tally)
        whole = len(found) == len(nodes) == len(truth.nodes) and arrows_right
        tally.share("graphs right", whole)
        tally.share("graphs right with labels", whole and texts_right and labels_right)
        if truth.lanes is not None:
            _lanes(reading, found, truth.lanes, tally)
    _facts(nodes, edges, truth, tally)
    return tally


def _nodes(found: Sequence[tuple[Node, Node]], nodes: Sequence[Node], truth: FlowchartTruth, tally: Tally) -> bool:
    tally.counts["node F1"] = Counts(hits=len(found), returned=len(nodes), wanted=len(truth.nodes))
    right: set[str] = set()
    for wanted, read in found:
        same = metrics.closed(wanted.text) == metrics.closed(read.text)
        if wanted.text:
            tally.share("texts", same)
        if same:
            right.add(wanted.id)
        else:
            tally.missed("text", wanted.text, read.text)
        _shape(wanted, read, tally)
    seen = {wanted.id for wanted, _ in found}
    for node in truth.nodes:
        if node.id not in seen:
            tally.missed("node", node.text, None)
    extra = {node.id for node in nodes} - {read.id for _, read in found}
    for node in nodes:
        if node.id in extra:
            tally.missed("node", None, node.text)
    places = {wanted.id: read.box for wanted, read in found}
    for node in truth.nodes:
        if node.box:
            box = places.get(node.id)
            tally.share("attributed", node.id in right and box is not None and iou(box, node.box) >= ENOUGH)
    return len(right) == len(found)


def _shape(wanted: Node, read: Node, tally: Tally) -> None:
    if wanted.shape in ("", "other"):
        return
    tally.share("shapes", wanted.shape == read.shape)
    tally.share("shape families", FAMILIES.get(wanted.shape, wanted.shape) == FAMILIES.get(read.shape, read.shape))
    if wanted.shape != read.shape:
        tally.missed(f"shape of {wanted.text!r}", wanted.shape, read.shape)


def _edges(edges: Sequence[Edge], pairs: Mapping[str, str], truth: FlowchartTruth, tally: Tally) -> tuple[bool, bool]:
    back = {read: wanted for wanted, read in pairs.items()}
    got: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        got.setdefault((back.get(edge.source, "?"), back.get(edge.target, "?")), []).append(edge.label)
    wanted: dict[tuple[str, str], list[str]] = {}
    for edge in truth.edges:
        wanted.setdefault((edge.source, edge.target), []).append(edge.label)
    hits = sum(min(len(labels), len(got.get(ends, ()))) for ends, labels in wanted.items())
    tally.counts["edge F1"] = Counts(hits=hits, returned=len(edges), wanted=len(truth.edges))
    names = {node.id: node.text or node.id for node in truth.nodes} | {"?": "?"}
    labels_right = True
    for ends in {**wanted, **got}:
        arrow = f"{names[ends[0]]} -> {names[ends[1]]}"
        here, there = wanted.get(ends, []), got.get(ends, [])
        if len(here) != len(there):
            tally.missed("arrow", arrow if here else None, arrow if there else None)
        labels_right &= _labels(arrow, here, there, tally)
    return hits == len(edges) == len(truth.edges), labels_right


def _labels(arrow: str, wanted: Sequence[str], read: Sequence[str], tally: Tally) -> bool:
    left = Counter(_label(label) for label in read)
    right = True
    for label in filter(None, map(_label, wanted)):
        same = left[label] > 0
        left[label] -= same
        tally.share("labels", same)
        if read:
            tally.share("labels of found arrows", same)
        if not same:
            tally.missed(f"label of {arrow}", label, list(read))
            right = False
    return right and sum((+left).values()) - left[""] == 0


def _label(text: str) -> str:
    return metrics.closed(text).strip("\"'[]()")


def _lanes(reading: Mapping[str, Any], found: Sequence[tuple[Node, Node]], titles: Sequence[str], tally: Tally) -> None:
    read = Counter(metrics.closed(title) for title in _titles(reading.get("lanes")))
    wanted = Counter(metrics.closed(title) for title in titles)
    tally.counts["lane F1"] = Counts(hits=(read & wanted).total(), returned=read.total(), wanted=wanted.total())
    for node, other in found:
        if node.lane is not None:
            same = metrics.closed(node.lane) == metrics.closed(other.lane or "")
            tally.share("lanes of nodes", same)
            if not same:
                tally.missed(f"lane of {node.text!r}", node.lane, other.lane)


def _titles(lanes: Any) -> list[str]:
    """The lanes' titles, whether a lane is a text or an object that has one."""
    titles: list[str] = []
    for lane in cast("list[Any]", lanes) if isinstance(lanes, list) else []:
        if isinstance(lane, Mapping):
            known = cast("Mapping[str, Any]", lane)
            titles.append(str(known.get("title") or known.get("text") or known.get("name") or ""))
        else:
            titles.append(str(lane))
    return titles


def _facts(nodes: Sequence[Node], edges: Sequence[Edge], truth: FlowchartTruth, tally: Tally) -> None:
    arrows = {(edge.source, edge.target) for edge in edges}
    for fact in truth.facts:
        source, target = _named(fact.source, nodes), _named(fact.target, nodes)
        there = source is not None and target is not None and (source, target) in arrows
        tally.share("true arrows found" if fact.holds else "false arrows rejected", there == fact.holds)
        if there != fact.holds:
            tally.missed("arrow", fact.holds, f"{fact.source} -> {fact.target}")
    if truth.node_count is not None:
        tally.share("node count", len(nodes) == truth.node_count)
    if truth.edge_count is not None:
        tally.share("arrow count", len(edges) == truth.edge_count)


def _named(text: str, nodes: Sequence[Node]) -> str | None:
    alike = [(metrics.likeness(text, node.text), node.id) for node in nodes]
    best = max(alike, default=(0.0, ""))
    return best[1] if best[0] >= LEAST_LIKENESS else None


# ---------------------------------------------------------------- which node is which


def graph_of(reading: Mapping[str, Any]) -> tuple[list[Node], list[Edge]]:
    """The nodes and arrows of a flowchart's reading."""
    nodes = map(node_of, _objects(reading.get("nodes"))[:_MOST_NODES])
    return list(nodes), [edge_of(edge) for edge in _objects(reading.get("edges"))[: 4 * _MOST_NODES]]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in cast("list[Any]", value) if isinstance(item, Mapping)] if isinstance(value, list) else []


def matched(
    read: Sequence[Node], wanted: Sequence[Node], arrows: Sequence[Edge], known: Sequence[Edge]
) -> dict[str, str]:
    """The read node's id of each wanted node's id, as far as their texts are alike.

    Nodes of one text, and nodes without any, are distinguished by their places where the truth has them, and by their
    neighbours. ``arrows`` are the reading's, ``known`` the truth's.
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
    return pairs


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
    if not metrics.squash(wanted.text) and not metrics.squash(read.text):
        return 0.9 + near
    return metrics.likeness(wanted.text, read.text) + near
