"""Questions about who served, how it was paid, what comes back, when a discount ends, and about days of the week."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from mm_agents._optional import require
from mm_agents._text import MONTHS, content_words
from mm_agents.documents.dates import dates_in, fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.arithmetic import TAX
from mm_agents.documents.invoice.asked import Asked, beside_label, number_of
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


_DAYS = re.compile(r"how (?:many|much) (?P<unit>days|weeks|months|time)\b|how long\b")
_OTHER_DAYS = re.compile(
    r"\b(?:left|late|overdue|today|now|ago|remain\w*|deliver\w*|ship\w*|order\w*|until|till|since)\b"
)


def asked_days(asked: Asked) -> DocumentAnswer | None:
    """How many days after its date an invoice is due."""
    match = _DAYS.search(asked.text)
    if match is None or match["unit"] in ("weeks", "months") or _OTHER_DAYS.search(asked.text):
        return None
    if not re.search(r"\bdue\b|\bpay|\bpaid\b|\bterms?\b", asked.text) or re.search(r"\d", asked.text):
        return None
    issued, due = asked.invoice.date, asked.invoice.due_date
    if issued.value is None or due.value is None:
        return asked.unanswered(f"No {'due date' if issued.value else 'date of the invoice'} was read.")
    days = (due.value - issued.value).days
    if days < 0:
        return asked.unanswered("The due date that was read is before the date of the invoice.")
    doubts = [field.note or "not verified" for field in (issued, due) if not field.verified]
    return asked.answer(
        f"{days} days: from {issued.value.isoformat()} to {due.value.isoformat()}.",
        days,
        (*issued.evidence, *due.evidence),
        "; ".join(doubts) or None,
    )


_WEEKDAY = re.compile(r"\b(?:week ?day|day of the week)\b")
_DATED_WORDS = (
    "what which on was is were are weekday day of the week did do does it this that happen invoice bill receipt "
    "purchase order dated date issued printed written made sent bought buy paid pay shop shopping shopped eat ate "
    "eaten dine go went there here be we i they you fall falls due payment"
)


def asked_weekday(asked: Asked) -> DocumentAnswer | None:
    """The day of the week of the invoice's date, or of its due date."""
    if not _WEEKDAY.search(asked.text) or content_words(asked.text) - content_words(_DATED_WORDS):
        return None
    of_due = re.search(r"\bdue\b", asked.text) is not None
    day = asked.invoice.due_date if of_due else asked.invoice.date
    if day.value is None:
        return asked.unanswered(f"No {'due date' if of_due else 'date'} was read.")
    doubt = None if day.verified else day.note or "not verified"
    dates = require("babel.dates", extra="documents", feature="The days of the week")
    name = dates.format_date(day.value, "EEEE", locale="en")  # strftime names it as the machine is set
    return asked.answer(f"{day.value.isoformat()} is a {name}.", name, day.evidence, doubt)


_ANY_TAX = re.compile(
    rf"^\W*(?:and )?(?:did|do|does|was|were|is|has|have|had)\b.*\b(?:any|charged?|charging|add(?:ed|ing)?|pay|paid)\b"
    rf".*\b(?:{TAX})\b|^\W*(?:and )?(?:was|were|is|are) (?:{TAX}) (?:charged|added|paid|there)\b"
)
_TAX_BILLED_WORDS = (
    "any charge charged charging add added adding pay paid there sales tax taxes vat gst bill invoice receipt"
)


def asked_any_tax(asked: Asked) -> DocumentAnswer | None:
    """Whether there is a tax, also one of nothing."""
    said = content_words(asked.text) - content_words(_TAX_BILLED_WORDS)
    if not _ANY_TAX.search(asked.text) or said or re.search(r"\bnot?\b|n't\b", asked.text):
        return None
    tax = asked.invoice.tax
    if tax.value is None:
        return None
    text = f"{'Yes' if tax.value else 'No'}: the tax is {asked.money(tax.value)}."
    return asked.answer(text, bool(tax.value), tax.evidence, None if tax.verified else tax.note or "not verified")


# ---------------------------------------------------------------- at the till

_COMES_BACK = re.compile(r"\bback\b|\bchange\b")
_HANDED_OVER = re.compile(
    r"\b(?:gave|give|giving|handed?|handing|pa(?:y|id|ying)|used?|using)\b(?: (?!and\b)[a-z]+){0,4}? "
    r"(?:[$€£]\s?)?(?P<number>\d+(?:\.\d\d)?|five|ten|twenty|fifty|hundred)"
    r"(?:[ -]?(?:euros?|dollars?|pounds?|francs?|bucks?|quid|eur|usd|gbp))?"
    r"(?:[ -](?:note|bill|banknote)s?)?(?=[^\w.]|\.\D|\.?$)"
)


def asked_back(asked: Asked) -> DocumentAnswer | None:
    """What comes back of what is handed over: "if I pay with a fifty, how much change do I get?"."""
    given = _HANDED_OVER.search(asked.text) if _COMES_BACK.search(asked.text) else None
    tender = number_of(given["number"]) if given else None
    if given is None or tender is None or asked.names_item:
        return None
    total = asked.invoice.total
    if total.value is None:
        return asked.unanswered("No total was read.")
    if tender < total.value:
        return asked.unanswered(f"{plain_money(tender)} is less than the total, {asked.money(total.value)}.")
    doubt = None if total.verified else total.note or "not verified"
    back = tender - total.value
    text = f"{plain_money(tender)} − {plain_money(total.value)} = {asked.money(back)}."
    return asked.answer(text, plain_money(back), total.evidence, doubt)


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
