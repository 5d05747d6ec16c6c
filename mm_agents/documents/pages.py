"""Words in rows: the reading order of a straight page."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from mm_agents import _plugins, media
from mm_agents.documents.ocr_engine import find_ink
from mm_agents.documents.page_transform import Frame
from mm_agents.documents.parameters import PARAMETERS
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.media import DEFAULT_LIMITS, Limits, MediaFile, PrintedPage
from mm_agents.media.files import asset_id
from mm_agents.security.injection import screen_words
from mm_agents.types import Box, Evidence, Image, Word

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray


def rows(words: Iterable[Word]) -> list[list[Word]]:
    """Words beside each other on the straight page, rows from the top, words from the left; turned ones left out."""
    found: list[list[Word]] = []
    centres: list[float] = []
    for word in sorted((word for word in words if word.turned == 0), key=middle):
        near = min(range(max(0, len(found) - 3), len(found)), key=lambda n: abs(centres[n] - middle(word)), default=-1)
        apart = PARAMETERS.row_offset * (word.place.y1 - word.place.y0)
        if near >= 0 and abs(centres[near] - middle(word)) < apart:
            found[near].append(word)
            centres[near] = median(middle(one) for one in found[near])
        else:
            found.append([word])
            centres.append(middle(word))
    order = sorted(range(len(found)), key=centres.__getitem__)
    return [sorted(found[n], key=lambda word: word.place.x0) for n in order]


def lines_of(words: Sequence[Word]) -> list[list[Word]]:
    """The rows of words, then the turned ones line by line."""
    turned: dict[int, list[Word]] = {}
    for word in words:
        if word.turned:
            turned.setdefault(word.line, []).append(word)
    return [*rows(words), *turned.values()]


def text_of(words: Sequence[Word]) -> str:
    """The words' text: those of one row with spaces between them, a line for each row, turned ones at the end."""
    return "\n".join(" ".join(word.text for word in line) for line in lines_of(words))


def paragraphs_of(words: Sequence[Word]) -> str:
    """As ``text_of``, with an empty line where a paragraph ends.

    It ends at a wide gap, with a sentence that ends its line, and at a line that is short: the first word of the next
    one had room beside it.
    """
    lines = rows(words)
    right = max((line[-1].place.x1 for line in lines), default=0)
    steps = [_top(below) - _top(above) for above, below in pairwise(lines)]
    usual = median(steps) if steps else 0
    text = ""
    for n, line in enumerate(lines):
        said = " ".join(word.text for word in line)
        if n:
            first = line[0].place
            gap = steps[n - 1] > PARAMETERS.paragraph_gap * usual
            short = right - lines[n - 1][-1].place.x1 > PARAMETERS.paragraph_room * (first.x1 - first.x0)
            text += "\n\n" if gap or short or text.endswith((".", "!", "?")) else "\n"
        text += said
    turned = text_of([word for word in words if word.turned])
    return "\n\n".join(filter(None, [text, turned]))


def _top(line: Sequence[Word]) -> float:
    return min(word.place.y0 for word in line)


def middle(word: Word) -> float:
    """The height of a word's middle."""
    return (word.place.y0 + word.place.y1) / 2


