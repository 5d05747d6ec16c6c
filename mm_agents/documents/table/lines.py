"""Lines of text on a page with a table, the pieces they fall into at wide gaps, and the columns these show."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

import numpy as np

from mm_agents.documents.pages import covering
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.types import Box, Word

_LEADER = re.compile(r"[.·…•_\s]{3,}$")
_LOOKALIKES = {"十": "†", "二": "=", "一": "–", "口": "□"}
"""Signs that the recogniser, which also reads Chinese, takes for characters; alone in a word they are signs."""

_HANGING = re.compile(r"[gjpqy()\[\],;Q/]")
_TALL = re.compile(r"[A-Zbdfhklt0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The height of a page's capitals and digits, and the space between two words of a sentence, in pixels."""

    height: float
    space: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """Words that stand side by side, from the left."""

    words: tuple[Word, ...]

    @cached_property
    def box(self) -> Box:
        """On the straight page."""
        return around(self.words)

    @cached_property
    def middle(self) -> float:
        """The height at which the line runs, in pixels from the top."""
        tall = [word for word in self.words if _TALL.search(word.text)] or self.words
        return median((word.place.y0 + word.place.y1) / 2 for word in tall)

    @cached_property
    def base(self) -> float:
        """The height at which its letters stand, in pixels from the top: steadier than the middle."""
        return median(_base(word) for word in self.words)

    @cached_property
    def size(self) -> float:
        """How large its letters are, in pixels: by their height and by their width, so that a stray box counts less."""
        heights = [word.place.y1 - word.place.y0 for word in self.words]
        return min(
            median(heights), PARAMETERS.letter_aspect * median(_width(word) / len(word.text) for word in self.words)
        )

    @property
    def height(self) -> float:
        """Of its tallest words, in pixels."""
        return max(word.place.y1 - word.place.y0 for word in self.words)


def make_lines(words: Iterable[Word]) -> list[Line]:
    """Lines from the top; leaders ("......") and words that are turned on the page are left out.

    Words that were read in one run stay together: a "+" or a "-" alone stands higher or lower than its number.
    """
    runs = runs_of(word for word in words if not word.turned and not _LEADER.fullmatch(word.text))
    found: list[list[Line]] = []
    for run in sorted(runs, key=lambda run: run.middle):
        near = [group for group in found[-4:] if _beside(group, run)]
        if near:
            min(near, key=lambda group: abs(_middle(group) - run.middle)).append(run)
        else:
            found.append([run])
    found.sort(key=_middle)
    return [
        Line(words=tuple(sorted((word for run in group for word in run.words), key=lambda word: word.place.x0)))
        for group in found
    ]


def runs_of(words: Iterable[Word]) -> list[Line]:
    """Words by the run that they were read in."""
    runs: dict[int, list[Word]] = {}
    for word in words:
        runs.setdefault(word.line, []).append(word)
    return [Line(words=tuple(run)) for run in runs.values()]


def _beside(group: Sequence[Line], run: Line) -> bool:
    """Whether a run stands on the same line as others, and not above or below one of them."""
    height = median(other.height for other in group)
    if any(character.isalnum() for word in run.words for character in word.text):
        height = min(run.height, height)
    if abs(_middle(group) - run.middle) > height / 2:
        return False
    box = run.box
    slack = PARAMETERS.slack * height
    return all(box.x0 >= other.box.x1 - slack or box.x1 <= other.box.x0 + slack for other in group)


def _middle(group: Sequence[Line]) -> float:
    return median(run.middle for run in group)


def measure(lines: Sequence[Line]) -> Measures:
    """The measures of lines, of which there is at least one."""
    heights = [word.place.y1 - word.place.y0 for line in lines for word in line.words if _TALL.search(word.text)]
    if not heights:
        heights = [word.place.y1 - word.place.y0 for line in lines for word in line.words]
    pitch = median(_width(word) / len(word.text) for line in lines for word in line.words)
    # A ruling line that touches letters makes their boxes high, so the letters' widths have a say.
    height = max(min(float(median(heights)), PARAMETERS.letter_aspect * pitch), 1.0)
    gaps = [gap for line in lines for gap in gaps_of(line.words) if 0 < gap < height]
    space = float(median(gaps)) if gaps else PARAMETERS.word_space * height
    return Measures(height=height, space=min(space, PARAMETERS.widest_space * height))


def gaps_of(words: Sequence[Word]) -> list[int]:
    """The widths between each word and the next, in pixels."""
    return [after.place.x0 - before.place.x1 for before, after in pairwise(words)]


