"""The languages of questions: which one a text is in, what a question asks in English, and an answer's own sentences.

``detection.toml`` has what tells languages apart. A file for each language, such as ``de.toml``, has the forms of its
questions with their English ones, and the sentences that code writes into answers.
"""

from __future__ import annotations

import re
from collections import Counter

from mm_agents._text import read_data
from mm_agents.languages.translation import in_english, in_english_again, said_in

__all__ = ["ENGLISH", "UNKNOWN", "detected", "in_english", "in_english_again", "said_in"]


ENGLISH = "en"
UNKNOWN = "und"
"""The code of a language that nothing tells."""

_DATA = read_data("mm_agents.languages", "detection.toml")
_WORDS = {code: frozenset(words.split()) for code, words in _DATA["words"].items()}
_LETTERS: dict[str, str] = _DATA["letters"]
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),  # before Chinese, whose characters Japanese has too
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_FOREIGN = 0.15
"""The share of a text's letters from which a script other than Latin says its language; names are often Latin."""


def detected(text: str) -> str | None:
    """The language that a text is in, by its code.

    Args:
        text: a question or a few words.

    Returns:
        A code such as "en" or "zh"; None where neither script nor words say it, as of "Katzen" and "golf ball".
    """
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return ENGLISH
    other = [character for character in letters if not character.isascii()]
    for code, script in _SCRIPTS:
        if script.search(text) and len(other) >= _FOREIGN * len(letters):
            return code
    words = re.findall(r"[^\W\d_]+", text.casefold())
    scores: Counter[str] = Counter()
    for code, known in _WORDS.items():
        scores[code] = sum(word in known for word in words)
    for code, own in _LETTERS.items():
        scores[code] += sum(letter in text.casefold() for letter in own)
    best, score = max(scores.items(), key=lambda one: (one[1], one[0] == ENGLISH))
    return best if score else None
