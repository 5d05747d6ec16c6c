"""A library's files with bytes changed, zeroed, swapped, cut or gone: the doctor notices, or all is kept as before."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

import numpy as np

from mm_agents import Library
from mm_agents.cli.maintenance import examine
from mm_agents.errors import MMAgentsError
from mm_agents.testing import HashEmbedder

from .tally import Budget, Tally, mutated, paint

WIDTH = 16
_ROW = 4 * WIDTH
_PAGE = 4096


def attack(budget: Budget) -> Tally:
    """Damage one file of a library in a folder at a time: each in each way, then any in any way."""
    return _attack(budget, Tally("damaged libraries"), "")


def lance(budget: Budget) -> Tally:
    """The same of a library in LanceDB."""
    return _attack(budget, Tally("damaged Lance libraries"), "lance://")


def _attack(budget: Budget, tally: Tally, kind: str) -> Tally:
    whole = budget.place / "whole"
    with Library.open(f"{kind}{whole}", embedder=HashEmbedder(width=WIDTH)) as library:
        library.add(*paint(budget.place / "pictures", 12), words="none")
    kept = content(f"{kind}{whole}")
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file() and path.stat().st_size)
    known = [(name, how) for name in files for how in WAYS]
    random.Random(budget.seed).shuffle(known)
    for number, dice in budget.numbered():
        folder, name = budget.place / "damaged", files[number % len(files)]
        how = "bytes"
        if number < len(known):
            name, how = known[number]
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        data = (whole / name).read_bytes()
        changed = WAYS[how](data, dice) if number < len(known) else mutated(data, dice)
        if changed is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(changed)
        tally.tries += 1
        _look(tally, f"{kind}{folder}", kept, f"{name}, {how} ({number})")
    return tally


def _look(tally: Tally, library: str, kept: list[tuple[str, str]], what: str) -> None:
    try:
        noticed = any(check.needed and not check.ok for check in examine(library))
        tally.notes["noticed"] = tally.notes.get("noticed", 0) + noticed
        if not noticed and content(library) != kept:
            tally.failed(f"{what}: changed, and the doctor finds it sound")
    except MMAgentsError as error:
        tally.failed(f"{what}: the doctor passes, reading raises {error}")
    except BaseException as error:  # noqa: BLE001 - every other one is a fault, LanceDB's panics too
        tally.failed(f"{what}: {type(error).__name__}: {error}")


def _at(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def _used(data: bytes) -> int:
    """How many bytes of a file are used: behind them there may be room to spare."""
    return max(len(data.rstrip(b"\0")), 1)


def _bit(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(_used(data))
    return _at(data, place, bytes([data[place] ^ 1 << dice.randrange(8)]))


def _exponent(data: bytes, dice: random.Random) -> bytes:
    place = min(dice.randrange(_used(data)) // 4 * 4 + 3, len(data) - 1)
    return _at(data, place, bytes([data[place] ^ 0x40]))


def _nan(data: bytes, dice: random.Random) -> bytes:
    return _at(data, dice.randrange(_used(data)) // 4 * 4, np.float32("nan").tobytes())


def _zeros(data: bytes, dice: random.Random) -> bytes:
    return _at(data, dice.randrange(_used(data)) // _ROW * _ROW, bytes(_ROW))


def _swapped(data: bytes, dice: random.Random) -> bytes:
    rows = [data[start : start + _ROW] for start in range(0, _used(data), _ROW)]
    dice.shuffle(rows)
    return b"".join(rows) + data[len(b"".join(rows)) :]


def _noise(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(_used(data)) // _PAGE * _PAGE
    return _at(data, place, dice.randbytes(min(_PAGE, len(data) - place)))


WAYS: dict[str, Callable[[bytes, random.Random], bytes | None]] = {
    "bit": _bit,
    "exponent": _exponent,
    "NaN": _nan,
    "zeros": _zeros,
    "rows swapped": _swapped,
    "a page of noise": _noise,
    "a page of zeros": lambda data, dice: _at(data, dice.randrange(_used(data)) // _PAGE * _PAGE, bytes(_PAGE)),
    "cut": lambda data, dice: data[: dice.randrange(_used(data))],
    "grown": lambda data, dice: data + dice.randbytes(_ROW),
    "empty": lambda data, dice: b"",
    "gone": lambda data, dice: None,
}


def content(library: str) -> list[tuple[str, str]]:
    """All that a library holds: each record with its vectors, as text."""
    with Library.open(library, embedder=HashEmbedder(width=WIDTH), create=False) as opened:
        return sorted(
            (record.id, f"{sorted(record.properties.items())} {record.text} {_rows(record.vectors)}")
            for parts in (False, True)
            for record in opened.store.iterate(with_vectors=True, parts=parts)
        )


def _rows(vectors: object) -> str:
    assert isinstance(vectors, dict) or hasattr(vectors, "items")
    return str({name: np.asarray(row).tobytes().hex() for name, row in sorted(vectors.items())})  # type: ignore[union-attr]
