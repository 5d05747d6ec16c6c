from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_agents import _plugins
from mm_agents.embedders.sbert import SbertEmbedder, build
from mm_agents.errors import ConfigError, MissingExtraError, WeightsError
from mm_agents.testing import EmbedderContract
from mm_agents.types import Clip, Image, Item, Text

_LENGTH = 64  # tokens; here a byte is one

try:
    import sentence_transformers
except ModuleNotFoundError:
    sentence_transformers: Any = None

needs_torch = pytest.mark.skipif(sentence_transformers is None, reason="pip install 'mm-agents[sbert]'")
pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning", "default::FutureWarning")


# ---------------------------------------------------------------- small models with random weights, written here


def tokeniser() -> Any:
    """One token for each byte."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: id for id, token in enumerate(["<pad>", "<start>", *letters, "<end>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 258)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        unk_token="<pad>",
        model_max_length=_LENGTH,
    )


_LAYERS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
_TEXT = {**_LAYERS, "vocab_size": 259, "bos_token_id": 1, "eos_token_id": 258, "pad_token_id": 0}
_VISION = {**_LAYERS, "image_size": 32, "patch_size": 8}


def write_clip(folder: Path) -> Path:
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    text = {**_TEXT, "max_position_embeddings": _LENGTH}
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(projection_dim=24, text_config=text, vision_config=_VISION)).save_pretrained(folder)
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(image_processor=pictures, tokenizer=tokeniser()).save_pretrained(folder)
    return folder


def write_siglip(folder: Path) -> Path:
    import torch
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    text = {**_TEXT, "max_position_embeddings": _LENGTH, "projection_size": 32}
    torch.manual_seed(0)
    SiglipModel(SiglipConfig(text_config=text, vision_config=_VISION)).save_pretrained(folder)
    words = tokeniser()
    words.model_max_length = 10**30  # as in the published models
    words.model_input_names = ["input_ids"]
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=pictures, tokenizer=words).save_pretrained(folder)
    return folder


def write_text_model(folder: Path) -> Path:
    """A model for texts alone, with instructions for the two roles."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    bare = folder / "bare"
    BertModel(BertConfig(**_LAYERS, vocab_size=259, max_position_embeddings=_LENGTH)).save_pretrained(bare)
    tokeniser().save_pretrained(bare)
    prompts = {"query": "find: ", "document": "title: none | text: "}
    sentence_transformers.SentenceTransformer(str(bare), device="cpu", prompts=prompts).save(str(folder))
    return folder


@pytest.fixture(scope="module")
def clip_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SbertEmbedder]:
    embedder = SbertEmbedder(str(write_clip(tmp_path_factory.mktemp("clip"))), device="cpu")
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def siglip_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SbertEmbedder]:
    embedder = SbertEmbedder(str(write_siglip(tmp_path_factory.mktemp("siglip"))), device="cpu")
    yield embedder
    embedder.close()


@pytest.fixture(scope="module")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SbertEmbedder]:
    embedder = build(str(write_text_model(tmp_path_factory.mktemp("texts"))))
    yield embedder
    embedder.close()


@needs_torch
class TestContractOfClip(EmbedderContract):
    @pytest.fixture
    def embedder(self, clip_model: SbertEmbedder) -> SbertEmbedder:
        return clip_model


@needs_torch
class TestContractOfSiglip(EmbedderContract):
    @pytest.fixture
    def embedder(self, siglip_model: SbertEmbedder) -> SbertEmbedder:
        return siglip_model


@needs_torch
class TestContractOfTexts(EmbedderContract):
    @pytest.fixture
    def embedder(self, text_model: SbertEmbedder) -> SbertEmbedder:
        return text_model


def one(embedder: SbertEmbedder, item: Item) -> np.ndarray:
    return embedder.embed([item], role="document")[0]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def picture(seed: int) -> Image:
    return Image(pixels=np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8))


# ---------------------------------------------------------------- what it does


@needs_torch
def test_what_a_model_takes_is_found(clip_model: SbertEmbedder, text_model: SbertEmbedder) -> None:
    assert clip_model.accepts == {"text", "image", "clip"}
    assert text_model.accepts == {"text"}
    assert (clip_model.width, text_model.width) == (24, 32)
    with pytest.raises(ConfigError, match="takes Text, not 'Image'"):
        text_model.embed([picture(0)], role="query")


@needs_torch
def test_its_name_builds_it_again(text_model: SbertEmbedder) -> None:
    again = _plugins.build_named("embedders", text_model.name)
    assert again.name == text_model.name
    assert one(again, Text(text="a dog")) == pytest.approx(one(text_model, Text(text="a dog")), abs=1e-5)
    again.close()


