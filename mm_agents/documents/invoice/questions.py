"""Questions about an invoice: prices of quantities, fields, counts and sums of items, and what is not read from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from mm_agents._notebook import Card
from mm_agents._text import parts_of
from mm_agents.chat import fenced
from mm_agents.documents import summary
from mm_agents.documents.answers import doubting, in_its_language, in_parts
from mm_agents.documents.dates import dates_in, fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.arithmetic import TAX, asked_either, asked_filter, asked_most, asked_sum, not_computed
from mm_agents.documents.invoice.asked import (
    Asked,
    matching_items,
    name_of,
    places_of,
    price_of,
    telling_words,
    the_item,
    unsaid_words,
    wishes_of,
    words_of,
)
from mm_agents.documents.invoice.data import CENT, MONEY, InvoiceData, Labelled, LineItem, value_json
from mm_agents.documents.numbers import numbers_in, parse_number, plain_money, plain_quantity
from mm_agents.types import DocumentAnswer, Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


class Invoice(InvoiceData):
    """An invoice as it was read, and what it answers.

    Attributes:
        others: the other invoices of the file; what is asked is answered from the first, with a doubt that says so.
    """

    others: tuple[Invoice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As of one invoice; the key "others" lists those that are in the same file, if any."""
        others = {"others": [other.to_json() for other in self.others]} if self.others else {}
        return super().to_json() | others

    def __repr__(self) -> str:
        """How much was read, and how much of it is verified, in one line."""
        return summary.line(self)

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
        return doubting(_quoted(asked, items), self.verified_places())

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question about the invoice by code: prices of quantities, fields, counts and sums of items.

        Args:
            question: in English, with the item's own words, or in a form of another language that has an English one.
            model: not needed; it may say which quantities of which items a question is about, never a number's sum.
        """
        places = tuple(self.verified_places())

        def answer(part: str) -> DocumentAnswer:
            asked = Asked(self, part)
            if asked.item is not None:
                meant[:] = [asked.item]
            elif meant and lexicon.PRICE.search(asked.text) and not _names_field(asked.text):
                asked = Asked(self, f"{part} {re.sub(r'[0-9]+', ' ', name_of(meant[0]))}")
            found = replace(doubting(_answered(asked, model), places), question=part)
            if self.others and found.answer is not None:
                several = f"the file holds {len(self.others) + 1} invoices; this is of the first"
                return replace(found, doubt="; ".join(filter(None, (found.doubt, several))))
            return found

        meant: list[LineItem] = []  # the item of the part before: "how many tyres, and at what price each?"

        def asked(english: str) -> DocumentAnswer:
            whole = Asked(self, english)  # quantities of items belong together
            of_items = lexicon.PRICE.search(whole.text) and matching_items(telling_words(words_of(english)), self.items)
            together = of_items or re.search(r"\bbetween\b.*\band\b", whole.text)
            return in_parts(english, parts_of(english, None if together else _asks), answer)

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


# ---------------------------------------------------------------- prices and items


def _quoted(asked: Asked, items: Sequence[tuple[Decimal | int, str]]) -> DocumentAnswer:
    """What quantities of items cost at the invoice's unit prices; no answer where a name fits no item, or several."""
    steps: list[str] = []
    evidence: list[Evidence] = []
    total = Decimal(0)
    for quantity, name in items:
        item = the_item(asked.invoice, telling_words(words_of(name)) or words_of(name))
        price = price_of(item) if item else None
        if item is None or price is None:
            return asked.unanswered()
        unit, places = price
        part = Decimal(quantity) * unit
        total += part
        product = f"{plain_quantity(Decimal(quantity))} × {plain_money(unit)} = {asked.money(part)}"
        steps.append(f"{product} for “{name_of(item)}”")
        evidence += [place for place in places if place not in evidence]
    if not steps:
        return asked.unanswered()
    together = f"; together {asked.money(total)}" if len(steps) > 1 else ""
    return asked.answer("; ".join(steps) + together + ".", plain_money(total), evidence)


