"""An amount that a question wants several times: what a text gives of it, multiplied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from mm_agents._text import FACTORS, NUMBER_WORDS, content_words, read_patterns

_SCALED = read_patterns("mm_agents.agent", "passage_choice.toml")["scaled"]
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_FACTORS = FACTORS | NUMBER_WORDS


@dataclass(frozen=True, slots=True)
class ScaledAmount:
    """What a question wants several times.

    Attributes:
        question: for the amount that the text gives.
        what: the noun that is counted or measured, as it is said.
        factor: the words for how many times.
        times: their number; 0 for half.
        unit: the unit that it is asked in, "" where any will do.
    """

    question: str
    what: str
    factor: str
    times: int
    unit: str = ""


def scaled_amount(question: str) -> ScaledAmount | None:
    """What a question wants several times; None where it has no plain factor, or says more than that."""
    factors = [*_SCALED["factor"].finditer(question)]
    asked = next((one for one in _SENTENCE.split(question) if _SCALED["amount"].search(one)), None)
    if len(factors) != 1 or asked is None:
        return None
    (factor,), found = factors, _SCALED["amount"].search(asked)
    word = next(one for one in (factor["word"], factor["of_word"], factor["verb"]) if one).casefold()
    times = 0 if word in ("half", "halve") else _FACTORS.get(word) or int(word)
    rest = asked.replace(factor[0], " ").replace(found[0] if found else "", " ")
    if found is None or content_words(_SCALED["frame"].sub(" ", rest)):
        return None
    of = (factor["of"] or factor["batch_of"] or factor["verb_of"] or "").strip()
    of = of if content_words(_SCALED["frame"].sub(" ", of)) else ""
    text = f"How {found['much']} {found['what']} do I need{f' for {of}' if of else ''}?"
    return ScaledAmount(text, found["what"], factor[0].strip(), times, found["unit"] or "")


def computed_amount(scaled: ScaledAmount, passage: str, whole: str) -> tuple[str, str] | None:
    """The amount that a passage gives, multiplied: the sentence, and the sum behind it.

    None where the whole text does not give one amount of it, or the passage gives it for each of something.
    """
    wanted = content_words(scaled.what)
    given = [
        [one for one in _SCALED["given"].finditer(text) if content_words(one["what"]) == wanted]
        for text in (passage, whole)
    ]
    if not wanted or [len(found) for found in given] != [1, 1] or _SCALED["each"].search(passage):
        return None
    number, unit, what = (given[0][0][name] for name in ("number", "unit", "what"))
    if scaled.unit and scaled.unit[0].casefold() != (unit or " ")[0].casefold():
        return None  # asked in cups, and given in grams
    value = Decimal(number) * scaled.times if scaled.times else Decimal(number) / 2
    told = f"{number} × {scaled.times}" if scaled.times else f"{number} / 2"
    text = f"{told} = {value.normalize():f}{f' {unit} of' if unit else ''} {what}."
    return text, f"{told.replace('×', '*')} = {value.normalize():f}"
