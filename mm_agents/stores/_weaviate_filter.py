"""Filters over a Weaviate collection of ours, as the server takes them; and the form of text that makes them exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weaviate.classes.query import Filter as ServerFilter

from mm_agents.errors import FilterError
from mm_agents.types import And, Condition, Filter, Not, Or

_OWN_COLUMNS = {"id": {"text": "uid"}, "parent": {"text": "parent"}}
_MARK = "\x01"
_WILD, _TAME = "*?\\\n", "\ue02a\ue03f\ue05c\ue00a"
_SWAP = str.maketrans(_WILD + _TAME, _TAME + _WILD)


def pack_text(value: str) -> str:
    """Text as it is kept.

    The server trims it, takes "" for absent, and cannot search for its own wildcards: a mark, which sorts before all
    else, keeps the ends; wildcards and line ends change places with private characters.
    """
    before = _MARK if value != value.lstrip() or value[:1] in ("", _MARK) else ""
    after = _MARK if value != value.rstrip() or value[-1:] == _MARK else ""
    return before + value.translate(_SWAP) + after


def unpack_text(value: str) -> str:
    """The text that ``pack_text`` was given."""
    return value.removeprefix(_MARK).removesuffix(_MARK).translate(_SWAP)


def compile(where: Filter, columns: Mapping[str, Mapping[str, str]]) -> Any:
    """The server's form of a filter.

    Args:
        where: the filter.
        columns: the server properties of each record property, by kind.

    Raises:
        FilterError: it compares whole lists, which Weaviate cannot.
    """

    def test(condition: Condition) -> Any:
        kinds = _OWN_COLUMNS.get(condition.name) or columns.get(condition.name, {})
        tests = [
            test for kind, column in kinds.items() for test in _compare(column, kind, condition.op, condition.value)
        ]
        found = ServerFilter.any_of(tests) if tests else _nothing()
        return ServerFilter.not_(found) if condition.op == "ne" else found

    return join(where, test, _nothing)


def both(one: Any, other: Any) -> Any:
    """The server's filter for what both are true of, either of which may be None."""
    given = [part for part in (one, other) if part is not None]
    return ServerFilter.all_of(given) if given else None


def join(where: Filter, test: Callable[[Condition], Any], nothing: Callable[[], Any]) -> Any:
    """The server's form of a filter by that of its conditions."""
    match where:
        case And(parts):
            joined = [join(part, test, nothing) for part in parts]
            return ServerFilter.all_of(joined) if joined else ServerFilter.not_(nothing())
        case Or(parts):
            joined = [join(part, test, nothing) for part in parts]
            return ServerFilter.any_of(joined) if joined else nothing()
        case Not(part):
            return ServerFilter.not_(join(part, test, nothing))
        case Condition():
            return test(where)


def ordered(by: Any, op: str, value: Any) -> Any:
    """A comparison by order."""
    return {"lt": by.less_than, "le": by.less_or_equal, "gt": by.greater_than, "ge": by.greater_or_equal}[op](value)


def whole_number(op: str, value: float) -> tuple[str, int]:
    """A comparison of whole numbers with any number: among them, x < 2.5 is x <= 2."""
    if value != math.floor(value):
        op = "le" if op in ("lt", "le") else "ge"
    return op, math.floor(value) if op in ("lt", "le") else math.ceil(value)


def fits(kind: str, values: Sequence[Any]) -> list[Any]:
    """The values that can be equal to one of a kind, as the server takes them."""
    if kind in ("int", "number"):
        numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
        return numbers if kind == "number" else [int(one) for one in numbers if one == int(one)]
    if kind == "bool":
        return [one for one in values if isinstance(one, bool)]
    return [one for one in values if isinstance(one, str)] if kind == "text" else []


def _compare(column: str, kind: str, op: str, value: Any) -> list[Any]:
    """The tests, any of which makes a condition true for a column of this kind ("ne" is built from "eq")."""
    by = ServerFilter.by_property(column)
    if op == "exists":
        return [by.is_none(False)]
    if op == "contains":
        return _contains(by, kind, value)
    if isinstance(value, tuple) and op != "in":
        raise FilterError(f"Weaviate cannot compare whole lists by {op!r}; got {value!r}. Use contains.")
    values: Sequence[Any] = value if op == "in" else (value,)
    if op in ("eq", "ne", "in"):
        found = fits(kind, values)
        return [by.contains_any([pack_text(one) if kind == "text" else one for one in found])] if found else []
    if kind == "int":
        return [ordered(by, *whole_number(op, one)) for one in fits("number", values)]
    return [ordered(by, op, pack_text(one) if kind == "text" else one) for one in fits(kind, values)]


def _contains(by: Any, kind: str, value: Any) -> list[Any]:
    if kind == "list" and isinstance(value, str):
        return [by.contains_any([pack_text(value)])]
    if kind != "text" or not isinstance(value, str):
        return []
    if any(char in value for char in _TAME):
        raise FilterError(f"Weaviate cannot look for the private characters U+E02A … U+E05C in a text; got {value!r}.")
    return [by.like(f"*{value.translate(_SWAP)}*")]


def _nothing() -> Any:
    return ServerFilter.by_property("uid").is_none(True)
