"""Texts that are longer than a model reads at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise


def windows(text: str, needed: Callable[[str], int]) -> list[str]:
    """Cut a text into pieces of like length that the model reads whole; nothing is left out.

    Args:
        text: any length. One that fits is returned as it is; of one that does not, every run of white space becomes
            one space.
        needed: about how many windows the model needs for a text; 1 for exactly those that fit.

    Returns:
        The pieces in order, cut between words, and inside a word only where a word alone is too long.
    """
    count = min(needed(text), len(text))
    if count < 2:
        return [text]
    words = text.split()
    units, glue = (words, " ") if len(words) >= count else (text, "")
    edges = [len(units) * n // count for n in range(count + 1)]
    return [window for a, b in pairwise(edges) for window in windows(glue.join(units[a:b]), needed)]
