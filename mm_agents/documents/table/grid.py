"""The grid of a table: its header rows, and which cell each piece of text belongs to."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise, product

import numpy as np

from mm_agents.documents.table.lines import (
    Divide,
    Line,
    Measures,
    Piece,
    aligned,
    around,
    by_column,
    cut,
    find_divides,
    is_value,
    join_labels,
    without_sign_columns,
)
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.region import (
    Rulings,
    Separator,
    find_separators,
    head_by_titles,
    head_lines,
    parts,
    ruled_columns,
)
from mm_agents.types import Box, Word


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

    @property
    def places(self) -> list[tuple[int, int]]:
        """The rows and columns that it fills."""
        rows, columns = range(self.row, self.row + self.row_span), range(self.column, self.column + self.column_span)
        return list(product(rows, columns))


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
        replace(
            cell,
            row=rows.index(cell.row),
            column=columns.index(cell.column),
            row_span=sum(cell.row <= row < cell.row + cell.row_span for row in rows),
            column_span=sum(cell.column <= column < cell.column + cell.column_span for column in columns),
        )
        for cell in cells
    ]


def _from_the_top(lines: Sequence[tuple[Word, ...]]) -> tuple[tuple[Word, ...], ...]:
    boxes = {line: around(line) for line in lines}
    return tuple(sorted(lines, key=lambda line: (boxes[line].y0 + boxes[line].y1, boxes[line].x0)))


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """The boxes of the texts in each column, where columns begin and end, and the measures of the print."""

    boxes: dict[int, list[Box]]
    edges: Sequence[float]
    measures: Measures

    @property
    def number(self) -> int:
        return len(self.edges) - 1

    @cached_property
    def extents(self) -> dict[int, tuple[int, int]]:
        """Where the texts of each column begin and end."""
        return {column: (min(b.x0 for b in boxes), max(b.x1 for b in boxes)) for column, boxes in self.boxes.items()}

    def aligns(self, piece: Piece) -> bool:
        """Whether a piece is aligned with the texts of its first column."""
        return aligned(piece.box, self.boxes.get(piece.first, []), self.measures)


def widen(pieces: Sequence[list[Piece]], head: int, measures: Measures, edges: Sequence[float]) -> list[list[Piece]]:
    """Titles that stand over several columns made to span them.

    In the head, those centred over several columns of the line below. In the body, lines of a single piece that is
    centred over the columns: they head a section.
    """
    columns = _Columns(boxes=by_column(pieces), edges=edges, measures=measures)
    widened: list[list[Piece]] = []
    for n, row in enumerate(pieces):
        if n + 1 < head:
            widened.append(_over_columns(row, max(pieces[n + 1 : head], key=len), columns))
        elif n >= max(head, 1) and len(row) == 1 and row[0].last > 0:
            widened.append([_centred(row[0], columns)])
        else:
            widened.append(row)
    return widened


def deepen(cells: Sequence[Draft], head: int) -> list[Draft]:
    """The only titles of their columns, in a head of several rows, made to fill all of them."""
    if head < 2:
        return list(cells)
    taken = {place for cell in cells if cell.row < head for place in cell.places}
    found: list[Draft] = []
    for cell in cells:
        places = range(cell.column, cell.column + cell.column_span)
        if cell.row < head:
            first, end = cell.row, min(cell.row + cell.row_span, head)
            while first > 0 and not any((first - 1, c) in taken for c in places):
                first -= 1
            while end < head and not any((end, c) in taken for c in places):
                end += 1
            if first == 0 and end == head:
                cell = replace(cell, row=0, row_span=max(head, cell.row_span))
        found.append(cell)
    return found


def head_rows(cells: Sequence[Draft], marked: int) -> int:
    """How many rows are head, of which ``marked`` stand above a ruling line across, or on a ground of their own."""
    rows = max((cell.row + cell.row_span for cell in cells), default=0)
    if marked:
        return min(marked, max(rows - 1, 0))
    texts: dict[int, list[str]] = {}
    for cell in cells:
        texts.setdefault(cell.row, []).append(" ".join(word.text for word in cell.words))
    columns = max((cell.column + cell.column_span for cell in cells), default=0)
    first = texts.get(0, [])
    if rows < 2 or columns < 2 or len(first) < 2 or any(is_value(text) for text in first[1:] if not _is_year(text)):
        return 0
    below = [text for row in range(1, rows) for text in texts.get(row, [])]
    return 1 if any(is_value(text) for text in below) or len(first) == columns else 0


def _is_year(text: str) -> bool:
    digits = "".join(character for character in text if character.isdigit())
    return len(digits) >= 4 and digits[:2] in ("19", "20")


def _free(row: Sequence[Piece], piece: Piece, columns: int) -> tuple[int, int]:
    """The first and last column that a piece may span without reaching its neighbours."""
    low = max((other.last + 1 for other in row if other.last < piece.first), default=0)
    high = min((other.first - 1 for other in row if other.first > piece.last), default=columns - 1)
    return low, high


def _over_columns(row: Sequence[Piece], below: Sequence[Piece], columns: _Columns) -> list[Piece]:
    """Titles centred over several columns of the line below that have none of their own.

    One that stands over a column of its own may be the first line of a longer title; where others of its line span
    columns, so does it, if it is centred over its neighbours too.
    """
    sure = [_spanned(piece, row, below, columns) for piece in row]
    if not any(span for span in sure):
        return list(row)
    found: list[Piece] = []
    for piece, span in zip(row, sure, strict=True):
        span = span or _spanned(piece, row, below, columns, among=True)
        found.append(replace(piece, first=span[0], last=span[1]) if span else piece)
    return found


def _spanned(
    piece: Piece, row: Sequence[Piece], below: Sequence[Piece], columns: _Columns, *, among: bool = False
) -> tuple[int, int] | None:
    """The first and last column that a title is centred over; None where it stands over its own alone."""
    least = 2
    low, high = _free(row, piece, columns.number)
    under = [other for other in below if low <= other.first and other.last <= high]
    own = [other for other in under if other.first <= piece.last and piece.first <= other.last]
    middle = (piece.box.x0 + piece.box.x1) / 2
    if piece.first == piece.last and own:
        over_own = abs((own[0].box.x0 + own[-1].box.x1) / 2 - middle) <= columns.measures.height / 2
        if not among and (over_own or columns.aligns(piece)):
            return None
        least = 3 if over_own else 2
    best: tuple[float, int, int] | None = None
    for a in range(len(under)):
        for b in range(a + least - 1, len(under)):
            first, last = under[a].first, under[b].last
            whole = sum(other.last - other.first + 1 for other in under[a : b + 1]) == last - first + 1
            if not (whole and first <= piece.first and piece.last <= last):
                continue
            away, width = _away(middle, under[a : b + 1], columns)
            near = max(PARAMETERS.centred * columns.measures.height, PARAMETERS.few * width)
            if away <= near and (best is None or away < best[0]):
                best = (away, first, last)
    return best[1:] if best else None


def _away(middle: float, group: Sequence[Piece], columns: _Columns) -> tuple[float, float]:
    """How far a place is from the middle of others, or of the columns that they are in; and how wide those are."""
    extents = columns.extents
    spans = [extents[c] for other in group for c in range(other.first, other.last + 1) if c in extents]
    spans = spans or [(other.box.x0, other.box.x1) for other in group]
    low, high = min(x0 for x0, _ in spans), max(x1 for _, x1 in spans)
    texts = (min(other.box.x0 for other in group) + max(other.box.x1 for other in group)) / 2
    whole = (columns.edges[group[0].first] + columns.edges[group[-1].last + 1]) / 2
    return min(abs(middle - x) for x in (texts, (low + high) / 2, whole)), high - low


def _centred(piece: Piece, columns: _Columns) -> Piece:
    if piece.first == piece.last and columns.aligns(piece):
        return piece
    middle = (piece.box.x0 + piece.box.x1) / 2
    near = PARAMETERS.centred * columns.measures.height
    for first in (1, 0):
        spanned = [columns.extents[c] for c in range(first, columns.number) if c in columns.extents]
        if len(spanned) < 2 or first > piece.first:
            continue
        if abs((min(x0 for x0, _ in spanned) + max(x1 for _, x1 in spanned)) / 2 - middle) <= near:
            return replace(piece, first=first, last=columns.number - 1)
    return piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The cells of a table, how many of its rows are head, and whether ruling lines part rows or columns."""

    cells: tuple[Draft, ...]
    head_rows: int
    ruled: bool


