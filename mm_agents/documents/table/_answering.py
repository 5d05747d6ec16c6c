"""Questions about a table: rules or a model say what is asked, code finds the cells and computes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_agents.chat import fenced
from mm_agents.documents.answers import Answered
from mm_agents.documents.table import _computing as computing
from mm_agents.documents.table._asking import (
    Operation,
    Query,
    condition_of,
    is_ascending,
    likeness,
    operation_of,
    tokens,
    used,
    without_operation,
)
from mm_agents.documents.table._series import Item, Series, all_series

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.documents.table._table import Table

_NAMED = 0.6
"""The share of a name's words that a question must have to mean it."""

_PLACE = re.compile(
    r"\b(?:second|third|fourth|fifth|2nd|3rd|4th|5th)[- ](?:\w+est|worst|most|least|"
    r"from (?:the )?(?:top|bottom))\b",
    re.IGNORECASE,
)
_LONGEST_TABLE = 6000  # characters of a table that a model is shown
_PROMPT = (
    "Say which operation answers the question about the table. Name columns, rows and metrics exactly as the table "
    "does. Do not compute, and do not answer it."
)


def answer(table: Table, question: str, *, model: ChatModel | None = None) -> Answered:
    """Answer a question about a table; ``answer`` is None where it cannot be told, and ``reason`` says why."""
    series = all_series(table)
    if not series:
        return _untold(question, "The table has no numbers." if table.cells else "There is no table.")
    if model is not None:
        shown = fenced(table.to_markdown()[:_LONGEST_TABLE], what="The table")
        prompt = "\n\n".join([_PROMPT, shown, fenced(question, what="The question")])
        return _by_query(question, series, model.structure(Query, prompt).value)
    return _by_rules(question, series)


# ---------------------------------------------------------------- by rules


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """A series and how well a question names it, and the items that it names."""

    series: Series
    score: float
    items: tuple[Item, ...]


def _by_rules(question: str, series: Sequence[Series]) -> Answered:
    operation = operation_of(question)
    if operation in ("highest", "lowest") and (place := _PLACE.search(question)):
        return _untold(question, f"“{place[0]}” is not computed, only the highest and the lowest.")
    whole = tokens(question)
    if operation in ("sum", "mean", "highest", "lowest"):
        # "the total of 2006" may be a column named so, and "Max" a row.
        found = _lookup(question, series, whole)
        if found is not None and _names_word_of(found, question, operation):
            return found
    if operation == "lookup":
        return _lookup(question, series, whole) or _untold(question, _which(series))
    asked = tokens(without_operation(question, operation))
    fits = sorted((_fit(one, asked) for one in series), key=lambda fit: -fit.score)
    if operation == "difference":
        return _difference(question, series, asked)
    best = fits[0]
    if best.score < 0.3 and len({fit.series.axis for fit in fits}) > 0:
        columns = [one for one in series if one.axis != "row"]
        if len(columns) != 1:
            return _untold(question, _which(series))
        best = _Fit(series=columns[0], score=0.0, items=())
    if operation == "count":
        condition = condition_of(question)
        return computing.count(question, best.series, condition) if condition else _untold(question, _which(series))
    return _computed(question, Query(operation=operation, measure="", ascending=is_ascending(question)), best.series)


def _fit(series: Series, asked: Sequence[str]) -> _Fit:
    """How well a question names a series: its name's words, and how many of the question's they are."""
    covered = used(series.name, asked)
    share = likeness(series.name, asked)
    kind = 0.2 if series.kind and likeness(series.kind, asked) > 0.8 else 0.0
    score = share * 0.5 + len(covered) / max(len(asked), 1) * 0.5 + kind * bool(covered)
    return _Fit(series=series, score=score + (0.01 if series.axis != "row" else 0.0), items=())


