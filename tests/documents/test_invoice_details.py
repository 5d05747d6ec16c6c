"""What else an invoice says, and questions that only a label, a date or a rate answers."""

from __future__ import annotations

from typing import Any

import pytest
from invoice_samples import page_of

from mm_agents import demo, read_document
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


TILL = [
    [(300, "HARBOUR CAFE")],
    [(300, "Pier Road 2, Hull")],
    [(60, "VAT NO: H0513894")],
    [(60, "Table: 25")],
    [(60, "03/06/2024  14:40")],
    [],
    [(60, "2 Lemon cake @ 4.50"), (-700, "9.00")],
    [(60, "1 Tea"), (-700, "3.20")],
    [(60, "1 Soup"), (-700, "7.80")],
    [],
    [(60, "Total"), (-700, "20.00")],
    [(60, "Deposit paid"), (-700, "5.00")],
    [(60, "Balance"), (-700, "15.00")],
    [],
    [(60, "Exchanges are allowed within 7 days.")],
]
ORDERED = [
    [(60, "Alder Tools Ltd"), (620, "INVOICE")],
    [(60, "8 Forge Lane"), (620, "Invoice number: AT-311")],
    [(60, "Leeds LS1 4AB"), (620, "Invoice date: 14 March 2024")],
    [(620, "Order date: 9 March 2024")],
    [(60, "Line number"), (360, "Client id"), (620, "Payment terms: 30% in advance,")],
    [(60, "F0104"), (360, "10577"), (742, "balance in 30 days")],
    [(60, "Ship to:"), (620, "Sales contact: Ida Rowe")],
    [(60, "Harbour Cycles")],
    [(60, "5 Quay Street")],
    [],
    [(60, "Description"), (500, "Quantity"), (700, "Unit price"), (-950, "Amount")],
    [(60, "Torque wrench"), (500, "2"), (700, "40.00"), (-950, "80.00")],
    [(60, "Bench vice"), (500, "1"), (700, "120.00"), (-950, "120.00")],
    [],
    [(620, "Total GBP"), (-950, "200.00")],
]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How much do I have to pay?", "The total is 20.00"),
        ("What was the most expensive thing?", "“Soup” at 7.80"),
        ("When were we there?", "It is dated 2024-06-03."),
        ("Which restaurant is it?", "The seller is HARBOUR CAFE."),
        ("Where did we eat?", "The seller is HARBOUR CAFE."),
        ("What time was it?", "The time is 14:40."),
        ("What is the VAT number?", "VAT NO: H0513894."),
        ("How much is a 10% tip on the total?", "10 % of 20.00 = 2.00"),
        ("Was anything cheaper than 4?", "Yes: 1 of 3 costs less than 4"),
        ("Did anything cost more than 90?", "No: 0 of 3 cost more than 90"),
        ("Which was cheaper, the tea or the soup?", "“Tea” at 3.20 is less than “Soup” at 7.80"),
        ("How much is still to be paid?", "Balance: 15.00."),
        ("How much does each of the four pay?", "20.00 / 4 = 5.00"),
        ("Which table did we sit at?", "Table: 25."),
    ],
)
def test_a_receipt_answers_what_guests_ask(question: str, wanted: str) -> None:
    answered = read_invoice([page_of(TILL)]).ask(question)
    assert answered.answer is not None
    assert answered.answer.startswith(wanted)
    assert answered.evidence


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("When was the order placed?", "Order date: 9 March 2024."),
        ("What is the line number?", "Line number: F0104."),
        ("What is my customer number?", "10577"),
        ("In which town is the shop?", "The address of the seller is 8 Forge Lane, Leeds LS1 4AB."),
        ("Who is my sales contact?", "Sales contact: Ida Rowe."),
        ("What are the payment terms?", "The payment terms are 30% in advance, balance in 30 days."),
        ("Which is dearer, the wrench or the vice?", "“Bench vice” at 120.00 GBP is more than “Torque wrench”"),
    ],
)
def test_labels_answer_in_other_words(question: str, wanted: str) -> None:
    answered = read_invoice([page_of(ORDERED)]).ask(question)
    assert answered.answer is not None
    assert wanted in answered.answer


@pytest.mark.parametrize(
    "question",
    [
        "When was it shipped?",  # an address is no date
        "Is this a VAT invoice?",
        "Is delivery free?",
        "How much did the phone calls cost?",
        "Within how many days may I exchange it?",
        "Were there any credits?",
    ],
)
def test_a_field_of_another_kind_is_no_answer(question: str) -> None:
    assert read_invoice([page_of(ORDERED)]).ask(question).answer is None


