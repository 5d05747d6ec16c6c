"""Conversations with a chat model that may call tools, and what its replies hold."""

from __future__ import annotations

import base64
import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from mm_agents._optional import require
from mm_agents.chat.providers import GOOGLE, OFFLINE, call_provider, provider_of
from mm_agents.errors import ChatBlockedError, ChatReplyError
from mm_agents.media import encode_jpeg
from mm_agents.types import Image

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from pydantic_core.core_schema import DecimalSchema

    from mm_agents.tools import Tool

T = TypeVar("T", bound=BaseModel)

_SAID = 500  # characters of a refusal that are passed on
_FAULTS = 10  # of a reply that are told

# Why a reply ended, in the words of Gemini, OpenAI, Anthropic and Ollama.
_ENDS = ("finish_reason", "stop_reason", "done_reason")
_CUT_OFF = {"MAX_TOKENS", "LENGTH", "MODEL_CONTEXT_WINDOW_EXCEEDED"}
_REFUSED = set("SAFETY IMAGE_SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII CONTENT_FILTER REFUSAL".split())


class DecimalsAsStrings(GenerateJsonSchema):
    """Asks for decimals as strings: as JSON numbers they would lose their digits on the way."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        """A decimal as a string."""
        return {"type": "string", "description": "a decimal number such as 1234.50"}


def check_whole(message: AIMessage, name: str) -> None:
    """Refuse what does not answer.

    Raises:
        ChatBlockedError: the prompt or the reply was blocked, the model declined, or the reply is empty.
        ChatReplyError: the reply was cut off.
    """
    facts = message.response_metadata
    ended = next((str(facts[key]).upper() for key in _ENDS if facts.get(key)), "")
    feedback = facts.get("prompt_feedback") or {}
    if reason := feedback.get("block_reason"):
        told = feedback.get("block_reason_message") or ""
        raise _blocked(name, f"the prompt was blocked ({getattr(reason, 'value', reason)}) {told}")
    if ended in _CUT_OFF:
        raise ChatReplyError(
            f"The reply of {name} was cut off ({ended}), so nothing of it is used. Ask for less at once, such as one "
            "page, or open the model with a higher limit."
        )
    if declined := message.additional_kwargs.get("refusal"):
        raise _blocked(name, f"it declined: {str(declined)[:_SAID]}")
    if ended in _REFUSED:
        raise _blocked(name, f"the reply was blocked ({ended})")
    if not (str(message.text).strip() or message.tool_calls or message.invalid_tool_calls):
        raise _blocked(name, f"the reply is empty ({ended or 'no reason is given'})")


def _blocked(name: str, why: str) -> ChatBlockedError:
    return ChatBlockedError(
        f"{name} gave no answer: {why.strip()}. Other words, another picture or another model may pass. {OFFLINE}"
    )


def json_of(message: AIMessage) -> str:
    """The JSON of a reply: a tool call's arguments, or the text without a fence around it."""
    if message.tool_calls:
        return json.dumps(message.tool_calls[0]["args"])
    if message.invalid_tool_calls:
        return message.invalid_tool_calls[0]["args"] or ""
    text = str(message.text).strip()
    return found[1] if (found := re.fullmatch(r"```\w*\n(.*)\n```", text, re.DOTALL)) else text


def parsed(schema: type[T], text: str) -> T:
    """The value that a reply holds.

    Raises:
        ValidationError: it does not fit the schema.
        ValueError: it is not JSON.
    """
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refused_constant)
    except (ArithmeticError, RecursionError) as error:  # an exponent or a nesting beyond all measure
        raise ValueError(f"it holds what no document holds ({type(error).__name__})") from error
    return schema.model_validate(value)


def _refused_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def faults_of(error: ValidationError) -> str:
    """What is wrong with a value, field by field, in words that a model can act on."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}" for fault in faults[:_FAULTS]]
    return "; ".join(told) + ("; …" if len(faults) > _FAULTS else "")


SIDE = 1568
"""Pixels on the longer side of a picture for a model: a page of A4 stays readable at 134 dots per inch, and a request
small."""

Blocks = Callable[[Sequence[Image]], list[dict[str, str]]]
"""Turns pictures into content that holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What replies cost, in tokens; 0 where the model does not say."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that a model asks for; nothing was called yet.

    Attributes:
        id: what the result refers to.
        name: of the tool, as the model says it.
        arguments: as the model says them, unchecked.
        fault: why its arguments cannot be read at all.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the user, or the program in the user's name, says."""

    text: str
    pictures: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the model says: a text, calls of tools, or both.

    Attributes:
        text: "" where it only calls.
        calls: in order.
        usage: what it cost.
        message: LangChain's own, which holds what some providers want to see again, such as Gemini's signatures.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReply:
    """What a call gave back, or why it failed."""

    call: ToolCall
    text: str
    pictures: tuple[Image, ...] = ()
    failed: bool = False


Message = Said | Turn | ToolReply


