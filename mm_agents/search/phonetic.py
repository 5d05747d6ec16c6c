"""Finds sentences that sound like a query, whatever letters they were written down with.

A recogniser writes a name, or a language that it understands badly, as other words that sound alike: "Utrecht is te
laat" becomes "rechtist laat". Letters are folded to a few classes of sounds, Cyrillic ones too, and a query sounds like
a sentence where most of its runs of three sounds are in it, rare ones counting for more.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from mm_agents.types import SPOKEN, And, Condition, Match

if TYPE_CHECKING:
    from mm_agents.protocols import Store
    from mm_agents.types import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneticParameters:
    """Set on 40 synthetic clips in eleven languages.

    Attributes:
        alike: the share of a query's sounds, weighted by how rare they are, from which a sentence sounds like it.
            115 of 120 sentences have it with how they were heard, and 3 of 120 with anything said elsewhere.
        shortest: sounds of a query; a single word sounds like too much.
        among: how many sentences are compared; more take longer than a search should.
    """

    alike: float = 0.4
    shortest: int = 10
    among: int = 5000


PARAMETERS = PhoneticParameters()

_RUN = 3
_CLASSES = {
    letter: sound
    for sound, letters in {
        "a": "aouøœаоуыя",
        "f": "fvwвф",
        "i": "eijyıæеиіюэє",
        "k": "cgkqгкх",
        "l": "lłл",
        "n": "mnмн",
        "p": "bpбп",
        "r": "rр",
        "s": "sxzßжзсцчшщ",
        "t": "dtþðдт",
    }.items()
    for letter in letters
}


@lru_cache(maxsize=16_384)  # the words of a transcript come again
def sounds_of(text: str) -> str:
    """A text's sounds, a letter for each class; "" of scripts other than Latin and Cyrillic.

    Vowels are of two classes, voiced and voiceless consonants of one, and what is said twice counts once.
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"(.)\1+", r"\1", "".join(_CLASSES.get(letter, "") for letter in letters))


def by_sound(store: Store, query: str, where: Filter | None) -> list[Match]:
    """The spoken sentences that sound like a query, each as near as one that means almost the same.

    Args:
        store: holds them as parts.
        query: what is said.
        where: only of what passes this.

    Returns:
        Best first; one that has all of the query's sounds scores 1, one that has half of them 0.75.
    """
    wanted = _runs(query)
    if sum(wanted.values()) < PARAMETERS.shortest:
        return []
    spoken = Condition(SPOKEN, "exists")
    sentences = store.iterate(where=spoken if where is None else And((where, spoken)), parts=True)
    said = [(record, _runs(record.text)) for record in islice(sentences, PARAMETERS.among)]
    seen = Counter(run for _, runs in said for run in runs if run in wanted)
    weights = {run: times * math.log(1 + (len(said) + 1) / (seen[run] + 0.5)) for run, times in wanted.items()}
    whole = sum(weights.values())
    shares = [(sum(weight for run, weight in weights.items() if run in runs) / whole, record) for record, runs in said]
    alike = sorted((one for one in shares if one[0] >= PARAMETERS.alike), key=lambda one: (-one[0], one[1].id))
    return [Match(record=record, score=(1 + share) / 2) for share, record in alike]


@lru_cache(maxsize=2 * PARAMETERS.among)
def _runs(text: str) -> Counter[str]:
    """How often each run of sounds is in a text, its ends counting as a sound."""
    sounds = f" {sounds_of(text)} "
    return Counter(sounds[n : n + _RUN] for n in range(len(sounds) - _RUN + 1))
