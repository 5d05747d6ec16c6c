"""A table's reading against its truth: TEDS, its structure alone, cells, whole tables, and places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from mm_agents._optional import require
from mm_agents.evaluate import metrics
from mm_agents.evaluate.manifest import MOST_CELLS, from_rows
from mm_agents.evaluate.metrics import Tally
from mm_agents.evaluate.truth import Card, Cell, TableTruth, cell_of, on_place, places

MOST_PAIRS = 250_000
"""Tables whose node counts multiply to more are not compared as trees: apted would take more than ten seconds."""


def score(reading: Mapping[str, Any], truth: TableTruth) -> Tally:
    """What a reading of a table adds to the figures.

    Empty rows and columns are dropped on both sides. A cell is right where its text, spaces aside, is at its row
    and column; a table is wholly right if every cell is right and none is extra.
    """
    tally = Tally()
    if truth.cards:
        _cards(cells_of(reading), truth.cards, tally)
        return tally
    read, wanted = cells_of(reading), compacted(truth.cells)
    for name, structure_only in (("TEDS", False), ("TEDS structure", True)):
        value = teds(filled(read), filled(truth.cells), structure_only=structure_only)
        if value is not None:
            tally.means[name] = value
    found = {(cell.row, cell.column): cell for cell in compacted(read)}
    evidence = _evidence(reading)
    right = 0
    for cell in wanted:
        at = found.get((cell.row, cell.column))
        same = at is not None and metrics.closed(at.text) == metrics.closed(cell.text)
        right += same
        if not same:
            tally.missed(f"cell {cell.row},{cell.column}", cell.text, at.text if at else None)
        if cell.box is not None:
            boxes = [at.box] if at and at.box else []
            boxes += evidence.get(at.box, []) if at and at.box else []
            placed = on_place(boxes, [cell.box])
            tally.share("attributed", same and placed)
            if same and not placed:
                tally.missed(f"cell {cell.row},{cell.column}: place", list(cell.box), sorted(set(boxes)))
    tally.share("cells", right, len(wanted))
    tally.share("tables right", right == len(wanted) == len(found))
    return tally


def _cards(cells: Sequence[Cell], cards: Sequence[Card], tally: Tally) -> None:
    """Each value of each card: right where it is in its title's column, and its name with it or in its row."""
    for card in cards:
        title = metrics.closed(card.title)
        columns = {column for cell in cells if metrics.closed(cell.text) == title for column in _columns(cell)}
        for value, name in card.metrics:
            right = any(
                columns & _columns(cell) and _tells(cell, cells, value, name)
                for cell in cells
                if metrics.closed(value) in metrics.closed(cell.text)
            )
            tally.share("card values", right)
            if not right:
                tally.missed(f"card {card.title}", f"{value} {name}", None)


def _columns(cell: Cell) -> set[int]:
    return set(range(cell.column, cell.column + min(cell.column_span, 100)))


def _tells(cell: Cell, cells: Sequence[Cell], value: str, name: str) -> bool:
    """Whether the cell says the value and no more than its name, which is there, in its row or just below."""
    said, wanted, called = (metrics.closed(text) for text in (cell.text, value, name))
    if said in (wanted + called, called + wanted):
        return True
    beside = {
        metrics.closed(other.text)
        for other in cells
        if other.row == cell.row or (other.column == cell.column and other.row == cell.row + 1)
    }
    return said == wanted and called in beside


def _evidence(reading: Mapping[str, Any]) -> dict[Any, list[tuple[float, float, float, float]]]:
    """The places of each cell's words, by the cell's own box: a cell's box may be the ruled field around them."""
    listed = reading.get("cells")
    found: dict[Any, list[tuple[float, float, float, float]]] = {}
    for cell in listed if isinstance(listed, list) else []:
        box = cell.get("box")
        if box:
            found.setdefault(tuple(float(n) for n in box), []).extend(places(cell.get("evidence")))
    return found


# ---------------------------------------------------------------- TEDS


def cells_of(reading: Mapping[str, Any]) -> list[Cell]:
    """The cells of a table's reading; of its rows where it lists no cells."""
    listed = reading.get("cells")
    if not isinstance(listed, list) or not listed:
        rows = reading.get("rows")
        return from_rows(cast("Sequence[Sequence[Any]]", rows) if isinstance(rows, list) else [])[:MOST_CELLS]
    return [cell_of(cell) for cell in cast("list[Mapping[str, Any]]", listed)[:MOST_CELLS]]


def compacted(cells: Sequence[Cell]) -> list[Cell]:
    """The cells with text, renumbered without the rows and columns in which none begins."""
    full = [cell for cell in cells if cell.text.strip()]
    rows = {row: n for n, row in enumerate(sorted({cell.row for cell in full}))}
    columns = {column: n for n, column in enumerate(sorted({cell.column for cell in full}))}
    return [
        replace(
            cell,
            row=rows[cell.row],
            column=columns[cell.column],
            row_span=sum(cell.row <= row < cell.row + cell.row_span for row in rows),
            column_span=sum(cell.column <= column < cell.column + cell.column_span for column in columns),
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


class _Tree(NamedTuple):
    """A node of the tree table > tr > td that the distance is taken over; two that are equal need no distance."""

    tag: str
    spans: tuple[int, int]
    text: str
    children: list[_Tree]

    def size(self) -> int:
        """The nodes below."""
        return sum(1 + child.size() for child in self.children)


class _Costs:
    """What an edit costs: 1 for a node more or less, or of another span; the share of other letters for a text."""

    valuecls = float  # what apted adds up in

    def __init__(self) -> None:
        distance = require("rapidfuzz", extra=metrics.EXTRA, feature="TEDS").distance
        self._distance = distance.Levenshtein.normalized_distance

    def delete(self, node: _Tree) -> float:
        return 1.0

    def insert(self, node: _Tree) -> float:
        return 1.0

    def rename(self, one: _Tree, other: _Tree) -> float:
        if one.tag != other.tag or one.spans != other.spans:
            return 1.0
        return float(self._distance(one.text, other.text)) if one.text or other.text else 0.0

    def children(self, node: _Tree) -> list[_Tree]:
        return node.children


def teds(read: Sequence[Cell], wanted: Sequence[Cell], *, structure_only: bool = False) -> float | None:
    """How alike two tables are, 0 to 1: 1 - distance / nodes of the larger; None where they are too large.

    ``structure_only`` looks at rows and spans, not at the texts.
    """
    one, other = _tree(read, structure_only), _tree(wanted, structure_only)
    if one == other:
        return 1.0
    sizes = one.size(), other.size()
    if (sizes[0] + 1) * (sizes[1] + 1) > MOST_PAIRS:
        return None
    apted: Any = require("apted", extra=metrics.EXTRA, feature="TEDS")
    distance = apted.APTED(one, other, _Costs()).compute_edit_distance()
    return max(0.0, 1.0 - float(distance) / max(sizes))


def _tree(cells: Sequence[Cell], structure_only: bool) -> _Tree:
    rows: dict[int, list[_Tree]] = {}
    for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
        text = "" if structure_only else " ".join(cell.text.split())
        rows.setdefault(cell.row, []).append(_Tree("td", (cell.row_span, cell.column_span), text, []))
    return _Tree("table", (1, 1), "", [_Tree("tr", (1, 1), "", row) for row in rows.values()])
