"""What a chat model's reply holds, and whether it can be used."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from mm_agents.chat._failures import OFFLINE
from mm_agents.errors import ChatBlockedError, ChatReplyError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from pydantic_core.core_schema import DecimalSchema

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
        return {"type": "string", "description": "a decimal number such as 1234.50"}


def check_whole(message: AIMessage, name: str) -> None:
    """Refuse what is no answer.

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
        ValueError: it is no JSON.
    """
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refused_constant)
    except (ArithmeticError, RecursionError) as error:  # an exponent or a nesting beyond all measure
        raise ValueError(f"it holds what no document holds ({type(error).__name__})") from error
    return schema.model_validate(value)


def _refused_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def faults_of(error: ValidationError) -> str:
    """What is wrong with a value, field by field, in words that a model can act on."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}" for fault in faults[:_FAULTS]]
    return "; ".join(told) + ("; …" if len(faults) > _FAULTS else "")
