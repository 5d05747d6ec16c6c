"""What a cell's text says as a number: its value, its unit, and the footnote marks beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from mm_agents.documents.numbers import DecimalMark, decimal_mark, numbers_in

_SUPERSCRIPTS = {ord(a): b for a, b in zip("⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ", "0123456789abcd", strict=True)}
_MARKS = re.compile(r"\s*([⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ]+(?:[,\s][⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ]+)*|[*†‡§]+)$")
_AFTER_UNIT = re.compile(r"(?:(?<=%)|(?<=pp))\s?(\d{1,2}|[a-d])$")
_UNIT = re.compile(r"^\s*(pp|bps?|[a-zµ°][\w/°²³]{0,7}|‰|×)\.?$", re.IGNORECASE)
_POWERS = re.compile(r"([-+]?\d(?:[.,]\d+)?)\s?(?:[eE]|[x×]\s?10\^?)([-+]?\d{1,3})")
_LOOKALIKES = str.maketrans({"S": "5", "O": "0", "o": "0", "l": "1", "I": "1", "Z": "2", "à": "0", "ó": "6"})
_SCALES = {
    **dict.fromkeys(("k", "thousand"), Decimal(1000)),
    **dict.fromkeys(("m", "mn", "mio", "million", "millions"), Decimal(10) ** 6),
    **dict.fromkeys(("b", "bn", "billion", "billions"), Decimal(10) ** 9),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number that a cell says.

    Attributes:
        value: with its sign; thousands, millions and billions are worked out.
        unit: "%", "pp", an ISO 4217 code or what else stands behind the number; None where nothing does.
    """

    value: Decimal
    unit: str | None = None


def without_marks(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without the footnote marks behind it, and the marks: "32%¹" is "32%" and "1"."""
    found: list[str] = []
    while True:
        match = _MARKS.search(text) or _AFTER_UNIT.search(text)
        if match is None or not text[: match.start()].strip():
            return text, tuple(found)
        found[:0] = re.split(r"[,\s]+", match[1].translate(_SUPERSCRIPTS))
        text = text[: match.start()]


def quantity_of(text: str, mark: DecimalMark | None = None) -> Quantity | None:
    """The number that a text is: "$1,234.50", "(12.5)", "15 pp", "3.2 bn"; None where it says more than one number.

    Args:
        text: of a cell.
        mark: the decimal mark of the table, where it is known.
    """
    bare, _ = without_marks(text.strip())
    bare = bare.strip("~≈<>≤≥ ").replace("−", "-")
    if re.match(r"[-+(]?\.\d+\D*$", bare):
        bare = bare.replace(".", "0.", 1)
    powers = _POWERS.fullmatch(bare)
    if powers:
        mantissa = Decimal(powers[1].replace(",", "."))
        return Quantity(value=mantissa.scaleb(int(powers[2])))
    found = numbers_in(bare, mark)
    if len(found) != 1:
        return None
    number = found[0]
    before, after = bare[: number.start].strip(), bare[number.end :].strip()
    if before:
        return None
    unit = "%" if number.percent else number.currency
    if not after:
        return Quantity(value=number.value, unit=unit)
    match = _UNIT.match(after)
    if match is None:
        return None
    if after.casefold().rstrip(".") in _SCALES:
        return Quantity(value=number.value * _SCALES[after.casefold().rstrip(".")], unit=unit)
    return Quantity(value=number.value, unit=match[1])


def mark_of(texts: Iterable[str]) -> DecimalMark | None:
    """The decimal mark of a table, from all its texts."""
    return decimal_mark(texts)


def digits_for_letters(text: str) -> str | None:
    """A text with the digits for letters that look like them, where that makes it a number: "3,11S" is 3,115."""
    changed = text.translate(_LOOKALIKES)
    letters = sum(character.isalpha() for character in text)
    if changed == text or letters > max(1, len(text) // 2) or quantity_of(changed) is None:
        return None
    return changed
