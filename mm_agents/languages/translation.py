"""Questions of other languages in English, and an answer's own sentences in the language of its question.

What a question names stays as it is: "Fotos von Hunden" asks for pictures of "Hunden". A sentence of an answer has one
form in each language, so that it can be turned back: an answer is checked in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mm_agents._text import fold_characters, read_data

_QUOTED = re.compile(r"[„“\"«「『]\s*([^„“”\"«»「」『』]+?)\s*[“”\"»」』]")
_CAPTURED = r"(?P<{}>{})"
_TEXTS = ("x", "y", "n")
"""What a form may hold as it is, such as the subject of a search: {x}. Words of the kind "x" have an English one."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of questions, and the English question of which it is one."""

    pattern: re.Pattern[str]
    english: str


@dataclass(frozen=True, slots=True)
class _Forms:
    """The forms of a language's questions.

    Attributes:
        forms: in the order in which they are tried.
        names: for each kind of word the English words with what matches them.
        joint: what joins two questions.
    """

    forms: tuple[_Form, ...]
    names: dict[str, dict[str, re.Pattern[str]]]
    joint: re.Pattern[str]


def in_english(text: str, language: str | None) -> str:
    """The English question that a text asks; what it asks about stays as it is.

    Args:
        text: "Zeig mir Bilder von Katzen" is "show me pictures of Katzen".
        language: of the text, by its code.

    Returns:
        The text itself, where the language is English, or has no forms of questions here, or none of them fits.
    """
    known = _forms(language) if language is not None else None
    if known is None:
        return text
    sentences = [one.strip() for one in re.split(r"(?<=[.?!。？！؟])\s*", text.strip()) if one.strip()]
    asked = [_asked(one, known) for one in sentences]
    if all(one is None for one in asked):
        return text
    return " ".join(one or sentence for one, sentence in zip(asked, sentences, strict=True))


def language_data(language: str) -> dict[str, Any] | None:
    """What the file of a language says; None where there is no file."""
    name = f"{language}.toml"
    if not re.fullmatch(r"[a-z]{2,3}", language) or not files("mm_agents.languages").joinpath(name).is_file():
        return None
    return read_data("mm_agents.languages", name)


def _asked(sentence: str, known: _Forms) -> str | None:
    """What a sentence asks: as a whole, or each of the two parts that a joint has."""
    whole = _matched(sentence, known)
    if whole is not None:
        return whole
    for joint in known.joint.finditer(fold_characters(sentence)):
        before, after = sentence[: joint.start()], sentence[joint.end() :]
        parts = [_matched(before, known), _asked(after, known)]
        if parts[0] is not None and parts[1] is not None:
            return f"{parts[0].rstrip('?.')} and {parts[1]}"
    return None


def _matched(sentence: str, known: _Forms) -> str | None:
    bare = re.sub(r"^[\s¿¡]+|[\s?!.,。？！，؟،]+$", "", sentence)
    folded = fold_characters(bare).replace("’", "'")
    for form in known.forms:
        if found := form.pattern.fullmatch(folded):
            said = {
                name: bare[found.start(name) : found.end(name)] if found[name] else "" for name in found.groupdict()
            }
            english = form.english.format(**{name: _named(name, words, known) for name, words in said.items()})
            return re.sub(r"\s+(?=[?.]|$)", "", english)  # where a word that may be said is not
    return None


def _named(name: str, words: str, known: _Forms) -> str:
    """The English word for some words of a kind; a text stays as it is, in English quotes where it has other ones."""
    patterns = known.names.get("x" if name in _TEXTS else name, {})
    folded = fold_characters(words)
    words = _QUOTED.sub(r"“\1”", words)
    return next((english for english, pattern in patterns.items() if pattern.fullmatch(folded)), words)


@cache
def _forms(language: str) -> _Forms | None:
    """The forms of a language's questions; None where it has no file."""
    data = language_data(language)
    if data is None:
        return None
    things = {english: "|".join(map(re.escape, map(fold_characters, words))) for english, words in data["seen"].items()}
    names: dict[str, dict[str, str]] = {**data["names"], "seen": things}
    captured = {kind: _CAPTURED.format(kind, "|".join(words.values())) for kind, words in names.items()}
    captured |= {text: _CAPTURED.format(text, ".+?") for text in _TEXTS}
    parts: dict[str, str] = {}
    for part, pattern in data["parts"].items():
        parts[part] = _filled(pattern, parts)
    return _Forms(
        forms=tuple(
            _Form(re.compile(_filled(pattern, parts | captured)), english) for pattern, english in data["questions"]
        ),
        names={
            kind: {english: re.compile(pattern) for english, pattern in words.items()} for kind, words in names.items()
        },
        joint=re.compile(data["joint"]),
    )


def _filled(pattern: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda found: parts[found[1]], pattern)


# ---------------------------------------------------------------- sentences of answers

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