def make_grid(lines: Sequence[Line], rulings: Rulings, measures: Measures, barriers: Sequence[bool]) -> Grid:
    """Find rows, columns and cells; ``barriers`` says which lines stand on another ground than the one above."""
    box = around(word for line in lines for word in line.words)
    separators = find_separators(rulings.horizontal, box, measures)
    ruled = ruled_columns(rulings.vertical, lines, box, measures)
    divides = find_divides(lines, measures, ruled, strict=len(ruled) >= 2)
    divides = without_sign_columns(divides, [cut(line, divides, measures) for line in lines])
    pieces = [cut(line, divides, measures) for line in lines]
    head = head_lines(lines, separators, box, barriers)
    if not head:
        head = head_by_values(Body(lines=lines, pieces=pieces, barriers=barriers, measures=measures))
    head = head or head_by_titles(lines, separators, divides, box)
    pieces = join_labels(pieces, head, measures)
    left = max((divide.x for divide in ruled if divide.x < box.x0), default=float(box.x0))
    right = min((divide.x for divide in ruled if divide.x > box.x1), default=float(box.x1))
    edges = [left, *(divide.x for divide in divides), right]
    pieces = widen(pieces, head, measures, edges)
    parted = [False, *(any(parts(one, *pair, box) for one in separators) for pair in pairwise(lines))]
    barriers = [a or b for a, b in zip(parted, barriers, strict=True)]
    groups = group_lines(Body(lines=lines, pieces=pieces, barriers=barriers, measures=measures), header=head)
    bands = _bands(lines, separators, box)
    several = _several(bands, groups, pieces)
    if several is not None:
        # A band that is all head has only the rows that titles over several columns part.
        heads = [band for band in bands if max(band) < head and band not in several]
        between = _between([*heads, *several], groups, lines, box)
        cells = _ruled_cells(pieces, [*separators, *between], divides, box)
    else:
        cells = [
            Draft(row=row, column=piece.first, column_span=piece.last - piece.first + 1, lines=(piece.words,))
            for row, group in enumerate(groups)
            for n in group
            for piece in pieces[n]
        ]
    return _finished(cells, lines[:head], ruled=several is not None or bool(ruled))


