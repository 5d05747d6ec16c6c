"""Several tables of a document: side by side on a page, one below the other, and one that runs over a page break."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.documents.locate import normalised
from mm_agents.documents.pages import Page, covering
from mm_agents.documents.table.data import Cell
from mm_agents.documents.table.lines import (
    Divide,
    Line,
    Measures,
    Piece,
    around,
    cut,
    find_divides,
    is_value,
    make_lines,
)
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.region import Rulings, find_frames
from mm_agents.documents.table.result import Table
from mm_agents.types import Box, Word

if TYPE_CHECKING:
    from mm_agents.types import ByteArray

_CARRIED = re.compile(
    r"übertrag|(?:amount |balance )?(?:carried|brought) (?:forward|over)|carry[- ]?over|[àa] reporter|report(?: page)?|"
    r"suma (?:y sigue|anterior)|(?:a )?riport[oa](?:re)?",
    re.IGNORECASE,
)


# ---------------------------------------------------------------- side by side


def side_by_side(words: Sequence[Word], rulings: Rulings, measures: Measures, pixels: ByteArray) -> list[list[Word]]:
    """The words of tables that stand side by side, from the left; all words together where none do.

    Two tables are told from the columns of one by their ruling lines, which end between them, or by a broad blank with
    the same heads, lines at other heights, or grounds that end, on its two sides. Each has a column of names.

    Args:
        words: of a page.
        rulings: on that page.
        measures: of its print.
        pixels: of the straight page, uint8, shape (height, width, 3).
    """
    x = _between_frames(words, rulings, measures) or _gutter(words, measures, pixels)
    if x is None:
        return [list(words)]
    left = [word for word in words if word.place.x1 <= x]
    right = [word for word in words if word.place.x0 >= x]
    return [table for side in (left, right) for table in side_by_side(side, rulings, measures, pixels)]


def _between_frames(words: Sequence[Word], rulings: Rulings, measures: Measures) -> float | None:
    box = around(words)
    frames = [
        Box(x0=int(frame[0].start), y0=int(frame[0].at), x1=int(frame[0].end) + 1, y1=int(frame[-1].at) + 1)
        for frame in find_frames(rulings, measures)
        if frame[0].start >= box.x0 - PARAMETERS.lone_blank * measures.height
        and frame[0].end <= box.x1 + PARAMETERS.lone_blank * measures.height
    ]
    for left in frames:
        for right in frames:
            shared = min(left.y1, right.y1) - max(left.y0, right.y0)
            if left.x1 >= right.x0 or 2 * shared < min(left.y1 - left.y0, right.y1 - right.y0):
                continue
            x = (left.x1 + right.x0) / 2
            inside = [[word for word in words if frame.holds(word.place)] for frame in (left, right)]
            if all(_has_names(part, measures) for part in inside) and not _crossed(words, x, left, right):
                return x
    return None


def _crossed(words: Sequence[Word], x: float, *boxes: Box) -> bool:
    both = covering(boxes)
    return any(word.place.x0 < x < word.place.x1 and both.holds(word.place) for word in words)


def _has_names(words: Sequence[Word], measures: Measures) -> bool:
    """Whether words are a table of their own: lines of several columns, the first of which is mostly no values."""
    pieces = _pieces(words, measures)
    firsts = [piece for row in pieces for piece in row if piece.first == 0]
    several = sum(len(row) > 1 for row in pieces)
    names = sum(not is_value(piece.text) for piece in firsts)
    return several >= 2 and len(firsts) > 2 and names >= PARAMETERS.most * len(firsts)


def _pieces(words: Sequence[Word], measures: Measures) -> list[list[Piece]]:
    lines = make_lines(words)
    divides = find_divides(lines, measures)
    return [cut(line, divides, measures) for line in lines]


def _gutter(words: Sequence[Word], measures: Measures, pixels: ByteArray) -> float | None:
    """Where a broad blank parts two tables without ruling lines that end there."""
    lines = make_lines(words)
    divides = find_divides(lines, measures)
    for divide in divides if len(divides) > 2 else ():
        others = [other.width for other in divides if other is not divide]
        if divide.width < max(PARAMETERS.lone_blank * measures.height, PARAMETERS.jump * max(others)):
            continue
        sides = [
            [word for word in words if word.place.x1 <= divide.x],
            [word for word in words if word.place.x0 >= divide.x],
        ]
        whole = len(sides[0]) + len(sides[1]) == len(words)
        if (
            whole
            and all(_has_names(side, measures) for side in sides)
            and (_are_strangers(sides, lines, divide, measures) or _grounds_end(sides, measures, pixels))
        ):
            return divide.x
    return None


def _are_strangers(sides: Sequence[Sequence[Word]], lines: Sequence[Line], divide: Divide, measures: Measures) -> bool:
    """Whether both sides have the same heads, or mostly lines of their own."""
    heads = [{normalised(piece.text) for piece in _pieces(side, measures)[0]} for side in sides]
    same = heads[0] & heads[1]
    if len(same) > 1 and len(same) >= PARAMETERS.most * max(map(len, heads)):
        return True
    over = sum(line.box.x0 < divide.x < line.box.x1 for line in lines)
    return over < len(lines) / 2


def _grounds_end(sides: Sequence[Sequence[Word]], measures: Measures, pixels: ByteArray) -> bool:
    """Whether rows on both sides have grounds or ruling lines that reach beyond their words and end in the blank."""
    left, right = (around(side) for side in sides)
    rim = round(PARAMETERS.slack * measures.height)
    rows = pixels[max(left.y0, right.y0) : min(left.y1, right.y1)].astype(np.int16)
    places = left.x1 + rim, (left.x1 + right.x0) // 2, right.x0 - rim
    beside, blank, other = (float(np.ptp(rows[:, x], axis=0).max()) if len(rows) else 0.0 for x in places)
    return blank <= PARAMETERS.ground_levels < min(beside, other)


# ---------------------------------------------------------------- over a page break


def goes_on(before: Table, upper: Page, after: Table, lower: Page) -> bool:
    """Whether a table runs on at the top of the next page: the same columns, and little beside it at the break."""
    if not after.cells or before.shape[1] != after.shape[1] or not may_go_on(before, upper):
        return False
    top = min(box.y0 for box in _places(after, lower))
    header = [word for word in lower.words if word.place.y1 <= top]
    if top > (1 - PARAMETERS.break_room) * lower.frame.size[1] or len(make_lines(header)) > PARAMETERS.break_lines:
        return False
    if after.header_rows and _head(after) == _head(before):
        return True
    if after.title is not None:
        return False
    columns = zip(_extents(before, upper), _extents(after, lower), strict=True)
    shared = [min(a[1], b[1]) > max(a[0], b[0]) for a, b in columns]
    return sum(shared) >= PARAMETERS.nearly_all * len(shared)


def may_go_on(table: Table, page: Page) -> bool:
    """Whether a table ends low on its page, with no more than a footer below it."""
    bottom = max(box.y1 for box in _places(table, page))
    footer = [word for word in page.words if word.place.y0 >= bottom]
    low = bottom >= PARAMETERS.break_room * page.frame.size[1]
    return low and len(make_lines(footer)) <= PARAMETERS.break_lines


def joined(before: Table, after: Table) -> Table:
    """A table and what of it stands on the next page: without a repeated head, and without sums carried over."""
    head = after.header_rows if _head(after) == _head(before) else 0
    first = [cell for cell in after.cells if cell.row >= head]
    kept, carried = _without_carried(list(before.cells), last=True)
    more, brought = _without_carried(first, last=False)
    start = max(cell.row + cell.row_span for cell in kept)
    offset = start - min((cell.row for cell in more), default=0)
    said = [f"Carried over at a page break: {' '.join(cell.text for cell in row)}" for row in (carried, brought) if row]
    return replace(
        before,
        cells=(*kept, *(replace(cell, row=cell.row + offset) for cell in more)),
        notes=(*before.notes, *after.notes, *said),
    )


def _head(table: Table) -> list[str]:
    return [normalised(table.header(column)) for column in range(table.shape[1])]


def _places(table: Table, page: Page) -> list[Box]:
    placed = [one.box for cell in table.cells for one in cell.evidence if one.page == page.number and one.box]
    return [page.frame.to_straight(box) for box in placed] or [Box(x0=0, y0=0, x1=1, y1=1)]


def _extents(table: Table, page: Page) -> list[tuple[float, float]]:
    """Where each column begins and ends, in shares of the page's width."""
    width = page.frame.size[0]
    found: list[tuple[float, float]] = []
    for column in range(table.shape[1]):
        cells = [cell for cell in table.cells if cell.column == column and cell.column_span == 1]
        placed = [one.box for cell in cells for one in cell.evidence if one.page == page.number and one.box]
        boxes = [page.frame.to_straight(box) for box in placed]
        found.append((min(b.x0 for b in boxes) / width, max(b.x1 for b in boxes) / width) if boxes else (0.0, 1.0))
    return found


def _without_carried(cells: list[Cell], *, last: bool) -> tuple[list[Cell], list[Cell]]:
    """The cells without a last (or first) row that only carries a sum over the break, and that row's cells."""
    if not cells:
        return cells, []
    at = max(cell.row for cell in cells) if last else min(cell.row for cell in cells)
    row = [cell for cell in cells if cell.row == at]
    if len(row) == len(cells) or not any(_CARRIED.fullmatch(cell.text.strip(" .:")) for cell in row):
        return cells, []
    return [cell for cell in cells if cell.row != at], row
