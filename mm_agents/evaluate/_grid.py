"""Tables as grids: without their empty rows and columns, with a cell in every place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mm_agents.evaluate._boxes import places, rectangle, union
from mm_agents.evaluate._truth import Cell
from mm_agents.evaluate._truth_tables import MOST_CELLS, from_rows


def cells_of(reading: Mapping[str, Any]) -> list[Cell]:
    """The cells of a table's reading; of its rows where it lists no cells."""
    listed = reading.get("cells")
    if not isinstance(listed, list) or not listed:
        rows = reading.get("rows")
        return from_rows(cast("Sequence[Sequence[Any]]", rows) if isinstance(rows, list) else [])[:MOST_CELLS]
    return [_cell(cell) for cell in cast("list[Mapping[str, Any]]", listed)[:MOST_CELLS]]


def _cell(cell: Mapping[str, Any]) -> Cell:
    return Cell(
        row=int(cell["row"]),
        column=int(cell["column"]),
        row_span=max(int(cell.get("row_span") or 1), 1),
        column_span=max(int(cell.get("column_span") or 1), 1),
        text=str(cell.get("text") or ""),
        box=rectangle(cell.get("box")) or union(places(cell.get("evidence"))),
    )


def compacted(cells: Sequence[Cell]) -> list[Cell]:
    """The cells with text, renumbered without the rows and columns in which none begins."""
    full = [cell for cell in cells if cell.text.strip()]
    rows = {row: n for n, row in enumerate(sorted({cell.row for cell in full}))}
    columns = {column: n for n, column in enumerate(sorted({cell.column for cell in full}))}
    return [
        Cell(
            row=rows[cell.row],
            column=columns[cell.column],
            row_span=sum(cell.row <= row < cell.row + cell.row_span for row in rows),
            column_span=sum(cell.column <= column < cell.column + cell.column_span for column in columns),
            text=cell.text,
            box=cell.box,
        )
        for cell in full
    ]


def filled(cells: Sequence[Cell]) -> list[Cell]:
    """Compacted cells and an empty one in each place that none covers, as an HTML table has them."""
    cells = compacted(cells)
    height = max((cell.row + cell.row_span for cell in cells), default=0)
    width = max((cell.column + cell.column_span for cell in cells), default=0)
    if height * width > 4 * MOST_CELLS:
        return cells
    taken = {
        (cell.row + down, cell.column + across)
        for cell in cells
        for down in range(cell.row_span)
        for across in range(cell.column_span)
    }
    empty = [Cell(row=r, column=c, text="") for r in range(height) for c in range(width) if (r, c) not in taken]
    return sorted([*cells, *empty], key=lambda cell: (cell.row, cell.column))
