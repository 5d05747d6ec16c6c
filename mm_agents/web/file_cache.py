"""Files that the page may load: copies in a folder of this run."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from mm_agents.media import MediaFile


class Cache:
    """Writes files where the page's server serves them; their folders cannot be guessed.

    Args:
        folder: the server's folder for files, of this run alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = secrets.token_bytes(32)
        self.written: set[str] = set()

    def put(self, content: bytes, name: str) -> Path:
        """Write a file; the same content under the same name is written once."""
        return self._at(hashlib.sha256(content).hexdigest(), name, lambda target: target.write_bytes(content))

    def copy(self, file: MediaFile, name: str) -> Path:
        """Copy an inspected file; ``name`` is that of the copy."""
        source = file.path
        if source is None:
            raise ValueError("only a file on disk can be copied")
        return self._at(file.sha256, name, lambda target: shutil.copyfile(source, target))

    def picture(self, jpeg: bytes) -> str:
        """Write a picture; returns its address."""
        return address(self.put(jpeg, "picture.jpg"))

    def _at(self, content: str, name: str, write: Callable[[Path], object]) -> Path:
        key = hmac.digest(self._secret, content.encode(), "sha256").hex()
        target = self._folder / key / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{secrets.token_hex(8)}.part")
            write(part)
            part.replace(target)
        self.written.add(str(target))
        return target


def address(path: Path) -> str:
    """The address of a file, relative to the page."""
    return f"gradio_api/file={quote(str(path))}"
