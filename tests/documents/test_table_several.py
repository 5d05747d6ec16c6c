"""Several tables of a document: beside each other, below each other, and over page breaks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from drawn_tables import Sheet

from mm_agents.documents.table import TableReader
from mm_agents.documents.table.reader import read_page, tables_on

Placed = tuple[float, float, str]

STOCK = [["Part", "Pieces", "Price"], ["Hinge", "120", "4.50"], ["Lamp", "32", "18.75"], ["Rope", "704", "3.20"]]
STAFF = [["Name", "Town"], ["Alden", "Bremen"], ["Borum", "Lyon"], ["Carlow", "Porto"]]
PEOPLE = [["Name", "Age"], ["Alden", "41"], ["Borum", "38"], ["Carlow", "56"]]


def fill(sheet: Sheet, rows: Sequence[Sequence[str]], lefts: Sequence[int], top: int, *, ruled: bool) -> None:
    bottom, right = top + 28 * len(rows), lefts[-1] + 80
    for n, row in enumerate(rows):
        for x, text in zip(lefts, row, strict=True):
            sheet.write(x, top + 28 * n, text)
    if ruled:
        for n in range(len(rows) + 1):
            sheet.rule(lefts[0] - 12, top + 28 * n - 4, right, top + 28 * n - 4)
        for x in [*(left - 12 for left in lefts), right]:
            sheet.rule(x, top - 4, x, bottom - 4)


def pdf(*pages: Sequence[Placed]) -> bytes:
    """A PDF of A4 pages with these texts; x and y in points from the top left."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    parts = [
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>endobj\n",
        "3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n",
    ]
    for n, texts in enumerate(pages):
        stream = "".join(f"BT /F 11 Tf {x} {842 - y} Td ({text}) Tj ET\n" for x, y, text in texts)
        parts.append(
            f"{10 + 2 * n} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {11 + 2 * n} 0 R"
            f"/Resources<</Font<</F 3 0 R>>>>>>endobj\n"
            f"{11 + 2 * n} 0 obj<</Length {len(stream)}>>stream\n{stream}\nendstream endobj\n"
        )
    return ("".join(parts) + "trailer<</Root 1 0 R>>\n%%EOF\n").encode()


def listed(rows: Sequence[Sequence[str]], top: float, pitch: float = 44) -> list[Placed]:
    return [
        (x, top + pitch * n, text)
        for n, row in enumerate(rows)
        for x, text in zip((60, 220, 420), row, strict=True)
        if text
    ]


HEAD = ["Code", "City", "Value"]
BODY = [[f"C{n:03}", f"Town {n}", f"{10.5 + 7 * n:.1f}"] for n in range(1, 20)]


@pytest.mark.parametrize("ruled", [True, False])
def test_two_tables_side_by_side_are_two(ruled: bool) -> None:
    sheet = Sheet(width=900, height=300)
    fill(sheet, STOCK, (40, 150, 250), 40, ruled=ruled)
    fill(sheet, STAFF if ruled else [["Part", "Price"], *STAFF[1:]], (520, 660), 40, ruled=ruled)
    left, right = tables_on(sheet.page())
    assert left.rows == STOCK
    assert right.rows[1:] == STAFF[1:]


def test_one_table_with_a_broad_blank_is_one() -> None:
    sheet = Sheet(width=900, height=300)
    rows = [["Part", "Colour", "Pieces", "Price"], ["Hinge", "brass", "120", "4.50"], ["Lamp", "white", "32", "18.75"]]
    fill(sheet, rows, (40, 150, 560, 680), 40, ruled=False)
    (found,) = tables_on(sheet.page())
    assert found.rows == rows


def striped(sheet: Sheet, rows: int, *spans: tuple[int, int]) -> None:
    for n in range(1, rows, 2):
        for x0, x1 in spans:
            sheet.pen.rectangle((x0, 40 + 28 * n - 4, x1, 40 + 28 * n + 23), fill="#e4e8f0")


