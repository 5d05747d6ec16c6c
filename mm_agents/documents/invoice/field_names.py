"""Which field of an invoice, or column of its items, a name of somebody else's means: "vendor name", "amountDue"."""

from __future__ import annotations

import re

from mm_agents.documents.dates import fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import DETAILS, NAMES

_CELLS = {"price": "unit_price"}
_ITEM_NAME = frozenset({"name", "label"})  # of an item: what it is
_WITH_TAX = re.compile(r"\btotal\b.*\b(?:incl\w*|with|after|plus)\b.*\b(?:tax(?:es)?|vat|gst)\b")
_WITHOUT_TAX = re.compile(r"\b(?:excl\w*|without|before|net of)\b.*\b(?:tax(?:es)?|vat|gst)\b")
_COST = re.compile(r"\b(?:shipping|delivery) (?:cost|charge|fee|amount)s?$")
_DATED = frozenset({"date", "due_date", "delivery_date"})
_MONEY = frozenset({"subtotal", "discount", "shipping", "tax", "total", "tax_rate"})


def spelled_out(name: str) -> str:
    """A name as words in lower case: "dueDate", "due_date" and "due-date" are "due date"."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(fold(re.sub(r"[_\W]+", " ", parted)).split())


def field_named(words: str) -> str | None:
    """The field or detail that some words name and nothing more; None where they name none, or say more than that.

    What either party has begins with "party_" where the words do not say whose it is, such as "party_email".

    Args:
        words: such as "vendor name", "amount due" or "IBAN".
    """
    text = spelled_out(words)
    if text.replace(" ", "_") in (*NAMES, *DETAILS):
        return text.replace(" ", "_")
    parties = {party: rf"\b(?:{known})\b" for party, known in lexicon.ASKED_PARTIES.items()}
    party = next((party for party, known in parties.items() if re.search(known, text)), None)
    partyless = re.sub(parties[party], " ", text) if party else text
    for name, pattern in lexicon.ASKED_DETAILS.items():
        if pattern.search(text):
            rest = pattern.sub(" ", partyless)
            return None if _says_more(rest) else name.replace("party", party or "party")
    if re.search(r"\baddress\b", text):
        if re.search(r"\b(?:ship|deliver)", text):
            return "ship_to"
        return f"{party}_address" if party and not _says_more(partyless.replace("address", " ")) else None
    if _WITH_TAX.search(text) or _WITHOUT_TAX.search(text):
        return "total" if _WITH_TAX.search(text) else "subtotal"
    for name, pattern, _ in lexicon.ASKED_FIELDS:
        if name == "ship_to" and _COST.search(text):
            return "shipping"
        if re.search(pattern, text):
            return None if _says_more(re.sub(rf"[a-z-]*(?:{pattern})[a-z-]*", " ", text)) else name
    return None


def field_described(description: str, *, is_date: bool = False, is_number: bool = False) -> str | None:
    """The only field of a kind that a description speaks of; None where it speaks of none or of several.

    Args:
        description: a sentence, such as "The company that issued the invoice".
        is_date: whether the field is a date.
        is_number: whether it is a number.
    """
    if (name := field_named(description)) is not None:
        return name
    text = spelled_out(description)
    kind = _DATED if is_date else _MONEY if is_number else frozenset(NAMES) - _DATED - _MONEY
    named = {name for name, pattern, _ in lexicon.ASKED_FIELDS if name in kind and re.search(pattern, text)}
    if any(pattern.search(text) for pattern in lexicon.ASKED_DETAILS.values()):
        return None
    return next(iter(named)) if len(named) == 1 else None


def cell_named(words: str) -> str | None:
    """The cell of an item that a name means, such as "unit_price"; None where it means none.

    Args:
        words: such as "qty", "line total" or "name".
    """
    text = spelled_out(words)
    if text in _ITEM_NAME:
        return "description"
    for kind, pattern in lexicon.COLUMNS.items():
        if text == kind or re.fullmatch(pattern, text):
            return _CELLS.get(kind, kind)
    return None


def _says_more(rest: str) -> bool:
    """Whether what is left of a name beside its field says more than "the … of the invoice"."""
    return bool(set(re.findall(r"[a-z]+", rest)) - lexicon.OF_FIELDS)
