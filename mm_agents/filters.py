"""Filters: read from text, checked, and what they mean.

    media_type = "image" and (width >= 1024 or not tags contains "draft")

A comparison is ``name = value`` (``!=``, ``<``, ``<=``, ``>``, ``>=``), ``name in ["a", "b"]``, ``name contains
"x"`` or ``name exists``. Comparisons are joined by ``and``, ``or``, ``not`` and brackets; ``not`` binds tightest, then
``and``. Values are quoted strings with JSON's escapes, numbers, ``true`` and ``false``. Keywords may be written in
capitals. What a comparison means is said on ``mm_agents.types.Condition``; ``matches`` is that meaning in code.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from mm_agents.errors import FilterError
from mm_agents.protocols import NamingStore
from mm_agents.types import And, Condition, Filter, Not, Operator, Or, Record, Value

if TYPE_CHECKING:
    from mm_agents.protocols import Store

__all__ = ["STANDARD", "Names", "check", "coerce", "conditions", "is_name", "matches", "parse", "predicate"]

MAX_DEPTH = 100
"""How deeply brackets, ``not`` and filter objects may nest."""

MAX_LENGTH = 1_000_000
"""How many characters an expression may have."""

STANDARD = frozenset(
    {
        *("id", "parent", "name", "media_type", "format", "mime", "sha256", "size", "path", "paths"),
        *("width", "height", "duration", "pages", "page", "chunk", "segments", "t0", "t1", "words_read"),
        *("taken", "taken_from", "latitude", "longitude", "place_from"),
        *("objects", "people", "object", "object_score", "x0", "y0", "x1", "y1"),
    }
)
"""What every library can be asked for: what ``Library.add`` keeps of files and of their parts."""

Scalar = str | int | float | bool

_EXAMPLE = """media_type = "image" and not width < 640"""
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_OPERATORS = frozenset({"eq", "ne", "in", "contains", "exists", *_ORDER})
_SYMBOLS: dict[str, Operator] = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_TRUTH = {"true": True, "false": False}
_KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "exists", *_TRUTH})
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half of a pair, not a character
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<symbol>!=|<=|>=|[=<>()\[\],])
      | (?P<end>\Z)
      | (?P<bad>.)
    )""",
    re.VERBOSE | re.DOTALL,
)


def parse(expression: str) -> Filter:
    """Read a filter from text.

    Raises:
        FilterError: it cannot be read; the message points at the place and shows a right example.
    """
    if len(expression) > MAX_LENGTH:
        raise FilterError(f"A filter may have {MAX_LENGTH:,} characters; this one has {len(expression):,}.")
    return _Parser(expression).parse()


def coerce(where: Filter | str | None) -> Filter | None:
    """A checked filter from a filter, its text or nothing.

    Raises:
        FilterError: the text cannot be read, or the object is not a right filter.
    """
    if isinstance(where, str):
        return parse(where)
    if where is not None:
        check(where)
    return where


def check(where: Filter) -> None:
    """Check a filter that was built by hand.

    Raises:
        FilterError: it nests too deeply, or a condition's name, operator or value is not right.
    """
    for condition in conditions(where):
        if not isinstance(cast(object, condition.name), str) or not is_name(condition.name):
            raise FilterError(f"A filter's names are letters, digits, '_' and '.'; got {condition.name!r}.")
        if condition.op not in _OPERATORS:
            raise FilterError(f"No operator is named {condition.op!r}. Known: {', '.join(sorted(_OPERATORS))}.")
        problem = _problem(condition.op, condition.value)
        if problem is not None:
            raise FilterError(f"{condition.op!r} on {condition.name!r} {problem}; got {condition.value!r}.")


def conditions(where: Filter) -> Iterator[Condition]:
    """The conditions of a filter, from left to right.

    Raises:
        FilterError: it nests too deeply, or holds something else than filters.
    """
    todo: list[tuple[Filter, int]] = [(where, 1)]
    while todo:
        node, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise FilterError(f"A filter may nest {MAX_DEPTH} levels deep; this one goes deeper.")
        match node:
            case Condition():
                yield node
            case Not(part):
                todo.append((part, depth + 1))
            case And(parts) | Or(parts):
                todo.extend((part, depth + 1) for part in reversed(parts))
            case _:
                raise FilterError(f"A filter is made of Condition, And, Or and Not; got {node!r}.")


