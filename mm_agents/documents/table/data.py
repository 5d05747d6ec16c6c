"""A table as data: its cells in their grid, and a cell's text as a number with its unit and footnote marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from mm_agents._text import MONTHS, content_words
from mm_agents.documents.locate import normalised
from mm_agents.documents.numbers import DecimalMark, numbers_in
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.text import markdown_table
from mm_agents.types import Box, Evidence, place_json

_SUPERSCRIPTS = {ord(a): b for a, b in zip("⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ", "0123456789abcd", strict=True)}
_MARKS = re.compile(r"\s*([⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ]+(?:[,\s][⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈ]+)*|[*†‡§]+)$")
_AFTER_UNIT = re.compile(r"(?:(?<=%)|(?<=pp))\s?(\d{1,2}|[a-d])$")
_UNIT = re.compile(r"^\s*(pp|bps?|[a-zµ°][\w/°²³]{0,7}|‰|×)\.?$", re.IGNORECASE)
_SHARE = re.compile(r"(?<=\d)\s?\(\s?\d[\d.,]*\s?%\s?\)$")  # "1269 (19.9%)" is 1269
_POWERS = re.compile(r"([-+]?\d(?:[.,]\d+)?)\s?(?:[eE]|[x×]\s?10\^?)([-+]?\d{1,3})")
_LOOKALIKES = str.maketrans({"S": "5", "O": "0", "o": "0", "l": "1", "I": "1", "Z": "2", "à": "0", "ó": "6"})
_SCALES = {
    **dict.fromkeys(("k", "thousand"), Decimal(1000)),
    **dict.fromkeys(("m", "mn", "mio", "million", "millions"), Decimal(10) ** 6),
    **dict.fromkeys(("b", "bn", "billion", "billions"), Decimal(10) ** 9),
}

_OF_NAMES = re.compile(r"(?<![^\W_])(?:name|item|product|article|title)s?(?![^\W_])", re.IGNORECASE)
"""What heads call a column of names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number that a cell says.

    Attributes:
        value: with its sign; thousands, millions and billions are worked out.
        unit: "%", "pp", an ISO 4217 code or what else stands behind the number; None where nothing does.
    """

    value: Decimal
    unit: str | None = None


def without_marks(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without the footnote marks behind it, and the marks: "32%¹" is "32%" and "1"."""
    found: list[str] = []
    while True:
        match = _MARKS.search(text) or _AFTER_UNIT.search(text)
        if match is None or not text[: match.start()].strip():
            return text, tuple(found)
        found[:0] = re.split(r"[,\s]+", match[1].translate(_SUPERSCRIPTS))
        text = text[: match.start()]


def quantity_of(text: str, mark: DecimalMark | None = None) -> Quantity | None:
    """The number that a text is: "$1,234.50", "(12.5)", "15 pp", "3.2 bn"; None where it says more than one number.

    Args:
        text: of a cell.
        mark: the decimal mark of the table, where it is known.
    """
    bare, _ = without_marks(text.strip())
    bare = bare.strip("~≈<>≤≥ ").replace("−", "-")
    bare = _SHARE.sub("", bare)
    if re.match(r"[-+(]?\.\d+\D*$", bare):
        bare = bare.replace(".", "0.", 1)
    powers = _POWERS.fullmatch(bare)
    if powers:
        mantissa = Decimal(powers[1].replace(",", "."))
        return Quantity(value=mantissa.scaleb(int(powers[2])))
    found = numbers_in(bare, mark)
    if len(found) != 1:
        return None
    number = found[0]
    before, after = bare[: number.start].strip(), bare[number.end :].strip()
    if before:
        return None
    unit = "%" if number.percent else number.currency
    if not after:
        return Quantity(value=number.value, unit=unit)
    match = _UNIT.match(after)
    if match is None:
        return None
    if after.casefold() in MONTHS:
        return None  # "29 May" is a day
    if after.casefold().rstrip(".") in _SCALES:
        return Quantity(value=number.value * _SCALES[after.casefold().rstrip(".")], unit=unit)
    return Quantity(value=number.value, unit=match[1])


