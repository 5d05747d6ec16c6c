"""The plugin: reads the table of a picture or PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.documents.pages import Page, Source, open_pages
from mm_agents.documents.table._borders import ground_changes
from mm_agents.documents.table._grid import make_grid
from mm_agents.documents.table._lines import make_lines, measure, plain
from mm_agents.documents.table._rulings import find_rulings
from mm_agents.documents.table._table import Cell, Table
from mm_agents.documents.table._values import mark_of, quantity_of, without_marks

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr


class TableReader:
    """Reads tables by rules: ruled ones, those parted by blanks, and grids of cards."""

    name = "table"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Table:
        """Read the table of a picture, or of the first page of a PDF that has one."""
        best = Table(notes=("No table was found: there is no text.",))
        for opened in open_pages(source, ocr=ocr, numbers=None if page is None else [page]):
            best = read_page(opened)
            if best.cells:
                break
        return best


def build(argument: str = "") -> TableReader:
    """A reader; ``argument`` is not used."""
    return TableReader()


def read_page(page: Page) -> Table:
    """Read the table of a page."""
    lines = make_lines(page.words)
    if not lines:
        return Table(notes=("No table was found: there is no text.",), page=page.number)
    measures = measure(lines)
    grid = make_grid(
        lines, find_rulings(page.straight, measures.height), measures, ground_changes(page.straight, lines)
    )
    texts = [" ".join(plain(word) for word in draft.words) for draft in grid.cells]
    mark = mark_of(texts)
    cells = [
        Cell(
            row=draft.row,
            column=draft.column,
            row_span=draft.row_span,
            column_span=draft.column_span,
            text=text,
            footnotes=without_marks(text)[1],
            quantity=quantity_of(text, mark),
            evidence=(page.evidence(draft.words, how="table cell"),),
        )
        for draft, text in zip(grid.cells, texts, strict=True)
    ]
    return Table(
        layout="ruled" if grid.ruled else "unruled",
        cells=tuple(sorted(cells, key=lambda cell: (cell.row, cell.column))),
        header_rows=grid.head_rows,
        page=page.number,
    )
