"""Commands on media and films: add, find, recommend, count, show, remove; and the demo."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mm_agents
from mm_agents._html import counted
from mm_agents._progress import bar, rate_of
from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    NOTHING_FOUND,
    SHOWN,
    DebugOption,
    EmbedderOption,
    JsonOption,
    LibraryOption,
    Output,
    QuietOption,
    RecognizerOption,
    SpeechOption,
    VectorOption,
    WhereOption,
    WordsOption,
    command,
    exit_if_failed,
    open_page,
    plain,
    print_json,
    say,
    say_download,
    show_line,
)
from mm_agents.errors import ConfigError, LibraryNotFoundError
from mm_agents.languages import ENGLISH, detected
from mm_agents.types import STRENGTHS, Hit, Strength

if TYPE_CHECKING:
    from mm_agents.ingest.pipeline import AddReport


@dataclass(frozen=True, kw_only=True)
class SheetOptions:
    """Whether the hits are also written as a page."""

    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a contact sheet.")] = None
    open_sheet: Annotated[bool, typer.Option("--open", help="Open a contact sheet in a browser.")] = False

    def write(self, title: str, hits: Sequence[Hit], locate: Callable[[Hit], Path | None]) -> None:
        """Write a contact sheet, if asked; without a file, into a temporary folder."""
        if not (self.html or self.open_sheet):
            return
        from mm_agents.contact_sheet import Panel, page

        target = self.html or Path(tempfile.mkdtemp(prefix="mm-agents-")) / "hits.html"
        target.write_text(page(title, [Panel(title="Hits", hits=hits)], locate), encoding="utf-8")
        if self.open_sheet:
            open_page(target)


NO_SHEET = SheetOptions()
IdsOption = Annotated[bool, typer.Option("--ids", help="Also show the ids.")]
_NAMED, _REASONS = 3, 6
"""How many names of skipped files are shown for each reason, and how many reasons."""

_QUOTE = 60
"""The most characters of the text that matched, so that a hit fits a line of a terminal."""


@command()
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
    from mm_agents.search.ranking import hit_json

    if keep is not None and keep.is_dir() and any(keep.iterdir()):
        raise typer.BadParameter(f"{keep} is not empty.", param_hint="--keep")
    output = Output(as_json=as_json, quiet=quiet)
    folder = keep or Path(tempfile.mkdtemp(prefix="mm-agents-demo-"))
    outcome = demonstration.run(folder, progress=output.progress)
    if output.as_json:
        answers = [{"question": q.title, "hits": [hit_json(hit) for hit in hits]} for q, hits in outcome.answers]
        asked = {"answer": outcome.answer.to_json() if outcome.answer else None}
        print_json({"added": outcome.report.added, "answers": answers, "page": str(outcome.page)} | asked)
    elif not output.quiet:
        show_line(f"Added {outcome.report.added} pictures, clips and texts to {folder / 'library'}\n")
        for question, hits in outcome.answers:
            show_line(f"[bold]{question.title}[/bold]")
            for n, hit in enumerate(hits, start=1):
                show_line(f"  [{n}] {plain(hit.name)}  [dim]{hit.score:.3f}  {moment(hit)}[/dim]")
        if outcome.answer:
            show_line(f"[bold]{demonstration.ASKED}[/bold]\n  {plain(outcome.answer.text)}")
        show_line(f"\nLook at it: {outcome.page}\n            {outcome.picture}")
        if outcome.answer:
            show_line(f"            {folder / 'answer.html'} (the last answer with its claims and checks)")
    if open_sheet:
        open_page(outcome.page)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which files of the folders are added."""

    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="PATTERN", help="Only these files: '*.jpg'; may be repeated."),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="Not these files and folders; may be repeated."),
    ] = None


EVERY_FILE = Choice()


