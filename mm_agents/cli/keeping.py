"""Commands that keep and move libraries: backup, restore, copy, migrate."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    SOME_FAILED,
    DebugOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    app,
    done,
    plain,
    print_json,
    say,
    show_line,
)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a consistent copy of the library, also while others use it; the media files are not copied."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        opened.backup(folder)
        total = opened.count()
    done({"backup": str(folder), "total": total}, f"{total} records saved to {folder}", as_json, quiet)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What backup wrote.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Replace what the library holds by a backup; when that fails, all is as before."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        opened.restore(folder)
        total = opened.count()
    done({"restored": str(folder), "total": total}, f"{total} records restored from {folder}", as_json, quiet)


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A library's place.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Another place: weaviate://host:8080/Media.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy a library with its vectors into another store, and compare them record by record; again goes on."""
    from mm_agents import moving
    from mm_agents._progress import bar
    from mm_agents.errors import LibraryNotFoundError
    from mm_agents.places import open_store

    with (
        closing(open_store(source)) as before,
        ExitStack() as stack,
        bar("Copying", show=False if quiet or as_json else None) as report,
    ):
        try:
            after = stack.enter_context(closing(open_store(target)))
        except LibraryNotFoundError:
            after = stack.enter_context(closing(open_store(target, spec=before.spec)))
        result = moving.copy(before, after, report=report)
    equal = f"both sides equal, checksum {result.checksum[:12]}"
    done(asdict(result), f"{result.copied} copied, {result.unchanged} unchanged; {equal}", as_json, quiet)


@app.command()
def migrate(
    to: Annotated[str, typer.Option("--to", metavar="EMBEDDER", help="The new model: google:gemini-embedding-2.")],
    name: Annotated[str, typer.Option("--as", metavar="VECTOR", help="The new vector's name: media_v2.")],
    vector: Annotated[str, typer.Option("--vector", metavar="VECTOR", help="The vector that it replaces.")] = "media",
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Add a new model's vector beside an old one, fill it, and search by it from then on; again goes on."""
    from mm_agents import _plugins, moving
    from mm_agents._progress import bar
    from mm_agents.library import Library

    embedder = _plugins.build_named("embedders", to)
    with (
        Library.open(library, create=False) as opened,
        bar("Embedding", show=False if quiet or as_json else None) as report,
    ):
        result = moving.migrate(opened, embedder, name=name, vector=vector, report=report)
    if as_json:
        print_json(asdict(result))
    elif not quiet:
        show_line(f"{result.filled} filled, {result.unchanged} unchanged, {len(result.failed)} failed")
        show_line(f"overlap@10 with {plain(vector)}: {result.overlap:.2f}")
        now = f"searches use {name} now" if result.switched else f"searches still use {vector}"
        show_line(plain(now))
    for failed in result.failed if not as_json else ():
        say(f"[yellow]Failed:[/yellow] {plain(failed.path)}: {plain(failed.reason)}")
    if result.failed:
        raise typer.Exit(SOME_FAILED)
