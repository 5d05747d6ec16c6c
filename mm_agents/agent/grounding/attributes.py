"""Whether a sentence gives an attribute of a document the value that the document's reader found for it.

A number that stands somewhere on a page proves little: "the total is 150.00" is false where 150.00 is the subtotal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mm_agents.agent.grounding.claims import currencies_in, numbers_in, values_of

_BEFORE_TAX = re.compile(
    r"\btotal (?:amount )?(?:before|without|excluding|excl\.?|net of) (?:any )?(?:tax(?:es)?|vat)\b", re.IGNORECASE
)
_AMOUNTS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        "subtotal": r"\bsub-?total\b|\bnet (?:amount|sum|value|price)\b",
        "total": r"(?<!sub)(?<!sub-)\btotal\b(?! (?:of \d+ |number))|\bamount due\b|\bamount (?:to pay|payable)\b",
        "tax": r"\b(?:sales )?tax(?:es)?\b|\bvat\b|\bgst\b",
        "discount": r"\bdiscount\b",
        "shipping": r"\bshipping\b|\bdelivery (?:cost|fee|charge)s?\b|\bpostage\b",
    }.items()
}
_DATES: Mapping[str, re.Pattern[str]] = {
    "date": re.compile(
        r"\binvoice date\b|\bissued\b|\bissue date\b|\bdated\b|\bdate of (?:the )?invoice\b", re.IGNORECASE
    ),
    "due_date": re.compile(r"\bdue\b(?! to\b)|\bpay(?:able|ment)? (?:is )?by\b|\bdeadline\b", re.IGNORECASE),
}
_STATES = re.compile(
    r"\s*(?:amount|date|sum)?\s*(?:is|was|are|comes? to|amounts? to|equals|on|by|:|=)?(?: on| by)?\s*"
    r"(?:[A-Z]{3} ?|[€£$¥₹] ?)?"
)
"""Between a field and what a sentence says that it is."""
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NUMBER = re.compile(r"\d(?:[\d.,'\u00a0\u202f]*\d)?")


@dataclass(frozen=True, slots=True)
class _Value:
    """A value in a sentence, and the fields of the document that have it."""

    text: str
    start: int
    fields: frozenset[str]


def wrong_attribute(text: str, fields: Mapping[str, Any]) -> str | None:
    """Why a sentence contradicts what was read; None where it names no field, or gives each its value.

    A field that is named is held against the value that follows it, else against the one before it. A value that no
    field has is wrong only where the sentence says that the field is just that.

    Args:
        text: a sentence about one document.
        fields: the document's values by field: {"total": "180.00", "due_date": "2026-03-01", "currency": "GBP"}.
    """
    plain = _BEFORE_TAX.sub(lambda found: "subtotal".ljust(len(found[0])), text)
    amounts = [
        _Value(found[0], found.start(), frozenset(_same_amount(found[0], fields)))
        for found in _NUMBER.finditer(_DATE.sub(lambda found: " " * len(found[0]), plain))
    ]
    dates = [
        _Value(found[0], found.start(), frozenset(name for name in _DATES if fields.get(name) == found[0]))
        for found in _DATE.finditer(plain)
    ]
    fault = _swapped(plain, _AMOUNTS, amounts, fields) or _swapped(plain, _DATES, dates, fields)
    return fault or _other_currency(plain, fields)


def _same_amount(written: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """The fields that have a written number as their amount."""
    for name in _AMOUNTS:
        known = fields.get(name)
        if known is not None and any(values_of(written) & values_of(one) for one in numbers_in(str(known))):
            yield name


def _swapped(
    text: str, patterns: Mapping[str, re.Pattern[str]], values: Iterable[_Value], fields: Mapping[str, Any]
) -> str | None:
    """A field that is given the value of another one."""
    mentions = sorted(
        (found.start(), found.end(), name) for name, words in patterns.items() for found in words.finditer(text)
    )
    for place, (start, stop, name) in enumerate(mentions):
        if fields.get(name) is None:
            continue
        begin = mentions[place - 1][0] if place else 0
        end = mentions[place + 1][0] if place + 1 < len(mentions) else len(text)
        after = next((one for one in values if start < one.start < end), None)
        before = [one for one in values if begin <= one.start < start]
        if any(name in one.fields for one in (after, *before) if one is not None):
            continue
        given = after or (before[-1] if before and len(mentions) == 1 else None)
        if given is None:
            continue
        if given.fields:
            other = " and ".join(sorted(given.fields)).replace("_", " ")
            return f"{given.text} is the {other}; the {name.replace('_', ' ')} is {fields[name]}"
        is_share = text[given.start + len(given.text) :].lstrip().startswith("%")
        if given is after and not is_share and _STATES.fullmatch(text[stop : given.start]):
            return f"the {name.replace('_', ' ')} is {fields[name]}"
    return None


def _other_currency(text: str, fields: Mapping[str, Any]) -> str | None:
    """A currency that is not the document's, where an amount of it is named."""
    known = fields.get("currency")
    said = currencies_in(text)
    if known is None or not said or known in said or not any(words.search(text) for words in _AMOUNTS.values()):
        return None
    return f"it is said in {min(said)}, and the document is in {known}"
