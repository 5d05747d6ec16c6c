"""Which rows of a table a question is about: those of names, such as a shop, of a month or year, or of a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from mm_agents._text import MONTHS, content_words
from mm_agents.documents.dates import dates_in, order_of
from mm_agents.documents.numbers import numbers_in
from mm_agents.documents.table.data import Cell, TableData
from mm_agents.documents.table.series import likeness, tokens

_MONTH = re.compile(
    r"(?P<lead>\b(?:in|of|during|for|on) (?:the )?)?\b(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? )?"
    rf"\b(?P<month>{'|'.join(MONTHS)})\b(?: (?P<date>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d),?)?(?: (?P<year>\d{{4}}))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:in|of|during|for) (?P<year>(?:19|20)\d\d)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’]\w+)?")
_CODE = re.compile(r"(?=\w*\d)(?=\w*[^\W\d])\w+|[^\W\d_]")
_MOST_NAMES = 3
_DATED = 0.8  # the share of a column's cells that say a day, from which it is one of dates
_OF_ANY = content_words("table row column sheet file list value")
"""Words for what any table is of, which name none of its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChoice:
    """The rows that a question is about.

    Attributes:
        rows: their numbers in the table.
        said: what they have in common, as the table or the question says it.
        question: what is asked of them: the question without the words that chose them.
        words: the stems of those words.
        columns: in which they stand.
    """

    rows: tuple[int, ...]
    said: tuple[str, ...]
    question: str
    words: frozenset[str] = frozenset()
    columns: frozenset[int] = frozenset()


def chosen_rows(table: TableData, question: str, *, numbers: bool = False, own_names: bool = False) -> RowChoice | None:
    """The rows of the period and the names that a question says, and of its numbers; None where it says none.

    Args:
        table: whose rows they are.
        question: in English.
        numbers: whether a number chooses rows too, by a column that is named beside it.
        own_names: whether a row's own name chooses it, and not only a name that comes again in its column, such as the
            shops of a bank statement.
    """
    period = of_period(table, question)
    rest = question if period is None else period.question
    number = _of_number(table, question) if numbers else None
    chosen = [*_of_names(table, rest, own_names=own_names), period, number]
    found = [one for one in chosen if one is not None]
    if not found:
        return None
    words = frozenset[str]().union(*(one.words for one in found))
    return RowChoice(
        rows=tuple(row for row in found[0].rows if all(row in one.rows for one in found)),
        said=tuple(text for one in found for text in one.said),
        question=_without(rest, _words_of(rest, words)),
        words=words,
        columns=frozenset[int]().union(*(one.columns for one in found)),
    )


def period_in(question: str) -> re.Match[str] | None:
    """Where a question says a day, a month or a year; "may I" says none."""
    months = (
        one
        for one in _MONTH.finditer(question)
        if one["lead"] or one["day"] or one["date"] or (one.start() and one["month"][0].isupper())
    )
    return next(months, None) or _YEAR.search(question)


def of_period(table: TableData, question: str) -> RowChoice | None:
    """The rows of the day, month or year that a question says, by the first column of dates; None without either."""
    match = period_in(question)
    if match is None:
        return None
    named = match.groupdict()
    month = [*MONTHS].index(str(named["month"]).casefold()) + 1 if named.get("month") else None
    year = int(named["year"]) if named["year"] else None
    number = named.get("day") or named.get("date")
    wanted = (int(number) if number else None, month, year)
    for column, cells in columns_of(table):
        dates = {cell.row: found[0] for cell in cells if (found := dates_in(cell.text))}
        if len(dates) < _DATED * len(cells):
            continue
        order = order_of(dates.values())[0] or "day first"
        days = {row: one.read(order) for row, one in dates.items()}
        kept = tuple(row for row, day in days.items() if _is_of(day, wanted))
        rest = question[: match.start()] + question[match.end() :]
        return RowChoice(rows=kept, said=(match[0].strip(),), question=rest, columns=frozenset({column}))
    return None


