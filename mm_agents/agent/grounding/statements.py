"""A model's answer, cut into statements with the numbers that each cites, while it is being written."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from mm_agents._text import content_words
from mm_agents.agent.answer_data import Claim
from mm_agents.agent.grounding.assertions import check_answer
from mm_agents.agent.grounding.claims import Expression, asked_values, check_claim, numbers_in, values_in, values_of
from mm_agents.agent.grounding.coverage import denied
from mm_agents.agent.grounding.passage_support import passage_fault
from mm_agents.agent.grounding.reasons import COMPUTED, DERIVED, FOUND, READ, SEEN, WORDED, words_alone
from mm_agents.agent.grounding.sources import SEARCHES, RegisteredSource, SourceRegistry

_MARKS = re.compile(r"\s*\[(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\]")
_SENTENCE_END = re.compile(r"[.!?…][\"”')*_]*(?=\s|$|\s*\[\d)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|approx|no|nos|vs|fig|dr|mr|mrs|st|p|pp|ca|incl|excl)|^\s*\d+)\.$", re.I
)
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+|^\s*\|")
_BULLET = re.compile(r"^(?:[-*•]|\d{1,3}[.)])\s+")
_FENCE = re.compile(r"^\s*(?:```|~~~)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence, an item of a list, a row of a table, or a piece of code.

    Attributes:
        text: without the numbers of its sources.
        cited: these numbers, as they were written.
        before: what stands between it and what comes before it: a space, or line breaks.
        own: whether the numbers are its own; else they are those of a neighbour.
    """

    text: str
    cited: tuple[int, ...]
    before: str = " "
    own: bool = True


class Statements:
    """Takes a text piece by piece and gives the statements that are whole.

    A sentence without numbers takes those of the next sentence of its paragraph that has some, else on those before
    it: people and models cite at the end of what belongs together.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._waiting: list[Statement] = []
        self._last: tuple[int, ...] = ()
        self._before = ""
        self._code: list[str] | None = None

    def feed(self, piece: str) -> list[Statement]:
        """The statements that this piece completes."""
        self._rest += piece
        ready: list[Statement] = []
        while (end := self._rest.find("\n")) >= 0:
            # A line's numbers may stand on the next one; only what is there decides that the line is over.
            if self._code is None and not self._rest[end + 1 :].strip(" \n"):
                break
            line, self._rest = self._rest[:end], self._rest[end + 1 :]
            ready += self._line(line)
        if self._code is None and not _FENCE.match(self._rest) and "\n" not in self._rest:
            ready += self._sentences(final=False)
        return ready

    def end(self) -> list[Statement]:
        """What is left when the text is over."""
        ready: list[Statement] = []
        for line in [*self._rest.split("\n")]:
            ready += self._line(line)
        if self._code is not None:
            ready += self._close_code()
        return ready + self._flush(())

    # ------------------------------------------------------------ helpers

    def _line(self, line: str) -> list[Statement]:
        if self._code is not None:
            self._code.append(line)
            return self._close_code() if _FENCE.match(line) else []
        if _FENCE.match(line):
            self._code = [line]
            return []
        if not line.strip():
            self._before = "\n\n" if self._before else ""
            return self._flush(())
        if self._before == "\n\n" and not _ITEM.match(line):
            self._last = ()  # a new paragraph cites nothing yet
        self._rest, kept = line, self._rest
        ready = self._sentences(final=True)
        self._rest = kept
        self._before = self._before if self._before == "\n\n" else "\n"
        return ready

    def _sentences(self, *, final: bool) -> list[Statement]:
        """The whole sentences at the beginning of the rest; all of it where that is final."""
        ready: list[Statement] = []
        item = bool(_ITEM.match(self._rest))
        while self._rest.strip():
            end = None if item else self._end_of_sentence(final=final)
            if end is None and not final:
                break
            said, self._rest = self._rest[:end], "" if end is None else self._rest[end:]
            ready += self._stated(said)
        return ready

    def _end_of_sentence(self, *, final: bool) -> int | None:
        """Where the first sentence ends, the numbers after it included; None where that is not known yet."""
        for found in _SENTENCE_END.finditer(self._rest):
            if _ABBREVIATION.search(self._rest[: found.end()]):
                continue
            end = found.end()
            while marks := _MARKS.match(self._rest, end):
                end = marks.end()
            follows = self._rest[end:].lstrip()
            if not follows and not final:
                return None
            if follows.startswith("[") and not final and "]" not in follows:
                return None
            return end
        return None

    def _stated(self, said: str) -> list[Statement]:
        cited = tuple(
            dict.fromkeys(int(number) for marks in _MARKS.findall(said) for number in re.findall(r"\d+", marks))
        )
        text = re.sub(r"\s+([.,;:!?])", r"\1", _MARKS.sub("", said)).strip()
        before, self._before = self._before, " "
        if item := _BULLET.match(text):
            before, text = before + item[0], text[item.end() :]
        if not re.search(r"\w", text):
            self._before = f"{before}{said.strip()}\n" if said.lstrip().startswith("|") else before
            if cited:  # numbers that stand alone belong to what is before them
                return self._flush(cited)
            return []
        self._waiting.append(Statement(text=text, cited=cited, before=before, own=bool(cited)))
        return self._flush(cited) if cited else []

    def _close_code(self) -> list[Statement]:
        text = "\n".join(self._code or [])
        self._code = None
        self._waiting.append(Statement(text=text, cited=(), before=self._before or "", own=False))
        self._before = "\n"
        return self._flush(self._last) if self._last else []

    def _flush(self, cited: tuple[int, ...]) -> list[Statement]:
        """What waited for numbers, with these, else with those before it."""
        ready = [one if one.cited else replace(one, cited=cited or self._last) for one in self._waiting]
        self._waiting = []
        self._last = cited or self._last
        return ready


_STRANGE = 0.5
"""A claim with a larger share of words that neither its sources nor the question have is not supported."""

# What a claim may say of its sources without their saying it.
_LONG = 8  # characters of a quote that are no coincidence

_NEUTRAL = content_words(
    "together altogether combined overall total sum cost price amount equal come make plus minus times per percent "
    "highest lowest largest smallest first second third last both tie same higher lower average difference share rank "
    "contain state say list print call follow next previous step yes show visible write message value number name"
)

_ANSWERING_NO = re.compile(r"^\W*no[,.:;]\s*", re.IGNORECASE)
_UNPROVEN = re.compile(
    r"\b(?:most|least|\w+est|best|worst|first|last|more|less|fewer|higher|lower|cheaper|larger|smaller|later|earlier|"
    r"all|every|both|none|neither|only|than|maximum|minimum|average|mean|record|peak(?:s|ed)?|top(?:s|ped)?|"
    r"leads?|led|leading|exceed(?:s|ed)?|beats?|surpass(?:es|ed)?|out(?:perform|sell|rank)(?:s|ed)?|ranks?|twice|half|"
    r"doubled?|tripled?|grew|rose|fell|(?:in|de)crease[sd]?|dropped|declined)\b",
    re.IGNORECASE,
)
"""Words that compare or count over several things, which a page that prints the value does not prove."""
_EQUATION = re.compile(
    r"(\d[\d.,\s+*/×x÷·()$€£%−-]*?[+*/×x÷·−-][\d.,\s+*/×x÷·()$€£−-]*)=\s*[$€£]?\s*(\d(?:[\d.,]*\d)?)"
)
_SIGNS = str.maketrans({"×": "*", "x": "*", "·": "*", "÷": "/", "−": "-", "$": None, "€": None, "£": None, " ": " "})

Verdict = Literal["carried", "seen", "left out"]
"""Supported by words and numbers; said of a picture that the model was shown; or neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim, whether the answer's text says it, and its place among all."""

    claim: Claim
    verdict: Verdict
    place: int = 0


