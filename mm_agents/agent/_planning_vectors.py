"""Vectors of the example questions, kept in the cache: they are the same in every process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_agents._cache import cache_folder, write_whole
from mm_agents.errors import MissingExtraError
from mm_agents.types import Text

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray


def vectors_of(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """Embed texts, shape (len(texts), width)."""
    return embedder.embed([Text(text=text) for text in texts], role="query")


def kept_vectors(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """The same, from the cache where they are there; they are rounded alike whether or not they were."""
    path = _place(embedder, texts)
    if path is not None and (kept := _read(path, (len(texts), embedder.width))) is not None:
        return kept
    vectors = vectors_of(embedder, texts).astype(np.float16)
    if path is not None:
        file = io.BytesIO()
        np.save(file, vectors, allow_pickle=False)
        with contextlib.suppress(OSError):  # a folder that cannot be written only costs the time again
            write_whole(path, file.getvalue())
    return vectors.astype(np.float32)


def _place(embedder: Embedder, texts: Sequence[str]) -> Path | None:
    key = hashlib.sha256(json.dumps([embedder.name, embedder.width, list(texts)]).encode()).hexdigest()
    try:
        return cache_folder() / "planner" / f"{key}.npy"
    except MissingExtraError:
        return None


def _read(path: Path, shape: tuple[int, int]) -> FloatArray | None:
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = kept.dtype == np.float16 and kept.shape == shape and bool(np.isfinite(kept).all())
    return kept.astype(np.float32) if whole else None
