"""Where a table is on a page: its ruling lines, its grounds, and the lines of words between or beside them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.opencv import opencv
from mm_agents.documents.table.lines import Divide, Line, Measures, find_divides, gaps_of
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.types import Box, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|figure|fig\.|source|note|notes)\b[\s.:]*\d*", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p[aá]gina|p\.)?\W*\d{1,4}(?:\s*(?:/|of|von|de|di|sur)\s*\d{1,4})?\W*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The lines of a table, and those above that may be its title."""

    lines: tuple[Line, ...]
    above: tuple[Line, ...] = ()


def find_region(lines: Sequence[Line], rulings: Rulings, measures: Measures) -> Region | None:
    """The most table-like part of a page; None where no two lines have gaps in them."""
    runs = [_runs(line, rulings, measures) for line in lines]
    prose = [_is_prose(line, count, lines) for line, count in zip(lines, runs, strict=True)]
    page = _Page(lines=lines, runs=runs, prose=prose, measures=measures)
    framed = [_framed(frame, lines, rulings, measures) for frame in find_frames(rulings, measures)]
    blocks = [block for block in _blocks(page) if page.gaps(block)]
    if page.gaps(range(len(lines))) < 2:
        return None
    strong = [part for part in framed if page.gaps(part) >= 3]
    best = max(strong or blocks, key=page.worth)
    others = {n for other in strong for n in other} - set(best)
    part = _extended(best, page, others, up=not strong)
    beside = sum(len(line.words) for n, line in enumerate(lines) if n not in part)
    most_beside = PARAMETERS.few if strong else PARAMETERS.most_beside
    if not others and sum(prose) < 2 and beside <= most_beside * sum(len(line.words) for line in lines):
        part = list(range(len(lines)))
    part = _without_captions(part, page, rulings, keep_prose=len(part) == len(lines))
    return Region(lines=tuple(lines[n] for n in part), above=tuple(lines[max(part[0] - 3, 0) : part[0]]))


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


def _without_captions(part: Sequence[int], page: _Page, rulings: Rulings, *, keep_prose: bool) -> list[int]:
    """A part without the titles, captions and notes at its ends."""
    left = min(page.lines[n].box.x0 for n in part)
    right = max(page.lines[n].box.x1 for n in part)
    reach = PARAMETERS.lone_blank * page.measures.height
    top, bottom = page.lines[part[0]].box.y0 - reach, page.lines[part[-1]].box.y1 + reach
    long = [ruling.at for ruling in rulings.horizontal if ruling.length >= PARAMETERS.nearly_all * (right - left)]
    across = [y for y in long if top < y < bottom]

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
        ruled_off &= not any(one.start < line.middle < one.end and left < one.at < right for one in rulings.vertical)
        apart = abs(page.lines[neighbour].base - line.base) > PARAMETERS.longest_leading * page.measures.height
        if (
            not framed
            and neighbour < n
            and apart
            and _PAGE_NUMBER.fullmatch(" ".join(word.text for word in line.words))
        ):
            return True
        indent = page.lines[neighbour].box.x0 - line.box.x0
        flush = line.box.x0 <= left + PARAMETERS.alignment * page.measures.height
        flush &= indent <= reach  # cells stand a little in from their title
        above = apart and neighbour > n and not framed and page.runs[neighbour] > 1 and flush
        return caption or large or ruled_off or above or (page.prose[n] and not keep_prose)

    # What stands beyond a line that is no part of the table is none either.
    single = [page.runs[n] < 2 for n in part]
    heads, tails = (len(list(takewhile(bool, ends))) for ends in (single, reversed(single)))
    heads, tails = min(heads, len(part) - 2), min(tails, len(part) - 2)
    first = next((k for k in range(heads, 0, -1) if out(part[k - 1], part[k])), 0)
    last = next((k for k in range(len(part) - tails, len(part)) if out(part[k], part[k - 1])), len(part))
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
    wide = line.box.x1 - line.box.x0 > PARAMETERS.most * (right - left)
    return runs == 1 and len(line.words) >= PARAMETERS.prose_words and wide


# ---------------------------------------------------------------- candidates


def find_frames(rulings: Rulings, measures: Measures) -> list[list[Ruling]]:
    """Ruling lines that begin and end at the same places, at least three; apart where the vertical ones break off."""
    near = PARAMETERS.frame_edge * measures.height
    groups: list[list[Ruling]] = []
    for ruling in rulings.horizontal:
        for group in reversed(groups):
            if _breaks_off(group, ruling, rulings.vertical, measures):
                continue
            if abs(group[0].start - ruling.start) <= near and abs(group[0].end - ruling.end) <= near:
                group.append(ruling)
                break
        else:
            groups.append([ruling])
    return [group for group in groups if len(group) >= 3]


