from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx_writer import INT64, GraphWriter, tensor_info

from mm_agents import _plugins
from mm_agents.embedders.fastembed import FastEmbedder, build
from mm_agents.errors import ConfigError, MissingExtraError, WeightsError
from mm_agents.testing import EmbedderContract
from mm_agents.types import Clip, Image, Item, Text

pytest.importorskip("fastembed", reason="pip install 'mm-agents[fastembed]'")

_SIDE = 16
_LENGTH = 77  # tokens; here a byte is one


# ---------------------------------------------------------------- a small pair of models, written here


def write_text_model(folder: Path, width: int, *, pooled: bool = True) -> None:
    """The mean of random vectors, one for each byte; the vectors themselves where fastembed takes the mean."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: id for id, token in enumerate(["<pad>", "<start>", "<end>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": _LENGTH, "pad_token": "<pad>"}))
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))

    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), width)).astype(np.float32)
    vectors[0] = 0  # so that padding changes no direction
    graph = GraphWriter()
    looked_up = graph.node("Gather", graph.constant(vectors), "input_ids", output="" if pooled else "text_embeds")
    if pooled:
        graph.node("ReduceMean", looked_up, output="text_embeds", axes=[1], keepdims=0)
    model = graph.model(
        "texts",
        inputs=[tensor_info("input_ids", ["n", "tokens"], INT64)],
        outputs=[tensor_info("text_embeds", ["n", width] if pooled else ["n", "tokens", width])],
    )
    (folder / "model.onnx").write_bytes(model)


def write_picture_model(folder: Path, width: int) -> None:
    """A random projection of the pixels."""
    folder.mkdir(parents=True)
    settings = {
        "do_resize": True,
        "size": {"shortest_edge": _SIDE},
        "do_center_crop": True,
        "crop_size": {"height": _SIDE, "width": _SIDE},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    weights = np.random.default_rng(1).normal(size=(3 * _SIDE**2, width)).astype(np.float32)
    graph = GraphWriter()
    graph.node("MatMul", graph.node("Flatten", "pixel_values"), graph.constant(weights), output="image_embeds")
    model = graph.model(
        "pictures",
        inputs=[tensor_info("pixel_values", ["n", 3, _SIDE, _SIDE])],
        outputs=[tensor_info("image_embeds", ["n", width])],
    )
    (folder / "model.onnx").write_bytes(model)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pair")
    write_text_model(root / "text", 32)
    write_picture_model(root / "vision", 32)
    return root


@pytest.fixture(scope="module")
def small(folder: Path) -> Iterator[FastEmbedder]:
    embedder = build(str(folder))
    yield embedder
    embedder.close()


class TestContract(EmbedderContract):
    @pytest.fixture
    def embedder(self, small: FastEmbedder) -> FastEmbedder:
        return small


def one(embedder: FastEmbedder, item: Item) -> np.ndarray:
    return embedder.embed([item], role="document")[0]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def picture(seed: int, height: int = 30, width: int = 40) -> Image:
    return Image(pixels=np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


# ---------------------------------------------------------------- what it does


def test_a_folder_says_its_width_and_builds_again_by_its_name(small: FastEmbedder, folder: Path) -> None:
    assert small.name == f"fastembed:{folder}"
    assert small.width == 32
    again = _plugins.build_named("embedders", small.name)
    assert again.name == small.name
    assert one(again, Text(text="a dog")) == pytest.approx(one(small, Text(text="a dog")))
    again.close()


def test_a_relative_folder_is_named_by_its_whole_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert build(f"./{folder.name}").name == f"fastembed:{folder}"


def test_a_clip_is_the_mean_of_its_frames(small: FastEmbedder) -> None:
    frames = [picture(n) for n in range(20)]
    clip = Clip(frames=np.stack([frame.pixels for frame in frames]), times=tuple(range(20)), start=0, end=20)
    mean = unit(small.embed(frames, role="document").mean(axis=0))
    assert one(small, clip) == pytest.approx(mean, abs=1e-5)
    together = small.embed([picture(50), clip, Text(text="a"), picture(51)], role="document")
    assert together[1] == pytest.approx(mean, abs=1e-5)
    assert together[3] == pytest.approx(one(small, picture(51)), abs=1e-5)


def test_a_long_text_is_the_mean_of_windows_and_nothing_is_cut(small: FastEmbedder) -> None:
    words = [f"word{n}" for n in range(60)]
    whole = one(small, Text(text=" ".join(words)))
    assert np.linalg.norm(whole - one(small, Text(text=" ".join(words[:-1])))) > 1e-4
    assert np.linalg.norm(whole - one(small, Text(text=" ".join(words)[: _LENGTH - 2]))) > 1e-2


def test_a_text_that_just_fits_is_one_window(small: FastEmbedder) -> None:
    fits = "ab " * 24 + "abc"
    assert len(fits) == _LENGTH - 2
    halves = unit(small.embed([Text(text="ab " * 12), Text(text="ab " * 12 + "abc")], role="query").mean(axis=0))
    assert np.linalg.norm(one(small, Text(text=fits)) - halves) > 1e-4


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (16, 16)])
def test_pictures_of_any_size_do(small: FastEmbedder, shape: tuple[int, int]) -> None:
    assert np.linalg.norm(one(small, picture(0, *shape))) == pytest.approx(1, abs=1e-5)


def test_it_works_again_after_closing(small: FastEmbedder) -> None:
    before = one(small, Text(text="a dog"))
    small.close()
    assert one(small, Text(text="a dog")) == pytest.approx(before)


def test_importing_and_making_it_loads_no_package() -> None:
    code = "import sys; from mm_agents.embedders.fastembed import build; build(); print('fastembed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_the_missing_package_is_told_with_its_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastembed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mm-agents\[fastembed\]'"):
        build().embed([Text(text="a")], role="query")


# ---------------------------------------------------------------- pairs by name


def test_pairs_are_known_before_anything_is_downloaded() -> None:
    assert build().name == "fastembed:clip-ViT-B-32"
    assert build().width == 512
    assert build("jina-clip-v1").width == 768
    assert build("nomic-embed-v1.5").width == 768


@pytest.mark.parametrize("name", ["resnet50-onnx", "all-MiniLM-L6-v2", "clip"])
def test_what_is_no_pair_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match=r"clip-ViT-B-32, .*nomic-embed-v1\.5"):
        build(name).embed([Text(text="a")], role="query")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that cannot be reached."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path))
    return tmp_path


def snapshot(cache: Path, repository: str) -> Path:
    """The folder where the hub's cache keeps a repository's files."""
    home = cache / f"models--{repository.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("0" * 40)
    return home / "snapshots" / ("0" * 40)


def test_a_hub_out_of_reach_is_told_at_once_with_what_was_wanted(cache: Path) -> None:
    start = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        build().embed([Text(text="a")], role="query")
    assert time.monotonic() - start < 5
    for told in ("Qdrant/clip-ViT-B-32-text (0.25 GB)", "clip-ViT-B-32-vision (0.34 GB)", "--embedder offline"):
        assert told in str(caught.value)
    assert list(cache.iterdir()) == []


def test_what_is_in_the_cache_is_used_without_the_hub(cache: Path) -> None:
    write_text_model(snapshot(cache, "Qdrant/clip-ViT-B-32-text"), 512)
    write_picture_model(snapshot(cache, "Qdrant/clip-ViT-B-32-vision"), 512)
    embedder = build()
    assert embedder.embed([Text(text="a"), picture(0)], role="query").shape == (2, 512)
    embedder.close()


def test_a_download_that_was_cut_off_is_not_used(cache: Path) -> None:
    texts = snapshot(cache, "Qdrant/clip-ViT-B-32-text")
    write_text_model(texts, 512)
    (texts / "model.onnx").unlink()
    with pytest.raises(WeightsError, match=r"clip-ViT-B-32-text.*--embedder offline"):
        build().embed([Text(text="a")], role="query")


def test_instructions_of_a_model_go_before_the_text(cache: Path) -> None:
    folder = snapshot(cache, "nomic-ai/nomic-embed-text-v1.5")
    write_text_model(folder, 768, pooled=False)
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    write_picture_model(folder := snapshot(cache, "nomic-ai/nomic-embed-vision-v1.5"), 768)
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    embedder = build("nomic-embed-v1.5")
    query = embedder.embed([Text(text="a dog"), picture(0)], role="query")
    document = embedder.embed([Text(text="a dog"), picture(0)], role="document")
    assert np.linalg.norm(query[0] - document[0]) > 1e-3
    assert query[1] == pytest.approx(document[1])
    embedder.close()


# ---------------------------------------------------------------- folders that cannot be used


def test_a_folder_without_the_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=str(tmp_path)):
        build(str(tmp_path)).embed([Text(text="a")], role="query")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        _ = build(str(tmp_path)).width


def test_a_damaged_model_is_told(tmp_path: Path) -> None:
    write_text_model(tmp_path / "text", 32)
    write_picture_model(tmp_path / "vision", 32)
    (tmp_path / "vision" / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        build(str(tmp_path)).embed([picture(0)], role="query")


def test_models_of_different_widths_are_no_pair(tmp_path: Path) -> None:
    write_text_model(tmp_path / "text", 32)
    write_picture_model(tmp_path / "vision", 48)
    with pytest.raises(WeightsError, match="have 32 and 48 numbers"):
        build(str(tmp_path)).embed([picture(0)], role="query")
