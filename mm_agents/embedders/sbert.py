"""Models of sentence-transformers, with torch: CLIP, SigLIP and others for texts and pictures, or for texts alone.

The weights are downloaded from the Hugging Face hub at first use, into its cache; a folder that holds a saved model
serves instead. Code that a model brings along is never run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
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
from mm_agents.errors import EmbedderError, WeightsError
from mm_agents.types import Clip, Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_EXTRA, _FEATURE = "sbert", "The sentence-transformers embedder"
_DEFAULT = "google/siglip2-base-patch16-224"
_BATCH = 16
_MODALITIES: dict[Kind, str] = {"text": "text", "image": "image", "clip": "image"}  # a clip is its frames
_NO_LIMIT = 1_000_000  # tokens; tokenisers without a limit say some huge number


def build(argument: str = "") -> SbertEmbedder:
    """Make an embedder of sentence-transformers.

    Args:
        argument: a model of the hub, such as "sentence-transformers/clip-ViT-B-32", or the path of a folder, which
            begins with "/", "." or "~". "" is "google/siglip2-base-patch16-224".
    """
    is_path = argument.startswith((".", "~")) or os.path.isabs(argument)
    return SbertEmbedder(os.path.abspath(os.path.expanduser(argument)) if is_path else argument or _DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """A SentenceTransformer, ready to run; ``options`` are what its ``encode`` methods are called with."""

    model: Any
    width: int
    accepts: frozenset[Kind]
    options: dict[str, Any]


class SbertEmbedder:
    """A model of sentence-transformers. Thread-safe; one call runs at a time.

    What the model takes and how wide its vectors are is known once it is loaded: asking for ``accepts`` or ``width``
    loads it.

    Args:
        model: its name on the hub, or the absolute path of a folder.
        device: where it runs, such as "cpu" or "cuda"; None takes the fastest there is.
    """

    aligned = False

    def __init__(self, model: str = _DEFAULT, *, device: str | None = None) -> None:
        self.name: str = f"sbert:{model}"
        self._model = model
        self._device = device
        self._lock = Lock()
        self._running = Lock()  # the tokenisers of transformers cannot be used by two threads at once
        self._state: _Loaded | None = None

    @property
    def width(self) -> int:
        """How many numbers a vector has; loads the model.

        Raises:
            MissingExtraError: sentence-transformers is not installed.
            WeightsError: the weights are out of reach, or are not what they should be.
        """
        return self._ready().width

    @property
    def accepts(self) -> frozenset[Kind]:
        """The kinds of item that the model takes; loads the model."""
        return self._ready().accepts

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: what the model takes, in any order. A text longer than the model reads is the mean of its pieces, a
                clip the mean of its frames.
            role: "query" or "document"; a model that has instructions for them gets them.

        Returns:
            float32, shape (len(items), width), each row of length 1; (0, width) for no items.

        Raises:
            ConfigError: an item is of a kind that the model does not take or malformed, or the role is neither.
            MissingExtraError: sentence-transformers is not installed.
            WeightsError: the weights are out of reach, or are not what they should be.
            EmbedderError: the model failed.
        """
        check_role(role)
        loaded = self._ready()
        check_items(items, loaded.accepts, self.name)
        rows = np.empty((len(items), loaded.width), np.float32)
        texts = {place: item.text for place, item in enumerate(items) if isinstance(item, Text)}
        seen = {place: item for place, item in enumerate(items) if not isinstance(item, Text)}
        if texts:
            rows[list(texts)] = self._of_texts(loaded, list(texts.values()), role)
        if seen:
            rows[list(seen)] = self._of_pictures(loaded, list(seen.values()), role)
        return rows

    def close(self) -> None:
        """Free the model; harmless when called twice. A later call loads it again."""
        with self._lock:
            self._state = None

    def _of_texts(self, loaded: _Loaded, texts: Sequence[str], role: Role) -> FloatArray:
        with self._running:
            pieces = [windows(text, lambda piece: _windows_needed(loaded.model, piece)) for text in texts]
        vectors = self._run(loaded, [piece for of_text in pieces for piece in of_text], role)
        return mean_by_group(vectors, [len(of_text) for of_text in pieces])

    def _of_pictures(self, loaded: _Loaded, items: Sequence[Image | Clip], role: Role) -> FloatArray:
        frames = [PIL.Image.fromarray(frame) for item in items for frame in frames_of(item)]
        return mean_by_group(self._run(loaded, frames, role), [len(frames_of(item)) for item in items])

    def _run(self, loaded: _Loaded, inputs: Sequence[str] | Sequence[PIL.Image.Image], role: Role) -> FloatArray:
        encode = loaded.model.encode_query if role == "query" else loaded.model.encode_document
        try:
            with self._running:
                vectors = encode(inputs, batch_size=_BATCH, show_progress_bar=False, **loaded.options)
        except Exception as error:  # torch's and transformers' errors have no common parent
            raise EmbedderError(f"The model of {self.name!r} failed: {error}") from error
        return unit_rows(vectors, loaded.width, self.name)

    def _ready(self) -> _Loaded:
        with self._lock:
            self._state = self._state or self._load()
            return self._state

    def _load(self) -> _Loaded:
        model = self._opened(local=True) if os.path.isabs(self._model) else self._cached_or_downloaded()
        accepts: frozenset[Kind] = frozenset(
            kind for kind, modality in _MODALITIES.items() if modality in model.modalities
        )
        width = model.get_embedding_dimension()
        if not accepts or not width:
            raise WeightsError(
                f"The model of {self.name!r} takes {model.modalities!r} and makes vectors of {width!r} numbers; an "
                "embedder's takes 'text' or 'image' and has a width."
            )
        return _Loaded(model=model, width=width, accepts=accepts, options=_prepared(model))

    def _cached_or_downloaded(self) -> Any:
        try:
            return self._opened(local=True)
        except WeightsError:
            hub = require("huggingface_hub", extra=_EXTRA, feature=_FEATURE)
        try:
            hub.HfApi().model_info(self._model, timeout=10)  # the download itself tries for a minute
        except Exception as error:  # of the hub, or of its transport
            raise weights_error(self.name, self._model, error) from error
        return self._opened(local=False)

    def _opened(self, *, local: bool) -> Any:
        package = require("sentence_transformers", extra=_EXTRA, feature=_FEATURE)
        try:
            return package.SentenceTransformer(
                self._model, device=self._device, local_files_only=local, trust_remote_code=False
            )
        except Exception as error:  # a missing file, a damaged one, an unknown kind of model: each fails its own way
            raise WeightsError(f"The model of {self.name!r} cannot be loaded: {error}") from error


def _prepared(model: Any) -> dict[str, Any]:
    """What the model's ``encode`` methods are to be called with.

    SigLIP's text model looks at the last of its 64 places, and was trained on texts filled up to there; its tokeniser
    does neither by itself (https://huggingface.co/docs/transformers/model_doc/siglip2, "Usage tips").
    """
    if model.config is None or model.config.model_type not in ("siglip", "siglip2"):
        return {}
    model.max_seq_length = model.config.text_config.max_position_embeddings
    return {"processing_kwargs": {"text": {"padding": "max_length"}}}


def _windows_needed(model: Any, text: str) -> int:
    """How many windows of the model's length a text fills, with the longest of its instructions before it."""
    limit = model.max_seq_length
    if limit is None or limit > _NO_LIMIT:
        return 1
    prompt = max(model.prompts.values(), key=len, default="")
    return math.ceil(len(model.tokenizer(prompt + text, truncation=False, verbose=False)["input_ids"]) / limit)
