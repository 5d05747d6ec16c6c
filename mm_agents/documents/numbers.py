"""Numbers as documents print them: money, quantities and percents, with the decimal mark told from all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from mm_agents._text import read_data

DecimalMark = Literal[".", ",", ".000", ",000"]
"""What stands before the decimals; with three zeros where amounts have three of them, as in Kuwait."""

CURRENCIES: dict[str, str] = {
    sign: code
    for code, signs in read_data("mm_agents.documents", "currencies.toml").items()
    for sign in (code.casefold(), *signs)
}
"""ISO 4217 codes of the signs and words beside amounts, in small letters."""

_THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "IQD", "LYD"})
"""ISO 4217 codes of the currencies of three decimals."""

TAX_LETTER = "(?:T[XF]?|F[ST]?|N[FT]?|[ABDEHIOPQRSUXYZ])"
"""Letters of a tax behind an amount on a till's receipt, "18.12A"; those of units such as L, M and W are none."""

_CURRENCY = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
_LONGEST = 18
"""Longer runs of digits are codes."""

_GROUPS = f"1,{_LONGEST // 3}"
"""How many groups of three digits a number has; without a bound, a text of them takes the square of its length."""

_NUMBER = re.compile(
    rf"""
    (?<![\w.,/:\#]) (?<![^\W_]-)
    (?P<open>\()?
    (?P<minus>[-\u2013\u2212+])?\s?
    (?:(?P<before>{_CURRENCY})\s?|[RS](?=\d+[.,]\d\d(?!\d)))?
    (?P<minus2>[-\u2013\u2212])?
    (?P<digits>
        \d{{1,2}}(?:,\d{{2}}){{{_GROUPS}}},\d{{3}}(?:\.\d{{1,4}})?(?!\d)
      | \d{{1,3}}(?:[ ]\d{{3}}){{{_GROUPS}}}[.,]\d{{1,4}}(?!\d)
      | \d{{1,3}}(?:[.,'\u2019]\d{{3}}){{{_GROUPS}}}(?:[.,]\d{{1,4}})?(?!\d)
      | \d+(?:[.,]\d{{1,5}})?
      | [.,]\d{{2}}
    )
    (?P<after_minus>[-\u2013\u2212](?![\w\d]))?
    (?P<close>\))?
    (?:\s?(?P<percent>%)|\s?(?P<after>{_CURRENCY})(?![a-z]))?
    (?![\w]|[.,:/\u2013-]\d)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_GLUED_UNIT = re.compile(r"(?<![\w.,/:#])(?P<digits>\d+(?:[.,]\d{1,4})?)(?P<unit>[a-z]{1,6}\.?)(?!\w)", re.IGNORECASE)
_SPACES = {ord(character): " " for character in "\u00a0\u2007\u2009\u202f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number in a text.

    Attributes:
        value: with its sign.
        start: of its characters in the text, its currency or percent sign included.
        end: past them.
        places: how many decimals are printed.
        percent: whether a percent sign follows.
        currency: the ISO 4217 code of the sign beside it, if any.
        cents: how many decimals an amount has in its document.
    """

    value: Decimal
    start: int
    end: int
    places: int
    percent: bool = False
    currency: str | None = None
    cents: int = 2

    @property
    def is_money(self) -> bool:
        """Whether it is printed as an amount: with a currency, or with an amount's decimals and no percent sign."""
        return not self.percent and (self.currency is not None or self.places == self.cents)


def numbers_in(text: str, mark: DecimalMark | None = None) -> list[Number]:
    """The numbers that stand alone in a text: not those within words, dates, times and identifiers.

    Args:
        text: what was read.
        mark: the decimal mark of the document, which tells 1.234 from 1,234; guessed for each number without it.
    """
    found: list[Number] = []
    for match in _NUMBER.finditer(text.translate(_SPACES)):
        value = parse_number(match["digits"], mark)
        if value is None:
            continue
        negative = match["minus"] not in (None, "+") or match["minus2"] or match["after_minus"]
        if negative or (match["open"] and match["close"]):
            value = -value
        sign = match["before"] or match["after"]
        found.append(
            Number(
                value=value,
                start=match.start("open" if match["open"] and match["close"] else _first(match)),
                end=match.end(),
                places=-int(value.as_tuple().exponent),
                percent=match["percent"] is not None,
                currency=CURRENCIES[sign.casefold()] if sign else None,
                cents=3 if mark is not None and len(mark) > 1 else 2,
            )
        )
    return found


def quantity_in(text: str, mark: DecimalMark | None = None) -> tuple[Decimal, str | None] | None:
    """The quantity that a cell says and its unit: "20 Stk" is 20 and "Stk", "1.00 kg" 1.00 and "kg", "2 x" just 2."""
    numbers = [number for number in numbers_in(text, mark) if not number.percent]
    if numbers:
        number = numbers[0]
        rest = text[number.end :].strip(" *").split("  ")[0]
        unit = re.match(r"[^\W\d_][\w.()/²³]*(?!\S)", rest)
        return number.value, None if unit is None or unit[0].casefold() in ("x", "@", "a") else unit[0]
    glued = _GLUED_UNIT.search(text)
    if glued is None:
        return None
    value = parse_number(glued["digits"], mark)
    unit_text = glued["unit"]
    return None if value is None else (value, None if unit_text.casefold() == "x" else unit_text)


def parse_number(digits: str, mark: DecimalMark | None = None) -> Decimal | None:
    """A number from its digits and marks: 1,234.50 and 1.234,50 and 1 234,50 and 1'234.50 are the same.

    One mark with three digits behind it, as in 1.234, is a thousand's where it is not the document's decimal mark,
    or where that is not known and no zero leads.
    """
    plain = re.sub(r"[\s'\u2019]", "", digits)
    if len(plain) > _LONGEST:
        return None
    marks = [character for character in plain if character in ".,"]
    if len(set(marks)) == 2:
        plain = plain.replace("," if marks[-1] == "." else ".", "")
    elif len(marks) > 1 or (marks and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", plain) and marks[0] != (mark or "")[:1]):
        plain = plain.replace(marks[0], "")
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None


def decimal_mark(texts: Iterable[str]) -> DecimalMark | None:
    """The decimal mark that most numbers prove which can be read in one way only; None where none does.

    Where a currency of three decimals stands beside amounts, three digits behind a mark are decimals too.
    """
    votes: Counter[str] = Counter()
    threes: Counter[str] = Counter()
    signs: set[str] = set()
    for text in texts:
        for match in _NUMBER.finditer(text.translate(_SPACES)):
            digits = match["digits"]
            signs.update(CURRENCIES[sign.casefold()] for sign in (match["before"], match["after"]) if sign)
            last = max(digits.rfind("."), digits.rfind(","))
            if last < 0 or match["percent"]:
                continue
            behind = len(digits) - last - 1
            threes[digits[last]] += behind == 3
            grouped = behind == 3 and digits[:last] != "0"  # "0.839" has decimals
            if not grouped or len({character for character in digits if character in ".,"}) == 2:
                votes[digits[last]] += 2 if behind == 2 else 1
    if signs & _THREE_DECIMALS and threes and max(threes.values()) > max(votes.values(), default=0) / 2:
        return ".000" if threes.most_common(1)[0][0] == "." else ",000"
    if not votes:
        return None
    return "." if votes.most_common(1)[0][0] == "." else ","


def plain_money(value: Decimal) -> str:
    """A decimal string with two decimals, or with more where they say something: "60.00", "0.025"."""
    value = value.normalize()
    places = max(2, -int(value.as_tuple().exponent))
    return f"{value:.{places}f}"


def plain_quantity(value: Decimal) -> str:
    """A decimal string without idle zeros: "3", "1.5"."""
    return f"{value.normalize():f}"


def _first(match: re.Match[str]) -> str:
    return next(name for name in ("minus", "before", "minus2", "digits") if match[name] is not None)
