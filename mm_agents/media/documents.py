"""Text files, e-mails and the pages of PDFs; read in a warm process, so that a hostile one can crash only that."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError, MMAgentsError, UnsupportedMediaError
from mm_agents.media import office
from mm_agents.media.decoder_processes import Bounds, bounded
from mm_agents.media.files import (
    DEFAULT_LIMITS,
    Limits,
    MediaFile,
    Source,
    check_expansion,
    check_limit,
    decode_text,
    expect,
)
from mm_agents.media.images import tiff_pages
from mm_agents.types import Box, Image

if TYPE_CHECKING:
    from collections.abc import Generator

    from mm_agents.types import ByteArray

PRINT_DPI = 200
"""Boxes on a page of a PDF are in pixels of its picture at this many dots an inch."""

_SPLIT_WORD = re.compile("[\ufffe\x02]\n?")  # what PDFium writes for the hyphen of a word that is split over two lines


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
    """A word that a PDF holds as text, and its place in the page's picture."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage:
    """A page of a PDF as it would be printed.

    Attributes:
        number: from 1.
        image: what the page looks like at the asked number of dots an inch.
        words: those that it holds as text, in the file's order; none for a scan.
    """

    number: int
    image: Image
    words: tuple[PrintedWord, ...]


def load_text(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> str:
    r"""Read a text file: UTF-8, or UTF-16 with a byte order mark; line ends become "\n".

    An Office file, an EPUB or a web page becomes Markdown; an e-mail its subject, who wrote it to whom and when, the
    names of what is attached, and what it says.

    Raises:
        MissingExtraError: it is such a file, and the extra ``office`` is not installed.
        UnsupportedMediaError: not text.
        MediaTooLargeError: more bytes or characters than the limits allow.
        DamagedMediaError: the file is empty.
    """
    media = expect(source, "text", limits)
    if media.format in office.FORMATS:
        return office.markdown(media, limits)
    if media.format == "eml":
        check_limit(media.size, limits, "text_bytes", media.name, unit="bytes")
        message = _read_mail(media, limits)
        text = f"{message.head}\n\n{load_text(message.html, limits=limits) if message.html else message.text}"
        check_limit(len(text), limits, "characters", media.name, advice="Split the file.")
        return text
    with media.open() as file:
        data = file.read(limits.text_bytes + 1)
    if len(data) > limits.text_bytes:
        raise MediaTooLargeError(f"{media.name!r} has more than {limits.text_bytes:,} bytes (Limits.text_bytes).")
    text = decode_text(data, media.name)
    check_limit(len(text), limits, "characters", media.name, advice="Split the file.")
    return text


def sections(source: Source, text: str) -> list[office.Section]:
    """Cut what ``load_text`` gave of a file into the slides or sheets that it has; else it is one section."""
    return office.sections(expect(source, "text", DEFAULT_LIMITS), text)


def load_text_and_pictures(
    source: Source, *, max_side: int, limits: Limits = DEFAULT_LIMITS
) -> tuple[str, Iterator[Image]]:
    """As ``load_text``, and the pictures inside an Office file or EPUB; other texts have none.

    Args:
        source: a text file.
        max_side: the most pixels a side of each picture.
        limits: of size and time.

    Raises:
        As ``load_text``, also while the pictures are read.
    """
    media = expect(source, "text", limits)
    if media.format in office.FORMATS:
        return office.markdown_and_pictures(media, limits, max_side=max_side)
    return load_text(media, limits=limits), iter(())


def pages(source: Source, *, max_side: int = 1024, limits: Limits = DEFAULT_LIMITS) -> Iterator[Page]:
    """Read a PDF page by page, in a warm process; two pages at most are in memory at a time.

    Args:
        source: the PDF, or a TIFF of several pages.
        max_side: the longer side of the pages' pictures in pixels.
        limits: what is refused as too large.

    Raises:
        ConfigError: max_side is below 1.
        UnsupportedMediaError: not a PDF, or an encrypted one.
        MediaTooLargeError: more pages or bytes than the limits allow, or a page with too much on it.
        DamagedMediaError: the PDF, or a page of it, is cut off or corrupt.
    """
    if max_side < 1:
        raise ConfigError(f"max_side has to be at least 1 pixel, not {max_side!r}.")
    return _pages(expect(source, "pdf", limits), max_side, limits)


def print_pages(
    source: Source, *, dpi: int = PRINT_DPI, numbers: Sequence[int] | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[PrintedPage]:
    """Read pages of a PDF with the place of every word that it holds as text.

    Args:
        source: the PDF, or a TIFF of several pages, whose pages come as they are stored.
        dpi: dots an inch of the pages' pictures; fewer where a page would pass ``limits.pixels``.
        numbers: which pages, from 1; all by default.
        limits: what is refused as too large.

    Raises:
        ConfigError: dpi is below 1, or the PDF has no page of a number.
        MediaError: as ``pages``.
    """
    if dpi < 1:
        raise ConfigError(f"dpi has to be at least 1, not {dpi!r}.")
    return _printed(expect(source, "pdf", limits), dpi / 72, numbers, limits)


def _pages(media: MediaFile, max_side: int, limits: Limits) -> Iterator[Page]:
    if media.format == "tiff":
        for number, image in tiff_pages(media, numbers=None, max_side=max_side, limits=limits):
            yield Page(number=number, text="", image=image)
        return
    for number, pixels, text, _ in pdf_pages(media, limits, max_side=max_side, scale=1.0, numbers=None):
        yield Page(number=number, text=_clean(text), image=Image(pixels=pixels))


def _printed(media: MediaFile, scale: float, numbers: Sequence[int] | None, limits: Limits) -> Iterator[PrintedPage]:
    if media.format == "tiff":
        for number, image in tiff_pages(media, numbers=numbers, limits=limits):
            yield PrintedPage(number=number, image=image, words=())
        return
    wanted = None if numbers is None else [int(number) for number in numbers]
    for number, pixels, _, found in pdf_pages(media, limits, max_side=None, scale=scale, numbers=wanted):
        words = tuple(PrintedWord(text=text, box=Box(x0=x0, y0=y0, x1=x1, y1=y1)) for text, x0, y0, x1, y1 in found)
        yield PrintedPage(number=number, image=Image(pixels=pixels), words=words)


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return NOT_TEXT.sub("", _SPLIT_WORD.sub("", text)).strip()


# ---------------------------------------------------------------- PDFium, in a warm process

NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PASSWORD_ERRORS = {4, 5}  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_ADVICE = "Print it as a new PDF."
_Edges = tuple[float, ...]  # left, bottom, right and top, in points from the page's bottom left
_NOWHERE: _Edges = (0.0, 0.0, 0.0, 0.0)
PdfWord = tuple[str, int, int, int, int]
"""A word, and the left, top, right and bottom of its box in pixels."""


@bounded(Bounds(seconds="page_seconds", memory="page_bytes", spare=0, verb="read", advice=_ADVICE))
def pdf_pages(
    media: MediaFile, limits: Limits, *, max_side: int | None, scale: float, numbers: Sequence[int] | None
) -> Iterator[tuple[int, ByteArray, str, tuple[PdfWord, ...]]]:
    """Read the pages of a PDF.

    Args:
        media: the PDF.
        limits: what is refused as too large.
        max_side: the longer side of the pages' pictures in pixels; None draws them by ``scale``.
        scale: pixels for each point, fewer where a page would pass ``limits.pixels``.
        numbers: which pages, from 1; None: all.

    Yields:
        The number of each page, its pixels, its text, and by ``scale`` instead of that its words.

    Raises:
        ConfigError: the PDF has no page of a number.
        MediaError: the PDF is encrypted, damaged or past a limit.
    """
    started, characters = time.process_time(), 0
    with _opened(media) as document:
        count = len(document)
        check_limit(count, limits, "pages", media.name)
        check_expansion(count, media, limits, "pages")
        if count < 1:
            raise DamagedMediaError(f"{media.name!r} has no pages.")
        document.init_forms()  # so that what was filled into a form is drawn
        for number in range(1, count + 1) if numbers is None else numbers:
            if not 1 <= number <= count:
                raise ConfigError(f"{media.name!r} has the pages 1 to {count}, and no page {number!r}.")
            name = f"Page {number} of {media.name!r}"
            if time.process_time() - started > limits.pdf_seconds:
                raise _past(name, "seconds of processor time", "pdf_seconds", limits)
            with _typed(name), closing(document[number - 1]) as page, closing(page.get_textpage()) as text:
                pixels = _drawn(page, max_side, scale, limits)
                if text.count_chars() > limits.page_characters:
                    raise _past(name, "characters", "page_characters", limits)
                characters += text.count_chars()
                check_expansion(characters, media, limits, "characters")
                if max_side:
                    yield number, pixels, str(text.get_text_range()), ()
                else:
                    height, width = pixels.shape[:2]
                    words = _words(text, _shown(page), _scale(page, scale, limits), width, height)
                    yield number, pixels, "", words


@contextmanager
def _opened(media: MediaFile) -> Generator[Any]:
    pypdfium2 = require("pypdfium2", extra="local", feature="Reading PDF")
    with _typed(repr(media.name)), media.open() as file, closing(pypdfium2.PdfDocument(file)) as document:
        yield document


@contextmanager
def _typed(name: str) -> Generator[None]:
    """Turn PDFium's own error, and what a page without a size causes, into one of ours."""
    try:
        yield
    except (MMAgentsError, MemoryError):
        raise
    except Exception as error:
        if getattr(error, "err_code", None) in _PASSWORD_ERRORS:
            raise UnsupportedMediaError(f"{name} is encrypted; save it without a password.") from error
        raise DamagedMediaError(f"{name} is cut off or corrupt: {str(error) or repr(error)}") from error


def _past(name: str, what: str, setting: str, limits: Limits) -> MediaTooLargeError:
    return MediaTooLargeError(f"{name} has more than {getattr(limits, setting):,} {what} (Limits.{setting}). {_ADVICE}")


def _drawn(page: Any, max_side: int | None, scale: float, limits: Limits) -> ByteArray:
    width, height = page.get_size()
    scale = max_side / max(width, height) if max_side else _scale(page, scale, limits)
    with closing(page.render(scale=scale, rev_byteorder=True)) as bitmap:
        return np.array(bitmap.to_numpy()[..., :3])


def _scale(page: Any, scale: float, limits: Limits) -> float:
    width, height = page.get_size()
    return min(scale, (limits.pixels / max(width * height, 1)) ** 0.5)


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


def _words(page: Any, shown: Callable[[_Edges], _Edges], scale: float, width: int, height: int) -> tuple[PdfWord, ...]:
    """The words of a page's text: characters between spaces, apart where a gap or a new line is between them.

    None where most of the text runs up or down the page as it is shown, or is upside down: such a page is better
    read as a picture.
    """
    import pypdfium2.raw as pdfium

    text = str(page.get_text_range())
    if len(text) != page.count_chars():  # characters outside the basic plane would shift the boxes
        return ()
    words: list[PdfWord] = []
    word, box, before = "", _NOWHERE, _NOWHERE
    level = 0  # how many more characters are right of the one before them than above, below or left of it
    parted = False  # by blanks that the file does not hold: PDFium adds them, now and then inside a word
    for n, character in enumerate(text):
        if character.isspace() and before is not _NOWHERE and pdfium.FPDFText_IsGenerated(page, n):
            parted = True
            continue
        seen = not character.isspace() and not NOT_TEXT.match(character)
        tight = shown(page.get_charbox(n)) if seen else _NOWHERE
        if tight[2] <= tight[0]:
            seen = False
        room = shown(page.get_charbox(n, loose=True)) if seen else _NOWHERE  # with the blanks that belong to it
        if (
            before is not _NOWHERE and seen and not parted and character.isascii()
        ):  # others may well run down or to the left
            level += 1 if _beside(before, room) and room[0] > before[0] else -1
        if word and not (seen and (_touches if parted else _follows)(before, room)):
            words.append(_word(word, box, scale, width, height))
            word = ""
        if seen:
            edges = zip(box, tight, (min, min, max, max), strict=True)
            box = tuple(choose(a, b) for a, b, choose in edges) if word else tight
            word = word + character
        before, parted = room, False
    if word:
        words.append(_word(word, box, scale, width, height))
    return tuple(words) if level >= 0 else ()


def _follows(before: _Edges, room: _Edges) -> bool:
    """Whether a character's room is on the line of the one before it, and right behind it."""
    tall = max(before[3] - before[1], room[3] - room[1])
    return -tall < room[0] - before[2] < 0.2 * tall and _beside(before, room)


def _touches(before: _Edges, room: _Edges) -> bool:
    """Whether a character's room is level with the one before it and begins where that ends."""
    tall = max(before[3] - before[1], room[3] - room[1])
    return -0.15 * tall < room[0] - before[2] < 0.05 * tall and abs(room[1] - before[1]) < 0.3 * tall


def _beside(before: _Edges, room: _Edges) -> bool:
    """Whether two characters share some height."""
    return room[1] < before[3] and room[3] > before[1]


def _word(text: str, box: _Edges, scale: float, width: int, height: int) -> PdfWord:
    x0, y0 = int(box[0] * scale), int(height - box[3] * scale)
    x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    x1, y1 = math.ceil(box[2] * scale), math.ceil(height - box[1] * scale)
    return text, x0, y0, min(max(x1, x0 + 1), width), min(max(y1, y0 + 1), height)


# ---------------------------------------------------------------- e-mails


_MAIL_FIELDS = ("From", "To", "Cc", "Date")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """An e-mail.

    Attributes:
        head: Markdown: its subject, who wrote it to whom and when, and the names of what is attached.
        text: what it says.
        html: what it says as a web page, where it says nothing as text.
    """

    head: str
    text: str
    html: bytes


@bounded(Bounds(seconds="office_seconds", memory="page_bytes", spare=0, verb="read", advice="Save it as text."))
def _read_mail(media: MediaFile, limits: Limits) -> _Message:
    """Read a message of RFC 5322 with its MIME parts; attachments are named, and not read.

    Raises:
        DamagedMediaError: it cannot be read as one.
        MediaTooLargeError: it takes too much time or memory to read.
    """
    try:
        with media.open() as file:
            message = message_from_bytes(file.read(), policy=policy.default)
        plain, page = message.get_body(("plain",)), message.get_body(("html",))
        attached = [one.get_filename() for one in message.iter_attachments()]
        lines = [f"{field}: {message[field]}" for field in _MAIL_FIELDS if message[field]]
        lines += [f"Attached: {', '.join(filter(None, attached))}"] if any(attached) else []
        text = "\n".join(str(plain.get_content()).splitlines()).strip() if plain is not None else ""
        html = "" if text or page is None else str(page.get_content())
        subject = " ".join(str(message["Subject"] or media.name).split())
    except MemoryError:
        raise
    except Exception as error:  # the parser has errors of many kinds for what breaks the rules
        raise DamagedMediaError(f"{media.name!r} cannot be read as an e-mail: {error!r}.") from error
    return _Message(head="\n".join([f"# {subject}", "", *lines]), text=text, html=html.encode("utf-8", "replace"))
