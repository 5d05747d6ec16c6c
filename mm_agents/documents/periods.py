"""Periods in questions: "in March 2026", "last year", "before 1 May", "between 2024-01-01 and 2024-06-30"."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from mm_agents._text import MONTHS, ORDINALS, fold_characters
from mm_agents.documents.dates import dates_in

_MONTH = "|".join(rf"{name[:3]}(?:{name[3:]}|t)?\.?" if len(name) > 3 else name for name in MONTHS)
_DAY = (
    r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{2,4}|\d{1,2}(?:st|nd|rd|th)?(?: of)? [a-z]{3,9}\.?,? \d{4}|"
    r"[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
)
_SPAN = (
    rf"(?P<@day>{_DAY})|(?P<@iso>(?:19|20)\d\d-\d\d)(?![\d-])|"
    rf"(?:the )?(?:q(?P<@quarter>[1-4])|(?P<@counted>first|second|third|fourth) quarter)"
    rf"(?:(?: of)? (?P<@quarter_year>(?:19|20)\d\d))?|"
    rf"(?P<@month>{_MONTH})(?:(?: of)?,? (?P<@month_year>(?:19|20)\d\d))?\b(?! \d)|"
    rf"(?:the )?(?:year )?(?P<@year>(?:19|20)\d\d)\b(?![-/.]\d)|(?P<@named>today|yesterday|tomorrow)\b"
)
_RELATION = (
    r"(?P<relation>(?:on or )?before|prior to|earlier than|(?:on or )?after|later than|since|starting(?: in| on)?|by|"
    r"until|till|up to|no later than|at the latest on|in|during|of|for|from|on|dated|issued(?: in| on)?|within)"
)
_BETWEEN = re.compile(
    rf"\b(?:between|from) (?:{_SPAN.replace('@', 'one_')}) (?:and|to|until|till) (?:{_SPAN.replace('@', 'other_')})"
)
_SINGLE = re.compile(rf"\b{_RELATION} (?:{_SPAN.replace('@', '')})")
_AROUND_TODAY = re.compile(
    r"\b(?:(?:in|during|for|from|of|over|within|since) )?(?:the )?(?P<which>last|past|previous|this|current|next|"
    r"coming) (?:(?P<number>\d{1,3}) )?(?P<unit>day|week|month|quarter|year)s?\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days that a question names; open where it names one end alone.

    Attributes:
        first: its first day.
        last: its last day.
        start: of its words in the text.
        end: past them.
        month: the number of a month that is named without a year: it is that month of any year.
    """

    first: date | None
    last: date | None
    start: int
    end: int
    month: int | None = None

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        if self.month is not None:
            return day.month == self.month
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def period_in(text: str, today: date) -> Period | None:
    """The period that a question names; None where it names none, or one that may be read in two ways.

    A quarter without a year is the latest that has begun, as is a month that something is before or after.

    Args:
        text: in English.
        today: the day on which it is asked.
    """
    folded = fold_characters(text)
    match = _BETWEEN.search(folded)
    if match is not None:
        one, other = _span(match, "one_", today), _span(match, "other_", today)
        return _period(match, one[0], other[1]) if one and other and one[0] <= other[1] else None
    match = _AROUND_TODAY.search(folded)
    if match is not None:
        return _around(match, today)
    for match in _SINGLE.finditer(folded):
        span = _span(match, "", today)
        if span is not None:
            return _related(match, *span)
    return None


def _related(match: re.Match[str], first: date, last: date) -> Period:
    relation = match["relation"]
    if "before" in relation or relation in ("prior to", "earlier than"):
        return _period(match, None, last if relation.startswith("on") else first - timedelta(days=1))
    if "after" in relation or relation == "later than":
        return _period(match, first if relation.startswith("on") else last + timedelta(days=1), None)
    if relation.startswith(("since", "starting")):
        return _period(match, first, None)
    if relation in ("by", "until", "till", "up to", "no later than", "at the latest on"):
        return _period(match, None, last)
    if match["month"] and not match["month_year"]:
        return Period(first=None, last=None, start=match.start(), end=match.end(), month=first.month)
    return _period(match, first, last)


def _period(match: re.Match[str], first: date | None, last: date | None) -> Period:
    return Period(first=first, last=last, start=match.start(), end=match.end())


def _span(match: re.Match[str], prefix: str, today: date) -> tuple[date, date] | None:
    """The first and last day of what a part of a match names."""
    part = {name: match[f"{prefix}{name}"] for name in ("day", "iso", "quarter", "counted", "month", "year", "named")}
    if part["day"]:
        found = [one for one in dates_in(part["day"]) if len(one.readings) == 1]
        return (found[0].readings[0], found[0].readings[0]) if found else None
    if part["iso"]:
        year, month = map(int, part["iso"].split("-"))
        return _months(year, month, 1) if 1 <= month <= 12 else None
    if part["quarter"] or part["counted"]:
        number = int(part["quarter"] or ORDINALS.index(part["counted"]) + 1)
        return _latest(match[f"{prefix}quarter_year"], 3 * number - 2, 3, today)
    if part["month"]:
        number = next(n for n, name in enumerate(MONTHS, start=1) if name.startswith(part["month"][:3]))
        return _latest(match[f"{prefix}month_year"], number, 1, today)
    if part["year"]:
        return _months(int(part["year"]), 1, 12)
    day = today + timedelta(days={"yesterday": -1, "today": 0, "tomorrow": 1}[part["named"]])
    return day, day


def _latest(year: str | None, month: int, count: int, today: date) -> tuple[date, date]:
    chosen = int(year) if year else today.year if month <= today.month else today.year - 1
    return _months(chosen, month, count)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    """The first day of a month, and the last of so many months."""
    end, before = divmod(year * 12 + month - 2 + count, 12)
    return date(year, month, 1), date(end, before + 1, monthrange(end, before + 1)[1])


_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def _around(match: re.Match[str], today: date) -> Period:
    """The last, this or the next of a unit, or a number of them up to today or from it."""
    which, unit = match["which"], match["unit"]
    back = which in ("last", "past", "previous")
    if match["number"] or unit == "day":
        far = timedelta(days=_DAYS[unit] * int(match["number"] or 1))
        return _period(match, today - far if back else today, today if back else today + far)
    step = -1 if back else 0 if which in ("this", "current") else 1
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return _period(match, monday, monday + timedelta(days=6))
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(today.year * 12 + (today.month - 1) // size * size + step * size, 12)
    return _period(match, *_months(year, month + 1, size))
