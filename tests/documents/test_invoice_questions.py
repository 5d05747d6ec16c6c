from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from invoice_samples import ENGLISH, page_of

from mm_agents.documents.invoice import Invoice
from mm_agents.documents.invoice.data import Field, LineItem
from mm_agents.documents.invoice.reader import read_invoice
from mm_agents.types import Evidence


@pytest.fixture(scope="module")
def invoice() -> Invoice:
    return read_invoice([page_of(ENGLISH)])


@pytest.mark.parametrize(
    ("question", "value", "quotes"),
    [
        ("How much would four sets of brake pads cost?", "50.00", ["12.50"]),
        ("how much are 4 brake pads and 6 hours of labor", "290.00", ["12.50", "40.00"]),
        ("What do twenty-five brake pads cost?", "312.50", ["12.50"]),
        ("price of a set of brake pads and 1.5 hours of labour", "72.50", ["12.50", "40.00"]),
        ("Was kosten vier brake pads?", "50.00", ["12.50"]),
        ("what is the unit price of the brake pads", "12.50", ["12.50"]),
        ("how much did the labour cost", "120.00", ["120.00"]),
        ("what is the total?", "174.00", ["£174.00"]),
        ("How much is the invoice?", "174.00", ["£174.00"]),
        ("how much tax", "29.00", ["29.00"]),
        ("What is the subtotal?", "145.00", ["145.00"]),
        ("when is it due?", "2023-04-23", ["23/04/2023"]),
        ("What is the date of the invoice?", "2023-04-03", ["03/04/2023"]),
        ("who is the seller", "Northwind Parts Ltd", ["Northwind Parts Ltd"]),
        ("Who has to pay?", "Harbour Cycles", ["Harbour Cycles"]),
        ("What is the purchase order number?", "7715/2023", ["7715/2023"]),
        ("which currency is it in", "GBP", ["£174.00"]),
        ("What is the tax rate?", "20", ["20%"]),
        ("How many brake pads were bought?", "2", ["2"]),
        ("what is the sum of all items", "145.00", ["25.00", "120.00"]),
    ],
)
def test_questions_are_answered_with_evidence(invoice: Invoice, question: str, value: str, quotes: list[str]) -> None:
    found = invoice.ask(question)
    assert found.value == value
    assert found.answer is not None
    assert value.split("-")[0] in found.answer
    assert [place.quote for place in found.evidence] == quotes
    assert all(place.box is not None for place in found.evidence)


@pytest.mark.parametrize(
    "question",
    [
        "how much would 3 wheels cost",
        "how much would 3 wheels and 4 brake pads cost",
        "what colour is the car",
        "How much is the shipping?",
        "",
    ],
)
def test_what_cannot_be_told_is_not_answered(invoice: Invoice, question: str) -> None:
    found = invoice.ask(question)
    assert (found.answer, found.value, found.evidence) == (None, None, ())


def test_counts_extremes_and_checks(invoice: Invoice) -> None:
    assert invoice.ask("how many items are there").value == 2
    assert invoice.ask("which is the most expensive item").value == ["Labour"]
    assert invoice.ask("do the numbers add up").value is True


def test_a_quote_shows_its_sum(invoice: Invoice) -> None:
    found = invoice.quote([(4, "brake pads"), (6, "labour")])
    assert found.value == "290.00"
    assert found.answer == (
        "4 × 12.50 = 50.00 GBP for “Set of brake pads front and rear”; 6 × 40.00 = 240.00 GBP for “Labour”; "
        "together 290.00 GBP."
    )
    assert found.to_json()["evidence"][0]["quote"] == "12.50"
    assert invoice.quote([(1, "wheels")]).answer is None