def _finished(cells: Sequence[Draft], head: Sequence[Line], *, ruled: bool) -> Grid:
    whole = compact(settled(cells))
    words = {word for line in head for word in line.words}
    marked = max((cell.row + 1 for cell in whole if words.intersection(cell.words)), default=0)
    rows = head_rows(whole, marked)
    return Grid(cells=tuple(compact(settled(deepen(whole, rows)))), head_rows=rows, ruled=ruled)


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
    if len(bands) >= 5 and len(numbers) <= PARAMETERS.few * len(bands):
        return list(numbers)
    several = [band for band in bands if band in numbers or _holds_labels(band, groups, pieces)]
    total = sum(len(band) for band in bands)
    few = len(several) < PARAMETERS.most_beside * len(bands) and sum(len(band) for band in several) <= total / 2
    return list(several) if len(bands) >= 3 and few else None


def _stacks_values(band: Sequence[int], pieces: Sequence[Sequence[Piece]]) -> bool:
    """Whether half of the columns that hold values in a band hold several, none of which goes on the one above."""
    last: dict[int, Piece] = {}
    stacked: set[int] = set()
    for piece in (piece for n in band for piece in pieces[n] if is_value(piece.text)):
        if piece.first in last and _parts_values(last[piece.first], piece):
            stacked.add(piece.first)
        last[piece.first] = piece
    return bool(stacked) and 2 * len(stacked) >= len(last)


