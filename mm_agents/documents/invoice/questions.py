"""Questions about an invoice: prices of quantities, fields, counts and sums of items, and what is not read from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from mm_agents._notebook import Card
from mm_agents._text import content_words, parts_of
from mm_agents.chat import fenced
from mm_agents.documents import summary
from mm_agents.documents.answers import doubting, in_its_language, in_parts
from mm_agents.documents.dates import dates_in, fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.arithmetic import (
    TAX,
    asked_checks,
    asked_either,
    asked_filter,
    asked_most,
    asked_sum,
    asks_checks,
    not_computed,
)
from mm_agents.documents.invoice.asked import (
    TAX_CLAUSE,
    WHOLE,
    Asked,
    beside_label,
    label_words,
    matching_items,
    name_of,
    number_of,
    other_currency,
    telling_words,
    unsaid_words,
    words_of,
)
from mm_agents.documents.invoice.changed_questions import asked_changed
from mm_agents.documents.invoice.data import MONEY, InvoiceData, Labelled, LineItem, value_json
from mm_agents.documents.invoice.item_questions import (
    asked_count,
    asked_discounts,
    asked_item,
    asked_items_sum,
    asked_line,
    asked_list,
    asked_price,
    asked_quantities,
    asked_together,
    quoted,
)
from mm_agents.documents.invoice.payment_questions import (
    LAST_DAY,
    asked_any_tax,
    asked_back,
    asked_days,
    asked_discount_day,
    asked_in_time,
    asked_staff,
    asked_tender,
    asked_weekday,
)
from mm_agents.documents.numbers import numbers_in, parse_number, plain_money, plain_quantity
from mm_agents.documents.summary import ShownReading
from mm_agents.types import DocumentAnswer

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


class Invoice(ShownReading, InvoiceData):
    """An invoice as it was read, and what it answers.

    Attributes:
        others: the other invoices of the file; what is asked is answered from the first, with a doubt that says so.
    """

    others: tuple[Invoice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As of one invoice; the key "others" lists those that are in the same file, if any."""
        others = {"others": [other.to_json() for other in self.others]} if self.others else {}
        return super().to_json() | others

    def __str__(self) -> str:
        return repr(self)  # pydantic's own prints every field with its places

    def _repr_html_(self) -> str:
        """Its tables and checks, for a notebook."""
        lines = [
            Card(title=f"{check.name}: {check.detail}", status="verified" if check.status == "passed" else "unverified")
            for check in self.checks
            if check.status != "not applicable"
        ]
        return summary.html(self, lines=lines)

    def to_markdown(self) -> str:
        """For people: each invoice of the file."""
        parts = [super().to_markdown(), *(other.to_markdown() for other in self.others)]
        return (
            parts[0] if len(parts) == 1 else "".join(f"## Invoice {n}\n\n{part}\n" for n, part in enumerate(parts, 1))
        )

    def quote(self, items: Sequence[tuple[Decimal | int, str]], /) -> DocumentAnswer:
        """What quantities of items cost at this invoice's unit prices.

        Args:
            items: quantities and names of items, such as ``[(4, "pedal arms")]``; a name need not be exact.
        """
        asked = Asked(self, ", ".join(f"{quantity} × {name}" for quantity, name in items))
        return doubting(quoted(asked, items), self.verified_places())

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question about the invoice by code: prices of quantities, fields, counts and sums of items.

        Args:
            question: in English, with the item's own words, or in a form of another language that has an English one.
            model: not needed; it may say which quantities of which items a question is about, never a number's sum.
        """
        places = tuple(self.verified_places())

        def answer(part: str) -> DocumentAnswer:
            of_tax = meant_tax and _WITH_IT.search(part)
            asked = Asked(self, _WITH_IT.sub(r"\1 tax", part) if of_tax else part)
            if re.search(rf"\b(?:{TAX})\b", asked.text):
                meant_tax.append(part)
            if asked.item is not None:
                meant[:] = [asked.item]
            elif meant and _means_item(asked.text):
                asked = Asked(self, _OF_IT.sub("", part), meant=meant[0])
            elif missing and _PRONOUN.search(asked.text):
                return asked.unanswered()
            found = replace(doubting(_answered(asked, model), places), question=part)
            meant[:] = [item for item in self.items if found.value == [name_of(item)]] or meant
            if found.answer is None and _ASKS_THING.search(asked.text):
                missing.append(part)
            if self.others and found.answer is not None:
                several = f"the file holds {len(self.others) + 1} invoices; this is of the first"
                return replace(found, doubt="; ".join(filter(None, (found.doubt, several))))
            return found

        meant: list[LineItem] = []  # the item of the part before: "how many tyres, and at what price each?"
        meant_tax: list[str] = []  # the parts that name the tax: "how much is the tax, and the total with it?"
        missing: list[str] = []  # the parts whose things are not on the invoice

        def asked(english: str) -> DocumentAnswer:
            whole = Asked(self, english)  # quantities of items belong together
            of_items = lexicon.PRICE.search(whole.text) and matching_items(telling_words(words_of(english)), self.items)
            joined = re.search(r"\bbetween\b.*\band\b|\bby how much\W*$", whole.text) or asks_checks(whole.text)
            parts = [english] if joined else parts_of(english, None if of_items else _asks)
            return in_parts(english, parts, answer)

        return in_its_language(question, asked)


def _answered(asked: Asked, model: ChatModel | None) -> DocumentAnswer:
    """Answer a question; the rules first, and a model only to say what is asked for."""
    told = ((way, found) for way in _WAYS if (found := way(asked)) is not None)
    way, found = next(told, (None, asked.unanswered()))
    unsaid = unsaid_words(asked, found.answer) if way in _BY_WORDS and found.answer and not found.doubt else None
    if unsaid:
        found = replace(found, doubt=f"the invoice does not say “{', '.join(unsaid)}”")
    if found.answer is not None or found.reason is not None or model is None:
        return found
    return _understood(asked, model)


# ---------------------------------------------------------------- attributes

_PARTY = "|".join(lexicon.ASKED_PARTIES.values())
_LABELS = {
    "signed": "signature",
    "signatory": "signature",
    **{name: name.upper() for name in ("ceo", "cfo", "iban", "bic")},
}
_ADDRESS = re.compile(
    r"\b(?:postal |street )?address\b|\b(?:which|what) (?:town|city|country|street|state)\b|"
    rf"\bwhere(?:['’]?s| is| are| does| do) .*\b(?:{_PARTY})\b(?!['’]s)"
)
_OF = re.compile(rf"([a-z-]+(?: [a-z-]+)?) of (?:the |this |our |my )?(?:{_PARTY})\b")
_ITS = re.compile(rf"\b(?:{_PARTY})(?:['’]s|s['’]) ((?:[a-z-]+ ?){{1,3}})")
_ABOUT = re.compile(
    rf"\bwhen (?:was|were|is) .*\b(?:{_PARTY})\b.*\b(?:founded|established|born|opened)\b|"
    rf"\bwhat (?:does|did|is) (?:the |this )?(?:{_PARTY}) (?:sell|make|offer|do|produce)\b"
)
_ITSELF = re.compile(r"\b(?:names?|invoice|bill|receipt|identity|details?)\b|^(?:is|was|does|did|the)\b")
_REFUSED = {
    _ABOUT: "Who the parties are is read from an invoice, and nothing else of them.",
    re.compile(r"^\W*(?:why|how come)\b"): "An invoice is read for what it says, not for why.",
    re.compile(
        r"\boverdue\b|how late\b|how (?:many (?:days|weeks|months)|long)\b.*\b(?:due|late|pay|paid|left|deliver\w*)\b"
    ): ("Days are counted from the date of the invoice to its due date, and between no others."),
}


def _asked_attribute(asked: Asked) -> DocumentAnswer | None:
    """A detail, or what stands beside a label of that name; that it was not found, unless it was bought."""
    text = asked.text
    if asked.item is not None:
        return None
    party = next((name for name, words in lexicon.ASKED_PARTIES.items() if re.search(rf"\b(?:{words})\b", text)), None)
    details = ((name, match[0]) for name, pattern in lexicon.ASKED_DETAILS.items() if (match := pattern.search(text)))
    name, words = next(details, (None, ""))
    if name is not None:
        return _detail(asked, name, words, party)
    if lexicon.UNPAID.search(text):
        return _by_label(asked, "balance", None)
    unread = lexicon.UNREAD.search(text)
    if unread is None and _ADDRESS.search(text) and not re.search(r"ship|deliver", text):
        return _detail(asked, "party_address", "address", party)
    attribute = unread[0] if unread else _attribute(text)
    if attribute is not None:
        return _by_label(asked, attribute, party)
    return next((asked.unanswered(reason) for pattern, reason in _REFUSED.items() if pattern.search(text)), None)


_PAID = re.compile(
    r"^\W*(?:and )?(?:has|have|had|is|was|are|were|did|do)\b.*\b(?:paid|pay|unpaid|settled|outstanding|open)\b"
)


@cache
def _status_words() -> set[str]:
    return content_words(lexicon.STATUS_WORDS)


def _asked_status(asked: Asked) -> DocumentAnswer | None:
    """Whether the page says that it is paid; of a part of it, or of how, it does not."""
    if not _PAID.search(asked.text) or content_words(asked.text) - _status_words():
        return None
    status = asked.invoice.field("payment_status")
    if status.value is None:
        return asked.unanswered("Whether it is paid is not said on the invoice.")
    of_unpaid = re.search(r"\b(?:unpaid|outstanding|open)\b", asked.text) is not None
    right = (status.value == "paid") != of_unpaid
    doubt = None if status.verified else status.note
    text = f"{'Yes' if right else 'No'}: it says “{(status.evidence[0].quote or status.value).strip()}”."
    return asked.answer(text, right, status.evidence, doubt)


def _detail(asked: Asked, name: str, words: str, party: str | None) -> DocumentAnswer | None:
    """A detail of the invoice or of a party; of both where the question names none and both are printed."""
    of_party = name.startswith("party_")
    owners = [party] if party else ["seller", "buyer"]
    names = [name.replace("party", owner) for owner in owners] if of_party else [name]
    found = {one: asked.invoice.field(one) for one in names if asked.invoice.field(one).value is not None}
    if not found:
        return _by_label(asked, words, party if of_party else None)
    doubts = [field.note or "not verified" for field in found.values() if not field.verified]
    values = [field.value for field in found.values()]
    verb = "are" if name.endswith("terms") else "is"
    return asked.answer(
        " ".join(f"The {_said(one)} {verb} {field.value}." for one, field in found.items()),
        values[0] if len(values) == 1 else values,
        [place for field in found.values() for place in field.evidence],
        "; ".join(doubts) or None,
    )


def _said(name: str) -> str:
    """A detail's name in a sentence: "IBAN", "e-mail of the seller"."""
    owner, _, rest = name.partition("_")
    words = {"iban": "IBAN", "bic": "BIC", "vat_id": "VAT number", "email": "e-mail address", "phone": "phone number"}
    if owner in ("seller", "buyer"):
        return f"{words.get(rest, rest.replace('_', ' '))} of the {owner}"
    return words.get(name, name.replace("_", " "))


