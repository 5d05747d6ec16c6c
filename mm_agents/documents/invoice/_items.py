"""The items of an invoice: the rows of its table, or lines in which a quantity times a price is an amount."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mm_agents.documents._numbers import Mark, Number, numbers_in, quantity_in
from mm_agents.documents.invoice._amounts import amount_label
from mm_agents.documents.invoice._columns import Column, Header, close, column_of, headers, retyped
from mm_agents.documents.invoice._labels import ColumnKind
from mm_agents.documents.invoice._lines import Segment, Sheet, segment_of
from mm_agents.types import Word

_FAR = 9.0  # heights of the text without a row end a table
_FIRST_LINE = 4.0  # heights of the text from a row's numbers to the description below them
_NEXT_LINE = 2.05  # heights of the text from a description's line to its next


_ASIDE = re.compile(r"^[\w .-]{2,24}\s?:\s?[$€£]?[\d.,]+\s?%?$")
"""A line below an item that only adds a code, a price or a rate: "GTIN: 4012345001235"."""


_TIMES = re.compile(r"(?<![\w.,])(\d{1,4})[xX×](?!\w)")
"""A quantity with its sign of multiplication glued to it: "2X"."""


@dataclass(kw_only=True)
class Row:
    """An item as it is put together.

    Attributes:
        row: of the sheet that holds its numbers.
        cells: the words of each kind of column.
        lines: the words of its description, a segment for each line.
    """

    row: int
    middle: float
    cells: dict[ColumnKind, Segment] = field(default_factory=dict[ColumnKind, Segment])
    lines: list[Segment] = field(default_factory=list[Segment])
    last: float = 0.0

    def number(self, kind: ColumnKind, mark: Mark | None) -> Decimal | None:
        """The number of a column."""
        cell = self.cells.get(kind)
        if cell is None:
            return None
        if kind == "quantity":
            told = quantity_in(cell.text, mark)
            return told[0] if told else None
        numbers = [number for number in numbers_in(cell.text, mark) if not number.percent]
        return numbers[-1 if kind == "amount" else 0].value if numbers else None

    def discount(self, mark: Mark | None) -> Decimal:
        """The row's discount in percent; 0 without one."""
        numbers = numbers_in(self.cells["discount"].text, mark) if "discount" in self.cells else []
        return numbers[0].value if numbers and 0 <= numbers[0].value < 100 else Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows that were found, and the rows of the sheet that they and their header take up."""

    rows: tuple[Row, ...]
    taken: frozenset[int]
    columns: tuple[Column, ...] = ()


def find_items(sheet: Sheet, mark: Mark | None) -> Table:
    """The items of a document."""
    best: Table | None = None
    found = headers(sheet)
    for n, header in enumerate(found):
        until = len(sheet.rows)
        table = _read_table(sheet, header, until, mark, [other for other in found[n + 1 :]])
        if table.rows and (best is None or _worth(table, mark) > _worth(best, mark)):
            best = table
    loose = _loose(sheet, mark)
    if best is None or (_proven(best, mark) == 0 and len(loose.rows) >= max(len(best.rows) / 2, 1)):
        return loose if loose.rows else best or Table(rows=(), taken=frozenset())
    return best


def _worth(table: Table, mark: Mark | None) -> float:
    return len(table.rows) + 2 * _proven(table, mark) + 0.5 * len({column.kind for column in table.columns})


def _proven(table: Table, mark: Mark | None) -> int:
    return sum(1 for row in table.rows if multiplies(row, mark))


def multiplies(row: Row, mark: Mark | None) -> bool:
    """Whether the row's quantity times its price is its amount."""
    quantity, price, amount = (row.number(kind, mark) for kind in ("quantity", "price", "amount"))
    if quantity is None or price is None or amount is None:
        return False
    product = quantity * price
    return close(product, amount) or close(product * (1 - row.discount(mark) / 100), amount)


def is_total(row: Sequence[Segment], mark: Mark | None) -> bool:
    """Whether a row begins with the label of a total and holds a number."""
    first = next((segment for segment in row if re.search(r"[a-z]{2}", segment.folded)), None)
    if first is None or not any(numbers_in(segment.text, mark) for segment in row):
        return False
    label = amount_label(first)
    return label is not None and not re.search(r"[a-z]{3}", first.folded[: label[2]])


