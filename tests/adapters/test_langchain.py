"""LangChain: its own conformance suites, documents with evidence, and agents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gemini_stand_in import GeminiStandIn, call, reply

from mm_agents import Library
from mm_agents.adapters import langchain
from mm_agents.errors import ConfigError

pytest.importorskip("langchain_tests", reason="pip install 'mm-agents[dev]'")

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

EXAMPLES: dict[str, dict[str, Any]] = {
    "search_text": {"query": "the ferns"},
    "search_images": {"query": "red", "limit": 2},
    "search_videos": {"query": "a clip"},
    "search_posters": {"query": "a storm"},
    "recommend": {"like": ["Storm"]},
    "describe_image": {"source": "red.png", "question": "What colour is it?"},
    "read_invoice": {"source": "northwind.png"},
    "read_table": {"source": "regions.png", "question": "Which region has the largest sales?"},
    "read_flowchart": {"source": "chart.png"},
    "read_hidden_text": {"source": "blue.png"},
    "aggregate": {"of": "media", "measure": "count", "group_by": "media_type"},
}


def test_the_suites_hold_every_tool(library: Library) -> None:
    assert [one.name for one in langchain.tools(library)] == list(EXAMPLES)


class EveryTool:
    @pytest.fixture(autouse=True, params=sorted(EXAMPLES))
    def one(self, request: pytest.FixtureRequest, library: Library) -> None:
        self.name = request.param
        self.made = next(one for one in langchain.tools(library) if one.name == self.name)

    @property
    def tool_constructor(self) -> BaseTool:
        return self.made

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return EXAMPLES[self.name]


class TestToolsAsUnits(EveryTool, ToolsUnitTests):
    pass


class TestToolsWhenCalled(EveryTool, ToolsIntegrationTests):
    pass


class TestRetrievers(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True, params=["text", "image", "video", "poster"])
    def one(self, request: pytest.FixtureRequest, library: Library) -> None:
        self.params = {"library": library, "kind": request.param}

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return langchain.LibraryRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return self.params

    @property
    def retriever_query_example(self) -> str:
        return "red lamps in a storm"


def test_documents_hold_their_evidence(library: Library) -> None:
    found = langchain.retriever(library, "text", k=2).invoke("when are the ferns watered?", k=1)
    ((document),) = found
    asset = library.get("ferns.txt")
    assert (document.id, document.page_content) == (asset.id, "Water the ferns on Tuesday.")
    kept = document.metadata
    assert (kept["asset"], kept["path"], kept["name"]) == (asset.id, "media/ferns.txt", "ferns.txt")
    assert kept["sha256"] == asset.properties["sha256"]
    assert kept["how"]
    assert json.loads(json.dumps(kept)) == kept
    assert Document.model_validate_json(document.model_dump_json()) == document


def test_a_clips_document_says_when(library: Library) -> None:
    (document,) = langchain.retriever(library, "video", k=1).invoke("a clip")
    assert 0 <= document.metadata["t0"] < document.metadata["t1"] <= 2.1
    assert document.page_content == document.metadata["name"]


async def test_documents_are_found_asynchronously(library: Library) -> None:
    retriever = langchain.retriever(library, "image", k=3)
    found = await retriever.ainvoke("red", k=2)
    assert [one.id for one in found] == [one.id for one in retriever.invoke("red", k=2)]
    assert len(found) == 2


def test_what_there_is_no_retriever_for_is_said(library: Library) -> None:
    with pytest.raises(ConfigError, match="No kind of media is named 'sound'"):
        langchain.retriever(library, "sound")
    with Library.open("memory:", embedder=library.routes.embedder("media")) as bare, pytest.raises(ConfigError):
        langchain.retriever(bare, "poster")


# ---------------------------------------------------------------- agents


def test_geminis_agent_sees_pictures_and_goes_on_after_an_error(
    library: Library, gemini: GeminiStandIn, place: Path
) -> None:
    google = pytest.importorskip("langchain_google_genai", reason="pip install 'mm-agents[google]'")
    from langchain.agents import create_agent

    gemini.refusals = [
        reply(call("search_images", query="red", limit=1)),
        reply(call("describe_image", source=str(place / "outside.png"))),
        reply(call("describe_image", source="red.png")),
        reply("It is red [1]."),
    ]
    model = google.ChatGoogleGenerativeAI(model="gemini-3.5-flash", base_url=gemini.url, max_retries=1)
    agent = create_agent(model, langchain.tools(library))
    said = agent.invoke({"messages": [("user", "What colour is it?")]})["messages"]
    assert said[-1].text == "It is red [1]."
    results = [one for one in said if one.type == "tool"]
    assert [one.status for one in results] == ["success", "error", "success"]
    assert results[0].artifact["hits"][0]["media_type"] == "image"
    assert results[2].artifact["pictures"][0]["name"] == "red.png"
    assert "Neither the library nor the attachments hold" in results[1].content
    assert set(gemini.requests[0].tools) == set(EXAMPLES)
    assert len(gemini.requests[-1].pictures) == 2
    assert all(one.startswith(b"\xff\xd8") for one in gemini.requests[-1].pictures)