def _by_label(asked: Asked, attribute: str, party: str | None) -> DocumentAnswer | None:
    """What stands beside a label with the very words of an attribute; labels are the seller's unless they say so."""
    wanted = label_words(attribute)
    whose = label_words(f"{attribute} {party}") if party else wanted
    allowed = (whose,) if party == "buyer" else (wanted, whose)
    labels = [(label, one) for one in _labels(asked.invoice) for label in {one.label, *one.label.split("/")}]
    known = [(label_words(label), one) for label, one in labels if wanted and label_words(label)]
    numbers = [(words | {"number"}, one) for words, one in known if re.match(r"[+(]?\d", one.value or "")]
    known += [(words, one) for words, one in numbers if "number" in wanted]
    found = [one for words, one in known if words in allowed]
    said = label_words(asked.text)  # "who is my sales contact" has more of the label than "contact"
    found = found or [one for words, one in known if wanted <= words <= said and party is None]
    sure = [one for one in found if one.verified] or found
    values = list(dict.fromkeys(one.value for one in sure))
    if len(values) != 1:
        several = f" It says {', '.join(f'“{value}”' for value in values)}." if values else ""
        return asked.unanswered(_not_found(attribute, party, "is not clear" if values else "was not found") + several)
    return beside_label(asked, sure)


