"""The agent: one question in, an answer out whose claims carry their evidence; with a chat model, or without any."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_agents import _plugins
from mm_agents._text import parts_of
from mm_agents.agent.aggregation import AGGREGATE, Aggregation, aggregations_of
from mm_agents.agent.answer import Answer, AnswerCache
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.budget import Budget
from mm_agents.agent.events import Checked, Claimed, Event, Finished, Planned, Token
from mm_agents.agent.executor import ASKABLE, EVERYWHERE, READERS, SEARCHES, Asked, HitEnricher, OfflineRun, instead_of
from mm_agents.agent.planner import PARAMETERS, OfflinePlanner, Order, Plan
from mm_agents.agent.query_analysis import (
    Memory,
    ReferencedItem,
    ResolvedReference,
    alike,
    files_in,
    goes_on_with,
    greeting_to,
    is_another,
    is_part,
    names_in,
    says,
    subject_of,
)
from mm_agents.agent.request import request_of, spelled_right
from mm_agents.agent.suggestions import suggestions
from mm_agents.errors import ConfigError, EmbedderError, MissingExtraError, RecordNotFoundError
from mm_agents.protocols import Calibrated
from mm_agents.security.policy import IssuedIds, ToolPolicy
from mm_agents.toolbox import AttachmentInfo, Attachments, Readings, bound_to_conversation, toolbox
from mm_agents.tools import Attachment, Tool, by_name
from mm_agents.types import Condition, VectorRole

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from mm_agents.chat import ChatModel
    from mm_agents.library import Library
    from mm_agents.protocols import Embedder

OFFLINE = "offline"
"""The name of no chat model: everything stays on this machine."""

DEFAULT_MODEL = "google_genai:gemini-3.5-flash"
_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
_DESCRIBE = "describe_image"
_REFUSAL = "I can't help with that: I look for what is in the library and read it, and do nothing else."
_SHORT = 8  # words of a question that only goes on from the one before


class Agent:
    """Answers questions about a library and attached files.

    Args:
        library: where to look.
        model: a chat model by name ("google_genai:gemini-3.5-flash", "openai:…"), a LangChain chat model, or "offline"
            for none. By default Gemini where GOOGLE_API_KEY or GEMINI_API_KEY is set, else none.
        tools: what it may call; by default the library's own (``mm_agents.toolbox.toolbox``). Add your own to these.
        budget: how many calls, tokens and seconds a question may take.
        cache: whether ``ask`` keeps its answers, or the folder for them: the same question over the same files then
            costs nothing a second time. Questions of a conversation are always answered anew.

    Raises:
        ConfigError: two tools have one name, or the chat model cannot be opened.
        MissingExtraError: the chat model's package is not installed.
    """

    def __init__(
        self,
        library: Library,
        model: str | BaseChatModel | ChatModel | None = None,
        tools: Sequence[Tool] | None = None,
        budget: Budget | None = None,
        cache: bool | str | Path = False,
    ) -> None:
        self.library = library
        self._kept = AnswerCache(cache) if cache else None
        self.chat_model: ChatModel | None = _opened(model)
        self.budget = budget
        self._given = list(tools) if tools is not None else None
        if self._given is not None:
            by_name(self._given)
        # The model that calls the tools sees what they show, so they ask no model of their own.
        self._readings = Readings(None)
        self._made: tuple[bool, list[Tool]] | None = None
        self._planner: tuple[tuple[str, ...], OfflinePlanner] | None = None

    @property
    def tools(self) -> list[Tool]:
        """What it may call."""
        if self._given is not None:
            return self._given
        films = self.library.count(where=Condition("media_type", "eq", "film")) > 0
        if self._made is None or self._made[0] != films:
            self._made = (films, toolbox(self.library, readings=self._readings))
        return self._made[1]

    @property
    def planner(self) -> OfflinePlanner:
        """What tells, without a chat model, which tools a question needs."""
        tools = self.tools
        names = tuple(one.name for one in tools)
        if self._planner is None or self._planner[0] != names:
            learnt = [one for one in tools if not one.name.endswith(AGGREGATE)]  # that is planned by rules
            self._planner = (names, OfflinePlanner(learnt, self.hit_enricher.embedder))
        return self._planner[1]

    @cached_property
    def hit_enricher(self) -> HitEnricher:
        """What looks at the best hits of a search again."""
        return HitEnricher(self.library, _text_embedder(self.library))

    def ask(self, question: str, attachments: Sequence[str | Path] = ()) -> Answer:
        """Answer a question.

        Args:
            question: in English.
            attachments: paths of files that it is about.

        Raises:
            ConfigError: the question is empty.
            MediaError: an attached file cannot be read.
            ChatError: the chat model failed.
        """
        if self._kept is None:
            return self.chat().ask(question, attachments)
        name = self.chat_model.name if self.chat_model else None
        key = self._kept.key(self.library, question, attachments, name, self.tools)
        return self._kept.get(key, lambda: self.chat().ask(question, attachments), root=_root(self.library))

    def stream(self, question: str, attachments: Sequence[str | Path] = ()) -> Iterator[Event]:
        """Answer a question, event by event; the last is ``Finished`` with the whole answer."""
        return self.chat().stream(question, attachments)

    async def aask(self, question: str, attachments: Sequence[str | Path] = ()) -> Answer:
        """``ask`` in a thread, so that an event loop is not held up; the same arguments and errors."""
        return await asyncio.to_thread(self.ask, question, attachments)

    def astream(self, question: str, attachments: Sequence[str | Path] = ()) -> AsyncIterator[Event]:
        """Answer a question, event by event, each made in a thread; the last is ``Finished`` with the whole answer."""
        return self.chat().astream(question, attachments)

    def chat(self) -> Conversation:
        """Begin a conversation, which remembers what was asked, shown and attached."""
        return Conversation(self)

    def films(self) -> list[tuple[str, str]]:
        """The ids and titles of the library's films."""
        return [(film.id, film.name) for film in self.library.iterate(where=Condition("media_type", "eq", "film"))]

    def roles(self) -> dict[str, VectorRole | None]:
        """For each vector what it is of."""
        spec = self.library.store.spec
        return {vector.name: spec.role(vector.name) for vector in spec.vectors}

    def floors(self) -> dict[str, float]:
        """For each vector the cosine from which a text and a thing belong together, where its embedder knows."""
        found: dict[str, float] = {}
        spec = self.library.store.spec
        for vector in spec.vectors:
            embedder = self.library.routes.embedder(vector.name)
            if isinstance(embedder, Calibrated):
                read = spec.role(vector.name) in ("text", "speech")
                found[vector.name] = embedder.floors["text" if read else "image"]
        return found


