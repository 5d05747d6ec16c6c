"""Commands that read documents: words, invoices, tables, flowcharts, hidden text; or all of a library into a table."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import mm_agents
from mm_agents._cache import write_whole
from mm_agents._optional import require
from mm_agents._progress import bar, rate_of
from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    HELP,
    NOTHING_FOUND,
    PANELS,
    SHOWN,
    LibraryOption,
    Output,
    RecognizerOption,
    WhereOption,
    app,
    command,
    exit_if_failed,
    plain,
    print_json,
    say,
    say_download,
    show_line,
    write_text,
)
from mm_agents.errors import MMAgentsError

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.documents.flowchart.process import Walk
    from mm_agents.documents.invoice import Invoice
    from mm_agents.documents.table import Table
    from mm_agents.documents.text import DocumentText
    from mm_agents.ingest.facts import Cell, FactsReport
    from mm_agents.ingest.pipeline import FailedFile
    from mm_agents.protocols import Reading
    from mm_agents.types import DocumentAnswer, Mark

reading: typer.Typer = typer.Typer(
    name="read",
    no_args_is_help=True,
    help=HELP["read"],
)
app.add_typer(reading, rich_help_panel=PANELS["read"])

Form = Callable[[], str | None]
"""Gives the text to print, or prints by itself and gives None."""

TranscriptForm = Literal["text", "srt", "vtt"]

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A picture or PDF.")]
FilesArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A picture or PDF, or a folder of them.")]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, metavar="N", help="How many processes read the files of a folder.")
]
PageOption = Annotated[int | None, typer.Option("--page", min=1, help="Only this page of a PDF.")]
OverlayOption = Annotated[
    Path | None, typer.Option("--overlay", metavar="OUT.png", help="Write the page with the result drawn on it.")
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="A chat model that also reads: google_genai:gemini-2.5-flash."),
]
QuestionOption = Annotated[
    str | None,
    typer.Option("--question", metavar="TEXT", help="A question about the document; code computes the answer."),
]


@command(reading)
def text(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture, PDF, recording or clip.")],
    page: PageOption = None,
    overlay: OverlayOption = None,
    form: Annotated[
        TranscriptForm | None, typer.Option("--format", help="Of what is said: text, or subtitles.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file; .srt and .vtt are subtitles.")
    ] = None,
    recognizer: RecognizerOption = None,
    output: Output = SHOWN,
) -> None:
    """Read all words of a picture or PDF, or what is said in a recording or clip."""
    from mm_agents import media

    looked_at = media.inspect(file)
    sounds = looked_at.media_type in ("audio", "video") and not looked_at.mime.startswith("image/")
    if not sounds and (form not in (None, "text") or recognizer):
        raise typer.BadParameter(f"{file.name!r} is not a recording or clip.", param_hint="--format and --recognizer")
    if sounds and overlay:
        raise typer.BadParameter(f"{file.name!r} has no page to draw on.", param_hint="--overlay")
    found: Any
    if sounds:
        say_download(recognizer, output)
        found = mm_agents.read_document(f"transcript:{recognizer or ''}", file, page=page)
        words = _transcribed(found, form or _form_of(out))
    else:
        found = _read("text", file, page, overlay, output)
        words = found.text
        _say_notes(found, output)
    if out is not None:
        out.write_text(words.rstrip("\n") + "\n", encoding="utf-8")
    if output.as_json:
        print_json(found.to_json())
    elif out is None and words.strip():
        _write(words)
    _exit_if_nothing(found, "Nobody speaks here." if sounds else "No words were found.", output)


def _form_of(out: Path | None) -> TranscriptForm:
    """The form that a file's name asks for."""
    forms: dict[str, TranscriptForm] = {".srt": "srt", ".vtt": "vtt"}
    return forms.get(out.suffix.lower(), "text") if out is not None else "text"


