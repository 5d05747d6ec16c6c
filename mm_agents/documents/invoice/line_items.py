"""Line items of an invoice: the columns of their table, and its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import permutations
from statistics import median

from mm_agents.documents.dates import dates_in
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import CENT
from mm_agents.documents.invoice.layout import Segment, Sheet, segment_of
from mm_agents.documents.invoice.lexicon import ColumnKind
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.invoice.totals import amount_label, find_amounts, totals_head
from mm_agents.documents.numbers import DecimalMark, Number, numbers_in, quantity_in
from mm_agents.types import Word

_MONEY: tuple[ColumnKind, ...] = ("quantity", "price", "amount")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: what it holds, and from where to where its heading reaches."""

    kind: ColumnKind
    x0: float
    x1: float
    heading: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """A table's header: its columns from the left, and its rows on the sheet, first and past the last."""

    columns: tuple[Column, ...]
    first: int
    end: int
    score: float


def headers(sheet: Sheet) -> list[Header]:
    """Every header of an item table, the best of those that overlap, from the top."""
    found: list[Header] = []
    for first in range(len(sheet.rows)):
        for end in range(first + 1, min(first + PARAMETERS.header_rows, len(sheet.rows)) + 1):
            if end - first > 1 and not _joined(sheet, end):
                break
            header = _header(sheet, first, end)
            if header is not None:
                found.append(header)
    kept: list[Header] = []
    for header in sorted(found, key=lambda one: (-one.score, one.end - one.first)):
        if not any(header.first < other.end and other.first < header.end for other in kept):
            kept.append(header)
    return sorted(kept, key=lambda one: one.first)


def column_of(columns: Sequence[Column], segment: Segment, *, number: bool) -> int:
    """The column of a cell: the one whose heading it overlaps most, else the one it is nearest to."""
    worded = _letters(segment.text) > PARAMETERS.short_word
    numeric = ("quantity", "price", "amount", "discount", "rate", "tax", "position")

    def fit(n: int) -> tuple[float, float]:
        column = columns[n]
        shared = min(segment.x1, column.x1) - max(segment.x0, column.x0)
        if shared > 0:
            off_centre = abs((segment.x0 + segment.x1) - (column.x0 + column.x1))
            return round(shared / min(segment.x1 - segment.x0, column.x1 - column.x0), 2), -off_centre
        away = min(abs(segment.x0 - column.x0), abs(segment.x1 - column.x1), -shared)
        misplaced = column.kind == "description" if number else worded and column.kind in numeric
        return 0, -away - (PARAMETERS.misplaced * segment.height if misplaced else 0)

    return max(range(len(columns)), key=fit)


def _letters(text: str) -> int:
    return len(re.sub(r"[\W\d_]", "", text))


def retyped(columns: Sequence[Column], rows: Sequence[dict[int, Decimal]]) -> tuple[Column, ...]:
    """The columns with quantity, price and amount where the numbers multiply, whatever their headings say.

    Args:
        columns: as their headings call them.
        rows: the numbers of each row by column.
    """
    best: tuple[float, tuple[int, int, int]] | None = None
    for q, p, a in permutations(range(len(columns)), 3):
        kinds = columns[q].kind, columns[p].kind, columns[a].kind
        if kinds[2] == "position" or {"position", "code", "rate"} & {*kinds[:2]}:
            continue
        full = [row for row in rows if q in row and p in row and a in row]
        hits = [row for row in full if row[a] != 0 and close(row[q] * row[p], row[a])]
        if not hits or len(hits) < PARAMETERS.most * len(full):
            continue
        score = len(hits) - sum(1 in (row[q], row[p]) for row in hits) / 2  # what is multiplied by 1 proves little
        score += sum(kind == own for kind, own in zip(kinds, _MONEY, strict=True)) / 2
        score -= sum(kind in ("discount", "tax") for kind in kinds) / 2
        if best is None or score > best[0]:
            best = score, (q, p, a)
    if best is None:
        return tuple(columns)
    kinds_of = dict(zip(best[1], _MONEY, strict=True))
    return tuple(
        replace(column, kind=kinds_of.get(n, "other" if column.kind in _MONEY else column.kind))
        for n, column in enumerate(columns)
    )


def close(one: Decimal, other: Decimal) -> bool:
    """Whether two amounts are the same up to the rounding of unit prices."""
    return abs(one - other) <= max(CENT, abs(other) * Decimal(PARAMETERS.rounded_share))


