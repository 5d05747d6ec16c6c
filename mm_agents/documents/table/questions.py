"""Questions about a table: parsed, computed over its cells, and answered with their boxes."""

from __future__ import annotations

import functools
import operator
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, Field

from mm_agents._text import listed
from mm_agents.chat import fenced
from mm_agents.documents.numbers import numbers_in
from mm_agents.documents.table.cell_questions import answer_from, asked_cell, asked_size, left_out
from mm_agents.documents.table.data import Quantity, TableData
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.series import (
    TOTAL,
    WORDS,
    Item,
    Series,
    all_series,
    compared_by,
    is_named_by,
    likeness,
    paths,
    tokens,
    unfit_unit,
    used,
)
from mm_agents.types import DocumentAnswer

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel

Operation = Literal["highest", "lowest", "mean", "sum", "count", "sort", "difference", "lookup"]
Comparison = Literal["more", "less", "at least", "at most", "equal"]

_OPERATIONS = cast("dict[Operation, str]", WORDS["operations"])
_CONDITIONS = cast("dict[Comparison, str]", WORDS["conditions"])
_PLACE = re.compile(WORDS["words"]["place"], re.IGNORECASE)
_UNITS = re.compile(r"\s*(?:[^\s\d,.;?!]+\s+){0,2}")  # between a number and "or more"
_THINGS, _MORE, _LESS, _WENT_DOWN, _BY_NUMBER = (
    re.compile(WORDS["words"][name], re.IGNORECASE) for name in ("things", "more_than", "less_than", "went_down", "by")
)
UNCLEAR = re.compile(r"\b(?:not|never|neither)\b|n't\b|\bbetween \W?\d", re.IGNORECASE)
"""Negations, and conditions of two numbers, which are not computed."""
HOLDS: dict[Comparison, Callable[[Decimal, Decimal], bool]] = {
    "more": operator.gt,
    "less": operator.lt,
    "at least": operator.ge,
    "at most": operator.le,
    "equal": operator.eq,
}
WHETHER = re.compile(r"\W*(?:is|are|was|were|does|do|did|has|have|had)\b", re.IGNORECASE)
_LISTS = re.compile(
    r"\W*(?:(?:(?:at|for|in|of|on|with) )?(?:which|what|who|list|show|name|give)|(?:is|are) there)\b", re.IGNORECASE
)
_ASKS_NUMBER = re.compile(r"\bhow (?:much|many)\b|\b(?:number|percent\w*|price|amount|share)\b|\d", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_STATISTIC = re.compile(r"\b(?:mean|average|median)\b", re.IGNORECASE)
_EXACTLY = re.compile(r"\b(?:exactly|equals?)\b", re.IGNORECASE)
_IS_NUMBER = re.compile(r"\b(?:is|are|was|were) [^\d?]+ ([$€£]?\d[\d.,]*%?)\W*$", re.IGNORECASE)
CHANGE = re.compile(WORDS["words"]["change"], re.IGNORECASE)
"""How columns of changes are called, and asked for."""
_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_LONGEST_TABLE = 6000  # characters of a table that a model is shown
_PROMPT = (
    "Say which operation answers the question about the table. Name columns, rows and metrics exactly as the table "
    "does. Do not compute, and do not answer it."
)


class Condition(BaseModel):
    """A comparison with a number."""

    comparison: Comparison
    value: Decimal


class Query(BaseModel):
    """What a question about a table asks for."""

    operation: Operation = Field(description="what to compute")
    measure: str = Field(description="the column, row or metric whose numbers it is about, as the table names it")
    items: list[str] = Field(
        default_factory=list,
        description="what it asks about in particular, as the table names it: for lookup one, for difference two",
    )
    condition: Condition | None = Field(default=None, description="for count: which numbers count")
    ascending: bool = Field(default=False, description="for sort: whether the lowest comes first")


def operation_of(question: str) -> Operation:
    """The operation that a question's words name; a lookup where they name none."""
    text = question.casefold()
    if re.search(r"\bhow many\b|\bcount\b|\bnumber of\b", text) and condition_of(question):
        return "count"
    for operation, words in _OPERATIONS.items():
        if re.search(words, text):
            return operation
    return "lookup"


def condition_of(question: str) -> Condition | None:
    """The comparison that a question makes: "more than 10%" and the like."""
    text = question.casefold()
    for comparison, words in _CONDITIONS.items():
        for match in re.finditer(words, text):
            after = re.match(r"\W*(?:of )?", text[match.end() :])
            numbers = numbers_in(text[match.end() :])
            start = after.end() if after else 0
            if numbers and numbers[0].start <= start + 1:
                return Condition(comparison=comparison, value=numbers[0].value)
            before = numbers_in(text[: match.start()])
            if match[0].startswith("or ") and before and _UNITS.fullmatch(text[before[-1].end : match.start()]):
                return Condition(comparison=comparison, value=before[-1].value)
    amount = re.search(r"\b(?:of|with|is|are|have|has|had) (?=[$€£]?\d)(?!\d+\+)", text)
    changed = None if amount or not CHANGE.search(text) else _BY_NUMBER.search(text)  # "which ones grew by 3%"
    numbers = numbers_in(text[amount.end() :]) if amount else numbers_in(changed[1]) if changed else []
    return Condition(comparison="equal", value=numbers[0].value) if numbers and not numbers[0].start else None


def is_ascending(question: str) -> bool:
    """Whether the lowest shall come first."""
    return re.search(r"\b(?:ascending|increasing|(?:lowest|smallest) (?:first|to))\b", question.casefold()) is not None


def without_operation(question: str, operation: Operation) -> str:
    """A question without the words that name its operation."""
    words = _OPERATIONS.get(operation)
    return re.sub(words, " ", question, flags=re.IGNORECASE) if words else question


# ---------------------------------------------------------------- computing


def _computed(question: str, query: Query, series: Series) -> DocumentAnswer:
    """What an operation on a series comes to; totals, and numbers of another unit, are left out."""
    if query.operation == "count" and query.condition is None:
        return unanswered(question, "Which numbers to count is not said.")
    items, out = comparable(series)
    if series.axis == "row" and query.operation in ("highest", "lowest", "mean", "sum") and len(items) == 1:
        return unanswered(question, f"“{series.name}” has one number, and no other to go with it.")
    if series.axis == "row" and query.operation in ("mean", "sum") and any(_STATISTIC.search(one) for one in out):
        return unanswered(question, f"The numbers of “{series.name}” are of several kinds.")
    if series.axis == "row" and not all(item.label for item in items):
        return unanswered(question, f"The columns of “{series.name}” have no names.")
    compute = {"highest": _extreme, "lowest": _extreme, "mean": _mean, "sum": _sum, "count": _count}
    text, value, used_items = compute.get(query.operation, _ordered)(query, series, items)
    return answer_of(question, f"{text}.{f' Left out: {listed(out)}.' if out else ''}", value, used_items)


Computed = tuple[str, Any, Sequence[Item]]
"""What is said, the value, and the items that it comes from."""


def _extreme(query: Query, series: Series, items: Sequence[Item]) -> Computed:
    """The item with the highest or lowest number, or all that tie."""
    best = (max if query.operation == "highest" else min)(item.quantity.value for item in items)
    first = [item for item in items if item.quantity.value == best]
    labels = [item.label for item in first]
    verb = "tie for" if len(first) > 1 else "has"
    name = f"value of {series.name}" if series.axis == "row" else series.name or "value"
    text = f"{listed(labels)} {verb} the {query.operation} {name}: {printed(first[0].quantity)}"
    return text, {"items": labels, "value": plain(best), "unit": first[0].quantity.unit}, first


def _mean(query: Query, series: Series, items: Sequence[Item]) -> Computed:
    value = _rounded(sum((item.quantity.value for item in items), Decimal(0)) / len(items), items)
    said = printed(Quantity(value=value, unit=items[0].quantity.unit))
    return f"The mean of {named_of(series)} over {len(items)} is {said}", plain(value), items


def _sum(query: Query, series: Series, items: Sequence[Item]) -> Computed:
    value = sum((item.quantity.value for item in items), Decimal(0))
    said = printed(Quantity(value=value, unit=items[0].quantity.unit))
    return f"{named_of(series)} sums up to {said} over {len(items)}", plain(value), items


def _count(query: Query, series: Series, items: Sequence[Item]) -> Computed:
    """How many numbers meet a condition, and whose they are."""
    condition = query.condition or Condition(comparison="equal", value=Decimal(0))
    text, matches = counted(series, items, condition)
    names = f": {listed([item.label for item in matches])}" if matches else ""
    return f"{text}{names}", len(matches), [*matches, *(item for item in items if item not in matches)]


def counted(series: Series, items: Sequence[Item], condition: Condition) -> tuple[str, list[Item]]:
    """How many numbers meet a condition, as it is told, and which they are."""
    holds = HOLDS[condition.comparison]
    matches = [item for item in items if holds(item.quantity.value, condition.value)]
    wanted = printed(Quantity(value=condition.value, unit=items[0].quantity.unit))
    phrases = {"more": "more than", "less": "less than", "equal": "exactly"}
    phrase = phrases.get(condition.comparison, condition.comparison)
    return f"{len(matches)} of {len(items)} have {named_of(series)} of {phrase} {wanted}", matches


def _ordered(query: Query, series: Series, items: Sequence[Item]) -> Computed:
    """The items by their numbers; those that tie keep the table's order."""
    ranked = sorted(items, key=lambda item: item.quantity.value, reverse=not query.ascending)
    order = ", ".join(f"{item.label} {printed(item.quantity)}" for item in ranked)
    value = [{"item": i.label, "value": plain(i.quantity.value), "unit": i.quantity.unit} for i in ranked]
    return f"By {named_of(series)}: {order}", value, ranked


def _single(question: str, series: Series, item: Item) -> DocumentAnswer:
    """One number."""
    return answer_of(question, f"{stated(series, item)}.", plain(item.quantity.value), [item])


def stated(series: Series, item: Item) -> str:
    """A number with what it is of: "Rope, Price: 7.25"."""
    return f"{', '.join(name for name in (item.label, series.name) if name)}: {printed(item.quantity)}"


def _subtracted(question: str, series: Series, first: Item, second: Item) -> DocumentAnswer:
    """The first number minus the second; in percentage points where both are percents."""
    unit = first.quantity.unit
    if unit != second.quantity.unit:
        return unanswered(question, f"{first.label} and {second.label} have different units.")
    value = first.quantity.value - second.quantity.value
    said = printed(Quantity(value=abs(value), unit="pp" if unit == "%" else unit))
    how = f"{said} {'higher' if value > 0 else 'lower'} than" if value else "the same as"
    text = (
        f"{first.label} ({printed(first.quantity)}) is {how} {second.label} ({printed(second.quantity)}) "
        f"in {named_of(series)}."
    )
    return answer_of(question, text, plain(value), [first, second])


# ---------------------------------------------------------------- helpers


def printed(quantity: Quantity) -> str:
    """A number with its unit, as people write it."""
    value = f"{quantity.value:,f}"
    if quantity.unit is None:
        return value
    return f"{value}%" if quantity.unit == "%" else f"{value} {quantity.unit}"


def plain(value: Decimal) -> str:
    """A decimal string as the table has it, without an exponent."""
    return f"{value:f}"


def comparable(series: Series) -> tuple[list[Item], list[str]]:
    """The items of the commonest unit without totals, and the labels of the others."""
    items = [item for item in series.items if not item.is_total] or list(series.items)
    unit = Counter(item.quantity.unit for item in items).most_common(1)[0][0]
    kept = [item for item in items if item.quantity.unit == unit]
    return kept, [item.label for item in series.items if item not in kept and item.label]


def _rounded(value: Decimal, items: Sequence[Item]) -> Decimal:
    """A mean with two decimals more than what it was made of; idle zeros are dropped."""
    places = max(-int(item.quantity.value.as_tuple().exponent) for item in items)
    rounded = round(value, max(places, 0) + 2).normalize()
    return Decimal(f"{rounded:f}")


def named_of(series: Series) -> str:
    """What a series is called; where it has no name, what it is."""
    return series.name or f"the {series.axis}"


def answer_of(question: str, text: str, value: Any, items: Sequence[Item]) -> DocumentAnswer:
    """An answer with the places of the numbers that it comes from."""
    return answer_from(question, text, value, [item.cell for item in items])


def unanswered(question: str, reason: str) -> DocumentAnswer:
    """No answer, and why."""
    return DocumentAnswer(question=question, reason=reason)


def answer(table: TableData, question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
    """Answer a question about a table; ``answer`` is None where it cannot be told, and ``reason`` says why."""
    series = all_series(table)
    said = asked_size(table, question)
    extreme = operation_of(question) in ("highest", "lowest")
    compares = table.layout == "text" and condition_of(question) is not None
    if said is None and not extreme and not compares:
        said = asked_cell(table, question, paths(table))
    if said is not None:
        return said
    if not series and table.cells and operation_of(question) == "lookup" and not _ASKS_NUMBER.search(question):
        return DocumentAnswer(question=question)
    if not series:
        return unanswered(question, "The table has no numbers." if table.cells else "No table was found.")
    if model is not None:
        shown = fenced(table.to_markdown()[:_LONGEST_TABLE], what="The table")
        prompt = "\n\n".join([_PROMPT, shown, fenced(question, what="The question")])
        return _by_query(question, series, model.structure(Query, prompt).value)
    found = _by_rules(question, _of_kind(question, series))
    reason = left_out(table, question, found.answer) if found.answer else None
    return unanswered(question, reason) if reason else found


# ---------------------------------------------------------------- by rules


SHARES = re.compile(r"\b(?:percent(?:age)?s?|shares?|proportions?)\b|%", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b(?:how many|how often|number of|most (?:frequent|common|often)|least (?:frequent|common|often))\b|"
    r"\b(?:than|least|most) \d[\d,.]* [a-z]|\b(?:more|most|fewer|fewest) (?!than\b|often\b)[a-z]",
    re.IGNORECASE,
)


def _of_kind(question: str, series: Sequence[Series]) -> Sequence[Series]:
    """Without the columns of percents where a number of things is asked for, and those alone where a share is."""
    columns = [one for one in series if one.axis == "column"]
    shares = [one for one in columns if SHARES.search(one.name) or {item.quantity.unit for item in one.items} == {"%"}]
    if not 0 < len(shares) < len(columns):
        return series
    others = {word for one in columns if one not in shares for word in tokens(one.name)}
    named = {word for one in shares for word in tokens(one.name) if not SHARES.search(word)} - others
    if SHARES.search(question) or named & set(tokens(question)):
        return [*shares, *(one for one in series if one.axis != "column")]
    return [one for one in series if one not in shares] if _COUNTED.search(question) else series


def _by_rules(question: str, series: Sequence[Series]) -> DocumentAnswer:
    operation = operation_of(question)
    special = _special(question, operation, series)
    if special is not None:
        return special
    whole = tokens(question)
    if operation == "sum" and (added := _added(question, series, whole)) is not None:
        return added
    if operation in ("sum", "mean", "highest", "lowest"):
        # "the total of 2006" may be a column named so, and "Max" a row.
        found = _lookup(question, series, whole)
        if found is not None and _names_word_of(found, question, operation):
            return found
    if operation == "lookup":
        asks_name = re.match(
            r"\W*which (?!(?:number|value|percent|share|amount|price|figure|score)s?\b)", question, re.I
        )
        found = None if asks_name else _lookup(question, series, whole)
        return found or unanswered(question, choices_of(series))
    asked = tokens(without_operation(question, operation))
    if operation == "difference":
        found = _difference(question, series, asked)
        growth = named_cell(series, whole) if found.answer is None else None  # "how much did sales grow" of a column
        return _single(question, *growth) if growth is not None and CHANGE.search(growth[0].name) else found
    best = max(compared_by(question, series), key=lambda one: fit_of(one, asked))
    if fit_of(best, asked) < PARAMETERS.named / 2:
        measure = measure_of(series, tokens(without_operation(without_condition(question), operation)))
        if measure is None:
            return unanswered(question, choices_of(series))
        best = measure
    totals = [item for item in best.items if item.is_total]
    if operation == "sum" and best.axis == "column" and not best.name and totals:
        # a column of names and values of several kinds, whose "billing total" is one of them
        return _single(question, best, totals[0]) if len(totals) == 1 else unanswered(question, choices_of(series))
    condition = condition_of(question) if operation == "count" else None
    named = {number.value for token in tokens(best.name) for number in numbers_in(token)}
    unclear = UNCLEAR.search(question) or unfit_unit(question, best.name, best.items[0].quantity.unit)
    if operation == "count" and (condition is None or condition.value in named or unclear):
        return unanswered(question, choices_of(series))
    if operation in ("sum", "mean") and any(likeness(item.label, asked) == 1 for item in best.items if item.label):
        return unanswered(question, choices_of(series))
    ascending = is_ascending(question)
    return _computed(question, Query(operation=operation, measure="", condition=condition, ascending=ascending), best)


def _special(question: str, operation: Operation, series: Sequence[Series]) -> DocumentAnswer | None:
    """The answer about a place in an order, two things compared, a filter, or how many things there are."""
    if operation in ("highest", "lowest") and (place := _PLACE.search(question)):
        return _placed(question, operation, place[0], series)
    if (bounded := _bounded(question, series)) is not None:
        return bounded
    compared = _compared(question, series)
    if compared is not None or (operation != "lookup" and not (operation == "sum" and condition_of(question))):
        return compared
    return _filtered(question, series) or _things(question, series)


# ---------------------------------------------------------------- places, filters, comparisons and counts of things


def measure_of(series: Sequence[Series], asked: Sequence[str]) -> Series | None:
    """The series that a question names; of those that it names as well as each other, the one with the most numbers."""
    best = max(fit_of(one, asked) for one in series)
    if best < PARAMETERS.named / 2 and not any(used(one.name, asked) for one in series):
        columns = [one for one in series if one.axis != "row"]
        return columns[0] if len(columns) == 1 else None
    named = [one for one in series if best - fit_of(one, asked) <= PARAMETERS.tie]
    longest = max(len(one.items) for one in named)
    chosen = [one for one in named if len(one.items) == longest]
    cells = {tuple(item.cell for item in one.items) for one in chosen}  # a row of numbers may be a metric as well
    return chosen[0] if len(cells) == 1 else None


def _placed(question: str, operation: Operation, place: str, series: Sequence[Series]) -> DocumentAnswer:
    """The second, third … highest or lowest number; things that tie take a place each."""
    word = re.split(r"[- ]", place.casefold())[0]
    number = int(re.sub(r"\D", "", word)) if word[0].isdigit() else _ORDINALS.index(word) + 2
    rest = without_operation(re.sub(re.escape(place), " ", question), operation)
    best = measure_of(series, tokens(rest))
    if "from" in place or number < 1 or best is None:
        return unanswered(question, f"“{place}” is not clear. {choices_of(series)}")
    items, _ = comparable(best)
    ranked = sorted(items, key=lambda item: item.quantity.value, reverse=operation == "highest")
    if number > len(ranked):
        return unanswered(question, f"{named_of(best)} has only {len(ranked)} numbers to compare.")
    value = ranked[number - 1].quantity.value
    same = [item for item in ranked if item.quantity.value == value]
    before = [item for item in ranked[: number - 1] if item not in same]
    verb = "has" if len(same) == 1 else "share"
    text = f"{listed([item.label for item in same])} {verb} the {place} {named_of(best)}: {printed(same[0].quantity)}"
    behind = f", after {', '.join(f'{item.label} {printed(item.quantity)}' for item in before)}" if before else ""
    labels = [item.label for item in same]
    found = {"items": labels, "value": plain(value), "unit": same[0].quantity.unit}
    answered = answer_of(question, f"{text}{behind}.", found, [*same, *before])
    tied = number > 1 and ranked[number - 2] in same
    return replace(answered, doubt="several tie for this place and those before it") if tied else answered


def _filtered(question: str, series: Sequence[Series]) -> DocumentAnswer | None:
    """The things whose numbers meet a condition: "which parts cost more than 5"; None where that is not asked."""
    if not _LISTS.match(question):
        return None
    condition = condition_of(question) or _equal_at_end(question)
    if UNCLEAR.search(question):
        return unanswered(question, "Only one comparison with a number, without a negation, is computed.")
    if condition is None:
        return None
    asked = tokens(without_condition(question))
    best = measure_of(series, asked)
    only = sum(one.axis != "row" for one in series) == 1 and _EXACTLY.search(question)
    if condition.comparison == "equal" and (best is None or not (used(best.name, asked) or only)):
        return None
    if best is None:
        return unanswered(question, choices_of(series))
    items, out = comparable(best)
    if CHANGE.search(best.name) and _WENT_DOWN.search(question):
        return None  # whether a minus is written is not known
    if unfit := unfit_unit(question, best.name, items[0].quantity.unit):
        return unanswered(question, f"The numbers of {named_of(best)} are {unfit}.")
    text, count, compared = _count(Query(operation="count", measure="", condition=condition), best, items)
    left_out = f" Left out: {listed(out)}." if out else ""
    return answer_of(question, f"{text}.{left_out}", [item.label for item in compared[:count]], compared)


def _equal_at_end(question: str) -> Condition | None:
    """What "for which ones is Price 0?" asks to be equal; a year is of a row or column."""
    number = _IS_NUMBER.search(question)
    found = numbers_in(number[1]) if number is not None and not _YEAR.fullmatch(number[1]) else []
    return Condition(comparison="equal", value=found[0].value) if found else None


def _added(question: str, series: Sequence[Series], asked: Sequence[str]) -> DocumentAnswer | None:
    """The sum of the numbers of the things that a question names, where it names two or more and one of their kinds."""
    found: list[tuple[float, Series, list[Item]]] = []
    for one in series:
        named = [item for item in one.items if item.label and not item.is_total and likeness(item.label, asked) == 1]
        if 1 < len(named) < len(one.items):
            found.append((fit_of(one, asked), one, named))
    if not found:
        return None
    best = max(fit for fit, *_ in found)
    chosen = [(one, named) for fit, one, named in found if best - fit <= PARAMETERS.tie]
    if len(chosen) > 1 or len({item.quantity.unit for item in chosen[0][1]}) > 1:
        return unanswered(question, choices_of(series))
    one, named = chosen[0]
    value = sum((item.quantity.value for item in named), Decimal(0))
    numbers = " + ".join(printed(item.quantity) for item in named)
    said = printed(Quantity(value=value, unit=named[0].quantity.unit))
    text = f"{listed([item.label for item in named])} in {named_of(one)}: {numbers} = {said}."
    return answer_of(question, text, plain(value), named)


def _bounded(question: str, series: Sequence[Series]) -> DocumentAnswer | None:
    """Whether one number is above or below another: "is the ratio of A above 1"; None where that is not asked."""
    condition = condition_of(question)
    if condition is None or UNCLEAR.search(question) or not WHETHER.match(question):
        return None
    named = named_cell(series, tokens(without_condition(question)))
    if named is None:
        return None
    one, item = named
    holds = HOLDS[condition.comparison](item.quantity.value, condition.value)
    return answer_of(question, f"{'Yes' if holds else 'No'}: {stated(one, item)}.", holds, [item])


def without_condition(question: str, condition: Condition | None = None) -> str:
    """A question without the comparison that it makes, and its number; with its other numbers where it is given."""

    def of_condition(match: re.Match[str]) -> str:
        found = numbers_in(match[0]) if condition is not None else []
        return match[0] if found and found[0].value != (condition and condition.value) else " "

    rest = re.sub(r"[$€£]?\d[\d.,]*\s*(?:%|per ?cent)?", of_condition, question, flags=re.IGNORECASE)
    for words in _CONDITIONS.values():
        rest = re.sub(words, " ", rest, flags=re.IGNORECASE)
    return rest


def _compared(question: str, series: Sequence[Series]) -> DocumentAnswer | None:
    """Whether one thing has more or less than another: "is A faster than B"; None where nothing like it is asked."""
    more, less = _MORE.search(question), _LESS.search(question)
    if WHETHER.match(question) is None or (more is None) == (less is None) or condition_of(question) is not None:
        return None
    if re.search(r"\b(?:not|never)\b|n't\b|\b(?:twice|times)\b", question, re.IGNORECASE):
        return None
    match = more or less
    comparative = match[0].split()[0] if match else ""
    asked = tokens(re.sub(rf"\b{comparative}\b", " ", question))
    pairs: list[tuple[float, Series, Item, Item]] = []
    for one in series:
        named = [item for item in one.items if item.label and likeness(item.label, asked) == 1]
        if len(named) == 2:
            first, second = sorted(named, key=lambda item: position_of(item.label, question.casefold()))
            pairs.append((fit_of(one, asked), one, first, second))
    if not pairs:
        return unanswered(question, "Two things of the table to compare are not named.")
    best = max(fit for fit, *_ in pairs)
    chosen = [pair for pair in pairs if best - pair[0] <= PARAMETERS.tie]
    fits = used(chosen[0][1].name, asked)
    said = {word for item in chosen[0][2:] for word in tokens(item.label)}
    said |= {
        word for noun in re.findall(r"\b(?:more|fewer|less) (\w+) than\b", question, re.I) for word in tokens(noun)
    }
    if not fits and set(asked) - said:
        return unanswered(question, choices_of(series))  # "better for beginners" need not be the only number
    if len({(a.cell, b.cell) for _, _, a, b in chosen}) != 1 or not (fits or len(pairs) == 1):
        return unanswered(question, choices_of(series))
    _, one, first, second = chosen[0]
    if first.quantity.unit != second.quantity.unit:
        return unanswered(question, f"{first.label} and {second.label} have different units.")
    a, b = first.quantity.value, second.quantity.value
    holds = a > b if more else a < b
    text = (
        f"{first.label} {printed(first.quantity)} against {second.label} {printed(second.quantity)} in {named_of(one)}"
    )
    return answer_of(question, f"{'Yes' if holds else 'No'}: {text}.", holds, [first, second])


def _things(question: str, series: Sequence[Series]) -> DocumentAnswer | None:
    """How many things a table is about, by what its first column is called, or where only one of its sides can be them.

    Numbers of one thing are of several kinds: where every row has a unit of its own, the columns are the things.
    """
    match = re.match(
        r"\W*(?:how many|what (?:is|are) the number of) (?:different )?(?P<what>.+?)"
        r"(?: (?:are|is) (?:there|shown|listed|in\b.*|compared|named))?\W*$",
        question,
        re.IGNORECASE,
    )
    asked = tokens(match["what"]) if match else ()
    rows = [one for one in series if one.axis != "column" and len(one.items) > 1]
    columns = [one for one in series if one.axis == "column" and one.items]
    of_kind = [one for one in columns if one.kind and asked and set(tokens(one.kind)) == set(asked)]
    general = len(asked) == 1 and _THINGS.search(match["what"]) is not None if match else False
    mixed_rows, mixed_columns = _differ_in_unit(rows), _differ_in_unit(columns)
    if of_kind or (general and mixed_columns and not mixed_rows):
        lists = of_kind or columns
    elif general and mixed_rows and not mixed_columns:
        lists = rows
    else:
        return None
    longest = max(lists, key=lambda one: len(one.items))
    items = [item for item in longest.items if not item.is_total and item.label]
    return answer_of(question, f"{len(items)}: {listed([item.label for item in items])}.", len(items), items)


def _differ_in_unit(series: Sequence[Series]) -> bool:
    """Whether each series has one unit, and not all the same."""
    units = [{item.quantity.unit for item in one.items} for one in series]
    return all(len(one) == 1 for one in units) and len({unit for one in units for unit in one}) > 1


def fit_of(series: Series, asked: Sequence[str]) -> float:
    """How well a question names a series: its name's words, how many of the question's they are, and what it lists."""
    covered = len(used(series.name, asked))
    lists = bool(covered and series.kind) and likeness(series.kind, asked) > PARAMETERS.same_word
    return (likeness(series.name, asked) + covered / max(len(asked), 1)) / 2 + PARAMETERS.kind_named * lists


def _lookup(question: str, series: Sequence[Series], asked: Sequence[str]) -> DocumentAnswer | None:
    """The number of the one cell that a question names."""
    named = named_cell(series, asked)
    return None if named is None else _single(question, *named)


def named_cell(series: Sequence[Series], asked: Sequence[str]) -> tuple[Series, Item] | None:
    """The one number that words name by its row and its column; None where they name a column without it.

    Where a row has one number its column need not be named, unless words are left that may mean another.
    """
    best: tuple[float, float] = (0.0, 0.0)
    found: list[tuple[Series, Item]] = []

    @functools.cache
    def named_by(name: str) -> tuple[set[int], float]:
        return used(name, asked), likeness(name, asked)

    numbers = Counter(item.cell.row for one in series if one.axis == "column" for item in one.items)
    for one in series:
        if one.axis == "row":
            continue
        name, named = named_by(one.name)
        alone = sum(other.axis == one.axis for other in series) == 1
        for item in one.items:
            label, called = named_by(item.label)
            only = numbers[item.cell.row] == 1 and len(label) == len(asked)
            if not (label or len(one.items) == 1) or not (name or alone or only):
                continue
            covered = len(name | label) / len(asked)
            exact = (called if label else 0.5) + named
            rank = (round(covered, 4), round(exact, 4))
            if rank > best:
                best, found = rank, [(one, item)]
            elif rank == best:
                found.append((one, item))
    cells = {id(item.cell) for _, item in found}  # a metric's number is in a column too
    columns = [one for one in series if one.axis == "column" and one.name and named_by(one.name)[1] == 1]
    inside = {id(item.cell) for one in columns for item in one.items}
    if len(cells) != 1 or best[1] < PARAMETERS.named or (columns and cells.isdisjoint(inside)):
        return None
    return found[0]


def _names_word_of(found: DocumentAnswer, question: str, operation: Operation) -> bool:
    """Whether the cell that a question names has the operation's own word in its name."""
    said = set(tokens(question)) - set(tokens(without_operation(question, operation)))
    return is_named_by(found.answer or "", said, tokens(question))


def _difference(question: str, series: Sequence[Series], asked: Sequence[str]) -> DocumentAnswer:
    """The series in which a question names two items, and those."""
    found: list[tuple[float, Series, list[Item]]] = []
    for one in series:
        named = sorted(
            ((_names(item.label, asked), -n, item) for n, item in enumerate(one.items) if item.label), reverse=True
        )
        strong = [item for share, _, item in named if share >= PARAMETERS.named]
        if len(strong) > 1:
            found.append((named[0][0] + named[1][0] + fit_of(one, asked), one, strong[:2]))
    totals = [one for one in found if one[1].axis == "column" and TOTAL.search(one[1].name)]
    found = totals if len(totals) == 1 and not any(used(one.name, asked) for _, one, _ in found) else found
    best = max(found, key=lambda one: one[0], default=None)
    if best is None or sum(best[0] - score <= PARAMETERS.tie for score, *_ in found) > 1:
        return unanswered(question, "Two things of the table to compare are not named.")
    lower = question.casefold()
    pair = sorted(best[2], key=lambda item: position_of(item.label, lower))
    return _subtracted(question, best[1], pair[0], pair[1])


def _names(label: str, asked: Sequence[str]) -> float:
    """How well a question names an item; "2007" names "FY 2007" as well as its whole label does."""
    years = {word for word in tokens(label) if _YEAR.fullmatch(word)}
    return 1.0 if years and years <= set(asked) else likeness(label, asked)


def position_of(label: str, question: str) -> int:
    """Where a question in small letters names a label; its length where it does not."""
    places = [question.find(word) for word in tokens(label)]
    return min((place for place in places if place >= 0), default=len(question))


def choices_of(series: Sequence[Series]) -> str:
    """The reason that what is meant is not clear, with what there is."""
    names = ", ".join(dict.fromkeys(one.name for one in series if one.name and one.axis != "row"))
    return f"Which numbers are meant is not clear.{f' There are: {names}.' if names else ''}"


# ---------------------------------------------------------------- by a model's query


def _by_query(question: str, series: Sequence[Series], query: Query) -> DocumentAnswer:
    """Compute what a model says is asked; names that are not the table's are refused."""
    asked = tokens(query.measure)
    named = [(likeness(one.name, asked) + len(used(one.name, asked)) / max(len(asked), 1), one) for one in series]
    score, best = max(named, key=lambda pair: pair[0])
    if score < 2 * PARAMETERS.named:
        return unanswered(question, f"The table has no {query.measure!r}. {choices_of(series)}")
    if query.operation not in ("lookup", "difference"):
        return _computed(question, query, best)
    items: list[Item] = []
    for name in query.items:
        shares = [(likeness(item.label, tokens(name)), item) for item in best.items]
        share, item = max(shares, key=lambda pair: pair[0])
        if share < PARAMETERS.named:
            return unanswered(question, f"{best.name} has no {name!r}.")
        items.append(item)
    if query.operation == "lookup" and items:
        return _single(question, best, items[0])
    if query.operation == "difference" and len(items) == 2:
        return _subtracted(question, best, items[0], items[1])
    return unanswered(question, "What to look up is not named.")
