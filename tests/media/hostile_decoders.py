"""Decoders that end, hold up or exhaust their process, or print where answers travel."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from mm_agents.errors import MediaError
from mm_agents.media import DEFAULT_LIMITS, Limits, images
from mm_agents.media.decoder_processes import allow_more, apart
from mm_agents.media.files import MediaFile
from mm_agents.types import Image


@apart
def load_image(
    source: MediaFile | Path | str | bytes, *, max_side: int | None = None, limits: Limits = DEFAULT_LIMITS
) -> Image:
    """What a file's name says: "crash", "sleep", "spin", "eat", "print" or "fail"; others are decoded."""
    name = getattr(source, "name", "")
    if "crash" in name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "sleep" in name:
        time.sleep(1000)
    while "spin" in name:
        pass
    if "eat" in name:
        np.ones(10 * 1024**3 // 8)
    if "print" in name:
        os.write(1, b'{"value": 1}\n')
    if "fail" in name:
        raise RuntimeError("a fault in a decoder")
    return images.load_image(source, max_side=max_side, limits=limits)


@apart
def everything(source: bytes, *values: object) -> tuple[object, ...]:
    """Its arguments again."""
    return source, *values


@apart
def count(source: bytes, most: int, *, bad: int = -1) -> Iterator[tuple[int, Fraction]]:
    """Numbers; it crashes at the bad one."""
    for number in range(most):
        if number == bad:
            os.kill(os.getpid(), signal.SIGSEGV)
        yield number, Fraction(number, 3)


@apart
def work(source: bytes, seconds: float, *, say: bool, limits: Limits = DEFAULT_LIMITS) -> float:
    """Work for seconds of processor time, and say in between that it goes on, or not."""
    while time.process_time() < seconds:
        sum(range(100_000))
        if say:
            allow_more()
    return seconds


@apart
def unusable(source: bytes) -> object:
    """What cannot travel."""
    raise MediaError("é\ud800")


@dataclass(frozen=True)
class Foreign:
    """A data class that is not of the package."""

    number: int = 0


@apart
def foreign(source: bytes, number: int) -> object:
    """What no decoder of the package gives."""
    return (Foreign(1), np.zeros(3, "f4,f4"))[number]


@apart
def hoard(source: bytes, megabytes: int) -> int:
    """Keep memory for ever; the number of the process."""
    _kept.append(np.ones(megabytes * 1024**2, np.uint8))
    return os.getpid()


_kept: list[object] = []


@apart
def own_number(source: bytes) -> int:
    """The number of the process."""
    return os.getpid()
