"""Totals of an invoice: the amounts beside their labels, and which of them the sums prove."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from mm_agents.documents.dates import fold
from mm_agents.documents.invoice import lexicon
from mm_agents.documents.invoice.data import same_amount
from mm_agents.documents.invoice.layout import Segment, Sheet, labels_of, overlap
from mm_agents.documents.invoice.lexicon import AmountKind
from mm_agents.documents.invoice.parameters import PARAMETERS
from mm_agents.documents.numbers import DecimalMark, Number, numbers_in, parse_number

KINDS = tuple(lexicon.AMOUNTS)
CHOSEN: tuple[AmountKind, ...] = ("total", "subtotal", "tax", "discount", "shipping", "rounding")
_BEHIND = re.compile(r"\W*(?:eur|usd|gbp|chf|inr|sgd|rm|ttc|ht|euro|u|s|sr|zrl|paid|bezahlt|paye|betaald|pagado)\W*")
"""What may be between an amount's label and the amount, stamps included."""
_STAMPED = re.compile(r"total (?!tender)")
_INCLUDED = re.compile(r"\b(?:incl|inkl|ink1|enth|dont|inbegr|contained|in price|waarvan)|\bincluded\b|includes")
"""What says that a tax is a part of the amount."""


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
    found += [amount for n in range(len(sheet.rows)) for amount in _in_columns(sheet, n, mark)]
    # a stamp beside the amount: "Total PAID 425.00"
    stamped = (one for one in found if one.kind == "paid" and _STAMPED.match(one.label.folded))
    found += [replace(one, kind="total", rank=1 + PARAMETERS.indirect) for one in stamped]
    found = _with_bases(found)
    found += _between(sheet, found, mark)
    return [*found, *_sums(sheet, found)]


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
    if not any(n.is_money for _, n in beside):
        beside += _before(segment, start, mark) or _above(sheet, segment, mark)
    percents = [n.value for _, n in beside if n.percent]
    percents += [n.value for n in numbers_in(segment.text[:end], mark) if n.percent]
    money = [(at, n) for at, n in beside if n.is_money] or _whole_total(beside, kind, rank)
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


def _before(segment: Segment, start: int, mark: DecimalMark | None) -> list[tuple[Segment, Number]]:
    """The amount alone in front of its label: "35.42 VAT included"."""
    numbers = numbers_in(segment.text[:start], mark)
    if len(numbers) != 1 or not re.fullmatch(r"\W*[RS]?\W*", segment.text[: numbers[0].start]):
        return []
    return [(segment.part(numbers[0].start, numbers[0].end), numbers[0])]


def _above(sheet: Sheet, segment: Segment, mark: DecimalMark | None) -> list[tuple[Segment, Number]]:
    """The amount that hangs above the end of its label's row, where the label is alone, as on a bent receipt."""
    above = sheet.rows[segment.row - 1] if segment.row and len(sheet.rows[segment.row]) == 1 else ()
    reach = PARAMETERS.pitch * sheet.height
    return [
        (one.part(n.start, n.end), n)
        for one in (above if len(above) == 1 else ())
        if one.x0 >= segment.x1 and segment.middle - one.middle <= reach and not re.search(r"[a-z]{3}", one.folded)
        for n in numbers_in(one.text, mark)
        if n.is_money
    ]


def _whole_total(
    beside: Sequence[tuple[Segment, Number]], kind: AmountKind, rank: float
) -> list[tuple[Segment, Number]]:
    """A total without decimals: of at least three digits, since lower numbers count things."""
    whole = len(beside) == 1 and kind == "total" and rank <= 1 and not beside[0][1].percent
    return list(beside) if whole and not beside[0][1].places and beside[0][1].value >= 100 else []


def _beside(sheet: Sheet, segment: Segment, end: int, mark: DecimalMark | None) -> list[tuple[Segment, Number]]:
    """The numbers behind a label in its row, up to the next words."""
    behind = re.sub(r"^\s*[:=]", lambda match: " " * len(match[0]), segment.text[end:])  # "Total:60.50"
    found = [(segment.part(end + n.start, end + n.end), n) for n in numbers_in(behind, mark)]
    for other in sheet.right_of(segment):
        numbers = numbers_in(other.text, mark)
        spaced = _spaced(other.text)
        if spaced is not None and not any(n.places == n.cents or n.percent for n in numbers):
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
    match = re.fullmatch(r"\W*(?:S|[A-Z]{2,3}\s)?(\d{1,4})[., ] ?(\d\d)\W*", text)
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


