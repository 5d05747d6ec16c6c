"""The page's server: who may open it, what it gives out, and what it refuses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from mm_agents._hosts import is_loopback
from mm_agents._optional import require
from mm_agents.agent import Agent
from mm_agents.errors import ConfigError

if TYPE_CHECKING:
    from mm_agents.web._atlas import Atlas

USER = "mm-agents"
"""Who signs in."""

LARGEST = 2 * 1024**3
"""Bytes of one file that may be sent."""

_LOCAL = ("localhost", "127.0.0.1")
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
_CLOSED = ("/gradio_api/file=http:", "/gradio_api/file=https:", "/gradio_api/proxy=", "/gradio_api/deep_link")
"""What Gradio also serves and this page has no use for: it would fetch from elsewhere, or keep a visitor's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the page is served.

    Attributes:
        host: the address to listen on; any but this machine's own needs a password.
        port: the port; None for the first free one from 7860.
        password: what the user "mm-agents" signs in with; None where nobody has to.
        uploads: the folder for files that visitors add; None where they may not add any.
        largest: bytes of one file that may be sent.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    password: str | None = field(default=None, repr=False)
    uploads: Path | None = None
    largest: int = LARGEST

    def check(self) -> None:
        """See that others can reach it only with a password.

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


def serve(
    agent: Agent, settings: Settings | None = None, *, name: str = "library", ready: Callable[[str], None] | None = None
) -> None:
    """Serve the page until it is interrupted.

    Args:
        agent: what answers; its library is the one to browse.
        settings: where and to whom.
        name: what to call the library.
        ready: told the page's address once it can be opened.

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
        from mm_agents.web._atlas import Atlas
        from mm_agents.web._page import look, make_page

        atlas = Atlas(agent.library, Path(folder) / "maps")
        page = make_page(agent, atlas, name=name, uploads=settings.uploads)
        try:
            page.launch(
                server_name=settings.host,
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
                app_kwargs={"middleware": _guards(settings, atlas)},
                **look(),
            )
        except OSError as error:
            raise ConfigError(
                f"The page cannot listen on {settings.host}, port {settings.port or 'any from 7860'}: {error}. "
                "Give another --port."
            ) from error
        try:
            yield page
        finally:
            page.close(verbose=False)


def _settle(folder: str) -> None:
    """Settings that Gradio takes from the environment: nothing is sent to its makers, and nothing more is served."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = folder
    os.environ["GRADIO_EXAMPLES_CACHE"] = str(Path(folder) / "examples")
    for setting in ("GRADIO_ALLOWED_PATHS", "GRADIO_SHARE", "GRADIO_ROOT_PATH", "GRADIO_SERVER_PORT"):
        os.environ.pop(setting, None)


# ---------------------------------------------------------------- guards


def _guards(settings: Settings, atlas: Atlas) -> list[Any]:
    from starlette.middleware import Middleware

    from mm_agents.web._atlas import Maps

    hosts = _LOCAL if settings.host in _LOCAL else None
    return [Middleware(Maps, atlas=atlas), Middleware(Guard, hosts=hosts)]


class Guard:
    """Refuses what the page has no use for, and tells the browser to load nothing from elsewhere.

    Args:
        app: the ASGI application behind it.
        hosts: names that the page may be asked for by; another is a page of somebody else that was led here by its
            name's address. None for any.
    """

    def __init__(self, app: Any, hosts: tuple[str, ...] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._known(scope) or scope["path"].startswith(_CLOSED):
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"Not served here."})
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        await self._app(scope, receive, guarded)

    def _known(self, scope: Any) -> bool:
        if self._hosts is None:
            return True
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        return host.rsplit(":", 1)[0] in self._hosts
