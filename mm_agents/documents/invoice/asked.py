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
from mm_agents.documents.invoice.data import DETAILS, NAMES, InvoiceData, LineItem
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import parse_number, plain_money
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import DocumentAnswer, Evidence


@dataclass(frozen=True)
class Asked:
    """A question about an invoice."""

    invoice: InvoiceData
    question: str

    @cached_property
    def text(self) -> str:
        """The question in lower case without accents."""
        return fold(self.question)

    @cached_property
    def item(self) -> LineItem | None:
        """The item that its words mean."""
        return the_item(self.invoice, telling_words(words_of(self.question)))

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
    return tuple(word for word in telling if word not in lexicon.UNITS) or tuple(telling)


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
    ratio = require("rapidfuzz", extra="documents", feature="Answering questions").fuzz.ratio
    asked = [_root(word) for word in words]
    found: list[tuple[float, LineItem]] = []
    for item in items:
        own = [_root(word) for word in words_of(item.description or "")]
        if not own or not asked:
            continue
        scores = [max(ratio(word, other) for other in own) for word in asked]
        hits = [score for score in scores if score >= PARAMETERS.likeness]
        if len(hits) >= PARAMETERS.most * len(scores):
            like = PARAMETERS.likeness
            covered = sum(max(ratio(word, other) for word in asked) >= like for other in own) / len(own)
            found.append((round(sum(hits) / len(scores) / 100 + PARAMETERS.name_coverage * covered, 4), item))
    return sorted(found, key=lambda match: -match[0])


def _root(word: str) -> str:
    """A word without its plural's ending."""
    return re.sub(r"(?:es|s|en|n)$", "", word) if len(word) > 4 else word


def the_item(invoice: InvoiceData, words: Sequence[str]) -> LineItem | None:
    """The one item that words mean; None where none is meant, or several at different prices."""
    found = matching_items(words, invoice.items)
    best = [item for score, item in found if found[0][0] - score <= PARAMETERS.item_tie]
    return best[0] if len({item.unit_price for item in best}) == 1 else None


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


def unsaid_words(asked: Asked, answer: str) -> list[str]:
    """The words of an English question that neither the invoice nor an answer says, and that no field is asked by.

    "How much tax do I pay next month" has "next" and "month": what is told may be about something else.
    """
    if detected(asked.question) not in (None, ENGLISH):
        return []
    known = content_words(f"{answer} {_said(asked.invoice)}") | _asking_words()
    text = _FILE_NAME.sub(" ", asked.text)
    return [word for word in re.findall(r"[^\W\d_]+", text) if not content_words(word) <= known]


_FILE_NAME = re.compile(r"\S+\.[a-z]{3,4}\b")


def _said(invoice: InvoiceData) -> str:
    """All texts that were read from an invoice, and the name of its file."""
    read = [invoice.field(name) for name in (*NAMES, *DETAILS)]
    files = {place.path or place.asset for field in read for place in field.evidence}
    fields = [
        *(str(field.value or "") for field in read),
        *(re.sub(r"[_.-]", " ", PurePath(one).name) for one in files),
    ]
    labels = [f"{one.label} {one.value}" for one in invoice.labelled]
    return " ".join([*fields, *labels, *(f"{item.description} {item.unit}" for item in invoice.items)])


@cache
def _asking_words() -> set[str]:
    """The words that fields, items and sums are asked by."""
    patterns = [pattern for _, pattern, _ in lexicon.ASKED_FIELDS] + [one.pattern for one in lexicon.PATTERNS]
    words = [*re.findall(r"[a-z]{2,}", " ".join(patterns)), *lexicon.IDLE, *lexicon.UNITS, *lexicon.OF_FIELDS]
    return content_words(" ".join([*words, *lexicon.NUMBER_WORDS, *lexicon.FILLERS, *ASKED_FOR]))


def name_of(item: LineItem) -> str:
    """An item's description, on one line."""
    return " ".join((item.description or "item").split())
