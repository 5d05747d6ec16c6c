"""LlamaIndex: nodes with pictures and evidence, its query engines and its agent, driven by its own mock models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mm_agents import Library
from mm_agents.adapters import llama_index
from mm_agents.errors import ConfigError

pytest.importorskip("llama_index.core", reason="pip install 'mm-agents[llamaindex]'")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM, MockLLM
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.schema import MetadataMode, Node, QueryBundle
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool, ToolMetadata


def test_nodes_hold_text_picture_and_evidence(library: Library) -> None:
    retriever = llama_index.retriever(library, "image", limit=2)
    found = retriever.retrieve("Northwind brass hinges")
    assert len(found) == 2
    node, asset = found[0].node, library.get("northwind.png")
    assert isinstance(node, Node)
    assert node.node_id == asset.id
    assert found[0].score == node.metadata["score"]
    kept = node.metadata
    assert (kept["asset"], kept["path"], kept["media_type"]) == (asset.id, "media/northwind.png", "image")
    assert kept["sha256"] == asset.properties["sha256"]
    assert json.loads(json.dumps(kept)) == kept
    (image,) = [block for block in node.get_content_blocks() if block.block_type == "image"]
    assert image.image_mimetype == "image/jpeg"
    assert image.resolve_image().read().startswith(b"\xff\xd8")


def test_a_model_reads_what_it_needs_and_no_noise(library: Library) -> None:
    (found,) = llama_index.retriever(library, "text", limit=1).retrieve("when are the ferns watered?")
    told = found.node.get_content(metadata_mode=MetadataMode.LLM)
    assert "name: ferns.txt" in told
    assert told.endswith("Water the ferns on Tuesday.")
    assert "None" not in told
    assert found.node.metadata["sha256"] not in told
    assert found.node.node_id not in told


def test_a_clips_node_holds_its_file_and_says_when(library: Library, place: Path) -> None:
    (found,) = llama_index.retriever(library, "video", limit=1).retrieve("a clip")
    assert isinstance(found.node, Node)
    clip, picture = found.node.video_resource, found.node.image_resource
    assert clip is not None
    assert picture is not None
    assert clip.path == place / "library" / found.metadata["path"]
    assert clip.mimetype == "video/mp4"
    assert found.metadata["t0"] < found.metadata["t1"]


def test_pictures_have_no_more_pixels_than_wanted(library: Library) -> None:
    retriever = llama_index.LibraryRetriever(library, "image", limit=1, max_side=64)
    (found,) = retriever.retrieve("Northwind brass hinges")
    (image,) = [block for block in found.node.get_content_blocks() if block.block_type == "image"]
    import PIL.Image

    assert PIL.Image.open(image.resolve_image()).size == (64, 50)


async def test_nodes_are_found_asynchronously(library: Library) -> None:
    retriever = llama_index.retriever(library, "poster", limit=3)
    found = await retriever.aretrieve("a storm")
    assert [one.node_id for one in found] == [one.node_id for one in retriever.retrieve("a storm")]
    assert {one.metadata["media_type"] for one in found} == {"film"}


@pytest.mark.parametrize("form", ["stored", "absolute", "name"])
def test_a_picture_of_the_library_may_be_asked_with(library: Library, place: Path, form: str) -> None:
    paths = {
        "stored": "media/red.png",
        "absolute": str(place / "library" / "media" / "red.png"),
        "name": "red.png",
    }
    found = llama_index.retriever(library, "image", limit=1).retrieve(QueryBundle("", image_path=paths[form]))
    assert [one.metadata["name"] for one in found] == ["red.png"]


@pytest.mark.parametrize("path", ["outside.png", "library/media/../../outside.png", "library/mm_agents.json"])
def test_no_other_file_is_opened_to_ask_with(library: Library, place: Path, path: str) -> None:
    retriever = llama_index.retriever(library, "image")
    with pytest.raises(ConfigError, match="The library does not hold"):
        retriever.retrieve(QueryBundle("red", image_path=str(place / path)))


def test_a_picture_that_has_changed_is_not_asked_with(tmp_path: Path, library: Library) -> None:
    from papers import plain

    with Library.open(tmp_path / "library", embedder=library.routes.embedder("media")) as other:
        other.add(plain(tmp_path / "library" / "red.png", "red"), progress=False)
        plain(tmp_path / "library" / "red.png", "blue")
        retriever = llama_index.retriever(other, "image")
        with pytest.raises(ConfigError, match="has changed since it was added"):
            retriever.retrieve(QueryBundle("", image_path="red.png"))
        (found,) = retriever.retrieve("red")
        assert isinstance(found.node, Node)
        assert found.node.image_resource is not None  # its thumbnail, as it was


def test_a_tool_spec_gives_the_same_tools(library: Library) -> None:
    spec = llama_index.ToolSpec(library)
    names = [one.metadata.name for one in llama_index.tools(library)]
    assert [one.metadata.name for one in spec.to_tool_list()] == names
    other = ToolMetadata(name="look", description="Look.", fn_schema=spec.to_tool_list()[0].metadata.fn_schema)
    (changed,) = spec.to_tool_list(["search_text"], {"search_text": other})
    assert changed.metadata.name == changed.call(query="ferns").tool_name == "look"
    with pytest.raises(ConfigError, match="No tool is named 'sing'"):
        spec.to_tool_list(["sing"])


def test_what_a_call_was_given_is_kept(library: Library) -> None:
    (search,) = llama_index.ToolSpec(library).to_tool_list(["search_text"])
    assert search.call(query="ferns", limit=1).raw_input == {"args": (), "kwargs": {"query": "ferns", "limit": 1}}


# ---------------------------------------------------------------- engines


class Listening(MockFunctionCallingLLM):
    """Keeps the blocks that it is shown."""

    def __init__(self) -> None:
        def reply(messages: Any, **kwargs: Any) -> ChatMessage:
            self._shown.extend(block for message in messages for block in message.blocks)
            return ChatMessage(role="assistant", content="It is red [1].")

        super().__init__(response_generator=reply, is_chat_model=True)
        self._shown: list[Any] = []


def test_a_query_engine_shows_pictures(library: Library) -> None:
    model = Listening()
    retriever = llama_index.retriever(library, "image", limit=2)
    engine = RetrieverQueryEngine.from_args(retriever, llm=model, multimodal=True)
    answer = engine.query("red")
    assert str(answer) == "It is red [1]."
    assert [one.node_id for one in answer.source_nodes] == [one.node_id for one in retriever.retrieve("red")]
    assert sum(block.block_type == "image" for block in model._shown) >= 1


@pytest.mark.parametrize("multimodal", [False, True])
def test_a_citation_engine_keeps_where_claims_rest(library: Library, multimodal: bool) -> None:
    retriever = llama_index.retriever(library, "text", limit=2)
    engine = CitationQueryEngine.from_args(
        None, retriever=retriever, llm=Listening() if multimodal else MockLLM(), multimodal=multimodal
    )
    answer = engine.query("when are the ferns watered?")
    assert any("Source 1" in one.node.get_content() for one in answer.source_nodes)
    assert "media/ferns.txt" in {one.metadata["path"] for one in answer.source_nodes}


def test_a_router_chooses_among_retrievers(library: Library) -> None:
    def choose(messages: Any, **kwargs: Any) -> ChatMessage:
        return ChatMessage(role="assistant", content="unused")

    class Choosing(MockFunctionCallingLLM):
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            from llama_index.core.llms import CompletionResponse

            return CompletionResponse(text='[{"choice": 2, "reason": "it asks for a picture"}]')

        def predict(self, prompt: Any, **kwargs: Any) -> str:
            return '[{"choice": 2, "reason": "it asks for a picture"}]'

    model = Choosing(response_generator=choose, is_chat_model=True)
    tools = [
        QueryEngineTool.from_defaults(
            RetrieverQueryEngine.from_args(llama_index.retriever(library, name, limit=1), llm=MockLLM()),
            name=name,
            description=f"finds {name}s",
        )
        for name in ("text", "image")
    ]
    router = RouterQueryEngine(
        selector=LLMSingleSelector.from_defaults(llm=model), query_engine_tools=tools, llm=MockLLM()
    )
    answer = router.query("which picture is red?")
    assert {one.metadata["media_type"] for one in answer.source_nodes} == {"image"}


# ---------------------------------------------------------------- agents


# LlamaIndex looks at every attribute of its agent, pydantic's deprecated ones included.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20:inspect")
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211:inspect")
async def test_an_agent_sees_pictures_and_reads_errors(library: Library) -> None:
    calls = [
        ("search_images", {"query": "red", "limit": 1}),
        ("describe_image", {"source": "outside.png"}),
        ("describe_image", {"source": "red.png"}),
    ]
    seen: list[ChatMessage] = []

    def speak(messages: list[ChatMessage], **kwargs: Any) -> ChatMessage:
        done = [one for one in messages if one.role.value == "tool"]
        seen[:] = done
        if len(done) == len(calls):
            return ChatMessage(role="assistant", content="It is red [1].")
        name, arguments = calls[len(done)]
        block = ToolCallBlock(tool_call_id=str(len(done)), tool_name=name, tool_kwargs=arguments)
        return ChatMessage(role="assistant", blocks=[block])

    model = MockFunctionCallingLLM(response_generator=speak, is_chat_model=True)
    agent = FunctionAgent(tools=llama_index.tools(library), llm=model, streaming=False)
    answer = await agent.run(user_msg="What colour is it?")
    assert str(answer) == "It is red [1]."
    assert [one.tool_output.is_error for one in answer.tool_calls] == [False, True, False]
    assert answer.tool_calls[2].tool_output.raw_output["pictures"][0]["name"] == "red.png"
    assert "Neither the library nor the attachments hold" in (seen[1].content or "")
    assert [sum(block.block_type == "image" for block in one.blocks) for one in seen] == [1, 0, 1]
