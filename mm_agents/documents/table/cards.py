"""Cards: boxes that each say a value and what it measures, in columns that have a title above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mm_agents.documents.locate import normalised
from mm_agents.documents.pages import Page
from mm_agents.documents.table.data import Cell, Quantity, mark_of, quantity_of, without_marks
from mm_agents.documents.table.lines import Line, Measures, make_lines, plain
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.result import Table
from mm_agents.documents.table.rulings import Lattice, find_boxes, find_lattice, holds
from mm_agents.types import Box, Evidence, Word

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
    cards = {place: _card([word for word in words if holds(box, word.place)]) for place, box in lattice.boxes.items()}
    if sum(bool(card.metrics) for card in cards.values()) < PARAMETERS.most * len(cards):
        return None
    inside = {word for word in words if any(holds(box, word.place) for box in lattice.boxes.values())}
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
        rest = [word for n, line in enumerate(lines) if n != values[0] for word in line]
        return _Card(title=(), metrics=(_Metric(value=lines[values[0]], name=tuple(rest)),))
    names_first = values[-1] == len(lines) - 1
    return _named_before(lines, values) if names_first else _named_after(lines, values)


def _named_after(lines: Sequence[tuple[Word, ...]], values: Sequence[int]) -> _Card:
    ends = [*values[1:], len(lines)]
    metrics = [
        _Metric(value=lines[n], name=tuple(word for line in lines[n + 1 : end] for word in line))
        for n, end in zip(values, ends, strict=True)
    ]
    return _Card(title=tuple(word for line in lines[: values[0]] for word in line), metrics=tuple(metrics))


def _named_before(lines: Sequence[tuple[Word, ...]], values: Sequence[int]) -> _Card:
    starts = [max(values[0] - 1, 0), *(n + 1 for n in values[:-1])]
    metrics = [
        _Metric(value=lines[n], name=tuple(word for line in lines[start:n] for word in line))
        for n, start in zip(values, starts, strict=True)
    ]
    return _Card(title=tuple(word for line in lines[: starts[0]] for word in line), metrics=tuple(metrics))


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
            if step > PARAMETERS.leading * max(line.height, found[0].height) or _size(line) < PARAMETERS.most * _size(
                found[0]
            ):
                break
        found.insert(0, line)
    return tuple(word for line in found for word in line.words)


def _within(line: Line, start: int, end: int) -> Line | None:
    """The part of a line that stands over a column; none of a run of words that goes beyond it."""
    margin = PARAMETERS.same_size * (end - start)
    runs: dict[int, list[Word]] = {}
    for word in line.words:
        runs.setdefault(word.line, []).append(word)
    kept = [
        word
        for run in runs.values()
        if run[0].place.x0 >= start - margin and run[-1].place.x1 <= end + margin
        for word in run
    ]
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
    mark = mark_of(_text(metric.value) for metric in grid.values())
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
    runs: dict[int, list[Word]] = {}
    for word in words:
        runs.setdefault(word.line, []).append(word)
    lines = [Line(words=tuple(run)) for run in runs.values()]
    best = max(
        (line for line in lines if line.middle < cards_top),
        key=lambda line: (_size(line), len(line.words)),
        default=None,
    )
    return page.evidence(best.words, how="title") if best else None


def _beside(words: Sequence[Word]) -> tuple[str, ...]:
    text = "; ".join(_text(line.words) for line in make_lines(words))
    return (f"Beside the cards: {text}",) if text else ()


def _text(words: Sequence[Word]) -> str:
    return " ".join(plain(word) for word in words)
