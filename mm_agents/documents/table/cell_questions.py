"""Questions about the cells of a table as text: how many rows and columns, what a cell says, where a word stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mm_agents._text import content_words
from mm_agents.documents.dates import dates_in
from mm_agents.documents.table.data import Cell, TableData
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.series import WORDS, likeness, tokens, used
from mm_agents.types import DocumentAnswer

_SIZE = re.compile(
    r"^\W*(?:and )?how many (?:data )?(?P<what>rows|columns|lines)\b"
    r"(?: (?:does|do|are|is|has|have|it|this|that|the|table|there|here|in|of))*\W*$",
    re.IGNORECASE,
)
_HEADERS = re.compile(
    r"^\W*(?:what|which|list|name)(?: (?:are|is|me|the|its|all|of))* "
    r"(?P<what>columns?|column (?:names?|headers?|headings?)|headers?|headings?|rows?|row (?:names?|labels?))"
    r"(?: (?:are|there|does|the|this|table|have|has|it|in|of|called|named))*\W*$",
    re.IGNORECASE,
)

_SHARE = re.compile(r"\b(?:what|which) (?:percent(?:age)?|share|proportion)\b", re.IGNORECASE)
_OF_SHARE = re.compile(r"%|\bper ?cent|\bshare", re.IGNORECASE)
DENIES = re.compile(r"\b(?:not|never|without|except|no(?! ?[.\d]))\b|n['’]t\b", re.IGNORECASE)
_NO_NUMBER = re.compile(r"^\W*(who|whose|where|when)\b", re.IGNORECASE)
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\d[:.]\d\d\b|\d ?[ap]m\b", re.IGNORECASE)
_YES_NO = re.compile(r"^\W*(?:yes|no)\b", re.IGNORECASE)
_DENIAL = re.compile(r"^\W*no\W*$", re.IGNORECASE)
_COUNTS = re.compile(r"\W*how (?:many|often)\b", re.IGNORECASE)
_PLACE = re.compile(
    r"\W*(?:(?:on|at|in) )?(?:when|where|(?:what|which) (?:days?|times?|hours?|rooms?))\b", re.IGNORECASE
)
_WHAT = re.compile(r"\W*(?:which|what)(?: (?:is|are|was|were))?(?: the)? (\w+)", re.IGNORECASE)
_FIRST_OR_LAST = re.compile(r"\b(?:first|last)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"(?!\s*\d+[.)]\s\D*$).*\d", re.DOTALL)
"""A name such as "T-104" or "FY 2011", whose number its own cell proves; that of a line in a list is of no name."""

_PERSON = re.compile(r"[A-Z][\w'’-]+(?: [A-Z][\w.'’-]*)+")
_PERSONS = content_words(
    f"{WORDS['asks']['who']} student pupil employee worker player member runner candidate child patient volunteer guest"
)
_DECIDES = re.compile(r"\?(?: / (?:yes|no))?\W*$", re.IGNORECASE)

_MOST_LISTED = 20  # texts of a column that an answer lists


def left_out(table: TableData, question: str, answer: str) -> str | None:
    """Why a number that was found is not what a question asks for: a share, or what something is not."""
    if _SHARE.search(question) and not _OF_SHARE.search(answer):
        return "The numbers that it names are no percents."
    if DENIES.search(question) and not DENIES.search(answer) and not _YES_NO.match(answer):
        return "Numbers of what is not so are not computed."
    word = _NO_NUMBER.match(question)
    is_told = word is not None and word[1].casefold() == "who" and _names_persons(table)  # by the row of the number
    if word and not is_told and not _DATED.search(answer):
        return f"A number does not say {word[1].casefold()}."
    return None


def _names_persons(table: TableData) -> bool:
    """Whether the rows of a table are persons, by the head of their names or by names of two words."""
    labels = [table.label(row) for row in range(table.header_rows, table.shape[0])]
    heads = content_words(table.header(table.label_column)) if table.label_column is not None else set[str]()
    named = sum(_PERSON.fullmatch(label) is not None for label in labels)
    return bool(heads & _PERSONS) or (bool(labels) and named >= PARAMETERS.nearly_all * len(labels))


def asked_size(table: TableData, question: str) -> DocumentAnswer | None:
    """How many rows or columns a table has below its head, or what they are called; None where it asks neither."""
    size, named = _SIZE.match(question), _HEADERS.match(question)
    if size is None and named is None:
        return None
    height, width = table.shape
    of_rows = (size or named or {"what": ""})["what"].casefold().startswith(("row", "line"))
    if named is not None:
        return _listed(table, question, of_rows=of_rows)
    count = height - table.header_rows if of_rows else width
    text = f"It has {count} {'row' if of_rows else 'column'}{'' if count == 1 else 's'}"
    text += " below its head." if of_rows and table.header_rows else "."
    firsts = [_first(table, row=row) for row in range(table.header_rows, height)] if of_rows else []
    cells = firsts or [_first(table, column=column) for column in range(width)]
    return answer_from(question, text, count, [cell for cell in cells if cell is not None])


def _listed(table: TableData, question: str, *, of_rows: bool) -> DocumentAnswer | None:
    height, width = table.shape
    labels = table.label_column
    if of_rows:
        cells = [table.at(row, labels) for row in range(table.header_rows, height)] if labels is not None else []
    else:
        last = table.header_rows - 1
        cells = [table.at(last, column) for column in range(width)] if table.header_rows else []
    found = [cell for cell in dict.fromkeys(cells) if cell is not None and cell.text.strip()]
    if not found:
        return None
    names = [" ".join(cell.text.split()) for cell in found]
    return answer_from(question, f"{'; '.join(names)}.", names, found)


def asked_cell(table: TableData, question: str, names: Sequence[str]) -> DocumentAnswer | None:
    """The text of the one cell whose row and column a question names in full; None where it names no such cell.

    Args:
        table: whose cells are not numbers.
        question: as it was asked.
        names: what each row is called.
    """
    asked = tokens(question)
    height, width = table.shape
    columns = [column for column in range(width) if column != table.label_column]
    headed = [column for column in columns if likeness(table.header(column), asked) == 1]
    last = {column: table.header(column).rsplit(" / ", 1)[-1] for column in columns}
    if not headed and len({*last.values()}) == len(last):  # "IG-K" of "Ruled out? / IG-K"
        headed = [column for column in columns if likeness(last[column], asked) == 1]
    if not headed and len(columns) == 1:
        headed = columns
    elif not headed and (what := _WHAT.match(question)):  # "which retailers" of a column "by leading retailers"
        headed = [column for column in columns if used(table.header(column), tokens(what[1]))]
    rows = [
        row for row in range(table.header_rows, height) if table.label(row) and likeness(table.label(row), asked) == 1
    ]
    rows = _fullest(rows, names, asked)
    if len(rows) != 1 and len(columns) == 1:
        rows = _likeliest(table, names, asked)
    if len(headed) != 1 or len(rows) != 1:
        return None
    cell = table.at(rows[0], headed[0])
    if cell is None or not cell.text.strip() or cell.quantity is not None or _DECIDES.search(table.header(headed[0])):
        return None  # what stands below a question is a chart's way on from it
    text = " ".join(cell.text.split())
    if content_words(text) <= content_words(question) and not _DENIAL.match(text):
        return None  # the question says it: "how high is the station Ravnaas?" asks for something else
    place = ", ".join(name for name in (names[rows[0]], table.header(headed[0])) if name)
    return answer_from(question, f"{place}: {text}", text, [cell])


def asked_places(table: TableData, question: str) -> DocumentAnswer | None:
    """Where a text is in a plan, such as "Maths" of a timetable, how often, or what is first or last in a column.

    A plan is a table in which texts of one column come again in others. None where it is none, or nothing of it is
    asked.
    """
    body = [
        cell
        for cell in table.cells
        if cell.row >= table.header_rows and cell.column != table.label_column and _is_plain(cell)
    ]
    again = Counter(text for text, _ in {(cell.text, cell.column) for cell in body})
    counts, end = _COUNTS.match(question), _FIRST_OR_LAST.search(question)
    if max(again.values(), default=0) < 2 or not (counts or end or _PLACE.match(question)):
        return None
    asked = content_words(question)
    headed = {cell.column for cell in body if (head := content_words(table.header(cell.column))) and head <= asked}
    planned = {cell.column for cell in body if again[cell.text] > 1}  # the events of a list of bookings come once
    of_columns = [cell for cell in body if cell.column in (planned & headed if headed else planned)]
    if end is not None and len(headed) == 1 and not counts:
        cell = of_columns[0 if end[0].casefold() == "first" else -1]
        return answer_from(question, f"{_place_of(table, cell)}: {cell.text}", cell.text, [cell])
    words = {text: content_words(text) for text in again}
    named = [text for text in again if words[text] and words[text] <= asked]
    most = max((len(words[text]) for text in named), default=0)
    found = [cell for cell in of_columns if cell.text in named and len(words[cell.text]) == most]
    if not found or end is not None:
        return None
    found.sort(key=lambda cell: (cell.column, cell.row))
    texts, places = ", ".join(dict.fromkeys(cell.text for cell in found)), [_place_of(table, one) for one in found]
    times = "" if not counts else "once, " if len(found) == 1 else f"{len(found)} times, "
    said = f"{texts}: {times}{'; '.join(places)}"
    return answer_from(question, said, len(found) if counts else places, found)


def _is_plain(cell: Cell) -> bool:
    """Whether a cell is neither a number nor a day: two columns may have the same of these in any table."""
    return cell.quantity is None and not dates_in(cell.text)


def _place_of(table: TableData, cell: Cell) -> str:
    return ", ".join(name for name in (table.header(cell.column), table.label(cell.row)) if name)


def counted_rows(table: TableData, question: str, rows: Sequence[int], named: str) -> DocumentAnswer:
    """How many rows are of a name, or of a month or year; with their first cells."""
    text = f"{named}: {len(rows)} {'row' if len(rows) == 1 else 'rows'}."
    cells = [cell for row in rows if (cell := _first(table, row=row)) is not None]
    return answer_from(question, text, len(rows), cells)


def counted_in_rows(
    table: TableData, question: str, rows: Sequence[int], column: int, named: str
) -> DocumentAnswer | None:
    """How many different texts some rows have in a column, with the texts where they are few."""
    listed = said_in_rows(table, question, rows, column, named)
    if listed is None:
        return None
    texts: list[str] = listed.value if isinstance(listed.value, list) else [listed.value]
    return replace(
        listed, answer=f"{named}, {table.header(column)}: {len(texts)} ({', '.join(texts)}).", value=len(texts)
    )


def said_in_rows(
    table: TableData, question: str, rows: Sequence[int], column: int, named: str
) -> DocumentAnswer | None:
    """What some rows say in a column, each text once; None where none of them says anything, or too many do."""
    cells = [cell for row in rows if (cell := table.at(row, column)) is not None and cell.text.strip()]
    texts = list(dict.fromkeys(" ".join(cell.text.split()) for cell in cells))
    if not 0 < len(texts) <= _MOST_LISTED:
        return None
    head = table.header(column)
    said = f"{named}, {head}: {', '.join(texts)}." if head else f"{named}: {', '.join(texts)}."
    return answer_from(question, said, texts[0] if len(texts) == 1 else texts, cells)


def _labels(table: TableData, rows: Sequence[int]) -> list[Cell]:
    """The cells that name some rows; a row without one is left out."""
    column = table.label_column
    return [cell for row in rows if column is not None and (cell := table.at(row, column)) is not None]


def listed_rows(table: TableData, question: str, rows: Sequence[int], named: str) -> DocumentAnswer | None:
    """What rows of a name, a month or a number are called; None where they have no names of their own."""
    cells = _labels(table, rows)
    texts = [" ".join(cell.text.split()) for cell in cells]
    if len(cells) < len(rows) or len(set(texts)) < len(texts) or any(cell.quantity for cell in cells):
        return None
    return answer_from(question, f"{named}: {', '.join(texts)}.", texts, cells)


def _fullest(rows: list[int], names: Sequence[str], asked: Sequence[str]) -> list[int]:
    """Of rows that are named, those whose name has the most of the question's words."""
    if len(rows) < 2:
        return rows
    lengths = {row: len(names[row].split()) if likeness(names[row], asked) == 1 else 0 for row in rows}
    most = max(lengths.values())
    return [row for row in rows if lengths[row] == most]