BILL = [
    [(60, "Quay Cafe")],
    [(60, "Hull HU1 2AB")],
    [(620, "Unpaid")],
    [],
    [(60, "Qty"), (150, "Description"), (-780, "Price"), (-940, "Amount")],
    [(60, "4"), (150, "Sushi Yel1ow"), (-780, "1.80"), (-940, "7.20")],
    [(60, "2"), (150, "Sushi Red"), (-780, "2.80"), (-940, "5.60")],
    [(60, "1"), (150, "FRZN STRWBRYS"), (-780, "9.00"), (-940, "9.00")],
    [(-780, "Subtotal"), (-940, "21.80")],
    [(-780, "Serv. Charge"), (-940, "2.18")],
    [(-780, "VAT 20%"), (-940, "4.36")],
    [(-780, "Total"), (-940, "28.34")],
    [],
    [(60, "Account holder: Lena Quay")],
]


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Has this bill been paid yet?", False),
        ("Is the bill still unpaid?", True),
        ("who is the account holder", "Lena Quay"),
        ("how much was the service charge", "2.18"),
        ("What is the service charge?", "2.18"),
        ("what did the yellow sushi cost altogether?", "7.20"),
        ("How much were the strawberries?", "9.00"),
        ("How much is it without VAT?", "21.80"),
        ("Is the total with tax more than 20?", True),
    ],
)
def test_a_bill_says_what_stands_on_it(question: str, value: Any) -> None:
    found = read_invoice([page_of(BILL)]).ask(question)
    assert found.value == value
    assert found.doubt is None


@pytest.mark.parametrize(
    "question",
    [
        "Was this paid by card?",
        "How much was the shipping?",
        "how much was the sushi in total?",
        "how many sushi did we eat",
        "How much VAT is on the strawberries?",
        "How much are the lamps without VAT?",
    ],
)
def test_a_bill_is_silent_on_what_it_does_not_say(question: str) -> None:
    assert read_invoice([page_of(BILL)]).ask(question).answer is None


def test_a_form_with_both_words_does_not_say_whether_it_is_paid() -> None:
    form = read_invoice([page_of([*BILL, [], [(60, "Paid")]])])
    assert form.ask("Has this bill been paid yet?").answer is None


COUNTER = [
    [(60, "HARBOUR BAKERY")],
    [(60, "8 Forge Lane")],
    [(60, "Leeds LS1 4AB")],
    [(60, "Mobile /Whatsapps : +44 7700 900123")],
    [(60, "Cashier : Ida"), (-700, "03/06/2024  14:40")],
    [(60, "Guests: 3"), (-700, "Page: 1")],
    [],
    [(60, "2 Ribeye pie @ 4.50"), (-700, "9.00")],
    [(60, "1 Wholemeal loaf"), (-700, "3.20")],
    [],
    [(60, "Total"), (-700, "12.20")],
    [(60, "Kind Word"), (-700, "-0.10")],
    [(60, "CASH"), (-700, "20.00")],
    [(60, "CASH CHANGE"), (-700, "7.80")],
]
TERMS = [
    *ORDERED[:4],
    [(60, "Line number"), (360, "Client id"), (742, "Payment terms")],
    [(60, "F0104"), (360, "10577"), (742, "Description")],
    [(742, "net by 13 April 2024, 3% discount by 24 March 2024")],
    [(60, "Billing period: 1 March to 31 March 2024")],
    *ORDERED[6:],
]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Was this paid in cash or by card?", "It was paid in cash: “CASH” 20.00."),
        ("was it cash or card?", "It was paid in cash: “CASH” 20.00."),
        ("how did they pay", "It was paid in cash: “CASH” 20.00."),
        ("Did the customer pay by Visa card?", "It was paid in cash: “CASH” 20.00."),
        ("how much change did we get", "CASH CHANGE: 7.80."),
        ("How much did I get back after handing over the cash?", "CASH CHANGE: 7.80."),
        ("who was at the till?", "Cashier: Ida."),
        ("What was our waiter called?", "Cashier: Ida."),
        ("Where is this bakery?", "The address of the seller is 8 Forge Lane, Leeds LS1 4AB."),
        ("What's the WhatsApp number of the shop?", "Mobile /Whatsapps: +44 7700 900123."),
        ("What is the final amount I owe?", "The total is 12.20."),
        ("What did the whole meal cost in the end?", "The total is 12.20."),
        ("how much did we spend on the ribeyes?", "“Ribeye pie” comes to 9.00."),
        (
            "Which thing cost the least, and how much is it?",
            "“Wholemeal loaf” at 3.20. “Wholemeal loaf” is 3.20 each; 1 for 3.20.",
        ),
        (
            "how many ribeyes were sold and for how much in total",
            "2 of “Ribeye pie”. “Ribeye pie” comes to 9.00.",
        ),
        ("How many guests were there?", "Guests: 3."),
        ("How much did they take off for a kind word?", "Kind Word: -0.10."),
    ],
)
def test_a_receipt_says_who_served_and_how_it_was_paid(question: str, wanted: str) -> None:
    answered = read_invoice([page_of(COUNTER)]).ask(question)
    assert answered.answer == wanted
    assert answered.evidence


