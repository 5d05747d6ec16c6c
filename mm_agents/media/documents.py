"""Text files and the pages of PDFs."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mm_agents._optional import require
from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile, decode_text, expect
from mm_agents.types import Box, Image

PRINT_DPI = 200
"""Boxes on a page of a PDF are in pixels of its picture at this many dots an inch."""

_PASSWORD_ERRORS = {4, 5}  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_SPLIT_WORD = re.compile("[\ufffe\x02]\n?")  # what PDFium writes for the hyphen of a word that is split over two lines
_P = TypeVar("_P")
_Edges = tuple[float, ...]  # left, bottom, right and top, in points
_NOWHERE: _Edges = (0.0, 0.0, 0.0, 0.0)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

# PDFium is not thread-safe. Re-entrant, since an abandoned generator may be closed, by the garbage collector, in the
# very thread that holds the lock.
_pdfium_lock = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a PDF.

    Attributes:
        number: from 1.
        text: the words that the page holds as text; "" for a scan.
        image: what the page looks like.
    """

    number: int
    text: str
    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedWord:
    """A word that a PDF holds as text, and where it stands in the page's picture."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage:
    """A page of a PDF as it would be printed.

    Attributes:
        number: from 1.
        image: what the page looks like at the asked number of dots an inch.
        words: those that it holds as text, in the file's order; none for a scan, nor where most run up or down.
    """

    number: int
    image: Image
    words: tuple[PrintedWord, ...]


def load_text(source: MediaFile | bytes | Path, *, limits: Limits = DEFAULT_LIMITS) -> str:
    r"""Read a text file: UTF-8, or UTF-16 with a byte order mark; line ends become "\n".

    Raises:
        UnsupportedMediaError: not text.
        MediaTooLargeError: more bytes than the limits allow.
        DamagedMediaError: the file is empty.
    """
    media = expect(source, "text", limits)
    with media.open() as file:
        data = file.read(limits.text_bytes + 1)
    if len(data) > limits.text_bytes:
        raise MediaTooLargeError(f"{media.name!r} has more than {limits.text_bytes:,} bytes (Limits.text_bytes).")
    return decode_text(data, media.name)


def pages(source: MediaFile | bytes | Path, *, max_side: int = 1024, limits: Limits = DEFAULT_LIMITS) -> Iterator[Page]:
    """Read a PDF page by page; one page is in memory at a time.

    Args:
        source: the PDF.
        max_side: the longer side of the pages' pictures in pixels.
        limits: what is refused as too large.

    Raises:
        ConfigError: max_side is below 1.
        UnsupportedMediaError: not a PDF, or an encrypted one.
        MediaTooLargeError: more pages or bytes than the limits allow.
        DamagedMediaError: the PDF, or a page of it, is cut off or corrupt.
    """
    if max_side < 1:
        raise ConfigError(f"max_side has to be at least 1 pixel, not {max_side!r}.")
    return _pages(expect(source, "pdf", limits), max_side, limits)


def print_pages(
    source: MediaFile | bytes | Path,
    *,
    dpi: int = PRINT_DPI,
    numbers: Sequence[int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[PrintedPage]:
    """Read pages of a PDF with the place of every word that it holds as text.

    Args:
        source: the PDF.
        dpi: dots an inch of the pages' pictures; fewer where a page would pass ``limits.pixels``.
        numbers: which pages, from 1; all by default.
        limits: what is refused as too large.

    Raises:
        ConfigError: dpi is below 1, or there is no page of a number.
        MediaError: as ``pages``.
    """
    if dpi < 1:
        raise ConfigError(f"dpi has to be at least 1, not {dpi!r}.")

    def read(document: Any, index: int) -> PrintedPage:
        return _printed(document, index, dpi / 72, limits)

    return _each(expect(source, "pdf", limits), limits, read, numbers)


def _pages(media: MediaFile, max_side: int, limits: Limits) -> Iterator[Page]:
    return _each(media, limits, lambda document, index: _page(document, index, max_side))


def _each(
    media: MediaFile, limits: Limits, read: Callable[[Any, int], _P], numbers: Sequence[int] | None = None
) -> Iterator[_P]:
    pdfium = require("pypdfium2", extra="local", feature="Reading PDF")
    with media.open() as file:
        with _pdfium(pdfium, repr(media.name)):
            document = pdfium.PdfDocument(file)
        try:
            with _pdfium(pdfium, repr(media.name)):
                count = len(document)
                document.init_forms()  # so that what was filled into a form is drawn
            if count > limits.pages:
                raise MediaTooLargeError(
                    f"{media.name!r} has {count:,} pages; the limit is {limits.pages:,} (Limits.pages)."
                )
            if count < 1:
                raise DamagedMediaError(f"{media.name!r} has no pages.")
            for number in range(1, count + 1) if numbers is None else numbers:
                if not 1 <= number <= count:
                    raise ConfigError(f"{media.name!r} has the pages 1 to {count}; there is no page {number!r}.")
                with _pdfium(pdfium, f"Page {number} of {media.name!r}"):
                    page = read(document, number - 1)
                yield page
        finally:
            with _pdfium_lock:
                document.close()


def _page(document: Any, index: int, max_side: int) -> Page:
    page = document[index]
    try:
        bitmap = page.render(scale=max_side / max(page.get_size()), rev_byteorder=True)
        pixels = np.array(bitmap.to_numpy()[..., :3])
        bitmap.close()
        words = page.get_textpage()
        text = str(words.get_text_range())
        words.close()
    finally:
        page.close()
    return Page(number=index + 1, text=_clean(text), image=Image(pixels=pixels))


def _printed(document: Any, index: int, scale: float, limits: Limits) -> PrintedPage:
    page = document[index]
    try:
        width, height = page.get_size()
        scale = min(scale, (limits.pixels / max(width * height, 1)) ** 0.5)
        bitmap = page.render(scale=scale, rev_byteorder=True)
        pixels = np.array(bitmap.to_numpy()[..., :3])
        bitmap.close()
        text = page.get_textpage()
        words = _words(text, _shown(page), scale, pixels.shape[1], pixels.shape[0])
        text.close()
    finally:
        page.close()
    return PrintedPage(number=index + 1, image=Image(pixels=pixels), words=words)


def _shown(page: Any) -> Callable[[_Edges], _Edges]:
    """From edges in a page's own points to those on the page as it is shown: cut to its box, and turned by /Rotate."""
    x0, y0, x1, y1 = page.get_bbox()
    turn = page.get_rotation()

    def shown(edges: _Edges) -> _Edges:
        left, bottom, right, top = edges
        match turn:
            case 90:
                return bottom - y0, x1 - right, top - y0, x1 - left
            case 180:
                return x1 - right, y1 - top, x1 - left, y1 - bottom
            case 270:
                return y1 - top, left - x0, y1 - bottom, right - x0
            case _:
                return left - x0, bottom - y0, right - x0, top - y0

    return shown


