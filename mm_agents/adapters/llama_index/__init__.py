"""A library's tools and retrievers for LlamaIndex, and a vector store for Weaviate's named vectors.

    from llama_index.core.agent.workflow import FunctionAgent
    from mm_agents.adapters import llama_index

    agent = FunctionAgent(tools=llama_index.tools(library), llm=llm)

Results keep their pictures as ``ImageBlock``; LlamaIndex's ReActAgent hands on text alone. The extra ``llamaindex``
brings the packages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mm_agents._optional import require

if TYPE_CHECKING:
    from llama_index.core.tools import FunctionTool

    from mm_agents.adapters.llama_index.bridge import AnswerEngine, LibraryRetriever, ToolSpec
    from mm_agents.adapters.llama_index.named_vectors import NamedVectorStore, with_vectors
    from mm_agents.adapters.shared import Answering, Given
    from mm_agents.library import Library

__all__ = [
    "AnswerEngine",
    "LibraryRetriever",
    "NamedVectorStore",
    "ToolSpec",
    "query_engine",
    "retriever",
    "tools",
    "with_vectors",
]

_HOME = {
    "AnswerEngine": "bridge",
    "LibraryRetriever": "bridge",
    "NamedVectorStore": "named_vectors",
    "ToolSpec": "bridge",
    "with_vectors": "named_vectors",
}
_FEATURE = "The LlamaIndex adapter"


def tools(given: Given) -> list[FunctionTool]:
    """Tools for a LlamaIndex agent, synchronous and asynchronous; a result's payload is its ``raw_output``.

    Args:
        given: a library, whose toolbox it is; an agent, which answers whole questions; or any tools.

    Raises:
        ConfigError: two tools have the same name.
        MissingExtraError: LlamaIndex is not installed.
    """
    _require()
    from mm_agents.adapters.llama_index.bridge import to_tool
    from mm_agents.adapters.shared import tools_of

    return [to_tool(tool) for tool in tools_of(given)]


def query_engine(agent: Answering) -> AnswerEngine:
    """An agent as a query engine: a response has the answer's text, its evidence as nodes, and the rest as metadata.

    Args:
        agent: a ``mm_agents.Agent``.

    Raises:
        MissingExtraError: LlamaIndex is not installed.
    """
    _require()
    from mm_agents.adapters.llama_index.bridge import AnswerEngine

    return AnswerEngine(tool=agent.as_tool())


def retriever(library: Library, name: str, *, limit: int = 10) -> LibraryRetriever:
    """A retriever of nodes that hold text, picture and clip, with their evidence as metadata.

    It fits ``RetrieverQueryEngine``, ``CitationQueryEngine`` and ``RouterQueryEngine``; with ``multimodal=True`` they
    show the pictures to the model.

    Args:
        library: where to look.
        name: "text", "image", "video" or "poster".
        limit: how many nodes.

    Raises:
        ConfigError: no retriever has that name, or the library has no posters.
        MissingExtraError: LlamaIndex is not installed.
    """
    _require()
    from mm_agents.adapters.llama_index.bridge import LibraryRetriever

    return LibraryRetriever(library, name, limit=limit)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _require()
    if _HOME[name] == "named_vectors":
        _require_weaviate()
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def _require() -> None:
    require("llama_index.core", extra="llamaindex", feature=_FEATURE)


def _require_weaviate() -> None:
    from mm_agents.stores.weaviate import load_client

    load_client()  # quietly, before the other package imports it
    require("llama_index.vector_stores.weaviate", extra="llamaindex", feature="NamedVectorStore")
