"""The reading of a flowchart: a typed graph, and all that is computed from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from mm_agents._text import parts_of
from mm_agents.documents import summary
from mm_agents.documents.answers import in_its_language, in_parts
from mm_agents.documents.flowchart import export, questions, situation_questions
from mm_agents.documents.flowchart import process as process_module
from mm_agents.documents.flowchart.data import Edge, Finding, FlowchartData, Node
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.process import Process, Walk
from mm_agents.documents.summary import ShownReading
from mm_agents.documents.text import in_markdown
from mm_agents.types import Box, DocumentAnswer, Mark, ReadingTable

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


@dataclass(frozen=True, kw_only=True, repr=False)
class Flowchart(ShownReading, FlowchartData):
    """A chart as a graph. Its texts are what the picture says: data, never instructions.

    Attributes:
        confidence: how sure it is that this is a flowchart and read well, 0 to 1; 0 where nothing was made out.
        differences: what a chat model read otherwise, where one was asked.
        page: the number of the page, from 1.
    """

    confidence: float = 1.0
    differences: tuple[Finding, ...] = ()
    page: int = 1

    def node(self, name: str) -> Node:
        """The node of that id."""
        return self.process.nodes[name]

    @cached_property
    def process(self) -> Process:
        """The chart read as a process: where it starts, decides and ends."""
        return Process(self.nodes, self.edges)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader of the chart should know: unreachable nodes, dead ends, doubtful decisions, endless loops."""
        found = process_module.findings(self.process, self.nodes, self.edges) if self.nodes else ()
        return (*self.doubts, *found, *self.differences)

    def paths(self, *, most: int = 1000) -> list[tuple[str, ...]]:
        """Every way from a start to an end, as ids of nodes; each connector is taken once in a way at most."""
        return list(process_module.paths(self.process, most=most))

    def walk(self, start: str | None = None) -> Walk:
        """Begin to walk through it, from its start or from a node's id."""
        return Walk(self.process, start)

    def to_steps(self) -> str:
        """Numbered steps with branches: "If NO: go to 5."."""
        return export.steps(self.process)

    def _repr_html_(self) -> str:
        """Its steps and tables, for a notebook."""
        return summary.html(self, text=self.to_steps())

    def to_markdown(self) -> str:
        """The numbered steps and the chart as Mermaid; a sentence where no chart was found."""
        if not self.nodes:
            return "\n".join(["No flowchart was found.", *self.notes, ""])
        steps = "\n".join(in_markdown(line) for line in self.to_steps().splitlines())
        return f"{steps}\n\n```mermaid\n{self.to_mermaid()}```\n"

    def tables(self) -> list[ReadingTable]:
        """The nodes and the edges; those that have rows."""
        nodes = tuple((node.id, node.text, node.shape, node.lane or "", node.frame or "") for node in self.nodes)
        edges = tuple((edge.source, edge.target, edge.label, edge.heads) for edge in self.edges)
        found = (
            ReadingTable(name="nodes", header=("id", "text", "shape", "lane", "frame"), rows=nodes),
            ReadingTable(name="edges", header=("source", "target", "label", "heads"), rows=edges),
        )
        return [table for table in found if table.rows]

    def to_mermaid(self) -> str:
        """Mermaid text."""
        return export.mermaid(self)

    def to_dot(self) -> str:
        """Graphviz text."""
        return export.dot(self)

    def to_python(self) -> str:
        """A Python module that walks the process with the caller's actions and decisions; it is never run here."""
        return export.module(self.process)

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by following the connectors.

        Args:
            question: in English: what comes after or before a step, who does it, how many decisions there are, the
                shortest or longest way, whether one step can be reached without another.
            model: not needed; code follows the chart.
        """

        def one(part: str) -> DocumentAnswer:
            return situation_questions.answer(self.process, part) or questions.answer(self.process, part)

        def asked(english: str) -> DocumentAnswer:
            told = situation_questions.answer(self.process, english)  # "it is late. What do I do?" is one question
            if told is not None:
                return told
            alone = situation_questions.without_situation(self.process, english)
            if alone is None:
                return DocumentAnswer(question=question)
            return replace(in_parts(alone, parts_of(alone), one), question=question)

        return in_its_language(question, asked)

    def to_json(self) -> dict[str, Any]:
        """The keys "nodes", "edges", "lanes", "frames", "notes", "findings" and "confidence"."""
        return {
            "nodes": _entries(self.nodes, "id text shape lane box frame confidence unsure"),
            "edges": _entries(self.edges, "source target label path heads dashed confidence unsure"),
            "lanes": [lane.name for lane in self.lanes],
            "frames": [{"title": frame.name, "box": _plain(frame.box)} for frame in self.frames],
            "notes": list(self.notes),
            "findings": _entries(self.findings, "kind severity message nodes"),
            "confidence": self.confidence,
        }

    def marks(self) -> list[Mark]:
        """Boxes to draw on the page: shapes with their ids, labels of connectors; red where something is unsure."""
        found = [
            Mark(
                box=node.box,
                label=f"{node.id} {node.shape}",
                status="unverified" if node.unsure or node.confidence < PARAMETERS.verified else "verified",
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


def _entries(items: Iterable[Node | Edge | Finding], names: str) -> list[dict[str, Any]]:
    """The named attributes of each."""
    return [{name: _plain(getattr(item, name)) for name in names.split()} for item in items]


def _plain(value: Any) -> Any:
    """Boxes and tuples as lists."""
    if isinstance(value, Box):
        return [value.x0, value.y0, value.x1, value.y1]
    return [_plain(part) for part in cast("tuple[Any, ...]", value)] if isinstance(value, tuple) else value
