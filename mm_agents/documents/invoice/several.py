"""Several invoices in one file or on one page: which pages, and which part of a page, are of which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from mm_agents.documents.dates import dates_in
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.layout import lay_out, pairs, read_identifiers
from mm_agents.documents.invoice.line_items import find_items
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.invoice.totals import find_amounts
from mm_agents.documents.numbers import decimal_mark
from mm_agents.documents.pages import Page
from mm_agents.types import Word


def documents_of(pages: Sequence[Page]) -> list[list[Page]]:
    """The pages of each invoice; a page with two side by side, or one above another, is parted into both.

    A new invoice begins where a number of its own is printed, and a total of its own follows.
    """
    parts = [(part, n > 0) for page in pages for side in _sides(page) for n, part in enumerate(_stacked(side))]
    found: list[list[Page]] = []
    for n, (part, below) in enumerate(parts):
        number = _number([part])
        before = _number(found[-1]) if found else None
        apart = number is not None and before is not None and number != before
        following = [one for one, _ in parts[n:]]
        if found and not below and not (apart and _has_total(found[-1]) and _has_total(following)):
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _sides(page: Page) -> list[Page]:
    """The page, or its left and right part where a blank strip parts two invoices with numbers and totals."""
    words = [word for word in page.words if word.turned == 0]
    for cut in _strips(words):
        sides = [
            replace(page, words=tuple(word for word in words if (word.place.x0 >= cut) is right))
            for right in (False, True)
        ]
        numbers = {_number([side]) for side in sides}
        if None not in numbers and len(numbers) == 2 and all(_has_total([side]) for side in sides):
            return sides
    return [page]


def _stacked(page: Page) -> list[Page]:
    """The page, or its parts from the top where one is complete above another.

    A complete one has items, and a total and a date or number of its own; what is printed again below it, such as the
    slip of a card, has the same number and total, or no items.
    """
    sheet = lay_out([page])
    rows = [row for row in sheet.rows if row]
    pitch = PARAMETERS.blank_between * sheet.height
    for above, below in pairwise(rows):
        cut = min(one.y0 for one in below)
        if cut - max(one.y1 for one in above) < pitch:
            continue
        halves = [
            replace(page, words=tuple(word for word in page.words if (word.place.y0 + word.place.y1 >= 2 * cut) is low))
            for low in (False, True)
        ]
        first, second = (_said_by([half]) for half in halves)
        if first and second and first.total != second.total and (first.number is None or first.number != second.number):
            return [halves[0], *_stacked(halves[1])]
    return [page]


@dataclass(frozen=True, slots=True)
class _Said:
    """What tells two invoices apart."""

    total: Decimal
    number: str | None


def _said_by(pages: Sequence[Page]) -> _Said | None:
    """The total and number of an invoice that is complete; None of a part of one."""
    sheet = lay_out(pages)
    mark = decimal_mark(segment.text for segment in sheet.segments)
    table = find_items(sheet, mark)
    totals = [amount for amount in find_amounts(sheet.without(table.taken), mark) if amount.kind == "total"]
    number = _number(pages)
    dated = number is not None or any(dates_in(segment.text) for segment in sheet.segments)
    return _Said(max(amount.value for amount in totals), number) if table.rows and totals and dated else None


def _strips(words: Sequence[Word]) -> list[int]:
    """Where strips without words end, from the left."""
    found: list[int] = []
    end = None
    for word in sorted(words, key=lambda word: word.place.x0):
        if end is not None and word.place.x0 > end:
            found.append(word.place.x0)
        end = max(end or 0, word.place.x1)
    return found


def _number(pages: Sequence[Page]) -> str | None:
    """The number of the invoice by a label that says so."""
    return next((pair.value for pair in pairs(lay_out(pages), lexicon.FIELDS["number"], read_identifiers)), None)


def _has_total(pages: Sequence[Page]) -> bool:
    return any(amount.kind == "total" for amount in find_amounts(lay_out(pages), None))
