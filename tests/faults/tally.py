"""What an attack was given, and what became of it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL.Image

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Budget:
    """How long an attack goes on.

    Attributes:
        place: an empty folder of its own.
        tries: how many at most.
        seconds: after these none begins.
        seed: the same seed makes the same tries.
    """

    place: Path
    tries: int
    seconds: float
    seed: int = 0

    def numbered(self) -> Iterator[tuple[int, random.Random]]:
        """The number of each try, with the dice that it throws."""
        end = time.monotonic() + self.seconds
        for number in range(self.tries):
            if number and time.monotonic() > end:
                return
            yield number, random.Random(f"{self.seed}/{number}")


@dataclass
class Tally:
    """How many tries of a kind there were, and what went wrong in them."""

    kind: str
    tries: int = 0
    failures: list[str] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)

    def failed(self, what: str) -> None:
        self.failures.append(what)


def megabytes(name: str, pid: int | str = "self") -> float:
    """A process's memory now ("VmRSS"), or the most since it began ("VmHWM"); getrusage counts its parent's too."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A file with some of its bytes changed, moved, repeated, left out or cut off."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        place, size = dice.randrange(len(changed)), dice.choice((1, 1, 2, 4, 8, 64))
        match dice.randrange(7):
            case 0:
                changed[place] ^= 1 << dice.randrange(8)
            case 1:
                changed[place : place + size] = dice.randbytes(size)
            case 2:
                changed[place : place + size] = dice.choice((b"\x00", b"\xff", b"\x7f")) * size
            case 3:
                changed[place:place] = changed[place : place + size] * dice.choice((1, 3, 200))
            case 4:
                del changed[place : place + size]
            case 5:
                other = dice.randrange(len(changed))
                changed[place : place + size] = changed[other : other + size]
            case _:
                del changed[place:]
    return bytes(changed)


def paint(folder: Path, count: int, *, start: int = 0, side: int = 48) -> list[Path]:
    """Small pictures of which no two are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"picture{n}.png" for n in range(start, start + count)]
    for n, path in enumerate(paths, start):
        pixels = np.random.default_rng(n).integers(0, 255, (6, 6, 3), np.uint8)
        PIL.Image.fromarray(pixels).resize((side, side)).save(path)
    return paths
