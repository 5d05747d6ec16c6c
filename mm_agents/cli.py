"""The command line. Every command takes --library, --json and --quiet, and says errors in one line."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mm_agents.errors import MMAgentsError

app = typer.Typer(
    name="mm-agents",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Search your pictures, clips and texts by words, by a picture or by a clip.

[dim]Begin with:[/dim]
  mm-agents demo
  mm-agents add ~/Pictures --library ./my
  mm-agents search "dog playing with stick" --library ./my --open""",
)

LibraryOption = Annotated[
    str, typer.Option("--library", "-l", envvar="MM_AGENTS_LIBRARY", metavar="LIB", help="The library's folder.")
]
EmbedderOption = Annotated[
    str | None, typer.Option("--embedder", metavar="NAME", help="By default the one the library was made with.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no messages.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]
WhereOption = Annotated[
    str | None,
    typer.Option("--where", metavar="EXPR", help="A filter: 'media_type = \"image\" and width >= 800'."),
]

DEFAULT_LIBRARY = "./library"
SOME_FAILED = 3


def main() -> None:
    """Run the command line; the exit code is 0, 1 for an error, 2 for wrong usage, 3 when some files failed."""
    try:
        app()
    except (MMAgentsError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        _say(f"[bold red]Error:[/bold red] {_plain(str(error))}")
        sys.exit(1)


# ---------------------------------------------------------------- commands


@app.command()
def demo(
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep media, library and page here.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page of results in a browser.")] = False,
    debug: DebugOption = False,
) -> None:
    """Build a small library from sample media and ask it several kinds of question. Needs no network."""
    from mm_agents import demo as demonstration
    from mm_agents.sheet import moment

    if keep is not None and keep.is_dir() and any(keep.iterdir()):
        raise typer.BadParameter(f"{keep} is not empty.", param_hint="--keep")
    folder = keep or Path(tempfile.mkdtemp(prefix="mm-agents-demo-"))
    outcome = demonstration.run(folder, progress=False if quiet or as_json else None)
    if as_json:
        answers = [{"question": q.title, "hits": [hit_json(hit) for hit in hits]} for q, hits in outcome.answers]
        _print_json({"added": outcome.report.added, "answers": answers, "page": str(outcome.page)})
    elif not quiet:
        _print(f"Added {outcome.report.added} pictures, clips and texts to {folder / 'library'}\n")
        for question, hits in outcome.answers:
            _print(f"[bold]{question.title}[/bold]")
            for n, hit in enumerate(hits, start=1):
                _print(f"  [{n}] {_plain(hit.name)}  [dim]{hit.score:.3f}  {moment(hit)}[/dim]")
        _print(f"\nLook at it: {outcome.page}\n            {outcome.picture}")
    if open_page:
        _open(outcome.page)


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, and folders with all below them.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    embedder: EmbedderOption = None,
    prune: Annotated[bool, typer.Option("--prune", help="Also drop what vanished from these folders.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Add pictures, videos, texts and PDFs; again is once, and an interrupted run goes on where it stopped."""
    from mm_agents.library import Library

    try:
        with Library.open(library, embedder=embedder) as opened:
            report = opened.add(*paths, prune=prune, progress=False if quiet or as_json else None)
    except KeyboardInterrupt:
        _say("Interrupted. What is complete is kept; the same command goes on from there.")
        raise typer.Exit(130) from None
    if as_json:
        _print_json({**asdict(report), "failed": [asdict(failed) for failed in report.failed]})
    elif not quiet:
        removed = f", {report.removed} removed" if report.removed else ""
        _print(f"{report.added} added, {report.unchanged} unchanged{removed}, {len(report.failed)} failed")
    for failed in report.failed if not as_json else ():
        _say(f"[yellow]Failed:[/yellow] {_plain(failed.path)}: {_plain(failed.reason)}")
    if report.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="Words or a sentence.")] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    image: Annotated[Path | None, typer.Option("--image", metavar="FILE", help="Ask with a picture.")] = None,
    video: Annotated[Path | None, typer.Option("--video", metavar="FILE", help="Ask with a clip.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Ask with a picture or clip from the web.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="image|video|text", help="Find only these.")] = None,
    vector: Annotated[str | None, typer.Option("--vector", metavar="NAME", help="Search only this vector.")] = None,
    where: WhereOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many hits at most.")] = 10,
    embedder: EmbedderOption = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a contact sheet.")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open a contact sheet in a browser.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Find media by words, by a picture, by a clip, or by several of them at once."""
    from mm_agents.library import Library
    from mm_agents.sheet import Panel, page

    asked = [str(part) for part in (query, image, video, url) if part]
    if not asked:
        raise typer.BadParameter("Say what to search for: TEXT, --image, --video or --url.")
    with Library.open(library, embedder=embedder, create=False) as opened:
        hits = opened.search(
            query, image=image, video=video, url=url, kind=kind, vector=vector, where=where, limit=limit
        )
        if html or open_page:
            target = html or Path(tempfile.mkdtemp(prefix="mm-agents-")) / "hits.html"
            target.write_text(page(" + ".join(asked), [Panel(title="Hits", hits=hits)], opened.path), encoding="utf-8")
            if open_page:
                _open(target)
    if as_json:
        _print_json({"query": query if query else asked[0], "hits": [hit_json(hit) for hit in hits]})
    elif not quiet:
        _print_hits(hits)


@app.command()
def count(
    library: LibraryOption = DEFAULT_LIBRARY,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Group by a property: media_type.")] = None,
    where: WhereOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Count what the library holds."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        groups = opened.count(group_by=by, where=where) if by else {}
        total = opened.count(where=where)
    if as_json:
        _print_json({"groups": groups, "total": total})
    elif not quiet:
        for value, number in sorted(groups.items(), key=lambda group: (-group[1], group[0])):
            _print(f"{number:>8}  {_plain(value) or '(none)'}")
        _print(f"{total:>8}  total")


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
                **_own(part.properties, record.properties),
                "text": part.text or None,
                "vectors": sorted(part.vectors),
            }
            for part in parts
        ]
        _print_json(
            {"id": record.id, **record.properties, "text": record.text or None, "vectors": vectors, "parts": fields}
        )
    elif not quiet:
        _print(f"[bold]{_plain(record.name)}[/bold]  [dim]{record.id}[/dim]")
        for name, value in sorted(record.properties.items()):
            _print(f"  {name:<12} {_plain(str(value))}")
        _print(f"  {'vectors':<12} {', '.join(vectors) or 'none'}")
        for part in parts:
            own = "  ".join(f"{name} {value}" for name, value in _own(part.properties, record.properties).items())
            _print(f"  [dim]part[/dim]         {own}  {_plain(part.text[:60])}")


@app.command()
def remove(
    references: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids, names or paths.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove records from the library; the files themselves stay where they are."""
    from mm_agents.library import Library

    with Library.open(library, create=False) as opened:
        ids = [opened.get(reference).id for reference in references]
        removed = opened.remove(*ids)
    if as_json:
        _print_json({"removed": removed, "ids": ids})
    elif not quiet:
        _print(f"{removed} removed")


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
    _done({"backup": str(folder), "total": total}, f"{total} records saved to {folder}", as_json, quiet)


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
    _done({"restored": str(folder), "total": total}, f"{total} records restored from {folder}", as_json, quiet)


@app.command()
def doctor(
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Check what is installed, that the offline embedder works, and that the library is sound."""
    from mm_agents.doctor import examine

    checks = examine(library)
    if as_json:
        _print_json({"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]})
    elif not quiet:
        for check in checks:
            mark = "[green]ok[/green]  " if check.ok else ("[red]bad[/red] " if check.needed else "[dim]-[/dim]   ")
            _print(f"{mark}{check.name:<22} {_plain(check.detail)}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(1)


# ---------------------------------------------------------------- what is printed


def hit_json(hit: Any) -> dict[str, Any]:
    """A hit as ``--json`` prints it; absent values are null."""
    names = ("id", "name", "path", "media_type", "score", "vector", "t0", "t1", "page", "text")
    return {**{name: getattr(hit, name) for name in names}, "found_by": [asdict(found) for found in hit.found_by]}


def _print_hits(hits: Sequence[Any]) -> None:
    from rich.table import Table

    from mm_agents.sheet import moment

    if not hits:
        _print("Nothing was found.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right")
    table.add_column("score")
    table.add_column("name", overflow="fold")
    table.add_column("where")
    table.add_column("found by")
    table.add_column("id", style="dim", overflow="fold")
    for n, hit in enumerate(hits, start=1):
        by = ", ".join(dict.fromkeys(found.vector for found in hit.found_by))
        table.add_row(str(n), f"{hit.score:.3f}", _plain(hit.name), moment(hit), by, hit.id)
        if hit.text:
            table.add_row("", "", f"[dim]{_plain(' '.join(hit.text.split())[:120])}[/dim]")
    _print(table)


def _own(properties: Any, asset: Any) -> dict[str, Any]:
    """What a part says beyond its asset."""
    return {name: value for name, value in properties.items() if asset.get(name) != value}


def _done(document: dict[str, Any], message: str, as_json: bool, quiet: bool) -> None:
    if as_json:
        _print_json(document)
    elif not quiet:
        _print(_plain(message))


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _print(what: Any) -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=isinstance(what, str)).print(what)


def _say(what: str) -> None:
    """Tell people something on standard error."""
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(what)


def _plain(text: str) -> str:
    """Text from a file, safe to print: no markup and no control characters."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def _open(page: Path) -> None:
    typer.launch(page.absolute().as_uri())
