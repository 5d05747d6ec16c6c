"""Reads all words of a page as text, and writes text as Markdown and CSV with markup and formulas escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_agents.documents import text_questions
from mm_agents.documents.pages import Page, Source, lines_of, open_pages, paragraphs_of, text_of, unread_note
from mm_agents.documents.summary import ShownReading
from mm_agents.documents.text_questions import TextLine
from mm_agents.types import DocumentAnswer, Evidence, Mark, ReadingTable, Word

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_BLOCK = re.compile(r"^(\d*)([#+\-=~.)])")
_NUMBER = re.compile(r"^[+-]?[\d.,\s]+%?$")


def in_markdown(text: str) -> str:
    """The text on one line, with what Markdown would read as markup escaped."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def markdown_lines(lines: Sequence[str]) -> str:
    """Lines of text with a break after each, so that Markdown shows them as lines and reads nothing as markup."""
    shown = (_BLOCK.sub(r"\1\\\2", in_markdown(line)) for line in lines)
    return "  \n".join(shown) + "\n"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A GitHub table."""
    lines = [head, ["---"] * len(head), *rows]
    shown = (" | ".join("---" if text == "---" else in_markdown(text) for text in line) for line in lines)
    return "\n".join(f"| {line} |" for line in shown) + "\n"


def guarded(text: str, is_number: Callable[[str], object] = _NUMBER.match) -> str:
    """A text that a spreadsheet takes for text: what would be a formula gets an apostrophe, a number none."""
    return "'" + text if _FORMULA.match(text) and not is_number(text) and len(text) > 1 else text


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The words of one page.

    Attributes:
        number: from 1.
        words: in reading order.
        source: whether the words were read in the picture or are the PDF's own.
        lines: the rows of words as text, each with its place; turned words at the end.
    """

    number: int
    words: tuple[Word, ...]
    source: str
    lines: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DocumentText(ShownReading):
    """The words of a document's pages.

    Attributes:
        pages: from the first.
        notes: which writing on them is not read.
    """

    pages: tuple[PageText, ...]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """A line for each row of words, an empty line between pages."""
        return "\n\n".join(text_of(page.words) for page in self.pages)

    @property
    def paragraphs(self) -> str:
        """The same with an empty line between paragraphs, as far as their gaps and short lines tell them."""
        return "\n\n".join(paragraphs_of(page.words) for page in self.pages)

    def to_json(self) -> dict[str, Any]:
        """The document that ``read text --json`` prints."""
        words = [
            {
                "text": word.text,
                "box": [word.box.x0, word.box.y0, word.box.x1, word.box.y1],
                "confidence": word.confidence,
                "page": page.number,
                "line": word.line,
            }
            for page in self.pages
            for word in page.words
        ]
        return {"text": self.text, "words": words} | ({"notes": list(self.notes)} if self.notes else {})

    def to_markdown(self) -> str:
        """A line for each row of words, an empty line between pages; "" where there are no words."""
        return "\n".join(markdown_lines([_quote(line) for line in page.lines]) for page in self.pages if page.lines)

    def tables(self) -> list[ReadingTable]:
        """One table: the lines with their pages; none where there are no words."""
        rows = tuple((str(page.number), _quote(line)) for page in self.pages for line in page.lines)
        return [ReadingTable(name="lines", header=("page", "text"), rows=rows)] if rows else []

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by quoting lines of the text.

        Args:
            question: in English: what it says, whether and where it mentions a phrase, how many words it has, or words
                that are all in one line.
            model: copies the passage that answers any other question; a passage that is not in the text is dropped.
        """
        lines = [TextLine(text=_quote(line), evidence=line) for page in self.pages for line in page.lines]
        return text_questions.ask(lines, question, model=model)

    def marks(self) -> list[Mark]:
        """The boxes of the words."""
        return [Mark(box=word.box, page=page.number) for page in self.pages for word in page.words]


class TextReader:
    """Reads all words."""

    name = "text"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> DocumentText:
        """Read the words of a picture or PDF, as ``DocumentReader.read``, by OCR alone: ``model`` is not used."""
        found: list[PageText] = []
        notes: list[str] = []
        for one in open_pages(source, ocr=ocr, numbers=[page] if page else None):
            found.append(PageText(number=one.number, words=one.words, source=one.source, lines=_lines(one)))
            notes += filter(None, [unread_note(one)])
        return DocumentText(pages=tuple(found), notes=tuple(notes))


def _lines(page: Page) -> tuple[Evidence, ...]:
    """The lines of a page, each with its place."""
    how = "text of the PDF" if page.source == "pdf" else "read by OCR"
    return tuple(page.evidence(words, how=how) for words in lines_of(page.words))


def _quote(line: Evidence) -> str:
    return line.quote or ""


def build(argument: str = "") -> TextReader:
    """A reader; ``argument`` is not used."""
    return TextReader()
