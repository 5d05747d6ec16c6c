"""Sentences that code writes into answers, in the question's language; what they say and quote stays as it is.

A sentence has one form in each language, so that it can be turned back: an answer is checked in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from mm_agents.languages.questions import language_data

_MARKS = re.compile(r"((?:\s*\[\d+\])+)")
_EDGE = re.compile(r"^(\s*(?:[-*;–]\s+)?)(.*?)(\s*)$", re.DOTALL)
_QUOTE = re.compile(r"(“[^”]*”)")
_STOP = re.compile(r"(?<=[.!?。])(\s+)")
_CODE = re.compile(r"(```.*?```)", re.DOTALL)
_KINDS = {"n": r"[-−+]?\d[\d.,]*", "clock": r"\d+:\d\d(?:\.\d)?"}
"""What the places of a sentence hold: numbers, times; every other one holds any text, or a word of a list."""


def said_in(text: str, language: str) -> str:
    """An English text of an answer in a language; sentences that it has no form for stay English.

    Args:
        text: lines and sentences with the marks of their sources.
        language: its code.
    """
    return _turned(text, _sentences(language, False), _sentences(language, True))


def in_english_again(text: str, language: str) -> str:
    """The English of what ``said_in`` gave; a sentence that is none of the language's forms stays as it is."""
    return _turned(text, _sentences(language, True), None)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with places for texts, in one language; how it is said in the other, and the words for its lists."""

    pattern: re.Pattern[str]
    other: str
    words: dict[str, dict[str, str]]

    def turned(self, text: str) -> str | None:
        found = self.pattern.fullmatch(text)
        return None if found is None else self._filled(found)

    def inside(self, text: str) -> str:
        """The text with every place turned that the pattern has in it."""
        return self.pattern.sub(self._filled, text)

    def _filled(self, found: re.Match[str]) -> str:
        groups = found.groupdict()
        return self.other.format(**{name: self.words.get(name, {}).get(said, said) for name, said in groups.items()})


@dataclass(frozen=True, slots=True)
class _Sentences:
    whole: tuple[_Sentence, ...] = ()
    inside: tuple[_Sentence, ...] = ()

    def turned(self, sentence: str) -> str:
        for one in self.inside:
            sentence = one.inside(sentence)
        return next((turned for one in self.whole if (turned := one.turned(sentence)) is not None), sentence)


def _turned(text: str, forms: _Sentences, back: _Sentences | None) -> str:
    """The text with its sentences turned; with ``back``, only those that this turns into the same again."""

    def turned(line: str) -> str:
        found = _EDGE.match(line)
        if found is None or not found[2]:
            return line
        before = _apart(found[2])
        after = [once(piece) for piece in before]
        if any(one == other for one, other in zip(before[::2], after[::2], strict=True)):  # two may belong together
            whole = once(found[2])
            after = after if whole == found[2] else [whole]
        return f"{found[1]}{''.join(after)}{found[3]}"

    def once(sentence: str) -> str:
        there = forms.turned(sentence)
        return there if back is None or back.turned(there) == sentence else sentence

    blocks = _CODE.split(text)
    for n in range(0, len(blocks), 2):  # between them are blocks of code
        pieces = _MARKS.split(blocks[n])
        pieces[::2] = ["\n".join(map(turned, piece.split("\n"))) for piece in pieces[::2]]
        blocks[n] = "".join(pieces)
    return "".join(blocks)


def _apart(text: str) -> list[str]:
    """The sentences of a line, at even places, and the spaces between them; a quote is not cut."""
    pieces = [""]
    for said in _QUOTE.split(text):
        first, *others = [said] if said.startswith("“") else _STOP.split(said)
        pieces[-1] += first
        pieces += others
    return pieces


@cache
def _sentences(language: str, back: bool) -> _Sentences:
    """The sentences of a language from English, or ``back`` to it; none where it has no file or no sentences."""
    data = language_data(language)
    if data is None:
        return _Sentences()
    things = {english: words[0] for english, words in data.get("seen", {}).items()}
    lists: dict[str, dict[str, str]] = {**data.get("lists", {}), "seen": things}
    words = {kind: _swapped(known) if back else known for kind, known in lists.items()}

    def made(pairs: list[list[str]], *, whole: bool) -> tuple[_Sentence, ...]:
        ordered = [(own, english) if back else (english, own) for english, own in pairs]
        ordered.sort(key=lambda pair: len(re.sub(r"\{\w+\}", "", pair[0])), reverse=True)  # the most telling first
        return tuple(_Sentence(_pattern(one, words, whole=whole), other, words) for one, other in ordered)

    return _Sentences(made(data.get("sentences", []), whole=True), made(data.get("inside", []), whole=False))


def _pattern(sentence: str, words: dict[str, dict[str, str]], *, whole: bool) -> re.Pattern[str]:
    pieces = re.split(r"\{([a-z]+)\}", sentence)
    for n in range(1, len(pieces), 2):
        kind = pieces[n]
        held = "|".join(map(re.escape, words[kind])) if kind in words else _KINDS.get(kind.rstrip("ab"), ".+?")
        pieces[n] = f"(?P<{kind}>{held})"
    pieces[::2] = map(re.escape, pieces[::2])
    return re.compile("".join(pieces), re.DOTALL if whole else re.NOFLAG)


def _swapped(words: dict[str, str]) -> dict[str, str]:
    return {own: english for english, own in words.items()}
