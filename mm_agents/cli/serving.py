"""Commands that serve a library: to people as a chat page, to programs over MCP."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from types import FrameType
from typing import Annotated

import typer

import mm_agents
from mm_agents.cli.app import DEFAULT_LIBRARY, HELP, DebugOption, LibraryOption, QuietOption, command, plain, say
from mm_agents.cli.asking import ModelOption

PlaceArgument = Annotated[
    str | None, typer.Argument(metavar="LIB", help="The library's folder; as --library.", show_default=False)
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="A further host name of this server; may be repeated."),
]
_ENDING_SECONDS = 8.0
"""The most that stopping the page takes: Python waits for threads that still answer somebody, however long."""

_UNITS = {"": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How the page is served."""

    model: ModelOption = None
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1"
    port: Annotated[int | None, typer.Option("--port", metavar="N", help="Default: the first free one from 7860.")] = (
        None
    )
    password: Annotated[
        str | None,
        typer.Option(
            "--password",
            envvar="MM_AGENTS_PASSWORD",
            metavar="TEXT",
            help="To sign in with as the user mm-agents. Better set in the environment: others can see arguments.",
        ),
    ] = None
    uploads: Annotated[
        Path | None,
        typer.Option("--uploads", metavar="DIR", help="The folder of added files. Default: LIB/uploads."),
    ] = None
    read_only: Annotated[bool, typer.Option("--read-only", help="Do not allow adding files.")] = False
    max_upload: Annotated[
        str, typer.Option("--max-upload", metavar="SIZE", help="The largest file that can be uploaded.")
    ] = "2gb"
    allow_host: AllowHostOption = None
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False


SERVED = ServeOptions()


@command(help=HELP["serve"])
def serve(
    place: PlaceArgument = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    options: ServeOptions = SERVED,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve a chat page."""
    from mm_agents.agent import Agent
    from mm_agents.web.guard import USER
    from mm_agents.web.server import Settings, serve

    settings = Settings(
        host=options.host,
        port=options.port,
        password=options.password or None,
        largest=_bytes(options.max_upload),
        allowed_hosts=tuple(options.allow_host or ()),
    )
    settings.check()
    with mm_agents.Library.open(place or library, create=False) as opened:
        beside = opened.root / "uploads" if opened.root is not None else None
        folder = None if options.read_only else options.uploads or beside
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)

        def ready(url: str) -> None:
            if not quiet:
                say(f"The page is at [bold]{plain(url)}[/bold]" + (f" for the user {USER}" if options.password else ""))
                say("[dim]Press Ctrl-C to stop.[/dim]")
            if options.open_browser:
                typer.launch(url)

        agent = Agent(opened, model=options.model)
        serve(agent, replace(settings, uploads=folder), name=_name(opened), ready=ready)


@command(help=HELP["mcp"])
def mcp(
    place: PlaceArgument = None,
    http: Annotated[
        bool, typer.Option("--http", help="Use streamable HTTP instead of standard input and output.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="HOST", help="The address for --http; other than this machine it needs a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="The port for --http; 0 takes a free one.")
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
    allow_host: AllowHostOption = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Also serve a tool that answers whole questions, with outcome and claims.")
    ] = False,
    model: ModelOption = "offline",
    library: LibraryOption = DEFAULT_LIBRARY,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve the library to agents over MCP."""
    from mm_agents import adapters
    from mm_agents.agent import Agent

    with mm_agents.Library.open(place or library, create=False) as opened:
        served = adapters.mcp.server(opened, agent=Agent(opened, model=model) if ask else None)
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
            listening=lambda url: None if quiet else say(f"Serving {plain(url)}; press Ctrl-C to stop."),
        )


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop as on Ctrl-C, so that visitors' files go, and end the process if that takes long."""
    last = Timer(_ENDING_SECONDS, os._exit, (0,))
    last.daemon = True
    last.start()
    raise KeyboardInterrupt


def _name(library: mm_agents.Library) -> str:
    """A library's place as visitors see it, without folders, servers and keys."""
    return library.root.resolve().name if library.root is not None else library.store.spec.name


def _bytes(size: str) -> int:
    match = re.fullmatch(r"(\d+)\s*(kb|mb|gb|)", size.strip().casefold())
    if match is None:
        raise typer.BadParameter(f"{size!r} is not a size; write 500mb or 2gb.", param_hint="--max-upload")
    return int(match[1]) * _UNITS[match[2]]