def _joined(sheet: Sheet, end: int) -> bool:
    """Whether a row can belong to the header of the row above it: near below, without amounts."""
    above, row = sheet.rows[end - 2], sheet.rows[end - 1]
    if above[0].page is not row[0].page or row[0].middle - above[0].middle > PARAMETERS.pitch * sheet.height:
        return False
    return not any(number.is_money for segment in row for number in numbers_in(segment.text))


def _header(sheet: Sheet, first: int, end: int) -> Header | None:
    words = [
        segment_of(segment.page, [part], segment.row, segment.y0)
        for row in sheet.rows[first:end]
        for segment in row
        for word in segment.words
        for part in _parted(word)
        if re.search(r"\w|[#%]", part.text)
    ]
    if not 2 <= len(words) <= PARAMETERS.longest_header:
        return None
    cells = _widely_spaced(_cells(words, sheet.height))
    columns = [column for cell in cells for column in _named(cell)]
    known = [column for column in columns if column.kind != "other"]
    kinds = {column.kind for column in known}
    core = kinds & {"quantity", "price", "amount", "description"}
    if not {"price", "amount"} & kinds or len(core) < 2:
        return None
    if "description" not in kinds and len(core) < 3 and not ("quantity" in core and len(kinds) >= 3):
        return None
    strange = sum(len(column.heading.split()) for column in columns if column.kind == "other")
    score = 2 * len(core) + len(kinds - core) - strange / 2
    columns.sort(key=lambda column: column.x0)
    return Header(columns=tuple(columns), first=first, end=end, score=score)


def _parted(word: Word) -> list[Word]:
    """Two headings that were read as one word, "Qty.Price", by the share of their letters."""
    match = re.fullmatch(r"([^\W\d]{2,}\.)([^\W\d]{3,}\S*)", word.text)
    if match is None:
        return [word]
    place = word.place
    cut = place.x0 + round((place.x1 - place.x0) * len(match[1]) / len(word.text))
    left = replace(word, text=match[1], place=replace(place, x1=max(cut - 1, place.x0 + 1)))
    return [left, replace(word, text=match[2], place=replace(place, x0=min(cut + 1, place.x1 - 1)))]


def _cells(words: Sequence[Segment], height: float) -> list[list[Segment]]:
    """Words above each other or close beside each other, from the left."""
    cells: list[list[Segment]] = []
    for word in sorted(words, key=lambda one: one.x0):
        touching = [cell for cell in cells if any(_touch(word, other, height) for other in cell)]
        merged = [word, *(one for cell in touching for one in cell)]
        cells = [cell for cell in cells if cell not in touching] + [merged]
    return sorted(cells, key=lambda cell: min(word.x0 for word in cell))


def _widely_spaced(cells: list[list[Segment]]) -> list[list[Segment]]:
    """Cells put together whose words are set further apart than most: "Unit" and "price"."""
    found: list[list[Segment]] = []
    for cell in cells:
        before = found[-1] if found else None
        if before is not None and len(before) == len(cell) == 1 and before[0].row == cell[0].row:
            near = cell[0].x0 - before[0].x1 < max(cell[0].height, before[0].height)
            qualifies = kind_of(_said(before)) in ("unit", "position", "other")
            if near and qualifies and kind_of(_said([*before, *cell])) in ("price", "amount"):
                found[-1] = [*before, *cell]
                continue
        found.append(cell)
    return found


def _touch(one: Segment, other: Segment, height: float) -> bool:
    gap = max(one.x0, other.x0) - min(one.x1, other.x1)
    return gap < (PARAMETERS.word_gap * height if one.row == other.row else 0)


def _named(cell: Sequence[Segment]) -> list[Column]:
    """The columns that a header's cell names: one, or several where its words part into known headings."""
    ordered = sorted(cell, key=lambda word: (word.row, word.x0))
    whole = kind_of(_said(ordered))
    if whole != "other" or len(ordered) == 1:
        return [_column(ordered, whole)]
    if len({word.row for word in ordered}) == 1:
        for cut in range(1, len(ordered)):
            left, right = ordered[:cut], ordered[cut:]
            if kind_of(_said(left)) != "other":
                rest = _named(right)
                if all(column.kind != "other" for column in rest):
                    return [_column(left, kind_of(_said(left))), *rest]
    return [_column(ordered, _last_resort(ordered))]


