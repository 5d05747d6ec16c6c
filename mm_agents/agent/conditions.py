"""Conditions in a question: comparisons with numbers and dates of films, as filters, and the question without them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mm_agents._text import read_patterns

_PATTERNS = read_patterns("mm_agents.agent", "aggregation.toml")
_SAYS = _PATTERNS["conditions"]
_SYMBOLS: Mapping[str, str] = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<", "equal": "="}
_MORE = frozenset({">", ">="})
_SECONDS: Mapping[str, int] = {"minute": 60, "min": 60, "hour": 3600}
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionParameters:
    """The numbers that decide what a condition means.

    Attributes:
        best_rating: the most that a film is rated; "films above 7" and "votes above 8" mean the rating, "votes above
            500" their number.
        recent_decades: "the 10s" and "the 20s" are of this century, and "the 30s" of the last one.
    """

    best_rating: float = 10
    recent_decades: int = 3


PARAMETERS = ConditionParameters()


LABELS: Mapping[str, str] = {"vote_average": "rating", "vote_count": "number of votes"}
"""What people call properties whose names say it otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions of a question about films.

    Attributes:
        where: as a filter: ``vote_average > 7 and release_date < "2000-01-01"``; empty where there are none.
        text: the question without them.
    """

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A condition, which part of the question says it, and whether it names what is compared right there."""

    where: str
    start: int
    end: int
    named: bool = False


def in_words(where: str) -> str:
    """A filter as people read it: "rating > 7 and release date < 2000-01-01"."""
    for name, label in LABELS.items():
        where = where.replace(name, label)
    return where.replace("_", " ").replace('"', "")


def comparisons(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> list[str] | None:
    """All comparisons of a question with numbers, as filters: "rated above 7" is ``vote_average > 7``.

    Args:
        text: the question.
        fields: what may be compared, as people call it.
        default: what is compared where nothing is named.

    Returns:
        None where one of them compares what is not known.
    """
    found = list(_compared(text, fields, default))
    return None if None in found else [one.where for one in found if one is not None]


def compared_words(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> list[str]:
    """The words of a question that ``comparisons`` reads, in its order; arguments as there."""
    return [text[one.start : one.end].strip() for one in _compared(text, fields, default) if one is not None]


def _compared(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None) -> Iterator[_Read | None]:
    matches: list[tuple[re.Match[str], str]] = []
    for name, symbol in _SYMBOLS.items():  # "no more than 7" is no "more than 7"
        for match in _PATTERNS["comparisons"][name].finditer(text):
            if not any(match.start() < other.end() and other.start() < match.end() for other, _ in matches):
                matches.append((match, symbol))
    start = 0
    for match, symbol in sorted(matches, key=lambda one: one[0].start()):
        number = re.sub(r"[^\d.]", "", match["number"])
        unit = re.match(r"\s*([^\W\d_]+)", text[match.end() :])
        lead = _SAYS["lead"].search(text, start, match.start())
        told = lead and _first(lead[0], fields)
        begins = match.start() if lead is None or told is None else lead.start() + told
        after = unit and _last(unit[1], fields)
        near = _last(text[begins : match.end()], fields) or after
        named = near or _last(text[start : match.end()], fields)
        if named == "vote_count" and not after and _is_rating(number):
            named = "vote_average"
        if named is None and (default != "vote_average" or _is_rating(number)):
            named = default
        start = match.end()
        if named is None:
            yield None
            continue
        if named == "duration" and unit:
            number = f"{float(number) * _SECONDS.get(unit[1].casefold().rstrip('s'), 1):g}"
        yield _Read(where=f"{named} {symbol} {number}", start=begins, end=match.end(), named=near is not None)


def _is_rating(number: str) -> bool:
    return float(number) <= PARAMETERS.best_rating


def _last(text: str, fields: Mapping[str, re.Pattern[str]]) -> str | None:
    """The field that a text names last."""
    places = [(match.start(), name) for name, pattern in fields.items() for match in pattern.finditer(text)]
    return max(places)[1] if places else None


def _first(text: str, fields: Mapping[str, re.Pattern[str]]) -> int | None:
    """Where a text first names a field."""
    places = [match.start() for pattern in fields.values() if (match := pattern.search(text))]
    return min(places, default=None)


def without_conditions(text: str, fields: Mapping[str, re.Pattern[str]], default: str | None = None) -> str:
    """A question without its comparisons, what they name, and its dates; arguments as ``comparisons``."""
    reads = [one for one in (*_compared(text, fields, default), *_dates(text)) if one is not None]
    for one in sorted(reads, key=lambda read: -read.start):
        text = f"{text[: one.start]} {text[one.end :]}"
    return text


def released(text: str) -> list[str]:
    """The conditions of a question on when a film came out, as filters."""
    return [one.where for one in _dates(text)]


def _dates(text: str) -> Iterator[_Read]:
    for name, pattern in _PATTERNS["released"].items():
        for match in pattern.finditer(text):
            first, last = _years(name, match)
            limits = [f'release_date >= "{first}-01-01"'] if first else []
            limits += [f'release_date <= "{last}-12-31"'] if last else []
            yield _Read(where=" and ".join(limits), start=match.start(), end=match.end())
            text = f"{text[: match.start()]}{' ' * len(match[0])}{text[match.end() :]}"


def _years(name: str, match: re.Match[str]) -> tuple[int | None, int | None]:
    """The first and the last year that are meant; None without a limit."""
    said = {key: value for key, value in match.groupdict().items() if value}
    if name == "decade":
        if "named" in said:
            first = 1920 + 10 * _DECADES.index(said["named"].casefold())
        else:
            century = said.get("century") or ("20" if int(said["decade"]) < PARAMETERS.recent_decades else "19")
            first = int(f"{century}{said['decade']}0")
        return first, first + 9
    years = [int(value) for value in said.values()]
    if name == "since":
        return years[0], None
    if name == "after":
        return years[0] + 1, None
    if name == "before":
        return None, years[0] - 1
    return min(years), max(years)


_FIELDS = {name: _PATTERNS["media_fields"][name] for name in ("vote_average", "vote_count")}


def film_conditions(question: str) -> Conditions:
    """The conditions on rating, votes and date in a question that searches films: "scary posters, only above 7".

    A year in what a film is about, "set in 1950", is none; nor is a number that is compared with something else.
    """
    reads: list[_Read] = []
    if _SAYS["films"].search(question):
        for one in _compared(question, _FIELDS, "vote_average"):
            if one is not None and _is_of_film(question, one):
                reads.append(one)
        for one in _dates(question):
            before = question[: one.start]
            if _SAYS["came_out"].match(question[one.start : one.end + 20]) and not _SAYS["plot"].search(before):
                reads.append(one)
    text = question
    for one in sorted(reads, key=lambda read: -read.start):
        after = _SAYS["unit"].sub("", text[one.end :], count=1)
        text = _SAYS["lead"].sub("", text[: one.start]).rstrip() + after
    return Conditions(
        where=" and ".join(one.where for one in reads), text=" ".join(text.split()) if reads else question
    )


def _is_of_film(question: str, read: _Read) -> bool:
    """Whether a comparison is of a film's rating or votes: it names them, or is an end without a noun after it."""
    return read.named or (read.where.split()[1] in _MORE and _SAYS["ends"].match(question, read.end) is not None)
