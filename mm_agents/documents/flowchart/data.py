"""A flowchart as data: shapes, connectors, lanes and frames, each with its place on the page as stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_agents.documents.flowchart.vision.regions import Shape
from mm_agents.types import Box, Evidence

Heads = Literal["target", "both", "none"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A shape.

    Attributes:
        id: "n1", "n2", … from the top of the chart.
        text: the words in it, "" without any.
        shape: which shape.
        lane: the name of its lane; None where the chart has none or it overlaps two.
        box: of the shape with its outline, in pixels of the page as stored.
        confidence: 0 to 1, the lesser of how well its text was read and how well the shape fits.
        frame: the title of the smallest frame around it.
        unsure: what is not certain about it, in plain words.
        evidence: where it stands.
    """

    id: str
    text: str
    shape: Shape
    lane: str | None
    box: Box
    confidence: float = 1.0
    frame: str | None = None
    unsure: tuple[str, ...] = ()
    evidence: Evidence | None = None

    @property
    def name(self) -> str:
        """Its text; where there is none its shape and id, such as "diamond n3"."""
        return self.text or f"{self.shape} {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A connector in one direction; one with heads at both ends is two edges with ``heads`` "both".

    Attributes:
        source: the id of the node that it leaves.
        target: the id of the node that it leads to.
        label: what is written on it, "" where nothing is.
        path: its corners as x, y in pixels of the page as stored.
        heads: where it has heads: at the target, at both ends, or none was seen.
        dashed: whether it is drawn in dots or dashes.
        confidence: 0 to 1.
        unsure: what is not certain about it, in plain words.
        label_box: where its label stands.
    """

    source: str
    target: str
    label: str = ""
    path: tuple[tuple[int, int], ...] = ()
    heads: Heads = "target"
    dashed: bool = False
    confidence: float = 1.0
    unsure: tuple[str, ...] = ()
    label_box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A swimlane: its title and the part of the page that it covers."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a reader of the chart should know.

    Attributes:
        kind: such as "unreachable", "dead_end", "unlabelled_branch", "missing_branch", "endless_loop", "uncertain".
        severity: how bad it is.
        message: in plain words.
        nodes: the ids of the nodes it is about.
    """

    kind: str
    severity: Severity
    message: str
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlowchartData:
    """The graph of a chart, without what is computed from it.

    Attributes:
        nodes: its shapes, from the top.
        edges: its connectors, by source.
        lanes: its swimlanes, from the top or the left.
        frames: frames around some of its shapes, with their titles.
        notes: words beside shapes and connectors that label neither.
        doubts: what was seen but is not part of the graph, or makes the whole of it doubtful.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    lanes: tuple[Lane, ...] = ()
    frames: tuple[Lane, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[Finding, ...] = ()
