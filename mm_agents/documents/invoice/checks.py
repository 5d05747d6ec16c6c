"""What must hold on an invoice: each check passed, failed or does not apply, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from mm_agents.documents.invoice.data import Check, LineItem, TaxLine
from mm_agents.documents.numbers import plain_money, plain_quantity

_CENT = Decimal("0.01")


def run_checks(
    *,
    items: Sequence[LineItem],
    subtotal: Decimal | None,
    discount: Decimal | None,
    shipping: Decimal | None,
    rounding: Decimal | None,
    tax: Decimal | None,
    taxes: Sequence[TaxLine],
    total: Decimal | None,
    issued: date | None,
    due: date | None,
) -> tuple[Check, ...]:
    """All checks, in the order that one reads an invoice in."""
    lines = [_line(number, item) for number, item in enumerate(items, start=1)]
    if not lines:
        lines = [_idle("quantity × price = amount", "no items were found")]
    return (
        *lines,
        _items_sum(items, subtotal, tax, total),
        *_rates(taxes, subtotal, discount, shipping),
        _total(subtotal, discount, shipping, rounding, tax, total),
        _due(issued, due),
    )


def _line(number: int, item: LineItem) -> Check:
    name = f"item {number}: quantity × price = amount"
    if item.quantity is None or item.unit_price is None or item.amount is None:
        missing = [
            text
            for text, value in (("quantity", item.quantity), ("price", item.unit_price), ("amount", item.amount))
            if value is None
        ]
        return _idle(name, f"no {' and no '.join(missing)}")
    product = item.quantity * item.unit_price
    told = f"{plain_quantity(item.quantity)} × {plain_money(item.unit_price)}"
    if item.discount:
        product *= 1 - item.discount / 100
        told += f" less {plain_quantity(item.discount)} %"
    return _compared(name, told, _cents(product), item.amount)


def _items_sum(
    items: Sequence[LineItem], subtotal: Decimal | None, tax: Decimal | None, total: Decimal | None
) -> Check:
    name = "items add up to the subtotal"
    amounts = [item.amount for item in items if item.amount is not None]
    if not amounts or len(amounts) < len(items):
        return _idle(name, "no items were found" if not items else "an item has no amount")
    added = sum(amounts, Decimal(0))
    told = " + ".join(plain_money(amount) for amount in amounts)
    if subtotal is not None:
        if tax is not None and total is not None and added not in (subtotal,) and abs(added - total) < _CENT:
            return Check(
                name="items add up to the total",
                status="passed",
                detail=f"{told} = {plain_money(added)}: the amounts hold the tax of {plain_money(tax)}",
            )
        return _compared(name, told, added, subtotal)
    if total is None:
        return _idle(name, f"{told} = {plain_money(added)}, but there is no subtotal and no total")
    return _compared("items add up to the total", told, added, total)


def _rates(
    taxes: Sequence[TaxLine], subtotal: Decimal | None, discount: Decimal | None, shipping: Decimal | None
) -> list[Check]:
    found: list[Check] = []
    for tax in taxes:
        if tax.rate is None or tax.amount is None:
            continue
        bases = [tax.base] if tax.base is not None else []
        if not bases and subtotal is not None:
            less = abs(discount) if discount else Decimal(0)
            bases = [subtotal, subtotal - less, subtotal - less + (shipping or 0), subtotal + (shipping or 0)]
        if not bases:
            continue
        base = min(bases, key=lambda one: abs(_cents(one * (tax.rate or 0) / 100) - (tax.amount or 0)))
        name = f"tax of {plain_quantity(tax.rate)} % = rate × base"
        told = f"{plain_quantity(tax.rate)} % of {plain_money(base)}"
        found.append(_compared(name, told, _cents(base * tax.rate / 100), tax.amount))
    return found or [_idle("tax = rate × base", "no tax with its rate and base was found")]


def _total(
    subtotal: Decimal | None,
    discount: Decimal | None,
    shipping: Decimal | None,
    rounding: Decimal | None,
    tax: Decimal | None,
    total: Decimal | None,
) -> Check:
    name = "subtotal + tax = total"
    if total is None or subtotal is None:
        return _idle(name, "no total was found" if total is None else "no subtotal was found")
    expected, told = subtotal, plain_money(subtotal)
    if discount:
        expected -= abs(discount)
        told += f" − {plain_money(abs(discount))}"
    for value in (shipping, tax, rounding):
        if value is not None:
            expected += value
            told += f" + {plain_money(value)}" if value >= 0 else f" − {plain_money(abs(value))}"
    return _compared(name, told, expected, total)


def _due(issued: date | None, due: date | None) -> Check:
    name = "due date is not before the issue date"
    if issued is None or due is None:
        return _idle(name, "no due date was found" if due is None else "no issue date was found")
    return Check(
        name=name,
        status="passed" if due >= issued else "failed",
        detail=f"{issued.isoformat()} {'≤' if due >= issued else '>'} {due.isoformat()}",
    )


def _compared(name: str, told: str, computed: Decimal, printed: Decimal) -> Check:
    same = abs(computed - printed) <= _CENT
    return Check(
        name=name,
        status="passed" if same else "failed",
        detail=f"{told} = {plain_money(computed)}" + ("" if same else f", printed {plain_money(printed)}"),
    )


def _idle(name: str, why: str) -> Check:
    return Check(name=name, status="not applicable", detail=why)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)
