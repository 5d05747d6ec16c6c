"""Operations over series: extremes with their ties, means, sums, counts, orders, single values and differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mm_agents.documents.answers import Answered
from mm_agents.documents.table._asking import Comparison, Condition
from mm_agents.documents.table._series import Item, Series
from mm_agents.documents.table._values import Quantity

_WORDS: dict[Comparison, str] = {
    "more": "more than",
    "less": "less than",
    "at least": "at least",
    "at most": "at most",
    "equal": "exactly",
}


def extreme(question: str, series: Series, *, highest: bool) -> Answered:
    """The item with the highest or lowest number, or all that tie."""
    items, left_out = _comparable(series)
    word = "highest" if highest else "lowest"
    if not items:
        return _untold(question, f"{_named(series)} has no numbers of one unit.")
    best = (max if highest else min)(_value(item) for item in items)
    first = [item for item in items if _value(item) == best]
    labels = [item.label for item in first]
    said = printed(first[0].cell.quantity)
    verb = "tie for" if len(first) > 1 else "has"
    name = f"value of {series.name}" if series.axis == "row" else series.name or "value"
    return _answered(
        question,
        f"{_joined(labels)} {verb} the {word} {name}: {said}.{left_out}",
        {"items": labels, "value": plain(best), "unit": _unit(first)},
        first,
    )


def mean(question: str, series: Series) -> Answered:
    """The mean of the numbers, totals left out."""
    items, left_out = _comparable(series)
    if not items:
        return _untold(question, f"{_named(series)} has no numbers of one unit.")
    value = sum((_value(item) for item in items), Decimal(0)) / len(items)
    rounded = _rounded(value, items)
    said = printed(Quantity(value=rounded, unit=_unit(items)))
    text = f"The mean of {_named(series)} over {len(items)} is {said}.{left_out}"
    return _answered(question, text, plain(rounded), items)


def total(question: str, series: Series) -> Answered:
    """The sum of the numbers, totals left out."""
    items, left_out = _comparable(series)
    if not items:
        return _untold(question, f"{_named(series)} has no numbers of one unit.")
    value = sum((_value(item) for item in items), Decimal(0))
    said = printed(Quantity(value=value, unit=_unit(items)))
    text = f"{_named(series)} sums up to {said} over {len(items)}.{left_out}"
    return _answered(question, text, plain(value), items)


def count(question: str, series: Series, condition: Condition) -> Answered:
    """How many numbers hold to a condition, and whose they are."""
    items, left_out = _comparable(series)
    found = [item for item in items if _holds(_value(item), condition)]
    names = f": {_joined([item.label for item in found])}" if found else ""
    wanted = printed(Quantity(value=condition.value, unit=_unit(items)))
    limit = f"{_WORDS[condition.comparison]} {wanted}"
    text = f"{len(found)} of {len(items)} have {_named(series)} of {limit}{names}.{left_out}"
    return _answered(question, text, len(found), found)


def ordered(question: str, series: Series, *, ascending: bool) -> Answered:
    """The items by their numbers; those that tie keep the table's order."""
    items, left_out = _comparable(series)
    found = sorted(items, key=_value, reverse=not ascending)
    listed = ", ".join(f"{item.label} {printed(item.cell.quantity)}" for item in found)
    if not found:
        return _untold(question, f"{_named(series)} has no numbers of one unit.")
    value = [{"item": item.label, "value": plain(_value(item)), "unit": _unit([item])} for item in found]
    return _answered(question, f"By {_named(series)}: {listed}.{left_out}", value, found)


def single(question: str, series: Series, item: Item) -> Answered:
    """One number."""
    names = [name for name in (item.label, series.name) if name]
    text = f"{', '.join(names)}: {printed(item.cell.quantity)}."
    return _answered(question, text, plain(_value(item)), [item])


def difference(question: str, series: Series, first: Item, second: Item) -> Answered:
    """The first number minus the second; in percentage points where both are percents."""
    if _unit([first]) != _unit([second]):
        return _untold(question, f"{first.label} and {second.label} have different units.")
    value = _value(first) - _value(second)
    unit = "pp" if _unit([first]) == "%" else _unit([first])
    said = printed(Quantity(value=abs(value), unit=unit))
    how = "the same" if value == 0 else f"{said} {'higher' if value > 0 else 'lower'}"
    text = (
        f"{first.label} ({printed(first.cell.quantity)}) is {how} {'as' if value == 0 else 'than'} "
        f"{second.label} ({printed(second.cell.quantity)}) in {_named(series)}."
    )
    return _answered(question, text, plain(value), [first, second])


# ---------------------------------------------------------------- helpers


def printed(quantity: Quantity | None) -> str:
    """A number with its unit, as people write it."""
    if quantity is None:
        return ""
    value = f"{quantity.value:,f}"
    if quantity.unit is None:
        return value
    return f"{value}%" if quantity.unit == "%" else f"{value} {quantity.unit}"


def plain(value: Decimal) -> str:
    """A decimal string as the table has it, without an exponent."""
    return f"{value:f}"


def _comparable(series: Series) -> tuple[list[Item], str]:
    """The items of the commonest unit without totals, and what is left out, in words."""
    items = [item for item in series.items if not item.is_total] or list(series.items)
    units = Counter(_unit([item]) for item in items)
    unit = units.most_common(1)[0][0] if units else None
    kept = [item for item in items if _unit([item]) == unit]
    out = [item.label for item in series.items if item not in kept and item.label]
    return kept, f" Left out: {_joined(out)}." if out else ""


def _value(item: Item) -> Decimal:
    return item.cell.quantity.value if item.cell.quantity else Decimal(0)


def _unit(items: Sequence[Item]) -> str | None:
    return items[0].cell.quantity.unit if items and items[0].cell.quantity else None


def _holds(value: Decimal, condition: Condition) -> bool:
    return {
        "more": value > condition.value,
        "less": value < condition.value,
        "at least": value >= condition.value,
        "at most": value <= condition.value,
        "equal": value == condition.value,
    }[condition.comparison]


def _rounded(value: Decimal, items: Sequence[Item]) -> Decimal:
    """A mean with two decimals more than what it was made of; idle zeros are dropped."""
    places = max(-int(_value(item).as_tuple().exponent) for item in items)
    rounded = round(value, max(places, 0) + 2).normalize()
    return Decimal(f"{rounded:f}")


def _named(series: Series) -> str:
    return series.name or f"the {series.axis}"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _answered(question: str, text: str, value: Any, items: Sequence[Item]) -> Answered:
    evidence = tuple(evidence for item in items for evidence in item.cell.evidence)
    return Answered(question=question, answer=text, value=value, evidence=evidence)


def _untold(question: str, reason: str) -> Answered:
    return Answered(question=question, reason=reason)