def with_tools(model: BaseChatModel, tools: Sequence[Tool]) -> Any:
    """The model, told of the tools.

    Raises:
        NotImplementedError: it is a model without tool calling.
    """
    if not tools:
        return model
    return model.bind_tools(
        [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": _plain(tool.schema)},
            }
            for tool in tools
        ]
    )


def _plain(schema: Any) -> Any:
    """A schema without what providers ignore or refuse: titles, and that nothing else is allowed."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    kept = {key: inner for key, inner in schema.items() if key != "additionalProperties" and not _is_title(key, inner)}  # pyright: ignore[reportUnknownVariableType]
    return {key: _plain(inner) for key, inner in kept.items()}  # pyright: ignore[reportUnknownVariableType]


def _is_title(key: Any, value: Any) -> bool:
    return key == "title" and isinstance(value, str)  # an argument of that name has a schema


def told(messages: Sequence[Message], system: str, model: BaseChatModel, blocks: Blocks) -> list[Any]:
    """The conversation in LangChain's messages."""
    kinds = require("langchain_core.messages", extra="chat", feature="A chat model")
    within = _pictures_within_results(model)
    said: list[Any] = [kinds.SystemMessage(system)]
    waiting: list[dict[str, str]] = []  # pictures of results that have to follow them
    for message in messages:
        if not isinstance(message, ToolReply) and waiting:
            said.append(kinds.HumanMessage(content=_with_text("The pictures of those results.", waiting)))
            waiting = []
        if isinstance(message, Said):
            said.append(kinds.HumanMessage(content=_with_text(message.text, blocks(message.pictures))))
        elif isinstance(message, Turn):
            said.append(message.message or kinds.AIMessage(message.text))
        else:
            shown = blocks(message.pictures)
            waiting += [] if within else shown
            text = sendable(message.text)
            said.append(
                kinds.ToolMessage(
                    content=[{"type": "text", "text": text}, *shown] if within and shown else text,
                    tool_call_id=message.call.id,
                    name=message.call.name,
                    status="error" if message.failed else "success",
                )
            )
    if waiting:
        said.append(kinds.HumanMessage(content=_with_text("The pictures of those results.", waiting)))
    return said


def _pictures_within_results(model: BaseChatModel) -> bool:
    """Whether results may hold pictures; OpenAI's older interface and others refuse them."""
    profile: Mapping[str, Any] = getattr(model, "profile", None) or {}
    return provider_of(model) in (GOOGLE, "anthropic") or bool(profile.get("image_tool_message"))


def _with_text(text: str, pictures: list[dict[str, str]]) -> list[dict[str, str]]:
    return [*pictures, {"type": "text", "text": sendable(text)}]


def image_block(picture: Image, *, max_side: int = SIDE) -> dict[str, str]:
    """The picture as content that holds it; a path or URL would be opened by some clients."""
    content = base64.b64encode(encode_jpeg(picture.pixels, max_side=max_side)).decode()
    return {"type": "image", "base64": content, "mime_type": "image/jpeg"}


def sendable(text: str) -> str:
    """The text without lone surrogates, as in some file names and OCR, which cannot be sent."""
    return text.encode("utf-8", "replace").decode()


def calls_of(message: AIMessage) -> tuple[ToolCall, ...]:
    """The calls that a reply asks for, those that cannot be read included."""
    good = [
        ToolCall(id=call["id"] or f"call-{n}", name=call["name"], arguments=call["args"])
        for n, call in enumerate(message.tool_calls)
    ]
    bad = [
        ToolCall(id=call["id"] or f"bad-{n}", name=call["name"] or "", fault="its arguments are no JSON")
        for n, call in enumerate(message.invalid_tool_calls)
    ]
    return (*good, *bad)


class Timeout(Exception):
    """A reply did not come in time."""


def pulled(runnable: Any, asked: list[Any], *, patience: float, seconds: float | None) -> Iterator[Any]:
    """The pieces of a streamed reply, which have to be there in time whatever its provider does.

    They are read in a thread: a client that waits for the next piece cannot be interrupted otherwise. What fails
    before the first piece is tried again as long as the patience lasts.

    Raises:
        Overdue: the time is over; the thread ends with the provider's next piece or time-out.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    pieces: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    stopped = threading.Event()

    def opened(asked: list[Any]) -> tuple[Iterator[Any], list[Any]]:
        stream = iter(runnable.stream(asked))
        return stream, [piece for piece in (next(stream, None),) if piece is not None]

    def read() -> None:
        try:
            stream, first = call_provider(opened, asked, patience if seconds is None else min(patience, seconds))
            for piece in first:
                pieces.put(("piece", piece))
            for piece in stream:
                if stopped.is_set():
                    return
                pieces.put(("piece", piece))
            pieces.put(("end", None))
        except BaseException as error:  # noqa: BLE001 - it is raised where the pieces are taken
            pieces.put(("error", error))

    context = copy_context()
    threading.Thread(target=context.run, args=(read,), daemon=True).start()
    try:
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            try:
                kind, value = pieces.get(timeout=left)
            except queue.Empty:
                raise Timeout from None
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stopped.set()
