"""Reads the tensors of a file that ``torch.save`` wrote in its legacy format (before torch 1.6), without torch.

The file is five pickles (magic number, protocol version, facts on the machine, the tensors' names and shapes, the
keys of the storages), then for each key an int64 count and that many numbers (``_legacy_save`` in
torch/serialization.py). A pickle may name any callable to run; the reader here knows four names and refuses others.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_agents.errors import WeightsError

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_COUNT = np.dtype("<i8")


@dataclass(slots=True)
class _Storage:
    """Numbers that tensors share; they stand in the file after the pickle that names them."""

    dtype: np.dtype[Any]
    numbers: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor as the pickle describes it; offset and strides count numbers, not bytes."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """A view of the storage; ValueError where it would reach outside."""
        numbers = self.storage.numbers
        size = numbers.itemsize
        strides = [stride * size for stride in self.strides]
        return np.ndarray(self.shape, numbers.dtype, numbers.data, self.offset * size, strides)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    """Knows the names of ``_ALLOWED`` only."""

    def __init__(self, stream: io.BytesIO, storages: dict[str, _Storage]) -> None:
        super().__init__(stream)
        self._storages = storages

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise WeightsError(f"A weights file may not use {module_name}.{global_name}; it was not loaded.") from None

    def persistent_load(self, pid: Any, /) -> _Storage:
        _, dtype, key, _, _, _ = pid
        return self._storages.setdefault(key, _Storage(dtype, np.empty(0, dtype)))


def read_tensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Read a state dict.

    Args:
        content: the whole file.

    Returns:
        The tensors by name; they cannot be written to.

    Raises:
        WeightsError: not such a file, cut off, or one that names something else than tensors.
    """
    try:
        return _read(io.BytesIO(content))
    except WeightsError:
        raise
    except Exception as error:  # damaged pickles raise errors of nearly every type
        raise WeightsError(f"The weights file is damaged or not in torch's legacy format: {error!r}.") from error


def _read(stream: io.BytesIO) -> dict[str, NDArray[Any]]:
    storages: dict[str, _Storage] = {}

    def load() -> Any:
        return _Unpickler(stream, storages).load()

    header = load(), load()
    if header != (_MAGIC_NUMBER, _PROTOCOL_VERSION):
        raise WeightsError(f"The weights file begins with {header!r}; it is not in torch's legacy format.")
    load()  # byte order and word sizes of the machine that wrote it: the numbers are little-endian all the same
    tensors: dict[str, _Tensor] = load()
    for key in load():
        storage = storages[key]
        (count,) = np.frombuffer(stream.read(_COUNT.itemsize), _COUNT)
        storage.numbers = np.frombuffer(stream.read(int(count) * storage.dtype.itemsize), storage.dtype, int(count))
    return {name: tensor.array() for name, tensor in tensors.items()}
