"""Ids were made with Hugging Face's tokenizers and all-MiniLM-L6-v2's tokenizer.json, except where said."""

from __future__ import annotations

from itertools import chain

import pytest

from mm_agents.embedders.offline.texts import WordPiece
from mm_agents.embedders.offline.weights import asset

CLS, SEP, UNK = 101, 102, 100


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    return asset("vocab.txt").read_text("utf-8").split("\n")


@pytest.fixture(scope="module")
def tokeniser(vocabulary: list[str]) -> WordPiece:
    return WordPiece(vocabulary, window=256)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello, wörld", [7592, 1010, 2088]),
        ("naïve café", [15743, 7668]),
        ("nai\u0308ve cafe\u0301", [15743, 7668]),  # the same, decomposed
        ("don't stop-it_now", [2123, 1005, 1056, 2644, 1011, 2009, 1035, 2085]),
        ("İstanbul ΣΑΣ straße", [9960, 1173, 14608, 29733, 2358, 27807]),  # no final sigma, ß stays
        ("日本 text", [1864, 1876, 3793]),
        ("日本text", [1864, 1876, 3793]),
        ("emoji 🐶 dog", [7861, 29147, 2072, UNK, 3899]),
        ("tab\tnew\nline\x00x\ufffd", [21628, 2047, 2240, 2595]),
        ("zero\u200bwidth", [5717, 9148, 11927, 2232]),
        ("x\u00a0y\u3000z\u2028w", [1060, 1061, 1062, 1059]),
        ("a" * 101, [UNK]),
        ("", []),
        (" \n\t ", []),
        ("\ud83d", []),  # half a character, such as from a broken file name; tokenizers cannot be given it
    ],
    ids=ascii,
)
def test_ids(tokeniser: WordPiece, text: str, ids: list[int]) -> None:
    assert tokeniser.windows(text) == [[CLS, *ids, SEP]]


def test_the_longest_piece_wins(tokeniser: WordPiece, vocabulary: list[str]) -> None:
    (ids,) = tokeniser.windows("supercalifragilistic")
    pieces = [vocabulary[id] for id in ids[1:-1]]
    assert "".join(piece.removeprefix("##") for piece in pieces) == "supercalifragilistic"
    assert pieces[0] == "super"
    assert all(piece.startswith("##") for piece in pieces[1:])


def test_markers_in_a_text_are_plain_text(tokeniser: WordPiece, vocabulary: list[str]) -> None:
    (ids,) = tokeniser.windows("[SEP] [MASK]")
    assert [vocabulary[id] for id in ids] == ["[CLS]", "[", "sep", "]", "[", "mask", "]", "[SEP]"]


def test_a_long_text_is_windowed_at_words_and_nothing_is_lost(vocabulary: list[str]) -> None:
    text = "meerkats dig, supercalifragilistic! " * 40
    (whole,) = WordPiece(vocabulary, window=10_000).windows(text)
    windows = WordPiece(vocabulary, window=32).windows(text)
    assert len(windows) > 1
    assert all(window[0] == CLS and window[-1] == SEP and len(window) <= 32 for window in windows)
    assert list(chain.from_iterable(window[1:-1] for window in windows)) == whole[1:-1]
    assert not any(vocabulary[window[1]].startswith("##") for window in windows)


@pytest.mark.parametrize(("words", "windows"), [(254, 1), (255, 2), (508, 2), (509, 3)])
def test_the_window_is_filled(tokeniser: WordPiece, words: int, windows: int) -> None:
    assert len(tokeniser.windows("dog " * words)) == windows