def _asked_price(asked: Asked) -> DocumentAnswer | None:
    """Prices of quantities of items."""
    if not lexicon.PRICE.search(asked.text):
        return None
    clause = _TAX_CLAUSE.search(asked.text)
    wishes = wishes_of(_TAX_CLAUSE.sub(" ", asked.text))
    wanted = [wish for wish in wishes if matching_items(wish.words, asked.invoice.items)]
    if any(wish not in wanted and not wish.loose for wish in wishes):
        return asked.unanswered()  # of something that is not on the invoice
    if not wanted:
        return None
    quoted = _quoted(asked, [(wish.quantity, " ".join(wish.words)) for wish in wanted])
    return quoted if clause is None or quoted.answer is None else _with_tax(asked, quoted, net=bool(clause["net"]))


_TAX_WORDS = r"(?:any |the |all )?(?:sales )?(?:tax(?:es)?|vat|gst|mwst|tva|btw|iva)\b"
_TAX_CLAUSE = re.compile(
    rf"[,(]?\s*\b(?:(?P<net>without|excluding|excl\.?|before|net of|exclusive of|ohne)|"
    rf"(?:with|including|incl\.?|after|plus|inclusive of|and)) {_TAX_WORDS}\)?"
)


def _with_tax(asked: Asked, quoted: DocumentAnswer, *, net: bool) -> DocumentAnswer:
    """A price with or without tax; where the invoice does not show which of them its prices are, none."""
    invoice = asked.invoice
    amounts = [item.amount for item in invoice.items if item.amount is not None]
    subtotal, tax, total = invoice.subtotal.value, invoice.tax.value, invoice.total.value
    added = sum(amounts, Decimal(0))
    if tax is None or len(amounts) < len(invoice.items) or added not in (subtotal, total) or subtotal == total:
        return asked.unanswered("Whether the prices of this invoice hold the tax is not clear.")
    rates = {line.rate for line in invoice.taxes}
    rate = next(iter(rates)) if len(rates) == 1 else None
    if (added == subtotal) == net:
        return quoted
    if rate is None or net:
        return asked.unanswered("The prices hold the tax, and what they are without it is not computed.")
    value = (Decimal(quoted.value) * (1 + rate / 100)).quantize(CENT, rounding=ROUND_HALF_UP)
    text = f"{quoted.answer} With {plain_quantity(rate)} % of tax it is {asked.money(value)}."
    places = [*quoted.evidence, *invoice.field("tax_rate").evidence]
    return asked.answer(text, plain_money(value), places)


def _asked_sum(asked: Asked) -> DocumentAnswer | None:
    """What all items come to."""
    asks_sum = re.search(r"\b(?:sum|add up|total|altogether|come to)\b", asked.text)
    if not asks_sum or not lexicon.THINGS.search(asked.text):
        return None
    amounts = [item.amount for item in asked.invoice.items if item.amount is not None]
    if not amounts or re.search(r"subtotal|tax", asked.text):
        return None
    added = sum(amounts, Decimal(0))
    places = [place for item in asked.invoice.items for place in places_of(item, "amount")]
    return asked.answer(f"{' + '.join(map(plain_money, amounts))} = {asked.money(added)}.", plain_money(added), places)


_LISTED = re.compile(
    r"^\W*(?:please |can you |could you )*(?:list|show|name|give|what|which)\b(?! (?:is|was) the)"
    r"(?:\W+(?:me|us|out|are|were|all|of|the|its|their|line|single|bought|billed|different))*\W+(?:\w+ )?things$|"
    r"^\W*what (?:was|were|is|did (?:i|we|he|she|they)|has been|have (?:i|we)) "
    r"(?:buy|bought|order(?:ed)?|purchased?|billed|invoiced|sold|pay for)(?: (?:here|there|for|on it|on this \w+))*\W*$"
)


