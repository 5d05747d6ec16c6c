"""The plugin: reads the table of a picture or PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.documents.pages import Page, Source, open_pages
from mm_agents.documents.table._borders import ground_changes
from mm_agents.documents.table._cards import read_cards
from mm_agents.documents.table._grid import Grid, make_grid
from mm_agents.documents.table._lines import around, make_lines, measure, plain
from mm_agents.documents.table._pieces import is_value
from mm_agents.documents.table._region import find_region
from mm_agents.documents.table._rulings import beside_words, find_rulings
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
        return _nothing(page, "there is no text")
    measures = measure(lines)
    cards = read_cards(page, measures)
    if cards is not None:
        return cards
    places = [word.place for line in lines for word in line.words]
    rulings = beside_words(find_rulings(page.straight, measures.height), places)
    region = find_region(lines, rulings, measures)
    if region is None:
        return _nothing(page, "no two lines have gaps in them, as columns leave")
    lines = region.lines
    measures = measure(lines)
    grid = make_grid(lines, rulings, measures, ground_changes(page.straight, lines))
    reason = _no_table(grid)
    if reason:
        return _nothing(page, reason)
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


def _nothing(page: Page, reason: str) -> Table:
    return Table(notes=(f"No table was found: {reason}.",), page=page.number)


def _no_table(grid: Grid) -> str | None:
    """Why a grid is no table; None where it is one."""
    rows = max((cell.row + cell.row_span for cell in grid.cells), default=0)
    columns = max((cell.column + cell.column_span for cell in grid.cells), default=0)
    if rows < 2 or columns < 2:
        return "there is but one row or column"
    filled = sum(cell.row_span * cell.column_span for cell in grid.cells)
    if not grid.ruled and filled < 0.3 * rows * columns:
        return "the words do not stand in rows and columns"
    if not grid.ruled and _is_running_text(grid, columns):
        return "the columns are those of a running text"
    return None


def _is_running_text(grid: Grid, columns: int) -> bool:
    """Whether the lines of cells are long, fill their columns, and hardly any is a value."""
    widths = [0.0] * columns
    lines: list[tuple[int, float, int, str]] = []
    for cell in grid.cells:
        for line in cell.lines:
            box = around(line)
            width = float(box.x1 - box.x0)
            if cell.column_span == 1:
                widths[cell.column] = max(widths[cell.column], width)
                lines.append((cell.column, width, len(line), " ".join(word.text for word in line)))
    if len(lines) < 8:
        return False
    full = sum(width > 0.85 * widths[column] and words >= 4 for column, width, words, _ in lines)
    values = sum(is_value(text) for *_, text in lines)
    return full > 0.55 * len(lines) and values < 0.05 * len(lines)
