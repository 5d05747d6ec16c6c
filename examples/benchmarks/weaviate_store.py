"""What the Weaviate store costs over the raw client: writing, and asking for the ten nearest.

Both sides write the same records to the same server, batch by batch and by turns: ours by ``upsert``, which also checks
every record, keeps words for keyword search and makes sure that the vectors outlive a crash; the raw client by
``insert_many`` of the bare properties and vectors into a collection of its own with the same indexes. They then ask by
turns for the ten nearest in the store's collection, ours by ``search``, the raw client by ``near_vector`` with all
properties. Ratios are to the raw client: of seconds a query, and of records a second.

Without ``--server`` a server is started and ended; its program is looked for on PATH and in Go's bin folder
(``go install github.com/weaviate/weaviate/cmd/weaviate-server@v1.39.0``).

    python examples/benchmarks/weaviate_store.py
    python examples/benchmarks/weaviate_store.py --records 50000 --width 1408
    python examples/benchmarks/weaviate_store.py --server "host:8080?grpc_port=50051"
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from mm_agents.errors import StoreUnavailableError
from mm_agents.stores import weaviate
from mm_agents.types import CollectionSpec, Record, VectorSpec

if TYPE_CHECKING:
    from weaviate import WeaviateClient

    from mm_agents.stores.weaviate.store import WeaviateStore
    from mm_agents.types import FloatArray

T = TypeVar("T")

TOP = 10
PORTS = (
    "GRPC_PORT",
    "CLUSTER_GOSSIP_BIND_PORT",
    "CLUSTER_DATA_BIND_PORT",
    "RAFT_PORT",
    "RAFT_INTERNAL_RPC_PORT",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds of each call by either side."""

    client: list[float]
    store: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", metavar="HOST:PORT?grpc_port=P", help="a running server (default: start one)")
    parser.add_argument("--records", type=int, default=20_000, help="how many (default: 20000)")
    parser.add_argument("--width", type=int, default=384, help="numbers per vector (default: 384)")
    parser.add_argument("--batch", type=int, default=500, help="records per write (default: 500)")
    parser.add_argument("--queries", type=int, default=500, help="how many (default: 500)")
    arguments = parser.parse_args()
    sizes = (arguments.records, arguments.width, arguments.batch, arguments.queries)
    if arguments.server:
        measure(arguments.server, *sizes)
    else:
        with tempfile.TemporaryDirectory(prefix="weaviate_store_") as folder, running(Path(folder)) as address:
            measure(address, *sizes)


@contextmanager
def running(folder: Path) -> Generator[str]:
    """A server on loopback with free ports; yields its address."""
    gobin = os.environ.get("GOBIN") or str(Path(os.environ.get("GOPATH", Path.home() / "go")) / "bin")
    program = shutil.which("weaviate-server") or shutil.which("weaviate-server", path=gobin)
    if program is None:
        raise SystemExit(f"There is no weaviate-server on PATH or in {gobin}. Install it, or give --server.")
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(1 + len(PORTS))]
    rest, *ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    settings = {
        "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
        "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
        "CLUSTER_HOSTNAME": "node1",
        "DISABLE_TELEMETRY": "true",
        "LOG_LEVEL": "error",
        "PERSISTENCE_DATA_PATH": str(folder),
        "RAFT_BOOTSTRAP_EXPECT": "1",
        **dict(zip(PORTS, ports, strict=True)),
    }
    command = [program, "--host", "127.0.0.1", "--port", rest, "--scheme", "http"]
    with subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"127.0.0.1:{rest}?grpc_port={ports[0]}"
        finally:
            process.terminate()


