"""OpenTelemetry spans of an answer, where its API is installed: one for the question, for each tool and model call.

Names and attributes are those of OpenTelemetry's conventions for generative AI. Spans go where the program's own tracer
provider sends them; without one they cost next to nothing. What was asked, found and answered is left out, unless
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is "true" (or "span_only").
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from mm_agents.agent.events import Called, Event, Finished, Returned

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from mm_agents.agent.answer import Answer
    from mm_agents.agent.answer_data import ModelCall

AGENT = "mm_agents"
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The environment variable by which contents are asked for; OpenTelemetry's own instrumentations know it too."""

_CAPTURES = frozenset({"true", "1", "span_only", "span_and_event"})
_PROVIDERS = {
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "azure_openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "aws": "aws.bedrock",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
    "ibm": "ibm.watsonx.ai",
}
"""LangChain's names of providers where the conventions have others."""


class Trace:
    """The spans of one question; none where OpenTelemetry's API is not installed.

    Args:
        question: as it was asked.
        conversation: its id.
        model: the chat model's name, "provider:model"; None offline.
        fills: whether the answer fills a response format.
    """

    def __init__(self, question: str, *, conversation: str, model: str | None, fills: bool) -> None:
        self._api = _opentelemetry()
        self._model, self._question = model, question
        self._root: Span | None = None
        self._tool: Span | None = None
        self._captures = os.environ.get(CAPTURE, "").casefold() in _CAPTURES
        self._attributes: dict[str, Any] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": AGENT,
            "gen_ai.conversation.id": conversation,
            "gen_ai.output.type": "json" if fills else "text",
            **_model_attributes(model),
        }

    def follow(self, begin: Callable[[], Iterator[Event]]) -> Generator[Event]:
        """The events of an answer as they are, with spans beside them.

        Args:
            begin: begins the work and gives its events; what it does is part of the span.
        """
        self._root = self._started(f"invoke_agent {AGENT}", "INTERNAL", self._attributes)
        events: Iterator[Event] = iter(())
        try:
            with self._active():
                events = begin()
            while True:
                with self._active():  # only while the work is done, not while the caller has the event
                    event = next(events, None)
                if event is None:
                    return
                self._note(event)
                yield event
        except Exception as error:
            self._fail(self._root, type(error).__name__, str(error))
            raise
        finally:
            if isinstance(events, Generator):
                events.close()
            for span in (self._tool, self._root):
                if span is not None:
                    span.end()

    def model_called(self, call: ModelCall) -> None:
        """Note a request to the chat model that is over."""
        attributes = {
            "gen_ai.operation.name": "chat",
            **_model_attributes(call.model),
            "gen_ai.usage.input_tokens": call.input_tokens,
            "gen_ai.usage.output_tokens": call.output_tokens,
            "mm_agents.purpose": call.purpose,
        }
        end = time.time_ns()
        name = f"chat {call.model.partition(':')[2]}"
        span = self._started(name, "CLIENT", attributes, start=end - round(call.seconds * 1e9))
        if span is not None:
            if call.error is not None:
                self._fail(span, "ChatError", call.error)
            span.end(end)

    def _note(self, event: Event) -> None:
        match event:
            case Called():
                attributes = {
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": event.tool,
                    "gen_ai.tool.type": "function",
                }
                if self._captures:
                    attributes["gen_ai.tool.call.arguments"] = json.dumps(dict(event.arguments), default=str)
                self._tool = self._started(f"execute_tool {event.tool}", "INTERNAL", attributes)
            case Returned() if self._tool is not None:
                if event.error is not None:
                    self._fail(self._tool, "ToolError", event.error)
                elif self._captures and event.result is not None:
                    self._tool.set_attribute("gen_ai.tool.call.result", event.result.text)
                self._tool.end()
                self._tool = None
            case Finished() if self._root is not None:
                self._finish(self._root, event.answer)
            case _:
                pass

    def _finish(self, span: Span, answer: Answer) -> None:
        span.set_attribute("mm_agents.outcome", answer.outcome)
        if self._model is not None:
            span.set_attribute("gen_ai.usage.input_tokens", answer.usage.input_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", answer.usage.output_tokens)
        if self._captures:
            span.set_attribute("gen_ai.input.messages", _message("user", self._question))
            span.set_attribute("gen_ai.output.messages", _message("assistant", answer.text, finish_reason="stop"))

    def _started(self, name: str, kind: str, attributes: dict[str, Any], *, start: int | None = None) -> Span | None:
        """A new span below that of the question; the first is below what the caller has."""
        if self._api is None:
            return None
        context = None if self._root is None else self._api.set_span_in_context(self._root)
        kinds = self._api.SpanKind
        return self._api.get_tracer(AGENT).start_span(
            name, context=context, kind=kinds[kind], attributes=attributes, start_time=start
        )

    def _active(self) -> AbstractContextManager[Any]:
        """Makes the innermost span the current one, so that other instrumentations' spans lie below it."""
        span = self._tool or self._root
        if self._api is None or span is None:
            return nullcontext()
        return self._api.use_span(span, record_exception=False, set_status_on_exception=False)

    def _fail(self, span: Span | None, kind: str, message: str) -> None:
        """Mark a span as failed; the message may quote a file, so it is content."""
        if self._api is not None and span is not None:
            span.set_attribute("error.type", kind)
            span.set_status(self._api.StatusCode.ERROR, message if self._captures else None)


def _opentelemetry() -> Any:
    """OpenTelemetry's API of traces; None where it is not installed."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace


def _model_attributes(model: str | None) -> dict[str, str]:
    provider, _, name = (model or AGENT).partition(":")
    known = {"gen_ai.provider.name": _PROVIDERS.get(provider, provider)}
    return known | ({"gen_ai.request.model": name} if name else {})


def _message(role: str, text: str, **more: str) -> str:
    """A message as the conventions have it."""
    said = {"role": role, "parts": [{"type": "text", "content": text}]} | more
    return json.dumps([said], ensure_ascii=False)