def test_an_answer_says_what_is_not_verified(invoice: Invoice) -> None:
    total, first = invoice.total, invoice.items[0]
    unsure = first.model_copy(update={"unsure": ("unit_price",)})
    shaken = invoice.model_copy(
        update={
            "total": total.model_copy(update={"verified": False, "note": "the sums do not bear it out"}),
            "subtotal": invoice.subtotal.model_copy(update={"verified": True}),
            "items": (unsure, *invoice.items[1:]),
        }
    )
    assert shaken.ask("what is the total?").doubt == "the sums do not bear it out"
    assert shaken.ask("What is the subtotal?").doubt is None
    assert shaken.quote([(2, "brake pads"), (1, "labour")]).to_json()["doubt"] == "not verified: “12.50”"


class _Model:
    """A chat model that says what it is told to."""

    def __init__(self, **said: Any) -> None:
        self.said = said

    def structure(self, schema: Any, prompt: str, *, pictures: Any = ()) -> Any:
        return type("Structured", (), {"value": schema.model_validate(self.said)})()


def test_a_model_says_what_is_meant_and_code_computes(invoice: Invoice) -> None:
    said: Any = _Model(kind="price of items", items=[{"quantity": "4", "item": "Set of brake pads"}])
    found = invoice.ask("Quatre plaquettes de frein, ça ferait quelle somme en argent ?", model=said)
    assert found.value in ("50.00", "145.00", "174.00")
    unknown: Any = _Model(kind="unknown")
    assert invoice.ask("what colour is the car", model=unknown).answer is None
    told: Any = _Model(kind="price of items", items=[{"quantity": "4", "item": "Set of brake pads"}])
    assert invoice.ask("what colour is the car", model=told).value == "50.00"


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("What is the total, and when is it due?", ["174.00", "2023-04-23"]),
        ("seller, date and total", ["Northwind Parts Ltd", "2023-04-03", "174.00"]),
        ("Who sent it and to whom?", ["Northwind Parts Ltd", "Harbour Cycles"]),
        ("the total and the phone number", ["174.00", None]),
    ],
)
def test_every_part_of_a_question_is_answered_or_named(invoice: Invoice, question: str, values: list[Any]) -> None:
    found = invoice.ask(question)
    assert found.value == values
    assert [part.value for part in found.parts] == values
    assert len(found.evidence) == sum(len(part.evidence) for part in found.parts)
    assert len(found.to_json()["parts"]) == len(values)
    assert found.answer is not None
    assert ("Not answered: “the phone number”" in found.answer) == (None in values)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("phone of the seller", "phone of the seller"),
        ("Who is the CEO of the seller?", "CEO of the seller"),
        ("what is the IBAN?", "IBAN"),
        ("Who is the buyer's accountant?", "accountant of the buyer"),
        ("What is the vendor's favourite colour?", "favourite colour of the seller"),
        ("what is the tax number", "tax number"),
        ("who signed it?", "signature"),
    ],
)
def test_what_is_not_read_is_named_and_no_other_field_is_told(invoice: Invoice, question: str, named: str) -> None:
    found = invoice.ask(question)
    assert (found.answer, found.value, found.evidence) == (None, None, ())
    assert found.reason == f"The {named} was not found on the invoice."


def test_amounts_are_compared_with_a_number(invoice: Invoice) -> None:
    assert invoice.ask("Is the total above 200?").value is False
    assert invoice.ask("is the total at least 174.00").answer == "Yes: the total is 174.00 GBP."
    assert invoice.ask("Is the VAT right?").value is True
    assert invoice.ask("Is the total above 100 euros?").answer is None
    assert invoice.ask("Is the tax above 10 percent?").answer is None
    assert invoice.ask("how much is due?").value == "174.00"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the net plus 10 %?", "145.00 + 10 % of 145.00 = 159.50 GBP."),
        ("What is 15 % of the total?", "15 % of 174.00 = 26.10 GBP."),
        ("How much is half of the total?", "174.00 / 2 = 87.00 GBP."),
        ("Split the total between three people", "174.00 / 3 = 58.00 GBP."),
        ("total minus tax?", "174.00 − 29.00 = 145.00 GBP: total against tax."),
        ("What percentage of the total is the tax?", "29.00 / 174.00 × 100 = 16.67 %: tax of total."),
        ("What share of the bill is the labour?", "120.00 / 174.00 × 100 = 68.97 %: “Labour” of total."),
    ],
)
def test_sums_with_the_amounts_of_an_invoice(invoice: Invoice, question: str, answer: str) -> None:
    found = invoice.ask(question)
    assert found.answer == answer
    assert all(place.box is not None for place in found.evidence)


