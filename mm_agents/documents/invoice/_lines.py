"""Pages as one long sheet of rows: each page below the one before it, words joined to segments that stand together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from mm_agents.documents._dates import fold
from mm_agents.documents._layout import rows
from mm_agents.documents.pages import Page
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
