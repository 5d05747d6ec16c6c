"""Spans of answers: their names and attributes, what is left out of them, and life without OpenTelemetry."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mm_agents import Agent, Library, tool
from mm_agents.agent.tracing import CAPTURE
from mm_agents.errors import ChatError, ToolError

pytest.importorskip("langchain_core", reason="pip install 'mm-agents[chat]'")
pytest.importorskip("opentelemetry.sdk", reason="pip install opentelemetry-sdk")

from langchain_core.messages import AIMessage
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from scripted_chat import Scripted

SECRET = "The ferns are watered on Tuesday."
QUESTION = "When do I water the ferns?"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the program's own tracer provider gets."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@pytest.fixture
def garden(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    (tmp_path / "ferns.txt").write_text(SECRET, encoding="utf-8")
    library.add(tmp_path / "ferns.txt")
    monkeypatch.setattr("mm_agents.agent.agent.Conversation._foreseen", lambda *args: ("search_text",))
    return library


def said(text: str = "", *, tokens: tuple[int, int] = (0, 0), **call: Any) -> AIMessage:
    calls = [{"name": name, "args": arguments, "id": f"call-{name}"} for name, arguments in call.items()]
    usage = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
    return AIMessage(text, tool_calls=calls, usage_metadata=usage)  # type: ignore[arg-type]


def replies() -> list[Any]:
    return [said(search_text={"query": "ferns"}, tokens=(120, 8)), said(f"{SECRET[:-1]} [1].", tokens=(300, 12))]


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def test_a_question_its_tools_and_model_calls_are_spans(garden: Library, spans: InMemorySpanExporter) -> None:
    talk = Agent(garden, model=Scripted(messages=replies())).chat()
    talk.ask(QUESTION)
    root, *_ = [span for span in spans.get_finished_spans() if span.parent is None]
    assert (root.name, root.kind) == ("invoke_agent mm_agents", SpanKind.INTERNAL)
    assert dict(root.attributes or {}) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "mm_agents",
        "gen_ai.conversation.id": talk.id,
        "gen_ai.output.type": "text",
        "gen_ai.provider.name": "scripted_chat",
        "gen_ai.request.model": "Scripted",
        "gen_ai.usage.input_tokens": 420,
        "gen_ai.usage.output_tokens": 20,
        "mm_agents.outcome": "answered",
    }
    children = [span for span in spans.get_finished_spans() if span is not root]
    assert [span.name for span in children] == ["chat Scripted", "execute_tool search_text", "chat Scripted"]
    assert all(span.parent and span.parent.span_id == root.context.span_id for span in children)
    first, called, _ = children
    assert dict(first.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted_chat",
        "gen_ai.request.model": "Scripted",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 8,
        "mm_agents.purpose": "turn",
    }
    assert (first.kind, called.kind) == (SpanKind.CLIENT, SpanKind.INTERNAL)
    assert dict(called.attributes or {}) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search_text",
        "gen_ai.tool.type": "function",
    }
    assert all((span.start_time or 0) <= (span.end_time or 0) for span in children)


def test_nothing_that_was_asked_or_found_is_in_a_span(garden: Library, spans: InMemorySpanExporter) -> None:
    Agent(garden, model=Scripted(messages=replies())).ask(QUESTION)
    Agent(garden, model="offline").ask(QUESTION)
    written = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "ferns" not in written
    assert "Tuesday" not in written


def test_contents_are_there_when_they_are_asked_for(
    garden: Library, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CAPTURE, "true")
    Agent(garden, model=Scripted(messages=replies())).ask(QUESTION)
    found = named(spans)
    root = found["invoke_agent mm_agents"].attributes or {}
    assert json.loads(str(root["gen_ai.input.messages"]))[0]["parts"][0]["content"] == QUESTION
    assert "Tuesday" in str(root["gen_ai.output.messages"])
    called = found["execute_tool search_text"].attributes or {}
    assert json.loads(str(called["gen_ai.tool.call.arguments"])) == {"query": "ferns"}
    assert "Tuesday" in str(called["gen_ai.tool.call.result"])


def test_offline_there_are_tools_and_no_model(garden: Library, spans: InMemorySpanExporter) -> None:
    answer = Agent(garden, model="offline").ask(QUESTION)
    found = spans.get_finished_spans()
    assert [span.name for span in found] == [
        *(f"execute_tool {step.tool}" for step in answer.route),
        "invoke_agent mm_agents",
    ]
    root = found[-1].attributes or {}
    assert root["gen_ai.provider.name"] == "mm_agents"
    assert "gen_ai.request.model" not in root
    assert "gen_ai.usage.input_tokens" not in root


def test_a_tool_that_fails_and_a_model_that_fails_are_marked(garden: Library, spans: InMemorySpanExporter) -> None:
    @tool(name="search_text")
    def broken(query: str) -> str:
        """Find texts."""
        raise ToolError("The notes of Mallory are locked.", retry=False)

    model = Scripted(messages=[replies()[0], RuntimeError("out of order")])
    Agent(garden, model=model, tools=[broken]).ask(QUESTION)
    called = named(spans)["execute_tool search_text"]
    assert (called.attributes or {})["error.type"] == "ToolError"
    assert (called.status.status_code, called.status.description) == (StatusCode.ERROR, None)
    failed = [span for span in spans.get_finished_spans() if span.name == "chat Scripted"][-1]
    assert (failed.attributes or {})["error.type"] == "ChatError"
    spans.clear()
    with pytest.raises(ChatError):
        Agent(garden, model=Scripted(messages=[RuntimeError("out of order")])).ask(QUESTION)
    root = named(spans)["invoke_agent mm_agents"]
    assert (root.attributes or {})["error.type"] == "ChatError"
    assert root.status.status_code is StatusCode.ERROR
    assert not root.events  # the message of an exception may quote what was sent


def test_an_answer_that_is_left_early_ends_its_spans(garden: Library, spans: InMemorySpanExporter) -> None:
    events = Agent(garden, model="offline").chat().stream(QUESTION)
    next(events)
    next(events)  # a tool is called
    events.close()
    assert {span.name.split()[0] for span in spans.get_finished_spans()} == {"execute_tool", "invoke_agent"}


def test_other_spans_lie_above_and_below(garden: Library, spans: InMemorySpanExporter) -> None:
    @tool(name="search_text")
    def searching(query: str) -> str:
        """Find texts."""
        with trace.get_tracer("a client").start_as_current_span("HTTP GET"):
            return SECRET

    async def asked() -> None:
        with trace.get_tracer("a program").start_as_current_span("request"):
            await Agent(garden, model=Scripted(messages=replies()), tools=[searching]).aask(QUESTION)

    asyncio.run(asked())
    found = named(spans)

    def parent(name: str) -> int | None:
        above = found[name].parent
        return above.span_id if above else None

    assert parent("invoke_agent mm_agents") == found["request"].context.span_id
    assert parent("HTTP GET") == found["execute_tool search_text"].context.span_id
    assert not trace.get_current_span().is_recording()


def test_events_of_two_questions_do_not_mix(garden: Library, spans: InMemorySpanExporter) -> None:
    agent = Agent(garden, model="offline")
    pairs: Iterator[Any] = zip(agent.stream(QUESTION), agent.stream(QUESTION), strict=True)
    assert len(list(pairs)) > 2
    roots = [span for span in spans.get_finished_spans() if span.name == "invoke_agent mm_agents"]
    assert [root.parent for root in roots] == [None, None]
    called = [span for span in spans.get_finished_spans() if span.name.startswith("execute_tool")]
    assert {span.parent.span_id for span in called if span.parent} == {root.context.span_id for root in roots}


def test_without_opentelemetry_answers_are_the_same(garden: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = Agent(garden, model="offline").ask(QUESTION)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    without = Agent(garden, model="offline").ask(QUESTION)
    assert without.text == with_it.text
    assert Agent(garden, model=Scripted(messages=replies())).ask(QUESTION).outcome == "answered"
