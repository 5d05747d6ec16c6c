"""The numbers of a table in series: a column down its rows, a row across its columns, or one metric across cards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mm_agents.documents.locate import normalised

if TYPE_CHECKING:
    from mm_agents.documents.table._table import Cell, Table

_TOTAL = re.compile(r"\b(?:sub-?total|grand total|total|totals|all|overall|sum|average|mean|median)\b", re.IGNORECASE)

Axis = Literal["column", "row", "metric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One number of a series, what it belongs to, and whether it sums up others, going by its label."""

    label: str
    cell: Cell
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Cells that say the same kind of number for different things.

    Attributes:
        name: of the column, the row or the metric.
        axis: which of them it is.
        items: from the top or from the left; those without a number are left out.
        kind: what the things are called, such as "Country"; "" where the table does not say.
    """

    name: str
    axis: Axis
    items: tuple[Item, ...]
    kind: str = ""


def all_series(table: Table) -> list[Series]:
    """Every series of a table that has a number in it."""
    names = paths(table)
    found = [*_columns(table, names), *_rows(table, names)]
    if any(cell.metric for cell in table.cells):
        found = [*_metrics(table, names), *(series for series in found if series.axis == "column")]
    return [series for series in found if series.items]


def paths(table: Table) -> list[str]:
    """What each row is called, the section that it stands in before it: "Unemployment rate (men) / Ages 18 and 19"."""
    rows: dict[int, list[Cell]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, []).append(cell)
    found: list[str] = []
    section: Cell | None = None
    for row in range(table.shape[0]):
        own = table.label(row)
        if section is not None and section.text != own:
            found.append(f"{section.text} / {own}" if own else section.text)
        else:
            found.append(own)
        cells = rows.get(row, [])
        if row >= table.header_rows and len(cells) == 1 and cells[0].quantity is None:
            section = cells[0]
    return found


def _named_beside(table: Table, cell: Cell) -> str:
    """The nearest text to the left of a number whose row has no label: "Subtotal" under a list of items."""
    for column in range(cell.column - 1, -1, -1):
        other = table.at(cell.row, column)
        if other and other.quantity is None:
            return other.text
    return ""


def _columns(table: Table, names: Sequence[str]) -> Iterator[Series]:
    height, width = table.shape
    labels = table.label_column
    kind = table.header(labels) if labels is not None and table.header_rows else ""
    for column in range(width):
        items: list[Item] = []
        totals = False  # below the first total without a label of its own, all is summing up
        for row in range(table.header_rows, height):
            cell = table.at(row, column)
            if column == labels or not cell or not cell.quantity or (cell.row, cell.column) != (row, column):
                continue
            label = names[row] if table.label(row) else ""
            beside = "" if label else _named_beside(table, cell)
            totals = totals or (bool(beside) and _TOTAL.search(beside) is not None)
            total = _TOTAL.search(label) is not None or (totals and not label)
            items.append(Item(label=label or beside, cell=cell, is_total=total))
        yield Series(name=table.header(column), axis="column", items=tuple(items), kind=kind)


def _rows(table: Table, names: Sequence[str]) -> Iterator[Series]:
    height, width = table.shape
    for row in range(table.header_rows, height):
        items: list[Item] = []
        for column in range(width):
            cell = table.at(row, column)
            if column != table.label_column and cell and cell.quantity and (cell.row, cell.column) == (row, column):
                label = table.header(column)
                items.append(Item(label=label, cell=cell, is_total=_TOTAL.search(label) is not None))
        yield Series(name=names[row], axis="row", items=tuple(items))


def _metrics(table: Table, names: Sequence[str]) -> Iterator[Series]:
    named: dict[str, list[Cell]] = {}
    for cell in table.cells:
        if cell.metric and cell.quantity:
            named.setdefault(normalised(cell.metric), []).append(cell)
    for cells in named.values():
        items = tuple(Item(label=table.header(cell.column) or names[cell.row], cell=cell) for cell in cells)
        yield Series(name=cells[0].metric or "", axis="metric", items=items)
