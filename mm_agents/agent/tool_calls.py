"""Calls tools through the gate, and keeps what every call gave: the route, what was found, and what a file orders."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mm_agents.agent.answer_data import Step
from mm_agents.agent.events import Called, Event, Returned
from mm_agents.agent.hit_details import cells_of
from mm_agents.errors import ToolError
from mm_agents.languages import ENGLISH
from mm_agents.security.injection import screen

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.security.policy import Refusal, ToolPolicy
    from mm_agents.tools import Tool, ToolResult
    from mm_agents.types import Box


class ToolCalls:
    """The calls of one question.

    Args:
        tools: by name.
        gate: decides which calls go through.
        builder: keeps the route and the results.
        most: how many calls may be made.
        until: the time, as ``time.monotonic`` tells it, after which no call is made.
        language: of the question, by its code; None where nothing tells it.

    Attributes:
        assets: the ids of what was found, in order.
        texts: the words of what was found, by id.
        readings: what readers gave, by the names of the files.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        gate: ToolPolicy,
        builder: AnswerBuilder,
        *,
        most: int,
        until: float,
        language: str | None,
    ) -> None:
        self._tools, self._gate, self._builder = tools, gate, builder
        self._most, self._until, self._language = most, until, language
        self.assets: list[str] = []
        self.texts: dict[str, str] = {}
        self.readings: dict[str, list[ToolResult]] = {}

    def call(self, name: str, arguments: dict[str, Any], *, fixed: bool = False) -> Iterator[Event | Any]:
        """Call a tool through the gate; None where it was refused or failed, and the route says why.

        Arguments that are ``fixed`` were made of the question alone, before anything was read.
        """
        yield Called(tool=name, arguments=arguments)
        started = time.monotonic()
        refusal = self._refusal(name, {} if fixed else arguments)
        if refusal is not None:
            why = refusal if isinstance(refusal, str) else refusal.text
            code = None if isinstance(refusal, str) else refusal.code
            self._builder.route.append(Step(tool=name, arguments=arguments, error=why, refused=True, code=code))
            yield Returned(tool=name, result=None, error=why)
            return None
        if "query" in arguments and "language" in self._tools[name].arguments.model_fields:
            foreign = self._language not in (None, ENGLISH)
            arguments = arguments | ({"language": self._language} if foreign else {})
        result: ToolResult | None = None
        error: str | None = None
        try:
            result = self._tools[name].run(**arguments)
        except ToolError as raised:
            error = str(raised)
        self._gate.called(name, result)
        seconds = round(time.monotonic() - started, 3)
        self._builder.route.append(Step(tool=name, arguments=arguments, seconds=seconds, error=error))
        if result is not None:
            self._note(name, result)
        yield Returned(tool=name, result=result, error=error)
        return result

    def say_failed(self) -> None:
        """Say why the call before failed, without the name of the tool."""
        step = self._builder.route[-1]
        self._builder.say(f"I don't know: {(step.error or '').removeprefix(f'{step.tool} failed: ')}")

    def cells(self, name: str) -> list[tuple[Hashable, Box]]:
        """The boxes of the tables, charts and invoices that were read of a file, as ``cells_of``."""
        return [cell for one in self.readings.get(name, ()) for cell in cells_of(one.payload["reading"])]

    def _refusal(self, name: str, arguments: Mapping[str, Any]) -> str | Refusal | None:
        if len(self._builder.route) >= self._most:
            return f"The limit of {self._most} calls is used up."
        if time.monotonic() > self._until:
            return "The time is used up."
        return self._gate.refusal(name, arguments)

    def _note(self, name: str, result: ToolResult) -> None:
        self._builder.retrieved(result.assets)
        self.texts |= {hit["id"]: hit["text"] or "" for hit in result.payload.get("hits", ())}
        self._builder.note(name, result.payload)
        if "reading" in result.payload:
            self.readings.setdefault(result.payload["source"]["name"], []).append(result)
        self.assets += [one for one in result.assets if one not in self.assets]
        _, withheld = screen(result.text, tools=self._tools)
        for line in dict.fromkeys((*(result.payload.get("withheld") or ()), *withheld)):
            self._builder.check(
                "instructions in files", "failed", f"A file says “{line[:120]}”; that was not followed."
            )
