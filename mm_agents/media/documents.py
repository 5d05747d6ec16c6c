"""Text files and the pages of PDFs."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mm_agents._optional import require
from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError, UnsupportedMediaError
from mm_agents.media.files import DEFAULT_LIMITS, Limits, MediaFile, expect
from mm_agents.media.formats import decode_text
from mm_agents.types import Image

_PASSWORD_ERRORS = {4, 5}  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_SPLIT_WORD = re.compile("[\ufffe\x02]\n?")  # what PDFium writes for the hyphen of a word that is split over two lines
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


def _pages(media: MediaFile, max_side: int, limits: Limits) -> Iterator[Page]:
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
            for index in range(count):
                with _pdfium(pdfium, f"Page {index + 1} of {media.name!r}"):
                    page = _page(document, index, max_side)
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
