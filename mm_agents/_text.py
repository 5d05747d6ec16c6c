"""Texts made alike before they are compared, and short before they are shown."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms resolved (Unicode's NFKD): "Café ﬁve" is "cafe five"."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in flat if not unicodedata.combining(character))


def excerpt(text: str, characters: int) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"