_OWN_LABEL = re.compile(r"^beside “(?P<label>[^”]+)”")


def _labels(invoice: InvoiceData) -> list[Labelled]:
    """What stands beside labels, also where it is an amount that is called otherwise there: "Serv. Charge"."""
    found = list(invoice.labelled)
    for name in ("shipping", "discount", "rounding"):
        field = invoice.field(name)
        label = _OWN_LABEL.match(field.note or "")
        if label is not None and isinstance(field.value, Decimal):
            own = {
                "value": plain_money(field.value),
                "label": re.sub(r"[\d.,]*\s*%|[@():]", " ", label["label"]).strip(),
            }
            found.append(Labelled.model_validate(field.model_dump() | own))
    return found


def _not_found(attribute: str, party: str | None, how: str = "was not found") -> str:
    attribute = re.sub(r"^which ", "", attribute)
    shown = re.sub(r"\b(?:vat|gst|id|url)\b", lambda match: match[0].upper(), _LABELS.get(attribute, attribute))
    return f"The {shown}{f' of the {party}' if party and party not in shown else ''} {how} on the invoice."


def _asks(piece: str) -> bool:
    """Whether a piece of a list names a field, or something that is not read."""
    text = fold(piece)
    details = any(pattern.search(text) for pattern in lexicon.ASKED_DETAILS.values())
    return details or _names_field(text) or lexicon.UNREAD.search(text) is not None or _ADDRESS.search(text) is not None