def _read_table(sheet: Sheet, header: Header, until: int, mark: Mark | None, others: Sequence[Header]) -> Table:
    repeats = {row for other in others if _same(header, other) for row in range(other.first, other.end)}
    columns = header.columns
    body = [n for n in range(header.end, until) if n not in repeats]
    grid = [_cells_of(sheet, sheet.rows[n], columns, mark) for n in body[:200]]
    totals = {n for n in body if is_total(sheet.rows[n], mark)}
    numbers = [
        {at: value for at, cell in cells.items() if (value := _lone_number(cell, mark)) is not None}
        for n, cells in zip(body, grid, strict=False)
        if n not in totals
    ]
    columns = retyped(columns, [row for row in numbers if len(row) >= 3])
    rows = _assemble(sheet, columns, body, grid, totals, mark, header.end)
    taken = set(range(header.first, header.end)) | repeats | {row.row for row in rows}
    taken |= {segment.row for row in rows for segment in row.lines}
    return Table(rows=tuple(rows), taken=frozenset(taken), columns=columns)


def _same(one: Header, other: Header) -> bool:
    return [column.kind for column in one.columns] == [column.kind for column in other.columns]


def _lone_number(cell: Segment, mark: Mark | None) -> Decimal | None:
    numbers = [number for number in numbers_in(cell.text, mark) if not number.percent]
    if not numbers:
        quantity = quantity_in(cell.text, mark) if len(cell.text) < 10 else None
        return quantity[0] if quantity else None
    letters = len(re.sub(r"[\W\d_]", "", cell.text))
    return numbers[0].value if letters <= 9 else None


def _cells_of(sheet: Sheet, row: Sequence[Segment], columns: Sequence[Column], mark: Mark | None) -> dict[int, Segment]:
    """The words of a row by column."""
    held: dict[int, list[Word]] = {}
    for segment in row:
        for atom, number in _atoms(segment, columns, mark):
            held.setdefault(column_of(columns, atom, number=number), []).extend(atom.words)
    if not row:
        return {}
    top = row[0].y0 - row[0].words[0].place.y0
    del sheet
    return {
        at: segment_of(row[0].page, sorted(words, key=lambda word: word.place.x0), row[0].row, top)
        for at, words in held.items()
    }


def _atoms(segment: Segment, columns: Sequence[Column], mark: Mark | None) -> list[tuple[Segment, bool]]:
    """A segment parted into what belongs to one column each: numbers with their signs, and the text between them."""
    numbers = numbers_in(segment.text, mark)
    letters = len(re.sub(r"[\W\d_]", "", segment.text))
    if not numbers or (len(numbers) == 1 and letters <= 8):
        return [(segment, bool(numbers))]
    reached = [column for column in columns if min(segment.x1, column.x1) - max(segment.x0, column.x0) > 0]
    if len(reached) <= 1 and letters > 8:
        return [(segment, False)]
    parts: list[tuple[Segment, bool]] = []
    done = 0
    for number in numbers:
        if (
            letters > 8
            and not (number.is_money or number.percent)
            and column_kind(columns, segment, number) == "description"
        ):
            continue
        if segment.text[done : number.start].strip():
            parts.append((segment.part(done, number.start), False))
        parts.append((segment.part(number.start, number.end), True))
        done = number.end
    if segment.text[done:].strip():
        parts.append((segment.part(done, len(segment.text)), False))
    return parts


def column_kind(columns: Sequence[Column], segment: Segment, number: Number) -> ColumnKind:
    """The kind of the column that a number of a segment stands in."""
    return columns[column_of(columns, segment.part(number.start, number.end), number=False)].kind


def _assemble(
    sheet: Sheet,
    columns: Sequence[Column],
    body: Sequence[int],
    grid: Sequence[dict[int, Segment]],
    totals: set[int],
    mark: Mark | None,
    start: int,
) -> list[Row]:
    rows: list[Row] = []
    pending: list[Segment] = []
    last = sheet.rows[start - 1][0].middle
    page = sheet.rows[start - 1][0].page
    proofs = [n for n, cells in zip(body, grid, strict=False) if n not in totals and _multiplied(columns, cells, mark)]
    for n, cells in zip(body, grid, strict=False):
        here = sheet.rows[n][0]
        if here.page is not page:
            page, last = here.page, here.middle
        if here.middle - last > _FAR * sheet.height and not any(n <= proof for proof in proofs):
            break
        if n in totals:
            if any(proof > n for proof in proofs):
                pending = []
                continue
            break
        row = _anchor(columns, cells, n, here.middle, mark)
        if row is not None:
            described = _description(columns, cells)
            if described is not None:
                row.lines.append(described)
            elif pending:
                row.lines += pending
            pending, last = [], here.middle
            row.last = here.middle
            rows.append(row)
            continue
        text = _description(columns, cells, loosely=True)
        if text is None:
            continue
        if rows and _continues(rows[-1], text, sheet.height) and _takes_more(rows):
            rows[-1].lines.append(text)
            rows[-1].last = last = text.middle
        elif not _ASIDE.match(text.text):
            pending = (
                [*pending, text][-2:]
                if pending and text.middle - pending[-1].middle < _NEXT_LINE * sheet.height
                else [text]
            )
    return rows


