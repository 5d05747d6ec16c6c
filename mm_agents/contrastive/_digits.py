"""Labelled pictures in one file: Kaggle's CSV of pixels, and the IDX files of MNIST; gzip or not.

IDX: two zero bytes, the type (8: uint8), the number of dimensions, each dimension as a big-endian int32, the numbers
(http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mm_agents.contrastive.data import PictureSet, labelled
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError

_LIMIT = 2 * 1024**3  # bytes, unpacked
_IDX = b"\x00\x00\x08"


def read_digits(path: Path) -> PictureSet:
    """Read labelled pictures of one size.

    Args:
        path: a CSV file with the columns label, pixel0, pixel1 … of square grey pictures; a file of pictures in IDX,
            whose labels lie beside it ("train-images-idx3-ubyte" and "train-labels-idx1-ubyte"); or a folder that
            holds one such pair. All may be packed by gzip.

    Raises:
        ConfigError: the columns, sizes or labels are not of that form.
        DamagedMediaError: a file is cut off or corrupt.
        MediaTooLargeError: a file holds more than 2 GiB.
        MediaError: a file is missing.
    """
    if path.is_dir():
        found = sorted(path.glob("*images*idx3*"))
        if len(found) != 1:
            raise ConfigError(f"{str(path)!r} holds {len(found)} files of pictures in IDX; give the file itself.")
        path = found[0]
    content = _content(path)
    return _from_idx(content, path) if content.startswith(_IDX) else _from_csv(content, path)


def _from_idx(content: bytes, path: Path) -> PictureSet:
    pictures = _idx(content, 3, path)
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    labels_path = path.with_name(name)
    if name == path.name or not labels_path.is_file():
        raise ConfigError(f"The labels of {str(path)!r} should lie beside it as {name!r}.")
    labels = _idx(_content(labels_path), 1, labels_path)
    if len(labels) != len(pictures):
        raise ConfigError(f"{str(path)!r} holds {len(pictures)} pictures, and {name!r} {len(labels)} labels.")
    return labelled(torch.from_numpy(pictures[:, None].copy()), labels.tolist(), repr(str(path)))


def _idx(content: bytes, dimensions: int, path: Path) -> NDArray[np.uint8]:
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != _IDX + bytes([dimensions]):
        raise DamagedMediaError(f"{str(path)!r} does not begin as an IDX file of bytes in {dimensions} dimension(s).")
    shape = [int(size) for size in np.frombuffer(content[4:start], ">u4")]
    if len(content) != start + math.prod(shape):
        raise DamagedMediaError(
            f"{str(path)!r} should hold {' × '.join(map(str, shape))} bytes after its header, and holds "
            f"{len(content) - start}; it is cut off or corrupt."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _from_csv(content: bytes, path: Path) -> PictureSet:
    header, _, rows = content.partition(b"\n")
    names = [name.strip().strip('"').lower() for name in header.decode("utf-8", "replace").split(",")]
    side = math.isqrt(len(names) - 1)
    if names[0] != "label" or side < 1 or names[1:] != [f"pixel{n}" for n in range(side * side)]:
        raise ConfigError(
            f"{str(path)!r} has {len(names)} columns that begin with {', '.join(names[:3])!r}; wanted: label, pixel0, "
            "pixel1 … of a square picture, 784 of them for 28 × 28."
        )
    try:
        numbers: NDArray[Any] = np.loadtxt(io.BytesIO(rows), np.int32, delimiter=",", ndmin=2)
    except ValueError as error:
        raise ConfigError(f"{str(path)!r} cannot be read as a table of whole numbers: {error}.") from error
    if numbers.shape[1:] != (len(names),) or not len(numbers):
        raise ConfigError(f"{str(path)!r} has rows of {numbers.shape[1]} numbers; its header has {len(names)} columns.")
    pixels = numbers[:, 1:]
    if pixels.min() < 0 or pixels.max() > 255:
        raise ConfigError(f"{str(path)!r} has pixels from {pixels.min()} to {pixels.max()}; they should be 0 to 255.")
    pictures = torch.from_numpy(pixels.astype(np.uint8).reshape(-1, 1, side, side))
    return labelled(pictures, numbers[:, 0].tolist(), repr(str(path)))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            with gzip.open(file) if packed else file as opened:
                content = opened.read(_LIMIT + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedMediaError(f"{str(path)!r} is cut off or corrupt: {error}.") from error
    except OSError as error:
        raise MediaError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    if len(content) > _LIMIT:
        raise MediaTooLargeError(f"{str(path)!r} holds more than {_LIMIT:,} bytes.")
    return content
