"""Tables as files: CSV and spreadsheets (XLSX), in which words of a document are never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from mm_agents._optional import require
from mm_agents.documents.text import guarded

Cell = str | bool | int | float | Decimal | date | None
"""What a cell may hold."""


def csv_of(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Rows as CSV in UTF-8, with the mark that spreadsheets know it by."""
    out = io.StringIO()
    csv.writer(out).writerows([_text(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_of(sheets: Mapping[str, Sequence[Sequence[Cell]]], *, head: int = 1, extra: str = "extract") -> bytes:
    """Sheets by their titles; one without rows is left out.

    Args:
        sheets: their rows, at least one.
        head: how many rows are the heading, which stays in sight.
        extra: which extra to install where openpyxl is missing.

    Raises:
        MissingExtraError: openpyxl is not installed.
    """
    openpyxl: Any = require("openpyxl", extra=extra, feature="Writing .xlsx")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        if not rows:
            continue
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_cleaned(openpyxl, value) for value in row])
        for cells in sheet.iter_rows():
            for cell in cells:
                if cell.data_type == "f":
                    cell.data_type = "s"
        sheet.freeze_panes = f"A{head + 1}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text(value: Cell) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else guarded(str(value))


def _cleaned(openpyxl: Any, value: Cell) -> Cell:
    """A value without the control characters that a spreadsheet cannot hold."""
    return openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
