"""Which words of a question count most: the rarest, as a model of language counted its words, and what it compares."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files

from mm_agents._text import content_words

_ENDING = re.compile(r"['’]s?$")
_NEGATED = re.compile(r"n['’]t$", re.IGNORECASE)
_EITHER = re.compile(
    r"^\W*(?:which|who|what)\b.*[\s,:](?P<one>[\w-]+) or (?:(?:the|my|our|an?) )?(?P<other>[\w-]+)\W*$", re.IGNORECASE
)


def most_telling(words: Iterable[str]) -> str | None:
    """The rarest of some words, and of equals the first; a negated verb such as "doesn't" only where it is alone."""
    places = _by_frequency()

    def rarity(word: str) -> int:
        return -1 if _NEGATED.search(word) else places.get(_ENDING.sub("", word.casefold()), len(places))

    return max(words, key=rarity, default=None)


def other_choice(question: str, words: Collection[str]) -> str | None:
    """The one of two things that a question asks to choose from which is not among the stems of a passage's words."""
    match = _EITHER.search(question)
    both = [match["one"], match["other"]] if match else []
    missing = [one for one in both if not content_words(one) <= set(words)]
    return missing[0] if len(missing) == 1 else None


@cache
def _by_frequency() -> dict[str, int]:
    """The words of the embedder's vocabulary, the commonest first, with their places in it."""
    written = files("mm_agents.embedders").joinpath("_assets", "vocab.txt").read_text("utf-8").split("\n")
    return {word: place for place, word in enumerate(written)}
