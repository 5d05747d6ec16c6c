"""Many at once: searches and questions from threads while others add. None is wrong, and memory stays flat."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from uuid import UUID, uuid4

import numpy as np

from mm_agents import Agent, Library
from mm_agents.testing import HashEmbedder
from mm_agents.types import Record

from .commands import COMMAND, environment
from .tally import Budget, Tally, megabytes, paint

THREADS = 20
VISITORS = 30
_TURNS = 4
_ASKED = "How many pictures are there?"
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
            _together(tally, budget, find, kinds=2)
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


def chats(budget: Budget) -> Tally:
    """Visitors of one page who ask all the time, each in conversations of a few turns: no answer is another one."""
    tally = Tally("chats on the page")
    with Library.open(budget.place / "library") as library:
        library.add(*paint(budget.place / "pictures", 3), words="none")
    seconds: list[float] = []
    memory: list[float] = []
    with page(budget.place / "library") as (url, pid):
        numbered, lock = iter(budget.numbered()), Lock()

        def visit() -> None:
            conversation, turn = uuid4().hex, 0
            while True:
                with lock:
                    number = next(numbered, None)
                    if number is None:
                        return
                    tally.tries += 1
                    memory.append(megabytes("VmRSS", pid))
                begun = time.monotonic()
                try:
                    if not _answer(url, conversation, turn).startswith("There are 3 pictures"):
                        tally.failed(f"{number[0]}: another answer")
                except Exception as error:  # noqa: BLE001 - every one is a fault
                    tally.failed(f"{number[0]}: {type(error).__name__}: {error}")
                seconds.append(time.monotonic() - begun)
                conversation, turn = (conversation, turn + 1) if turn < _TURNS else (uuid4().hex, 0)

        visitors = [Thread(target=visit) for _ in range(VISITORS)]
        for one in visitors:
            one.start()
        for one in visitors:
            one.join()
    half, tenth = memory[len(memory) // 2 :], max(len(memory) // 20, 1)
    tally.notes |= {**_percentiles(seconds), "MB": float(np.mean(half[-tenth:]))}
    tally.notes["MB more in the second half"] = float(np.mean(half[-tenth:]) - np.mean(half[:tenth]))
    return tally


def _answer(url: str, conversation: str, turn: int) -> str:
    """What the page answers in a turn of a conversation."""
    asked = {"conversation": conversation, "question": _ASKED, "files": [], "after": turn}
    request = urllib.request.Request(f"{url}api/ask", json.dumps(asked).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        events = response.read().decode().split("\n\n")
    (data,) = [event.partition("\ndata: ")[2] for event in events if event.startswith("event: answer\n")]
    return str(json.loads(data)["answer"]["text"])


@contextmanager
def page(library: Path) -> Iterator[tuple[str, int]]:
    """The address of a page, served by a process of its own, and its number."""
    command = [*COMMAND, "serve", str(library), "--model", "offline"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stderr
            line = next(line for line in running.stderr if "http://" in line)
            yield line[line.index("http://") :].split()[0], running.pid
        finally:
            running.terminate()


def _together(tally: Tally, budget: Budget, call: Callable[[int], bool], *, kinds: int = 1) -> None:
    """Call from many threads; a wrong result and an error are failures.

    Args:
        tally: gets them, and how long calls take.
        budget: how many calls.
        call: gets the number of the call.
        kinds: a call's number modulo this is its kind; the slow ones of each are compared with its own.
    """
    seconds: list[list[float]] = [[] for _ in range(kinds)]

    def timed(number: int) -> bool:
        started = time.monotonic()
        right = call(number)
        seconds[number % kinds].append(time.monotonic() - started)
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
    for kind, of_kind in enumerate(seconds):
        tally.notes |= _percentiles(of_kind, f" of kind {kind}" if kinds > 1 else "")
    tally.notes["MB more"] = megabytes("VmRSS") - before


def _percentiles(seconds: list[float], of: str = "") -> dict[str, float]:
    p50, p99 = np.percentile(seconds or [0.0], [50, 99])
    return {f"p50 ms{of}": 1000 * float(p50), f"p99 ms{of}": 1000 * float(p99)}


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
