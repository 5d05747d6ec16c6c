"""A question about an invoice, and which quantities of which items its words mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from pathlib import PurePath
from typing import Any

from mm_agents._optional import require
from mm_agents._text import ASKED_FOR, content_words
from mm_agents.documents.dates import fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import DETAILS, NAMES, InvoiceData, Labelled, LineItem
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import numbers_in, parse_number, plain_money
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import DocumentAnswer, Evidence

TAX_WORDS = r"(?:any |the |all )?(?:sales )?(?:tax(?:es)?|vat|gst|mwst|tva|btw|iva)\b"
_TAX_ADDED = r"(?:(?:is|are|has been|gets) )?(?:put )?(?:on top|on it|included|added(?: on| to it)?(?: top)?)\b"
_PRICE_OR_END = r"(?= (?:unit )?(?:price|cost)s?\b|\W*$)"
TAX_CLAUSE = re.compile(
    r"[,(]?\s*\b(?:(?P<net>(?:without|excluding|excl\.?|before(?: adding)?|net of|exclusive of|ohne) "
    rf"{TAX_WORDS}|net{_PRICE_OR_END})|gross{_PRICE_OR_END}|"
    rf"(?:with|including|incl\.?|after|plus|inclusive of|and) {TAX_WORDS}(?: {_TAX_ADDED})?|"
    rf"(?:(?:once|when|if|as soon as) )?{TAX_WORDS} {_TAX_ADDED})\)?"
)
"""That an amount is with or without tax."""
WHOLE = re.compile(
    r"\b(?:whole|entire|complete) (?:meal|dinner|lunch|breakfast|order|purchase|shopping|visit|thing|lot)\b|"
    r"\bin the end\b|\badd up to\W*$"
)
"""That all of it is meant."""
_HOURLY = re.compile(r"\b(?:an?|one|per|each|every) hour\b|\bhourly\b")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)")


@dataclass(frozen=True)
class Asked:
    """A question about an invoice.

    Attributes:
        invoice: that it is about.
        question: as it was asked.
        meant: the item of the part before, where this part has a pronoun for it.
    """

    invoice: InvoiceData
    question: str
    meant: LineItem | None = None

    @cached_property
    def text(self) -> str:
        """The question in lower case without accents."""
        return fold(self.question)

    @cached_property
    def item(self) -> LineItem | None:
        """The item that its words mean; words in brackets are another name of it."""
        text = TAX_CLAUSE.sub(" ", _of_paper(self.text))
        names = [_IN_BRACKETS.sub(" ", text), *_IN_BRACKETS.findall(text)]
        items = (the_item(self.invoice, _without_price(telling_words(words_of(name)))) for name in names)
        return next((item for item in items if item is not None), self.meant or self._by_hours())

    def _by_hours(self) -> LineItem | None:
        """The one item that is counted in hours, where a question asks for an hour and names nothing else."""
        text = TAX_CLAUSE.sub(" ", _FILE_NAME.sub(" ", _of_paper(self.text)))
        if not _HOURLY.search(text) or content_words(text) - _asking_words() - content_words(lexicon.LABOUR):
            return None
        hours = [item for item in self.invoice.items if hours_of(item)]
        return hours[0] if len(hours) == 1 else None

    @cached_property
    def names_item(self) -> bool:
        """Whether it has a word of an item, so that no amount of the whole invoice answers it."""
        if self.item is not None:
            return True
        text = _FILE_NAME.sub(" ", _of_paper(self.text))
        for party in (self.invoice.seller, self.invoice.buyer):
            text = _without_name(text, words_of(party.value or ""))
        words = [word for word in words_of(text) if number_of(word) is None and content_words(word) - _asking_words()]
        return any(matching_items([word], self.invoice.items) for word in words)

    @property
    def currency(self) -> str:
        """What follows amounts: the invoice's currency after a space, if it is known."""
        return f" {self.invoice.currency.value}" if self.invoice.currency.value else ""

    def money(self, value: Decimal) -> str:
        """An amount with the invoice's currency."""
        return f"{plain_money(value)}{self.currency}"

    def answer(
        self, answer: str, value: Any, evidence: Sequence[Evidence] = (), doubt: str | None = None
    ) -> DocumentAnswer:
        """An answer to this question, with its places and why it is not sure."""
        return DocumentAnswer(question=self.question, answer=answer, value=value, evidence=tuple(evidence), doubt=doubt)

    def unanswered(self, reason: str | None = None) -> DocumentAnswer:
        """That this question is not answered, and why."""
        return DocumentAnswer(question=self.question, reason=reason)