def is_name(text: str) -> bool:
    """Whether a property can have this name."""
    return _NAME.fullmatch(text) is not None


class Names:
    """The properties that a store's records have, or may have, so that a mistyped name is an error. Thread-safe.

    Known are ``STANDARD``, every property that a record or a part of one has, and those of a collection's schema. A
    name that was found once is not looked for again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: set[str] = set()

    def check(self, *names: str) -> None:
        """Check names of properties.

        Raises:
            FilterError: no record has a property of that name; the message lists those that are known.
        """
        unknown = [name for name in dict.fromkeys(names) if not self._knows(name)]
        if unknown:
            self._found |= self._everything()
            unknown = [name for name in unknown if name not in self._found]
        if unknown:
            known = ", ".join(sorted(STANDARD | self._found))
            raise FilterError(f"No record has a property named {unknown[0]!r}. Known: {known}.")

    def _knows(self, name: str) -> bool:
        if name in STANDARD or name in self._found:
            return True
        if isinstance(self._store, NamingStore):
            return False
        having = Condition(name, "exists")
        if next(iter(self._store.iterate(where=having, parts=True)), None) is None:
            return False
        self._found.add(name)
        return True

    def _everything(self) -> set[str]:
        if isinstance(self._store, NamingStore):
            return set(self._store.property_names())
        return {name for record in self._store.iterate(parts=True) for name in record.properties}


def matches(where: Filter, record: Record) -> bool:
    """Whether a filter is true of a record: the reference that every store must agree with."""
    match where:
        case Condition(name):
            return predicate(where)(_value(record, name))
        case And(parts):
            return all(matches(part, record) for part in parts)
        case Or(parts):
            return any(matches(part, record) for part in parts)
        case Not(part):
            return not matches(part, record)


def predicate(condition: Condition) -> Callable[[Value | None], bool]:
    """A condition as a function of the property's value, None where it is absent."""
    wanted = condition.value
    match condition.op:
        case "exists":
            return lambda value: value is not None
        case "eq":
            return lambda value: _equal(value, wanted)
        case "ne":
            return lambda value: not _equal(value, wanted)
        case "in":
            choices = {(_kind(choice), choice) for choice in cast(tuple[Scalar, ...], wanted)}
            return lambda value: (_kind(value), value) in choices
        case "contains":
            piece = cast(str, wanted)
            return lambda value: isinstance(value, str | tuple) and piece in value
        case _:
            compare, kind = _ORDER[condition.op], _kind(wanted)
            return lambda value: _kind(value) is kind and compare(value, wanted)


def _value(record: Record, name: str) -> Value | None:
    if name == "id":
        return record.id
    return record.parent if name == "parent" else record.properties.get(name)


def _equal(value: object, wanted: object) -> bool:
    return value == wanted and _kind(value) is _kind(wanted)


def _kind(value: object) -> type:
    """What a value can be compared with: truth values, numbers, strings and lists keep to themselves."""
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float) else type(value)


def _problem(op: Operator, value: object) -> str | None:
    """What is wrong with the value of a condition."""
    match op:
        case "exists":
            return None if value is None else "takes no value"
        case "in":
            good = isinstance(value, tuple) and all(_is_scalar(choice) for choice in cast(tuple[object, ...], value))
            return None if good else "takes a tuple of strings, finite numbers and truth values"
        case "contains":
            return None if isinstance(value, str) and _is_scalar(value) else "takes a string"
        case "eq" | "ne":
            listed = isinstance(value, tuple) and all(
                isinstance(piece, str) and _is_scalar(piece) for piece in cast(tuple[object, ...], value)
            )
            return None if listed or _is_scalar(value) else "takes a string, a finite number or a truth value"
        case _:
            good = _is_scalar(value) and not isinstance(value, bool)
            return None if good else "takes a finite number or a string"


