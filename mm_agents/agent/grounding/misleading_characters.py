"""Finds characters that make a text look like another: invisible ones, reversed writing, look-alike forms."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of what follows, so that "57" is shown as "75"."""

_OWN = frozenset("…\n\r\t")
"""Characters with a simpler form, or that cannot be seen, that the library writes itself."""


def misleading_character(text: str, known: Iterable[str]) -> str | None:
    """The name of a character by which a text seems to say something else; None where there is none.

    Args:
        text: of an answer.
        known: the question, names and quotes, which may have such characters; none of them may reverse what follows.
    """
    allowed = _OWN.union(*known)
    for character in text:
        if character.isascii() and character.isprintable():
            continue
        hidden = unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
        varied = unicodedata.normalize("NFKC", character) != character
        if character in _REVERSING or ((hidden or varied) and character not in allowed):
            return unicodedata.name(character, f"U+{ord(character):04X}")
    return None
