"""The pages of a PDF, read by PDFium in a warm process: a hostile PDF can exhaust or crash only that."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError, MMAgentsError, UnsupportedMediaError
from mm_agents.media.decoder_processes import Bounds, bounded
from mm_agents.media.files import Limits, MediaFile, check_expansion, check_limit

if TYPE_CHECKING:
    from collections.abc import Generator

    from mm_agents.types import ByteArray

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
