"""The totals of an invoice: those of its labelled amounts that explain each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from mm_agents.documents._numbers import Mark
from mm_agents.documents.invoice._amounts import CENT, KINDS, Amount, find_amounts, is_rate
from mm_agents.documents.invoice._labels import AmountKind
from mm_agents.documents.invoice._lines import Sheet

_ROUNDED = Decimal("0.10")
"""A total may be less than what it was rounded from by so much."""

_MOST = 7  # candidates of a kind that are tried with each other


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The amounts that were chosen.

    Attributes:
        chosen: by kind; of taxes and discounts the sum.
        taxes: the lines of taxes that add up.
        proofs: how the total is borne out besides its label.
    """

    chosen: dict[AmountKind, Amount]
    taxes: tuple[Amount, ...]
    proofs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What a reading of the totals is held against.

    Attributes:
        items: the sum of the items' amounts, if there are some.
        paid: what was paid less the change.
        seen: how many totals each value is labelled as.
        highest: of the totals.
        tendered: what was handed over, before the change.
    """

    items: Decimal | None
    paid: frozenset[Decimal]
    seen: dict[Decimal, int]
    highest: Decimal
    tendered: frozenset[Decimal]


@dataclass(frozen=True, kw_only=True)
class _Choice:
    total: Amount | None
    subtotal: Amount | None
    tax: Amount | None
    discount: Amount | None
    shipping: Amount | None
    rounding: Amount | None

    @property
    def more(self) -> Decimal:
        """What is added to the subtotal besides the tax."""
        more = _value(self.shipping) + _value(self.rounding)
        return more - abs(_value(self.discount))

    def named(self) -> dict[AmountKind, Amount]:
        """The amounts that there are, by kind."""
        pairs: list[tuple[AmountKind, Amount | None]] = [
            ("total", self.total),
            ("subtotal", self.subtotal),
            ("tax", self.tax),
            ("discount", self.discount),
            ("shipping", self.shipping),
            ("rounding", self.rounding),
        ]
        return {kind: amount for kind, amount in pairs if amount is not None}


def find_totals(sheet: Sheet, items: Sequence[Decimal], mark: Mark | None) -> Totals:
    """Find and reconcile the totals.

    Args:
        sheet: the document without its items.
        items: the amounts of the items.
        mark: the decimal mark.
    """
    amounts = find_amounts(sheet, mark)
    facts = _facts(amounts, items)
    if not any(one.kind == "total" for one in amounts):
        amounts += _unlabelled(amounts, facts)
        facts = _facts(amounts, items)
    choice = _reconciled(amounts, facts)
    chosen = choice.named()
    return Totals(chosen=chosen, taxes=_tax_lines(amounts, choice), proofs=_proofs(choice, facts))


def _facts(amounts: Sequence[Amount], items: Sequence[Decimal]) -> _Facts:
    totals = [one for one in amounts if one.kind == "total"]
    seen: dict[Decimal, int] = {}
    for value, _ in {(one.value, one.at.words) for one in totals}:
        seen[value] = seen.get(value, 0) + 1
    paid = [abs(one.value) for one in amounts if one.kind == "paid"]
    change = [one.value for one in amounts if one.kind == "change"]
    left = {one - other for one in paid for other in change} or set(paid)
    return _Facts(
        items=sum(items, Decimal(0)) if items else None,
        paid=frozenset(left),
        seen=seen,
        highest=max((one.value for one in totals if one.rank < 2), default=Decimal(0)),
        tendered=frozenset(paid) - left,
    )


def _unlabelled(amounts: Sequence[Amount], facts: _Facts) -> list[Amount]:
    """Where nothing is called a total, the subtotal that was paid."""
    return [
        Amount(kind="total", rank=2.5, value=one.value, label=one.label, at=one.at)
        for one in amounts
        if one.kind == "subtotal" and one.value in facts.paid
    ]


def _reconciled(amounts: Sequence[Amount], facts: _Facts) -> _Choice:
    """The amounts of one reading that explain each other best."""
    of = {kind: _best_of(amounts, kind) for kind in KINDS}
    # "Total 155.50, tax 9.31, total 164.81": what is called a total may be the sum before taxes
    lower = [
        one for one in of["total"] if one.value < facts.highest and one.value not in {s.value for s in of["subtotal"]}
    ]
    of["subtotal"] += [replace(one, kind="subtotal", rank=one.rank + 2) for one in lower[:3]]
    parts: list[list[Amount | None]] = [
        [*of["total"], None],
        [*of["subtotal"], None],
        [*of["tax"], None],
        [*of["discount"][:2], None],
        [*of["shipping"][:2], None],
        [*of["rounding"][:1], None],
    ]
    choices = (
        _Choice(total=total, subtotal=subtotal, tax=tax, discount=discount, shipping=shipping, rounding=rounding)
        for total, subtotal, tax, discount, shipping, rounding in product(*parts)
    )
    return max(choices, key=lambda choice: _fit(choice, facts))


def _best_of(amounts: Sequence[Amount], kind: AmountKind) -> list[Amount]:
    """The candidates of a kind: one for each value, the best labelled first, later ones before earlier ones."""
    kept: dict[Decimal, Amount] = {}
    for one in sorted(
        (one for one in amounts if one.kind == kind), key=lambda one: (bool(one.parts), one.rank, -one.at.y0)
    ):
        kept.setdefault(one.value, one)
    return list(kept.values())[:_MOST]


def _fit(choice: _Choice, facts: _Facts) -> float:
    weights = {"total": 1.6, "subtotal": 0.8, "tax": 0.7, "discount": 0.1, "shipping": 0.1, "rounding": 0.1}
    score = sum(weights[kind] - 0.12 * amount.rank for kind, amount in choice.named().items())
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if total is not None:
        score += 0.5 * (total.value == facts.highest) + 0.3 * min(facts.seen.get(total.value, 1) - 1, 2)
        score += 0.8 * (total.value in facts.paid)
        if total.value <= 0:
            score -= 1.0
        if total.value < facts.highest - _ROUNDED and facts.highest not in facts.tendered:
            score -= 3.5
        if tax is not None and tax.value >= total.value:
            score -= 2.0
        if subtotal is not None:
            score += _closure(choice, total.value, subtotal.value)
    return score + _agreement(choice, facts)


def _closure(choice: _Choice, total: Decimal, subtotal: Decimal) -> float:
    """How well the subtotal and what is added to it explain the total."""
    tax = _value(choice.tax)
    if abs(subtotal + tax + choice.more - total) <= CENT:
        return 3.0 if tax else 1.6
    if abs(subtotal + choice.more - total) <= CENT:
        return 1.0  # the tax is in the subtotal already
    if total < subtotal and not (choice.discount or choice.rounding):
        return -1.5
    return -1.0


def _agreement(choice: _Choice, facts: _Facts) -> float:
    """How well the items and the tax's rate bear the amounts out."""
    score = 0.0
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if facts.items:
        if subtotal is not None and abs(subtotal.value - facts.items) <= CENT:
            score += 1.2
        if total is not None and (subtotal is None or subtotal.value == total.value):
            score += 1.0 * (abs(total.value - facts.items - _value(choice.rounding)) <= CENT)
    if tax is not None and tax.rate and subtotal is not None and is_rate(tax.rate, subtotal.value, tax.value):
        score += 0.5
    return score


