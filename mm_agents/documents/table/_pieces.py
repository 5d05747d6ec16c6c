"""Pieces: what of a line stands in one column, or spans several."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mm_agents.documents.table._columns import Divide
from mm_agents.documents.table._lines import Line, Measures, around, plain
from mm_agents.types import Box, Word

_SIGNS = frozenset("- – — − . .. … * ** *** † ‡ # n/a na nd ns n.s. n.a. x ✓ ✗ • +".split())

_NUMBER_FIRST = re.compile(r"[^\w]*(?:[A-Za-z]{1,4}[.$€£\s]\s?)?[^\w]*\d")
_BEFORE = frozenset("$ € £ ¥ US$ ( ± < > ≤ ≥ ~".split())
_BEHIND = frozenset("% ) ‰".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words of one line in one cell.

    Attributes:
        words: at least one.
        first: the first column that it covers, from 0.
        last: the last one.
    """

    words: tuple[Word, ...]
    first: int
    last: int

    @property
    def box(self) -> Box:
        """On the straight page."""
        return around(self.words)

    @property
    def text(self) -> str:
        """Its words with spaces between them."""
        return " ".join(plain(word) for word in self.words)

    @property
    def width(self) -> int:
        """In pixels."""
        box = self.box
        return box.x1 - box.x0


def cut(line: Line, divides: Sequence[Divide], measures: Measures, ruled: Sequence[Divide] = ()) -> list[Piece]:
    """The pieces of a line, from the left.

    A blank at a divide parts two pieces, unless it is but a space between words and nothing else tells that the
    columns are so near there.

    Args:
        line: of the table.
        divides: between its columns.
        measures: of its print.
        ruled: the vertical ruling lines, also those at its sides.
    """
    places = [divide.x for divide in divides]
    groups: list[list[Word]] = [[line.words[0]]]
    for before, word in zip(line.words, line.words[1:], strict=False):
        gap = word.place.x0 - before.place.x1
        slack = 0.2 * measures.height
        between = divides[bisect_left(places, before.place.x1 - slack) : bisect_left(places, word.place.x0 + slack)]
        if any(divide.parts_at(line.middle) or gap >= _least_gap(divide, measures) for divide in between):
            groups.append([word])
        else:
            groups[-1].append(word)
    pieces = [_placed(tuple(group), places, measures) for group in groups]
    return _to_rulings(_apart(pieces), divides, ruled, line.middle)


def without_sign_columns(divides: Sequence[Divide], rows: Sequence[Sequence[Piece]]) -> list[Divide]:
    """The divides without those between a number and its sign: a column of "$" goes with the one to its right."""
    texts: dict[int, set[str]] = {}
    for row in rows:
        for piece in row:
            if piece.first == piece.last:
                texts.setdefault(piece.first, set()).add(piece.text)
    dropped = {column for column, found in texts.items() if found <= _BEFORE and column < len(divides)}
    dropped |= {column - 1 for column, found in texts.items() if found <= _BEHIND and column > 0}
    return [divide for n, divide in enumerate(divides) if n not in dropped or divide.ruled]