def _transcribed(found: Any, form: TranscriptForm) -> str:
    return str({"text": lambda: found.text, "srt": found.to_srt, "vtt": found.to_vtt}[form]())


@command(reading)
def hidden(
    file: FileArgument,
    page: PageOption = None,
    model: ModelOption = None,
    overlay: OverlayOption = None,
    enhanced: Annotated[
        Path | None, typer.Option("--enhanced", metavar="OUT.png", help="Write the picture that shows the text.")
    ] = None,
    output: Output = SHOWN,
) -> None:
    """Read text in almost the colour of its background."""
    found = _read("hidden_text", file, page, overlay, output, model)
    if enhanced:
        import PIL.Image

        _save(PIL.Image.fromarray(found.enhanced.pixels), enhanced)
    if output.as_json:
        print_json(found.to_json())
    elif found.lines:
        _write_tables(found) if sys.stdout.isatty() else _write("\n".join(line.text for line in found.lines))
        say(f"[dim]{plain(found.how)}[/dim]")
    how = f"{found.how[:1].upper()}{found.how[1:]}; {found.seen} visible words were left out."
    _exit_if_nothing(found, how, output)


@command(reading)
def invoice(
    file: FilesArgument,
    page: PageOption = None,
    model: ModelOption = None,
    question: QuestionOption = None,
    overlay: OverlayOption = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="The line items as CSV.")] = False,
    jobs: JobsOption = 1,
    output: Output = SHOWN,
) -> None:
    """Read an invoice or receipt: fields, line items, and checks of its sums."""
    _one_form(json=output.as_json, markdown=markdown, csv=csv)
    if file.is_dir():
        _only_for_a_file(page, model, question, overlay)
        _read_folder("invoice", file, jobs, output, "to_csv" if csv else "to_markdown")
        return
    found = _read("invoice", file, page, overlay, output, model)
    answered = found.ask(question, model=_open(model)) if question else None
    unsure = {("items", row, name) for row, item in enumerate(found.items) for name in item.unsure}
    default = _default(found, unsure, _notes(found))
    _print(found, answered, output, {found.to_markdown: markdown, found.to_csv: csv, default: True})
    _exit_if_nothing(found, "Nothing of an invoice was found.", output)