_WITH_IT = re.compile(r"\b(with(?:out)?|including|excluding|before|after|plus) (?:it|that|this|them)\b", re.IGNORECASE)
_OF_IT = re.compile(r"(?i)\s+of (?:it|them|those|these)\b")
_ASKS_THING = re.compile(
    rf"{lexicon.COUNT.pattern}|{lexicon.PRICE.pattern}|"
    r"^\W*(?:and )?(?:which|what) (?!is\b|was\b|are\b|were\b|do\b|does\b)[a-z]+ .*(?:est|most|least)\b"
)
"""That asks for an item, of which the next part may ask more."""
_PRONOUN = re.compile(r"\b(?:it|they|them|those|these|each|one)\b")


def _means_item(text: str) -> bool:
    """Whether a part of a question asks for a price of what the part before is about."""
    if lexicon.HOW_MANY.fullmatch(text):
        return True
    if not lexicon.PRICE.search(text):
        return False
    bare = TAX_CLAUSE.sub(" ", text)
    named = next((name for name, pattern, _ in lexicon.ASKED_FIELDS if re.search(pattern, bare)), None)
    of_it = _PRONOUN.search(re.sub(r"\bit\b", " ", bare)) or re.match(
        r"\W*(?:and )?(?:(?:for|at) (?:how much|what)\b|how much (?:is|was) it\W*$)", bare
    )
    return named is None or (named == "total" and of_it is not None)


def _names_field(text: str) -> bool:
    return any(re.search(pattern, text) for _, pattern, _ in lexicon.ASKED_FIELDS)


def _attribute(text: str) -> str | None:
    """What is asked of a party, and is neither its name nor a field."""
    match = _ITS.search(text) or _OF.search(text)
    if match is None:
        return None
    name = re.sub(r"^(?:what|who|which|whose|is|was|the|a|an|tell|me|give)\b ?", "", match[1].strip())
    name = re.sub(r"^(?:is|was|the)\b ?", "", name)
    return None if not name or _names_field(name) or _ITSELF.search(name) else name


# ---------------------------------------------------------------- fields and checks

_BOUND = re.compile(
    r"(?:(?P<over>above|over|more than|greater than|higher than|exceeds?|at least)|below|under|less than|lower than|"
    r"at most)\s+[$€£]?\s*(?P<number>\d[\d.,]*\d|\d)"
)