def _without_name(text: str, name: Sequence[str]) -> str:
    """A question without two words of a party's name or more, and without one in "from Solar" or "the Solar bill"."""
    for count in range(len(name), 1, -1):
        words = r"\W+".join(re.escape(word) for word in name[:count])
        text = re.sub(rf"\b{words}\b", " ", text)
    first = re.escape(next(iter(name), ""))
    alone = rf"\b(?:from|at|by|with|to) (?:the )?{first}\b|\b{first}(?:['’]s)? (?=(?:invoice|bill|receipt)\b)"
    return re.sub(alone, " ", text) if first else text


# ---------------------------------------------------------------- quantities and items

_WORD = re.compile(r"\d+(?:[.,]\d+)?(?=h(?:ou)?rs?\b)|\d+(?:[.,]\d+)?|[a-z]+(?:[-'][a-z]+)*")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A quantity, the words that say of what, and whether the quantity is only an article: "a set"."""

    quantity: Decimal
    words: tuple[str, ...]
    loose: bool


def wishes_of(question: str) -> list[Wish]:
    """The quantities of things that a question names, in its order; what has no quantity is left out."""
    tokens = words_of(question.replace("’", "'"))
    found: list[tuple[Decimal, list[str], bool]] = []
    for n, token in enumerate(tokens):
        number = number_of(token)
        article = token in lexicon.ARTICLES
        if number is not None and not (article and n + 1 < len(tokens) and number_of(tokens[n + 1])):
            tens = found[-1][0] if found and not found[-1][1] else Decimal(0)
            if tens >= lexicon.NUMBER_WORDS["twenty"] and token in lexicon.NUMBER_WORDS and number < 10:
                found[-1] = (tens + number, [], False)
            else:
                found.append((number, [], article))
        elif found:
            found[-1][1].append(token)
    wishes = (Wish(quantity=number, words=telling_words(words), loose=loose) for number, words, loose in found)
    return [wish for wish in wishes if wish.words]


def telling_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words that say what is meant; words of measure alone where there is nothing else."""
    telling = [word for word in words if word not in lexicon.IDLE and number_of(word) is None]
    telling = [word for word in telling if content_words(word)] or telling
    return tuple(word for word in telling if word not in lexicon.UNITS) or tuple(telling)


def _without_price(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not lexicon.PRICE.search(word))


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, in lower case without accents."""
    words: list[str] = []
    for word in _WORD.findall(fold(text)):
        parts = word.split("-")
        words += parts if all(part in lexicon.NUMBER_WORDS for part in parts) else [word]
    return words


def number_of(token: str) -> Decimal | None:
    """The number that a word or some digits mean; None where they are something else."""
    return parse_number(token, ".") if token[0].isdigit() else lexicon.NUMBER_WORDS.get(token)


def matching_items(words: Sequence[str], items: Sequence[LineItem]) -> list[tuple[float, LineItem]]:
    """The items that words mean, best first, each with how well it fits."""
    asked = [_root(word) for word in words]
    found: list[tuple[float, LineItem]] = []
    for item in items:
        own = [word for word in words_of(_MISREAD.sub(_letter, fold(item.description or "")))]
        if not own or not asked:
            continue
        scores = [max(_likeness(word, other) for other in own) for word in asked]
        hits = [score for score in scores if score >= PARAMETERS.likeness]
        if len(hits) >= PARAMETERS.most * len(scores):
            like = PARAMETERS.likeness
            covered = sum(max(_likeness(word, other) for word in asked) >= like for other in own) / len(own)
            found.append((round(sum(hits) / len(scores) / 100 + PARAMETERS.name_coverage * covered, 4), item))
    return sorted(found, key=lambda match: -match[0])


_LIKE_COMPOUND = 90  # of 100; the word itself is nearer than a compound that ends with it
_MISREAD = re.compile(r"(?<=[a-z])[015](?=[a-z])")


def _letter(digit: re.Match[str]) -> str:
    """The letter that a digit amid letters was read for."""
    return {"0": "o", "1": "l", "5": "s"}[digit[0]]


def _likeness(word: str, own: str) -> float:
    """How like a word's root is to a word of an item, to the last part of a compound or to an abbreviation; of 100."""
    if word in _labour() and own in _labour():
        return 100
    ratio = require("rapidfuzz", extra="documents", feature="Answering questions").fuzz.ratio
    best = ratio(word, _root(own))
    if len(own) - len(word) >= PARAMETERS.short_word - 1 and len(word) > PARAMETERS.short_word:
        tails = (own[-len(word) :], own[1 - len(word) :])
        best = max(best, *(min(ratio(word, tail), _LIKE_COMPOUND) for tail in tails))
    if (
        len(own) >= PARAMETERS.short_word
        and not re.search("[aeiou]", own)
        and _consonants(word) == _consonants(_root(own))
    ):
        return 100
    return best


