"""Scores of answers, on questions whose right answers are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mm_agents.errors import ConfigError, MediaError
from mm_agents.evaluate.answers import Question, evaluate, judge, read_questions


def answer(*texts: str, kind: str = "read") -> dict[str, Any]:
    return {"text": " ".join(texts), "claims": [{"text": text, "kind": kind} for text in texts]}


@pytest.mark.parametrize(
    ("wanted", "texts", "outcome"),
    [
        ("180.00 GBP; 2026-03-01", ["The total is GBP 180.00.", "It is due on 1 March 2026."], "right"),
        ("180.00 GBP; 2026-03-01", ["The due date is 2026-03-01."], "partial"),
        ("180.00 GBP; 2026-03-01", ["The total is 150.00 GBP."], "wrong"),
        ("180.00 GBP; 2026-03-01", [], "silent"),
        ("don't know", [], "right"),
        ("don't know", ["The seller is Northwind."], "wrong"),
        ("154.06 USD + 1380.00 GBP, or don't know", ["1,380.00 GBP in 2 invoices.", "154.06 USD in one."], "right"),
        ("154.06 USD + 1380.00 GBP, or don't know", [], "right"),
        ("40, or don't know", ["It is due 41 days later."], "wrong"),
        ("yes: 20 % of 1000.00", ["Yes: 20 % of 1,000.00 is 200.00."], "right"),
        ("yes: 20 % of 1000.00", ["No: 20 % of 1000.00 is 200.00."], "wrong"),
        ("no (180.00)", ["No, the total is 180.00."], "right"),
        ("18", ["The total is 180.00."], "wrong"),
        ("Hotel Miramar", ["lisbon.md says: “We stay at the Hotel Miramar.”"], "right"),
    ],
)
def test_an_answer_is_right_partial_wrong_or_silent(wanted: str, texts: list[str], outcome: str) -> None:
    assert judge(wanted, answer(*texts)) == outcome


def test_numbers_of_two_claims_do_not_make_one_part() -> None:
    assert judge("Food Delivery, 17", answer("Food Delivery grew.", "Edtech grew by 17.")) == "wrong"


def test_wrong_answers_with_a_proof_are_counted_apart_and_by_kind() -> None:
    questions = [
        Question(question="a", answer="1", kind="sums"),
        Question(question="b", answer="2", kind="sums"),
        Question(question="c", answer="3"),
        Question(question="d", answer="4", kind="search"),
    ]
    answers = {"a": answer("it is 1"), "b": answer("it is 1"), "c": answer("it is 1", kind="match")}

    def ask(question: str, files: object) -> dict[str, Any]:
        if question not in answers:
            raise MediaError("scan.png cannot be read.")
        return answers[question]

    found = evaluate(questions, ask)
    figures = found.figures()
    assert {name: figures[name] for name in ("questions", "right", "wrong", "silent", "wrong with a proof")} == {
        "questions": 4, "right": 1, "wrong": 2, "silent": 1, "wrong with a proof": 1
    }  # fmt: skip
    assert (figures["sums/right"], figures["sums/wrong with a proof"], figures["search/silent"]) == (1, 1, 1)
    assert found.to_json()["cases"][3]["error"] == "scan.png cannot be read."
    assert [line[0] for line in found.table()[1]] == ["search", "sums", "all"]


def test_questions_are_read_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "bill.png").write_bytes(b"")
    lines = [
        {"question": "total?", "attachments": ["bill.png"], "answer": "1", "kind": "field"},
        {"question": "cats", "answer": None},
    ]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (one,) = read_questions(cases)
    assert one == Question(question="total?", answer="1", kind="field", attachments=(tmp_path / "bill.png",))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: not a JSON object"),
        ('{"question": "a"}', "'answer'"),
        ('{"question": "a", "answer": 3}', "have to be texts"),
        ('{"question": "a", "answer": "1", "attachments": ["gone.png"]}', "'gone.png' is not in"),
        ('{"question": "a", "answer": null}', "no question with an answer"),
    ],
)
def test_a_bad_file_of_questions_is_named(tmp_path: Path, line: str, message: str) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(line, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_questions(cases)