def _holds_labels(band: Sequence[int], groups: Sequence[Sequence[int]], pieces: Sequence[Sequence[Piece]]) -> bool:
    inside = [[piece for n in group if n in band for piece in pieces[n]] for group in groups]
    return sum(any(piece.first == 0 for piece in group) for group in inside) > 1


def _between(
    several: Sequence[Sequence[int]], groups: Sequence[Sequence[int]], lines: Sequence[Line], box: Box
) -> list[Separator]:
    """What parts the rows where ruling lines do not, as if it were one."""
    whole = ((float(box.x0), float(box.x1)),)
    inside = [[rows for group in groups if (rows := [n for n in group if n in band])] for band in several]
    pairs = [(lines[above[-1]], lines[below[0]]) for rows in inside for above, below in pairwise(rows)]
    return [Separator(y=(above.middle + below.middle) / 2, stretches=whole) for above, below in pairs]


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
        [separator.y for separator in separators if separator.covers(start, end) >= PARAMETERS.most]
        for start, end in columns
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


# ---------------------------------------------------------------- which lines make one row


_OPEN_END = re.compile(r"(?:[-–,&/(]|\b(?:and|or|of|in|the|to|by|for|with|per|from|on|at|a))$", re.IGNORECASE)
_YEAR = re.compile(r"(?:FY\s?)?(?:19|20)\d\d(?:\s?[-/–]\s?\d{2,4})?[*†‡]*$", re.IGNORECASE)
_GOES_ON = re.compile(r"[a-zà-ÿ(&+/]|[)\]%,;]")


@dataclass(frozen=True, kw_only=True)
class Body:
    """Lines of a table in their columns.

    Attributes:
        lines: from the top.
        pieces: of each line.
        barriers: for each line, whether something (a ruling line, a change of colour) parts it from the one above.
        measures: of the print.
    """

    lines: Sequence[Line]
    pieces: Sequence[Sequence[Piece]]
    barriers: Sequence[bool]
    measures: Measures
    widths: dict[int, float] = field(default_factory=dict[int, float])

    def __post_init__(self) -> None:
        for row in self.pieces:
            for piece in row:
                if piece.first == piece.last:
                    self.widths[piece.first] = max(self.widths.get(piece.first, 0.0), float(piece.width))

    @cached_property
    def starts_low(self) -> bool:
        """Whether the table's texts mostly start with a small letter, so that one says nothing."""
        pieces = [piece for row in self.pieces for piece in row if re.match(r"[^\W\d_]", piece.text)]
        labels = [piece.text[0] for piece in pieces if piece.first == 0]
        letters = labels or [piece.text[0] for piece in pieces]
        return bool(letters) and sum(letter.isupper() for letter in letters) < PARAMETERS.few * len(letters)

    @cached_property
    def columns(self) -> int:
        """How many columns have text."""
        return len({column for row in self.pieces for piece in row for column in range(piece.first, piece.last + 1)})

    @cached_property
    def leading(self) -> float:
        """From one line of a text to the next, in pixels: a small distance between pieces of one column."""
        last: dict[int, float] = {}
        distances: list[float] = []
        for line, row in zip(self.lines, self.pieces, strict=True):
            distances += [line.base - last[piece.first] for piece in row if piece.first in last]
            last |= {piece.first: line.base for piece in row}
        height = self.measures.height
        low, high = PARAMETERS.shortest_leading * height, PARAMETERS.longest_leading * height
        distances = [distance for distance in distances if low < distance < high]
        if not distances:
            return PARAMETERS.leading * height
        return float(np.percentile(distances, PARAMETERS.leading_percentile))

    def distance(self, n: int) -> float:
        """From the line above to this one, in pixels."""
        return self.lines[n].base - self.lines[n - 1].base


