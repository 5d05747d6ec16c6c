"""The process that reads one PDF, so that a hostile one can exhaust or crash only that process.

``documents.py`` runs this file by its path. The PDF is the standard input, and what is wanted the first argument, as
JSON. Each answer is a line of JSON; a page's is followed by the bytes of its picture. Nothing of the package is
imported here, and only PDFium beside the standard library: the process has to start fast.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

try:
    import resource
except ImportError:  # Windows; there, the waiting process bounds the time alone
    resource = None

NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PASSWORD_ERRORS = {4, 5}  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_PROGRAM_BYTES = 128 * 1024**2  # addresses that Python and PDFium take themselves
_Edges = tuple[float, ...]  # left, bottom, right and top, in points from the page's bottom left
_NOWHERE: _Edges = (0.0, 0.0, 0.0, 0.0)
_Word = tuple[str, int, int, int, int]


class _PastLimit(Exception):
    """A page, or the whole PDF, is past one of the limits; the arguments are the value and the limit's name."""


def main() -> None:
    """Answer for each page, or say why not."""
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    try:
        for answer, bitmap in _answers(wanted):
            _write(answer)
            if bitmap:
                sys.stdout.buffer.write(bitmap.buffer)
                bitmap.close()
            sys.stdout.buffer.flush()
    except MemoryError:
        _write({"error": "memory"})
    except _PastLimit as error:
        _write({"error": "limit", "detail": error.args[0], "setting": error.args[1]})
    except Exception as error:  # noqa: BLE001 - PDFium's own error, and what a page without a size causes
        encrypted = getattr(error, "err_code", None) in _PASSWORD_ERRORS
        _write({"error": "encrypted" if encrypted else "damaged", "detail": str(error) or repr(error)})


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")


def _answers(wanted: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    import pypdfium2

    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _lower(resource.RLIMIT_AS, wanted["page_bytes"] + _PROGRAM_BYTES)
    _allow(wanted["page_seconds"])
    document: Any = pypdfium2.PdfDocument(sys.stdin.buffer)
    count = len(document)
    yield {"pages": count}, None
    document.init_forms()  # so that what was filled into a form is drawn
    for number in range(1, count + 1) if wanted["numbers"] is None else wanted["numbers"]:
        if time.process_time() > wanted["pdf_seconds"]:
            raise _PastLimit("seconds of processor time", "pdf_seconds")
        _allow(wanted["page_seconds"])
        yield _page(document[number - 1], wanted)


def _allow(seconds: int) -> None:
    """Let the system end this process when it takes more processor time from now on."""
    if resource:
        _lower(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds)


def _lower(kind: int, soft: int) -> None:
    assert resource
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _page(page: Any, wanted: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """What is answered of a page, and its bitmap, still open."""
    width, height = page.get_size()
    if wanted["max_side"]:
        scale = wanted["max_side"] / max(width, height)
    else:
        scale = min(wanted["scale"], (wanted["pixels"] / max(width * height, 1)) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=True)
    shape = bitmap.height, bitmap.stride, bitmap.width, bitmap.n_channels
    text = page.get_textpage()
    if text.count_chars() > wanted["page_characters"]:
        raise _PastLimit("characters", "page_characters")
    answer: dict[str, Any] = {"shape": shape, "bytes": bitmap.height * bitmap.stride, "characters": text.count_chars()}
    if wanted["max_side"]:
        answer["text"] = str(text.get_text_range())
    else:
        answer["words"] = _words(text, _shown(page), scale, shape[2], shape[0])
    text.close()
    page.close()
    return answer, bitmap


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


def _words(page: Any, shown: Callable[[_Edges], _Edges], scale: float, width: int, height: int) -> tuple[_Word, ...]:
    """The words of a page's text: characters between spaces, apart where a gap or a new line is between them.

    None where most of the text runs up or down the page as it is shown, or is upside down: such a page is better
    read as a picture.
    """
    import pypdfium2.raw as pdfium

    text = str(page.get_text_range())
    if len(text) != page.count_chars():  # characters outside the basic plane would shift the boxes
        return ()
    words: list[_Word] = []
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


def _word(text: str, box: _Edges, scale: float, width: int, height: int) -> _Word:
    x0, y0 = int(box[0] * scale), int(height - box[3] * scale)
    x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    x1, y1 = math.ceil(box[2] * scale), math.ceil(height - box[1] * scale)
    return text, x0, y0, min(max(x1, x0 + 1), width), min(max(y1, y0 + 1), height)


if __name__ == "__main__":
    main()
