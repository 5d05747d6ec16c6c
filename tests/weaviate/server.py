"""A real Weaviate server for the tests: found or told how to get, started on loopback with free ports, killed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

VERSION = "v1.39.0"
INSTALL = f"go install github.com/weaviate/weaviate/cmd/weaviate-server@{VERSION}"
READY_SECONDS = 90


def program() -> str:
    """The server's program; a newcomer's tests skip with the line that installs it, CI's fail."""
    gobin = os.environ.get("GOBIN") or Path(os.environ.get("GOPATH", Path.home() / "go")) / "bin"
    found = shutil.which("weaviate-server") or shutil.which("weaviate-server", path=str(gobin))
    if found is None:
        missing = f"no weaviate-server program on PATH or in {gobin}. Install it with: {INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@dataclass
class Node:
    """One server process and its ports; ``ports`` are REST, gRPC, gossip, data, raft and raft's internal calls."""

    folder: Path
    name: str
    ports: list[int]
    cluster: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def location(self) -> str:
        return f"weaviate://127.0.0.1:{self.ports[0]}/{{}}?grpc_port={self.ports[1]}"

    def start(self) -> None:
        rest, grpc, gossip, data, raft, internal = map(str, self.ports)
        environment = {
            **os.environ,
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
            "PERSISTENCE_DATA_PATH": str(self.folder / "data"),
            "BACKUP_FILESYSTEM_PATH": str(self.folder / "backup"),
            "ENABLE_MODULES": "backup-filesystem",
            "DEFAULT_VECTORIZER_MODULE": "none",
            "CLUSTER_HOSTNAME": self.name,
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "GRPC_PORT": grpc,
            "CLUSTER_GOSSIP_BIND_PORT": gossip,
            "CLUSTER_DATA_BIND_PORT": data,
            "RAFT_PORT": raft,
            "RAFT_INTERNAL_RPC_PORT": internal,
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "DISABLE_TELEMETRY": "true",
            "LOG_LEVEL": "error",
            "GOMAXPROCS": "2",
            **self.cluster,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program(), "--host", "127.0.0.1", "--port", rest, "--scheme", "http"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Until it is ready."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.ports[0]}/v1/.well-known/ready", timeout=2
                ) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.25)
        pytest.fail(
            f"the Weaviate server was not ready in {READY_SECONDS} s: {(self.folder / 'log').read_text()[-2000:]}"
        )

    def kill(self) -> None:
        """As a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def running(*nodes: Node) -> Iterator[None]:
    """Starts the nodes, waits until all are ready, and kills them in the end."""
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait()
        yield
    finally:
        for node in nodes:
            node.kill()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def single(folder: Path) -> Node:
    """A node of its own, not started."""
    return Node(folder=folder, name="node1", ports=free_ports(6))


def three(folder: Path) -> list[Node]:
    """Three nodes of one cluster, not started. A node's gossip and data ports, and its raft ports, are neighbours."""
    base = _free_block(3 * 4)
    nodes: list[Node] = []
    for i in range(3):
        gossip, raft = base + 2 * i, base + 6 + 2 * i
        cluster = {
            "CLUSTER_IN_LOCALHOST": "true",
            "RAFT_BOOTSTRAP_EXPECT": "3",
            "RAFT_JOIN": ",".join(f"weaviate-{n}:{base + 6 + 2 * n}" for n in range(3)),
        }
        if i:
            cluster["CLUSTER_JOIN"] = f"localhost:{base}"
        ports = [*free_ports(2), gossip, gossip + 1, raft, raft + 1]
        nodes.append(Node(folder=folder / f"node{i}", name=f"weaviate-{i}", ports=ports, cluster=cluster))
    return nodes


def _free_block(count: int) -> int:
    """The first of some ports in a row that nobody listens on."""
    for base in range(21000, 29000, count):
        sockets: list[socket.socket] = []
        try:
            for port in range(base, base + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    pytest.fail("no free ports")