def _asked_bound(asked: Asked) -> DocumentAnswer | None:
    """Whether an amount is above or below a number."""
    match = _BOUND.search(asked.text)
    amounts = ((name, pattern) for name, pattern, _ in lexicon.ASKED_FIELDS if name in MONEY)
    name = next((name for name, pattern in amounts if re.search(pattern, asked.text)), None)
    name = _with_or_without_tax(name, asked.text)
    if match is None or name is None or asked.names_item or not _WHETHER.match(asked.text):
        return None
    field = asked.invoice.field(name)
    limit, value = parse_number(match["number"]), field.value
    other = other_currency(asked)
    if other is not None:
        return asked.unanswered(f"The invoice is not in {other}.")
    if re.match(r"\s*(?:%|per ?cent)", asked.text[match.end() :]) or re.search(r"\bnot?\b|n't\b", asked.text):
        return asked.unanswered("Amounts are compared with amounts, in questions without a negation.")
    if limit is None or not isinstance(value, Decimal):
        return asked.unanswered(f"No {name} was read.")
    right = value > limit if match["over"] else value < limit
    if "least" in match[0] or "most" in match[0]:
        right = right or value == limit
    text = f"{'Yes' if right else 'No'}: the {name} is {asked.money(value)}."
    return asked.answer(text, right, field.evidence, None if field.verified else field.note or "not verified")


_RATE = re.compile(
    rf"(?:{TAX}) ?(?:rate|percentage)|\brate of (?:the )?(?:sales )?(?:{TAX})|"
    r"^\W*(?:at )?(?:what|which) (?:percent\w*|rate)\b|"
    rf"\bwhat (?:percent\w*|rate)\b.*\b(?:{TAX})|steuersatz|taux"
)


def _asked_rate(asked: Asked) -> DocumentAnswer | None:
    """The rate of the tax."""
    taxes = [tax for tax in asked.invoice.taxes if tax.rate is not None]
    if not taxes or asked.names_item or not _RATE.search(asked.text):
        return None
    rates = [plain_quantity(tax.rate) for tax in taxes if tax.rate is not None]
    printed = asked.invoice.field("tax_rate").evidence if len(taxes) == 1 else ()
    places = printed or [place for tax in taxes for place in tax.evidence]
    return asked.answer(f"The tax rate is {' % and '.join(rates)} %.", rates[0] if len(rates) == 1 else rates, places)


def _asks_price_alone(text: str) -> bool:
    """Whether a question asks for a price and says of nothing: "how much was it?", "how much did I spend in all?"."""
    text = WHOLE.sub(" ", text)
    words = [word for word in words_of(text) if number_of(word) is None and word != "all"]
    if {"get", "got", "sell", "sold"} & set(words):
        return False  # "how much did we get" back
    of_parts = re.search(r"\b(?:each|apiece|per)\b", text)
    return lexicon.PRICE.search(text) is not None and not of_parts and set(words) <= lexicon.IDLE


_OF_WHOLE = re.compile(
    r"\b(?:amount|price|sum|value)\b|^\W*(?:and )?what (?:was|is|would) (?:it|that|this)(?: be)?\W*$"
)


def _with_or_without_tax(name: str | None, text: str) -> str | None:
    """The amount that a question means by "with tax" or "without VAT", where its words name another field."""
    clause = TAX_CLAUSE.search(text)
    if name not in ("tax", "subtotal", "total") or clause is None or clause[0].strip(" ,(").startswith("and"):
        return name
    text = TAX_CLAUSE.sub(" ", text)
    named = next((name for name, pattern, _ in lexicon.ASKED_FIELDS if re.search(pattern, text)), None)
    if named in ("tax", "subtotal"):
        return named
    of_whole = named == "total" or _asks_price_alone(text) or _OF_WHOLE.search(text)
    return ("subtotal" if clause["net"] else "total") if of_whole else None


_THEIRS = re.compile(r"\b(?:they|them|those|these)\b.*\b(?:cost|come|came)\b")
"""That asks for the price of things which another question or sentence names."""


