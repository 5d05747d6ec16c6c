"""Answers are kept on request, and made anew when anything that they depend on has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from gemini_stand_in import NAME, GeminiStandIn, Refusal, call, error, reply

from mm_agents import Library
from mm_agents.agent import Agent

QUESTION = "When do I water the ferns?"


@pytest.fixture
def agent(library: Library, tmp_path: Path, gemini: GeminiStandIn, monkeypatch: pytest.MonkeyPatch) -> Agent:
    (tmp_path / "ferns.txt").write_text("The ferns are watered on Tuesday.", encoding="utf-8")
    library.add(tmp_path / "ferns.txt")
    monkeypatch.setattr("mm_agents.agent.agent.Conversation._foreseen", lambda *args: ("search_text",))
    return Agent(library, model=NAME, cache=tmp_path / "answers")


def answers(gemini: GeminiStandIn) -> None:
    gemini.refusals = [reply(call("search_text", query="ferns")), reply("The ferns are watered on Tuesday [1].")]


def test_the_same_question_costs_nothing_a_second_time(agent: Agent, gemini: GeminiStandIn, library: Library) -> None:
    answers(gemini)
    first = agent.ask(QUESTION)
    again = Agent(library, model=NAME, cache=agent_folder(agent)).ask(QUESTION)
    assert first.text == again.text == "The ferns are watered on Tuesday [1]."
    assert (again.claims, again.sources, again.route) == (first.claims, first.sources, first.route)
    assert (again.cost.calls, again.cost.tokens) == (0, 0)
    assert len(gemini.requests) == 2


def test_what_an_answer_depends_on_makes_it_anew(
    agent: Agent, gemini: GeminiStandIn, library: Library, tmp_path: Path
) -> None:
    answers(gemini)
    agent.ask(QUESTION)
    (tmp_path / "note.txt").write_text("A note.", encoding="utf-8")
    for ask in (
        lambda: agent.ask("When are the ferns watered?"),
        lambda: agent.ask(QUESTION, [tmp_path / "note.txt"]),
        lambda: Agent(library, model="google_genai:other", cache=agent_folder(agent)).ask(QUESTION),
        lambda: Agent(library, model=NAME, cache=agent_folder(agent), tools=agent.tools[:3]).ask(QUESTION),
    ):
        asked = len(gemini.requests)
        answers(gemini)
        ask()
        assert len(gemini.requests) == asked + 2
    library.add(tmp_path / "note.txt")
    answers(gemini)
    agent.ask(QUESTION)
    assert gemini.refusals == []


def test_an_answer_that_was_cut_short_is_not_kept(agent: Agent, gemini: GeminiStandIn) -> None:
    gemini.refusals = [reply(call("search_text", query="ferns")), Refusal(400, error(400, "INVALID", "no"))]
    assert "failed" in agent.ask(QUESTION).text
    answers(gemini)
    assert agent.ask(QUESTION).text == "The ferns are watered on Tuesday [1]."


def test_a_damaged_file_is_made_again(agent: Agent, gemini: GeminiStandIn) -> None:
    answers(gemini)
    agent.ask(QUESTION)
    (kept,) = agent_folder(agent).iterdir()
    kept.write_text("{", encoding="utf-8")
    answers(gemini)
    assert agent.ask(QUESTION).text == "The ferns are watered on Tuesday [1]."


def test_conversations_are_answered_anew(agent: Agent, gemini: GeminiStandIn) -> None:
    for _ in range(2):
        answers(gemini)
        agent.chat().ask(QUESTION)
    assert len(gemini.requests) == 4


def agent_folder(agent: Agent) -> Path:
    assert agent._kept is not None
    return agent._kept._folder