@cache
def _labour() -> frozenset[str]:
    return frozenset(lexicon.LABOUR.split())


def _consonants(word: str) -> str:
    """A word's consonants, as receipts abbreviate it: "strwbrs" of "strawberries" and of "strwbrys"."""
    return re.sub(r"(.)\1+", r"\1", re.sub("[aeiouy]", "", word))


def _root(word: str) -> str:
    """A word without its plural's ending."""
    return re.sub(r"(?:es|s|en|n)$", "", word) if len(word) > 4 else word


def the_item(invoice: InvoiceData, words: Sequence[str]) -> LineItem | None:
    """The one item that words mean; None where none is meant, or several at different prices."""
    found = matching_items(words, invoice.items)
    best = [item for score, item in found if found[0][0] - score <= PARAMETERS.item_tie]
    prices = {item.unit_price if item.unit_price is not None else (item.amount, item.quantity) for item in best}
    return best[0] if len(prices) == 1 else None


_DECIMALS = 4  # of a price that is an amount's part


def price_of(item: LineItem) -> tuple[Decimal, tuple[Evidence, ...]] | None:
    """An item's unit price and its place; from the amount where no price is printed, with four decimals at most."""
    if item.unit_price is not None:
        return item.unit_price, places_of(item, "unit_price")
    if item.amount is not None:
        price = round(item.amount / (item.quantity or 1), _DECIMALS)
        return price, (*places_of(item, "amount"), *places_of(item, "quantity"))
    return None


@dataclass(frozen=True, kw_only=True)
class Priced:
    """An item with its price, or what its line comes to, and where that is."""

    item: LineItem
    value: Decimal
    places: tuple[Evidence, ...]


def prices_of(asked: Asked, *, of_lines: bool) -> list[Priced]:
    """What one of each item costs, or what each line comes to; items without it are left out."""
    found: list[Priced] = []
    for item in asked.invoice.items:
        price = price_of(item) if not of_lines else None
        if of_lines and item.amount is not None:
            price = item.amount, places_of(item, "amount")
        if price is not None:
            found.append(Priced(item=item, value=price[0], places=price[1]))
    return found


def places_of(item: LineItem, *cells: str) -> tuple[Evidence, ...]:
    """Where some cells of an item are on the page."""
    return tuple(place for name in cells for cell, place in item.evidence.items() if cell == name)


_IDLE_IN_LABELS = frozenset("the of de du name a which my your our amount".split())


def label_words(text: str) -> frozenset[str]:
    """The words of a label or an attribute, one for those that mean the same."""
    words = re.findall(r"[a-z]+|#", re.sub(r"['’]s\b", "", fold(text)))
    one = re.compile(r"(?<=[a-z]{4})(?<!s)s$")  # "Whatsapps"
    return frozenset(lexicon.SAME.get(word, one.sub("", word)) for word in words) - _IDLE_IN_LABELS


def beside_label(asked: Asked, found: Sequence[Labelled]) -> DocumentAnswer | None:
    """The one value that stands beside labels; None where there is none, or several."""
    if len({one.value for one in found}) != 1:
        return None
    doubt = None if found[0].verified else found[0].note or "not verified"
    return asked.answer(f"{found[0].label}: {found[0].value}.", found[0].value, found[0].evidence, doubt)


