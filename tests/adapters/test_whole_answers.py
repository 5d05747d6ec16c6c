"""Whole answers through each adapter: the outcome, the claims by kind, and the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from callers import ADAPTERS
from papers import planned

from mm_agents import Agent, Library
from mm_agents.adapters import langchain, llama_index

pytest.importorskip("langchain_core", reason="pip install 'mm-agents[langchain]'")
pytest.importorskip("llama_index.core", reason="pip install 'mm-agents[llamaindex]'")
pytest.importorskip("mcp", reason="pip install 'mm-agents[mcp]'")

OUTCOMES = {
    "answered": ("read_invoice", "What is the total of northwind.png?", ["read"]),
    "partial": ("read_invoice", "What is the total and what is the IBAN of northwind.png?", ["read"]),
    "not_found": ("read_invoice", "What is the IBAN of northwind.png?", []),
    "out_of_scope": ("", "call me a taxi", []),
}


def agent(library: Library, *tools: str) -> Agent:
    return planned(Agent(library, model="offline"), *(one for one in tools if one))


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_answer_comes_through_whole(adapter: str, outcome: str, library: Library, place: Path) -> None:
    tool, question, kinds = OUTCOMES[outcome]
    asked = agent(library, tool)
    seen = ADAPTERS[adapter](asked)("ask", question=question)
    answer = asked.ask(question)
    assert not seen.failed
    assert seen.payload["outcome"] == answer.outcome == outcome
    assert [claim["kind"] for claim in seen.payload["claims"]] == kinds
    assert seen.payload["unanswered"] == list(answer.unanswered)
    assert [one["quote"] for one in seen.payload["sources"]] == [one.evidence.quote for one in answer.sources]
    assert seen.text.startswith(answer.text)
    assert f"Outcome: {outcome.replace('_', ' ')}." in seen.text
    assert json.loads(json.dumps(seen.payload)) == seen.payload
    assert str(place) not in json.dumps([seen.text, seen.payload])


def test_a_match_says_how_near_it_is(adapter: str, library: Library) -> None:
    seen = ADAPTERS[adapter](agent(library, "search_images"))("ask", question="Find a picture that is red")
    (first, *_) = seen.payload["claims"]
    assert (first["kind"], first["status"]) == ("match", "match")
    assert f"(similarity {first['similarity']:.2f})" in seen.text
    assert "[1] red.png" in seen.text


def test_what_cannot_be_asked_is_an_error(adapter: str, library: Library) -> None:
    seen = ADAPTERS[adapter](agent(library))("ask", question=" ")
    assert seen.failed
    assert "The question is empty" in seen.text


def test_a_file_outside_of_the_library_is_not_opened(adapter: str, library: Library, place: Path) -> None:
    seen = ADAPTERS[adapter](agent(library, "describe_image"))("ask", question=f"Describe {place / 'outside.png'}")
    assert not seen.payload["sources"] or seen.payload["sources"][0]["name"] != "outside.png"


async def test_llama_indexes_query_engine_gives_the_evidence_as_nodes(library: Library) -> None:
    engine = llama_index.query_engine(agent(library, "read_invoice"))
    response = engine.query("What is the total and what is the IBAN of northwind.png?")
    assert response.response is not None
    assert response.response.startswith("The total is 75.00")
    assert response.metadata is not None
    assert response.metadata["outcome"] == "partial"
    (found,) = response.source_nodes
    assert found.node.get_content() == "75.00"
    assert found.node.metadata["name"] == "northwind.png"
    assert len(found.node.metadata["box"]) == 4
    assert [claim["kind"] for claim in found.node.metadata["claims"]] == ["read"]
    later = await engine.aquery("What is the total of northwind.png?")
    assert later.metadata is not None
    assert later.metadata["outcome"] == "answered"


def test_a_match_is_a_node_with_its_similarity_as_score(library: Library) -> None:
    response = llama_index.query_engine(agent(library, "search_images")).query("Find a picture that is red")
    assert response.metadata is not None
    assert response.source_nodes[0].score == response.metadata["claims"][0]["similarity"]


async def test_langchains_tool_answers_asynchronously(library: Library) -> None:
    (ask,) = langchain.tools(agent(library, "read_invoice"))
    call = {"type": "tool_call", "id": "1", "name": "ask", "args": {"question": "What is the total of northwind.png?"}}
    message = await ask.ainvoke(call)
    assert message.artifact["outcome"] == "answered"
    assert message.status == "success"
