"""Reads all words of a page as text, and writes text into Markdown and CSV so that it stays text there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_agents.documents.overlay import Mark
from mm_agents.documents.pages import Source, open_pages, text_of
from mm_agents.types import Word

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?[\d.,\s]+%?$")


def in_markdown(text: str) -> str:
    """The text on one line, with what Markdown would read as markup escaped."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))


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
    """The words of one page, its number counted from 1; ``source`` says whether they are the PDF's own."""

    number: int
    words: tuple[Word, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """The words of a document's pages."""

    pages: tuple[PageText, ...]

    @property
    def text(self) -> str:
        """A line for each row of words, an empty line between pages."""
        return "\n\n".join(text_of(page.words) for page in self.pages)

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
        return {"text": self.text, "words": words}

    def marks(self) -> list[Mark]:
        """The boxes of the words."""
        return [Mark(box=word.box, page=page.number) for page in self.pages for word in page.words]


class TextReader:
    """Reads all words."""

    name = "text"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> DocumentText:
        """Read the words of a picture or PDF.

        Args:
            source: a picture or PDF.
            page: only this page of a PDF, from 1.
            model: not used: words and their places are read by OCR alone.
            ocr: what reads pictures; the plugin "ocr" by default.

        Raises:
            MediaError: the file cannot be used.
            MissingExtraError: the extra ``documents`` is not installed.
        """
        pages = open_pages(source, ocr=ocr, numbers=[page] if page else None)
        return DocumentText(
            pages=tuple(PageText(number=one.number, words=one.words, source=one.source) for one in pages)
        )


def build(argument: str = "") -> TextReader:
    """A reader; ``argument`` is not used."""
    return TextReader()
