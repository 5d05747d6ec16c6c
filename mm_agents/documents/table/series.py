"""The numbers of a table as series, by column, row and metric, and how well the words of a question name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from mm_agents._optional import require
from mm_agents._text import by_form, read_data
from mm_agents.documents.locate import normalised
from mm_agents.documents.opencv import EXTRA
from mm_agents.documents.table.data import Cell, Quantity, TableData
from mm_agents.documents.table.parameters import PARAMETERS

WORDS: dict[str, dict[str, str]] = read_data("mm_agents.documents.table", "questions.toml")
TOTAL = re.compile(WORDS["words"]["total"], re.IGNORECASE)
_JOINING = frozenset(WORDS["words"]["join"].split())
_FORMS = by_form(WORDS["forms"])
_NOT_MISSPELLED = [{"mean", "median"}]
"""Words that are nearly written alike, and mean two things."""
_REMEMBERED = 4096  # names whose words are kept
_PERCENT_NAMED = re.compile(r"%|(?<![a-z])(?:per ?cent|pct)(?![a-z])", re.IGNORECASE)
_PERCENTS = re.compile(r"\d\s*(?:%|per ?cent\b)", re.IGNORECASE)
_POINTS = re.compile(r"\d ?(?:pp|(?:percentage )?points?)\b", re.IGNORECASE)


@lru_cache(_REMEMBERED)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a text that can name something: small, singular, without those that only join others."""
    found = re.findall(r"[^\W_]+(?:[.,]\d+)*%?|%", text.casefold())
    return tuple(_FORMS.get(word, _singular(word)) for word in found if word not in _JOINING)


def likeness(name: str, asked: Sequence[str]) -> float:
    """How well the words of a question name something, 0 to 1: the share of the name's words that it has.

    Args:
        name: of a column, row, metric or item.
        asked: ``tokens`` of the question.
    """
    words = tokens(name)
    if not words or not asked:
        return 0.0
    return sum(max(_same(word, other) for other in asked) for word in words) / len(words)


def used(name: str, asked: Sequence[str]) -> set[int]:
    """Which words of a question a name has, as numbers."""
    words = tokens(name)
    return {n for n, other in enumerate(asked) if any(_same(word, other) > 0 for word in words)}


def unfit_unit(question: str, name: str, unit: str | None) -> str | None:
    """What the numbers of a column are not, by its name and unit, where a question is for percents or points."""
    if _PERCENTS.search(question) and unit != "%" and not _PERCENT_NAMED.search(name):
        return "no percents"
    return "not points" if _POINTS.search(question) and unit != "pp" else None


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if len(word) > 3 and word.endswith(ending) and not word.endswith("ss") and word[-2:] not in ("us", "is"):
            return word[: -len(ending)] + instead
    return word


