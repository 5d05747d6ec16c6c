"""Dates as documents print them: every reading that the characters allow, and which one the document proves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from mm_agents._optional import require
from mm_agents._text import fold_characters as fold
from mm_agents.documents.parameters import PARAMETERS

Order = Literal["day first", "month first"]

_CENTURY, _PIVOT = 1900, 70  # years of two digits are 1971 to 2070
_LANGUAGES = ("en", "de", "fr", "nl", "es", "it")
_EXTRA_MONTHS = {"mrz": 3, "maerz": 3}  # other forms of the months than CLDR's
_END = r"(?:(?!\d)|(?=\d{1,2}:\d\d))"  # a time may be glued to the year
_SHORT_YEAR = r"(?<=['’´`])\d\d(?!\d)"  # "JUN03'14"
_YEAR = rf"(?:19|20)\d\d{_END}"
_TO = r"\s?[-/.]\s?"
_NUMERIC = (
    rf"(?<![\d/.-])(?P<iso_year>(?:19|20)\d\d){_TO}(?P<iso_month>\d{{1,2}}){_TO}(?P<iso_day>\d{{1,2}})(?:(?!\d)|(?=\d{{6}}(?!\d)))"
    rf"|(?<![\d/.-])(?P<one>\d{{1,2}}){_TO}(?P<two>\d{{1,2}})(?:{_TO}|\s)(?P<year>{_YEAR}|\d\d(?!\d|[./-]\d))"
)
_NAMED = (
    r"(?<![\d/.-])(?P<day>\d{1,2})(?:st|nd|rd|th|er|o|\.)?[\s./-]{0,2}(?:de\s|of\s)?(?P<name>[a-z]{3,10})[.,]?"
    rf"[\s./'’´`-]{{0,2}}(?:del?\s?|of\s?)?(?P<name_year>{_YEAR}|\d\d(?!\d))"
    r"|(?<![a-z])(?P<us_name>[a-z]{3,10})[.,]?[\s-]{0,2}(?P<us_day>\d{1,2})(?:st|nd|rd|th)?"
    rf"\s?[,.\s'’´`-]\s?\s?(?P<us_year>{_YEAR}|{_SHORT_YEAR})"
    # "OCT30'18" of a till whose apostrophe was misread
    r"|(?<![a-z])(?P<till_name>[a-z]{3})(?!(?:19|20)\d\d)(?P<till_day>\d\d)[:;.*]?(?P<till_year>\d\d)(?!\d|:\d|\s?[ap]m)"
)
_DATE = re.compile(f"{_NUMERIC}|{_NAMED}")
_MISREAD = re.compile(r"(0(?=ec(?![a-z])))|0(?=ct(?![a-z]))|(?<=(?<![a-z])n)0(?=v(?![a-z]))")
"""The zero of "270ec'16", "0ct 30" and "n0v 3"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateText:
    """A date in a text.

    Attributes:
        start: of its characters in the text.
        end: past them.
        day_first: the date where the day comes first; for forms that say which is which, the date.
        month_first: the date where the month comes first; None where that does not exist.
        dotted: whether dots part it, as they do only where the day comes first.
    """

    start: int
    end: int
    day_first: date | None
    month_first: date | None
    dotted: bool = False

    @property
    def readings(self) -> tuple[date, ...]:
        """The one or two dates that it can be."""
        return tuple(dict.fromkeys(one for one in (self.day_first, self.month_first) if one is not None))

    @property
    def proves(self) -> Order | None:
        """The order that it can only be read in, where it shows one."""
        if self.day_first and not self.month_first:
            return "day first"
        return "month first" if self.month_first and not self.day_first else None

    def read(self, order: Order) -> date:
        """The date in that order, or the only one that there is."""
        chosen = self.day_first if order == "day first" else self.month_first
        return chosen or self.readings[0]


def dates_in(text: str) -> list[DateText]:
    """The dates of a text in English, German, French, Dutch or Spanish, in the order of the text."""
    found: list[DateText] = []
    folded, place = _MISREAD.sub(lambda match: "d" if match[1] else "o", fold(text)), 0
    while match := _DATE.search(folded, place):
        one = _read(match)
        if one is not None and one.readings:
            found.append(one)
        place = match.end() if found and found[-1] is one else match.start() + 1
    return found


def order_of(dates: Iterable[DateText]) -> tuple[Order | None, DateText | None]:
    """The order that the numeric dates of a document prove, and the date that proves it; None where they do not."""
    votes: dict[Order, list[DateText]] = {"day first": [], "month first": []}
    dotted: DateText | None = None
    for one in dates:
        if one.proves is not None:
            votes[one.proves].append(one)
        dotted = dotted or (one if one.dotted else None)
    first, second = votes["day first"], votes["month first"]
    if len(first) != len(second):
        return ("day first", first[0]) if len(first) > len(second) else ("month first", second[0])
    return ("day first", dotted) if dotted else (None, None)


@cache
def _months() -> dict[str, int]:
    names = dict(_EXTRA_MONTHS)
    locale = require("babel", extra="documents", feature="Reading dates").Locale
    for language in _LANGUAGES:
        months = locale(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                names |= {fold(name).strip("."): number for number, name in months[context][width].items()}
    return names


def _month(name: str) -> int | None:
    months = _months()
    if name in months:
        return months[name]
    close = require("rapidfuzz", extra="documents", feature="Reading dates").process.extractOne
    least, shortest = PARAMETERS.month_likeness, PARAMETERS.month_shortest
    long = [month for month in months if len(month) >= shortest]
    best = close(name, long, score_cutoff=least) if len(name) >= shortest else None
    return months[best[0]] if best else None


def _read(match: re.Match[str]) -> DateText | None:
    start, end = match.span()
    if match["iso_year"]:
        only = _date(match["iso_year"], match["iso_month"], match["iso_day"])
    elif match["one"]:
        one, two, year = match["one"], match["two"], match["year"]
        return DateText(
            start=start,
            end=end,
            day_first=_date(year, two, one),
            month_first=_date(year, one, two),
            dotted="." in match[0] and "/" not in match[0] and "-" not in match[0],
        )
    else:
        kind = next(kind for kind in ("", "us_", "till_") if match[f"{kind}name"])
        month = _month(match[f"{kind}name"])
        if month is None:
            return None
        only = _date(match[f"{kind}year" if kind else "name_year"], str(month), match[f"{kind}day"])
    return DateText(start=start, end=end, day_first=only, month_first=only)


def _date(year: str, month: str, day: str) -> date | None:
    full = int(year) if len(year) == 4 else int(year) + (_CENTURY if int(year) > _PIVOT else _CENTURY + 100)
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None
