"""Which lines of a page are its table: those between ruling lines of one length, or lines in a row with gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mm_agents.documents.table._columns import find_divides
from mm_agents.documents.table._lines import Line, Measures, gaps_of
from mm_agents.documents.table._rulings import Ruling, Rulings
from mm_agents.types import Word

_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|figure|fig\.|source|note|notes)\b[\s.:]*\d*", re.IGNORECASE)
_GAP = 1.5
_APART = 4.5
_PROSE_WORDS = 8


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
    framed = [_framed(frame, lines, measures) for frame in _frames(rulings.horizontal, measures)]
    framed = [part for part in framed if page.gaps(part) >= 2]
    candidates = framed + [chain for chain in _chains(page) if page.gaps(chain) >= 2]
    if not candidates:
        return None
    part = _extended(max(candidates, key=page.worth), page)
    strong = [candidate for candidate in framed if page.gaps(candidate) >= 3]
    if sum(prose) < 2 and sum(count < 2 for count in runs) <= 0.45 * len(lines):
        part = list(range(len(lines)))
        if strong:
            frame = _extended(max(strong, key=page.worth), page)
            others = sum(len(line.words) for n, line in enumerate(lines) if n not in frame)
            part = frame if others > 0.15 * sum(len(line.words) for line in lines) else part
    part = _without_captions(part, page, keep_prose=len(part) == len(lines))
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


def _without_captions(part: Sequence[int], page: _Page, *, keep_prose: bool) -> list[int]:
    def out(n: int) -> bool:
        caption = page.runs[n] == 1 and _CAPTION.match(page.lines[n].words[0].text) is not None
        return caption or (page.prose[n] and not keep_prose)

    first, last = 0, len(part)
    while last - first > 2 and out(part[first]):
        first += 1
    while last - first > 2 and out(part[last - 1]):
        last -= 1
    return list(part[first:last])


def _runs(line: Line, rulings: Rulings, measures: Measures) -> int:
    """How many runs of words a line has that stand well apart, or on either side of a vertical ruling line."""
    parted = sum(
        gap >= _GAP * measures.height or _ruled_between(before, after, rulings.vertical)
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
    return runs == 1 and len(line.words) >= _PROSE_WORDS and box.x1 - box.x0 > 0.6 * (right - left)


# ---------------------------------------------------------------- candidates


def _frames(horizontal: Sequence[Ruling], measures: Measures) -> list[list[Ruling]]:
    """Ruling lines that begin and end at the same places, at least two."""
    near = 2 * measures.height
    groups: list[list[Ruling]] = []
    for ruling in horizontal:
        for group in groups:
            if abs(group[0].start - ruling.start) <= near and abs(group[0].end - ruling.end) <= near:
                group.append(ruling)
                break
        else:
            groups.append([ruling])
    return [group for group in groups if len(group) >= 2]


def _framed(frame: Sequence[Ruling], lines: Sequence[Line], measures: Measures) -> list[int]:
    top, bottom = frame[0].at - measures.height, frame[-1].at + 0.3 * measures.height
    left, right = frame[0].start - measures.height, frame[0].end + measures.height
    return [
        n for n, line in enumerate(lines) if top < line.middle < bottom and line.box.x1 > left and line.box.x0 < right
    ]


def _chains(page: _Page) -> list[list[int]]:
    """Lines that follow each other without a broad blank or a running text between them."""
    found: list[list[int]] = []
    for n, line in enumerate(page.lines):
        apart = n > 0 and line.box.y0 - page.lines[n - 1].box.y1 > _APART * page.measures.height
        if page.prose[n]:
            found.append([])
        elif apart or not found:
            found.append([n])
        else:
            found[-1].append(n)
    return [_trimmed(chain, page.runs) for chain in found if page.gaps(chain)]


def _trimmed(chain: Sequence[int], runs: Sequence[int]) -> list[int]:
    """A chain from a little before its first line with gaps to a little after its last."""
    first = next(k for k, n in enumerate(chain) if runs[n] > 1)
    last = next(k for k in range(len(chain) - 1, -1, -1) if runs[chain[k]] > 1)
    return list(chain[max(first - 1, 0) : last + 2])


def _extended(part: Sequence[int], page: _Page) -> list[int]:
    """A part and the lines that follow it closely, above and below, and stand in the same columns."""
    first, last = part[0], part[-1]
    divides = [divide.x for divide in find_divides([page.lines[n] for n in part], page.measures)]

    def fits(n: int, neighbour: int) -> bool:
        if not 0 <= n < len(page.lines) or page.runs[n] < 2:
            return False
        upper, lower = sorted((n, neighbour))
        near = page.lines[lower].box.y0 - page.lines[upper].box.y1 < 3.0 * page.measures.height
        slack = 0.3 * page.measures.height
        return near and not any(
            word.place.x0 + slack < x < word.place.x1 - slack for word in page.lines[n].words for x in divides
        )

    while fits(first - 1, first):
        first -= 1
    while fits(last + 1, last):
        last += 1
    return [n for n in range(first, last + 1) if n in part or not page.prose[n]]
