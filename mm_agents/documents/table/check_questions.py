"""Questions whether something holds of a table's numbers, or about a comparison that is a row's own name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from mm_agents._text import content_words, listed
from mm_agents.documents.table.data import Cell, Quantity, TableData, quantity_of
from mm_agents.documents.table.parameters import PARAMETERS
from mm_agents.documents.table.questions import (
    SHARES,
    UNCLEAR,
    WHETHER,
    Comparison,
    Condition,
    answer_of,
    comparable,
    condition_of,
    counted,
    measure_of,
    named_cell,
    named_of,
    position_of,
    printed,
    stated,
    unanswered,
    without_condition,
)
from mm_agents.documents.table.series import WORDS, Item, Series, all_series, likeness, tokens, used
from mm_agents.types import DocumentAnswer

_EACH = re.compile(r"\b(?P<which>every|each|all|any|none|no)\b", re.IGNORECASE)
_UNIT = re.compile(r"\d\s*(?P<unit>%|per ?cent\b|pp\b|(?:percentage )?points?\b)", re.IGNORECASE)
_UP, _DOWN = (re.compile(WORDS["words"][name], re.IGNORECASE) for name in ("went_up", "went_down"))
_ONE_OF_TWO = re.compile(
    r"^\W*(?:is|are|was|were|do|does|did|has|have|had)\b.*\b(?P<how>more|higher|larger|greater|fewer|less|lower|smaller)"
    r"\b(?!.*\bthan\b).*?\b(?P<one>[\w-]+),? or (?P<other>[\w-]+)\W*$",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\d\s?\(\s?(\d+(?:[.,]\d+)?)\s?%\s?\)$")
_TOTAL_OF = re.compile(
    r"total: ?(?P<total>\d+(?:[.,]\d+)?) ?%(?!\S)|[^\d()]+\((?P<alone>\d+(?:[.,]\d+)?) ?%\)$", re.IGNORECASE
)
_SIGNS: dict[str, Comparison] = {"≥": "at least", ">": "more", "≤": "at most", "<": "less"}
_NAMED_SIGN = re.compile(r"(?P<sign>[≥>≤<]=?)\s?(?P<number>\d[\d.,]*)|(?P<open>\d[\d.,]*) ?\+")
_AGAIN = re.compile(
    r"\W*(?:how (?P<how>\w+)|what|what (?:value|number|figure|share|percentage)|from what to what)"
    r"(?: (?:is|are|was|were|does|do|did))?(?: (?:it|that|they|its value|the most \w+))?(?: have| had)?\W*$",
    re.IGNORECASE,
)
_UNIT_WORD = re.compile(r"\d ?([^\W\d_]+)", re.IGNORECASE)
_UPWARD: Sequence[Comparison] = ("more", "at least")


def answer(table: TableData, question: str) -> DocumentAnswer | None:
    """Whether what a question says holds of a table's numbers; None where it asks something else."""
    series = all_series(table)
    if not series or re.search(r"\b(?:not|never)\b|n['’]t\b", question, re.IGNORECASE):
        return None
    condition = condition_of(question)
    if condition is not None:
        return _in_a_name(question, series, condition) or _of_each(table, question, series, condition)
    return _went(question, series) or _one_of_two(question, series)


def asks_again(part: str, before: DocumentAnswer) -> bool:
    """Whether a part of a question asks for the number that the answer to the part before it says.

    "The most common sign, and how common was it": an adjective is the one that the part before has.
    """
    match = _AGAIN.match(part)
    if match is None or before.answer is None or before.doubt or re.search(r"\d", before.answer) is None:
        return False
    how = (match["how"] or "").casefold()
    return not how or how in ("much", "many", "high", "large") or how in before.question.casefold().split()


def for_shares(table: TableData, question: str) -> TableData:
    """A table whose cells of a number and its share, such as "32 (8.1%)", are the shares where a question asks so."""
    if SHARES.search(question) is None:
        return table
    return replace(table, cells=tuple(_share_of(cell) for cell in table.cells))


