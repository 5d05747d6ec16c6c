"""The layout of an invoice: rows and segments of words, and labels with their values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from mm_agents.documents.dates import DateText, Order, dates_in, fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import TAX_LETTER
from mm_agents.documents.pages import Page, middle, rows
from mm_agents.types import Evidence, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """Words that are close together in one row.

    Attributes:
        page: that it is on.
        words: from the left.
        x0: its left end on the straight page, in pixels; ``x1`` its right end.
        y0: its upper end on the sheet; ``y1`` its lower end.
        row: the number of its row on the sheet, from 0.
    """

    page: Page
    words: tuple[Word, ...]
    x0: float
    x1: float
    y0: float
    y1: float
    row: int

    @cached_property
    def text(self) -> str:
        """Its words with spaces between them."""
        return " ".join(word.text for word in self.words)

    @cached_property
    def folded(self) -> str:
        """Its text in lower case without accents, character for character."""
        return fold(self.text)

    @property
    def middle(self) -> float:
        """Its middle height on the sheet."""
        return (self.y0 + self.y1) / 2

    @property
    def height(self) -> float:
        """Of its words, in pixels."""
        return self.y1 - self.y0

    @property
    def top(self) -> float:
        """The upper end of its page on the sheet."""
        return self.y0 - min(word.place.y0 for word in self.words)

    def part(self, start: int, end: int) -> Segment:
        """The whole words that some characters of its text are in."""
        chosen: list[Word] = []
        place = 0
        for word in self.words:
            if place >= end:
                break
            if place + len(word.text) > start:
                chosen.append(word)
            place += len(word.text) + 1
        return segment_of(self.page, chosen or self.words, self.row, self.top)

    def evidence(self, how: str) -> Evidence:
        """The segment as the place of a value."""
        return self.page.evidence(self.words, how=how, quote=self.text)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All pages of a document.

    Attributes:
        pages: in their order.
        rows: segments from the left, rows from the top; ``Segment.row`` counts them.
        height: of the text, in pixels: the median of all words.
    """

    pages: tuple[Page, ...]
    rows: tuple[tuple[Segment, ...], ...]
    height: float

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """All of them, in reading order."""
        return tuple(segment for row in self.rows for segment in row)

    def without(self, taken: Collection[int]) -> Sheet:
        """The sheet with some of its rows empty; the others keep their numbers."""
        kept = tuple(() if n in taken else row for n, row in enumerate(self.rows))
        return Sheet(pages=self.pages, rows=kept, height=self.height)

    def right_of(self, segment: Segment) -> list[Segment]:
        """What follows a segment in its row, nearest first."""
        return [other for other in self.rows[segment.row] if other.x0 >= segment.x1 - segment.height / 2]

    def below(self, segment: Segment) -> list[Segment]:
        """What is near below a segment and overlaps its columns, nearest first."""
        reach = PARAMETERS.below_reach * max(self.height, segment.height)
        near = itertools.takewhile(
            lambda row: not row or row[0].middle - segment.middle <= 2 * reach, self.rows[segment.row + 1 :]
        )
        return [
            other
            for row in near
            for other in row
            if 0 < other.middle - segment.middle <= reach and overlap(other, segment) > 0
        ]


def lay_out(pages: Sequence[Page]) -> Sheet:
    """Put pages below each other and their words into rows and segments."""
    found: list[tuple[Segment, ...]] = []
    top = 0.0
    heights: list[float] = []
    for page in pages:
        upright = [word for word in page.words if word.turned == 0]
        heights += [word.place.y1 - word.place.y0 for word in upright]
        for row in _rows(upright):
            number = len(found)
            found.append(tuple(segment_of(page, words, number, top) for words in _split(row)))
        top += page.frame.size[1]
    return Sheet(pages=tuple(pages), rows=tuple(found), height=float(median(heights or [1])))


