"""Commands that write to a Weaviate server, killed, and the server killed under them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # else a fork waits for ever for the threads of a lost connection

import weaviate

from .commands import TYPED, kill_each
from .tally import ROOT, Budget, Tally

sys.path.insert(0, str(ROOT / "tests" / "weaviate"))

from server import Node, running, single

SECONDS = 90
"""After these a command has to have said that its server is gone."""


class Killed:
    """A server that is killed and comes back; of no other user."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def empty(self) -> None:
        """Remove all libraries."""
        http, grpc = self._node.ports[:2]
        with weaviate.connect_to_local(host="127.0.0.1", port=http, grpc_port=grpc, skip_init_checks=True) as client:
            client.collections.delete_all()

    def kill_under(self, command: subprocess.Popen[str], *, interrupt: bool) -> str:
        """Kill it while a command works, and start it again: what the command did wrong, or nothing."""
        self._node.kill()
        try:
            if interrupt:
                command.send_signal(signal.SIGINT)
            output, _ = command.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            command.kill()
            return f"it did not say in {SECONDS} s that its server is gone"
        finally:
            self._node.start()
            self._node.wait()
        wrong = command.returncode not in TYPED or "Traceback" in output
        return f"without its server it ended with {command.returncode}: {output[-300:]}" if wrong else ""


def kills(budget: Budget) -> Tally:
    """``kill -9`` of a command or of its server: the library holds all that it held, and the command can run again."""
    node = single(budget.place / "server")
    with running(node):
        return kill_each(budget, Tally("kill -9, Weaviate"), node.location, Killed(node))