def test_grounds_that_end_between_two_tables_part_them() -> None:
    staff = [[*row, str(30 + n)] if n else [*row, "Age"] for n, row in enumerate(STAFF)]
    sheet = Sheet(width=900, height=300)
    striped(sheet, 4, (28, 330), (508, 800))
    fill(sheet, STOCK, (40, 150, 250), 40, ruled=False)
    fill(sheet, staff, (520, 620, 740), 40, ruled=False)
    assert [found.rows for found in tables_on(sheet.page())] == [STOCK, staff]

    whole = Sheet(width=900, height=300)
    striped(whole, 4, (28, 800))
    fill(whole, [a + b for a, b in zip(STOCK, staff, strict=True)], (40, 150, 250, 520, 620, 740), 40, ruled=False)
    (found,) = tables_on(whole.page())
    assert found.shape == (4, 6)


def test_titles_and_a_note_between_two_tables_are_rows_of_neither() -> None:
    sheet = Sheet(height=560)
    sheet.write(28, 20, "Parts in store")
    fill(sheet, STOCK, (44, 190, 330), 76, ruled=False)
    sheet.rule(28, 190, 420, 190)
    sheet.write(28, 206, "Pieces are counted in spring.")
    sheet.write(28, 256, "Who works there")
    fill(sheet, PEOPLE, (44, 330), 316, ruled=False)
    sheet.rule(28, 430, 420, 430)
    first, second = tables_on(sheet.page())
    assert (first.rows, second.rows) == (STOCK, PEOPLE)


def test_tables_below_each_other_are_all_read_and_the_largest_is_the_table() -> None:
    sheet = Sheet(height=520)
    sheet.write(40, 20, "Stores of the house")
    fill(sheet, STOCK, (40, 190, 330), 70, ruled=True)
    sheet.write(40, 240, "All who work there, and where each of them has lived for the last ten years")
    fill(sheet, PEOPLE, (40, 330), 300, ruled=True)
    first, second = tables_on(sheet.page())
    assert (first.rows, second.rows) == (STOCK, PEOPLE)
    largest = read_page(sheet.page())
    assert largest.rows == STOCK
    assert "1 more table" in largest.notes[-1]


@pytest.mark.parametrize("head", [True, False])
def test_a_table_over_a_page_break_is_one(head: bool) -> None:
    source = pdf(
        [(60, 40, "Cities of the north"), *listed([HEAD, *BODY[:15]], 90), (290, 820, "1")],
        [*listed([*([HEAD] if head else []), *BODY[15:]], 60), (290, 820, "2")],
    )
    found = TableReader().read(source)
    assert found.rows == [HEAD, *BODY]
    assert {one.page for cell in found.cells for one in cell.evidence} == {1, 2}
    assert {mark.page for mark in found.marks()} == {1, 2}
    assert "143.5" in (found.ask("What is the highest value?").answer or "")
    assert "136.5" in (found.ask("What is the value of Town 18?").answer or "")
    assert sum(cell.verified for cell in found.cells) > 0.9 * len(found.cells)
    assert TableReader().read(source, page=1).rows == [HEAD, *BODY[:15]]


def test_sums_that_are_carried_over_are_no_rows() -> None:
    source = pdf(
        listed([HEAD, *BODY[:15], ["Carried forward", "", "997.5"]], 60),
        listed([["Brought forward", "", "997.5"], *BODY[15:18]], 60),
    )
    (found,) = TableReader().read_all(source)
    assert found.rows == [HEAD, *BODY[:18]]
    assert [note for note in found.notes if "997.5" in note] == [
        "Carried over at a page break: Carried forward 997.5",
        "Carried over at a page break: Brought forward 997.5",
    ]


def test_another_table_on_the_next_page_is_another() -> None:
    source = pdf(
        listed([HEAD, *BODY[:15]], 60),
        [(x, 60 + 30 * n, text) for n, row in enumerate(PEOPLE) for x, text in zip((60, 300), row, strict=True)],
    )
    assert TableReader().read(source).rows == [HEAD, *BODY[:15]]
    assert [table.page for table in TableReader().read_all(source)] == [1, 2]
