"""Which of a question's words says most of what it is about: the rarest, as a model of language counted its words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_ENDING = re.compile(r"['’]s?$")
_NEGATED = re.compile(r"n['’]t$", re.IGNORECASE)


def most_telling(words: Iterable[str]) -> str | None:
    """The rarest of some words, and of equals the first; a negated verb such as "doesn't" only where it is alone."""
    places = _by_frequency()

    def rarity(word: str) -> int:
        return -1 if _NEGATED.search(word) else places.get(_ENDING.sub("", word.casefold()), len(places))

    return max(words, key=rarity, default=None)


@cache
def _by_frequency() -> dict[str, int]:
    """The words of the embedder's vocabulary, the commonest first, with their places in it."""
    written = files("mm_agents.embedders").joinpath("_assets", "vocab.txt").read_text("utf-8").split("\n")
    return {word: place for place, word in enumerate(written)}
