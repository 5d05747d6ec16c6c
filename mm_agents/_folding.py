"""How texts are made alike before they are compared."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case without accents, compatibility forms resolved (Unicode's NFKD): "Café ﬁve" is "cafe five"."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in flat if not unicodedata.combining(character))