def _asked_list(asked: Asked) -> DocumentAnswer | None:
    """The names of all items."""
    things = lexicon.THINGS.search(asked.text)
    text = f"{asked.text[: things.start()]}things" if things else asked.text
    ends = things is None or re.fullmatch(
        r"(?:\W+(?:on|in|of|from|are|were|there|here|it|the|this|that|invoice|bill|receipt|please|bought|ordered|sold))*\W*",
        asked.text[things.end() :],
    )
    named = [item for item in asked.invoice.items if item.description]
    if not _LISTED.match(text) or not ends or not named or re.search(r"\bhow many\b", asked.text):
        return None
    names = [name_of(item) for item in named]
    places = [place for item in named for place in places_of(item, "description")]
    return asked.answer(f"{'; '.join(f'“{name}”' for name in names)}.", names, places)


def _asked_count(asked: Asked) -> DocumentAnswer | None:
    """How many items there are, or how many of one."""
    if not lexicon.COUNT.search(asked.text):
        return None
    item = asked.item
    if item is not None and item.quantity is not None:
        value = plain_quantity(item.quantity)
        unit = f" {item.unit}" if item.unit else ""
        return asked.answer(f"{value}{unit} of “{name_of(item)}”.", value, places_of(item, "quantity"))
    if not lexicon.THINGS.search(asked.text):
        return None
    count = len(asked.invoice.items)
    places = [place for item in asked.invoice.items for place in places_of(item, "amount", "description")]
    return asked.answer(f"{count} item{'' if count == 1 else 's'}.", count, places)


def _asked_item(asked: Asked) -> DocumentAnswer | None:
    """The price or the amount of one item."""
    added_up = re.search(r"\b(?:total|amount|sum)\b.*\b(?:for|of)\b", asked.text)
    if not lexicon.PRICE.search(asked.text) and not added_up:
        return None
    words = [word for word in telling_words(words_of(asked.question)) if not lexicon.PRICE.search(word)]
    item = the_item(asked.invoice, words)
    price = price_of(item) if item else None
    if item is None or price is None:
        return None
    billed = re.search(r"\b(?:did|was|were|paid|billed|charged|total|line)\b", asked.text)
    if item.amount is not None and billed and not lexicon.EACH.search(asked.text):
        text = f"“{name_of(item)}” comes to {asked.money(item.amount)}."
        return asked.answer(text, plain_money(item.amount), places_of(item, "amount"))
    unit, places = price
    more = ""
    if item.quantity and item.amount is not None:
        more = f"; {plain_quantity(item.quantity)} for {plain_money(item.amount)}"
    text = f"“{name_of(item)}” is {plain_money(unit)} each{more}{asked.currency}."
    return asked.answer(text, plain_money(unit), places)


# ---------------------------------------------------------------- attributes