class Conversation:
    """Questions that may point back: "what is it?", "the second one", "and the tax?".

    Args:
        agent: what answers.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.attachments: Attachments = Attachments()
        self.memory: Memory = Memory()
        self._handed = IssuedIds()

    @property
    def history(self) -> tuple[Answer, ...]:
        """The answers so far."""
        return tuple(self.memory.answers)

    def ask(self, question: str, attachments: Sequence[str | Path] = ()) -> Answer:
        """Answer a question; arguments and errors as ``Agent.ask``."""
        for event in self.stream(question, attachments):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream of events ends with the answer")

    async def aask(self, question: str, attachments: Sequence[str | Path] = ()) -> Answer:
        """``ask`` in a thread, for an event loop; arguments and errors as ``Agent.ask``."""
        return await asyncio.to_thread(self.ask, question, attachments)

    async def astream(self, question: str, attachments: Sequence[str | Path] = ()) -> AsyncIterator[Event]:
        """``stream`` for an event loop; one that is left early asks nothing more."""
        events = self.stream(question, attachments)
        try:
            while (event := await asyncio.to_thread(next, events, None)) is not None:
                yield event
        finally:
            with suppress(ValueError):  # cancelled: the thread is still making an event, and nobody asks for another
                events.close()

    def stream(self, question: str, attachments: Sequence[str | Path] = ()) -> Generator[Event]:
        """Answer a question, event by event; the last is ``Finished``."""
        if not question.strip():
            raise ConfigError("The question is empty.")
        cut = self.agent.chat_model is None and len(question) > PARAMETERS.longest
        question = question[: PARAMETERS.longest] if cut else question
        new = self._attach(attachments)
        self._handed.say(question)
        named = tuple(self._named(question)) if not new else ()
        referred = ResolvedReference(things=named, explicit=True) if named else self.memory.resolve(question)
        tools = [self._bound(one) for one in self.agent.tools]
        if self.agent.chat_model is None:
            events = self._offline(question, new, referred, tools, cut=cut)
        else:
            events = self._by_model(question, new, referred, tools)
        for event in events:
            if isinstance(event, Finished):
                answer = event.answer.rooted(_root(self.agent.library))
                self.memory.note(answer, [step.tool for step in answer.route if step.error is None])
                yield Finished(answer=answer)
            else:
                yield event

    def _named(self, question: str) -> Iterator[ReferencedItem]:
        """The files that a question names, of the library or attached before."""
        for name in files_in(question):
            attached = self.attachments.get(name)
            if attached is not None:
                yield ReferencedItem(id=name, name=name, media_type=attached.kind)
                continue
            try:
                record = self.agent.library.get(name)
            except (RecordNotFoundError, ConfigError):
                continue  # not there, or several: then it is a plain word
            self._handed.add(record.id)
            yield ReferencedItem(id=record.id, name=record.name, media_type=record.media_type)

    # ------------------------------------------------------------ the two ways

    def _offline(
        self,
        question: str,
        new: Sequence[AttachmentInfo],
        referred: ResolvedReference,
        tools: Sequence[Tool],
        *,
        cut: bool = False,
    ) -> Iterator[Event]:
        started = time.monotonic()
        builder = _begun(question, cut=cut)
        typed, question = question, request_of(spelled_right(question)).text
        alone = None if new else self._asked_anew(question, referred)
        if alone is not None:
            referred, plan = ResolvedReference(), alone
        else:
            plan = self.agent.planner.plan(question, _seen(new, referred))
        names = planned = self._planned(plan.tools, question, referred)
        again, reader = self._read_before(names, question, anew=alone is not None)
        aggregations = self._aggregations(question, new, referred)
        if aggregations:
            names = (AGGREGATE, *(names if "among" in aggregations[0].arguments else ()))
        yield Planned(tools=names, scores=plan.scores)
        if referred.missing is not None and not new:
            shown = _count(len(self.memory.shown))
            builder.say(f"I don't know which one “{referred.missing}” is: {shown} shown so far.")
        elif names or not _is_no_task(builder, question, plan, new):
            names = names or tuple(one.name for one in tools if one.name in (ASKABLE if new else EVERYWHERE))
            run = self._run(builder, tools, names, reader, started)
            asked = replace(
                self._asked(question, new, referred, names),
                again=again,
                reader=reader,
                typed=typed,
                aggregations=aggregations,
            )
            orders = plan.orders if planned == plan.tools and not again else ()
            if not (yield from run.aggregate(asked)):
                yield from self._work(run, builder, planned, orders, asked)
        if builder.claims and not new and (older := self._attached_before(referred, again)):
            builder.say(f"This is about {older}, which was attached before.")
        if not (aggregations and builder.claims):
            self._tell_rest(builder, question, names, new, referred)
        answer = builder.finished(seconds=time.monotonic() - started)
        yield from _events(answer)

    def _work(
        self, run: OfflineRun, builder: AnswerBuilder, planned: Sequence[str], orders: Sequence[Order], asked: Asked
    ) -> Iterator[Event]:
        """Call what is planned; without a plan, ask what is attached, or look everywhere."""
        if planned:
            yield from run.run_orders(orders, asked) if orders else run.run(planned, asked)
        elif asked.attachments:
            if not (yield from run.ask_attached(asked)):
                builder.refuse(_REFUSAL)
        elif not (yield from run.look(asked)):
            builder.say(f"I don't know: nothing here seems to be about “{subject_of(asked.text)}”.")

    def _run(
        self, builder: AnswerBuilder, tools: Sequence[Tool], names: Sequence[str], reader: str | None, started: float
    ) -> OfflineRun:
        """What calls the planned tools, those that they may fall back on, and no other."""
        budget = self.agent.budget or Budget()
        return OfflineRun(
            by_name(tools),
            ToolPolicy(tools, (*names, *instead_of(names), *([reader] if reader else [])), self._handed),
            builder,
            calls=budget.calls,
            until=started + budget.seconds,
            hit_enricher=self.agent.hit_enricher,
        )

    def _asked(
        self, question: str, new: Sequence[AttachmentInfo], referred: ResolvedReference, names: Sequence[str]
    ) -> Asked:
        """The question with what is known of the library."""
        return Asked(
            text=question,
            attachments=new,
            focus=tuple(thing.id for thing in referred.things) if not new else (),
            films=self.agent.films() if "recommend" in names else (),
            floors=self.agent.floors(),
            roles=self.agent.roles(),
        )

    def _attached_before(self, referred: ResolvedReference, again: str | None) -> str | None:
        """The name of the older attachment that a question is about, if it is about one."""
        meant = [thing.id for thing in referred.things] or ([again] if again else [])
        return next((one for one in meant if self.attachments.get(one) is not None), None)

    def _tell_rest(
        self,
        builder: AnswerBuilder,
        question: str,
        names: Sequence[str],
        new: Sequence[AttachmentInfo],
        referred: ResolvedReference,
    ) -> None:
        """Name the parts of a question whose tools were not used; where nothing is claimed, what could be asked."""
        planner = self.agent.planner
        parts = parts_of(question)
        for part in parts if builder.claims and len(parts) > 1 else ():
            wanted = set(planner.plan(part, _seen(new, referred)).tools)
            if f"“{part}”" not in builder.text and not wanted & set(names):
                builder.not_answered(part)
        if builder.claims or new or referred.things:
            return
        if tried := suggestions(self.agent.library, planner):
            builder.say("What you could ask here:")
        for one in tried:
            builder.say(f"- {one}")

    def _by_model(
        self, question: str, new: Sequence[AttachmentInfo], referred: ResolvedReference, tools: Sequence[Tool]
    ) -> Iterator[Event]:
        from mm_agents.agent.llm.loop import run_model

        assert self.agent.chat_model is not None
        return run_model(
            question,
            attachments=new,
            tools=tools,
            chat=self.agent.chat_model,
            plan=self._foreseen(question, new, referred),
            budget=self.agent.budget,
            history=self.history,
            handed=self._handed,
        )

    # ------------------------------------------------------------ helpers

    def _aggregations(
        self, question: str, new: Sequence[AttachmentInfo], referred: ResolvedReference
    ) -> list[Aggregation]:
        """What a question asks of all files of a kind, where the tool for that is there."""
        if all(one.name != AGGREGATE for one in self.agent.tools) or any(one.kind in ("video", "text") for one in new):
            return []
        focus = [thing.id for thing in referred.things] if referred.explicit and not new else []
        asked = aggregations_of(question, attached=[one.name for one in new], focus=focus)
        seen = not any(one.shown for one in asked) or self.agent.library.count(where=Condition("objects", "exists"))
        return asked if seen else []

    def _foreseen(
        self, question: str, new: Sequence[AttachmentInfo], referred: ResolvedReference
    ) -> tuple[str, ...] | None:
        """The plan for a chat model, made without it; None where that cannot be done here."""
        try:
            alone = None if new else self._asked_anew(question, referred)
            if alone is not None:
                _, reader = self._read_before(alone.tools, question, anew=True)
                return (*([reader] if reader else []), *alone.tools)
            planned = self._planned(self.agent.planner.plan(question, new).tools, question, referred)
            return (AGGREGATE, *planned) if self._aggregations(question, new, referred) else planned
        except (MissingExtraError, EmbedderError):
            return None

    def _planned(self, planned: Sequence[str], question: str, referred: ResolvedReference) -> tuple[str, ...]:
        """The plan; a question that goes on from the one before it is for the same tools."""
        known = self.memory.reader_of(referred.things[0]) if referred.explicit and referred.things else None
        readers = [known] if known else [name for name in self.memory.tools if name in READERS]
        short = len(question.split()) <= _SHORT
        if referred.goes_on and short and self.memory.tools and not readers:
            return (_DESCRIBE,) if referred.explicit and set(self.memory.tools) <= set(SEARCHES) else self.memory.tools
        reads = READERS.keys() & planned
        if reads and readers and referred.explicit and not alike(reads, readers):
            return tuple(planned)
        if readers and referred.things and (not planned or (referred.goes_on and short)):
            return (readers[-1],)
        return tuple(planned)

    def _asked_anew(self, question: str, referred: ResolvedReference) -> Plan | None:
        """The plan of a question that begins with "and" after a document or picture, and looks for something else."""
        if not referred.goes_on or referred.explicit or set(self.memory.tools) <= set(SEARCHES):
            return None
        asked = goes_on_with(question)
        kinds = [_Meant(kind=_kind(thing)) for thing in referred.things[:1]]
        plans = (self.agent.planner.plan(asked), self.agent.planner.plan(asked, kinds))
        plan = next((one for one in plans if one.tools), None)
        if plan is None or _DESCRIBE in plan.tools:
            return None
        reads = READERS.keys() & plan.tools
        return plan if not reads or not alike(reads, READERS.keys() & self.memory.tools) else None

    def _read_before(self, names: Sequence[str], question: str, *, anew: bool) -> tuple[str | None, str | None]:
        """The document that was read last and its reader, where the question may well be about it again.

        It is not where the question asks for another or names somebody. One that begins anew may be about a part of it.
        """
        last = self.memory.last
        if last is None or names_in(question) or says("another", question) or is_another(question):
            return None, None
        if anew:
            reader = self.memory.reader_of(last) if is_part(question) else None
        else:
            reader = next((name for name in names if name in READERS and name in self.memory.tools), None)
        return (last.id, reader) if reader is not None else (None, None)

    def _attach(self, paths: Sequence[str | Path]) -> list[AttachmentInfo]:
        if not paths:
            return []
        self.attachments = self.attachments.with_files(paths)
        hashes = {one.file.sha256 for one in Attachments.open(paths)}
        new = [one for one in self.attachments if one.file.sha256 in hashes]
        self.memory.attach(ReferencedItem(id=one.name, name=one.name, media_type=one.kind) for one in new)
        self._handed.add(*(one.name for one in new))
        return new

    def _bound(self, one: Tool) -> Tool:
        """The tool, which knows this conversation's attachments and ids while it runs."""

        def function(**arguments: Any) -> Any:
            with bound_to_conversation(self.attachments, self._handed):
                return one.function(**arguments)

        return replace(one, function=function)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meant:
    """What a question points back to, as the planner sees an attached file."""

    kind: Attachment


