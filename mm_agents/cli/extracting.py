"""The command that turns the documents of a library into a table."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import mm_agents
from mm_agents._cache import write_whole
from mm_agents._optional import require
from mm_agents.cli.app import (
    DEFAULT_LIBRARY,
    NOTHING_FOUND,
    SHOWN,
    LibraryOption,
    Output,
    WhereOption,
    command,
    exit_if_failed,
    plain,
    say,
)

if TYPE_CHECKING:
    from mm_agents.ingest.facts import Cell, FactsReport

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
