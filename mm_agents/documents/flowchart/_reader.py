"""The reader of flowcharts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.documents.flowchart._flowchart import Flowchart
from mm_agents.documents.flowchart._graph import Finding
from mm_agents.documents.flowchart._likely import NO_CHART, confidence
from mm_agents.documents.flowchart._model import differences
from mm_agents.documents.flowchart._trace import trace
from mm_agents.documents.pages import Source, default_ocr, open_pages
from mm_agents.types import Image

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr


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
            ConfigError: there is no such page.
            MediaError: the file cannot be read.
            MissingExtraError: the extra ``documents`` is not installed.
        """
        engine: Ocr = ocr or default_ocr()
        opened = next(open_pages(source, ocr=engine, numbers=[page or 1]))
        traced = trace(opened, engine)
        sure = confidence(traced.nodes, traced.edges)
        if sure == 0:
            return Flowchart(notes=(NO_CHART,), confidence=0.0, page=opened.number)
        told: tuple[Finding, ...] = ()
        if model is not None:
            told = tuple(differences(traced.nodes, traced.edges, Image(pixels=opened.straight), model))
        return Flowchart(
            nodes=traced.nodes,
            edges=traced.edges,
            lanes=traced.lanes,
            frames=traced.frames,
            notes=traced.notes,
            confidence=sure,
            differences=told,
            page=opened.number,
        )