@needs_torch
def test_the_instructions_of_a_model_are_used(text_model: SbertEmbedder, clip_model: SbertEmbedder) -> None:
    def distance(embedder: SbertEmbedder) -> float:
        (query,), (document,) = (embedder.embed([Text(text="a dog")], role=role) for role in ("query", "document"))
        return float(np.linalg.norm(query - document))

    assert distance(text_model) > 1e-3
    assert distance(clip_model) < 1e-5


@needs_torch
def test_a_clip_is_the_mean_of_its_frames(clip_model: SbertEmbedder) -> None:
    frames = [picture(n) for n in range(20)]
    pixels = np.stack([frame.pixels for frame in frames])
    clip = Clip(frames=pixels, times=tuple(float(n) for n in range(20)), start=0, end=20)
    mean = unit(clip_model.embed(frames, role="document").mean(axis=0))
    assert one(clip_model, clip) == pytest.approx(mean, abs=1e-5)


@needs_torch
@pytest.mark.parametrize("fixture", ["clip_model", "siglip_model", "text_model"])
def test_a_long_text_is_the_mean_of_windows_and_nothing_is_cut(fixture: str, request: pytest.FixtureRequest) -> None:
    embedder: SbertEmbedder = request.getfixturevalue(fixture)
    words = [f"word{n}" for n in range(60)]
    whole = one(embedder, Text(text=" ".join(words)))
    assert np.linalg.norm(whole - one(embedder, Text(text=" ".join([*words[:-1], "???"])))) > 1e-5
    assert np.linalg.norm(whole - one(embedder, Text(text=" ".join(words)[:40]))) > 1e-3


@needs_torch
def test_a_siglip_text_is_filled_up_as_in_training(siglip_model: SbertEmbedder) -> None:
    import torch
    from transformers import AutoModel, AutoProcessor

    folder = siglip_model.name.removeprefix("sbert:")
    model, processor = AutoModel.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    inputs = processor(text=["a dog"], padding="max_length", max_length=_LENGTH, return_tensors="pt")
    with torch.inference_mode():
        expected = model.get_text_features(**inputs).pooler_output.numpy()[0]
    assert one(siglip_model, Text(text="a dog")) == pytest.approx(unit(expected), abs=1e-5)


@needs_torch
def test_it_works_again_after_closing(text_model: SbertEmbedder) -> None:
    before = one(text_model, Text(text="a dog"))
    text_model.close()
    assert one(text_model, Text(text="a dog")) == pytest.approx(before, abs=1e-5)


# ---------------------------------------------------------------- when it fails


@needs_torch
def test_a_hub_out_of_reach_is_told_soon_with_what_was_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    embedder = build()
    assert embedder.name == "sbert:google/siglip2-base-patch16-224"
    start = time.monotonic()
    with pytest.raises(WeightsError, match=r"google/siglip2-base-patch16-224\..*--embedder offline"):
        _ = embedder.width
    assert time.monotonic() - start < 5
    embedder.close()


@needs_torch
def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be loaded"):
        build(str(tmp_path)).embed([Text(text="a")], role="query")


@needs_torch
def test_damaged_weights_are_told(tmp_path: Path) -> None:
    write_text_model(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(WeightsError, match="cannot be loaded"):
        build(str(tmp_path)).embed([Text(text="a")], role="query")


@needs_torch
def test_code_that_a_model_brings_is_not_run(tmp_path: Path) -> None:
    write_text_model(tmp_path)
    (tmp_path / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Theirs: pass")
    settings = json.loads((tmp_path / "config.json").read_text())
    settings |= {"model_type": "theirs", "auto_map": {"AutoConfig": "theirs.Theirs", "AutoModel": "theirs.Theirs"}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(WeightsError, match="cannot be loaded"):
        build(str(tmp_path)).embed([Text(text="a")], role="query")
    assert not (tmp_path / "ran").exists()


def test_a_path_is_told_from_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert build("./model").name == f"sbert:{tmp_path}/model"
    assert build("~/model").name == f"sbert:{Path.home()}/model"
    assert build("org/model").name == "sbert:org/model"
    embedder = build("org/model")
    embedder.close()
    embedder.close()


@pytest.mark.skipif(sentence_transformers is not None, reason="sentence-transformers is installed")
def test_the_missing_package_is_told_with_its_pip_line() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'mm-agents\[sbert\]'"):
        build().embed([Text(text="a")], role="query")
