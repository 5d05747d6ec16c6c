"""A chat model's sentences are held against the fields that a reader found, not against any number of the page."""

from __future__ import annotations

import pytest

from mm_agents.agent.grounding.attributes import wrong_attribute
from mm_agents.agent.grounding.sources import SourceRegistry
from mm_agents.agent.grounding.statements import Statement, judge
from mm_agents.tools import ToolResult
from mm_agents.types import Box, Evidence

FIELDS = {
    "subtotal": "150.00",
    "tax": "30.00",
    "total": "180.00",
    "currency": "GBP",
    "date": "2026-01-20",
    "due_date": "2026-03-01",
}


@pytest.mark.parametrize(
    "text",
    [
        "The total is 150.00 GBP.",
        "The subtotal is 180.00 and the total 150.00.",
        "The VAT comes to 150.00.",
        "150.00 is the total.",
        "The amount due is 30.00.",
        "It is due on 2026-01-20.",
        "The invoice date is 2026-03-01.",
        "Issued on 2026-03-01 and due on 2026-01-20.",
        "The total is 180.00 USD.",
        "The total is €180.00.",
        "The total is 999.99.",
        "It is due on 2027-05-05.",
    ],
)
def test_a_value_of_another_field_is_wrong(text: str) -> None:
    assert wrong_attribute(text, FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "The total is 180.00 GBP.",
        "The total before tax is 150.00.",
        "The subtotal is 150.00, the VAT 30.00 and the total 180.00.",
        "30.00 VAT and 150.00 net amount.",
        "The tax of 30.00 is part of the total.",
        "180.00 is the total.",
        "It is due on 2026-03-01, 40 days after 2026-01-20.",
        "The bill of 2026-01-20 comes to a total of 180.00.",
        "Two road tyres cost 70.00.",
        "£180.00 in total.",
        "The VAT is 20 %.",
        "The total of the two tyres is 70.00.",
    ],
)
def test_a_field_with_its_own_value_is_right(text: str) -> None:
    assert wrong_attribute(text, FIELDS) is None


def place(quote: str | None, n: int, name: str = "bill.png") -> Evidence:
    box = Box(x0=10, y0=20 * n, x1=60, y1=20 * n + 12) if quote else None
    return Evidence(asset=name, path=name, sha256=None, how="table", quote=quote, page=1, box=box)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("The total is 180.00 GBP.", "carried"), ("The total is 150.00 GBP.", "left out")],
)
def test_a_statement_about_a_document_is_checked_as_a_fact(text: str, verdict: str) -> None:
    sources = SourceRegistry(tools=("read_invoice",))
    reading = {"fields": {name: {"value": value} for name, value in FIELDS.items()}}
    sources.take(
        "read_invoice",
        ToolResult(
            text="| subtotal | 150.00 |\n| total | GBP 180.00 |",
            payload={"reading": reading},
            evidence=(place("150.00", 1), place("180.00", 2)),
            assets=("bill.png",),
        ),
    )
    judged = judge(Statement(text=text, cited=(1, 2)), sources, "What is the total?")
    assert judged.verdict == verdict
    assert (judged.claim.kind == "unsupported") == (verdict == "left out")


@pytest.mark.parametrize(
    "text", ["You have 3 pictures of cats.", "None of your pictures shows a cat.", "No note mentions it."]
)
def test_a_search_neither_counts_nor_denies(text: str) -> None:
    sources = SourceRegistry(tools=("search_images",))
    hits = [{"id": f"cat{n}.jpg", "name": f"cat{n}.jpg", "media_type": "image"} for n in range(3)]
    evidence = tuple(place(None, n, f"cat{n}.jpg") for n in range(3))
    sources.take("search_images", ToolResult(text="3 pictures.", payload={"hits": hits}, evidence=evidence))
    judged = judge(Statement(text=text, cited=(1, 2, 3)), sources, "How many pictures of cats?")
    assert judged.verdict == "left out"
