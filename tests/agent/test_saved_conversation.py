"""A conversation that is saved, and gone on with later; files of it that somebody else has made."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from papers import invoice, plain, planned

from mm_agents import Agent, Library
from mm_agents.agent import Conversation
from mm_agents.agent.verify import verify
from mm_agents.errors import ConfigError
from mm_agents.testing import HashEmbedder

pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    papers = tmp_path_factory.mktemp("papers")
    invoice(papers / "bill.png")
    invoice(papers / "harbour.png", seller="Harbour Lamps Ltd", items=[("2", "Lamp shades", "9.00", "18.00")])
    return papers


@pytest.fixture(scope="module")
def library(papers: Path) -> Iterator[Library]:
    with Library.open(papers.parent / "talks", embedder=HashEmbedder(width=64)) as opened:
        opened.add(papers / "harbour.png", progress=False)
        yield opened


@pytest.fixture
def agent(library: Library) -> Agent:
    return planned(Agent(library, model="offline"), "read_invoice")


@pytest.fixture
def saved(agent: Agent, papers: Path, tmp_path: Path) -> Path:
    """A talk about an attached bill."""
    talk = agent.chat()
    assert "75.00" in talk.ask("What is the total of this bill?", [papers / "bill.png"]).text
    talk.save(tmp_path / "talk.json")
    return tmp_path / "talk.json"


def changed(path: Path, **values: Any) -> Path:
    """The file with other values, as somebody else may write it."""
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")
    return path


def test_follow_ups_go_on_after_resuming(agent: Agent, saved: Path, papers: Path) -> None:
    talk = agent.resume(saved, attachments=papers)
    assert [answer.question for answer in talk.history] == ["What is the total of this bill?"]
    answer = talk.ask("and its date?")
    assert "2026-05-03" in answer.text
    assert {source.name for source in answer.sources} == {"bill.png"}
    assert verify(answer).ok
    talk.save(saved)
    again = agent.resume(saved, attachments=papers)
    assert again.id == talk.id
    assert again.history == talk.history
    assert "NP-2041" in again.ask("and the invoice number?").text


def test_what_the_library_has_is_meant_after_resuming(agent: Agent, tmp_path: Path) -> None:
    talk = agent.chat()
    assert "18.00" in talk.ask("What is the total on the invoice from Harbour Lamps?").text
    talk.save(tmp_path / "talk.json")
    answer = agent.resume(tmp_path / "talk.json").ask("and the invoice number?")
    assert "NP-2041" in answer.text
    assert {source.name for source in answer.sources} == {"harbour.png"}


def test_a_talk_in_which_nothing_was_asked(agent: Agent, tmp_path: Path) -> None:
    agent.chat().save(tmp_path / "talk.json")
    talk = agent.resume(tmp_path / "talk.json")
    assert (talk.history, len(talk.attachments)) == ((), 0)


def test_the_file_is_replaced_whole_or_not_at_all(
    agent: Agent, saved: Path, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def broken(*args: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk is full"):
        agent.resume(saved, attachments=papers).save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir() if path.name.startswith("talk")] == ["talk.json"]


def test_an_attachment_may_have_moved_with_its_folder(agent: Agent, saved: Path, papers: Path, tmp_path: Path) -> None:
    shutil.copytree(papers, tmp_path / "elsewhere")
    talk = agent.resume(saved, attachments=tmp_path / "elsewhere")
    assert [one.file.path for one in talk.attachments] == [tmp_path / "elsewhere" / "bill.png"]
    assert "2026-05-03" in talk.ask("and its date?").text


# ---------------------------------------------------------------- what is not there, or somebody else's


def without_attachment(agent: Agent, path: Path, folder: Path | None, reason: str) -> Conversation:
    with pytest.warns(UserWarning, match=reason):
        talk = agent.resume(path, attachments=folder)
    assert len(talk.attachments) == 0
    assert talk.ask("and its date?").outcome == "not_found"
    return talk


def test_no_attachment_is_opened_without_a_folder(agent: Agent, saved: Path) -> None:
    talk = without_attachment(agent, saved, None, "no folder of attachments was given")
    assert all(source.evidence.path is None for answer in talk.history[:1] for source in answer.sources)


def test_an_attachment_that_is_gone_or_changed_is_named(agent: Agent, saved: Path, tmp_path: Path) -> None:
    without_attachment(agent, saved, tmp_path, "not below")
    plain(tmp_path / "bill.png", "red")
    without_attachment(agent, saved, tmp_path, "content was changed")


@pytest.mark.parametrize(
    "place", ["{papers}/bill.png", "{inside}/../papers/bill.png", "//host/share/bill.png", "bill.png\0"]
)
def test_an_attachment_outside_of_the_folder_is_not_opened(
    agent: Agent, saved: Path, papers: Path, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    named = place.format(papers=papers, inside=inside)
    listed = json.loads(saved.read_text(encoding="utf-8"))["attachments"]
    changed(saved, attachments=[listed[0] | {"path": named}])
    monkeypatch.setattr("mm_agents.media.inspect", lambda path: pytest.fail(f"{path} was opened"))
    with pytest.warns(UserWarning, match="not below"):
        agent.resume(saved, attachments=inside)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    agent: Agent, saved: Path, papers: Path, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "bill.png").symlink_to(papers / "bill.png")
    without_attachment(agent, saved, inside, "not below")


def test_ids_that_the_library_does_not_know_are_not_handed_out(agent: Agent, saved: Path, papers: Path) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    for source in document["turns"][0]["answer"]["sources"]:
        source["asset"] = "/etc/hostname"
    changed(saved, turns=document["turns"])
    answer = agent.resume(saved, attachments=papers).ask("and its date?")
    assert answer.claims == ()
    assert all(step.error for step in answer.route if step.arguments.get("source") == "/etc/hostname")


@pytest.mark.parametrize(
    "values",
    [
        {"version": 99},
        {"version": None},
        {"kind": "answer"},
        {"id": "../../x"},
        {"id": 7},
        {"turns": {"a": 1}},
        {"turns": [{"attached": [], "answer": {}}]},
        {"turns": [{"attached": ["../bill.png"], "answer": {}}]},
        {"turns": [7]},
        {"attachments": [{"name": "../bill.png", "path": None, "sha256": "0" * 64}]},
        {"attachments": [{"name": "a\\b.png", "path": None, "sha256": "0" * 64}]},
        {"attachments": [{"name": "bill.png", "path": 7, "sha256": "0" * 64}]},
        {"attachments": [{"name": "bill.png", "path": None, "sha256": "?"}]},
        {"attachments": ["bill.png"]},
        {"attachments": None},
    ],
)
def test_what_is_no_conversation_is_refused(agent: Agent, saved: Path, papers: Path, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"is (no|not a) saved"):
        agent.resume(changed(saved, **values), attachments=papers)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "[" * 100_000, "\ud800"])
def test_what_is_no_document_is_refused(agent: Agent, tmp_path: Path, text: str) -> None:
    (tmp_path / "talk.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError, match="not a saved conversation"):
        agent.resume(tmp_path / "talk.json")
    with pytest.raises(ConfigError, match="not a saved conversation"):
        agent.resume(tmp_path / "missing.json")
    with pytest.raises(ConfigError, match="not a saved conversation"):
        agent.resume(tmp_path)


def test_a_source_on_another_machine_is_refused(agent: Agent, saved: Path) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    document["turns"][0]["answer"]["sources"][0]["path"] = "//host/share/bill.png"
    with pytest.raises(ConfigError, match="another machine"):
        agent.resume(changed(saved, turns=document["turns"]))


# ---------------------------------------------------------------- at the terminal


def test_chat_goes_on_with_a_conversation(papers: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
    shutil.copy(papers / "bill.png", tmp_path)
    typed = "what is the total of this invoice?\n/keep talk.json\n/keep\n/save\n"
    first = run("chat", "--attach", "bill.png", "--model", "offline", cwd=tmp_path, typed=typed)
    assert "75.00" in first.stdout
    assert "/keep needs the name of a file" in first.stderr
    assert "/save needs the name of a file" in first.stderr
    again = run("chat", "--resume", "talk.json", "--model", "offline", cwd=tmp_path, typed="/history\nand its date?\n")
    assert "1  what is the total of this invoice?" in again.stdout
    assert "2026-05-03" in again.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    given = ("chat", "--resume", "talk.json", "--attachments", elsewhere, "--model", "offline")
    assert "'bill.png' is not there any more" in run(*given, cwd=tmp_path, typed="/quit\n").stderr
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    assert "not a saved conversation" in run("chat", "--resume", "bad.json", cwd=tmp_path, code=1).stderr


def test_resuming_says_nothing_where_all_is_there(agent: Agent, saved: Path, papers: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agent.resume(saved, attachments=papers)