def levelled(page: Page) -> Page:
    """The page with its words moved up or down so that the rows of a bent or leaning sheet are level.

    The slope of a photographed sheet changes over it. It is fitted as a plane to the lines that were read in one run;
    how stiff the plane is, is chosen by how well the words are then in rows.
    """
    words = [word for word in page.words if word.turned == 0]
    runs: dict[int, list[Word]] = {}
    for word in words:
        runs.setdefault(word.line, []).append(word)
    height = median([_height(word) for word in words] or [1])
    slopes = [slope for run in runs.values() if (slope := _slope(run, height)) is not None]
    if len(slopes) < PARAMETERS.sloping_runs:
        return page
    places = np.array([(word.place.x0, word.place.y0, word.place.x1, word.place.y1) for word in words], dtype=float)
    found = [_drops(np.array(slopes), places, stiff) for stiff in PARAMETERS.sloping_stiff]
    sheets = [_lowered(words, drops) for drops in (np.zeros(len(words)), *found)]
    flat, *_ = worth = [(-_collisions(sheet), _evenness(sheet, height)) for sheet in sheets]
    best = max(range(len(sheets)), key=worth.__getitem__)
    if worth[best][0] == flat[0] and worth[best][1] < PARAMETERS.sloping_gain * flat[1]:
        return page
    moved = dict(zip(map(id, words), sheets[best], strict=True))
    return replace(page, words=tuple(moved.get(id(word), word) for word in page.words))


def _lowered(words: Sequence[Word], drops: NDArray[np.float64]) -> list[Word]:
    """Words moved up by so many pixels each."""
    whole = zip(words, drops.round().astype(int).tolist(), strict=True)
    return [replace(w, place=replace(w.place, y0=w.place.y0 - by, y1=w.place.y1 - by)) for w, by in whole]


def _collisions(words: Sequence[Word]) -> int:
    """How many words would stand over another in one row."""
    return sum(
        one.place.x1 > other.place.x0 + PARAMETERS.most * (other.place.x1 - other.place.x0)
        for row in rows(words)
        for one, other in itertools.pairwise(row)
    )


def _drops(slopes: NDArray[np.float64], places: NDArray[np.float64], stiff: float) -> NDArray[np.float64]:
    """By how much words are too low, by a slope that grows evenly across and down the page.

    Args:
        slopes: shape (runs, 4): of each its middle, slope and length.
        places: shape (words, 4): their boxes.
        stiff: how little the slope may grow where runs at few places say so, in shares of the runs' length.
    """
    x, y, slope, length = slopes.T
    middle, size = (x.mean(), y.mean()), np.ptp(places, axis=0)[2:] + 1
    terms = np.stack([np.ones_like(x), (x - middle[0]) / size[0], (y - middle[1]) / size[1]], axis=1)
    held = np.diag([0.0, 1.0, 1.0]) * np.sqrt(stiff * length.sum())
    plane, near = np.zeros(3), np.ones_like(x, dtype=bool)
    for _ in range(2):  # again without the runs that begin and end with letters of unlike heights
        root = np.sqrt(length * near)
        rows, wanted = np.vstack([terms * root[:, None], held]), np.concatenate([slope * root, np.zeros(3)])
        plane = np.linalg.lstsq(rows, wanted, rcond=None)[0]
        off = np.abs(terms @ plane - slope) * length
        near = off <= max(3 * float(np.median(off)), 1.0)
    right, low = (places[:, [0, 1]] + places[:, [2, 3]]).T / 2 - np.array(middle)[:, None]
    return right * (plane[0] + plane[1] * right / size[0] / 2 + plane[2] * low / size[1])


def _evenness(words: Sequence[Word], height: float) -> float:
    """How unevenly words fall into rows: more where they are in few, with blanks between them."""
    spans = np.array([(word.place.y0, word.place.y1) for word in words], dtype=float)
    edges = np.round((spans - spans.min()) * 8 / max(height, 1)).astype(int)
    steps = np.zeros(edges.max() + 2)
    np.add.at(steps, edges[:, 0], 1)
    np.add.at(steps, edges[:, 1], -1)
    return float((np.cumsum(steps) ** 2).sum())


