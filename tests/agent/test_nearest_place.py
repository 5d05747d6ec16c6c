"""What a document has nearest to a question that it does not answer: shown, and never as a proof."""

from __future__ import annotations

from pathlib import Path

import pytest
from papers import chart, invoice, table

from mm_agents import Agent, Library
from mm_agents.agent.answer import Answer
from mm_agents.agent.verify import verify

pytest.importorskip("rapidocr", reason="the extra documents is not installed")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    return Agent(Library.open(tmp_path_factory.mktemp("empty") / "library"), model="offline")


def near(answer: Answer) -> str:
    assert answer.outcome == "partial"
    assert {claim.kind for claim in answer.claims} == {"unsupported"}
    assert answer.text.startswith("Nearest to the question:")
    assert "Not answered: “" in answer.text
    return answer.text


def test_a_shape_is_shown_with_what_comes_before_and_after_it(agent: Agent, tmp_path: Path) -> None:
    picture = chart(tmp_path / "chart.png", ("Pack box", "Weigh parcel", "Send bill"))
    answer = agent.ask("Must somebody tall weigh the parcel twice?", attachments=[picture])
    assert "“Pack box” → “Weigh parcel” → “Send bill”" in near(answer)
    answer.save(tmp_path / "answer.json")
    assert verify(Answer.load(tmp_path / "answer.json"), root=tmp_path).ok


def test_a_row_of_a_page_is_shown_with_the_rows_around_it(agent: Agent, tmp_path: Path) -> None:
    items = (("2", "Clay pot", "4.00", "8.00"), ("1", "Watering can", "15.00", "15.00"), ("3", "Seeds", "1.00", "3.00"))
    picture = invoice(tmp_path / "bill.png", items=items)
    text = near(agent.ask("Does the watering can look nice?", attachments=[picture]))
    assert "1 Watering can 15.00 15.00 / 3 Seeds" in text


def test_what_is_nowhere_near_is_not_shown(agent: Agent, tmp_path: Path) -> None:
    for picture in (chart(tmp_path / "chart.png"), invoice(tmp_path / "bill.png"), table(tmp_path / "table.png")):
        answer = agent.ask("Who won the football match?", attachments=[picture])
        assert (answer.outcome, answer.claims) == ("not_found", ())


def test_a_value_that_was_looked_for_and_not_found_has_no_other_beside_it(agent: Agent, tmp_path: Path) -> None:
    answer = agent.ask("What is the phone number of the seller?", attachments=[invoice(tmp_path / "bill.png")])
    assert (answer.outcome, answer.claims) == ("not_found", ())
    assert "not found on the invoice" in answer.text


def test_another_language_asks_too(agent: Agent, tmp_path: Path) -> None:
    picture = chart(tmp_path / "chart.png", ("Pack box", "Weigh parcel", "Send bill"))
    text = agent.ask("Ist Weigh parcel gefährlich?", attachments=[picture]).text
    assert text.startswith("Der Frage am nächsten:")
    assert "sagt es nicht mit diesen Worten" in text
