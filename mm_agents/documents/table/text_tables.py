"""The tables of a text file: sheets, comma-separated values, lists of JSON objects, and those of Markdown."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import PurePath
from string import ascii_uppercase
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mm_agents import media
from mm_agents.documents.numbers import decimal_mark
from mm_agents.documents.table.data import Cell, quantity_of
from mm_agents.documents.table.result import Table
from mm_agents.errors import MediaTooLargeError
from mm_agents.media import MediaFile
from mm_agents.types import CELL, Evidence

_MOST_CELLS = 20_000
_SEPARATORS = ";\t|,"  # of equals the first: a comma is also a decimal mark
_UNNAMED = "Unnamed: "  # what the reader of sheets calls a column without a head
_EMPTY = "NaN"  # what it writes for an empty cell
_DEEPEST = 8  # keys in a value of JSON that are within each other
_MIDNIGHT = " 00:00:00"  # and behind a day
_YEAR = re.compile(r"(?:19|20)\d\d")
_NEARLY = 0.7  # of as many values as most rows have: rows above the first such stand above the head

_Rows = Sequence[Sequence[str]]
_Place = Callable[[int, int], str]


def tables_of(file: MediaFile) -> list[Table]:
    """The tables of a text file in its order; none where it has none.

    A cell's evidence quotes it, and says which cell it is: "cell B7", with a sheet's name "cell Savings!B7".

    Raises:
        MediaTooLargeError: more cells than are read.
        MediaError: the file is damaged or too large, or the extra ``office`` is missing.
    """
    text = media.load_text(file)
    suffix = PurePath(file.name).suffix.casefold()
    if suffix in (".csv", ".tsv"):
        found = [_table(file, _separated(text), _cell_name, head=None)]
    elif suffix == ".json":
        found = [
            _table(file, rows, _names_in(title or str(n)) if title or n > 1 else _cell_name, head=head, title=title)
            for n, (title, rows, head) in enumerate(_in_json(text), start=1)
        ]
    else:
        found = [
            _table(file, rows, _names_in(section.sheet or str(n)), head=1, title=section.sheet or title)
            for section in media.sections(file, text)
            for n, (title, rows) in enumerate(_in_markdown(section.text), start=1)
        ]
    return [table for table in found if table.cells]


def _cell_name(row: int, column: int) -> str:
    """The name that spreadsheets give a cell: "B7" is in the second column and seventh row."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, len(ascii_uppercase))
        letters = ascii_uppercase[letter] + letters
    return f"{letters}{row + 1}"


def _names_in(place: str) -> _Place:
    """The names of the cells of a sheet, or of a table by its number: "Savings!B7", "2!B7"."""
    return lambda row, column: f"{place}!{_cell_name(row, column)}"


def _separated(text: str) -> _Rows:
    """The rows of comma-separated values; semicolons, tabs or bars part them where more rows are then alike."""
    lines = text.splitlines(keepends=True)
    found: list[list[list[str]]] = []
    for separator in _SEPARATORS:
        with suppress(csv.Error):  # a value longer than the module reads
            found.append(list(csv.reader(lines, delimiter=separator)))
    return max(found, key=_likeness, default=[])


def _likeness(rows: _Rows) -> tuple[float, int]:
    """The share of rows that have as many values as most have, and how many those are; 0 for single values."""
    widths = [len(row) for row in rows if row]
    usual, count = next(iter(Counter(width for width in widths if width > 1).most_common(1)), (0, 0))
    return count / max(len(widths), 1), usual


def _in_json(text: str) -> Iterator[tuple[str | None, _Rows, int]]:
    """The rows of each list of objects, with the key that it stands under and the rows of its head; then all others.

    An object's keys are the head of its list's table; what is in no list is named by its keys: "lead phone".
    """
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    single: list[tuple[str, str]] = []
    for path, value in _parts_of(content):
        if not isinstance(value, list):
            single.append((path, _written(value)))
            continue
        flat = [dict(_parts_of(one)) for one in cast("list[Any]", value) if isinstance(one, dict)]
        keys = list(dict.fromkeys(key for one in flat for key in one))
        if flat:
            rows = [[_written(one.get(key)) for key in keys] for one in flat]
            yield path or None, [[key or "value" for key in keys], *rows], 1
    if single:
        yield None, single, 0