def _last_resort(words: Sequence[Segment]) -> ColumnKind:
    """The kind of one of the rows of a heading that is none as a whole."""
    for row in sorted({word.row for word in words}):
        kind = kind_of(_said([word for word in words if word.row == row]))
        if kind != "other":
            return kind
    return "other"


def _said(words: Sequence[Segment]) -> str:
    text = " ".join(word.folded for word in words)
    return re.sub(r"- (?=[a-z])", "", re.sub(r"\s*[(\[](?:[a-z]{2,3}|[$€£₹?r%]|in [a-z]+)[)\]]", "", text)).strip(
        " :.*|_"
    )


def kind_of(heading: str) -> ColumnKind:
    """What a column holds by its heading, in lower case without accents."""
    heading = re.sub(r"\b(?:eur|usd|gbp|rm|inr|chf)\b|[€$£₹]", "", heading).strip(" :.*()")
    if not heading or len(heading) > PARAMETERS.longest_header:
        return "other"
    if re.search(r"%", heading) and re.search(r"tax|vat|ust|mwst|tva|iva|btw|gst|steuer", heading):
        return "rate"
    for kind, pattern in lexicon.columns().items():
        if pattern.fullmatch(heading):
            return kind
    rank = lexicon.nearest(heading, tuple(lexicon.COLUMNS.values()), PARAMETERS.likeness)
    return "other" if rank is None else list(lexicon.COLUMNS)[rank]


def _column(words: Sequence[Segment], kind: ColumnKind) -> Column:
    return Column(
        kind=kind,
        x0=min(word.x0 for word in words),
        x1=max(word.x1 for word in words),
        heading=" ".join(word.text for word in words),
    )


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

    def number(self, kind: ColumnKind, mark: DecimalMark | None) -> Decimal | None:
        """The number of a column."""
        cell = self.cells.get(kind)
        if cell is None:
            return None
        if kind == "quantity":
            quantity = quantity_in(cell.text, mark)
            return quantity[0] if quantity else None
        numbers = [number for number in numbers_in(cell.text, mark) if not number.percent]
        return numbers[-1 if kind == "amount" else 0].value if numbers else None

    def discount(self, mark: DecimalMark | None) -> Decimal:
        """The row's discount in percent; 0 without one."""
        numbers = numbers_in(self.cells["discount"].text, mark) if "discount" in self.cells else []
        return numbers[0].value if numbers and 0 <= numbers[0].value < 100 else Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows that were found, and the rows of the sheet that they and their header take up."""

    rows: tuple[Row, ...]
    taken: frozenset[int]
    columns: tuple[Column, ...] = ()


def find_items(sheet: Sheet, mark: DecimalMark | None) -> Table:
    """The items of a document."""
    best: Table | None = None
    found = headers(sheet)
    for n, header in enumerate(found):
        table = _read_table(sheet, header, mark, found[n + 1 :])
        if table.rows and (best is None or _worth(table, mark) > _worth(best, mark)):
            best = table
    loose = _loose(sheet, mark)
    if loose.rows and (best is None or (_proven(best, mark) == 0 and len(loose.rows) >= max(len(best.rows) / 2, 1))):
        best = loose
    priced = _with_products(_priced(sheet, mark), loose)
    if best is loose and {row.row for row in loose.rows} < {row.row for row in priced.rows}:
        return priced
    if best is None or (_adds_up(priced, sheet, mark) and not _adds_up(best, sheet, mark)):
        return priced if priced.rows else best or priced
    return best


def _with_products(priced: Table, loose: Table) -> Table:
    """Rows of a receipt, with the quantities and prices of those that say them: "2 Pale ale @ 4.50   9.00"."""
    products = {row.row: row.cells for row in loose.rows}
    for row in priced.rows:
        if row.row in products and "price" not in row.cells:
            row.cells = products[row.row]
    return priced


def _adds_up(table: Table, sheet: Sheet, mark: DecimalMark | None) -> bool:
    """Whether the amounts of the items come to something that the page calls a sum."""
    added = sum((row.number("amount", mark) or Decimal(0) for row in table.rows), Decimal(0))
    sums = (one.value for one in find_amounts(sheet.without(table.taken), mark) if one.kind in ("subtotal", "total"))
    return added != 0 and added in sums


def _worth(table: Table, mark: DecimalMark | None) -> float:
    return len(table.rows) + 2 * _proven(table, mark) + 0.5 * len({column.kind for column in table.columns})


def _proven(table: Table, mark: DecimalMark | None) -> int:
    return sum(1 for row in table.rows if multiplies(row, mark))


def multiplies(row: Row, mark: DecimalMark | None) -> bool:
    """Whether the row's quantity times its price is its amount."""
    quantity, price, amount = (row.number(kind, mark) for kind in ("quantity", "price", "amount"))
    if quantity is None or price is None or amount is None:
        return False
    product = quantity * price
    return close(product, amount) or close(product * (1 - row.discount(mark) / 100), amount)