_EACH_TAX = re.compile(rf"\b(?:which|what|list|name|each)\b.*\b(?:taxes|each (?:of the )?(?:{TAX}))\b|\beach tax\b")


def _asked_taxes(asked: Asked) -> DocumentAnswer | None:
    """The rate and the amount of each tax, where they add up to the tax of the invoice."""
    taxes = [(tax.rate, tax.amount, tax) for tax in asked.invoice.taxes if tax.amount is not None]
    if not _EACH_TAX.search(asked.text) or asked.names_item or not taxes:
        return None
    count = next((number for word in words_of(asked.text) if (number := number_of(word)) and word != "one"), None)
    amounts = [amount for _, amount, _ in taxes]
    if (count or len(taxes)) != len(taxes) or sum(amounts, Decimal(0)) != asked.invoice.tax.value:
        return asked.unanswered("Not every tax was read.")
    told = [
        f"{plain_quantity(rate)} %: {asked.money(amount)}" if rate else asked.money(amount) for rate, amount, _ in taxes
    ]
    places = [place for *_, tax in taxes for place in tax.evidence]
    places += asked.invoice.field("tax_rate").evidence if len(taxes) == 1 else ()
    return asked.answer(f"The tax is {'; '.join(told)}.", [str(amount) for amount in amounts], places)


def _asked_field(asked: Asked) -> DocumentAnswer | None:
    """The value of a field."""
    name = next((name for name, pattern, _ in lexicon.ASKED_FIELDS if re.search(pattern, asked.text)), None)
    if name == "ship_to" and re.search(r"cost|charge|how much|kosten|frais|gastos|fee", asked.text):
        name = "shipping"
    if name is None and _asks_price_alone(asked.text):
        name = "total"
    name = _with_or_without_tax(name, asked.text)
    attribute = _other_than(re.sub(TAX_CLAUSE, " ", asked.text) if name in ("total", "subtotal") else asked.text, name)
    if attribute is not None:
        return _by_label(asked, attribute, None)
    if name == "total" and _THEIRS.search(asked.text):
        found = _field(asked, name)
        return replace(found, doubt="which things are meant is not said") if found is not None else None
    if name is None or (name in MONEY and asked.names_item) or not _is_answered_by(asked.text, name):
        return None
    return _field(asked, name) or asked.unanswered(_not_found(name.replace("_", " "), None))


def _asked_other_date(asked: Asked) -> DocumentAnswer | None:
    """When something happened that has a labelled date of its own: "when was the order placed" of "Order Date"."""
    if not re.match(r"\W*(?:and )?(?:when|what day)\b", asked.text):
        return None
    words = label_words(asked.text)
    dated = [one for one in asked.invoice.labelled if one.value and dates_in(one.value)]
    found = [one for one in dated if (what := label_words(one.label) - {"date"}) and what <= words]
    return beside_label(asked, found)


_COUNTED = re.compile(
    r"^\W*(?:and )?how many (?P<what>[a-z]+s)(?: (?:do|does|did|have|has|had|were|are|there|i|we|they|the|customer|now|"
    r"here|in all|in total|on (?:it|this|the|my) (?:receipt|bill|invoice|account|card)))*\W*$"
)


def _asked_counted(asked: Asked) -> DocumentAnswer | None:
    """A number behind a plural of which a question says nothing else: "how many guests were there" of "Guests: 2"."""
    match = _COUNTED.match(asked.text)
    if match is None or asked.names_item:
        return None
    numbers = [one for one in asked.invoice.labelled if re.fullmatch(r"\d[\d,. ]*", one.value or "")]
    return beside_label(asked, [one for one in numbers if re.findall(r"[a-z]+", fold(one.label)) == [match["what"]]])


_NAMES_LABEL = re.compile(r"\W*(?:and )?(?:how much|(?:which|what) (?:billing |service )?(?P<what>[a-z]+))\b")
_BACK = re.compile(r"\b(?:get|got|have|gave|give|given|receive|received|was|were) (?:[a-z]+ )?back\b")  # the change
_CARD = re.compile(r"\b(?:credit|debit|gift|bank) (?:card|note|account|limit)s?\b")
_OF_PERIODS = frozenset({"billing", "service", "invoice", "subscription"})  # "Billing period: 1 to 31 July"


