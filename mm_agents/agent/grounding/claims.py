"""Checks that the cited sources support each claim."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from mm_agents._text import content_words
from mm_agents.agent.answer_data import Claim, Source
from mm_agents.agent.grounding.numbers import Expression, asked_values, numbers_in, values_in, values_of
from mm_agents.agent.grounding.sources import RegisteredSource, SourceRegistry
from mm_agents.agent.grounding.statements import Statement

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
            found = Expression(computed)
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


_STRANGE = 0.5
"""A claim so much of whose words, beside the question's, stand in no source is not carried by them."""

# What a claim may say of its sources without their saying it.
_LONG = 8  # characters of a quote that are no coincidence

_NEUTRAL = content_words(
    "together altogether combined overall total sum cost price amount equal come make plus minus times per percent "
    "highest lowest largest smallest first second third last both tie same higher lower average difference share rank "
    "contain state say list print call follow next previous step yes show visible write message value number name"
)

_FOUND = "nearest match: a search found it, and code has not checked what it shows"
_COMPUTED = "computed from its sources"
_EQUATION = re.compile(
    r"(\d[\d.,\s+*/×x÷·()$€£%−-]*?[+*/×x÷·−-][\d.,\s+*/×x÷·()$€£−-]*)=\s*[$€£]?\s*(\d(?:[\d.,]*\d)?)"
)
_SIGNS = str.maketrans({"×": "*", "x": "*", "·": "*", "÷": "/", "−": "-", "$": None, "€": None, "£": None, " ": " "})

Verdict = Literal["carried", "seen", "left out"]
"""Borne out by words and numbers; told of a picture that the model was shown; or neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim, whether the answer's text says it, and its place among all."""

    claim: Claim
    verdict: Verdict
    place: int = 0


def judge(statement: Statement, sources: SourceRegistry, question: str) -> Judgement:
    """Check a statement against the sources that it cites.

    Args:
        statement: what the model says.
        sources: those that it was given.
        question: what was asked, which may give quantities.
    """
    cited = [sources.known[number] for number in statement.cited if number in sources.known]
    unknown = [number for number in statement.cited if number not in sources.known]
    if unknown:
        listed = ", ".join(f"[{number}]" for number in unknown)
        return _left_out(statement, f"it cites {listed}, which it was never given")
    if not cited:
        return _left_out(statement, "no source is cited")
    if smuggled := _injected_content(statement.text, cited, sources, question):
        return _left_out(statement, f"“{smuggled}” is from a line that reads like an instruction")
    doubt, computed, cited = _figures(statement.text, cited, sources, question)
    statement = replace(statement, cited=tuple(known.source.number for known in cited))
    why = doubt or _words(statement.text, cited, question)
    if why is None:
        found = all(one.found for one in cited)
        claim = Claim(
            text=statement.text,
            sources=statement.cited,
            status="match" if found else "verified",
            why=_FOUND if found else _COMPUTED if computed else "its words and numbers are those of its sources",
            computed=computed,
        )
        return Judgement(claim=claim, verdict="carried")
    if any(known.seen for known in cited):
        why = f"told of a picture by the model, and code cannot see it: {why}"
        claim = Claim(text=statement.text, sources=statement.cited, status="unverified", why=why)
        return Judgement(claim=claim, verdict="seen")
    return _left_out(statement, why)


def cite(statement: Statement, sources: SourceRegistry, question: str) -> Statement:
    """A statement without numbers of sources, with those of the places that print what it says, where there are any.

    Where it stands is for code to find: the numbers that the statement says or adds up, a quote that it holds, a file
    that it names; or the only file that there is.
    """
    asked = asked_values(question)
    said = values_in([statement.text])
    wanted = [values_of(written) - asked for written in numbers_in(statement.text)]
    for candidate in (*_equations(statement.text), *sources.sums):
        try:
            result = Expression(candidate)
        except ValueError:
            continue
        if result.said.normalize() in said:
            wanted += [{value} - asked for value in result.operands]
    flat = _flat(statement.text)
    found: list[int] = []
    for values in wanted:
        found += [n for n, known in sources.known.items() if values & values_in([known.clean.evidence.quote or ""])][:1]
    for n, known in sources.known.items():
        quote, name = _flat(known.clean.evidence.quote or ""), known.source.name
        if (len(quote) >= _LONG and quote in flat) or (name and name in statement.text):
            found.append(n)
    if not found and len({known.source.evidence.asset for known in sources.known.values()}) == 1:
        found = [min(sources.known)]
    return replace(statement, cited=tuple(dict.fromkeys(found)))