@pytest.mark.parametrize(
    "question",
    [
        "What would the total be without the tip?",
        "How much cheaper would it be with 1 brake pad instead of 2?",
        "What is the discount on the brake pads?",
        "What is the total in dollars?",
    ],
)
def test_a_sum_that_is_not_computed_is_not_answered_with_a_value(invoice: Invoice, question: str) -> None:
    assert invoice.ask(question).answer is None


def test_items_are_listed_compared_and_meant_again(invoice: Invoice) -> None:
    listed = invoice.ask("List the items")
    assert listed.answer is not None
    assert len(listed.value) == len(invoice.items)
    over = invoice.ask("Which items cost more than 20?").answer or ""
    assert over.startswith(f"1 of {len(invoice.items)} costs more than 20 GBP")
    both = invoice.ask("How many brake pads were bought, and at what price each?")
    assert [part.answer is not None for part in both.parts] == [True, True]
    assert "12.50" in (both.parts[1].answer or "")


@pytest.mark.parametrize(
    ("question", "unsaid"),
    [
        ("What is the total of the previous invoice?", "previous"),
        ("How much tax do I pay next month?", "next, month"),
        ("When is the second instalment due?", "second, instalment"),
        ("What is the seller's VAT rate in Germany?", "germany"),
    ],
)
def test_a_value_is_in_doubt_where_the_question_says_more(invoice: Invoice, question: str, unsaid: str) -> None:
    answered = invoice.ask(question)
    assert answered.answer is not None
    assert answered.doubt == f"the invoice does not say “{unsaid}”"


@pytest.mark.parametrize(
    "question",
    ["What is the total?", "Was ist der Gesamtbetrag?", "When must we pay it?", "What is the total of northwind.png?"],
)
def test_a_value_is_not_in_doubt_where_it_does_not(invoice: Invoice, question: str) -> None:
    answered = invoice.ask(question)
    assert answered.answer is not None
    assert answered.doubt is None


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("how much were the brake pads before tax", "25.00"),
        ("What would six brake pads come to before VAT?", "75.00"),
        ("How much did just the labour come to, without VAT?", "120.00"),
        ("what does the labour come to with VAT", "144.00"),
        ("what did the brake pads and the labour cost together?", "145.00"),
        ("What do the stoppers (brake pads) cost each?", "12.50"),
        ("What cost more, the brake pads or the labour?", "Labour"),
        ("Which is cheaper, the labour or the brake pads?", "Set of brake pads front and rear"),
        ("Did the labour cost more than the brake pads?", True),
        ("Is what they charge for the labour really 3 times 40.00?", True),
        ("Was the labour 3 x 41?", False),
        ("Did they charge 120.00 for the labour?", True),
        ("Is it right that they charged 120.00 for the labour?", True),
        ("They charged 120.00 for the labour, is that right?", True),
        ("Do you know what 4 brake pads cost?", "50.00"),
        ("Were the brake pads 12.50 each?", True),
        ("How much did I spend in all?", "174.00"),
        ("What is the total of the Northwind Parts invoice?", "174.00"),
        ("How much is the tax, and what's the total with it?", ["29.00", "174.00"]),
        ("Do the line items add up to the subtotal?", True),
        ("Did they work out the sales tax correctly?", True),
        ("Who do I owe this money to?", "Northwind Parts Ltd"),
        ("To whom must we pay it?", "Northwind Parts Ltd"),
        ("What is the tax and how much does each of the taxes come to?", ["29.00", ["29.00"]]),
        ("how many brake pads did we have and what did they cost altogether?", ["2", "25.00"]),
        ("How many brake pads were ordered and what does one cost?", ["2", "12.50"]),
    ],
)
def test_what_names_an_item_is_told_of_it(invoice: Invoice, question: str, value: Any) -> None:
    found = invoice.ask(question)
    assert found.value == value
    assert found.doubt in (None, "letterhead; no heading says so")  # of the seller


