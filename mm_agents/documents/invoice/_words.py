"""The words of questions about invoices: quantities in words, what is asked for, and the words that say nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from mm_agents._optional import require
from mm_agents.documents._dates import fold
from mm_agents.documents._numbers import parse_number
from mm_agents.documents.invoice._model import LineItem

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
class Wish:
    """A quantity, the words that say of what, and whether the quantity was but an article: "a set"."""

    quantity: Decimal
    words: tuple[str, ...]
    loose: bool = False


def wishes(question: str) -> list[Wish]:
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
        Wish(quantity=number, words=telling(words), loose=loose) for number, words, loose in found if telling(words)
    ]


def telling(words: list[str] | tuple[str, ...]) -> tuple[str, ...]:
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
