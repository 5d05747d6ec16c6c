"""When two values are one, whether a page shows one, and what single pictures add to the figures of their set."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise, product

from mm_agents._optional import require
from mm_agents._text import fold, read_data

EXTRA = "eval"
NAME_LIKENESS = 0.85
"""From this likeness on two names or descriptions are one: OCR may misread a letter."""

_MOST_OF_A_NAME = 0.6
_WORD = 4  # letters and digits

_MONTHS: list[list[str]] = read_data("mm_agents.evaluate", "truth_keys.toml")["months"]
"""The months' names in English, German, French, Dutch and Spanish, as `flat` writes them."""

_NUMBER = re.compile(r"\d(?:[\d.,'’]*\d)?")
_SPACED = re.compile(r"(?<![\d.,])(?=(\d{1,3}(?: \d{3})+(?:[.,]\d+)?)(?!\d))")


def flat(text: str) -> str:
    """Lower case without accents, compatibility forms and curly marks resolved; spaces stay."""
    return fold(text).translate(str.maketrans("–—−‐‘’“”", "----''\"\""))


def squash(text: str) -> str:
    """Letters and digits alone, as `flat` writes them."""
    return "".join(character for character in flat(text) if character.isalnum())


def closed(text: str) -> str:
    """As `flat` writes it, without spaces: how cells and labels are compared."""
    return "".join(flat(text).split())


def likeness(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1, spaces and punctuation aside: the normalised Indel similarity."""
    one, other = squash(one), squash(other)
    if not one or not other:
        return float(one == other)
    return float(require("rapidfuzz", extra=EXTRA, feature="Comparing texts").fuzz.ratio(one, other)) / 100


def same_name(one: str, other: str) -> bool:
    """Whether two names or descriptions are one; one may have a short beginning or end more, such as a legal form."""
    if likeness(one, other) >= NAME_LIKENESS:
        return True
    short, long = sorted((squash(one), squash(other)), key=len)
    return len(short) >= _MOST_OF_A_NAME * len(long) > 0 and (long.startswith(short) or long.endswith(short))


def says(text: str, part: str) -> bool:
    """Whether the letters and digits of a text hold those of a part of at least a word's length."""
    return len(squash(part)) >= _WORD and squash(part) in squash(text)


def same_id(one: str, other: str) -> bool:
    """Whether two identifiers have the same letters and digits, in whatever case and punctuation."""
    return bool(squash(one)) and squash(one) == squash(other)


# ---------------------------------------------------------------- numbers


def number(value: object) -> Decimal | None:
    """A truth's or reading's number: 145.0, "9.00", "RM 3.30", "1,234.50", "1.234,50"; None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    text = str(value)
    found = _SPACED.search(text)
    token = found.group(1) if found else (_NUMBER.findall(text) or [""])[0]
    return next(iter(_meanings(token)), None)


def same_number(one: object, other: object) -> bool:
    """Whether two numbers differ by less than half a hundredth."""
    left, right = number(one), number(other)
    return left is not None and right is not None and abs(abs(left) - abs(right)) < Decimal("0.005")


def _meanings(token: str) -> list[Decimal]:
    """What written digits may mean, the likeliest first: "1.234" is 1.234 or 1234, "1,234" the other way about."""
    plain = re.sub(r"[^\d.,]", "", token)
    marks = [mark for mark in plain if mark in ".,"]
    whole = re.sub(r"[.,]", "", plain)
    if not whole:
        return []
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        return [Decimal(whole)]
    head, _, tail = plain.rpartition(marks[-1])
    split = Decimal(re.sub(r"[.,]", "", head) + "." + (tail or "0"))
    if len(set(marks)) == 2 or len(tail) != 3:
        return [split]
    return [split, Decimal(whole)] if marks == ["."] else [Decimal(whole), split]


# ---------------------------------------------------------------- dates


def iso(value: object) -> str | None:
    """A truth's date as ISO: "2019-02-11", "20171103", "25/12/2018", "18-10-17", "14/JUN/2017", "Mar 3, 2020".

    Numbers in doubt are day first.
    """
    parts = re.findall(r"\d+|[a-z]+", flat(str(value or "")))
    if len(parts) == 1 and re.fullmatch(r"\d{8}", parts[0]):
        parts = [parts[0][:4], parts[0][4:6], parts[0][6:]]
    named = [n for n, part in enumerate(parts) if _month(part)]
    numbers = [int(part) for part in parts if part.isdigit()][:3]
    if named and len(numbers) >= 2:
        day, year = (numbers[0], numbers[1]) if numbers[0] <= 31 else (numbers[1], numbers[0])
        return _written(year, _month(parts[named[0]]), day)
    if len(numbers) < 3:
        return None
    first, second, third = numbers
    if first > 31:
        return _written(first, second, third)
    return _written(third, second, first) or _written(third, first, second)


def _month(part: str) -> int:
    return next((n for n, names in enumerate(_MONTHS, 1) if part in names), 0)


def _written(year: int, month: int, day: int) -> str | None:
    try:
        return date(year + 2000 if year < 100 else year, month, day).isoformat()
    except ValueError:
        return None


# ---------------------------------------------------------------- what a page shows


class PageText:
    """The text of a page, the words that OCR reads, asked whether it shows a value in whatever form."""

    def __init__(self, text: str) -> None:
        self._squashed = squash(text)
        self._dotted = "." + re.sub(r"[^a-z0-9]+", ".", flat(text)) + "."
        self._numbers: frozenset[Decimal] = frozenset(
            meaning.normalize()
            for token in (*_NUMBER.findall(text), *_SPACED.findall(text))
            for meaning in _meanings(token)
        )

    def shows_text(self, value: str) -> bool:
        """Whether the text has the letters and digits of the value in a row, misread ones aside."""
        wanted = squash(value)
        if not wanted:
            return False
        if wanted in self._squashed:
            return True
        fuzz = require("rapidfuzz", extra=EXTRA, feature="Comparing texts").fuzz
        return len(wanted) >= 8 and float(fuzz.partial_ratio(wanted, self._squashed)) >= 92

    def shows_number(self, value: object) -> bool:
        """Whether the text has a number of that value."""
        wanted = number(value)
        return wanted is not None and abs(wanted).normalize() in self._numbers

    def shows_date(self, value: str) -> bool:
        """Whether the text has that ISO date in any usual form of five languages."""
        return any(form in self._dotted for form in _date_forms(value))


@lru_cache(maxsize=1024)
def _date_forms(value: str) -> tuple[str, ...]:
    when = date.fromisoformat(value)
    days = {str(when.day), f"{when.day:02}"}
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(when.day % 10 if when.day not in (11, 12, 13) else 0, "th")
    years = {str(when.year), f"{when.year % 100:02}"}
    numbers = {str(when.month), f"{when.month:02}"}
    names = set(_MONTHS[when.month - 1]) | {calendar.month_name[when.month].lower()}
    forms: set[str] = set()
    for day, month, year in product(days, numbers, years):
        forms |= {f".{day}.{month}.{year}.", f".{month}.{day}.{year}.", f".{year}.{month}.{day}."}
    for day, month, year in product(days | {f"{when.day}{suffix}", f"{when.day}.de"}, names, years):
        forms |= {f".{day}.{month}.{year}.", f".{month}.{day}.{year}.", f".{day}.{month}.de.{year}."}
        forms |= {f".{day}{month}{year}.", f".{year}.{month}.{day}."}
    # Dates that OCR has glued to their time or label lose one border: "date.03.11.2017" stays, "2017-11-03T10".
    forms |= {f"{when:.%Y%m%d.}", f"{when:.%Y.%m.%dt}", f"{when:date%d.%m.%Y.}"}
    return tuple(forms)


def text_of(words: Iterable[object]) -> str:
    """The texts of words, joined by spaces."""
    return " ".join(str(getattr(word, "text", word)) for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Hits, and what was returned and wanted, of which precision, recall and F1 follow."""

    hits: int = 0
    returned: int = 0
    wanted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            hits=self.hits + other.hits, returned=self.returned + other.returned, wanted=self.wanted + other.wanted
        )

    @property
    def f1(self) -> float | None:
        """2 × hits / (returned + wanted); None where nothing was returned or wanted."""
        total = self.returned + self.wanted
        return 2 * self.hits / total if total else None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one picture adds to each figure of its set: shares as (right, of), F1s as counts, means as values.

    Attributes:
        sure: how sure each value that was read is, 0 to 1, and whether it is right.
    """

    shares: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    counts: dict[str, Counts] = field(default_factory=dict[str, Counts])
    means: dict[str, float] = field(default_factory=dict[str, float])
    sure: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    wrong: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    def share(self, name: str, right: float, of: float = 1) -> None:
        """Add to a share; a picture that has none of something adds nothing."""
        if of:
            before = self.shares.get(name, (0.0, 0.0))
            self.shares[name] = (before[0] + right, before[1] + of)

    def missed(self, what: str, wanted: object, read: object) -> None:
        """Remember a mistake for the case's list."""
        if len(self.wrong) < 200:
            self.wrong.append({"what": what, "wanted": wanted, "read": read})


