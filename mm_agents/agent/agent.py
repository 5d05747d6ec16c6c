"""The agent: one question in, an answer out whose claims carry their evidence; with a chat model, or without any."""

from __future__ import annotations

import asyncio
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_agents._text import parts_of
from mm_agents.agent import file_questions
from mm_agents.agent.aggregation import AGGREGATE, Aggregation, aggregations_of
from mm_agents.agent.aggregation_rendering import tools_to_follow
from mm_agents.agent.answer import Answer, AnswerCache, in_language
from mm_agents.agent.answer_builder import AnswerBuilder, advise, is_no_task
from mm_agents.agent.answer_data import AttachedFile
from mm_agents.agent.budget import Budget
from mm_agents.agent.conditions import Conditions, film_conditions
from mm_agents.agent.default_models import chat_model_of, text_embedder_of
from mm_agents.agent.events import Event, Finished, Planned, parts_of_answer
from mm_agents.agent.executor import OfflineRun
from mm_agents.agent.hit_details import HitDetails
from mm_agents.agent.planner import PARAMETERS, OfflinePlanner, Order, Plan
from mm_agents.agent.query_analysis import QuestionContext, asks_rule, files_in, listens, questions_in, says, subject_of
from mm_agents.agent.references import Memory, ReferencedItem, ResolvedReference
from mm_agents.agent.request import plain
from mm_agents.agent.response_filling import FILLING, ModelFilling, fill_offline, wanted_fields
from mm_agents.agent.response_format import ResponseFormat
from mm_agents.agent.saved_conversation import SavedConversation, SavedTurn, read_conversation, write_conversation
from mm_agents.agent.suggestions import Suggestions
from mm_agents.agent.tool_roles import ASKABLE, EVERYWHERE, LISTEN, QUOTE, SEARCHES, instead_of
from mm_agents.agent.tracing import Trace
from mm_agents.errors import ConfigError, EmbedderError, MissingExtraError, RecordNotFoundError
from mm_agents.languages import ENGLISH, detected, in_english
from mm_agents.security.policy import IssuedIds, ToolPolicy
from mm_agents.toolbox import AttachmentInfo, Attachments, Readings, bound_to_conversation, toolbox
from mm_agents.toolbox.searching import films_of
from mm_agents.tools import Tool, by_name
from mm_agents.types import Condition, Record, VectorRole

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from pydantic import BaseModel

    from mm_agents.chat import ChatModel
    from mm_agents.library import Library


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
        instructions: what the chat model is to keep to, such as a tone, a language or which tool to prefer; they stand
            below the library's own rules on sources and untrusted text, and replace none of them. Offline no model
            reads them, so they are not used; a warning says so.
        response_format: a pydantic model that answers fill: ``answer.parsed`` is an instance of it, and
            ``answer.fields`` has the claim behind each field, with its sources. Offline the fields are found in
            documents by their names, aliases and descriptions; a chat model gives them, and code checks each against
            what was found. A field without evidence is None where its type allows that; else ``parsed`` is None. Either
            way ``answer.unanswered`` names it, and the outcome is "partial".

    Raises:
        ConfigError: two tools have one name, the chat model cannot be opened, or the response format cannot be filled.
        MissingExtraError: the chat model's package is not installed.
    """

    def __init__(
        self,
        library: Library,
        model: str | BaseChatModel | ChatModel | None = None,
        tools: Sequence[Tool] | None = None,
        budget: Budget | None = None,
        cache: bool | str | Path = False,
        instructions: str | None = None,
        response_format: type[BaseModel] | None = None,
    ) -> None:
        self.library = library
        self.response_format: ResponseFormat | None = ResponseFormat(response_format) if response_format else None
        self._kept = AnswerCache(cache) if cache else None
        self.chat_model: ChatModel | None = chat_model_of(model)
        self.budget = budget
        self.instructions: str = (instructions or "").strip()
        if self.instructions and self.chat_model is None:
            # A warning, not an error: where no model is named, a key in the environment decides whether there is one,
            # and a program that LangChain, LlamaIndex or pydantic-ai users would write must run with and without it.
            warnings.warn("Without a chat model the agent's instructions are not used.", stacklevel=2)
        self._given = list(tools) if tools is not None else None
        if self._given is not None:
            by_name(self._given)
        # The model that calls the tools sees what they show, so they ask no model of their own.
        self._readings = Readings(None)
        self._made: tuple[bool, list[Tool]] | None = None
        self._planners: dict[str, tuple[tuple[str, ...], OfflinePlanner]] = {}  # by the embedder that compares

    @property
    def tools(self) -> list[Tool]:
        """What it may call."""
        if self._given is not None:
            return self._given
        films = self.library.count(where=Condition("media_type", "eq", "film")) > 0
        if self._made is None or self._made[0] != films:
            self._made = (films, toolbox(self.library, readings=self._readings, attaches=True))
        return self._made[1]

    @property
    def planner(self) -> OfflinePlanner:
        """What tells, without a chat model, which tools a question needs."""
        return self.planner_for(None)

    def planner_for(self, language: str | None) -> OfflinePlanner:
        """The planner for questions of a language that have no English form here; the English one without any."""
        embedder = self.hit_details.embedder_for(language)
        tools, kept = self.tools, self._planners.get(embedder.name)
        names = tuple(one.name for one in tools)
        if kept is None or kept[0] != names:
            learnt = [one for one in tools if not one.name.endswith((AGGREGATE, LISTEN))]  # those are planned by rules
            kept = self._planners[embedder.name] = (
                names,
                OfflinePlanner(learnt, embedder, words=embedder is self.hit_details.embedder),
            )
        return kept[1]

    @cached_property
    def hit_details(self) -> HitDetails:
        """What looks at the best hits of a search again."""
        return HitDetails(self.library, text_embedder_of(self.library))

    @cached_property
    def suggestions(self) -> Suggestions:
        """What makes the questions that are offered where one cannot be answered."""
        return Suggestions(self.library)

    def ask(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> Answer:
        """Answer a question.

        Args:
            question: in English; one in German, French, Spanish, Chinese, Japanese or Arabic is answered in that.
            attachments: paths of files that it is about.
            response_format: a pydantic model for this answer to fill, instead of the agent's.

        Raises:
            ConfigError: the question is empty, or the response format cannot be filled.
            MediaError: an attached file cannot be read.
            ChatError: the chat model failed.
        """
        if self._kept is None:
            return self.chat().ask(question, attachments, response_format=response_format)
        form = self.format_of(response_format)
        name = self.chat_model.name if self.chat_model else None
        said = self.instructions if name else ""
        key = self._kept.key(self.library, question, attachments, name, self.tools, said, form)
        found = self._kept.get(
            key,
            lambda: self.chat().ask(question, attachments, response_format=response_format),
            root=_root(self.library),
        )
        return found if form is None else replace(found, parsed=form.restored(found.parsed))

    def stream(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> Iterator[Event]:
        """Answer a question, event by event; the last is ``Finished`` with the whole answer."""
        return self.chat().stream(question, attachments, response_format=response_format)

    async def aask(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> Answer:
        """``ask`` in a thread, so that an event loop is not held up; the same arguments and errors."""
        return await asyncio.to_thread(self.ask, question, attachments, response_format=response_format)

    def astream(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> AsyncIterator[Event]:
        """Answer a question, event by event, each made in a thread; the last is ``Finished`` with the whole answer."""
        return self.chat().astream(question, attachments, response_format=response_format)

    def format_of(self, response_format: type[BaseModel] | None) -> ResponseFormat | None:
        """What an answer is to fill: the given model, else the agent's own.

        Raises:
            ConfigError: it cannot be filled.
        """
        return self.response_format if response_format is None else ResponseFormat(response_format)

    def as_tool(self, name: str = "ask") -> Tool:
        """This agent as one tool of another: it answers whole questions, and its payload is the answer as JSON.

        The adapters take it, and the agent itself: ``langchain.tools(agent)``, ``llama_index.query_engine(agent)``,
        ``mcp.server(library, agent=agent)``. Each question is asked alone; it opens no file that it names but the
        library's own.
        """
        from mm_agents.agent.as_tool import ask_tool

        return ask_tool(self.ask, name)

    def chat(self) -> Conversation:
        """Begin a conversation, which remembers what was asked, shown and attached."""
        return Conversation(self)

    def resume(self, path: str | Path, *, attachments: str | Path | None = None) -> Conversation:
        """Go on with a conversation that ``Conversation.save`` wrote; nothing is asked or read again.

        The file may come from somebody else: of the files that it names only attachments below ``attachments`` are
        opened, with the content that they had.

        Args:
            path: the file.
            attachments: the folder below which the attached files are; a warning names those that are not there.

        Raises:
            ConfigError: the file cannot be read, or does not hold a conversation.
        """
        saved = read_conversation(path, attachments=attachments, root=_root(self.library))
        for name, reason in saved.unavailable:
            warnings.warn(f"The attachment {name!r} is not there any more: {reason}.", stacklevel=2)
        return Conversation(self, saved)

    def films(self) -> list[tuple[str, str]]:
        """The ids and titles of the library's films."""
        return films_of(self.library)

    def roles(self) -> dict[str, VectorRole | None]:
        """For each vector what it is of."""
        spec = self.library.store.spec
        return {vector.name: spec.role(vector.name) for vector in spec.vectors}