@command(reading)
def table(
    file: FilesArgument,
    page: PageOption = None,
    model: ModelOption = None,
    question: QuestionOption = None,
    overlay: OverlayOption = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown (also the default).")] = False,
    html: Annotated[bool, typer.Option("--html", help="As HTML, with spans.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    every: Annotated[bool, typer.Option("--all", help="All tables of all pages, not only the largest.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it to a .csv or .xlsx file.")
    ] = None,
    jobs: JobsOption = 1,
    output: Output = SHOWN,
) -> None:
    """Read a table: ruled, unruled, cards in a grid, or of a text file: CSV, XLSX, JSON, Markdown, HTML."""
    _one_form(json=output.as_json, markdown=markdown, html=html, csv=csv)
    if file.is_dir():
        _only_for_a_file(page, model, question, overlay, out, every or None)
        _read_folder("table", file, jobs, output, "to_csv" if csv else "to_html" if html else "to_markdown")
        return
    if every and (question or overlay):
        raise typer.BadParameter("--all cannot be combined with --question or --overlay.")
    if out is not None and out.suffix.lower() not in (".csv", ".xlsx"):
        raise typer.BadParameter(f"{out.name!r} is not the name of a .csv or .xlsx file.", param_hint="--out")
    if every:
        from mm_agents.documents.table import TableReader

        tables = TableReader().read_all(file, page=page, model=_open(model))
    else:
        tables = [_read("table", file, page, overlay, output, model)]
    written = _write_files([one for one in tables if one.cells], out) if out is not None else []
    if every and output.as_json:
        print_json({"tables": [one.to_json() for one in tables]})
    for n, found in enumerate(tables if not (every and output.as_json) else ()):
        other: dict[Form, bool] = {_nothing: bool(written) and not question, found.to_csv: csv, found.to_html: html}
        if n and not written:
            _write("")
        answered = found.ask(question, model=_open(model)) if question else None
        _print(found, answered, output, other | {found.to_markdown: markdown, _default(found): True})
        _say_notes(found, output)
    if written and not output.silent:
        say(f"[dim]Written: {plain(', '.join(map(str, written)))}[/dim]")
    _exit_if_nothing(tables[0].tables() if tables else (), "No table was found.", output)


def _say_notes(found: Table | DocumentText, output: Output) -> None:
    for note in found.notes if not (output.silent or output.as_json) else ():
        say(f"[yellow]Note:[/yellow] {plain(note)}")


def _nothing() -> None:
    """Nothing to print: it was written to a file."""


def _write_files(tables: Sequence[Table], out: Path) -> list[Path]:
    """Write tables to one .xlsx file with a sheet for each, or to .csv files, numbered if there are several."""
    from mm_agents._cache import write_whole
    from mm_agents.documents.sheets import xlsx_of

    if out.suffix.lower() == ".xlsx":
        sheets = {f"table {n}": one.values() for n, one in enumerate(tables, start=1)}
        if sheets:
            write_whole(out, xlsx_of(sheets, head=max(one.header_rows for one in tables)))
        return [out] if sheets else []
    written = [out if len(tables) == 1 else out.with_stem(f"{out.stem}-{n}") for n in range(1, len(tables) + 1)]
    for path, one in zip(written, tables, strict=True):
        write_whole(path, one.to_csv().encode("utf-8-sig"))  # with the mark that spreadsheets know UTF-8 by
    return written


@command(reading)
def flowchart(
    file: FilesArgument,
    page: PageOption = None,
    model: ModelOption = None,
    question: QuestionOption = None,
    overlay: OverlayOption = None,
    steps: Annotated[bool, typer.Option("--steps", help="As numbered steps (also the default).")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As Mermaid text.")] = False,
    dot: Annotated[bool, typer.Option("--dot", help="As Graphviz text.")] = False,
    python: Annotated[bool, typer.Option("--python", help="As a Python module; it is never run.")] = False,
    run: Annotated[bool, typer.Option("--run", help="Walk through it and take its decisions.")] = False,
    jobs: JobsOption = 1,
    output: Output = SHOWN,
) -> None:
    """Read a flowchart, also with swimlanes: steps, branches and problems."""
    _one_form(json=output.as_json, steps=steps, mermaid=mermaid, dot=dot, python=python, run=run)
    if file.is_dir():
        _only_for_a_file(page, model, question, overlay, python or None, run or None)
        _read_folder("flowchart", file, jobs, output, "to_mermaid" if mermaid else "to_dot" if dot else "to_steps")
        return
    found = _read("flowchart", file, page, overlay, output, model)
    nothing = " ".join(["No flowchart was found.", *found.notes])
    if not output.as_json:
        _exit_if_nothing(found, nothing, output)
    if run:
        _walk(found.walk())
        return
    answered = found.ask(question, model=_open(model)) if question else None
    other = {found.to_mermaid: mermaid, found.to_dot: dot, found.to_python: python}
    _print(found, answered, output, other | {found.to_steps: not any(other.values())})
    for finding in found.findings if not output.silent and not answered else ():
        say(f"[yellow]{plain(finding.kind.replace('_', ' ').capitalize())}:[/yellow] {plain(finding.message)}")
    _exit_if_nothing(found, nothing, output)


_MOST_STEPS = 200


def _walk(walk: Walk) -> None:
    """Walk through a chart step by step; the user takes the decisions."""
    asked = 0  # steps since the last decision
    while True:
        show_line(f"[bold]{plain(walk.text)}[/bold]")
        ways = walk.choices
        if not ways:
            return
        if len(ways) == 1:
            asked += 1
            if asked > _MOST_STEPS:
                say("[yellow]Note:[/yellow] From here the process is a loop.")
                return
            walk.take()
            continue
        asked = 0
        for n, way in enumerate(ways, start=1):
            show_line(f"  {n}  {plain(way.name)}")
        chosen = typer.prompt("Which way", type=int)
        while not 1 <= chosen <= len(ways):
            chosen = typer.prompt(f"One of 1 to {len(ways)}", type=int)
        walk.take(chosen - 1)


def _read(
    kind: str, file: Path, page: int | None, overlay: Path | None, output: Output, model: str | None = None
) -> Any:
    """Read a document, and draw what was found, if asked."""
    found = mm_agents.read_document(kind, file, page=page, model=_open(model))
    if overlay:
        written = _draw(file, found.marks(), page, overlay)
        if not output.silent:
            say(f"[dim]Drawn: {plain(', '.join(map(str, written)))}[/dim]")
    return found


def _only_for_a_file(*given: object) -> None:
    if any(one is not None for one in given):
        raise typer.BadParameter("A folder is read with --json or a form of text; the other options are for one file.")


def _read_folder(kind: str, folder: Path, jobs: int, output: Output, form: str) -> None:
    """Read the pictures and PDFs of a folder one after the other, and print each below its name."""
    from mm_agents.documents import read_documents
    from mm_agents.media import walk

    failed: list[FailedFile] = []
    paths = list(walk([folder], failed=lambda path, error: failed.append(_failed(path, error))))
    documents: list[dict[str, Any]] = []
    nothing, start = 0, time.monotonic()
    with bar("Reading", show=output.progress) as report:
        report(0, len(paths), "")
        for done, (path, found) in enumerate(read_documents(kind, paths, jobs=jobs), start=1):
            report(done, len(paths), path.name)
            if isinstance(found, MMAgentsError):
                failed.append(_failed(path, found))
                continue
            nothing += not found.tables()
            if output.as_json:
                documents.append({"file": str(path)} | found.to_json())
            else:
                _write(f"# {path.name}\n\n{getattr(found, form)() if found.tables() else f'No {kind} was found.'}\n")
    seconds = time.monotonic() - start
    if output.as_json:
        print_json({"documents": documents, "failed": [asdict(one) for one in failed], "seconds": round(seconds, 2)})
    elif not output.silent:
        say(f"[dim]{len(paths)} files in {seconds:.0f} s, {rate_of(len(paths), seconds)}; {len(failed)} failed[/dim]")
    exit_if_failed(failed, output)
    if nothing == len(paths):
        raise typer.Exit(NOTHING_FOUND)


def _failed(path: Path, error: Exception) -> FailedFile:
    from mm_agents.ingest.pipeline import FailedFile

    return FailedFile(path=str(path), error=type(error).__name__, reason=str(error))


def _open(model: str | None) -> ChatModel | None:
    if model is None or model == "offline":
        return None
    from mm_agents.chat import open_chat

    return open_chat(model)


def _draw(file: Path, marks: Sequence[Mark], page: int | None, target: Path) -> list[Path]:
    """Write one picture for each page with marks, numbered if there are several; the first page if there are none."""
    from mm_agents.documents.overlay import draw
    from mm_agents.documents.pages import open_pages

    numbers = sorted({mark.page for mark in marks}) or [page or 1]
    written: list[Path] = []
    for one in open_pages(file, numbers=numbers):
        place = target if len(numbers) == 1 else target.with_stem(f"{target.stem}-{one.number}")
        _save(draw(one.image, [mark for mark in marks if mark.page == one.number]), place)
        written.append(place)
    return written


def _save(picture: Any, target: Path) -> None:
    try:
        picture.save(target)
    except ValueError:
        raise typer.BadParameter(f"{target.name!r} is not the name of a picture; write OUT.png.") from None


def _one_form(**forms: bool) -> None:
    chosen = [f"--{name}" for name, given in forms.items() if given]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} cannot be combined; choose one.")


def _exit_if_nothing(found: Reading | Sequence[object], why: str, output: Output) -> None:
    """Say that nothing of the kind was found, and exit with the code that says so."""
    if found if isinstance(found, Sequence) else found.tables():
        return
    if not output.silent:
        say(f"[yellow]Note:[/yellow] {plain(why)}")
    raise typer.Exit(NOTHING_FOUND)


def _default(found: Reading, unsure: Container[tuple[str, int, str]] = (), notes: Sequence[str] = ()) -> Form:
    """How a reading is printed where no form is asked for: tables on a terminal, else Markdown."""
    return (lambda: _write_tables(found, unsure, notes)) if sys.stdout.isatty() else found.to_markdown


_MARKS = {"yes": "[green]✓[/green]", "no": "[yellow]?[/yellow]"}
_SIGNS = {"passed": "[green]✓[/green]", "failed": "[red]✗[/red]"}


def _notes(found: Invoice) -> list[str]:
    """The checks of an invoice, where the rules and a model differ, and which writing is not read."""
    checks = [f"{_SIGNS.get(one.status, '–')} {plain(one.name)}: {plain(one.detail)}" for one in found.checks]
    checks += [
        f"{_MARKS['no']} {plain(f'{one.field}: the rules read {one.rules!r}, the model {one.model!r}')}"
        for one in found.disagreements
    ]
    return checks + [plain(note) for note in found.notes]


def _write_tables(found: Reading, unsure: Container[tuple[str, int, str]] = (), notes: Sequence[str] = ()) -> None:
    """Print the rows of a reading, with marks that say which values are confirmed.

    Args:
        found: what was read.
        unsure: the table, row and column of cells that are not confirmed, where no column says so.
        notes: lines with markup, printed below.
    """
    from rich.table import Table

    tables = found.tables()
    for one in tables:
        shown = Table(title=plain(one.name), title_justify="left", show_header=bool(one.header))
        names = one.header or ("",) * max(map(len, one.rows))
        for name in names:
            shown.add_column("" if name == "verified" else plain(name.replace("_", " ")), overflow="fold")
        for n, row in enumerate(one.rows):
            cells = zip(names, row, strict=True)
            shown.add_row(*(_cell(name, cell, (one.name, n, name) in unsure) for name, cell in cells))
        show_line(shown)
    for note in notes:
        show_line(note)
    if any("verified" in one.header for one in tables):
        show_line(f"[dim]{_MARKS['yes']} confirmed, {_MARKS['no']} not confirmed: compare it with the page[/dim]")


def _cell(name: str, cell: str, is_unsure: bool) -> str:
    if name == "verified":
        return _MARKS.get(cell, "")
    return f"{plain(cell)} {_MARKS['no']}" if is_unsure else plain(cell)


def _print(found: Reading, answered: DocumentAnswer | None, output: Output, forms: dict[Form, bool]) -> None:
    """Print the reading in the first form that is wanted, or the answer to a question about it."""
    if output.as_json:
        print_json(found.to_json() | (answered.to_json() if answered else {}))
    elif answered:
        untold = " ".join(filter(None, ("This document does not contain the answer.", answered.reason)))
        show_line(plain(answered.answer or untold))
        if answered.doubt:
            show_line(f"  [yellow]doubtful:[/yellow] {plain(answered.doubt)}")
        for n, evidence in enumerate(answered.evidence, start=1):
            box = evidence.box
            where = f"page {evidence.page}" if evidence.cell is None else evidence.cell
            where += f", box {box.x0},{box.y0}–{box.x1},{box.y1}" if box else ""
            quote = plain(" ".join((evidence.quote or "").split()))
            show_line(f"  \\[{n}] {quote}  [dim]{where}[/dim]")
    else:
        form = next(form for form, wanted in forms.items() if wanted)
        if found.tables() and (text := form()) is not None:
            _write(text)
    if answered and answered.answer is None:
        raise typer.Exit(NOTHING_FOUND)


def _write(what: str) -> None:
    write_text(what if what.endswith("\n") else what + "\n")


# ---------------------------------------------------------------- extract


_FORMS = (".csv", ".json", ".parquet", ".xlsx")

Rows = Sequence[dict[str, "Cell"]]


@command()
def extract(
    kind: Annotated[
        Literal["invoice", "table", "flowchart"], typer.Option("--kind", help="The documents to read.")
    ] = "invoice",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The table to write: .csv, .xlsx, .json or .parquet."),
    ] = None,
    where: WhereOption = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    output: Output = SHOWN,
) -> None:
    """Read all invoices, tables or flowcharts into one table; what was read once is kept, and a run is resumable."""
    if out is None and not output.as_json:
        raise typer.BadParameter("Name the table to write, such as invoices.csv.", param_hint="--out")
    if out is not None and out.suffix.lower() not in _FORMS:
        raise typer.BadParameter(f"{out.name!r} should end in {', '.join(_FORMS)}.", param_hint="--out")
    if out is not None:
        _require(out.suffix.lower())
    try:
        with mm_agents.Library.open(library, create=False) as opened:
            report = opened.facts(kind, where=where, progress=output.progress)
    except KeyboardInterrupt:
        say("Interrupted. What was read is kept; run the same command to resume.")
        raise typer.Exit(130) from None
    written = write_table(report, out) if out is not None and report.documents else []
    items = sum(len(one.items) for one in report)
    counts = f"{len(report)} {kind}s, {items} items; {report.read} files read now, {len(report.failed)} failed"
    lines = [plain(counts), *(f"Written: {plain(str(path))}" for path in written)]
    output.show(report.to_json() | {"out": [str(path) for path in written]}, *lines)
    for path in report.others if not output.silent else ():
        say(f"[yellow]Note:[/yellow] No {kind} was found in {plain(path)}.")
    exit_if_failed(report.failed, output)
    if not report.documents:
        if not output.silent:
            say(f"[yellow]Note:[/yellow] No {kind} was found among the pictures and PDFs; nothing was written.")
        raise typer.Exit(NOTHING_FOUND)


