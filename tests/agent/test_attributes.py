"""A chat model's sentences are held against the fields that a reader found, not against any number of the page."""

from __future__ import annotations

import pytest

from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.grounding.sources import SourceRegistry
from mm_agents.agent.grounding.statements import Statement, judge
from mm_agents.agent.rendering import render_document_answer
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


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("In 2021 the revenue was 40.", "carried"),
        ("The highest bid is 7.", "carried"),
        ("The highest revenue is 40.", "left out"),
        ("The revenue of 2021 exceeds 12.", "left out"),
        ("2021 leads with 40.", "left out"),
        ("The revenue peaked at 40.", "left out"),
    ],
)
def test_a_rank_is_supported_by_a_source_that_says_it_of_the_same_thing(text: str, verdict: str) -> None:
    sources = SourceRegistry(tools=("read_table",))
    quotes = ("Revenue 2021", "40", "12", "Highest bid 7")
    evidence = tuple(place(quote, n) for n, quote in enumerate(quotes, start=1))
    sources.take("read_table", ToolResult(text=" ".join(quotes), payload={}, evidence=evidence, assets=("bill.png",)))
    judged = judge(Statement(text=text, cited=(1, 2, 3, 4)), sources, "What does it say?")
    assert judged.verdict == verdict


def test_an_amount_is_of_its_own_field_and_a_value_is_told_once_for_each_document() -> None:
    builder = AnswerBuilder("What is the total of a.png and the total of b.png?")
    for name in ("a.png", "b.png"):
        printed = place("$180.00", 2, name)
        here = {"page": 1, "box": [10, 40, 60, 52]}
        fields = {field: {"evidence": [here]} for field in ("currency", "total")}
        part = {"question": "total", "answer": "The total is 180.00 USD.", "value": "180.00", "doubt": None}
        answered = {**part, "parts": [{**part, "evidence": [here]}, {**part, "evidence": [here]}]}
        payload = {
            "reading": {"fields": fields},
            "source": {"id": name, "name": name, "media_type": "image"},
            "answered": answered,
        }
        assert render_document_answer(builder, ToolResult(text="", payload=payload, evidence=(printed, printed)))
    assert [(claim.subject, claim.attribute) for claim in builder.claims] == [("a.png", "total"), ("b.png", "total")]
