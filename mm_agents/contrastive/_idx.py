"""The idx files of MNIST (LeCun, Cortes and Burges 1998): a header of sizes, then bytes."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.errors import ConfigError, DamagedMediaError, MediaTooLargeError

if TYPE_CHECKING:
    from mm_agents.types import ByteArray

_BYTES = 0x08
_LIMIT = 4 * 1024**3


def is_idx(source: Path) -> bool:
    """Whether it is an idx file or a folder, in which idx files are looked for."""
    return source.is_dir() or re.search(r"idx\d", source.name) is not None


def read(source: Path) -> tuple[ByteArray, ByteArray]:
    """The pictures, shape (n, height, width), and labels, shape (n,), of an idx file or of a folder.

    Raises:
        ConfigError: a file is not there, or the two do not belong together.
        DamagedMediaError: a file is cut off or not in this format.
    """
    if source.is_dir():
        found = sorted(source.glob("train-images*idx3*"))
        if not found:
            raise ConfigError(f"The folder {str(source)!r} has no train-images-idx3-ubyte; name the file itself.")
        source = found[0]
    beside = source.with_name(source.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside == source or not beside.exists():
        raise ConfigError(f"{source.name!r} needs its labels in {beside.name!r} beside it.")
    pictures, labels = _array(source, 3), _array(beside, 1)
    if len(pictures) != len(labels):
        raise ConfigError(f"{source.name!r} holds {len(pictures)} pictures but {beside.name!r} {len(labels)} labels.")
    return pictures, labels


def _opened(path: Path) -> Any:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _array(path: Path, dimensions: int) -> ByteArray:
    try:
        with _opened(path) as file:
            head = file.read(4 + 4 * dimensions)
            if len(head) < 4 + 4 * dimensions:
                raise DamagedMediaError(f"{path.name!r} is cut off in its header, after {len(head)} bytes.")
            if head[:4] != bytes([0, 0, _BYTES, dimensions]):
                raise DamagedMediaError(
                    f"{path.name!r} begins with {head[:4].hex()}; an idx file of bytes in {dimensions} dimensions "
                    f"begins with 0000{_BYTES:02x}{dimensions:02x}."
                )
            shape = struct.unpack(f">{dimensions}I", head[4:])
            size = math.prod(shape)
            if size > _LIMIT:
                raise MediaTooLargeError(f"{path.name!r} says that it holds {size} bytes; the limit is {_LIMIT}.")
            body = file.read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedMediaError(f"{path.name!r} is cut off or corrupt: {error}") from error
    if len(body) < size:
        raise DamagedMediaError(f"{path.name!r} is cut off: it holds {len(body)} of {size} bytes. Fetch it again.")
    return np.frombuffer(body, np.uint8).reshape(shape)
