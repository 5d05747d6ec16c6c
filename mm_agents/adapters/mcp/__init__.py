"""A library as an MCP server, over standard input and output or streamable HTTP; the extra ``mcp`` brings the SDK.

    from mm_agents.adapters import mcp

    mcp.run_stdio(mcp.server(library))                       # for a client that starts this program
    mcp.run_http(mcp.server(library), port=8765)             # for clients on this machine

Tools only read. Their pictures go to the client as JPEGs of bounded size, their payload as structured content. The
library's media are resources: listed in pages, read by id, never by path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mm_agents._optional import require

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from starlette.types import ASGIApp

    from mm_agents.adapters.shared import Answering
    from mm_agents.library import Library
    from mm_agents.tools import Tool

__all__ = ["http_app", "run_http", "run_stdio", "server"]

PORT = 8765
_FEATURE = "The MCP server"


def server(library: Library, *, tools: Iterable[Tool] | None = None, agent: Answering | None = None) -> Server[Any]:
    """An MCP server of a library: its tools, and its media as resources.

    Args:
        library: what is served; it has to stay open.
        tools: other tools than the library's toolbox; these are not marked as read-only.
        agent: a ``mm_agents.Agent``, which becomes one more tool: "ask" answers whole questions, and its structured
            content is the answer with its outcome, claims and sources. A question that finds nothing is not an error.

    Raises:
        ConfigError: two tools have the same name.
        MissingExtraError: the MCP SDK is not installed.
    """
    _require()
    from mm_agents.adapters.mcp.bridge import make_server

    return make_server(library, tools, agent)


def http_app(
    served: Server[Any], *, host: str = "127.0.0.1", token: str | None = None, allowed_hosts: Sequence[str] = ()
) -> ASGIApp:
    """The server as an ASGI application with the path ``/mcp``.

    Requests that name another host, or come from another site's page, are refused: a name that is made to point at
    this machine gets nobody in.

    Args:
        served: from ``server``.
        host: where it will listen; without a token, only an address of this machine alone.
        token: what clients have to send as ``Authorization: Bearer TOKEN``.
        allowed_hosts: further names under which clients reach it, such as "media.example.org".

    Raises:
        ConfigError: a host that others can reach and no token, or an address of all interfaces and no name.
        MissingExtraError: the MCP SDK is not installed.
    """
    _require()
    from mm_agents.adapters.mcp.bridge import make_app

    return make_app(served, host=host, token=token, allowed_hosts=allowed_hosts)


def run_stdio(served: Server[Any]) -> None:
    """Serve one client over standard input and output until it ends; nothing else may write to standard output."""
    _require()
    import asyncio

    from mm_agents.adapters.mcp.bridge import over_stdio

    asyncio.run(over_stdio(served))


def run_http(
    served: Server[Any],
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    allowed_hosts: Sequence[str] = (),
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve clients over streamable HTTP until interrupted.

    Args:
        served: from ``server``.
        host: as for ``http_app``.
        port: 0 takes one that is free.
        token: as for ``http_app``.
        allowed_hosts: as for ``http_app``.
        listening: called with the URL once connections are accepted.

    Raises:
        ConfigError: as ``http_app``.
        OSError: the address is taken, or not this machine's.
    """
    app = http_app(served, host=host, token=token, allowed_hosts=allowed_hosts)
    from mm_agents.adapters.mcp.bridge import run

    run(app, host=host, port=port, listening=listening)


def _require() -> None:
    require("mcp.server.lowlevel", extra="mcp", feature=_FEATURE)
