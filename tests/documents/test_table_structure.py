"""Rows, columns and spans of drawn tables whose words are known."""

from __future__ import annotations

import csv
import inspect
import io
import sys
import time
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from drawn_tables import PITCH, Sheet, Style, cards, table

from mm_agents.documents.page_transform import Frame
from mm_agents.documents.pages import Page
from mm_agents.documents.table.parameters import PARAMETERS, TableParameters
from mm_agents.documents.table.reader import read_page
from mm_agents.errors import MissingExtraError
from mm_agents.types import Box, Image, Word

ROWS = [
    ["Region", "Orders", "Returns", "Share"],
    ["North", "1,204", "12", "41.5%"],
    ["South", "860", "", "29.7%"],
    ["East and West", "837", "7", "28.8%"],
]


@pytest.mark.parametrize("style", ["grid", "lines", "head", "none"])
def test_rows_and_columns_are_told_however_they_are_ruled(style: Style) -> None:
    found = read_page(table(ROWS, style).page())
    assert found.rows == ROWS
    assert found.header_rows == 1
    assert found.layout == ("unruled" if style in ("head", "none") else "ruled")


def test_numbers_stand_beside_the_middle_of_texts_of_several_lines() -> None:
    sheet = Sheet(height=480)
    for x, text in ((40, "Order"), (140, "Remark"), (420, "Amount")):
        sheet.write(x, 20, text)
    texts = ("Delivered to the gate", "at the rear, signed by", "the guard of the night", "shift")
    for n, (code, amount) in enumerate((("A-637", "818.90"), ("A-313", "497.68"), ("A-788", "730.63"))):
        for k, text in enumerate(texts):
            sheet.write(140, 60 + 112 * n + 24 * k, text)
        sheet.write(40, 96 + 112 * n, code)
        sheet.write(420, 96 + 112 * n, amount)
    found = read_page(sheet.page())
    assert found.rows[1] == ["A-637", " ".join(texts), "818.90"]
    assert (found.shape, found.header_rows) == ((4, 3), 1)


def test_a_last_row_of_one_label_between_upright_rules_is_a_row() -> None:
    rows = [["Feature", "Free", "Team"], ["Export", "yes", "no"], ["Backups", "no", "yes"], ["Own domain", "", ""]]
    sheet = table(rows, "none", lefts=(40, 240, 380))
    for n in range(4):
        sheet.rule(20, 37 + n * PITCH, 500, 37 + n * PITCH)  # none below: it is as white as the page
    for x in (225, 365):
        sheet.rule(x, 37, x, 37 + 4 * PITCH)
    assert read_page(sheet.page()).rows == rows


def test_cells_have_places_numbers_and_units() -> None:
    sheet = table(ROWS, "head")
    found = read_page(sheet.page())
    cell = found.at(1, 3)
    assert cell is not None
    assert cell.quantity is not None
    assert (str(cell.quantity.value), cell.quantity.unit) == ("41.5", "%")
    assert cell.box == next(word.box for word in sheet.words if word.text == "41.5%")
    assert found.at(2, 2) is None


def test_a_label_of_several_lines_is_one_row() -> None:
    sheet = Sheet()
    sheet.write(40, 40, "Item")
    sheet.write(400, 40, "Pieces")
    sheet.rule(20, 66, 680, 66)
    y = 80
    for lines, number in ((("Brass hinges for doors", "and wide windows"), "12"), (("Lamps",), "7"), (("Rope",), "60")):
        sheet.write(400, y, number)
        for line in lines:
            sheet.write(40, y, line)
            y += 22
        y += 12
    assert read_page(sheet.page()).rows == [
        ["Item", "Pieces"],
        ["Brass hinges for doors and wide windows", "12"],
        ["Lamps", "7"],
        ["Rope", "60"],
    ]


def test_a_title_over_several_columns_spans_them() -> None:
    sheet = table([["", "", "", ""], ["Region", "2021", "2022", "2023"], *ROWS[1:]], "none")
    sheet.write(420, 40, "Orders by year", middle=True)
    sheet.rule(240, 40 + PITCH - 4, 580, 40 + PITCH - 4)
    found = read_page(sheet.page())
    assert found.header_rows == 2
    title, region = found.at(0, 1), found.at(0, 0)
    assert title is not None
    assert (title.text, title.column_span) == ("Orders by year", 3)
    assert region is not None
    assert (region.text, region.row_span) == ("Region", 2)
    assert found.header(2) == "Orders by year / 2022"
    assert '<th colspan="3">Orders by year</th>' in found.to_html()
    assert '<th rowspan="2">Region</th>' in found.to_html()