def around(words: Iterable[Word]) -> Box:
    """The box on the straight page that covers words, of which there is at least one."""
    return covering([word.place for word in words])


def plain(word: Word) -> str:
    """A word's text without the leader that it runs into ("Sciences....." is "Sciences"), and signs put right."""
    if word.text in _LOOKALIKES:
        return _LOOKALIKES[word.text]
    return _LEADER.sub("", word.text) if len(word.text) > 4 else word.text


def _base(word: Word) -> float:
    """Where a word stands: its letters' lower edge, what hangs below it left out."""
    height = word.place.y1 - word.place.y0
    if not any(character.isalnum() for character in word.text):
        return (word.place.y0 + word.place.y1 + height) / 2
    hangs = _HANGING.search(word.text) is not None
    return word.place.y1 - (PARAMETERS.descender * height if hangs else 0.0)


def _width(word: Word) -> int:
    return word.place.x1 - word.place.x0


@dataclass(frozen=True, slots=True, kw_only=True)
class Divide:
    """A place between two columns.

    Attributes:
        x: in pixels on the straight page.
        width: of the blank that the lines share there; 0 along a ruling line.
        ruled: the heights between which ruling lines run there, from the top; none where they do not.
    """

    x: float
    width: float = 0.0
    ruled: tuple[tuple[float, float], ...] = ()

    def parts_at(self, y: float) -> bool:
        """Whether a ruling line runs there at this height."""
        return any(start <= y <= end for start, end in self.ruled)


def find_divides(
    lines: Sequence[Line], measures: Measures, ruled: Sequence[Divide] = (), *, strict: bool = False
) -> list[Divide]:
    """Where columns part, from the left; where ruling lines do already (``strict``), only broad blanks count."""
    if not lines:
        return []
    spans = [np.array([(word.place.x0, word.place.x1) for word in line.words], dtype=float) for line in lines]
    left = min(float(span[:, 0].min()) for span in spans)
    right = max(float(span[:, 1].max()) for span in spans)
    found = [divide for divide in ruled if left < divide.x < right]
    edges = [left, *(divide.x for divide in found), right]
    for low, high in pairwise(edges):
        found += _split(spans, low, high, measures, strict=strict)
    return sorted(found, key=lambda divide: divide.x)


def _split(spans: Sequence[np.ndarray], low: float, high: float, measures: Measures, *, strict: bool) -> list[Divide]:
    """The best divide between two places, and those on either side of it."""
    if high - low < PARAMETERS.column_gap * measures.height:
        return []
    best = _best(spans, low, high, measures, strict=strict)
    if best is None:
        return []
    return [
        *_split(spans, low, best.x, measures, strict=strict),
        best,
        *_split(spans, best.x, high, measures, strict=strict),
    ]


