"""Checkpoints: whole or not at all, read without running anything in them, the last two kept."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

from mm_agents._cache import write_whole
from mm_agents.contrastive._torch import get_torch
from mm_agents.errors import ConfigError, WeightsError

_KEPT = 2


def save(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values in one step."""
    buffer = io.BytesIO()
    get_torch().save(state, buffer)
    write_whole(path, buffer.getvalue())


def load(path: Path, *, content: bytes | None = None) -> dict[str, Any]:
    """Read what ``save`` wrote, onto the CPU.

    Args:
        path: the file, for messages where the content is given.
        content: what the file holds, where it was read before.

    Raises:
        WeightsError: it is cut off or corrupt, or holds anything but tensors and plain values.
        OSError: it cannot be opened.
    """
    content = path.read_bytes() if content is None else content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            damaged = archive.testzip()
        if damaged:
            raise WeightsError(f"The checkpoint {str(path)!r} is corrupt in {damaged!r}.")
        state = get_torch().load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        EOFError,
        RuntimeError,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        if isinstance(error, WeightsError):
            raise
        reason = str(error).strip().splitlines()[:1]
        raise WeightsError(
            f"The checkpoint {str(path)!r} is cut off, corrupt or holds more than weights ({''.join(reason)[:120]})."
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"The checkpoint {str(path)!r} holds a {type(state).__name__}, not what training writes.")
    return state


def keep(folder: Path, epoch: int, state: dict[str, Any]) -> None:
    """Write an epoch's checkpoint and remove all but the last two, and what a killed process left half written."""
    save(folder / f"{epoch:04d}.pt", state)
    for old in [*sorted(folder.glob("*.pt"))[:-_KEPT], *folder.glob("*.pt?*")]:
        old.unlink(missing_ok=True)


def latest(folder: Path) -> dict[str, Any]:
    """The last checkpoint that can be read; one that cannot be is told in a warning, and the one before it taken.

    Raises:
        ConfigError: there is none.
        WeightsError: none of those that are there can be read.
    """
    failed: WeightsError | None = None
    for path in sorted(folder.glob("*.pt"), reverse=True):
        try:
            return load(path)
        except WeightsError as error:
            failed = error
            warnings.warn(f"{error} The one before it is taken.", stacklevel=2)
    if failed:
        raise failed
    raise ConfigError(f"There is nothing to go on from in {str(folder)!r}; train without --resume first.")