def _share_of(cell: Cell) -> Cell:
    share = _IN_BRACKETS.search(cell.text) if cell.quantity is not None else None
    if share is None:
        return cell
    return replace(cell, quantity=Quantity(value=Decimal(share[1].replace(",", ".")), unit="%"))


def with_totals(table: TableData) -> TableData:
    """A table whose cells of a total and what it is made of, or of one name with its percents, are those percents.

    So for the columns that have nothing else beside percents: "Total: 47% (Rye, Oats)", "Barley (1.3%)".
    """
    told: dict[tuple[int, int], Cell] = {}
    for column in range(table.shape[1]):
        body = [cell for cell in table.cells if cell.column == column and cell.row >= table.header_rows]
        texts = [(cell, _TOTAL_OF.match(cell.text)) for cell in body if cell.quantity is None and cell.text.strip()]
        units = {cell.quantity.unit for cell in body if cell.quantity is not None}
        if units != {"%"} or any(match is None for _, match in texts):
            continue
        for cell, match in texts:
            value = quantity_of(f"{match['total'] or match['alone']}%") if match is not None else None
            told[cell.row, cell.column] = replace(cell, quantity=value)
    return (
        replace(table, cells=tuple(told.get((cell.row, cell.column), cell) for cell in table.cells)) if told else table
    )


def _in_a_name(question: str, series: Sequence[Series], condition: Condition) -> DocumentAnswer | None:
    """The number of a row or column that a question's comparison names: "≥ 100 g" of "100 g or more".

    None where no name has the comparison.
    """

    def has(name: str) -> bool:
        return any(
            number.value == condition.value
            and (_SIGNS[(sign["sign"] or "≥")[0]] in _UPWARD) == (condition.comparison in _UPWARD)
            for sign in _NAMED_SIGN.finditer(name)
            if (number := quantity_of((sign["number"] or sign["open"]).rstrip(".,"))) is not None
        )

    names = {item.label for one in series for item in one.items if item.label}
    if condition.comparison == "equal" or not any(map(has, names)):
        unit = _UNIT_WORD.search(question)
        of_names = " ".join(name for name in names if _NAMED_SIGN.search(name))
        reason = f"The table has no “{condition.comparison} {condition.value:f}”."
        return unanswered(question, reason) if unit is not None and used(of_names, tokens(unit[1])) else None
    columns = [one for one in series if one.axis != "row"]
    kept = [
        one if has(one.name) else replace(one, items=tuple(filter(lambda item: has(item.label), one.items)))
        for one in columns
    ]
    named = named_cell(kept, tokens(question))
    if named is None:
        of_two = _one_of_two(question, [one for one in series if one.axis == "row" and has(one.name)])
        return of_two or unanswered(
            question, f"Which number of “{condition.comparison} {condition.value:f}” is meant is not clear."
        )
    return answer_of(question, f"{stated(*named)}.", f"{named[1].quantity.value:f}", [named[1]])


def _of_each(table: TableData, question: str, series: Sequence[Series], condition: Condition) -> DocumentAnswer | None:
    """Whether all, any or none of the numbers of a column meet a condition, with those that are otherwise."""
    each = _EACH.search(question)
    if each is None or WHETHER.match(question) is None or UNCLEAR.search(question):
        return None
    asked = tokens(without_condition(question))
    best = measure_of(series, asked)
    columns = sum(one.axis != "row" for one in series)
    if best is None or not (used(best.name, asked) or columns == 1):
        return None
    body = " ".join(cell.text for cell in table.cells if cell.row >= table.header_rows and cell.quantity is None)
    heads = " ".join([best.name, best.kind, *(table.header(column) for column in range(table.shape[1]))])
    if content_words(without_condition(question)) & (content_words(body) - content_words(heads)):
        return None  # it is about some of the rows
    items, out = comparable(best)
    unit = _UNIT.search(question)
    if unit is not None and (items[0].quantity.unit or "") != _unit_of(unit["unit"]):
        return unanswered(question, f"The numbers of {named_of(best)} are of another unit.")
    text, holds = counted(best, items, condition)
    others = [item for item in items if item not in holds]
    of_all = each["which"].casefold() in ("every", "each", "all")
    yes = not others if of_all else bool(holds) == (each["which"].casefold() == "any")
    named = others if of_all else holds
    names = listed([f"{item.label} {printed(item.quantity)}" for item in named])
    behind = f"{', and not ' if of_all else ': '}{names}" if named else ""
    left_out = f" Left out: {listed(out)}." if out else ""
    return answer_of(question, f"{'Yes' if yes else 'No'}: {text}{behind}.{left_out}", yes, named or items)