def _seen(new: Sequence[AttachmentInfo], referred: ResolvedReference) -> Sequence[AttachmentInfo | _Meant]:
    """What the planner is shown as attached: the files that came with a question, else what it points back to."""
    return new or [_Meant(kind=_kind(thing)) for thing in referred.things[:1]]


def _kind(thing: ReferencedItem) -> Attachment:
    kinds: dict[str, Attachment] = {"video": "video", "pdf": "pdf", "text": "text"}
    return kinds.get(thing.media_type, "image")


def _opened(model: Any) -> ChatModel | None:
    if model == OFFLINE:
        return None
    if model is None:
        if not any(os.environ.get(key) for key in _KEYS):
            return None
        model = DEFAULT_MODEL
        try:
            return _open(model)
        except MissingExtraError as error:
            warnings.warn(f"A key for Gemini is set, but it cannot be used: {error} Going on offline.", stacklevel=3)
            return None
    return _open(model)


def _open(model: Any) -> ChatModel:
    from mm_agents.chat import open_chat

    return open_chat(model)


def _text_embedder(library: Library) -> Embedder:
    """What compares questions: the library's own where it is the offline one, else that, else the library's own."""
    own = [library.routes.embedder(spec.name) for spec in library.store.spec.vectors]
    texts = [one for one in own if one is not None and "text" in one.accepts]
    for one in texts:
        if one.name.partition(":")[0] == "offline":
            return one
    offline: Embedder = _plugins.build_named("embedders", "offline")
    try:
        from mm_agents.types import Text

        offline.embed([Text(text="ready")], role="query")
    except (MissingExtraError, EmbedderError):
        if texts:
            return texts[0]
        raise
    return offline


def _is_no_task(builder: AnswerBuilder, question: str, plan: Plan, new: Sequence[AttachmentInfo]) -> bool:
    """Greet back, or refuse what does not ask about a file that is attached or a thing that may be here."""
    if greeting := greeting_to(question):
        builder.greet(greeting)
        return True
    if says("inquires", question) is None if new else plan.beside >= PARAMETERS.refusal:
        builder.refuse(_REFUSAL)
        return True
    return False


def _root(library: Library) -> str | None:
    return str(library.root.absolute()) if library.root is not None else None


def _count(number: int) -> str:
    return "nothing was" if number == 0 else "one thing was" if number == 1 else f"{number} things were"


def _begun(question: str, *, cut: bool) -> AnswerBuilder:
    """An answer with nothing in it but, where a question was cut, that it was."""
    builder = AnswerBuilder(question)
    if cut:
        builder.say(f"Only the first {PARAMETERS.longest} characters of the question were read.")
    return builder


def _events(answer: Answer) -> Iterator[Event]:
    """An answer's parts as events; the last is the whole."""
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
