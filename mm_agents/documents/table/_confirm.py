"""Cells are verified that read the same when their places are looked at again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mm_agents.documents.reread import UNCONFIRMED, confirmed, place_of
from mm_agents.documents.table._table import Cell, Table

if TYPE_CHECKING:
    from mm_agents.documents.pages import Page
    from mm_agents.protocols import Ocr


def look_again(table: Table, page: Page, ocr: Ocr) -> Table:
    """The table with its cells and its title verified, each where all of its places read the same again.

    Args:
        table: that was read on the page.
        page: as opened.
        ocr: what reads.
    """
    titles = (table.title,) if table.title else ()
    seen = confirmed([page], [*titles, *(one for cell in table.cells for one in cell.evidence)], ocr)

    def judged(cell: Cell) -> Cell:
        if cell.evidence and all(place_of(one) in seen for one in cell.evidence):
            return replace(cell, verified=True)
        # a cell without a place says why already
        doubt = "; ".join(filter(None, (cell.doubt, UNCONFIRMED if cell.evidence else None)))
        return replace(cell, verified=False, doubt=doubt or None)

    return replace(
        table,
        cells=tuple(judged(cell) for cell in table.cells),
        title_verified=bool(titles) and all(place_of(one) in seen for one in titles),
    )
