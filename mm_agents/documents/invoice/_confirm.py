"""The second look: what is called verified is cut out, read again, and has to say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents._layout import text_of
from mm_agents.documents.invoice._invoice import Invoice
from mm_agents.documents.invoice._model import NAMES
from mm_agents.documents.locate import normalised
from mm_agents.documents.pages import Page
from mm_agents.types import Box, Evidence, Image, Word

if TYPE_CHECKING:
    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray

_MOST = 400  # places of a document that are looked at again
_APART = 14  # pixels between cuttings
_WIDEST = 1600

Place = tuple[int, Box]
"""A page's number and a box in pixels of the page as stored."""


def look_again(invoice: Invoice, pages: Sequence[Page], ocr: Ocr) -> Invoice:
    """The invoice with "verified" taken from every value that is not read again in its place."""
    fields = {name: invoice.field(name) for name in (*NAMES, "rounding")}
    places = [one for field in fields.values() if field.verified for one in field.evidence]
    places += [one for item in invoice.items for one in item.evidence.values()]
    places += [one for tax in invoice.taxes for one in tax.evidence]
    seen = confirmed(pages, places, ocr)
    changes: dict[str, Any] = {}
    for name, field in fields.items():
        if field.verified and not all(_key(one) in seen for one in field.evidence):
            note = "; ".join(filter(None, (field.note, "its place reads otherwise when looked at again")))
            changes[name] = field.model_copy(update={"verified": False, "note": note})
    changes["items"] = tuple(
        item.model_copy(update={"unsure": tuple(cell for cell, one in item.evidence.items() if _key(one) not in seen)})
        for item in invoice.items
    )
    changes["taxes"] = tuple(
        tax.model_copy(update={"verified": all(_key(one) in seen for one in tax.evidence)}) for tax in invoice.taxes
    )
    return invoice.model_copy(update=changes)


def _key(evidence: Evidence) -> Place | None:
    return (evidence.page, evidence.box) if evidence.page is not None and evidence.box is not None else None


def confirmed(pages: Sequence[Page], evidence: Iterable[Evidence], ocr: Ocr) -> set[Place]:
    """The places whose words are read there again.

    All cuttings are laid out on one sheet, each with a margin of one height of its text, and the sheet is read once.

    Args:
        pages: of the document.
        evidence: places with quotes; those without a box or a quote are not confirmed.
        ocr: what reads.
    """
    page_of = {page.number: page for page in pages}
    wanted: dict[Place, str] = {}
    for one in evidence:
        if one.box is not None and one.quote and one.page in page_of and len(wanted) < _MOST:
            wanted.setdefault((one.page, one.box), one.quote)
    if not wanted:
        return set()
    cuttings = [_cut(page_of[number], box) for number, box in wanted]
    sheet, corners = _sheet(cuttings)
    words = ocr.read(Image(pixels=sheet)).words
    found: set[Place] = set()
    for (place, quote), cutting, (x, y) in zip(wanted.items(), cuttings, corners, strict=True):
        inside = [word for word in words if _within(word, x, y, cutting)]
        if _letters(quote) in _letters(text_of(inside)):
            found.add(place)
    return found


def _cut(page: Page, box: Box) -> ByteArray:
    """A box of the page as stored with a margin of one height of its text, upright."""
    place = box if page.frame.is_straight else page.frame.to_straight(box)
    heights = [word.place.y1 - word.place.y0 for word in page.words if _meets(word.place, place)]
    margin = int(np.median(heights)) if heights else place.y1 - place.y0
    pixels = page.straight
    top, left = max(place.y0 - margin, 0), max(place.x0 - margin, 0)
    return pixels[top : place.y1 + margin, left : place.x1 + margin]


def _meets(one: Box, other: Box) -> bool:
    x, y = (one.x0 + one.x1) / 2, (one.y0 + one.y1) / 2
    return other.x0 <= x <= other.x1 and other.y0 <= y <= other.y1


def _sheet(cuttings: Sequence[ByteArray]) -> tuple[ByteArray, list[tuple[int, int]]]:
    """All cuttings on one white sheet in rows, and where the upper left corner of each lies."""
    width = max(_WIDEST, max(cutting.shape[1] for cutting in cuttings) + 2 * _APART)
    corners: list[tuple[int, int]] = []
    x = y = _APART
    deep = 0
    for cutting in cuttings:
        height, wide = cutting.shape[:2]
        if x + wide + _APART > width:
            x, y, deep = _APART, y + deep + _APART, 0
        corners.append((x, y))
        x, deep = x + wide + _APART, max(deep, height)
    used = max(x + cutting.shape[1] for (x, _), cutting in zip(corners, cuttings, strict=True)) + _APART
    sheet = np.full((y + deep + _APART, used, 3), 255, dtype=np.uint8)
    for (x, y), cutting in zip(corners, cuttings, strict=True):
        sheet[y : y + cutting.shape[0], x : x + cutting.shape[1]] = cutting
    return sheet, corners


def _within(word: Word, x: int, y: int, cutting: ByteArray) -> bool:
    middle_x, middle_y = (word.place.x0 + word.place.x1) / 2, (word.place.y0 + word.place.y1) / 2
    return x <= middle_x <= x + cutting.shape[1] and y <= middle_y <= y + cutting.shape[0]


def _letters(text: str) -> str:
    return normalised(text).replace(".", "")