def group_lines(body: Body, *, header: int = 0) -> list[list[int]]:
    """The lines of each row, as numbers.

    Where the lines of one cell are nearer to each other than rows are, the distances tell; elsewhere the texts do.
    """
    tight = tight_distance(body, header)
    groups: list[list[int]] = []
    for n in range(len(body.lines)):
        joins = bool(groups) and n != header and not body.barriers[n]
        if joins and tight is not None and n > header and (body.distance(n) <= tight[0] or tight[1]):
            joins = body.distance(n) <= tight[0] and not _refused(body, groups[-1], n)
        elif joins:
            joins = _same_row(body, groups[-1], n, head=n < header)
        if joins:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def _refused(body: Body, group: Sequence[int], n: int) -> bool:
    """Whether a near line is a row of its own all the same: it sets a number under one, or parts what a title spans."""
    for piece in body.pieces[n]:
        above = _above(body, group, piece)
        if above is not None and _parts_values(above, piece):
            return True
    return not _head_goes_on(body, list(group), n)


def tight_distance(body: Body, header: int) -> tuple[float, bool] | None:
    """The largest distance between two lines of one row, and whether rows are clearly further apart.

    Of all distances that one is taken which sets the most texts under those that they go on, and hardly any under one
    that they do not: a number never goes on another. None where no distance does so.
    """
    distances = {body.distance(n) for n in range(header + 1, len(body.lines)) if not body.barriers[n]}
    steps = sorted(step for step in distances if step < PARAMETERS.lone_blank * body.measures.height)
    best: tuple[float, float] | None = None
    for step in steps:
        right, wrong = _stacked(body, header, step)
        worth = right - PARAMETERS.wrong_cost * wrong
        least = 0.0
        if best is not None:
            # Across a jump in the distances rows begin, unless much speaks against it.
            least = best[0] + (max(2.0, PARAMETERS.few * best[0]) if step > PARAMETERS.jump * best[1] else 0.0)
        if right and wrong <= PARAMETERS.few * (right + wrong) and worth > least:
            best = (worth, step)
    if best is None:
        return None
    above = min((step for step in distances if step > best[1]), default=float("inf"))
    clear = above >= PARAMETERS.jump * best[1]
    return best[1], clear and best[1] >= PARAMETERS.tight * body.leading


def _stacked(body: Body, header: int, step: float) -> tuple[int, int]:
    """How many pieces go on the one above them, and how many do not, where lines so near make one row."""
    right = wrong = 0
    group: list[int] = []
    for n in range(header, len(body.lines)):
        near = bool(group) and not body.barriers[n] and body.distance(n) <= step
        group = [*group, n] if near else [n]
        if near and _is_whole(body, group[:-1], n):
            wrong += len(body.pieces[n])
            continue
        for piece in body.pieces[n] if near else ():
            above = _above(body, group[:-1], piece)
            if above is None:
                continue
            goes_on = not _parts_values(above, piece) and _continues(body, above, piece)
            right, wrong = right + goes_on, wrong + (not goes_on)
    return right, wrong


def _same_row(body: Body, group: list[int], n: int, *, head: bool) -> bool:
    distance = body.distance(n)
    if distance > PARAMETERS.loose * body.leading:
        return False
    before = {column for k in group for piece in body.pieces[k] for column in range(piece.first, piece.last + 1)}
    here = {column for piece in body.pieces[n] for column in range(piece.first, piece.last + 1)}
    if head and not _head_goes_on(body, group, n):
        return False
    if distance < PARAMETERS.tight * body.leading:
        return True
    if head:
        return here != {0} or before == {0} or _stub_goes_on(body, group, n)
    if _is_whole(body, group, n):
        return False
    pairs = [(above, piece) for piece in body.pieces[n] if (above := _above(body, group, piece)) is not None]
    if any(_parts_values(above, piece) for above, piece in pairs):
        return False
    goes_on = [_continues(body, above, piece) for above, piece in pairs]
    if here <= before:
        if not pairs or any(is_value(piece.text) for _, piece in pairs):
            return False
        return all(goes_on) if 0 in here else sum(goes_on) * 2 >= len(goes_on)
    # A label of several lines whose values stand on its last one.
    return before == {0} and 0 in here and bool(goes_on) and all(goes_on) and _reads_on(body, pairs[0][1])


