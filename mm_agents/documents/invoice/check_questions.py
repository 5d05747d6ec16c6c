"""Questions whether the numbers of an invoice are right: its lines, its sums and its tax."""

from __future__ import annotations

import re
from functools import cache

from mm_agents._text import content_words
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.arithmetic import TAX
from mm_agents.documents.invoice.asked import TAX_CLAUSE, Asked, number_of, places_of
from mm_agents.documents.invoice.data import MONEY, Check, InvoiceData
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import DocumentAnswer, Evidence

_EQUALS = r"\b(?:match(?:es)?|agrees?|equals?)\b|\b(?:and|plus|together)\b.*\b(?:makes?|gives?)\b"
_ADDED_UP = rf"add(?:s|ed|ing)? (?:up|together|to)\b|sums?\b|total|\btall(?:y|ies)\b|{_EQUALS}"
_SUMS = re.compile(
    r"add up|\badd(?:s|ed)? (?:together|to)\b|\bsums? (?:up )?to\b|\btall(?:y|ies)\b|"
    rf"^\W*(?:and )?(?:do|does|did|is|are)\b(?=.*(?:total|sum|amount)).*(?:{_EQUALS})|correct(?:ly)?\b|consistent|"
    r"\b(?:errors?|mistakes?|miscalculat\w+|incorrect(?:ly)?)\b|is it right|\bis\b.*\bright\W*$|checks?\b|stimmt|"
    r"\b(?:come|work|worked|calculated|computed|added)\b.* (?:right|properly|ok(?:ay)?)\b"
)
_OF_MISTAKES = re.compile(r"\b(?:errors?|mistakes?|wrong|miscalculat\w+|incorrect(?:ly)?)\b")
_WHOLE = re.compile(r"(?<!sub)(?<!sub.)\btotal|\b(?:final|grand|end|overall) (?:amount|sum|price|figure|bill)\b")
_NUMBERS = "|".join(sorted(lexicon.NUMBER_WORDS, key=len, reverse=True))
_COUNTED = re.compile(rf"\b(?P<count>both|{_NUMBERS}|\d+) (?=(?:[a-z]+ )?{lexicon.THINGS.pattern})")


@cache
def _checking_words(of_tax: bool) -> set[str]:
    return content_words(f"{lexicon.CHECKED} {lexicon.CHECKED_TAX if of_tax else ''}")


def asks_checks(text: str) -> bool:
    """Whether a question is one of these, so that what it names belongs together: "do subtotal and tax add up?"."""
    return _SUMS.search(text) is not None and re.match(r"\W*(?:is|are|do|does|did|has|have)\b", text) is not None


def asked_checks(asked: Asked) -> DocumentAnswer | None:
    """Whether the invoice's numbers are right; of a number in the question the checks say nothing."""
    text = _without_count(asked)
    if not _SUMS.search(text) or re.search(r"\d|\bboth (?!the (?:subtotal|tax))", text):
        return None
    of_tax = re.search(rf"\b(?:{TAX})\b", text) is not None
    foreign = detected(asked.question) not in (None, ENGLISH)
    other = re.match(r"\W*(?:who|whom|when|where|which|what|how)\b", text)
    if not foreign and (other or content_words(text) - _checking_words(of_tax)):
        return None  # "is the address correct?"
    if of_tax and not _is_of_sum(text):
        return _checked_tax(asked)
    checks = _chosen(asked, text)
    if not checks or any(check.status == "not applicable" for check in checks):
        return None
    failed = [f"{check.name}: {check.detail}" for check in checks if check.status == "failed"]
    right, wrong = ("No", "Yes") if _OF_MISTAKES.search(text) else ("Yes", "No")
    said = f"{wrong}: {'; '.join(failed)}." if failed else f"{right}: {'; '.join(check.detail for check in checks)}."
    places = [place for check in checks for place in _checked_places(asked.invoice, check.name)]
    doubt = "an amount on the page may not be read" if failed else None
    return asked.answer(said, said.startswith("Yes"), list(dict.fromkeys(places)), doubt)


def _without_count(asked: Asked) -> str:
    """A question without the number of its lines, where there are as many: "do the three lines add up"."""
    text = asked.text.replace("bottom line", "total")
    match = _COUNTED.search(text)
    count = match and number_of(match["count"].replace("both", "two"))
    return text.replace(match["count"], " ", 1) if match and count == len(asked.invoice.items) else text


def _is_of_sum(text: str) -> bool:
    """Whether a question that names the tax is about what is added up: the lines before it, or the total with it."""
    adds = re.search(_ADDED_UP, text) and lexicon.THINGS.search(text)
    return adds is not None or (_WHOLE.search(text) is not None and re.search(r"\brate\b", text) is None)


def _chosen(asked: Asked, text: str) -> list[Check]:
    """The checks that a question means: of the lines, of what they add up to, of the total, or all that there are."""
    every, clause = asked.invoice.checks, TAX_CLAUSE.search(text)
    net = "subtotal" in re.sub(r"sub.total", "subtotal", text) or bool(clause and clause["net"])
    whole = _WHOLE.search(text) and not (clause and clause["net"])
    added = [check for check in every if check.name.startswith("items add up")]
    with_tax = [check for check in every if check.name.startswith("subtotal")]
    if lexicon.THINGS.search(text):
        if not re.search(_ADDED_UP, text):
            return [check for check in every if check.name.startswith("item") and check.status != "not applicable"]
        to_subtotal = bool(added) and "subtotal" in added[0].name
        return [*added, *(with_tax if whole and to_subtotal else [])] if to_subtotal or not net else []
    if whole and re.search(rf"\b(?:{TAX})\b", text):
        return with_tax
    return added if net and not whole else [check for check in every if check.status != "not applicable"]


def _checked_places(invoice: InvoiceData, name: str) -> list[Evidence]:
    """The places of the numbers that a check compares."""
    if name.startswith("items"):
        of_fields = ("total", "tax") if name.endswith("total") and "subtotal" not in name else ("subtotal",)
        amounts = [place for item in invoice.items for place in places_of(item, "amount")]
        return [*amounts, *(place for field in of_fields for place in invoice.field(field).evidence)]
    if match := re.match(r"item (\d+):", name):
        return [*places_of(invoice.items[int(match[1]) - 1], "quantity", "unit_price", "amount")]
    if name.startswith("tax"):
        of_taxes = [place for tax in invoice.taxes for place in tax.evidence]
        names = ("tax_rate", "subtotal", "discount", "shipping")
    else:
        of_taxes, names = [], ("date", "due_date") if name.startswith("due") else MONEY
    return [*of_taxes, *(place for field in names for place in invoice.field(field).evidence)]


def _checked_tax(asked: Asked) -> DocumentAnswer:
    """Whether each tax is its rate of what it applies to."""
    rates = [
        check for check in asked.invoice.checks if check.name.startswith("tax") and check.status != "not applicable"
    ]
    if not rates:
        return asked.unanswered("No tax with its rate and what it applies to was read, so that it cannot be computed.")
    right = all(check.status == "passed" for check in rates)
    details = "; ".join(check.detail for check in rates)
    places = list(dict.fromkeys(_checked_places(asked.invoice, rates[0].name)))
    return asked.answer(f"{'Yes' if right else 'No'}: {details}.", right, places)