@command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, and folders with everything in them.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    embedder: EmbedderOption = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove files that are no longer in these folders.")
    ] = False,
    choice: Choice = EVERY_FILE,
    words: WordsOption = "auto",
    speech: SpeechOption = "auto",
    recognizer: RecognizerOption = None,
    location: Annotated[
        bool, typer.Option("--location/--no-location", help="Keep where pictures were taken, as their EXIF data say.")
    ] = True,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every file again, also those whose size and times are unchanged.")
    ] = False,
    output: Output = SHOWN,
) -> None:
    """Add pictures, videos, sound, texts and PDFs. Adding a file again is a no-op; an interrupted run is resumable."""
    try:
        with mm_agents.Library.open(library, embedder=embedder, create=any(map(os.path.lexists, paths))) as opened:
            say_download(recognizer if speech != "none" else None, output)
            report = opened.add(
                *paths,
                prune=prune,
                include=choice.include or (),
                exclude=choice.exclude or (),
                words=words,
                speech=speech,
                recognizer=recognizer,
                location=location,
                rehash=rehash,
                progress=output.progress,
            )
    except LibraryNotFoundError:
        gone = ", ".join(repr(str(path)) for path in paths)
        raise ConfigError(f"Nothing to add: there is no {gone}. Name files or folders that are there.") from None
    except KeyboardInterrupt:
        say("Interrupted. Complete files are kept; run the same command to resume.")
        raise typer.Exit(130) from None
    _show_added(report, output)
    _show_skipped(report, output)
    if report.read is None and not output.silent:
        say("[yellow]Note:[/yellow] Words in pictures were not read: pip install 'mm-agents\\[documents]'")
    if report.heard is None and not output.silent:
        files = counted(report.unheard, "file")
        say(f"[yellow]Note:[/yellow] {files} with sound not listened to: pip install 'mm-agents\\[speech]'")
    exit_if_failed(report.failed, output)


def _show_added(report: AddReport, output: Output) -> None:
    removed = f", {report.removed} removed" if report.removed else ""
    read = f", words read in {report.read}" if report.read else ""
    read += f", speech recognised in {report.heard}" if report.heard else ""
    skipped = report.skipped()
    passed = f", {sum(map(len, skipped.values()))} skipped" if skipped else ""
    counts = f"{report.added} added, {report.unchanged} unchanged{removed}{read}{passed}, {len(report.failed)} failed"
    output.show(asdict(report), counts)
    if not output.silent and report.files:
        say(f"[dim]{_costs(report)}[/dim]")
    if not (report.files or output.silent):
        say("[yellow]Note:[/yellow] There are no files in what was named.")
    for one in report.incomplete if not output.silent else ():
        say(f"[yellow]In part:[/yellow] {plain(one.path)}: {plain(one.reason)}")


def _costs(report: AddReport) -> str:
    """What each pass took, with its rate where it had something to do."""
    counts = {
        "files": report.added + report.unchanged + len(report.failed),
        "words": report.read,
        "speech": report.heard,
    }
    parts: list[str] = []
    for name, seconds in report.seconds.items():
        rate = f" ({rate_of(counts[name] or 0, seconds)})" if counts[name] else ""
        if rate or seconds >= 0.05:
            parts.append(f"{name} {seconds:.1f} s{rate}")
    return ", ".join(parts)


def _show_skipped(report: AddReport, output: Output) -> None:
    """Say what was passed over and why, each reason with its first names."""
    parts: list[str] = []
    for reason, paths in report.skipped().items():
        names = ", ".join(Path(path).name for path in paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
        parts.append(f"{len(paths)} {reason} ({names})")
    if parts and not output.silent:
        say(f"[dim]Skipped: {plain('; '.join(parts[:_REASONS]))}. --json lists every file.[/dim]")


@command()
def watch(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", help="Folders, with everything in them.", exists=True, file_okay=False),
    ],
    library: LibraryOption = DEFAULT_LIBRARY,
    embedder: EmbedderOption = None,
    words: WordsOption = "auto",
    output: Output = SHOWN,
) -> None:
    """Keep a library in step with folders: what comes, changes, moves or goes there does so in the library."""
    from mm_agents.ingest.catalog import changes

    waiting = changes(folders)
    try:
        with mm_agents.Library.open(library, embedder=embedder) as opened:
            for _ in waiting:
                report = opened.add(*folders, prune=True, words=words, progress=output.progress)
                _show_added(report, output)
                with suppress(typer.Exit):  # the next change may mend what failed
                    exit_if_failed(report.failed, output)
    except KeyboardInterrupt:
        say("Stopped. Run the same command to go on; what changes until then is seen at its start.")