def _breaks_off(group: Sequence[Ruling], below: Ruling, vertical: Sequence[Ruling], measures: Measures) -> bool:
    """Whether vertical ruling lines join those of a group, and others those further down, but none joins both."""
    last, near = group[-1].at, PARAMETERS.same_ruling * measures.height
    inside = [one for one in vertical if below.start - measures.height < one.at < below.end + measures.height]
    across = any(one.start <= last + near and one.end >= below.at - near for one in inside)
    ends = any(one.start < last - near and abs(one.end - last) <= near for one in inside)
    begins = any(one.end > below.at + near and abs(one.start - below.at) <= near for one in inside)
    return not across and ends and begins


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


def _crosses(line: Line, divides: Sequence[float], measures: Measures) -> bool:
    slack = PARAMETERS.slack * measures.height
    return any(word.place.x0 + slack < x < word.place.x1 - slack for word in line.words for x in divides)


def _extended(part: Sequence[int], page: _Page, others: Container[int], *, up: bool = True) -> list[int]:
    """A part and the lines that follow it closely, above (where there may be any) and below, in its columns.

    Lines of ``others`` are those of another table.
    """
    first, last = part[0], part[-1]
    divides = [divide.x for divide in find_divides([page.lines[n] for n in part], page.measures)]

    def fits(n: int, edge: int) -> bool:
        if not 0 <= n < len(page.lines) or page.runs[n] < 2 or n in others:
            return False
        between = pairwise(page.lines[min(n, edge) : max(n, edge) + 1])
        broad = PARAMETERS.lone_blank * page.measures.height
        near = all(lower.box.y0 - upper.box.y1 < broad for upper, lower in between)
        return near and not _crosses(page.lines[n], divides, page.measures)

    while step := next((k for k in (1, 2, 3) if up and fits(first - k, first)), 0):
        first -= step
    if not up:
        first = _with_head(first, page, divides)
    while step := next((k for k in (1, 2, 3) if fits(last + k, last)), 0):
        last += step
    return [n for n in range(first, last + 1) if n in part or not page.prose[n]]