def _lookup(question: str, series: Sequence[Series], asked: Sequence[str]) -> Answered | None:
    """The one cell that a question names by its row and its column."""
    best: tuple[float, float] = (0.0, 0.0)
    found: list[tuple[Series, Item]] = []
    labels: dict[str, tuple[set[int], float]] = {}
    numbers = Counter(item.cell.row for one in series if one.axis == "column" for item in one.items)
    for one in series:
        if one.axis == "row":
            continue
        name, named = used(one.name, asked), likeness(one.name, asked)
        alone = sum(other.axis == one.axis for other in series) == 1
        for item in one.items:
            label, called = _label(item.label, asked, labels)
            if not (label or len(one.items) == 1) or not (name or alone or numbers[item.cell.row] == 1):
                continue
            covered = len(name | label) / len(asked)
            exact = (called if label else 0.5) + named
            rank = (round(covered, 4), round(exact, 4))
            if rank > best:
                best, found = rank, [(one, item)]
            elif rank == best:
                found.append((one, item))
    if len(found) != 1 or best[1] < _NAMED:
        return None
    return computing.single(question, *found[0])


def _label(label: str, asked: Sequence[str], known: dict[str, tuple[set[int], float]]) -> tuple[set[int], float]:
    """Which words of a question a label has, and how well they name it."""
    if label not in known:
        known[label] = used(label, asked), likeness(label, asked)
    return known[label]


def _names_word_of(found: Answered, question: str, operation: Operation) -> bool:
    """Whether the cell that a question names has the operation's own word in its name."""
    said = set(tokens(question)) - set(tokens(without_operation(question, operation)))
    return bool(said & set(tokens(found.answer or "")))


def _difference(question: str, series: Sequence[Series], asked: Sequence[str]) -> Answered:
    """The series in which a question names two items, and those."""
    best: tuple[float, Series, list[Item]] | None = None
    for one in series:
        named = sorted(
            ((likeness(item.label, asked), -n, item) for n, item in enumerate(one.items) if item.label), reverse=True
        )
        strong = [item for share, _, item in named if share >= _NAMED]
        if len(strong) < 2:
            continue
        score = named[0][0] + named[1][0] + _fit(one, asked).score
        if best is None or score > best[0] + 1e-9:
            best = (score, one, strong[:2])
    if best is None:
        return _untold(question, "Two things of the table to compare are not named.")
    lower = question.casefold()
    pair = sorted(best[2], key=lambda item: _position(item.label, lower))
    return computing.difference(question, best[1], pair[0], pair[1])


def _position(label: str, question: str) -> int:
    places = [question.find(word) for word in tokens(label)]
    return min((place for place in places if place >= 0), default=len(question))


def _which(series: Sequence[Series]) -> str:
    names = ", ".join(dict.fromkeys(one.name for one in series if one.name and one.axis != "row"))
    return f"Which numbers are meant is not clear. There are: {names}."


# ---------------------------------------------------------------- by a model's query


def _by_query(question: str, series: Sequence[Series], query: Query) -> Answered:
    """Compute what a model says is asked; names that are not the table's are refused."""
    asked = tokens(query.measure)
    named = [(likeness(one.name, asked) + len(used(one.name, asked)) / max(len(asked), 1), one) for one in series]
    score, best = max(named, key=lambda pair: pair[0])
    if score < 2 * _NAMED:
        return _untold(question, f"The table has no {query.measure!r}. {_which(series)}")
    if query.operation not in ("lookup", "difference"):
        return _computed(question, query, best)
    items: list[Item] = []
    for name in query.items:
        shares = [(likeness(item.label, tokens(name)), item) for item in best.items]
        share, item = max(shares, key=lambda pair: pair[0])
        if share < _NAMED:
            return _untold(question, f"{best.name} has no {name!r}.")
        items.append(item)
    if query.operation == "lookup" and items:
        return computing.single(question, best, items[0])
    if query.operation == "difference" and len(items) == 2:
        return computing.difference(question, best, items[0], items[1])
    return _untold(question, "What to look up is not named.")


def _computed(question: str, query: Query, series: Series) -> Answered:
    if query.operation in ("highest", "lowest"):
        return computing.extreme(question, series, highest=query.operation == "highest")
    if query.operation == "mean":
        return computing.mean(question, series)
    if query.operation == "sum":
        return computing.total(question, series)
    if query.operation == "count":
        if query.condition is None:
            return _untold(question, "Which numbers to count is not said.")
        return computing.count(question, series, query.condition)
    return computing.ordered(question, series, ascending=query.ascending)


def _untold(question: str, reason: str) -> Answered:
    return Answered(question=question, reason=reason)