def measure(address: str, count: int, width: int, batch: int, queries: int) -> None:
    host, _, options = address.partition("?")
    place = weaviate.parse(f"{host}?{options}")
    assert isinstance(place.server, weaviate.Remote)
    ours, bare = f"Bench{uuid.uuid4().hex}", f"Bench{uuid.uuid4().hex}"
    spec = CollectionSpec(name="Bench", vectors=(VectorSpec(name="v", width=width),))
    with opened(f"{host}/{ours}?{options}", spec) as store, raw(place.server, place.options.grpc_port) as client:
        try:
            collection = make(client, bare)
            random = np.random.default_rng(0)
            vectors = random.standard_normal((count, width), np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            writes = write(store, collection, vectors, batch)
            asked = random.standard_normal((queries, width), np.float32)
            reads = search(store, client.collections.use(ours), asked)
        finally:
            client.collections.delete([ours, bare])
    show(f"{count:,} x {width:,}", batch, writes, reads)


def opened(location: str, spec: CollectionSpec) -> WeaviateStore:
    """The store, as soon as its server is there."""
    for _ in range(300):
        try:
            return cast("WeaviateStore", weaviate.build(location, spec=spec))
        except StoreUnavailableError:
            time.sleep(0.2)
    raise SystemExit(f"No Weaviate server answers at {location.partition('/')[0]}.")


def raw(server: weaviate.Remote, grpc_port: int | None) -> WeaviateClient:
    """The client as its own guide makes it."""
    from weaviate import connect_to_local

    return connect_to_local(server.host, server.port, grpc_port or 50051, skip_init_checks=True)


def make(client: WeaviateClient, name: str) -> Any:
    """A collection for the raw client: properties to filter by, and a text for keyword search, as the store's has."""
    from weaviate.classes.config import Configure, DataType, Property, Tokenization

    field: dict[str, Any] = {"index_searchable": False, "tokenization": Tokenization.FIELD}
    return client.collections.create(
        name,
        properties=[
            *(Property(name=one, data_type=DataType.TEXT, **field) for one in ("name", "path", "kind")),
            Property(name="number", data_type=DataType.INT),
            Property(name="text", data_type=DataType.TEXT, index_filterable=False),
        ],
        vector_config=Configure.Vectors.self_provided(name="v"),
    )


def write(store: WeaviateStore, collection: Any, vectors: FloatArray, batch: int) -> Times:
    """Milliseconds for each batch."""
    from weaviate.classes.data import DataObject

    def by_client(records: list[Record]) -> None:
        objects = [
            DataObject(
                uuid=record.id,
                properties={**record.properties, "text": record.text},
                vector={name: row.tolist() for name, row in record.vectors.items()},
            )
            for record in records
        ]
        assert not collection.data.insert_many(objects).has_errors

    batches = [
        [record(n, vectors[n]) for n in range(start, min(start + batch, len(vectors)))]
        for start in range(0, len(vectors), batch)
    ]
    return by_turns(batches, by_client, store.upsert)


def search(store: WeaviateStore, collection: Any, asked: FloatArray) -> Times:
    """Milliseconds for each query."""
    from weaviate.classes.query import MetadataQuery

    def by_client(query: FloatArray) -> None:
        found = collection.query.near_vector(
            query.tolist(), target_vector="v", limit=TOP, return_metadata=MetadataQuery(distance=True)
        )
        assert len(found.objects) == TOP

    def by_store(query: FloatArray) -> None:
        assert len(store.search(vector=query, using="v", limit=TOP)) == TOP

    return by_turns(list(asked), by_client, by_store)


def by_turns(items: list[T], by_client: Callable[[T], None], by_store: Callable[[T], None]) -> Times:
    """Both sides do each; who is first changes, as the server works on after its answer."""
    times = Times(client=[], store=[])
    for n, item in enumerate(items):
        sides = [(by_client, times.client), (by_store, times.store)]
        for call, kept in sides if n % 2 else reversed(sides):
            begin = time.perf_counter()
            call(item)
            kept.append((time.perf_counter() - begin) * 1000)
    return times


def record(n: int, vector: FloatArray) -> Record:
    properties = {"name": f"file {n}", "path": f"folder/file_{n}.jpg", "kind": "image", "number": n % 100}
    text = f"what is written in the picture of number {n}"
    return Record(id=str(uuid.UUID(int=n)), properties=properties, text=text, vectors={"v": vector})


def show(size: str, batch: int, writes: Times, reads: Times) -> None:
    table = Table(title=f"{size}, medians of {len(writes.store)} batches and {len(reads.store)} queries")
    for column in ("", "raw client", "our store", "ratio"):
        table.add_column(column, justify="left" if column == "" else "right")
    client, store = (batch / statistics.median(side) * 1000 for side in (writes.client, writes.store))
    table.add_row("written, records/s", f"{client:,.0f}", f"{store:,.0f}", f"{store / client:.2f}x")
    client, store = (statistics.median(side) for side in (reads.client, reads.store))
    table.add_row(f"{TOP} nearest, ms", f"{client:.2f}", f"{store:.2f}", f"{store / client:.2f}x")
    Console().print(table)


if __name__ == "__main__":
    main()
