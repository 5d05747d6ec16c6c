"""Asking, talking and verifying at the command line."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import document, run
from papers import invoice, plain
from typer.testing import CliRunner

from mm_agents.agent import Answer, Conversation
from mm_agents.agent.events import Event
from mm_agents.cli import app

pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")

VERIFIED = re.compile(r'<span class="badge (?:verified|passed)">(?:verified|read|computed|counted|spoken)</span>')
"""The green badge of a claim."""

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
    refused = run("ask", "book me a flight to Lisbon", "--quiet", cwd=place, code=4)
    assert refused.stdout.startswith("I can't help with that")


@pytest.mark.parametrize(
    ("outcome", "code", "question", "attached"),
    [
        ("answered", 0, "What is the total?", True),
        ("partial", 0, "What is the total and what is the IBAN?", True),
        ("not_found", 4, "What is the IBAN?", True),
        ("out_of_scope", 4, "call me a taxi", False),
    ],
)
def test_every_way_of_showing_an_answer_has_the_same_outcome(
    outcome: str, code: int, question: str, attached: bool, place: Path, tmp_path: Path
) -> None:
    files = ["--attach", "media/northwind.png"] if attached else []
    saved, report = tmp_path / "a.json", tmp_path / "a.html"
    found = document("ask", question, *files, "--save", saved, "--report", report, cwd=place, code=code)
    answer = Answer.load(saved)
    assert found["outcome"] == answer.outcome == outcome
    assert found["unanswered"] == list(answer.unanswered)
    assert bool(answer.unanswered) == (outcome == "partial")
    badge = f'<span class="badge {outcome}">{outcome.replace("_", " ")}</span>'
    shown = report.read_text(encoding="utf-8")
    assert (badge in shown) == (outcome != "answered")
    assert (VERIFIED.search(shown) is not None) == bool(answer.claims)
    assert all(part in shown for part in answer.unanswered)


def test_a_match_is_never_green(place: Path, tmp_path: Path) -> None:
    saved, report = tmp_path / "a.json", tmp_path / "a.html"
    found = document("ask", "show me a red picture", "--save", saved, "--report", report, cwd=place)
    assert found["outcome"] == "answered"
    (match, *_) = [claim for claim in found["claims"] if claim["kind"] == "match"]
    assert match["status"] == "match"
    assert f"(similarity {match['similarity']:.2f})" in match["text"]
    alone = replace(Answer.load(saved), claims=(Answer.load(saved).claims[0],))
    shown = alone.report(report).read_text(encoding="utf-8")
    assert "nearest match</span>" in shown
    assert VERIFIED.search(shown) is None
    checked = document("verify", saved, cwd=place)
    assert checked["claims"][0]["status"] == "match"


def test_what_fails_is_told_by_the_exit_code(place: Path) -> None:
    run("ask", HINGES, "--save", "b.json", "--quiet", cwd=place)
    text = (place / "b.json").read_text(encoding="utf-8")
    (place / "b.json").write_text(text.replace("together 100.00", "together 10.00"))
    found = document("verify", "b.json", cwd=place, code=1)
    assert not found["ok"]
    assert any(claim["status"] == "failed" and claim["why"] for claim in found["claims"])
    assert "failed" in run("verify", "b.json", cwd=place, code=1).stdout
    run("verify", "nothing.json", cwd=place, code=1)


@pytest.fixture
def canary() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and who connected to it."""
    seen: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    seen.append(connection.recv(4000).decode("latin-1"))
                except OSError:
                    seen.append("")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], seen
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library whose files lie inside of it, so that their paths are relative."""
    home = tmp_path_factory.mktemp("home")
    (home / "library" / "media").mkdir(parents=True)
    invoice(home / "library" / "media" / "northwind.png")
    run("add", "library/media", "--quiet", cwd=home)
    run("ask", HINGES, "--save", "a.json", "--quiet", cwd=home)
    return home


def test_the_place_that_a_kept_answer_names_is_not_opened(
    home: Path, tmp_path: Path, canary: tuple[int, list[str]]
) -> None:
    pytest.importorskip("weaviate", reason="pip install 'mm-agents[weaviate]'")
    port, seen = canary
    keys = {"WEAVIATE_API_KEY": "a-key-of-the-test"}
    kept = json.loads((home / "a.json").read_text(encoding="utf-8"))
    for root in (f"weaviate://127.0.0.1:{port}/Media", str(home / "library")):
        (tmp_path / "a.json").write_text(json.dumps(kept | {"root": root}), encoding="utf-8")
        refused = run("verify", "a.json", cwd=tmp_path, code=1, keys=keys)
        assert "belongs to a library that was not given" in refused.stdout
        assert "--library" in refused.stdout
        given = run("verify", "a.json", "--library", home / "library", cwd=tmp_path, keys=keys)
        assert given.stdout.startswith("verified")
    assert seen == []


def test_the_library_to_verify_against_is_the_callers(home: Path, tmp_path: Path) -> None:
    kept = home / "a.json"
    assert document("verify", kept, cwd=home)["ok"]  # ./library is there
    assert document("verify", kept, "-l", home / "library", cwd=tmp_path)["ok"]
    named = run("verify", kept, cwd=tmp_path, keys={"MM_AGENTS_LIBRARY": str(home / "library")})
    assert named.stdout.startswith("verified")
    assert "No library at" in run("verify", kept, "-l", "nowhere", cwd=tmp_path, code=1).stderr


def test_an_answer_about_an_attachment_is_verified_without_a_library(place: Path, tmp_path: Path) -> None:
    asked = ("ask", "what is the total of this invoice?", "--attach", place / "[red]other.png", "--save", "a.json")
    run(*asked, cwd=tmp_path)
    assert run("verify", "a.json", cwd=tmp_path).stdout.startswith("verified")


def test_a_deep_answer_is_refused_without_a_traceback(place: Path) -> None:
    run("ask", HINGES, "--save", "deep.json", "--quiet", cwd=place)
    text = (place / "deep.json").read_text(encoding="utf-8")
    for depth in (500, 20_000):
        deep = "[" * depth + "]" * depth
        (place / "deep.json").write_text(text.replace('"payloads": {', f'"payloads": {{"deep": {deep},', 1))
        assert "too deep" in run("verify", "deep.json", cwd=place, code=1).stderr


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


def test_ctrl_c_stops_an_answer_and_keeps_the_conversation(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Conversation.stream

    def interrupted(
        conversation: Conversation, question: str, attachments: Sequence[str | Path] = ()
    ) -> Iterator[Event]:
        events = stream(conversation, question, attachments)
        yield next(events)
        if question == HINGES:
            signal.raise_signal(signal.SIGINT)
        yield from events

    monkeypatch.setattr(Conversation, "stream", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets jobs in the background ignore it
    typed = f"{HINGES}\nwhat is the total on the Northwind invoice?\n/history\n"
    done = CliRunner().invoke(app, ["chat", "--library", str(place / "library"), "--model", "offline"], input=typed)
    signal.signal(signal.SIGINT, before)
    assert done.exit_code == 0
    assert "Stopped." in done.stderr
    assert "together 100.00" not in done.stdout
    assert "The total is 75.00. [1]" in done.stdout
    assert "1  what is the total on the Northwind invoice?" in done.stdout
