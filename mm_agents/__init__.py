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

from mm_agents._lazy import attach

if TYPE_CHECKING:
    from mm_agents import errors, filters, media, testing
    from mm_agents.agent import Agent, Answer
    from mm_agents.chat import ChatModel, open_chat
    from mm_agents.library import AddReport, Library
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.ranking import Retriever
    from mm_agents.tools import Tool, ToolResult, tool
    from mm_agents.types import (
        And,
        Box,
        Clip,
        CollectionSpec,
        Condition,
        Evidence,
        FoundBy,
        Hit,
        Image,
        Match,
        Not,
        Or,
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
    "Embedder",
    "Evidence",
    "FoundBy",
    "Hit",
    "Image",
    "Library",
    "Match",
    "Not",
    "Or",
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
    "testing",
    "tool",
]

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = attach(
    __name__,
    {
        "AddReport": "library",
        "Agent": "agent",
        "And": "types",
        "Answer": "agent",
        "Box": "types",
        "ChatModel": "chat",
        "Clip": "types",
        "CollectionSpec": "types",
        "Condition": "types",
        "Embedder": "protocols",
        "Evidence": "types",
        "FoundBy": "types",
        "Hit": "types",
        "Image": "types",
        "Library": "library",
        "Match": "types",
        "Not": "types",
        "Or": "types",
        "Record": "types",
        "Retriever": "search.ranking",
        "Store": "protocols",
        "Text": "types",
        "Tool": "tools",
        "ToolResult": "tools",
        "VectorSpec": "types",
        "errors": "",
        "filters": "",
        "media": "",
        "open_chat": "chat",
        "testing": "",
        "tool": "tools",
    },
)
