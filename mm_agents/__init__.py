"""Multimodal tools for agents: search pictures, clips and texts, and answer with evidence.

    from mm_agents import Library

    library = Library.open("./holiday")
    library.add("photos/", "clips/")
    for hit in library.search("a dog on the beach"):
        print(hit.name, hit.t0, hit.score)

Names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mm_agents._optional import attach

if TYPE_CHECKING:
    __version__: str

    from mm_agents import errors, filters, media, testing
    from mm_agents.agent import Agent, Answer
    from mm_agents.chat import ChatModel, open_chat
    from mm_agents.documents import read_document
    from mm_agents.ingest.pipeline import AddReport
    from mm_agents.library import Library
    from mm_agents.protocols import DocumentReader, Embedder, Reading, Store
    from mm_agents.retriever import Retriever
    from mm_agents.tools import Tool, ToolResult, tool
    from mm_agents.types import (
        And,
        Box,
        Clip,
        CollectionSpec,
        Condition,
        DocumentAnswer,
        Evidence,
        FoundBy,
        Hit,
        Image,
        Match,
        Not,
        Or,
        ReadingTable,
        Record,
        Text,
        VectorSpec,
    )


__all__ = [
    "AddReport",
    "Agent",
    "And",
    "Answer",
    "Box",
    "ChatModel",
    "Clip",
    "CollectionSpec",
    "Condition",
    "DocumentAnswer",
    "DocumentReader",
    "Embedder",
    "Evidence",
    "FoundBy",
    "Hit",
    "Image",
    "Library",
    "Match",
    "Not",
    "Or",
    "Reading",
    "ReadingTable",
    "Record",
    "Retriever",
    "Store",
    "Text",
    "Tool",
    "ToolResult",
    "VectorSpec",
    "errors",
    "filters",
    "media",
    "open_chat",
    "read_document",
    "testing",
    "tool",
]

_HOMES = {
    "": ("errors", "filters", "media", "testing"),
    "agent": ("Agent", "Answer"),
    "chat": ("ChatModel", "open_chat"),
    "documents": ("read_document",),
    "ingest.pipeline": ("AddReport",),
    "library": ("Library",),
    "protocols": ("DocumentReader", "Embedder", "Reading", "Store"),
    "retriever": ("Retriever",),
    "tools": ("Tool", "ToolResult", "tool"),
    "types": (
        *("And", "Box", "Clip", "CollectionSpec", "Condition", "DocumentAnswer", "Evidence", "FoundBy", "Hit", "Image"),
        *("Match", "Not", "Or", "ReadingTable", "Record", "Text", "VectorSpec"),
    ),
}

__dir__: Callable[[], list[str]]
_get, __dir__ = attach(__name__, {name: home for home, names in _HOMES.items() for name in names})


def __getattr__(name: str) -> Any:
    return _version() if name == "__version__" else _get(name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mm-agents")
    except PackageNotFoundError:  # the sources lie on Python's path, and nothing was installed
        return "0+unknown"
