"""One way to call a tool through each adapter, and what came back of it."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import PIL.Image

from mm_agents import Agent, Library
from mm_agents.tools import Tool


@dataclass(frozen=True)
class Seen:
    """What a framework hands on of a call."""

    text: str
    pictures: tuple[PIL.Image.Image, ...]
    payload: Any
    failed: bool


Given = Library | Agent | Iterable[Tool]

Call = Callable[..., Seen]
"""Takes a tool's name and its arguments."""


def by_langchain(given: Given) -> Call:
    from mm_agents.adapters import langchain

    tools = {one.name: one for one in langchain.tools(given)}

    def call(name: str, **arguments: Any) -> Seen:
        message = tools[name].invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
        blocks = [{"type": "text", "text": message.content}] if isinstance(message.content, str) else message.content
        return Seen(
            text="\n".join(one["text"] for one in blocks if one["type"] == "text"),
            pictures=tuple(opened(one["base64"]) for one in blocks if one["type"] == "image"),
            payload=message.artifact,
            failed=message.status == "error",
        )

    return call


def by_llama_index(given: Given) -> Call:
    from mm_agents.adapters import llama_index

    tools = {one.metadata.name: one for one in llama_index.tools(given)}

    def call(name: str, **arguments: Any) -> Seen:
        output = tools[name].call(**arguments)
        blocks = [one for one in output.blocks if one.block_type == "image"]
        return Seen(
            text=output.content,
            pictures=tuple(PIL.Image.open(one.resolve_image()) for one in blocks),
            payload=output.raw_output,
            failed=output.is_error,
        )

    return call


def by_mcp(given: Given) -> Call:
    from mcp import Client

    from mm_agents.adapters import mcp

    if isinstance(given, Agent):
        served = mcp.server(given.library, agent=given)
    else:
        served = mcp.server(given) if isinstance(given, Library) else mcp.server(Library.open("memory:"), tools=given)

    def call(name: str, **arguments: Any) -> Seen:
        async def ask() -> Any:
            async with Client(served) as client:
                return await client.call_tool(name, arguments)

        return of_mcp(asyncio.run(ask()))

    return call


def of_mcp(result: Any) -> Seen:
    return Seen(
        text="\n".join(one.text for one in result.content if one.type == "text"),
        pictures=tuple(opened(one.data) for one in result.content if one.type == "image"),
        payload=result.structured_content,
        failed=result.is_error,
    )


def opened(content: str) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(base64.b64decode(content, validate=True)))


ADAPTERS = {"langchain": by_langchain, "llama_index": by_llama_index, "mcp": by_mcp}