Source = Path | str | bytes | MediaFile | Image
"""What can be read: a file by its path (text is always one), its content, or a decoded picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """A page and its words.

    Attributes:
        number: from 1.
        image: the page as stored; of a PDF, its picture at ``media.PRINT_DPI``.
        words: in reading order.
        frame: how the page is set upright and straight.
        source: whether the words were read in the picture or are the PDF's own.
        name: of the file.
        path: where the file lies, when known.
        sha256: of the file's content, when known.
        unread: where there are lines of writing that are not read, such as Cyrillic or Arabic.
    """

    number: int
    image: Image
    words: tuple[Word, ...]
    frame: Frame
    source: Literal["ocr", "pdf"] = "ocr"
    name: str = "picture"
    path: str | None = None
    sha256: str | None = None
    unread: tuple[Box, ...] = ()

    @cached_property
    def straight(self) -> ByteArray:
        """uint8, shape (height, width, 3): the page upright and straight, where ``Word.place`` lies."""
        return self.frame.straighten(self.image.pixels)

    @property
    def text(self) -> str:
        """All words, a line for each row of the page."""
        return text_of(self.words)

    def evidence(
        self,
        words: Sequence[Word] = (),
        *,
        how: str,
        place: Box | None = None,
        quote: str | None = None,
        confidence: float | None = None,
    ) -> Evidence:
        """Evidence for what words of this page say, or what is at a place of it.

        Args:
            words: at least one, unless a place is given.
            how: how they were found.
            place: a box on the straight page to point at instead of the words' own.
            quote: the words' text by default.
            confidence: the least of the words' by default.
        """
        if place is None and not words:
            raise ConfigError("Evidence needs words or a place; neither was given.")
        box = self.frame.to_stored(place) if place else covering([word.box for word in words])
        if confidence is None and words:
            confidence = min(word.confidence for word in words)
        return Evidence(
            asset=asset_id(self.sha256) if self.sha256 else "",
            path=self.path,
            sha256=self.sha256,
            how=how,
            confidence=confidence,
            quote=quote if quote is not None else (text_of(words) or None),
            page=self.number,
            box=box,
        )


def open_pages(
    source: Source, *, ocr: Ocr | None = None, numbers: Sequence[int] | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Page]:
    """Read the words of a picture or of a PDF, page by page.

    A PDF's own text is used where a page has some that is also to be seen on it; other pages are read as pictures.

    Args:
        source: a picture or PDF; a decoded picture has no path and no hash.
        ocr: what reads pictures; the plugin "ocr" by default.
        numbers: which pages, from 1; all by default.
        limits: what is refused as too large.

    Raises:
        ConfigError: a page number is out of range.
        UnsupportedMediaError: neither a picture nor a PDF, or an encrypted PDF.
        MediaError: the file is damaged, too large or out of reach.
        MissingExtraError: the extra ``documents`` is not installed.
    """
    engine: Ocr = ocr or default_ocr()
    if isinstance(source, Image):
        _only_page_1(numbers, "the picture")
        yield _read_picture(engine, source)
        return
    file = source if isinstance(source, MediaFile) else media.inspect(source, limits=limits)
    known = {"name": file.name, "path": str(file.path) if file.path else None, "sha256": file.sha256}
    if file.media_type == "image" or (file.mime.startswith("image/") and file.media_type == "video"):
        _only_page_1(numbers, repr(file.name))
        yield replace(_read_picture(engine, media.load_stored(file, limits=limits)), **known)
    elif file.media_type == "pdf":
        for printed in media.print_pages(file, numbers=numbers, limits=limits):
            words = _visible(printed)
            if sum(len(word.text) for word in words) < PARAMETERS.text_characters:
                page = _read_picture(engine, printed.image)
            else:
                height, width = printed.image.pixels.shape[:2]
                frame = Frame(width=width, height=height)
                page = Page(number=1, image=printed.image, words=words, frame=frame, source="pdf")
            yield replace(page, number=printed.number, **known)
    else:
        raise UnsupportedMediaError(f"{file.name!r} is {file.format} ({file.mime}); a picture or a PDF is read.")


@functools.cache
def default_ocr() -> Ocr:
    """The process's own OCR engine: the plugin that ``MM_AGENTS_OCR`` names, "rapidocr" where it names none."""
    return _plugins.build_named("ocr", os.environ.get("MM_AGENTS_OCR") or "rapidocr")


def unread_note(page: Page) -> str | None:
    """What to say about writing on a page that is not read; None where there is none."""
    if not page.unread:
        return None
    box, count = page.unread[0], len(page.unread)
    return (
        f"{count} {'line' if count == 1 else 'lines'} on page {page.number} {'is' if count == 1 else 'are'} in writing "
        f"that is not read, such as at {box.x0},{box.y0}–{box.x1},{box.y1}. Latin letters and Chinese are read; for "
        "others, install Tesseract with their data and the extra tesseract, and set MM_AGENTS_OCR, such as "
        "tesseract:rus+eng."
    )


def covering(boxes: Sequence[Box]) -> Box:
    """The smallest box that covers all of these, of which there is at least one."""
    return Box(
        x0=min(box.x0 for box in boxes),
        y0=min(box.y0 for box in boxes),
        x1=max(box.x1 for box in boxes),
        y1=max(box.y1 for box in boxes),
    )


def _read_picture(engine: Ocr, image: Image) -> Page:
    scan = engine.read(image)
    height, width = image.pixels.shape[:2]
    frame = Frame(width=width, height=height, quarter=scan.quarter, skew=scan.skew)
    return Page(number=1, image=image, words=scan.words, frame=frame, unread=scan.unread)


def _visible(page: PrintedPage) -> tuple[Word, ...]:
    """A PDF's own words that can also be seen: text in the paper's colour is there for machines alone."""
    found: list[Word] = []
    line, before = -1, None
    for word in page.words:
        box = word.box
        if not find_ink(page.image.pixels[box.y0 : box.y1, box.x0 : box.x1]).any():
            continue
        if before is None or not (
            -PARAMETERS.pdf_overlap < box.x0 - before.x1 < box.y1 - box.y0 and box.y0 < before.y1 and box.y1 > before.y0
        ):
            line += 1
        found.append(Word(text=word.text, box=box, place=box, confidence=1.0, line=line))
        before = box
    return tuple(found)


def _only_page_1(numbers: Sequence[int] | None, name: str) -> None:
    wrong = [number for number in numbers or () if number != 1]
    if wrong:
        raise ConfigError(f"A picture has one page; {name} has no page {wrong[0]!r}.")


def without_instructions(page: Page) -> Page:
    """The page without the words of such lines; the page itself where there are none."""
    inside, _ = screen_words(page.words)
    return replace(page, words=tuple(word for n, word in enumerate(page.words) if n not in inside)) if inside else page
