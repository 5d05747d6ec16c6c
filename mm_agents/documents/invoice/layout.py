"""The layout of an invoice: its lines and segments, and pairs of a label and its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Generic, TypeVar

from mm_agents.documents.dates import DateText, dates_in, fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.pages import Page, rows
from mm_agents.types import Evidence, Word

_APART = 1.25
"""Words of a row that are further apart than this share of their height belong to different segments."""

_SPACED = 1.8
"""The same for words that were read in one run."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """Words that stand close together in one row.

    Attributes:
        page: that it stands on.
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

    def part(self, start: int, end: int) -> Segment:
        """The words that some characters of its text lie in; the whole words."""
        chosen: list[Word] = []
        place = 0
        for word in self.words:
            if place < end and place + len(word.text) > start:
                chosen.append(word)
            place += len(word.text) + 1
        return segment_of(self.page, chosen or list(self.words), self.row, self.y0 - self.words[0].place.y0)

    def evidence(self, how: str) -> Evidence:
        """The segment as the place that a value rests on."""
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

    @cached_property
    def width(self) -> float:
        """From the left end of the text to its right end."""
        if not self.segments:
            return 1.0
        return max(segment.x1 for segment in self.segments) - min(segment.x0 for segment in self.segments)

    def without(self, taken: Collection[int]) -> Sheet:
        """The sheet with some of its rows empty; the others keep their numbers."""
        kept = tuple(() if n in taken else row for n, row in enumerate(self.rows))
        return Sheet(pages=self.pages, rows=kept, height=self.height)

    def right_of(self, segment: Segment) -> list[Segment]:
        """What follows a segment in its row, nearest first."""
        return [other for other in self.rows[segment.row] if other.x0 >= segment.x1 - 0.5 * segment.height]

    def below(self, segment: Segment, *, reach: float) -> list[Segment]:
        """What stands below a segment, overlapping its columns, nearest first.

        Args:
            segment: to look below of.
            reach: at most this far, in heights of the text, from middle to middle.
        """
        found: list[Segment] = []
        for row in self.rows[segment.row + 1 : segment.row + 9]:
            for other in row:
                far = other.middle - segment.middle
                if 0 < far <= reach * max(self.height, segment.height) and overlap(other, segment) > 0:
                    found.append(other)
        return found


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
    return Sheet(pages=tuple(pages), rows=tuple(found), height=float(median(heights)) if heights else 12.0)


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words in rows; marks such as dashes and colons join the row of the words that they were read with.

    The ink of a dash is some pixels high, so that its own height says nothing about its row.
    """
    said = [word for word in words if any(character.isalnum() for character in word.text)]
    found = rows(said)
    row_of = {id(word): n for n, row in enumerate(found) for word in row}
    runs: dict[int, list[Word]] = {}
    for word in said:
        runs.setdefault(word.line, []).append(word)
    for mark in words:
        if id(mark) in row_of:
            continue
        mates = runs.get(mark.line) or [word for word in said if _level(mark, word)]
        if mates:
            nearest = min(mates, key=lambda word: abs(word.place.x0 - mark.place.x0))
            found[row_of[id(nearest)]].append(mark)
    return [sorted(row, key=lambda word: word.place.x0) for row in _rejoined(found)]


def _level(mark: Word, word: Word) -> bool:
    """Whether a mark's middle lies at the height of a word."""
    return word.place.y0 <= (mark.place.y0 + mark.place.y1) / 2 <= word.place.y1


def _rejoined(found: list[list[Word]]) -> list[list[Word]]:
    """Rows of which one is but the part of the other that has no tall letters, put together."""
    joined: list[list[Word]] = []
    for row in found:
        if joined and all(_beside(word, other) for word in row for other in joined[-1]):
            joined[-1] = [*joined[-1], *row]
        else:
            joined.append(row)
    return joined


def _beside(one: Word, other: Word) -> bool:
    """Whether two words stand side by side, sharing most of their height."""
    if min(one.place.x1, other.place.x1) > max(one.place.x0, other.place.x0):
        return False
    shared = min(one.place.y1, other.place.y1) - max(one.place.y0, other.place.y0)
    return shared >= 0.6 * min(one.place.y1 - one.place.y0, other.place.y1 - other.place.y0)


def segment_of(page: Page, words: Sequence[Word], row: int, top: float) -> Segment:
    """A segment of some words of a page whose upper edge lies at ``top`` on the sheet."""
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
    """By how many pixels two segments stand above each other; negative where they do not."""
    return min(one.x1, other.x1) - max(one.x0, other.x0)


def _split(row: Sequence[Word]) -> list[list[Word]]:
    parts: list[list[Word]] = [[row[0]]]
    for word in row[1:]:
        before = parts[-1][-1]
        tall = max(min(word.place.y1 - word.place.y0, before.place.y1 - before.place.y0), 6)
        end = max(one.place.x1 for one in parts[-1])
        if word.place.x0 - end > (_SPACED if word.line == before.line else _APART) * tall:
            parts.append([word])
        else:
            parts[-1].append(word)
    return parts


T = TypeVar("T")

