"""Which lines of a page are its table: those between ruling lines of one length, or lines in a row with gaps."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mm_agents.documents.table.lines import Line, Measures, find_divides, gaps_of
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.rulings import Ruling, Rulings
from mm_agents.types import Word

_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|figure|fig\.|source|note|notes)\b[\s.:]*\d*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The lines of a table, those above that may be its title, and whether there is more on the page."""

    lines: tuple[Line, ...]
    above: tuple[Line, ...] = ()
    whole: bool = True


def find_region(lines: Sequence[Line], rulings: Rulings, measures: Measures) -> Region | None:
    """The most table-like part of a page; None where no two lines have gaps in them."""
    runs = [_runs(line, rulings, measures) for line in lines]
    prose = [_is_prose(line, count, lines) for line, count in zip(lines, runs, strict=True)]
    page = _Page(lines=lines, runs=runs, prose=prose, measures=measures)
    framed = [_framed(frame, lines, rulings, measures) for frame in _frames(rulings.horizontal, measures)]
    blocks = [block for block in _blocks(page) if page.gaps(block)]
    if page.gaps(range(len(lines))) < 2:
        return None
    strong = [part for part in framed if page.gaps(part) >= 3]
    part = _extended(max(strong or blocks, key=page.worth), page, up=not strong)
    if not strong:
        part = _with_blocks(part, blocks, page)
    others = sum(len(line.words) for n, line in enumerate(lines) if n not in part)
    if sum(prose) < 2 and others <= (PARAMETERS.few if strong else PARAMETERS.most_beside) * sum(
        len(line.words) for line in lines
    ):
        part = list(range(len(lines)))
    part = _without_captions(part, page, rulings.horizontal, keep_prose=len(part) == len(lines))
    return Region(
        lines=tuple(lines[n] for n in part),
        above=tuple(lines[max(part[0] - 3, 0) : part[0]]),
        whole=len(part) == len(lines),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    lines: Sequence[Line]
    runs: Sequence[int]
    prose: Sequence[bool]
    measures: Measures

    def gaps(self, part: Sequence[int]) -> int:
        """How many lines of a part have gaps in them."""
        return sum(self.runs[n] > 1 for n in part)

    def worth(self, part: Sequence[int]) -> int:
        """How many gaps the lines of a part have."""
        return sum(self.runs[n] - 1 for n in part)


def _with_head(first: int, page: _Page, divides: Sequence[float]) -> int:
    """The first line of a frame, or of the lines just above it where they stand over most of its columns."""
    top = first
    blanks = [below.box.y0 - above.box.y1 for above, below in pairwise(page.lines[first:])]
    near = PARAMETERS.loose * max(page.measures.height, float(np.median(blanks))) if blanks else page.measures.height
    while top > 0:
        line, below = page.lines[top - 1], page.lines[top]
        if below.box.y0 - line.box.y1 > near or _crosses(line, divides, page.measures):
            break
        top -= 1
    columns = {bisect_left(divides, word.place.x0) for n in range(top, first) for word in page.lines[n].words}
    return top if len(columns) >= PARAMETERS.most * (len(divides) + 1) else first


def _without_captions(part: Sequence[int], page: _Page, horizontal: Sequence[Ruling], *, keep_prose: bool) -> list[int]:
    """A part without the titles, captions and notes at its ends."""
    left = min(page.lines[n].box.x0 for n in part)
    right = max(page.lines[n].box.x1 for n in part)
    across = [ruling.at for ruling in horizontal if ruling.length >= PARAMETERS.nearly_all * (right - left)]

    def out(n: int, neighbour: int) -> bool:
        line = page.lines[n]
        if page.runs[n] > 1:
            return False
        caption = _CAPTION.match(line.words[0].text) is not None
        framed = any(y < line.middle for y in across)
        size = max(page.measures.height, page.lines[neighbour].size)
        large = neighbour > n and not framed and line.size > PARAMETERS.larger_title * size
        upper, lower = sorted((line.middle, page.lines[neighbour].middle))
        ruled_off = any(upper < y < lower for y in across) and not any(
            y < line.middle if neighbour > n else y > line.middle for y in across
        )
        return caption or large or ruled_off or (page.prose[n] and not keep_prose)

    first, last = 0, len(part)
    while last - first > 2 and out(part[first], part[first + 1]):
        first += 1
    while last - first > 2 and out(part[last - 1], part[last - 2]):
        last -= 1
    return list(part[first:last])


def _runs(line: Line, rulings: Rulings, measures: Measures) -> int:
    """How many runs of words a line has that stand well apart, or on either side of a vertical ruling line."""
    parted = sum(
        gap >= PARAMETERS.column_gap * measures.height or _ruled_between(before, after, rulings.vertical)
        for gap, (before, after) in zip(gaps_of(line.words), pairwise(line.words), strict=True)
    )
    return parted + 1


def _ruled_between(before: Word, after: Word, vertical: Sequence[Ruling]) -> bool:
    middle = (before.place.y0 + before.place.y1) / 2
    return any(
        before.place.x1 - 2 <= ruling.at <= after.place.x0 + 2 and ruling.start <= middle <= ruling.end
        for ruling in vertical
    )


def _is_prose(line: Line, runs: int, lines: Sequence[Line]) -> bool:
    """Whether a line reads like one of a running text: many words without a gap along most of the page's text."""
    left, right = min(one.box.x0 for one in lines), max(one.box.x1 for one in lines)
    box = line.box
    return (
        runs == 1 and len(line.words) >= PARAMETERS.prose_words and box.x1 - box.x0 > PARAMETERS.most * (right - left)
    )


# ---------------------------------------------------------------- candidates


def _frames(horizontal: Sequence[Ruling], measures: Measures) -> list[list[Ruling]]:
    """Ruling lines that begin and end at the same places, at least three."""
    near = PARAMETERS.frame_edge * measures.height
    groups: list[list[Ruling]] = []
    for ruling in horizontal:
        for group in groups:
            if abs(group[0].start - ruling.start) <= near and abs(group[0].end - ruling.end) <= near:
                group.append(ruling)
                break
        else:
            groups.append([ruling])
    return [group for group in groups if len(group) >= 3]


def _framed(frame: Sequence[Ruling], lines: Sequence[Line], rulings: Rulings, measures: Measures) -> list[int]:
    """The lines within a frame; vertical ruling lines that leave it carry it on."""
    left, right = frame[0].start - measures.height, frame[0].end + measures.height
    top, bottom = frame[0].at - measures.height, frame[-1].at + PARAMETERS.same_ruling * measures.height
    crossing = [
        ruling
        for ruling in rulings.vertical
        if left < ruling.at < right
        and min(ruling.end, bottom) - max(ruling.start, top) > PARAMETERS.frame_edge * measures.height
    ]
    if len(crossing) > 1:
        top, bottom = min(top, *(one.start for one in crossing)), max(bottom, *(one.end for one in crossing))
    return [
        n for n, line in enumerate(lines) if top < line.middle < bottom and line.box.x1 > left and line.box.x0 < right
    ]


def _blocks(page: _Page) -> list[list[int]]:
    """Lines that follow each other without a broad blank or a running text between them."""
    blanks = [below.box.y0 - above.box.y1 for above, below in pairwise(page.lines)]
    broad = PARAMETERS.block_blank * max(page.measures.height, float(np.median(blanks))) if blanks else 0.0
    found: list[list[int]] = [[]]
    for n in range(len(page.lines)):
        if page.prose[n] or (n > 0 and blanks[n - 1] > broad):
            found.append([])
        if not page.prose[n]:
            found[-1].append(n)
    return [block for block in found if block]


def _with_blocks(part: list[int], blocks: Sequence[list[int]], page: _Page) -> list[int]:
    """A part and the blocks next to it, one after the other, that stand in its columns."""
    divides = [divide.x for divide in find_divides([page.lines[n] for n in part], page.measures)]
    for step in (1, -1):
        beyond = [block for block in blocks if (block[0] > part[-1] if step > 0 else block[-1] < part[0])]
        for block in beyond[::step]:
            near = block[0] - part[-1] if step > 0 else part[0] - block[-1]
            fitting = sum(page.runs[n] > 1 and not _crosses(page.lines[n], divides, page.measures) for n in block)
            if near > 3 or fitting < len(block) / 2:
                break
            part = [n for n in range(min(part[0], block[0]), max(part[-1], block[-1]) + 1)]
    return part


def _crosses(line: Line, divides: Sequence[float], measures: Measures) -> bool:
    slack = PARAMETERS.slack * measures.height
    return any(word.place.x0 + slack < x < word.place.x1 - slack for word in line.words for x in divides)


def _extended(part: Sequence[int], page: _Page, *, up: bool = True) -> list[int]:
    """A part and the lines that follow it closely, above (where there may be any) and below, in its columns."""
    first, last = part[0], part[-1]
    divides = [divide.x for divide in find_divides([page.lines[n] for n in part], page.measures)]

    def fits(n: int, neighbour: int) -> bool:
        if not 0 <= n < len(page.lines) or page.runs[n] < 2:
            return False
        upper, lower = sorted((n, neighbour))
        near = page.lines[lower].box.y0 - page.lines[upper].box.y1 < PARAMETERS.lone_blank * page.measures.height
        return near and not _crosses(page.lines[n], divides, page.measures)

    while step := next((k for k in (1, 2, 3) if up and fits(first - k, first - k + 1)), 0):
        first -= step
    if not up:
        first = _with_head(first, page, divides)
    while step := next((k for k in (1, 2, 3) if fits(last + k, last + k - 1)), 0):
        last += step
    return [n for n in range(first, last + 1) if n in part or not page.prose[n]]
