"""The folder for what can be made again, and files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mm_agents._optional import require
from mm_agents.errors import MissingExtraError

if TYPE_CHECKING:
    from mm_agents.types import FloatArray


def cache_folder(*, extra: str = "local", feature: str = "The cache") -> Path:
    """Where read words and what was learnt are kept: MM_AGENTS_CACHE, else the user's cache folder of the system."""
    chosen = os.environ.get("MM_AGENTS_CACHE")
    if chosen:
        return Path(chosen)
    return Path(require("platformdirs", extra=extra, feature=feature).user_cache_dir("mm_agents", appauthor=False))


def cached_array(folder: str, key: bytes, shape: tuple[int, ...], make: Callable[[], FloatArray]) -> FloatArray:
    """An array of float32 from the cache; made, and put there, where it is missing or damaged.

    Args:
        folder: inside the cache.
        key: everything that the array depends on.
        shape: of the array.
        make: makes it.
    """
    import numpy as np

    try:
        path = cache_folder() / folder / f"{hashlib.sha256(key).hexdigest()}.npy"
    except MissingExtraError:
        return make()
    with contextlib.suppress(OSError, ValueError, EOFError):
        kept = np.load(path, allow_pickle=False)
        if kept.dtype == np.float32 and kept.shape == shape and np.isfinite(kept).all():
            return kept
    made = make()
    file = io.BytesIO()
    np.save(file, made, allow_pickle=False)
    with contextlib.suppress(OSError):  # a folder that cannot be written only costs the time again
        write_whole(path, file.getvalue())
    return made


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place in one step, readable by its owner only; several processes may do so at once.

    Raises:
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