def test_a_cell_over_several_ruled_rows_spans_them() -> None:
    sheet = Sheet(height=300)
    for n, (group, kind, number) in enumerate((("", "Kind", "Pieces"), ("", "small", "3"), ("Lamps", "large", "5"))):
        for x, text in ((40, group), (240, kind), (380, number)):
            if text:
                sheet.write(x, 40 + n * 40, text)
    sheet.write(40, 160, "Rope")
    sheet.write(240, 160, "thin")
    sheet.write(380, 160, "9")
    sheet.words = [word for word in sheet.words if word.text != "Lamps"]
    sheet.pen.rectangle((30, 115, 200, 145), fill="white")
    sheet.write(40, 98, "Lamps")
    for y in (30, 70, 150, 190):
        sheet.rule(20, y, 500, y)
    sheet.rule(225, 110, 500, 110)
    for x in (20, 225, 365, 500):
        sheet.rule(x, 30, x, 190)
    found = read_page(sheet.page())
    lamps = found.at(1, 0)
    assert lamps is not None
    assert (lamps.text, lamps.row_span) == ("Lamps", 2)
    assert found.rows[2] == ["", "large", "5"]


def test_dates_that_break_in_cells_between_white_rules_are_one_row() -> None:
    sheet = Sheet(height=360)
    tops = (20, 60, 90, 140, 190, 240, 270)
    shades = ("#a02030", "#f0d0c0", "#f8e8e0", "#f0d0c0", "#f8e8e0", "#f0d0c0")
    for top, bottom, shade in zip(tops[:-1], tops[1:], shades, strict=True):
        sheet.pen.rectangle((20, top, 620, bottom), fill=shade)
    sheet.pen.rectangle((360, 60, 620, 140), fill="#f0d0c0")
    for top in (60, 140, 190, 240):
        sheet.rule(20, top, 620, top, ink="white")
    sheet.rule(20, 90, 360, 90, ink="white")
    for x in (140, 360, 480):
        sheet.rule(x, 20, x, 270, ink="white")
    for x, text in ((30, "Place"), (160, "Days"), (380, "Stops"), (500, "People")):
        sheet.write(x, 25, text, ink="white")
    rows = [
        (64, "Alden", ("1.12.2009",), "8", "3,665"),
        (94, "Borum", ("2.12.2009 to", "19.12.2009"), "", ""),
        (144, "Carlow", ("20.12.2009 to", "3.1.2010"), "6", "3,810"),
        (194, "Dorne", ("4.1.2010 to", "1.2.2010"), "13", "5,680"),
        (244, "Total", (), "27", "13,155"),
    ]
    for top, name, dates, *numbers in rows:
        sheet.write(30, top, name)
        for n, line in enumerate(dates):
            sheet.write(250, top + 22 * n, line, middle=True)
        for x, text in zip((420, 550), numbers, strict=True):
            if text:
                sheet.write(x, top, text, middle=True)
    found = read_page(sheet.page())
    assert found.rows == [
        ["Place", "Days", "Stops", "People"],
        *([name, " ".join(dates), *numbers] for _, name, dates, *numbers in rows),
    ]
    stops = found.at(2, 2)
    assert stops is not None
    assert (stops.text, stops.row_span) == ("8", 2)


def test_a_column_of_currency_signs_goes_with_its_numbers() -> None:
    found = read_page(
        table(
            [["Item", "", "Price"], ["Hinge", "$", "4.50"], ["Lamp", "$", "32.00"]], "none", lefts=(40, 240, 300)
        ).page()
    )
    assert found.rows == [["Item", "Price"], ["Hinge", "$ 4.50"], ["Lamp", "$ 32.00"]]


def test_dotted_leaders_are_no_text() -> None:
    found = read_page(table([["Item", "Pieces"], ["Hinge.......", "4"], ["Lamp", "32"]], "none").page())
    assert [row[0] for row in found.rows] == ["Item", "Hinge", "Lamp"]


