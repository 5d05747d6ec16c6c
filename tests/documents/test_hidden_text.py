"""Text in almost the colour of its background."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from drawn import hide, page
from langchain_core.language_models import FakeListChatModel

from mm_agents.chat import open_chat
from mm_agents.documents.hidden_text import build
from mm_agents.types import Image

TEXT = "Meet at the harbour gate when the second ferry has left"


@pytest.mark.parametrize(
    ("paper", "difference"),
    [
        ((126, 217, 87), (3, 0, 0)),
        ((126, 217, 87), (2, 2, 2)),
        ((255, 255, 255), (0, -6, 0)),
        ((10, 10, 30), (5, 5, 5)),
        ((120, 120, 120), (0, 0, 9)),
    ],
)
def test_what_is_drawn_is_read_again(paper: tuple[int, int, int], difference: tuple[int, int, int]) -> None:
    picture = hide(TEXT, paper=paper, difference=difference)
    assert int(np.ptp(picture.pixels.reshape(-1, 3).astype(int), axis=0).max()) <= 9
    found = build().read(picture)
    assert found.text == TEXT
    assert "contrast of" in found.how
    assert all(line.verified for line in found.lines)
    document = found.to_json()
    for line in document["lines"]:
        x0, y0, x1, y1 = line["box"]
        inside = picture.pixels[y0:y1, x0:x1].reshape(-1, 3)
        assert len(np.unique(inside, axis=0)) > 1
    assert len(found.marks()) == len(found.lines)


def test_words_that_can_be_seen_are_left_out_and_counted() -> None:
    found = build().read(page()[0])
    assert (found.text, found.lines) == ("", ())
    assert found.how == "no hidden text was found"
    assert found.seen == 19


def test_both_at_once_only_what_hides_is_told() -> None:
    seen, _ = page(["Winter timetable"], size=(512, 140))
    hidden = hide("the spare key is under the mat", size=(512, 200), paper=(255, 255, 255), difference=(-4, -4, -4))
    found = build().read(Image(pixels=np.concatenate([seen.pixels[:, :512], hidden.pixels])))
    assert found.text == "the spare key is under the mat"
    assert found.seen == 2
    assert all(line.evidence.box.y0 > 140 for line in found.lines if line.evidence and line.evidence.box)


def test_an_empty_page_and_noise_hide_nothing() -> None:
    noise = np.random.default_rng(3).integers(90, 110, (200, 300, 3), dtype=np.uint8)
    for pixels in (np.full((200, 300, 3), 90, dtype=np.uint8), noise):
        assert build().read(Image(pixels=pixels)).lines == ()


def test_what_only_a_model_reads_is_not_verified() -> None:
    lines = {"lines": ["Meet at the harbour gate", "and bring the ledger"]}
    model = open_chat(FakeListChatModel(responses=[json.dumps(lines)]))
    found = build().read(hide("Meet at the harbour gate"), model=model)
    assert [(line.text, line.verified) for line in found.lines] == [
        ("Meet at the harbour gate", True),
        ("and bring the ledger", False),
    ]
    assert found.to_json()["lines"][1]["box"] is None


def test_the_courses_picture_is_read(data: Path) -> None:
    found = build().read(data / "documents" / "blankimage3.png")
    assert found.text == "You can vectorize the whole world with Weaviate!"