def _slope(run: Sequence[Word], height: float) -> tuple[float, float, float, float] | None:
    """Where the middle of a run of words is, its slope and its length; None where it is too short to have one."""
    first, last = min(run, key=lambda word: word.place.x0), max(run, key=lambda word: word.place.x1)
    (x0, y0), (x1, y1) = (((one.place.x0 + one.place.x1) / 2, middle(one)) for one in (first, last))
    if x1 - x0 < PARAMETERS.sloping_length * height:
        return None
    return (x0 + x1) / 2, (y0 + y1) / 2, (y1 - y0) / (x1 - x0), x1 - x0


_FLAGGED = re.compile(rf"(\W{{0,2}}\d[\d.,]*[.,]\d\d)({TAX_LETTER})")


def unflagged(page: Page) -> Page:
    """The page with amounts and the letters of their taxes as words of their own, cut by the share of their letters."""
    last = {word.line: n for n, word in enumerate(page.words)}
    words: list[Word] = []
    for n, word in enumerate(page.words):
        match = _FLAGGED.fullmatch(word.text) if last[word.line] == n and word.turned == 0 else None
        place = word.place
        if match is None or place.x1 - place.x0 < len(word.text):
            words.append(word)
            continue
        cut = place.x0 + round((place.x1 - place.x0) * len(match[1]) / len(word.text))
        for text, at in ((match[1], replace(place, x1=cut)), (match[2], replace(place, x0=cut))):
            words.append(replace(word, text=text, place=at, box=page.frame.to_stored(at)))
    return page if len(words) == len(page.words) else replace(page, words=tuple(words))


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words in rows; marks such as dashes and colons join the row of the words that they were read with.

    The ink of a dash is some pixels high, so that its own height says nothing about its row.
    """
    worded = [word for word in words if any(character.isalnum() for character in word.text)]
    found = rows(worded)
    row_of = {id(word): row for row in found for word in row}
    for mark in words:
        if id(mark) in row_of:
            continue
        mates = [word for word in worded if word.line == mark.line] or [word for word in worded if _level(mark, word)]
        if mates:
            row_of[id(min(mates, key=lambda word: abs(word.place.x0 - mark.place.x0)))].append(mark)
    joined: list[list[Word]] = []
    for row in found:  # tall letters and small ones of one row may have been read as two
        if joined and all(_side_by_side(word, other) for word in row for other in joined[-1]):
            joined[-1] += row
        else:
            joined.append(row)
    return [sorted(row, key=lambda word: word.place.x0) for row in _with_sunken(joined)]


def _with_sunken(found: Sequence[list[Word]]) -> list[list[Word]]:
    """Rows with the amounts that hang a little below their right end, as on a photograph of a bent page."""
    kept: list[list[Word]] = []
    for n, row in enumerate(found):
        after = found[n + 1] if n + 1 < len(found) else []
        amounts_first = len(kept) > 1 and _is_number(kept[-2])  # each amount is above its label
        if (
            kept
            and not amounts_first
            and _is_number(row)
            and not _is_number(kept[-1])
            and _touches(kept[-1], row) > _touches(after, row)
        ):
            kept[-1] = [*kept[-1], *row]
        else:
            kept.append(row)
    return kept


def _is_number(row: Sequence[Word]) -> bool:
    """Whether a row is a single amount."""
    return len(row) == 1 and re.fullmatch(r"\W?[\d.,]*\d[.,]\d\d", row[0].text) is not None


def _touches(row: Sequence[Word], amount: Sequence[Word]) -> float:
    """The share of its height that an amount has beside the last word of a row to its left; 0 where there is none."""
    last = max(row, key=lambda word: word.place.x1, default=None)
    if last is None or last.place.x1 > amount[0].place.x0:
        return 0
    shared = min(last.place.y1, amount[0].place.y1) - max(last.place.y0, amount[0].place.y0)
    share = shared / min(_height(last), _height(amount[0]))
    return share if share >= PARAMETERS.sunken else 0


def _level(mark: Word, word: Word) -> bool:
    """Whether the middle of a mark is at the height of a word."""
    return word.place.y0 <= (mark.place.y0 + mark.place.y1) / 2 <= word.place.y1


def _side_by_side(one: Word, other: Word) -> bool:
    """Whether two words are side by side, sharing most of their height."""
    if min(one.place.x1, other.place.x1) > max(one.place.x0, other.place.x0):
        return False
    shared = min(one.place.y1, other.place.y1) - max(one.place.y0, other.place.y0)
    return shared >= PARAMETERS.most * min(_height(one), _height(other))


def _height(word: Word) -> int:
    return word.place.y1 - word.place.y0


def segment_of(page: Page, words: Sequence[Word], row: int, top: float) -> Segment:
    """A segment of some words of a page whose upper end is at ``top`` on the sheet."""
    return Segment(
        page=page,
        words=tuple(words),
        x0=min(word.place.x0 for word in words),
        x1=max(word.place.x1 for word in words),
        y0=top + min(word.place.y0 for word in words),
        y1=top + max(word.place.y1 for word in words),
        row=row,
    )


def overlap(one: Segment, other: Segment) -> float:
    """By how many pixels two segments are above each other; negative where they are not."""
    return min(one.x1, other.x1) - max(one.x0, other.x0)


def _split(row: Sequence[Word]) -> list[list[Word]]:
    """The words of a row as segments: cut where words are further apart than in a text."""
    parts: list[list[Word]] = [[row[0]]]
    for word in row[1:]:
        before = parts[-1][-1]
        tall = max(min(_height(word), _height(before)), PARAMETERS.least_height)
        end = max(one.place.x1 for one in parts[-1])
        gap = PARAMETERS.gap_in_run if word.line == before.line else PARAMETERS.gap
        if word.place.x0 - end > gap * tall:
            parts.append([word])
        else:
            parts[-1].append(word)
    return parts


T = TypeVar("T")
BESIDE, BELOW = 1, 2  # how good a value's place is; directly behind its label is 0


@dataclass(frozen=True, kw_only=True)
class Pair(Generic[T]):
    """A label with a value.

    Attributes:
        label: the label's words.
        value: what was read in the words of ``at``.
        at: the words that say the value.
        rank: how good the pair is; less is better.
    """

    label: Segment
    value: T
    at: Segment
    rank: tuple[int, ...]


Reader = Callable[[str, bool], "Sequence[tuple[T, int, int]]"]
"""Values in a text with the places of their characters; the flag says whether the text follows its label directly."""


def labels_of(segment: Segment, patterns: lexicon.Patterns) -> list[tuple[int, int, int]]:
    """Every match of a kind of label in a segment, also overlapping ones: rank, first character, past the last."""
    found = [
        (rank, match.start(), match.end())
        for rank, pattern in enumerate(lexicon.compiled(patterns))
        for match in pattern.finditer(segment.folded)
        if match[0]
    ]
    head = re.match(r"[^\d:$€£]*", segment.folded)
    if not found and head:  # the words before a colon or number may be a label with a misread letter
        rank = lexicon.nearest(head[0].strip(" .-#"), patterns, PARAMETERS.label_likeness)
        return [] if rank is None else [(rank, 0, len(head[0].rstrip()))]
    return found


def labels_in(segment: Segment, patterns: lexicon.Patterns) -> list[tuple[int, int, int]]:
    """The labels of a kind in a segment that do not overlap a more telling one."""
    kept: list[tuple[int, int, int]] = []
    for rank, start, end in labels_of(segment, patterns):
        if not any(start < other_end and other < end for _, other, other_end in kept):
            kept.append((rank, start, end))
    return kept


def pairs(sheet: Sheet, patterns: lexicon.Patterns, read: Reader[T]) -> list[Pair[T]]:
    """Every label of a kind with its value, best first.

    Args:
        sheet: the document.
        patterns: of the labels, the most telling first.
        read: reads values in a text.
    """
    found: list[Pair[T]] = []
    for segment in sheet.segments:
        for rank, start, end in labels_in(segment, patterns):
            label = segment.part(start, end)
            in_sentence = int(re.search(r"[a-z]{3}", segment.folded[:start]) is not None)
            for way, value, at in _values(sheet, segment, label, end, read):
                found.append(Pair(label=label, value=value, at=at, rank=(rank, in_sentence, way)))
    return sorted(found, key=lambda pair: (pair.rank, pair.label.y0))


def _values(
    sheet: Sheet, segment: Segment, label: Segment, end: int, read: Reader[T]
) -> Iterable[tuple[int, T, Segment]]:
    behind = read(segment.text[end:], True)
    if behind:
        value, first, last = behind[0]
        yield 0, value, segment.part(end + first, end + last)
        return
    if len(re.sub(r"[\W_]", "", segment.text[end:])) > PARAMETERS.longest_value:
        return
    for n, other in enumerate(sheet.right_of(segment)):
        values = read(other.text, n == 0)
        if values:
            value, first, last = values[0]
            yield BESIDE, value, other.part(first, last)
            break
        if re.search(r"[a-z]{3}", other.folded):
            break
    for other in (sheet.below(label) or _next_row(sheet, label))[:2]:
        parts = ((value, other.part(first, last)) for value, first, last in read(other.text, True))
        near = next(((value, part) for value, part in parts if _under(part, label, sheet.height)), None)
        if near:
            yield BELOW, *near
            break


def _next_row(sheet: Sheet, label: Segment) -> list[Segment]:
    """What is below a head in the next row of the page that is not empty, where the label is in a row of heads."""
    row = sheet.rows[label.row]
    kinds = {kind for kind, patterns in lexicon.FIELDS.items() if any(labels_in(one, patterns) for one in row)}
    if len(kinds) < 2 or any(re.search(r"\d", one.text) for one in row):
        return []
    height = max(sheet.height, label.height)
    return [
        one
        for one in next(filter(None, sheet.rows[label.row + 1 :]), ())
        if one.page is label.page
        and one.middle - label.middle <= PARAMETERS.head_reach * height
        and _under(one, label, height)
    ]


def _under(value: Segment, label: Segment, height: float) -> bool:
    """Whether a value is in its label's column: over- or underneath it, or with an edge in line."""
    return overlap(value, label) > 0 or min(abs(value.x0 - label.x0), abs(value.x1 - label.x1)) < height


