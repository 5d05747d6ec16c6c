"""Tables read from pictures: drawn ones, turned and skewed ones, and real ones with their truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from drawn import overlap
from drawn_tables import cards, table

from mm_agents import _plugins
from mm_agents.documents.locate import normalised
from mm_agents.documents.table import Table, TableReader
from mm_agents.documents.table.reader import read_page
from mm_agents.types import Box, Image, Word

ROWS = [
    ["Region", "Orders", "Returns", "Share"],
    ["North", "1,204", "12", "41.5%"],
    ["South", "860", "3", "29.7%"],
    ["East", "837", "7", "28.8%"],
]


def test_the_plugin_reads_a_picture_and_shows_where() -> None:
    sheet = table(ROWS, "grid")
    found = _plugins.build_named("readers", "table").read(sheet.image())
    assert found.rows == ROWS
    cell = found.at(1, 1)
    assert cell is not None
    assert cell.box is not None
    assert overlap(cell.box, next(word.box for word in sheet.words if word.text == "1,204")) > 0.6
    assert len(found.marks()) == len(found.cells)


@pytest.mark.parametrize("turn", [90, 2.0])
def test_a_turned_or_skewed_table_has_its_places_on_the_picture_as_stored(turn: float) -> None:
    sheet = table(ROWS, "head")
    turned = sheet.picture.rotate(turn, expand=True, fillcolor="white", resample=PIL.Image.Resampling.BICUBIC)
    found = TableReader().read(Image(pixels=np.asarray(turned).copy()))
    assert found.rows == ROWS
    for cell in found.cells:
        assert cell.box is not None
        assert 0 <= cell.box.x0 < cell.box.x1 <= turned.width
        assert 0 <= cell.box.y0 < cell.box.y1 <= turned.height


def test_check_marks_and_crosses_are_read_by_their_shapes_and_letters_stay() -> None:
    rows = [["Plan", "Price", "Support", "Grade"], *([f"Tariff {n}", f"{n}2.50", "", "VXV"[n]] for n in range(3))]
    sheet = table(rows, "lines")
    for n, (tick, x) in enumerate(((True, 395), (False, 395), (True, 395)), start=1):
        y = 40 + n * 26 + 11
        strokes = [(x - 7, y, x - 2, y + 6, x + 7, y - 7)]
        strokes = strokes if tick else [(x - 6, y - 6, x + 6, y + 6), (x - 6, y + 6, x + 6, y - 6)]
        for stroke in strokes:
            sheet.pen.line(stroke, fill="#207a3c", width=3)
    found = TableReader().read(sheet.image())
    assert [row[2] for row in found.rows] == ["Support", "✓", "✗", "✓"]
    assert [row[3] for row in found.rows] == ["Grade", "V", "X", "V"]


def test_a_check_mark_with_a_short_arm_that_was_read_as_a_letter_is_one() -> None:
    rows = [["Plan", "Price", "Support"], *([f"Tariff {n}", f"{n}2.50", ""] for n in range(4))]
    sheet = table(rows, "lines")
    for n in (1, 3):
        y = 40 + n * 26 + 12
        sheet.pen.line((388, y - 1, 390, y + 4, 400, y - 8), fill="black", width=2)
    cut = Box(x0=386, y0=52 + 3 * 26 - 5, x1=398, y1=52 + 3 * 26 + 6)  # the mark reaches beyond
    words = [*sheet.words, Word(text="L", box=cut, place=cut, confidence=0.56, line=99)]
    for n in (2, 4):
        place = Box(x0=388, y0=50 + n * 26, x1=402, y1=53 + n * 26)
        words.append(Word(text="-", box=place, place=place, confidence=0.9, line=100 + n))
    found = read_page(replace(sheet.page(), words=tuple(words), source="ocr"))
    assert [row[2] for row in found.rows] == ["Support", "✓", "-", "✓", "-"]


def test_rules_of_dashes_part_rows_and_columns_and_are_no_letters() -> None:
    sheet = table(ROWS, "none")
    levels, sides = [37 + 26 * n for n in range(5)], (20, 225, 365, 505, 680)
    for y in levels:
        for x in range(20, 680, 12):
            sheet.rule(x, y, x + 5, y)
    for x in sides:
        for y in range(37, 141, 12):
            sheet.rule(x, y, x, y + 5)
    dash = Box(x0=362, y0=68, x1=368, y1=82)
    read_as_letter = Word(text="I", box=dash, place=dash, confidence=0.8, line=99)
    page = sheet.page()
    found = read_page(replace(page, words=(*page.words, read_as_letter), source="ocr"))
    assert found.rows == ROWS
    assert found.layout == "ruled"


def test_heads_that_run_upwards_stand_over_their_columns() -> None:
    rows = [["Region", "", "", ""], *ROWS[1:]]
    sheet = table(rows, "head", top=90)
    page = sheet.page()
    heads = [
        Word(text=text, box=box, place=box, confidence=0.99, line=100 + n, turned=270)
        for n, (text, x) in enumerate((("Orders", 250), ("Returns", 385), ("Share", 530)))
        for box in [Box(x0=x, y0=30, x1=x + 18, y1=108)]
    ]
    found = read_page(replace(page, words=(*page.words, *heads)))
    assert found.rows == ROWS
    assert found.header_rows == 1


def test_a_dash_that_is_not_read_is_told_by_its_shape() -> None:
    rows = [list(row) for row in ROWS]
    rows[2][2] = ""
    sheet = table(rows, "head")
    sheet.pen.line((382, 40 + 2 * 26 + 12, 396, 40 + 2 * 26 + 12), fill="black", width=2)
    cell = TableReader().read(sheet.image()).at(2, 2)
    assert cell is not None
    assert cell.text in ("-", "–", "—")
    assert cell.box is not None


def test_cards_are_read_from_a_picture() -> None:
    found = TableReader().read(cards().image())
    assert found.layout == "cards"
    assert found.rows[1][1:] == ["17%", "32%", "32%"]


# ---------------------------------------------------------------- real ones


def right(found: Table, truth: list[list[object]]) -> tuple[int, int]:
    """How many cells of a truth stand at their rows and columns, and of how many; empty rows and columns left out."""
    cells = [(int(str(c[0])), int(str(c[2])), "".join(str(c[4]).split())) for c in truth if str(c[4]).strip()]
    rows = sorted({row for row, _, _ in cells})
    columns = sorted({column for _, column, _ in cells})
    texts = [["".join(text.split()) for text in row] for row in found.rows]
    count = 0
    for row, column, text in cells:
        r, c = rows.index(row), columns.index(column)
        count += r < len(texts) and c < len(texts[r]) and normalised(texts[r][c]) == normalised(text)
    return count, len(cells)


def test_real_ruled_and_unruled_tables(data: Path) -> None:
    good = total = 0
    for path in sorted((data / "tables" / "icdar2013").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        one, of = right(TableReader().read(path.with_suffix(".png")), truth["cells"])
        good, total = good + one, total + of
    assert good >= 0.97 * total


def test_a_real_grid_of_cards(data: Path) -> None:
    found = TableReader().read(data / "documents" / "prosus_table.png")
    truth = json.loads((data / "tables" / "seed" / "prosus_table.json").read_text(encoding="utf-8"))
    said = {
        (found.header(cell.column), cell.text, cell.metric) for cell in found.cells if cell.row >= found.header_rows
    }
    for card in truth["cards"]:
        for value, name in card["metrics"]:
            assert (card["title"], value, name) in said
    answered = found.ask("which unit has the highest revenue growth?")
    assert answered.value["items"] == ["Classifieds", "Payments & Fintech"]
    assert len(answered.evidence) == 2


def test_the_items_of_a_real_invoice_alone_and_on_their_page(data: Path) -> None:
    truth = json.loads((data / "tables" / "seed" / "invoice_items.json").read_text(encoding="utf-8"))["rows"]
    assert TableReader().read(data / "tables" / "seed" / "invoice_items.png").rows == truth
    assert TableReader().read(data / "documents" / "invoice.png").rows == truth


def test_photos_have_no_table(data: Path) -> None:
    found = TableReader().read(sorted((data / "animals" / "image").iterdir())[0])
    assert found.rows == []
    assert found.notes
