"""The page's server: its visitors, the files that it serves, and the requests that it refuses."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from mm_agents._optional import require
from mm_agents.agent import Agent
from mm_agents.errors import ConfigError
from mm_agents.security import is_loopback
from mm_agents.web.guard import Guard, Names

FIRST_PORT = 7860
"""Where a free port is looked for first."""

_PORTS = 100

LARGEST = 2 * 1024**3
"""The largest upload, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the page is served.

    Attributes:
        host: the address to listen on; any but this machine's own needs a password.
        port: the port; None for the first free one from 7860.
        password: what the user ``USER`` signs in with; None where nobody has to.
        uploads: the folder for files that visitors add; None where they may not add any.
        largest: bytes of one file that may be sent.
        allowed_hosts: further names under which visitors reach it, such as "media.example" of a proxy; with the port
            where it is another than 80 or 443. Without them it answers to "localhost", to ``host`` and, where others
            can reach it, to this machine's own addresses and name.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    password: str | None = field(default=None, repr=False)
    uploads: Path | None = None
    largest: int = LARGEST
    allowed_hosts: tuple[str, ...] = ()

    def check(self) -> None:
        """Require a password where other machines can reach it.

        Raises:
            ConfigError: they could without one, or a setting is out of range.
        """
        if not self.password and not is_loopback(self.host):
            raise ConfigError(
                f"On {self.host!r} others can reach the page, so it needs a password: set MM_AGENTS_PASSWORD or give "
                "--password; or leave out --host, and only this machine can open it."
            )
        if self.port is not None and not 0 < self.port < 65536:
            raise ConfigError(f"A port is a number from 1 to 65535, not {self.port}.")
        if self.largest <= 0:
            raise ConfigError(f"The largest file has to be at least one byte, not {self.largest}.")
        self.names()

    def names(self) -> Names:
        """The names that the page answers to."""
        return Names(self.host, self.allowed_hosts)


def serve(
    agent: Agent, settings: Settings | None = None, *, name: str = "library", ready: Callable[[str], None] | None = None
) -> None:
    """Serve the page until it is interrupted.

    Args:
        agent: what answers; its library is the one to browse.
        settings: where and to whom.
        name: what to call the library.
        ready: called with the page's address once it can be opened.

    Raises:
        ConfigError: the settings would let others in without a password, or the port is taken.
        MissingExtraError: the extra ``web`` is not installed.
    """
    with started(agent, settings or Settings(), name=name) as page:
        if ready is not None:
            ready(page.local_url)
        stopped = Event()
        with suppress(KeyboardInterrupt):
            while not stopped.wait(1):  # a signal that reaches another thread is handled when this one wakes up
                pass


@dataclass(frozen=True, slots=True)
class Started:
    """A page that is being served; ``local_url`` is where this machine can open it."""

    local_url: str


@contextmanager
def started(agent: Agent, settings: Settings, *, name: str = "library") -> Generator[Started]:
    """The page with its server running in a thread; arguments and errors as ``serve``."""
    settings.check()
    uvicorn: Any = require("uvicorn", extra="web", feature="The chat page")
    require("starlette", extra="web", feature="The chat page")
    from mm_agents.web.guard import SignIn
    from mm_agents.web.routes import Page, Routes

    with tempfile.TemporaryDirectory(prefix="mm-agents-page-") as folder, _socket(settings) as listening:
        sign_in = SignIn(settings.password) if settings.password else None
        routes = Routes(
            Page(
                agent=agent,
                name=name,
                folder=Path(folder),
                uploads=settings.uploads,
                largest=settings.largest,
                sign_in=sign_in,
            )
        )
        app = Guard(routes.app(), settings.names(), sign_in.has if sign_in is not None else None)
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True, name="page-server")
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            if not server.started:
                raise ConfigError("The page's server did not start.")
            yield Started(_url(settings.host, listening.getsockname()[1]))
        finally:
            routes.jobs.close()
            server.should_exit = True
            thread.join(timeout=5)


def _socket(settings: Settings) -> socket.socket:
    """Listen on the port, or on the first free one from 7860.

    Raises:
        ConfigError: it is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    ports = [settings.port] if settings.port is not None else range(FIRST_PORT, FIRST_PORT + _PORTS)
    problem: OSError | None = None
    for port in ports:
        try:
            return socket.create_server((settings.host, port), family=family, backlog=128)
        except OSError as error:
            problem = error
    raise ConfigError(
        f"The page cannot listen on {settings.host}, port {settings.port or f'any from {FIRST_PORT}'}: {problem}. "
        "Give another --port."
    ) from problem


def _url(host: str, port: int) -> str:
    """The page's address for this machine."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://{f'[{own}]' if ':' in own else own}:{port}/"