def _parts_of(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The values and lists in a value, by the keys on the way to each; what is nested too deep is left out."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, one in cast("dict[str, Any]", value).items() if depth < _DEEPEST else ():
        yield from _parts_of(one, f"{path} {key}".strip(), depth + 1)


def _written(value: Any) -> str:
    """A value of JSON as the file writes it, a text without its marks, and the texts of a list with commas."""
    if isinstance(value, list):
        return ", ".join(_written(one) for one in cast("list[Any]", value) if not isinstance(one, list | dict))
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _in_markdown(text: str) -> Iterator[tuple[str | None, _Rows]]:
    """The rows of each table with the heading above it."""
    title: str | None = None
    rows: list[list[str]] = []
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before is not None and before.type == "heading_open":
            title = _plain(token)
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and before is not None and before.type in ("th_open", "td_open"):
            rows[-1].append(_plain(token))
        elif token.type == "table_close":
            yield title, rows
            rows = []


def _plain(token: Token) -> str:
    """What a line says, without its marks."""
    return " ".join("".join(one.content or " " for one in token.children or ()).split())


def _table(file: MediaFile, rows: _Rows, place: _Place, *, head: int | None, title: str | None = None) -> Table:
    """The table of rows; without a known head its first row is one, if it says no number but years of columns."""
    if sum(map(len, rows)) > _MOST_CELLS:
        raise MediaTooLargeError(f"{file.name!r} has a table of more than {_MOST_CELLS:,} cells. Split the file.")
    path = str(file.path) if file.path else None
    said = [[_said(text) for text in row] for row in rows]
    first = _first_full(said)
    columns = sorted({n for row in said[first:] for n, text in enumerate(row) if text})
    mark = decimal_mark(text for row in said for text in row)

    def evidence(quote: str, how: str) -> Evidence:
        return Evidence(asset=file.name, path=path, sha256=file.sha256, how=how, quote=quote)

    cells = [
        Cell(
            row=row - first,
            column=column,
            text=said[row][n],
            quantity=quantity_of(said[row][n], mark),
            evidence=(evidence(said[row][n], CELL + place(row, n)),),
            verified=True,
        )
        for row in range(first, len(said))
        for column, n in enumerate(columns)
        if n < len(said[row]) and said[row][n]
    ]
    if head is None or first:
        head = int(_is_head([cell for cell in cells if cell.row == 0], cells))
    above = next((text for row in said[:first] for text in row if text), None)
    named = " / ".join(dict.fromkeys(filter(None, (title, above))))
    return Table(
        layout="text",
        cells=tuple(cells),
        header_rows=head,
        title=evidence(named, "heading") if named else None,
        title_verified=bool(named),
    )


def _is_head(first: Sequence[Cell], cells: Sequence[Cell]) -> bool:
    """Whether a first row names columns: by texts, and by years above numbers that are none."""
    years = {cell.column for cell in first if cell.quantity is not None and _YEAR.fullmatch(cell.text)}
    if any(cell.quantity is not None and cell.column not in years for cell in first) or len(years) == len(first):
        return False
    others = {cell.column for cell in cells if cell.row and cell.quantity and not _YEAR.fullmatch(cell.text)}
    return years <= others


def _said(text: str) -> str:
    """What a cell says; "" of an empty one, as sheets and their columns without a head are written."""
    text = " ".join(text.split()).removesuffix(_MIDNIGHT)
    return "" if text == _EMPTY or text.startswith(_UNNAMED) else text


def _first_full(rows: _Rows) -> int:
    """The first row that is nearly as full as most are: what stands above it is a title, or tells of the file."""
    full = [sum(bool(text) for text in row) for row in rows]
    usual = Counter(count for count in full if count > 1).most_common(1)
    return next((n for n, count in enumerate(full) if usual and count >= _NEARLY * usual[0][0]), 0)
