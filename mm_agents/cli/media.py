"""Commands on media and films: add, find, recommend, count, show, remove; and the demo."""

from __future__ import annotations

import tempfile
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
    own_properties,
    plain,
    print_hits,
    print_json,
    read_weights,
    say,
    show_line,
    write_sheet,
)
from mm_agents.search.ranking import hit_json


@app.command()
def demo(
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep media, library and page here.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    open_sheet: Annotated[bool, typer.Option("--open", help="Open the page of results in a browser.")] = False,
    debug: DebugOption = False,
) -> None:
    """Build a small library from sample media and ask it several kinds of question, offline."""
    from mm_agents import demo as demonstration
    from mm_agents._text import moment

    if keep is not None and keep.is_dir() and any(keep.iterdir()):
        raise typer.BadParameter(f"{keep} is not empty.", param_hint="--keep")
    folder = keep or Path(tempfile.mkdtemp(prefix="mm-agents-demo-"))
    outcome = demonstration.run(folder, progress=False if quiet or as_json else None)
    if as_json:
        answers = [{"question": q.title, "hits": [hit_json(hit) for hit in hits]} for q, hits in outcome.answers]
        asked = {"answer": outcome.answer.to_json() if outcome.answer else None}
        print_json({"added": outcome.report.added, "answers": answers, "page": str(outcome.page)} | asked)
    elif not quiet:
        show_line(f"Added {outcome.report.added} pictures, clips and texts to {folder / 'library'}\n")
        for question, hits in outcome.answers:
            show_line(f"[bold]{question.title}[/bold]")
            for n, hit in enumerate(hits, start=1):
                show_line(f"  [{n}] {plain(hit.name)}  [dim]{hit.score:.3f}  {moment(hit)}[/dim]")
        if outcome.answer:
            show_line(f"[bold]{demonstration.ASKED}[/bold]\n  {plain(outcome.answer.text)}")
        show_line(f"\nLook at it: {outcome.page}\n            {outcome.picture}")
    if open_sheet:
        open_page(outcome.page)


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, and folders with everything in them.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    embedder: EmbedderOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove files that are no longer in these folders.")
    ] = False,
    words: WordsOption = "auto",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Add pictures, videos, texts and PDFs. Adding a file again is a no-op; an interrupted run is resumable."""
    from mm_agents.library import Library

    try:
        with Library.open(library, embedder=embedder) as opened:
            report = opened.add(*paths, prune=prune, words=words, progress=False if quiet or as_json else None)
    except KeyboardInterrupt:
        say("Interrupted. Complete files are kept; run the same command to resume.")
        raise typer.Exit(130) from None
    if as_json:
        print_json({**asdict(report), "failed": [asdict(failed) for failed in report.failed]})
    elif not quiet:
        removed = f", {report.removed} removed" if report.removed else ""
        read = f", words read in {report.read}" if report.read else ""
        show_line(f"{report.added} added, {report.unchanged} unchanged{removed}{read}, {len(report.failed)} failed")
        if report.read is None:
            say("[yellow]Note:[/yellow] Words in pictures were not read: pip install 'mm-agents\\[documents]'")
    for failed in report.failed if not as_json else ():
        say(f"[yellow]Failed:[/yellow] {plain(failed.path)}: {plain(failed.reason)}")
    if report.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(metavar="TEXT", help="Words or a sentence.")] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    image: Annotated[Path | None, typer.Option("--image", metavar="FILE", help="Search by a picture.")] = None,
    video: Annotated[Path | None, typer.Option("--video", metavar="FILE", help="Search by a clip.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Search by a picture or clip from the web.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="image|video|text|film", help="Only these.")] = None,
    vector: VectorOption = None,
    where: WhereOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The most hits to show.")] = 10,
    embedder: EmbedderOption = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a contact sheet.")] = None,
    open_sheet: Annotated[bool, typer.Option("--open", help="Open a contact sheet in a browser.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Find media by words, by a picture, by a clip, or by several of them at once."""
    from mm_agents.library import Library

    asked = [str(part) for part in (query, image, video, url) if part]
    if not asked:
        raise typer.BadParameter("Nothing to search for. Give TEXT, --image, --video or --url.")
    with Library.open(library, embedder=embedder, create=False) as opened:
        weights = read_weights(vector) or None
        hits = opened.search(
            query, image=image, video=video, url=url, kind=kind, vector=weights, where=where, limit=limit
        )
        if html or open_sheet:
            page = write_sheet(" + ".join(asked), hits, opened.path, html)
            if open_sheet:
                open_page(page)
    if as_json:
        print_json({"query": query if query else asked[0], "hits": [hit_json(hit) for hit in hits]})
    elif not quiet:
        print_hits(hits)


