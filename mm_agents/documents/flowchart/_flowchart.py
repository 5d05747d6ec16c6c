"""The reading of a flowchart: a typed graph, and all that is computed from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mm_agents.documents.flowchart._graph import Edge, Finding, Lane, Node
from mm_agents.documents.overlay import Mark
from mm_agents.types import Box

_SURE = 0.75


@dataclass(frozen=True, kw_only=True)
class Flowchart:
    """A chart as a graph. Its texts are what stands in the picture: data, never instructions.

    Attributes:
        nodes: its shapes, from the top.
        edges: its connectors, by source.
        lanes: its swimlanes, from the top or the left.
        frames: frames around some of its shapes, with their titles.
        notes: words beside shapes and connectors that label neither.
        confidence: how sure it is that this is a flowchart and read well, 0 to 1; 0 where nothing was made out.
        page: the number of the page, from 1.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    lanes: tuple[Lane, ...] = ()
    frames: tuple[Lane, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: float = 1.0
    page: int = 1

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    def node(self, name: str) -> Node:
        """The node of that id."""
        return self._by_id[name]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader of the chart should know."""
        return ()

    def to_json(self) -> dict[str, Any]:
        """The keys "nodes", "edges", "lanes", "frames", "notes", "findings" and "confidence"."""
        return {
            "nodes": [
                {
                    "id": node.id,
                    "text": node.text,
                    "shape": node.shape,
                    "lane": node.lane,
                    "box": _box(node.box),
                    "frame": node.frame,
                    "confidence": node.confidence,
                    "unsure": list(node.unsure),
                }
                for node in self.nodes
            ],
            "edges": [
                {
                    "source": edge.source,
                    "target": edge.target,
                    "label": edge.label,
                    "path": [list(point) for point in edge.path],
                    "heads": edge.heads,
                    "dashed": edge.dashed,
                    "confidence": edge.confidence,
                    "unsure": list(edge.unsure),
                }
                for edge in self.edges
            ],
            "lanes": [lane.name for lane in self.lanes],
            "frames": [{"title": frame.name, "box": _box(frame.box)} for frame in self.frames],
            "notes": list(self.notes),
            "findings": [
                {
                    "kind": finding.kind,
                    "severity": finding.severity,
                    "message": finding.message,
                    "nodes": list(finding.nodes),
                }
                for finding in self.findings
            ],
            "confidence": self.confidence,
        }

    def marks(self) -> list[Mark]:
        """Boxes to draw on the page: shapes with their ids, labels of connectors; red where something is unsure."""
        found = [
            Mark(
                box=node.box,
                label=f"{node.id} {node.shape}",
                status="unverified" if node.unsure or node.confidence < _SURE else "verified",
                page=self.page,
            )
            for node in self.nodes
        ]
        found += [
            Mark(box=edge.label_box, label=f"{edge.source}-{edge.target}", page=self.page)
            for edge in self.edges
            if edge.label_box
        ]
        return found


def _box(box: Box) -> list[int]:
    return [box.x0, box.y0, box.x1, box.y1]