def _flat(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def is_introduction(statement: Statement, sources: SourceRegistry, question: str) -> bool:
    """Whether it is an introduction that says nothing of its own, such as "The steps are:"."""
    if not statement.text.endswith(":") or statement.own or numbers_in(statement.text):
        return False
    known = content_words(question) | _NEUTRAL
    for number in statement.cited:
        if number in sources.known:
            known |= sources.known[number].words
    return content_words(statement.text) <= known


def _located(
    wanted: Sequence[set[Decimal]], cited: Sequence[RegisteredSource], sources: SourceRegistry
) -> list[RegisteredSource]:
    """The sources, and the places of the same files that print other numbers of a claim.

    Models cite a line or a page where a number beside it is meant; where it stands is for code to find.

    Args:
        wanted: what each number may mean.
        cited: the sources that the claim cites.
        sources: all that there are.
    """
    found = list(cited)
    assets = {known.source.evidence.asset for known in cited}
    for values in wanted:
        if any(values & values_in([known.clean.evidence.quote or ""]) for known in found):
            continue
        for known in sources.known.values():
            quote = known.clean.evidence.quote or ""
            if known.source.evidence.asset in assets and known not in found and values & values_in([quote]):
                found.append(known)
                break
    return found


def _left_out(statement: Statement, why: str) -> Judgement:
    claim = Claim(text=statement.text, sources=statement.cited, status="unverified", why=why)
    return Judgement(claim=claim, verdict="left out")


def _figures(
    text: str, cited: Sequence[RegisteredSource], sources: SourceRegistry, question: str
) -> tuple[str | None, str | None, Sequence[RegisteredSource]]:
    """Whether its numbers follow from its sources.

    Returns:
        Why they do not, if so; else the sum that they follow by, if one is needed; and the sources that it then takes.
    """
    printed = _located([values_of(written) for written in numbers_in(_nameless(text, cited))], cited, sources)
    doubt = check_claim(text, [known.clean for known in printed], computed=None, question=question)
    if doubt is None:
        return None, None, printed
    said, wrong = values_in([text]), ""
    asked = asked_values(question)
    for candidate in (*_equations(text), *sources.sums):
        try:
            result = Expression(candidate)
        except ValueError:
            continue
        if not result.right:
            wrong = wrong or f"the sum “{candidate}” comes to {result.value:f}"
            continue
        if not said & (result.parts - set(result.operands)):
            continue
        operands = [{value} for value in result.operands if value not in asked]
        taken = _located(operands, printed, sources)
        if check_claim(text, [known.clean for known in taken], computed=candidate, question=question) is None:
            return None, candidate, taken
    return wrong or doubt, None, cited


def _equations(text: str) -> list[str]:
    """The sums that a text spells out, in digits and signs that can be done again."""
    found: list[str] = []
    for left, right in _EQUATION.findall(text):
        signs = left.translate(_SIGNS).strip()
        sum_ = " ".join(f"{signs} = {right}".split())
        found += [sum_.replace(",", ""), sum_.replace(".", "").replace(",", ".")]
    return found


def _words(text: str, cited: Sequence[RegisteredSource], question: str) -> str | None:
    """Why its words are not those of its sources; None where enough of them are."""
    said = {word for word in content_words(_nameless(text, cited)) if not word[0].isdigit()}
    asked = content_words(question)
    known: set[str] = set()
    for one in cited:
        known |= one.words | content_words(one.clean.evidence.quote or "")
    new = said - asked - _NEUTRAL
    unknown_words = sorted(new - known)
    if len(unknown_words) > (1 if numbers_in(text) else 0) and len(unknown_words) >= _STRANGE * len(new):
        return f"its sources do not say {', '.join(unknown_words[:4])}"
    anchored = bool(numbers_in(text)) or bool(new & known) or _names(text, cited)
    if not anchored and not (said & known):
        return "it only repeats the question"
    return None


def _nameless(text: str, cited: Sequence[RegisteredSource]) -> str:
    for known in cited:
        if known.source.name:
            text = text.replace(known.source.name, " ")
    return text


def _names(text: str, cited: Sequence[RegisteredSource]) -> bool:
    return any(known.source.name and known.source.name in text for known in cited)


def _injected_content(
    text: str, cited: Sequence[RegisteredSource], sources: SourceRegistry, question: str
) -> str | None:
    """Words or numbers of the claim that only a withheld line has; None where there are none."""
    if not sources.withheld:
        return None
    lines = [one.line for one in sources.withheld]
    hidden: set[str] = set()
    for line in lines:
        hidden |= content_words(line)
    known: set[str] = content_words(question)
    for one in cited:
        known |= one.words | content_words(one.clean.evidence.quote or "")
    unknown_words = content_words(_nameless(text, cited)) - known
    smuggled = sorted(unknown_words & hidden)
    if smuggled and 2 * len(smuggled) >= len(unknown_words):
        return " ".join(smuggled[:5])
    figures = values_in(lines) & values_in([text])
    borne = asked_values(question).union(*(one.figures for one in cited))
    return f"{min(figures - borne):f}" if figures - borne else None
