"""Diamonds without a word where branches only come together again: a part of the connectors, not a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mm_agents.documents.flowchart._graph import Edge, Node


def without_merges(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[list[Node], list[Edge]]:
    """Lead connectors through diamonds without text that have several ways in and one way out."""
    kept, links = list(nodes), list(edges)
    for node in nodes:
        if node.text or node.shape != "diamond":
            continue
        into = [edge for edge in links if edge.target == node.id]
        out = [edge for edge in links if edge.source == node.id]
        if len(into) < 2 or len(out) != 1 or out[0].target == node.id or any(e.source == node.id for e in into):
            continue
        if any(edge.heads != "target" for edge in (*into, *out)):
            continue
        links = [edge for edge in links if edge not in into and edge not in out]
        links += [_through(edge, out[0]) for edge in into]
        kept.remove(node)
    return kept, links


def _through(first: Edge, second: Edge) -> Edge:
    return replace(
        first,
        target=second.target,
        label=" ".join(label for label in (first.label, second.label) if label),
        path=first.path + second.path,
        dashed=first.dashed and second.dashed,
        confidence=min(first.confidence, second.confidence),
        unsure=first.unsure + second.unsure,
        label_box=first.label_box or second.label_box,
    )