def _asked_label(asked: Asked) -> DocumentAnswer | None:
    """A labelled amount of which a question says all words, as "how much change did I get", or "which table"."""
    match = _NAMES_LABEL.match(asked.text)
    if match is None or (match["what"] is None and asked.names_item):
        return None
    said = label_words(match["what"] or asked.text)
    if card := _CARD.search(asked.text):  # no "Credits"
        said -= label_words(card[0]) - {"card"}
    said = frozenset({"change"}) if _BACK.search(asked.text) else said
    least, most = said if match["what"] else set[str](), said | (_OF_PERIODS if match["what"] == "period" else set())
    labels = [(one, label_words(one.label)) for one in _labels(asked.invoice) if one.value]
    labels = [(one, {"change"} if lexicon.CHANGE.fullmatch(fold(one.label)) else words) for one, words in labels]
    known = [one for one, words in labels if words and least <= words <= most]
    found = known if match["what"] else [one for one in known if any(n.is_money for n in numbers_in(one.value or ""))]
    return beside_label(asked, found)


_PHRASE = re.compile(
    r"^\W*(?:(?:and|please|can you|could you|tell me|show me|give me|(?:i|we) (?:also )?(?:need|want))\s+)*"
    r"(?:(?:what|which)(?:\s(?:is|was|are)|['’]?s)\s)?(?:(?:the|its|their|our|my|this|that)\s)?"
    r"(?P<what>[a-z][a-z.'’-]*(?: [a-z.'’-]+){0,4}?)"
    r"(?:\s(?:on|in|of|for|from|at)\s(?:it|\S+\.\w{2,4}|(?:[\w.'’-]+\s){0,5}"
    r"(?:invoice|bill|receipt|document|page|attachment|scan|picture|photo|file|one)s?)\b.*)?\W*$"
)


_WHEN = re.compile(
    r"^\W*(?:and )?(?:(?:on|at|by|since|until|till|before) )?(?:when|(?:what|which) (?:day|weekday|date|time))\b"
)
_WHERE = re.compile(r"^\W*(?:and )?(?:(?:to|from|in) )?where\b")
_WHETHER = re.compile(
    r"^\W*(?:and )?(?:is|are|was|were|do|does|did|has|have|can|could|will)\b(?! (?:there|you|i|we)\b)|"
    r"^\W*(?:and )?(?:can|could|may|am|should) (?:i|we)\b(?! (?:please )?(?:have|get|see|know|ask|find|read|tell)\b)"
)

_WHAT_IT_IS = re.compile(r"^\W*(?:is|was) (?:this|it|that) an?\b")


def _is_answered_by(text: str, name: str) -> bool:
    """Whether a field is of the kind that a question's first word asks for: "when" is answered by no address."""
    if LAST_DAY.search(text) and name == "date":
        return False
    if _WHEN.match(text):
        return name in ("date", "due_date")
    if _WHERE.match(text):
        return name in ("ship_to", "seller")
    if lexicon.COUNT.search(text):
        return name in MONEY
    if re.match(r"\W*(?:and )?(?:(?:to|from|for|by) )?whom?\b", text):
        gets = re.search(r"\b(?:receives?|gets)\b", text) is not None
        return name in ("seller", "buyer") or (name == "ship_to" and gets)
    if (whether := _WHETHER.match(text)) is None:
        return True
    pattern = next(pattern for asked_name, pattern, _ in lexicon.ASKED_FIELDS if asked_name == name)
    rest = set(re.findall(r"[a-z]+", re.sub(rf"[a-z-]*(?:{pattern})[a-z-]*", " ", text[whether.end() :])))
    return "or" in rest or (not rest - lexicon.OF_FIELDS and not _WHAT_IT_IS.match(text))