def _is_scalar(value: object) -> bool:
    """Whether every store can hold the value: proper Unicode, 64-bit integers, finite numbers."""
    if isinstance(value, str):
        return _SURROGATE.search(value) is None
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str | None:
        word = self.text.lower()
        return word if self.kind == "word" and word in _KEYWORDS else None

    @property
    def shown(self) -> str:
        if self.kind == "bad" and self.text in "\"'":
            return "a quote that is not closed"
        return "the end" if self.kind == "end" else repr(self.text)


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[_Token] = []
        for match in _TOKEN.finditer(text):
            kind = str(match.lastgroup)
            self._tokens.append(_Token(kind, match[kind], match.start(kind)))
            if kind == "bad":  # what follows is not read: every open quote in it would be looked for to the end
                self._tokens.append(_Token("end", "", len(text)))
                break
        self._next = 0
        self._depth = 0

    def parse(self) -> Filter:
        where = self._or()
        if self._peek.kind != "end":
            self._fail("'and', 'or' or the end")
        return where

    def _or(self) -> Filter:
        parts = [self._and()]
        while self._take_keyword("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Filter:
        parts = [self._not()]
        while self._take_keyword("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH // 3:  # a bracket may add an Or and an And to the filter's own depth
            self._fail(f"at most {MAX_DEPTH // 3} levels of brackets and 'not'")
        if self._take_keyword("not"):
            where: Filter = Not(self._not())
        elif self._take_symbol("("):
            where = self._or()
            self._need_symbol(")")
        else:
            where = self._condition()
        self._depth -= 1
        return where

    def _condition(self) -> Condition:
        if self._peek.kind != "word" or self._peek.keyword:
            self._fail("the name of a property")
        name = self._take().text
        if self._take_keyword("exists"):
            return Condition(name, "exists")
        if self._take_keyword("in"):
            return Condition(name, "in", self._list())
        if self._take_keyword("contains"):
            return Condition(name, "contains", self._piece())
        if self._peek.text not in _SYMBOLS:
            self._fail("one of = != < <= > >= in contains exists")
        op = _SYMBOLS[self._take().text]
        if op == "eq" and self._peek.text == "=":
            self._fail("a value after one '='")
        if op in _ORDER and (self._peek.keyword or "") in _TRUTH:
            self._fail("a number or a quoted string, which can be ordered")
        return Condition(name, op, self._scalar())

    def _list(self) -> tuple[Scalar, ...]:
        self._need_symbol("[")
        if self._take_symbol("]"):
            return ()
        values = [self._scalar()]
        while self._take_symbol(","):
            values.append(self._scalar())
        self._need_symbol("]")
        return tuple(values)

    def _piece(self) -> Scalar:
        if self._peek.kind != "string":
            self._fail("a quoted string")
        return self._scalar()

    def _scalar(self) -> Scalar:
        token = self._peek
        value: Scalar | None = None
        if token.kind == "string":
            value = _unquote(token.text)
        elif token.kind == "number":
            value = _number(token.text)
        else:
            value = _TRUTH.get(token.keyword or "")
        if value is None or not _is_scalar(value):
            self._fail("a value (a quoted string, a number, true or false)")
        self._take()
        return value

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _take_keyword(self, word: str) -> bool:
        taken = self._peek.keyword == word
        self._next += taken
        return taken

    def _take_symbol(self, symbol: str) -> bool:
        taken = self._peek.kind == "symbol" and self._peek.text == symbol
        self._next += taken
        return taken

    def _need_symbol(self, symbol: str) -> None:
        if not self._take_symbol(symbol):
            self._fail(repr(symbol))

    def _fail(self, expected: str) -> NoReturn:
        token = self._peek
        start = max(0, token.at - 60)
        shown = re.sub(r"\s", " ", self._text[start : token.at + 20])
        raise FilterError(
            f"Cannot read the filter at character {token.at + 1}: expected {expected}, found {token.shown}.\n"
            f"    {shown}\n    {' ' * (token.at - start)}^\nAn example: {_EXAMPLE}"
        )


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:  # a fraction, an exponent, or past Python's limit of digits
        return float(text)


def _unquote(text: str) -> str | None:
    """The string between quotes; None when an escape is not one of JSON's."""
    swap = {"\\'": "'", '"': '\\"'}
    body = re.sub(r'\\.|"', lambda escape: swap.get(escape[0], escape[0]), text[1:-1], flags=re.DOTALL)
    try:
        return json.loads(f'"{body}"', strict=False)
    except json.JSONDecodeError:
        return None
