"""Ranked lists as every store makes them, and the kinds of values that typed columns tell apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain

from mm_agents._fusion import fused_scores
from mm_agents.types import Match, Value

SCORE_DECIMALS = 6
"""Cosines of float32 vectors mean something up to here; rounded, equal vectors tie on every path of computing."""

_WORD = re.compile(r"[^\W_]+")


def collapse(matches: Iterable[Match]) -> list[Match]:
    """Each asset once, by its best match; best first, equal scores in the order of the assets' ids."""
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: (-match.score, match.record.asset, match.record.id)):
        best.setdefault(match.record.asset, match)
    return list(best.values())


def fusion_depth(limit: int, offset: int) -> int:
    """How many assets of each list are fused, so that the wanted ones are among them."""
    return max(100, 4 * (limit + offset))


def fuse(lists: Sequence[Sequence[Match]]) -> list[Match]:
    """Join ranked lists by reciprocal rank; the record of an asset is that of the first list that has it."""
    scores = fused_scores([[match.record.asset for match in ranked] for ranked in lists])
    found: dict[str, Match] = {}
    for match in chain.from_iterable(lists):
        found.setdefault(match.record.asset, match)
    return collapse(Match(record=match.record, score=scores[asset]) for asset, match in found.items())


def terms(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, safe to put into a query."""
    return _WORD.findall(unicodedata.normalize("NFC", text))


def bare(word: str) -> str:
    """A word without case and accents."""
    return "".join(char for char in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(char))


def keywords(text: str) -> str:
    """Text as keyword search compares it: words without case and accents."""
    return " ".join(map(bare, terms(text)))


def kind_of(value: Value) -> str:
    """A property's kind: "bool", "int", "number", "text" or "list"."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "number"
        case str():
            return "text"
        case _:
            return "list"
