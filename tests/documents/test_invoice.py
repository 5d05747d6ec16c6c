from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from invoice_samples import DUTCH, ENGLISH, FRENCH, GERMAN, HEADS, SPANISH, BlindOcr, page_of

from mm_agents import _plugins
from mm_agents.documents.invoice import Invoice, InvoiceReader
from mm_agents.documents.invoice.data import NAMES
from mm_agents.documents.invoice.reader import look_again, read_invoice
from mm_agents.documents.pages import Page

Rows = list[list[tuple[int, str]]]


def read(rows: Rows) -> Invoice:
    return read_invoice([page_of(rows)])


def values(invoice: Invoice) -> dict[str, Any]:
    return {name: field["value"] for name, field in invoice.to_json()["fields"].items()}


def rows_of(invoice: Invoice) -> list[tuple[Any, ...]]:
    names = ("quantity", "description", "unit_price", "amount")
    return [tuple(item[name] for name in names) for item in invoice.to_json()["items"]]


def test_an_english_invoice_is_read_whole() -> None:
    invoice = read(ENGLISH)
    assert values(invoice) == {
        "number": "NP-1042",
        "date": "2023-04-03",
        "due_date": "2023-04-23",
        "purchase_order": "7715/2023",
        "seller": "Northwind Parts Ltd",
        "buyer": "Harbour Cycles",
        "ship_to": "Harbour Cycles\n9 Dock Lane\nHull HU1 3CD",
        "currency": "GBP",
        "subtotal": "145.00",
        "discount": None,
        "shipping": None,
        "tax": "29.00",
        "total": "174.00",
    }
    assert rows_of(invoice) == [
        ("2", "Set of brake pads\nfront and rear", "12.50", "25.00"),
        ("3", "Labour", "40.00", "120.00"),
    ]
    assert {check.status for check in invoice.checks} == {"passed"}
    assert invoice.date.ambiguous
    assert "23/04/2023" in (invoice.date.reason or "")
    assert [one.isoformat() for one in invoice.date.readings] == ["2023-04-03", "2023-03-04"]
    assert invoice.buyer.address == ("5 Quay Street", "Hull HU1 2AB")


@pytest.mark.parametrize(
    ("rows", "wanted", "items"),
    [
        (
            GERMAN,
            ("2023-0815", "2023-04-03", "2023-05-03", "B-4711", "Nordlicht Technik GmbH", "Kupferberg AG", "380.80"),
            [("1000", "Schrauben M8", "0.12", "120.00"), ("2.5", "Montage", "80.00", "200.00")],
        ),
        (
            FRENCH,
            (
                *("FA-2023-77", "2023-04-02", "2023-05-02", "C-118"),
                *("Atelier des Tilleuls SARL", "Les Quatre Vents", "3384.00"),
            ),
            [("2", "Table en chêne", "1250.00", "2500.00"), ("4", "Chaise", "80.00", "320.00")],
        ),
        (
            DUTCH,
            ("F20230044", "2023-04-03", "2023-04-17", None, "Zuiderpoort Techniek B.V.", "De Koperen Kraan", "163.35"),
            [("3", "Bureaulamp", "45.00", "135.00")],
        ),
        (
            SPANISH,
            (
                *("A-2023-9", "2023-04-03", "2023-05-03", "P-31"),
                *("Suministros Valverde S.L.", "Talleres Puerto Azul", "605.00"),
            ),
            [("5", "Taladro", "100.00", "500.00")],
        ),
    ],
    ids=["german", "french", "dutch", "spanish"],
)
def test_other_languages(rows: Rows, wanted: tuple[str | None, ...], items: list[tuple[str, ...]]) -> None:
    invoice = read(rows)
    found = values(invoice)
    names = ("number", "date", "due_date", "purchase_order", "seller", "buyer", "total")
    assert tuple(found[name] for name in names) == wanted
    assert found["currency"] == "EUR"
    assert rows_of(invoice) == items
    assert invoice.total.verified
    assert {check.status for check in invoice.checks} == {"passed"}


@pytest.mark.parametrize("language", HEADS)
@pytest.mark.parametrize("empty", [0, 1, 3])
def test_heads_in_a_row_have_their_values_in_the_next(language: str, empty: int) -> None:
    heads, said = HEADS[language]
    places = (60, 300, 520, 760)
    rows = [
        *ENGLISH[:3],
        [],
        list(zip(places, heads, strict=True)),
        *([[]] * empty),  # the cells may be tall
        list(zip(places, said, strict=True)),
        [],
        *ENGLISH[9:],
    ]
    invoice = read(rows)
    found = values(invoice)
    wanted = [said[0], "2024-06-18", "2024-06-24", said[3]]
    assert [found[name] for name in ("number", "date", "due_date", "purchase_order")] == wanted
    assert all(field.verified for field in (invoice.number, invoice.date, invoice.due_date, invoice.purchase_order))
    assert len(invoice.items) == 2


