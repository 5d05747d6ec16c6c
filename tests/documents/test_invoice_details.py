"""What else an invoice says, and questions that only a label, a date or a rate answers."""

from __future__ import annotations

from typing import Any

import pytest
from invoice_samples import page_of

from mm_agents.documents.invoice import Invoice
from mm_agents.documents.invoice.details import is_iban
from mm_agents.documents.invoice.reader import read_invoice

PAGE = [
    [(60, "Alder Tools Ltd"), (620, "INVOICE")],
    [(60, "8 Forge Lane"), (620, "Invoice number: AT-311")],
    [(60, "Leeds LS1 4AB"), (620, "Invoice date: 14 March 2024")],
    [(60, "Phone: +44 113 496 0100"), (620, "Due date: 13 April 2024")],
    [(60, "sales@aldertools.example"), (620, "Customer no. 4711")],
    [],
    [(60, "Bill to:"), (620, "Payment terms: 30 days net")],
    [(60, "Harbour Cycles"), (620, "Delivery date: 15 March 2024")],
    [(60, "5 Quay Street"), (620, "Project")],
    [(60, "Hull HU1 2AB"), (620, "Lighthouse")],
    [(60, "Tel: 01482 555 013")],
    [],
    [(60, "Description"), (500, "Quantity"), (700, "Unit price"), (-950, "Amount")],
    [(60, "Torque wrench"), (500, "2"), (700, "40.00"), (-950, "80.00")],
    [(60, "Bench vice"), (500, "1"), (700, "120.00"), (-950, "120.00")],
    [],
    [(620, "Subtotal"), (-950, "200.00")],
    [(620, "VAT 20%"), (-950, "40.00")],
    [(620, "Total GBP"), (-950, "240.00")],
    [],
    [(60, "VAT number: GB123456789"), (620, "IBAN: GB82 WEST 1234 5698 7654 32")],
    [(60, "Vessel: Aurora"), (620, "BIC: WESTGB2L")],
]


@pytest.fixture(scope="module")
def invoice() -> Invoice:
    return read_invoice([page_of(PAGE)])


def without(*texts: str) -> Invoice:
    """The invoice without some of its texts."""
    rows = [[cell for cell in row if not cell[1].startswith(texts)] for row in PAGE]
    return read_invoice([page_of(rows)])


def test_details_are_fields_with_their_places(invoice: Invoice) -> None:
    assert {name: field.value for name, field in invoice.details.items()} == {
        "seller_address": "8 Forge Lane, Leeds LS1 4AB",
        "buyer_address": "5 Quay Street, Hull HU1 2AB",
        "seller_phone": "+44 113 496 0100",
        "buyer_phone": "01482 555 013",
        "seller_email": "sales@aldertools.example",
        "seller_vat_id": "GB123456789",
        "customer_number": "4711",
        "payment_terms": "30 days net",
        "delivery_date": "2024-03-15",
        "tax_rate": "20",
        "iban": "GB82 WEST 1234 5698 7654 32",
        "bic": "WESTGB2L",
    }
    assert all(place.box is not None for field in invoice.details.values() for place in field.evidence)
    assert all(field.evidence for field in invoice.details.values())
    written = invoice.to_json()["details"]
    assert written["iban"]["value"] == "GB82 WEST 1234 5698 7654 32"
    assert written["iban"]["evidence"][0]["quote"] == "GB82 WEST 1234 5698 7654 32"
    assert "number" not in written
    assert ("iban", "GB82 WEST 1234 5698 7654 32", "yes") in invoice.tables()[0].rows


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("what is the IBAN?", "GB82 WEST 1234 5698 7654 32"),
        ("Which IBAN do I pay to?", "GB82 WEST 1234 5698 7654 32"),
        ("the BIC please", "WESTGB2L"),
        ("What is the customer number?", "4711"),
        ("What is the seller's address?", "8 Forge Lane, Leeds LS1 4AB"),
        ("Where is the buyer?", "5 Quay Street, Hull HU1 2AB"),
        ("What is the phone number of the buyer?", "01482 555 013"),
        ("the supplier's telephone number", "+44 113 496 0100"),
        ("What is the seller's e-mail address?", "sales@aldertools.example"),
        ("What is the VAT number of the vendor?", "GB123456789"),
        ("What are the payment terms?", "30 days net"),
        ("What is the delivery date?", "2024-03-15"),
        ("What is the vessel?", "Aurora"),
        ("what is the project", "Lighthouse"),
        ("What is the total due?", "240.00"),
        ("How many days after the invoice date is it due?", 30),
        ("how many days do we have to pay?", 30),
        ("Is the VAT on this invoice right?", True),
        ("Is the total above 200?", True),
        ("Is the total less than 200?", False),
        ("How much would 3 torque wrenches cost without tax?", "120.00"),
        ("How much would 3 torque wrenches cost including VAT?", "144.00"),
    ],
)
def test_attributes_and_sums_are_answered_with_their_places(invoice: Invoice, question: str, value: Any) -> None:
    found = invoice.ask(question)
    assert found.value == value
    assert found.evidence
    assert all(place.box is not None for place in found.evidence)


@pytest.mark.parametrize(
    "question",
    [
        "Who is the CEO of the seller?",
        "What is the buyer's e-mail address?",
        "What is the VAT number of the buyer?",
        "What is the order date?",
        "What is the shipping date?",
        "What is the customer reference?",
        "what is the warranty",
        "How many days late is it?",
        "How many days until the due date?",
        "How many weeks after the invoice date is it due?",
        "Is the total above 200 dollars?",
        "Is the VAT above 10 %?",
        "What is the name of the skipper?",
    ],
)
def test_what_is_not_printed_is_never_a_neighbour(invoice: Invoice, question: str) -> None:
    found = invoice.ask(question)
    assert (found.answer, found.value, found.evidence) == (None, None, ())
    assert found.reason


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("what is the IBAN?", "IBAN"),
        ("What is the customer number?", "Customer no"),
        ("the supplier's telephone number", "Phone"),
        ("What are the payment terms?", "Payment terms"),
        ("What is the delivery date?", "Delivery date"),
        ("What is the vessel?", "Vessel"),
        ("How many days after the invoice date is it due?", "Due date"),
        ("Is the VAT on this invoice right?", "VAT 20%"),
    ],
)
def test_what_was_taken_from_the_page_is_not_answered(question: str, label: str) -> None:
    assert without(label).ask(question).answer is None


def test_a_tax_that_is_wrong_is_computed_as_wrong() -> None:
    rows = [[(x, "41.00" if text == "40.00" and x < 0 else text) for x, text in row] for row in PAGE]
    found = read_invoice([page_of(rows)]).ask("Is the VAT right?")
    assert found.value is not True


def test_an_iban_with_a_wrong_digit_is_not_verified() -> None:
    rows = [[(x, text.replace("5698", "5699")) for x, text in row] for row in PAGE]
    read = read_invoice([page_of(rows)])
    assert not read.field("iban").verified
    assert read.ask("what is the IBAN?").doubt
    assert is_iban("DE89 3704 0044 0532 0130 00")
    assert not is_iban("DE88 3704 0044 0532 0130 00")
    assert not is_iban("DE89")


def test_a_field_that_nothing_confirms_is_less_sure_than_it_was_read() -> None:
    field = read_invoice([page_of(PAGE)]).number
    sure = field.evidence[0].confidence
    assert sure is not None
    assert field.confidence == sure
    assert field.model_copy(update={"verified": False}).confidence == pytest.approx(0.92 * sure, abs=1e-4)
    assert Invoice().total.confidence is None