_PARTY = "|".join(lexicon.ASKED_PARTIES.values())
_LABELS = {
    "signed": "signature",
    "signatory": "signature",
    **{name: name.upper() for name in ("ceo", "cfo", "iban", "bic")},
}
_ADDRESS = re.compile(
    r"\b(?:postal |street )?address\b|\b(?:which|what) (?:town|city|country|street|state)\b|"
    rf"\bwhere (?:is|are|does|do) .*\b(?:{_PARTY})\b"
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
    wanted = _label_words(attribute)
    whose = _label_words(f"{attribute} {party}") if party else wanted
    allowed = (whose,) if party == "buyer" else (wanted, whose)
    known = [(_label_words(one.label), one) for one in asked.invoice.labelled if wanted]
    found = [one for words, one in known if words in allowed]
    said = _label_words(asked.text)  # "who is my sales contact" has more of the label than "contact"
    found = found or [one for words, one in known if wanted <= words <= said and party is None]
    sure = [one for one in found if one.verified] or found
    values = list(dict.fromkeys(one.value for one in sure))
    if len(values) != 1:
        several = f" It says {', '.join(f'“{value}”' for value in values)}." if values else ""
        return asked.unanswered(_not_found(attribute, party, "is not clear" if values else "was not found") + several)
    return _beside_label(asked, sure)


def _beside_label(asked: Asked, found: Sequence[Labelled]) -> DocumentAnswer | None:
    """The one value that stands beside labels; None where there is none, or several."""
    if len({one.value for one in found}) != 1:
        return None
    doubt = None if found[0].verified else found[0].note or "not verified"
    return asked.answer(f"{found[0].label}: {found[0].value}.", found[0].value, found[0].evidence, doubt)


_IDLE_IN_LABELS = frozenset("the of de du name a which my your our amount".split())


def _label_words(text: str) -> frozenset[str]:
    """The words of a label or an attribute, one for those that mean the same."""
    words = re.findall(r"[a-z]+|#", re.sub(r"['’]s\b", "", fold(text)))
    return frozenset(lexicon.SAME.get(word, word) for word in words) - _IDLE_IN_LABELS


def _not_found(attribute: str, party: str | None, how: str = "was not found") -> str:
    attribute = re.sub(r"^which ", "", attribute)
    shown = re.sub(r"\b(?:vat|gst|id|url)\b", lambda match: match[0].upper(), _LABELS.get(attribute, attribute))
    return f"The {shown}{f' of the {party}' if party and party not in shown else ''} {how} on the invoice."


def _asks(piece: str) -> bool:
    """Whether a piece of a list names a field, or something that is not read."""
    text = fold(piece)
    details = any(pattern.search(text) for pattern in lexicon.ASKED_DETAILS.values())
    return details or _names_field(text) or lexicon.UNREAD.search(text) is not None or _ADDRESS.search(text) is not None


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
    if match is None or name is None or not re.match(r"\W*(?:is|was|are|does|do|did)\b", asked.text):
        return None
    field = asked.invoice.field(name)
    limit, value = parse_number(match["number"]), field.value
    other = _other_currency(asked)
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


def _other_currency(asked: Asked) -> str | None:
    """A currency that a question names, and the invoice is not known to be in."""
    own = asked.invoice.currency.value
    named = {number.currency: number.currency for number in numbers_in(asked.question) if number.currency}
    words = {word: codes for word, codes in lexicon.CURRENCY_WORDS.items() if re.search(rf"\b{word}?\b", asked.text)}
    return next((one for one, codes in (named | words).items() if own not in codes.split()), None)


def _asked_checks(asked: Asked) -> DocumentAnswer | None:
    """Whether the invoice's numbers are right; of a number in the question the checks say nothing."""
    words = r"add up|correct(?:ly)?\b|consistent|any (?:error|mistake)|is it right|\bis\b.*\bright\W*$|checks?\b|stimmt"
    if not re.search(words, asked.text) or re.search(r"\d", asked.question):
        return None
    if re.search(rf"\b(?:{TAX})\b", asked.text):
        return _checked_tax(asked)
    failed = [f"{check.name}: {check.detail}" for check in asked.invoice.checks if check.status == "failed"]
    passed = [check.detail for check in asked.invoice.checks if check.status == "passed"]
    if failed:
        return asked.answer(f"No: {'; '.join(failed)}.", False)
    return asked.answer(f"Yes: {'; '.join(passed)}.", True) if passed else None


def _checked_tax(asked: Asked) -> DocumentAnswer:
    """Whether each tax is its rate of what it applies to."""
    rates = [
        check for check in asked.invoice.checks if check.name.startswith("tax") and check.status != "not applicable"
    ]
    if not rates:
        return asked.unanswered("No tax with its rate and what it applies to was read, so that it cannot be computed.")
    right = all(check.status == "passed" for check in rates)
    places = [place for tax in asked.invoice.taxes for place in tax.evidence]
    places += asked.invoice.field("tax_rate").evidence
    if any(tax.base is None for tax in asked.invoice.taxes):
        places += [
            place for name in ("subtotal", "discount", "shipping") for place in asked.invoice.field(name).evidence
        ]
    details = "; ".join(check.detail for check in rates)
    places = list(dict.fromkeys(places))
    return asked.answer(f"{'Yes' if right else 'No'}: {details}.", right, places)


_DAYS = re.compile(r"how (?:many|much) (?P<unit>days|weeks|months|time)\b|how long\b")
_OTHER_DAYS = re.compile(
    r"\b(?:left|late|overdue|today|now|ago|remain\w*|deliver\w*|ship\w*|order\w*|until|till|since)\b"
)


def _asked_days(asked: Asked) -> DocumentAnswer | None:
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


_RATE = re.compile(
    rf"(?:{TAX}) ?(?:rate|percentage)|\brate of (?:the )?(?:sales )?(?:{TAX})|"
    r"^\W*(?:at )?(?:what|which) (?:percent\w*|rate)\b|"
    rf"\bwhat (?:percent\w*|rate)\b.*\b(?:{TAX})|steuersatz|taux"
)


def _asked_rate(asked: Asked) -> DocumentAnswer | None:
    """The rate of the tax."""
    taxes = [tax for tax in asked.invoice.taxes if tax.rate is not None]
    if not taxes or not _RATE.search(asked.text):
        return None
    rates = [plain_quantity(tax.rate) for tax in taxes if tax.rate is not None]
    places = [place for tax in taxes for place in tax.evidence]
    return asked.answer(f"The tax rate is {' % and '.join(rates)} %.", rates[0] if len(rates) == 1 else rates, places)


def _asked_field(asked: Asked) -> DocumentAnswer | None:
    """The value of a field."""
    name = next((name for name, pattern, _ in lexicon.ASKED_FIELDS if re.search(pattern, asked.text)), None)
    if name == "ship_to" and re.search(r"cost|charge|how much|kosten|frais|gastos|fee", asked.text):
        name = "shipping"
    if name is None and lexicon.PRICE.search(asked.text) and not telling_words(words_of(asked.question)):
        name = "total"
    if re.search(r"\btotal\b.*\b(?:incl\w*|with|after|plus) (?:the )?" + _TAX_WORDS, asked.text):
        name = "total"
    attribute = _other_than(re.sub(_TAX_CLAUSE, " ", asked.text) if name == "total" else asked.text, name)
    if attribute is not None:
        return _by_label(asked, attribute, None)
    if name is None or not _is_answered_by(asked.text, name):
        return None
    return _field(asked, name) or asked.unanswered(_not_found(name.replace("_", " "), None))


def _asked_other_date(asked: Asked) -> DocumentAnswer | None:
    """When something happened that has a labelled date of its own: "when was the order placed" of "Order Date"."""
    if not re.match(r"\W*(?:and )?(?:when|what day)\b", asked.text):
        return None
    words = _label_words(asked.text)
    dated = [one for one in asked.invoice.labelled if one.value and dates_in(one.value)]
    found = [one for one in dated if (what := _label_words(one.label) - {"date"}) and what <= words]
    return _beside_label(asked, found)


_NAMES_LABEL = re.compile(r"\W*(?:and )?(?:how much|(?:which|what) (?P<what>[a-z]+))\b")


def _asked_label(asked: Asked) -> DocumentAnswer | None:
    """A labelled amount of which a question says all words, as "how much change did I get", or "which table"."""
    match = _NAMES_LABEL.match(asked.text)
    if match is None:
        return None
    said = _label_words(match["what"] or asked.text)
    known = [
        one for one in asked.invoice.labelled if one.value and (words := _label_words(one.label)) and words <= said
    ]
    found = known if match["what"] else [one for one in known if any(n.is_money for n in numbers_in(one.value or ""))]
    return _beside_label(asked, found)


_PHRASE = re.compile(
    r"^\W*(?:(?:and|please|can you|could you|tell me|show me|give me|(?:i|we) (?:also )?(?:need|want))\s+)*"
    r"(?:(?:what|which)(?:\s(?:is|was|are)|['’]?s)\s)?(?:(?:the|its|their|our|my|this|that)\s)?"
    r"(?P<what>[a-z][a-z.'’-]*(?: [a-z.'’-]+){0,4}?)"
    r"(?:\s(?:on|in|of|for|from|at)\s(?:it|\S+\.\w{2,4}|(?:[\w.'’-]+\s){0,5}"
    r"(?:invoice|bill|receipt|document|page|attachment|scan|picture|photo|file|one)s?)\b.*)?\W*$"
)


_WHEN = re.compile(r"^\W*(?:and )?(?:(?:on|at|by|since) )?(?:when|(?:what|which) (?:day|date|time))\b")
_WHERE = re.compile(r"^\W*(?:and )?(?:(?:to|from|in) )?where\b")
_WHETHER = re.compile(
    r"^\W*(?:and )?(?:is|are|was|were|do|does|did|has|have|can|could|will)\b(?! (?:there|you|i|we)\b)"
)

_WHAT_IT_IS = re.compile(r"^\W*(?:is|was) (?:this|it|that) an?\b")


def _is_answered_by(text: str, name: str) -> bool:
    """Whether a field is of the kind that a question's first word asks for: "when" is answered by no address."""
    if _WHEN.match(text):
        return name in ("date", "due_date")
    if _WHERE.match(text):
        return name in ("ship_to", "seller")
    if lexicon.COUNT.search(text):
        return name in MONEY
    if name == "ship_to" and re.match(r"\W*who\b", text):
        return re.search(r"\b(?:receives?|gets)\b", text) is not None
    if (whether := _WHETHER.match(text)) is None:
        return True
    pattern = next(pattern for asked_name, pattern, _ in lexicon.ASKED_FIELDS if asked_name == name)
    rest = set(re.findall(r"[a-z]+", re.sub(rf"[a-z-]*(?:{pattern})[a-z-]*", " ", text[whether.end() :])))
    return "or" in rest or (not rest - lexicon.OF_FIELDS and not _WHAT_IT_IS.match(text))


_NO_NAME = re.compile(
    r"(?:what|which|who|when|how|where|why|is|are|was|were|do|does|did|can|may|has|have|for|in|on|at|by|to|from|with|"
    r"within|there|any|done|made|said|meant|i|we|you)\b"
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


def _field(asked: Asked, name: str) -> DocumentAnswer | None:
    field = asked.invoice.field(name)
    if field.value is None:
        return None
    value = value_json(field.value)
    shown = asked.money(field.value) if isinstance(field.value, Decimal) else str(value).replace("\n", ", ")
    sentence = next(sentence for asked_name, _, sentence in lexicon.ASKED_FIELDS if asked_name == name)
    doubt = None if field.verified else field.note or "not verified"
    return asked.answer(sentence.format(shown).replace("..", "."), value, field.evidence, doubt)


_WAYS: tuple[Callable[[Asked], DocumentAnswer | None], ...] = (
    asked_sum,
    asked_filter,
    _asked_price,
    not_computed,
    _asked_days,
    _asked_attribute,
    _asked_bound,
    _asked_sum,
    _asked_list,
    _asked_count,
    _asked_item,
    asked_most,
    asked_either,
    _asked_checks,
    _asked_rate,
    _asked_field,
    _asked_other_date,
    _asked_label,
)
_BY_WORDS = (_asked_attribute, _asked_sum, _asked_count, _asked_item, asked_most, _asked_rate, _asked_field)
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
        return _quoted(asked, [(part.quantity, part.item) for part in meant.items])
    field = next((name for name in names if meant.kind == "field" and meant.field == name), None)
    return (_field(asked, field) if field else None) or asked.unanswered()
