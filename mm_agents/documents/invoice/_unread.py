"""What questions ask of an invoice and is not one of its fields: the seller's phone, the IBAN, who signed it.

A field that stands near such a thing is not its answer: who asks for the seller's phone does not ask who the seller is.
"""

from __future__ import annotations

import re

from mm_agents.documents._dates import fold
from mm_agents.documents.answers import Answered
from mm_agents.documents.invoice import _asking
from mm_agents.documents.invoice._model import InvoiceData

_PARTIES = {
    "seller": r"seller|vendor|supplier|merchant|issuer|sender|company|shop|store",
    "buyer": r"buyer|customer|client|recipient|payer",
}
_PARTY = "|".join(_PARTIES.values())
_KNOWN = re.compile(
    r"\b(?:(?:tele|mobile |cell )?phone(?: number)?|telephone|mobile number|fax(?: number)?|e-?mails?(?: address)?|"
    r"web ?sites?|web ?page|home ?page|url|iban|bic|swift(?: code)?|sort code|"
    r"bank(?: account)?(?: details| number| name)?|"
    r"(?:bank )?account (?:number|no)|routing number|"
    r"(?:tax|vat|gst|sales tax|company|trade|business|customer|client|account|supplier|vendor)[ -]"
    r"(?:registration )?(?:number|no|nr|id)\b|registration number|"
    r"ceo|cfo|managing director|director|owner|manager|accountant|founder|president|boss|contact(?: person)?|"
    r"employees?|signature|signed|signatory|logo|slogan|motto|opening hours|payment (?:terms|methods?|details)|"
    r"terms of payment|"
    r"late fees?|penalt(?:y|ies)|warranty|guarantee|birthday|nationality)\b"
)
_LABELS = {
    "signed": "signature",
    "signatory": "signature",
    **{name: name.upper() for name in ("ceo", "cfo", "iban", "bic")},
}
_ADDRESS = re.compile(rf"\b(?:postal |street )?address\b|\bwhere (?:is|are) .*\b(?:{_PARTY})\b")
_OF = re.compile(rf"([a-z-]+(?: [a-z-]+)?) of (?:the |this |our |my )?(?:{_PARTY})\b")
_ITS = re.compile(rf"\b(?:{_PARTY})(?:['’]s|s['’]) ((?:[a-z-]+ ?){{1,3}})")
_ABOUT = re.compile(
    rf"\bwhen (?:was|were|is) .*\b(?:{_PARTY})\b.*\b(?:founded|established|born|opened)\b|"
    rf"\bwhat (?:does|did|is) (?:the |this )?(?:{_PARTY}) (?:sell|make|offer|do|produce)\b"
)
_ITSELF = re.compile(r"\b(?:names?|invoice|bill|receipt|identity|details?)\b|^(?:is|was|does|did|the)\b")
_WHY = re.compile(r"^\W*(?:why|how come)\b")


def unread(invoice: InvoiceData, question: str) -> Answered | None:
    """That something is asked for which is not read from invoices; the address of a party is told where it is known.

    None where nothing of the kind is asked for.
    """
    text = fold(question)
    party = next((name for name, words in _PARTIES.items() if re.search(rf"\b(?:{words})\b", text)), None)
    known = _KNOWN.search(text)
    if known is None and _ADDRESS.search(text) and not re.search(r"ship|deliver", text):
        return _address(invoice, question, party)
    attribute = _LABELS.get(known[0], known[0]) if known else _attribute(text)
    if attribute is not None:
        whose = f" of the {party}" if party and party not in attribute else ""
        return Answered(question=question, reason=f"The {attribute}{whose} is not among what is read from an invoice.")
    if _ABOUT.search(text):
        return Answered(
            question=question, reason="Who the parties are is read from an invoice, and nothing else of them."
        )
    if _WHY.search(text):
        return Answered(question=question, reason="An invoice is read for what it says, not for why.")
    if re.search(r"how (?:many (?:days|weeks|months)|long|late)\b|\boverdue\b", text):
        return Answered(question=question, reason="Days are not counted from dates.")
    return None


def asks(piece: str) -> bool:
    """Whether a piece of a list names a field, or something that is not read."""
    text = fold(piece)
    fields = any(re.search(pattern, text) for _, pattern, _ in _asking.FIELDS)
    return fields or _KNOWN.search(text) is not None or _ADDRESS.search(text) is not None


def _attribute(text: str) -> str | None:
    """What is asked of a party, and is neither its name nor a field."""
    found = _ITS.search(text) or _OF.search(text)
    said = re.sub(r"^(?:what|who|which|whose|is|was|the|a|an|tell|me|give)\b ?", "", found[1].strip()) if found else ""
    said = re.sub(r"^(?:is|was|the)\b ?", "", said)
    field = any(re.search(pattern, said) for _, pattern, _ in _asking.FIELDS)
    return None if not said or field or _ITSELF.search(said) else said


def _address(invoice: InvoiceData, question: str, party: str | None) -> Answered:
    parties = {"seller": invoice.seller, "buyer": invoice.buyer}
    known = {name: field for name, field in parties.items() if field.address and party in (None, name)}
    if not known:
        whose = f" of the {party}" if party else ""
        return Answered(question=question, reason=f"No address{whose} was read.")
    values = [", ".join(field.address) for field in known.values()]
    told = [f"The address of the {name} is {', '.join(field.address)}." for name, field in known.items()]
    return Answered(
        question=question,
        answer=" ".join(told),
        value=values[0] if len(values) == 1 else values,
        evidence=tuple(place for field in known.values() for place in field.evidence),
        doubt="the lines of an address are not looked at a second time",
    )
