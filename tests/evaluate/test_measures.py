"""The measures, against small cases whose result is known by hand."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from mm_agents.evaluate import metrics
from mm_agents.evaluate.manifest import from_html, from_rows
from mm_agents.evaluate.metrics import Counts, PageText, Tally, calibration, calibration_error, figures
from mm_agents.evaluate.tables import compacted, filled, teds
from mm_agents.evaluate.truth import Cell, iou, on_place, places, rectangle, union


def test_intersection_over_union() -> None:
    assert iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0
    assert iou((0, 0, 10, 10), (2, 2, 4, 4)) == pytest.approx(0.04)


def test_boxes_of_evidence() -> None:
    assert rectangle([1, 2, 3, 4]) == (1, 2, 3, 4)
    assert rectangle([1, 2, 1, 4]) is None
    assert rectangle("1234") is None
    assert rectangle([1, 2, None, 4]) is None
    assert union([]) is None
    assert union([(0, 0, 1, 1), (5, 5, 6, 6)]) == (0, 0, 6, 6)
    entry = {"page": 1, "box": [0, 0, 4, 2], "quote": "x"}
    assert places([entry, {"box": None}]) == [(0, 0, 4, 2)]
    assert places({"total": entry, "date": [entry]}) == [(0, 0, 4, 2), (0, 0, 4, 2)]
    assert places(None) == []


def test_words_of_a_value_may_cover_its_place_together() -> None:
    words = [(0.0, 0.0, 40.0, 10.0), (45.0, 0.0, 100.0, 10.0)]
    assert on_place(words, [(0, 0, 100, 10)])
    assert not on_place(words, [(0, 50, 100, 60)])
    assert on_place(words, [(0, 50, 100, 60), (0, 0, 41, 10)])
    assert not on_place([], [(0, 0, 1, 1)])


def test_f1() -> None:
    assert Counts(hits=2, returned=3, wanted=4).f1 == pytest.approx(4 / 7)
    assert Counts().f1 is None
    assert (Counts(hits=1, returned=1, wanted=2) + Counts(hits=1, returned=2, wanted=2)).f1 == pytest.approx(4 / 7)


def test_figures_add_up_parts_and_average_pictures() -> None:
    one, other = Tally(), Tally()
    one.share("cells", 3, 4)
    other.share("cells", 0, 4)
    other.share("nothing", 0, 0)
    one.means["TEDS"], other.means["TEDS"] = 1.0, 0.5
    one.counts["edge F1"] = Counts(hits=1, returned=1, wanted=1)
    other.counts["edge F1"] = Counts(hits=0, returned=1, wanted=1)
    assert figures([one, other]) == {"cells": 0.375, "cells (of)": 8, "TEDS": 0.75, "edge F1": 0.5}


# ---------------------------------------------------------------- TEDS


def test_teds_of_known_pairs() -> None:
    truth = from_rows([["a", "b"], ["c", "d"]])
    assert teds(truth, truth) == 1.0
    # One cell less: 1 edit of 6 nodes (2 rows and 4 cells).
    assert teds(truth[:3], truth) == pytest.approx(1 - 1 / 6)
    # One text of four letters with one wrong: a quarter of an edit.
    right, wrong = from_rows([["name", "b"]]), from_rows([["nane", "b"]])
    assert teds(wrong, right) == pytest.approx(1 - 0.25 / 3)
    assert teds(wrong, right, structure_only=True) == 1.0
    assert teds([], truth) == 0.0
    assert teds([], []) == 1.0


def test_teds_counts_spans_as_structure() -> None:
    wide = [Cell(row=0, column=0, text="head", column_span=2)]
    narrow = [Cell(row=0, column=0, text="head"), Cell(row=0, column=1, text="")]
    # The cell with another span is exchanged, and one cell is too many: 2 edits of 3 nodes.
    assert teds(narrow, wide, structure_only=True) == pytest.approx(1 - 2 / 3)


def test_thousands_of_cells_end_in_no_time() -> None:
    rows = [[f"{r} {c}" for c in range(40)] for r in range(125)]
    truth = from_rows(rows)
    started = time.thread_time()
    assert teds(truth, truth) == 1.0
    assert teds(from_rows([row[1:] for row in rows]), truth) is None
    assert len(filled(truth)) == 5000
    assert time.thread_time() - started < 5


def test_grids_lose_their_empty_rows_and_columns() -> None:
    cells = [
        Cell(row=1, column=1, text="a", column_span=3),
        Cell(row=1, column=4, text=" "),
        Cell(row=3, column=1, text="b"),
        Cell(row=3, column=3, text="c"),
    ]
    assert [(cell.row, cell.column, cell.column_span, cell.text) for cell in compacted(cells)] == [
        (0, 0, 2, "a"),
        (1, 0, 1, "b"),
        (1, 1, 1, "c"),
    ]
    gap = [Cell(row=0, column=0, text="a"), Cell(row=0, column=1, text="b"), Cell(row=1, column=1, text="c")]
    assert [(cell.row, cell.column, cell.text) for cell in filled(gap)][2] == (1, 0, "")


def test_html_cells_stand_beside_spans() -> None:
    cells = from_html(
        "<table><thead><tr><th rowspan=2>A</th><th colspan='2'>B &amp; <i>C</i></th></tr></thead>"
        "<tr><td>d</td><td rowspan='99999999999'>e</td></tr></table>"
    )
    assert [(cell.row, cell.column, cell.text) for cell in cells] == [
        (0, 0, "A"),
        (0, 1, "B & C"),
        (1, 1, "d"),
        (1, 2, "e"),
    ]
    assert cells[3].row_span <= 1000


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (145.0, "145.0"),
        ("RM 3.30", "3.30"),
        ("1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("12 345,00", "12345.00"),
        ("13'715.62", "13715.62"),
        ("20.0000", "20.0000"),
        ("1,000", "1000"),
        ("8.000", "8.000"),
        ("1.234.567", "1234567"),
        ("7", "7"),
    ],
)
def test_numbers(written: object, value: str) -> None:
    assert metrics.number(written) == Decimal(value)


def test_what_is_no_number() -> None:
    assert metrics.number("none") is None
    assert metrics.number(True) is None
    assert not metrics.same_number(None, None)
    assert metrics.same_number("-5.00", 5)
    assert not metrics.same_number("5.01", "5.00")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2019-02-11", "2019-02-11"),
        ("20171103", "2017-11-03"),
        ("25/12/2018", "2018-12-25"),
        ("5/3/2018", "2018-03-05"),
        ("18-10-17", "2017-10-18"),
        ("14/JUN/2017", "2017-06-14"),
        ("Mar 3, 2020", "2020-03-03"),
        ("3. März 2020", "2020-03-03"),
        ("03/25/2018", "2018-03-25"),
        ("soon", None),
        ("99/99/9999", None),
    ],
)
def test_dates(written: str, value: str | None) -> None:
    assert metrics.iso(written) == value


def test_names_and_identifiers() -> None:
    assert metrics.same_name("Northwind Parts Ltd.", "NORTHWIND PARTS LTD")
    assert metrics.same_name("Northwind Partz Ltd", "Northwind Parts Ltd")
    assert metrics.same_name("Northwind Parts GmbH", "Northwind Parts")
    assert not metrics.same_name("Ltd", "Northwind Parts Ltd")
    assert not metrics.same_name("Northwind", "Northwind Parts and Tools")
    assert metrics.same_id("#inv-0017", "INV 0017")
    assert not metrics.same_id("", "")


def test_a_page_is_asked_what_it_shows() -> None:
    page = PageText("Rechnung Nr. RE/2020-17 vom 3. Mä rz 2020 Summe 1.234,50 € brutto 12 345.00 Northwind Parts GmbH")
    assert page.shows_text("RE/2020-17")
    assert page.shows_text("northwind parts gmbh")
    assert page.shows_text("Northwind Partz GmbH")
    assert not page.shows_text("Southwind")
    assert page.shows_number("1234.5")
    assert page.shows_number("12345")
    assert not page.shows_number("1235")
    dates = PageText("Datum:03.11.2017 fällig 2 décembre 2017, issued Nov 9, 2017 and 2017-11-30")
    assert all(dates.shows_date(day) for day in ("2017-11-03", "2017-12-02", "2017-11-09", "2017-11-30"))
    assert not dates.shows_date("2017-11-04")


def test_calibration_holds_how_sure_values_are_against_how_many_are_right() -> None:
    one = Tally(sure=[(0.9, True), (0.5, False), (0.7, True)])
    other = Tally(sure=[(0.5, True), (0.7, False), (0.9, True)])
    bins = calibration([one, other], bins=3)
    assert [(one.values, one.expected, one.observed) for one in bins] == [(2, 0.5, 0.5), (2, 0.7, 0.5), (2, 0.9, 1.0)]
    assert calibration_error(bins) == pytest.approx(0.1)
    assert len(calibration([one])) == 3  # not more bins than values
    assert calibration([Tally()]) == ()
    assert calibration_error(()) is None
