"""Many at once: searches and questions from threads while others add. None is wrong, and memory stays flat."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread
from uuid import UUID

import numpy as np

from mm_agents import Agent, Library
from mm_agents.testing import HashEmbedder
from mm_agents.types import Record

from .tally import Budget, Tally, megabytes, paint

THREADS = 20
WIDTH = 64


def searches(budget: Budget) -> Tally:
    """Searches by vector and by word of records that are there, while two threads add others."""
    tally = Tally("searches while two add")
    with Library.open(budget.place / "library", embedder=HashEmbedder(width=WIDTH)) as library:
        known = [_record(number) for number in range(2000)]
        library.store.upsert(known)

        def find(number: int) -> bool:
            record = known[number * 37 % len(known)]
            if number % 2:
                (match,) = library.store.search(vector=record.vectors["words"], using="words", limit=1)
                return match.record.id == record.id
            return record.id in [hit.record.id for hit in library.search(str(record.text).split()[0], limit=3)]

        with _adding(library, tally):
            _together(tally, budget, find)
    return tally


def questions(budget: Budget) -> Tally:
    """The same question many times, while two threads add texts: the same answer every time."""
    tally = Tally("questions while two add")
    place = budget.place
    with Library.open(place / "library", embedder=HashEmbedder(width=WIDTH)) as library:
        library.add(*paint(place / "pictures", 3), words="none")
        agent = Agent(library, model="offline")
        wanted = agent.ask("How many pictures are there?").text

        with _adding(library, tally):
            _together(tally, budget, lambda _: agent.ask("How many pictures are there?").text == wanted)
    return tally


def _together(tally: Tally, budget: Budget, call: Callable[[int], bool]) -> None:
    """Call from many threads; a wrong result and an error are failures."""
    seconds: list[float] = []

    def timed(number: int) -> bool:
        started = time.monotonic()
        right = call(number)
        seconds.append(time.monotonic() - started)
        return right

    before = megabytes("VmRSS")
    with ThreadPoolExecutor(THREADS) as pool:
        running: list[tuple[int, Future[bool]]] = []
        for number, _ in budget.numbered():
            running.append((number, pool.submit(timed, number)))
        for number, future in running:
            tally.tries += 1
            try:
                if not future.result():
                    tally.failed(f"{number}: another result")
            except Exception as error:  # noqa: BLE001 - every one is a fault
                tally.failed(f"{number}: {type(error).__name__}: {error}")
    p50, p99 = np.percentile(seconds or [0.0], [50, 99])
    tally.notes |= {"p50 ms": 1000 * float(p50), "p99 ms": 1000 * float(p99), "MB more": megabytes("VmRSS") - before}


class _adding:
    """Two threads that add records while the block runs."""

    def __init__(self, library: Library, tally: Tally) -> None:
        self._done = Event()
        self._threads = [Thread(target=self._add, args=(library, tally, n)) for n in (1, 2)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _add(self, library: Library, tally: Tally, writer: int) -> None:
        number = writer * 1_000_000
        while not self._done.wait(0.02):
            try:
                library.store.upsert([_record(number := number + 1)])
            except Exception as error:  # noqa: BLE001 - every one is a fault
                tally.failed(f"adding: {type(error).__name__}: {error}")


def _record(number: int) -> Record:
    row = np.random.default_rng(number).standard_normal(WIDTH, np.float32)
    return Record(
        id=str(UUID(int=number)),
        properties={"name": f"{number}.txt", "media_type": "text"},
        text=f"token{number} and common words",
        vectors={"words": row / np.linalg.norm(row)},
    )
