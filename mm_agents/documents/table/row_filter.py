"""The rows of a table that a question is about: those of a name, such as a shop, and those of a month or year."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mm_agents._text import MONTHS, content_words
from mm_agents.documents.dates import dates_in, order_of
from mm_agents.documents.table.data import Cell, TableData

_MONTH = re.compile(
    rf"\b(?:in |of |during |for )?(?P<month>{'|'.join(MONTHS)})\b(?: (?P<year>\d{{4}}))?", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:in|of|during|for) (?P<year>(?:19|20)\d\d)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z]\w+")
_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")
_MOST_NAMES = 3
_DATED = 0.8  # the share of a column's cells that say a day, from which it is one of dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The rows that a question is about.

    Attributes:
        rows: their numbers in the table.
        said: what they have in common, as the table or the question says it.
        question: what is asked of them.
    """

    rows: tuple[int, ...]
    said: tuple[str, ...]
    question: str


def selected(table: TableData, question: str) -> Selection | None:
    """The rows of the names and of the month or year that a question says; None where it says none that rows have.

    Names are those of columns in which they come again, such as the shops of a bank statement; a row's own name is no
    choice of rows.
    """
    period = _of_period(table, question)
    rest = question if period is None else period.question
    name = _of_name(table, rest)
    chosen = [one for one in (name, period) if one is not None]
    if not chosen:
        return None
    rows = [row for row in chosen[0].rows if all(row in one.rows for one in chosen)]
    said = tuple(text for one in chosen for text in one.said)
    return Selection(rows=tuple(rows), said=said, question=rest if name is None else name.question)


def only(table: TableData, rows: Sequence[int]) -> tuple[Cell, ...]:
    """The cells of the head and of some rows, which follow each other."""
    places = {row: n for n, row in enumerate([*range(table.header_rows), *rows])}
    return tuple(replace(cell, row=places[cell.row]) for cell in table.cells if cell.row in places)


def strange_name(table: TableData, question: str, known: str) -> str | None:
    """A name in a question that stands nowhere in the table, nor in what is known of it; None where all are known."""
    words = content_words(" ".join([known, *(cell.text for cell in table.cells)]))
    return next((name for name in _NAME.findall(question) if not content_words(name) <= words), None)


def _of_period(table: TableData, question: str) -> Selection | None:
    match = _MONTH.search(question) or _YEAR.search(question)
    if match is None:
        return None
    named = match.groupdict()
    month = [*MONTHS].index(str(named["month"]).casefold()) + 1 if named.get("month") else None
    year = int(named["year"]) if named["year"] else None
    for cells in _columns(table):
        dates = {cell.row: found[0] for cell in cells if (found := dates_in(cell.text))}
        if len(dates) < _DATED * len(cells):
            continue
        order = order_of(dates.values())[0] or "day first"
        days = {row: one.read(order) for row, one in dates.items()}
        kept = tuple(row for row, day in days.items() if month in (None, day.month) and year in (None, day.year))
        rest = question[: match.start()] + question[match.end() :]
        return Selection(rows=kept, said=(match[0].strip(),), question=rest)
    return None


def _of_name(table: TableData, question: str) -> Selection | None:
    heads = content_words(" ".join(table.header(column) for column in range(table.shape[1])))
    asked = content_words(question) - heads
    for cells in _columns(table):
        names = {cell.row: content_words(cell.text) & asked for cell in cells if cell.quantity is None}
        most = max(map(len, names.values()), default=0)
        kept = tuple(row for row, words in names.items() if most and len(words) == most)
        texts = {cell.text for cell in cells if cell.row in kept}
        if len(kept) < 2 and len({cell.text for cell in cells}) == len(cells):
            continue  # each row has a name of its own
        if kept and len(kept) < len(cells):
            used = set[str]().union(*(names[row] for row in kept))
            asked_for = _words_of(question, used)
            said = tuple(sorted(texts)) if len(texts) <= _MOST_NAMES else (" ".join(asked_for),)
            return Selection(rows=kept, said=said, question=_without(question, asked_for))
    return None


def _columns(table: TableData) -> Iterator[list[Cell]]:
    """The cells of each column below the head."""
    height, width = table.shape
    for column in range(width):
        cells = [cell for row in range(table.header_rows, height) if (cell := table.at(row, column)) is not None]
        if cells:
            yield cells


def _words_of(question: str, words: set[str]) -> list[str]:
    """The words of a question that name rows, as it writes them."""
    return [word for word in _WORD.findall(question) if content_words(word) & words]


def _without(question: str, words: Sequence[str]) -> str:
    return " ".join(re.sub("|".join(rf"\b{re.escape(word)}\b" for word in words), " ", question).split())