_REACH = 24.0
"""A value stands at most this many heights of the text to the right of its label."""
_BELOW = 3.0
"""And at most this many heights below it."""
_BELOW_HEADS = 9.0
"""The same where its label is one of a row of heads and the next row holds the values: cells may be tall."""


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
    rank: float


Reader = Callable[[str, bool], "Sequence[tuple[T, int, int]]"]
"""Values in a text with the places of their characters; told whether the text follows its label directly."""


def labels_of(segment: Segment, patterns: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Every match of a kind of label in a segment, also overlapping ones: rank, first character, past the last."""
    found = [
        (rank, match.start(), match.end())
        for rank, pattern in enumerate(lexicon.compiled(patterns))
        for match in pattern.finditer(segment.folded)
    ]
    near = None if found else _misread(segment.folded, patterns)
    return [near] if near else found


def labels_in(segment: Segment, patterns: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """The labels of a kind in a segment: rank of the pattern, first character, past the last."""
    found: list[tuple[int, int, int]] = []
    for rank, pattern in enumerate(lexicon.compiled(patterns)):
        for match in pattern.finditer(segment.folded):
            if match.end() > match.start() and not any(
                match.start() < end and start < match.end() for _, start, end in found
            ):
                found.append((rank, match.start(), match.end()))
    if not found:
        near = _misread(segment.folded, patterns)
        if near is not None:
            found.append(near)
    return found


def pairs(sheet: Sheet, patterns: tuple[str, ...], read: Reader[T], among: Iterable[Segment]) -> list[Pair[T]]:
    """Every label of a kind with its value, best first.

    Args:
        sheet: the document.
        patterns: of the labels, the most telling first.
        read: reads values in a text.
        among: the segments to look for labels in.
    """
    found: list[Pair[T]] = []
    for segment in among:
        for rank, start, end in labels_in(segment, patterns):
            label = segment.part(start, end)
            late = 3.0 if re.search(r"[a-z]{3}", segment.folded[:start]) else 0.0  # a label in the midst of a sentence
            for extra, value, at in _values(sheet, segment, label, end, read):
                found.append(Pair(label=label, value=value, at=at, rank=10 * rank + late + extra))
    return sorted(found, key=lambda pair: (pair.rank, pair.label.y0))


def _values(
    sheet: Sheet, segment: Segment, label: Segment, end: int, read: Reader[T]
) -> Iterable[tuple[float, T, Segment]]:
    behind = read(segment.text[end:], True)
    if behind:
        value, first, last = behind[0]
        yield 0.0, value, segment.part(end + first, end + last)
        return
    if len(re.sub(r"[\W_]", "", segment.text[end:])) > 24:
        return
    beside = False
    for n, other in enumerate(sheet.right_of(segment)[:3]):
        if other.x0 - segment.x1 > _REACH * sheet.height and n > 0:
            break
        values = read(other.text, n == 0)
        if values:
            value, first, last = values[0]
            yield 1.0 + n, value, other.part(first, last)
            beside = True
            break
        if re.search(r"[a-z]{3}", other.folded):
            break
    below = sheet.below(label, reach=_BELOW)
    if not below and _is_head(sheet, label):
        below = _next_row(sheet, label)
    for other in below[:2]:
        values = read(other.text, True) or []
        near = [one for one in values if _under(other.part(one[1], one[2]), label, sheet.height)]
        if near:
            value, first, last = near[0]
            yield (4.0 if beside else 2.0), value, other.part(first, last)
            break


def _is_head(sheet: Sheet, label: Segment) -> bool:
    """Whether a label stands in a row of heads: without digits, and with labels of several fields."""
    row = sheet.rows[label.row]
    named = [kind for kind, patterns in lexicon.FIELDS.items() for one in row if labels_in(one, patterns)]
    return len(set(named)) > 1 and not any(re.search(r"\d", one.text) for one in row)


def _next_row(sheet: Sheet, label: Segment) -> list[Segment]:
    """What stands below a head in the next row that is not empty, of the same page and near enough."""
    row = next((row for row in sheet.rows[label.row + 1 :] if row), ())
    height = max(sheet.height, label.height)
    return [
        one
        for one in row
        if one.page is label.page and one.middle - label.middle <= _BELOW_HEADS * height and _under(one, label, height)
    ]


def _under(value: Segment, label: Segment, height: float) -> bool:
    """Whether a value stands in its label's column: over- or underneath it, or with an edge in line."""
    if min(value.x1, label.x1) - max(value.x0, label.x0) > 0:
        return True
    return min(abs(value.x0 - label.x0), abs(value.x1 - label.x1)) < height


def read_dates(text: str, near: bool) -> list[tuple[DateText, int, int]]:
    """A reader of dates."""
    del near
    return [(one, one.start, one.end) for one in dates_in(text)]


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


def _misread(text: str, patterns: tuple[str, ...]) -> tuple[int, int, int] | None:
    """A label that was read with a wrong letter: the words before a colon or the first number, nearly a known label."""
    head = re.match(r"[^\d:$€£]*", text)
    said = head[0].strip(" .-#") if head else ""
    rank = lexicon.nearest(said, patterns, PARAMETERS.label_likeness)
    return (rank, 0, len(head[0].rstrip())) if rank is not None and head else None
