"""What a question asks for: the operation, the words that name things of the table, a condition; by rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, Field

from mm_agents._optional import require
from mm_agents.documents._numbers import numbers_in
from mm_agents.documents._opencv import EXTRA

Operation = Literal["highest", "lowest", "mean", "sum", "count", "sort", "difference", "lookup"]
Comparison = Literal["more", "less", "at least", "at most", "equal"]

_OPERATIONS: tuple[tuple[Operation, str], ...] = (
    (
        "difference",
        r"\bdifference\b|\bhow much (?:more|less|higher|lower|larger|smaller|greater)\b",
    ),
    ("sort", r"\b(?:sort|rank|order)(?:ed|ing)?\b|\bhighest to (?:the )?lowest\b|\blowest to (?:the )?highest\b"),
    ("highest", r"\b(?:highest|most|largest|maximum|max|biggest|greatest|top|best|leads?|strongest|longest)\b"),
    ("lowest", r"\b(?:lowest|least|smallest|minimum|min|fewest|worst|weakest|shortest)\b(?! \d)"),
    ("mean", r"\b(?:mean|average|avg)\b"),
    ("sum", r"\b(?:sum|total|totals|altogether|combined|add(?:ed)? up|together)\b"),
)
_CONDITIONS: tuple[tuple[Comparison, str], ...] = (
    ("at least", r"\bat least|>=|≥|\bno less than|\bor more\b"),
    ("at most", r"\bat most|<=|≤|\bno more than|\bup to\b|\bor (?:less|fewer)\b"),
    ("more", r"\b(?:more|greater|higher|larger|bigger) than|\babove|\bover|\bexceed(?:s|ed|ing)?|\bbeyond|>"),
    ("less", r"\b(?:less|fewer|lower|smaller) than|\bbelow|\bunder|<"),
    ("equal", r"\bexactly|\bequals?(?: to)?|="),
)
_STOP = frozenset(
    "a an the of in on at for to by with and or is are was were be been has have had do does did which what who whose "
    "how much many that this these those it its there from as per than between value values number figure table row "
    "column show tell me give list name please all each every one where whose their".split()
)


class Condition(BaseModel):
    """A comparison with a number."""

    comparison: Comparison
    value: Decimal


class Query(BaseModel):
    """What a question about a table asks for."""

    operation: Operation = Field(description="what to compute")
    measure: str = Field(description="the column, row or metric whose numbers it is about, as the table names it")
    items: list[str] = Field(
        default_factory=list,
        description="what it asks about in particular, as the table names it: for lookup one, for difference two",
    )
    condition: Condition | None = Field(default=None, description="for count: which numbers count")
    ascending: bool = Field(default=False, description="for sort: whether the lowest comes first")


def operation_of(question: str) -> Operation:
    """The operation that a question's words name; a lookup where they name none."""
    text = question.casefold()
    if re.search(r"\bhow many\b|\bcount\b|\bnumber of\b", text) and condition_of(question):
        return "count"
    for operation, words in _OPERATIONS:
        if re.search(words, text):
            return operation
    return "lookup"


def condition_of(question: str) -> Condition | None:
    """The comparison that a question makes: "more than 10%" and the like."""
    text = question.casefold()
    for comparison, words in _CONDITIONS:
        for match in re.finditer(words, text):
            after = re.match(r"\W*(?:of )?", text[match.end() :])
            numbers = numbers_in(text[match.end() :])
            start = after.end() if after else 0
            if numbers and numbers[0].start <= start + 1:
                return Condition(comparison=comparison, value=numbers[0].value)
            before = numbers_in(text[: match.start()])
            if match[0].startswith("or ") and before and before[-1].end >= match.start() - 3:
                return Condition(comparison=comparison, value=before[-1].value)
    amount = re.search(r"\b(?:of|with|is|are) (?=[$€£]?\d)", text)
    numbers = numbers_in(text[amount.end() :]) if amount else []
    return Condition(comparison="equal", value=numbers[0].value) if numbers and not numbers[0].start else None


def is_ascending(question: str) -> bool:
    """Whether the lowest shall come first."""
    return re.search(r"\b(?:ascending|increasing|(?:lowest|smallest) (?:first|to))\b", question.casefold()) is not None


def without_operation(question: str, operation: Operation) -> str:
    """A question without the words that name its operation."""
    words = next((words for name, words in _OPERATIONS if name == operation), None)
    return re.sub(words, " ", question, flags=re.IGNORECASE) if words else question


# ---------------------------------------------------------------- names in questions


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a text that can name something: small, singular, without those that only join others."""
    found = re.findall(r"[^\W_]+(?:[.,]\d+)*%?|%", text.casefold())
    return tuple(_singular(word) for word in found if word not in _STOP)


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


@lru_cache(maxsize=16384)
def _same(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if any(character.isdigit() for character in word + other) or min(len(word), len(other)) < 4:
        return 0.0
    fuzz = require("rapidfuzz", extra=EXTRA, feature="Questions about tables").fuzz
    alike = float(fuzz.ratio(word, other)) / 100
    return alike if alike >= 0.8 else 0.0
