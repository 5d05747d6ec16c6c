from __future__ import annotations

# isort: off
import torch_here  # noqa: F401

# isort: on
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from mm_agents import _plugins
from mm_agents.contrastive import checkpoints
from mm_agents.contrastive.align import AlignOptions, Vectors, align, cross_validate, fit, read_vectors
from mm_agents.contrastive.network import Projection
from mm_agents.errors import ConfigError
from mm_agents.testing import HashEmbedder

FAST = AlignOptions(epochs=30, folds=3, seeds=2, learning_rate=0.01)


def turned(named: bool = True) -> Vectors:
    """Texts that say what their pictures show, in a space turned against theirs."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(5), 6)
    centres = random.normal(size=(5, 12))
    turn, _ = np.linalg.qr(random.normal(size=(12, 12)))

    def rows(matrix: np.ndarray) -> torch.Tensor:
        noisy = centres[groups] @ matrix + random.normal(size=(30, 12)) * 0.2
        return torch.from_numpy((noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32))

    places = [(t, p) for t in range(30) for p in range(30) if groups[t] == groups[p]]
    return Vectors(
        texts=rows(np.eye(12)),
        pictures=rows(turn),
        pairs=torch.tensor(places),
        text_groups=torch.from_numpy(groups),
        picture_groups=torch.from_numpy(groups),
        named=named,
    )


def test_a_projection_begins_as_the_identity() -> None:
    vectors = torch.randn(4, 12)
    for shape in ("linear", "residual"):
        projection = Projection(12, shape=shape)
        assert torch.equal(projection(vectors), vectors)


@pytest.mark.parametrize("side", ["both", "text", "image"])
@pytest.mark.parametrize(("shape", "loss"), [("linear", "infonce"), ("residual", "siglip")])
def test_held_out_texts_find_held_out_pictures(side: Any, shape: Any, loss: Any) -> None:
    found = cross_validate(turned(), replace(FAST, side=side, shape=shape, loss=loss))
    assert found["runs"] == 6
    assert found["recall@1"]["after"]["mean"] > found["recall@1"]["before"]["mean"] + 0.3
    assert found["recall@1"]["gain"]["mean"] == pytest.approx(
        found["recall@1"]["after"]["mean"] - found["recall@1"]["before"]["mean"]
    )
    assert found["recall@5"]["after"]["mean"] >= found["recall@1"]["after"]["mean"]


def test_one_side_stays_and_the_callers_random_numbers_too() -> None:
    before = torch.get_rng_state()
    vectors = turned()
    aligned = fit(vectors, vectors.pairs, replace(FAST, side="text"), seed=0)
    assert torch.equal(aligned.pictures(vectors.pictures), vectors.pictures)
    assert not torch.equal(aligned.texts(vectors.texts), vectors.texts)
    assert torch.equal(before, torch.get_rng_state())


def test_groups_that_hang_together_are_held_out_whole() -> None:
    with pytest.raises(ConfigError, match=r"5 groups.*column `group`"):
        cross_validate(turned(named=False), FAST)
    assert cross_validate(turned(named=False), replace(FAST, folds=2))["runs"] == 4


def write_table(folder: Path, header: str, rows: list[str]) -> Path:
    for n in range(4):
        PIL.Image.fromarray(np.full((8, 8, 3), 60 * n, np.uint8)).save(folder / f"{n}.png")
    (folder / "pairs.csv").write_text("\n".join([header, *rows]))
    return folder / "pairs.csv"


def test_clicks_are_pairs(tmp_path: Path) -> None:
    rows = ["a dog,0.png,1", "a dog,1.png,0", "a cat,2.png,1", "a dog,0.png,0", "a cat,3.png,1"]
    with closing(HashEmbedder(width=16)) as embedder:
        vectors = read_vectors(write_table(tmp_path, "query,path,clicked", rows), embedder)
    assert vectors.texts.shape == (2, 16)
    assert vectors.pictures.shape == (4, 16)
    assert vectors.pairs.tolist() == [[0, 0], [1, 2], [1, 3]]
    assert vectors.picture_groups[2] == vectors.picture_groups[3] == vectors.text_groups[1]
    assert len(set(vectors.picture_groups.tolist())) == 3


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("path,words", "0.png,a dog", "path,text"),
        ("query,path,clicked", "a dog,0.png,0", "no pair"),
        ("path,text", "0.png,", "empty cell"),
    ],
)
def test_a_wrong_table_is_told(tmp_path: Path, header: str, row: str, said: str) -> None:
    with closing(HashEmbedder(width=16)) as embedder, pytest.raises(ConfigError, match=said):
        read_vectors(write_table(tmp_path, header, [row]), embedder)


def test_what_is_kept_is_what_was_learnt(tmp_path: Path) -> None:
    vectors = turned()
    found = align(vectors, "offline:conse-lite2-minilm", tmp_path, FAST)
    assert found == cross_validate(vectors, FAST)
    state = checkpoints.load(tmp_path / "best.pt")
    learnt = fit(vectors, vectors.pairs, FAST, seed=0)
    assert learnt.text is not None
    kept = checkpoints.to_projection(state["text"], 12, state["config"], tmp_path)
    assert torch.equal(kept(vectors.texts), learnt.text(vectors.texts))
    with pytest.raises(ConfigError, match="holds a training already"):
        align(vectors, "offline", tmp_path, FAST)
    assert "contrastive" in _plugins.known("embedders")
