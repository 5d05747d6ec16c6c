"""Whether a sentence says again what one passage of a text says: the same words in the same order, nothing denied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mm_agents._text import content_words, fold
from mm_agents.agent.grounding.coverage import NEGATIONS

_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)\s+|\n+")
_POINTING = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her|this|these|those)\b", re.IGNORECASE)
_WORD = re.compile(r"\d+(?:[.,:/-]\d+)*|[€£$¥%]|[^\W\d_]+(?:'[^\W\d_]+)?")
_SAYING = frozenset("note notes text texts file says say said states according plot story film is about".split())
_MEANING = frozenset(
    "may first last second third before after between under over above below most more less few every only no none "
    "neither nor both each all either two one without his her him she he".split()
)
"""Words that a search leaves out and that change what a sentence says."""
_LEAST = 2  # words that a passage and a sentence share, fewer prove nothing


def passage_fault(text: str, passages: Iterable[str], names: Sequence[str] = ()) -> str | None:
    """Why none of the passages says a sentence; None where one does.

    Args:
        text: the sentence.
        passages: quotes of the sources that it cites.
        names: of these sources, which the sentence may name.
    """
    bare = text
    for name in sorted(names, key=len, reverse=True):
        bare = bare.replace(name, " ") if name else bare
    said = [word for word in _words(bare) if word not in _SAYING]
    about = bare != text and re.search(r"\babout\b", bare, re.IGNORECASE) is not None
    least = 1 if about else _LEAST
    if len(said) < least:
        return "it says too little that was read"
    for passage in passages:
        if any(_says(said, bare, sentence, before, least) for sentence, before in _sentences(passage)):
            return None
    return "no passage that it cites says so"


def _sentences(passage: str) -> Iterator[tuple[str, str]]:
    """Each sentence, and the one before it where it points back."""
    before = ""
    for sentence in _SENTENCE_END.split(passage):
        yield sentence, before if _POINTING.search(sentence) else ""
        before = sentence


def _words(text: str) -> list[str]:
    """The words that carry meaning, in order, cut to their stems."""
    found: list[str] = []
    for word in _WORD.findall(fold(text)):
        if word in _MEANING or not word[0].isalpha():
            found.append(word)
        else:
            found += content_words(word)
    return found


def _says(said: Sequence[str], bare: str, sentence: str, before: str, least: int) -> bool:
    words = _words(sentence)
    if _denials(bare) != _denials(sentence):
        return False
    pointed = set(_words(before)) - _figures(before)
    own = [word for word in said if word in words]
    if any(word not in words and word not in pointed for word in said) or len(own) < least:
        return False
    return _in_order(own, words) and len(own) + 1 >= len([word for word in said if word not in pointed])


def _denials(text: str) -> set[str]:
    return {"not" for word in re.findall(r"[a-z']+", text.casefold()) if word in NEGATIONS or word.endswith("n't")}


def _figures(text: str) -> set[str]:
    return {word for word in _words(text) if not word[0].isalpha()}


def _in_order(said: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words follow each other as in the passage; one of them may stand elsewhere."""
    longest = [0] * (len(words) + 1)
    for word in said:
        before = list(longest)
        for n, other in enumerate(words):
            longest[n + 1] = before[n] + 1 if word == other else max(before[n + 1], longest[n])
    return longest[-1] >= len(said) - 1 if len(said) > _LEAST else longest[-1] >= _LEAST - 1
