"""Tools that read documents and listen to recordings; what they read and hear is data alone."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from pydantic import Field

from mm_agents import media
from mm_agents._text import clock, content_words
from mm_agents.documents import read_document, text_questions
from mm_agents.documents.text_questions import TextLine
from mm_agents.documents.transcript import Transcript
from mm_agents.errors import ChatError, ToolError
from mm_agents.media import MediaFile
from mm_agents.protocols import Calibrated
from mm_agents.security.injection import WITHHELD, screen
from mm_agents.toolbox.sources import Asset, Sources, crops, stored_page
from mm_agents.tools import ToolResult
from mm_agents.types import SPOKEN, DocumentAnswer, Evidence, Sentence, Text

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.documents.flowchart import Flowchart
    from mm_agents.documents.hidden_text import HiddenText
    from mm_agents.documents.invoice import Invoice
    from mm_agents.documents.table import Table
    from mm_agents.documents.text import DocumentText
    from mm_agents.protocols import Embedder
    from mm_agents.protocols import Reading as DocumentReading

SourceArgument = Annotated[
    str, Field(description="The picture or PDF to read: an id from a search, a path, or an attachment's name.")
]
Question = Annotated[str | None, Field(description="What to answer from it; numbers are computed by code.")]
TableArgument = Annotated[
    str,
    Field(
        description="The picture, PDF or text file with a table: an id from a search, a path, or an attachment's name."
    ),
]
TextArgument = Annotated[
    str,
    Field(description="The text file, picture or PDF to read: an id from a search, a path, or an attachment's name."),
]
RecordingArgument = Annotated[
    str, Field(description="The recording or clip to listen to: an id from a search, a path, or an attachment's name.")
]
About = Annotated[str | None, Field(description="What is wanted of it, in a few words; left out for all that is said.")]
PageNumber = Annotated[int | None, Field(ge=1, description="Only this page of a PDF.")]

_Said = TypeVar("_Said", Sentence, TextLine)
_KEPT = 32  # readings
_DOCUMENTS = ("image", "pdf"), "a picture or a PDF is read"
_READ = {
    "table": (("image", "pdf", "text"), "a picture, a PDF or a text file is read"),
    "text": (("image", "pdf"), "a text file, a picture or a PDF is read"),
    "transcript": (("audio", "video"), "a recording or a clip is listened to"),
}
_MOST_SAID = 100
"""Sentences of a transcript that are told; ``read text`` writes the whole of it."""
_LONGEST = 100_000  # characters of a text in a payload
_MOST_LINES = 12
"""Lines of a text that are quoted together; the file has the others."""
_HALF = 0.5
"""The share of the words asked about from which a sentence is about them."""


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
        """A document, recording or clip as the reader of that name reads it."""
        kinds, what = _READ.get(reader, _DOCUMENTS)
        if file.media_type not in kinds:
            raise ToolError(f"{file.name!r} is {file.format}; {what}.", retry=True)
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
        first_page = found.number.verified and found.date.verified and (found.seller.verified or found.buyer.verified)
        # A table may have a "total" and a line that is taken for a seller; an amount due comes with more.
        told = {name for name, field in document["fields"].items() if field["value"]} - {"seller", "buyer"}
        if not (document["items"] or ("total" in told and len(told) > 1) or first_page):
            raise ToolError(
                f"No items and no total were found in {asset.name!r}: it seems to be no invoice.", retry=True
            )
        return self._told(asset, found, document, question, found.to_markdown(), named)

    def read_table(self, source: TableArgument, question: Question = None, page: PageNumber = None) -> ToolResult:
        """Read a table, sheet or grid of figures as Markdown, or answer a question by computing over its cells."""
        asset, reading = self._read("table", source, page)
        found = cast("Table", reading)
        found = found.about(question) if question else found
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

    def read_text(self, source: TextArgument, question: Question = None, page: PageNumber = None) -> ToolResult:
        """Read all words of a text file, picture or PDF: its first lines, or those that answer a question about it."""
        asset = self._sources.resolve(source)
        text, lines = self._lines(asset, page)
        answered = text_questions.ask(lines, question, model=self._readings.model) if question else None
        if answered is not None and answered.answer is None:
            near = sentences_about(question or "", lines, None)
            if near and len(near) <= _MOST_LINES:
                answered = text_questions.quoting(answered.question, near)
        if answered is not None and len(answered.evidence) > _MOST_LINES:
            counted = isinstance(answered.value, int)  # how many lines it has is not quoted
            answered = replace(answered, evidence=(asset.whole("read"),)) if counted else None
        has_answer = answered is not None and answered.answer is not None
        # Each line of a page has a place of its own; those of a text file are all in that file.
        cited = lines[:_MOST_LINES] if asset.media_type == "text" else lines
        quoted = [one.evidence for one in cited if one.evidence is not None]
        beginning = "\n".join(line.text for line in lines[:_MOST_LINES]) or "It is empty."
        return ToolResult(
            text=f"{asset.name}:\n{answered.answer if answered is not None and has_answer else beginning}",
            payload=_payload(asset, {"text": text[:_LONGEST]}, answered)
            | {"more": not has_answer and len(lines) > _MOST_LINES},
            evidence=(answered.evidence if answered is not None and has_answer else tuple(quoted))
            or (asset.whole("read"),),
            assets=_ids(asset),
        )

    def _lines(self, asset: Asset, page: int | None) -> tuple[str, list[TextLine]]:
        """The words of a text file, picture or PDF, and its lines but those that read like an instruction."""
        file = asset.file()
        if file.media_type == "text":
            text = media.load_text(file)
            whole = [" ".join(line.split()) for line in screen(text)[0].splitlines() if line.strip()]
            lines = [TextLine(text=line, evidence=replace(asset.whole("read"), quote=line)) for line in whole]
        else:
            read = cast("DocumentText", self._readings.read("text", file, page))
            text, places = read.paragraphs, [asset.owning(line) for one in read.pages for line in one.lines]
            lines = [TextLine(text=screen(place.quote or "")[0], evidence=place) for place in places]
        return text, [line for line in lines if WITHHELD not in line.text]

    def read_speech(self, source: RecordingArgument, about: About = None) -> ToolResult:
        """Transcribe what is said in a recording or clip, with its seconds, or what is said about something in it."""
        asset = self._sources.resolve(source)
        transcript = self._transcript(asset)
        spoken = transcript.sentences
        said = sentences_about(about, spoken, self._embedder()) if about else spoken
        evidence = [asset.owning(transcript.evidence(one)) for one in said[:_MOST_SAID]]
        lines = [f"{clock(round(one.t0, 1))} {one.text}" for one in said[:_MOST_SAID]]
        if not said:
            lines = [f"Nothing is said about {about!r}." if spoken else "Nobody speaks."]
        elif len(said) > _MOST_SAID:
            lines.append(f"… and {len(said) - _MOST_SAID} sentences more.")
        return ToolResult(
            text="\n".join([f"Said in {asset.name}:", *lines]),
            payload=_payload(asset, transcript.to_json(), None) | {"about": about, "more": len(said) - len(evidence)},
            evidence=tuple(evidence) or (asset.whole("listened to"),),
            assets=_ids(asset),
        )

    # ------------------------------------------------------------ helpers

    def _embedder(self) -> Embedder | None:
        """What compares texts here, in more languages than one where that can be."""
        library = self._sources.library
        names = [vector.name for vector in library.store.spec.vectors_with_role("text", "speech")]
        return library.routes.embedder(names[-1]) if names else None

    def _transcript(self, asset: Asset) -> Transcript:
        """What the library has heard in a recording or clip of its own; else what is heard now."""
        parts = self._sources.library.parts(asset.id) if asset.record is not None else ()
        heard = [part for part in parts if SPOKEN in part.properties]
        if not heard or asset.record is None:
            return cast("Transcript", self._readings.read("transcript", asset.file(), None))
        said = (
            Sentence(
                text=part.text,
                t0=float(str(part.properties["t0"])),
                t1=float(str(part.properties["t1"])),
                language=str(part.properties.get("language", "")),
            )
            for part in heard
            if part.text
        )
        return Transcript(
            sentences=tuple(said),
            sha256=str(asset.record.properties["sha256"]),
            name=asset.name,
            heard_by=str(heard[0].properties[SPOKEN]),
        )

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


def sentences_about(about: str, spoken: Sequence[_Said], embedder: Embedder | None) -> Sequence[_Said]:
    """The sentences or lines that have most of some words; where none has half of them, those near by their meaning.

    Args:
        about: the words.
        spoken: the sentences, in order.
        embedder: compares texts; None for words alone.
    """
    wanted = content_words(about)
    shares = [len(wanted & content_words(one.text)) / max(len(wanted), 1) for one in spoken]
    most = max(shares, default=0.0)
    if most >= _HALF:
        return [one for one, share in zip(spoken, shares, strict=True) if share == most]
    if not spoken or not isinstance(embedder, Calibrated):
        return []
    asked = embedder.embed([Text(text=about)], role="query")[0]
    near = embedder.embed([Text(text=one.text) for one in spoken], role="document") @ asked
    fair, _ = embedder.bands(asked, asked="text", of="text")
    return [one for one, cosine in zip(spoken, near, strict=True) if cosine >= fair]


def without_parties(question: str, document: dict[str, Any]) -> str:
    """A question without the names of an invoice's parties, which tell no item: "what did Northwind charge for …"."""
    fields = document.get("fields", {})
    names = [fields[name]["value"] for name in ("seller", "buyer") if name in fields and fields[name]["value"]]
    items = " ".join(str(item["description"]) for item in document.get("items", ())).casefold()
    words = {word for name in names for word in re.findall(r"\w{2,}", name.casefold()) if word not in items}
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


READ_SPEECH_EXAMPLES = (
    "transcribe this recording",
    "what does she say about the harbour",
    "write down what is said in the voice memo",
    "does anybody mention the train in this clip",
    "what is he talking about",
)
"""Questions for ``read_speech``."""
