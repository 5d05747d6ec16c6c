"""The folder for what can be made again, and files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mm_agents._optional import require


def cache_folder(*, extra: str = "local", feature: str = "The cache") -> Path:
    """Where read words and what was learnt are kept: MM_AGENTS_CACHE, else the user's cache folder of the system."""
    chosen = os.environ.get("MM_AGENTS_CACHE")
    if chosen:
        return Path(chosen)
    return Path(require("platformdirs", extra=extra, feature=feature).user_cache_dir("mm_agents", appauthor=False))


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