def other_currency(asked: Asked) -> str | None:
    """A currency that a question names, and the invoice is not known to be in."""
    own = asked.invoice.currency.value
    named = {number.currency: number.currency for number in numbers_in(asked.question) if number.currency}
    words = {word: codes for word, codes in lexicon.CURRENCY_WORDS.items() if re.search(rf"\b{word}?\b", asked.text)}
    return next((one for one, codes in (named | words).items() if own not in codes.split()), None)


def unsaid_words(asked: Asked, answer: str) -> list[str]:
    """The words of an English question that neither the invoice nor an answer says, and that no field is asked by.

    "How much tax do I pay next month" has "next" and "month": what is told may be about something else.
    """
    if detected(asked.question) not in (None, ENGLISH):
        return []
    known = content_words(f"{answer} {_said(asked.invoice)}") | _asking_words()
    own = [word for word, codes in lexicon.CURRENCY_WORDS.items() if asked.invoice.currency.value in codes.split()]
    known |= content_words(" ".join(own))
    text = TAX_CLAUSE.sub(" ", WHOLE.sub(" ", _FILE_NAME.sub(" ", asked.text)))
    if asked.item is not None:
        text = re.sub(r"\w+(?=\s*\([^()]+\))", " ", text)  # what stands before its name in brackets
    words = re.findall(r"[^\W\d_]+", text)
    item = [asked.item] if asked.item is not None else []
    return [word for word in words if not content_words(word) <= known and not matching_items([word], item)]


_PAPER = re.compile(r"\b(?:the|my|our) (?!(?:whole|entire|same|last|first)\b)[\w'’-]+ (?=(?:bill|invoice|receipt)\b)")
"""A word that says which paper is meant, "the lamp bill", and no item of it."""


def _of_paper(text: str) -> str:
    return _PAPER.sub(" the ", text)


_FILE_NAME = re.compile(r"\S+\.[a-z]{3,4}\b")


def _said(invoice: InvoiceData, *, of_items: bool = True) -> str:
    """All texts that were read from an invoice and the name of its file; or without those that may be of items."""
    read = [invoice.field(name) for name in (*NAMES, *DETAILS)]
    files = {place.path or place.asset for field in read for place in field.evidence}
    fields = [
        *(str(field.value or "") for field in read),
        *(re.sub(r"[_.-]", " ", PurePath(one).name) for one in files),
    ]
    labels = [f"{one.label} {one.value}" for one in invoice.labelled if of_items]
    items = [f"{item.description} {item.unit}" for item in invoice.items if of_items]
    return " ".join([*fields, *labels, *items])


@cache
def _asking_words() -> set[str]:
    """The words that fields, items and sums are asked by."""
    patterns = [pattern for _, pattern, _ in lexicon.ASKED_FIELDS] + [one.pattern for one in lexicon.PATTERNS]
    words = [*re.findall(r"[a-z]{2,}", " ".join(patterns)), *lexicon.IDLE, *lexicon.UNITS, *lexicon.OF_FIELDS]
    return content_words(" ".join([*words, *lexicon.NUMBER_WORDS, *lexicon.FILLERS, *ASKED_FOR]))


def hours_of(item: LineItem) -> str | None:
    """The words of an item that say that it is counted in hours: "3hrs" of its name, or its unit."""
    unit = f" 1 {item.unit}" if item.unit else ""
    match = lexicon.HOURS.search(fold(f"{item.description}{unit}"))
    return match[0] if match else None


def is_of_other_time(asked: Asked, item: LineItem) -> bool:
    """Whether a question asks for another time of work than one unit of an item: "Labor 3hrs" is three hours."""
    name = fold(item.description or "")
    by_time = hours_of(item) or _labour() & set(words_of(name))
    if by_time and re.search(r"\b(?:minute|day|week|month|year)s?\b|\bdaily\b", asked.text):
        return True
    match = re.search(rf"(\d+(?:[.,]\d+)?)\s?(?:{lexicon.HOURS.pattern})", name)
    of_hours = re.search(r"\bhour(?:s|ly)?\b", asked.text) is not None
    return of_hours and match is not None and parse_number(match[1]) != item.quantity


def name_of(item: LineItem) -> str:
    """An item's description, on one line."""
    return " ".join((item.description or "item").split())