@command()
def search(
    query: Annotated[str | None, typer.Argument(metavar="TEXT", help="Words or a sentence.")] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    image: Annotated[Path | None, typer.Option("--image", metavar="FILE", help="Search by a picture.")] = None,
    video: Annotated[Path | None, typer.Option("--video", metavar="FILE", help="Search by a clip.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Search by a picture or clip from the web.")] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="image|video|audio|text|film", help="Only these.")
    ] = None,
    vector: VectorOption = None,
    where: WhereOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The most hits to show.")] = 10,
    embedder: EmbedderOption = None,
    sheet: SheetOptions = NO_SHEET,
    ids: IdsOption = False,
    least: Annotated[
        str | None, typer.Option("--min", metavar="strong|fair|weak", help="Only hits that are at least so strong.")
    ] = None,
    output: Output = SHOWN,
) -> None:
    """Find media by words, by a picture, by a clip, or by several of them at once."""
    asked = [str(part) for part in (query, image, video, url) if part]
    if not asked:
        raise typer.BadParameter("Nothing to search for. Give TEXT, --image, --video or --url.")
    with mm_agents.Library.open(library, embedder=embedder, create=False) as opened:
        hits = opened.search(
            query,
            image=image,
            video=video,
            url=url,
            kind=kind,
            vector=read_weights(vector),
            where=where,
            limit=limit,
            min_strength=_strength(least),
        )
        sheet.write(" + ".join(asked), hits, opened.path)
        unknown = opened.routes.unknown()
        advice = opened.advice(detected(query or "") or ENGLISH)
    if unknown and not output.silent:
        names = ", ".join(map(repr, unknown))
        say(f"[yellow]Note:[/yellow] Only keywords were searched: nothing says which embedder made {plain(names)}.")
        say("Name it with --embedder.")
    _show_hits(query or asked[0], hits, output, ids=ids)
    if advice and not output.quiet:
        say(plain(f"This library does not understand the language of the query. Run: {advice}"))


@command()
def count(
    library: LibraryOption = DEFAULT_LIBRARY,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Group by a property: media_type.")] = None,
    where: WhereOption = None,
    output: Output = SHOWN,
) -> None:
    """Count the assets of the library."""
    with mm_agents.Library.open(library, create=False) as opened:
        groups = opened.count(group_by=by, where=where) if by else {}
        total = opened.count(where=where)
    largest_first = sorted(groups.items(), key=lambda group: (-group[1], group[0]))
    lines = [f"{number:>8}  {plain(value) or '(none)'}" for value, number in largest_first]
    output.show({"groups": groups, "total": total}, *lines, f"{total:>8}  total")


