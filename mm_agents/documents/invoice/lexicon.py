"""The words of invoices in six languages, from ``lexicon.toml``: labels, headings, names, and words of questions."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from mm_agents._optional import require
from mm_agents._text import read_data
from mm_agents.documents.invoice.parameters import PARAMETERS

FieldKind = Literal["number", "date", "due_date", "purchase_order", "currency"]
AmountKind = Literal["total", "subtotal", "tax", "discount", "shipping", "rounding", "paid", "change", "other"]
PartyKind = Literal["seller", "buyer", "ship_to"]
ColumnKind = Literal[
    "position", "code", "description", "quantity", "unit", "price", "discount", "rate", "tax", "amount", "other"
]
Patterns = tuple[str, ...]
"""Labels of one kind: for each rank the alternatives, parted by "|"; the most telling rank first."""

_NUMBER = r"(?:n[o°ºu0]?[.°]?|no[.s]?|nr[.]?|num(?:ber|mer|ero|[.])?|n[o]?[°º]|id|#|reference|ref[.]?)"
_WORDS = read_data("mm_agents.documents.invoice", "lexicon.toml")
WEIGHTS: dict[str, dict[str, float]] = read_data("mm_agents.documents.invoice", "weights.toml")
"""How much each feature counts where one of several candidates is chosen."""
_LINES, _QUESTIONS = _WORDS["lines"], _WORDS["questions"]


def _ranked(section: str) -> dict[Any, Patterns]:
    return {kind: tuple("|".join(rank) for rank in ranks) for kind, ranks in _WORDS[section].items()}


FIELDS: dict[FieldKind, Patterns] = _ranked("fields")
DETAILS: dict[str, Patterns] = _ranked("details")
AMOUNTS: dict[AmountKind, Patterns] = _ranked("amounts")
PARTIES: dict[PartyKind, Patterns] = _ranked("parties")
COLUMNS: dict[ColumnKind, str] = {kind: "|".join(names) for kind, names in _WORDS["columns"].items()}

TITLES = re.compile(
    r"^\W*(?:simplified |retail |sales |commercial |proforma |pro ?forma )?(?:tax |vat )?"
    rf"(?:{'|'.join(_LINES['titles'])})\W*$"
)
"""Lines that say what a page is, and never who."""
COMPANY = re.compile(rf"\b(?:{'|'.join(_LINES['company'])})\b[.]?")
NOT_A_NAME = re.compile("|".join(_LINES["not_a_name"]))
STREET = re.compile("|".join(_LINES["street"]))
POSTCODE = re.compile("|".join(_LINES["postcode"]))
US_STATE = re.compile("|".join(_LINES["us_state"]))
OTHER_DATE = re.compile(rf"(?:{'|'.join(_LINES['other_date'])})\W*(?:und \w+\W*)?$")
OTHER_DATE_OF = re.compile(rf"^\W*(?:of )?(?:de |der |van )?(?:la )?(?:{'|'.join(_LINES['other_date_of'])})")

ASKED_FIELDS = tuple((asked["field"], "|".join(asked["words"]), asked["answer"]) for asked in _WORDS["asked"])
"""The fields with what asks for them and the sentence that answers."""
PRICE, COUNT, EACH = (re.compile("|".join(_QUESTIONS[name])) for name in ("price", "count", "each"))
HOW_MANY = re.compile(
    r"\W*(?:and )?how many(?: (?:did|do|have|had|were|are|was) (?:i|we|they|there|you)"
    r"(?: (?:buy|bought|order(?:ed)?|get|got|take|have|pay for))?)?(?: of (?:it|them|those))?\W*"
)
"""The whole of a question that counts what the one before names."""
THINGS = re.compile(rf"\b(?:{'|'.join(_QUESTIONS['things'])})\b")
UNREAD = re.compile(rf"\b(?:{'|'.join(_QUESTIONS['unread'])})\b")
ASKED_PARTIES: dict[str, str] = {party: "|".join(words) for party, words in _QUESTIONS["parties"].items()}
ASKED_DETAILS = {name: re.compile(rf"\b(?:{'|'.join(words)})\b") for name, words in _QUESTIONS["details"].items()}
STATUS = {
    name: re.compile(rf"\W*(?:(?:payment )?status\W+)?(?P<value>{'|'.join(_QUESTIONS['status'][name])})\W*")
    for name in ("paid", "unpaid")
}
"""The whole of a line that says whether all of it is paid."""
STATUS_WORDS: str = _QUESTIONS["status"]["words"]
TENDERS = {
    kind: re.compile(
        rf"\W*(?:paid (?:by|in|with) )?(?:{'|'.join(words)})(?: (?:paid|payment|tender(?:ed)?|received|amount))?\W*"
    )
    for kind, words in _QUESTIONS["tenders"].items()
}
"""The whole of a label of what was given in cash, and by card."""
PAID_BY = re.compile(rf"\W*(?:{'|'.join(_QUESTIONS['paid_by'])})\W*")
"""The whole of a label of how it was paid."""
STAFF = re.compile(rf"\W*(?:your )?(?:{'|'.join(_QUESTIONS['staff']['labels'])})(?: name)?\W*")
"""The whole of a label of who served."""
STAFF_NAMES: str = "|".join(_QUESTIONS["staff"]["names"])
CHANGE = re.compile(rf"\W*(?:{'|'.join(AMOUNTS['change'])})\W*")
"""The whole of a label of what was given back."""
UNPAID = re.compile(rf"\b(?:{'|'.join(_QUESTIONS['unpaid']['words'])})\b")
PATTERNS = (PRICE, COUNT, EACH, THINGS, UNREAD, UNPAID, *ASKED_DETAILS.values())
"""What asks for prices, items and details."""
OF_FIELDS = frozenset(_QUESTIONS["of_fields"]["words"].split())
SAME = {word: meant for meant, words in _QUESTIONS["same"].items() for word in words.split()}
"""Words of labels by the word that is kept for them."""
CURRENCY_WORDS: dict[str, str] = _QUESTIONS["currencies"]
IDLE, UNITS, ARTICLES, FILLERS = (
    frozenset(_QUESTIONS[name].split()) for name in ("idle", "units", "articles", "fillers")
)
LABOUR: str = _QUESTIONS["labour"]
"""What work is called, on invoices and in questions."""
HOURS = re.compile(rf"(?<![a-z])(?:{'|'.join(_QUESTIONS['hours'])})\b")
CHECKED, CHECKED_TAX = _QUESTIONS["checked"], _QUESTIONS["checked_tax"]
"""The words that a question of the numbers may say: "do the items add up?"."""
NUMBER_WORDS = {word: Decimal(number) for number, words in _WORDS["numbers"].items() for word in words.split()}
"""Whole numbers in words, in lower case without accents."""


@cache
def compiled(patterns: Patterns) -> tuple[re.Pattern[str], ...]:
    """The patterns, each at the beginning of a word."""
    return tuple(re.compile(rf"(?<![a-z0-9])(?:{spelled(pattern)})(?![a-z])") for pattern in patterns)


@cache
def columns() -> dict[ColumnKind, re.Pattern[str]]:
    """The patterns that the whole heading of a column matches, in the order that they are tried in."""
    return {kind: re.compile(spelled(pattern)) for kind, pattern in COLUMNS.items()}


def spelled(pattern: str) -> str:
    """The regular expression of an entry of ``lexicon.toml``."""
    outside = re.split(r"(\[[^\]]*\]|\\.)", pattern)
    for n in range(0, len(outside), 2):
        text = outside[n].replace(" #", "\x01").replace(" ?", "\x00").replace(" ", r"[\s.-]*")
        outside[n] = text.replace("\x00", r"[\s.-]?").replace("\x01", rf"[\s.:-]*{_NUMBER}")
    return "".join(outside)


@cache
def written_out(patterns: Patterns) -> dict[str, int]:
    """The labels without anything optional in them, each with its rank."""
    names: dict[str, int] = {}
    for rank, pattern in enumerate(patterns):
        for name in re.sub(r"\([^()]*\)\??", "?", pattern).split("|"):
            if re.fullmatch(r"[a-z ]+", name):
                names.setdefault(name, rank)
    return names


def nearest(text: str, patterns: Patterns, likeness: float) -> int | None:
    """The rank of the label that a text with a misread letter nearly is; the likeness is of 100."""
    p = PARAMETERS
    if not p.shortest_misread <= len(text) <= p.longest_misread:
        return None
    return _nearest(text, patterns, p.shortest_misread, likeness)


@cache
def _nearest(text: str, patterns: Patterns, shortest: int, likeness: float) -> int | None:
    ranks = written_out(patterns)
    names = [name for name in ranks if len(name) >= shortest]
    rapidfuzz = require("rapidfuzz", extra="documents", feature="Reading invoices")
    best = rapidfuzz.process.extractOne(text, names, scorer=rapidfuzz.fuzz.ratio, score_cutoff=min(likeness, 100))
    return ranks[best[0]] if best else None
