from __future__ import annotations

from decimal import Decimal
from typing import Any

from invoice_samples import ENGLISH, page_of

from mm_agents.documents.invoice import Invoice
from mm_agents.documents.invoice.llm_check import Said, SaidItem, merged
from mm_agents.documents.invoice.reader import read_invoice

ROWS = [
    SaidItem(quantity="2", description="Set of brake pads", unit_price="12.50", amount="25.00"),
    SaidItem(quantity="3", description="Labour", unit_price="40.00", amount="120.00"),
]


def both(rows: Any, **said: Any) -> Invoice:
    page = page_of(rows)
    return merged(read_invoice([page]), Said(**said), [page])


def test_where_both_agree_it_is_said() -> None:
    invoice = both(ENGLISH, number="NP-1042", total="£174.00", date="2023-04-03")
    assert invoice.disagreements == ()
    assert "the model reads the same" in (invoice.number.note or "")
    assert invoice.date.ambiguous
    assert invoice.total.verified


def test_disagreements_are_shown_and_the_verified_value_stays() -> None:
    invoice = both(ENGLISH, buyer="Harbor Cars", total="£147.00")
    assert [(one.field, one.rules, one.model, one.chosen) for one in invoice.disagreements] == [
        ("buyer", "Harbour Cycles", "Harbor Cars", "rules"),
        ("total", "174.00", "147.00", "rules"),
    ]
    assert invoice.to_json()["disagreements"][0]["field"] == "buyer"
    assert invoice.total.value == Decimal("174.00")


def test_what_only_the_model_reads_is_located_or_not_verified() -> None:
    rows = [*ENGLISH, [], [(60, "Our ref"), (300, "Project Lighthouse")]]
    invoice = both(rows, shipping="10.00", discount=None, seller="Northwind Parts Ltd")
    assert invoice.shipping.value == 10
    assert not invoice.shipping.verified
    assert invoice.shipping.evidence == ()
    assert {check.status for check in invoice.checks} == {"passed"}


def test_the_models_items_are_taken_where_they_add_up_and_the_rules_do_not() -> None:
    bare = [row for n, row in enumerate(ENGLISH) if n != 9 and n != 11]
    strange = [[(x, "Wares" if text == "Description" else text) for x, text in row] for row in bare]
    invoice = both([*strange[:9], *strange[9:]], items=ROWS)
    assert [item.amount for item in invoice.items] == [25, 120]
    wrong = [SaidItem(quantity="2", description="Set of brake pads", unit_price="12.50", amount="52.00")]
    kept = both(ENGLISH, items=wrong)
    assert [item.amount for item in kept.items] == [25, 120]
    assert [(one.field, one.chosen) for one in kept.disagreements] == [("items", "rules")]
