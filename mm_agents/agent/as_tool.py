"""An agent as one tool: a question in, the whole answer out with its outcome, claims and sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import Field

from mm_agents._text import clock
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Source
from mm_agents.tools import Tool, ToolResult, tool

_LEFT_OUT = ("root", "payloads", "retrieved")
"""What an answer holds for this machine alone, or again."""


def ask_tool(ask: Callable[[str], Answer], name: str) -> Tool:
    """The tool that asks.

    Args:
        ask: answers a question.
        name: of the tool.
    """

    @tool(name=name)
    def asking(
        question: Annotated[str, Field(min_length=1, description="The question, which may name files of the library.")],
    ) -> ToolResult:
        """Answer a question about the library whole: with sources, and with what could not be answered."""
        answer = ask(question)
        return ToolResult(
            text=_text(answer),
            payload=_payload(answer),
            evidence=tuple(source.evidence for source in answer.sources),
            assets=answer.retrieved,
        )

    return asking


def _text(answer: Answer) -> str:
    """The answer, with its outcome and the names of its sources, for a model to read."""
    lines = [answer.text, "", f"Outcome: {answer.outcome.replace('_', ' ')}."]
    unsure = [claim.text for claim in answer.claims if claim.kind == "unsupported"]
    lines += [f"Not answered: {'; '.join(answer.unanswered)}."] if answer.unanswered else []
    lines += [f"Not verified: {' '.join(unsure)}"] if unsure else []
    return "\n".join([*lines, *(f"[{source.number}] {_place(source)}" for source in answer.sources)])


def _place(source: Source) -> str:
    """The name of a source, with its page or moment."""
    one = source.evidence
    if one.t0 is not None and one.t1 is not None:
        return f"{source.name}, {clock(one.t0)}–{clock(one.t1)}"
    return f"{source.name}, page {one.page}" if one.page is not None and source.media_type == "pdf" else source.name


def _payload(answer: Answer) -> dict[str, Any]:
    """The answer as ``Answer.to_json`` has it, without what tells of this machine's folders."""
    kept = {name: value for name, value in answer.to_json().items() if name not in _LEFT_OUT}
    for source in kept["sources"]:
        source["path"] = None if source["path"] is None or _is_absolute(source["path"]) else source["path"]
    return kept


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
