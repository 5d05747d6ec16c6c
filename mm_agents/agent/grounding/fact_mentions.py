"""What a sentence mentions of the facts that were read: names, attributes, values, and words of logic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from mm_agents._text import MONTHS, NUMBER_WORDS, fold, fold_characters, read_data
from mm_agents.agent.grounding.claims import CURRENCY_CODES, CURRENCY_SIGNS
from mm_agents.agent.grounding.facts import Facts, Thing, party_names

MentionKind = Literal["name", "attribute", "amount", "date", "kind", "logic", "strange"]

_MONTH = rf"(?P<{{0}}>{'|'.join(f'{name}|{name[:3]}' for name in MONTHS)})\.?"
_DATE = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b"
    rf"|\b(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH.format('name')},? (?P<year>\d{{4}})\b"
    rf"|\b{_MONTH.format('us_name')} (?P<us_day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<us_year>\d{{4}})\b"
    rf"|\b{_MONTH.format('only')} (?P<only_year>\d{{4}})\b",
    re.IGNORECASE,
)
_SPOKEN = {"euro": "EUR", "pound": "GBP", "dollar": "USD"}
_AMOUNT = re.compile(
    rf"(?:(?P<sign>[€£$¥₹])\s?|\b(?P<code>{CURRENCY_CODES})\s)?(?<![\w.,-])(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?)(?![\d-])"
    rf"(?P<percent>\s?%|\spercent\b)?(?:\s?(?P<sign_after>[€£¥])|\s(?P<code_after>{CURRENCY_CODES})\b"
    r"|\s(?P<spoken>euro|pound|dollar)s?\b)?",
)
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_NAME, _VALUE, _PARTY = "\x00", "\x01", "\x02"


@dataclass(frozen=True, slots=True)
class Mention:
    """A piece of a sentence that says something about facts.

    Attributes:
        kind: what it is.
        text: the word of the vocabulary, the value in its plain form, or the name.
        start: of its characters in the sentence.
        end: past them.
        things: those that a name names.
        number: of an amount.
        currency: of an amount, where it has one.
        percent: whether an amount is a share.
        party: whether a name is a company's.
    """

    kind: MentionKind
    text: str
    start: int
    end: int
    things: tuple[Thing, ...] = ()
    number: Decimal = Decimal(0)
    currency: str | None = None
    percent: bool = False
    party: bool = False


@cache
def _vocabulary() -> dict[str, Any]:
    return read_data("mm_agents.agent.grounding", "assertion_words.toml")


def mentions_in(text: str, facts: Facts) -> list[Mention]:
    """All that a sentence mentions, in order; words that nothing is known of are "strange"."""
    masked = fold_characters(text)
    found: list[Mention] = []

    def take(mention: Mention, mask: str) -> None:
        nonlocal masked
        found.append(mention)
        length = mention.end - mention.start
        masked = masked[: mention.start] + mask * length + masked[mention.end :]

    for mention in _names(masked, facts):
        take(mention, _PARTY if mention.party else _NAME)
    for mention in _dates(masked):
        take(mention, _VALUE)
    for mention in _amounts(text, masked):
        take(mention, _VALUE)
    for mention, attribute in _measured(masked, facts):
        found.append(attribute)
        take(mention, "\x03")
    for kind, patterns in _patterns(facts):
        for mention in _worded(masked, kind, patterns):
            take(mention, "\x03")
    for mention in _number_words(masked):
        take(mention, _VALUE)
    filler = re.compile(rf"(?:{''.join(_vocabulary()['filler']['words'])})\Z")
    for word in re.finditer(r"[^\W_][\w'’/&-]*", masked):
        if not filler.match(word[0]):
            found.append(Mention("strange", word[0], *word.span()))
    if symbol := re.search(r"[+=×÷*/~≈<>]", masked):
        found.append(Mention("strange", symbol[0], *symbol.span()))
    return sorted(found, key=lambda one: one.start)


def column_word(column: str) -> str:
    """A column's name as its attribute: "vote average" of "vote_average"."""
    return column.replace("_", " ")


# ---------------------------------------------------------------- names and values


def _names(masked: str, facts: Facts) -> Iterator[Mention]:
    known: dict[str, tuple[str, list[Thing], bool]] = {}

    def note(name: str, thing: Thing | None, party: bool) -> None:
        entry = known.setdefault(fold(name), (name, [], party))
        if thing is not None and thing not in entry[1]:
            entry[1].append(thing)

    for thing in facts.things:
        sellers = party_names(thing.values.get("seller", ""))
        for name in thing.names:
            note(name, thing, name in sellers)
        for attribute, value in thing.values.items():
            if attribute in ("seller", "buyer"):
                for name in party_names(value):
                    note(name, None, True)
            elif thing.kind in ("invoice", "row") and attribute != "currency" and re.search(r"[^\W\d_]{2}", value):
                note(value, None, False)
    taken: list[tuple[int, int]] = []
    for folded, (name, things, party) in sorted(known.items(), key=lambda one: -len(one[0])):
        for match in _name_pattern(folded).finditer(masked):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                yield Mention("name", name, *match.span(), things=tuple(things), party=party)


