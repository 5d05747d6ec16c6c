"""Commands on films: add them, and recommend by what somebody likes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    SOME_FAILED,
    DebugOption,
    EmbedderOption,
    JsonOption,
    LibraryOption,
    QuietOption,
    VectorOption,
    WhereOption,
    WordsOption,
    app,
    open_page,
    plain,
    print_hits,
    print_json,
    read_weights,
    say,
    show_line,
    write_sheet,
)
from mm_agents.retrieval import hit_json


@app.command("add-movies")
def add_movies(
    films: Annotated[Path, typer.Argument(metavar="FILE.json", help="A list of films with id, title and overview.")],
    posters: Annotated[Path, typer.Argument(metavar="POSTERS/", help="Their posters: ID_poster.jpg.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    embedder: EmbedderOption = None,
    words: WordsOption = "auto",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Add films with a vector of their text and a vector of their poster; again is once."""
    from mm_agents import movies
    from mm_agents._progress import bar
    from mm_agents.library import Library
    from mm_agents.presets import movies_spec
    from mm_agents.words import can_read, read_words

    shown = False if quiet or as_json else None
    with Library.open(library, embedder=embedder, preset=movies_spec) as opened:
        with bar("Adding", show=shown) as report:
            result = movies.add_movies(opened, films, posters, report=report)
        with bar("Reading words", show=shown) as report:
            read_words(opened, words if words == "all" or can_read() else "none", report=report)
    if as_json:
        print_json(asdict(result))
    elif not quiet:
        show_line(f"{result.added} added, {result.unchanged} unchanged, {len(result.failed)} failed")
    if not as_json:
        for title in result.without_poster:
            say(f"[yellow]No poster:[/yellow] {plain(title)} has no poster_vector.")
        for failed in result.failed:
            say(f"[yellow]Failed:[/yellow] {plain(failed.path)}: {plain(failed.reason)}")
    if result.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def recommend(
    like: Annotated[list[str], typer.Option("--like", metavar="TITLE_OR_ID", help="What is liked; may be repeated.")],
    unlike: Annotated[list[str] | None, typer.Option("--unlike", metavar="TITLE_OR_ID", help="What is not.")] = None,
    vector: VectorOption = None,
    where: WhereOption = None,
    diversity: Annotated[float, typer.Option("--diversity", help="0 the nearest … 1 the most different.")] = 0.0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 10,
    library: LibraryOption = DEFAULT_LIBRARY,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a contact sheet.")] = None,
    open_sheet: Annotated[bool, typer.Option("--open", help="Open a contact sheet in a browser.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Recommend what is near to what is liked and far from what is not, in one vector or several."""
    from mm_agents.library import Library

    title = "Like " + ", ".join(like) + (f", unlike {', '.join(unlike)}" if unlike else "")
    with Library.open(library, create=False) as opened:
        hits = opened.recommend(
            like, unlike or (), vectors=read_weights(vector) or None, where=where, diversity=diversity, limit=limit
        )
        if html or open_sheet:
            page = write_sheet(title, hits, opened.path, html)
            if open_sheet:
                open_page(page)
    if as_json:
        print_json({"query": title, "hits": [hit_json(hit) for hit in hits]})
    elif not quiet:
        print_hits(hits)
