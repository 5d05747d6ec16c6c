"""Questions about some rows of a table: those of a name, such as a shop, of a month or year, or of a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mm_agents._text import MONTHS, content_words
from mm_agents.documents.dates import dates_in, order_of
from mm_agents.documents.numbers import numbers_in
from mm_agents.documents.table import questions
from mm_agents.documents.table.cell_questions import counted_rows, listed_rows
from mm_agents.documents.table.data import Cell, TableData
from mm_agents.documents.table.questions import condition_of, likeness, operation_of, tokens
from mm_agents.types import DocumentAnswer

_MONTH = re.compile(
    rf"(?P<lead>\b(?:in|of|during|for) )?\b(?P<month>{'|'.join(MONTHS)})\b(?: (?P<year>\d{{4}}))?", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:in|of|during|for) (?P<year>(?:19|20)\d\d)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z]\w+")
_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")
_MOST_NAMES = 3
_DATED = 0.8  # the share of a column's cells that say a day, from which it is one of dates
_SUMMING = ("sum", "mean", "count")
_OVER_ROWS = (*_SUMMING, "highest", "lowest", "sort")
_COUNTS = re.compile(
    r"\bhow (?:many (?:times|rows|entries|payments|purchases|transactions|orders|visits|bookings)|often)\b",
    re.IGNORECASE,
)
_SPENDS = re.compile(r"\b(?:how much|what)\b.*\b(?:pay|paid|spend|spent|cost|earn|earned)\b", re.IGNORECASE)
_LISTS = re.compile(
    r"\W*(?:which|what|list|show)(?: me)?(?: of)?(?: all)?(?: my| the| our)? (?P<what>\w{3,}s)\b", re.IGNORECASE
)
_COMPARED = re.compile(
    r"\b(?:highest|lowest) "
    r"(?!(?:values?|numbers?|figures?|amounts?|one|share|percentage|of|in|by|to|first|last|and)\b)(?P<what>[a-z]{3,})\b",
    re.IGNORECASE,
)
_MONEY = re.compile(r"\b(?:amount|price|cost|sum|total|paid)\b", re.IGNORECASE)


def answer(table: TableData, question: str) -> DocumentAnswer | None:
    """What is computed over the rows that a question names; None where it names none, and computes over all."""
    if not table.cells:
        return None
    operation = operation_of(question)
    counts, spends = _COUNTS.search(question), _SPENDS.search(question)
    lists = operation == "lookup" and _lists_names(table, question)
    if not (operation in _OVER_ROWS or counts or spends or lists):
        return None
    known = content_words(" ".join([_title(table), *(cell.text for cell in table.cells)]))
    period = _of_period(table, question)
    strange = _strange_measure(table, question, known)
    if strange is None and period is None and table.layout == "text":
        strange = _strange_period(question, known)
    if strange is not None:
        return DocumentAnswer(question=question, reason=f"The table says nothing of “{strange}”.")
    chosen = _selected(table, question, period, by_number=lists)
    if operation in _SUMMING and not counts:
        asked = question if chosen is None else chosen.question
        if (name := _strange_name(asked, known)) is not None:
            return DocumentAnswer(question=question, reason=f"The table does not name “{name}”.")
    if chosen is None:
        return None
    named = ", ".join(chosen.said)
    if not chosen.rows:
        return DocumentAnswer(question=question, reason=f"No row of the table is of “{named}”.")
    if counts:
        return counted_rows(table, question, chosen.rows, named)
    if lists:
        return listed_rows(table, question, chosen.rows, named)
    rows = replace(table, cells=_only(table, chosen.rows))
    asked = [chosen.question] if operation in _OVER_ROWS else []
    adds = spends or operation == "sum"
    asked += [total] if adds and (total := _total_asked(table)) is not None else []
    answers = [questions.answer(rows, one) for one in asked]
    found = next((one for one in answers if one.answer is not None), None)
    return None if found is None else replace(found, question=question, answer=f"{named}: {found.answer}")


def _strange_measure(table: TableData, question: str, known: set[str]) -> str | None:
    """What a question compares, such as "balance" of "the highest balance", where no table of several measures has it.

    A table of one measure is compared by it, whatever it is called.
    """
    asked = _COMPARED.search(question)
    measured = {cell.column for cell in table.cells if cell.quantity and cell.column != table.label_column}
    if asked is None or len(measured) < 2:
        return None
    metrics = content_words(" ".join(cell.metric or "" for cell in table.cells))
    return None if content_words(asked["what"]) <= known | metrics else asked["what"]


def _strange_period(question: str, known: set[str]) -> str | None:
    """The month or year of a question that is not among the words known of a table; None where it is.

    A caption that a picture's table has beside it is not always read, so that table may be of that year.
    """
    asked = _period_in(question)
    said = " ".join(filter(None, (asked.groupdict().get("month"), asked["year"]))) if asked is not None else ""
    return None if content_words(said) <= known else said


def _lists_names(table: TableData, question: str) -> bool:
    """Whether a question asks for names of rows, by what the table is of: "which books" of one called books."""
    asked, condition = _LISTS.match(question), condition_of(question)
    if asked is None or (condition is not None and condition.comparison != "equal"):
        return False
    known = f"{_title(table)} {table.header(table.label_column)}" if table.label_column is not None else _title(table)
    return content_words(asked["what"]) <= content_words(re.sub(r"[_.-]", " ", known))


def _total_asked(table: TableData) -> str | None:
    """The question for the sum of the column of amounts of money; None where there is none, or more than one."""
    columns = [name for column in range(table.shape[1]) if _MONEY.search(name := table.header(column))]
    return f"What is the total {columns[0]}?" if len(columns) == 1 else None


def _title(table: TableData) -> str:
    """What it is called, and the name of its file."""
    return " ".join([(table.title and table.title.quote) or "", *(one.asset for one in table.cells[0].evidence)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """The rows that a question is about.

    Attributes:
        rows: their numbers in the table.
        said: what they have in common, as the table or the question says it.
        question: what is asked of them.
    """

    rows: tuple[int, ...]
    said: tuple[str, ...]
    question: str


def _selected(table: TableData, question: str, period: _Selection | None, *, by_number: bool) -> _Selection | None:
    """The rows of the period and the names that a question says, and of its numbers; None where it says none.

    Names are those of columns in which they come again, such as the shops of a bank statement; a row's own name is no
    choice of rows.
    """
    rest = question if period is None else period.question
    name = _of_name(table, rest)
    number = _of_number(table, question) if by_number else None
    chosen = [one for one in (name, period, number) if one is not None]
    if not chosen:
        return None
    rows = [row for row in chosen[0].rows if all(row in one.rows for one in chosen)]
    said = tuple(text for one in chosen for text in one.said)
    return _Selection(rows=tuple(rows), said=said, question=rest if name is None else name.question)


def _only(table: TableData, rows: Sequence[int]) -> tuple[Cell, ...]:
    """The cells of the head and of some rows, which follow each other."""
    places = {row: n for n, row in enumerate([*range(table.header_rows), *rows])}
    return tuple(replace(cell, row=places[cell.row]) for cell in table.cells if cell.row in places)


def _strange_name(question: str, known: set[str]) -> str | None:
    """A name in a question that is not among the words known of a table; None where all are."""
    return next((name for name in _NAME.findall(question) if not content_words(name) <= known), None)


def _period_in(question: str) -> re.Match[str] | None:
    """Where a question says a month or a year; "may I" says none."""
    months = (one for one in _MONTH.finditer(question) if one["lead"] or (one.start() and one["month"][0].isupper()))
    return next(months, None) or _YEAR.search(question)


def _of_period(table: TableData, question: str) -> _Selection | None:
    match = _period_in(question)
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
        return _Selection(rows=kept, said=(match[0].strip(),), question=rest)
    return None


def _of_name(table: TableData, question: str) -> _Selection | None:
    heads = content_words(" ".join(table.header(column) for column in range(table.shape[1])))
    asked = content_words(question) - heads
    for cells in _columns(table):
        names = {cell.row: content_words(cell.text) & asked for cell in cells if cell.quantity is None}
        most = max(map(len, names.values()), default=0)
        kept = tuple(row for row, words in names.items() if most and len(words) == most)
        texts = {cell.text for cell in cells if cell.row in kept}
        if len({cell.text for cell in cells}) == len(cells):
            continue  # each row has a name of its own
        if kept and len(kept) < len(cells):
            used = set[str]().union(*(names[row] for row in kept))
            asked_for = _words_of(question, used)
            said = tuple(sorted(texts)) if len(texts) <= _MOST_NAMES else (" ".join(asked_for),)
            return _Selection(rows=kept, said=said, question=_without(question, asked_for))
    return None


def _of_number(table: TableData, question: str) -> _Selection | None:
    """The rows with a number in a column that is named too: "which books were read in 2025" of a column "read"."""
    asked = tokens(question)
    values = {number.value for number in numbers_in(question)}
    for column in range(table.shape[1]) if values else ():
        head = table.header(column)
        cells = [table.at(row, column) for row in range(table.header_rows, table.shape[0])]
        kept = tuple(cell.row for cell in cells if cell and cell.quantity and cell.quantity.value in values)
        if kept and likeness(head, asked) == 1:
            first = table.at(kept[0], column)
            return _Selection(rows=kept, said=(f"{head} {first.text if first else ''}",), question=question)
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