@pytest.mark.parametrize(
    "question",
    [
        "What is the tax on the brake pads?",
        "What is the total of the wheels and the pads?",
        "how many wheels were ordered and what does one cost",
        "What did the labour and the wheels cost together?",
        "Which is cheaper, the labour or the wheels?",
        "Which two taxes were added and how much was each one?",
        "Is the address right?",
        "Who has the total?",
        "Did they charge 3 for the labour?",
        "How many items cost the same?",
        "Did I buy 25 brake pads?",
        "Did they charge 12.75 for the brake pads and 40 for the labour?",
    ],
)
def test_no_amount_of_the_whole_is_told_of_an_item(invoice: Invoice, question: str) -> None:
    found = invoice.ask(question)
    assert str(found.value) not in ("174.00", "145.00", "29.00", "True", "False", "2")
    assert all(part.value not in ("174.00", "145.00", "29.00") for part in found.parts)


def test_things_of_another_sentence_are_in_doubt(invoice: Invoice) -> None:
    assert invoice.ask("What did they cost in total?").doubt == "which things are meant is not said"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "What would it come to before VAT if I only took two hours of labour rather than three?",
            "145.00 − 1 × 40.00 = 105.00 GBP.",
        ),
        (
            "If I'd bought 5 brake pads instead of two, how much would the whole bill be?",
            "145.00 + 3 × 12.50 = 182.50 GBP; with 20 % of tax it is 219.00 GBP.",
        ),
        (
            "What would the total be without the labour?",
            "145.00 − 120.00 = 25.00 GBP; with 20 % of tax it is 30.00 GBP.",
        ),
        ("What would the subtotal be with one more hour of labour?", "145.00 + 1 × 40.00 = 185.00 GBP."),
    ],
)
def test_what_all_comes_to_with_another_number_of_an_item(invoice: Invoice, question: str, answer: str) -> None:
    assert invoice.ask(question).answer == answer


@pytest.mark.parametrize(
    "question",
    [
        "What would it come to if I only took two hours of labour rather than five?",
        "What would it come to if I only took one saddle rather than two?",
        "How much would I save if I only took one hour of labour?",
        "How much would the bill drop if I took only one hour of labour?",
        "How much lower would the total be without the labour?",
        "What would it come to for my brother if I only took one hour of labour?",
        "What would it come to if I only took one hour of labour and the pads?",
        "What does a day of labour cost?",
    ],
)
def test_what_another_number_of_an_item_does_not_say(invoice: Invoice, question: str) -> None:
    assert invoice.ask(question).answer is None


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What does one brake pad cost once VAT is on top?", "15.00"),
        ("How much is an hour of work with the tax added?", "48.00"),
        ("What is the gross price of one brake pad?", "15.00"),
        ("What is the net price of one brake pad?", "12.50"),
        ("How much VAT is on one brake pad?", "2.50"),
        ("What does one brake pad cost once the discount is on top?", None),
    ],
)
def test_one_of_an_item_is_told_with_tax(invoice: Invoice, question: str, value: str | None) -> None:
    assert invoice.ask(question).value == value


