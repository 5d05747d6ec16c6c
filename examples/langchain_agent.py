"""A LangChain agent with a library's tools; and a retriever, whose documents say where a claim would rest.

python examples/langchain_agent.py

The model says what stands below, so that this needs no key; "google_genai:gemini-3.5-flash" takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.runnables import Runnable

from mm_agents import Library, demo
from mm_agents.adapters import langchain


class Scripted(GenericFakeChatModel):
    """Says one message after the other, whatever it is asked."""

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:  # type: ignore[override]
        """It needs no tools to say what it says."""
        return self


def calls(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[ToolCall(name=name, args=arguments, id=name)])


def main() -> None:
    script = [
        calls("describe_image", source="/etc/passwd"),
        calls("read_invoice", source="scan.png", question="What is the total?"),
        AIMessage("The invoice asks for 108.00 [1]."),
    ]
    with TemporaryDirectory() as folder, Library.open(Path(folder, "library")) as library:
        library.add(*demo.make_media(Path(folder)), words="none", progress=False)
        agent = create_agent(Scripted(messages=iter(script)), langchain.tools(library))
        said = agent.invoke({"messages": [HumanMessage("What does the invoice ask for?")]})["messages"]
        for message in said:
            if isinstance(message, ToolMessage):
                print(message.name, message.status, message.artifact and message.artifact["answered"]["value"])
        # > describe_image error None
        # > read_invoice success 108.00
        print(said[-1].text)
        # > The invoice asks for 108.00 [1].

        (document,) = langchain.retriever(library, "video").invoke("a cup of coffee", k=1)
        evidence = document.metadata
        print(evidence["name"], f"{evidence['t0']:.0f}–{evidence['t1']:.0f} s", evidence["how"])
        # > morning.mp4 4–6 s media


if __name__ == "__main__":
    main()