def _unit_of(word: str) -> str:
    return "%" if word == "%" or word.casefold().endswith("cent") else "pp"


def _went(question: str, series: Sequence[Series]) -> DocumentAnswer | None:
    """Whether a number went up or down between two others: "did sales fall from 2019 to 2020", "… after the move"."""
    up, down = _UP.search(question), _DOWN.search(question)
    if WHETHER.match(question) is None or (up is None) == (down is None):
        return None
    asked = tokens(question)
    found = [(one, pair) for one in _named(series, asked) if (pair := _two_of(one, question, asked)) is not None]
    if not found:
        return None
    row, pair = found[0]
    first, second = pair
    a, b = first.quantity, second.quantity
    if a.unit != b.unit:
        return None
    holds = b.value > a.value if up else b.value < a.value
    text = f"{printed(a)} ({first.label}), then {printed(b)} ({second.label}) in {named_of(row).rstrip('.')}"
    return answer_of(question, f"{'Yes' if holds else 'No'}: {text}.", holds, pair)


def _two_of(row: Series, question: str, asked: Sequence[str]) -> list[Item] | None:
    """The two numbers of a row that a question names in their order; where it says "after", those before and after."""
    named = [item for item in row.items if not item.is_total and likeness(item.label, asked) >= PARAMETERS.named]
    if len(named) == 2:
        return sorted(named, key=lambda item: position_of(item.label, question.casefold()))
    items = [item for item in row.items if not item.is_total]
    times = [[item for item in items if time in tokens(item.label)] for time in ("before", "after")]
    if {"before", "after"}.isdisjoint(asked) or len(items) != 2 or any(len(one) != 1 for one in times):
        return None
    return [item for one in times for item in one]


def _one_of_two(question: str, series: Sequence[Series]) -> DocumentAnswer | None:
    """Which of two columns a row has more in: "were there more members before or after?"."""
    match = _ONE_OF_TWO.match(question)
    if match is None:
        return None
    ends = [tokens(match["one"]), tokens(match["other"])]
    row = next(_named(series, tokens(question[: match.start("one")])), None)
    if row is None or row.axis == "column" or not all(ends):
        return None
    pair = [[item for item in row.items if set(end) <= set(tokens(item.label))] for end in ends]
    if any(len(items) != 1 for items in pair) or pair[0] == pair[1]:
        return None
    (first,), (second,) = pair
    if first.quantity.unit != second.quantity.unit:
        return None
    less = match["how"].casefold() in ("fewer", "less", "lower", "smaller")
    order = sorted([first, second], key=lambda item: item.quantity.value, reverse=not less)
    told = [f"{item.label} {printed(item.quantity)}" for item in order]
    if first.quantity.value == second.quantity.value:
        return answer_of(question, f"The same in {named_of(row)}: {' and '.join(told)}.", None, order)
    return answer_of(question, f"{told[0]} against {told[1]} in {named_of(row)}.", order[0].label, order)


def _named(series: Sequence[Series], asked: Sequence[str]) -> Iterator[Series]:
    """The one row that a question names best, all of whose numbers it says, and the one column."""
    for axis in (("row", "metric"), ("column",)):
        ranked = sorted(
            (
                (len(used(one.name, asked)), likeness(one.name, asked), n)
                for n, one in enumerate(series)
                if one.axis in axis and {word for word in tokens(one.name) if word[0].isdigit()} <= set(asked)
            ),
            reverse=True,
        )
        alike = len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]
        if ranked and not alike and ranked[0][1] >= PARAMETERS.named:
            yield series[ranked[0][2]]
