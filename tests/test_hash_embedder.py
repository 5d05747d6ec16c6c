from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mm_agents.errors import ConfigError
from mm_agents.testing import EmbedderContract, HashEmbedder
from mm_agents.types import Clip, Image, Text


class TestHash(EmbedderContract):
    @pytest.fixture(params=[1, 64, 300])
    def embedder(self, request: pytest.FixtureRequest) -> HashEmbedder:
        return HashEmbedder(width=request.param)

    def test_different_items_differ(self, embedder: HashEmbedder) -> None:
        if embedder.width == 1:
            pytest.skip("one number cannot tell eight items apart")
        super().test_different_items_differ(embedder)


def test_shared_words_are_nearer() -> None:
    texts = ["a dog plays on the beach", "the dog swims at the beach", "quarterly invoice totals"]
    rows = HashEmbedder().embed([Text(text=text) for text in texts], role="document")
    assert rows[0] @ rows[1] > 0.3 > abs(rows[0] @ rows[2])


def test_likeness_of_pictures_and_names_of_colours() -> None:
    red, reddish, blue = (
        np.full((60, 80, 3), colour, np.uint8) for colour in [(230, 20, 20), (210, 40, 40), (9, 9, 240)]
    )
    clip = Clip(frames=np.stack([red, red]), times=(0.0, 0.5), start=0.0, end=1.0)
    embedder = HashEmbedder()
    rows = embedder.embed([Image(pixels=red), Image(pixels=reddish), Image(pixels=blue), clip], role="document")
    assert rows[0] @ rows[1] > 0.9 > 0.5 > rows[0] @ rows[2]
    assert rows[0] @ rows[3] == pytest.approx(1, abs=1e-5)
    word = embedder.embed([Text(text="red")], role="query")[0]
    assert rows[0] @ word > 0.5 > rows[2] @ word


def test_it_is_the_same_in_every_process_and_needs_no_test_packages() -> None:
    code = (
        "import sys; from mm_agents.testing import HashEmbedder; from mm_agents.types import Text;"
        "print(HashEmbedder(4).embed([Text(text='hello world')], role='query')[0].round(5).tolist());"
        "print([name for name in ('pytest', 'hypothesis') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = HashEmbedder(4).embed([Text(text="hello world")], role="query")[0]
    assert done.stdout.splitlines() == [str(here.round(5).tolist()), "[]"]


def test_it_has_a_width() -> None:
    with pytest.raises(ConfigError, match="0"):
        HashEmbedder(width=0)
    assert HashEmbedder(width=7).name == "hash:7"