def _best(spans: Sequence[np.ndarray], low: float, high: float, measures: Measures, *, strict: bool) -> Divide | None:
    size = int(np.ceil(high - low)) + 1
    for_it, against, widest = np.zeros(size + 1), np.zeros(size + 1), np.zeros(size)
    gaps: list[tuple[int, int]] = []
    normal = PARAMETERS.normal_blank * measures.space
    broad = PARAMETERS.broad_blank_ruled if strict else PARAMETERS.broad_blank
    full = max(broad * measures.height, normal + 1)
    for span in spans:
        inside = span[(span[:, 1] > low + 1) & (span[:, 0] < high - 1)]
        if not len(inside):
            continue
        starts = np.clip(inside[:, 0] - low, 0, size - 1).astype(int)
        ends = np.clip(np.ceil(inside[:, 1] - low), 0, size - 1).astype(int)
        np.add.at(against, starts, 1)
        np.add.at(against, ends, -1)
        for a, b in zip(ends[:-1], starts[1:], strict=True):
            weight = min(max((b - a - normal) / (full - normal), 0.0), 1.0)
            if weight >= 0.5:
                gaps.append((int(a), int(b)))
            if weight > 0:
                for_it[a] += weight
                for_it[b] -= weight
                widest[a:b] = np.maximum(widest[a:b], b - a)
    evidence, crossing = np.cumsum(for_it)[:size], np.cumsum(against)[:size]
    alone = (crossing < 1) & (widest >= PARAMETERS.lone_blank * measures.height)
    sound = (crossing <= PARAMETERS.crossing_share * evidence) & ((evidence >= PARAMETERS.divide_evidence) | alone)
    if not sound.any():
        return None
    score = np.where(sound, evidence - PARAMETERS.crossing_cost * crossing, -np.inf)
    peak = int(np.argmax(score))
    plateau = np.flatnonzero(score >= score[peak] - 1e-6)
    runs = np.split(plateau, np.flatnonzero(np.diff(plateau) > 1) + 1)
    longest = max(runs, key=len)
    peak = int(longest[len(longest) // 2])
    clear = [(a, b) for a, b in gaps if a <= peak < b]
    if not clear:
        return Divide(x=low + peak + 0.5, width=float(len(longest)))
    a, b = max(a for a, _ in clear), min(b for _, b in clear)
    return Divide(x=low + (a + b) / 2, width=float(b - a))


_SIGNS = frozenset("- – — − . .. … * ** *** † ‡ # n/a na nd ns n.s. n.a. x ✓ ✗ • +".split())

_NUMBER_FIRST = re.compile(r"[^\w]*(?:[A-Za-z]{1,4}[.$€£\s]\s?)?[^\w]*\d")
_BEFORE = frozenset("$ € £ ¥ US$ ( ± < > ≤ ≥ ~".split())
_BEHIND = frozenset("% ) ‰".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Words of one line in one cell, and the first and the last column, from 0, that it covers."""

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


def cut(line: Line, divides: Sequence[Divide], measures: Measures) -> list[Piece]:
    """The pieces of a line, from the left.

    A blank at a divide parts two pieces, unless it is only a space between words and nothing else tells that the
    columns are so near there.
    """
    places = [divide.x for divide in divides]
    groups: list[list[Word]] = [[line.words[0]]]
    for before, word in zip(line.words, line.words[1:], strict=False):
        gap = word.place.x0 - before.place.x1
        slack = PARAMETERS.slack * measures.height
        between = divides[bisect_left(places, before.place.x1 - slack) : bisect_left(places, word.place.x0 + slack)]
        if any(divide.parts_at(line.middle) or gap >= _least_gap(divide, measures) for divide in between):
            groups.append([word])
        else:
            groups[-1].append(word)
    return [_placed(tuple(group), places, measures) for group in groups]


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
    return min(measures.height, PARAMETERS.nearly_all * divide.width) if divide.width else measures.height


def _placed(words: tuple[Word, ...], places: Sequence[float], measures: Measures) -> Piece:
    """Words in their columns; what reaches only a little into a column belongs to the one beside it."""
    box = around(words)
    width = box.x1 - box.x0
    slack = min(measures.height / 2, PARAMETERS.overhang * width)
    first = bisect_left(places, box.x0 + slack)
    last = max(first, bisect_left(places, box.x1 - slack))
    little = min(PARAMETERS.column_gap * measures.height, PARAMETERS.overhang * width)
    while first < last and places[first] - box.x0 < little:
        first += 1
    while first < last and box.x1 - places[last - 1] < little:
        last -= 1
    return Piece(words=words, first=first, last=last)


def join_labels(rows: Sequence[list[Piece]], head: int, measures: Measures) -> list[list[Piece]]:
    """Words of a label that reach into a column of numbers put together again, below the ``head`` lines of titles."""
    counts: dict[int, list[bool]] = {}
    for row in rows[head:]:
        for piece in row:
            counts.setdefault(piece.first, []).append(is_value(piece.text))
    numbers = {column for column, values in counts.items() if sum(values) >= max(2, PARAMETERS.most * len(values))}
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
                and piece.box.x0 - before.box.x1 < PARAMETERS.column_gap * measures.height
                and not aligned(piece.box, steady.get(piece.first, []), measures)
            ):
                joined[-1] = Piece(words=(*before.words, *piece.words), first=before.first, last=piece.last)
            else:
                joined.append(piece)
        found.append(joined)
    return found


def by_column(rows: Sequence[Sequence[Piece]]) -> dict[int, list[Box]]:
    """The boxes of the pieces that fill one column, by column."""
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
    near = PARAMETERS.alignment * measures.height

    def sides(one: Box) -> tuple[float, float, float]:
        return one.x0, one.x1, (one.x0 + one.x1) / 2

    places = list(zip(*(sides(other) for other in others), strict=True))
    middles = [median(place) for place in places]
    shares = [sum(abs(x - middle) <= near for x in place) for place, middle in zip(places, middles, strict=True)]
    most = max(shares)
    return most >= PARAMETERS.most * len(others) and any(
        share >= PARAMETERS.nearly_all * most and abs(x - middle) <= near
        for x, middle, share in zip(sides(box), middles, shares, strict=True)
    )