def _is_of(day: date, wanted: tuple[int | None, int | None, int | None]) -> bool:
    return all(one in (None, part) for one, part in zip(wanted, (day.day, day.month, day.year), strict=True))


def columns_of(table: TableData) -> Iterator[tuple[int, list[Cell]]]:
    """Each column that has cells below the head, by its number."""
    for column in range(table.shape[1]):
        if cells := cells_of(table, column):
            yield column, cells


def cells_of(table: TableData, column: int) -> list[Cell]:
    """The cells of a column below the head, one that spans several rows once for each."""
    rows = range(table.header_rows, table.shape[0])
    cells = ((row, table.at(row, column)) for row in rows)
    return [cell if cell.row == row else replace(cell, row=row) for row, cell in cells if cell is not None]


def _of_names(table: TableData, question: str, *, own_names: bool) -> Iterator[RowChoice]:
    """The rows of the names that a question says, by each column that has one; the best named column comes first."""
    heads = content_words(" ".join(table.header(column) for column in range(table.shape[1])))
    asked = content_words(question) - heads - _OF_ANY
    found: list[tuple[int, int, list[Cell], set[str]]] = []
    for column, cells in columns_of(table):
        names = {cell.row: _named_in(question, cell.text, asked) for cell in cells if cell.quantity is None}
        most = max(map(len, names.values()), default=0)
        kept = [cell for cell in cells if most and len(names.get(cell.row, ())) == most]
        each_its_own = len({cell.text for cell in cells}) == len(cells)
        if kept and len(kept) < len(cells) and (own_names or not each_its_own):
            found.append((most, column, kept, set[str]().union(*(names[cell.row] for cell in kept))))
    told = set[str]()
    for _, column, kept, words in sorted(found, key=lambda one: (-one[0], one[1])):
        if words <= told:
            continue  # another column says the same
        told |= words
        texts = {cell.text for cell in kept}
        said = tuple(sorted(texts)) if len(texts) <= _MOST_NAMES else (" ".join(_words_of(question, words)),)
        rows = tuple(cell.row for cell in kept)
        yield RowChoice(rows=rows, said=said, question=question, words=frozenset(words), columns=frozenset({column}))


def _named_in(question: str, text: str, asked: set[str]) -> set[str]:
    """The words of a text that a question says; a code such as "T1", or a letter, it says whole or not."""
    if _CODE.fullmatch(text) is None:
        words = content_words(text)
        said = words & asked
        # "2" does not name "asked again on 2 June"
        return said if not all(map(str.isdigit, said)) or words - said <= content_words(question) else set()
    return {text} if re.search(rf"\b{re.escape(text)}\b", question, re.IGNORECASE if len(text) > 1 else 0) else set()


def _of_number(table: TableData, question: str) -> RowChoice | None:
    """The rows with a number in a column that is named too: "which books were read in 2025" of a column "read"."""
    asked = tokens(question)
    values = {number.value: question[number.start : number.end] for number in numbers_in(question)}
    for column, cells in columns_of(table) if values else ():
        head = table.header(column)
        kept = [cell for cell in cells if cell.quantity and cell.quantity.value in values]
        if kept and likeness(head, asked) == 1:
            words = content_words(" ".join(values[cell.quantity.value] for cell in kept if cell.quantity))
            said = (f"{head} {kept[0].text}",)
            rows = tuple(cell.row for cell in kept)
            return RowChoice(
                rows=rows, said=said, question=question, words=frozenset(words), columns=frozenset({column})
            )
    return None


def _words_of(question: str, words: Collection[str]) -> list[str]:
    """The words of a question that name rows, as it writes them."""
    return [word for word in _WORD.findall(question) if not content_words(word).isdisjoint(words)]


def _without(question: str, words: Sequence[str]) -> str:
    pattern = "|".join(rf"\b{re.escape(word)}\b" for word in words)
    return " ".join(re.sub(pattern, " ", question).split()) if words else question
