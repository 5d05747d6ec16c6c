"""Labels and the values beside or below them, by where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from mm_agents._optional import require
from mm_agents.documents._dates import DateText, dates_in
from mm_agents.documents.invoice import _labels
from mm_agents.documents.invoice._lines import Segment, Sheet

T = TypeVar("T")

_REACH = 24.0
"""A value stands at most this many heights of the text to the right of its label."""
_BELOW = 3.0
"""And at most this many heights below it."""
_BELOW_HEADS = 9.0
"""The same where its label is one of a row of heads and the next row holds the values: cells may be tall."""
_FUZZY = 88  # of 100: how like a label a misread one has to be
_SHORTEST_FUZZY = 6


@dataclass(frozen=True, kw_only=True)
class Pair(Generic[T]):
    """A label with a value.

    Attributes:
        label: the label's words.
        value: what was read in the words of ``at``.
        at: the words that say the value.
        rank: how good the pair is; less is better.
    """

    label: Segment
    value: T
    at: Segment
    rank: float


Reader = Callable[[str, bool], "Sequence[tuple[T, int, int]]"]
"""Values in a text with the places of their characters; told whether the text follows its label directly."""


def labels_of(segment: Segment, patterns: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Every match of a kind of label in a segment, also overlapping ones: rank, first character, past the last."""
    found = [
        (rank, match.start(), match.end())
        for rank, pattern in enumerate(_labels.compiled(patterns))
        for match in pattern.finditer(segment.folded)
    ]
    near = None if found else _misread(segment.folded, patterns)
    return [near] if near else found