def _words(
    page: Any, shown: Callable[[_Edges], _Edges], scale: float, width: int, height: int
) -> tuple[PrintedWord, ...]:
    """The words of a page's text: characters between spaces, apart where a gap or a new line lies between them.

    None where most of the text runs up or down the page as it is shown, or stands on its head: such a page is better
    read as a picture.
    """
    text = str(page.get_text_range())
    if len(text) != page.count_chars():  # characters outside the basic plane would shift the boxes
        return ()
    found: list[PrintedWord] = []
    word, box, before = "", _NOWHERE, _NOWHERE
    level = 0  # how many more characters stand right of the one before them than above, below or left of it
    for n, character in enumerate(text):
        seen = not character.isspace() and not _NOT_TEXT.match(character)
        tight = shown(page.get_charbox(n)) if seen else _NOWHERE
        if tight[2] <= tight[0]:
            seen = False
        room = shown(page.get_charbox(n, loose=True)) if seen else _NOWHERE  # with the blanks that belong to it
        if before is not _NOWHERE and seen and character.isascii():  # others may well run down or to the left
            level += 1 if _beside(before, room) and room[0] > before[0] else -1
        if word and not (seen and _follows(before, room)):
            found.append(_printed_word(word, box, scale, width, height))
            word = ""
        if seen:
            edges = zip(box, tight, (min, min, max, max), strict=True)
            box = tuple(choose(a, b) for a, b, choose in edges) if word else tight
            word = word + character
        before = room
    if word:
        found.append(_printed_word(word, box, scale, width, height))
    return tuple(found) if level >= 0 else ()


def _follows(before: _Edges, room: _Edges) -> bool:
    """Whether a character's room is on the line of the one before it, and right behind it."""
    tall = max(before[3] - before[1], room[3] - room[1])
    return -tall < room[0] - before[2] < 0.2 * tall and _beside(before, room)


def _beside(before: _Edges, room: _Edges) -> bool:
    """Whether two characters share some height."""
    return room[1] < before[3] and room[3] > before[1]


def _printed_word(text: str, box: _Edges, scale: float, width: int, height: int) -> PrintedWord:
    x0, y0 = int(box[0] * scale), int(height - box[3] * scale)
    x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    x1, y1 = math.ceil(box[2] * scale), math.ceil(height - box[1] * scale)
    return PrintedWord(
        text=text, box=Box(x0=x0, y0=y0, x1=min(max(x1, x0 + 1), width), y1=min(max(y1, y0 + 1), height))
    )


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_TEXT.sub("", _SPLIT_WORD.sub("", text)).strip()


@contextmanager
def _pdfium(pdfium: Any, name: str) -> Generator[None]:
    """Hold the lock, and turn what PDFium raises into an error of ours."""
    try:
        with _pdfium_lock:
            yield
    except pdfium.PdfiumError as error:
        if error.err_code in _PASSWORD_ERRORS:
            raise UnsupportedMediaError(f"{name} is encrypted; save it without a password.") from error
        raise DamagedMediaError(f"{name} is cut off or corrupt: {error}") from error
    except (ZeroDivisionError, OverflowError, ValueError) as error:  # a page without a size
        raise DamagedMediaError(f"{name} is corrupt: {error}") from error
