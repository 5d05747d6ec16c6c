"""The local store among processes: killed ones, several writers, readers beside a writer, a full disk."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

import mm_agents
from mm_agents.filters import parse
from mm_agents.stores import local
from mm_agents.types import CollectionSpec, Record, VectorSpec

SPEC = CollectionSpec(name="Test", vectors=(VectorSpec(name="v", width=32),))

HELPERS = """
import sys
from pathlib import Path
from uuid import UUID
import numpy as np
from mm_agents.stores import local
from mm_agents.types import Record

def record(n, generation=0):
    vector = np.random.default_rng((n, generation)).standard_normal(32, np.float32)
    return Record(id=str(UUID(int=n)), properties={"n": n, "generation": generation}, text=f"word{n}",
                  vectors={"v": vector / np.linalg.norm(vector)})

store = local.LocalStore.open(Path(sys.argv[1]))
"""


def record(n: int, generation: int = 0) -> Record:
    """As the processes make it."""
    vector = np.random.default_rng((n, generation)).standard_normal(32, np.float32)
    return Record(
        id=str(UUID(int=n)),
        properties={"n": n, "generation": generation},
        text=f"word{n}",
        vectors={"v": vector / np.linalg.norm(vector)},
    )


@contextmanager
def process(folder: Path, code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another process with the store open."""
    script = HELPERS + textwrap.dedent(code)
    running = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(mm_agents.__file__).parent.parent,
    )
    try:
        with running:
            yield running
    finally:
        running.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    local.build(str(tmp_path / "library"), spec=SPEC).close()
    return tmp_path / "library"


def lines(running: subprocess.Popen[str]) -> list[str]:
    assert running.stdout is not None
    return running.stdout.read().splitlines()


def check(store: local.LocalStore, n: int, generation: int) -> None:
    """Check that a record is there, whole, at least as new as it was acknowledged."""
    found = store.get([str(UUID(int=n))], with_vectors=True)[str(UUID(int=n))]
    kept = found.properties["generation"]
    assert isinstance(kept, int)
    assert kept >= generation
    assert found.vectors["v"] == pytest.approx(record(n, kept).vectors["v"], abs=1e-6)
    assert store.search(text=f"word{n}")[0].record.id == found.id
    best = store.search(vector=record(n, kept).vectors["v"], using="v", limit=1)[0]
    assert best.record.id == found.id


KILLED = """
    local.store.COMPACT_ROWS = 40
    start, size = int(sys.argv[2]), int(sys.argv[3])
    for turn in range(100_000):
        store.upsert([record(start + n, turn) for n in range(size)])
        store.upsert([record(start + 1000 + turn)])
        store.delete([str(UUID(int=start + 1000 + turn - 1))])
        print(turn, flush=True)
"""


@pytest.mark.parametrize("size", [1, 3, 20])
def test_nothing_acknowledged_is_lost_by_kill(folder: Path, size: int) -> None:
    """Killed while it writes, replaces, deletes and rewrites its files."""
    dice = random.Random(size)
    acknowledged: dict[int, int] = {}
    for attempt in range(2):
        start = 100_000 * attempt
        with process(folder, KILLED, start, size) as running:
            assert running.stdout is not None
            turns = [int(running.stdout.readline())]
            time.sleep(dice.uniform(0.05, 0.4))
            running.kill()
            turns += [int(line) for line in lines(running)]
        acknowledged |= {start + n: turns[-1] for n in range(size)} | {start + 1000 + turns[-1]: 0}
        with local.LocalStore.open(folder) as store:
            store.verify()
            last = {start + 1000 + turns[-1] + k for k in (0, 1)}
            for n, turn in acknowledged.items():
                if n not in last or store.get([str(UUID(int=n))]):
                    check(store, n, turn)
            assert 1 <= sum(str(UUID(int=n)) in store.get([str(UUID(int=n))]) for n in last) <= 2
            acknowledged = {n: turn for n, turn in acknowledged.items() if store.get([str(UUID(int=n))])}
            store.upsert([record(999_999_000 + attempt)])
            assert store.count() >= len(acknowledged) + 1


def test_two_writers_at_once(folder: Path) -> None:
    code = """
        local.store.COMPACT_ROWS = 50
        start = int(sys.argv[2])
        for n in range(0, 300, 3):
            store.upsert([record(start + k, 1) for k in range(n, n + 3)])
            store.upsert([record(900_000, n)])
    """
    with process(folder, code, 0) as first, process(folder, code, 1000) as second:
        assert (first.wait(50), second.wait(50)) == (0, 0)
    with local.LocalStore.open(folder) as store:
        store.verify()
        assert store.count() == 601
        for n in (0, 150, 299, 1000, 1299):
            check(store, n, 1)


def test_readers_see_every_write_of_another_process_at_once(folder: Path) -> None:
    code = """
        for line in sys.stdin:
            word, n = line.split()
            if word == "add":
                store.upsert([record(int(n))])
            else:
                store.delete([str(UUID(int=int(n)))])
            print("done", flush=True)
    """
    with local.LocalStore.open(folder) as reader, process(folder, code) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for n in range(1, 31):
            writer.stdin.write(f"add {n}\n")
            assert writer.stdout.readline() == "done\n"
            check(reader, n, 0)
            assert reader.count() == reader.count(where=parse("n > 0")) == n
        for n in range(1, 11):
            writer.stdin.write(f"delete {n}\n")
            assert writer.stdout.readline() == "done\n"
            assert reader.get([str(UUID(int=n))]) == {}
            assert reader.search(text=f"word{n}") == []
            assert reader.search(vector=record(n).vectors["v"], using="v", limit=1)[0].score < 0.99
            assert reader.count(where=parse("n > 0")) == 30 - n
        writer.stdin.close()


def test_a_backup_beside_a_writer_is_whole(folder: Path, tmp_path: Path) -> None:
    code = """
        local.store.COMPACT_ROWS = 200
        print("ready", flush=True)
        for turn in range(100_000):
            store.upsert([record(n, turn) for n in range(50)])
    """
    with process(folder, code) as writer, local.LocalStore.open(folder) as store:
        assert writer.stdout is not None
        writer.stdout.readline()
        while store.count() == 0:
            time.sleep(0.01)
        for n in range(5):
            store.backup(tmp_path / str(n))
        writer.kill()
    for n in range(5):
        with local.LocalStore.open(tmp_path / str(n)) as copy:
            copy.verify()
            found = list(copy.iterate(with_vectors=True))
            assert len(found) == 50
            (generation,) = {record.properties["generation"] for record in found}
            assert isinstance(generation, int)
            for kept in found:
                expected = record(UUID(kept.id).int, generation)
                assert kept.vectors["v"] == pytest.approx(expected.vectors["v"], abs=1e-6)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_loses_nothing(folder: Path) -> None:
    code = """
        import resource
        from mm_agents.errors import StoreError
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
        for n in range(0, 100_000, 50):
            try:
                store.upsert([record(k) for k in range(n, n + 50)])
            except StoreError as error:
                print(type(error).__name__, error)
                break
            print(n + 50)
        print(store.count())
    """
    with process(folder, code) as running:
        *_, written, error, counted = lines(running)
    assert error.startswith("StoreError")
    with local.LocalStore.open(folder) as store:
        store.verify()
        assert store.count() == int(written) == int(counted) > 0
        store.upsert([record(1_000_000)])
        check(store, int(written) - 1, 0)
        check(store, 1_000_000, 0)
