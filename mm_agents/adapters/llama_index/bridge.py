"""The LlamaIndex side of the adapter; importing it needs the extra ``llamaindex``."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.llms.types import ContentBlock, ImageBlock, TextBlock
from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MediaResource, Node, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from pydantic import SkipValidation

from mm_agents.adapters.shared import (
    NOISE,
    Given,
    clip_of,
    held_file,
    metadata_of,
    picture_of,
    plain,
    text_of,
    tools_of,
)
from mm_agents.chat import SIDE, sendable
from mm_agents.errors import ToolError
from mm_agents.library import Library
from mm_agents.media import encode_jpeg
from mm_agents.retriever import Retriever
from mm_agents.tools import Tool, ToolResult, by_name, only
from mm_agents.types import Hit, Image


@dataclass(frozen=True, slots=True)
class _Called:
    """A call and its outcome; FunctionTool's callback gets only what its function returns."""

    arguments: dict[str, Any]
    outcome: ToolResult | ToolError = field(repr=False)  # FunctionTool also makes text of it


def to_tool(tool: Tool, metadata: ToolMetadata | None = None) -> FunctionTool:
    """A tool as LlamaIndex calls it, described as it is or otherwise."""
    described = metadata or ToolMetadata(name=tool.name, description=tool.description, fn_schema=tool.arguments)
    name = described.get_name()

    def call(**arguments: Any) -> _Called:
        try:
            return _Called(arguments, tool.run(**arguments))
        except ToolError as error:
            return _Called(arguments, error)

    async def acall(**arguments: Any) -> _Called:
        return await asyncio.to_thread(call, **arguments)

    def shown(called: _Called) -> ToolOutput:
        raw_input = {"args": (), "kwargs": called.arguments}
        if isinstance(called.outcome, ToolError):
            error = called.outcome
            return ToolOutput(tool_name=name, content=sendable(str(error)), raw_input=raw_input, is_error=True)
        return ToolOutput(
            tool_name=name,
            blocks=_blocks(called.outcome),
            raw_input=raw_input,
            raw_output=plain(called.outcome.payload),
        )

    return FunctionTool(fn=call, async_fn=acall, metadata=described, callback=shown)


def _blocks(result: ToolResult) -> list[ContentBlock]:
    pictures = [ImageBlock(image=_base64(picture.image, SIDE), image_mimetype="image/jpeg") for picture in result.media]
    return [TextBlock(text=sendable(result.text)), *pictures]


def _base64(image: Image, max_side: int) -> bytes:
    """A JPEG, encoded here: LlamaIndex leaves bytes as they are that happen to be base64."""
    return base64.b64encode(encode_jpeg(image.pixels, max_side=max_side))


class ToolSpec(BaseToolSpec):
    """A library's tools as a LlamaIndex tool spec.

    Args:
        given: a library, whose toolbox it is; an agent, which answers whole questions; or any tools.
    """

    def __init__(self, given: Given) -> None:
        self._tools = by_name(tools_of(given))
        self.spec_functions: list[SPEC_FUNCTION_TYPE] = list(self._tools)

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """The tools, or those of some names.

        Args:
            spec_functions: names of tools; all by default.
            func_to_metadata_mapping: other metadata for tools of these names.

        Raises:
            ConfigError: no tool has one of the names.
        """
        named = [tool if isinstance(tool, str) else tool[0] for tool in spec_functions or self.spec_functions]
        other = func_to_metadata_mapping or {}
        return [to_tool(tool, other.get(tool.name)) for tool in only(self._tools.values(), named)]


class AnswerEngine(CustomQueryEngine):
    """Answers whole questions, as LlamaIndex's responses; ``llama_index.query_engine`` makes one.

    A response's ``source_nodes`` are the answer's evidence, in the order of the numbers that its text cites; its
    ``metadata`` is the answer as JSON, with the outcome and the claims by kind.

    Attributes:
        tool: an agent as a tool.
    """

    tool: SkipValidation[Tool]

    def custom_query(self, query_str: str) -> Response:
        """Answer a question.

        Raises:
            ToolError: it could not be asked.
        """
        answer = plain(self.tool.run(question=query_str).payload)
        nodes = [_evidence_node(source, answer["claims"]) for source in answer["sources"]]
        return Response(response=answer["text"], source_nodes=nodes, metadata=answer)

    async def acustom_query(self, query_str: str) -> Response:
        """``custom_query`` in a thread."""
        return await asyncio.to_thread(self.custom_query, query_str)


def _evidence_node(source: dict[str, Any], claims: list[dict[str, Any]]) -> NodeWithScore:
    """A source of an answer, with what is claimed by it; a match has its similarity as its score."""
    own = [claim for claim in claims if source["number"] in claim["sources"]]
    score = next((claim["similarity"] for claim in own if claim["similarity"] is not None), None)
    stated = [{"text": claim["text"], "kind": claim["kind"]} for claim in own]
    kept = {**source, "claims": stated}
    hidden = [name for name, value in kept.items() if value is None or name in NOISE or name == "claims"]
    node = TextNode(
        text=sendable(source["quote"] or source["name"]),
        extra_info=kept,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=list(hidden),
    )
    return NodeWithScore(node=node, score=score)


class LibraryRetriever(BaseRetriever):
    """Finds one kind of media in a library, as LlamaIndex's nodes.

    A query's ``image_path`` has to be what the library holds: no other file is opened.

    Args:
        library: where to look.
        name: "text", "image", "video" or "poster".
        limit: how many nodes.
        max_side: nodes' pictures have at most this many pixels on their longer side.
    """

    def __init__(self, library: Library, name: str, *, limit: int = 10, max_side: int = SIDE) -> None:
        super().__init__()
        self._library, self._max_side = library, max_side
        self._retriever = Retriever(library, name, limit=limit)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        path = query_bundle.image_path
        image = None if not path else held_file(self._library, path).path
        hits = self._retriever.retrieve(query_bundle.query_str or None, image=image)
        return [NodeWithScore(node=self._node(hit), score=hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _node(self, hit: Hit) -> Node:
        picture = picture_of(self._library, hit, max_side=self._max_side)
        kept = metadata_of(hit)
        hidden = [name for name, value in kept.items() if value is None or name in NOISE]
        return Node(
            id_=hit.id,
            text_resource=MediaResource(text=text_of(hit)),
            image_resource=None
            if picture is None
            else MediaResource(data=_base64(picture, self._max_side), mimetype="image/jpeg"),
            video_resource=self._clip(hit),
            extra_info=kept,
            excluded_llm_metadata_keys=hidden,
            excluded_embed_metadata_keys=list(hidden),
        )

    def _clip(self, hit: Hit) -> MediaResource | None:
        file = clip_of(self._library, hit)
        return None if file is None else MediaResource(path=file.path, mimetype=file.mime)
