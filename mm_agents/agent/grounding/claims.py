"""Numbers in sentences, and sums that are done again: by a small evaluator of its own, never by running text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, DivisionByZero, InvalidOperation
from itertools import pairwise

from mm_agents._text import FACTORS, NUMBER_WORDS
from mm_agents.agent.answer_data import Source
from mm_agents.agent.conditions import in_words

_NUMBER = re.compile(r"(?<![\w.,])[-−+]?\d(?:[\d.,'\u00a0\u202f]*\d)?")
_TERM = r"(?:\d[\d.]* % of )?\d[\d.]*"
_EQUATION = re.compile(rf"(?<![\w.,])({_TERM}(?: [×+−/] {_TERM})*) = (\d[\d.]*\d|\d)")
_SHARE = re.compile(r"(\d[\d.]*) % of (\d[\d.]*)")
CURRENCY_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR"}
CURRENCY_CODES = "EUR|GBP|USD|CHF|JPY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|CNY|HUF|BRL|MXN|ZAR|SGD|NZD"
_CURRENCY = re.compile(rf"\b(?:{CURRENCY_CODES})\b|[€£$¥₹]")
_LONGEST_SUM = 2000  # characters

_COUNTS = {"a": 1, "an": 1, "single": 1, "pair": 2, "couple": 2, "dozen": 12}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "tenth": 10}
_WORDS = {word: Decimal(number) for word, number in (NUMBER_WORDS | FACTORS | _COUNTS | _PARTS).items()}


def numbers_in(text: str) -> list[str]:
    """The numbers as they are written, without signs."""
    return [found.lstrip("-−+") for found in _NUMBER.findall(text)]


def currencies_in(text: str) -> set[str]:
    """The currencies that a text names, by their codes."""
    return {CURRENCY_SIGNS.get(found[0], found[0]) for found in _CURRENCY.finditer(text)}


def values_of(written: str) -> set[Decimal]:
    """What a written number may mean: "1.234" is a thousand and more, or one and less; "12.50" is but twelve."""
    bare = re.sub(r"['\u00a0\u202f]", "", written)
    found: set[Decimal] = set()
    for decimal, thousands in ((".", ","), (",", ".")):
        whole = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{2,3}})*{re.escape(thousands)}\d{{3}}|\d+"
        if re.fullmatch(rf"(?:{whole})(?:{re.escape(decimal)}\d+)?", bare):
            found.add(Decimal(bare.replace(thousands, "").replace(decimal, ".")).normalize())
    return found


def values_in(texts: Iterable[str]) -> set[Decimal]:
    """Every value that a number in some texts may mean, the parts of dates among them."""
    found: set[Decimal] = set()
    for text in texts:
        for written in (*numbers_in(text), *re.findall(r"\d+(?:[.,]\d+)?", text)):
            found |= values_of(written)
    return found


def asked_values(question: str) -> set[Decimal]:
    """The numbers of a question, in digits and in English words."""
    words = re.findall(r"[a-z]+", question.casefold())
    found = values_in([question]) | {_WORDS[word] for word in words if word in _WORDS}
    for tens, ones in pairwise(words):
        if _WORDS.get(tens, Decimal(0)) >= 20 and 0 < _WORDS.get(ones, Decimal(0)) < 10:
            found.add(_WORDS[tens] + _WORDS[ones])
    return {value.normalize() for value in found}


# ---------------------------------------------------------------- sums


class Expression:
    """A sum such as "4 * 15.00 + 6 * 5.00 = 90.00", read but not trusted.

    Args:
        text: numbers, + - * /, brackets, one equals sign and a number after it.

    Raises:
        ValueError: it is anything else.
    """

    def __init__(self, text: str) -> None:
        left, equals, right = text.partition("=")
        if not equals or len(text) > _LONGEST_SUM:
            raise ValueError("it is not a sum")
        try:
            tree = ast.parse(left.strip(), mode="eval").body
            self.said: Decimal = Decimal(right.strip())
        except (SyntaxError, InvalidOperation, RecursionError, MemoryError) as error:
            raise ValueError("it is not a sum") from error
        self.operands: list[Decimal] = []
        self.parts: set[Decimal] = {self.said.normalize()}
        self.value: Decimal = self._value(tree, left.strip(), 0)
        self._divides = "/" in left

    @property
    def right(self) -> bool:
        """Whether it comes to what is said; of a division, to as many decimals as are said."""
        if not self._divides:
            return self.value == self.said
        return round(self.value, max(-int(self.said.as_tuple().exponent), 0)) == self.said

    def _value(self, node: ast.expr, text: str, depth: int) -> Decimal:
        if depth > 200:
            raise ValueError("it is too deep")
        match node:
            case ast.Constant(value=int() | float()):
                written = ast.get_source_segment(text, node) or ""
                found = Decimal(written.strip())
                self.operands.append(found.normalize())
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self._value(left, text, depth + 1), self._value(right, text, depth + 1)
                found = _applied(op, one, other)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                found = -self._value(operand, text, depth + 1)
            case _:
                raise ValueError("it holds more than numbers and signs")
        self.parts |= {found.normalize(), abs(found).normalize()}
        return found


def _applied(op: ast.operator, one: Decimal, other: Decimal) -> Decimal:
    try:
        match op:
            case ast.Add():
                return one + other
            case ast.Sub():
                return one - other
            case ast.Mult():
                return one * other
            case ast.Div():
                return one / other
            case _:
                raise ValueError("it holds more than numbers and signs")
    except (DivisionByZero, InvalidOperation) as error:
        raise ValueError("it cannot be computed") from error


def sum_behind(sentence: str, value: object, quotes: Sequence[str]) -> str | None:
    """The sum by which a sentence's number follows from what is printed; None where it is printed itself.

    Args:
        sentence: an answer that code has computed.
        value: its number, as a decimal string; anything else has no sum.
        quotes: the texts of the places that it cites, by their numbers.
    """
    try:
        wanted = Decimal(str(value))
    except InvalidOperation:
        return None
    told = [
        _SHARE.sub(r"\2 * \1 / 100", left).replace("×", "*").replace("−", "-")
        for left, _ in _EQUATION.findall(sentence)
        if re.search(r"[×+−/%]", left)
    ]
    if told:
        candidates = [f"{' + '.join(told)} = {value}"]
    elif wanted.normalize() in values_in(quotes):
        return None
    else:
        candidates = _simple_sums(quotes, value)
    for candidate in candidates:
        try:
            if Expression(candidate).right:
                return candidate
        except ValueError:
            continue
    return None


_NAMES = 4  # of rows and columns, which have a number and are cited behind the numbers


def _simple_sums(quotes: Sequence[str], value: object) -> list[str]:
    """Sums, means and differences of the numbers of some quotes that might come to a value."""
    told = [(quote, found[0]) for quote in quotes if (found := numbers_in(quote))]
    fewest = max(len(told) - _NAMES, 1)  # the last may be of names: of "148" and "FY 2007" the first is added up
    return [sum_ for end in range(len(told), fewest, -1) for sum_ in _sums_of(told[:end], value)]


def _sums_of(told: Sequence[tuple[str, str]], value: object) -> list[str]:
    """As ``_simple_sums``, of quotes with the number of each."""
    if len(told) < 2:
        return []
    found: list[str] = []
    for decimal, thousands in ((".", ","), (",", ".")):
        signed: list[str] = []
        for quote, written in told:
            term = re.sub(r"['\u00a0\u202f]", "", written).replace(thousands, "").replace(decimal, ".")
            signed.append(f"-{term}" if re.match(r"\s*[-−(]", quote) else term)
        added = " + ".join(f"({one})" if one.startswith("-") else one for one in signed)
        found += [f"{added} = {value}", f"({added}) / {len(signed)} = {value}"]
        if len(signed) == 2:
            found += [f"{signed[0]} - ({signed[1]}) = {value}", f"{signed[1]} - ({signed[0]}) = {value}"]
    return found


_CLOCK = re.compile(r"\b\d+:\d{2}(?:\.\d+)?\b")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SAID = re.compile(r"“[^”]*”")
_CONDITION = re.compile(
    r"(?:(?<=with )|(?<=and ))(?P<label>[a-z ]+?) (?P<sign>[<>]=?) (?P<limit>-?\d[\d.-]*\d|\d)(?![\d])"
)
_RANK = re.compile(r"^\s*\d+[.)]\s|\bgo to \d+\b")
"""Numbers that count the lines of a list and are in no source."""


def check_claim(
    text: str,
    sources: Sequence[Source],
    *,
    computed: str | None,
    question: str,
    conditions: bool = False,
    counts: bool = False,
) -> str | None:
    """Why a claim does not follow from the words of its sources; None where nothing speaks against it.

    Args:
        text: the claim. What is between “ and ” is a quote of its own, which is looked for on the page.
        sources: those that it cites.
        computed: the sum behind it.
        question: what was asked, which may give quantities.
        conditions: whether it counts or adds up what fits the conditions of the question, whose numbers it repeats.
        counts: whether it says of how many of its sources something holds, as code does of a table's cells, and
            repeats the question's limit.
    """
    if not sources:
        return "no source is cited"
    quotes = [*(source.evidence.quote or "" for source in sources), *([question] if conditions else [])]
    documents = {source.evidence.asset for source in sources}
    numbers = {len(documents), *(range(1, len(sources) + 1) if counts else (len(sources),))}
    known = values_in(quotes) | {Decimal(number).normalize() for number in numbers}
    known |= asked_values(question) if counts else set()
    text = _without_met(text, quotes)
    if computed is not None:
        try:
            found = Expression(computed)
        except ValueError as error:
            return f"the sum {computed!r} cannot be done again: {error}"
        if not found.right:
            return f"the sum {computed!r} comes to {found.value}"
        asked = asked_values(question) | ({Decimal(100).normalize()} if _SHARE.search(text) else set())
        for operand in found.operands:
            if operand not in known and operand not in asked:
                return f"{operand:f} of the sum {computed!r} is in no source and not in the question"
        if not any(abs(found.said).normalize() in values_of(written) for written in numbers_in(text)):
            return f"it does not say what the sum {computed!r} comes to"
        known |= found.parts
    return _unknown_number(text, sources, quotes, known)


def _without_met(text: str, quotes: Sequence[str]) -> str:
    """A claim without the conditions that every value of its sources meets: "9 films with rating > 7"."""
    values: dict[str, list[str]] = {}
    for quote in quotes:
        name, _, value = quote.rpartition(" ")
        values.setdefault(in_words(name), []).append(value)

    def unmet(found: re.Match[str]) -> str:
        read = values.get(found["label"], [])
        return "" if read and all(_meets(one, found["sign"], found["limit"]) for one in read) else found[0]

    return _CONDITION.sub(unmet, text)


def _meets(value: str, sign: str, limit: str) -> bool:
    """Whether a value is on the right side of a limit: both numbers, or dates as they are written."""
    try:
        difference = Decimal(value) - Decimal(limit)
    except InvalidOperation:
        difference = Decimal((value > limit) - (value < limit))
    return (sign.endswith("=") and difference == 0) or (difference > 0 if sign[0] == ">" else difference < 0)


def with_similarity(text: str, similarity: float) -> str:
    """A claim that something is near, with how near it is: before the full stop of a sentence, after a name alone."""
    stop = "." if text.endswith(".") and text.startswith("The nearest ") else ""
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
    """A number of the claim that none of its sources has, in words; None if all are found."""
    bare = text
    for name in sorted({source.name for source in sources}, key=len, reverse=True):
        bare = bare.replace(name, " ") if name else bare
    moments = [edge for source in sources for edge in (source.evidence.t0, source.evidence.t1) if edge is not None]
    moments += [second for quote in quotes for second in times_of(quote)]
    for second in times_of(_SAID.sub(" ", bare)):
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
