"""Runs a plan without a chat model: calls the planned tools in order and builds claims from their results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mm_agents._text import parts_of
from mm_agents.agent.aggregation import AGGREGATE
from mm_agents.agent.aggregation_rendering import is_empty, render_aggregate
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.arguments import filled
from mm_agents.agent.conditions import in_words
from mm_agents.agent.events import Event
from mm_agents.agent.file_questions import nearest_films, tell_recommended
from mm_agents.agent.hit_details import has_table, mixes_cells, pages_among, places_of, tables_among, that_may_tell
from mm_agents.agent.nearest_place import tell_unread
from mm_agents.agent.nearest_text import tell_nearest
from mm_agents.agent.planner import Order, search_for
from mm_agents.agent.query_analysis import (
    QuestionContext,
    about_speech,
    asks_over_all,
    asks_rule,
    compares,
    form_of,
    is_for_text,
    is_meant,
    only_medium,
    points_back,
    questions_in,
    said_of,
    says,
    says_something,
    subject_of,
    task_of,
    wants_several,
    wants_whole,
    without_names,
    without_number,
)
from mm_agents.agent.rendering import (
    likeness,
    render_checks,
    render_described,
    render_document_answer,
    render_flowchart,
    render_heard,
    render_hidden_text,
    render_hits,
    render_invoice,
    render_nothing,
    render_passage,
    render_table,
    render_text,
    tell_listed,
    tell_not_looked_at,
)
from mm_agents.agent.tool_calls import ToolCalls
from mm_agents.agent.tool_roles import (
    ALSO,
    ASKABLE,
    DESCRIBE,
    EVERYWHERE,
    INSTEAD,
    LISTEN,
    QUOTE,
    READERS,
    SEARCHES,
    SPEECH,
    STRICT,
)
from mm_agents.documents.text_questions import is_about_text
from mm_agents.errors import MMAgentsError
from mm_agents.languages import ENGLISH
from mm_agents.media import load_text
from mm_agents.tools import Tool, ToolResult

if TYPE_CHECKING:
    from mm_agents.agent.hit_details import HitDetails
    from mm_agents.security.policy import ToolPolicy

_CANDIDATES = 5
"""How many of the nearest documents are read before giving up."""

_UNLIKELY = 2
"""How many are, where none of them is near enough to what is asked."""

_SEARCHED = 8
_NOT_COMPARED = (
    "I don't know: that takes all documents of a kind, and of those I count, add up and compare amounts and dates "
    "alone. Attach one, or name its file."
)


class OfflineRun:
    """One question's work.

    Args:
        tools: by name.
        gate: decides which calls go through.
        builder: what the answer is put together in.
        calls: how many calls may be made.
        until: the time, as ``time.monotonic`` tells it, after which no call is made.
        hit_details: looks at the best hits of a search again, where there is one.
        language: of the question, by its code; None where nothing tells it.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        gate: ToolPolicy,
        builder: AnswerBuilder,
        *,
        calls: int = 16,
        until: float = float("inf"),
        hit_details: HitDetails | None = None,
        language: str | None = None,
    ) -> None:
        self._tools, self._builder, self._hit_details, self._language = tools, builder, hit_details, language
        self._calls = ToolCalls(tools, gate, builder, most=calls, until=until, language=language)
        self._call, self._say_failed, self._texts = self._calls.call, self._calls.say_failed, self._calls.texts
        self._reason: str | None = None  # why the document that was read last does not answer, and its name
        self._unread: str | None = None

    def run_orders(self, orders: Sequence[Order], asked: QuestionContext) -> Iterator[Event]:
        """Do the parts of a question one after the other; "it" in one is what the part before it found.

        Where some parts are answered, those that are not are named.
        """
        silent: list[str] = []
        told = questions_in(asked.text)
        if len(told) == len(orders):
            orders = [replace(order, text=text) for order, text in zip(orders, told, strict=True)]
        for order in orders:
            before, claims = len(self._calls.assets), len(self._builder.claims)
            given = self._for_order(order, asked)
            yield from self.run(order.tools, given)
            found = self._calls.assets[before:]
            if found and not asked.attachments and set(order.tools) & SEARCHES.keys():
                asked = replace(asked, focus=tuple(found[:1]))
            if len(self._builder.claims) == claims:
                silent.append(order.text)
        for part in silent if self._builder.claims else ():
            if f"“{part}”" not in self._builder.text and part not in self._builder.parts_answered:
                self._builder.not_answered(part)

    def _for_order(self, order: Order, asked: QuestionContext) -> QuestionContext:
        """What is known for one part: what is attached or shown is for the part that reads or compares it."""
        asks = replace(asked, text=order.text).asks_attached(order.tools)
        if set(order.tools) & SEARCHES.keys() and not points_back(order.text) and not asks:
            return replace(asked, text=order.text, attachments=(), focus=())
        return replace(asked, text=order.text)

    def run(self, names: Sequence[str], asked: QuestionContext) -> Iterator[Event]:
        """Call the planned tools and put what they give into the answer."""
        found: ToolResult | None = None
        self._tell_condition(names, asked)
        if (yield from self._ask_known(names, asked)):
            return
        for place, name in enumerate(names):
            following = names[place + 1] if place + 1 < len(names) else None
            reads = following in READERS or following == DESCRIBE
            if name in SEARCHES and reads and following and self._given(following, asked):
                continue  # what is to be read is known already
            if name in SEARCHES and not reads:
                tell_not_looked_at(self._builder, asked.text)
            if name == "search_text" and not reads and len(questions := questions_in(asked.text)) > 1:
                yield from self._search_each(name, asked, questions)
            elif name in SEARCHES:
                found = yield from self._search(name, asked, to_read=following)
            elif name == "recommend":
                yield from tell_recommended(self._builder, self._call, asked)
            elif name == LISTEN:
                yield from self._listen(asked)
            elif name == QUOTE:
                yield from self._quote(asked)
            elif name in READERS or name == DESCRIBE:
                yield from self._read(name, asked, found if place and names[place - 1] in SEARCHES else None)
            else:
                yield from self._other(name, asked)

    def _ask_known(self, names: Sequence[str], asked: QuestionContext) -> Iterator[Event | Any]:
        """Ask what is attached, else what was read last, where a question may be about it; whether that answers."""
        formed = form_of(task_of(asked.text)) is not None  # "what does the contract say?" wants no table as a whole
        for source in asked.pages if asked.asks_attached(names) else ():
            if not formed and (yield from self._read_one("read_table", asked, source, sure=True)):
                return True
            if (yield from self._quote_each(asked, source)):
                return True
        if asked.again is None or asked.attachments or asked.focus:
            return False
        reader = asked.reader or next((name for name in names if name in READERS), None)
        return reader is not None and (yield from self._read_one(reader, asked, asked.again, sure=False))

    def _tell_condition(self, names: Sequence[str], asked: QuestionContext) -> None:
        """Say which films are looked at, or that none of the tools looks at the condition."""
        if not asked.where:
            return
        said = in_words(asked.where)
        if any(name in self._tools and "where" in self._tools[name].arguments.model_fields for name in names):
            self._builder.say(f"Only films with {said} are looked at.")
        else:
            self._builder.leave_out(said, f"Not looked at: “{said}”.")

    def aggregate(self, asked: QuestionContext) -> Iterator[Event | Any]:
        """Answer what is asked of all files of a kind; whether that could be told."""
        for aggregation in asked.aggregations:
            if aggregation.sought and (aggregation := (yield from nearest_films(self._call, aggregation))) is None:
                return False
            result = yield from self._call(AGGREGATE, aggregation.arguments, fixed=True)
            if result is None:
                self._say_failed()
            elif is_empty(result, aggregation):
                return False
            else:
                render_aggregate(self._builder, result, aggregation)
        return bool(asked.aggregations)

    # ------------------------------------------------------------ searching

    def _search(self, name: str, asked: QuestionContext, *, to_read: str | None) -> Iterator[Event | Any]:
        """Search and tell what was found, unless it is to be read; a generator that returns the result."""
        hop = to_read in READERS or to_read == DESCRIBE
        asked = asked.by_itself if name == "search_text" and asked.leans else asked
        arguments = self._search_arguments(name, asked, to_read=to_read, hop=hop)
        result = yield from self._call(name, arguments)
        if result is None:
            return None
        if hop or (yield from self._told(name, asked, arguments, result, strict=asks_rule(asked.text))):
            return result
        is_held = bool(result.payload["hits"])  # where no file is of its kind, the question is for another search
        for instead in INSTEAD.get(name, ()) if [*arguments] == ["query"] else ():
            if instead not in self._tools or (instead == "search_images" and is_for_text(asked.text)):
                continue
            other = yield from self._call(instead, arguments)
            strict = instead in STRICT
            if other is not None and (
                yield from self._told(instead, asked, arguments, other, strict=strict, second=is_held)
            ):
                return other
        sought = said_of(asked.text) if name == SPEECH else subject_of(asked.text)
        render_nothing(self._builder, that_may_tell(name, result, asked.text), SEARCHES[name], sought)
        return result

    def _search_each(self, name: str, asked: QuestionContext, questions: Sequence[str]) -> Iterator[Event]:
        """Search for the answer of each question of a text, and name those that have none."""
        for question, before in zip(questions, ("", *questions), strict=False):
            claims, first = len(self._builder.claims), self._builder.length
            part = replace(asked, text=question, before=before)
            yield from self._search(name, part, to_read=None)
            if len(self._builder.claims) == claims and not (yield from self.show_nearest(part, first)):
                self._builder.not_answered(question)
        if (amounts := says("two_amounts", asked.text)) is not None:
            self._builder.not_answered(amounts["than"])

    def show_nearest(self, asked: QuestionContext, first: int = 0) -> Iterator[Event | Any]:
        """Quote the text that is nearest to what nothing answered, as ``tell_nearest``; whether one is near enough."""
        if self._hit_details is None or "search_text" not in self._tools:
            return False
        details, language = self._hit_details, self._language
        return (yield from tell_nearest(self._builder, self._call, details, asked, first=first, language=language))

    def _told(
        self,
        name: str,
        asked: QuestionContext,
        arguments: Mapping[str, Any],
        result: ToolResult,
        *,
        strict: bool = False,
        second: bool = False,
    ) -> Iterator[Event | Any]:
        """Tell what a search found, with a closer look at it; whether anything was worth telling.

        Args:
            name: of the search.
            asked: the question.
            arguments: of the search.
            result: what it gave.
            strict: as of ``render_hits``.
            second: whether the question was for another search, so that a text has to say every word of it.
        """
        if only_medium(asked.text) and not asked.attachments:
            return tell_listed(self._builder, result, SEARCHES[name])
        for source in tables_among(result) if name == "search_text" else ():
            if (yield from self._read_one("read_table", asked, source, sure=False)):
                return True
        if name == "search_images" and (yield from self._ask_pages(result, asked)):
            return True
        if self._hit_details is not None:
            result = self._hit_details.look(name, result, asked.text, self._language, anywhere=strict or second)
            best = next(iter(result.payload["hits"]), {})
            if second and best.get("lacks" if best.get("is_spoken") else "unsaid"):
                return False
            doubted = name == "search_text" and not second and (best.get("lacks") or best.get("unsaid"))
            if doubted and says("asks", asked.text) and "search_images" in self._tools:  # it may be written on a scan
                scans = yield from self._call("search_images", {"query": subject_of(asked.text)})
                if scans and (yield from self._ask_pages(scans, asked)):
                    return True
            if doubted and best.get("lacks") and SPEECH in self._tools:
                said = yield from self._call(SPEECH, {"query": subject_of(asked.text)})  # it may not be written
                if said and (yield from self._told(SPEECH, asked, arguments, said, strict=True, second=True)):
                    return True
        if name == "search_text":
            result = yield from self._placed(result)
        compared = "query" not in arguments or not {"image", "video"}.isdisjoint(arguments) or name == "search_posters"
        several = wants_several(asked.text)
        return render_hits(self._builder, result, SEARCHES[name], several=several, compared=compared, strict=strict)

    def _placed(self, result: ToolResult) -> Iterator[Event | Any]:
        """What was found, with the places of the passage where the best is a page of a PDF."""
        hits = list(result.payload["hits"])
        if not hits or hits[0]["media_type"] != "pdf" or not hits[0].get("says") or hits[0].get("lacks"):
            return result
        read = yield from self._call(QUOTE, {"source": hits[0]["id"], "page": hits[0]["page"]})
        if read is not None:
            hits[0] = {**hits[0], "places": places_of(read, hits[0]["says"])}
        return replace(result, payload={**result.payload, "hits": hits})

    def _ask_pages(self, result: ToolResult, asked: QuestionContext) -> Iterator[Event | Any]:
        """Ask the pages with writing among the pictures that were found; whether one answers."""
        for source in pages_among(result, asked.text) if says("asks", asked.text) else ():
            if (yield from self._read_one("read_table", asked, source, sure=False)):
                return True
            if (yield from self.quote_passage(asked, source, sure=False)):
                return True
        return False

    def look(self, asked: QuestionContext) -> Iterator[Event | Any]:
        """Look everywhere for what no tool seems to be for, and tell what is near enough; whether anything was."""
        names = [name for name in EVERYWHERE if name in self._tools]
        asks = says("asks", asked.text) or (self._language not in (None, ENGLISH) and says("asks_abroad", asked.text))
        if asks:
            names.reverse()  # what is asked as a question is likelier written than pictured
        if compares(asked.text):
            if not (says("asks", asked.text) and (yield from self._read_text(asked))):
                self._builder.say(_NOT_COMPARED)
            return True
        if medium := only_medium(asked.text):
            names = [name for name in names if name == search_for(medium)] or names
        elif not says_something(asked.text):
            return False
        if asked.where:
            names = [name for name in names if "where" in self._tools[name].arguments.model_fields]
            self._tell_condition(names, asked)
        told = False
        for name in names:
            if told and asks:
                break
            arguments = self._search_arguments(name, asked, to_read=None, hop=False)
            result = yield from self._call(name, arguments)
            if result is not None and result.payload.get("hits"):
                told = (yield from self._told(name, asked, arguments, result, strict=True)) or told
        return told

    def _search_arguments(self, name: str, asked: QuestionContext, *, to_read: str | None, hop: bool) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        takes = self._tools[name].arguments.model_fields
        like = {"image": ("image",), "video": ("video",)}
        for argument, kinds in like.items():
            given = [one.name for one in asked.attachments if one.kind in kinds]
            if argument in takes and given and not hop:
                arguments[argument] = given[0]
        if not arguments and asked.focus and "image" in takes and not hop and says("like", asked.text):
            arguments["image"] = asked.focus[0]
        if arguments and (but := says("but_with", asked.text)) is not None:
            arguments["query"] = but["what"]
        if not arguments or name == "search_text":
            arguments = {"query": said_of(asked.text) if name == SPEECH else subject_of(asked.text)}
        if asked.where and "where" in takes:
            arguments["where"] = asked.where
        if name == "search_text" and says("films", asked.text):
            arguments["among"] = "films"
        elif name == "search_text" and (only_medium(asked.text) or asks_rule(asked.text)):
            arguments["among"] = "documents"
        if to_read == "read_hidden_text" and "plain" in takes:
            return {"plain": True, "limit": _CANDIDATES}
        if hop:
            arguments["limit"] = _SEARCHED
            if "pdf" in takes:
                arguments["pdf"] = True
        return arguments

    # ------------------------------------------------------------ reading

    def _read(self, name: str, asked: QuestionContext, found: ToolResult | None) -> Iterator[Event]:
        """Read what is attached or meant; else the nearest documents, until one answers."""
        given = self._given(name, asked)
        if name == DESCRIBE:
            if asked.attachments and not says("pictured", asked.text) and (yield from self.ask_attached(asked)):
                return
            yield from self._describe(asked, given, found)
            return
        if given:
            for source in given:
                yield from self._read_given(name, asked, source)
            return
        if found is None:
            found = yield from self._find(name, asked)
        if asks_over_all(task_of(asked.text)):
            self._builder.say(_NOT_COMPARED)
            return
        candidates = self._candidates(name, asked, found)
        if name == "read_invoice" and says("of_no_invoice", asked.text) and (yield from self._tell_several(candidates)):
            return
        for source in candidates:
            if (yield from self._read_one(name, asked, source, sure=False)):
                return
        if (yield from self._read_text(asked)):
            return
        task, why = task_of(asked.text).strip(" ?"), f" {self._reason}" if self._reason else ""
        self._builder.say(f"I don't know: no {READERS[name]} was found here that answers “{task}”.{why}")

    def _tell_several(self, sources: Sequence[str]) -> Iterator[Event | Any]:
        """Say that a question such as "what is the total?" may be about several invoices; whether it may."""
        names: list[str] = []
        for source in sources:
            result = yield from self._call("read_invoice", {"source": source})
            names += [result.payload["source"]["name"]] if result is not None else []
            if len(names) > 1:
                self._builder.say(f"I don't know which invoice is meant: {' and '.join(names)} are two that are here.")
                return True
        return False

    def read_whole(
        self, names: Sequence[str], asked: QuestionContext, fits: Callable[[str, ToolResult], bool]
    ) -> Iterator[Event | Any]:
        """Read the documents that are given, else the nearest ones, without a question, until one fits.

        Args:
            names: of the readers, the likeliest first.
            asked: the question.
            fits: whether what a reader read is what is wanted.

        Returns:
            The reader's name and what it read; None where nothing fits.
        """
        sources = given = asked.pages or list(asked.focus)
        if not given and not asked.attachments:
            sources = self._candidates(names[0], asked, (yield from self._find(names[0], asked)))
        for source in sources:
            for name in names:
                result = yield from self._call(name, {"source": source})
                if result is None:
                    continue
                if not given and not is_meant(result.payload, asked.text, self._texts.get(source, "")):
                    break
                if fits(name, result):
                    return name, result
        return None

    def _read_given(self, name: str, asked: QuestionContext, source: str) -> Iterator[Event]:
        """Read a document that is attached or meant; where it is of another kind, by the reader of that kind."""
        for reader in (name, *ALSO.get(name, ())):
            if (yield from self._read_one(reader, asked, source, sure=True)):
                return
        step = next(one for one in reversed(self._builder.route) if one.tool == name)
        if name == "read_hidden_text" and step.error is None:
            return (yield from self._tell_plain(asked, source))
        others = step.error is not None and not step.refused and name in ASKABLE
        if others and (yield from self._read_as_any(asked, source, tried=name)):
            return
        quotes = others or (name == "read_invoice" and self._reason is None)
        if not quotes or not (yield from self.quote_passage(asked, source, sure=others)):
            is_read = any(one.error is None for one in self._builder.route if one.tool in ASKABLE)
            self._say_unread(None if is_read else step.error, asked)

    def _tell_plain(self, asked: QuestionContext, source: str) -> Iterator[Event]:
        """Where nothing is hidden, tell what a page says: the values of an invoice, else all its words."""
        if says("faint", asked.text):
            self._builder.say(f"No hidden text was found in {source}.")
        elif (invoice := (yield from self._call("read_invoice", {"source": source}))) is not None:
            render_invoice(self._builder, invoice, None)
            render_checks(self._builder, invoice)
        elif (described := (yield from self._call(DESCRIBE, {"source": source}))) is not None:
            render_described(self._builder, described)

    def ask_attached(self, asked: QuestionContext) -> Iterator[Event | Any]:
        """Ask attached or named files what no tool seems to be for; whether one answers, or says why not."""
        attached = asked.pages
        sources = attached if asked.attachments else asked.focus
        for source in (
            sources[:_CANDIDATES] if says("asks", asked.text) or says_something(subject_of(asked.text)) else ()
        ):
            if (yield from self._read_as_any(asked, source)):
                return True
        for source in attached:
            if (yield from self.quote_passage(asked, source)):
                return True
            if self._unread is not None:
                self._say_unread(None, asked)
                return True
        if attached or QUOTE not in self._tools or all(one.kind != "text" for one in asked.attachments):
            return False
        yield from self._quote(asked)
        return True

    def _read_as_any(self, asked: QuestionContext, source: str, *, tried: str | None = None) -> Iterator[Event | Any]:
        """Ask the readers one by one; whether one answers, or the document is an invoice and says why not."""
        for name in ASKABLE:
            if name == tried or name not in self._tools:
                continue
            if (yield from self._read_one(name, asked, source, sure=True)):
                return True
            if name == "read_invoice" and self._builder.route[-1].error is None:
                if self._reason or not (yield from self.quote_passage(asked, source, sure=False)):
                    self._say_unread(None, asked)
                return True
        return False

    def _say_unread(self, error: str | None, asked: QuestionContext) -> None:
        """Say why a document does not answer: it cannot be read as what it was taken for, or does not say it."""
        if error is not None:
            return self._builder.say(f"I don't know: {error}")
        name, details = self._unread or "", self._hit_details
        read, compare = self._calls.readings.get(name, ()), details and details.embedder_for(self._language)
        return tell_unread(self._builder, name, self._reason, asked=asked, readings=read, embedder=compare)

    def _read_text(self, asked: QuestionContext) -> Iterator[Event | Any]:
        """Look among the texts, and what is said, for what no scan answers; whether one is near enough."""
        for name in (one for one in ("search_text", SPEECH) if one in self._tools):
            result = yield from self._call(name, {"query": subject_of(asked.text)})
            if result is not None and (
                yield from self._told(name, asked, {"query": ""}, result, strict=True, second=name == SPEECH)
            ):
                return True
        return False

    def _given(self, name: str, asked: QuestionContext) -> list[str]:
        kinds = self._tools[name].attachments
        return [one.name for one in asked.attachments if one.kind in kinds] or list(asked.focus)

    def _find(self, name: str, asked: QuestionContext) -> Iterator[Event | Any]:
        """Search for the document that a question is about."""
        if "search_images" not in self._tools:
            return None
        named = {"query": subject_of(asked.text), "limit": _SEARCHED, "pdf": True}
        arguments = {"plain": True, "limit": _CANDIDATES} if name == "read_hidden_text" else named
        return (yield from self._call("search_images", arguments))

    def _candidates(self, name: str, asked: QuestionContext, found: ToolResult | None) -> list[str]:
        """The ids of what a search found that may be such a document, the likeliest first."""
        hits = list(found.payload["hits"]) if found is not None else []
        if name != "read_hidden_text":
            texts = {vector for vector, role in asked.roles.items() if role == "text"}
            wordy = [hit for hit in hits if hit["text"] or any(one["vector"] in texts for one in hit["found_by"])]
            hits = wordy or hits
            seen = {vector for vector, role in asked.roles.items() if role == "image"}
            sure = [hit for hit in hits if likeness(hit, but=seen).carries]
            hits = sure[:_CANDIDATES] or hits[:_UNLIKELY]
        return [hit["id"] for hit in hits[:_CANDIDATES]]

    def _read_one(self, name: str, asked: QuestionContext, source: str, *, sure: bool) -> Iterator[Event | Any]:
        """Read one document and tell what it answers; whether it did.

        Args:
            name: of the reader.
            asked: the question.
            source: the document's id or name.
            sure: whether the question is about this document, so that nothing else has to say that it is.
        """
        task = task_of(asked.text, given=sure)
        # "What does it say about that, and what is the total?" asks an invoice for values, not for a form of it.
        values = name == "read_invoice" and (len(parts_of(task)) > 1 or says("of_items", task))
        form = None if values or says("by_hand", task) else form_of(task)
        arguments: dict[str, Any] = {"source": source}
        if "question" in self._tools[name].arguments.model_fields and form is None:
            # A table's rows have names and numbers themselves; of other documents they say which one is meant.
            named = task if sure else without_names(task)
            arguments["question"] = task if name == "read_table" else asked.as_asked(name, without_number(named))
        result = yield from self._call(name, arguments)
        if result is None:
            return False
        if not sure and not is_meant(result.payload, asked.text, self._texts.get(source, "")):
            return False
        told = self._tell(name, result, form)
        if told:
            render_checks(self._builder, result)
        return told

    def _tell(self, name: str, result: ToolResult, form: str | None) -> bool:
        if name == "read_hidden_text":
            return render_hidden_text(self._builder, result)
        if render_document_answer(self._builder, result):
            return True
        answered = result.payload.get("answered")
        if answered is not None and not wants_whole(answered["question"]):
            self._reason, self._unread = answered.get("reason") or self._reason, result.payload["source"]["name"]
            return False
        teller = {"read_invoice": render_invoice, "read_table": render_table, "read_flowchart": render_flowchart}[name]
        teller(self._builder, result, form)
        return True

    def _describe(self, asked: QuestionContext, given: Sequence[str], found: ToolResult | None) -> Iterator[Event]:
        if not (sources := list(given)):
            if found is None:
                found = yield from self._find(DESCRIBE, asked)
            hits = [] if found is None else found.payload["hits"]
            sources = [hit["id"] for hit in hits if likeness(hit).carries][:1]
            if not sources:
                if found is not None:
                    render_nothing(self._builder, found, "picture", subject_of(asked.text))
                return
        pairs = [sources[:2]] if len(sources) > 1 and says("comparison", asked.text) else [[one] for one in sources[:3]]
        for pair in pairs:
            arguments = {"source": pair[0], "question": asked.text} | ({"other": pair[1]} if len(pair) > 1 else {})
            result = yield from self._call(DESCRIBE, arguments)
            if result is not None:
                render_described(self._builder, result)
            else:
                self._say_failed()

    def _listen(self, asked: QuestionContext) -> Iterator[Event]:
        about = {"about": about} if (about := about_speech(asked.text)) else {}
        for source in self._given(LISTEN, asked):
            result = yield from self._call(LISTEN, {"source": source} | about)
            if result is not None:
                render_heard(self._builder, result)
            else:
                self._say_failed()

    def _quote(self, asked: QuestionContext) -> Iterator[Event]:
        whole, task = says("all_of_it", asked.text) is not None, task_of(asked.text)
        texts = dict(self._texts)
        for one in asked.attachments if not whole else ():
            with suppress(MMAgentsError):  # the tool says why a file cannot be read
                texts |= {one.name: load_text(one.file)} if one.kind == "text" and not has_table(one.name) else {}
        for source in self._given(QUOTE, asked):
            table = not whole and has_table(source, texts.get(source, ""))
            if table and (yield from self._read_one("read_table", asked, source, sure=True)):
                continue
            if not whole and not is_about_text(task):
                if not (yield from self.quote_passage(asked, source)):
                    self._say_unread(self._builder.route[-1].error, asked)
                continue
            result = yield from self._call(QUOTE, {"source": source, "question": task})
            if result is not None:
                render_text(self._builder, result, whole=whole)
            else:
                self._say_failed()

    def _quote_each(self, asked: QuestionContext, source: str) -> Iterator[Event | Any]:
        """Quote what answers each question of a text; where one is answered, those that are not are named."""
        read = yield from self._call(QUOTE, {"source": source})
        questions = questions_in(asked.text)
        silent = [question for question in questions if not self._tell_passage(read, question)]
        for question in silent if len(silent) < len(questions) else ():
            self._builder.not_answered(question)
        return len(silent) < len(questions)

    def quote_passage(self, asked: QuestionContext, source: str, *, sure: bool = True) -> Iterator[Event | Any]:
        """Read all words of a text, picture or PDF, and quote the passage that answers, as ``_tell_passage``."""
        read = yield from self._call(QUOTE, {"source": source})
        return self._tell_passage(read, asked.text, sure=sure)

    def _tell_passage(self, read: ToolResult | None, question: str, *, sure: bool = True) -> bool:
        """Quote the passage that answers of what was read; whether one does.

        Args:
            read: all words of a document; None where it could not be read.
            question: as it was asked.
            sure: whether the question is about this document, so that the passage need not say all of its words.
        """
        self._unread = self._reason = None
        if read is None or self._hit_details is None or not read.payload["reading"]["text"].strip():
            return False
        said = self._hit_details.passage(read, question, self._language)
        self._unread = said["name"]
        if "says" not in said or said["lacks"] or (said["unsaid"] and not sure):
            self._reason = f"it says no {said['lacks']}." if said.get("lacks") else None
            return False
        places = places_of(read, said["says"]) if said["media_type"] != "text" else []
        if mixes_cells(places, self._calls.cells(read.payload["source"]["name"])):
            return False
        render_passage(self._builder, said, places or [replace(read.evidence[0], quote=said["says"], box=None)])
        return True

    # ------------------------------------------------------------ a user's own tools

    def _other(self, name: str, asked: QuestionContext) -> Iterator[Event]:
        """A tool that is not of the toolbox: called where the question alone can fill its arguments."""
        given = filled(asked.text, self._tools[name], [one.name for one in asked.attachments])
        if given.missing:
            self._builder.say(f"To use {name}, I need to know its {' and its '.join(given.missing)}.")
            return
        arguments = dict(given.arguments)
        result = yield from self._call(name, arguments)
        if result is None:
            self._say_failed()
            return
        numbers = [self._builder.cite(one, name=one.path or name, media_type="text") for one in result.evidence]
        self._builder.claim(result.text, numbers, doubt=f"what {name} says; it is not checked")
