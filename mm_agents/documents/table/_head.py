"""The head of a table: which columns a title stands over, which rows it fills, and how many rows are head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mm_agents.documents.table._borders import Separator
from mm_agents.documents.table._cells import Draft
from mm_agents.documents.table._lines import Line, Measures
from mm_agents.documents.table._pieces import Piece, aligned, by_column, is_value
from mm_agents.types import Box

Extents = dict[int, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where the texts of columns begin and end, the boxes in each, and where columns themselves begin and end."""

    extents: Extents
    steady: dict[int, list[Box]]
    edges: Sequence[float]

    @property
    def number(self) -> int:
        return len(self.edges) - 1


def widen(
    lines: Sequence[Line],
    pieces: Sequence[list[Piece]],
    head: int,
    separators: Sequence[Separator],
    measures: Measures,
    edges: Sequence[float],
) -> list[list[Piece]]:
    """Titles that stand over several columns made to span them.

    In the head, those with a ruling line of their own beneath, and those centred over several columns of the line
    below. In the body, lines of but one piece that is centred over the columns: they head a section.
    """
    extents, steady = _extents(pieces), by_column(pieces)
    table = _Columns(extents=extents, steady=steady, edges=edges)
    columns = table.number
    widened: list[list[Piece]] = []
    for n, row in enumerate(pieces):
        if n + 1 < head:
            beneath = [s for s in separators if lines[n].middle < s.y < lines[n + 1].middle]
            widened.append(_over_rulings(row, beneath, extents, columns))
            below = max(pieces[n + 1 : head], key=len)
            widened[-1] = _over_columns(widened[-1], below, table, measures)
        elif n >= max(head, 1) and len(row) == 1 and row[0].last > 0:
            widened.append([_centred(row[0], extents, steady, measures, columns)])
        else:
            widened.append(row)
    return widened


def deepen(cells: Sequence[Draft], head: int) -> list[Draft]:
    """Titles of columns that have but one, in a head of several rows, made to fill all of them."""
    if head < 2:
        return list(cells)
    top = [cell for cell in cells if cell.row < head]
    taken = {
        (cell.row + r, cell.column + c) for cell in top for r in range(cell.row_span) for c in range(cell.column_span)
    }
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
    """How many rows are head.

    Args:
        cells: of the table.
        marked: how many rows stand above the first ruling line across, or on a ground of their own; 0 if none.
    """
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


def _extents(pieces: Sequence[Sequence[Piece]]) -> Extents:
    found: Extents = {}
    for row in pieces:
        for piece in row:
            if piece.first == piece.last:
                box = piece.box
                x0, x1 = found.get(piece.first, (box.x0, box.x1))
                found[piece.first] = (min(x0, box.x0), max(x1, box.x1))
    return found


def _free(row: Sequence[Piece], piece: Piece, columns: int) -> tuple[int, int]:
    """The first and last column that a piece may span without reaching its neighbours."""
    low = max((other.last + 1 for other in row if other.last < piece.first), default=0)
    high = min((other.first - 1 for other in row if other.first > piece.last), default=columns - 1)
    return low, high


def _over_rulings(row: Sequence[Piece], beneath: Sequence[Separator], extents: Extents, columns: int) -> list[Piece]:
    found: list[Piece] = []
    for piece in row:
        middle = (piece.box.x0 + piece.box.x1) / 2
        low, high = _free(row, piece, columns)
        ruled = next((s for one in beneath for s in one.stretches if s[0] <= middle <= s[1]), None)
        if ruled:
            under = [c for c, (x0, x1) in extents.items() if ruled[0] <= (x0 + x1) / 2 <= ruled[1] and low <= c <= high]
            if under:
                piece = replace(piece, first=min(*under, piece.first), last=max(*under, piece.last))
        found.append(piece)
    return found


def _over_columns(row: Sequence[Piece], below: Sequence[Piece], columns: _Columns, measures: Measures) -> list[Piece]:
    """Titles centred over several columns of the line below that have none of their own.

    One that stands over a column of its own may be the first line of a longer title; where others of its line span
    columns, so does it, if it is centred over its neighbours too.
    """
    sure = [_spanned(piece, row, below, columns, measures) for piece in row]
    if not any(span for span in sure):
        return list(row)
    found: list[Piece] = []
    for piece, span in zip(row, sure, strict=True):
        span = span or _spanned(piece, row, below, columns, measures, among=True)
        found.append(replace(piece, first=span[0], last=span[1]) if span else piece)
    return found


def _spanned(
    piece: Piece,
    row: Sequence[Piece],
    below: Sequence[Piece],
    columns: _Columns,
    measures: Measures,
    *,
    among: bool = False,
) -> tuple[int, int] | None:
    """The first and last column that a title is centred over; None where it stands over its own alone.

    Args:
        piece: of the line.
        row: the line.
        below: the line of the head that has most pieces.
        columns: of the table.
        measures: of its print.
        among: whether others of the line span columns.
    """
    least = 2
    low, high = _free(row, piece, columns.number)
    under = [other for other in below if low <= other.first and other.last <= high]
    own = [other for other in under if other.first <= piece.last and piece.first <= other.last]
    middle = (piece.box.x0 + piece.box.x1) / 2
    if piece.first == piece.last and own:
        over_own = abs((own[0].box.x0 + own[-1].box.x1) / 2 - middle) <= 0.5 * measures.height
        if not among and (over_own or aligned(piece.box, columns.steady.get(piece.first, []), measures)):
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
            if away <= max(1.2 * measures.height, 0.12 * width) and (best is None or away < best[0]):
                best = (away, first, last)
    return best[1:] if best else None


def _away(middle: float, group: Sequence[Piece], columns: _Columns) -> tuple[float, float]:
    """How far a place is from the middle of others, or of the columns that they stand in; and how wide those are."""
    extents = columns.extents
    spans = [extents[c] for other in group for c in range(other.first, other.last + 1) if c in extents]
    spans = spans or [(float(other.box.x0), float(other.box.x1)) for other in group]
    low, high = min(x0 for x0, _ in spans), max(x1 for _, x1 in spans)
    texts = (min(other.box.x0 for other in group) + max(other.box.x1 for other in group)) / 2
    whole = (columns.edges[group[0].first] + columns.edges[group[-1].last + 1]) / 2
    return min(abs(middle - x) for x in (texts, (low + high) / 2, whole)), high - low


def _centred(piece: Piece, extents: Extents, steady: dict[int, list[Box]], measures: Measures, columns: int) -> Piece:
    if piece.first == piece.last and aligned(piece.box, steady.get(piece.first, []), measures):
        return piece
    middle = (piece.box.x0 + piece.box.x1) / 2
    near = 2.0 * measures.height
    for first in (1, 0):
        spanned = [extents[c] for c in range(first, columns) if c in extents]
        if len(spanned) < 2 or first > piece.first:
            continue
        if abs((min(x0 for x0, _ in spanned) + max(x1 for _, x1 in spanned)) / 2 - middle) <= near:
            return replace(piece, first=first, last=columns - 1)
    return piece