def totals_head(
    row: Sequence[Segment], mark: DecimalMark | None
) -> list[tuple[Segment, tuple[AmountKind, int, int, int]]]:
    """The labels of amounts in a row of heads, "Net | Tax | Gross" or "Invoice no. | Charges"; none in other rows."""
    labels = [(one, label) for one in row if (label := amount_label(one)) and label[0] in CHOSEN]
    fields = any(labels_of(one, kind) for one in row for kind in lexicon.FIELDS.values())
    known = len({label[0] for _, label in labels}) + fields
    return labels if labels and known > 1 and not _money_in(row, mark) else []


def _in_columns(sheet: Sheet, row: int, mark: DecimalMark | None) -> list[Amount]:
    """The amounts below a row of heads, "Net | Tax | Gross"; of several lines, the sums and the tax of each."""
    labels = totals_head(sheet.rows[row], mark)
    if not labels:
        return []
    lines: list[list[tuple[Segment, Number]]] = []
    last = row
    for n in range(row + 1, len(sheet.rows)):
        money = _money_in(sheet.rows[n], mark)
        reach = PARAMETERS.head_reach * sheet.height
        if sheet.rows[n] and (not money or sheet.rows[n][0].middle - sheet.rows[last][0].middle > reach):
            break
        if money:
            lines.append(money)
            last = n
    columns = [(label, one, [_under(line, one) for line in lines]) for one, label in labels]
    whole = [column for column in columns if all(column[2])]
    if not lines or not whole:
        return []
    summed = len(lines) > 2 and all(_is_sum([cell[1].value for cell in cells if cell]) for _, _, cells in whole)
    found = [_column_amount(label, head, cells[-1]) for label, head, cells in whole if summed or len(lines) == 1]
    if len(lines) > 1:
        for line in range(len(lines) - summed):
            cells = {label[0]: _column_amount(label, head, cells[line]) for label, head, cells in whole}
            if (tax := cells.get("tax")) and (base := cells.get("subtotal")):
                rates = (n.value for one in sheet.rows[lines[line][0][0].row] for n in numbers_in(one.text, mark))
                rate = next((rate for rate in rates if 0 < rate < 50 and is_rate(rate, base.value, tax.value)), None)
                found.append(replace(tax, rank=1, rate=rate, base=base.value))
                found.append(replace(base, rank=1, rate=rate))
    return found


def _column_amount(label: tuple[AmountKind, int, int, int], at: Segment, cell: tuple[Segment, Number] | None) -> Amount:
    if cell is None:
        raise ValueError("a column without an amount is not a candidate")
    return Amount(kind=label[0], rank=label[1], value=cell[1].value, label=at, at=cell[0])


def _money_in(row: Sequence[Segment], mark: DecimalMark | None) -> list[tuple[Segment, Number]]:
    return [(one.part(n.start, n.end), n) for one in row for n in numbers_in(one.text, mark) if n.is_money]


def _under(line: Sequence[tuple[Segment, Number]], head: Segment) -> tuple[Segment, Number] | None:
    """The amount of a line that is below a head."""
    return max(
        (cell for cell in line if overlap(cell[0], head) > 0), key=lambda cell: overlap(cell[0], head), default=None
    )


def _is_sum(values: Sequence[Decimal]) -> bool:
    return same_amount(sum(values[:-1], Decimal(0)), values[-1])


def _with_bases(amounts: Sequence[Amount]) -> list[Amount]:
    """The amounts, each tax with the net amount of its rate that another row says."""
    nets = [one for one in amounts if one.kind == "subtotal"]
    found: list[Amount] = []
    for one in amounts:
        if one.kind == "tax" and one.rate and (one.base is None or not is_rate(one.rate, one.base, one.value)):
            same = (net.value for net in nets if is_rate(one.rate, net.value, one.value))
            one = replace(one, base=next(same, one.base))
        found.append(one)
    return found