def is_value(text: str) -> bool:
    """Whether a cell's text is a number, a sign that stands for one, or mostly digits."""
    text = text.strip()
    if text.casefold() in _SIGNS:
        return True
    letters = len(re.findall(r"[^\W\d_]", text))
    return bool(_NUMBER_FIRST.match(text)) and letters <= max(2, len(re.findall(r"\d", text)) // 2)


def _least_gap(divide: Divide, measures: Measures) -> float:
    return min(measures.height, 0.9 * divide.width) if divide.width else measures.height


def _placed(words: tuple[Word, ...], places: Sequence[float], measures: Measures) -> Piece:
    """Words in their columns; what reaches only a little into a column stands in the one beside it."""
    box = around(words)
    width = box.x1 - box.x0
    slack = min(0.5 * measures.height, 0.3 * width)
    first = bisect_left(places, box.x0 + slack)
    last = max(first, bisect_left(places, box.x1 - slack))
    little = min(1.5 * measures.height, 0.35 * width)
    while first < last and places[first] - box.x0 < little:
        first += 1
    while first < last and box.x1 - places[last - 1] < little:
        last -= 1
    return Piece(words=words, first=first, last=last)


def _to_rulings(pieces: Sequence[Piece], divides: Sequence[Divide], ruled: Sequence[Divide], y: float) -> list[Piece]:
    """Pieces between ruling lines made to fill the columns that no ruling line parts at their height."""
    found: list[Piece] = []
    for n, piece in enumerate(pieces):
        low = pieces[n - 1].last + 1 if n else 0
        high = pieces[n + 1].first - 1 if n + 1 < len(pieces) else len(divides)
        first, last = piece.first, piece.last
        while first > low and divides[first - 1].ruled and not divides[first - 1].parts_at(y):
            first -= 1
        while last < high and divides[last].ruled and not divides[last].parts_at(y):
            last += 1
        box = piece.box
        closed = _ends(ruled, y, box.x0, divides[first - 1].x if first else None, left=True) and _ends(
            ruled, y, box.x1, divides[last].x if last < len(divides) else None, left=False
        )
        found.append(Piece(words=piece.words, first=first, last=last) if closed else piece)
    return found


def _ends(ruled: Sequence[Divide], y: float, x: float, divide: float | None, *, left: bool) -> bool:
    """Whether a ruling line ends a cell at a divide, or anywhere beyond its words at the side of the table."""
    return any(
        one.parts_at(y) and (one.x == divide if divide is not None else (one.x < x if left else one.x > x))
        for one in ruled
    )


def _apart(pieces: list[Piece]) -> list[Piece]:
    """Pieces that each have columns of their own; those that would share a first column are one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and piece.first <= found[-1].last:
            before = found.pop()
            if before.first < piece.first:
                found.append(Piece(words=before.words, first=before.first, last=piece.first - 1))
                found.append(piece)
            elif before.first == piece.first < piece.last and before.last > before.first:
                found.append(Piece(words=before.words, first=before.first, last=before.first))
                found.append(Piece(words=piece.words, first=before.first + 1, last=piece.last))
            else:
                words = (*before.words, *piece.words)
                found.append(Piece(words=words, first=before.first, last=max(before.last, piece.last)))
        else:
            found.append(piece)
    return found


def part_again(rows: Sequence[list[Piece]], divides: Sequence[Divide], measures: Measures) -> list[list[Piece]]:
    """Part pieces over several columns whose words fall into place there: crowded cells look like one."""
    steady = by_column(rows)
    places = [divide.x for divide in divides]
    return [[part for piece in row for part in _parts(piece, places, steady, measures)] for row in rows]


def _parts(piece: Piece, places: Sequence[float], steady: dict[int, list[Box]], measures: Measures) -> list[Piece]:
    if piece.first == piece.last:
        return [piece]
    slack = 0.2 * measures.height
    groups: list[list[Word]] = [[piece.words[0]]]
    for before, word in zip(piece.words, piece.words[1:], strict=False):
        gap = word.place.x0 - before.place.x1
        if gap >= 1.2 * measures.space and any(
            before.place.x1 - slack <= x <= word.place.x0 + slack for x in places[piece.first : piece.last]
        ):
            groups.append([word])
        else:
            groups[-1].append(word)
    parts = [_placed(tuple(group), places, measures) for group in groups]
    apart = all(part.first == part.last for part in parts) and len({part.first for part in parts}) == len(parts)
    if len(parts) > 1 and apart and all(aligned(part.box, steady.get(part.first, []), measures) for part in parts):
        return parts
    return [piece]


def join_labels(rows: Sequence[list[Piece]], head: int, measures: Measures) -> list[list[Piece]]:
    """Words of a label that reach into a column of numbers put together again, where no column begins with them.

    Args:
        rows: the pieces of each line.
        head: how many lines are head; there a text over numbers is a title.
        measures: of the print.
    """
    counts: dict[int, list[bool]] = {}
    for row in rows[head:]:
        for piece in row:
            counts.setdefault(piece.first, []).append(is_value(piece.text))
    numbers = {column for column, values in counts.items() if sum(values) >= max(2, 0.6 * len(values))}
    steady = by_column(rows)
    found: list[list[Piece]] = []
    for n, row in enumerate(rows):
        joined: list[Piece] = []
        for piece in row:
            before = joined[-1] if joined and n >= head else None
            if (
                before is not None
                and piece.first in numbers
                and not is_value(before.text)
                and not is_value(piece.text)
                and piece.box.x0 - before.box.x1 < 1.6 * measures.height
                and not aligned(piece.box, steady.get(piece.first, []), measures)
            ):
                joined[-1] = Piece(words=(*before.words, *piece.words), first=before.first, last=piece.last)
            else:
                joined.append(piece)
        found.append(joined)
    return found


def by_column(rows: Sequence[Sequence[Piece]]) -> dict[int, list[Box]]:
    """The boxes of the pieces that stand in one column, by column."""
    found: dict[int, list[Box]] = {}
    for row in rows:
        for piece in row:
            if piece.first == piece.last:
                found.setdefault(piece.first, []).append(piece.box)
    return found


def aligned(box: Box, others: Sequence[Box], measures: Measures) -> bool:
    """Whether a box begins, ends or is centred where most others of its column do, by what most of them share."""
    if len(others) < 2:
        return False
    near = 0.7 * measures.height

    def sides(one: Box) -> tuple[float, float, float]:
        return one.x0, one.x1, (one.x0 + one.x1) / 2

    places = list(zip(*(sides(other) for other in others), strict=True))
    middles = [median(place) for place in places]
    shares = [sum(abs(x - middle) <= near for x in place) for place, middle in zip(places, middles, strict=True)]
    most = max(shares)
    return most >= 0.6 * len(others) and any(
        share >= 0.9 * most and abs(x - middle) <= near
        for x, middle, share in zip(sides(box), middles, shares, strict=True)
    )
