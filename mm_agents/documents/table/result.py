"""The reading of a table: answers questions, and writes HTML, CSV and data frames."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mm_agents._optional import require
from mm_agents._text import parts_of
from mm_agents.documents.answers import doubting, in_parts
from mm_agents.documents.table import questions
from mm_agents.documents.table.data import TableData, quantity_of
from mm_agents.documents.text import guarded
from mm_agents.types import DocumentAnswer, Mark, ReadingTable, place_json

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


def html(table: TableData) -> str:
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


def csv_text(table: TableData, *, guard: bool) -> str:
    """Comma-separated values, lines ending in CR LF."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in table.rows:
        writer.writerow([guarded(text, quantity_of) if guard else text for text in row])
    return out.getvalue()


def dataframe(table: TableData, *, typed: bool) -> Any:
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


@dataclass(frozen=True, kw_only=True)
class Table(TableData):
    """A table; one without cells where none was found, and ``notes`` says so.

    Attributes:
        layout: whether ruling lines, blanks or cards make it.
        cells: from the top, then from the left; a place of the grid that none fills is empty.
        header_rows: how many of the rows, from the top, are the head.
        header_columns: how many of the columns, from the left, name the rows: 1, or 0 where none does.
        title: what stands above it as its title.
        title_verified: whether its place read the same when looked at again alone.
        notes: what else there is to say: text beside the table, disagreements, doubts.
        page: from 1.
    """

    def to_json(self) -> dict[str, Any]:
        """What ``read table --json`` prints."""
        return {
            "layout": self.layout,
            "header_rows": self.header_rows,
            "header_columns": self.header_columns,
            "title": {"verified": self.title_verified} | place_json(self.title) if self.title else None,
            "rows": self.rows,
            "cells": [cell.to_json(self.printed(cell)) for cell in self.cells],
            "notes": list(self.notes),
            "page": self.page,
        }

    def tables(self) -> list[ReadingTable]:
        """The table itself, its header rows as one; none where no table was found."""
        height, width = self.shape
        if not height:
            return []
        header = tuple(_unique([self.header(column) for column in range(width)])) if self.header_rows else ()
        rows = tuple(tuple(row) for row in self.rows[self.header_rows :])
        return [ReadingTable(name=(self.title and self.title.quote) or "table", header=header, rows=rows)]

    def to_html(self) -> str:
        """A ``table`` element with its spans; texts are escaped."""
        return html(self)

    def to_csv(self, *, guard: bool = True) -> str:
        """Comma-separated values as RFC 4180 has them.

        Args:
            guard: whether a text that a spreadsheet would take for a formula gets an apostrophe before it.
        """
        return csv_text(self, guard=guard)

    def to_dataframe(self, *, typed: bool = False) -> Any:
        """A pandas DataFrame; the head's rows become the names of the columns.

        Args:
            typed: whether columns that hold but numbers of one unit become numbers.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return dataframe(self, typed=typed)

    def marks(self) -> list[Mark]:
        """A box for every cell, labelled with its row and column."""
        return [
            Mark(
                box=cell.box,
                label=f"{cell.row},{cell.column}",
                status="note" if cell.row < self.header_rows else "verified" if cell.doubt is None else "unverified",
                page=self.page,
            )
            for cell in self.cells
            if cell.box is not None
        ]

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by computing over the cells: extremes, means, sums, counts, orders, values, differences.

        Args:
            question: in English.
            model: what turns the question into an operation; rules do without one. Code computes either way.
        """
        verified = [one for cell in self.cells if cell.verified for one in cell.evidence]

        def one(part: str) -> DocumentAnswer:
            return doubting(questions.answer(self, part, model=model), verified)

        return in_parts(question, parts_of(question), one)
