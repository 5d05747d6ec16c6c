"""What can be said of a claim from its words and those of its sources alone, without opening a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from mm_agents.agent._figures import Sum, asked_values, numbers_in, values_in, values_of
from mm_agents.agent.answer import Source

_CLOCK = re.compile(r"\b\d+:\d{2}(?:\.\d+)?\b")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SAID = re.compile(r"“[^”]*”")
_RANK = re.compile(r"^\s*\d+[.)]\s|\bgo to \d+\b")
"""Numbers that count the lines of a list and do not stand in a source."""


def check_claim(text: str, sources: Sequence[Source], *, computed: str | None, question: str) -> str | None:
    """Why a claim does not follow from the words of its sources; None where nothing speaks against it.

    Args:
        text: the claim. What stands in it between “ and ” is a quote of its own, which is looked for on the page.
        sources: those that it cites.
        computed: the sum behind it.
        question: what was asked, which may give quantities.
    """
    if not sources:
        return "no source is cited"
    quotes = [source.evidence.quote or "" for source in sources]
    known = values_in(quotes) | {Decimal(len(sources)).normalize()}
    if computed is not None:
        try:
            found = Sum(computed)
        except ValueError as error:
            return f"the sum {computed!r} cannot be done again: {error}"
        if not found.right:
            return f"the sum {computed!r} comes to {found.value}"
        asked = asked_values(question)
        for operand in found.operands:
            if operand not in known and operand not in asked:
                return f"{operand:f} of the sum {computed!r} is in no source and not in the question"
        if not any(found.said.normalize() in values_of(written) for written in numbers_in(text)):
            return f"it does not say what the sum {computed!r} comes to"
        known |= found.parts
    return _unknown_number(text, sources, quotes, known)


def with_similarity(text: str, similarity: float) -> str:
    """A claim that something is near, with how near it is, before its full stop."""
    stop = text[-1:] if text[-1:] in ".!?" else ""
    return f"{text.removesuffix(stop)}{_similarity(similarity)}{stop}"


def without_similarity(text: str, similarity: float) -> str:
    """The claim without it."""
    return text.replace(_similarity(similarity), "")


def _similarity(similarity: float) -> str:
    return f" (similarity {similarity:.2f})"


def times_of(text: str) -> list[float]:
    """The moments that a claim names, in seconds."""
    return [int(minutes) * 60 + float(rest) for minutes, rest in (one.split(":") for one in _CLOCK.findall(text))]


def said_in(text: str) -> list[str]:
    """What a claim quotes between “ and ”."""
    return [found[1:-1] for found in _SAID.findall(text)]


def _unknown_number(text: str, sources: Sequence[Source], quotes: Sequence[str], known: set[Decimal]) -> str | None:
    """A number of the claim that stands in none of its sources, in words; None where there is none."""
    bare = text
    for name in sorted({source.name for source in sources}, key=len, reverse=True):
        bare = bare.replace(name, " ") if name else bare
    moments = [edge for source in sources for edge in (source.evidence.t0, source.evidence.t1) if edge is not None]
    for second in times_of(bare):
        if not any(abs(second - edge) < 0.06 for edge in moments):
            return f"the moment {second:g} s is in none of its sources"
    bare = _CLOCK.sub(" ", _SAID.sub(" ", _RANK.sub("", bare)))
    for date in _ISO_DATE.finditer(bare):
        if not _has_date(date, quotes):
            return f"the date {date[0]} is in none of its sources"
    bare = _ISO_DATE.sub(" ", bare)
    pages = {Decimal(source.evidence.page) for source in sources if source.evidence.page is not None}
    for written in numbers_in(bare):
        if not values_of(written) & (known | pages):
            return f"the number {written} is in none of its sources"
    return None


def _has_date(date: re.Match[str], quotes: Sequence[str]) -> bool:
    """Whether a quote has the day and the year of a date; months are written in many ways."""
    year, _, day = date.groups()
    for quote in quotes:
        digits = re.findall(r"\d+", quote)
        if {year, year[2:]} & set(digits) and any(one.lstrip("0") == day.lstrip("0") for one in digits):
            return True
        if date[0].replace("-", "") in "".join(digits):
            return True
    return False
