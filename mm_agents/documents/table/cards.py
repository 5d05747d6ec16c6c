"""Cards: boxes that each say a value and what it measures, in columns that have a title above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from mm_agents.documents.locate import normalised
from mm_agents.documents.numbers import decimal_mark
from mm_agents.documents.opencv import opencv
from mm_agents.documents.pages import Page
from mm_agents.documents.table.data import Cell, Quantity, quantity_of, without_marks
from mm_agents.documents.table.lines import Line, Measures, make_lines, plain, runs_of
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.result import Table
from mm_agents.types import Box, ByteArray, Evidence, Word

_HOW = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metric:
    """What a card, or a part of one, says: the words of its value and those of the name of what it measures."""

    value: tuple[Word, ...]
    name: tuple[Word, ...]

    @property
    def name_first(self) -> bool:
        """Whether the name stands above the value."""
        return bool(self.name) and self.name[0].place.y0 < self.value[0].place.y0 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    title: tuple[Word, ...]
    metrics: tuple[_Metric, ...]


def read_cards(page: Page, measures: Measures) -> Table | None:
    """The table that a page's cards make; None where it has none."""
    words = [word for word in page.words if not word.turned]
    lattice = find_lattice(find_boxes(page.straight, measures.height), words, measures.height)
    if lattice is None:
        return None
    cards = {place: _card([word for word in words if box.holds(word.place)]) for place, box in lattice.boxes.items()}
    if sum(bool(card.metrics) for card in cards.values()) < PARAMETERS.most * len(cards):
        return None
    inside = {word for word in words if any(box.holds(word.place) for box in lattice.boxes.values())}
    outside = [word for word in words if word not in inside]
    titles = {
        column: card.title or _title_above(lattice, column, outside, measures)
        for column in range(len(lattice.columns))
        for card in [cards.get((0, column), _Card(title=(), metrics=()))]
    }
    return _table(page, cards, titles, outside)


# ---------------------------------------------------------------- what one card says


def _card(words: Sequence[Word]) -> _Card:
    lines = [line.words for line in make_lines(words)]
    values = [n for n, line in enumerate(lines) if _quantity(line)]
    if not values:
        split = next((n for n, line in enumerate(lines) if _leading(line)), None)
        if split is None:
            return _Card(title=(), metrics=())
        lead = _leading(lines[split])
        lines[split : split + 1] = [lines[split][:lead], lines[split][lead:]]
        values = [split]
    if len(values) == 1:
        rest = _joined(line for n, line in enumerate(lines) if n != values[0])
        return _Card(title=(), metrics=(_Metric(value=lines[values[0]], name=rest),))
    if values[-1] == len(lines) - 1:  # names stand before their values
        starts = [max(values[0] - 1, 0), *(n + 1 for n in values[:-1])]
        names = [lines[start:n] for n, start in zip(values, starts, strict=True)]
    else:
        starts = values
        names = [lines[n + 1 : end] for n, end in pairwise([*values, len(lines)])]
    metrics = tuple(_Metric(value=lines[n], name=_joined(name)) for n, name in zip(values, names, strict=True))
    return _Card(title=_joined(lines[: starts[0]]), metrics=metrics)


def _joined(lines: Iterable[Sequence[Word]]) -> tuple[Word, ...]:
    return tuple(word for line in lines for word in line)


def _quantity(line: Sequence[Word]) -> Quantity | None:
    return quantity_of(_text(line))


def _leading(line: Sequence[Word]) -> int:
    """How many words at the start of a line say a number, where others follow: "17% of sales" has 1."""
    return next((n for n in (2, 1) if n < len(line) and _quantity(line[:n]) and _text(line[:n])[-1] not in "-–"), 0)


# ---------------------------------------------------------------- titles of columns


def _title_above(lattice: Lattice, column: int, outside: Sequence[Word], measures: Measures) -> tuple[Word, ...]:
    """The nearest lines of one size above a column of cards, no wider than it."""
    start, end = lattice.columns[column]
    top, bottom = lattice.rows[0]
    reach = PARAMETERS.title_reach * (bottom - top)
    near = [word for word in outside if top - reach < word.place.y1 <= top + measures.height]
    lines = [line for line in make_lines(near) for line in [_within(line, start, end)] if line is not None]
    found: list[Line] = []
    for line in reversed(lines):
        if found:
            step = found[0].middle - line.middle
            far = step > PARAMETERS.leading * max(line.height, found[0].height)
            if far or _size(line) < PARAMETERS.most * _size(found[0]):
                break
        found.insert(0, line)
    return _joined(line.words for line in found)


def _within(line: Line, start: int, end: int) -> Line | None:
    """The part of a line that stands over a column; none of a run of words that goes beyond it."""
    margin = PARAMETERS.same_size * (end - start)
    runs = [run.words for run in runs_of(line.words)]
    kept = _joined(run for run in runs if run[0].place.x0 >= start - margin and run[-1].place.x1 <= end + margin)
    return Line(words=tuple(sorted(kept, key=lambda word: word.place.x0))) if kept else None


def _size(line: Line) -> float:
    return median(word.place.y1 - word.place.y0 for word in line.words)


# ---------------------------------------------------------------- the table


