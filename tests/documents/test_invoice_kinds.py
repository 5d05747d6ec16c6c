"""Kinds of invoices and receipts that are easily misread, each drawn as a picture and read from it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from invoice_samples import LINE, page_of, picture_of

from mm_agents import read_document
from mm_agents.documents.invoice import Invoice
from mm_agents.documents.invoice.reader import read_invoice
from mm_agents.types import Image

Rows = list[list[tuple[int, str]]]

PUB: Rows = [
    [(380, "The Grey Heron")],
    [(400, "12 Quay Street")],
    [(330, "Table 9"), (560, "14 Mar 2024 18:05")],
    [],
    [(250, "2 Brown ale"), (-740, "11.40")],
    [(250, "1 Soup of the day"), (-740, "6.50")],
    [(250, "Sub-Total"), (-740, "17.90")],
    [(250, "20% VAT incl."), (-740, "2.98")],
    [(250, "Total"), (-740, "17.90")],
    [(250, "Card payment"), (-740, "17.90")],
    [(250, "Receipt no. 61/2044")],
]
TWO_RATES: Rows = [
    [(60, "Molkerei Tannhof"), (-940, "Rechnung")],
    [(60, "Talweg 3")],
    [(60, "87527 Sonthofen"), (600, "Rechnung Nr."), (-940, "TH-204")],
    [(600, "Datum"), (-940, "11.03.2025")],
    [],
    [(60, "Artikel"), (-500, "Menge"), (-640, "Preis"), (-760, "MwSt"), (-940, "Betrag")],
    [(60, "Butter Fass"), (-500, "4"), (-640, "30,00"), (-760, "7 %"), (-940, "120,00")],
    [(60, "Holzbrett"), (-500, "5"), (-640, "16,00"), (-760, "19 %"), (-940, "80,00")],
    [],
    [(600, "Netto 7 %"), (-940, "120,00")],
    [(600, "MwSt 7 %"), (-940, "8,40")],
    [(600, "Netto 19 %"), (-940, "80,00")],
    [(600, "MwSt 19 %"), (-940, "15,20")],
    [(600, "Rechnungsbetrag EUR"), (-940, "223,60")],
]
CREDIT: Rows = [
    [(60, "Lieferant"), (360, "Kunde"), (640, "Rechnungs-Korrektur")],
    [(60, "OSTGUT GMBH"), (360, "GLN 4300001000019")],
    [(60, "Hafenweg 4"), (360, "LADEN NORD GMBH"), (640, "Beleg-Nr : OG7713")],
    [(60, "18055 Rostock"), (360, "Seestr. 1"), (640, "Beleg-Datum : 21.10.2024")],
    [(360, "17489 Greifswald"), (640, "Liefer-Datum : 02.09.2024")],
    [],
    [(60, "GTIN"), (240, "Art-Nr / Bezeichnung"), (-640, "Menge"), (-800, "Nettopreis"), (-960, "Nettowert")],
    [(60, "4123456000106"), (240, "QX118"), (-640, "-10,0000 Stk."), (-800, "2,0000"), (-960, "-20,00")],
    [(240, "Rapskern 250ml")],
    [(60, "4123456000205"), (240, "QX240"), (-640, "-4,0000 Stk."), (-800, "2,5000"), (-960, "-10,00")],
    [(240, "Seife Lavendel 3er")],
    [],
    [(60, "Nettobetrag"), (300, "MwSt-Betrag"), (520, "MwSt-%"), (720, "Endbetrag")],
    [(80, "-20,00"), (320, "-1,40"), (530, "7,0"), (740, "-21,40")],
    [(80, "-10,00"), (320, "-1,90"), (530, "19,0"), (740, "-11,90")],
    [(80, "-30,00"), (320, "-3,30"), (530, "EUR"), (740, "-33,30")],
]
INDIAN: Rows = [
    [(60, "KAVERI TOOLS")],
    [(60, "MARKET ROAD, MYSORE")],
    [(60, "Invoice No. KT/318"), (560, "Dated 7-Jun-2024")],
    [(60, "Party : NILA MOTORS PVT LTD")],
    [],
    [(60, "Description of Goods"), (-560, "Quantity"), (-720, "Rate"), (-940, "Amount")],
    [(60, "Lathe 6 ft"), (-560, "1 NOS"), (-720, "2,05,000.00"), (-940, "2,05,000.00")],
    [(400, "CGST"), (-940, "18,450.00")],
    [(400, "SGST"), (-940, "18,450.00")],
    [(400, "Total"), (-940, "2,41,900.00")],
    [(60, "INR Two Lakh Forty One Thousand Nine Hundred Only")],
    [],
    [(60, "HSN/SAC"), (-400, "Taxable Value"), (-600, "Central Tax"), (-800, "State Tax"), (-960, "Tax Amount")],
    [(60, "84581100"), (-400, "2,05,000.00"), (-600, "18,450.00"), (-800, "18,450.00"), (-960, "36,900.00")],
]
HEADS: Rows = [
    [(60, "Litware")],
    [(60, "Invoice For:")],
    [(60, "Tailspin Toys")],
    [(60, "18 Mill Lane")],
    [],
    [(60, "Invoice Number"), (300, "Invoice Date"), (520, "Invoice Due Date"), (760, "Charges")],
    [(60, "77120455"), (300, "9/18/2024"), (520, "9/30/2024"), (760, "$8,204.10")],
]


def read(rows: Rows) -> Invoice:
    found = read_document("invoice", picture_of(rows))
    assert isinstance(found, Invoice)
    return found


def said(invoice: Invoice, *names: str) -> tuple[str | None, ...]:
    fields = invoice.to_json()["fields"]
    return tuple(fields[name]["value"] for name in names)


def test_a_receipt_without_heads_of_columns_gives_its_items() -> None:
    invoice = read(PUB)
    assert said(invoice, "number", "date", "seller", "tax", "total") == (
        *("61/2044", "2024-03-14", "The Grey Heron", "2.98", "17.90"),
    )
    assert [(str(item.quantity), item.description, str(item.amount)) for item in invoice.items] == [
        ("2", "Brown ale", "11.40"),
        ("1", "Soup of the day", "6.50"),
    ]
    assert invoice.total.verified
    assert not [check for check in invoice.checks if check.status == "failed"]  # the tax is inside


def test_taxes_of_two_rates_are_listed_and_summed() -> None:
    invoice = read(TWO_RATES)
    assert said(invoice, "number", "subtotal", "tax", "total") == ("TH-204", "200.00", "23.60", "223.60")
    taxes = [tuple(map(str, (tax.rate, tax.base, tax.amount))) for tax in invoice.taxes]
    assert taxes == [("7", "120.00", "8.40"), ("19", "80.00", "15.20")]
    assert invoice.total.verified
    answer = invoice.ask("How much VAT is charged?")
    assert answer.value == "23.60"


def test_the_row_of_sums_of_a_credit_note_beats_its_addends() -> None:
    invoice = read(CREDIT)
    assert said(invoice, "number", "date", "seller", "buyer", "subtotal", "tax", "total") == (
        *("OG7713", "2024-10-21", "OSTGUT GMBH", "LADEN NORD GMBH", "-30.00", "-3.30", "-33.30"),
    )
    assert [item.description for item in invoice.items] == ["Rapskern 250ml", "Seife Lavendel 3er"]


def test_indian_amounts_and_two_taxes_of_one_rate() -> None:
    invoice = read(INDIAN)
    assert said(invoice, "number", "date", "buyer", "currency", "tax", "total") == (
        *("KT/318", "2024-06-07", "NILA MOTORS PVT LTD", "INR", "36900.00", "241900.00"),
    )
    assert [str(item.amount) for item in invoice.items] == ["205000.00"]


def test_the_only_amount_below_a_row_of_heads_is_the_total_but_not_proven() -> None:
    invoice = read(HEADS)
    assert said(invoice, "number", "date", "due_date", "seller", "buyer", "total") == (
        *("77120455", "2024-09-18", "2024-09-30", "Litware", "Tailspin Toys", "8204.10"),
    )
    assert not invoice.total.verified


def test_a_stamp_beside_the_total_does_not_hide_it() -> None:
    rows: Rows = [
        [(60, "Brook Electric Inc"), (-940, "INVOICE")],
        [(600, "Invoice #"), (-940, "BE-771")],
        [],
        [(60, "Description"), (-560, "Qty"), (-740, "Unit price"), (-940, "Amount")],
        [(60, "Socket repair"), (-560, "3"), (-740, "$50.00"), (-940, "$150.00")],
        [(600, "Subtotal"), (-940, "$150.00")],
        [(600, "Tax 6 %"), (-940, "$9.00")],
        [(600, "Total"), (700, "PAID"), (-940, "$159.00")],
    ]
    invoice = read(rows)
    assert said(invoice, "subtotal", "tax", "total") == ("150.00", "9.00", "159.00")
    assert invoice.total.verified


def test_what_is_carried_over_is_no_item() -> None:
    head = [(60, "Pos"), (150, "Bezeichnung"), (-560, "Menge"), (-740, "Preis"), (-940, "Betrag")]
    first: Rows = [
        [(60, "Holzbau Kern"), (-940, "Rechnung")],
        [(600, "Rechnungsnummer"), (-940, "HK-31")],
        head,
        [(60, "1"), (150, "Balken"), (-560, "2"), (-740, "30,00"), (-940, "60,00")],
        [(150, "Übertrag"), (-940, "60,00")],
    ]
    second: Rows = [
        head,
        [(150, "Übertrag"), (-940, "60,00")],
        [(60, "2"), (150, "Latten"), (-560, "5"), (-740, "8,00"), (-940, "40,00")],
        [(600, "Summe netto"), (-940, "100,00")],
        [(600, "MwSt 19 %"), (-940, "19,00")],
        [(600, "Gesamtbetrag"), (-940, "119,00")],
    ]
    invoice = read_invoice([page_of(first), page_of(second, number=2)])
    assert [item.description for item in invoice.items] == ["Balken", "Latten"]
    assert said(invoice, "number", "subtotal", "total") == ("HK-31", "100.00", "119.00")
    assert not invoice.others


def small(seller: str, number: str, net: str, tax: str, total: str, x: int = 0) -> Rows:
    return [
        [(x + 30, seller), (x + 300, "INVOICE")],
        [(x + 30, "Invoice #"), (x + 300, number)],
        [],
        [(x + 30, "Description"), (x + 230, "Qty"), (x + 300, "Price"), (x + 400, "Amount")],
        [(x + 30, "Service"), (x + 230, "1"), (x + 300, net), (x + 400, net)],
        [(x + 200, "Subtotal"), (x + 400, net)],
        [(x + 200, "Tax"), (x + 400, tax)],
        [(x + 200, "Total"), (x + 400, total)],
    ]


ONE = ("Pike Repair Ltd", "P-31", "120.00", "9.90", "129.90")
OTHER = ("Vine Gardens Ltd", "V-88", "170.00", "14.03", "184.03")


def test_two_invoices_on_two_pages_are_two_readings() -> None:
    invoice = read_invoice([page_of(small(*ONE)), page_of(small(*OTHER), number=2)])
    found = [said(one, "seller", "number", "total") for one in (invoice, *invoice.others)]
    assert found == [(ONE[0], ONE[1], ONE[4]), (OTHER[0], OTHER[1], OTHER[4])]
    assert [one.pages for one in (invoice, *invoice.others)] == [(1,), (2,)]
    answer = invoice.ask("What is the total?")
    assert answer.value == "129.90"
    assert "2 invoices" in (answer.doubt or "")
    assert invoice.to_json()["others"][0]["fields"]["total"]["value"] == "184.03"
    assert "## Invoice 2" in invoice.to_markdown()


def test_two_invoices_side_by_side_are_two_readings() -> None:
    rows = [left + right for left, right in zip(small(*ONE), small(*OTHER, x=520), strict=True)]
    invoice = read(rows)
    found = [said(one, "number", "subtotal", "tax", "total") for one in (invoice, *invoice.others)]
    assert found == [("P-31", "120.00", "9.90", "129.90"), ("V-88", "170.00", "14.03", "184.03")]
    assert all(one.total.verified for one in (invoice, *invoice.others))


def strip(name: str, day: str, item: str, times: str, amount: str) -> Rows:
    return [
        [(380, name)],
        [(400, day)],
        [(250, item)],
        [(290, times), (-740, amount)],
        [(250, "Espresso"), (-740, "2.00")],
        [(250, "Total"), (-740, f"{float(amount) + 2:.2f}")],
    ]


def test_receipts_one_above_another_are_readings_of_their_own() -> None:
    above = strip("Grey Heron Ltd", "14 Mar 2024", "Brown ale", "3 x 1.50", "4.50")
    below = strip("Quay Bakery Ltd", "15 Mar 2024", "Rye bread", "2 x 1.10", "2.20")
    invoice = read([*above, [], [], *below])
    found = [said(one, "seller", "date", "total") for one in (invoice, *invoice.others)]
    assert found == [("Grey Heron Ltd", "2024-03-14", "6.50"), ("Quay Bakery Ltd", "2024-03-15", "4.20")]
    first = invoice.items[0]
    assert (first.description, str(first.quantity), str(first.unit_price), str(first.amount)) == (
        "Brown ale",
        "3",
        "1.50",
        "4.50",
    )


def test_the_slip_of_a_card_below_a_receipt_is_a_part_of_it() -> None:
    receipt = strip("Grey Heron Ltd", "14 Mar 2024", "Brown ale", "3 x 1.50", "4.50")
    slip: Rows = [[(380, "Card sale")], [(400, "14 Mar 2024")], [(250, "Total"), (-740, "6.50")]]
    assert read([*receipt, [], [], *slip]).others == ()


def test_a_net_amount_is_not_proven_by_the_items_while_a_tax_is_printed() -> None:
    rows: Rows = [
        [(60, "Brook Electric Ltd"), (-940, "INVOICE")],
        [(60, "Qty"), (150, "Description"), (-780, "Unit Price"), (-940, "Amount")],
        [(60, "2"), (150, "Brake pads"), (-780, "12.50"), (-940, "25.00")],
        [(600, "Total"), (-940, "25.00")],
        [(600, "VAT 20 %"), (-940, "5.00")],
    ]
    invoice = read_invoice([page_of(rows)])
    assert said(invoice, "total") == ("25.00",)
    assert not invoice.total.verified
    assert "nothing else confirms" in (invoice.total.note or "")


def test_a_tax_that_does_not_add_up_is_not_verified() -> None:
    rows: Rows = [
        [(60, "Brook Electric Ltd"), (-940, "INVOICE")],
        [(600, "Subtotal"), (-940, "25.00")],
        [(600, "VAT"), (-940, "5.00")],
        [(600, "Total"), (-940, "38.00")],
    ]
    invoice = read_invoice([page_of(rows)])
    assert said(invoice, "subtotal", "tax", "total") == ("25.00", "5.00", "38.00")
    assert not any(field.verified for field in (invoice.subtotal, invoice.tax, invoice.total))
    assert "does not add up" in (invoice.tax.note or "")


@pytest.mark.parametrize(
    ("label", "amount", "total"),
    [
        ("Totel", "30.25", "30.25"),  # misread
        ("Amount Due", "40. 25", "40.25"),
        ("Total:30.25", "", "30.25"),
        ("Payment due", "R30.25", "30.25"),
        ("Zu zahlender Betrag", "30,25", "30.25"),
        ("Grand Total", "1108", "1108.00"),
        ("Gross", "30.25", "30.25"),
        ("Netto inkl. MWST", "1'756.05", "1756.05"),
        ("TOTAL TENDERED", "30.25", None),
        ("Total includes GST of", "0.35", None),
    ],
)
def test_labels_of_totals(label: str, amount: str, total: str | None) -> None:
    rows: Rows = [
        [(60, "Brook Electric Ltd"), (-940, "INVOICE")],
        [(600, label), *([(-940, amount)] if amount else [])],
    ]
    assert said(read_invoice([page_of(rows)]), "total") == (total,)


@pytest.mark.parametrize("printed", ["JUN03'14", "03Jun'14 7:21PM", "62/4 03 Jun 14", "2014-06-03144838"])
def test_dates_of_tills(printed: str) -> None:
    assert said(read_invoice([page_of([[(60, "Receipt")], [(60, printed)]])]), "date") == ("2014-06-03",)


def test_an_amount_above_the_label_it_belongs_to_is_taken_where_it_adds_up() -> None:
    rows: Rows = [
        [(60, "Brook Bar Ltd")],
        *([(-740, "63.50")], [(60, "Subtotal")], [(-740, "3.81")], [(60, "Tax")], [(-740, "67.31")], [(60, "Total")]),
    ]
    assert said(read_invoice([page_of(rows)]), "subtotal", "tax", "total") == ("63.50", "3.81", "67.31")


def test_an_amount_that_hangs_below_its_row_belongs_to_it() -> None:
    page = page_of([[(60, "Receipt")], [(60, "Total"), (500, "12.40")]])
    sunken = page.words[-1]
    moved = sunken.place.__class__(
        x0=sunken.place.x0, y0=sunken.place.y0 + 11, x1=sunken.place.x1, y1=sunken.place.y1 + 11
    )
    page = type(page)(
        number=1,
        image=page.image,
        frame=page.frame,
        words=(*page.words[:-1], type(sunken)(text="12.40", box=moved, place=moved, confidence=0.99, line=9)),
    )
    assert LINE > 11
    assert said(read_invoice([page]), "total") == ("12.40",)


def test_a_page_that_is_no_invoice_has_no_field() -> None:
    letter: Rows = [
        [(60, "Northwind Parts Ltd")],
        [(60, "12 Mill Road")],
        [(60, "Leeds LS1 4DY")],
        [],
        [(60, "3 April 2023")],
        [(60, "Dear reader, the new catalogue is out.")],
    ]
    invoice = read_invoice([page_of(letter)])
    assert not invoice.tables()
    blank = read_document("invoice", Image(pixels=np.full((200, 300, 3), 255, np.uint8)))
    assert not blank.tables()


TILL: Rows = [
    [(380, "Blue Door Cafe")],
    [(250, "Flat white"), (-740, "3.40T")],
    [(250, "Rye toast"), (-740, "6.10T")],
    [(250, "COUPON"), (-740, "-0.50")],
    [(250, "Orange juice"), (-740, "4.00F")],
    [(250, "SUB TTL"), (-740, "13.00")],
    [(250, "State Tax"), (-740, "0.80")],
    [(250, "City Tax"), (-740, "0.20")],
    [(250, "TTL"), (-740, "14.00")],
]


def amounts(invoice: Invoice) -> list[str]:
    return [str(item.amount) for item in invoice.items]


def test_a_receipt_with_letters_of_taxes_a_coupon_and_two_taxes() -> None:
    invoice = read_invoice([page_of(TILL)])
    assert amounts(invoice) == ["3.40", "6.10", "-0.50", "4.00"]
    assert said(invoice, "seller", "subtotal", "tax", "total") == ("Blue Door Cafe", "13.00", "1.00", "14.00")
    assert invoice.total.verified
    place = invoice.items[0].evidence["amount"]
    assert place.quote == "3.40"
    assert place.box is not None
    assert place.box.x1 < 740  # without the letter


def test_a_discount_below_all_items_is_no_item() -> None:
    rows: Rows = [*TILL[:3], [(250, "Discount"), (-740, "-0.50")], [(250, "Total"), (-740, "9.00")]]
    invoice = read_invoice([page_of(rows)])
    assert amounts(invoice) == ["3.40", "6.10"]
    assert said(invoice, "discount", "total") == ("0.50", "9.00")


def test_a_volume_is_no_amount_with_a_letter() -> None:
    invoice = read_invoice([page_of([*TILL[:1], [(250, "Olive oil"), (-740, "0.75L")], *TILL[1:3], *TILL[8:]])])
    assert "0.75" not in amounts(invoice)


@pytest.mark.parametrize(
    ("subtotal", "total"),
    [("SUBTTL", "BALANCE"), ("Food/Bev Total", "Bal Due"), ("SUBT", "Amt Due"), ("Sub Tot", "TTL")],
)
def test_short_labels_of_tills(subtotal: str, total: str) -> None:
    rows: Rows = [*TILL[:3], [(250, subtotal), (-740, "9.50")], [(250, "Tax"), (-740, "0.50")]]
    invoice = read_invoice([page_of([*rows, [(250, total), (-740, "10.00")]])])
    assert amounts(invoice) == ["3.40", "6.10"]
    assert said(invoice, "subtotal", "tax", "total") == ("9.50", "0.50", "10.00")
    assert invoice.total.verified


@pytest.mark.parametrize("slope", [-0.05, 0.05])
def test_the_rows_of_a_leaning_sheet_are_level(slope: float) -> None:
    names = ("Flat white with oat milk", "Rye toast with two eggs", "Orange juice, freshly pressed")
    rows: Rows = [[(250, name), (-740, amount)] for name, amount in zip(names, ("3.40", "6.10", "4.00"), strict=True)]
    rows = [[(300, "Blue Door Cafe on the Quay")], *rows, [(250, "Total of all the items"), (-740, "13.50")]]
    page = page_of(rows)
    runs = {word.place.y0: n for n, word in enumerate(page.words) if word.place.x0 < 600}
    words = []
    for n, word in enumerate(page.words):
        down = round(slope * (word.place.x0 - 250))  # by more than half of a row at the amounts
        place = replace(word.place, y0=word.place.y0 + down, y1=word.place.y1 + down)
        line = runs[word.place.y0] if word.place.x0 < 600 else 100 + n
        words.append(replace(word, place=place, box=place, line=line))
    invoice = read_invoice([replace(page, words=tuple(words))])
    assert [item.description for item in invoice.items] == list(names)
    assert amounts(invoice) == ["3.40", "6.10", "4.00"]
    assert invoice.total.value == Decimal("13.50")


def test_a_row_with_the_price_of_one_is_an_item_beside_those_without() -> None:
    rows: Rows = [
        [(330, "WELCOME TO"), (560, "GST 2")],  # guests, not a tax
        [(330, "Welcome to Kite & Crown")],
        [(250, "2 Brown ale @ 4.50"), (-740, "9.00")],
        [(250, "1 Fish pie"), (-740, "12.00")],
        [(250, "1 Rice pudding"), (-740, "5.00")],
        [(250, "Total"), (-740, "26.00")],
    ]
    invoice = read_invoice([page_of(rows)])
    assert said(invoice, "seller", "tax", "total") == ("Kite & Crown", None, "26.00")
    assert amounts(invoice) == ["9.00", "12.00", "5.00"]
    assert [item.description for item in invoice.items] == ["Brown ale", "Fish pie", "Rice pudding"]
    first = invoice.items[0]
    assert (str(first.quantity), str(first.unit_price)) == ("2", "4.50")


def test_a_sum_with_an_unknown_label_below_the_items_is_no_item() -> None:
    rows: Rows = [*TILL[:3], [(250, "Counter 4"), (-740, "9.50")], [(250, "Tax"), (-740, "0.50")]]
    invoice = read_invoice([page_of([*rows, [(250, "Total"), (-740, "10.00")]])])
    assert amounts(invoice) == ["3.40", "6.10"]
    assert said(invoice, "subtotal", "tax", "total") == ("9.50", "0.50", "10.00")


def test_items_whose_names_are_below_their_numbers() -> None:
    receipt = [
        [(60, "YONG ENTERPRISE")],
        [(60, "RECEIPT #: CS00677")],
        [(60, "ITEM"), (300, "QTY"), (400, "U/P AMOUNT")],
        [(60, "9555223500"), (300, "24"), (400, "2.50"), (500, "60.00")],
        [(60, "YOUNG CORN")],
        [(60, "9557166110"), (300, "2"), (400, "2.00"), (500, "4.00")],
        [(60, "ASAM BOI")],
        [(60, "TOTAL QUANTITY"), (300, "26")],
        [(60, "TOTAL"), (300, "64.00")],
    ]
    found = read_invoice([page_of(receipt)])
    assert [(item.description, str(item.amount)) for item in found.items] == [
        ("YOUNG CORN", "60.00"),
        ("ASAM BOI", "4.00"),
    ]
    assert found.ask("What did the corn come to altogether?").value == "60.00"
    assert found.ask("How much GST was on the corn?").answer is None


def test_a_price_and_an_amount_that_a_blank_parts_are_two_numbers() -> None:
    bill = [
        [(60, "Thali House")],
        [(60, "Bill No: 285")],
        [(60, "Item Qty Rate Amt")],
        [(60, "2"), (120, "Dinner Buffet"), (-560, "157 314.00")],
        [(60, "Tot Item 1"), (-560, "Sub Total 314.00")],
        [(60, "TOTAL"), (-560, "314.00")],
    ]
    found = read_invoice([page_of(bill)])
    (item,) = found.items
    assert (item.description, str(item.unit_price), str(item.amount)) == ("Dinner Buffet", "157", "314.00")


@pytest.mark.parametrize(("total", "subtotal"), [("Totah:", "Subtotal"), ("Tota", "Suototal"), ("IUIAL", "SUBIUIAL")])
def test_a_label_with_misread_letters_is_still_that_of_its_amount(total: str, subtotal: str) -> None:
    rows = [
        [(60, "Guardian Health And Beauty Sdn Bhd")],
        [(60, "Lemon water 500ML"), (-600, "2.28")],
        [(60, subtotal), (-600, "2.28")],
        [(60, total), (-600, "2.28")],
        [(60, "CASH"), (-600, "5.00")],
        [(60, "CHANGE"), (-600, "2.72")],
    ]
    read = read_invoice([page_of(rows)])
    assert (read.total.value, read.subtotal.value) == (Decimal("2.28"), Decimal("2.28"))
    assert [item.description for item in read.items] == ["Lemon water 500ML"]


def test_the_seller_is_no_sign_at_its_door_and_its_name_is_without_its_registration() -> None:
    rows = [
        [(60, "A06024.")],
        [(60, "AEON CO. (M) BHD (126926-H)")],
        [(60, "3RD FLOOR, TAMAN MALURI")],
        [(60, "SHOPPING HOURS")],
        [(60, "GET A FREE SANDWICH")],
        [(60, "Orange"), (-600, "4.10")],
        [(60, "TOTAL"), (-600, "4.10")],
    ]
    assert read_invoice([page_of(rows)]).seller.value == "AEON CO. (M) BHD"
