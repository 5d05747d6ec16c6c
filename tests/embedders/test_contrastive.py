from __future__ import annotations

# isort: off
import torch_here  # noqa: F401

# isort: on
import os
import pickle
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from command_line import document, run

from mm_agents import Library
from mm_agents.contrastive import checkpoints
from mm_agents.contrastive.network import Network, Projection
from mm_agents.embedders.contrastive import build
from mm_agents.errors import ConfigError, EmbedderMismatchError, WeightsError
from mm_agents.protocols import Embedder
from mm_agents.testing import EmbedderContract
from mm_agents.types import Image, Text

SIZES = {"channels": 3, "height": 32, "width": 32, "hidden": 16, "dimensions": 24}


def write_network(folder: Path, seed: int = 0, **changes: Any) -> Path:
    torch.manual_seed(seed)
    model = {name: weight for name, weight in Network(**SIZES).state_dict().items()}
    checkpoints.save(folder / "best.pt", {"config": {"kind": "network", **SIZES, **changes}, "model": model})
    return folder


def write_projection(folder: Path, base: str = "offline:conse-lite2-minilm") -> Path:
    torch.manual_seed(0)
    text = Projection(384)
    torch.nn.init.normal_(next(text.parameters()), std=0.02)
    config = {"kind": "align", "base": base, "dimensions": 384, "shape": "linear", "hidden": 128}
    checkpoints.save(folder / "best.pt", {"config": config, "text": text.state_dict()})
    return folder


class TestContractOfNetwork(EmbedderContract):
    @pytest.fixture
    def embedder(self, tmp_path: Path) -> Iterator[Embedder]:
        with closing(build(str(write_network(tmp_path)))) as embedder:
            yield embedder


class TestContractOfAligned(EmbedderContract):
    @pytest.fixture
    def embedder(self, tmp_path: Path) -> Iterator[Embedder]:
        pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
        with closing(build(str(write_projection(tmp_path)))) as embedder:
            yield embedder


def test_an_aligned_embedder_moves_texts_and_leaves_pictures(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
    from mm_agents.embedders import offline

    picture = Image(pixels=np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
    base = "conse-lite2-minilm"
    with closing(build(str(write_projection(tmp_path)))) as moved, closing(offline.build(base)) as frozen:
        assert moved.accepts == frozen.accepts
        one, two = (embedder.embed([Text(text="a dog"), picture], role="query") for embedder in (moved, frozen))
    assert one[1] == pytest.approx(two[1], abs=1e-6)
    assert 0.5 < one[0] @ two[0] < 0.999


def test_its_name_holds_the_weights_and_builds_it_again(tmp_path: Path) -> None:
    folder = write_network(tmp_path / "it")
    name = build(str(folder)).name
    assert name.startswith(f"contrastive:{folder}@")
    assert build(name.removeprefix("contrastive:")).name == name
    write_network(folder, seed=1)
    assert build(str(folder)).name != name
    with pytest.raises(EmbedderMismatchError, match="trained anew"):
        build(name.removeprefix("contrastive:"))


def test_a_library_is_made_with_it_and_refuses_another_training(tmp_path: Path) -> None:
    folder = write_network(tmp_path / "it")
    random = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for n in range(3):
        PIL.Image.fromarray(random.integers(0, 255, (40, 40, 3), np.uint8)).save(tmp_path / "pictures" / f"{n}.png")
    with Library.open(tmp_path / "library", embedder=f"contrastive:{folder}") as library:
        assert library.add(tmp_path / "pictures").added == 3
        hits = library.search(image=tmp_path / "pictures" / "1.png")
        assert hits[0].name == "1.png"
    with Library.open(tmp_path / "library") as library:
        assert library.search(image=tmp_path / "pictures" / "2.png")[0].name == "2.png"
    write_network(folder, seed=1)
    with pytest.raises(EmbedderMismatchError):
        Library.open(tmp_path / "library", embedder=f"contrastive:{folder}")


# ---------------------------------------------------------------- hostile and damaged folders


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_would_run_something_runs_nothing(tmp_path: Path) -> None:
    bomb = _Bomb(tmp_path / "ran")
    torch.save({"format": 1, "config": bomb}, tmp_path / "best.pt")
    with pytest.raises(WeightsError, match="more than weights"):
        build(str(tmp_path))
    (tmp_path / "best.pt").write_bytes(pickle.dumps(bomb))
    with pytest.raises(WeightsError):
        build(str(tmp_path))
    assert not (tmp_path / "ran").exists()
    pickle.loads(pickle.dumps(bomb))
    assert (tmp_path / "ran").exists()  # the bomb is a real one


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 64},
        {"hidden": 1 << 16},
        {"dimensions": 25},
        {"channels": -1},
        {"height": "32"},
        {"height": 8},
        {"kind": "other"},
    ],
)
def test_sizes_that_do_not_fit_the_weights_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(WeightsError):
        build(str(write_network(tmp_path, **changes)))


