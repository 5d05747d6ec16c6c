"""Which lines make one row: told by ruling lines, by the blanks between lines, and by how a text goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from mm_agents.documents.table.lines import Line, Measures, Piece, is_value
from mm_agents.documents.table.parameters import PARAMETERS

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
    def sentences(self) -> bool:
        """Whether labels are written like sentences: but their first words start with small letters."""
        words = [w for row in self.pieces if row[0].first == 0 for w in row[0].text.split()[1:] if len(w) > 3]
        letters = [word for word in words if word[0].isalpha()]
        return len(letters) > 5 and sum(word[0].isupper() for word in letters) < PARAMETERS.few * len(letters)

    def distance(self, n: int) -> float:
        """From the line above to this one, in pixels."""
        return self.lines[n].base - self.lines[n - 1].base


def group_lines(body: Body, *, header: int = 0) -> list[list[int]]:
    """The lines of each row, as numbers.

    Where the lines of one cell are nearer to each other than rows are, the distances tell; elsewhere the texts do.

    Args:
        body: the lines.
        header: how many of them make up the head of the table; their rows are told otherwise.
    """
    leading = _leading(body)
    lower = _starts_low(body)
    tight = tight_distance(body, header, lower)
    groups: list[list[int]] = []
    for n in range(len(body.lines)):
        joins = bool(groups) and n != header and not body.barriers[n]
        if joins and tight is not None and n > header and (body.distance(n) <= tight[0] or tight[1]):
            joins = body.distance(n) <= tight[0] and not _refused(body, groups[-1], n)
        elif joins:
            joins = _same_row(body, groups[-1], n, leading, lower, n < header)
        if joins:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def _refused(body: Body, group: Sequence[int], n: int) -> bool:
    """Whether a near line is a row of its own all the same: it sets a number under one, or parts what a title spans."""
    for piece in body.pieces[n]:
        above = _above(body, group, piece)
        if above is not None and is_value(above.text) and is_value(piece.text):
            return True
    return not _head_goes_on(body, list(group), n)


def tight_distance(body: Body, header: int, lower: bool | None = None) -> tuple[float, bool] | None:
    """The largest distance between two lines of one row, and whether rows are clearly further apart.

    Of all distances that one is taken which sets the most texts under those that they go on, and hardly any under one
    that they do not: a number never goes on another.

    Returns:
        None where no distance does so.
    """
    lower = _starts_low(body) if lower is None else lower
    distances = {body.distance(n) for n in range(header + 1, len(body.lines)) if not body.barriers[n]}
    steps = sorted(step for step in distances if step < PARAMETERS.lone_blank * body.measures.height)
    best: tuple[float, float] | None = None
    for step in _thinned(steps, PARAMETERS.distance_step * body.measures.height):
        right, wrong = _stacked(body, header, step, lower)
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
    return best[1], clear and best[1] >= PARAMETERS.tight * _leading(body)


def _thinned(steps: Sequence[float], apart: float) -> list[float]:
    """The last of every few that are almost the same."""
    return [step for step, after in pairwise([*steps, float("inf")]) if after - step > apart]


def _stacked(body: Body, header: int, step: float, lower: bool) -> tuple[int, int]:
    """How many pieces go on the one above them, and how many do not, where lines so near make one row."""
    right = wrong = 0
    group: list[int] = []
    for n in range(header, len(body.lines)):
        near = bool(group) and not body.barriers[n] and body.distance(n) <= step
        group = [*group, n] if near else [n]
        for piece in body.pieces[n] if near else ():
            above = _above(body, group[:-1], piece)
            if above is None:
                continue
            goes_on = not (is_value(above.text) and is_value(piece.text)) and _continues(body, above, piece, lower)
            right, wrong = right + goes_on, wrong + (not goes_on)
    return right, wrong


def _same_row(body: Body, group: list[int], n: int, leading: float, lower: bool, head: bool) -> bool:
    distance = body.distance(n)
    if distance > PARAMETERS.loose * leading:
        return False
    before = {column for k in group for piece in body.pieces[k] for column in range(piece.first, piece.last + 1)}
    here = {column for piece in body.pieces[n] for column in range(piece.first, piece.last + 1)}
    if head and not _head_goes_on(body, group, n):
        return False
    if distance < PARAMETERS.tight * leading:
        return True
    if head:
        return here != {0} or before == {0} or _stub_goes_on(body, group, n, lower)
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


def _stub_goes_on(body: Body, group: Sequence[int], n: int, lower: bool) -> bool:
    above = _above(body, group, body.pieces[n][0])
    return above is None or _continues(body, above, body.pieces[n][0], lower)


def head_by_values(body: Body) -> int:
    """How many lines stand above the first one with numbers; 0 where the columns hold no numbers."""
    counts: dict[int, list[bool]] = {}
    for row in body.pieces:
        for piece in row:
            if piece.first == piece.last:
                counts.setdefault(piece.first, []).append(is_value(piece.text) and not _YEAR.match(piece.text))
    numeric = {
        column for column, found in counts.items() if column and sum(found) >= max(2, PARAMETERS.most * len(found))
    }
    limit = min(PARAMETERS.head_limit, max(1, len(body.lines) // 2))
    first = next(
        (
            n
            for n, row in enumerate(body.pieces)
            if any(piece.first in numeric and is_value(piece.text) and not _YEAR.match(piece.text) for piece in row)
        ),
        0,
    )
    if not 0 < first <= limit:
        return 0
    lower = _starts_low(body)
    known = tight_distance(body, first, lower)
    tight = known[0] if known else PARAMETERS.tight * _leading(body)
    while first > 1 and {piece.first for piece in body.pieces[first - 1]} == {0}:
        if body.distance(first) > tight and _stub_goes_on(body, list(range(first - 1)), first - 1, lower):
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


def _continues(body: Body, above: Piece, piece: Piece, lower: bool) -> bool:
    """Whether a piece reads on from the one above: it starts low or the other ends open, or had no room there."""
    if _low(piece.text, lower) or _OPEN_END.search(above.text):
        return True
    if above.text.endswith(":"):
        return False
    if piece.first == 0 and body.sentences and piece.text[:1].isupper():
        return False
    word = piece.words[0].place
    room = body.widths.get(piece.first, 0.0)
    return above.width + body.measures.space + (word.x1 - word.x0) > PARAMETERS.full_line * room


def _low(text: str, lower: bool) -> bool:
    return not lower and bool(_GOES_ON.match(text))


def _heads_a_section(body: Body, group: Sequence[int], n: int) -> bool:
    """Whether a lone label stands over the rows that follow: it is further out than what is above or below."""
    here = body.pieces[n][0].box.x0
    near = PARAMETERS.alignment * body.measures.height
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
                found.append(line.base - last[piece.first])
            last[piece.first] = line.base
    height = body.measures.height
    found = [
        distance for distance in found if PARAMETERS.shortest_leading < distance / height < PARAMETERS.longest_leading
    ]
    return float(np.percentile(found, PARAMETERS.leading_percentile)) if found else PARAMETERS.leading * height


def _starts_low(body: Body) -> bool:
    """Whether the table's texts mostly start with a small letter, so that one tells nothing."""
    first = [piece.text for pieces in body.pieces for piece in pieces if re.match(r"[^\W\d_]", piece.text)]
    labels = [
        pieces[0].text for pieces in body.pieces if pieces[0].first == 0 and re.match(r"[^\W\d_]", pieces[0].text)
    ]
    texts = labels or first
    return bool(texts) and sum(text[0].isupper() for text in texts) < PARAMETERS.few * len(texts)
