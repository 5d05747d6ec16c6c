"""A LlamaIndex agent with a library's tools: it searches, looks closer at what it found, and answers.

python examples/llama_index_agent.py

The model is LlamaIndex's own mock, which says what stands below, so that this needs no key. Any model that calls
functions takes its place, such as GoogleGenAI(model="gemini-3.5-flash") of llama-index-llms-google-genai.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM

from mm_agents import Library, demo
from mm_agents.adapters import llama_index


def speak(messages: Sequence[ChatMessage], **_: Any) -> ChatMessage:
    """What a model would say: search, then describe the id that the search gave, then answer."""
    results = [message.content or "" for message in messages if message.role.value == "tool"]
    if not results:
        return call("search_images", query="a pet resting", limit=1)
    if len(results) == 1:
        return call("describe_image", source=re.findall(r"id ([0-9a-f-]{36})", results[0])[0])
    return ChatMessage(role="assistant", content="A cat rests on a bed [1].")


def call(name: str, **arguments: Any) -> ChatMessage:
    block = ToolCallBlock(tool_call_id=name, tool_name=name, tool_kwargs=arguments)
    return ChatMessage(role="assistant", blocks=[block])


async def main() -> None:
    model = MockFunctionCallingLLM(response_generator=speak, is_chat_model=True)
    with TemporaryDirectory() as folder, Library.open(Path(folder, "library")) as library:
        library.add(*demo.make_media(Path(folder)), words="none", progress=False)
        agent = FunctionAgent(tools=[*llama_index.tools(library)], llm=model, streaming=False)
        answer = await agent.run(user_msg="What does the pet do?")  # pyright: ignore[reportDeprecated]
    for called in answer.tool_calls:
        kinds = [block.block_type for block in called.tool_output.blocks]
        print(called.tool_name, kinds, sorted(called.tool_output.raw_output))
    # > search_images ['text', 'image'] ['hits', 'query']
    # > describe_image ['text', 'image'] ['pictures', 'question', 'sentences', 'withheld']
    print(answer)
    # > A cat rests on a bed [1].


if __name__ == "__main__":
    asyncio.run(main())
