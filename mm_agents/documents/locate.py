"""Where a quote is on a page, found by code alone; a quote that is not there has no place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mm_agents._optional import require
from mm_agents._text import fold
from mm_agents.documents.opencv import EXTRA
from mm_agents.documents.pages import Page
from mm_agents.documents.parameters import PARAMETERS
from mm_agents.types import Evidence, Word

How = Literal["exact", "normalised", "fuzzy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Words that say a quote, how they were found, and how like the quote they are, 0 to 1."""

    words: tuple[Word, ...]
    how: How
    likeness: float


def locate(quote: str, pages: Page | Sequence[Page]) -> Evidence | None:
    """Find a quote on pages.

    Tried one after the other: the very characters; the same letters and digits, whatever their case, accents, spaces
    and punctuation; letters that differ here and there. Digits may never differ.

    Args:
        quote: what is said to stand there.
        pages: one page, or several of one document.

    Returns:
        Evidence whose ``how`` names the step that found it and whose ``confidence`` counts the likeness and the
        reading; None where the quote is not on the pages.
    """
    pages = [pages] if isinstance(pages, Page) else pages
    best: tuple[Page, Found] | None = None
    for page in pages:
        found = find(quote, page.words)
        if found and (best is None or _rank(found) > _rank(best[1])):
            best = (page, found)
    if best is None:
        return None
    page, found = best
    sure = found.likeness * min(word.confidence for word in found.words)
    return page.evidence(found.words, how=found.how, confidence=round(sure, 4))


def find(quote: str, words: Sequence[Word]) -> Found | None:
    """The words of a page that say a quote: those that follow each other in its lines."""
    wanted = normalised(quote)
    if not wanted:
        return None
    runs = list(_runs(words, len(wanted)))
    exact = " ".join(quote.split())
    for run in runs:
        if " ".join(word.text for word in run) == exact:
            return Found(words=run, how="exact", likeness=1.0)
    for run in runs:
        if normalised("".join(word.text for word in run)) == wanted:
            return Found(words=run, how="normalised", likeness=1.0)
    return _fuzzy(wanted, runs)


def normalised(text: str) -> str:
    """Letters and digits alone, in lower case without accents; a decimal point or comma between digits stays one."""
    flat = re.sub(r"(?<=\d)[.,](?=\d)", "\x00", fold(text))
    return "".join(character for character in flat if character.isalnum() or character == "\x00").replace("\x00", ".")


def _fuzzy(wanted: str, runs: Iterable[tuple[Word, ...]]) -> Found | None:
    if len(wanted) < PARAMETERS.quote_shortest:
        return None
    ratio = require("rapidfuzz", extra=EXTRA, feature="Finding quotes").fuzz.ratio
    digits, slack = _digits(wanted), PARAMETERS.quote_slack * len(wanted) + 1
    best: Found | None = None
    for run in runs:
        read = normalised("".join(word.text for word in run))
        if abs(len(read) - len(wanted)) > slack or _digits(read) != digits:
            continue
        likeness = ratio(wanted, read) / 100
        if likeness >= PARAMETERS.quote_likeness and (best is None or likeness > best.likeness):
            best = Found(words=run, how="fuzzy", likeness=round(likeness, 4))
    return best


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit() or character == ".")


def _runs(words: Sequence[Word], length: int) -> Iterable[tuple[Word, ...]]:
    """Words in a row, in the order of reading, about as long as the quote."""
    for start in range(len(words)):
        room = length * PARAMETERS.quote_room + 4
        for end in range(start, min(start + PARAMETERS.quote_words, len(words))):
            room -= len(words[end].text)
            yield tuple(words[start : end + 1])
            if room < 0:
                break


def _rank(found: Found) -> tuple[int, float]:
    return {"exact": 2, "normalised": 1, "fuzzy": 0}[found.how], found.likeness
