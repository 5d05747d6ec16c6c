"""The second look: a place of a page is cut out and read alone, and has to say what was read there before.

Readers call a value verified by it, and ``eval documents --check`` looks in the same way. Anybody can repeat it: cut
the evidence's box out, with a margin of one height of its text beside it and 0.4 above and below, and read it by any
OCR. A sign or digit that the box leaves out is beside it; the lines above and below are other values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.dates import dates_in
from mm_agents.documents.locate import normalised
from mm_agents.documents.numbers import TAX_LETTER, numbers_in
from mm_agents.documents.opencv import opencv
from mm_agents.documents.overlay import crop
from mm_agents.documents.pages import Page, text_of
from mm_agents.documents.parameters import PARAMETERS
from mm_agents.protocols import CutOutOcr
from mm_agents.types import Box, Evidence, Image, Scan

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr

NOT_REREAD = "a second look at its place does not confirm it"
"""Why a value is not verified: its place reads otherwise, it is a single character, or there are too many places."""

Place = tuple[int, Box]
"""A page's number and a box in pixels of the page as stored."""


def confirmed(pages: Sequence[Page], evidence: Iterable[Evidence], ocr: Ocr) -> set[Place]:
    """The places whose quotes are read there again, each looked at alone.

    Args:
        pages: of the document.
        evidence: places with quotes; those without a box, and with fewer than two letters or digits, are not confirmed.
        ocr: what reads.
    """
    page_of = {page.number: page for page in pages}
    wanted: dict[Place, set[str]] = {}
    for one in evidence:
        place, quote = place_of(one), one.quote or ""
        if place is None or place[0] not in page_of or len(_letters(quote)) < PARAMETERS.reread_letters:
            continue
        if place in wanted or len(wanted) < PARAMETERS.reread_places:
            wanted.setdefault(place, set()).add(quote)
    found: set[Place] = set()
    for (number, box), quotes in wanted.items():
        read = read_place(page_of[number], box, ocr)
        if all(says(read, quote) for quote in quotes):
            found.add((number, box))
    return found


def place_of(evidence: Evidence) -> Place | None:
    """Where evidence stands, as `confirmed` names it; None where it has no box."""
    return (evidence.page, evidence.box) if evidence.page is not None and evidence.box is not None else None


def read_place(page: Page, box: Box, ocr: Ocr) -> str:
    """The text in a box of a page with a margin in heights of its text, cut out, set upright and read alone.

    Args:
        page: whose words in the box tell the height; where there are none, the box's shorter side does.
        box: in pixels of the page as stored.
        ocr: what reads.
    """
    inside = [word for word in page.words if box.holds(word.box)]
    turned = sum(word.turned in (90, 270) for word in inside)
    heights = [
        word.place.y1 - word.place.y0 if word.turned in (0, 180) else word.place.x1 - word.place.x0 for word in inside
    ]
    tall = round(median(heights)) if heights else min(box.x1 - box.x0, box.y1 - box.y0)
    along, across = tall, round(PARAMETERS.reread_across * tall)
    lies = (page.frame.quarter % 2 == 0) != (2 * turned > len(inside))
    part = np.asarray(crop(page.image, box, margin=(along, across) if lies else (across, along)))
    if tall > PARAMETERS.reread_height:
        shrunk = PARAMETERS.reread_height / tall
        part = opencv().resize(part, None, fx=shrunk, fy=shrunk, interpolation=opencv().INTER_AREA)
    return text_of(read_cut_out(Image(pixels=np.ascontiguousarray(np.rot90(part, page.frame.quarter))), ocr).words)


def read_cut_out(part: Image, ocr: Ocr) -> Scan:
    """What lines cut out of a page say, in the cheapest way that an OCR has."""
    return ocr.read_cut_out(part) if isinstance(ocr, CutOutOcr) else ocr.read(part)


def says(text: str, quote: str) -> bool:
    """Whether a text holds a quote: its letters and digits, whatever their case and accents, and the same numbers.

    Numbers are the same with the same sign and the same decimal value, however they are written: "1 234,50" is
    1.234,50 but not 1.23450. Digits with marks that are neither a number nor a date, as "2,629.981,089.49", are never
    the same, for nobody can say what they come to.
    """
    if _letters(quote) not in _letters(text):
        return False
    there = (_numbers(_parted(text)) | _numbers(_closed(text))) - {_UNSAID}
    return any(wanted <= there for wanted in (_numbers(_parted(quote)), _numbers(_closed(quote))))


def _letters(text: str) -> str:
    return normalised(text).replace(".", "")


_MARKED = re.compile(r"\d+(?:[.,'\u2019]\d+)+|(?<![^\W_])\d+(?=[^\W\d_])")
_THOUSAND = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
_NO_NUMBER = re.compile(r"(?=.*,)(?=.*\.)(?!\d{1,3}(?:,\d{2,3})+\.\d+$|\d{1,3}(?:\.\d{3})+,\d+$).*")
_WITH_LETTER = re.compile(rf"(?<!-)(\d+[.,]\d\d){TAX_LETTER}(?!\w)")
_UNSAID = "?"


def _closed(text: str) -> str:
    """A text whose spaces between digits part thousands of one number."""
    return re.sub(r"(?<=\d)\s(?=\d{3}(?!\d))", "", text)


def _parted(text: str) -> str:
    """A text whose spaces between digits part two numbers."""
    return re.sub(r"(?<=\d)\s(?=\d)", "  ", text)


def _numbers(text: str) -> set[Decimal | str]:
    """The numbers of a text: by their values, and as printed where 1,234 may also be 1 and some decimals.

    Other digits with marks, such as "2.5kg", are taken as printed; those of dates are left to the letters.
    """
    found: set[Decimal | str] = set()
    known = [(one.start, one.end) for one in dates_in(text)]
    for number in numbers_in(text):
        if any(start < number.end and number.start < end for start, end in known):
            continue
        known.append((number.start, number.end))
        printed = _MARKED.search(text, number.start, number.end)
        thousand = printed is not None and _THOUSAND.fullmatch(printed[0]) is not None
        found.add(("-" if number.value < 0 else "") + printed[0] if printed and thousand else number.value)
    for printed in _MARKED.finditer(text):
        if not any(start < printed.end() and printed.start() < end for start, end in known):
            found.add(_UNSAID if _NO_NUMBER.fullmatch(printed[0]) else printed[0])
            amount = _WITH_LETTER.match(text, printed.start())
            if amount is not None:  # "18.12A" says 18.12
                found.add(Decimal(amount[1].replace(",", ".")))
    return found
