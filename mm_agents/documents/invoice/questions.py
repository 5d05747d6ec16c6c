"""The words of questions about invoices: quantities in words, what is asked for, and the words that say nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from mm_agents._optional import require
from mm_agents._text import parts_of
from mm_agents.chat import fenced
from mm_agents.documents.dates import fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import InvoiceData, LineItem, value_json
from mm_agents.documents.numbers import parse_number, plain_money, plain_quantity
from mm_agents.types import DocumentAnswer, Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel

_SMALL = (
    "zero null nul cero|one a an single ein eine einen einem een un une uno una|"
    "two couple pair zwei twee deux dos|three drei drie trois tres|"
    "four vier quatre cuatro|five funf vijf cinq cinco|six sechs zes seis|seven sieben zeven sept siete|"
    "eight acht huit ocho|"
    "nine neun negen neuf nueve|ten zehn tien dix diez|eleven elf onze once|"
    "twelve dozen zwolf twaalf douze doce|thirteen dreizehn dertien treize trece|"
    "fourteen vierzehn veertien quatorze catorce|fifteen funfzehn vijftien quinze quince|"
    "sixteen sechzehn zestien seize|"
    "seventeen siebzehn zeventien|eighteen achtzehn achttien|nineteen neunzehn negentien"
)
_TENS = {
    "twenty zwanzig twintig vingt veinte": 20,
    "thirty dreissig dreisig dertig trente treinta": 30,
    "forty vierzig veertig quarante cuarenta": 40,
    "fifty funfzig vijftig cinquante cincuenta": 50,
    "sixty sechzig zestig soixante sesenta": 60,
    "seventy siebzig zeventig setenta": 70,
    "eighty achtzig tachtig ochenta": 80,
    "ninety neunzig negentig noventa": 90,
    "hundred hundert honderd cent cien": 100,
}
NUMBER_WORDS: dict[str, Decimal] = {
    word: Decimal(n) for n, words in enumerate(_SMALL.split("|")) for word in words.split()
} | {word: Decimal(n) for words, n in _TENS.items() for word in words.split()}
"""Whole numbers in words, in lower case without accents."""

_IDLE = frozenset(
    "how much would will does do did is are was were the of for and or with plus also what whats price "
    "prices cost costs costing "
    "pay paid it me to on in at if i we you bought buy buying order ordered take get need want please "
    "each per piece pieces unit units pcs "
    "wie viel was kosten kostet wurden wurde der die das und fur von mit je stuck hoeveel kost kosten "
    "zou voor van en met de het per stuk "
    "combien coute coutent couterait couteraient le la les des du et pour avec par cuanto cuestan cuesta "
    "costarian costaria el los las y por con "
    "invoice total altogether together more another this that these those there charged billed amount "
    "many items item line lines".split()
)
_UNITS = frozenset(
    "set sets hour hours hr hrs day days kg g l litre litres liter liters box boxes pack packs packet "
    "packets bottle bottles stunde stunden "
    "tag tage heure heures jour jours uur uren dag dagen hora horas dia dias juego juegos satz satze jeu "
    "jeux metre metres meter meters m".split()
)
_ARTICLES = frozenset("a an un une una ein eine einen een".split())
_WORD = re.compile(r"\d+(?:[.,]\d+)?(?=h(?:ou)?rs?\b)|\d+(?:[.,]\d+)?|[a-z]+(?:[-'][a-z]+)*")
_LIKE = 82  # of 100: how like a word of an item's name a word of the question has to be


@dataclass(frozen=True, kw_only=True)
class RequestedItem:
    """A quantity, the words that say of what, and whether the quantity was but an article: "a set"."""

    quantity: Decimal
    words: tuple[str, ...]
    loose: bool = False


def parse_items(question: str) -> list[RequestedItem]:
    """The quantities of things that a question names, in its order; what has no quantity is left out."""
    tokens = words_of(question.replace("’", "'"))
    found: list[tuple[Decimal, list[str], bool]] = []
    for n, token in enumerate(tokens):
        number = _number(token)
        article = token in _ARTICLES
        if number is not None and not (article and n + 1 < len(tokens) and _number(tokens[n + 1])):
            if found and not found[-1][1] and found[-1][0] >= 20 and token in NUMBER_WORDS and number < 10:
                found[-1] = (found[-1][0] + number, [], False)
            else:
                found.append((number, [], article))
        elif found:
            found[-1][1].append(token)
    return [
        RequestedItem(quantity=number, words=content_words(words), loose=loose)
        for number, words, loose in found
        if content_words(words)
    ]


def content_words(words: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The words that say what is meant; words of measure alone where there is nothing else."""
    said = [word for word in words if word not in _IDLE and _number(word) is None]
    return tuple(word for word in said if word not in _UNITS) or tuple(said)


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, in lower case without accents."""
    words: list[str] = []
    for word in _WORD.findall(fold(text)):
        parts = word.split("-")
        words += parts if all(part in NUMBER_WORDS for part in parts) else [word]
    return words


def matches(words: tuple[str, ...], items: tuple[LineItem, ...]) -> list[tuple[float, int]]:
    """The items that words mean, best first: how well, and the item's place in the list."""
    ratio = require("rapidfuzz", extra="documents", feature="Answering questions").fuzz.ratio
    found: list[tuple[float, int]] = []
    for n, item in enumerate(items):
        own = [_root(word) for word in words_of(item.description or "")]
        if not own or not words:
            continue
        scores = [max(ratio(_root(word), other) for other in own) for word in words]
        hits = [score for score in scores if score >= _LIKE]
        share = len(hits) / len(scores)
        if share >= 0.6:
            covered = sum(max(ratio(_root(word), other) for word in words) >= _LIKE for other in own) / len(own)
            found.append((round(share * sum(hits) / len(hits) / 100 + 0.1 * covered, 4), n))
    return sorted(found, key=lambda one: -one[0])