# ---------------------------------------------------------------- rulings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A ruling line on the straight page, in pixels: its y (x where it is vertical), and its ends on the other axis."""

    at: float
    start: float
    end: float

    @property
    def length(self) -> float:
        """In pixels."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulings:
    """The ruling lines of a page, those of each kind from the top or from the left."""

    horizontal: tuple[Ruling, ...]
    vertical: tuple[Ruling, ...]


def find_rulings(pixels: ByteArray, height: float) -> Rulings:
    """Find the ruling lines of a straight page (uint8, (height, width, 3)) whose capitals are ``height`` pixels."""
    cv2 = opencv()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    horizontal = _lines(grey, height, stroke=PARAMETERS.stroke)
    vertical = _lines(np.ascontiguousarray(grey.T), height, stroke=PARAMETERS.stem)
    return Rulings(horizontal=horizontal, vertical=vertical)


def beside_words(rulings: Rulings, places: Sequence[Box]) -> Rulings:
    """The ruling lines without those that run through words: strokes of letters that stand close."""
    across = [(place.y0, place.y1, place.x0, place.x1) for place in places]
    along = [(place.x0, place.x1, place.y0, place.y1) for place in places]
    return Rulings(
        horizontal=tuple(ruling for ruling in rulings.horizontal if not _runs_through(ruling, across)),
        vertical=tuple(ruling for ruling in rulings.vertical if not _runs_through(ruling, along)),
    )


def within(rulings: Rulings, box: Box, measures: Measures, *, beside: float | None = None) -> Rulings:
    """The ruling lines around some of a page's words: those that lie in their box, or just beside it.

    Where another table ends at the height ``beside``, those that are nearer to it are its own.
    """
    reach = PARAMETERS.lone_blank * measures.height
    x0, y0, x1, y1 = box.x0 - reach, box.y0 - reach, box.x1 + reach, box.y1 + reach
    if beside is not None and beside <= box.y0:
        y0 = max(y0, (beside + box.y0) / 2)
    elif beside is not None:
        y1 = min(y1, (beside + box.y1) / 2)
    return Rulings(
        horizontal=tuple(one for one in rulings.horizontal if y0 < one.at < y1 and x0 < one.start and one.end < x1),
        vertical=tuple(one for one in rulings.vertical if x0 < one.at < x1 and y0 < one.start and one.end < y1),
    )


def _runs_through(ruling: Ruling, places: Sequence[tuple[int, int, int, int]]) -> bool:
    """Whether at least half of a line lies well inside words: their extent across it, then along it."""
    inside = sum(
        max(0.0, min(ruling.end, end) - max(ruling.start, start))
        for low, high, start, end in places
        if _well_inside(ruling.at, low, high)
    )
    return inside > ruling.length / 2


def _well_inside(value: float, start: float, end: float) -> bool:
    edge = PARAMETERS.inside_word * (end - start)
    return start + edge < value < end - edge


def _lines(grey: NDArray[np.uint8], height: float, *, stroke: float) -> tuple[Ruling, ...]:
    """Horizontal lines of a grey picture; strokes of letters are shorter than ``stroke``, in heights."""
    cv2 = opencv()
    across = np.ones((_odd(PARAMETERS.thickest_ruling * height, 5), 1), np.uint8)
    found: list[Ruling] = []
    for thinness in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT):
        thin = (cv2.morphologyEx(grey, thinness, across) > PARAMETERS.contrast).astype(np.uint8)
        # Letters have no stroke so long; what they leave is gone before the gaps where lines cross are closed.
        strokes = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, _odd(stroke * height, 5)), np.uint8))
        gap = np.ones((1, _odd(PARAMETERS.ruling_break * height, 5)), np.uint8)
        found += [*_measured(cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, gap), height), *_dashed(thin, height)]
    return tuple(sorted(_united(found, height), key=lambda ruling: (ruling.at, ruling.start)))


def _dashed(thin: NDArray[np.uint8], height: float) -> list[Ruling]:
    """Horizontal lines of dashes: short strokes in a row, one as far from the next as all others are."""
    number, _, boxes, middles = opencv().connectedComponentsWithStats(thin, connectivity=8)
    rows: dict[int, list[tuple[int, int, float]]] = {}
    for (x, _, long, thick, _), (_, y) in zip(boxes[1:number].tolist(), middles[1:number].tolist(), strict=True):
        if max(3, 2 * thick) <= long <= PARAMETERS.longest_dash * height:
            rows.setdefault(round(y), []).append((x, x + long, y))
    found: list[Ruling] = []
    for row in rows.values():
        row.sort()
        apart = [n for n, (one, other) in enumerate(pairwise(row), 1) if other[0] - one[1] > height]
        for first, last in pairwise([0, *apart, len(row)]):
            run = row[first:last]
            pitches = np.diff([start for start, _, _ in run])
            if len(run) < PARAMETERS.dashes:
                continue
            steps = pitches / np.median(pitches)
            even = np.abs(steps - np.maximum(np.rint(steps), 1)) < PARAMETERS.uneven
            if even.mean() >= PARAMETERS.nearly_all and run[-1][1] - run[0][0] >= PARAMETERS.shortest_ruling * height:
                found.append(Ruling(at=float(np.mean([y for _, _, y in run])) + 0.5, start=run[0][0], end=run[-1][1]))
    return found


def off_rulings(words: Sequence[Word], rulings: Rulings, height: float) -> list[Word]:
    """The words without single strokes on an upright ruling line: its dashes, which OCR takes for an I or a 1."""

    def is_dash(word: Word) -> bool:
        place, middle = word.place, (word.place.x0 + word.place.x1) / 2
        return any(
            abs(one.at - middle) <= PARAMETERS.same_ruling * height
            and one.start <= place.y1 - height / 2
            and one.end >= place.y0 + height / 2
            for one in rulings.vertical
        )

    return [word for word in words if word.text not in _STROKES or not is_dash(word)]


_STROKES = {"I", "l", "1", "|", "i", "!", ":", "J", "[", "]", "1I", "I1", "II"}


def _odd(size: float, least: int) -> int:
    """A size with a middle: with an even one, closing and opening move edges by a pixel, which look like lines."""
    return max(least, 2 * round((size - 1) / 2) + 1)


def _measured(mask: NDArray[Any], height: float) -> list[Ruling]:
    cv2 = opencv()
    thickest, least = PARAMETERS.thickest_ruling * height, PARAMETERS.shortest_ruling * height
    number, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return [
        Ruling(at=y + thick / 2, start=x, end=x + long)
        for x, y, long, thick, _ in boxes[1:number].tolist()
        if thick <= thickest and long >= least
    ]


def _united(rulings: Sequence[Ruling], height: float) -> list[Ruling]:
    """Pieces of one line put together, and double lines (or the two edges of a thick one) made one."""
    found: list[Ruling] = []

    def touch(one: Ruling, other: Ruling) -> bool:
        near = abs(other.at - one.at) <= PARAMETERS.same_ruling * height
        return near and one.start <= other.end + height and other.start <= one.end + height

    for ruling in sorted(rulings, key=lambda one: (one.at, one.start)):
        close = takewhile(lambda n: ruling.at - found[n].at <= height, reversed(range(len(found))))  # noqa: B023
        n = next((n for n in close if touch(ruling, found[n])), None)
        if n is None:
            found.append(ruling)
            continue
        other = found[n]
        at = (ruling.at * ruling.length + other.at * other.length) / (ruling.length + other.length)
        found[n] = Ruling(at=at, start=min(ruling.start, other.start), end=max(ruling.end, other.end))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Separator:
    """Ruling lines at one height: where they are, and which stretches they cover."""

    y: float
    stretches: tuple[tuple[float, float], ...]

    def covers(self, start: float, end: float) -> float:
        """The share of a stretch that is ruled, 0 to 1."""
        if end <= start:
            return 0.0
        return sum(max(0.0, min(b, end) - max(a, start)) for a, b in self.stretches) / (end - start)


def find_separators(rulings: Sequence[Ruling], box: Box, measures: Measures) -> list[Separator]:
    """Horizontal ruling lines by height, those of the table."""
    reach = PARAMETERS.lone_blank * measures.height
    return [
        Separator(
            y=float(np.mean([ruling.at for ruling in group])),
            stretches=_union([(ruling.start, ruling.end) for ruling in group]),
        )
        for group in _grouped(rulings, measures)
        if box.y0 - reach < group[0].at < box.y1 + reach
    ]


def _grouped(rulings: Sequence[Ruling], measures: Measures) -> list[list[Ruling]]:
    """Those at almost one place, in their order."""
    groups: list[list[Ruling]] = []
    for ruling in rulings:
        if groups and ruling.at - groups[-1][-1].at <= PARAMETERS.same_ruling * measures.height:
            groups[-1].append(ruling)
        else:
            groups.append([ruling])
    return groups


def _union(stretches: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def ruled_columns(rulings: Sequence[Ruling], lines: Sequence[Line], box: Box, measures: Measures) -> list[Divide]:
    """Where vertical ruling lines part columns: those along a good part of the table that cut no words."""
    near = PARAMETERS.same_ruling * measures.height
    words = [word.place for line in lines for word in line.words]
    found: list[Divide] = []
    for group in _grouped(rulings, measures):
        x = float(np.mean([ruling.at for ruling in group]))
        covered = _union([(max(ruling.start, box.y0), min(ruling.end, box.y1)) for ruling in group])
        length = sum(max(0.0, end - start) for start, end in covered)
        cut_words = sum(word.x0 + near < x < word.x1 - near for word in words)
        if length >= (box.y1 - box.y0) / 2 and cut_words <= PARAMETERS.few * len(lines):
            found.append(Divide(x=x, ruled=covered))
    return found


def parts(separator: Separator, above: Line, below: Line, box: Box) -> bool:
    """Whether ruling lines part two lines of words."""
    if not above.middle < separator.y < below.middle:
        return False
    return separator.covers(box.x0, box.x1) >= 0.5 or any(
        separator.covers(line.box.x0, line.box.x1) >= 0.5 for line in (above, below)
    )


def head_lines(lines: Sequence[Line], separators: Sequence[Separator], box: Box, barriers: Sequence[bool]) -> int:
    """How many lines stand above the first ruling line across the table, or on a ground of another colour."""
    limit = min(PARAMETERS.head_limit, max(1, len(lines) // 2))
    for separator in separators:
        above = sum(line.middle < separator.y for line in lines)
        if 0 < above <= limit and separator.covers(box.x0, box.x1) >= PARAMETERS.nearly_all:
            return above
    return next((n for n in range(1, limit + 1) if n < len(lines) and barriers[n]), 0)


def head_by_titles(lines: Sequence[Line], separators: Sequence[Separator], divides: Sequence[Divide], box: Box) -> int:
    """How many lines stand above the columns that a short ruling line near the top gathers under a title, and these."""
    edges = [float(box.x0), *(divide.x for divide in divides), float(box.x1)]
    for n in range(min(4, len(lines) - 2)):
        for separator in separators:
            gathered = sum(separator.covers(start, end) >= PARAMETERS.most for start, end in pairwise(edges))
            if lines[n].middle < separator.y < lines[n + 1].middle and 2 <= gathered < len(edges) - 1:
                return n + 2
    return 0


def ground_changes(pixels: ByteArray, lines: Sequence[Line]) -> list[bool]:
    """For each line, whether it is on another ground than the line above; pixels as for `find_rulings`."""
    left = min(line.box.x0 for line in lines)
    right = max(line.box.x1 for line in lines)
    edges = np.linspace(left, right, PARAMETERS.ground_blocks + 1).astype(int)
    grounds = np.array(
        [
            [
                np.median(pixels[line.box.y0 : line.box.y1, a : max(b, a + 1)].reshape(-1, 3), axis=0)
                for a, b in pairwise(edges)
            ]
            for line in lines
        ]
    )
    changed = np.abs(np.diff(grounds, axis=0)).max(axis=2) > PARAMETERS.ground_levels
    return [False, *(bool(share > PARAMETERS.most) for share in changed.mean(axis=1))]
