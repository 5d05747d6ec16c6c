from __future__ import annotations

import pytest

from mm_agents.embedders.shared import windows


def hundreds(text: str) -> int:
    """A model that reads 100 characters at once."""
    return -(-len(text) // 100)


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert windows("  as  it\nis ", hundreds) == ["  as  it\nis "]
    assert windows("", hundreds) == [""]


def test_a_long_text_is_cut_between_words_into_like_lengths() -> None:
    text = "one  two\nthree " * 50
    pieces = windows(text, hundreds)
    assert " ".join(pieces) == " ".join(text.split())
    assert max(map(len, pieces)) <= 100
    assert min(map(len, pieces)) > 50


@pytest.mark.parametrize("text", ["x" * 1000, "a " + "x" * 1000 + " b", "犬" * 999])
def test_a_word_that_is_too_long_is_cut_inside(text: str) -> None:
    pieces = windows(text, hundreds)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert max(map(len, pieces)) <= 100


def test_white_space_alone_comes_to_an_end() -> None:
    assert set("".join(windows(" \n" * 500, hundreds))) <= {" ", "\n"}


def test_a_model_that_never_has_room_gets_single_characters() -> None:
    assert windows("ab", lambda _: 3) == ["a", "b"]
