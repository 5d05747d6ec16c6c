"""The reading of an invoice: its data, its questions, and how it is written."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from mm_agents.documents.answers import doubting, in_parts
from mm_agents.documents.invoice import questions
from mm_agents.documents.invoice.data import NAMES, InvoiceData, LineItem, value_json
from mm_agents.documents.numbers import plain_quantity
from mm_agents.documents.text import guarded, in_markdown, markdown_table
from mm_agents.types import DocumentAnswer, ReadingTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from mm_agents.chat import ChatModel

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


class Invoice(InvoiceData):
    """An invoice as it was read, and what it answers."""

    def to_markdown(self) -> str:
        """For people: fields (with a question mark where not verified), items, checks."""
        return markdown(self)

    def tables(self) -> list[ReadingTable]:
        """The fields that were found, the line items and the taxes; those that have rows."""
        fields = tuple(
            (name, _text(self.field(name).value), "yes" if self.field(name).verified else "no")
            for name in NAMES
            if self.field(name).value is not None
        )
        taxes = tuple(tuple(_text(value) for value in (tax.rate, tax.base, tax.amount)) for tax in self.taxes)
        found = (
            ReadingTable(name="fields", header=("field", "value", "verified"), rows=fields),
            ReadingTable(name="items", header=_COLUMNS, rows=tuple(tuple(_cells(item)) for item in self.items)),
            ReadingTable(name="taxes", header=("rate", "base", "amount"), rows=taxes),
        )
        return [table for table in found if table.rows]

    def to_csv(self) -> str:
        """The line items as comma-separated values."""
        return csv_text(self)

    def quote(self, items: Sequence[tuple[Decimal | int, str]], /) -> DocumentAnswer:
        """What quantities of items cost at this invoice's unit prices.

        Args:
            items: quantities and names of items, such as ``[(4, "pedal arms")]``; a name need not be exact.
        """
        return doubting(questions.quoted(self, items), self.verified_places())

    def ask(self, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
        """Answer a question about the invoice by code: prices of quantities, fields, counts and sums of items.

        Args:
            question: in English, or with the item's own words.
            model: not needed; it may say which quantities of which items a question is about, never a number's sum.
        """
        places = tuple(self.verified_places())

        def one(part: str) -> DocumentAnswer:
            return doubting(questions.answered(self, part, model), places)

        return in_parts(question, questions.parts(self, question), one)
