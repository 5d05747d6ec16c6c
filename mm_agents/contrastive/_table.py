"""Tables: digits as Kaggle has them, and pairs."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.errors import ConfigError, DamagedMediaError

if TYPE_CHECKING:
    from mm_agents.types import ByteArray


def read_digits(path: Path) -> tuple[ByteArray, ByteArray]:
    """The pictures, shape (n, side, side), and labels, shape (n,), of a CSV as Kaggle has it.

    Raises:
        ConfigError: the columns are others.
        DamagedMediaError: a cell is no number from 0 to 255, or the file is cut off.
    """
    try:
        with _opened(path) as file:
            names = [name.strip() for name in file.readline().split(",")]
            side = math.isqrt(len(names) - 1)
            if side < 1 or names != ["label", *(f"pixel{n}" for n in range(side * side))]:
                shown = ", ".join(names[:3])[:60]
                raise ConfigError(
                    f"{path.name!r} has {len(names)} columns that begin with {shown!r}; they should be label, pixel0, "
                    "pixel1, … up to a square number of pixels, as in Kaggle's digit-recognizer (785 columns)."
                )
            numbers = np.loadtxt(file, np.int32, delimiter=",", ndmin=2)
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise DamagedMediaError(f"{path.name!r} is cut off or corrupt: {error}") from error
    except ConfigError:
        raise
    except ValueError as error:  # numpy names the row and the cell
        raise DamagedMediaError(f"{path.name!r} cannot be read: {error}") from error
    if numbers.shape[1] != len(names):
        raise DamagedMediaError(f"{path.name!r} has no rows of {len(names)} numbers below its columns' names.")
    if numbers.min() < 0 or numbers.max() > 255:
        row = int(np.flatnonzero((numbers < 0).any(axis=1) | (numbers > 255).any(axis=1))[0])
        raise DamagedMediaError(f"{path.name!r}, row {row + 2}, holds a number that is not from 0 to 255.")
    whole = numbers.astype(np.uint8)
    return whole[:, 1:].reshape(-1, side, side), whole[:, 0]


def _opened(path: Path) -> Any:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def read_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV or TSV (told by its name), each with those columns filled, and with "label" where it has one.

    Raises:
        ConfigError: a column is missing, a row has an empty or a surplus cell, or there is no row.
        DamagedMediaError: the file is not UTF-8.
    """
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=separator, strict=True)
            names = list(reader.fieldnames or ())
            if missing := [name for name in columns if name not in names]:
                raise ConfigError(
                    f"{path.name!r} has no column {missing[0]!r} but {', '.join(names)[:80] or 'none'}; its first line "
                    f"should name {', '.join(columns)} and, if you like, label."
                )
            rows: list[dict[Any, Any]] = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedMediaError(f"{path.name!r} is no table in UTF-8: {error}") from error
    for number, row in enumerate(rows, start=1):
        if None in row or not all((row[name] or "").strip() for name in columns):
            raise ConfigError(f"{path.name!r}, row {number}: {', '.join(columns)} should be filled, and no cell more.")
    if not rows:
        raise ConfigError(f"{path.name!r} has no row below its columns' names.")
    return [{name: (value or "").strip() for name, value in row.items()} for row in rows]