@pytest.mark.parametrize(
    ("description", "question", "value"),
    [
        ("Labor 3hrs", "How much did they charge for an hour of work?", "5.00"),
        ("Labor 3hrs", "What is the hourly rate?", "5.00"),
        ("Repair, 3 hours", "What do they charge per hour?", "5.00"),
        ("Labor 3hrs", "How much is an hour of parking?", None),
        ("Labor 3hrs", "How much do they charge for a day of work?", None),
        ("Labor 2hrs", "How much did they charge for an hour of work?", None),
        ("Cable", "What do they charge per hour?", None),
    ],
)
def test_an_hour_costs_the_price_of_what_is_counted_in_hours(description: str, question: str, value: Any) -> None:
    three, price = Decimal(3), Decimal("5.00")
    item = LineItem(quantity=three, description=description, unit_price=price, amount=three * price)
    assert Invoice(items=(item,)).ask(question).value == value


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("do the two lines really add up to what it says before tax?", "Yes: 25.00 + 120.00 = 145.00."),
        ("Does the final amount come out right with the tax added?", "Yes: 145.00 + 29.00 = 174.00."),
        ("Do subtotal and tax add up to the total?", "Yes: 145.00 + 29.00 = 174.00."),
        ("Do the items add up to the total?", "Yes: 25.00 + 120.00 = 145.00; 145.00 + 29.00 = 174.00."),
        ("has the VAT been worked out right?", "Yes: 20 % of 145.00 = 29.00."),
        ("Have they calculated the VAT properly?", "Yes: 20 % of 145.00 = 29.00."),
        ("Do subtotal and tax give the total?", "Yes: 145.00 + 29.00 = 174.00."),
        ("Give me the subtotal", "The subtotal is 145.00 GBP."),
        ("do the three lines add up?", None),
        ("do the items match the delivery note?", None),
        ("does the total match my order?", None),
        ("Is the total right for five brake pads?", None),
    ],
)
def test_what_is_checked_is_what_a_question_names(invoice: Invoice, question: str, answer: str | None) -> None:
    assert invoice.ask(question).answer == answer


def test_whether_there_is_a_mistake_is_no_where_all_is_right(invoice: Invoice) -> None:
    found = invoice.ask("Is there a mistake in the sums?")
    assert found.answer is not None
    assert found.answer.startswith("No: ")
    assert found.value is False


def _bought(*lines: tuple[str, int, str]) -> Invoice:
    """A receipt in pounds with these items: their names, quantities and prices."""
    place = Evidence(asset="receipt", path=None, sha256=None, how="read")
    items = [
        LineItem(
            quantity=Decimal(count),
            description=name,
            unit_price=Decimal(price),
            amount=count * Decimal(price),
            evidence={"description": place, "quantity": place, "unit_price": place, "amount": place},
        )
        for name, count, price in lines
    ]
    total = sum((item.amount or Decimal(0) for item in items), Decimal(0))
    return Invoice(items=tuple(items), total=Field[Decimal](value=total), currency=Field[str](value="GBP"))


RECEIPT = _bought(
    ("Fish tacos", 1, "16.00"), ("Fish and chips", 1, "18.00"), ("Mojito", 3, "11.00"), ("Great White", 1, "5.00")
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "Which dish was the priciest, and what did it cost?",
            "“Fish and chips” at 18.00 GBP. “Fish and chips” comes to",
        ),
        ("What did I buy the most of, and how many?", "“Mojito”, 3 of it. 3 of “Mojito”."),
        ("how many mojitos did I buy and what's one of them cost?", "3 of “Mojito”. “Mojito” is 11.00 GBP each."),
        (
            "how much were the mojitos and what's that apiece?",
            "“Mojito” comes to 33.00 GBP. “Mojito” is 11.00 GBP each.",
        ),
        (
            "Which cost more, the tacos or the Great White, and by how much?",
            "“Fish tacos” at 16.00 GBP is more than “Great White” at 5.00 GBP. 16.00 − 5.00 = 11.00 GBP.",
        ),
        ("Was the Great White more than 4 pounds?", "Yes: “Great White” comes to 5.00 GBP."),
        ("Was the Great White more than 4 euros?", None),
        ("Was the lobster more than 4 pounds?", None),
        (
            "What do the tacos and the fish and chips add up to?",
            "16.00 for “Fish tacos” + 18.00 for “Fish and chips” = 34.00 GBP.",
        ),
        ("What do the two fishes cost together?", "16.00 for “Fish tacos” + 18.00 for “Fish and chips” = 34.00 GBP."),
        ("If four of us split the whole bill evenly, what does each of us owe?", "72.00 / 4 = 18.00 GBP."),
        ("Which dish was the fastest, and what did it cost?", None),
        ("What do the tacos and the lobster add up to?", None),
    ],
)
def test_items_are_compared_added_and_meant_again(question: str, answer: str | None) -> None:
    found = RECEIPT.ask(question).answer
    assert found is None if answer is None else (found or "").startswith(answer)


