"""A server that is killed in the middle of writes and reads, comes back, stays away, or hangs."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from crashes import (
    CHUNK,
    IDS,
    RECORDS,
    SPEC,
    TOTAL,
    VECTORS,
    InThread,
    check_all,
    check_whole,
    skip_where_a_server_is_given,
    wait_for,
    write,
)
from server import Node, free_ports, running, single

from mm_agents import Library
from mm_agents.errors import StoreUnavailableError
from mm_agents.filters import parse
from mm_agents.stores.weaviate import build
from mm_agents.testing import HashEmbedder

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.store import WeaviateStore

SECONDS = 120
ODD = parse("n in [1, 3, 5, 7, 9, 11]")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A server of this file's own; the tests leave it running."""
    skip_where_a_server_is_given()
    node = single(tmp_path_factory.mktemp("crash"))
    with running(node):
        yield node


@pytest.fixture
def opened(node: Node, request: pytest.FixtureRequest) -> Iterator[Callable[..., WeaviateStore]]:
    """Opens this test's collection, as often as it wants, with options."""
    stores: list[Any] = []
    name = "Crash" + "".join(filter(str.isalnum, request.node.name))

    def open_(*options: str) -> WeaviateStore:
        place = "&".join([node.location.removeprefix("weaviate://").format(name), *options])
        stores.append(build(place, spec=SPEC))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


def restart(node: Node) -> None:
    node.kill()
    node.start()
    node.wait()


