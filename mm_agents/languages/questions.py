"""What questions in other languages ask, as English ones that name the same things: "Fotos von Hunden" of "Hunden"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mm_agents._text import fold_characters, read_data

_CAPTURED = r"(?P<{}>{})"
_TEXTS = ("x", "y", "n")
"""What a form may hold as it is, such as the subject of a search: {x}."""


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
    sentences = [one.strip() for one in re.split(r"(?<=[.?!。？！])\s*", text.strip()) if one.strip()]
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
    bare = re.sub(r"^[\s¿¡]+|[\s?!.,。？！，]+$", "", sentence)
    folded = fold_characters(bare)
    for form in known.forms:
        if found := form.pattern.fullmatch(folded):
            said = {name: bare[found.start(name) : found.end(name)] for name in found.groupdict() if found[name]}
            return form.english.format(**{name: _named(name, words, known) for name, words in said.items()})
    return None


def _named(name: str, words: str, known: _Forms) -> str:
    """The English word for some words of a kind; a text stays as it is."""
    patterns = known.names.get(name, {})
    folded = fold_characters(words)
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
