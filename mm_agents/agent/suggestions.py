"""What a user could ask of a library, made of its own files: for who greets, or asks what is not here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from mm_agents import media
from mm_agents.agent.file_questions import words_of_name
from mm_agents.errors import MMAgentsError
from mm_agents.security.injection import screen, screen_name
from mm_agents.toolbox.describing import SURE, ImageClassifierView
from mm_agents.types import Condition

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.agent.planner import OfflinePlanner
    from mm_agents.ingest.facts import DocumentFacts
    from mm_agents.library import Library
    from mm_agents.types import Record

_KINDS = ("image", "text", "video", "film", "pdf")
_NOUNS = {
    "image": "pictures",
    "video": "clips",
    "audio": "recordings",
    "text": "texts",
    "pdf": "PDFs",
    "film": "films",
}
_LOOKED_AT = 6  # files of each kind
_FOUND = 50  # pages with a word for an invoice, of which a file has several
_MOST = 3
_LETTERS = re.compile(r"[^\W\d]{3}")  # a file's name or title without so many beside each other tells nothing
_TITLE = 60  # characters
_PAGES = frozenset(
    {"web site", "menu", "crossword puzzle", "envelope", "book jacket", "comic book"}
)  # of scans, at a glance
_LABELS = "invoice rechnung facture factura fattura receipt quittung reçu recibo"
_LABEL = re.compile(rf"\b(?:{'|'.join(_LABELS.split())})\b", re.IGNORECASE)
_COUNTED = 1000
"""Pictures whose things are counted, to know what many of them show."""


class Suggestions:
    """Makes questions that the tools can answer from a library. What its pictures show is looked at once.

    Args:
        library: whose files are named.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._sight = ImageClassifierView(library)
        self._shown: dict[tuple[str, object], str | None] = {}
        self._planned: dict[str, bool] = {}

    def of(self, planner: OfflinePlanner) -> list[str]:
        """Three questions; fewer where the library holds little.

        Args:
            planner: a question that it has no tool for is left out; it is of the same tools every time.
        """
        asked = [self._of_papers(), self._of_objects(), *(self._of_kind(kind) for kind in _KINDS)]
        found: list[str] = []
        while asked and len(found) < _MOST:  # one of each kind, then a second of each
            for questions in list(asked):
                one = next((text for text in questions if text not in found and self._has_tool(text, planner)), None)
                if one is None:
                    asked.remove(questions)
                elif len(found) < _MOST:
                    found.append(one)
        return found

    def offer(self, builder: AnswerBuilder, planner: OfflinePlanner, *, told: bool = False) -> None:
        """Add the questions to an answer, after the kinds of files that the library holds, where they are ``told``."""
        held = [noun for kind, noun in _NOUNS.items() if told and self._library.count(where=_of_type(kind))]
        if held:
            builder.say(f"The library holds {' and '.join(filter(None, (', '.join(held[:-1]), held[-1])))}.")
        questions = self.of(planner)
        for line in ("What you could ask here:", *(f"- {one}" for one in questions)) if questions else ():
            builder.say(line)

    def _has_tool(self, text: str, planner: OfflinePlanner) -> bool:
        if text not in self._planned:
            self._planned[text] = bool(planner.plan(text).tools)
        return self._planned[text]

    def _of_papers(self) -> Iterator[str]:
        """The total of an invoice: pages that have an invoice's words are read until one has a total, which is kept."""
        wordy: dict[str, str] = {}
        papers = Condition("media_type", "in", ("image", "pdf"))
        for match in self._library.store.search(text=_LABELS, where=papers, limit=_FOUND):
            if _LABEL.search(match.record.text):
                wordy.setdefault(match.record.asset, match.record.text)
        for id in islice(wordy, _LOOKED_AT):
            found: Iterable[DocumentFacts] = ()
            with suppress(MMAgentsError):  # without what reads documents, nothing of them is offered
                found = self._library.facts("invoice", where=Condition("id", "eq", id), most=1, progress=False)
            for document in found:
                if document.fact("total").confirmed and screen_name(document.name):
                    yield f"What is the total of {document.name}?"

    def _of_objects(self) -> Iterator[str]:
        """How many pictures show what most of them show."""
        pictures = Condition("media_type", "eq", "image")
        counts = Counter(
            str(one)
            for record in islice(self._library.iterate(where=pictures), _COUNTED)
            if isinstance(objects := record.properties.get("objects"), tuple)
            for one in objects
        )
        for name, n in counts.most_common(_LOOKED_AT):
            if n > 1:
                yield f"How many pictures show {'an' if name[:1] in 'aeiou' else 'a'} {name}?"

    def _of_kind(self, kind: str) -> Iterator[str]:
        for record in islice(self._library.iterate(where=_of_type(kind)), _LOOKED_AT):
            if screen_name(record.name) and (question := self._question(record, kind)):
                yield question

    def _question(self, record: Record, kind: str) -> str | None:
        stem = words_of_name(record.name).strip()
        if kind == "film":
            return f"Recommend films like {record.name}"
        if kind == "video":
            return f"Find the clip “{stem}”" if _LETTERS.search(stem) else None
        if kind in ("text", "pdf"):
            title = next((line.strip(" #*=-") for line in (record.text or "").splitlines() if line.strip(" #*=-")), "")
            said = title if _LETTERS.search(title) and len(title) <= _TITLE and screen(title)[0] == title else stem
            return f"Which text is about “{said}”?"
        if shown := self._class_of(record):
            return f"Show me pictures of a {shown}"
        return f"What is on {record.name}?"

    def _class_of(self, record: Record) -> str | None:
        """What a picture surely shows, in a word."""
        key = (record.id, record.properties.get("sha256"))
        if key not in self._shown:
            classes: Sequence[tuple[str, float]] = ()
            if record.thumbnail is not None:
                with suppress(MMAgentsError):
                    classes, _ = self._sight.named(media.load_image(record.thumbnail))
            sure = classes[0][0] if classes and classes[0][1] >= SURE else None
            self._shown[key] = None if sure in _PAGES else sure
        return self._shown[key]


def _of_type(kind: str) -> Condition:
    return Condition("media_type", "eq", kind)
