"""Cells as they are found, before they have texts: one in each place of the grid, and no empty rows or columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mm_agents.documents.table._lines import around
from mm_agents.types import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A cell as found: where it is in the grid, what it spans, and its words line by line."""

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    lines: tuple[tuple[Word, ...], ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """In reading order."""
        return tuple(word for line in self.lines for word in line)


def settled(cells: Sequence[Draft]) -> list[Draft]:
    """Cells in the same place made one, and spans that reach into another cell cut."""
    united: dict[tuple[int, int], Draft] = {}
    for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
        key = (cell.row, cell.column)
        known = united.get(key, replace(cell, lines=()))
        united[key] = replace(
            known,
            row_span=max(known.row_span, cell.row_span),
            column_span=max(known.column_span, cell.column_span),
            lines=(*known.lines, *cell.lines),
        )
    taken = set(united)
    found: list[Draft] = []
    for (row, column), cell in united.items():
        wide = next((n for n in range(1, cell.column_span) if (row, column + n) in taken), cell.column_span)
        places = range(column, column + wide)
        deep = next(
            (n for n in range(1, cell.row_span) if any((row + n, c) in taken for c in places)),
            cell.row_span,
        )
        taken |= {(row + n, c) for n in range(deep) for c in places}
        found.append(replace(cell, row_span=deep, column_span=wide, lines=_from_the_top(cell.lines)))
    return found


def compact(cells: Sequence[Draft]) -> list[Draft]:
    """The cells without the rows and columns in which none begins."""
    rows = sorted({cell.row for cell in cells})
    columns = sorted({cell.column for cell in cells})
    return [
        Draft(
            row=rows.index(cell.row),
            column=columns.index(cell.column),
            row_span=sum(cell.row <= row < cell.row + cell.row_span for row in rows),
            column_span=sum(cell.column <= column < cell.column + cell.column_span for column in columns),
            lines=cell.lines,
        )
        for cell in cells
    ]


def _from_the_top(lines: Sequence[tuple[Word, ...]]) -> tuple[tuple[Word, ...], ...]:
    def order(line: tuple[Word, ...]) -> tuple[float, int]:
        box = around(line)
        return (box.y0 + box.y1) / 2, box.x0

    return tuple(sorted(lines, key=order))