def _table(
    page: Page,
    cards: dict[tuple[int, int], _Card],
    titles: dict[int, tuple[Word, ...]],
    outside: Sequence[Word],
) -> Table:
    """Columns of cards as columns, their metrics as rows; the first column names what all of a row measure."""
    grid: dict[tuple[int, int], _Metric] = {}
    row = 0
    for band in sorted({place[0] for place in cards}):
        for (at, column), card in cards.items():
            if at == band:
                grid |= {(row + n, column): metric for n, metric in enumerate(card.metrics)}
        row = max((place[0] + 1 for place in grid), default=row)
    mark = decimal_mark(_text(metric.value) for metric in grid.values())
    top = 1 if any(titles.values()) else 0
    shared = {n: _shared([metric for (at, _), metric in grid.items() if at == n]) for n in range(row)}
    left = 1 if any(shared.values()) else 0
    cells = [
        Cell(row=0, column=column + left, text=_text(words), evidence=(page.evidence(words, how=_HOW),))
        for column, words in titles.items()
        if words
    ]
    for n, metrics in shared.items():
        if metrics:
            evidence = tuple(page.evidence(metric.name, how=_HOW) for metric in metrics)
            cells.append(Cell(row=n + top, column=0, text=_text(metrics[0].name), evidence=evidence))
    for (n, column), metric in grid.items():
        text, marks = without_marks(_text(metric.value))
        cells.append(
            Cell(
                row=n + top,
                column=column + left,
                text=text,
                metric=_text(metric.name) or None,
                name_first=metric.name_first,
                footnotes=marks,
                quantity=quantity_of(text, mark),
                evidence=(page.evidence((*metric.value, *metric.name), how=_HOW),),
            )
        )
    used = {word for words in titles.values() for word in words}
    return Table(
        layout="cards",
        cells=tuple(sorted(cells, key=lambda cell: (cell.row, cell.column))),
        header_rows=top,
        header_columns=left,
        title=_title(page, [word for word in outside if word not in used], cards_top=_top(page, cells)),
        notes=_beside([word for word in outside if word not in used]),
        page=page.number,
    )


def _shared(metrics: Sequence[_Metric]) -> list[_Metric]:
    """Those of a row that have the name that most of them have; none where they differ."""
    names = Counter(normalised(_text(metric.name)) for metric in metrics if metric.name)
    if not names:
        return []
    name, count = names.most_common(1)[0]
    if count < 2 or count < PARAMETERS.most * len(metrics):
        return []
    return [metric for metric in metrics if normalised(_text(metric.name)) == name]


def _top(page: Page, cells: Sequence[Cell]) -> int:
    boxes: list[Box] = [page.frame.to_straight(cell.box) for cell in cells if cell.box]
    return min((box.y0 for box in boxes), default=0)


def _title(page: Page, words: Sequence[Word], cards_top: int) -> Evidence | None:
    """The largest line above the cards."""
    lines = [line for line in runs_of(words) if line.middle < cards_top]
    best = max(lines, key=lambda line: (_size(line), len(line.words)), default=None)
    return page.evidence(best.words, how="title") if best else None


def _beside(words: Sequence[Word]) -> tuple[str, ...]:
    text = "; ".join(_text(line.words) for line in make_lines(words))
    return (f"Beside the cards: {text}",) if text else ()


def _text(words: Sequence[Word]) -> str:
    return " ".join(plain(word) for word in words)


# ---------------------------------------------------------------- where cards are


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
    """Closed areas of one colour in uint8 pixels, such as cards: what is written on them counts as theirs."""
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
            x0, y0, x1, y1 = (round(value / scale) for value in (x, y, x + wide, y + high))
            found.append(Box(x0=x0, y0=y0, x1=x1, y1=y1))
    return found


def find_lattice(boxes: Sequence[Box], words: Sequence[Word], height: float) -> Lattice | None:
    """The largest set of boxes of one size with words in them that lie in rows and columns, apart from each other."""
    filled = [box for box in boxes if any(box.holds(word.place) for word in words)]
    found = [_lattice([box for box in filled if _alike(box, model)], height) for model in filled]
    alone = [lattice for lattice in found if lattice and _is_alone(lattice, boxes, words, height)]
    return max(alone, key=lambda lattice: len(lattice.boxes), default=None)


def _is_alone(lattice: Lattice, boxes: Sequence[Box], words: Sequence[Word], height: float) -> bool:
    """Whether no other boxes lie against these and hardly any words stand between them, unlike cells of a table."""
    mine = list(lattice.boxes.values())
    others = [box for box in boxes if box not in mine]
    room = PARAMETERS.card_gap * height
    touching = sum(any(_against(box, other, room) for other in others) for box in mine)
    if touching > PARAMETERS.most_beside * len(mine):
        return False
    left, right = lattice.columns[0][0], lattice.columns[-1][1]
    top, bottom = lattice.rows[0][0], lattice.rows[-1][1]
    across = Box(x0=left, y0=top, x1=right, y1=bottom)
    inside = [word for word in words if across.holds(word.place)]
    return sum(any(box.holds(word.place) for box in mine) for word in inside) >= PARAMETERS.nearly_all * len(inside)


def _against(box: Box, other: Box, room: float) -> bool:
    """Whether two boxes lie side by side, or one on the other, with hardly any room between."""
    beside = min(box.y1, other.y1) - max(box.y0, other.y0) > (box.y1 - box.y0) / 2
    over = min(box.x1, other.x1) - max(box.x0, other.x0) > (box.x1 - box.x0) / 2
    across = max(other.x0 - box.x1, box.x0 - other.x1)
    along = max(other.y0 - box.y1, box.y0 - other.y1)
    return (beside and 0 <= across <= room) or (over and 0 <= along <= room)


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
    apart = all(after[0] - before[1] > room for strips in (rows, columns) for before, after in pairwise(strips))
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