def _is_whole(body: Body, group: Sequence[int], n: int) -> bool:
    """Whether a line fills all columns, as the one above does, and no piece of it reads on: a row of its own."""
    above = body.pieces[group[-1]]
    filled = [
        {column for piece in row for column in range(piece.first, piece.last + 1)} for row in (above, body.pieces[n])
    ]
    if min(map(len, filled)) < body.columns or body.columns < 2:
        return False
    return not any(_reads_on(body, piece) for piece in body.pieces[n]) and not any(
        _OPEN_END.search(piece.text) for piece in above
    )


def _head_goes_on(body: Body, group: list[int], n: int) -> bool:
    """Whether a line of the head belongs to the row above: nothing there spans what is divided here."""
    for k in group:
        for piece in body.pieces[k]:
            under = [other for other in body.pieces[n] if piece.first <= other.first and other.last <= piece.last]
            if piece.last > piece.first and len(under) > 1:
                return False
    return True


def _stub_goes_on(body: Body, group: Sequence[int], n: int) -> bool:
    above = _above(body, group, body.pieces[n][0])
    return above is None or _continues(body, above, body.pieces[n][0])


def head_by_values(body: Body) -> int:
    """How many lines stand above the first one with numbers; 0 where the columns hold no numbers."""

    def is_number(piece: Piece) -> bool:
        return is_value(piece.text) and not _YEAR.match(piece.text)

    counts: dict[int, list[bool]] = {}
    for piece in (piece for row in body.pieces for piece in row if piece.first == piece.last > 0):
        counts.setdefault(piece.first, []).append(is_number(piece))
    most = PARAMETERS.most
    numeric = {column for column, found in counts.items() if sum(found) >= max(2, most * len(found))}
    rows = enumerate(body.pieces)
    first = next((n for n, row in rows if any(piece.first in numeric and is_number(piece) for piece in row)), 0)
    if not 0 < first <= min(PARAMETERS.head_limit, max(1, len(body.lines) // 2)):
        return 0
    known = tight_distance(body, first)
    tight, is_clear = known or (PARAMETERS.tight * body.leading, False)
    while first > 1 and is_clear and body.distance(first) <= tight:
        first -= 1  # a number beside the middle of a text of several lines
    while first > 1 and {piece.first for piece in body.pieces[first - 1]} == {0}:
        if body.distance(first) > tight and _stub_goes_on(body, list(range(first - 1)), first - 1):
            break
        first -= 1
    return first


def _above(body: Body, group: Sequence[int], piece: Piece) -> Piece | None:
    """The last piece of the row so far in the same columns."""
    for k in reversed(group):
        for other in body.pieces[k]:
            if other.first <= piece.first <= other.last or piece.first <= other.first <= piece.last:
                return other
    return None


def _parts_values(above: Piece, piece: Piece) -> bool:
    """Whether two pieces are numbers of two rows: one under the other, of which the upper does not end open."""
    open_end = len(above.text) > 1 and _OPEN_END.search(above.text) is not None
    return is_value(above.text) and is_value(piece.text) and not open_end


def _continues(body: Body, above: Piece, piece: Piece) -> bool:
    """Whether a piece reads on from the one above: it starts low or the other ends open, or had no room there."""
    if _reads_on(body, piece) or _OPEN_END.search(above.text):
        return True
    if above.text.endswith(":"):
        return False
    word = piece.words[0].place
    room = body.widths.get(piece.first, 0.0)
    return above.width + body.measures.space + (word.x1 - word.x0) > PARAMETERS.full_line * room


def _reads_on(body: Body, piece: Piece) -> bool:
    return not body.starts_low and _GOES_ON.match(piece.text) is not None
