"""Three nodes that each have everything: one is killed, the others go on, and it comes back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest
from crashes import (
    CHUNK,
    IDS,
    RECORDS,
    SPEC,
    InThread,
    check_all,
    check_whole,
    skip_where_a_server_is_given,
    wait_for,
    write,
)
from server import Node, running, three

from mm_agents.stores.weaviate import build

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.store import WeaviateStore

SECONDS = 120
PORTION = 100


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    skip_where_a_server_is_given()
    nodes = three(tmp_path_factory.mktemp("cluster"))
    with running(*nodes):
        yield nodes


def through(node: Node) -> WeaviateStore:
    place = node.location.removeprefix("weaviate://").format("Cluster")
    return cast("WeaviateStore", build(f"{place}&replication=3&consistency=QUORUM", spec=SPEC))


def leader(nodes: list[Node]) -> int:
    """The node that decides about the schema; the others must elect another one when it dies."""
    with urllib.request.urlopen(f"http://127.0.0.1:{nodes[0].ports[0]}/v1/cluster/statistics", timeout=5) as answer:
        name = json.load(answer)["statistics"][0]["leaderId"]
    return [node.name for node in nodes].index(name)


def test_one_of_three_nodes_dies_and_comes_back(nodes: list[Node]) -> None:
    """Reads and writes go on through the others, and what it missed is read through it."""
    dying = nodes[leader(nodes)]
    one, another = (node for node in nodes if node is not dying)
    with through(one) as store, through(another) as other:
        done: list[int] = []
        writing = InThread(lambda: write(store, 0, 6 * CHUNK, done, chunk=PORTION))
        wait_for(lambda: len(done) >= CHUNK, SECONDS)
        dying.kill()
        assert writing.running
        before = len(done)
        check_whole(other, list(range(before)), step=49)
        writing.result(SECONDS)
        assert done == list(range(6 * CHUNK))
        for living in (store, other):
            check_all(living, 6 * CHUNK, step=49)
        assert other.delete([IDS[0]]) == 1
        other.upsert(RECORDS[:1])

        dying.start()
        dying.wait()
        # What was being written when it died, the others have; its own copy of that may be in some indexes only.
        doubtful = range(before - before % PORTION, before + 2 * PORTION)
        missed = [n for n in range(7 * CHUNK) if n not in doubtful]
        with through(dying) as back:
            wanted = [IDS[n] for n in missed if n < 6 * CHUNK]
            assert list(back.get(wanted)) == wanted  # also before it has copied them
            write(back, 6 * CHUNK, 7 * CHUNK, done)
            assert done == list(range(7 * CHUNK))
            wait_for(lambda: [record.id for record in back.iterate()] == IDS[: 7 * CHUNK], SECONDS)
            check_whole(back, missed, step=49)
            for living in (store, other):
                check_all(living, 7 * CHUNK, step=49)
