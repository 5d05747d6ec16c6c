"""Which lines make one row: told by ruling lines, by the blanks between lines, and by how a text goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from mm_agents.documents.table._lines import Line, Measures
from mm_agents.documents.table._pieces import Piece, is_value

_OPEN_END = re.compile(r"(?:[-–,&/(]|\b(?:and|or|of|in|the|to|by|for|with|per|from|on|at|a))$", re.IGNORECASE)
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

    def distance(self, n: int) -> float:
        """From the line above to this one, in pixels."""
        return self.lines[n].middle - self.lines[n - 1].middle


def group_lines(body: Body, *, header: int = 0) -> list[list[int]]:
    """The lines of each row, as numbers.

    Args:
        body: the lines.
        header: how many of them make up the head of the table; their rows are told otherwise.
    """
    leading = _leading(body)
    lower = _starts_low(body)
    groups: list[list[int]] = []
    for n in range(len(body.lines)):
        if (
            groups
            and n != header
            and not body.barriers[n]
            and _same_row(body, groups[-1], n, leading, lower, n < header)
        ):
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def _same_row(body: Body, group: list[int], n: int, leading: float, lower: bool, head: bool) -> bool:
    distance = body.distance(n)
    if distance > 1.3 * leading:
        return False
    before = {column for k in group for piece in body.pieces[k] for column in range(piece.first, piece.last + 1)}
    here = {column for piece in body.pieces[n] for column in range(piece.first, piece.last + 1)}
    if distance < 0.75 * leading:
        return True
    if head:
        return _head_goes_on(body, group, n)
    pairs = [(above, piece) for piece in body.pieces[n] if (above := _above(body, group, piece)) is not None]
    if any(is_value(above.text) and is_value(piece.text) for above, piece in pairs):
        return False
    goes_on = [_continues(body, above, piece, lower) for above, piece in pairs]
    if here <= before:
        if not pairs or any(is_value(piece.text) for _, piece in pairs):
            return False
        if 0 in here and here != before and len(here) > 1:
            return all(goes_on)
        if here == {0}:
            return all(goes_on) and not _heads_a_section(body, group, n)
        return sum(goes_on) * 2 >= len(goes_on) if 0 not in here else all(goes_on)
    # A label of several lines whose values stand on its last one.
    return before == {0} and 0 in here and bool(goes_on) and all(goes_on) and _low(pairs[0][1].text, lower)


def _head_goes_on(body: Body, group: list[int], n: int) -> bool:
    """Whether a line of the head belongs to the row above: nothing there spans what is divided here."""
    for k in group:
        for piece in body.pieces[k]:
            under = [other for other in body.pieces[n] if piece.first <= other.first and other.last <= piece.last]
            if piece.last > piece.first and len(under) > 1:
                return False
    return True


def _above(body: Body, group: Sequence[int], piece: Piece) -> Piece | None:
    """The last piece of the row so far in the same columns."""
    for k in reversed(group):
        for other in body.pieces[k]:
            if other.first <= piece.first <= other.last or piece.first <= other.first <= piece.last:
                return other
    return None


def _continues(body: Body, above: Piece, piece: Piece, lower: bool) -> bool:
    """Whether a piece reads on from the one above: it starts low or the other ends open, or had no room there."""
    if _low(piece.text, lower) or _OPEN_END.search(above.text):
        return True
    word = piece.words[0].place
    room = body.widths.get(piece.first, 0.0)
    return above.width + body.measures.space + (word.x1 - word.x0) > 0.98 * room


def _low(text: str, lower: bool) -> bool:
    return not lower and bool(_GOES_ON.match(text))


def _heads_a_section(body: Body, group: Sequence[int], n: int) -> bool:
    """Whether a lone label stands over the rows that follow: it is further out than what is above or below."""
    here = body.pieces[n][0].box.x0
    near = 0.7 * body.measures.height
    above = [piece.box.x0 for piece in body.pieces[group[0]] if piece.first == 0]
    below = [piece.box.x0 for piece in body.pieces[n + 1] if piece.first == 0] if n + 1 < len(body.lines) else []
    if above and here < above[0] - near:
        return True
    return bool(below) and here < below[0] - near and not (above and here > above[0] + near)


def _leading(body: Body) -> float:
    """From one line of a text to the next, in pixels: a small distance between pieces of one column."""
    last: dict[int, float] = {}
    found: list[float] = []
    for line, pieces in zip(body.lines, body.pieces, strict=True):
        for piece in pieces:
            if piece.first in last:
                found.append(line.middle - last[piece.first])
            last[piece.first] = line.middle
    height = body.measures.height
    found = [distance for distance in found if 1.15 * height < distance < 2.4 * height]
    return float(np.percentile(found, 15)) if found else 1.8 * height


def _starts_low(body: Body) -> bool:
    """Whether the table's texts mostly start with a small letter, so that one tells nothing."""
    first = [piece.text for pieces in body.pieces for piece in pieces if re.match(r"[^\W\d_]", piece.text)]
    labels = [
        pieces[0].text for pieces in body.pieces if pieces[0].first == 0 and re.match(r"[^\W\d_]", pieces[0].text)
    ]
    texts = labels or first
    return bool(texts) and median(text[0].islower() for text in texts) > 0.5