def _takes_more(rows: Sequence[Row]) -> bool:
    """Whether lines below a row belong to it: not where every row has had its description above."""
    first = rows[0]
    return not first.lines or first.lines[0].row >= first.row


def _multiplied(columns: Sequence[Column], cells: dict[int, Segment], mark: Mark | None) -> bool:
    row = _anchor(columns, cells, 0, 0.0, mark)
    return row is not None and multiplies(row, mark)


def _anchor(
    columns: Sequence[Column], cells: dict[int, Segment], n: int, middle: float, mark: Mark | None
) -> Row | None:
    """The row of an item, where enough of its numbers stand in it."""
    row = Row(row=n, middle=middle)
    for at, cell in cells.items():
        kind = columns[at].kind
        if kind not in ("description", "other"):
            row.cells[kind] = cell
    kinds = {column.kind for column in columns}
    numeric: tuple[ColumnKind, ...] = ("quantity", "price", "amount")
    has: set[ColumnKind] = {kind for kind in numeric if row.number(kind, mark) is not None}
    wanted = set(numeric) & kinds
    if len(has) >= 2:
        return row
    if len(has) == 1 and (has == wanted or (has == {"amount"} and _told(columns, cells))):
        alone = row.cells[next(iter(has))]
        return row if any(number.is_money for number in numbers_in(alone.text, mark)) else None
    return None


def _told(columns: Sequence[Column], cells: dict[int, Segment]) -> bool:
    """Whether a row with an amount alone says what for."""
    return any(columns[at].kind == "description" and re.search(r"[^\W\d]{3}", cell.text) for at, cell in cells.items())


def _description(columns: Sequence[Column], cells: dict[int, Segment], *, loosely: bool = False) -> Segment | None:
    """The words that say what an item is: those of the description's column, else text before the numbers."""
    told = [cell for at, cell in sorted(cells.items()) if columns[at].kind == "description"]
    told = [cell for cell in told if re.search(r"[^\W\d_]" if loosely else r"[^\W\d_]{2}", cell.text)]
    if told:
        return max(told, key=lambda cell: len(cell.text))
    if "description" in {column.kind for column in columns} and not loosely:
        return None
    first = [
        cell
        for at, cell in sorted(cells.items())
        if re.search(r"[^\W\d_]{3}", cell.text)
        and columns[at].kind in ("position", "code", "other", "unit", "quantity")
    ]
    if loosely and (
        not first
        or len(cells) > 2
        or (columns[min(cells)].kind == "code" and "description" in {c.kind for c in columns})
    ):
        return None
    return first[0] if first else None


def _continues(row: Row, text: Segment, height: float) -> bool:
    reach = _NEXT_LINE if row.lines else _FIRST_LINE
    if text.middle - row.last > reach * max(height, 0.8 * text.height):
        return False
    if _ASIDE.match(text.text):
        return False
    return not row.lines or abs(text.x0 - row.lines[0].x0) < 3 * height


def _loose(sheet: Sheet, mark: Mark | None) -> Table:
    """Items without a header: rows with a quantity, a price and an amount that is their product."""
    rows: list[Row] = []
    for n, row in enumerate(sheet.rows):
        parts = [
            (segment.part(number.start, number.end), number)
            for segment in row
            for number in numbers_in(_TIMES.sub(r"\1 ", segment.text), mark)
            if not number.percent and number.value > 0
        ]
        if len(parts) < 3 or is_total(row, mark):
            continue
        found = _product(parts)
        if found is None:
            continue
        item = Row(row=n, middle=row[0].middle, cells=found, last=row[0].middle)
        start = min(cell.x0 for cell in found.values())
        text = [segment for segment in row if segment.x1 <= start and re.search(r"[^\W\d]{3}", segment.text)]
        above = sheet.rows[n - 1] if n else ()
        lines = text[:1] or [
            segment for segment in above[:1] if re.search(r"[^\W\d]{3}", segment.text) and not is_total(above, mark)
        ]
        item.lines = list(lines)
        rows.append(item)
    return Table(rows=tuple(rows), taken=frozenset(row.row for row in rows))


def _product(parts: Sequence[tuple[Segment, Number]]) -> dict[ColumnKind, Segment] | None:
    amount, number = parts[-1]
    if number.places != 2:
        return None
    for q in range(len(parts) - 2):
        for p in range(q + 1, len(parts) - 1):
            one, other = parts[q][1], parts[p][1]
            if other.places >= 2 and one.value <= 1000 and close(one.value * other.value, number.value):
                return {"quantity": parts[q][0], "price": parts[p][0], "amount": amount}
    return None