def write_table(report: FactsReport, out: Path) -> list[Path]:
    """Write the facts as a table of documents and one of items, each file whole or not at all.

    Args:
        report: the facts.
        out: its ending says the form. CSV and Parquet have a second file for items, "invoices-items.csv".

    Returns:
        The files that were written.

    Raises:
        MissingExtraError: the extra ``extract`` is not installed, for .xlsx and .parquet.
    """
    from mm_agents.documents.sheets import csv_of, xlsx_of

    form = out.suffix.lower()
    if form == ".json":
        write_whole(out, (json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n").encode())
        return [out]
    if form == ".xlsx":
        write_whole(
            out, xlsx_of({f"{report.kind}s": _lines(report.typed_rows()), "items": _lines(report.typed_item_rows())})
        )
        return [out]
    written: list[Path] = []
    for path, rows, texts in (
        (out, report.typed_rows(), report.rows()),
        (out.with_stem(f"{out.stem}-items"), report.typed_item_rows(), report.item_rows()),
    ):
        if rows:
            write_whole(path, csv_of(_lines(texts)) if form == ".csv" else _parquet(rows))
            written.append(path)
    return written


def _require(form: str) -> None:
    """Load what writes a form before anything is read."""
    package = {".xlsx": "openpyxl", ".parquet": "pyarrow"}.get(form)
    if package:
        require(package, extra="extract", feature=f"Writing {form}")


def _lines(rows: Rows) -> list[list[Cell]]:
    """The names of the columns, and the rows below them."""
    return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []


def _parquet(rows: Rows) -> bytes:
    pyarrow: Any = require("pyarrow", extra="extract", feature="Writing .parquet")
    parquet: Any = require("pyarrow.parquet", extra="extract", feature="Writing .parquet")
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()
