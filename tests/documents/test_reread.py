"""The second look: what is called verified is read again in its place, cut out and looked at alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_tables import Sheet, table

from mm_agents.documents.invoice import InvoiceReader
from mm_agents.documents.invoice.reader import look_again as look_at_invoice
from mm_agents.documents.invoice.reader import read_invoice
from mm_agents.documents.pages import Page, default_ocr, open_pages
from mm_agents.documents.reread import confirmed, read_place, says
from mm_agents.documents.table import TableReader
from mm_agents.documents.table.reader import look_again, read_page
from mm_agents.types import Box, Image, Scan, Word

ROWS = [["Part", "Pieces", "Price"], ["Hinge", "1", "12.50"], ["Lamp", "32", "8.75"], ["Rope", "7", "3.20"]]


class Listed:
    """Says the same whatever it is shown, and remembers what that was."""

    name = "listed"

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.shown: list[tuple[int, int]] = []

    def read(self, image: Image, /) -> Scan:
        """Each text as one word, one below the other."""
        high, wide = image.pixels.shape[:2]
        self.shown.append((wide, high))
        boxes = [Box(x0=0, y0=20 * n, x1=10, y1=20 * n + 10) for n in range(len(self.texts))]
        return Scan(
            words=tuple(
                Word(text=text, box=box, place=box, confidence=1.0, line=n)
                for n, (text, box) in enumerate(zip(self.texts, boxes, strict=True))
            )
        )

    def has_text(self, image: Image, /) -> bool:
        """Always."""
        return True


def misread(page: Page, right: str, wrong: str) -> Page:
    """A page as if a word on it had been read wrongly."""
    words = tuple(replace(word, text=wrong) if word.text == right else word for word in page.words)
    assert words != page.words
    return replace(page, words=words)


def bill() -> Sheet:
    sheet = Sheet(width=620, height=330)
    for n, (left, right) in enumerate(
        [
            ("Northwind Parts Ltd", "INVOICE"),
            ("Invoice number", "NP-1042"),
            ("Invoice date", "23/04/2023"),
            ("Subtotal", "145.00"),
            ("VAT 20%", "29.00"),
            ("Total", "174.00"),
        ]
    ):
        sheet.write(40, 40 + 40 * n, left)
        sheet.write(400, 40 + 40 * n, right)
    return sheet


def test_a_cell_that_reads_otherwise_in_its_place_is_not_verified() -> None:
    page = misread(table(ROWS, "grid").page(), "12.50", "12.80")
    found = look_again(read_page(page), page, default_ocr())
    price, other = found.at(1, 2), found.at(2, 2)
    assert price is not None
    assert other is not None
    assert (price.text, price.verified) == ("12.80", False)
    assert "second look" in (price.doubt or "")
    assert price.to_json()["verified"] is False
    assert (other.text, other.verified, other.doubt) == ("8.75", True, None)


def test_a_sum_that_reads_otherwise_in_its_place_is_not_verified() -> None:
    page = misread(misread(bill().page(), "145.00", "146.00"), "174.00", "175.00")
    found = look_at_invoice(read_invoice([page]), [page], default_ocr())
    assert (str(found.total.value), found.total.verified) == ("175.00", False)
    assert "second look" in (found.total.note or "")
    assert found.number.verified


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_every_verified_place_holds_its_quote_when_it_is_cut_out(turn: int) -> None:
    ocr = default_ocr()
    readers = [(table(ROWS, "grid"), TableReader()), (bill(), InvoiceReader())]
    for sheet, reader in readers:
        picture = Image(pixels=np.ascontiguousarray(np.rot90(np.asarray(sheet.picture), turn // 90)))
        (page,) = open_pages(picture)
        reading = reader.read(picture).to_json()
        entries = [
            entry
            for one in (*reading.get("cells", ()), *reading.get("fields", {}).values())
            if one["verified"]
            for entry in one["evidence"]
        ]
        assert len(entries) >= 5
        for entry in entries:
            x0, y0, x1, y1 = entry["box"]
            assert says(read_place(page, Box(x0=x0, y0=y0, x1=x1, y1=y1), ocr), entry["quote"])


def test_a_table_titled_otherwise_says_so() -> None:
    sheet = table(ROWS, "grid")
    page = sheet.page()
    title = page.evidence([sheet.words[0]], how="title", quote="Stores")
    found = look_again(replace(read_page(page), title=title), page, default_ocr())
    assert found.to_json()["title"]["verified"] is False
    title = page.evidence([sheet.words[0]], how="title")
    found = look_again(replace(read_page(page), title=title), page, default_ocr())
    assert found.to_json()["title"]["verified"] is True


def test_each_place_is_looked_at_alone_with_a_margin_of_its_text() -> None:
    sheet = Sheet(width=300, height=200)
    page = sheet.page()
    words = [
        Word(text=text, box=box, place=box, confidence=1.0, line=0)
        for text, box in (("ab", Box(x0=100, y0=50, x1=140, y1=62)), ("cd", Box(x0=144, y0=50, x1=180, y1=64)))
    ]
    page = replace(page, words=tuple(words))
    ocr = Listed("x ab cd", "yz")
    both = page.evidence(words, how="t")
    edge = replace(both, quote="yz", box=Box(x0=0, y0=0, x1=9, y1=5))
    assert confirmed([page], [both, both, edge], ocr) == {(1, both.box), (1, edge.box)}
    assert ocr.shown == [(80 + 26, 14 + 10), (9 + 5, 5 + 2)]
    assert (
        confirmed([page], [replace(both, quote="ab dc"), replace(both, page=2), replace(both, quote=None)], ocr)
        == set()
    )


def test_lines_above_and_below_are_not_read_again_and_signs_beside_are() -> None:
    sheet = Sheet(width=400, height=200)
    for n, text in enumerate(("Subtotal 145.00", "-5 pieces", "Total 174.00")):
        sheet.write(40, 40 + 24 * n, text)
    page = sheet.page()
    (minus,) = (word for word in page.words if word.text == "-5")
    digit = replace(minus.box, x0=minus.box.x1 - (minus.box.x1 - minus.box.x0) // 2)
    assert read_place(page, digit, default_ocr()).split()[0] == "-5"
    one = replace(page.evidence([minus], how="t"), box=digit, quote="5 pieces")
    assert confirmed([page], [one], default_ocr()) == set()


def test_a_single_character_and_a_dash_are_not_confirmed_whatever_is_read() -> None:
    page = Sheet(width=300, height=200).page()
    one = page.evidence(place=Box(x0=100, y0=50, x1=108, y1=62), how="t", quote="1")
    assert confirmed([page], [one], Listed("1")) == set()
    assert confirmed([page], [replace(one, quote="–")], Listed("–")) == set()
    assert confirmed([page], [replace(one, quote="11")], Listed("11")) == {(1, one.box)}


def test_a_quote_is_its_letters_digits_and_numbers() -> None:
    assert says("Total: $ 154.06", "$154.06")
    assert says("154.06T", "154.06")
    assert not says("-154.06T", "154.06")
    assert not says("154.06T", "1.54")
    assert not says("154.08", "154.06")


@pytest.mark.parametrize(
    ("read", "quote"),
    [
        ("2,629,981,089.49", "2,629.981,089.49"),
        ("2,629.981,089.49", "2,629.981,089.49"),
        ("69,558.687.59", "69,558.687.59"),
        ("-15", "15"),
        ("15", "-15"),
        ("15", "(15)"),
        ("\N{MINUS SIGN}4.2%", "4.2%"),
        ("16,335", "163,35"),
        ("1.234", "1,234"),
        ("1,154.06", "154.06"),
        ("2.5kg", "25kg"),
    ],
)
def test_another_number_of_the_same_digits_is_not_the_quote(read: str, quote: str) -> None:
    assert not says(read, quote)


@pytest.mark.parametrize(
    ("read", "quote"),
    [
        ("1250,00", "1 250,00"),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.50", "1,234.50"),
        ("2,05,000.00", "2,05,000.00"),
        ("\N{MINUS SIGN} 15", "-15"),
        ("(15)", "-15"),
        ("20 154.06", "154.06"),
        ("19 %", "19%"),
        ("12.05 2024", "12.05.2024"),
        ("Order NP-1042", "NP-1042"),
    ],
)
def test_the_same_number_may_be_written_otherwise(read: str, quote: str) -> None:
    assert says(read, quote)
