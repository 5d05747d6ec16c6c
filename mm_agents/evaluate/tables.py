"""A table's reading against its truth: TEDS, its structure alone, cells, whole tables, and places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mm_agents.evaluate.metrics import matching
from mm_agents.evaluate.metrics.counts import Tally
from mm_agents.evaluate.metrics.teds import cells_of, compacted, filled, teds
from mm_agents.evaluate.truth import Card, Cell, TableTruth, on_place, places


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
        same = at is not None and matching.closed(at.text) == matching.closed(cell.text)
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
        title = matching.closed(card.title)
        columns = {column for cell in cells if matching.closed(cell.text) == title for column in _columns(cell)}
        for value, name in card.metrics:
            right = any(
                columns & _columns(cell) and _tells(cell, cells, value, name)
                for cell in cells
                if matching.closed(value) in matching.closed(cell.text)
            )
            tally.share("card values", right)
            if not right:
                tally.missed(f"card {card.title}", f"{value} {name}", None)


def _columns(cell: Cell) -> set[int]:
    return set(range(cell.column, cell.column + min(cell.column_span, 100)))


def _tells(cell: Cell, cells: Sequence[Cell], value: str, name: str) -> bool:
    """Whether the cell says the value and no more than its name, which is there, in its row or just below."""
    said, wanted, called = (matching.closed(text) for text in (cell.text, value, name))
    if said in (wanted + called, called + wanted):
        return True
    beside = {
        matching.closed(other.text)
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
