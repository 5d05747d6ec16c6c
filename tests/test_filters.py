"""Filters: the grammar, its errors, and what each operator means."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_agents.errors import ConfigError, FilterError
from mm_agents.filters import MAX_DEPTH, check, coerce, matches, parse
from mm_agents.types import And, Condition, Filter, Not, Or, Record, Value

ID = str(UUID(int=1))


def record(**properties: Value) -> Record:
    return Record(id=ID, properties=properties)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('name = "a.png"', Condition("name", "eq", "a.png")),
        ("name = 'it\\'s \"here\"'", Condition("name", "eq", 'it\'s "here"')),
        (r'name = "tab\t \u00e9 \ud83d\ude00 \\ \/"', Condition("name", "eq", "tab\t é 😀 \\ /")),
        ('name = ""', Condition("name", "eq", "")),
        ("page != 3", Condition("page", "ne", 3)),
        ("t0 < -1.5", Condition("t0", "lt", -1.5)),
        ("t0<=.5", Condition("t0", "le", 0.5)),
        ("t0 > 1e3", Condition("t0", "gt", 1000.0)),
        ("t0>=+2", Condition("t0", "ge", 2)),
        ("seen = TRUE", Condition("seen", "eq", True)),
        ('kind IN ["a", 1, false]', Condition("kind", "in", ("a", 1, False))),
        ("kind in []", Condition("kind", "in", ())),
        ('tags contains "x"', Condition("tags", "contains", "x")),
        ("exif.make EXISTS", Condition("exif.make", "exists")),
        ("android = 1", Condition("android", "eq", 1)),
        ("  (( a=1 ))\n", Condition("a", "eq", 1)),
    ],
)
def test_conditions_are_read(text: str, condition: Condition) -> None:
    assert parse(text) == condition
    assert repr(parse(text)) == repr(condition)  # also 1 and 1.0 and True are told apart


def test_not_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    a, b, c = (Condition(name, "exists") for name in "abc")
    assert parse("a exists or b exists and not c exists") == Or((a, And((b, Not(c)))))
    assert parse("not a exists and b exists or c exists") == Or((And((Not(a), b)), c))
    assert parse("not (a exists or b exists) AND c exists") == And((Not(Or((a, b))), c))
    assert parse("a exists and b exists and c exists") == And((a, b, c))


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("", 1, "expected the name of a property, found the end"),
        ("page", 5, "expected one of = != < <= > >= in contains exists, found the end"),
        ("page = photo", 8, "expected a value .*, found 'photo'"),
        ("page == 1", 7, "expected a value after one '=', found '='"),
        ('page = "x', 8, "found a quote that is not closed"),
        ("seen < true", 8, "expected a number or a quoted string, which can be ordered"),
        ("page in [1", 11, r"expected '\]', found the end"),
        ("page in 1", 9, r"expected '\[', found '1'"),
        ("page in [1 2]", 12, r"expected '\]', found '2'"),
        ("(page = 1", 10, r"expected '\)', found the end"),
        ("page = 1 name = 2", 10, "expected 'and', 'or' or the end, found 'name'"),
        ("page = 1 and", 13, "expected the name of a property, found the end"),
        ("tags contains 3", 15, "expected a quoted string, found '3'"),
        (r'name = "\ud800"', 8, "expected a value"),
        (r'name = "\x"', 8, "expected a value"),
        ("page = 1e999", 8, "expected a value"),
        ("page = 99999999999999999999", 8, "expected a value"),
        ("or = 1", 1, "expected the name of a property, found 'or'"),
        ("ü = 1", 1, "found 'ü'"),
        ("page = 1; drop table record", 9, "found ';'"),
        ("(" * 1000, MAX_DEPTH // 3 + 1, "levels of brackets"),
        ("not " * 100_000, 4 * (MAX_DEPTH // 3) + 1, "levels of brackets"),
    ],
)
def test_an_error_points_at_the_place_and_shows_a_right_example(text: str, at: int, words: str) -> None:
    with pytest.raises(FilterError, match=rf"at character {at}: .*{words}") as caught:
        parse(text)
    example = str(caught.value).partition("An example: ")[2]
    assert parse(example)
    *_, shown, caret, _ = str(caught.value).splitlines()
    assert caret.strip() == "^"
    assert shown[caret.index("^") :].startswith(text[at - 1 : at])


def test_a_long_expression_is_read_quickly_and_a_huge_one_refused() -> None:
    many = " or ".join(f"page = {n}" for n in range(20_000))
    assert len(parse(many).parts) == 20_000  # type: ignore[union-attr]
    for quotes in ('"\\' * 200_000, "page = '" + '"\\' * 200_000):
        with pytest.raises(FilterError, match="a quote that is not closed"):
            parse(quotes)
    with pytest.raises(FilterError, match="1,000,000 characters"):
        parse("a" * 1_000_001)


PAGE = {"page": 1, "t0": 1.5, "name": "b", "seen": True, "tags": ("x", "yes"), "none": ()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("page = 1", True),
        ("page = 1.0", True),
        ("page = true", False),
        ("seen = 1", False),
        ("seen = true", True),
        ('page = "1"', False),
        ('page != "1"', True),
        ("nothing = 1", False),
        ("nothing != 1", True),
        ("not nothing = 1", True),
        ("not nothing < 1", True),
        ("nothing < 1", False),
        ("nothing >= 1", False),
        ("page < 2", True),
        ("page <= 0.5", False),
        ("t0 > 1", True),
        ("seen > 0", False),
        ("name > 0", False),
        ('name > "a"', True),
        ('name > "B"', True),
        ('page >= ""', False),
        ('tags >= "a"', False),
        ('page in ["1", true]', False),
        ("page in [2, 1.0]", True),
        ("seen in [1]", False),
        ("page in []", False),
        ('name in ["a", "b"]', True),
        ('tags in ["x"]', False),
        ('tags = "x"', False),
        ('tags contains "x"', True),
        ('tags contains "ye"', False),
        ('none contains "x"', False),
        ("none exists", True),
        ("nothing exists", False),
        ('name contains "b"', True),
        ('name contains "B"', False),
        ('name contains ""', True),
        ('page contains "1"', False),
        (f'id = "{ID}"', True),
        ("parent exists", False),
        (f'parent = "{ID}"', False),
    ],
)
def test_the_meaning_is_two_valued_and_typed(text: str, expected: bool) -> None:
    assert matches(parse(text), record(**PAGE)) is expected


def test_parts_know_their_parent_and_lists_are_equal_whole() -> None:
    part = Record(id=ID, parent=str(UUID(int=2)), properties={"id": "other"})
    assert matches(Condition("parent", "eq", str(UUID(int=2))), part)
    assert matches(Condition("id", "eq", ID), part)
    assert matches(Condition("tags", "eq", ("x", "yes")), record(**PAGE))
    assert matches(And(()), part)
    assert not matches(Or(()), part)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Condition("a", "like", 1), "No operator is named 'like'. Known: contains, eq"),  # type: ignore[arg-type]
        (Condition("a", "in", "x"), "'in' on 'a' takes a tuple"),
        (Condition("a", "in", ["x"]), "'in' on 'a' takes a tuple"),  # type: ignore[arg-type]
        (Condition("a", "in", (None,)), "'in' on 'a' takes a tuple"),  # type: ignore[arg-type]
        (Condition("a", "eq"), "takes a string, a finite number or a truth value; got None"),
        (Condition("a", "eq", float("nan")), "finite"),
        (Condition("a", "eq", 2**63), "finite"),
        (Condition("a", "eq", "\ud800"), "takes a string"),
        (Condition("a", "lt", True), "takes a finite number or a string"),
        (Condition("a", "lt", ("x",)), "takes a finite number or a string"),
        (Condition("a", "contains", 5), "'contains' on 'a' takes a string; got 5"),
        (Condition("a", "exists", True), "'exists' on 'a' takes no value"),
        (Condition('a"; --', "eq", 1), "names are letters"),
        (Condition(3, "eq", 1), "names are letters"),  # type: ignore[arg-type]
        (Not("a = 1"), "made of Condition, And, Or and Not; got 'a = 1'"),  # type: ignore[arg-type]
        ({"a": 1}, "made of Condition, And, Or and Not"),
    ],
)
def test_filters_built_by_hand_are_checked(where: Any, words: str) -> None:
    with pytest.raises(FilterError, match=words) as caught:
        coerce(where)
    assert isinstance(caught.value, ConfigError | ValueError)


def test_a_filter_that_nests_without_end_is_refused() -> None:
    where: Filter = Condition("a", "exists")
    for _ in range(100_000):
        where = Not(where)
    with pytest.raises(FilterError, match="100 levels"):
        check(where)


def test_coerce_takes_text_filters_and_nothing() -> None:
    assert coerce(None) is None
    assert coerce("a = 1") == Condition("a", "eq", 1)
    assert coerce(Condition("a", "eq", 1)) == Condition("a", "eq", 1)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_filter_error(text: str) -> None:
    try:
        found = parse(text)
    except FilterError:
        found = None
    assert coerce(found) is found


@given(st.text().filter(lambda text: text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)))
def test_every_string_can_be_written(text: str) -> None:
    assert parse(f"name = {json.dumps(text)}") == Condition("name", "eq", text)
    single = json.dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    assert parse(f"name = '{single}'") == Condition("name", "eq", text)
