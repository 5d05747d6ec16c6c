"""Commands that serve a library to other programs."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from mm_agents.cli.app import DEFAULT_LIBRARY, DebugOption, LibraryOption, QuietOption, app, plain, say

_CLIENT = """Serve the library to agents: an MCP server on standard input and output, or with --http for several.

Agents search it, read its documents and look at its pictures; nothing is changed.

[dim]A client that starts the server itself is told, in its configuration:[/dim]
  {"mcpServers": {"media": {"command": "mm-agents", "args": ["mcp", "/home/me/library"]}}}

[dim]One that connects to a server:[/dim]
  mm-agents mcp ./library --http
  {"mcpServers": {"media": {"url": "http://127.0.0.1:8765/mcp"}}}

[dim]For other machines, with a token that clients send as "Authorization: Bearer ...":[/dim]
  MM_AGENTS_TOKEN=... mm-agents mcp ./library --http --host 0.0.0.0 --allow-host media.example.org"""


@app.command(help=_CLIENT)
def mcp(
    place: Annotated[
        str | None, typer.Argument(metavar="LIB", help="The library's folder; as --library.", show_default=False)
    ] = None,
    http: Annotated[
        bool, typer.Option("--http", help="Streamable HTTP in place of standard input and output.")
    ] = False,
    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST", help="Where --http listens; another than this machine needs a token."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Its port; 0 takes a free one.")
    ] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="MM_AGENTS_TOKEN",
            metavar="T",
            help="What clients have to send. Rather set the variable: others on this machine can see options.",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A further name that clients reach it by; may be repeated."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve the library to agents over MCP."""
    from mm_agents import adapters
    from mm_agents.library import Library

    with Library.open(place or library, create=False) as opened:
        served = adapters.mcp.server(opened)
        if not http:
            # The thread that waits for input cannot be interrupted, and the library is only read.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            adapters.mcp.run_stdio(served)
            return
        adapters.mcp.run_http(
            served,
            host=host,
            port=port,
            token=token,
            allowed_hosts=allow_host or (),
            listening=lambda url: None if quiet else say(f"Serving {plain(url)}; Ctrl-C ends."),
        )
