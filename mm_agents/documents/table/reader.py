"""Reads the table of a picture or PDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.numbers import decimal_mark
from mm_agents.documents.opencv import opencv
from mm_agents.documents.pages import Page, Source, default_ocr, open_pages, unread_note
from mm_agents.documents.reread import NOT_REREAD, confirmed, place_of
from mm_agents.documents.table.cards import read_cards
from mm_agents.documents.table.data import Cell, Quantity, digits_for_letters, quantity_of, without_marks
from mm_agents.documents.table.grid import Draft, Grid, make_grid
from mm_agents.documents.table.lines import Line, Measures, around, is_value, make_lines, measure, plain, runs_of
from mm_agents.documents.table.llm_check import read_too
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.region import (
    Region,
    Rulings,
    beside_words,
    find_region,
    find_rulings,
    ground_changes,
    off_rulings,
    within,
)
from mm_agents.documents.table.result import Table
from mm_agents.documents.table.several import goes_on, joined, may_go_on, side_by_side
from mm_agents.documents.table.text_tables import tables_of
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.media import MediaFile, inspect
from mm_agents.types import Box, Evidence, Image, Word

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.protocols import Ocr
    from mm_agents.types import ByteArray


def look_again(table: Table, pages: Page | Sequence[Page], ocr: Ocr) -> Table:
    """The table with its cells and its title verified, each where all of its places read the same again."""
    titles = (table.title,) if table.title else ()
    places = [*titles, *(one for cell in table.cells for one in cell.evidence)]
    seen = confirmed([pages] if isinstance(pages, Page) else pages, places, ocr)

    def judged(cell: Cell) -> Cell:
        if cell.evidence and all(place_of(one) in seen for one in cell.evidence):
            return replace(cell, verified=True)
        # a cell without a place says why already
        doubt = "; ".join(filter(None, (cell.doubt, NOT_REREAD if cell.evidence else None)))
        return replace(cell, verified=False, doubt=doubt or None)

    return replace(
        table,
        cells=tuple(judged(cell) for cell in table.cells),
        title_verified=bool(titles) and all(place_of(one) in seen for one in titles),
    )


_HOW = "table cell"


class TableReader:
    """Reads tables by rules: ruled ones, those parted by blanks, grids of cards; and those of text files."""

    name = "table"

    def read(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> Table:
        """Read the table of a picture, or of the first page of a PDF that has one, and what of it is on the next pages.

        Of several on a page, the largest; of a text file too, whose others are in ``Table.others``.

        Args:
            source: a picture or a PDF; or a text file with a table: a sheet, comma-separated values, Markdown, a web
                page or a list of JSON objects.
            page: of a PDF, from 1.
            model: reads it too: what it reads otherwise is told in ``notes``, and no cell is taken from it that is
                not found on the page.
            ocr: what reads pictures; the plugin "ocr" by default.

        Returns:
            A table without cells where there is none; ``notes`` says why.

        Raises:
            ConfigError: the document has no such page.
            UnsupportedMediaError: no picture, PDF or text with a table, or an encrypted PDF.
            MediaError: the file is damaged, too large or out of reach.
            MissingExtraError: the extra ``documents`` is not installed.
            ChatError: the model cannot be reached, or its reply does not fit.
        """
        source = source if isinstance(source, MediaFile | Image) else inspect(source)
        if (file := _text_file(source, page)) is not None:
            largest, *others = sorted(_tables_in(file), key=lambda table: -len(table.cells))
            return replace(largest, others=tuple(others))
        engine: Ocr = ocr or default_ocr()
        found = Table(notes=("No table was found: the document has no pages.",))
        used: list[Page] = []
        for opened in open_pages(source, ocr=engine, numbers=None if page is None else [page]):
            tables = tables_on(opened, ocr=engine)
            if used and not goes_on(found, used[-1], tables[0], opened):
                break
            largest = tables[0] if used else max(tables, key=lambda table: len(table.cells))
            part = read_too(largest, opened, model) if model is not None else largest
            found = joined(found, part) if used else _with_others(part, len(tables) - 1)
            used += [opened] if found.cells else []
            if used and (largest is not tables[-1] or not may_go_on(found, opened)):
                break
        return look_again(found, used, engine)

    def read_all(
        self, source: Source, /, *, page: int | None = None, model: ChatModel | None = None, ocr: Ocr | None = None
    ) -> list[Table]:
        """Read all tables of a picture or PDF, as ``read`` does, in reading order; none where there are none."""
        source = source if isinstance(source, MediaFile | Image) else inspect(source)
        if (file := _text_file(source, page)) is not None:
            return _tables_in(file)
        engine: Ocr = ocr or default_ocr()
        found: list[tuple[Table, list[Page]]] = []
        for opened in open_pages(source, ocr=engine, numbers=None if page is None else [page]):
            tables = [table for table in tables_on(opened, ocr=engine) if table.cells]
            if model is not None and len(tables) == 1:
                tables = [read_too(tables[0], opened, model)]
            if tables and found and goes_on(found[-1][0], found[-1][1][-1], tables[0], opened):
                table, pages = found.pop()
                found.append((joined(table, tables.pop(0)), [*pages, opened]))
            found += [(table, [opened]) for table in tables]
        return [look_again(table, pages, engine) for table, pages in found]


def build(argument: str = "") -> TableReader:
    """A reader; ``argument`` is not used."""
    return TableReader()


def read_page(page: Page, *, ocr: Ocr | None = None) -> Table:
    """Read the largest table of a page."""
    tables = tables_on(page, ocr=ocr)
    return _with_others(max(tables, key=lambda table: len(table.cells)), len(tables) - 1)


def tables_on(page: Page, *, ocr: Ocr | None = None) -> list[Table]:
    """The tables of a page, those side by side from the left, the others from the top; one without cells for none."""
    note = unread_note(page)
    tables = _tables_on(page, ocr)
    return [replace(table, notes=(*table.notes, note)) for table in tables] if note else tables


def _tables_on(page: Page, ocr: Ocr | None) -> list[Table]:
    lines = make_lines(page.words)
    if not lines:
        return [_nothing(page, "the page has no text")]
    measures = measure(lines)
    cards = read_cards(page, measures)
    if cards is not None:
        return [cards]
    words = [word for line in lines for word in line.words]
    rulings = find_rulings(page.straight, measures.height)
    if page.source == "ocr":
        words = off_rulings(words, rulings, measures.height)
    rulings = beside_words(rulings, [word.place for word in words])
    found: list[Table] = []
    parts = side_by_side(words, rulings, measures, page.straight)
    for part in parts:
        box = around(part)
        found += _read_part(page, part, rulings if len(parts) == 1 else within(rulings, box, measures), ocr)
    return [table for table in found if table.cells] or found[:1]


def _read_part(page: Page, words: Sequence[Word], rulings: Rulings, ocr: Ocr | None) -> list[Table]:
    """The most table-like part of some words as a table, and the tables above and below it."""
    lines = make_lines(words)
    region = find_region(lines, rulings, measure(lines)) if lines else None
    if region is None:
        return [_nothing(page, "no two lines have gaps in them, as columns leave")]
    measures = measure(region.lines)
    grid = make_grid(region.lines, rulings, measures, ground_changes(page.straight, region.lines))
    reason = _no_table(grid)
    if reason:
        return [_nothing(page, reason)]
    grid = with_upright_heads(grid, page.words, measures)
    drafts = with_marks(page, fill_overlooked(page, grid.cells, measures, ocr), grid.head_rows)
    table = _table(page, region, grid, drafts, measures)
    first, last = lines.index(region.lines[0]), lines.index(region.lines[-1])
    above, below = ([word for line in part for word in line.words] for part in (lines[:first], lines[last + 1 :]))
    more: list[list[Table]] = []
    for part, edge in ((above, region.lines[0].box.y0), (below, region.lines[-1].box.y1)):
        box = around(part) if part else None
        found = _read_part(page, part, within(rulings, box, measures, beside=edge), ocr) if box else []
        more.append([other for other in found if _is_sure(other)])
    return [*more[0], table, *more[1]]


def _is_sure(table: Table) -> bool:
    """Whether words beside a table are one too: several full rows below a head, or ruling lines that make the cells."""
    rows, columns = table.shape
    full = sum(cell.row_span * cell.column_span for cell in table.cells) >= PARAMETERS.most * rows * columns
    return full and rows > 2 and (table.layout == "ruled" or table.header_rows > 0)


def _text_file(source: MediaFile | Image, page: int | None) -> MediaFile | None:
    """The source as a text file; None for a picture or PDF.

    Raises:
        ConfigError: a page of a text is asked for.
    """
    if isinstance(source, Image) or source.media_type != "text":
        return None
    if page is not None:
        raise ConfigError(f"{source.name!r} has no page {page}: a text file has no pages. Leave the page out.")
    return source


def _tables_in(file: MediaFile) -> list[Table]:
    """The tables of a text file, at least one.

    Raises:
        UnsupportedMediaError: it has none.
        MediaError: as ``tables_of``.
    """
    found = tables_of(file)
    if not found:
        raise UnsupportedMediaError(
            f"{file.name!r} is {file.format} ({file.mime}) without rows and columns; "
            "a picture, a PDF or a text with a table is read."
        )
    return found


def _with_others(table: Table, others: int) -> Table:
    if not others:
        return table
    note = f"{others} more {'table stands' if others == 1 else 'tables stand'} on the page; --all reads all of them."
    return replace(table, notes=(*table.notes, note))


def _table(page: Page, region: Region, grid: Grid, drafts: Sequence[Draft], measures: Measures) -> Table:
    texts = [" ".join(plain(word) for word in draft.words) for draft in drafts]
    mark = decimal_mark(texts)
    cells = [
        Cell(
            row=draft.row,
            column=draft.column,
            row_span=draft.row_span,
            column_span=draft.column_span,
            text=text,
            footnotes=without_marks(text)[1],
            quantity=quantity_of(text, mark),
            evidence=(page.evidence(draft.words, how=_HOW),),
            doubt=_doubt(draft),
        )
        for draft, text in zip(drafts, texts, strict=True)
    ]
    used = {word for draft in drafts for word in draft.words}
    lost = [plain(word) for line in region.lines for word in line.words if word not in used]
    table = Table(
        layout="ruled" if grid.ruled else "unruled",
        cells=tuple(sorted(cells, key=lambda cell: (cell.row, cell.column))),
        header_rows=grid.head_rows,
        title=_title(page, region.above, region.lines[0], measures),
        notes=(f"Words in no cell: {' '.join(lost)}",) if lost else (),
        page=page.number,
    )
    return _by_columns(table)


def _doubt(draft: Draft) -> str | None:
    least = min(word.confidence for word in draft.words)
    return f"read with a confidence of {least:.2f}" if least < PARAMETERS.unsure else None


def _title(page: Page, above: Sequence[Line], first: Line, measures: Measures) -> Evidence | None:
    """The lines just above a table, from the nearest that stands close to it upwards."""
    found: list[Line] = []
    for line in reversed(above):
        below = found[0] if found else first
        near = PARAMETERS.loose if found else PARAMETERS.lone_blank
        if below.box.y0 - line.box.y1 > near * max(measures.height, line.size):
            break
        found.insert(0, line)
    return page.evidence([word for line in found for word in line.words], how="title") if found else None


def _by_columns(table: Table) -> Table:
    """A table whose cells take from their columns the unit that the head names, and digits for letters like them."""
    height, width = table.shape
    changed: dict[tuple[int, int], Cell] = {}
    for column in range(width):
        body = [
            cell
            for row in range(table.header_rows, height)
            if (cell := table.at(row, column)) and (cell.row, cell.column) == (row, column)
        ]
        unit = "%" if "%" in table.header(column) else None
        numeric = sum(is_value(cell.text) for cell in body) >= max(3, PARAMETERS.most * len(body))
        for cell in body:
            key = (cell.row, cell.column)
            if cell.quantity and cell.quantity.unit is None and unit:
                changed[key] = replace(cell, quantity=Quantity(value=cell.quantity.value, unit=unit))
            elif numeric and cell.quantity is None and (text := digits_for_letters(cell.text)):
                doubt = f"read as {cell.text!r} in a column of numbers"
                changed[key] = replace(cell, text=text, quantity=quantity_of(text), doubt=doubt)
    return replace(table, cells=tuple(changed.get((cell.row, cell.column), cell) for cell in table.cells))


def _nothing(page: Page, reason: str) -> Table:
    return Table(notes=(f"No table was found: {reason}.",), page=page.number)


# ---------------------------------------------------------------- whether it is a table at all


def _no_table(grid: Grid) -> str | None:
    """Why a grid does not make a table; None where it does."""
    rows = max((cell.row + cell.row_span for cell in grid.cells), default=0)
    columns = max((cell.column + cell.column_span for cell in grid.cells), default=0)
    if rows < 2 or columns < 2:
        return "there is only one row or column"
    filled = sum(cell.row_span * cell.column_span for cell in grid.cells)
    if not grid.ruled and filled < PARAMETERS.most_beside * rows * columns:
        return "the words do not form rows and columns"
    if not grid.ruled and _is_running_text(grid):
        return "the columns are those of running text"
    return None


def _is_running_text(grid: Grid) -> bool:
    """Whether the lines of cells are long, fill their columns, and hardly any is a value."""
    widths: Counter[int] = Counter()
    lines = [(cell.column, line) for cell in grid.cells if cell.column_span == 1 for line in cell.lines]
    for column, line in lines:
        widths[column] = max(widths[column], line[-1].place.x1 - line[0].place.x0)
    if len(lines) < PARAMETERS.prose_words:  # too few to tell
        return False
    full = sum(
        len(line) >= 4 and line[-1].place.x1 - line[0].place.x0 > PARAMETERS.nearly_all * widths[column]
        for column, line in lines
    )
    values = sum(is_value(" ".join(word.text for word in line)) for _, line in lines)
    return full > PARAMETERS.most * len(lines) and values < PARAMETERS.values_in_prose * len(lines)


# ---------------------------------------------------------------- heads that run upwards, and check marks


def with_upright_heads(grid: Grid, words: Sequence[Word], measures: Measures) -> Grid:
    """The grid with words that run up or down just above its body as heads of the columns that they stand over."""
    body = [cell for cell in grid.cells if cell.row >= grid.head_rows]
    first = min((cell.row for cell in body), default=0)
    top = min((around(cell.words).y0 for cell in body if cell.row == first), default=0)
    filled: dict[int, list[Word]] = {}
    for cell in body:
        if cell.column_span == 1:
            filled.setdefault(cell.column, []).extend(cell.words)
    extents = {column: around(inside) for column, inside in filled.items()}
    over: dict[int, list[Line]] = {}
    for run in runs_of(word for word in words if word.turned):
        reach = max(run.box.y1 - run.box.y0, PARAMETERS.lone_blank * measures.height)
        middle = (run.box.x0 + run.box.x1) / 2
        if top - reach <= run.box.y1 <= top + PARAMETERS.slack * measures.height and extents:
            nearest = min(extents, key=lambda c: max(extents[c].x0 - middle, middle - extents[c].x1, 0))
            if extents[nearest].x0 - measures.height <= middle <= extents[nearest].x1 + measures.height:
                over.setdefault(nearest, []).append(run)
    missing = 0 if grid.head_rows else 1
    row = max(grid.head_rows - 1, 0)
    cells = [replace(cell, row=cell.row + missing) for cell in grid.cells]
    taken = {place for cell in cells for place in cell.places}
    heads = [
        Draft(row=row, column=column, lines=tuple(run.words for run in _from_the_first(runs)))
        for column, runs in over.items()
        if (row, column) not in taken
    ]
    return replace(grid, cells=(*cells, *heads), head_rows=grid.head_rows + missing) if heads else grid


def _from_the_first(runs: Sequence[Line]) -> list[Line]:
    """Lines that run upwards from the left, and those that run downwards from the right."""
    downwards = runs[0].words[0].turned == 90
    return sorted(runs, key=lambda run: run.box.x0, reverse=downwards)


_TICK, _CROSS = "✓", "✗"
_CROSSES = "Xx×✗✘✕"  # what OCR takes a cross for
_DASHES = "-–—"  # beside marks they say no


def with_marks(page: Page, cells: Sequence[Draft], head_rows: int) -> list[Draft]:
    """The cells, with check marks and crosses in columns of single characters whose shapes are those of such marks.

    OCR takes a check mark for a V, a J or a root. A column without any check mark keeps its letters: an X may be one.
    """
    if page.source != "ocr":
        return list(cells)
    marks: dict[int, dict[int, str]] = {}
    singles: Counter[int] = Counter()
    for n, cell in enumerate(cells):
        text = "".join(word.text for word in cell.words)
        if cell.row < head_rows or len(text) != 1 or text in _DASHES:
            continue
        singles[cell.column] += 1
        place = around(cell.words)
        rim = round(PARAMETERS.slack * (place.y1 - place.y0))  # OCR's boxes of marks are not exact
        room = Box(x0=max(place.x0 - rim, 0), y0=max(place.y0 - rim, 0), x1=place.x1 + rim, y1=place.y1 + rim)
        mark = _mark(page.straight, _ink_in(page.straight, room) or place) or (_CROSS if text in _CROSSES else None)
        if mark:
            marks.setdefault(cell.column, {})[n] = mark
    found = list(cells)
    for column, marked in marks.items():
        are_marks = _TICK in marked.values() and len(marked) > max(1, PARAMETERS.most * singles[column])
        for n, mark in marked.items() if are_marks else ():
            found[n] = replace(cells[n], lines=((replace(cells[n].words[0], text=mark),),))
    return found


def _mark(pixels: ByteArray, place: Box) -> str | None:
    """The check mark or cross that the ink in a place has the shape of.

    A check mark is lowest left of its middle, and its right arm rises above its left one; a V has arms as high as each
    other. A cross has ink in its four corners and its middle, and none between the corners.
    """
    part = pixels[place.y0 : place.y1, place.x0 : place.x1].astype(np.int16)
    if min(part.shape[:2], default=0) < PARAMETERS.mark_pixels:
        return None
    away = np.abs(part - np.median(part.reshape(-1, 3), axis=0)).max(axis=2)
    rows, columns = np.nonzero(away > max(PARAMETERS.ink, away.max() / 2))
    if not len(rows):
        return None
    y, x = (rows - rows.min()) / max(np.ptp(rows), 1), (columns - columns.min()) / max(np.ptp(columns), 1)
    if min(np.ptp(rows), np.ptp(columns)) < PARAMETERS.mark_pixels:
        return None
    third = np.histogram2d(y, x, bins=3, range=((0, 1), (0, 1)))[0] / len(x)
    left, right = y[x < PARAMETERS.mark_arm], y[x > 1 - PARAMETERS.mark_arm]
    foot = float(x[y > 1 - PARAMETERS.mark_arm].mean())
    corners, between = third[[0, 0, 2, 2, 1], [0, 2, 0, 2, 1]], third[[0, 1, 1, 2], [1, 0, 2, 1]]
    if corners.min() > PARAMETERS.mark_part > between.max():
        return _CROSS
    if (
        left.min() - right.min() > PARAMETERS.mark_rise
        and PARAMETERS.mark_foot < foot < 0.5
        and third[[0, 2], [0, 2]].max() < PARAMETERS.mark_part
    ):
        return _TICK
    return None


# ---------------------------------------------------------------- words that OCR overlooked


def fill_overlooked(page: Page, cells: Sequence[Draft], measures: Measures, ocr: Ocr | None) -> list[Draft]:
    """The cells, and those that are found in places that OCR left empty though there is ink in them.

    Dashes, check marks and crosses are recognised by their shape; the rest is read enlarged.
    """
    if page.source != "ocr":
        return list(cells)
    inked = [
        (row, column, place)
        for row, column, room in _empty_places(cells, measures)
        for place in [_ink_in(page.straight, room)]
        if place is not None
    ]
    if not 0 < len(inked) <= PARAMETERS.most_overlooked:
        return list(cells)
    dashes = {place: _dash(place, measures) for _, _, place in inked}
    marks = {place: _mark(page.straight, place) for _, _, place in inked}
    dashes = {place: dash or marks[place] for place, dash in dashes.items()}
    texts = {place: (dash, PARAMETERS.sure) for place, dash in dashes.items() if dash}
    texts |= _read_again(page.straight, [place for place, dash in dashes.items() if not dash], measures, ocr)
    found = list(cells)
    for line, (row, column, place) in enumerate(inked, 1 + max((word.line for word in page.words), default=0)):
        if place in texts:
            text, confidence = texts[place]
            word = Word(text=text, box=page.frame.to_stored(place), place=place, confidence=confidence, line=line)
            found.append(Draft(row=row, column=column, lines=((word,),)))
    return found


def _empty_places(cells: Sequence[Draft], measures: Measures) -> list[tuple[int, int, Box]]:
    """Places of the grid without words, and the room that their row and column leave them."""
    taken = {place for cell in cells for place in cell.places}
    rows: dict[int, list[Box]] = {}
    columns: dict[int, list[Box]] = {}
    for cell in cells:
        if cell.row_span == 1:
            rows.setdefault(cell.row, []).append(around(cell.words))
        if cell.column_span == 1:
            columns.setdefault(cell.column, []).append(around(cell.words))
    slack = round(PARAMETERS.slack * measures.height)

    def room(across: Sequence[Box], along: Sequence[Box]) -> Box:
        left, top = min(box.x0 for box in across) - slack, min(box.y0 for box in along) - slack
        right, bottom = max(box.x1 for box in across) + slack, max(box.y1 for box in along) + slack
        return Box(x0=max(left, 0), y0=max(top, 0), x1=right, y1=bottom)

    return [
        (row, column, room(across, along))
        for row, along in rows.items()
        for column, across in columns.items()
        if (row, column) not in taken
    ]


def _ink_in(pixels: ByteArray, room: Box) -> Box | None:
    """Where there is ink in a room, ruling lines and what reaches in from outside left out."""
    cv2 = opencv()
    part = pixels[room.y0 : room.y1, room.x0 : room.x1]
    if part.size == 0:
        return None
    ground = np.median(part.reshape(-1, 3), axis=0)
    mask = (np.abs(part.astype(np.int16) - ground).max(axis=2) > PARAMETERS.ink).astype(np.uint8)
    number, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    high, wide = mask.shape
    kept: list[tuple[int, int, int, int]] = []
    for x, y, w, h, area in stats[1:number].tolist():
        outside = x == 0 or y == 0 or x + w == wide or y + h == high
        if not outside and area >= 3:
            kept.append((x, y, x + w, y + h))
    if not kept:
        return None
    return Box(
        x0=room.x0 + min(box[0] for box in kept),
        y0=room.y0 + min(box[1] for box in kept),
        x1=room.x0 + max(box[2] for box in kept),
        y1=room.y0 + max(box[3] for box in kept),
    )


def _dash(place: Box, measures: Measures) -> str | None:
    """The dash that ink is by its shape: a hyphen where it is shorter than letters are high."""
    wide, high = place.x1 - place.x0, place.y1 - place.y0
    if high > PARAMETERS.dash_height * measures.height or wide < 2 * high:
        return None
    return "-" if wide < PARAMETERS.hyphen * measures.height else "–"


def _read_again(
    pixels: ByteArray, places: Sequence[Box], measures: Measures, ocr: Ocr | None
) -> dict[Box, tuple[str, float]]:
    """What places say when they are enlarged, one below the other in one picture, and how sure that is."""
    if not places:
        return {}
    cv2 = opencv()
    scale = max(PARAMETERS.letters / measures.height, 1.0)
    margin = round(PARAMETERS.slack * measures.height)
    strips: list[ByteArray] = []
    for place in places:
        part = pixels[max(place.y0 - margin, 0) : place.y1 + margin, max(place.x0 - margin, 0) : place.x1 + margin]
        large = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        ground = [int(value) for value in np.median(large.reshape(-1, 3), axis=0)]
        strips.append(
            cv2.copyMakeBorder(
                large, *2 * (PARAMETERS.letters,), *2 * (PARAMETERS.letters,), cv2.BORDER_CONSTANT, value=ground
            )
        )
    width = max(strip.shape[1] for strip in strips)
    padded = [cv2.copyMakeBorder(strip, 0, 0, 0, width - strip.shape[1], cv2.BORDER_REPLICATE) for strip in strips]
    ends = np.cumsum([strip.shape[0] for strip in padded])
    scan = (ocr or default_ocr()).read(Image(pixels=np.ascontiguousarray(np.concatenate(padded))))
    read: dict[Box, list[Word]] = {}
    for word in scan.words if not (scan.quarter or scan.skew) else ():
        n = int(np.searchsorted(ends, (word.box.y0 + word.box.y1) / 2))
        if n < len(places) and word.confidence >= PARAMETERS.sure:
            read.setdefault(places[n], []).append(word)
    return {
        place: (" ".join(word.text for word in words), round(min(word.confidence for word in words), 4))
        for place, words in read.items()
    }
