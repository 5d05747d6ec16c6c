"""The page's server: its visitors, the files that it serves, and the requests that it refuses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from mm_agents._optional import require
from mm_agents.agent import Agent
from mm_agents.errors import ConfigError
from mm_agents.security import is_loopback
from mm_agents.web.guard import Guard, Names

USER = "mm-agents"
"""The user name for signing in."""

LARGEST = 2 * 1024**3
"""The largest upload, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the page is served.

    Attributes:
        host: the address to listen on; any but this machine's own needs a password.
        port: the port; None for the first free one from 7860.
        password: what the user "mm-agents" signs in with; None where nobody has to.
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
        MissingExtraError: Gradio is not installed.
    """
    with started(agent, settings or Settings(), name=name) as page:
        if ready is not None:
            ready(page.local_url)
        with suppress(KeyboardInterrupt):
            Event().wait()


@contextmanager
def started(agent: Agent, settings: Settings, *, name: str = "library") -> Generator[Any]:
    """The page with its server running in a thread; arguments and errors as ``serve``."""
    settings.check()
    with tempfile.TemporaryDirectory(prefix="mm-agents-page-") as folder:
        _settle(folder)
        require("gradio", extra="web", feature="The chat page")
        from starlette.middleware import Middleware

        from mm_agents.web.map import MapCache, MapMiddleware
        from mm_agents.web.page import look, make_page

        maps = MapCache(agent.library, Path(folder) / "maps")
        page = make_page(agent, maps, name=name, uploads=settings.uploads)
        try:
            page.launch(
                server_name=f"[{settings.host}]" if ":" in settings.host else settings.host,
                server_port=settings.port,
                auth=(USER, settings.password) if settings.password else None,
                auth_message=f"The user is {USER}." if settings.password else None,
                max_file_size=settings.largest,
                prevent_thread_lock=True,
                quiet=True,
                share=False,
                show_error=False,
                ssr_mode=False,
                pwa=False,
                mcp_server=False,
                run_history=False,
                enable_monitoring=False,
                footer_links=[],
                app_kwargs={"middleware": [Middleware(MapMiddleware, maps=maps)], "lifespan": _behind_guard(settings)}
                | {"openapi_url": None},
                **look(),
            )
        except OSError as error:
            raise ConfigError(
                f"The page cannot listen on {settings.host}, port {settings.port or 'any from 7860'}: {error}. "
                "Give another --port."
            ) from error
        try:
            if not isinstance(page.app.middleware_stack, Guard):
                raise RuntimeError("The page's guard did not start.")
            yield page
        finally:
            page.close(verbose=False)


def _settle(folder: str) -> None:
    """Set Gradio's environment variables: no analytics, no sharing, and files in this folder only."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = folder
    os.environ["GRADIO_EXAMPLES_CACHE"] = str(Path(folder) / "examples")
    for setting in ("GRADIO_ALLOWED_PATHS", "GRADIO_SHARE", "GRADIO_ROOT_PATH", "GRADIO_SERVER_PORT"):
        os.environ.pop(setting, None)


def _behind_guard(settings: Settings) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Sets the guard before the whole application when it starts.

    Gradio puts its answers to other websites' requests before any middleware that it is given.
    """

    @asynccontextmanager
    async def started(app: Any) -> AsyncGenerator[None]:
        if not isinstance(app.middleware_stack, Guard):
            app.middleware_stack = Guard(app.middleware_stack, settings.names(), password=bool(settings.password))
        yield

    return started
