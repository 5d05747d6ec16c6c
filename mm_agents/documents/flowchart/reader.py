"""Reads flowcharts, and judges whether what was traced is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.flowchart.data import Edge, Finding, FlowchartData, Node
from mm_agents.documents.flowchart.llm_check import differences
from mm_agents.documents.flowchart.parameters import PARAMETERS
from mm_agents.documents.flowchart.result import Flowchart
from mm_agents.documents.flowchart.vision.pipeline import too_many, trace
from mm_agents.documents.flowchart.vision.regions import count_outlines
from mm_agents.documents.pages import Page, Source, default_ocr, open_pages, unread_note
from mm_agents.types import Image, Scan

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr

NO_CHART = "This does not look like a flowchart: no shapes that connectors join were made out."


def confidence(nodes: Sequence[Node], edges: Sequence[Edge]) -> float:
    """How sure it is that this is a flowchart and read well, 0 to 1; 0 where it is taken for none."""
    known = {node.id: node for node in nodes}
    between = [edge for edge in edges if edge.source != edge.target and not _rules_a_table(edge, known)]
    joined = {id for edge in between for id in (edge.source, edge.target)}
    if len(nodes) < 2 or len(joined) < PARAMETERS.joined * len(nodes):
        return 0.0
    evidence = np.mean([_evidence(node) for node in nodes]) * np.mean([edge.confidence for edge in between])
    few = len(nodes) <= PARAMETERS.few_shapes
    if evidence < (PARAMETERS.evidence_of_few if few else PARAMETERS.evidence_of_many):
        return 0.0
    parts = [node.confidence for node in nodes] + [edge.confidence for edge in edges]
    improbable = max(1.0, len(edges) / (PARAMETERS.improbable * len(nodes)))
    return round(float(np.mean(parts)) * len(joined) / len(nodes) / improbable, 3)


def _evidence(node: Node) -> float:
    """How much a shape speaks for a chart, 0 to 1: it holds words that were read well, and fits its outline."""
    if sum(character.isalnum() for character in node.text) < 2:
        is_dot = node.shape in ("circle", "diamond", "bar") and node.confidence > PARAMETERS.well_fitting
        return PARAMETERS.least_evidence if is_dot else 0.0
    if node.confidence >= PARAMETERS.confident:
        return 1.0
    return PARAMETERS.fair_evidence if node.confidence >= PARAMETERS.fairly_confident else PARAMETERS.least_evidence


def _rules_a_table(edge: Edge, nodes: Mapping[str, Node]) -> bool:
    """Whether a line without a head continues a side of both shapes that it joins, as between two rows of a table."""
    if edge.heads != "none" or not edge.path:
        return False
    ends = nodes[edge.source].box, nodes[edge.target].box
    for axis, sides in ((0, [(box.x0, box.x1) for box in ends]), (1, [(box.y0, box.y1) for box in ends])):
        on = [point[axis] for point in edge.path]
        near = [max(PARAMETERS.on_side_pixels, PARAMETERS.on_side * (high - low)) for low, high in sides]
        for n in (0, 1):
            if all(abs(at - side[n]) <= room for side, room in zip(sides, near, strict=True) for at in on):
                return True
    return False


def build(argument: str = "") -> FlowchartReader:
    """A reader; ``argument`` is not used."""
    return FlowchartReader()


class FlowchartReader:
    """Reads flowcharts in pictures and PDFs: shapes, connectors and lanes by tracing, words by OCR. Thread-safe."""

    name = "flowchart"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Flowchart:
        """Read the chart on a page.

        Args:
            source: a picture or PDF.
            page: which page, from 1; the first by default.
            model: a chat model whose reading is compared with the traced graph.
            ocr: what reads the words; the plugin "ocr" by default.

        Raises:
            ConfigError: the page does not exist.
            MediaError: the file cannot be read.
            MediaTooLargeError: the chart has more shapes than are read.
            MissingExtraError: the extra ``documents`` is not installed.
        """
        engine: Ocr = ocr or default_ocr()
        opened = next(open_pages(source, ocr=_Bounded(engine), numbers=[page or 1]))
        chart = read_page(opened, engine)
        if model is None or not chart.nodes:
            return chart
        found = differences(chart.nodes, chart.edges, Image(pixels=opened.straight), model)
        return replace(chart, differences=tuple(found))


class _Bounded:
    """An OCR engine that does not read a picture with far too many shapes: that takes minutes, to be refused then."""

    def __init__(self, engine: Ocr) -> None:
        self._engine, self.name = engine, engine.name

    def read(self, image: Image, /) -> Scan:
        """Read all words of a picture.

        Raises:
            MediaTooLargeError: there are more shapes than are read.
        """
        if count_outlines(image.pixels) > PARAMETERS.most_outlines:
            raise too_many(f"more than {PARAMETERS.most_shapes}")
        return self._engine.read(image)

    def has_text(self, image: Image, /) -> bool:
        """Whether there seem to be words."""
        return self._engine.has_text(image)


def read_page(page: Page, ocr: Ocr) -> Flowchart:
    """The chart on an opened page, by rules alone; ``ocr`` looks again where words may have been missed."""
    traced, unread = doubted(trace(page, ocr)), unread_note(page)
    sure = confidence(traced.nodes, traced.edges)
    if sure == 0:
        return Flowchart(notes=(NO_CHART, *filter(None, [unread])), confidence=0.0, page=page.number)
    if unread:
        doubt = Finding(kind="uncertain", severity="warning", message=unread)
        traced = replace(traced, doubts=(*traced.doubts, doubt))
    return Flowchart(**vars(traced), confidence=sure, page=page.number)


def doubted(traced: FlowchartData) -> FlowchartData:
    """A graph with more connectors than a chart of its shapes has, each marked as doubtful; others as they are."""
    edges, nodes = len(traced.edges), len(traced.nodes)
    if edges <= PARAMETERS.improbable * nodes:
        return traced
    message = f"{edges} connectors for {nodes} shapes are improbable: the lines of this chart were not followed well."
    doubt = Finding(kind="uncertain", severity="error", message=message)
    share = PARAMETERS.improbable * nodes / edges
    doubtful = tuple(replace(edge, confidence=min(edge.confidence, 0.5) * share) for edge in traced.edges)
    return replace(traced, edges=doubtful, doubts=(doubt, *traced.doubts))
