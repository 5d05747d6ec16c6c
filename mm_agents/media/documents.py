"""Text files and the pages of PDFs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_agents.errors import ConfigError, MediaTooLargeError
from mm_agents.media import office
from mm_agents.media.files import (
    DEFAULT_LIMITS,
    Limits,
    MediaFile,
    Source,
    check_limit,
    decode_text,
    expect,
)
from mm_agents.media.images import tiff_pages
from mm_agents.media.pdf import NOT_TEXT, pdf_pages
from mm_agents.types import Box, Image

if TYPE_CHECKING:
    pass

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

    An Office file, an EPUB or a web page becomes Markdown.

    Raises:
        MissingExtraError: it is such a file, and the extra ``office`` is not installed.
        UnsupportedMediaError: not text.
        MediaTooLargeError: more bytes or characters than the limits allow.
        DamagedMediaError: the file is empty.
    """
    media = expect(source, "text", limits)
    if media.format in office.FORMATS:
        return office.markdown(media, limits)
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