@cache
def _name_pattern(folded: str) -> re.Pattern[str]:
    """A name with its last word in the singular or plural."""
    words = folded.split()
    last = words[-1]
    if last.isalpha() and len(last) > 2:
        bare = re.escape(re.sub(r"(?:(?<=[sxzh])es|(?<!s)s)$", "", last))
        words = [*map(re.escape, words[:-1]), f"(?:{bare}|{re.escape(last)})(?:e?s)?"]
    else:
        words = list(map(re.escape, words))
    spaced = r"\s+".join(words)
    return re.compile(rf"(?<![\w-]){spaced}(?![\w-])")


def _dates(masked: str) -> Iterator[Mention]:
    for match in _DATE.finditer(masked):
        iso = match["iso"]
        name = match["name"] or match["us_name"] or match["only"]
        if iso is None and name is not None:
            month = next(n for n, one in enumerate(MONTHS, start=1) if one.startswith(name.casefold()))
            year = match["year"] or match["us_year"] or match["only_year"]
            day = match["day"] or match["us_day"]
            iso = f"{year}-{month:02d}" + (f"-{int(day):02d}" if day else "")
        yield Mention("date", iso or "", *match.span())


def _amounts(text: str, masked: str) -> Iterator[Mention]:
    for match in _AMOUNT.finditer(text):
        if _VALUE in masked[match.start() : match.end()] or _NAME in masked[match.start() : match.end()]:
            continue
        sign, code = match["sign"] or match["sign_after"], match["code"] or match["code_after"]
        currency = CURRENCY_SIGNS.get(sign or "") or code or _SPOKEN.get(match["spoken"] or "")
        yield Mention(
            "amount",
            match["number"],
            *match.span(),
            number=Decimal(match["number"].replace(",", "")).normalize(),
            currency=currency,
            percent=match["percent"] is not None,
        )


def _number_words(masked: str) -> Iterator[Mention]:
    for match in _WORD_NUMBER.finditer(masked):
        number = Decimal(NUMBER_WORDS[match[0].casefold()])
        yield Mention("amount", match[0], *match.span(), number=number)


# ---------------------------------------------------------------- words


def _measured(masked: str, facts: Facts) -> list[tuple[Mention, Mention]]:
    """Words such as "longest", which rank by the only column that they may be of; each with that attribute."""
    pairs: list[tuple[Mention, Mention]] = []
    for column in _columns(facts):
        for words in (words for stem, words in _vocabulary()["measured"].items() if column == stem):
            for logic, pattern in zip(("highest", "more", "lowest", "less"), words, strict=True):
                for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", masked):
                    start, end = match.span()
                    pairs.append((Mention("logic", logic, start, end), Mention("attribute", column, start, start)))
    return pairs if len({attribute.text for _, attribute in pairs}) == 1 else []


def _columns(facts: Facts) -> list[str]:
    """The columns of tables and lists."""
    things = [thing for thing in facts.things if thing.kind in ("row", "file")]
    return list(dict.fromkeys(name for thing in things for name in thing.values if name != "media_type"))


def _patterns(facts: Facts) -> Iterator[tuple[MentionKind, Mapping[str, str]]]:
    """The words of attributes, kinds and logic that these facts give a meaning to."""
    words = _vocabulary()
    kinds = {thing.kind for thing in facts.things}
    yield "logic", {"together": words["logic"]["together"], "each": words["logic"]["each"]}
    attributes: dict[str, str] = {}
    if "invoice" in kinds:
        attributes |= words["invoice"]
    if "item" in kinds:
        attributes |= words["item"]
    for column in _columns(facts):
        own = re.escape(column_word(column)).replace(r"\ ", r"\s+")
        own = f"{own[:-3]}(?:y|ies)" if own.endswith("ies") else own.removesuffix("s") + "s?"
        spoken = [pattern for stem, pattern in words["column"].items() if column.startswith(stem)]
        attributes[column] = "|".join([own, *spoken])
    yield "attribute", attributes
    groups = {thing.group: _plural(thing.group) for thing in facts.things if thing.group}
    yield "kind", groups | {kind: pattern for kind, pattern in words["kinds"].items() if kind in kinds}
    yield "logic", words["logic"]


def _plural(word: str) -> str:
    stem = re.escape(word)
    return rf"{stem}(?:e?s)?|{stem[:-1]}ies" if word.endswith("y") else rf"{stem}(?:e?s)?"


def _worded(masked: str, kind: MentionKind, patterns: Mapping[str, str]) -> Iterator[Mention]:
    """The words of a vocabulary; a longer match goes before a shorter one at the same place."""
    spans: list[tuple[int, int, str]] = []
    for name, pattern in patterns.items():
        spans += [(*match.span(), name) for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", masked)]
    end = 0
    for start, stop, name in sorted(spans, key=lambda one: (one[0], -one[1])):
        if start >= end and stop > start:
            end = stop
            yield Mention(kind, name, start, stop)
