"""Tools that read documents: invoices, tables, flowcharts and hidden text; what they read is data alone."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field

from mm_agents.documents import read_document
from mm_agents.errors import ChatError, ToolError
from mm_agents.media import MediaFile
from mm_agents.toolbox.sources import Asset, Sources, crops, stored_page
from mm_agents.tools import ToolResult
from mm_agents.types import DocumentAnswer, Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.documents.flowchart import Flowchart
    from mm_agents.documents.hidden_text import HiddenText
    from mm_agents.documents.invoice import Invoice
    from mm_agents.documents.table import Table
    from mm_agents.protocols import Reading as DocumentReading

SourceArgument = Annotated[
    str, Field(description="The picture or PDF to read: an id from a search, a path, or an attachment's name.")
]
Question = Annotated[str | None, Field(description="What to answer from it; numbers are computed by code.")]
PageNumber = Annotated[int | None, Field(ge=1, description="Only this page of a PDF.")]

_KEPT = 32  # readings


class Readings:
    """Reads documents and keeps the latest readings by content, so that a second question is quick. Thread-safe.

    Args:
        model: a chat model that reads too; None for rules alone.
    """

    def __init__(self, model: ChatModel | None) -> None:
        self.model = model
        self._kept: OrderedDict[tuple[str, str, int | None], DocumentReading] = OrderedDict()
        self._lock = Lock()

    def read(self, reader: str, file: MediaFile, page: int | None) -> DocumentReading:
        """A document as the reader of that name reads it."""
        if file.media_type not in ("image", "pdf"):
            raise ToolError(f"{file.name!r} is {file.format}; a picture or a PDF is read.", retry=True)
        key = (reader, file.sha256, page)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            found = read_document(reader, file, page=page, model=self.model)
        except ChatError:
            # What the rules read is located and checked as well; a failed model must not stop the reading.
            found = read_document(reader, file, page=page)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


class Reading:
    """The functions behind the tools; their first lines are what a model reads of them.

    Args:
        sources: what arguments point at.
        readings: reads, and remembers.
    """

    def __init__(self, sources: Sources, readings: Readings) -> None:
        self._sources, self._readings = sources, readings

    def read_invoice(self, source: SourceArgument, question: Question = None, page: PageNumber = None) -> ToolResult:
        """Read an invoice or receipt: its fields, items and sums, or the answer to a question about it."""
        asset, reading = self._read("invoice", source, page)
        found = cast("Invoice", reading)
        document = found.to_json()
        named = [one for name in document["fields"] for one in found.field(name).evidence]
        named += [one for item in found.items for one in item.evidence.values()]
        if not (document["items"] or document["fields"]["total"]["value"]):
            raise ToolError(
                f"No items and no total were found in {asset.name!r}: it seems to be no invoice.", retry=True
            )
        return self._told(asset, found, document, question, found.to_markdown(), named)

    def read_table(self, source: SourceArgument, question: Question = None, page: PageNumber = None) -> ToolResult:
        """Read a table or a grid of figures as Markdown, or answer a question by computing over its cells."""
        asset, reading = self._read("table", source, page)
        found = cast("Table", reading)
        if not found.cells:
            raise ToolError(f"No table was found in {asset.name!r}.", retry=True)
        document = found.to_json() | {
            "markdown": found.to_markdown(),
            "csv": found.to_csv(),
            "html": found.to_html(),
        }
        named = [one for cell in found.cells for one in cell.evidence]
        return self._told(asset, found, document, question, found.to_markdown(), named)

    def read_flowchart(self, source: SourceArgument, question: Question = None, page: PageNumber = None) -> ToolResult:
        """Read a flowchart or process diagram: its steps, branches and lanes, as a list, Mermaid or Python code."""
        asset, reading = self._read("flowchart", source, page)
        found = cast("Flowchart", reading)
        if len(found.nodes) < 2 or not found.edges:
            raise ToolError(f"No flowchart was found in {asset.name!r}.", retry=True)
        document = found.to_json() | {
            "steps": found.to_steps(),
            "mermaid": found.to_mermaid(),
            "dot": found.to_dot(),
            "python": found.to_python(),
        }
        named = [node.evidence for node in found.nodes if node.evidence is not None]
        return self._told(asset, found, document, question, document["steps"], named)

    def read_hidden_text(self, source: SourceArgument, page: PageNumber = None) -> ToolResult:
        """Read text that is almost of the colour of its background, such as a hidden message."""
        asset, reading = self._read("hidden_text", source, page)
        found = cast("HiddenText", reading)
        document = found.to_json()
        if not found.lines:
            return ToolResult(
                text=f"{document['how'][:1].upper()}{document['how'][1:]} in {asset.name}.",
                payload=_payload(asset, document, None),
                evidence=(asset.whole("looked for hidden text"),),
                assets=_ids(asset),
            )
        places = tuple(asset.owning(line.evidence) for line in found.lines if line.evidence is not None)
        return ToolResult(
            text=f"Hidden in {asset.name}: {found.text}",
            media=self._crops(asset, places),
            payload=_payload(asset, document, None),
            evidence=places or (asset.whole("read by a model alone"),),
            assets=_ids(asset),
        )

    # ------------------------------------------------------------ helpers

    def _read(self, reader: str, source: str, page: int | None) -> tuple[Asset, DocumentReading]:
        asset = self._sources.resolve(source)
        return asset, self._readings.read(reader, asset.file(), page)

    def _told(
        self,
        asset: Asset,
        found: DocumentReading,
        document: dict[str, Any],
        question: str | None,
        whole: str,
        named: Sequence[Evidence],
    ) -> ToolResult:
        """The answer to the question with its places, or the whole reading with all of them."""
        answered: DocumentAnswer | None = None
        if question is not None and question.strip():
            answered = self._ask(found, question)
            bare = without_parties(question, document)
            if answered.answer is None and bare != question:
                answered = replace(self._ask(found, bare), question=question)
        if answered is not None and answered.answer is not None:
            places = tuple(asset.owning(one) for one in answered.evidence)
            doubt = f" ({answered.doubt})" if answered.doubt else ""
            text = f"Of {asset.name}: {answered.answer}{doubt}"
        else:
            places = tuple(asset.owning(one) for one in named)
            why = f"{answered.reason or 'The question cannot be answered by code.'}\n" if answered else ""
            text = f"{why}{asset.name}:\n{whole}"
        return ToolResult(
            text=text,
            media=self._crops(asset, places if answered and answered.answer else ()),
            payload=_payload(asset, document, answered),
            evidence=places or (asset.whole("read"),),
            assets=_ids(asset),
        )

    def _ask(self, found: DocumentReading, question: str) -> DocumentAnswer:
        """What a reading answers; by the rules alone where the model fails."""
        try:
            return found.ask(question, model=self._readings.model)
        except ChatError:
            return found.ask(question)

    def _crops(self, asset: Asset, places: Sequence[Evidence]) -> tuple[Any, ...]:
        if not any(one.box for one in places):
            return ()
        file = asset.file()
        return crops(places, lambda number: stored_page(file, number), asset.name)


def without_parties(question: str, document: dict[str, Any]) -> str:
    """A question without the names of an invoice's parties, which tell no item: "what did Northwind charge for …"."""
    fields = document.get("fields", {})
    names = [fields[name]["value"] for name in ("seller", "buyer") if name in fields and fields[name]["value"]]
    words = {word for name in names for word in re.findall(r"\w{2,}", name.casefold())}
    kept = [word for word in question.split() if not words & set(re.findall(r"\w{2,}", word.casefold()))]
    return " ".join(kept)


def _payload(asset: Asset, document: dict[str, Any], answered: DocumentAnswer | None) -> dict[str, Any]:
    return {
        "source": {"id": asset.id, "name": asset.name, "media_type": asset.media_type},
        "reading": document,
        "answered": answered.to_json() if answered else None,
    }


def _ids(asset: Asset) -> tuple[str, ...]:
    return (asset.id,) if asset.record is not None else ()
