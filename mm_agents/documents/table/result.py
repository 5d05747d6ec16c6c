"""The reading of a table: its cells, its questions, and how it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from mm_agents._optional import require
from mm_agents._question_parts import parts_of
from mm_agents.documents.answers import DocumentAnswer, doubting, evidence_json, in_parts
from mm_agents.documents.locate import normalised
from mm_agents.documents.overlay import Mark
from mm_agents.documents.table.data import Quantity, quantity_of
from mm_agents.documents.text import guarded, markdown_table
from mm_agents.types import Box, Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


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


Layout = Literal["ruled", "unruled", "cards"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that has something printed in it.

    Attributes:
        row: from 0, the rows of the head included.
        column: from 0.
        row_span: how many rows it fills.
        column_span: how many columns it fills.
        text: as printed, its lines joined by spaces; of a card, its value.
        metric: of a card: the name of what its value measures, as printed on it.
        name_first: whether the metric's name stands before the value.
        footnotes: the footnote marks that stand beside the text.
        quantity: the text as a number, where it is one.
        evidence: where it stands; none where a model read it and code did not find it.
        verified: whether its text was found on the page, and each of its places read the same when looked at again
            alone.
        doubt: why a reader should look again, if there is a reason.
    """

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    metric: str | None = None
    name_first: bool = False
    footnotes: tuple[str, ...] = ()
    quantity: Quantity | None = None
    evidence: tuple[Evidence, ...] = ()
    verified: bool = False
    doubt: str | None = None

    @property
    def box(self) -> Box | None:
        """In pixels of the page as stored."""
        return self.evidence[0].box if self.evidence else None

    def to_json(self, text: str | None = None) -> dict[str, Any]:
        """The cell's keys as ``read table --json`` prints them; ``text`` in place of its own where it is given."""
        box = self.box
        return {
            "row": self.row,
            "column": self.column,
            "row_span": self.row_span,
            "column_span": self.column_span,
            "text": self.text if text is None else text,
            "metric": self.metric,
            "footnotes": list(self.footnotes),
            "value": str(self.quantity.value) if self.quantity else None,
            "unit": self.quantity.unit if self.quantity else None,
            "box": [box.x0, box.y0, box.x1, box.y1] if box else None,
            "verified": self.verified,
            "doubt": self.doubt,
            "evidence": [evidence_json(evidence) for evidence in self.evidence],
        }


@dataclass(frozen=True, kw_only=True)
class Table:
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

    layout: Layout = "unruled"
    cells: tuple[Cell, ...] = ()
    header_rows: int = 0
    header_columns: int = 1
    title: Evidence | None = None
    title_verified: bool = False
    notes: tuple[str, ...] = ()
    page: int = 1
    _at: dict[tuple[int, int], Cell] = field(default_factory=dict[tuple[int, int], Cell], init=False, repr=False)

    def __post_init__(self) -> None:
        for cell in self.cells:
            for row in range(cell.row, cell.row + cell.row_span):
                for column in range(cell.column, cell.column + cell.column_span):
                    self._at.setdefault((row, column), cell)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are, the head included."""
        rows = max((cell.row + cell.row_span for cell in self.cells), default=0)
        return rows, max((cell.column + cell.column_span for cell in self.cells), default=0)

    def at(self, row: int, column: int) -> Cell | None:
        """The cell that fills a place of the grid; None where it is empty."""
        return self._at.get((row, column))

    @property
    def rows(self) -> list[list[str]]:
        """The texts in the grid, the head's rows first; a text that spans several places stands in the first."""
        height, width = self.shape
        found = [[""] * width for _ in range(height)]
        for cell in self.cells:
            found[cell.row][cell.column] = self.printed(cell)
        return found

    def printed(self, cell: Cell) -> str:
        """A cell's text; of a card its value, and beside it what it measures unless its row says that."""
        if cell.metric is None or normalised(cell.metric) == normalised(self.label(cell.row)):
            return cell.text
        return f"{cell.metric} {cell.text}" if cell.name_first else f"{cell.text} {cell.metric}"

    def header(self, column: int) -> str:
        """What the head says over a column: from the top, joined by " / "."""
        return " / ".join(_distinct(self.at(row, column) for row in range(self.header_rows)))

    @cached_property
    def label_column(self) -> int | None:
        """The column that names the rows: the first, or the first of texts where the first but counts."""
        height, width = self.shape
        if not self.header_columns or not width:
            return None
        body = range(self.header_rows, height)
        columns = [[cell for row in body if (cell := self.at(row, column))] for column in range(width)]
        if all(cell.quantity and len(cell.text) < 4 for cell in columns[0]):
            for column, cells in enumerate(columns):
                texts = {cell.text for cell in cells if cell.quantity is None}
                if len(texts) > 1 and len(texts) >= 0.8 * len(columns[0]) and len(texts) == len(cells):
                    return column
        return 0

    def label(self, row: int) -> str:
        """What a row is called."""
        cell = self.at(row, self.label_column) if self.label_column is not None else None
        return cell.text if cell else ""

    def to_json(self) -> dict[str, Any]:
        """What ``read table --json`` prints."""
        return {
            "layout": self.layout,
            "header_rows": self.header_rows,
            "header_columns": self.header_columns,
            "title": {"verified": self.title_verified} | evidence_json(self.title) if self.title else None,
            "rows": self.rows,
            "cells": [cell.to_json(self.printed(cell)) for cell in self.cells],
            "notes": list(self.notes),
            "page": self.page,
        }

    def to_markdown(self) -> str:
        """A GitHub table; the head's rows become one."""
        return markdown(self)

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

    def answer(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by computing over the cells: extremes, means, sums, counts, orders, values, differences.

        Args:
            question: in English.
            model: what turns the question into an operation; rules do without one. Code computes either way.
        """
        from mm_agents.documents.table.questions import answer  # the two know each other

        verified = [one for cell in self.cells if cell.verified for one in cell.evidence]

        def one(part: str) -> DocumentAnswer:
            return doubting(answer(self, part, model=model), verified)

        parts = parts_of(question)
        return in_parts(question, parts, one) if len(parts) > 1 else one(question)


def _distinct(cells: Sequence[Cell | None] | Any) -> list[str]:
    found: list[Cell] = []
    for cell in cells:
        if cell is not None and cell not in found:
            found.append(cell)
    return [cell.text for cell in found if cell.text]
