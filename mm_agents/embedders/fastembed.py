"""CLIP and its relatives with ONNX Runtime, by the package fastembed: texts, pictures and clips in one space.

A model is a pair that fastembed knows, named without "text" and "vision": "clip-ViT-B-32" is the pair of
Qdrant/clip-ViT-B-32-text and Qdrant/clip-ViT-B-32-vision. Its weights are downloaded from the Hugging Face hub at
first use, into the hub's cache (or FASTEMBED_CACHE_PATH). A folder serves instead: with the files of a CLIP pair, as
those two repositories hold them, in its subfolders ``text`` and ``vision``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image

from mm_agents._optional import require
from mm_agents.embedders.shared import (
    check_items,
    check_role,
    frames_of,
    mean_by_group,
    unit_rows,
    weights_error,
    windows,
)
from mm_agents.errors import ConfigError, EmbedderError, WeightsError
from mm_agents.types import Clip, Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_EXTRA, _FEATURE = "fastembed", "The fastembed embedder"
_DEFAULT = "clip-ViT-B-32"
_BATCH = 16
_THREADS = 2

# Models that were trained with words before the text (https://huggingface.co/nomic-ai/nomic-embed-vision-v1.5).
_PROMPTS: dict[str, dict[Role, str]] = {
    pair: {"query": "search_query: ", "document": "search_document: "}
    for pair in ("nomic-embed-v1.5", "nomic-embed-v1.5-Q")
}
_NO_PROMPTS: dict[Role, str] = {"query": "", "document": ""}


def build(argument: str = "") -> FastEmbedder:
    """Make an embedder of fastembed.

    Args:
        argument: a pair's name, or the path of a folder; what holds a slash is a path. "" is "clip-ViT-B-32".
    """
    is_path = "/" in argument or os.sep in argument
    return FastEmbedder(os.path.abspath(os.path.expanduser(argument)) if is_path else argument or _DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The two models, ready to run; several threads may call them."""

    texts: Any
    pictures: Any
    width: int


class FastEmbedder:
    """A text model and a picture model of one space. Thread-safe.

    Args:
        model: a pair's name, or the absolute path of a folder.
    """

    accepts: frozenset[Kind] = frozenset({"text", "image", "clip"})
    aligned = False

    def __init__(self, model: str = _DEFAULT) -> None:
        self.name: str = f"fastembed:{model}"
        self._model = model
        self._prompts = _PROMPTS.get(model, _NO_PROMPTS)
        self._lock = Lock()
        self._loaded: _Pair | None = None

    @property
    def width(self) -> int:
        """How many numbers a vector has, as fastembed's list says; that of a folder is known once it is loaded.

        Raises:
            ConfigError: fastembed knows no such pair.
            MissingExtraError: fastembed is not installed.
            WeightsError: the folder cannot be loaded.
        """
        if os.path.isabs(self._model):
            return self._pair().width
        return _described(self._model)[0]["dim"]

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: texts, pictures and clips in any order. A text longer than the model reads (77 tokens for CLIP) is
                the mean of its pieces, a clip the mean of its frames.
            role: "query" or "document"; most of these models treat them alike.

        Returns:
            float32, shape (len(items), width), each row of length 1; (0, width) for no items.

        Raises:
            ConfigError: fastembed knows no such pair, an item is of another kind or malformed, or the role is neither.
            MissingExtraError: fastembed is not installed.
            WeightsError: the weights are out of reach, or are not what they should be.
            EmbedderError: the model failed.
        """
        check_role(role)
        check_items(items, self.accepts, self.name)
        if not items:
            return np.empty((0, self.width), np.float32)
        pair = self._pair()
        rows = np.empty((len(items), pair.width), np.float32)
        texts = {place: item.text for place, item in enumerate(items) if isinstance(item, Text)}
        seen = {place: item for place, item in enumerate(items) if not isinstance(item, Text)}
        if texts:
            rows[list(texts)] = self._of_texts(pair, list(texts.values()), self._prompts[role])
        if seen:
            rows[list(seen)] = self._of_pictures(pair, list(seen.values()))
        return rows

    def close(self) -> None:
        """Free the models; harmless when called twice. A later call loads them again."""
        with self._lock:
            self._loaded = None

    def _of_texts(self, pair: _Pair, texts: Sequence[str], prompt: str) -> FloatArray:
        pieces = [windows(text, lambda piece: _windows_needed(pair.texts, prompt + piece)) for text in texts]
        vectors = self._run(pair.texts, [prompt + piece for of_text in pieces for piece in of_text])
        return mean_by_group(unit_rows(vectors, pair.width, self.name), [len(of_text) for of_text in pieces])

    def _of_pictures(self, pair: _Pair, items: Sequence[Image | Clip]) -> FloatArray:
        frames = (PIL.Image.fromarray(frame) for item in items for frame in frames_of(item))
        vectors = self._run(pair.pictures, frames)
        return mean_by_group(unit_rows(vectors, pair.width, self.name), [len(frames_of(item)) for item in items])

    def _run(self, model: Any, inputs: Sequence[str] | Iterator[PIL.Image.Image]) -> list[FloatArray]:
        try:
            return list(model.embed(inputs, batch_size=_BATCH))
        except Exception as error:  # ONNX Runtime's exceptions have no type that is public
            raise EmbedderError(f"The model of {self.name!r} failed: {error}") from error

    def _pair(self) -> _Pair:
        with self._lock:
            self._loaded = self._loaded or self._load()
            return self._loaded

    def _load(self) -> _Pair:
        is_folder = os.path.isabs(self._model)
        described = _described(_DEFAULT if is_folder else self._model)
        root = Path(self._model)
        folders = [root / "text", root / "vision"] if is_folder else self._downloaded(described)
        where = " and ".join(repr(str(folder)) for folder in folders)
        package = require("fastembed", extra=_EXTRA, feature=_FEATURE)
        try:
            texts, pictures = (
                make(model["model"], specific_model_path=str(folder), threads=_THREADS)
                for make, model, folder in zip(
                    (package.TextEmbedding, package.ImageEmbedding), described, folders, strict=True
                )
            )
            (text,), (picture,) = texts.embed([""]), pictures.embed([PIL.Image.new("RGB", (8, 8))])
        except Exception as error:  # a missing file, a damaged one, or a model of another kind: each fails its own way
            raise WeightsError(f"The models in {where} cannot be loaded: {error}") from error
        if len(text) != len(picture):
            raise WeightsError(
                f"The models in {where} are not a pair: their vectors have {len(text)} and {len(picture)} numbers."
            )
        return _Pair(texts=texts, pictures=pictures, width=len(text))

    def _downloaded(self, described: Sequence[dict[str, Any]]) -> list[Path]:
        """The folders that hold the two models' files."""
        try:
            return [_snapshot(model) for model in described]
        except Exception as error:  # of the hub, of its transport, or of the disk
            wanted = " and ".join(f"{model['sources']['hf']} ({model['size_in_GB']} GB)" for model in described)
            raise weights_error(self.name, wanted, error) from error


