"""A library's tools and retrievers for LangChain agents; the extra ``langchain`` brings the package.

    from langchain.agents import create_agent
    from mm_agents.adapters import langchain

    agent = create_agent("google_genai:gemini-3.5-flash", langchain.tools(library))

A result's pictures go to the model as base64, its payload is the message's ``artifact``. ``tools(Agent(library))`` is
one tool, "ask", whose artifact is the whole answer with its outcome, claims and sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_agents._optional import require

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from mm_agents.adapters.langchain.bridge import LibraryRetriever
    from mm_agents.adapters.shared import Given
    from mm_agents.library import Library

__all__ = ["LibraryRetriever", "retriever", "tools"]


def tools(given: Given) -> list[BaseTool]:
    """Tools for a LangChain agent, synchronous and asynchronous.

    Args:
        given: a library, whose toolbox it is; an agent, which answers whole questions; or any tools.

    Raises:
        ConfigError: two tools have the same name.
        MissingExtraError: LangChain is not installed.
    """
    from mm_agents.adapters.shared import tools_of

    _require()
    from mm_agents.adapters.langchain.bridge import to_tool

    return [to_tool(tool) for tool in tools_of(given)]


def retriever(library: Library, name: str, *, k: int = 10) -> LibraryRetriever:
    """A retriever of documents that hold what matched, with its evidence as metadata.

    Args:
        library: where to look.
        name: "text", "image", "video" or "poster".
        k: how many documents, unless a call says otherwise: ``retriever.invoke("a dog", k=3)``.

    Raises:
        ConfigError: no retriever has that name, or the library has no posters.
        MissingExtraError: LangChain is not installed.
    """
    _require()
    from mm_agents.adapters.langchain.bridge import LibraryRetriever

    return LibraryRetriever(library=library, kind=name, k=k)


def __getattr__(name: str) -> Any:
    if name != "LibraryRetriever":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _require()
    from mm_agents.adapters.langchain import bridge

    return bridge.LibraryRetriever


def _require() -> None:
    require("langchain_core.tools", extra="langchain", feature="The LangChain adapter")
