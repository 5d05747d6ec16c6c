"""Questions whether the numbers of an invoice are right: its lines, its sums and its tax."""

from __future__ import annotations

import re
from functools import cache

from mm_agents._text import content_words
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.arithmetic import TAX
from mm_agents.documents.invoice.asked import Asked, places_of
from mm_agents.documents.invoice.data import MONEY, InvoiceData
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import DocumentAnswer, Evidence

_SUMS = re.compile(
    r"add up|correct(?:ly)?\b|consistent|any (?:error|mistake)|is it right|\bis\b.*\bright\W*$|checks?\b|stimmt"
)


@cache
def _checking_words(of_tax: bool) -> set[str]:
    return content_words(f"{lexicon.CHECKED} {lexicon.CHECKED_TAX if of_tax else ''}")


def asked_checks(asked: Asked) -> DocumentAnswer | None:
    """Whether the invoice's numbers are right; of a number in the question the checks say nothing."""
    if not _SUMS.search(asked.text) or re.search(r"\d", asked.question):
        return None
    of_tax = re.search(rf"\b(?:{TAX})\b", asked.text) is not None
    foreign = detected(asked.question) not in (None, ENGLISH)
    other = re.match(r"\W*(?:who|whom|when|where|which|what|how)\b", asked.text)
    if not foreign and (other or content_words(asked.text) - _checking_words(of_tax)):
        return None  # "is the address correct?"
    if of_tax:
        return _checked_tax(asked)
    checks = [check for check in asked.invoice.checks if check.status != "not applicable"]
    if lexicon.THINGS.search(asked.text):
        checks = [check for check in checks if check.name.startswith("item")]
        if re.search("add up|sum|total", asked.text):
            added = [check for check in asked.invoice.checks if check.name.startswith("items add up")]
            whole = re.search(r"(?<!sub)(?<!sub.)total", asked.text) and added and "subtotal" in added[0].name
            checks = [check for check in checks if check in added]
            checks += [check for check in asked.invoice.checks if whole and check.name.startswith("subtotal")]
    if not checks or any(check.status == "not applicable" for check in checks):
        return None
    failed = [f"{check.name}: {check.detail}" for check in checks if check.status == "failed"]
    said = f"No: {'; '.join(failed)}." if failed else f"Yes: {'; '.join(check.detail for check in checks)}."
    places = [place for check in checks for place in _checked_places(asked.invoice, check.name)]
    doubt = "an amount on the page may not be read" if failed else None
    return asked.answer(said, not failed, list(dict.fromkeys(places)), doubt)


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
