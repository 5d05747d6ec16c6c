"""The reading of a table: answers questions, and writes HTML, CSV and data frames."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from mm_agents._optional import require
from mm_agents._text import content_words, parts_of
from mm_agents.documents.answers import doubting, in_its_language, in_parts
from mm_agents.documents.summary import ShownReading
from mm_agents.documents.table import check_questions, questions, row_questions, word_questions
from mm_agents.documents.table.cell_questions import with_names
from mm_agents.documents.table.check_questions import asks_again, for_shares, with_totals
from mm_agents.documents.table.data import TableData, quantity_of
from mm_agents.documents.table.strange_words import doubt_of
from mm_agents.documents.text import guarded
from mm_agents.types import DocumentAnswer, Mark, ReadingTable, place_json

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


@dataclass(frozen=True, kw_only=True, repr=False)
class Table(ShownReading, TableData):
    """A table with the fields of `TableData`; one without cells where none was found, and ``notes`` says so.

    Attributes:
        others: the other tables of a text file, which are asked too.
    """

    others: tuple[Table, ...] = field(default=(), repr=False)

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
        if not self.cells:
            return []
        header = tuple(self._columns()) if self.header_rows else ()
        rows = tuple(tuple(row) for row in self.rows[self.header_rows :])
        return [ReadingTable(name=(self.title and self.title.quote) or "table", header=header, rows=rows)]

    def to_html(self) -> str:
        """A ``table`` element with its spans; texts are escaped."""
        lines = ["<table>"]
        for row in range(self.shape[0]):
            tag = "th" if row < self.header_rows else "td"
            line: list[str] = []
            for column in range(self.shape[1]):
                cell = self.at(row, column)
                if cell is None:
                    line.append(f"<{tag}></{tag}>")
                elif (cell.row, cell.column) == (row, column):
                    spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
                    spans += f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
                    line.append(f"<{tag}{spans}>{escape(self.printed(cell))}</{tag}>")
            lines.append("<tr>" + "".join(line) + "</tr>")
        return "\n".join([*lines, "</table>"]) + "\n"

    def to_csv(self, *, guard: bool = True) -> str:
        """Comma-separated values as RFC 4180 has them.

        Args:
            guard: whether a text that a spreadsheet would take for a formula gets an apostrophe before it.
        """
        out = io.StringIO()
        rows = ([guarded(text, quantity_of) for text in row] if guard else row for row in self.rows)
        csv.writer(out).writerows(rows)
        return out.getvalue()

    def values(self) -> list[list[str | Decimal]]:
        """The texts in the grid as ``rows`` has them, numbers without a unit as numbers."""
        found: list[list[str | Decimal]] = [list(row) for row in self.rows]
        for cell in self.cells:
            if cell.row >= self.header_rows and cell.metric is None and cell.quantity and cell.quantity.unit is None:
                found[cell.row][cell.column] = cell.quantity.value
        return found

    def to_dataframe(self, *, typed: bool = False) -> Any:
        """A pandas DataFrame; the head's rows become the names of the columns.

        Args:
            typed: whether columns that hold only numbers of one unit become numbers.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = require("pandas", extra="tables", feature="A DataFrame")
        frame = pandas.DataFrame(
            self.rows[self.header_rows :], columns=self._columns() if self.header_rows else None, dtype=object
        )
        for column in range(self.shape[1]) if typed else ():
            cells = [self.at(row, column) for row in range(self.header_rows, self.shape[0])]
            units = {cell.quantity.unit if cell.quantity else "text" for cell in cells if cell}
            if len(units) == 1 and "text" not in units:
                numbers = [float(cell.quantity.value) if cell and cell.quantity else float("nan") for cell in cells]
                frame.isetitem(column, numbers)
        return frame

    def _columns(self) -> list[str]:
        """The names of the columns, the second of the same name as "name (2)"."""
        names = [self.header(column) for column in range(self.shape[1])]
        counts = [names[: n + 1].count(name) for n, name in enumerate(names)]
        return [name if count == 1 else f"{name} ({count})" for name, count in zip(names, counts, strict=True)]

    def marks(self) -> list[Mark]:
        """A box for every cell, labelled with its row and column."""
        return [
            Mark(
                box=cell.box,
                label=f"{cell.row},{cell.column}",
                status="note" if cell.row < self.header_rows else "verified" if cell.doubt is None else "unverified",
                page=cell.evidence[0].page or self.page,
            )
            for cell in self.cells
            if cell.box is not None
        ]

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question by computing over the cells: extremes, means, sums, counts, orders, values, differences.

        Of a file of several tables that one answers whose cells have the most words of the question.

        Args:
            question: in English, or in a form of another language that has an English one.
            model: what turns the question into an operation; rules do without one. Code computes either way.
        """
        return self._asked(question, model)[1]

    def about(self, question: str) -> Table:
        """Itself, or the one of its others that answers a question."""
        if not self.others:
            return self
        table, _ = self._asked(question, None)
        return replace(table, others=tuple(one for one in (self, *self.others) if one is not table))

    def _asked(self, question: str, model: ChatModel | None) -> tuple[Table, DocumentAnswer]:
        """The table that answers a question, and its answer; the likeliest one and its reason where none does."""
        words = content_words(question)
        tables = sorted((self, *self.others), key=lambda table: -len(words & table.words))
        answers = (
            (table, in_its_language(question, lambda text, table=table: table._answer(text, model))) for table in tables
        )
        told: list[tuple[Table, DocumentAnswer]] = []
        for one in answers:
            if one[1].answer is not None and not one[1].doubt:
                return one
            told.append(one)
        return next((one for one in told if one[1].answer is not None), told[0])

    def _answer(self, question: str, model: ChatModel | None) -> DocumentAnswer:
        """What this table alone answers to a question in English."""
        verified = [one for cell in self.cells if cell.verified for one in cell.evidence]

        def one(part: str) -> DocumentAnswer:
            if model is not None:
                return doubting(with_names(self, questions.answer(self, part, model=model)), verified)
            of_words = word_questions.answer(self, part)
            if of_words is not None:
                return doubting(with_names(self, of_words), verified)
            asked = row_questions.reworded(self, part)
            table = with_totals(for_shares(self, asked))
            checked = check_questions.answer(table, asked)
            of_rows = checked or row_questions.answer(table, asked)
            found = of_rows or questions.answer(table, asked)
            for column in self.other_names() if of_rows is None and found.answer is None else ():
                other = questions.answer(replace(table, named_by=column), asked)
                found = found if other.answer is None else other
            is_doubted = self.layout != "text" or checked is not None  # other questions of texts refuse strange words
            doubt = found.doubt or (doubt_of(self, part, found) if is_doubted else None)
            return doubting(with_names(self, replace(found, question=part, doubt=doubt)), verified)

        told: list[DocumentAnswer] = []

        def next_one(part: str) -> DocumentAnswer:
            """A part's answer; "and how much is it?" after another part asks for the number that its answer says."""
            found = one(part) if not (told and asks_again(part, told[-1])) else replace(told[-1], question=part)
            told.append(found)
            return found

        return in_parts(question, parts_of(question), next_one)
