"""Lines of words, and the measures that all else is told in: the height of letters and the space between words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from mm_agents.types import Box, Word

_LEADER = re.compile(r"[.·…•_\s]{3,}$")
_LOOKALIKES = {"十": "†", "二": "=", "一": "–", "口": "□"}
"""Signs that the recogniser, which also reads Chinese, takes for characters; alone in a word they are signs."""

_HANGING = re.compile(r"[gjpqy()\[\],;Q/]")
_TALL = re.compile(r"[A-Zbdfhklt0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a page's print measures.

    Attributes:
        height: of capitals and digits, in pixels.
        space: between two words of a sentence, in pixels.
    """

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
        return min(median(heights), 1.9 * median(_width(word) / len(word.text) for word in self.words))

    @property
    def height(self) -> float:
        """Of its tallest words, in pixels."""
        return max(word.place.y1 - word.place.y0 for word in self.words)


def make_lines(words: Iterable[Word]) -> list[Line]:
    """Lines from the top; leaders ("......") and words that are turned on the page are left out.

    Words that were read in one run stay together: a "+" or a "-" alone stands higher or lower than its number.
    """
    runs: dict[int, list[Word]] = {}
    for word in words:
        if not word.turned and not _LEADER.fullmatch(word.text):
            runs.setdefault(word.line, []).append(word)
    found: list[list[Line]] = []
    for run in sorted((Line(words=tuple(run)) for run in runs.values()), key=lambda run: run.middle):
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


def _beside(group: Sequence[Line], run: Line) -> bool:
    """Whether a run stands on the same line as others, and not above or below one of them."""
    height = median(other.height for other in group)
    if any(character.isalnum() for word in run.words for character in word.text):
        height = min(run.height, height)
    if abs(_middle(group) - run.middle) > 0.5 * height:
        return False
    box = run.box
    return all(box.x0 >= other.box.x1 - 0.3 * height or box.x1 <= other.box.x0 + 0.3 * height for other in group)


def _middle(group: Sequence[Line]) -> float:
    return median(run.middle for run in group)


def measure(lines: Sequence[Line]) -> Measures:
    """The measures of lines, of which there is at least one."""
    heights = [word.place.y1 - word.place.y0 for line in lines for word in line.words if _TALL.search(word.text)]
    if not heights:
        heights = [word.place.y1 - word.place.y0 for line in lines for word in line.words]
    pitch = median(_width(word) / len(word.text) for line in lines for word in line.words)
    # A ruling line that touches letters makes their boxes high, so the letters' widths have a say.
    height = max(min(float(median(heights)), 1.9 * pitch), 4.0)
    gaps = [gap for line in lines for gap in gaps_of(line.words) if 0 < gap < height]
    space = float(median(gaps)) if len(gaps) >= 8 else 0.42 * height
    return Measures(height=height, space=min(max(space, 0.25 * height), 0.6 * height))


def gaps_of(words: Sequence[Word]) -> list[int]:
    """The widths between each word and the next, in pixels."""
    return [after.place.x0 - before.place.x1 for before, after in pairwise(words)]


def around(words: Iterable[Word]) -> Box:
    """The box on the straight page that covers words, of which there is at least one."""
    places = [word.place for word in words]
    return Box(
        x0=min(place.x0 for place in places),
        y0=min(place.y0 for place in places),
        x1=max(place.x1 for place in places),
        y1=max(place.y1 for place in places),
    )


def plain(word: Word) -> str:
    """A word's text without the leader that it runs into ("Sciences....." is "Sciences"), and signs put right."""
    if word.text in _LOOKALIKES:
        return _LOOKALIKES[word.text]
    return _LEADER.sub("", word.text) if len(word.text) > 4 else word.text


def _base(word: Word) -> float:
    """Where a word stands: its letters' lower edge, what hangs below it left out."""
    height = word.place.y1 - word.place.y0
    if not any(character.isalnum() for character in word.text):
        return (word.place.y0 + word.place.y1) / 2 + 0.5 * height
    tall = _TALL.search(word.text) is not None
    hangs = _HANGING.search(word.text) is not None
    return word.place.y1 - (height * (0.22 if tall else 0.28) if hangs else 0.0)


def _width(word: Word) -> int:
    return word.place.x1 - word.place.x0