def judge(statement: Statement, sources: SourceRegistry, question: str, *, of_field: bool = False) -> Judgement:
    """Check a statement against the sources that it cites.

    Args:
        statement: what the model says.
        sources: those that it was given.
        question: what was asked, which may give quantities.
        of_field: the statement is a field's name and its value, which a source need not say as a sentence.
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
    if wrong := _beyond_searching(statement.text, cited):
        return _left_out(statement, wrong)
    if of_field:
        return _by_words(statement, cited, sources, question)
    facts = sources.facts.within(known.source.evidence.asset for known in cited)
    assertion = check_answer(statement.text, facts, question) if facts.things else None
    if assertion is not None and assertion.fault is None:
        return _follows(statement, cited, sources, derived=assertion.derived, question=question)
    named = [known for known in cited if known.source.name and known.source.name in statement.text]
    unsaid = passage_fault(statement.text, *_passages(named or cited))
    if unsaid is None:
        return _follows(statement, cited, sources, derived=False, question=question)
    if assertion is not None and (assertion.speaks or not any(known.seen for known in cited)):
        return _left_out(statement, assertion.fault or unsaid)
    if assertion is None and all(_is_text(known) for known in cited):
        return _left_out(statement, unsaid)
    return _by_words(statement, cited, sources, question)


def _by_words(
    statement: Statement, cited: Sequence[RegisteredSource], sources: SourceRegistry, question: str
) -> Judgement:
    """Check a statement about something that no facts were read of, by the words and numbers of its sources."""
    doubt, computed, cited = _figures(statement.text, cited, sources, question)
    statement = replace(statement, cited=tuple(known.source.number for known in cited))
    why = doubt or _words(statement.text, cited, question) or _unproven(statement.text, cited)
    if why is None:
        found = all(one.found for one in cited)
        claim = Claim(
            text=statement.text,
            sources=statement.cited,
            kind="match" if found else "computed" if computed else "read",
            why=FOUND if found else COMPUTED if computed else WORDED,
            computed=computed,
        )
        return Judgement(claim=claim, verdict="carried")
    if any(known.seen for known in cited):
        why = f"{SEEN}{why}"
        claim = Claim(text=statement.text, sources=statement.cited, kind="unsupported", why=why)
        return Judgement(claim=claim, verdict="seen")
    return _left_out(statement, why)


def _beyond_searching(text: str, cited: Sequence[RegisteredSource]) -> str | None:
    """What a statement denies or counts, where it cites nothing but what searches found."""
    quotes = " ".join(known.clean.evidence.quote or "" for known in cited)
    word = denied(_ANSWERING_NO.sub("", text), quotes)
    if word and all(known.tool.endswith(SEARCHES) for known in cited):
        return f"it denies something (“{word}”), and a search proves only what it finds"
    counted = values_in([_nameless(text, cited)]) - values_in([quotes])
    if all(known.found for known in cited) and Decimal(len(cited)).normalize() in counted:
        return "a search finds as many as it is asked for, and does not count"
    return None


def _follows(
    statement: Statement, cited: Sequence[RegisteredSource], sources: SourceRegistry, *, derived: bool, question: str
) -> Judgement:
    """A statement that follows from what was read, with the places that print its numbers.

    It is read where these places print them all, and counted where it takes more than one place to know it.
    """
    wanted = [values_of(written) for written in numbers_in(_nameless(statement.text, cited))]
    places = _located(wanted, cited, sources)
    printed = check_claim(statement.text, [known.clean for known in places], computed=None, question=question) is None
    claim = Claim(
        text=statement.text,
        sources=tuple(known.source.number for known in places),
        kind="read" if printed and not derived else "counted",
        why=READ if printed and not derived else DERIVED,
    )
    return Judgement(claim=claim, verdict="carried")


def _passages(cited: Sequence[RegisteredSource]) -> tuple[list[str], list[str]]:
    """The quotes of sources, and the sources' names."""
    return [known.clean.evidence.quote or "" for known in cited], [known.source.name for known in cited]


