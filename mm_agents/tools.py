"""Tools: typed functions that an agent may call, and what they give back.

    from mm_agents import tool

    @tool(examples=["what is the weather in Oslo?"])
    def weather(city: str) -> str:
        '''Tell today's weather in a city.'''
        return look_up(city)

A tool has one pydantic model of its arguments, a description of one line, and ``run(**arguments) -> ToolResult``.
Tools are changed by wrapping: ``only``, ``prefixed`` and ``limited`` take tools and give tools.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from mm_agents.errors import ConfigError, MMAgentsError, ToolError
from mm_agents.types import Evidence, Image

Attachment = Literal["image", "video", "pdf", "text", "audio"]
"""What may be attached to a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture for the caller of a tool: a person, or a model that can see.

    Attributes:
        image: uint8 pixels.
        caption: what it is, such as the file's name and the second of a clip.
    """

    image: Image
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool gives back.

    Attributes:
        text: for a model or a person to read; never base64, never vectors.
        media: pictures to look at.
        payload: the same for programs, as JSON can hold it.
        evidence: what supports the result; ``text`` refers to the first as [1].
        assets: the ids that the result hands out, which later calls may name.
    """

    text: str
    media: tuple[Picture, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Evidence, ...] = ()
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that an agent may call.

    Attributes:
        name: as the agent calls it.
        description: one line: what it does and when to use it.
        arguments: the pydantic model of its arguments.
        function: takes the validated arguments by name.
        examples: questions that it answers; the offline planner compares questions with them.
        attachments: the kinds of attached file that it works on; a question with one of another kind is not for it.
        trusted: whether its result holds only text that the program itself wrote; text that was read in files and
            pictures is not trusted.
        searches: whether all that it does is to search or count what the agent may see, so that words which were read
            in files may be searched for; the arguments of every other tool have to be the user's words.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., ToolResult | str | Mapping[str, Any] | Sequence[Any]]
    examples: tuple[str, ...] = ()
    attachments: frozenset[Attachment] = frozenset()
    trusted: bool = False
    searches: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ConfigError(f"A tool's name has to be an identifier, such as search_images; got {self.name!r}.")
        if "\n" in self.description or not self.description.strip():
            raise ConfigError(f"The tool {self.name!r} needs a description of one line; got {self.description!r}.")

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return self.arguments.model_json_schema()

    def run(self, **arguments: Any) -> ToolResult:
        """Call it.

        Raises:
            ToolError: the arguments do not fit, or the call failed; its message may be shown to a model.
        """
        try:
            checked = self.arguments.model_validate(arguments)
        except ValidationError as error:
            raise ToolError(argument_error(self.name, error), retry=True) from error
        named = {name: getattr(checked, name) for name in type(checked).model_fields}
        try:
            return _as_result(_awaited(self.function(**named)))
        except ToolError:
            raise
        except MMAgentsError as error:
            raise ToolError(f"{self.name} failed: {error}", retry=isinstance(error, ConfigError)) from error
        except Exception as error:
            # A model must not see what an unknown exception says: it may hold paths, keys or other people's text.
            raise ToolError(f"{self.name} failed inside; trying again will not help.", retry=False) from error


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    examples: Sequence[str] = (),
    attachments: Iterable[Attachment] = (),
    trusted: bool = False,
    searches: bool = False,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    examples: Sequence[str] = (),
    attachments: Iterable[Attachment] = (),
    trusted: bool = False,
    searches: bool = False,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a typed function; the first line of its docstring is the description.

    Args:
        function: its parameters need type annotations; it returns a ToolResult, text, or what JSON can hold.
        name: the function's own by default.
        examples: questions that it answers.
        attachments: the kinds of attached file that it works on.
        trusted: whether its result holds only text that the program itself wrote.
        searches: whether all that it does is to search or count, so that words which were read may be searched for.

    Raises:
        ConfigError: a parameter has no annotation, or the function has no docstring.
    """

    def make(function: Callable[..., Any]) -> Tool:
        return Tool(
            name=name or function.__name__,
            description=(inspect.getdoc(function) or "").split("\n", 1)[0].strip(),
            arguments=_arguments(function),
            function=function,
            examples=tuple(examples),
            attachments=frozenset(attachments),
            trusted=trusted,
            searches=searches,
        )

    return make if function is None else make(function)


# ---------------------------------------------------------------- wrappers


def only(tools: Iterable[Tool], names: Iterable[str]) -> list[Tool]:
    """The tools of these names, in the order of the names.

    Raises:
        ConfigError: no tool has one of the names; the message lists those that exist.
    """
    named = by_name(tools)
    for name in (wanted := list(names)):
        if name not in named:
            raise ConfigError(f"No tool is named {name!r}. Known: {', '.join(sorted(named))}.")
    return [named[name] for name in wanted]


def prefixed(prefix: str, tools: Iterable[Tool]) -> list[Tool]:
    """The same tools under names that begin with a prefix, so that an agent can have the tools of two libraries."""
    return [replace(each, name=prefix + each.name) for each in tools]


def limited(tools: Iterable[Tool], calls: int) -> list[Tool]:
    """The same tools, which together may be called this many times.

    Raises:
        ConfigError: fewer than one call.
    """
    if calls < 1:
        raise ConfigError(f"Tools that are limited may be called at least once; got {calls}.")
    left, lock = [calls], threading.Lock()

    def counted(inner: Tool) -> Tool:
        def function(**arguments: Any) -> Any:
            with lock:
                if left[0] < 1:
                    raise ToolError(f"The limit of {calls} calls is used up; answer with what there is.", retry=False)
                left[0] -= 1
            return inner.function(**arguments)

        return replace(inner, function=function)

    return [counted(each) for each in tools]


def by_name(tools: Iterable[Tool]) -> dict[str, Tool]:
    """Tools by their names.

    Raises:
        ConfigError: two have the same name.
    """
    named: dict[str, Tool] = {}
    for each in tools:
        if each.name in named:
            raise ConfigError(f"Two tools are named {each.name!r}. Give one another name with prefixed().")
        named[each.name] = each
    return named


# ---------------------------------------------------------------- arguments and results


def argument_error(name: str, error: ValidationError) -> str:
    """What is wrong with a tool's arguments, for a model; their values are not repeated."""
    problems = [(".".join(map(str, problem["loc"])), problem["msg"]) for problem in error.errors()[:5]]
    wrong = "; ".join(f"{place or 'arguments'}: {what}" for place, what in problems)
    return f"The arguments of {name} do not fit: {wrong}."


def _arguments(function: Callable[..., Any]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or name not in hints:
            raise ConfigError(f"The tool {function.__name__!r} needs a type for its parameter {name!r}.")
        fields[name] = (hints[name], ... if parameter.default is parameter.empty else parameter.default)
    return create_model(f"{function.__name__}_arguments", __config__=ConfigDict(extra="forbid"), **fields)


def _awaited(value: Any) -> Any:
    """What an asynchronous function gives in the end; run in a thread, as the caller's may have a loop of its own."""
    if not inspect.iscoroutine(value):
        return value
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, value).result()


def _as_result(value: Any) -> ToolResult:
    if isinstance(value, ToolResult):
        return value
    if isinstance(value, str):
        return ToolResult(text=value)
    if isinstance(value, Mapping):
        return ToolResult(text=_plain(value), payload=dict(value))  # pyright: ignore[reportUnknownArgumentType]
    return ToolResult(text=_plain(value), payload={"result": value})


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
