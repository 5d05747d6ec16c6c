"""What ``mm_agents.protocols.Embedder`` promises, as tests.

class TestMine(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        with closing(mine.build("")) as embedder:
            yield embedder
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mm_agents.errors import ConfigError
from mm_agents.protocols import Embedder
from mm_agents.types import Clip, Image, Item, Kind, Text

if TYPE_CHECKING:
    from mm_agents.types import ByteArray

_WORDS = "A red square beside a blue one.|Der Zug fährt um 8 Uhr.|犬|x|A longer text, " + "and more of it " * 40


class EmbedderContract:
    """Subclass it and give the fixture ``embedder``."""

    TOLERANCE = 1e-3
    """The largest difference in cosine between two vectors of one item, as batches round differently."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The embedder to test; the subclass makes and closes it."""
        raise NotImplementedError("Give the fixture `embedder`.")

    def test_it_says_what_it_is(self, embedder: Embedder) -> None:
        """Name, width, kinds and alignment are of their types."""
        assert isinstance(embedder.name, str)
        assert embedder.name
        assert isinstance(embedder.width, int)
        assert embedder.width > 0
        assert isinstance(embedder.accepts, frozenset)
        assert embedder.accepts
        assert embedder.accepts <= {"text", "image", "clip"}
        assert isinstance(embedder.aligned, bool)

    @pytest.mark.parametrize("role", ["query", "document"])
    def test_vectors_are_unit_rows(self, embedder: Embedder, role: Any) -> None:
        """float32, one row of length 1 for each item, mixed kinds in one call."""
        items = accepted(embedder)
        rows = embedder.embed(items, role=role)
        assert rows.shape == (len(items), embedder.width)
        assert rows.dtype == np.float32
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-3)

    def test_no_items_make_no_rows(self, embedder: Embedder) -> None:
        """(0, width), float32."""
        rows = embedder.embed([], role="query")
        assert rows.shape == (0, embedder.width)
        assert rows.dtype == np.float32

    def test_other_roles_are_refused(self, embedder: Embedder) -> None:
        """Also when there is nothing to embed."""
        wrong: Any = "passage"
        for items in ([], accepted(embedder)[:1]):
            with pytest.raises(ConfigError, match="passage"):
                embedder.embed(items, role=wrong)

    def test_other_kinds_are_refused(self, embedder: Embedder) -> None:
        """Kinds outside ``accepts``, and objects that are not items."""
        for kind, items in samples().items():
            if kind not in embedder.accepts:
                with pytest.raises(ConfigError):
                    embedder.embed(items[:1], role="document")
        wrong: Any = ["a bare string"]
        with pytest.raises(ConfigError):
            embedder.embed(wrong, role="document")

    def test_a_vector_does_not_depend_on_the_batch(self, embedder: Embedder) -> None:
        """One by one, all at once and backwards give the same rows, in order."""
        items = accepted(embedder)
        together = embedder.embed(items, role="document")
        alone = np.concatenate([embedder.embed([item], role="document") for item in items])
        backwards = embedder.embed(items[::-1], role="document")[::-1]
        assert (together * alone).sum(axis=1) == pytest.approx(1, abs=self.TOLERANCE)
        assert (together * backwards).sum(axis=1) == pytest.approx(1, abs=self.TOLERANCE)

    def test_different_items_differ(self, embedder: Embedder) -> None:
        """No two of the samples share a vector."""
        rows = embedder.embed(accepted(embedder), role="document")
        likeness = rows @ rows.T - 2 * np.eye(len(rows))
        assert likeness.max() < 1 - 1e-4

    def test_items_are_left_as_they_were(self, embedder: Embedder) -> None:
        """Pixels are read, never written; pixels that cannot be written are fine."""
        if "image" not in embedder.accepts:
            pytest.skip("takes no pictures")
        pixels = picture(0)
        before = pixels.copy()
        pixels.flags.writeable = False
        embedder.embed([Image(pixels=pixels)], role="document")
        assert (pixels == before).all()

    def test_threads_may_share_it(self, embedder: Embedder) -> None:
        """Four at once get what one alone gets."""
        items = accepted(embedder)
        expected = embedder.embed(items, role="document")
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(embedder.embed, items, role="document") for _ in range(4)]:
                rows = done.result()
                assert (rows * expected).sum(axis=1) == pytest.approx(1, abs=self.TOLERANCE)

    def test_closing_twice_is_harmless(self, embedder: Embedder) -> None:
        """Also before the first use."""
        embedder.close()
        embedder.close()


def picture(seed: int) -> ByteArray:
    """A small picture, uint8, shape (48, 64, 3): a coloured square before another colour."""
    random = np.random.default_rng(seed)
    pixels = np.empty((48, 64, 3), np.uint8)
    pixels[:] = random.integers(0, 256, 3)
    pixels[8 + seed : 32, 8 : 40 - seed] = random.integers(0, 256, 3)
    return pixels


def samples() -> dict[Kind, list[Item]]:
    """Items of each kind."""
    clips = [Clip(frames=np.stack([picture(n), picture(n + 1)]), times=(0.0, 0.5), start=0.0, end=1.0) for n in (3, 5)]
    return {
        "text": [Text(text=text) for text in _WORDS.split("|")],
        "image": [Image(pixels=picture(n)) for n in range(3)],
        "clip": list(clips),
    }


def accepted(embedder: Embedder) -> list[Item]:
    """Items of every kind that the embedder takes."""
    return [item for kind, items in samples().items() if kind in embedder.accepts for item in items]