@app.command()
def count(
    library: LibraryOption = DEFAULT_LIBRARY,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Group by a property: media_type.")] = None,
    where: WhereOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Count the assets of the library."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        groups = opened.count(group_by=by, where=where) if by else {}
        total = opened.count(where=where)
    if as_json:
        print_json({"groups": groups, "total": total})
    elif not quiet:
        for value, number in sorted(groups.items(), key=lambda group: (-group[1], group[0])):
            show_line(f"{number:>8}  {plain(value) or '(none)'}")
        show_line(f"{total:>8}  total")


@app.command()
def show(
    reference: Annotated[str, typer.Argument(metavar="ID", help="An id, a name or a path.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Show one record: its properties, its parts and its vectors."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        record = opened.get(reference)
        record = opened.store.get([record.id], with_vectors=True)[record.id]
        parts = opened.parts(record.id, with_vectors=True)
    vectors = sorted({name for part in [record, *parts] for name in part.vectors})
    if as_json:
        fields = [
            {
                "id": part.id,
                **own_properties(part.properties, record.properties),
                "text": part.text or None,
                "vectors": sorted(part.vectors),
            }
            for part in parts
        ]
        print_json(
            {"id": record.id, **record.properties, "text": record.text or None, "vectors": vectors, "parts": fields}
        )
    elif not quiet:
        show_line(f"[bold]{plain(record.name)}[/bold]  [dim]{record.id}[/dim]")
        for name, value in sorted(record.properties.items()):
            show_line(f"  {name:<12} {plain(str(value))}")
        show_line(f"  {'vectors':<12} {', '.join(vectors) or 'none'}")
        for part in parts:
            own = "  ".join(
                f"{name} {value}" for name, value in own_properties(part.properties, record.properties).items()
            )
            show_line(f"  [dim]part[/dim]         {own}  {plain(part.text[:60])}")


@app.command()
def remove(
    references: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids, names or paths.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove records from the library; the files are kept."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        ids = [opened.get(reference).id for reference in references]
        removed = opened.remove(*ids)
    if as_json:
        print_json({"removed": removed, "ids": ids})
    elif not quiet:
        show_line(f"{removed} removed")


@app.command()
def doctor(
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Check the installed extras, the offline embedder and the library."""
    from mm_agents.cli.maintenance import examine

    checks = examine(library)
    if as_json:
        print_json({"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]})
    elif not quiet:
        for check in checks:
            mark = "[green]ok[/green]  " if check.ok else ("[red]bad[/red] " if check.needed else "[dim]-[/dim]   ")
            show_line(f"{mark}{check.name:<22} {plain(check.detail)}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(1)


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
    """Add films with a vector of their text and one of their poster. Adding a film again is a no-op."""
    from mm_agents._progress import bar
    from mm_agents.ingest import movies
    from mm_agents.ingest.ocr_pass import can_read, read_words
    from mm_agents.ingest.presets import movies_spec
    from mm_agents.library import Library

    progress_or_callback = False if quiet or as_json else None
    with Library.open(library, embedder=embedder, preset=movies_spec) as opened:
        with bar("Adding", show=progress_or_callback) as report:
            result = movies.add_movies(opened, films, posters, report=report)
        with bar("Reading words", show=progress_or_callback) as report:
            chosen = words if words == "all" or can_read() else "none"
            read_words(opened.store, opened.routes, opened.path, chosen, report=report)
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
    like: Annotated[
        list[str], typer.Option("--like", metavar="TITLE_OR_ID", help="A film to be near to; may be repeated.")
    ],
    unlike: Annotated[
        list[str] | None,
        typer.Option("--unlike", metavar="TITLE_OR_ID", help="A film to be far from; may be repeated."),
    ] = None,
    vector: VectorOption = None,
    where: WhereOption = None,
    diversity: Annotated[float, typer.Option("--diversity", help="From 0, the nearest, to 1, the most diverse.")] = 0.0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The most films to show.")] = 10,
    library: LibraryOption = DEFAULT_LIBRARY,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a contact sheet.")] = None,
    open_sheet: Annotated[bool, typer.Option("--open", help="Open a contact sheet in a browser.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Recommend films near to those liked and far from those not liked, in one vector or several."""
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