@pytest.mark.parametrize("acknowledged", [0, 2000])
def test_a_write_outlives_a_kill(node: Node, opened: Callable[..., WeaviateStore], acknowledged: int) -> None:
    """The call waits for the server and goes on; what was acknowledged before and after is whole, and there once."""
    store, done = opened(), []
    writing = InThread(lambda: write(store, 0, TOTAL, done, chunk=CHUNK // 2))
    wait_for(lambda: len(done) >= acknowledged, SECONDS)
    time.sleep(0.1)
    assert writing.running
    restart(node)
    writing.result(SECONDS)
    assert done == list(range(TOTAL))
    check_all(store, TOTAL, step=19)
    store.upsert(RECORDS)
    check_all(opened(), TOTAL, step=59)


def test_one_long_write_outlives_a_kill(node: Node, opened: Callable[..., WeaviateStore]) -> None:
    """Also its portions that the server had taken, which are acknowledged only as a whole."""
    store = opened()
    writing = InThread(lambda: store.upsert(RECORDS))
    wait_for(lambda: store.count() >= 4 * CHUNK, SECONDS)
    assert writing.running
    restart(node)
    writing.result(SECONDS)
    check_all(store, TOTAL, step=19)


def test_a_write_that_gave_up_is_made_again(node: Node, opened: Callable[..., WeaviateStore]) -> None:
    """The error is typed; by then some objects are stored and not indexed, which the next write mends."""
    store, again = opened("retry_seconds=10"), opened()
    half = TOTAL // 2
    again.upsert(RECORDS[:half])
    writing = InThread(lambda: store.upsert(RECORDS[half:]))
    wait_for(lambda: again.count(where=parse(f"n >= {half}")) > CHUNK, SECONDS)
    node.kill()
    with pytest.raises(StoreUnavailableError, match=rf"127\.0\.0\.1:{node.ports[0]}.*made again"):
        writing.result(SECONDS)
    node.start()
    node.wait()
    check_whole(again, list(range(half)), step=19)
    again.upsert(RECORDS)
    check_all(again, TOTAL, step=19)


def test_reads_outlive_a_kill(node: Node, opened: Callable[..., WeaviateStore]) -> None:
    """None of them ever gives a wrong or a short answer."""
    store = opened()
    store.upsert(RECORDS[:2000])
    reads: dict[str, Callable[[], Any]] = {
        "search": lambda: [m.record.id for m in store.search(vector=VECTORS["a"][5], using="a", limit=10)],
        "keywords": lambda: [m.record.id for m in store.search(text="w77", limit=10)],
        "filtered": lambda: [m.record.id for m in store.search(vector=VECTORS["b"][5], using="b", where=ODD)],
        "get": lambda: list(store.get(IDS[:700])),
        "count": store.count,
        "groups": lambda: store.count(group_by="n"),
        "iterate": lambda: [r.id for r in store.iterate()],
        "list": lambda: [r.id for r in store.iterate(where=ODD, with_vectors=True)],
        "open": lambda: opened().count(),
    }
    expected = {name: read() for name, read in reads.items()}
    assert (expected["count"], expected["iterate"], len(expected["filtered"])) == (2000, IDS[:2000], 6)
    stopped: list[bool] = []

    def repeat(name: str) -> int:
        right = 0
        while not stopped:
            try:
                assert reads[name]() == expected[name], name
                right += 1
            except StoreUnavailableError:
                time.sleep(0.05)
        return right

    running = [InThread(lambda name=name: repeat(name)) for name in reads]
    for _ in range(2):
        time.sleep(1)
        restart(node)
    time.sleep(1)
    stopped.append(True)
    assert all(one.result(SECONDS) for one in running)


def test_an_iteration_outlives_a_kill(node: Node, opened: Callable[..., WeaviateStore]) -> None:
    """It goes on where it was; where the server stays away, it ends with an error, not early."""
    store, impatient = opened(), opened("retry_seconds=6")
    store.upsert(RECORDS)
    for where in (None, parse("n >= 0")):
        walk, short = store.iterate(with_vectors=True, where=where), impatient.iterate(where=where)
        seen = [record.id for record in islice(walk, 700)]
        assert len(list(islice(short, 700))) == 700
        node.kill()
        with pytest.raises(StoreUnavailableError):
            list(short)
        rest = InThread(lambda walk=walk: [record.id for record in walk])
        node.start()
        assert seen + rest.result(SECONDS) == IDS
    node.wait()


def test_a_server_that_hangs(node: Node, opened: Callable[..., WeaviateStore]) -> None:
    """Is given up after a while, and is fine once it wakes up."""
    opened().upsert(RECORDS[:10])
    store = opened("retry_seconds=2")
    new = replace(RECORDS[1], properties={"never_seen": 1})
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    stat = Path(f"/proc/{node.process.pid}/stat")
    wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", SECONDS)  # all of its threads hang
    try:
        for call in (
            store.count,
            lambda: store.upsert(RECORDS[:20]),
            lambda: store.upsert([RECORDS[0], new]),
            lambda: store.delete(IDS[:1]),
            lambda: list(store.iterate()),
            lambda: build(node.location.removeprefix("weaviate://").format("Other") + "&retry_seconds=2"),
        ):
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError):
                call()
            assert time.monotonic() - begin < 15
    finally:
        node.process.send_signal(signal.SIGCONT)
    store = opened()
    store.upsert(RECORDS[:20])
    assert store.count() == 20


def test_a_server_that_is_gone_is_waited_for_once(
    node: Node, opened: Callable[..., WeaviateStore], caplog: pytest.LogCaptureFixture
) -> None:
    """Who waits is told so; the call after one that waited in vain is tried once; then all is as before."""
    store = opened("retry_seconds=6")
    store.upsert(RECORDS[:10])
    node.kill()
    seconds: list[float] = []
    for _ in range(3):
        begin = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            store.count()
        seconds.append(time.monotonic() - begin)
    node.start()
    node.wait()
    said = [one.getMessage() for one in caplog.records if one.name.startswith("mm_agents")]
    assert len(said) == 1
    assert said[0].endswith(" has not answered for 5 s; it is waited for up to 6 s.")
    assert max(seconds[1:]) < seconds[0]
    assert sum(seconds[1:]) < 2 * seconds[0]
    wait_for(lambda: store.count() == 10, SECONDS)
    restart(node)  # a call that was answered makes the next one wait again
    assert store.count() == 10


def test_a_server_that_never_was() -> None:
    """Is told at once, with its address and what to do."""
    port = free_ports(1)[0]
    place = f"127.0.0.1:{port}/Films"
    begin = time.monotonic()
    for call in (
        lambda: build(place),
        lambda: build(place, spec=SPEC),
        lambda: Library.open(f"weaviate://{place}", embedder=HashEmbedder(width=8)),
    ):
        with pytest.raises(StoreUnavailableError, match=rf"127\.0\.0\.1:{port}\. Start it, or correct the address"):
            call()
    assert time.monotonic() - begin < 30
