"""Titles that a sentence names, spelt more or less as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches

from mm_agents._text import fold

_ALIKE = 0.86
"""How like its title a name has to be: one letter in seven may differ."""

_SHORT = 4
"""A title of no more letters is meant only where it is written with a capital inside the sentence: "Her", "Up"."""

_ARTICLES = frozenset({"the", "a", "an"})


def films_named(text: str, films: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The films that a text names, in its order.

    Args:
        text: a sentence.
        films: ids and titles.

    Returns:
        The id, and the words of the text that name it.
    """
    words = [(match[0], match.start(), match.end()) for match in re.finditer(r"[^\W_]+(?:['’][^\W_]+)*", text)]
    folded = [_fold(word) for word, _, _ in words]
    starts = {word[:3] for word in folded}
    found: list[tuple[float, int, int, str]] = []
    for id, title in films:
        for name, weight in _names(title):
            if not any(word[:3] in starts for word in name):
                continue
            best = _best(name, folded, words)
            if best is not None:
                score, start, end = best
                found.append((score * weight + len(name) / 100, start, end, id))
    taken: set[int] = set()
    kept: list[tuple[int, int, str]] = []
    for _, start, end, id in sorted(found, key=lambda one: (-(one[2] - one[1]), -one[0])):
        if not taken & set(range(start, end)):
            taken |= set(range(start, end))
            kept.append((start, end, id))
    return [(id, text[words[start][1] : words[end - 1][2]]) for start, end, id in sorted(kept)]


def closest(name: str, titles: Sequence[str]) -> list[str]:
    """Up to three titles that a misspelt one may mean."""
    by_fold = {_fold(title): title for title in titles}
    return [by_fold[one] for one in get_close_matches(_fold(name), list(by_fold), n=3, cutoff=0.5)]


def _names(title: str) -> list[tuple[list[str], float]]:
    """How a title may be called: whole, and by what stands before a colon, which counts for less."""
    whole = _words(title)
    main = _words(re.split(r":| [-–] ", title)[0])
    names = [(whole, 1.0)] if whole else []
    return [*names, (main, 0.9)] if main and main != whole else names


def _best(
    name: list[str], folded: Sequence[str], words: Sequence[tuple[str, int, int]]
) -> tuple[float, int, int] | None:
    """Where the words of a text are most like a name: the likeness, and from which word to which."""
    wanted = " ".join(name)
    best: tuple[float, int, int] | None = None
    for start in range(len(folded)):
        if folded[start] in _ARTICLES and name[0] not in _ARTICLES:
            continue
        for size in (len(name), len(name) - 1, len(name) + 1):
            end = start + size
            if size < 1 or end > len(folded):
                continue
            said = " ".join(folded[start:end])
            if abs(len(said) - len(wanted)) > 2 + len(wanted) // 6:
                continue
            if len(wanted) <= _SHORT and (said != wanted or start == 0 or not words[start][0][0].isupper()):
                continue
            likeness = 1.0 if said == wanted else SequenceMatcher(None, said, wanted, autojunk=False).ratio()
            if likeness >= _ALIKE and (best is None or likeness > best[0]) and _same_numbers(said, wanted):
                best = (likeness, start, end)
    return best


def _same_numbers(said: str, wanted: str) -> bool:
    """Whether both have the same numbers: "Iron Man 2" is not "Iron Man 3"."""
    return re.findall(r"\d+", said) == re.findall(r"\d+", wanted)


def _words(title: str) -> list[str]:
    words = [_fold(word) for word in re.findall(r"[^\W_]+(?:['’][^\W_]+)*", title)]
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def _fold(text: str) -> str:
    return fold(text.replace("’", "'"))
