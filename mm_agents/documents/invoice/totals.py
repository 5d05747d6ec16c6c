"""Totals of an invoice: the amounts beside their labels, and which of them the sums prove."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import same_amount
from mm_agents.documents.invoice.layout import Segment, Sheet, labels_of, overlap
from mm_agents.documents.invoice.lexicon import AmountKind
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import DecimalMark, Number, numbers_in, parse_number

KINDS = tuple(lexicon.AMOUNTS)
CHOSEN: tuple[AmountKind, ...] = ("total", "subtotal", "tax", "discount", "shipping", "rounding")
_BEHIND = re.compile(r"\W*(?:eur|usd|gbp|chf|inr|sgd|rm|ttc|ht|euro|u|s|sr|zrl)\W*")
"""What may be between an amount's label and the amount."""


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


def find_amounts(sheet: Sheet, mark: DecimalMark | None) -> list[Amount]:
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
        for rank, start, end in labels_of(segment, lexicon.AMOUNTS[kind])
    ]
    if not found:
        return None
    start, _, n, rank = min(found)
    if len(re.findall(r"[a-z]{3,}", segment.folded[:start])) > 2:
        return None
    return KINDS[n], rank, start, max(-one[1] for one in found)


def _amounts_of(
    sheet: Sheet, segment: Segment, found: tuple[AmountKind, int, int, int], mark: DecimalMark | None
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
        yield Amount(kind=kind, rank=rank, value=number.value, label=label, at=at, rate=rate, base=base)
        return
    if kind == "total" and rank >= 2:
        return  # "amount" above a column is its heading
    for other in sheet.below(label)[:2]:
        numbers = [n for n in numbers_in(other.text, mark) if n.is_money]
        near = [(other.part(n.start, n.end), n) for n in numbers]
        near = [(at, n) for at, n in near if overlap(at, label) > 0 or abs(at.x1 - label.x1) < sheet.height]
        if near:
            at, number = near[0]
            worse = rank + PARAMETERS.indirect
            yield Amount(kind=kind, rank=worse, value=number.value, label=label, at=at, rate=rate)
            return
        if numbers_in(other.text, mark):
            return


def _beside(sheet: Sheet, segment: Segment, end: int, mark: DecimalMark | None) -> list[tuple[Segment, Number]]:
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
    return same_amount(rate * base / 100, tax)


def _bare_rate(beside: Sequence[tuple[Segment, Number]], kind: AmountKind) -> Decimal | None:
    """A rate without its percent sign: the small number before a tax's base and amount."""
    if kind != "tax" or len(beside) < 3:
        return None
    first = beside[0][1]
    return first.value if 0 < first.value < PARAMETERS.highest_rate and not first.currency else None


def _spaced(text: str) -> Number | None:
    """An amount whose point was lost in reading: "57 50" on a worn receipt."""
    match = re.fullmatch(r"\W*(?:[A-Z]{2,3}\s)?(\d{1,4}) (\d\d)\W*", text)
    if match is None:
        return None
    value = parse_number(f"{match[1]}.{match[2]}", ".")
    return None if value is None else Number(value=value, start=0, end=len(text), places=2)


def _side_by_side(sheet: Sheet, segment: Segment, kind: AmountKind, mark: DecimalMark | None) -> list[Amount]:
    """The net sum, the tax and the gross sum of one row of totals."""
    if kind not in ("total", "subtotal"):
        return []
    row = [one for one in sheet.rows[segment.row] if one.x0 >= segment.x0]
    money = [(one.part(n.start, n.end), n.value) for one in row for n in numbers_in(one.text, mark) if n.is_money]
    found: list[Amount] = []
    for n in range(len(money) - 2):
        (net_at, net), (tax_at, tax), (gross_at, gross) = money[n : n + 3]
        if 0 < tax < net and same_amount(net + tax, gross):
            found += [
                Amount(kind="subtotal", rank=0, value=net, label=segment, at=net_at),
                Amount(kind="tax", rank=0, value=tax, label=segment, at=tax_at),
                Amount(kind="total", rank=0, value=gross, label=segment, at=gross_at),
            ]
    highest_rate = Decimal(PARAMETERS.highest_rate) / 100
    if len(money) == 2 and kind == "total" and 0 < money[1][1] - money[0][1] < highest_rate * money[0][1]:
        found += [
            Amount(kind="subtotal", rank=1, value=money[0][1], label=segment, at=money[0][0]),
            Amount(kind="total", rank=1, value=money[1][1], label=segment, at=money[1][0]),
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
    return [Amount(kind="tax", rank=1, value=value, label=parts[0].label, at=parts[0].at, parts=parts)]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The amounts that were chosen.

    Attributes:
        chosen: by kind; of taxes and discounts the sum.
        taxes: the lines of taxes that add up.
        proofs: what confirms the total besides its label.
    """

    chosen: dict[AmountKind, Amount]
    taxes: tuple[Amount, ...]
    proofs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What a reading of the totals is compared with.

    Attributes:
        items: the sum of the items' amounts, if there are some.
        paid: what was paid less the change.
        seen: how many totals each value is labelled as.
        highest: of the totals.
        tendered: what was handed over, before the change.
    """

    items: Decimal | None
    paid: frozenset[Decimal]
    seen: Counter[Decimal]
    highest: Decimal
    tendered: frozenset[Decimal]


@dataclass(frozen=True)
class _Choice:
    """One amount of each kind, in the order of ``CHOSEN``."""

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
        return {kind: amount for kind in CHOSEN if (amount := getattr(self, kind)) is not None}


def find_totals(sheet: Sheet, items: Sequence[Decimal], mark: DecimalMark | None) -> Totals:
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
    seen = Counter(value for value, _ in {(one.value, one.at.words) for one in totals})
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
        Amount(kind="total", rank=PARAMETERS.indirect, value=one.value, label=one.label, at=one.at)
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
    of["subtotal"] += [replace(one, kind="subtotal", rank=one.rank + PARAMETERS.indirect) for one in lower[:3]]
    most = {"discount": 2, "shipping": 2, "rounding": 1}
    parts = ([*of[kind][: most.get(kind)], None] for kind in CHOSEN)
    choices = (_Choice(*amounts) for amounts in product(*parts))
    return max(choices, key=lambda choice: _fit(choice, facts))


def _best_of(amounts: Sequence[Amount], kind: AmountKind) -> list[Amount]:
    """The candidates of a kind: one for each value, the best labelled first, later ones before earlier ones."""
    kept: dict[Decimal, Amount] = {}
    for one in sorted(
        (one for one in amounts if one.kind == kind), key=lambda one: (bool(one.parts), one.rank, -one.at.y0)
    ):
        kept.setdefault(one.value, one)
    return list(kept.values())[: PARAMETERS.most_candidates]


def _fit(choice: _Choice, facts: _Facts) -> float:
    """How well a choice explains the amounts: by labels, by what else says the total, and by what adds up.

    What agrees or contradicts counts 1.
    """
    p = PARAMETERS
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    score = -p.per_rank * sum(amount.rank for amount in choice.named().values())
    score += p.likely * sum(amount is not None for amount in (total, total, subtotal, tax))
    if total is not None:
        score += p.highest * (total.value == facts.highest) + p.likely * (total.value in facts.paid)
        score -= (total.value <= 0) + (tax is not None and tax.value >= total.value)
        if total.value < facts.highest - Decimal(p.rounding) and facts.highest not in facts.tendered:
            score -= p.proof
        if subtotal is not None:
            score += _closure(choice, total.value, subtotal.value)
    return score + _agreement(choice, facts)


def _closure(choice: _Choice, total: Decimal, subtotal: Decimal) -> float:
    """How well the subtotal and what is added to it explain the total."""
    tax = _value(choice.tax)
    if same_amount(subtotal + tax + choice.more, total):
        return PARAMETERS.proof if tax else 2 * PARAMETERS.likely
    return 1 if same_amount(subtotal + choice.more, total) else -1  # the tax may be in the subtotal already


def _agreement(choice: _Choice, facts: _Facts) -> float:
    """How well the items and the tax's rate confirm the amounts."""
    score = 0.0
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if facts.items:
        score += subtotal is not None and same_amount(subtotal.value, facts.items)
        if total is not None and (subtotal is None or subtotal.value == total.value):
            score += same_amount(total.value, facts.items + _value(choice.rounding))
    if tax is not None and tax.rate and subtotal is not None and is_rate(tax.rate, subtotal.value, tax.value):
        score += PARAMETERS.likely
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
    if found and same_amount(sum((one.value for one in found), Decimal(0)), tax.value):
        return found
    return tuple(one for one in found if one.value == tax.value) or tax.parts or (tax,)


def _proofs(choice: _Choice, facts: _Facts) -> tuple[str, ...]:
    """What confirms the total besides its label."""
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if total is None:
        return ()
    found: list[str] = []
    plus = _value(tax) + choice.more
    apart = subtotal is not None and subtotal.at.words != total.at.words and plus != 0
    if apart and same_amount(_value(subtotal) + plus, total.value):
        found.append("subtotal and tax add up to it")
    if facts.items is not None:
        if subtotal is not None and found and same_amount(facts.items, subtotal.value):
            found.append("the items add up to the subtotal")
        if any(same_amount(facts.items + extra, total.value) for extra in (Decimal(0), choice.more, plus)):
            found.append("the items add up to it")
    others = [value for value in facts.seen if 0 < value < total.value]
    if any(same_amount(one + other, total.value) for n, one in enumerate(others) for other in others[n + 1 :]):
        found.append("two other totals add up to it")
    if facts.seen[total.value] > 1:
        found.append("it is printed again as a total")
    if total.value in facts.paid:
        found.append("as much was paid")
    return tuple(found)


def _value(amount: Amount | None) -> Decimal:
    return Decimal(0) if amount is None else amount.value