@pytest.mark.parametrize("base", ["contrastive:.", "nothing", 3])
def test_a_frozen_embedder_that_cannot_be_is_refused(tmp_path: Path, base: Any) -> None:
    with pytest.raises(WeightsError, match="names the embedder"):
        build(str(write_projection(tmp_path, base)))


def test_damaged_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no best\.pt.*mm-agents train"):
        build(str(tmp_path))
    content = (write_network(tmp_path) / "best.pt").read_bytes()
    for wrong in (b"", content[:1000], content[:-30], b"PK\x03\x04" + bytes(100)):
        (tmp_path / "best.pt").write_bytes(wrong)
        with pytest.raises(WeightsError):
            build(str(tmp_path))
    torch.save([1, 2], tmp_path / "best.pt")
    with pytest.raises(WeightsError, match="not a checkpoint"):
        build(str(tmp_path))


def test_a_file_that_would_unpack_to_much_more_is_refused(tmp_path: Path) -> None:
    whole = zipfile.ZipFile(write_network(tmp_path) / "best.pt")
    with zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    whole.close()
    with pytest.raises(WeightsError, match="corrupt"):
        checkpoints.load(tmp_path / "packed.pt")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = checkpoints.load(write_network(tmp_path) / "best.pt")
    state["model"]["head.3.bias"][0] = float("nan")
    checkpoints.save(tmp_path / "best.pt", state)
    with pytest.raises(WeightsError, match="not finite"):
        build(str(tmp_path))


# ---------------------------------------------------------------- the command line


def test_folders_are_trained_on_and_the_result_is_used(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label, colour in (("red", (220, 30, 30)), ("blue", (30, 30, 220))):
        (tmp_path / "set" / label).mkdir(parents=True)
        for n in range(12):
            noisy = np.clip(random.normal(colour, 20, (20, 20, 3)), 0, 255).astype(np.uint8)
            PIL.Image.fromarray(noisy).save(tmp_path / "set" / label / f"{n}.png")
    command = ("train", "folders", "--data", "set", "--out", "it", "--side", "16", "--device", "cpu")
    found = document(*command, "--epochs", "2", cwd=tmp_path)
    assert found["embedder"] == "contrastive:it"
    assert found["epochs"][found["best"] - 1]["accuracy"] == 1
    refused = run(*command, cwd=tmp_path, code=1)
    assert "--resume" in refused.stderr
    longer = run(*command, "--epochs", "3", "--resume", cwd=tmp_path)
    assert "--embedder contrastive:it" in longer.stdout
    run("add", "set", "--library", "library", "--embedder", "contrastive:it", "--words", "none", cwd=tmp_path)
    hits = document("search", "--image", "set/red/3.png", "--library", "library", "--limit", "3", cwd=tmp_path)["hits"]
    assert ["red" in hit["path"] for hit in hits] == [True] * 3


def test_an_alignment_without_a_gain_says_so(tmp_path: Path) -> None:
    for n in range(4):
        PIL.Image.new("RGB", (32, 32), (60 * n, 20, 20)).save(tmp_path / f"{n}.png")
    (tmp_path / "pairs.csv").write_text("path,text\n" + "".join(f"{n}.png,shade {n}\n" for n in range(4)))
    few = ("--folds", "2", "--seeds", "1", "--epochs", "1", "--learning-rate", "1e-12")
    done = run("train", "align", "--data", "pairs.csv", "--out", "it", *few, cwd=tmp_path)
    assert "no better than before" in done.stderr
    assert "Use it with" not in done.stdout


def test_help_teaches(tmp_path: Path) -> None:
    said = run("train", "--help", cwd=tmp_path).stdout
    for command in ("digits", "folders", "pairs", "align"):
        assert f" {command} " in said
    assert "contrastive:DIR" in said
    assert "path,text[,label][,group]" in run("train", "align", "--help", cwd=tmp_path).stdout


def test_wrong_data_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    done = run("train", "digits", "--data", "a.csv", "--out", "it", cwd=tmp_path, code=1)
    assert "label, pixel0" in done.stderr
    assert not (tmp_path / "it").exists()
    with pytest.raises(ConfigError):
        build(str(write_network(tmp_path))).embed([Text(text="a")], role="query")
