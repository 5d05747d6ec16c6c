"""The amounts at an invoice's end: every labelled amount is a candidate, and arithmetic tells which belong together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from mm_agents.documents._numbers import Mark, Number, numbers_in, parse_number
from mm_agents.documents.invoice import _labels
from mm_agents.documents.invoice._labels import AmountKind
from mm_agents.documents.invoice._lines import Segment, Sheet, overlap
from mm_agents.documents.invoice._pairs import labels_in

_CENT = Decimal("0.011")
_MOST = 7  # candidates of a kind that are tried with each other
_ORDER: tuple[AmountKind, ...] = (
    *("other", "change", "paid", "rounding", "subtotal", "tax", "discount", "shipping", "total"),
)


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
    """

    kind: AmountKind
    rank: float
    value: Decimal
    label: Segment
    at: Segment
    rate: Decimal | None = None
    base: Decimal | None = None
    base_at: Segment | None = None


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The amounts that were chosen.

    Attributes:
        chosen: by kind; of taxes and discounts the sum's own amount, where it is printed.
        taxes: the lines of taxes that add up.
        proofs: how the total is borne out besides its label.
        amounts: every candidate.
    """

    chosen: dict[AmountKind, Amount]
    taxes: tuple[Amount, ...]
    proofs: tuple[str, ...]
    amounts: tuple[Amount, ...]


def find_totals(sheet: Sheet, free: Sequence[Segment], items: Sequence[Decimal], mark: Mark | None) -> Totals:
    """Find and reconcile the totals.

    Args:
        sheet: the document.
        free: segments that are not part of the items.
        items: the amounts of the items.
        mark: the decimal mark.
    """
    amounts = [*_labelled(sheet, free, mark), *_columns_of_totals(sheet, free, mark)]
    chosen = _reconciled(amounts, items)
    taxes = _tax_lines(amounts, chosen)
    return Totals(chosen=chosen, taxes=taxes, proofs=_proofs(amounts, chosen, items), amounts=tuple(amounts))


# ---------------------------------------------------------------- candidates


def _labelled(sheet: Sheet, free: Sequence[Segment], mark: Mark | None) -> list[Amount]:
    found: list[Amount] = []
    for segment in free:
        for kind, rank, start, end in _amount_labels(segment):
            found += _amounts_of(sheet, segment, kind, rank, start, end, mark)
    return found


def _amount_labels(segment: Segment) -> list[tuple[AmountKind, int, int, int]]:
    """The labels of amounts in a segment: of each run of words the first kind that claims it."""
    found: list[tuple[AmountKind, int, int, int]] = []
    for kind in _ORDER:
        for rank, start, end in labels_in(segment, _labels.AMOUNTS[kind]):
            if not any(start < other[3] and other[2] < end for other in found):
                found.append((kind, rank, start, end))
    if not found:
        return []
    kinds = {one[0] for one in found}
    if "other" in kinds:
        return []
    # of "Total incl. tax" the first label speaks: what follows only qualifies it
    first = min(found, key=lambda one: one[2])
    lead = segment.folded[: first[2]]
    if re.search(r"[a-z]{3,}.*[a-z]{3,}.*[a-z]{3,}", lead):
        return []
    if (
        first[0] == "total"
        and "tax" in kinds
        and re.match(r"total\W{0,2}(?:tax|vat|gst|tva|mwst|ust|btw|iva|taxes)", segment.folded[first[2] :])
    ):
        return [("tax", 0, first[2], max(one[3] for one in found))]
    if first[0] == "tax" and "total" in kinds and not re.search(r"incl|inkl|ttc|brutto", segment.folded):
        return [("tax", 0, first[2], max(one[3] for one in found))]
    return [(first[0], first[1], first[2], max(one[3] for one in found))]


def _amounts_of(
    sheet: Sheet, segment: Segment, kind: AmountKind, rank: int, start: int, end: int, mark: Mark | None
) -> Iterable[Amount]:
    label = segment.part(start, end)
    beside = [(segment.part(end + n.start, end + n.end), n) for n in numbers_in(segment.text[end:], mark)]
    noisy = False
    for other in sheet.right_of(segment):
        numbers = numbers_in(other.text, mark)
        if not [n for n in numbers if not n.percent] and (spaced := _spaced(other.text)) is not None:
            beside.append((other, spaced))
            noisy = True
            continue
        if (
            not numbers
            and re.search(r"[a-z]{3}", other.folded)
            and not re.fullmatch(r"\W*(?:eur|usd|gbp|chf|inr|sgd|ttc|ht|euro)\W*", other.folded)
        ):
            break
        beside += [(other.part(n.start, n.end), n) for n in numbers]
    percents = [n.value for _, n in beside if n.percent]
    percents += [n.value for n in numbers_in(segment.text[:end], mark) if n.percent]
    money = [(at, n) for at, n in beside if n.is_money or (noisy and n.places == 2)]
    rate = percents[0] if percents else _bare_rate(beside, kind)
    if money:
        at, number = money[-1]
        base = money[-2] if len(money) > 1 else None
        yield Amount(
            kind=kind, rank=rank + (0.5 if len(money) > 1 else 0), value=number.value, label=label, at=at, rate=rate,
            base=base[1].value if base else None, base_at=base[0] if base else None,
        )  # fmt: skip
        return
    for other in sheet.below(label, reach=2.9)[:2]:
        numbers = [n for n in numbers_in(other.text, mark) if n.is_money]
        near = [(other.part(n.start, n.end), n) for n in numbers]
        near = [(at, n) for at, n in near if overlap(at, label) > 0 or abs(at.x1 - label.x1) < sheet.height]
        if near:
            yield Amount(kind=kind, rank=rank + 1.5, value=near[0][1].value, label=label, at=near[0][0], rate=rate)
            return
        if numbers_in(other.text, mark):
            return


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


def _columns_of_totals(sheet: Sheet, free: Sequence[Segment], mark: Mark | None) -> list[Amount]:
    """Rows of a total that hold the net sum, the tax and the gross sum side by side."""
    found: list[Amount] = []
    for segment in free:
        labels = _amount_labels(segment)
        if not any(kind in ("total", "subtotal") for kind, *_ in labels):
            continue
        row = [one for one in sheet.rows[segment.row] if one.x0 >= segment.x0]
        money = [(one.part(n.start, n.end), n.value) for one in row for n in numbers_in(one.text, mark) if n.is_money]
        if len(money) < 3:
            continue
        for n in range(len(money) - 2):
            (net_at, net), (tax_at, tax), (gross_at, gross) = money[n : n + 3]
            if tax and abs(net + tax - gross) <= _CENT and 0 < tax < net:
                found += [
                    Amount(kind="subtotal", rank=0.2, value=net, label=segment, at=net_at),
                    Amount(kind="tax", rank=0.2, value=tax, label=segment, at=tax_at),
                    Amount(kind="total", rank=0.2, value=gross, label=segment, at=gross_at),
                ]
    return found


# ---------------------------------------------------------------- reconciling


def _reconciled(amounts: Sequence[Amount], items: Sequence[Decimal]) -> dict[AmountKind, Amount]:
    """The amounts of one reading that explain each other best."""
    of = {kind: _best_of(amounts, kind) for kind in _ORDER}
    total_items = sum(items, Decimal(0)) if items else None
    best: tuple[float, dict[AmountKind, Amount]] = (-1.0, {})
    parts: list[list[Amount | None]] = [
        [*of["total"], None],
        [*of["subtotal"], None],
        [*of["tax"], None],
        [*of["discount"][:2], None],
        [*of["shipping"][:2], None],
        [*of["rounding"][:1], None],
    ]
    highest = max((amount.value for amount in of["total"]), default=Decimal(0))
    for total, subtotal, tax, discount, shipping, rounding in product(*parts):
        score = _fit(total, subtotal, tax, discount, shipping, rounding, total_items)
        if total is not None:
            score += 0.5 if total.value == highest else 0
            score += 0.3 * min(sum(one.value == total.value for one in of["total"]) - 1, 2)
            score += (
                0.8
                if any(
                    abs(paid.value - change.value - total.value) <= _CENT
                    for paid in of["paid"]
                    for change in of["change"]
                )
                else 0
            )
        if score > best[0]:
            named = zip(
                ("total", "subtotal", "tax", "discount", "shipping", "rounding"),
                (total, subtotal, tax, discount, shipping, rounding),
                strict=True,
            )
            best = score, {kind: amount for kind, amount in named if amount is not None}  # type: ignore[misc]
    return best[1]


def _best_of(amounts: Sequence[Amount], kind: AmountKind) -> list[Amount]:
    """The candidates of a kind: one for each value, the best labelled first, later ones before earlier ones."""
    ordered = sorted((one for one in amounts if one.kind == kind), key=lambda one: (one.rank, -one.at.y0))
    if kind in ("total", "subtotal"):
        return ordered[: _MOST * 2 // 2]
    kept: dict[Decimal, Amount] = {}
    for one in ordered:
        kept.setdefault(one.value, one)
    return list(kept.values())[:_MOST]


def _fit(
    total: Amount | None,
    subtotal: Amount | None,
    tax: Amount | None,
    discount: Amount | None,
    shipping: Amount | None,
    rounding: Amount | None,
    items: Decimal | None,
) -> float:
    score = 0.0
    for amount, weight in (
        (total, 1.6),
        (subtotal, 0.8),
        (tax, 0.7),
        (discount, 0.1),
        (shipping, 0.1),
        (rounding, 0.1),
    ):
        if amount is not None:
            score += weight - 0.12 * amount.rank
    more = (
        (shipping.value if shipping else 0)
        + (rounding.value if rounding else 0)
        - (abs(discount.value) if discount else 0)
    )
    if total is not None and subtotal is not None:
        expected = subtotal.value + (tax.value if tax else 0) + more
        if abs(expected - total.value) <= _CENT:
            score += 3.0 if tax is not None and tax.value else 1.6
        elif abs(subtotal.value + more - total.value) <= _CENT:
            score += 1.0  # the tax is in the subtotal already
        elif total.value < subtotal.value and not (discount or rounding):
            score -= 1.5
        else:
            score -= 1.0
    if items is not None and items:
        if subtotal is not None and abs(subtotal.value - items) <= _CENT:
            score += 1.2
        if (
            total is not None
            and (subtotal is None or subtotal.value == total.value)
            and abs(total.value - items - (rounding.value if rounding else 0)) <= _CENT
        ):
            score += 1.0
    if tax is not None and total is not None and tax.value >= total.value and total.value:
        score -= 2.0
    if (
        tax is not None
        and tax.rate
        and subtotal is not None
        and abs(tax.rate * subtotal.value / 100 - tax.value) <= Decimal("0.02")
    ):
        score += 0.5
    return score


def _tax_lines(amounts: Sequence[Amount], chosen: dict[AmountKind, Amount]) -> tuple[Amount, ...]:
    """Taxes by rate: those that are rate times base, each once."""
    lines: dict[tuple[Decimal | None, Decimal], Amount] = {}
    for one in amounts:
        if one.kind == "tax" and one.rate is not None:
            lines.setdefault((one.rate, one.value), one)
    found = [one for one in lines.values() if one.rate is not None]
    tax = chosen.get("tax")
    if tax is not None and not found:
        return (tax,)
    if tax is not None and found and abs(sum((one.value for one in found), Decimal(0)) - tax.value) > _CENT:
        return tuple(one for one in found if one.value == tax.value) or (tax,)
    return tuple(found)


def _proofs(amounts: Sequence[Amount], chosen: dict[AmountKind, Amount], items: Sequence[Decimal]) -> tuple[str, ...]:
    """What bears out the total besides its label."""
    total = chosen.get("total")
    if total is None:
        return ()
    found: list[str] = []
    subtotal, tax = chosen.get("subtotal"), chosen.get("tax")
    more = sum((chosen[kind].value for kind in ("shipping", "rounding") if kind in chosen), Decimal(0))
    more -= abs(chosen["discount"].value) if "discount" in chosen else 0
    if subtotal is not None and subtotal.at.words != total.at.words:
        plus = tax.value if tax is not None else Decimal(0)
        if abs(subtotal.value + plus + more - total.value) <= _CENT and (plus or more):
            found.append("subtotal and tax add up to it")
    if items:
        added = sum(items, Decimal(0))
        if subtotal is not None and abs(added - subtotal.value) <= _CENT:
            found.append("the items add up to the subtotal")
        for extra in {Decimal(0), more, more + (tax.value if tax else 0)}:
            if abs(added + extra - total.value) <= _CENT:
                found.append("the items add up to it")
                break
    same = [
        one for one in amounts if one.kind == "total" and one.value == total.value and one.at.words != total.at.words
    ]
    if same:
        found.append("it is printed again as a total")
    paid = [one.value for one in amounts if one.kind == "paid"]
    change = [one.value for one in amounts if one.kind == "change"]
    if any(abs(one - other - total.value) <= _CENT for one in paid for other in change):
        found.append("what was paid less the change is as much")
    elif any(one == total.value for one in paid):
        found.append("as much was paid")
    return tuple(found)
