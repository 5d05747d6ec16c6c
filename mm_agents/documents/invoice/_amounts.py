"""The labelled amounts of an invoice: every one is a candidate for its totals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mm_agents.documents._numbers import Mark, Number, numbers_in, parse_number
from mm_agents.documents.invoice import _labels
from mm_agents.documents.invoice._labels import AmountKind
from mm_agents.documents.invoice._lines import Segment, Sheet, overlap
from mm_agents.documents.invoice._pairs import labels_of

CENT = Decimal("0.011")
"""Amounts that are further apart than this differ."""

KINDS: tuple[AmountKind, ...] = (
    *("other", "change", "paid", "rounding", "subtotal", "tax", "discount", "shipping", "total"),
)
_BEHIND = re.compile(r"\W*(?:eur|usd|gbp|chf|inr|sgd|rm|ttc|ht|euro|u|s|sr|zrl)\W*")
"""What may stand between an amount's label and the amount."""


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A labelled amount.

    Attributes:
        kind: what its label calls it.
        rank: of the label; less is more telling.
        value: of the amount.
        label: the label's words.
        at: the amount's words.
        rate: a percent beside it.
        base: another amount in the same row, which the rate may apply to.
        parts: the amounts that it is the sum of, where the sum itself is not printed.
    """

    kind: AmountKind
    rank: float
    value: Decimal
    label: Segment
    at: Segment
    rate: Decimal | None = None
    base: Decimal | None = None
    parts: tuple[Amount, ...] = ()


def find_amounts(sheet: Sheet, mark: Mark | None) -> list[Amount]:
    """Every labelled amount of a document, the items left out."""
    found: list[Amount] = []
    for segment in sheet.segments:
        label = amount_label(segment)
        if label is not None and label[0] != "other":
            found += _amounts_of(sheet, segment, label, mark)
            found += _side_by_side(sheet, segment, label[0], mark)
    return [*found, *_sums_of_taxes(found)]


def amount_label(segment: Segment) -> tuple[AmountKind, int, int, int] | None:
    """The label of an amount that a segment begins with: its kind, rank, first character and past its last.

    The label furthest left speaks, of those the longest: "total incl. tax" is a total, "total tax" a tax.
    """
    found = [
        (start, -end, n, rank)
        for n, kind in enumerate(KINDS)
        for rank, start, end in labels_of(segment, _labels.AMOUNTS[kind])
    ]
    if not found:
        return None
    start, _, n, rank = min(found)
    if len(re.findall(r"[a-z]{3,}", segment.folded[:start])) > 2:
        return None
    return KINDS[n], rank, start, max(-one[1] for one in found)


def _amounts_of(
    sheet: Sheet, segment: Segment, found: tuple[AmountKind, int, int, int], mark: Mark | None
) -> Iterable[Amount]:
    kind, rank, start, end = found
    label = segment.part(start, end)
    beside = _beside(sheet, segment, end, mark)
    percents = [n.value for _, n in beside if n.percent]
    percents += [n.value for n in numbers_in(segment.text[:end], mark) if n.percent]
    money = [(at, n) for at, n in beside if n.is_money]
    rate = percents[0] if percents else _bare_rate(beside, kind)
    if money:
        at, number = money[-1]
        base = money[-2][1].value if len(money) > 1 else None
        if kind in ("subtotal", "total") and rate and base and is_rate(rate, base, number.value):
            kind, rank = "tax", 0
        extra = 0.5 if base is not None else 0
        yield Amount(kind=kind, rank=rank + extra, value=number.value, label=label, at=at, rate=rate, base=base)
        return
    if kind == "total" and rank >= 2:
        return  # "amount" above a column is its heading
    for other in sheet.below(label, reach=2.9)[:2]:
        numbers = [n for n in numbers_in(other.text, mark) if n.is_money]
        near = [(other.part(n.start, n.end), n) for n in numbers]
        near = [(at, n) for at, n in near if overlap(at, label) > 0 or abs(at.x1 - label.x1) < sheet.height]
        if near:
            yield Amount(kind=kind, rank=rank + 1.5, value=near[0][1].value, label=label, at=near[0][0], rate=rate)
            return
        if numbers_in(other.text, mark):
            return


def _beside(sheet: Sheet, segment: Segment, end: int, mark: Mark | None) -> list[tuple[Segment, Number]]:
    """The numbers behind a label in its row, up to the next words."""
    found = [(segment.part(end + n.start, end + n.end), n) for n in numbers_in(segment.text[end:], mark)]
    for other in sheet.right_of(segment):
        numbers = numbers_in(other.text, mark)
        spaced = _spaced(other.text)
        if spaced is not None and not any(n.places == 2 or n.percent for n in numbers):
            found.append((other, spaced))
        elif not numbers and re.search(r"[a-z]{3}", other.folded) and not _BEHIND.fullmatch(other.folded):
            break
        else:
            found += [(other.part(n.start, n.end), n) for n in numbers]
    return found


def is_rate(rate: Decimal, base: Decimal, tax: Decimal) -> bool:
    """Whether a tax is its rate of its base, to the cent."""
    return abs(rate * base / 100 - tax) <= CENT


def _bare_rate(beside: Sequence[tuple[Segment, Number]], kind: AmountKind) -> Decimal | None:
    """A rate without its percent sign: the small number before a tax's base and amount."""
    if kind != "tax" or len(beside) < 3:
        return None
    first = beside[0][1]
    return first.value if 0 < first.value < 50 and not first.currency else None


