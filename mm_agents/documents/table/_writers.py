"""A table as Markdown, HTML, CSV and DataFrame."""

from __future__ import annotations

import csv
import io
from html import escape
from typing import TYPE_CHECKING, Any

from mm_agents._optional import require
from mm_agents.documents._writing import guarded, markdown_table
from mm_agents.documents.table._values import quantity_of

if TYPE_CHECKING:
    from mm_agents.documents.table._table import Table


def markdown(table: Table) -> str:
    """A GitHub table, "" for a table without cells."""
    height, width = table.shape
    if not height:
        return ""
    head = [table.header(column) for column in range(width)]
    return markdown_table(head, table.rows[table.header_rows :])


def html(table: Table) -> str:
    """A ``table`` element; empty places are empty cells."""
    height, width = table.shape
    lines = ["<table>"]
    for row in range(height):
        tag = "th" if row < table.header_rows else "td"
        line: list[str] = []
        for column in range(width):
            cell = table.at(row, column)
            if cell is None:
                line.append(f"<{tag}></{tag}>")
            elif (cell.row, cell.column) == (row, column):
                spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
                spans += f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
                line.append(f"<{tag}{spans}>{escape(table.printed(cell))}</{tag}>")
        lines.append("<tr>" + "".join(line) + "</tr>")
    return "\n".join([*lines, "</table>"]) + "\n"


def csv_text(table: Table, *, guard: bool) -> str:
    """Comma-separated values, lines ending in CR LF."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in table.rows:
        writer.writerow([guarded(text, quantity_of) if guard else text for text in row])
    return out.getvalue()


def dataframe(table: Table, *, typed: bool) -> Any:
    """A pandas DataFrame of the rows below the head."""
    pandas = require("pandas", extra="tables", feature="A DataFrame")
    width = table.shape[1]
    frame = pandas.DataFrame(
        table.rows[table.header_rows :],
        columns=_unique([table.header(column) for column in range(width)]) if table.header_rows else None,
        dtype=object,
    )
    if typed:
        for number in range(width):
            cells = [table.at(row, number) for row in range(table.header_rows, table.shape[0])]
            filled = [cell for cell in cells if cell is not None]
            units = {cell.quantity.unit if cell.quantity else "text" for cell in filled}
            if filled and len(units) == 1 and "text" not in units:
                frame.isetitem(
                    number, [float(cell.quantity.value) if cell and cell.quantity else float("nan") for cell in cells]
                )
    return frame


def _unique(names: list[str]) -> list[str]:
    """Names of columns, told apart by a number where they are the same."""
    counts: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return found
