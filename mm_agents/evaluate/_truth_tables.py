"""The forms in which the truth of a table is written: cells, rows of texts, or HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mm_agents._optional import require
from mm_agents.evaluate import _compare
from mm_agents.evaluate._boxes import rectangle
from mm_agents.evaluate._truth import Card, Cell, TableTruth
from mm_agents.evaluate._truth_invoices import lines

MOST_CELLS = 20_000


def parse(found: Any) -> TableTruth | None:
    """The truth in a JSON document; None where it is no table's."""
    if not isinstance(found, Mapping):
        return None
    record = cast("Mapping[str, Any]", found)
    if isinstance(record.get("cards"), list):
        return TableTruth(cards=tuple(_card(card) for card in record["cards"]))
    if isinstance(record.get("cells"), list):
        cells = [_cell(cell) for cell in record["cells"]]
    elif isinstance(record.get("rows"), list):
        cells = from_rows(record["rows"])
    elif isinstance(record.get("html"), str):
        cells = from_html(record["html"])
    else:
        return None
    if len(cells) > MOST_CELLS:
        raise ValueError(f"{len(cells)} cells are more than {MOST_CELLS}")
    return TableTruth(cells=tuple(cells), lines=lines(record))


def _card(card: Mapping[str, Any]) -> Card:
    return Card(title=str(card["title"]), metrics=tuple((str(value), str(name)) for value, name in card["metrics"]))


def _cell(cell: Any) -> Cell:
    """A cell as an object, or as ICDAR-2013 counts: first row, last row, first column, last column, text."""
    if isinstance(cell, Mapping):
        known = cast("Mapping[str, Any]", cell)
        return Cell(
            row=int(known["row"]),
            column=int(known["column"]),
            row_span=int(known.get("row_span", 1)),
            column_span=int(known.get("column_span", 1)),
            text=str(known["text"]),
            box=rectangle(known.get("box")),
        )
    top, bottom, left, right, text = cell
    return Cell(row=top, column=left, row_span=bottom - top + 1, column_span=right - left + 1, text=text)


def from_rows(rows: Sequence[Sequence[Any]]) -> list[Cell]:
    """The cells of rows of texts; an empty text is a cell without text."""
    return [Cell(row=r, column=c, text=str(text)) for r, row in enumerate(rows) for c, text in enumerate(row)]


def from_html(html: str) -> list[Cell]:
    """The cells of an HTML table, each where its row's free columns begin."""
    document = require("lxml.html", extra=_compare.EXTRA, feature="Reading HTML tables").fromstring(html)
    taken: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    for r, row in enumerate(document.iter("tr")):
        c = 0
        for element in row.iterchildren("td", "th"):
            while (r, c) in taken:
                c += 1
            height, width = _span(element, "rowspan"), _span(element, "colspan")
            taken |= {(r + down, c + across) for down in range(height) for across in range(width)}
            text = " ".join(element.text_content().split())
            cells.append(Cell(row=r, column=c, row_span=height, column_span=width, text=text))
            c += width
    return cells


def _span(element: Any, name: str) -> int:
    value = element.get(name) or "1"
    return min(max(int(value), 1), 1000) if value.isdigit() else 1