def is_total(row: Sequence[Segment], mark: DecimalMark | None) -> bool:
    """Whether a row begins with the label of a total, or has one of a subtotal, and holds a number."""
    worded = [segment for segment in row if re.search(r"[a-z]{2}", segment.folded)]
    labels = [(one, label) for one in worded if (label := amount_label(one))]
    sums = ((one, start) for one, (kind, _, start, _) in labels if one is worded[0] or kind == "subtotal")
    named = any(not re.search(r"[a-z]{3}", one.folded[:start]) for one, start in sums)
    return named and any(numbers_in(segment.text, mark) for segment in row)


def _read_table(sheet: Sheet, header: Header, mark: DecimalMark | None, others: Sequence[Header]) -> Table:
    repeats = {row for other in others if _same(header, other) for row in range(other.first, other.end)}
    columns = header.columns
    body = [n for n in range(header.end, len(sheet.rows)) if n not in repeats]
    grid = [_cells_of(sheet.rows[n], columns, mark) for n in body[: PARAMETERS.most_rows]]
    totals = {n for n in body if is_total(sheet.rows[n], mark) or totals_head(sheet.rows[n], mark)}
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


def _lone_number(cell: Segment, mark: DecimalMark | None) -> Decimal | None:
    numbers = [number for number in numbers_in(cell.text, mark) if not number.percent]
    if not numbers:
        quantity = quantity_in(cell.text, mark) if len(cell.text) <= PARAMETERS.longest_unit else None
        return quantity[0] if quantity else None
    return numbers[0].value if _letters(cell.text) <= PARAMETERS.longest_unit else None


def _cells_of(row: Sequence[Segment], columns: Sequence[Column], mark: DecimalMark | None) -> dict[int, Segment]:
    """The words of a row by column."""
    held: dict[int, list[Word]] = {}
    for segment in row:
        for atom, number in _atoms(segment, columns, mark):
            held.setdefault(column_of(columns, atom, number=number), []).extend(atom.words)
    if not row:
        return {}
    top = row[0].top
    return {
        at: segment_of(row[0].page, sorted(words, key=lambda word: word.place.x0), row[0].row, top)
        for at, words in held.items()
    }


