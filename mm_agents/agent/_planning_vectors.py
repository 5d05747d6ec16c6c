"""Vectors of the example questions and what is learnt from them, kept in the cache for other processes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Sequence
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
    """The same, from the cache where they are there."""
    key = json.dumps([embedder.name, embedder.width, list(texts)]).encode()
    return kept(key, (len(texts), embedder.width), lambda: vectors_of(embedder, texts))


def kept(key: bytes, shape: tuple[int, ...], make: Callable[[], FloatArray]) -> FloatArray:
    """An array from the cache; made, and put there, where it is not there or damaged.

    Args:
        key: whatever the array depends on.
        shape: of the array.
        make: makes it.
    """
    try:
        path = cache_folder() / "planner" / f"{hashlib.sha256(key).hexdigest()}.npy"
    except MissingExtraError:
        return make()
    with contextlib.suppress(OSError, ValueError, EOFError):
        found = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.shape == shape and np.isfinite(found).all():
            return found
    made = make()
    file = io.BytesIO()
    np.save(file, made, allow_pickle=False)
    with contextlib.suppress(OSError):  # a folder that cannot be written only costs the time again
        write_whole(path, file.getvalue())
    return made
