"""Files of the local store: rows that are only ever appended, and a small JSON file that is replaced whole."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import threading
import zlib
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mm_agents.errors import ConfigError, LibraryNotFoundError, StoreDamagedError, StoreVersionError

Rows = NDArray[Any]

MANIFEST = "mm_agents.json"
DATABASE = "store.sqlite"
GENERATION = "store.generation"
FORMAT = 1

UNIT_SLACK = 0.01
"""How far the square of a kept vector's length is from 1 at most; writing allows a fifth of it."""

_SPARE_BYTES = 1 << 20
_CHUNK_ROWS = 16_384


def append_rows(path: Path, rows: Rows, at: int) -> None:
    """Write rows behind the first ``at`` ones, over whatever a crash left there, and make them last.

    The file grows in steps, with room to spare, so that a reader's map still covers the rows of the next writes.
    """
    with path.open("r+b", buffering=0) as file:
        start = at * rows[0].nbytes
        end = start + rows.nbytes
        if os.fstat(file.fileno()).st_size < end:
            file.truncate(end + max(end // 4, _SPARE_BYTES))
        file.seek(start)
        _write(file, rows)
        _sync(file)


def write_rows(path: Path, chunks: Iterable[Rows]) -> tuple[int, int]:
    """Write a new file of rows and make it last; returns how many there are and their checksum."""
    count = crc = 0
    with path.open("wb", buffering=0) as file:
        for rows in chunks:
            _write(file, rows)
            count, crc = count + len(rows), checksum(rows, crc)
        _sync(file)
    return count, crc


def map_rows(path: Path, dtype: np.dtype[Any], width: int | None, count: int) -> Rows:
    """All rows that a file has room for, shape (n,) or (n, width), n >= count; read as they are touched.

    Raises:
        StoreDamagedError: the file is shorter than ``count`` rows.
        FileNotFoundError: the file does not exist.
    """
    stride = dtype.itemsize * (1 if width is None else width)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < count * stride:
            raise damaged(path, f"{size:,} bytes are left of {count * stride:,}")
        fits = size // stride
        if fits == 0:
            return np.empty(0 if width is None else (0, width), dtype)
        rows = np.frombuffer(mmap.mmap(file.fileno(), fits * stride, access=mmap.ACCESS_READ), dtype)
    return rows if width is None else rows.reshape(fits, width)


def checksum(rows: Rows, before: int = 0) -> int:
    """CRC-32 of rows, going on from the checksum of the rows before them."""
    return zlib.crc32(np.ascontiguousarray(rows).view(np.uint8).data, before) if rows.size else before


def check_rows(path: Path, rows: Rows, crc: int) -> None:
    """Check that rows are what was written.

    Raises:
        StoreDamagedError: they are not.
    """
    if checksum(rows) != crc:
        raise damaged(path, "it has changed since it was written")


def check_units(path: Path, rows: Rows) -> None:
    """Check that rows are finite and of length 1.

    Raises:
        StoreDamagedError: one is not.
    """
    for start in range(0, len(rows), _CHUNK_ROWS):
        part = rows[start : start + _CHUNK_ROWS]
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.einsum("ij,ij->i", part, part)
        if not (abs(squares - 1) <= UNIT_SLACK).all():  # also where one is not a number
            raise damaged(path, "it holds a vector that is not of length 1")


def is_unit(row: Rows) -> bool:
    """Whether a vector is finite and of length 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(abs(np.dot(row, row) - 1) <= UNIT_SLACK)


def damaged(path: Path, how: str) -> StoreDamagedError:
    """The error for a file that is not as it was written."""
    return StoreDamagedError(
        f"{str(path)!r} is damaged: {how}. Restore the library from a backup, or add the media to a new one."
    )


def chunks(rows: Rows, chosen: NDArray[np.int64]) -> Iterable[Rows]:
    """The chosen rows, copied some at a time."""
    return (rows[chosen[start : start + _CHUNK_ROWS]] for start in range(0, len(chosen), _CHUNK_ROWS))


def write_manifest(folder: Path, spec: Mapping[str, object]) -> None:
    """Say what a folder is, last of all; a crash leaves the manifest that was there, or the new one."""
    path = folder / MANIFEST
    draft = path.with_name(f"{MANIFEST}.{os.getpid()}-{threading.get_ident()}.tmp")
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **spec}, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(folder)


def check_manifest(folder: Path, *, store: str = "local") -> dict[str, Any]:
    """The manifest of a folder that holds a store of this kind; ``local.build`` lists the errors."""
    path = folder / MANIFEST
    if not path.is_file():
        place = _place(store, folder)
        raise LibraryNotFoundError(f"No library at {place!r}. Make one with: mm-agents add PATH --library {place}")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version, kept = document["format"], document.get("store", "local")
        newer = version > FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"it cannot be read ({error})") from error
    if newer:
        raise StoreVersionError(
            f"The library at {str(folder)!r} has format {version}; this mm_agents reads up to format {FORMAT}. "
            "Upgrade with: pip install --upgrade mm-agents"
        )
    if kept != store:
        raise ConfigError(
            f"{str(folder)!r} holds a library of another store, {kept!r}. Open it as: {_place(kept, folder)}"
        )
    return document


def _place(store: str, folder: Path) -> str:
    return str(folder) if store == "local" else f"{store}://{folder}"


def sync_folder(folder: Path) -> None:
    """Make new names in a folder last."""
    if os.name != "nt":  # Windows keeps names without being asked, and cannot open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def note_generation(folder: Path, generation: int) -> None:
    """Note beside the database how far it has come, after it has come there; a crash may leave an earlier note."""
    line = b"%020d" % generation
    descriptor = os.open(folder / GENERATION, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        os.ftruncate(descriptor, os.write(descriptor, line + b" %08x\n" % zlib.crc32(line)))
    finally:
        os.close(descriptor)


def noted_generation(folder: Path) -> int:
    """How far the database had come at least; 0 where nothing is noted.

    Raises:
        StoreDamagedError: the note is not as it was written.
    """
    path = folder / GENERATION
    try:
        line, _, crc = path.read_bytes().partition(b" ")
    except FileNotFoundError:
        return 0
    if crc != b"%08x\n" % zlib.crc32(line) or not line.isdigit():
        raise damaged(path, "it has changed since it was written")
    return int(line)


def check_folder(folder: Path) -> None:
    """Check that a library can be there.

    Raises:
        ConfigError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is a file, not a folder. Name the library's folder.")


@contextmanager
def whole_folder(folder: Path) -> Generator[Path]:
    """A folder to write a backup into, which gets its name when the block has ended: nothing half written has it.

    What a backup that was killed has left is removed by the next one of that name.

    Raises:
        ConfigError: there is a file or a folder with something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{str(folder)!r} is not an empty folder. Name a new one for the backup.")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _write(file: IO[bytes], rows: Rows) -> None:
    left = memoryview(np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data) if rows.size else memoryview(b"")
    while left:  # a raw file may take less than it is given
        left = left[file.write(left) :]


def _sync(file: IO[bytes]) -> None:
    os.fsync(file.fileno())
