"""The command that serves the chat page."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mm_agents.cli.app import DEFAULT_LIBRARY, DebugOption, LibraryOption, QuietOption, app, plain, say
from mm_agents.cli.asking import ModelOption

if TYPE_CHECKING:
    from mm_agents.library import Library

_UNITS = {"": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}


@app.command()
def serve(
    place: Annotated[str | None, typer.Argument(metavar="[LIB]", help="The same as --library.")] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="Default: the first free one from 7860.")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            "--password",
            envvar="MM_AGENTS_PASSWORD",
            metavar="TEXT",
            help="To sign in with as the user mm-agents. Better set in the environment: others can see arguments.",
        ),
    ] = None,
    uploads: Annotated[
        Path | None,
        typer.Option("--uploads", metavar="DIR", help="Where added files are kept. Default: LIB/uploads."),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Nobody can add files to the library.")] = False,
    max_upload: Annotated[
        str, typer.Option("--max-upload", metavar="SIZE", help="The largest file that may be sent.")
    ] = "2gb",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve a chat page: ask with files, see each source with its box or second, browse and fill the library.

    Only this machine can open it, and nothing on it is loaded from the internet. Ctrl-C ends it.

    [dim]Examples:[/dim]
      mm-agents serve ./my --open
      mm-agents serve ./my --model offline               [dim]no chat model: everything stays on this machine[/dim]
      MM_AGENTS_PASSWORD=… mm-agents serve ./my --host 0.0.0.0 --read-only

    On any other --host a password is needed; what is sent is not encrypted, so put a server with TLS in front.
    """
    from mm_agents.agent import Agent
    from mm_agents.library import Library
    from mm_agents.web.server import USER, Settings, serve

    settings = Settings(host=host, port=port, password=password or None, largest=_bytes(max_upload))
    settings.check()
    with Library.open(place or library, create=False) as opened:
        folder = None if read_only else uploads or (opened.root / "uploads" if opened.root is not None else None)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that visitors' files go then too

        def ready(url: str) -> None:
            if not quiet:
                say(f"The page is at [bold]{plain(url)}[/bold]" + (f" for the user {USER}" if password else ""))
                say("[dim]Ctrl-C ends it.[/dim]")
            if open_browser:
                typer.launch(url)

        serve(Agent(opened, model=model), replace(settings, uploads=folder), name=_name(opened), ready=ready)


def _name(library: Library) -> str:
    """What visitors are told of a library's place: no folders, servers or keys."""
    return library.root.resolve().name if library.root is not None else library.store.spec.name


def _bytes(size: str) -> int:
    match = re.fullmatch(r"(\d+)\s*(kb|mb|gb|)", size.strip().casefold())
    if match is None:
        raise typer.BadParameter(f"{size!r} is no size; write 500mb or 2gb.", param_hint="--max-upload")
    return int(match[1]) * _UNITS[match[2]]