def _described(pair: str) -> list[dict[str, Any]]:
    """What fastembed's lists say about a pair's text model and picture model.

    Raises:
        ConfigError: no pair has that name.
    """
    package = require("fastembed", extra=_EXTRA, feature=_FEATURE)
    texts, pictures = (
        {_pair_name(model["model"]): model for model in kind.list_supported_models()}
        for kind in (package.TextEmbedding, package.ImageEmbedding)
    )
    known = sorted(texts.keys() & pictures.keys())
    if pair not in known:
        raise ConfigError(
            f"fastembed knows no pair of a text and a picture model named {pair!r}. Known: {', '.join(known)}; "
            "or the path of a folder, such as './models/clip'."
        )
    return [texts[pair], pictures[pair]]


def _pair_name(model: str) -> str:
    """What the two models of a pair are called in common: "clip-ViT-B-32" for "Qdrant/clip-ViT-B-32-vision"."""
    return model.rpartition("/")[2].replace("-text", "").replace("-vision", "")


def _snapshot(model: dict[str, Any]) -> Path:
    """The folder of a model's files: from the cache, else downloaded.

    Not fastembed's own download: that one tries three times for a minute without a network.
    """
    hub = require("huggingface_hub", extra=_EXTRA, feature=_FEATURE)
    weights = [model["model_file"], *model["additional_files"]]
    options: dict[str, Any] = {
        "cache_dir": os.environ.get("FASTEMBED_CACHE_PATH"),
        "allow_patterns": [*weights, "*.json"],
        "etag_timeout": 10,
    }
    try:
        folder = Path(hub.snapshot_download(model["sources"]["hf"], local_files_only=True, **options))
    except hub.errors.LocalEntryNotFoundError:
        folder = None
    if folder is None or not all((folder / name).exists() for name in weights):
        folder = Path(hub.snapshot_download(model["sources"]["hf"], **options))
    return folder


def _windows_needed(texts: Any, text: str) -> int:
    """How many windows of the text model's length a text fills; its tokeniser keeps what goes beyond the first."""
    return 1 + len(texts.model.tokenizer.encode(text).overflowing)
