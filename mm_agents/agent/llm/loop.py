"""One question answered by a chat model that calls tools; code holds the plan, the budget and the proof.

The model says which tools the question needs before it has seen anything that was found; then it calls them in a loop
of our own, short because the gate, the budget and the events are at its heart; then it writes the answer, and each
sentence is checked against the sources that it cites before anybody reads it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mm_agents._retry import call_with_timeout
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import ModelCall, Step
from mm_agents.agent.budget import Budget, BudgetTracker
from mm_agents.agent.events import Called, Event, Planned, Returned
from mm_agents.agent.grounding.sources import SourceRegistry
from mm_agents.agent.llm import prompts
from mm_agents.agent.llm.streaming import StreamingAnswer
from mm_agents.chat import Message, Said, ToolCall, ToolReply, Turn
from mm_agents.errors import ChatError, ChatReplyError, ToolError
from mm_agents.security.injection import ImageRedactor
from mm_agents.security.policy import IssuedIds, Refusal, ToolPolicy
from mm_agents.tools import Tool, ToolResult, by_name, tool

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.toolbox import AttachmentInfo
    from mm_agents.types import Image

CALCULATE = "calculate"
_FOR_THE_REST = 3  # calls: what a plan that is made late has to leave
_SHOWN = 4  # pictures of one result that the model is shown
_NO_TOOL = "I don't know: none of the tools fits this question."


def run_model(
    question: str,
    *,
    attachments: Sequence[AttachmentInfo],
    tools: Sequence[Tool],
    chat: ChatModel,
    handed: IssuedIds,
    plan: Sequence[str] | None = None,
    budget: Budget | None = None,
    history: Sequence[Answer] = (),
    instructions: str = "",
    on_call: Callable[[ModelCall], None] | None = None,
) -> Iterator[Event]:
    """Answer a question; the last event is ``Finished``.

    Args:
        question: as it was asked.
        attachments: the files that came with it.
        tools: what the model may call.
        chat: the model.
        handed: what the conversation has handed out, and what the user wrote, this question included.
        plan: the tools that the question is taken to need, told from the question alone, such as by the offline
            planner; None to ask the model for it.
        budget: what it may cost.
        history: the answers so far in the conversation.
        instructions: of the program that asks, such as a tone or a language; they replace none of the library's own.
        on_call: is given each request to the model when it is over.

    Raises:
        ChatError: the model failed before anything was found; later the answer says so, with what was found.
        ConfigError: the model cannot call tools.
    """
    spent = BudgetTracker(budget or Budget(), chat, on_call)
    return _Run(question, attachments, tools, chat, handed, spent, history, instructions).events(plan)


class _Run:
    """The work on one question."""

    def __init__(
        self,
        question: str,
        attachments: Sequence[AttachmentInfo],
        tools: Sequence[Tool],
        chat: ChatModel,
        handed: IssuedIds,
        spent: BudgetTracker,
        history: Sequence[Answer],
        instructions: str,
    ) -> None:
        names = tuple(one.name for one in tools)
        self._question, self._attachments, self._history = question, attachments, history
        self._tools, self._chat, self._handed = by_name(tools), chat, handed
        self._spent, self._instructions = spent, instructions
        self._sources = SourceRegistry(names, {one.name: (one.name, one.kind) for one in attachments})
        self._aliases = {prompts.attachment_name(n, one, names): one.name for n, one in enumerate(attachments, start=1)}
        self._blinds = ImageRedactor(names)
        self._writing = StreamingAnswer(question, self._sources, chat.name, self._spent)
        self._offered = [*tools, *([_calculator(self._sources)] if CALCULATE not in names else [])]
        self._gate = ToolPolicy([], (), handed)
        self._may_plan = False
        self._messages: list[Message] = []
        self._asked: set[str] = set()

    def events(self, given: Sequence[str] | None) -> Iterator[Event]:
        """All that happens."""
        plan = self._planned() if given is None else tuple(name for name in given if name in self._tools)
        self._may_plan = given is not None
        yield Planned(tools=plan or ())
        if given is None and plan == () and not self._history:
            yield from self._writing.refused(_NO_TOOL)
            return
        # What an earlier answer said may come from a file, so then nothing is free any more.
        self._gate = ToolPolicy(self._tools.values(), plan or (), self._handed, untrusted=bool(self._history))
        self._messages = prompts.opening(self._question, self._attachments, list(self._tools.values()), self._history)
        try:
            turn = yield from self._loop()
            if turn is not None:
                yield from self._cited(turn)
        except ChatError as error:
            if not self._writing.route:
                raise
            self._writing.failed(str(error))
        yield from self._writing.finished()

    # ------------------------------------------------------------ the plan

    def _planned(self) -> tuple[str, ...] | None:
        """The tools that the question needs, told from the question alone; None where the model does not say."""
        past = [answer.question for answer in self._history]
        prompt = prompts.plan_prompt(self._question, self._attachments, list(self._tools.values()), past)
        try:
            with self._spent.asking("plan") as note:
                said = call_with_timeout(
                    lambda: self._chat.structure(prompts.ToolPlan, prompt), self._spent.seconds_left
                )
                note(said.usage)
        except ChatReplyError:
            return None
        except TimeoutError as error:
            raise ChatError(f"{self._chat.name}: {error}.") from error
        known = tuple(dict.fromkeys(name for name in said.value.tools if name in self._tools))
        return known if known or not said.value.tools else None

    # ------------------------------------------------------------ the loop

    def _loop(self) -> Generator[Event, None, Turn | None]:
        """Turns of the model and the calls that it asks for, until it answers; None where the budget ends it."""
        while self._spent.exhausted is None:
            last = self._spent.calls_left == 1
            if last and self._writing.route:
                self._messages.append(Said(text=prompts.LAST))
            turn = yield from self._turn([] if last else self._offered)
            if not turn.calls:
                return turn
            self._messages.append(turn)
            self._writing.forget()  # what it said on the way is not the answer
            # All were decided on before any of them came back: so is whether they may be made.
            self._plan_more(turn.calls)
            refusals = [self._refusal(call) for call in turn.calls]
            for call, refusal in zip(turn.calls, refusals, strict=True):
                yield from self._call(call, refusal)
        self._writing.stopped(self._spent.exhausted or "")
        return None

    def _turn(self, tools: Sequence[Tool]) -> Generator[Event, None, Turn]:
        system = prompts.system(self._instructions)
        with self._spent.asking("turn") as note:
            stream = self._chat.stream_turn(
                self._messages, tools=tools, system=system, seconds=self._spent.seconds_left
            )
            while True:
                try:
                    piece = next(stream)
                except StopIteration as ended:
                    turn: Turn = ended.value
                    note(turn.usage)
                    return turn
                yield from self._writing.wrote(piece)

    def _plan_more(self, calls: Sequence[ToolCall]) -> None:
        """Ask the model what the question needs, once, when a call is outside a plan that others made.

        The model is told the question alone, as it would have been before: nothing that was read can widen the plan.
        """
        outside = any(call.name in self._tools and not self._gate.planned(call.name) for call in calls)
        if outside and self._may_plan and self._spent.calls_left > _FOR_THE_REST:
            self._may_plan = False
            self._gate.widen(self._planned() or ())

    def _refusal(self, call: ToolCall) -> Refusal | None:
        if call.fault:
            return Refusal("malformed", f"The call of {call.name} cannot be made: {call.fault}.")
        return None if call.name == CALCULATE else self._gate.refusal(call.name, self._arguments(call))

    def _arguments(self, call: ToolCall) -> dict[str, Any]:
        """The arguments with the attachments' own names."""
        return {
            name: self._aliases.get(value, value) if isinstance(value, str) else value
            for name, value in call.arguments.items()
        }

    def _call(self, call: ToolCall, refusal: Refusal | None) -> Iterator[Event]:
        """Make one call, or say why not; the model is told either way."""
        arguments = self._arguments(call)
        if call.name != CALCULATE:
            yield Called(tool=call.name, arguments=arguments)
        key = json.dumps([call.name, arguments], sort_keys=True, default=str)
        started, before = time.monotonic(), self._spent.usage
        result, error = None, refusal.text if refusal is not None else None
        if error is None and key in self._asked:
            self._messages.append(ToolReply(call=call, text=prompts.AGAIN, failed=True))
            error = prompts.AGAIN
        elif error is None and call.name != CALCULATE and self._spent.calls_left <= 1:
            error = "The budget for calls is used up."  # one is left for the answer
        elif error is None:
            self._asked.add(key)
            result, error = self._run(call.name, arguments)
        if call.name != CALCULATE:
            step = Step(
                tool=call.name,
                arguments=arguments,
                seconds=round(time.monotonic() - started, 3),
                error=error,
                refused=refusal is not None,
                code=None if refusal is None else refusal.code,
                input_tokens=self._spent.usage.input_tokens - before.input_tokens,
                output_tokens=self._spent.usage.output_tokens - before.output_tokens,
            )
            self._writing.called(step, result)
            yield Returned(tool=call.name, result=result, error=error)
        self._reply(call, result, error)

    def _run(self, name: str, arguments: Mapping[str, Any]) -> tuple[ToolResult | None, str | None]:
        one = next(one for one in self._offered if one.name == name)
        if name != CALCULATE:
            self._spent.calls += 1
        try:
            result = call_with_timeout(lambda: one.run(**arguments), self._spent.seconds_left)
        except ToolError as error:
            # Its message may quote what a file says.
            return None, self._sources.screened(name, str(error))
        except TimeoutError:
            return None, f"{name} took longer than the budget allows."
        finally:
            if name != CALCULATE:
                self._gate.called(name, None)
        if name != CALCULATE:
            self._gate.called(name, result)
        return result, None

    def _reply(self, call: ToolCall, result: ToolResult | None, error: str | None) -> None:
        if isinstance(self._messages[-1], ToolReply) and self._messages[-1].call is call:
            return
        if result is None:
            self._messages.append(ToolReply(call=call, text=error or "It failed.", failed=True))
            return
        if call.name == CALCULATE:
            self._messages.append(ToolReply(call=call, text=result.text))
            return
        text = self._sources.take(call.name, result)
        pictures: list[Image] = []
        for picture in result.media[:_SHOWN]:
            shown, found = self._blinds.drawn(picture.image, seconds=self._spent.seconds_left)
            pictures.append(shown)
            self._sources.note(call.name, found)
        captions = [self._sources.screened(call.name, one.caption) for one in result.media[:_SHOWN]]
        shown_with = f"\nPictures, in this order: {'; '.join(captions)}" if captions else ""
        self._messages.append(ToolReply(call=call, text=text + shown_with, pictures=tuple(pictures)))

    # ------------------------------------------------------------ the answer

    def _cited(self, turn: Turn) -> Iterator[Event]:
        """The answer's statements; one that cites nothing at all is asked for once more, as claims."""
        asked = self._writing.cites or self._writing.does_not_know
        if asked or not self._sources.known or self._spent.exhausted or self._writing.citable:
            yield from self._writing.ended()
            return
        self._writing.forget()
        listed = "\n".join(self._sources.listed())
        asked = prompts.with_instructions(prompts.UNCITED, self._instructions)
        prompt = f"{asked}\n\nThe question: {self._question}\n\nYour answer: {turn.text}\n\n{listed}"
        try:
            with self._spent.asking("claims") as note:
                said = call_with_timeout(
                    lambda: self._chat.structure(prompts.CitedClaims, prompt), self._spent.seconds_left
                )
                note(said.usage)
        except (ChatReplyError, TimeoutError):
            yield from self._writing.wrote(turn.text)
            yield from self._writing.ended()
            return
        for claim in said.value.claims:
            yield from self._writing.stated(claim.text, claim.sources)
        yield from self._writing.ended()


def _calculator(sources: SourceRegistry) -> Tool:
    """A tool that computes; the result is noted, so that a claim can cite it."""

    @tool(name=CALCULATE, trusted=True)
    def calculate(
        expression: Annotated[str, Field(description="numbers, + - * /, brackets: 4 * 15.00 + 6 * 5.00")],
    ) -> str:
        """Compute with decimal numbers."""
        return sources.compute(expression)

    return calculate
