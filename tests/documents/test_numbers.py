from __future__ import annotations

import timeit
from decimal import Decimal
from time import process_time

import pytest

from mm_agents.documents.numbers import decimal_mark, numbers_in, parse_number, plain_money, plain_quantity, quantity_in


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1,234.50", "1234.50", None),
        ("1.234,50", "1234.50", None),
        ("1 234,50", "1234.50", None),
        ("1\u00a0234,50 €", "1234.50", "EUR"),
        ("1'234.50 CHF", "1234.50", "CHF"),
        ("$154.06", "154.06", "USD"),
        ("RM 85.54", "85.54", "MYR"),
        ("(5.00)", "-5.00", None),
        ("12,50-", "-12.50", None),
        ("-562,27 €", "-562.27", "EUR"),
        ("9,9000", "9.9000", None),
        ("0.025 €", "0.025", "EUR"),
    ],
)
def test_amounts_are_read_in_every_format(text: str, value: str, currency: str | None) -> None:
    (number,) = numbers_in(text)
    assert (number.value, number.currency, number.percent) == (Decimal(value), currency, False)
    assert text[number.start : number.end].strip() == text


def test_a_percent_is_told_from_an_amount() -> None:
    percent, base = numbers_in("Tax 15% on $ 112.90")
    assert percent.percent
    assert percent.value == 15
    assert not percent.is_money
    assert base.is_money
    assert base.value == Decimal("112.90")


@pytest.mark.parametrize("text", ["2312/2019", "US-001", "11/02/2019", "12:30", "A4", "DE123456789", "1" * 40])
def test_identifiers_dates_and_times_hold_no_numbers(text: str) -> None:
    assert numbers_in(text) == []


def test_one_mark_with_three_digits_is_read_by_the_documents_mark() -> None:
    assert parse_number("1.234", ".") == Decimal("1.234")
    assert parse_number("1.234", ",") == 1234
    assert parse_number("1.234") == 1234
    assert parse_number("0.250") == Decimal("0.250")


def test_the_decimal_mark_is_what_most_numbers_prove() -> None:
    assert decimal_mark(["1.234,50", "12,00", "1.000"]) == ","
    assert decimal_mark(["1,234.50", "9.000"]) == "."
    assert decimal_mark(["12", "1.000"]) is None


@pytest.mark.parametrize(
    ("text", "quantity", "unit"),
    [
        ("20 Stk", "20", "Stk"),
        ("1.00 kg", "1.00", "kg"),
        ("2 x", "2", None),
        ("15.00g", "15.00", "g"),
        ("3", "3", None),
    ],
)
def test_quantities_have_units(text: str, quantity: str, unit: str | None) -> None:
    assert quantity_in(text, ".") == (Decimal(quantity), unit)


def test_decimal_strings_are_plain() -> None:
    assert [plain_money(Decimal(text)) for text in ("60", "9.9000", "0.025", "-1E+2")] == [
        "60.00",
        "9.90",
        "0.025",
        "-100.00",
    ]
    assert [plain_quantity(Decimal(text)) for text in ("3.00", "1.50", "100")] == ["3", "1.5", "100"]


def test_a_text_of_nothing_but_groups_is_read_in_time_of_its_length() -> None:
    def seconds(length: int) -> float:
        """The best of five, since a busy machine may slow any one of them."""
        return min(timeit.repeat(lambda: numbers_in("111 " * length), timer=process_time, repeat=5, number=1))

    short = max(seconds(2_000), 0.005)
    assert seconds(32_000) < 64 * short  # 16 times as long; the square of it would be 256
    assert [number.value for number in numbers_in("1 234 567 890.50")] == [Decimal("1234567890.50")]


def test_currencies_of_three_decimals() -> None:
    texts = ["KD 12.500", "7,202.500", "20,277.470", "3"]
    mark = decimal_mark(texts)
    assert mark == ".000"
    assert [numbers_in(text, mark)[0].value for text in texts[:3]] == [
        Decimal("12.500"),
        Decimal("7202.500"),
        Decimal("20277.470"),
    ]
    assert numbers_in("12.500", mark)[0].is_money
    assert not numbers_in("12.500", ".")[0].is_money
    assert decimal_mark(["EUR 12.500", "1.234,50"]) == ","