def _spaced(text: str) -> Number | None:
    """An amount whose point was lost in reading: "57 50" on a worn receipt."""
    match = re.fullmatch(r"\W*(?:[A-Z]{2,3}\s)?(\d{1,4}) (\d\d)\W*", text)
    if match is None:
        return None
    value = parse_number(f"{match[1]}.{match[2]}", ".")
    return None if value is None else Number(value=value, start=0, end=len(text), places=2)


def _side_by_side(sheet: Sheet, segment: Segment, kind: AmountKind, mark: Mark | None) -> list[Amount]:
    """The net sum, the tax and the gross sum of one row of totals."""
    if kind not in ("total", "subtotal"):
        return []
    row = [one for one in sheet.rows[segment.row] if one.x0 >= segment.x0]
    money = [(one.part(n.start, n.end), n.value) for one in row for n in numbers_in(one.text, mark) if n.is_money]
    found: list[Amount] = []
    for n in range(len(money) - 2):
        (net_at, net), (tax_at, tax), (gross_at, gross) = money[n : n + 3]
        if 0 < tax < net and abs(net + tax - gross) <= CENT:
            found += [
                Amount(kind="subtotal", rank=0.2, value=net, label=segment, at=net_at),
                Amount(kind="tax", rank=0.2, value=tax, label=segment, at=tax_at),
                Amount(kind="total", rank=0.2, value=gross, label=segment, at=gross_at),
            ]
    if len(money) == 2 and kind == "total" and money[0][1] < money[1][1] < money[0][1] * Decimal("1.4"):
        found += [
            Amount(kind="subtotal", rank=1.5, value=money[0][1], label=segment, at=money[0][0]),
            Amount(kind="total", rank=0.7, value=money[1][1], label=segment, at=money[1][0]),
        ]
    return found


def _sums_of_taxes(amounts: Sequence[Amount]) -> list[Amount]:
    """The sum of taxes of several rates, each of them proven by its base, as a candidate for the tax."""
    lines: dict[Decimal, Amount] = {}
    for one in amounts:
        if one.kind == "tax" and one.rate and one.value:
            lines.setdefault(one.rate, one)
    if len(lines) < 2:
        return []
    parts = tuple(lines.values())
    value = sum((one.value for one in parts), Decimal(0))
    return [Amount(kind="tax", rank=1.0, value=value, label=parts[0].label, at=parts[0].at, parts=parts)]