def test_a_label_alone_has_no_value_far_below_it() -> None:
    assert read([[(60, "Invoice Number")], [], [], [(60, "INV-5512")]]).number.value is None


def test_who_is_only_guessed_from_a_place_is_not_verified() -> None:
    letter = [
        [(60, "Northwind Parts Ltd")],
        [(60, "12 Mill Road")],
        [(60, "Leeds LS1 4DY")],
        [],
        [],
        [(60, "Harbour Cycles")],
        [(60, "5 Quay Street")],
        [(60, "Hull HU1 2AB")],
        [],
        [],
        [(60, "Invoice number"), (300, "NP-1042")],
    ]
    invoice = read(letter)
    assert (invoice.seller.value, invoice.buyer.value) == ("Northwind Parts Ltd", "Harbour Cycles")
    assert not invoice.seller.verified
    assert not invoice.buyer.verified
    answer = invoice.ask("Who is the buyer?")
    assert answer.value == "Harbour Cycles"
    assert answer.doubt == "an address that is not the seller's; no heading says so"
    assert invoice.to_json()["fields"]["seller"]["note"] == "letterhead; no heading says so"
    for proof in ("accounts@northwind-parts.example.com", "Account holder: Northwind Parts Ltd"):
        proven = read([*letter, [], [(60, proof)]])
        assert proven.seller.value == "Northwind Parts Ltd"
        assert proven.seller.verified
    assert read(ENGLISH).buyer.verified  # under its heading


def test_a_date_of_which_nothing_tells_the_order_is_not_verified() -> None:
    invoice = read([[(60, "Invoice Date"), (300, "03/04/2023")]])
    assert values(invoice)["date"] == "2023-04-03"
    assert not invoice.date.verified
    assert "2023-03-04" in (invoice.ask("What is the date?").doubt or "")
    due = [(60, "Due Date"), (300, "23/04/2023")]
    assert read([[(60, "Invoice Date"), (300, "03/04/2023")], due]).date.verified
    assert read([[(60, "Invoice Date"), (300, "3 April 2023")]]).date.verified


def test_columns_are_told_by_what_multiplies_where_their_headings_mislead() -> None:
    invoice = read(
        [
            [(60, "Amount"), (200, "Product"), (-700, "Price"), (-940, "Total")],
            [(60, "400.00"), (200, "Balloons"), (-700, "0.79"), (-940, "316.00")],
            [(60, "3.00"), (200, "Ribbons"), (-700, "2.50"), (-940, "7.50")],
        ]
    )
    assert rows_of(invoice) == [("400", "Balloons", "0.79", "316.00"), ("3", "Ribbons", "2.50", "7.50")]


def test_a_receipt_without_a_header_and_what_was_paid() -> None:
    invoice = read(
        [
            [(60, "HARBOUR STORES")],
            [(60, "CLOTH PEG")],
            [(60, "955511"), (300, "2 X"), (-500, "5.90"), (-640, "11.80")],
            [(60, "Total Incl. GST 6%"), (-640, "11.80")],
            [(60, "CASH"), (-640, "20.00")],
            [(60, "CHANGE"), (-640, "8.20")],
            [(60, "18-10-17 15:16")],
        ]
    )
    assert rows_of(invoice) == [("2", "CLOTH PEG", "5.90", "11.80")]
    assert invoice.total.value == Decimal("11.80")
    assert invoice.total.verified
    assert values(invoice)["date"] == "2017-10-18"


def test_several_taxes_discount_and_shipping() -> None:
    invoice = read(
        [
            [(60, "Qty"), (150, "Item"), (-780, "Price"), (-940, "Amount")],
            [(60, "10"), (150, "Lamp"), (-780, "20.00"), (-940, "200.00")],
            [(-780, "Subtotal"), (-940, "200.00")],
            [(-780, "Discount"), (-940, "-20.00")],
            [(-780, "Shipping"), (-940, "10.00")],
            [(-780, "VAT 5%"), (-940, "4.50")],
            [(-780, "VAT 20%"), (-940, "18.00")],
            [(-780, "Total"), (-940, "212.50")],
        ]
    )
    found = values(invoice)
    assert (found["discount"], found["shipping"], found["tax"], found["total"]) == ("20.00", "10.00", "22.50", "212.50")
    assert [(tax.rate, tax.amount) for tax in invoice.taxes] == [(5, Decimal("4.50")), (20, Decimal("18.00"))]
    assert len(invoice.tax.evidence) == 2