@command()
def show(
    reference: Annotated[str, typer.Argument(metavar="ID", help="An id, a name or a path.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Show one record: its properties, its parts and its vectors."""
    with mm_agents.Library.open(library, create=False) as opened:
        record = opened.get(reference)
        record = opened.store.get([record.id], with_vectors=True)[record.id]
        parts = opened.parts(record.id, with_vectors=True)
    vectors = sorted({name for part in [record, *parts] for name in part.vectors})
    lines = [f"[bold]{plain(record.name)}[/bold]  [dim]{record.id}[/dim]"]
    lines += [f"  {name:<12} {plain(str(value))}" for name, value in sorted(record.properties.items())]
    lines.append(f"  {'vectors':<12} {', '.join(vectors) or 'none'}")
    fields: list[dict[str, Any]] = []
    for part in parts:
        own = {name: value for name, value in part.properties.items() if record.properties.get(name) != value}
        fields.append({"id": part.id, **own, "text": part.text or None, "vectors": sorted(part.vectors)})
        listed = "  ".join(f"{name} {value}" for name, value in own.items())
        lines.append(f"  [dim]part[/dim]         {listed}  {plain(part.text[:60])}")
    document = {"id": record.id, **record.properties, "text": record.text or None, "vectors": vectors, "parts": fields}
    output.show(document, *lines)


@command()
def remove(
    references: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids, names or paths.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Remove records from the library; the files are kept."""
    with mm_agents.Library.open(library, create=False) as opened:
        ids = [opened.get(reference).id for reference in references]
        removed = opened.remove(*ids)
    output.show({"removed": removed, "ids": ids}, f"{removed} removed")


@command(name="add-movies")
def add_movies(
    films: Annotated[Path, typer.Argument(metavar="FILE.json", help="A list of films with id, title and overview.")],
    posters: Annotated[Path, typer.Argument(metavar="POSTERS/", help="Their posters: ID_poster.jpg.")],
    library: LibraryOption = DEFAULT_LIBRARY,
    embedder: EmbedderOption = None,
    words: WordsOption = "auto",
    output: Output = SHOWN,
) -> None:
    """Add films with a vector of their text and one of their poster. Adding a film again is a no-op."""
    from mm_agents.ingest import movies
    from mm_agents.ingest.ocr_pass import can_read, read_words
    from mm_agents.ingest.presets import movies_spec

    with mm_agents.Library.open(library, embedder=embedder, preset=movies_spec) as opened:
        with bar("Adding", show=output.progress) as report:
            result = movies.add_movies(opened, films, posters, report=report)
        with bar("Reading words", show=output.progress) as report:
            chosen = words if words == "all" or can_read() else "none"
            read_words(opened.store, opened.routes, opened.path, chosen, report=report)
    counts = f"{result.added} added, {result.unchanged} unchanged, {len(result.failed)} failed"
    output.show(asdict(result), counts)
    for title in result.without_poster if not output.as_json else ():
        say(f"[yellow]No poster:[/yellow] {plain(title)} has no poster_vector.")
    exit_if_failed(result.failed, output)


@command()
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
    sheet: SheetOptions = NO_SHEET,
    ids: IdsOption = False,
    output: Output = SHOWN,
) -> None:
    """Recommend films near to those liked and far from those not liked, in one vector or several."""
    title = "Like " + ", ".join(like) + (f", unlike {', '.join(unlike)}" if unlike else "")
    with mm_agents.Library.open(library, create=False) as opened:
        hits = opened.recommend(
            like, unlike or (), vectors=read_weights(vector), where=where, diversity=diversity, limit=limit
        )
        sheet.write(title, hits, opened.path)
    _show_hits(title, hits, output, ids=ids)


def read_weights(vectors: Sequence[str] | None) -> dict[str, float] | None:
    """The weights that ``--vector NAME=WEIGHT`` gives; a name alone weighs 1."""
    weights: dict[str, float] = {}
    for one in vectors or ():
        name, separator, weight = one.partition("=")
        try:
            weights[name] = float(weight) if separator else 1.0
        except ValueError:
            raise typer.BadParameter(f"{weight!r} is not a weight; write {name}=0.6.", param_hint="--vector") from None
    return weights or None


def _strength(name: str | None) -> Strength | None:
    for strength in STRENGTHS:
        if strength == name:
            return strength
    if name is not None:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(STRENGTHS)}.", param_hint="--min")
    return None


def _show_hits(query: str, hits: Sequence[Hit], output: Output, *, ids: bool) -> None:
    """Print hits, one a line: place, score, strength, name, moment, the beginning of the matching text, id if asked.

    Args:
        query: what was asked.
        hits: the best first.
        output: how.
        ids: whether the ids are shown.
    """
    from mm_agents._text import excerpt, moment
    from mm_agents.search.ranking import hit_json

    lines: list[str] = []
    for n, hit in enumerate(hits, start=1):
        quote = f"“{plain(excerpt(hit.text, _QUOTE))}”" if hit.text else ""
        shown = (f"[bold]{plain(hit.name or hit.id)}[/bold]", moment(hit), quote, f"[dim]{hit.id}[/dim]" if ids else "")
        strength = f"{hit.strength:<8}" if hit.strength else ""
        lines.append(f"{n:>3}  [dim]{hit.score:.3f}[/dim]  {strength}" + "  ".join(filter(None, shown)))
    output.show({"query": query, "hits": [hit_json(hit) for hit in hits]}, *(lines or ["Nothing was found."]))
    if not hits:
        raise typer.Exit(NOTHING_FOUND)