def _is_text(known: RegisteredSource) -> bool:
    return known.tool.endswith(SEARCHES) and bool(known.source.evidence.quote)


def _unproven(text: str, cited: Sequence[RegisteredSource]) -> str | None:
    """A word that compares or counts and that none of the sources has."""
    quotes = [known.clean.evidence.quote or "" for known in cited]
    printed = [set(re.findall(r"\w+", quote.casefold())) for quote in quotes]
    bare = _nameless(text, cited).casefold()
    for found in _UNPROVEN.finditer(bare):
        # A page that prints "highest" of something else proves nothing, so the word after it has to be there too.
        said = {found[0], *re.findall(r"\w+", bare[found.end() :])[:1]}
        if not any(said <= words for words in printed):
            return f"no source says “{found[0]}”"
    return denied_word(bare, " ".join(quotes))


def denied_word(text: str, quotes: str) -> str | None:
    """What a text denies and its sources do not, in words."""
    word = denied(_ANSWERING_NO.sub("", text), quotes)
    return f"it denies something (“{word}”), and no source does" if word else None


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
    flat = words_alone(statement.text)
    found: list[int] = []
    for values in wanted:
        found += [n for n, known in sources.known.items() if values & values_in([known.clean.evidence.quote or ""])][:1]
    for n, known in sources.known.items():
        quote, name = words_alone(known.clean.evidence.quote or ""), known.source.name
        if (len(quote) >= _LONG and quote in flat) or (name and name in statement.text):
            found.append(n)
    if not found and len({known.source.evidence.asset for known in sources.known.values()}) == 1:
        found = [min(sources.known)]
    return replace(statement, cited=tuple(dict.fromkeys(found)))


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
    claim = Claim(text=statement.text, sources=statement.cited, kind="unsupported", why=why)
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
    if too_strange(text, unknown_words, new):
        return f"its sources do not say {', '.join(unknown_words[:4])}"
    anchored = bool(numbers_in(text)) or bool(new & known) or _names(text, cited)
    if not anchored and not (said & known):
        return "it only repeats the question"
    return None


def too_strange(text: str, strange: Collection[str], new: Collection[str]) -> bool:
    """Whether too many of the words that a claim adds to its question are in none of its sources."""
    return len(strange) > (1 if numbers_in(text) else 0) and len(strange) >= _STRANGE * len(new)


def new_words(text: str, question: str) -> set[str]:
    """The words, without numbers, that a claim adds to its question; those that any claim may have are left out."""
    said = {word for word in content_words(text) if not word[0].isdigit()}
    return said - content_words(question) - _NEUTRAL


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