def test_credits_are_no_credit_card_and_lines_no_price_of_one() -> None:
    rows = [
        [(60, "Harbour Bakery Ltd")],
        [(60, "Credits"), (-600, "0.00")],
        [(60, "WHOLEMEAL"), (-600, "8.34")],
        [(60, "JUMBO"), (-600, "2.97")],
        [(60, "Total"), (-600, "11.31")],
    ]
    bill = read_invoice([page_of(rows)])
    assert bill.ask("what credit card was charged?").answer is None
    assert bill.ask("Which product has the highest price per piece?").answer is None
    assert "8.34" in str(bill.ask("What was the most expensive item?").answer)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much more did we spend on the mojitos than on the fish tacos?", "33.00 − 16.00 = 17.00 GBP"),
        ("How much more does a mojito cost than the Great White?", "11.00 − 5.00 = 6.00 GBP"),
        ("how many of the dishes were 16.00 each?", "1 of 4 costs 16 GBP: “Fish tacos”"),
        ("how many of the drinks were 11.00 each?", None),  # it is one line of three pieces
        ("I gave them a hundred, how much should I get back?", "100.00 − 72.00 = 28.00 GBP."),
        ("If I pay with an 80 pound note, what change do I get?", "80.00 − 72.00 = 8.00 GBP."),
        ("if I pay with fifty, how much change?", None),
        ("Do I get my money back?", None),
        ("Add up the quantities of all the lines for me", "1 + 1 + 3 + 1 = 6."),
        ("Suppose I leave out the fish tacos: what would I have to pay?", "72.00 − 16.00 = 56.00 GBP."),
    ],
)
def test_what_was_spent_is_compared_and_change_is_computed(question: str, answer: str | None) -> None:
    found = RECEIPT.ask(question).answer
    assert found is None if answer is None else (found or "").startswith(answer)


def test_days_of_the_week_and_a_tax_of_nothing(invoice: Invoice) -> None:
    assert invoice.ask("What day of the week was it issued?").value == "Monday"
    assert invoice.ask("which weekday is it due?").value == "Sunday"
    assert invoice.ask("Which weekday does the shop close?").answer is None
    assert invoice.ask("Did they add any tax?").answer == "Yes: the tax is 29.00 GBP."
    free = invoice.model_copy(update={"tax": invoice.tax.model_copy(update={"value": Decimal("0.00")})})
    assert free.ask("Was VAT charged?").answer == "No: the tax is 0.00 GBP."
    assert free.ask("Is VAT included?").answer is None
    parts = invoice.ask("what was it before tax and how much tax came on top?").parts
    assert [part.value for part in parts] == ["145.00", "29.00"]


def test_taxes_of_two_rates_are_compared(invoice: Invoice) -> None:
    (tax,) = invoice.taxes
    low = tax.model_copy(update={"rate": Decimal(5), "amount": Decimal("4.00")})
    both = invoice.model_copy(update={"taxes": (tax, low)})
    assert both.ask("How much more tax is there at 20% than at 5%?").value == "25.00"
    assert both.ask("How much more tax is there at 20% than at 7%?").answer is None
