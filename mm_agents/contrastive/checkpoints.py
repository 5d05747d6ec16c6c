"""Checkpoints: files of tensors and plain values, written whole, read without running anything that they hold."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from mm_agents._cache import write_whole
from mm_agents.contrastive.network import Network, Projection
from mm_agents.errors import ConfigError, WeightsError

BEST, LAST, BEFORE = "best.pt", "last.pt", "before.pt"
_FORMAT = 1
M = TypeVar("M", bound=nn.Module)


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values in one step; an ``OSError`` says that it cannot be written."""
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, **state}, buffer)
    write_whole(path, buffer.getvalue())


def save_last(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the newest state and keep the one before it."""
    if (folder / LAST).exists():
        (folder / LAST).replace(folder / BEFORE)
    save(folder / LAST, state)


def load(path: Path, content: bytes | None = None) -> dict[str, Any]:
    """Read what ``save`` wrote, with torch's reader of weights: a pickle that names anything else is refused.

    Args:
        path: the file.
        content: its bytes, if they are known already.

    Raises:
        WeightsError: it is missing, cut off, corrupt, of a newer version or no checkpoint.
    """
    try:
        content = path.read_bytes() if content is None else content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Torch compresses nothing; a compressed entry could unpack to fill the memory.
            is_plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
            damaged = archive.testzip() if is_plain else "its list of entries"
        if damaged:
            raise WeightsError(f"The checkpoint {str(path)!r} is corrupt: {damaged} is not what was written.")
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"No checkpoint {str(path)!r}; train one with: mm-agents train") from error
    except (OSError, zipfile.BadZipFile, RuntimeError, ValueError, EOFError, LookupError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"The checkpoint {str(path)!r} is cut off or corrupt: {error}.") from error
    except pickle.UnpicklingError as error:
        first = str(error).partition("\n")[0]
        raise WeightsError(
            f"The checkpoint {str(path)!r} holds more than weights and was not loaded: {first}"
        ) from error
    if not isinstance(state, dict) or state.get("format") != _FORMAT or not isinstance(state.get("config"), dict):
        raise WeightsError(f"{str(path)!r} is not a checkpoint that this version of mm_agents reads.")
    return state


def load_last(folder: Path) -> dict[str, Any]:
    """The last state, or with a warning the one before it; a ``WeightsError`` if neither can be used."""
    try:
        return load(folder / LAST)
    except WeightsError as error:
        if not (folder / BEFORE).exists():
            raise
        warnings.warn(f"{error} Going on from the one before it.", stacklevel=2)
        return load(folder / BEFORE)


def to_network(state: Mapping[str, Any], path: Path) -> Network:
    """The network of a checkpoint; a ``WeightsError`` if its weights do not fit the sizes that it names."""
    config = state["config"]
    sizes = {name: config.get(name) for name in ("channels", "height", "width", "hidden", "dimensions")}
    if not all(isinstance(size, int) and 0 < size <= 1 << 16 for size in sizes.values()):
        raise WeightsError(f"The checkpoint {str(path)!r} names impossible sizes: {sizes}.")
    try:
        with torch.device("meta"):  # sizes are compared before anything of them is allocated
            network = Network(**sizes)
    except (ConfigError, RuntimeError) as error:
        raise WeightsError(f"The checkpoint {str(path)!r} names impossible sizes: {error}") from error
    return _filled(network, state.get("model"), path)


def to_projection(weights: Any, width: int, config: Mapping[str, Any], path: Path) -> Projection:
    """A projection of a checkpoint; errors as ``to_network``."""
    shape, hidden = config.get("shape"), config.get("hidden")
    if shape not in ("linear", "residual") or not isinstance(hidden, int) or not 0 < hidden <= 1 << 16:
        raise WeightsError(f"The checkpoint {str(path)!r} names an impossible projection: {shape!r}, {hidden!r}.")
    with torch.device("meta"):
        projection = Projection(width, shape=shape, hidden=hidden)
    return _filled(projection, weights, path)


def _filled(module: M, weights: Any, path: Path) -> M:
    expected = {name: (tensor.shape, tensor.dtype) for name, tensor in module.state_dict().items()}
    tensors = weights.items() if isinstance(weights, dict) else ()
    found = {name: (tensor.shape, tensor.dtype) for name, tensor in tensors if isinstance(tensor, Tensor)}
    if wrong := sorted(str(name) for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)):
        raise WeightsError(f"The weights {', '.join(wrong[:3])} of {str(path)!r} are not of the sizes that it names.")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise WeightsError(f"The weights of {str(path)!r} hold numbers that are not finite.")
    module.load_state_dict(weights, assign=True)
    return module.eval()
