"""Questions about who served and how it was paid, until when a discount is given, and whether a day is in time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from mm_agents._text import MONTHS, content_words
from mm_agents.documents.dates import dates_in, fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.asked import Asked, beside_label
from mm_agents.documents.invoice.data import Labelled
from mm_agents.documents.numbers import numbers_in, plain_money
from mm_agents.types import DocumentAnswer

LAST_DAY = re.compile(
    r"\b(?:by|until|till|before) (?:when|(?:what|which) (?:date|day|time))\b|\b(?:last|latest|final) (?:date|day)\b|"
    r"\bdeadline\b|\b(?:bis wann|jusqu['’]a quand|tot wanneer|hasta cuando)\b|"
    r"\b(?:how long|how many days|how much time)\b"
)
"""That asks for the last day of something, or how long there is for it."""
_WHEN_TO_PAY = re.compile(r"^\W*(?:and )?(?:on )?(?:when|wann|(?:what|which) (?:date|day))\b.*\b(?:pay|get|zahlen)\b")
_EARLY = re.compile(r"\b(?:discount|reduction|rebate|skonto|rabatt|escompte|remise|korting|descuento)\b|\d ?% off\b")


def asked_discount_day(asked: Asked) -> DocumentAnswer | None:
    """Until when paying early takes something off: the one date in that part of the terms of payment."""
    if not (LAST_DAY.search(asked.text) or _WHEN_TO_PAY.search(asked.text)) or not _EARLY.search(asked.text):
        return None
    terms = asked.invoice.field("payment_terms")
    parts = re.split(r"[;\n]|,(?!\d)|\.(?!\d)|\b(?:or|oder|ou)\b", fold(terms.value or ""))
    rates = {number.value for number in numbers_in(asked.question) if number.percent}
    days = [
        day
        for part in parts
        if _EARLY.search(part) and rates <= {number.value for number in numbers_in(part) if number.percent}
        for day in dates_in(part)
    ]
    if len(days) != 1:
        return asked.unanswered()
    doubt = None if terms.verified else terms.note or "not verified"
    return asked.answer(f"The payment terms are {terms.value}.", terms.value, terms.evidence, doubt)


_LATE = re.compile(r"\b(?:late|overdue|past due)\b")
_IN_TIME = re.compile(r"\b(?:(?:in|on) time|(?:early|soon) enough)\b")
_MONTH = "|".join(MONTHS)
_DAY_OF_YEAR = re.compile(rf"\b(?:\d\d?(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})|(?:{_MONTH}) \d\d?(?:st|nd|rd|th)?)\b")
_TIMELY_WORDS = (
    "pay paid paying payment transfer send money bill invoice late overdue past due time early soon enough only just "
    "still until wait okay ok fine i we he she they am be would will if when on by"
)


def asked_in_time(asked: Asked) -> DocumentAnswer | None:
    """Whether paying on a day would be too late; a day without its year is one of the year of the due date."""
    late, due = _LATE.search(asked.text), asked.invoice.due_date
    if not (late or _IN_TIME.search(asked.text)) or not re.search(r"\bpa(?:y|id)|\btransfer", asked.text):
        return None
    if due.value is None:
        return asked.unanswered("No due date was read.")
    text = _DAY_OF_YEAR.sub(rf"\g<0> {due.value.year}", asked.text) if not dates_in(asked.text) else asked.text
    days = dates_in(text)
    if len(days) != 1 or (len(days[0].readings) != 1 and not days[0].dotted):
        return None
    rest = text[: days[0].start] + text[days[0].end :]
    if content_words(rest) - content_words(_TIMELY_WORDS):
        return None
    day = days[0].readings[0]
    after = (day - due.value).days
    how = f"{abs(after)} day{'s' if abs(after) != 1 else ''} {'after' if after > 0 else 'before'} the due date"
    named = re.sub(r"\b[a-z]", lambda letter: letter[0].upper(), text[days[0].start : days[0].end])
    said = f"{named} is {how if after else 'the due date'}, {due.value.isoformat()}."
    doubt = None if due.verified else due.note or "not verified"
    right = (after > 0) == bool(late)
    return asked.answer(f"{'Yes' if right else 'No'}: {said}", right, due.evidence, doubt)


# ---------------------------------------------------------------- at the till

_CASH, _CARD = r"\bcash\b", r"\b(?:card|visa|master ?card|amex|american express|maestro)\b"
_HOW_PAID = re.compile(
    r"\bhow (?:did|was|were|has|have|had)\b.*\b(?:pay|paid|settled?)\b|"
    rf"\b(?:was|were|did|has|have|had|is)\b.*\b(?:pay|paid|settled?)\b.*(?:{_CASH}|{_CARD})|"
    rf"\b(?:was|were|did|is)\b.*(?:{_CASH} or .*{_CARD}|{_CARD} or .*{_CASH})|"
    r"\b(?:which|what)\b.*\bcard\b.*\b(?:paid|pay|used?)\b|"
    r"\b(?:payment|paying) (?:method|type)\b|\b(?:method|means|mode|form|type) of payment\b"
)
_NOT_YET = re.compile(r"^\W*(?:how )?(?:can|could|may|must|should|do|does|will)\b|\bhow (?:much|many|long|often)\b")
_SERVED = re.compile(
    r"\bwho\b.*\b(?:served|serving|waited on|at the (?:till|checkout|counter|cash register|cash desk))\b|"
    rf"\bwho\b.*\b(?:{lexicon.STAFF_NAMES})\b|\b(?:{lexicon.STAFF_NAMES})(?:['’]s)?\b.*\b(?:name|called|named)\b|"
    rf"\bname of (?:the |our |my )?(?:{lexicon.STAFF_NAMES})\b"
)


@cache
def _till_words() -> set[str]:
    """The words that a question about the till may say."""
    return content_words(
        "pay paid paying payment method type kind sort means mode form cash card credit debit visa mastercard master "
        "amex american express maestro customer buyer they someone bill receipt invoice purchase meal whole all "
        "settled use used tell told who served serving serve waited on at till checkout counter register desk name "
        "named called person us me waiter waitress server cashier clerk sales salesperson salesman attendant know want"
    )


def _says_more(asked: Asked) -> bool:
    """Whether a question says something that is not about the till."""
    return bool(content_words(asked.text) - _till_words())


def asked_tender(asked: Asked) -> DocumentAnswer | None:
    """Whether it was paid in cash or by card: what was given, where it is as much as the total or more."""
    if not _HOW_PAID.search(asked.text) or _NOT_YET.search(asked.text) or _says_more(asked):
        return None
    given = [
        (kind, one, amount)
        for one in asked.invoice.labelled
        for kind, label in lexicon.TENDERS.items()
        if label.fullmatch(fold(one.label)) and (amount := _amount_of(one))
    ]
    kinds = {kind for kind, *_ in given}
    total = asked.invoice.total.value
    if not given:
        methods = [one for one in asked.invoice.labelled if lexicon.PAID_BY.fullmatch(fold(one.label))]
        return _beside(asked, methods) or asked.unanswered()
    if total is None or sum((amount for *_, amount in given), Decimal(0)) < total:
        return asked.unanswered("How all of it was paid was not read.")
    said = " and ".join(f"“{one.label}” {plain_money(amount)}" for _, one, amount in given)
    told = " and ".join({"cash": "in cash", "card": "by card"}[kind] for kind in sorted(kinds))
    doubts = [one.note or "not verified" for _, one, _ in given if not one.verified]
    places = [place for _, one, _ in given for place in one.evidence]
    return asked.answer(f"It was paid {told}: {said}.", told, places, "; ".join(doubts) or None)


def _amount_of(one: Labelled) -> Decimal | None:
    """The one amount beside a label."""
    amounts = [number.value for number in numbers_in(one.value or "") if number.is_money]
    return amounts[0] if len(amounts) == 1 else None


def asked_staff(asked: Asked) -> DocumentAnswer | None:
    """Who served: the name behind "Cashier" or "Server"."""
    if not _SERVED.search(asked.text):
        return None
    staff = [one for one in asked.invoice.labelled if one.value and lexicon.STAFF.fullmatch(fold(one.label))]
    named = [one for one in staff if set(fold(one.label).split()) & set(re.findall(r"[a-z]+", asked.text))] or staff
    return (None if _says_more(asked) else _beside(asked, named)) or asked.unanswered()


def _beside(asked: Asked, found: Sequence[Labelled]) -> DocumentAnswer | None:
    """The one value with a letter that stands beside labels."""
    values = {one.value for one in found if re.search(r"[^\W\d_]", one.value or "")}
    return beside_label(asked, found) if len(values) == 1 else None
