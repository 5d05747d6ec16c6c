"""The columns of an item table: found by its header's words, corrected by what multiplies to what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import permutations

from mm_agents._optional import require
from mm_agents.documents._numbers import numbers_in
from mm_agents.documents.invoice import _labels
from mm_agents.documents.invoice._labels import ColumnKind
from mm_agents.documents.invoice._lines import Segment, Sheet, segment_of
from mm_agents.types import Word

_DEEPEST = 5  # rows of a header
_PITCH = 2.1  # of rows of one header, in heights of the text

_MONEY: tuple[ColumnKind, ...] = ("quantity", "price", "amount")
_ORDER: tuple[ColumnKind, ...] = (
    *("position", "code", "rate", "discount", "unit", "quantity", "price", "tax", "amount", "description"),
)


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
        for end in range(first + 1, min(first + _DEEPEST, len(sheet.rows)) + 1):
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
    """The column that a cell stands in: the one whose heading it overlaps most, else the one it is nearest to."""
    worded = len(re.sub(r"[\W\d_]", "", segment.text)) > 4
    numeric = ("quantity", "price", "amount", "discount", "rate", "tax", "position")

    def fit(n: int) -> float:
        column = columns[n]
        shared = min(segment.x1, column.x1) - max(segment.x0, column.x0)
        if shared > 0:
            centre = abs((segment.x0 + segment.x1) - (column.x0 + column.x1)) / 2
            return shared / min(segment.x1 - segment.x0, column.x1 - column.x0) * 1000 - centre
        away = min(abs(segment.x0 - column.x0), abs(segment.x1 - column.x1), -shared)
        misfit = column.kind == "description" if number else worded and column.kind in numeric
        return -away - (6 * segment.height if misfit else 0)

    return max(range(len(columns)), key=fit)


def retyped(columns: Sequence[Column], rows: Sequence[dict[int, Decimal]]) -> tuple[Column, ...]:
    """The columns with quantity, price and amount where the numbers multiply, whatever their headings say.

    Args:
        columns: as their headings call them.
        rows: the numbers of each row by column.
    """
    best: tuple[float, tuple[int, int, int]] | None = None
    for q, p, a in permutations(range(len(columns)), 3):
        kinds = columns[q].kind, columns[p].kind, columns[a].kind
        if (
            kinds[2] == "position"
            or kinds[0] in ("position", "code", "rate")
            or kinds[1] in ("position", "code", "rate")
        ):
            continue
        full = [row for row in rows if q in row and p in row and a in row]
        hits = [row for row in full if row[a] != 0 and close(row[q] * row[p], row[a])]
        if not hits or len(hits) < 0.6 * len(full):
            continue
        trivial = sum(1 for row in hits if 1 in (row[q], row[p]))
        score = len(hits) - 0.5 * trivial + 0.45 * sum(one == other for one, other in zip(kinds, _MONEY, strict=True))
        score -= 0.5 * sum(kind in ("discount", "tax") for kind in kinds)
        score -= 0.2 * (p < q) * (kinds[0] != "quantity")
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
    return abs(one - other) <= max(Decimal("0.011"), abs(other) * Decimal("0.0015"))


def _joined(sheet: Sheet, end: int) -> bool:
    """Whether a row can belong to the header of the row above it: near below, without amounts."""
    above, row = sheet.rows[end - 2], sheet.rows[end - 1]
    if above[0].page is not row[0].page or row[0].middle - above[0].middle > _PITCH * sheet.height:
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
    if not 2 <= len(words) <= 40:
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
    score = 2 * len(core) + len(kinds - core) - 0.6 * strange - 0.25 * (end - first - 1)
    if score < 3:
        return None
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
    return gap < (0.6 * height if one.row == other.row else 0)


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
    if not heading or len(heading) > 40:
        return "other"
    if re.search(r"%", heading) and re.search(r"tax|vat|ust|mwst|tva|iva|btw|gst|steuer", heading):
        return "rate"
    for kind in _ORDER:
        if _labels.whole(_labels.COLUMNS[kind]).fullmatch(heading):
            return kind
    return _misread(heading)


@cache
def _written_out() -> dict[str, ColumnKind]:
    """The headings without anything optional in them."""
    found: dict[str, ColumnKind] = {"description": "description", "quantity": "quantity", "amount": "amount"}
    for kind in _ORDER:
        for pattern in _labels.COLUMNS[kind]:
            for name in re.sub(r"\([^()]*\)\??", "?", pattern).split("|"):
                if len(name) >= 5 and re.fullmatch(r"[a-z ]+", name):
                    found.setdefault(name, kind)
    return found


@cache
def _misread(heading: str) -> ColumnKind:
    """What a heading with a wrong letter in it is nearly."""
    if not 5 <= len(heading) <= 24:
        return "other"
    rapidfuzz = require("rapidfuzz", extra="documents", feature="Reading invoices")
    names = _written_out()
    best = rapidfuzz.process.extractOne(heading, list(names), scorer=rapidfuzz.fuzz.ratio, score_cutoff=83)
    return names[best[0]] if best else "other"


def _column(words: Sequence[Segment], kind: ColumnKind) -> Column:
    return Column(
        kind=kind,
        x0=min(word.x0 for word in words),
        x1=max(word.x1 for word in words),
        heading=" ".join(word.text for word in words),
    )