def _root(word: str) -> str:
    """A word without its plural's ending."""
    return re.sub(r"(?:es|s|en|n)$", "", word) if len(word) > 4 else word


def _number(token: str) -> Decimal | None:
    if token[0].isdigit():
        return parse_number(token, ".")
    return NUMBER_WORDS.get(token)


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


def unread(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
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
        return DocumentAnswer(
            question=question, reason=f"The {attribute}{whose} is not among what is read from an invoice."
        )
    if _ABOUT.search(text):
        return DocumentAnswer(
            question=question, reason="Who the parties are is read from an invoice, and nothing else of them."
        )
    if _WHY.search(text):
        return DocumentAnswer(question=question, reason="An invoice is read for what it says, not for why.")
    if re.search(r"how (?:many (?:days|weeks|months)|long|late)\b|\boverdue\b", text):
        return DocumentAnswer(question=question, reason="Days are not counted from dates.")
    return None


def asks(piece: str) -> bool:
    """Whether a piece of a list names a field, or something that is not read."""
    text = fold(piece)
    fields = any(re.search(pattern, text) for _, pattern, _ in lexicon.ASKED_FIELDS)
    return fields or _KNOWN.search(text) is not None or _ADDRESS.search(text) is not None


def _attribute(text: str) -> str | None:
    """What is asked of a party, and is neither its name nor a field."""
    found = _ITS.search(text) or _OF.search(text)
    said = re.sub(r"^(?:what|who|which|whose|is|was|the|a|an|tell|me|give)\b ?", "", found[1].strip()) if found else ""
    said = re.sub(r"^(?:is|was|the)\b ?", "", said)
    field = any(re.search(pattern, said) for _, pattern, _ in lexicon.ASKED_FIELDS)
    return None if not said or field or _ITSELF.search(said) else said


def _address(invoice: InvoiceData, question: str, party: str | None) -> DocumentAnswer:
    parties = {"seller": invoice.seller, "buyer": invoice.buyer}
    known = {name: field for name, field in parties.items() if field.address and party in (None, name)}
    if not known:
        whose = f" of the {party}" if party else ""
        return DocumentAnswer(question=question, reason=f"No address{whose} was read.")
    values = [", ".join(field.address) for field in known.values()]
    told = [f"The address of the {name} is {', '.join(field.address)}." for name, field in known.items()]
    return DocumentAnswer(
        question=question,
        answer=" ".join(told),
        value=values[0] if len(values) == 1 else values,
        evidence=tuple(place for field in known.values() for place in field.evidence),
        doubt="the lines of an address are not looked at a second time",
    )


_BOUND = re.compile(
    r"(?:(?P<over>above|over|more than|greater than|higher than|exceeds?|at least)|below|under|less than|lower than|"
    r"at most)\s+[$€£]?\s*(?P<number>\d[\d.,]*\d|\d)"
)
_AMOUNTS = ("subtotal", "tax", "shipping", "discount", "total")
_PATTERNS = {name: pattern for name, pattern, _ in lexicon.ASKED_FIELDS}


def quoted(
    invoice: InvoiceData, items: Sequence[tuple[Decimal | int, str]], question: str | None = None
) -> DocumentAnswer:
    """What quantities of items cost at the invoice's unit prices; no answer where a name fits no item, or several."""
    asked = question if question is not None else ", ".join(f"{quantity} × {name}" for quantity, name in items)
    steps: list[str] = []
    evidence: list[Evidence] = []
    total = Decimal(0)
    for quantity, name in items:
        item = _the_item(invoice, content_words(words_of(name)) or tuple(words_of(name)))
        price = _price(item) if item else None
        if item is None or price is None:
            return DocumentAnswer(question=asked)
        unit, places = price
        part = Decimal(quantity) * unit
        total += part
        product = f"{plain_quantity(Decimal(quantity))} × {plain_money(unit)} = {plain_money(part)}"
        steps.append(f"{product}{_currency(invoice)} for “{_name(item)}”")
        evidence += [one for one in places if one not in evidence]
    if not steps:
        return DocumentAnswer(question=asked)
    together = f"; together {plain_money(total)}{_currency(invoice)}" if len(steps) > 1 else ""
    answer = "; ".join(steps) + together + "."
    return DocumentAnswer(question=asked, answer=answer, value=plain_money(total), evidence=tuple(evidence))


def answered(invoice: InvoiceData, question: str, model: ChatModel | None) -> DocumentAnswer:
    """Answer a question; the rules first, and a model only to say what is asked for."""
    ways: tuple[Callable[[InvoiceData, str], DocumentAnswer | None], ...] = (
        _asked_price,
        _asked_unread,
        _asked_bound,
        _asked_count,
        _asked_item,
        _asked_most,
        _asked_checks,
        _asked_field,
    )
    for way in ways:
        found = way(invoice, question)
        if found is not None:
            if found.answer is not None or found.reason is not None:
                return found
            break
    if model is not None:
        return _understood(invoice, question, model)
    return DocumentAnswer(question=question)


def parts(invoice: InvoiceData, question: str) -> list[str]:
    """The questions in a question; quantities of items belong together."""
    items = lexicon.PRICE.search(fold(question)) and matches(content_words(words_of(question)), invoice.items)
    return parts_of(question, None if items else asks)


# ---------------------------------------------------------------- ways to answer


def _asked_price(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """Prices of quantities of items."""
    if not lexicon.PRICE.search(fold(question)):
        return None
    said = parse_items(question)
    wanted = [wish for wish in said if matches(wish.words, invoice.items)]
    if any(wish not in wanted and not wish.loose for wish in said):
        return DocumentAnswer(question=question)  # of something that is not on the invoice
    return quoted(invoice, [(wish.quantity, " ".join(wish.words)) for wish in wanted], question) if wanted else None


def _asked_unread(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """What is not read from invoices, unless it is something that was bought."""
    found = unread(invoice, question)
    return found if found is None or _the_item(invoice, content_words(words_of(question))) is None else None


def _asked_bound(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """Whether an amount is above or below a number."""
    text = fold(question)
    match = _BOUND.search(text)
    name = next((name for name in _AMOUNTS if re.search(_PATTERNS[name], text)), None)
    if match is None or name is None or not re.match(r"\W*(?:is|was|are|does|do|did)\b", text):
        return None
    field = invoice.field(name)
    limit = parse_number(match["number"])
    if limit is None or not isinstance(field.value, Decimal):
        return None
    over, value = match["over"] is not None, field.value
    right = value > limit if over else value < limit
    if "least" in match[0] or "most" in match[0]:
        right = right or value == limit
    return DocumentAnswer(
        question=question,
        answer=f"{'Yes' if right else 'No'}: the {name} is {plain_money(value)}{_currency(invoice)}.",
        value=right,
        evidence=field.evidence,
        doubt=None if field.verified else field.note or "not verified",
    )


def _asked_count(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """How many items there are, or how many of one; or what all items come to."""
    text = fold(question)
    evidence = tuple(
        item.evidence[cell] for item in invoice.items for cell in ("amount", "description") if cell in item.evidence
    )
    if (
        re.search(r"\b(?:sum|add up|total|altogether|come to)\b", text)
        and lexicon.THINGS.search(text)
        and not re.search(r"subtotal|tax", text)
    ):
        amounts = [item.amount for item in invoice.items if item.amount is not None]
        if not amounts:
            return None
        places = tuple(item.evidence["amount"] for item in invoice.items if "amount" in item.evidence)
        told = " + ".join(plain_money(amount) for amount in amounts)
        value = plain_money(sum(amounts, Decimal(0)))
        return DocumentAnswer(
            question=question, answer=f"{told} = {value}{_currency(invoice)}.", value=value, evidence=places
        )
    if not lexicon.COUNT.search(text):
        return None
    item = _the_item(invoice, content_words(words_of(question)))
    if item is not None and item.quantity is not None:
        value = plain_quantity(item.quantity)
        return DocumentAnswer(
            question=question,
            answer=f"{value}{' ' + item.unit if item.unit else ''} of “{_name(item)}”.",
            value=value,
            evidence=_places(item, "quantity"),
        )
    if lexicon.THINGS.search(text):
        count = len(invoice.items)
        return DocumentAnswer(
            question=question, answer=f"{count} item{'' if count == 1 else 's'}.", value=count, evidence=evidence
        )
    return None


def _asked_item(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """The price or the amount of one item."""
    text = fold(question)
    if not lexicon.PRICE.search(text):
        return None
    words = tuple(word for word in content_words(words_of(question)) if not lexicon.PRICE.search(word))
    item = _the_item(invoice, words)
    if item is None:
        return None
    price = _price(item)
    if price is not None and (
        lexicon.EACH.search(text)
        or item.amount is None
        or not re.search(r"\b(?:did|was|were|paid|billed|charged|total|line)\b", text)
    ):
        unit, places = price
        more = (
            f"; {plain_quantity(item.quantity)} for {plain_money(item.amount)}"
            if item.quantity and item.amount is not None
            else ""
        )
        return DocumentAnswer(
            question=question,
            answer=f"“{_name(item)}” is {plain_money(unit)} each{more}{_currency(invoice)}.",
            value=plain_money(unit),
            evidence=places,
        )
    if item.amount is None:
        return None
    return DocumentAnswer(
        question=question,
        answer=f"“{_name(item)}” comes to {plain_money(item.amount)}{_currency(invoice)}.",
        value=plain_money(item.amount),
        evidence=_places(item, "amount"),
    )


def _asked_most(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """The dearest or cheapest item."""
    match = re.search(
        r"most expensive|dearest|highest|largest|biggest|(cheapest|lowest|least expensive|smallest)", fold(question)
    )
    if match is None:
        return None
    by_amount = re.search(r"amount|line|total", fold(question)) is not None
    priced = [(item.amount if by_amount else item.unit_price, item) for item in invoice.items]
    known = [(value, item) for value, item in priced if value is not None]
    if not known:
        return None
    value = (min if match[1] else max)(value for value, _ in known)
    best = [item for one, item in known if one == value]
    names = " and ".join(f"“{_name(item)}”" for item in best)
    places = tuple(place for item in best for place in _places(item, "amount" if by_amount else "unit_price"))
    return DocumentAnswer(
        question=question,
        answer=f"{names} at {plain_money(value)}{_currency(invoice)}.",
        value=[_name(item) for item in best],
        evidence=places,
    )


def _asked_checks(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    """Whether the invoice's numbers are right."""
    if not re.search(
        r"add up|correct\b|consistent|any (?:error|mistake)|is it right|\bis\b.*\bright\W*$|checks?\b|stimmt",
        fold(question),
    ):
        return None
    if re.search(r"\d", question):  # whether a number of the question is right is not what the checks say
        return None
    failed = [check for check in invoice.checks if check.status == "failed"]
    passed = [check for check in invoice.checks if check.status == "passed"]
    if not failed and not passed:
        return None
    if failed:
        return DocumentAnswer(
            question=question,
            answer="No: " + "; ".join(f"{check.name}: {check.detail}" for check in failed) + ".",
            value=False,
        )
    return DocumentAnswer(
        question=question, answer="Yes: " + "; ".join(check.detail for check in passed) + ".", value=True
    )


def _asked_field(invoice: InvoiceData, question: str) -> DocumentAnswer | None:
    text = fold(question)
    if re.search(r"tax rate|vat rate|rate of|what (?:percent|rate)|steuersatz|taux", text):
        rates = [tax for tax in invoice.taxes if tax.rate is not None]
        if rates:
            told = [plain_quantity(tax.rate) for tax in rates if tax.rate is not None]
            return DocumentAnswer(
                question=question,
                answer=f"The tax rate is {' % and '.join(told)} %.",
                value=told[0] if len(told) == 1 else told,
                evidence=tuple(one for tax in rates for one in tax.evidence),
            )
    for name, pattern, sentence in lexicon.ASKED_FIELDS:
        if re.search(pattern, text):
            if name == "ship_to" and re.search(r"cost|charge|how much|kosten|frais|gastos|fee", text):
                name, sentence = "shipping", "Shipping is {}."
            return _field(invoice, question, name, sentence)
    if lexicon.PRICE.search(text) and not content_words(tuple(words_of(question))):
        return _field(invoice, question, "total", "The total is {}.")
    return None


def _field(invoice: InvoiceData, question: str, name: str, sentence: str) -> DocumentAnswer | None:
    field = invoice.field(name)
    if field.value is None:
        return None
    said = value_json(field.value)
    money = isinstance(field.value, Decimal)
    told = f"{said}{_currency(invoice)}" if money else str(said).replace("\n", ", ")
    return DocumentAnswer(
        question=question,
        answer=sentence.format(told).replace("..", "."),
        value=said,
        evidence=field.evidence,
        doubt=None if field.verified else field.note or "not verified",
    )


# ---------------------------------------------------------------- with a model


class _Part(BaseModel):
    quantity: Decimal = Field(description="how many")
    item: str = Field(description="the item's description, copied from the list")


class _Meant(BaseModel):
    kind: Literal["price of items", "field", "unknown"]
    items: list[_Part] = []
    field: str | None = Field(default=None, description="the field's name, copied from the list")


def _understood(invoice: InvoiceData, question: str, model: ChatModel) -> DocumentAnswer:
    """Let a model say which items or which field a question means; code looks up and computes."""
    listed = "\n".join(f"- {_name(item)}" for item in invoice.items)
    names = ", ".join(name for name, _, _ in lexicon.ASKED_FIELDS)
    prompt = "\n\n".join(
        [
            "Say what a question about an invoice asks for. Do not compute, and do not answer it.",
            f"Fields: {names}",
            fenced(listed, what="The invoice's items"),
            fenced(question, what="The question"),
        ]
    )
    meant = model.structure(_Meant, prompt).value
    if meant.kind == "price of items" and meant.items:
        return quoted(invoice, [(part.quantity, part.item) for part in meant.items], question)
    for name, _, sentence in lexicon.ASKED_FIELDS:
        if meant.kind == "field" and meant.field == name:
            return _field(invoice, question, name, sentence) or DocumentAnswer(question=question)
    return DocumentAnswer(question=question)


# ---------------------------------------------------------------- items


def _the_item(invoice: InvoiceData, words: tuple[str, ...]) -> LineItem | None:
    """The one item that words mean; None where none is meant, or several at different prices."""
    found = matches(words, invoice.items)
    if not found:
        return None
    best = [invoice.items[n] for score, n in found if score >= found[0][0] - 0.005]
    return best[0] if len({item.unit_price for item in best}) == 1 else None


def _price(item: LineItem) -> tuple[Decimal, tuple[Evidence, ...]] | None:
    """An item's unit price and where it stands; from the amount where no price is printed."""
    if item.unit_price is not None:
        return item.unit_price, _places(item, "unit_price")
    if item.amount is not None:
        return item.amount / (item.quantity or 1), (*_places(item, "amount"), *_places(item, "quantity"))
    return None


def _places(item: LineItem, cell: str) -> tuple[Evidence, ...]:
    return tuple(one for name, one in item.evidence.items() if name == cell)


def _name(item: LineItem) -> str:
    return " ".join((item.description or "item").split())


def _currency(invoice: InvoiceData) -> str:
    return f" {invoice.currency.value}" if invoice.currency.value else ""


__all__ = ["RequestedItem", "answered", "quoted"]