class Conversation:
    """Questions that may point back: "what is it?", "the second one", "and the tax?".

    Args:
        agent: what answers.
        saved: the turns and attachments of an earlier one, which it goes on with.

    Attributes:
        id: in traces and saved files.
    """

    def __init__(self, agent: Agent, saved: SavedConversation | None = None) -> None:
        self.agent = agent
        self.id: str = saved.id if saved else uuid.uuid4().hex
        self.attachments: Attachments = Attachments(saved.attachments if saved else ())
        self.memory: Memory = Memory()
        self._handed = IssuedIds()
        self._language: str | None = None
        self._attached: list[tuple[str, ...]] = []  # to each question, by their names
        for turn in saved.turns if saved else ():
            self._note_attached(one for one in self.attachments if one.name in turn.attached)
            self._note(turn.answer, turn.attached)
        self._note_attached(self.attachments)
        # What a file says was handed out may be made up; what the library knows may be asked about.
        shown = {source.evidence.asset for answer in self.history for source in answer.sources}
        self._handed.add(*(agent.library.store.get(sorted(shown)) if shown else ()))

    def save(self, path: str | Path) -> None:
        """Write it to a file that ``Agent.resume`` reads, in one step.

        It holds the questions, the answers with their evidence, and where attached files lie, not their content.

        Raises:
            OSError: the folder cannot be written.
        """
        pairs = zip(self.history, self._attached, strict=True)
        turns = tuple(SavedTurn(answer=answer, attached=names) for answer, names in pairs)
        saved = SavedConversation(id=self.id, turns=turns, attachments=tuple(self.attachments))
        write_conversation(saved, path)

    @property
    def history(self) -> tuple[Answer, ...]:
        """The answers so far."""
        return tuple(self.memory.answers)

    def ask(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> Answer:
        """Answer a question; arguments and errors as ``Agent.ask``."""
        for event in self.stream(question, attachments, response_format=response_format):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream of events ends with the answer")

    async def aask(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> Answer:
        """``ask`` in a thread, for an event loop; arguments and errors as ``Agent.ask``."""
        return await asyncio.to_thread(self.ask, question, attachments, response_format=response_format)

    async def astream(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> AsyncIterator[Event]:
        """``stream`` for an event loop; one that is left early asks nothing more."""
        events = self.stream(question, attachments, response_format=response_format)
        try:
            while (event := await asyncio.to_thread(next, events, None)) is not None:
                yield event
        finally:
            with suppress(ValueError):  # cancelled: the thread is still making an event, and nobody asks for another
                events.close()

    def stream(
        self,
        question: str,
        attachments: Sequence[str | Path] = (),
        *,
        response_format: type[BaseModel] | None = None,
    ) -> Generator[Event]:
        """Answer a question, event by event; the last is ``Finished``."""
        if not question.strip():
            raise ConfigError("The question is empty.")
        form = self.agent.format_of(response_format)
        cut = self.agent.chat_model is None and len(question) > PARAMETERS.longest
        question = question[: PARAMETERS.longest] if cut else question
        new = self._attach(attachments)
        self._handed.say(question)
        self._language = detected(question) or self._language
        english = in_english(question, self._language)
        named = tuple(self._named(question)) if not new else ()
        referred = ResolvedReference(things=named, explicit=True) if named else self.memory.resolve(english)
        tools = [self._bound(one) for one in self.agent.tools]
        chat = self.agent.chat_model
        trace = Trace(question, conversation=self.id, model=chat.name if chat else None, fills=form is not None)

        def begin() -> Iterator[Event]:
            if chat is not None:
                return self._by_model(question, new, referred, tools, form, trace)
            if form is not None:
                return self._fields_offline(question, new, referred, tools, form, cut=cut)
            return self._offline(question, english, new, referred, tools, cut=cut)

        for event in trace.follow(begin):
            if isinstance(event, Finished):
                answer = replace(event.answer, attachments=tuple(_attached(one) for one in new))
                answer = answer.rooted(_root(self.agent.library))
                self._note(answer, tuple(one.name for one in new))
                yield Finished(answer=answer)
            else:
                yield event

    def _named(self, question: str) -> Iterator[ReferencedItem]:
        """The files that a question names, of the library or attached before."""
        named: list[Record] = []
        for name in files_in(question):
            attached = self.attachments.get(name)
            if attached is not None:
                yield ReferencedItem(id=name, name=name, media_type=attached.kind)
                continue
            with suppress(RecordNotFoundError, ConfigError):  # not there, or several: then it is a plain word
                named.append(self.agent.library.get(name))
        for record in named or file_questions.files_meant(question, self.agent.library):
            self._handed.add(record.id)
            yield ReferencedItem(id=record.id, name=record.name, media_type=record.media_type)

    # ------------------------------------------------------------ the two ways

    def _offline(
        self,
        original: str,
        english: str,
        new: Sequence[AttachmentInfo],
        referred: ResolvedReference,
        tools: Sequence[Tool],
        *,
        cut: bool = False,
    ) -> Iterator[Event]:
        started = time.monotonic()
        foreign = english == original and self._language not in (None, ENGLISH)
        builder = _begun(english, cut=cut, foreign=foreign)
        planner = self.agent.planner_for(self._language) if foreign else self.agent.planner
        question = english if foreign else plain(english, attached=bool(new))
        aggregations = self._aggregations(question, new, referred)
        question, afterwards = (question, None) if new or aggregations else file_questions.property_after(question)
        conditions = film_conditions(question)
        question = conditions.text
        alone = None if new else self.memory.asked_anew(self.agent.planner, question, referred)
        plan = alone or planner.plan(question, _seen(new, referred))
        referred = referred if alone is None else ResolvedReference()
        heard = listens(question, [one.kind for one in _seen(new, referred)])
        names = planned = (LISTEN,) if heard else self.memory.planned_after(plan.tools, question, referred)
        again, reader = self.memory.read_before(names, question, anew=alone is not None)
        if not (aggregations or new) and self._is_written(question, names, plan, tools):
            names = planned = ("search_text",)
        if aggregations:
            names = (AGGREGATE, *(names if "among" in aggregations[0].arguments else ()))
        yield Planned(tools=names, scores=plan.scores)
        if referred.missing is not None and not new:
            builder.say(self.memory.tell_missing(referred.missing))
        elif names or not is_no_task(builder, question, plan, attached=bool(new)):
            of_one = bool(new or (referred.things and files_in(question)))
            names = names or tuple(
                one.name for one in tools if one.name in ((*ASKABLE, QUOTE) if of_one else EVERYWHERE)
            )
            run = self._run(builder, tools, (*names, *planned), reader, started)  # planned: if nothing is to count
            asked = self._asked(conditions, new, referred, names)
            asked = replace(asked, again=again, reader=reader, typed=english, aggregations=aggregations)
            orders = plan.orders if planned == plan.tools and not again else ()
            yield from self._work(run, builder, planned, orders, asked)
            if afterwards:
                yield from file_questions.tell_property(builder, afterwards, asked, run.aggregate, run.quote_passage)
        if builder.claims and not new and (older := self._attached_before(referred, again)):
            builder.say(f"This is about {older}, which was attached before.")
        if not (aggregations and builder.claims):
            self._tell_rest(builder, question, names, new, referred)
        advise(builder, self.agent.library, self._language)
        answer = builder.finished(seconds=time.monotonic() - started)
        yield from parts_of_answer(in_language(answer, original, self._language or ENGLISH))

    def _work(
        self,
        run: OfflineRun,
        builder: AnswerBuilder,
        planned: Sequence[str],
        orders: Sequence[Order],
        asked: QuestionContext,
    ) -> Iterator[Event]:
        """Count or call what is planned; without a plan, ask what is attached or named, or look everywhere."""
        if (yield from run.aggregate(asked)):
            return
        if planned:
            yield from run.run_orders(orders, asked) if orders else run.run(planned, asked)
        elif asked.attachments or (asked.focus and files_in(asked.text)):
            if not (yield from run.ask_attached(asked)):
                builder.refuse()
        elif not (yield from run.look(asked)):
            builder.say(f"I don't know: nothing here seems to be about “{subject_of(asked.text)}”.")
        if not builder.claims:
            yield from run.show_nearest(asked)

    def _is_written(self, question: str, names: Sequence[str], plan: Plan, tools: Sequence[Tool]) -> bool:
        """Whether a text has what a question asks that seems to be none for the tools, or one of several questions.

        What is allowed or demanded is for texts, also where none has it.
        """
        search = by_name(tools).get("search_text")
        several, is_search = questions_in(question), set(names) < set(SEARCHES)
        if search is None:
            return False
        if is_search and asks_rule(question) and plan.beside < PARAMETERS.refusal:
            return True
        if len(several) > 1 and is_search and not says("media", question):
            return any(self.agent.hit_details.is_written(one, search, self._language) for one in several)
        if names or plan.beside < PARAMETERS.refusal:
            return False  # it is looked for everywhere
        details = self.agent.hit_details if says("asks", question) else None
        return details is not None and details.is_written(question, search, self._language)

    def _run(
        self, builder: AnswerBuilder, tools: Sequence[Tool], names: Sequence[str], reader: str | None, started: float
    ) -> OfflineRun:
        """What calls the planned tools, those that they may fall back on, and no other."""
        budget = self.agent.budget or Budget()
        return OfflineRun(
            by_name(tools),
            ToolPolicy(tools, (*names, AGGREGATE, *instead_of(names), *([reader] if reader else [])), self._handed),
            builder,
            calls=budget.calls,
            until=started + budget.seconds,
            hit_details=self.agent.hit_details,
            language=self._language,
        )

    def _asked(
        self, asked: Conditions, new: Sequence[AttachmentInfo], referred: ResolvedReference, names: Sequence[str]
    ) -> QuestionContext:
        """The question with what is known of the library."""
        asked = file_questions.beside_liked(asked, self.agent.library) if "recommend" in names else asked
        return QuestionContext(
            text=asked.text,
            where=asked.where,
            attachments=new,
            focus=tuple(thing.id for thing in referred.things) if not new else (),
            films=self.agent.films() if "recommend" in names else (),
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
        each = "search_text" in names and len(questions_in(question)) > 1  # those were asked one by one
        parts = [] if each else parts_of(question)
        for part in parts if builder.claims and len(parts) > 1 else ():
            wanted = set(planner.plan(part, _seen(new, referred)).tools)
            if f"“{part}”" not in builder.text and not wanted & set(names) and part not in builder.parts_answered:
                builder.not_answered(part)
        if builder.claims or new or referred.things or (builder.outcome == "answered" and says("thanks", question)):
            return
        self.agent.suggestions.offer(builder, planner, told=says("help", question) is not None)

    def _fields_offline(
        self,
        question: str,
        new: Sequence[AttachmentInfo],
        referred: ResolvedReference,
        tools: Sequence[Tool],
        form: ResponseFormat,
        *,
        cut: bool,
    ) -> Iterator[Event]:
        """Fill a response format from the document that a question is about."""
        started = time.monotonic()
        builder = _begun(question, cut=cut)
        question = plain(question)
        planned = self.agent.planner.plan(question, _seen(new, referred)).tools
        known = {one.name for one in tools}
        names = tuple(sorted(known & set(FILLING), key=lambda name: (name not in planned, FILLING.index(name))))
        again = None if new or referred.things else self.memory.read_before(names, question, anew=False)[0]
        yield Planned(tools=names)
        asked = self._asked(Conditions(text=question, where=""), new, referred, names)
        run = self._run(builder, tools, ("search_images", *names), None, started)
        asked = replace(asked, focus=(again,)) if again is not None else asked
        parsed = yield from fill_offline(form, builder, run, names, asked)
        if builder.claims and not new and (older := self._attached_before(referred, again)):
            builder.say(f"This is about {older}, which was attached before.")
        answer = builder.finished(seconds=time.monotonic() - started)
        yield from parts_of_answer(replace(answer, parsed=parsed))

    def _by_model(
        self,
        question: str,
        new: Sequence[AttachmentInfo],
        referred: ResolvedReference,
        tools: Sequence[Tool],
        form: ResponseFormat | None,
        trace: Trace,
    ) -> Iterator[Event]:
        from mm_agents.agent.llm.loop import run_model

        chat, own = self.agent.chat_model, self.agent.instructions
        assert chat is not None
        events = run_model(
            question,
            attachments=new,
            tools=tools,
            chat=chat,
            plan=self._foreseen(in_english(question, self._language), new, referred),
            budget=self.agent.budget,
            history=self.history,
            handed=self._handed,
            instructions=own if form is None else f"{own}\n\n{wanted_fields(form)}".strip(),
            on_call=trace.model_called,
        )
        if form is None:
            return events
        budget = self.agent.budget or Budget()
        filling = ModelFilling(
            format=form,
            chat=chat,
            tools=tools,
            attachments=new,
            budget=budget,
            instructions=own,
            on_call=trace.model_called,
        )
        return filling.follow(events)

    # ------------------------------------------------------------ helpers

    def _aggregations(
        self, question: str, new: Sequence[AttachmentInfo], referred: ResolvedReference
    ) -> list[Aggregation]:
        """What a question asks of all files of a kind, where the tool for that is there."""
        if AGGREGATE not in by_name(self.agent.tools) or any(one.kind in ("video", "audio", "text") for one in new):
            return []
        focus = [thing.id for thing in referred.things] if not new else []
        if not new and (of_films := file_questions.film_aggregation(question, self.agent.films, focus)) is not None:
            return [of_films]
        if not new and (
            of_file := file_questions.file_aggregation(question, [(one.id, one.name) for one in referred.things])
        ):
            return [of_file]
        focus = focus if referred.explicit else []
        asked = aggregations_of(
            question,
            attached=[one.name for one in new],
            focus=focus,
            folders=lambda: file_questions.folders_of(self.agent.library),
            files=lambda: file_questions.names_of(self.agent.library),
        )
        seen = not any(one.shown for one in asked) or self.agent.library.count(where=Condition("objects", "exists"))
        return asked if seen else []

    def _foreseen(
        self, question: str, new: Sequence[AttachmentInfo], referred: ResolvedReference
    ) -> tuple[str, ...] | None:
        """The plan for a chat model, made without it; None where that cannot be done here."""
        try:
            alone = None if new else self.memory.asked_anew(self.agent.planner, question, referred)
            if alone is not None:
                _, reader = self.memory.read_before(alone.tools, question, anew=True)
                return (*([reader] if reader else []), *alone.tools)
            planned = self.memory.planned_after(self.agent.planner.plan(question, new).tools, question, referred)
            return (AGGREGATE, *planned) if self._aggregations(question, new, referred) else planned
        except (MissingExtraError, EmbedderError):
            return None

    def _attach(self, paths: Sequence[str | Path]) -> list[AttachmentInfo]:
        if not paths:
            return []
        self.attachments = self.attachments.with_files(paths)
        hashes = {one.file.sha256 for one in Attachments.open(paths)}
        new = [one for one in self.attachments if one.file.sha256 in hashes]
        self._note_attached(new)
        return new

    def _note_attached(self, new: Iterable[AttachmentInfo]) -> None:
        things = [ReferencedItem(id=one.name, name=one.name, media_type=one.kind) for one in new]
        self.memory.attach(things)
        self._handed.add(*(thing.id for thing in things))

    def _note(self, answer: Answer, attached: tuple[str, ...]) -> None:
        self.memory.note(answer, tools_to_follow(answer))
        self._attached.append(attached)

    def _bound(self, one: Tool) -> Tool:
        """The tool, which knows this conversation's attachments and ids while it runs."""

        def function(**arguments: Any) -> Any:
            with bound_to_conversation(self.attachments, self._handed):
                return one.function(**arguments)

        return replace(one, function=function)


def _seen(new: Sequence[AttachmentInfo], referred: ResolvedReference) -> Sequence[AttachmentInfo | ReferencedItem]:
    """What the planner is shown as attached: the files that came with a question, else what it points back to."""
    return new or referred.things[:1]


def _attached(one: AttachmentInfo) -> AttachedFile:
    path = str(one.file.path) if one.file.path is not None else None
    return AttachedFile(name=one.name, path=path, sha256=one.file.sha256)


def _root(library: Library) -> str | None:
    return str(library.root.absolute()) if library.root is not None else None


def _begun(question: str, *, cut: bool, foreign: bool = False) -> AnswerBuilder:
    """An answer with nothing in it but, where a question was cut, that it was."""
    builder = AnswerBuilder(question, foreign=foreign)
    if cut:
        builder.say(f"Only the first {PARAMETERS.longest} characters of the question were read.")
    return builder