def _between(sheet: Sheet, amounts: Sequence[Amount], mark: DecimalMark | None) -> list[Amount]:
    """Amounts without a known label that the others explain: a tax on the subtotal, or what a tax is added to."""
    known = {(word.place, one.at.page.number) for one in amounts for word in one.at.words}
    totals = [one for one in amounts if one.kind == "total"]
    rows = [(n, money[-1]) for n, row in enumerate(sheet.rows) if (money := _money_in(row, mark))]
    rows = [(n, cell) for n, cell in rows if (cell[0].words[0].place, cell[0].page.number) not in known]
    found: list[Amount] = []
    for total in totals:
        for one in amounts:
            if one.kind not in ("subtotal", "tax") or one.value == 0 or abs(one.value) >= abs(total.value):
                continue
            kind: AmountKind = "tax" if one.kind == "subtotal" else "subtotal"
            for n, (at, number) in rows:
                near = one.at.row < n < total.at.row if kind == "tax" else n < one.at.row <= n + 2
                percent = any(m.percent for part in sheet.rows[n] for m in numbers_in(part.text, mark))
                if near and same_amount(one.value + number.value, total.value) and (kind == "subtotal" or percent):
                    label = next(iter(sheet.rows[n]))
                    found.append(Amount(kind=kind, rank=3, value=number.value, label=label, at=at))
    return found


def _sums(sheet: Sheet, amounts: Sequence[Amount]) -> list[Amount]:
    """The sum of taxes of several rates or names, and of their net amounts, as candidates."""
    found: list[Amount] = []
    kinds: tuple[tuple[AmountKind, float], ...] = (("tax", 1.0), ("subtotal", 1.5))
    for kind, least in kinds:
        lines: dict[tuple[Decimal | None, str], Amount] = {}
        for one in amounts:
            name = "" if one.rate else _whole_label(sheet, one)
            if one.kind == kind and one.value and (kind == "tax" or one.rate):
                lines.setdefault((one.rate, name), one)
        if len(lines) > 1:
            parts = tuple(lines.values())
            value = sum((one.value for one in parts), Decimal(0))
            found.append(Amount(kind=kind, rank=least, value=value, label=parts[0].label, at=parts[0].at, parts=parts))
    return found


