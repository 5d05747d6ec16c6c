"""Example questions of the toolbox's tools, which the offline planner compares questions with.

They are in ``questions.txt``, in many topics and manners of speaking, so that the manner tells the tool and the
topic does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from pydantic import BaseModel

from mm_agents.errors import ToolError
from mm_agents.tools import Attachment, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question that is known to be for certain tools.

    Attributes:
        text: the question.
        tools: the names of those that answer it together, in order; none where no tool can.
        attached: the kinds of what is attached to it.
    """

    text: str
    tools: tuple[str, ...]
    attached: tuple[Attachment, ...] = ()


def examples(tool: str) -> tuple[str, ...]:
    """The questions that a tool answers, alone or with others."""
    return tuple(dict.fromkeys(one.text for one in every_example() if tool in one.tools))


@cache
def every_example() -> tuple[Example, ...]:
    """All of them, also those that no tool answers."""
    return tuple(_read(files("mm_agents.toolbox").joinpath("questions.txt").read_text("utf-8")))


def outlines() -> list[Tool]:
    """The toolbox's tools by name, examples and attachments alone, for planning without a library."""
    tools = dict.fromkeys(tool for one in every_example() for tool in one.tools)
    return [_outline(tool) for tool in tools]


def _outline(name: str) -> Tool:
    def refuse() -> str:
        raise ToolError(f"{name} needs a library.", retry=False)

    return Tool(
        name=name,
        description=f"{name} without a library.",
        arguments=BaseModel,
        function=refuse,
        examples=examples(name),
        attachments=frozenset(kind for one in every_example() if name in one.tools for kind in one.attached),
    )


def _read(text: str) -> Iterator[Example]:
    tools: tuple[str, ...] = ()
    for line in text.splitlines():
        if line.startswith("["):
            tools = tuple(line.strip("[]").split())
        elif line and not line.startswith("#"):
            kinds, _, question = line.rpartition(" | ")
            attached = cast(tuple[Attachment, ...], tuple(kinds.split(" + ")) if kinds else ())
            yield Example(text=question, tools=tools, attached=attached)