@pytest.mark.parametrize(
    "question",
    [
        "By what date do I have to pay?",
        "What is the last day to pay?",
        "Until when can I get the 3% discount?",
        "How long do I have for the 2% discount?",
        "can i take these back to the shop?",
        "Can I pay by card?",
        "How did the customer pay for the parking?",
        "who served the fish?",
        "How many pages are there?",
        "How many guests paid?",
        "Which items have a 3% discount?",
        "What do I have to do for the 3% discount?",
    ],
)
def test_a_receipt_is_silent_on_days_and_on_what_may_be(question: str) -> None:
    assert read_invoice([page_of(COUNTER)]).ask(question).answer is None


def test_items_that_are_not_read_are_not_counted() -> None:
    rows = [row for row in COUNTER if not row or row[0][1][0] not in "12"]
    assert read_invoice([page_of(rows)]).ask("How many items were bought?").answer is None


def test_cash_that_is_less_than_the_total_does_not_say_how_it_was_paid() -> None:
    less = [[(x, "2.00" if text == "20.00" else text) for x, text in row] for row in COUNTER]
    assert read_invoice([page_of(less)]).ask("Was it paid in cash?").answer is None


def test_cash_with_the_only_sign_of_the_currency_is_told() -> None:
    signed = [[(x, "£20.00" if text == "20.00" else text) for x, text in row] for row in COUNTER]
    found = read_invoice([page_of(signed)])
    assert found.currency.value == "GBP"
    assert found.ask("Was it paid in cash?").answer == "It was paid in cash: “CASH” 20.00."


@pytest.mark.parametrize(
    "question",
    [
        "Until when can I still get the 3% discount?",
        "When do I have to pay to get the 3% discount?",
        "How long do I have for the discount?",
    ],
)
def test_the_day_of_a_discount_is_told_by_the_terms(question: str) -> None:
    answered = read_invoice([page_of(TERMS)]).ask(question)
    assert answered.answer is not None
    assert "3% discount by 24 March 2024" in answered.answer
    assert read_invoice([page_of(TERMS)]).ask("Until when can I still get the 5% discount?").answer is None


def test_a_period_is_told_by_its_label() -> None:
    answered = read_invoice([page_of(TERMS)]).ask("Which period am I paying for here?")
    assert answered.answer == "Billing period: 1 March to 31 March 2024."


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (
            "If I only pay this on 20 April, am I too late?",
            "Yes: 20 April 2024 is 7 days after the due date, 2024-04-13.",
        ),
        ("Is April 13th still in time to pay?", "Yes: April 13th 2024 is the due date, 2024-04-13."),
        ("would paying on 12.4.2024 be late?", "No: 12.4.2024 is 1 day before the due date, 2024-04-13."),
        ("Can I pay in instalments from 20 April without being late?", None),
        ("If I pay on 3/4/2024, am I too late?", None),  # in March or in April
        ("Was the delivery of 20 April too late?", None),
    ],
)
def test_a_day_to_pay_on_is_in_time_or_too_late(invoice: Invoice, question: str, wanted: str | None) -> None:
    assert invoice.ask(question).answer == wanted


def test_an_address_ends_at_the_heading_of_another_party() -> None:
    details = read_document("invoice", demo.invoice()).details
    assert details["seller_address"].value == "12 Quay Street, Port Ellen PA42 7DH"
    assert details["buyer_address"].value == "1 Rocky Point, Port Ellen PA42 7AB"
