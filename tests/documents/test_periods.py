"""Periods in questions."""

from __future__ import annotations

from datetime import date

import pytest

pytest.importorskip("babel", reason="pip install 'mm-agents[documents]'")

from mm_agents.documents.periods import period_in

TODAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        ("invoices in 2019", "2019-01-01", "2019-12-31", "in 2019"),
        ("what did I spend in January 2026?", "2026-01-01", "2026-01-31", "in January 2026"),
        ("paid last month", "2026-05-01", "2026-05-31", "last month"),
        ("everything from last year", "2025-01-01", "2025-12-31", "from last year"),
        ("this quarter", "2026-04-01", "2026-06-30", "this quarter"),
        ("due next week", "2026-06-22", "2026-06-28", "next week"),
        ("in the last 10 days", "2026-06-05", "2026-06-15", "in the last 10 days"),
        ("due before 1 May 2026", None, "2026-04-30", "before 1 May 2026"),
        ("on or before 2026-05-01", None, "2026-05-01", "on or before 2026-05-01"),
        ("due after February 2024", "2024-03-01", None, "after February 2024"),
        ("since March 2026", "2026-03-01", None, "since March 2026"),
        ("between January and March 2026", "2026-01-01", "2026-03-31", "between January and March 2026"),
        ("in Q3 2025", "2025-07-01", "2025-09-30", "in Q3 2025"),
        ("in the fourth quarter", "2025-10-01", "2025-12-31", "in the fourth quarter"),
        ("issued on 5 January 2026", "2026-01-05", "2026-01-05", "issued on 5 January 2026"),
    ],
)
def test_a_period_has_its_days_and_its_words(text: str, first: str | None, last: str | None, words: str) -> None:
    found = period_in(text, TODAY)
    assert found is not None
    days = tuple(None if day is None else day.isoformat() for day in (found.first, found.last))
    assert (days, text[found.start : found.end]) == ((first, last), words)


def test_a_month_without_a_year_is_that_of_any_year() -> None:
    found = period_in("invoices issued in March", TODAY)
    assert found is not None
    assert [found.holds(day) for day in (date(2013, 3, 31), date(2026, 3, 1), date(2026, 4, 1))] == [True, True, False]


@pytest.mark.parametrize(
    "text", ["may I see it?", "the first 3 invoices", "from Northwind", "on 02/03/2026", "the last invoice"]
)
def test_what_is_no_period_or_may_be_two(text: str) -> None:
    assert period_in(text, TODAY) is None
