"""What all of an invoice would come to with another number of one item, or without it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from mm_agents._text import content_words
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.asked import (
    TAX_CLAUSE,
    Asked,
    matching_items,
    number_of,
    places_of,
    telling_words,
    the_item,
    wishes_of,
    words_of,
)
from mm_agents.documents.invoice.data import CENT, LineItem, same_amount
from mm_agents.documents.numbers import plain_money, plain_quantity
from mm_agents.types import DocumentAnswer, Evidence

_LEFT_OUT = (
    r"(?:without|leaving out|left out|leave out|skip(?:ped)?|drop(?:ped)?|cancel(?:l?ed)?|"
    r"(?:do|did)(?:n['’]?t| not) (?:take|buy|order|get|have|want|need))"
    r"(?= (?:the|my|our|all|both|that|those)\b)"
)
_CHANGE = re.compile(
    r"\b(?:if|had (?:i|we)|"
    r"with (?=only|just|an(?:other)?\b|\w+ (?:more|fewer|less|extra)\b)|by (?=only|just|(?:tak|buy|order|gett|hav)ing)|"
    rf"(?={_LEFT_OUT}))(?P<change>[^,:;]+)"
)
_OLD = re.compile(r"\b(?:instead of|rather than|(?:and )?not)\b(?: (?:the|all))?\s*(?P<old>[a-z0-9]+)?.*$")
_FEWER, _MORE = re.compile(r"\b(?:fewer|less)\b"), re.compile(r"\b(?:more|extra|additional|another)\b")
_NARROWS = re.compile(
    rf"\b(?:only|just|instead of|rather than|fewer|less|more|extra|additional|another)\b|\b{_LEFT_OUT}"
)
_ALL = re.compile(r"\b(?:bill|invoice|receipt|order|(?:sub ?-?)?total|sum|whole|everything|all of it)\b")
_OTHER_SUM = re.compile(
    r"\b(?:save[ds]?|saving|difference|cheaper|dearer|how much (?:less|more)|reduc\w+|lower\w*|"
    r"(?:go|come|went|came) down|fall|drop|decrease|rise|go up|increase)\b(?! (?:the|my|our|all|both|that|those)\b)"
)
_OF_ALL = (
    "total subtotal sum amount net gross price cost come came pay paid owe owed bill invoice receipt order whole all "
    "everything then now end still so okay well instead final new suppose supposing say assume assuming imagine"
)
_OF_CHANGE = (
    "take took taken taking buy bought buying order ordered ordering get got getting want wanted need needed pick "
    "picked choose chose chosen skip skipped drop dropped leave left leaving cancel cancelled canceled don't "
    "didn't don didn fewer extra additional"
)


def asked_changed(asked: Asked) -> DocumentAnswer | None:
    """What all would come to: "what would it be before VAT, if I only took two tubes rather than four?"."""
    text = " ".join(re.sub(r"(?<=\w)['’](?:d|ve)\b", " ", TAX_CLAUSE.sub(" ", asked.text)).split())
    match = _CHANGE.search(text)
    if match is None:
        return None
    rest, change = f"{text[: match.start()]} {text[match.end() :]}", match["change"]
    of_all = _NARROWS.search(change) or _ALL.search(rest)
    words = telling_words(words_of(_OLD.sub(" ", change)))
    if not of_all or not any(matching_items([word], asked.invoice.items) for word in words):
        return None
    meant = _meant(asked, change)
    if meant is None or content_words(rest) - content_words(_OF_ALL) or _OTHER_SUM.search(text):
        return asked.unanswered()
    clause = TAX_CLAUSE.search(asked.text)
    net = bool(clause and clause["net"]) or re.search(r"\bnet\b|\bsub ?-?total\b", rest) is not None
    return _changed(asked, *meant, net=net) or asked.unanswered("What it would come to is not clear from this invoice.")


def _meant(asked: Asked, change: str) -> tuple[LineItem, Decimal] | None:
    """The one item that changes, and how many of it there are then; None where the words say something else, too."""
    old, new = _OLD.search(change), _OLD.sub(" ", change)
    left_out = re.search(rf"\b{_LEFT_OUT}", new) if not old or not old["old"] else None
    wishes = wishes_of(new) if left_out is None else []
    words = telling_words(words_of(new)) if left_out else wishes[0].words if len(wishes) == 1 else ()
    own = [word for word in words if content_words(word) - content_words(_OF_CHANGE)]
    item = the_item(asked.invoice, own)
    if item is None or not all(matching_items([word], [item]) for word in own):
        return None
    idle = (*lexicon.NUMBER_WORDS, *lexicon.IDLE, *lexicon.UNITS)
    others = content_words(new) - content_words(" ".join([*own, _OF_CHANGE, *idle]))
    said = number_of(old["old"]) if old and old["old"] else None
    if {word for word in others if not word.isdigit()} or (old and said != item.quantity):
        return None
    if left_out or item.quantity is None:
        return (item, Decimal(0)) if left_out else None
    number = wishes[0].quantity
    if _FEWER.search(new) or _MORE.search(new):
        number = item.quantity + (number if _MORE.search(new) else -number)
    return (item, number) if 0 <= number != item.quantity else None


def _changed(asked: Asked, item: LineItem, number: Decimal, *, net: bool) -> DocumentAnswer | None:
    """The new sum; None where the items do not add up to what is printed, or its tax is not that of all items."""
    invoice = asked.invoice
    amounts = [one.amount for one in invoice.items if one.amount is not None]
    less = _less(item, number)
    if less is None:
        return None
    tax, before = invoice.tax.value or Decimal(0), "subtotal" if invoice.subtotal.value is not None else "total"
    base = invoice.field(before).value
    if base is None or len(amounts) < len(invoice.items) or sum(amounts, Decimal(0)) != base:
        return None
    amount, sum_, where = less
    value = base - amount
    sum_ = f"{plain_money(base)} {sum_} = {asked.money(value)}"
    places: Sequence[Evidence] = (*invoice.field(before).evidence, *where)
    if net or not tax:
        known = not net or before == "subtotal"
        plain = net or invoice.total.value == base
        return asked.answer(f"{sum_}.", plain_money(value), places) if known and plain else None
    rates = {line.rate for line in invoice.taxes}
    rate = next(iter(rates)) if len(rates) == 1 else None
    if (
        rate is None
        or before == "total"
        or base + tax != invoice.total.value
        or not same_amount(base * rate / 100, tax)
    ):
        return None
    total = value + (value * rate / 100).quantize(CENT, ROUND_HALF_UP)
    text = f"{sum_}; with {plain_quantity(rate)} % of tax it is {asked.money(total)}."
    return asked.answer(text, plain_money(total), (*places, *invoice.field("tax_rate").evidence))


def _less(item: LineItem, number: Decimal) -> tuple[Decimal, str, Sequence[Evidence]] | None:
    """By how much a line is less with another number of its item, how this is computed, and from what."""
    price, quantity = item.unit_price, item.quantity
    if not number and item.amount is not None:
        return item.amount, f"− {plain_money(item.amount)}", places_of(item, "amount")
    if price is None or quantity is None or item.discount or item.amount != item.product():
        return None
    count = quantity - number
    sum_ = f"{'−' if count > 0 else '+'} {plain_quantity(abs(count))} × {plain_money(price)}"
    return count * price, sum_, places_of(item, "quantity", "unit_price")