def figures(tallies: Sequence[Tally]) -> dict[str, float]:
    """The figures of several pictures: shares and F1s over all their parts, means over the pictures.

    Each share comes with ``NAME (of)``: how many parts it was counted on.
    """
    total = Tally()
    sums: dict[str, list[float]] = {}
    for tally in tallies:
        for name, (right, of) in tally.shares.items():
            total.share(name, right, of)
        for name, counts in tally.counts.items():
            total.counts[name] = total.counts.get(name, Counts()) + counts
        for name, value in tally.means.items():
            sums.setdefault(name, []).append(value)
    found: dict[str, float] = {}
    for name, (right, of) in total.shares.items():
        found[name] = round(right / of, 4)
        found[f"{name} (of)"] = of
    for name, counts in total.counts.items():
        if counts.f1 is not None:
            found[name] = round(counts.f1, 4)
    for name, values in sums.items():
        found[name] = round(sum(values) / len(values), 4)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Values that are about as sure: how many, how sure on average, and the share that is right."""

    values: int
    expected: float
    observed: float


def calibration(tallies: Sequence[Tally], bins: int = 5) -> tuple[Bin, ...]:
    """The values of several pictures in bins of as many, the least sure first; empty where none says how sure it is."""
    values = sorted((one for tally in tallies for one in tally.sure), key=lambda one: one[0])
    ends = [round(n * len(values) / bins) for n in range(bins + 1)]
    parts = (values[start:end] for start, end in pairwise(ends) if end > start)
    return tuple(
        Bin(
            values=len(part),
            expected=round(sum(sure for sure, _ in part) / len(part), 4),
            observed=round(sum(right for _, right in part) / len(part), 4),
        )
        for part in parts
    )


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """By how much the expected share is off the observed one, on average over all values; None without any."""
    count = sum(one.values for one in bins)
    return round(sum(one.values * abs(one.expected - one.observed) for one in bins) / count, 4) if count else None