def digits_for_letters(text: str) -> str | None:
    """A text with the digits for letters that look like them, where that makes it a number: "3,11S" is 3,115."""
    changed = text.translate(_LOOKALIKES)
    letters = sum(character.isalpha() for character in text)
    if changed == text or letters > max(1, len(text) // 2) or quantity_of(changed) is None:
        return None
    return changed


Layout = Literal["ruled", "unruled", "cards", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that has something printed in it.

    Attributes:
        row: from 0, the rows of the head included.
        column: from 0.
        row_span: how many rows it fills.
        column_span: how many columns it fills.
        text: as printed, its lines joined by spaces; of a card, its value.
        metric: of a card: the name of what its value measures, as printed on it.
        name_first: whether the metric's name stands before the value.
        footnotes: the footnote marks that stand beside the text.
        quantity: the text as a number, where it is one.
        evidence: where it stands; none where a model read it and code did not find it.
        verified: whether its text was found on the page, and each of its places read the same when looked at again
            alone.
        doubt: why a reader should look again, if there is a reason.
    """

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    metric: str | None = None
    name_first: bool = False
    footnotes: tuple[str, ...] = ()
    quantity: Quantity | None = None
    evidence: tuple[Evidence, ...] = ()
    verified: bool = False
    doubt: str | None = None

    @property
    def box(self) -> Box | None:
        """In pixels of the page as stored."""
        return self.evidence[0].box if self.evidence else None

    def to_json(self, text: str | None = None) -> dict[str, Any]:
        """The cell's keys as ``read table --json`` prints them; ``text`` in place of its own where it is given."""
        box = self.box
        return {
            "row": self.row,
            "column": self.column,
            "row_span": self.row_span,
            "column_span": self.column_span,
            "text": self.text if text is None else text,
            "metric": self.metric,
            "footnotes": list(self.footnotes),
            "value": str(self.quantity.value) if self.quantity else None,
            "unit": self.quantity.unit if self.quantity else None,
            "box": [box.x0, box.y0, box.x1, box.y1] if box else None,
            "verified": self.verified,
            "doubt": self.doubt,
            "evidence": [place_json(evidence) for evidence in self.evidence],
        }


@dataclass(frozen=True, kw_only=True)
class TableData:
    """The cells of a table in their grid.

    Attributes:
        layout: whether ruling lines, blanks or cards make it, or a text file says it.
        cells: from the top, then from the left; a place of the grid that none fills is empty.
        header_rows: how many of the rows, from the top, are the head.
        header_columns: how many of the columns, from the left, name the rows: 1, or 0 where none does.
        title: what stands above it as its title.
        title_verified: whether its place read the same when looked at again alone.
        notes: what else there is to say: text beside the table, disagreements, doubts.
        page: from 1.
        named_by: the column whose texts name the rows, where it is not the one that ``label_column`` finds.
    """

    layout: Layout = "unruled"
    cells: tuple[Cell, ...] = ()
    header_rows: int = 0
    header_columns: int = 1
    title: Evidence | None = None
    title_verified: bool = False
    notes: tuple[str, ...] = ()
    page: int = 1
    named_by: int | None = None
    _at: dict[tuple[int, int], Cell] = field(default_factory=dict[tuple[int, int], Cell], init=False, repr=False)

    def __post_init__(self) -> None:
        for cell in self.cells:
            for row in range(cell.row, cell.row + cell.row_span):
                for column in range(cell.column, cell.column + cell.column_span):
                    self._at.setdefault((row, column), cell)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are, the head included."""
        rows = max((cell.row + cell.row_span for cell in self.cells), default=0)
        return rows, max((cell.column + cell.column_span for cell in self.cells), default=0)

    def at(self, row: int, column: int) -> Cell | None:
        """The cell that fills a place of the grid; None where it is empty."""
        return self._at.get((row, column))

    @cached_property
    def words(self) -> set[str]:
        """The words of its title and its cells, as ``content_words`` gives them."""
        return content_words(" ".join([(self.title and self.title.quote) or "", *(cell.text for cell in self.cells)]))

    @cached_property
    def names(self) -> str:
        """What its columns and rows are called, in one text."""
        height, width = self.shape
        return " ".join([*map(self.header, range(width)), *map(self.label, range(height))])

    @property
    def rows(self) -> list[list[str]]:
        """The texts in the grid, the head's rows first; a text that spans several places is in the first."""
        height, width = self.shape
        found = [[""] * width for _ in range(height)]
        for cell in self.cells:
            found[cell.row][cell.column] = self.printed(cell)
        return found

    def printed(self, cell: Cell) -> str:
        """A cell's text; of a card its value, and beside it what it measures unless its row says that."""
        if cell.metric is None or normalised(cell.metric) == normalised(self.label(cell.row)):
            return cell.text
        return f"{cell.metric} {cell.text}" if cell.name_first else f"{cell.text} {cell.metric}"

    def header(self, column: int) -> str:
        """What the head says over a column: from the top, joined by " / "."""
        return " / ".join(_distinct(self.at(row, column) for row in range(self.header_rows)))

    @cached_property
    def label_column(self) -> int | None:
        """The column that names the rows: the first, or the first of texts where the first but counts or has codes."""
        height, width = self.shape
        if self.named_by is not None:
            return self.named_by
        if not self.header_columns or not width:
            return None
        body = range(self.header_rows, height)
        columns = [[cell for row in body if (cell := self.at(row, column))] for column in range(width)]
        has_codes = self.layout == "text" and all(map(_is_code, columns[0]))
        if has_codes or all(cell.quantity and len(cell.text) < 4 for cell in columns[0]):
            for column, cells in enumerate(columns):
                if has_codes and not _OF_NAMES.search(self.header(column)):
                    continue
                texts = {cell.text for cell in cells if cell.quantity is None}
                if (
                    len(texts) > 1
                    and len(texts) >= PARAMETERS.nearly_all * len(columns[0])
                    and len(texts) == len(cells)
                ):
                    return column
        return 0

    def other_names(self) -> list[int]:
        """The other columns by which rows can be called: their texts differ, and are no numbers."""
        height, width = self.shape
        found: list[int] = []
        # Without a head, a text file's table has names and their values, and a value names nothing.
        named = self.label_column is not None and (self.layout != "text" or self.header_rows > 0)
        for column in range(width) if named else ():
            cells = [self.at(row, column) for row in range(self.header_rows, height)]
            texts = {normalised(cell.text) for cell in cells if cell is not None and cell.quantity is None}
            if column != self.label_column and len(texts) > 1 and len(texts) >= PARAMETERS.nearly_all * len(cells):
                found.append(column)
        return found

    def label(self, row: int) -> str:
        """What a row is called."""
        cell = self.at(row, self.label_column) if self.label_column is not None else None
        return cell.text if cell else ""

    def to_markdown(self) -> str:
        """A GitHub table, the head's rows as one; "" for a table without cells."""
        height, width = self.shape
        if not height:
            return ""
        return markdown_table([self.header(column) for column in range(width)], self.rows[self.header_rows :])


def _distinct(cells: Iterable[Cell | None]) -> list[str]:
    found: list[Cell] = []
    for cell in cells:
        if cell is not None and cell not in found:
            found.append(cell)
    return [cell.text for cell in found if cell.text]


def _is_code(cell: Cell) -> bool:
    """Whether a cell is one word of letters and digits, such as "T-101"."""
    return re.fullmatch(r"(?=.*\d)(?=.*[^\W\d_])[\w./-]+", cell.text) is not None
