"""Rows and columns of a table, and which words stand in which cell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mm_agents.documents.table._borders import (
    Separator,
    find_separators,
    head_by_titles,
    head_lines,
    parts,
    ruled_columns,
)
from mm_agents.documents.table._cells import Draft, compact, settled
from mm_agents.documents.table._columns import Divide, find_divides
from mm_agents.documents.table._head import deepen, head_rows, widen
from mm_agents.documents.table._lines import Line, Measures, around
from mm_agents.documents.table._pieces import Piece, cut, is_value, join_labels, part_again, without_sign_columns
from mm_agents.documents.table._rows import Body, group_lines, head_by_values
from mm_agents.documents.table._rulings import Rulings
from mm_agents.types import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The cells of a table, how many of its rows are head, whether ruling lines told rows or columns, its box."""

    cells: tuple[Draft, ...]
    head_rows: int
    ruled: bool
    box: Box


def make_grid(lines: Sequence[Line], rulings: Rulings, measures: Measures, barriers: Sequence[bool]) -> Grid:
    """Find rows, columns and cells.

    Args:
        lines: those of the table, at least one.
        rulings: of the page.
        measures: of the print.
        barriers: for each line, whether its ground has another colour than that of the line above.
    """
    box = around(word for line in lines for word in line.words)
    separators = find_separators(rulings.horizontal, box, measures)
    ruled = ruled_columns(rulings.vertical, lines, box, measures)
    divides = find_divides(lines, measures, ruled, strict=len(ruled) >= 2)
    divides = without_sign_columns(divides, [cut(line, divides, measures) for line in lines])
    pieces = part_again([cut(line, divides, measures, ruled) for line in lines], divides, measures)
    head = head_lines(lines, separators, box, barriers)
    if not head:
        head = head_by_values(Body(lines=lines, pieces=pieces, barriers=barriers, measures=measures))
    head = head or head_by_titles(lines, separators, divides, box)
    pieces = join_labels(pieces, head, measures)
    left = max((divide.x for divide in ruled if divide.x < box.x0), default=float(box.x0))
    right = min((divide.x for divide in ruled if divide.x > box.x1), default=float(box.x1))
    edges = [left, *(divide.x for divide in divides), right]
    pieces = widen(lines, pieces, head, separators, measures, edges)
    between = [
        n > 0 and any(parts(separator, lines[n - 1], lines[n], box) for separator in separators)
        for n in range(len(lines))
    ]
    body = Body(
        lines=lines,
        pieces=pieces,
        barriers=[a or b for a, b in zip(between, barriers, strict=True)],
        measures=measures,
    )
    groups = group_lines(body, header=head)
    bands = _bands(lines, separators, box)
    several = _several(bands, groups, pieces)
    ruled_rows = several is not None
    if several is not None:
        # A band that is all head has but the rows that titles over several columns part.
        heads = [band for band in bands if max(band) < head and band not in several]
        parted = [*separators, *_between([*heads, *several], groups, lines, box)]
        cells = _ruled_cells(pieces, parted, divides, box)
    else:
        cells = [
            Draft(row=row, column=piece.first, column_span=piece.last - piece.first + 1, lines=(piece.words,))
            for row, group in enumerate(groups)
            for n in group
            for piece in pieces[n]
        ]
    return _finished(cells, lines[:head], ruled=ruled_rows or bool(ruled), box=box)


def _finished(cells: Sequence[Draft], head: Sequence[Line], *, ruled: bool, box: Box) -> Grid:
    whole = compact(settled(cells))
    words = {word for line in head for word in line.words}
    marked = max((cell.row + 1 for cell in whole if words.intersection(cell.words)), default=0)
    rows = head_rows(whole, marked)
    return Grid(cells=tuple(compact(settled(deepen(whole, rows)))), head_rows=rows, ruled=ruled, box=box)


# ---------------------------------------------------------------- rows by ruling lines


