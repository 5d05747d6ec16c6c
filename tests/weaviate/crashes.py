"""What the tests of crashes share: a collection whose records are told by their number, and whether it is whole."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mm_agents.errors import PartialWriteError, StoreUnavailableError
from mm_agents.filters import parse
from mm_agents.types import CollectionSpec, Record, VectorSpec

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.store import WeaviateStore

SPEC = CollectionSpec(name="Crash", vectors=(VectorSpec(name="a", width=32), VectorSpec(name="b", width=8)))
TOTAL = 6000
CHUNK = 500

_random = np.random.default_rng(0)


def _units(width: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = _random.standard_normal((TOTAL, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = {"a": _units(32), "b": _units(8)}
IDS = sorted(str(uuid.uuid5(uuid.NAMESPACE_OID, str(n))) for n in range(TOTAL))
HAS = ["ab", "ab", "a", "ab", "b", "ab", "", "ab", "a", "ab"]
"""The vectors of a record, by the last digit of its number."""
RECORDS = [
    Record(id=id, text=f"word w{n}", properties={"n": n}, vectors={name: VECTORS[name][n] for name in HAS[n % 10]})
    for n, id in enumerate(IDS)
]


def skip_where_a_server_is_given() -> None:
    if os.environ.get("MM_AGENTS_WEAVIATE_URL"):
        pytest.skip("MM_AGENTS_WEAVIATE_URL names a server that is not ours to kill")


class InThread:
    """A call in a thread of its own; ``result`` waits for it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 — raised again by whoever asks for the result
            self._error = error

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def result(self, seconds: float) -> Any:
        self._thread.join(seconds)
        assert not self.running, f"it did not end in {seconds} s"
        if self._error is not None:
            raise self._error
        return self._value


def write(store: WeaviateStore, begin: int, end: int, done: list[int], chunk: int = CHUNK) -> None:
    """Upsert records in chunks; those that are acknowledged come into ``done``, at once."""
    for start in range(begin, end, chunk):
        numbers = range(start, min(start + chunk, end))
        try:
            store.upsert([RECORDS[n] for n in numbers])
        except PartialWriteError as error:
            if not error.failed.keys() <= {IDS[n] for n in numbers}:
                raise
            done += [n for n in numbers if IDS[n] not in error.failed]
        except StoreUnavailableError:
            continue
        else:
            done += numbers


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true in {seconds} s"
        time.sleep(0.01)


def check_whole(store: WeaviateStore, numbers: list[int], *, step: int) -> None:
    """These records are there as they were written, and are in every index; of the graph, every ``step``-th."""
    ids = [IDS[n] for n in numbers]
    kept = store.get(ids, with_vectors=True)
    assert list(kept) == ids
    for n in numbers:
        assert (kept[IDS[n]].text, dict(kept[IDS[n]].properties)) == (f"word w{n}", {"n": n})
        assert kept[IDS[n]].vectors.keys() == set(HAS[n % 10])
        for name, row in kept[IDS[n]].vectors.items():
            np.testing.assert_allclose(row, VECTORS[name][n], atol=1e-6)
    for start in range(0, len(numbers), CHUNK):
        assert store._unindexed([RECORDS[n] for n in numbers[start : start + CHUNK]]) == set()
    for n in numbers[::step]:
        for name in HAS[n % 10]:
            (found,) = store.search(vector=VECTORS[name][n], using=name, limit=1)
            assert found.record.id == IDS[n]
        (found,) = store.search(text=f"w{n}", limit=1)
        assert found.record.id == IDS[n]


def check_all(store: WeaviateStore, total: int, *, step: int) -> None:
    """The first records are whole, each is there once, and every way of listing and counting finds all of them."""
    check_whole(store, list(range(total)), step=step)
    assert [record.id for record in store.iterate()] == IDS[:total]
    assert [record.id for record in store.iterate(where=parse("n >= 0"))] == IDS[:total]
    assert store.count() == store.count(where=parse(f"n < {total}")) == total
    assert store.count(group_by="n") == {str(n): 1 for n in range(total)}
