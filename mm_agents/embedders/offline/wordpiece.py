"""The tokeniser of BERT (uncased): text to word pieces, in windows that a model can take in at once.

Source: Devlin et al. 2018, arXiv:1810.04805, and the greedy longest-match of Wu et al. 2016, arXiv:1609.08144.
The ids are those of Hugging Face's tokenizers, but for markers such as "[SEP]" in the text: here they are plain text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_LONGEST_WORD = 100  # characters; a longer one is unknown
_DROPPED = {"Mn", "Cc", "Cf", "Co", "Cs"}  # accents, controls, formats, private use, lone surrogates
_CJK = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Splits text by a vocabulary. Thread-safe.

    Args:
        vocabulary: the pieces; a piece's id is its place, and "##" marks one that continues a word.
        window: how many ids a window holds at most, with its two markers.
    """

    def __init__(self, vocabulary: Sequence[str], *, window: int) -> None:
        self._ids = {piece: id for id, piece in enumerate(vocabulary)}
        self._start, self._end, self._unknown = (self._ids[marker] for marker in ("[CLS]", "[SEP]", "[UNK]"))
        self._room = window - 2
        self._folding = _Folding()
        self._pieces = lru_cache(maxsize=1 << 16)(self._split_word)

    def windows(self, text: str) -> list[list[int]]:
        """The text's ids, each window between the markers [CLS] and [SEP].

        A text that does not fit into one window continues in the next, at a word's boundary; nothing is left out. A
        text without words is one window of the two markers.
        """
        windows: list[list[int]] = [[]]
        for word in unicodedata.normalize("NFD", text).translate(self._folding).split():
            pieces = self._pieces(word)
            if len(windows[-1]) + len(pieces) > self._room:
                windows.append([])
            windows[-1].extend(pieces)
        return [[self._start, *ids, self._end] for ids in windows]

    def _split_word(self, word: str) -> tuple[int, ...]:
        """The longest piece that the word begins with, then the longest of the rest, to its end."""
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        ids: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                id = self._ids.get(prefix + word[start:end])
                if id is not None:
                    break
            else:
                return (self._unknown,)
            ids.append(id)
            start = end
        return tuple(ids)


class _Folding(dict[int, str]):
    """What each character of decomposed text becomes, for ``str.translate``; remembers what it was asked."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


def _fold(character: str) -> str:
    """Lower case; nothing for accents and controls; spaces around punctuation and Chinese characters."""
    code, category = ord(character), unicodedata.category(character)
    if character in "\t\n\r" or category.startswith("Z"):
        return " "
    if character == "\N{REPLACEMENT CHARACTER}" or category in _DROPPED:
        return ""
    symbol = character.isascii() and not character.isalnum()
    if symbol or category.startswith("P") or any(first <= code <= last for first, last in _CJK):
        return f" {character} "
    return character.lower()
