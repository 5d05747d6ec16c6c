"""What ``itertools.batched`` of Python 3.12 does, for older ones, in lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, that many at a time; the last batch may be smaller."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