@lru_cache(4 * _REMEMBERED)
def _same(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if any(character.isdigit() for character in word + other) or min(len(word), len(other)) < 4:
        return 0.0
    fuzz = require("rapidfuzz", extra=EXTRA, feature="Questions about tables").fuzz
    alike = float(fuzz.ratio(word, other)) / 100
    return alike if alike >= PARAMETERS.same_word and {word, other} not in _NOT_MISSPELLED else 0.0


# ---------------------------------------------------------------- series

Axis = Literal["column", "row", "metric"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One number of a series, what it belongs to, and whether it sums up others, going by its label."""

    label: str
    cell: Cell
    is_total: bool = False

    @property
    def quantity(self) -> Quantity:
        """Its number."""
        return self.cell.quantity or Quantity(value=Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Cells that say the same kind of number for different things.

    Attributes:
        name: of the column, the row or the metric.
        axis: which of them it is.
        items: from the top or from the left; those without a number are left out.
        kind: what the things are called, such as "Country"; "" where the table does not say.
    """

    name: str
    axis: Axis
    items: tuple[Item, ...]
    kind: str = ""


def all_series(table: TableData) -> list[Series]:
    """Every series of a table that has a number in it."""
    names = paths(table)
    found = [*_columns(table, names), *_rows(table, names)]
    if any(cell.metric for cell in table.cells):
        found = [*_metrics(table, names), *(series for series in found if series.axis == "column")]
    return [series for series in found if series.items]


_EXTREME = re.compile(r"\b(?:highest|lowest) (?P<what>[a-z]+)", re.IGNORECASE)


def is_named_by(text: str, words: set[str], asked: Sequence[str]) -> bool:
    """Whether a name has one of some words of a question, and does not go on with another than the question does.

    "Most" of "the most effective way" is not that of "the most undecided".
    """
    pairs = re.finditer(r"(?=\b(?P<word>[^\W_]+)(?: (?P<next>[^\W\d_]+))?)", text)
    return any(set(tokens(one["word"])) & words and set(tokens(one["next"] or "")) <= set(asked) for one in pairs)


def compared_by(question: str, series: Sequence[Series]) -> Sequence[Series]:
    """The series that the word after a superlative names, as "the highest price in stock" is none of "stock"."""
    named = _EXTREME.search(question)
    what = tokens(named["what"]) if named else []
    return [one for one in series if what and used(one.name, what)] or series


def paths(table: TableData) -> list[str]:
    """What each row is called, its section and its group before it: "Unemployment rate (men) / Ages 18 and 19"."""
    rows: dict[int, list[Cell]] = {}
    for cell in table.cells:
        rows.setdefault(cell.row, []).append(cell)
    found: list[str] = []
    keys, section, group = _key_columns(table), "", ""
    for row in range(table.shape[0]):
        own = table.label(row)
        group = own or (group if keys else "")
        names = [section if section != group else "", group]
        names += [cell.text for column in keys if row >= table.header_rows and (cell := table.at(row, column))]
        found.append(" / ".join(name for name in names if name))
        cells = rows.get(row, [])
        if row >= table.header_rows and len(cells) == 1 and cells[0].quantity is None:
            section, group = cells[0].text, ""
    return found


def _key_columns(table: TableData) -> list[int]:
    """The columns of texts right of the labels where a label stands for several rows: together they name a row."""
    height, width = table.shape
    body, labels = range(table.header_rows, height), table.label_column
    keys: list[int] = []
    for column in range(labels + 1, width) if labels is not None else ():
        cells = [cell for row in body if (cell := table.at(row, column)) is not None]
        if not cells or any(cell.quantity is not None for cell in cells):
            break
        keys.append(column)
    own = [row for row in body if (cell := table.at(row, labels or 0)) is None or cell.row != row or not cell.text]
    grouped = [row for row in own if keys and (cell := table.at(row, keys[0])) is not None and cell.text]
    return keys if grouped else []


def _named_beside(table: TableData, cell: Cell) -> str:
    """The nearest text to the left of a number whose row has no label: "Subtotal" under a list of items."""
    for column in range(cell.column - 1, -1, -1):
        other = table.at(cell.row, column)
        if other and other.quantity is None:
            return other.text
    return ""


def _columns(table: TableData, names: Sequence[str]) -> Iterator[Series]:
    height, width = table.shape
    labels, keys = table.label_column, _key_columns(table)
    kind = table.header(labels) if labels is not None and table.header_rows else ""
    for column in range(width):
        items: list[Item] = []
        totals = False  # below the first total without a label of its own, all is summing up
        for row in range(table.header_rows, height):
            cell = table.at(row, column)
            if column == labels or not cell or not cell.quantity or (cell.row, cell.column) != (row, column):
                continue
            label = names[row] if table.label(row) or keys else ""
            beside = "" if label else _named_beside(table, cell)
            totals = totals or (bool(beside) and TOTAL.search(beside) is not None)
            total = TOTAL.search(label) is not None or (totals and not label)
            items.append(Item(label=label or beside, cell=cell, is_total=total))
        yield Series(name=table.header(column), axis="column", items=tuple(items), kind=kind)


def _rows(table: TableData, names: Sequence[str]) -> Iterator[Series]:
    height, width = table.shape
    for row in range(table.header_rows, height):
        items: list[Item] = []
        for column in range(width):
            cell = table.at(row, column)
            if column != table.label_column and cell and cell.quantity and (cell.row, cell.column) == (row, column):
                label = table.header(column)
                items.append(Item(label=label, cell=cell, is_total=TOTAL.search(label) is not None))
        yield Series(name=names[row], axis="row", items=tuple(items))


def _metrics(table: TableData, names: Sequence[str]) -> Iterator[Series]:
    named: dict[str, list[Cell]] = {}
    for cell in table.cells:
        if cell.metric and cell.quantity:
            named.setdefault(normalised(cell.metric), []).append(cell)
    for cells in named.values():
        items = tuple(Item(label=table.header(cell.column) or names[cell.row], cell=cell) for cell in cells)
        yield Series(name=cells[0].metric or "", axis="metric", items=items)
