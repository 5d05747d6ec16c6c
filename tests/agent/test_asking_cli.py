"""Asking, talking and verifying at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import document, run
from papers import invoice, plain

pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

HINGES = "how much would four brass hinges and two garden lamps on the Northwind invoice cost?"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("asking")
    (place / "media").mkdir()
    invoice(place / "media" / "northwind.png")
    plain(place / "media" / "red.png", "red")
    (place / "media" / "ferns.txt").write_text("Water the ferns on Tuesday and feed the cat on Friday.")
    run("add", "media", "--quiet", cwd=place)
    invoice(place / "[red]other.png", seller="Harbour Lamps Ltd", items=[("2", "Lamp shades", "9.00", "18.00")])
    return place


def test_a_question_is_answered_kept_and_verified(place: Path) -> None:
    done = run("ask", HINGES, "--save", "a.json", "--report", "a.html", cwd=place)
    assert "together 100.00. [1][2]" in " ".join(done.stdout.split())
    assert "[1] northwind.png  box " in done.stdout
    assert "→ read_invoice(" in done.stderr
    assert "together 100.00" in (place / "a.html").read_text(encoding="utf-8")
    verified = run("verify", "a.json", cwd=place)
    assert verified.stdout.startswith("verified")
    found = document("verify", "a.json", cwd=place)
    assert found["ok"]
    assert [claim["status"] for claim in found["claims"]] == ["verified"]


def test_the_answer_for_programs(place: Path) -> None:
    found = document("ask", HINGES, cwd=place)
    assert found["question"] == HINGES
    assert found["claims"][0]["status"] == "verified"
    assert found["claims"][0]["sources"] == [1, 2]
    assert found["sources"][0]["quote"] == "2.50"
    assert len(found["sources"][0]["box"]) == 4
    assert [step["tool"] for step in found["route"]] == ["search_images", "read_invoice"]
    assert set(found) >= {"text", "checks", "retrieved", "cost"}
    assert set(found["cost"]) == {"calls", "tokens", "seconds"}
    assert run("ask", "book me a flight to Lisbon", "--quiet", cwd=place).stdout.startswith("I can't help with that")


def test_what_fails_is_told_by_the_exit_code(place: Path) -> None:
    run("ask", HINGES, "--save", "b.json", "--quiet", cwd=place)
    text = (place / "b.json").read_text(encoding="utf-8")
    (place / "b.json").write_text(text.replace("together 100.00", "together 10.00"))
    found = document("verify", "b.json", cwd=place, code=1)
    assert not found["ok"]
    assert any(claim["status"] == "failed" and claim["why"] for claim in found["claims"])
    assert "failed" in run("verify", "b.json", cwd=place, code=1).stdout
    run("verify", "nothing.json", cwd=place, code=1)


def test_attachments_need_no_library(place: Path, tmp_path: Path) -> None:
    done = run("ask", "what is the total of this invoice?", "--attach", place / "[red]other.png", cwd=tmp_path)
    assert "The total is 18.00. [1]" in done.stdout
    assert "[red]other.png" in done.stdout
    assert "No library at" in run("ask", "what is the total?", cwd=tmp_path, code=1).stderr
    assert "nothing.png" in run("ask", "what is it?", "--attach", "nothing.png", cwd=place, code=1).stderr


def test_a_conversation_at_the_terminal(place: Path) -> None:
    typed = "\n".join(
        (
            "/sources",
            "what is the total on the Northwind invoice?",
            "and the invoice number?",
            "/sources",
            "/open 9",
            "/attach [red]other.png",
            "/attach nothing.png",
            "what is the total of this invoice?",
            "/history",
            "/tools",
            "/save chat.json",
            "/report chat.html",
            "/nonsense",
            "/help",
            "/quit",
            "never asked",
        )
    )
    done = run("chat", cwd=place, typed=typed)
    assert "The total is 75.00. [1]" in done.stdout
    assert "NP-2041" in done.stdout
    assert "The total is 18.00. [1]" in done.stdout
    assert "read_flowchart  Read a flowchart" in done.stdout
    assert "3  what is the total of this invoice?" in done.stdout
    assert "No question was asked yet" in done.stderr
    assert "No source 9; there are 1" in done.stderr
    assert "File not found: 'nothing.png'" in done.stderr
    assert "/nonsense is not a command" in done.stderr
    assert "never asked" not in done.stdout + done.stderr
    run("verify", "chat.json", cwd=place)
    assert (place / "chat.html").is_file()