_NO_NAME = re.compile(
    r"(?:what|which|who|when|how|where|why|is|are|was|were|do|does|did|can|may|has|have|for|in|on|at|by|to|from|with|"
    r"within|there|any|done|made|said|meant|i|we|you|it|they|them|that|those)\b"
)


def _other_than(text: str, name: str | None) -> str | None:
    """What "what is the order date" asks for, where it is more than the field that its words name."""
    match = _PHRASE.match(text)
    if match is None or _NO_NAME.match(match["what"]):
        return None
    pattern = next((pattern for asked_name, pattern, _ in lexicon.ASKED_FIELDS if asked_name == name), None)
    said = match["what"]
    if pattern:  # "my reference" is a name with its "my"
        said = said if re.search(pattern, said) else text[: match.end("what")]
    rest = re.sub(rf"[a-z-]*(?:{pattern})[a-z-]*", " ", said) if pattern else said
    return match["what"] if set(re.findall(r"[a-z]+", rest)) - lexicon.OF_FIELDS else None


_FOR_SERVICE = re.compile(r"beside “(?:serv|svc|added|suggested|gratuity|tip|zuschl)", re.IGNORECASE)
"""The label of an amount that is added as shipping is, and is for something else."""


def _field(asked: Asked, name: str) -> DocumentAnswer | None:
    field = asked.invoice.field(name)
    if field.value is None or (name == "shipping" and _FOR_SERVICE.match(field.note or "")):
        return None
    value = value_json(field.value)
    shown = asked.money(field.value) if isinstance(field.value, Decimal) else str(value).replace("\n", ", ")
    sentence = next(sentence for asked_name, _, sentence in lexicon.ASKED_FIELDS if asked_name == name)
    doubt = None if field.verified else field.note or "not verified"
    return asked.answer(sentence.format(shown).replace("..", "."), value, field.evidence, doubt)


_WAYS: tuple[Callable[[Asked], DocumentAnswer | None], ...] = (
    asked_discount_day,
    asked_in_time,
    asked_weekday,
    asked_any_tax,
    asked_back,
    asked_tender,
    asked_staff,
    asked_changed,
    asked_quantities,
    asked_sum,
    asked_filter,
    asked_either,
    asked_line,
    asked_discounts,
    asked_together,
    asked_price,
    not_computed,
    asked_days,
    _asked_status,
    _asked_attribute,
    _asked_bound,
    asked_checks,
    asked_items_sum,
    asked_list,
    asked_count,
    asked_item,
    asked_most,
    _asked_taxes,
    _asked_rate,
    _asked_field,
    _asked_other_date,
    _asked_label,
    _asked_counted,
)
_BY_WORDS = (
    *(_asked_attribute, asked_either, asked_line, asked_discounts, asked_together, asked_items_sum, asked_count),
    *(asked_item, asked_most, _asked_taxes, _asked_rate, _asked_field),
)
"""The ways that know a field or an item by some words of a question, whatever the others say."""


# ---------------------------------------------------------------- with a model


class _Part(BaseModel):
    quantity: Decimal = Field(description="how many")
    item: str = Field(description="the item's description, copied from the list")


class _Meant(BaseModel):
    kind: Literal["price of items", "field", "unknown"]
    items: list[_Part] = []
    field: str | None = Field(default=None, description="the field's name, copied from the list")


def _understood(asked: Asked, model: ChatModel) -> DocumentAnswer:
    """Let a model say which items or which field a question means; code looks up and computes."""
    names = [name for name, _, _ in lexicon.ASKED_FIELDS]
    listed = "\n".join(f"- {name_of(item)}" for item in asked.invoice.items)
    prompt = "\n\n".join(
        [
            "Say what a question about an invoice asks for. Do not compute, and do not answer it.",
            f"Fields: {', '.join(names)}",
            fenced(listed, what="The invoice's items"),
            fenced(asked.question, what="The question"),
        ]
    )
    meant = model.structure(_Meant, prompt).value
    if meant.kind == "price of items" and meant.items:
        return quoted(asked, [(part.quantity, part.item) for part in meant.items])
    field = next((name for name in names if meant.kind == "field" and meant.field == name), None)
    return (_field(asked, field) if field else None) or asked.unanswered()