def test_cards_are_columns_and_keep_their_metrics() -> None:
    found = read_page(cards().page())
    assert found.layout == "cards"
    assert found.rows == [
        ["", "Pumps", "Valves", "Filters"],
        ["Sales growth", "17%", "32%", "32%"],
        ["Margin gain", "12 pp", "34 New plants opened", "2 pp"],
    ]
    marked = found.at(1, 2)
    assert marked is not None
    assert marked.footnotes == ("1",)
    assert marked.evidence[0].quote == "32%¹\nSales growth"
    assert found.title is not None
    assert found.title.quote == "Our divisions"


def test_a_ruled_table_of_equal_cells_is_no_grid_of_cards() -> None:
    rows = [["12%", "13%", "14%", "15%"]] * 5
    assert read_page(table(rows, "grid").page()).layout == "ruled"


def test_texts_are_escaped_in_every_form() -> None:
    found = read_page(table([["Name", "Note"], ["<b>x</b>", "a|b"], ["=2+5", "-3.5"], ["@sum", "+7"]], "grid").page())
    assert "<b>" not in found.to_html()
    assert "&lt;b&gt;x&lt;/b&gt;" in found.to_html()
    assert r"a\|b" in found.to_markdown()
    assert list(csv.reader(io.StringIO(found.to_csv())))[2:] == [["'=2+5", "-3.5"], ["'@sum", "+7"]]
    assert list(csv.reader(io.StringIO(found.to_csv(guard=False)))) == found.rows


def test_a_data_frame_has_the_heads_names_and_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    frame = read_page(table(ROWS, "head").page()).to_dataframe(typed=True)
    assert list(frame.columns) == ROWS[0]
    assert frame["Orders"].tolist() == [1204.0, 860.0, 837.0]
    assert pandas.isna(frame["Returns"][1])


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"mm-agents\[tables\]"):
        read_page(table(ROWS, "head").page()).to_dataframe()


def test_running_text_and_an_empty_page_are_no_tables() -> None:
    sheet = Sheet(900, 700)
    for n in range(14):
        sheet.write(40, 40 + n * 30, "People who like brass hinges also like lamps and buy rope every spring"[n % 5 :])
    for page in (sheet.page(), Sheet().page()):
        found = read_page(page)
        assert found.rows == []
        assert found.to_markdown() == ""
        assert found.notes[0].startswith("No table was found")


def test_a_table_is_found_among_running_text() -> None:
    sheet = Sheet(900, 900)
    words = "People who like brass hinges also like lamps and buy rope every single spring, as they say"
    for n in range(8):
        sheet.write(40, 30 + n * 26, words[n % 4 :])
    sheet.write(40, 300, "Table 2. Orders by region")
    for n, row in enumerate(ROWS):
        for x, text in zip((40, 320, 480, 640), row, strict=True):
            if text:
                sheet.write(x, 340 + n * 28, text)
    for n in range(8):
        sheet.write(40, 520 + n * 26, words[n % 4 :])
    found = read_page(sheet.page())
    assert found.rows == ROWS
    assert found.title is not None
    assert found.title.quote == "Table 2. Orders by region"


def test_a_tall_page_of_five_thousand_words_takes_bounded_time() -> None:
    boxes = [
        Box(x0=20 + 110 * (n % 10), y0=40 * (n // 10), x1=80 + 110 * (n % 10), y1=12 + 40 * (n // 10))
        for n in range(5000)
    ]
    words = [Word(text=str(n), box=box, place=box, confidence=0.9, line=n) for n, box in enumerate(boxes)]
    pixels = np.full((20_000, 1140, 3), 255, np.uint8)
    for box in boxes:
        pixels[box.y0 : box.y1, box.x0 : box.x1] = 90
    page = Page(
        number=1, image=Image(pixels=pixels), words=tuple(words), frame=Frame(width=1140, height=20_000), source="pdf"
    )
    began = time.thread_time()
    assert read_page(page).shape == (500, 10)
    assert time.thread_time() - began < 60


def test_every_number_that_decides_has_its_reason_beside_it() -> None:
    lines = inspect.getsource(TableParameters).splitlines()
    assert len(fields(TableParameters)) == sum(": float = " in line or ": int = " in line for line in lines)
    assert all("  # " in line for line in lines if ": float = " in line or ": int = " in line)
    with pytest.raises(FrozenInstanceError):
        PARAMETERS.few = 0.5  # type: ignore[misc]
