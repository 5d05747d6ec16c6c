"""An invoice as Markdown for people, and its items as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

from mm_agents.documents._numbers import plain_quantity
from mm_agents.documents._writing import guarded, in_markdown, markdown_table
from mm_agents.documents.invoice._model import NAMES, InvoiceData, LineItem, value_json

_COLUMNS = ("quantity", "unit", "description", "unit_price", "amount")
_SIGNS = {"passed": "✓", "failed": "✗", "not applicable": "–"}


def markdown(invoice: InvoiceData) -> str:
    """Fields (a question mark behind those that are not verified), items and checks."""
    fields = [
        (name.replace("_", " "), _text(invoice.field(name).value) + ("" if invoice.field(name).verified else " ?"))
        for name in NAMES
        if invoice.field(name).value is not None
    ]
    if not fields and not invoice.items:
        return "Nothing of an invoice was found.\n"
    parts = [markdown_table(("field", "value"), fields)] if fields else []
    if invoice.items:
        head = [name.replace("_", " ") for name in _COLUMNS]
        parts.append(markdown_table(head, [_cells(item) for item in invoice.items]))
    parts.append(
        "".join(f"- {_SIGNS[one.status]} {in_markdown(f'{one.name}: {one.detail}')}\n" for one in invoice.checks)
    )
    parts += [
        f"- {in_markdown(f'{one.field}: the rules read {one.rules!r}, the model {one.model!r}')}\n"
        for one in invoice.disagreements
    ]
    return "\n".join(filter(None, parts))


def csv_text(invoice: InvoiceData) -> str:
    """The items, lines ending in CR LF; a text that a spreadsheet would run gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for item in invoice.items:
        writer.writerow([guarded(cell) for cell in _cells(item)])
    return out.getvalue()


def _cells(item: LineItem) -> list[str]:
    quantity = "" if item.quantity is None else plain_quantity(item.quantity)
    return [quantity, *(_text(getattr(item, name)) for name in _COLUMNS[1:])]


def _text(value: Any) -> str:
    shown = value_json(value)
    return "" if shown is None else str(shown)
