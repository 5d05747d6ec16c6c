"""Rulings: drawn lines and edges of colour, the boxes they enclose, and the borders of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents.documents.opencv import opencv
from mm_agents.documents.table.lines import Divide, Line, Measures
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.types import Box, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A ruling line on the straight page, in pixels.

    Attributes:
        at: its y where it is horizontal, its x where it is vertical.
        start: where it begins on the other axis.
        end: where it ends.
    """

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
    """Find the ruling lines of a straight page.

    Args:
        pixels: uint8, shape (height, width, 3).
        height: of its capitals, in pixels.
    """
    cv2 = opencv()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    horizontal = _lines(grey, height, stroke=PARAMETERS.stroke)
    vertical = _lines(np.ascontiguousarray(grey.T), height, stroke=PARAMETERS.stem)
    return Rulings(horizontal=horizontal, vertical=vertical)


def beside_words(rulings: Rulings, places: Sequence[Box]) -> Rulings:
    """The ruling lines without those that run through words: strokes of letters that stand close.

    Args:
        rulings: of a page.
        places: of its words.
    """
    across = [(place.y0, place.y1, place.x0, place.x1) for place in places]
    along = [(place.x0, place.x1, place.y0, place.y1) for place in places]
    return Rulings(
        horizontal=tuple(ruling for ruling in rulings.horizontal if not _runs_through(ruling, across)),
        vertical=tuple(ruling for ruling in rulings.vertical if not _runs_through(ruling, along)),
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
        found += _measured(cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, gap), height)
    return tuple(sorted(_united(found, height), key=lambda ruling: (ruling.at, ruling.start)))


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
    for ruling in sorted(rulings, key=lambda one: (one.at, one.start)):
        for n in reversed(range(len(found))):
            other = found[n]
            near = abs(other.at - ruling.at) <= PARAMETERS.same_ruling * height
            if near and ruling.start <= other.end + height and other.start <= ruling.end + height:
                total = ruling.length + other.length
                found[n] = Ruling(
                    at=(ruling.at * ruling.length + other.at * other.length) / total,
                    start=min(ruling.start, other.start),
                    end=max(ruling.end, other.end),
                )
                break
        else:
            found.append(ruling)
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
    near = PARAMETERS.same_ruling * measures.height
    found: list[list[Ruling]] = []
    for ruling in rulings:
        reach = PARAMETERS.lone_blank * measures.height
        if not box.y0 - reach < ruling.at < box.y1 + reach:
            continue
        if found and ruling.at - found[-1][-1].at <= near:
            found[-1].append(ruling)
        else:
            found.append([ruling])
    return [
        Separator(
            y=float(np.mean([ruling.at for ruling in group])),
            stretches=_union([(ruling.start, ruling.end) for ruling in group]),
        )
        for group in found
    ]


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
    groups: list[list[Ruling]] = []
    for ruling in rulings:
        if groups and ruling.at - groups[-1][-1].at <= near:
            groups[-1].append(ruling)
        else:
            groups.append([ruling])
    found: list[Divide] = []
    for group in groups:
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
    """For each line, whether it stands on another ground than the line above.

    Args:
        pixels: uint8, shape (height, width, 3): the straight page.
        lines: from the top, at least one.
    """
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Boxes of one size in rows and columns.

    Attributes:
        boxes: by row and column, from 0.
        columns: where each column begins and ends, in pixels.
        rows: where each row begins and ends, in pixels.
    """

    boxes: dict[tuple[int, int], Box]
    columns: tuple[tuple[int, int], ...]
    rows: tuple[tuple[int, int], ...]


def find_boxes(pixels: ByteArray, height: float) -> list[Box]:
    """Closed areas of one colour, such as cards: what is written on them counts as theirs.

    Args:
        pixels: uint8, shape (height, width, 3): the straight page.
        height: of its capitals, in pixels.
    """
    cv2 = opencv()
    scale = min(1.0, PARAMETERS.longest_side / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    edges = np.zeros(small.shape[:2], np.uint8)
    for channel in cv2.split(small):
        steps = cv2.morphologyEx(channel, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        edges |= (steps > PARAMETERS.flat_levels).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(1 - edges, connectivity=4)
    page = small.shape[0] * small.shape[1]
    found: list[Box] = []
    for n, (x, y, wide, high, area) in enumerate(stats[1:number].tolist(), start=1):
        if (
            wide < PARAMETERS.lone_blank * height * scale
            or high < PARAMETERS.column_gap * height * scale
            or wide * high > page / 2
            or area < PARAMETERS.few * wide * high
        ):
            continue
        part = (labels[y : y + high, x : x + wide] == n).astype(np.uint8)
        outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        if max(cv2.contourArea(outline) for outline in outlines) >= PARAMETERS.card_filled * (wide - 1) * (high - 1):
            corners = (round(value / scale) for value in (x, y, x + wide, y + high))
            x0, y0, x1, y1 = corners
            found.append(Box(x0=x0, y0=y0, x1=x1, y1=y1))
    return found


def find_lattice(boxes: Sequence[Box], words: Sequence[Word], height: float) -> Lattice | None:
    """The largest set of boxes of one size with words in them that lie in rows and columns, apart from each other."""
    filled = [box for box in boxes if any(holds(box, word.place) for word in words)]
    best: Lattice | None = None
    for model in filled:
        alike = [box for box in filled if _alike(box, model)]
        lattice = _lattice(alike, height)
        if (
            lattice
            and _is_alone(lattice, boxes, words, height)
            and (best is None or len(lattice.boxes) > len(best.boxes))
        ):
            best = lattice
    return best


def _is_alone(lattice: Lattice, boxes: Sequence[Box], words: Sequence[Word], height: float) -> bool:
    """Whether no other boxes lie against these and hardly any words stand between them, unlike cells of a table."""
    mine = list(lattice.boxes.values())
    others = [box for box in boxes if box not in mine]
    if sum(
        any(_against(box, other, PARAMETERS.card_gap * height) for other in others) for box in mine
    ) > PARAMETERS.most_beside * len(mine):
        return False
    left, right = lattice.columns[0][0], lattice.columns[-1][1]
    top, bottom = lattice.rows[0][0], lattice.rows[-1][1]
    across = Box(x0=left, y0=top, x1=right, y1=bottom)
    inside = [word for word in words if holds(across, word.place)]
    return sum(any(holds(box, word.place) for box in mine) for word in inside) >= PARAMETERS.nearly_all * len(inside)


def _against(box: Box, other: Box, room: float) -> bool:
    """Whether two boxes lie side by side, or one on the other, with hardly any room between."""
    beside = min(box.y1, other.y1) - max(box.y0, other.y0) > (box.y1 - box.y0) / 2
    over = min(box.x1, other.x1) - max(box.x0, other.x0) > (box.x1 - box.x0) / 2
    across = max(other.x0 - box.x1, box.x0 - other.x1)
    along = max(other.y0 - box.y1, box.y0 - other.y1)
    return (beside and 0 <= across <= room) or (over and 0 <= along <= room)


def holds(box: Box, place: Box) -> bool:
    """Whether the middle of a place lies in a box."""
    x, y = (place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1


def _alike(box: Box, other: Box) -> bool:
    wide, high = box.x1 - box.x0, box.y1 - box.y0
    same = PARAMETERS.same_size
    return abs(wide - (other.x1 - other.x0)) <= same * wide and abs(high - (other.y1 - other.y0)) <= same * high


def _lattice(boxes: Sequence[Box], height: float) -> Lattice | None:
    if len(boxes) < 3:
        return None
    columns = _strips([(box.x0, box.x1) for box in boxes])
    rows = _strips([(box.y0, box.y1) for box in boxes])
    placed: dict[tuple[int, int], Box] = {}
    for box in boxes:
        place = (_index(rows, box.y0, box.y1), _index(columns, box.x0, box.x1))
        if place in placed:
            return None
        placed[place] = box
    room = PARAMETERS.card_gap * height
    apart = all(after[0] - before[1] > room for strips in (rows, columns) for before, after in _neighbours(strips))
    enough = len(columns) >= 2 and len(placed) >= PARAMETERS.most * len(columns) * len(rows)
    return Lattice(boxes=placed, columns=columns, rows=rows) if apart and enough else None


def _strips(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans that lie over each other made one: the median of each heap."""
    heaps: list[list[tuple[int, int]]] = []
    for span in sorted(spans):
        if heaps and (span[0] + span[1]) / 2 < heaps[-1][-1][1]:
            heaps[-1].append(span)
        else:
            heaps.append([span])
    return tuple((int(median(a for a, _ in heap)), int(median(b for _, b in heap))) for heap in heaps)


def _index(strips: Sequence[tuple[int, int]], start: int, end: int) -> int:
    middle = (start + end) / 2
    return min(range(len(strips)), key=lambda n: abs(sum(strips[n]) / 2 - middle))


def _neighbours(strips: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(pairwise(strips))
