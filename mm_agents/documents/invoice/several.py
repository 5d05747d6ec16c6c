"""Several invoices in one file or on one page: which pages, and which side of a page, are of which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.layout import lay_out, pairs, read_identifiers
from mm_agents.documents.invoice.totals import find_amounts
from mm_agents.documents.pages import Page
from mm_agents.types import Word


def documents_of(pages: Sequence[Page]) -> list[list[Page]]:
    """The pages of each invoice; a page with two side by side is parted into both.

    A new invoice begins where a number of its own is printed, and a total of its own follows.
    """
    parts = [part for page in pages for part in _sides(page)]
    found: list[list[Page]] = []
    for n, part in enumerate(parts):
        number = _number([part])
        before = _number(found[-1]) if found else None
        apart = number is not None and before is not None and number != before
        if found and not (apart and _has_total(found[-1]) and _has_total(parts[n:])):
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