def test_a_total_that_nothing_bears_out_is_not_verified_and_failures_show_their_numbers() -> None:
    alone = read([[(60, "Total"), (-500, "99.00")]])
    assert alone.total.value == 99
    assert not alone.total.verified
    wrong = read([row if row != ENGLISH[10] else [(60, "2"), *ENGLISH[10][1:3], (-940, "26.00")] for row in ENGLISH])
    failed = [check for check in wrong.checks if check.status == "failed"]
    assert [check.name for check in failed] == ["item 1: quantity × price = amount", "items add up to the subtotal"]
    assert failed[0].detail == "2 × 12.50 = 25.00, printed 26.00"


def test_a_due_date_before_the_issue_date_fails() -> None:
    invoice = read([[(60, "Invoice Date"), (300, "23/04/2023")], [(60, "Due Date"), (300, "20/04/2023")]])
    assert [check.status for check in invoice.checks if check.name.startswith("due")] == ["failed"]


def test_pages_are_one_invoice_and_evidence_says_which() -> None:
    cut = 11
    invoice = read_invoice([page_of(ENGLISH[:cut]), page_of([ENGLISH[9], *ENGLISH[cut + 1 :]], number=2)])
    assert [item.quantity for item in invoice.items] == [2, 3]
    assert (invoice.number.evidence[0].page, invoice.total.evidence[0].page) == (1, 2)
    assert invoice.total.verified


def test_what_is_not_read_again_is_not_verified() -> None:
    page = page_of(ENGLISH)
    invoice = look_again(read_invoice([page]), [page], BlindOcr())
    assert not any(invoice.field(name).verified for name in NAMES)
    assert values(invoice)["total"] == "174.00"
    assert "second look" in (invoice.total.note or "")


def test_json_has_every_field_and_nothing_that_json_cannot_hold() -> None:
    found = read([]).to_json()
    assert tuple(found["fields"]) == NAMES
    for field in found["fields"].values():
        assert (field["value"], field["verified"], field["evidence"]) == (None, False, [])
    assert found["items"] == []
    full = read(ENGLISH)
    again = json.loads(json.dumps(full.to_json()))
    assert again["fields"]["total"]["evidence"][0]["box"] == list(_box(full))
    assert {entry["field"] for entry in again["items"][0]["evidence"]} == {
        *("quantity", "description", "unit_price", "amount")
    }
    assert {mark.label for mark in full.marks()} > {"total", "1 amount"}


def _box(invoice: Invoice) -> tuple[int, int, int, int]:
    box = invoice.total.evidence[0].box
    assert box is not None
    return box.x0, box.y0, box.x1, box.y1


def test_a_page_with_thousands_of_words_is_read_in_bounded_time() -> None:
    words = "total invoice tax due 12/03/2019 1,234.50 net qty description amount GmbH 12345 Berlin 19% of".split()
    rows = [[(20 + 330 * k, " ".join(words[(n + k) % 9 :])) for k in range(3)] for n in range(180)]
    page: Page = page_of(rows, width=1400)
    start = time.process_time()
    assert len(page.words) > 5000
    read_invoice([page])
    assert time.process_time() - start < 90  # seconds; some 10 to 30, by the machine


def test_the_reader_is_a_plugin() -> None:
    assert isinstance(_plugins.build_named("readers", "invoice"), InvoiceReader)


@pytest.mark.timeout(120)
def test_the_course_invoice(data: Path) -> None:
    invoice = InvoiceReader().read(data / "documents" / "invoice.png")
    found = values(invoice)
    assert (found["number"], found["date"], found["due_date"]) == ("US-001", "2019-02-11", "2019-02-26")
    assert (found["purchase_order"], found["seller"], found["buyer"]) == ("2312/2019", "East Repair Inc.", "John Smith")
    assert (found["subtotal"], found["tax"], found["total"]) == ("145.00", "9.06", "154.06")
    assert rows_of(invoice) == [
        ("1", "Front and rear brake cables", "100.00", "100.00"),
        ("2", "New set of pedal arms", "15.00", "30.00"),
        ("3", "Labor 3hrs", "5.00", "15.00"),
    ]
    assert {check.status for check in invoice.checks} == {"passed"}
    answer = invoice.ask("How much would four sets pedal arms cost and 6 hours of labour?")
    assert answer.value == "90.00"
    assert [place.quote for place in answer.evidence] == ["15.00", "5.00"]