def _bands(lines: Sequence[Line], separators: Sequence[Separator], box: Box) -> list[list[int]]:
    """The lines between two ruling lines that each run along at least half of the table."""
    heights = [separator.y for separator in separators if separator.covers(box.x0, box.x1) >= 0.5]
    found: dict[int, list[int]] = {}
    for n, line in enumerate(lines):
        found.setdefault(sum(y < line.middle for y in heights), []).append(n)
    return list(found.values())


def _several(
    bands: Sequence[Sequence[int]], groups: Sequence[Sequence[int]], pieces: Sequence[Sequence[Piece]]
) -> list[Sequence[int]] | None:
    """The bands that hold several rows, where ruling lines part all others; None where they do not part the rows.

    Many bands without a number under a number in them part the rows, whatever their texts look like; with few, hardly
    any may hold several labels.
    """
    numbers = [band for band in bands if _stacks_values(band, pieces)]
    if len(bands) >= 5 and len(numbers) <= 0.2 * len(bands):
        return list(numbers)
    several = [band for band in bands if band in numbers or _holds_labels(band, groups, pieces)]
    total = sum(len(band) for band in bands)
    few = len(several) < 0.3 * len(bands) and sum(len(band) for band in several) <= 0.5 * total
    return list(several) if len(bands) >= 3 and few else None


def _stacks_values(band: Sequence[int], pieces: Sequence[Sequence[Piece]]) -> bool:
    values = Counter(piece.first for n in band for piece in pieces[n] if is_value(piece.text))
    return max(values.values(), default=0) > 1


def _holds_labels(band: Sequence[int], groups: Sequence[Sequence[int]], pieces: Sequence[Sequence[Piece]]) -> bool:
    inside = [[piece for n in group if n in band for piece in pieces[n]] for group in groups]
    return sum(any(piece.first == 0 for piece in group) for group in inside) > 1


def _between(
    several: Sequence[Sequence[int]], groups: Sequence[Sequence[int]], lines: Sequence[Line], box: Box
) -> list[Separator]:
    """What parts the rows where ruling lines do not, as if it were one."""
    found: list[Separator] = []
    for band in several:
        inside = [[n for n in group if n in band] for group in groups]
        inside = [group for group in inside if group]
        for above, below in pairwise(inside):
            y = (lines[above[-1]].middle + lines[below[0]].middle) / 2
            found.append(Separator(y=y, stretches=((float(box.x0), float(box.x1)),)))
    return found


def _ruled_cells(
    pieces: Sequence[Sequence[Piece]],
    separators: Sequence[Separator],
    divides: Sequence[Divide],
    box: Box,
) -> list[Draft]:
    """Cells between ruling lines; one that stops short of a column leaves the cell there open."""
    edges = [float(box.x0), *(divide.x for divide in divides), float(box.x1)]
    columns = list(pairwise(edges))
    borders = [
        [separator.y for separator in separators if separator.covers(start, end) >= 0.7] for start, end in columns
    ]
    # Two lines that no word lies between are one, drawn a little apart.
    middles = sorted((piece.box.y0 + piece.box.y1) / 2 for row in pieces for piece in row)
    levels = sorted({bisect_left(middles, y) for border in borders for y in border})
    found: list[Draft] = []
    for row in pieces:
        for piece in row:
            middle = (piece.box.y0 + piece.box.y1) / 2
            above = max((y for y in borders[piece.first] if y < middle), default=-np.inf)
            below = min((y for y in borders[piece.first] if y >= middle), default=np.inf)
            first = bisect_right(levels, bisect_left(middles, above))
            last = bisect_left(levels, bisect_left(middles, below))
            found.append(
                Draft(
                    row=first,
                    column=piece.first,
                    row_span=max(1, last - first + 1),
                    column_span=piece.last - piece.first + 1,
                    lines=(piece.words,),
                )
            )
    return found