def _atoms(segment: Segment, columns: Sequence[Column], mark: DecimalMark | None) -> list[tuple[Segment, bool]]:
    """A segment parted into what belongs to one column each: numbers with their signs, and the text between them."""
    numbers = numbers_in(segment.text, mark)
    worded = _letters(segment.text) > PARAMETERS.longest_unit
    if not numbers or (len(numbers) == 1 and not worded):
        return [(segment, bool(numbers))]
    reached = [column for column in columns if min(segment.x1, column.x1) - max(segment.x0, column.x0) > 0]
    if len(reached) <= 1 and worded:
        return [(segment, False)]
    parts: list[tuple[Segment, bool]] = []
    done = 0
    for number in numbers:
        if (
            worded
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
    """The kind of the column of a number in a segment."""
    return columns[column_of(columns, segment.part(number.start, number.end), number=False)].kind


def _assemble(
    sheet: Sheet,
    columns: Sequence[Column],
    body: Sequence[int],
    grid: Sequence[dict[int, Segment]],
    totals: set[int],
    mark: DecimalMark | None,
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
        if here.middle - last > PARAMETERS.head_reach * sheet.height and not any(n <= proof for proof in proofs):
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
        text = _description(columns, cells, loosely=True) or (_below_code(rows, cells) if rows else None)
        if text is None:
            continue
        if rows and _continues(rows[-1], text, sheet.height) and _takes_more(rows):
            rows[-1].lines.append(text)
            rows[-1].last = last = text.middle
        elif not _ASIDE.match(text.text):
            pending = (
                [*pending, text][-2:]
                if pending and text.middle - pending[-1].middle < PARAMETERS.pitch * sheet.height
                else [text]
            )
    return rows


def _below_code(rows: Sequence[Row], cells: dict[int, Segment]) -> Segment | None:
    """The name of an item alone below its code, where its own row says none."""
    alone = next(iter(cells.values())) if len(cells) == 1 and not rows[-1].lines else None
    return alone if alone is not None and _letters(alone.text) > 2 * len(re.findall(r"\d", alone.text)) else None


def _takes_more(rows: Sequence[Row]) -> bool:
    """Whether lines below a row belong to it: not where every row has had its description above."""
    first = rows[0]
    return not first.lines or first.lines[0].row >= first.row


def _multiplied(columns: Sequence[Column], cells: dict[int, Segment], mark: DecimalMark | None) -> bool:
    row = _anchor(columns, cells, 0, 0.0, mark)
    return row is not None and multiplies(row, mark)


def _anchor(
    columns: Sequence[Column], cells: dict[int, Segment], n: int, middle: float, mark: DecimalMark | None
) -> Row | None:
    """The row of an item, where it has enough of its numbers."""
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
    letters = r"[^\W\d_]" if loosely else r"[^\W\d_]{2}"
    own = [cell for at, cell in sorted(cells.items()) if columns[at].kind == "description"]
    own = [cell for cell in own if re.search(letters, cell.text)]
    if own:
        return max(own, key=lambda cell: len(cell.text))
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
    reach = PARAMETERS.pitch if row.lines else PARAMETERS.first_line
    if text.middle - row.last > reach * height:
        return False
    if _ASIDE.match(text.text):
        return False
    return not row.lines or abs(text.x0 - row.lines[0].x0) < PARAMETERS.indent * height


_QUANTITY = re.compile(r"^\W{0,2}(\d{1,3})(?:\s?[xX×])?\s(?=[^\W\d])")
"""A quantity before a name: "2 Pale ale"."""
_MULTIPLE = re.compile(r"^\W{0,2}(\d{1,4})\s?[xX×@]\s?")
"""A quantity in front of a price: "2 x 14.50"."""
_AT_PRICE = re.compile(r"\s@\s?\S?[\d.,]+\W*$")
"""The price of one behind a name: "2 Pale ale @ 4.50"."""
_FLAG = re.compile(r"[\s*]*[A-Za-z]{0,2}[\s*]*")
"""What may be behind an amount: the letter of its tax."""


def _priced(sheet: Sheet, mark: DecimalMark | None) -> Table:
    """Items without a header that say no more than what and how much, as on a receipt: the rows above its first sum."""
    ends = [n for n, row in enumerate(sheet.rows) if row and is_total(row, mark) and _has_money(row, mark)]
    sums = [one for one in find_amounts(sheet, mark) if one.kind in ("subtotal", "tax", "total")]
    end = next((n for n in ends if not _is_reduction(sheet.rows[n])), None)
    end = end or min((min(one.at.row, one.label.row) for one in sums if one.kind != "tax"), default=0)
    rows = [found for n in range(end) if (found := _priced_row(sheet, n, mark))]
    while rows and rows[-1].row in ends:  # off all items, not off the one above
        rows.pop()
    if not rows:
        return Table(rows=(), taken=frozenset())
    right = median(row.cells["amount"].x1 for row in rows)
    rows = [row for row in rows if abs(row.cells["amount"].x1 - right) < PARAMETERS.amount_reach * sheet.height]
    amounts = [row.number("amount", mark) or Decimal(0) for row in rows]
    added = sum(amounts[:-1], Decimal(0))
    nets = {one.value - tax.value for one in sums if one.kind == "total" for tax in sums if tax.kind == "tax"}
    whole = amounts[-1] in nets and added + amounts[-1] not in nets
    if len(rows) > 1 and (whole or (len(rows) > 2 and amounts[-1] == added)):  # a sum without a known label
        rows = rows[:-1]
    return Table(rows=tuple(rows), taken=frozenset(row.row for row in rows))


def _has_money(row: Sequence[Segment], mark: DecimalMark | None) -> bool:
    """Whether a row holds an amount: "Gst 2" counts guests."""
    return any(number.is_money for segment in row for number in numbers_in(segment.text, mark))


def _is_reduction(row: Sequence[Segment]) -> bool:
    """Whether a row is a coupon or discount, as they also stand between items."""
    label = next((label for one in row if (label := amount_label(one))), None)
    return label is not None and label[0] in ("discount", "other")


def _priced_row(sheet: Sheet, n: int, mark: DecimalMark | None) -> Row | None:
    """A row with words and an amount at its end, or an amount alone below the words."""
    row = sheet.rows[n]
    cells = [(segment, number) for segment in row for number in numbers_in(segment.text, mark)]
    money = [(segment, number) for segment, number in cells if number.is_money and number.places]
    if not money or any(dates_in(segment.text) for segment in row):
        return None
    segment, number = money[-1]
    behind = [segment.text[number.end :], *(one.text for one in row if one.x0 >= segment.x1)]
    if not all(_FLAG.fullmatch(text) for text in behind) or re.search(r"@\s*$", segment.text[: number.start]):
        return None
    found = Row(
        row=n, middle=row[0].middle, cells={"amount": segment.part(number.start, number.end)}, last=row[0].middle
    )
    before = [one for one in row if one.x1 <= segment.x0 and re.search(r"\w", one.text)]
    if re.search(r"[^\W\d_]{2}", segment.text[: number.start]):
        before.append(segment.part(0, number.start))
    quantity = next(iter(before), None)
    if quantity is not None and re.fullmatch(r"\d{1,3}\s?[xX×]?", quantity.text):
        found.cells["quantity"] = quantity
        before = before[1:]
    found.cells |= next((cells for one in before if (cells := _multiple(one, number, mark))), {})
    lines = [one.part(0, match.start()) if (match := _AT_PRICE.search(one.text)) else one for one in before]
    lines = [one for one in lines if re.search(r"[^\W\d_]\W?[^\W\d_]", one.text)]
    above = sheet.rows[n - 1] if n else ()
    if not lines and not any(m.is_money for one in above for m in numbers_in(one.text, mark)):
        near = above and row[0].middle - above[0].middle < PARAMETERS.pitch * sheet.height
        lines = [one for one in above[:1] if near and re.search(r"[^\W\d_]{2}", one.text)]
    if not lines or lexicon.NOT_A_NAME.search(lines[0].folded):
        return None
    name = max(lines, key=lambda one: len(one.text))
    match = _QUANTITY.match(name.text)
    if match and "quantity" not in found.cells:
        found.cells["quantity"] = name.part(match.start(1), match.end(1))
        name = name.part(match.end(), len(name.text))
    found.lines = [name]
    return found


def _multiple(segment: Segment, amount: Number, mark: DecimalMark | None) -> dict[ColumnKind, Segment]:
    """The quantity and the price of "2 x 14.50" where they come to the amount beside them."""
    match = _MULTIPLE.match(segment.text)
    price = next(iter(numbers_in(segment.text[match.end() :], mark)), None) if match else None
    if match is None or price is None or not close(int(match[1]) * price.value, amount.value):
        return {}
    start = match.end()
    return {
        "quantity": segment.part(match.start(1), match.end(1)),
        "price": segment.part(start + price.start, start + price.end),
    }


def _loose(sheet: Sheet, mark: DecimalMark | None) -> Table:
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
        item.lines = [one for one in row if one.x1 <= start and re.search(r"[^\W\d]{3}", one.text)][:1]
        rows.append(item)
    above = not rows or _name_at(sheet, rows[0].row - 1, mark)
    below = not above and all(_name_at(sheet, row.row + 1, mark) for row in rows)
    for item in (item for item in rows if not item.lines):
        item.lines = _name_at(sheet, item.row + (1 if below else -1), mark)
    return Table(rows=tuple(rows), taken=frozenset(row.row for row in rows))


def _name_at(sheet: Sheet, n: int, mark: DecimalMark | None) -> list[Segment]:
    """What a row says first, where that may name the item beside it: no heading, and no total."""
    row = sheet.rows[n] if 0 <= n < len(sheet.rows) and not is_total(sheet.rows[n], mark) else ()
    return [one for one in row[:1] if re.search(r"[^\W\d]{3}", one.text) and kind_of(one.folded) == "other"]


def _product(parts: Sequence[tuple[Segment, Number]]) -> dict[ColumnKind, Segment] | None:
    amount, number = parts[-1]
    if number.places != number.cents:
        return None
    for q in range(len(parts) - 2):
        for p in range(q + 1, len(parts) - 1):
            one, other = parts[q][1], parts[p][1]
            if other.places >= 2 and close(one.value * other.value, number.value):
                return {"quantity": parts[q][0], "price": parts[p][0], "amount": amount}
    return None