def _likeliest(table: TableData, names: Sequence[str], asked: Sequence[str]) -> list[int]:
    """The one row that a question names best, with most of its name's words and all numbers of it."""
    body = [row for row in range(table.header_rows, table.shape[0]) if table.label(row)]
    numbers = {row: {word for word in tokens(names[row]) if word[0].isdigit()} for row in body}
    ranked = sorted((-likeness(names[row], asked), row) for row in body if numbers[row] <= set(asked))
    best, *others = ranked or [(0.0, 0)]
    if others and others[0][0] == best[0]:
        return []
    if max(-best[0], likeness(table.label(best[1]), asked)) < PARAMETERS.named:
        return []
    return [best[1]]


def _first(table: TableData, *, row: int | None = None, column: int | None = None) -> Cell | None:
    """The first cell of a row or column that has text."""
    height, width = table.shape
    places = [(row, n) for n in range(width)] if row is not None else [(n, column or 0) for n in range(height)]
    return next((cell for place in places if (cell := table.at(*place)) is not None and cell.text.strip()), None)


def answer_from(
    question: str, text: str, value: object, cells: Sequence[Cell], doubt: str | None = None
) -> DocumentAnswer:
    """An answer with the places of the cells that it comes from."""
    evidence = tuple(dict.fromkeys(place for cell in cells for place in cell.evidence))
    return DocumentAnswer(question=question, answer=text, value=value, evidence=evidence, doubt=doubt)


def with_names(table: TableData, found: DocumentAnswer) -> DocumentAnswer:
    """An answer with the places of the names that it says with a number in them too: "FY 2011", "room 202", "9B"."""
    said, used = found.answer or "", set(found.evidence)
    cells = [cell for cell in table.cells if not used.isdisjoint(cell.evidence)]
    rows, columns = {cell.row for cell in cells}, {cell.column for cell in cells}
    names = [
        cell
        for cell in table.cells
        if (cell.row in rows and (cell.column == table.label_column or cell.quantity is None))
        or (cell.row < table.header_rows and cell.column in columns)
    ]
    more = [place for cell in names if _NUMBERED.match(cell.text) and cell.text in said for place in cell.evidence]
    return replace(found, evidence=tuple(dict.fromkeys((*found.evidence, *more))))
