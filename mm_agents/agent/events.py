"""What happens while an agent works on a question, in the order that it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_agents.agent.answer import Answer
    from mm_agents.agent.answer_data import Check, Claim
    from mm_agents.tools import ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The tools that the question is taken to need, fixed before anything untrusted was read.

    Attributes:
        tools: their names, in order; none where no tool fits.
        scores: how well each tool fits, where the planner tells.
    """

    tools: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool is called."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A tool has given back something, or failed, or was refused: then ``error`` says why."""

    tool: str
    result: ToolResult | None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of the answer's text, as it is written."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A claim of the answer, verified or not."""

    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check of the answer."""

    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The whole answer; always the last."""

    answer: Answer


Event = Planned | Called | Returned | Token | Claimed | Checked | Finished


def parts_of_answer(answer: Answer) -> Iterator[Event]:
    """The parts of an answer that is there already as events; the last is the whole."""
    yield from (Checked(check=check) for check in answer.checks)
    yield from (Claimed(claim=claim) for claim in answer.claims)
    yield from (Token(text=piece) for piece in _pieces(answer.text))
    yield Finished(answer=answer)


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces of a word each, which joined are the text."""
    start = 0
    for place, character in enumerate(text):
        if character in " \n" and place >= start:
            yield text[start : place + 1]
            start = place + 1
    if start < len(text):
        yield text[start:]