def labels_in(segment: Segment, patterns: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """The labels of a kind in a segment: rank of the pattern, first character, past the last."""
    found: list[tuple[int, int, int]] = []
    for rank, pattern in enumerate(_labels.compiled(patterns)):
        for match in pattern.finditer(segment.folded):
            if match.end() > match.start() and not any(
                match.start() < end and start < match.end() for _, start, end in found
            ):
                found.append((rank, match.start(), match.end()))
    if not found:
        near = _misread(segment.folded, patterns)
        if near is not None:
            found.append(near)
    return found


def pairs(sheet: Sheet, patterns: tuple[str, ...], read: Reader[T], among: Iterable[Segment]) -> list[Pair[T]]:
    """Every label of a kind with its value, best first.

    Args:
        sheet: the document.
        patterns: of the labels, the most telling first.
        read: reads values in a text.
        among: the segments to look for labels in.
    """
    found: list[Pair[T]] = []
    for segment in among:
        for rank, start, end in labels_in(segment, patterns):
            label = segment.part(start, end)
            late = 3.0 if re.search(r"[a-z]{3}", segment.folded[:start]) else 0.0  # a label in the midst of a sentence
            for extra, value, at in _values(sheet, segment, label, end, read):
                found.append(Pair(label=label, value=value, at=at, rank=10 * rank + late + extra))
    return sorted(found, key=lambda pair: (pair.rank, pair.label.y0))


def _values(
    sheet: Sheet, segment: Segment, label: Segment, end: int, read: Reader[T]
) -> Iterable[tuple[float, T, Segment]]:
    behind = read(segment.text[end:], True)
    if behind:
        value, first, last = behind[0]
        yield 0.0, value, segment.part(end + first, end + last)
        return
    if len(re.sub(r"[\W_]", "", segment.text[end:])) > 24:
        return
    beside = False
    for n, other in enumerate(sheet.right_of(segment)[:3]):
        if other.x0 - segment.x1 > _REACH * sheet.height and n > 0:
            break
        values = read(other.text, n == 0)
        if values:
            value, first, last = values[0]
            yield 1.0 + n, value, other.part(first, last)
            beside = True
            break
        if re.search(r"[a-z]{3}", other.folded):
            break
    below = sheet.below(label, reach=_BELOW)
    if not below and _is_head(sheet, label):
        below = _next_row(sheet, label)
    for other in below[:2]:
        values = read(other.text, True) or []
        near = [one for one in values if _under(other.part(one[1], one[2]), label, sheet.height)]
        if near:
            value, first, last = near[0]
            yield (4.0 if beside else 2.0), value, other.part(first, last)
            break


def _is_head(sheet: Sheet, label: Segment) -> bool:
    """Whether a label stands in a row of heads: without digits, and with labels of several fields."""
    row = sheet.rows[label.row]
    named = [kind for kind, patterns in _labels.FIELDS.items() for one in row if labels_in(one, patterns)]
    return len(set(named)) > 1 and not any(re.search(r"\d", one.text) for one in row)


def _next_row(sheet: Sheet, label: Segment) -> list[Segment]:
    """What stands below a head in the next row that is not empty, of the same page and near enough."""
    row = next((row for row in sheet.rows[label.row + 1 :] if row), ())
    height = max(sheet.height, label.height)
    return [
        one
        for one in row
        if one.page is label.page and one.middle - label.middle <= _BELOW_HEADS * height and _under(one, label, height)
    ]


def _under(value: Segment, label: Segment, height: float) -> bool:
    """Whether a value stands in its label's column: over- or underneath it, or with an edge in line."""
    if min(value.x1, label.x1) - max(value.x0, label.x0) > 0:
        return True
    return min(abs(value.x0 - label.x0), abs(value.x1 - label.x1)) < height


def read_dates(text: str, near: bool) -> list[tuple[DateText, int, int]]:
    """A reader of dates."""
    del near
    return [(one, one.start, one.end) for one in dates_in(text)]


_GLUED_DATE = re.compile(
    r"(.*?)(?:vom|von|du|of|from|van|del?|dated|am|le)(?=\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$)", re.IGNORECASE
)
"""A number and the date behind it that were read as one word: "471102vom05.03.2018"."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][\w/.\\&+-]*(?:\s?[-/_]\s?[\w/.-]+)*")


def read_identifiers(text: str, near: bool) -> list[tuple[str, int, int]]:
    """A reader of invoice numbers and the like: what directly follows, with a digit in it, and no date or amount."""
    lead = re.match(r"^[\s:#.\-–—°º|>=*(]*", text)
    start = lead.end() if lead else 0
    match = _IDENTIFIER.match(text, start)
    if match is None:
        return []
    value = match[0].rstrip(".-/_")
    if not re.search(r"\d", value):
        # the first part of a number may be letters alone: "INV 2023-17"
        follow = re.match(r"([A-Z]{1,6}) (\d[\w/-]*)(?!\S)", text[start:])
        if follow is None or not near:
            return []
        value = follow[0]
    glued = _GLUED_DATE.match(value)
    if glued is not None:
        value = glued[1]
        if not re.search(r"\d", value):
            return []
    first = dates_in(value)
    if first and first[0].start == 0 and first[0].end == len(value) and not re.search(r"[A-Za-z]", value):
        return []
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})*[.,]\d\d|\d{1,2}:\d\d.*|\d{1,2}%", value):
        return []
    return [(value, start, start + len(value))]


def _misread(text: str, patterns: tuple[str, ...]) -> tuple[int, int, int] | None:
    """A label that was read with a wrong letter: the words before a colon or the first number, nearly a known label."""
    head = re.match(r"[^\d:$€£]*", text)
    said = head[0].strip(" .-#") if head else ""
    if not _SHORTEST_FUZZY <= len(said) <= 32:
        return None
    rapidfuzz = require("rapidfuzz", extra="documents", feature="Reading invoices")
    rank_of = _plain(patterns)
    best = rapidfuzz.process.extractOne(said, list(rank_of), scorer=rapidfuzz.fuzz.ratio, score_cutoff=_FUZZY)
    return (rank_of[best[0]], 0, len(head[0].rstrip())) if best and head else None


@cache
def _plain(patterns: tuple[str, ...]) -> dict[str, int]:
    """The labels that are written out, without anything optional, by their rank."""
    found: dict[str, int] = {}
    for rank, pattern in enumerate(patterns):
        for text in re.sub(r"\([^()]*\)\??", "?", pattern).split("|"):
            if len(text) >= _SHORTEST_FUZZY and re.fullmatch(r"[a-z ]+", text):
                found.setdefault(text, rank)
    return found
