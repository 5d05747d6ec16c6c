"""How well the words of a question name a column, a row or an item of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mm_agents._optional import require
from mm_agents._text import by_form, read_data
from mm_agents.documents.opencv import EXTRA
from mm_agents.documents.table.parameters import PARAMETERS

WORDS: dict[str, dict[str, str]] = read_data("mm_agents.documents.table", "questions.toml")
_JOINING = frozenset(WORDS["words"]["join"].split())
_FORMS = by_form(WORDS["forms"])
_REMEMBERED = 4096  # names whose words are kept


@lru_cache(_REMEMBERED)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a text that can name something: small, singular, without those that only join others."""
    found = re.findall(r"[^\W_]+(?:[.,]\d+)*%?|%", text.casefold())
    return tuple(_FORMS.get(word, _singular(word)) for word in found if word not in _JOINING)


def likeness(name: str, asked: Sequence[str]) -> float:
    """How well the words of a question name something, 0 to 1: the share of the name's words that it has.

    Args:
        name: of a column, row, metric or item.
        asked: ``tokens`` of the question.
    """
    words = tokens(name)
    if not words or not asked:
        return 0.0
    return sum(max(_same(word, other) for other in asked) for word in words) / len(words)


def used(name: str, asked: Sequence[str]) -> set[int]:
    """Which words of a question a name has, as numbers."""
    words = tokens(name)
    return {n for n, other in enumerate(asked) if any(_same(word, other) > 0 for word in words)}


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if len(word) > 3 and word.endswith(ending) and not word.endswith("ss") and word[-2:] not in ("us", "is"):
            return word[: -len(ending)] + instead
    return word


@lru_cache(4 * _REMEMBERED)
def _same(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if any(character.isdigit() for character in word + other) or min(len(word), len(other)) < 4:
        return 0.0
    fuzz = require("rapidfuzz", extra=EXTRA, feature="Questions about tables").fuzz
    alike = float(fuzz.ratio(word, other)) / 100
    return alike if alike >= PARAMETERS.same_word else 0.0