def _tax_lines(amounts: Sequence[Amount], choice: _Choice) -> tuple[Amount, ...]:
    """Taxes by rate: those that add up to the tax, else the tax itself."""
    lines: dict[tuple[Decimal | None, Decimal], Amount] = {}
    for one in amounts:
        if one.kind == "tax" and one.rate is not None and not one.parts:
            kept = lines.get((one.rate, one.value))
            if kept is None or (kept.base is None and one.base is not None):
                lines[one.rate, one.value] = one
    found = tuple(lines.values())
    tax = choice.tax
    if tax is None:
        return found
    if found and abs(sum((one.value for one in found), Decimal(0)) - tax.value) <= CENT:
        return found
    return tuple(one for one in found if one.value == tax.value) or tax.parts or (tax,)


def _proofs(choice: _Choice, facts: _Facts) -> tuple[str, ...]:
    """What bears out the total besides its label."""
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if total is None:
        return ()
    found: list[str] = []
    plus = _value(tax) + choice.more
    apart = subtotal is not None and subtotal.at.words != total.at.words and plus != 0
    if apart and abs(_value(subtotal) + plus - total.value) <= CENT:
        found.append("subtotal and tax add up to it")
    if facts.items is not None:
        if subtotal is not None and found and abs(facts.items - subtotal.value) <= CENT:
            found.append("the items add up to the subtotal")
        if any(abs(facts.items + extra - total.value) <= CENT for extra in (Decimal(0), choice.more, plus)):
            found.append("the items add up to it")
    others = [value for value in facts.seen if 0 < value < total.value]
    if any(abs(one + other - total.value) <= CENT for n, one in enumerate(others) for other in others[n + 1 :]):
        found.append("two other totals add up to it")
    if facts.seen.get(total.value, 0) > 1:
        found.append("it is printed again as a total")
    if total.value in facts.paid:
        found.append("as much was paid")
    return tuple(found)


def _value(amount: Amount | None) -> Decimal:
    return Decimal(0) if amount is None else amount.value