def read_dates(text: str, near: bool) -> list[tuple[DateText, int, int]]:
    """A reader of dates."""
    del near
    return [(one, one.start, one.end) for one in dates_in(text)]


def readings_in(one: DateText, order: Order) -> tuple[date, ...]:
    """Every date that its characters allow, the one in that order first."""
    return tuple(dict.fromkeys((one.read(order), *one.readings)))


_GLUED_DATE = re.compile(
    r"(.*?)(?:vom|von|du|of|from|van|del?|dated|am|le)(?=\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$)", re.IGNORECASE
)
"""A number and the date behind it that were read as one word: "471102vom05.03.2018"."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w/.\\&+-]*(?:\s?[-/_]\s?[\w/.-]+)*")


def read_identifiers(text: str, near: bool) -> list[tuple[str, int, int]]:
    """A reader of invoice numbers and the like: what directly follows, with a digit in it, and no date or amount."""
    lead = re.match(r"^[\s:#.\-–—°º|>=*(]*", text)
    start = lead.end() if lead else 0
    match = _IDENTIFIER.match(text, start)
    if match is None:
        return []
    value = match[0].rstrip(".-/_")
    if not re.search(r"\d", value):
        # the first part of a number may be letters alone: "INV 2023-17"
        follow = re.match(r"([A-Z]{1,6}) (\d[\w/-]*)(?!\S)", text[start:])
        if follow is None or not near:
            return []
        value = follow[0]
    glued = _GLUED_DATE.match(value)
    if glued is not None:
        value = glued[1]
        if not re.search(r"\d", value):
            return []
    first = dates_in(value)
    if first and first[0].start == 0 and first[0].end == len(value) and not re.search(r"[A-Za-z]", value):
        return []
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})*[.,]\d\d|\d{1,2}:\d\d.*|\d{1,2}%", value):
        return []
    return [(value, start, start + len(value))]