def _whole_label(sheet: Sheet, amount: Amount) -> str:
    """The letters from the beginning of a label's row to its end: those of "State tax" and "City tax" differ."""
    words = (word for one in sheet.rows[amount.label.row] for word in one.words if word.place.x1 <= amount.label.x1)
    return re.sub(r"[^a-z]", "", fold(" ".join(word.text for word in words)))


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The amounts that were chosen.

    Attributes:
        chosen: by kind; of taxes and discounts the sum.
        taxes: the lines of taxes that add up.
        proofs: what confirms the total besides its label.
        doubts: why the subtotal and the tax are not proven; they are where no reason is given.
    """

    chosen: dict[AmountKind, Amount]
    taxes: tuple[Amount, ...]
    proofs: tuple[str, ...]
    doubts: dict[AmountKind, str]


@dataclass(frozen=True, kw_only=True)
class Facts:
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
class Choice:
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
    amounts, facts = candidates(sheet, items, mark)
    choice = max(choices(amounts, facts), key=lambda choice: _fit(choice, facts))
    chosen = choice.named()
    return Totals(
        chosen=chosen,
        taxes=_tax_lines(amounts, choice),
        proofs=_proofs(choice, facts, amounts),
        doubts=_doubts(choice, amounts),
    )


def candidates(sheet: Sheet, items: Sequence[Decimal], mark: DecimalMark | None) -> tuple[list[Amount], Facts]:
    """The amounts among which the totals are chosen, and what choices are compared with."""
    amounts = find_amounts(sheet, mark)
    facts = _facts(amounts, items)
    if not any(one.kind == "total" for one in amounts):
        amounts += _unlabelled(amounts, facts)
        facts = _facts(amounts, items)
    return amounts, facts


def _facts(amounts: Sequence[Amount], items: Sequence[Decimal]) -> Facts:
    totals = [one for one in amounts if one.kind == "total"]
    seen = Counter(value for value, _ in {(one.value, one.at.words) for one in totals})
    paid = [abs(one.value) for one in amounts if one.kind == "paid"]
    change = [one.value for one in amounts if one.kind == "change"]
    left = {one - other for one in paid for other in change} or set(paid)
    return Facts(
        items=sum(items, Decimal(0)) if items else None,
        paid=frozenset(left),
        seen=seen,
        highest=max((one.value for one in totals if one.rank < 2), default=Decimal(0), key=abs),
        tendered=frozenset(paid) - left,
    )


def _unlabelled(amounts: Sequence[Amount], facts: Facts) -> list[Amount]:
    """Where nothing is called a total, the subtotal that was paid, or the only amount, such as "Charges"."""
    alone = not any(one.kind == "tax" for one in amounts) and len({one.value for one in amounts}) == 1
    return [
        Amount(kind="total", rank=PARAMETERS.indirect, value=one.value, label=one.label, at=one.at)
        for one in amounts
        if one.kind == "subtotal" and (one.value in facts.paid or (alone and one.rank >= 2))
    ]


def choices(amounts: Sequence[Amount], facts: Facts) -> list[Choice]:
    """Every choice of one amount of each kind, among the best candidates."""
    of = {kind: _best_of(amounts, kind) for kind in KINDS}
    # "Total 155.50, tax 9.31, total 164.81": what is called a total may be the sum before taxes
    lower = [
        one
        for one in of["total"]
        if abs(one.value) < abs(facts.highest) and one.value not in {s.value for s in of["subtotal"]}
    ]
    of["subtotal"] += [replace(one, kind="subtotal", rank=one.rank + PARAMETERS.indirect) for one in lower[:3]]
    most = {"discount": 2, "shipping": 2, "rounding": 1}
    return [Choice(*amounts) for amounts in product(*([*of[kind][: most.get(kind)], None] for kind in CHOSEN))]


def _best_of(amounts: Sequence[Amount], kind: AmountKind) -> list[Amount]:
    """The candidates of a kind: one for each value, the best labelled first, later ones before earlier ones."""
    kept: dict[Decimal, Amount] = {}
    for one in sorted(
        (one for one in amounts if one.kind == kind), key=lambda one: (bool(one.parts), one.rank, -one.at.y0)
    ):
        kept.setdefault(one.value, one)
    return list(kept.values())[: PARAMETERS.most_candidates]


def features(choice: Choice, facts: Facts) -> dict[str, float]:
    """What speaks for and against a choice of amounts, by name; ``weights.toml`` says how much each counts."""
    p = PARAMETERS
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    named = choice.named()
    found: dict[str, float] = {f"a {kind}": float(kind in named) for kind in CHOSEN}
    found |= {f"rank of the {kind}": float(named[kind].rank) if kind in named else 0.0 for kind in CHOSEN[:3]}
    found["rank of the others"] = float(sum(named[kind].rank for kind in CHOSEN[3:] if kind in named))
    if total is not None:
        found["the highest total"] = float(total.value == facts.highest)
        found["as much was paid"] = float(total.value in facts.paid)
        found["nothing"] = float(total.value == 0)
        found["a tax above the total"] = float(tax is not None and abs(tax.value) >= abs(total.value))
        higher = abs(facts.highest) - abs(total.value) > Decimal(p.rounding)
        found["a higher total"] = float(higher and facts.highest not in facts.tendered)
        found["the items are the total"] = float(
            facts.items is not None and same_amount(total.value, facts.items + _value(choice.rounding))
        )
        if subtotal is not None:
            rest = total.value - subtotal.value - choice.more
            how = "with a tax" if tax is not None and tax.value else "without a tax"
            found[f"a sum {how}"] = float(same_amount(rest, _value(tax)))
            found["a sum with the tax inside"] = float(tax is not None and same_amount(rest, Decimal(0)))
            found["no sum"] = float(not any(same_amount(rest, one) for one in (Decimal(0), _value(tax))))
    found["a tax of nothing"] = float(tax is not None and tax.value == 0)
    if subtotal is not None:
        found["the items are the subtotal"] = float(
            facts.items is not None and same_amount(subtotal.value, facts.items)
        )
        rated = tax is not None and tax.rate is not None and is_rate(tax.rate, subtotal.value, tax.value)
        found["the rate fits"] = float(rated)
    return found


def _fit(choice: Choice, facts: Facts) -> float:
    """How well a choice explains the amounts."""
    weights = lexicon.WEIGHTS["totals"]
    return sum(weights.get(name, 0.0) * value for name, value in features(choice, facts).items() if value)


def _tax_lines(amounts: Sequence[Amount], choice: Choice) -> tuple[Amount, ...]:
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


def _closes(choice: Choice) -> bool:
    """Whether subtotal and tax add up to the total."""
    total, subtotal = choice.total, choice.subtotal
    plus = _value(choice.tax) + choice.more
    if total is None or subtotal is None or plus == 0 or subtotal.at.words == total.at.words:
        return False
    return same_amount(subtotal.value + plus, total.value)


def _tax_inside(choice: Choice) -> bool:
    """Whether the total is the subtotal, of which the tax is a part."""
    total, subtotal = choice.total, choice.subtotal
    return total is not None and subtotal is not None and same_amount(subtotal.value + choice.more, total.value)


def _proofs(choice: Choice, facts: Facts, amounts: Sequence[Amount]) -> tuple[str, ...]:
    """What confirms the total besides its label.

    While a higher total or a tax that may come on top is printed, nothing does but the sum of subtotal and tax: a net
    amount is also the sum of the items, is printed twice, and may be paid in part.
    """
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if total is None:
        return ()
    found: list[str] = []
    closes = _closes(choice)
    if closes:
        found.append("subtotal and tax add up to it")
    highest = abs(total.value) >= abs(facts.highest) - Decimal(PARAMETERS.rounding)
    if not highest and facts.highest not in facts.tendered:
        return tuple(found)
    on_top = any(one.value and not _INCLUDED.search(_row_of(one)) for one in amounts if one.kind == "tax")
    plus = _value(tax) + choice.more
    if facts.items is not None:
        if subtotal is not None and closes and same_amount(facts.items, subtotal.value):
            found.append("the items add up to the subtotal")
        extras = {plus} if tax is not None or not on_top else set[Decimal]()
        if not on_top or _tax_inside(choice):
            extras |= {Decimal(0), choice.more}
        if any(same_amount(facts.items + extra, total.value) for extra in extras):
            found.append("the items add up to it")
    others = [value for value in facts.seen if 0 < value < total.value]
    if any(same_amount(one + other, total.value) for n, one in enumerate(others) for other in others[n + 1 :]):
        found.append("two other totals add up to it")
    if facts.seen[total.value] > 1 and (not on_top or closes or _tax_inside(choice)):
        found.append("it is printed again as a total")
    if total.value in facts.paid:
        found.append("as much was paid")
    return tuple(found)


def _row_of(amount: Amount) -> str:
    return f"{amount.label.folded} {amount.at.folded}"


def _doubts(choice: Choice, amounts: Sequence[Amount]) -> dict[AmountKind, str]:
    """Why the subtotal and the tax are not proven; nothing where they add up, or where only their own label speaks."""
    total, subtotal, tax = choice.total, choice.subtotal, choice.tax
    if _closes(choice) or (tax is not None and tax.value and subtotal is not None and _tax_inside(choice)):
        return {}
    found: dict[AmountKind, str] = {}
    pairs: tuple[tuple[AmountKind, Amount | None], ...] = (("subtotal", subtotal), ("tax", tax))
    for kind, one in pairs:
        if one is None:
            continue
        if total and subtotal and not _tax_inside(choice):
            found[kind] = "it does not add up with the total"
        elif len({one.value, *(other.value for other in amounts if other.kind == kind and other.value)}) > 1:
            found[kind] = f"the pages name more than one {kind}"
        elif (one.value == 0 and total is None) or one.at.row != one.label.row:
            found[kind] = "no sum confirms it"
    return found


def _value(amount: Amount | None) -> Decimal:
    return Decimal(0) if amount is None else amount.value
