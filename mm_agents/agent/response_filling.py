"""Fills a response format from the sources of an answer; each value is a claim, and code checks it as any other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from mm_agents._retry import call_with_timeout
from mm_agents._text import excerpt
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.answer_data import Claim, Cost, ModelCall, Outcome
from mm_agents.agent.budget import Budget, BudgetTracker
from mm_agents.agent.events import Called, Event, Finished, Planned, Returned, parts_of_answer
from mm_agents.agent.field_matching import document_list, document_matches, fitting, matches, same_value
from mm_agents.agent.grounding.read_again import READS
from mm_agents.agent.grounding.read_values import ReadValue, values_read
from mm_agents.agent.grounding.sources import SourceRegistry
from mm_agents.agent.grounding.statements import Statement, cite, judge
from mm_agents.agent.llm import prompts
from mm_agents.agent.rendering import render_checks
from mm_agents.agent.response_format import EACH, Path, ResponseField, ResponseFormat, dotted, flattened, rows_of
from mm_agents.chat import fenced
from mm_agents.documents.invoice.field_names import spelled_out
from mm_agents.errors import ChatError
from mm_agents.security.injection import screen
from mm_agents.tools import ToolResult
from mm_agents.types import Box, Evidence

if TYPE_CHECKING:
    from mm_agents.agent.executor import OfflineRun
    from mm_agents.agent.query_analysis import QuestionContext
    from mm_agents.chat import ChatModel
    from mm_agents.toolbox import AttachmentInfo
    from mm_agents.tools import Tool

FILLING = ("read_invoice", "read_table")
"""The tools whose readings have fields and cells, in the order in which a document of unknown kind is read."""

_SHOWN = 60  # characters of a value that a reason shows
_NOT_FOUND = "Its value was not found."
_ONE_DOCUMENT = (
    "The fields are filled from one document. For several, give the format a list of models, one for each: "
    "invoices: list[Invoice]."
)


def values_of_result(tool: str, result: ToolResult) -> list[ReadValue]:
    """The values of the document that a tool has read; none for other tools."""
    reading = result.payload.get("reading")
    if tool not in FILLING or not isinstance(reading, Mapping) or not result.evidence:
        return []
    return values_read(READS[tool], reading)  # pyright: ignore[reportUnknownArgumentType]


class Filler:
    """Puts values and their claims together.

    Args:
        format: what is filled.
        builder: gets the claims.
    """

    def __init__(self, format: ResponseFormat, builder: AnswerBuilder) -> None:
        self.format: ResponseFormat = format
        self._builder = builder
        self.values: dict[Path, Any] = {}
        self._reasons: dict[str, str] = {}

    def read(self, path: Path, value: ReadValue, result: ToolResult) -> None:
        """Fill a field with what was read in a document; a value that reads like an instruction is left out."""
        field = self.format.field_at(path)
        converted = fitting(field, value) if field is not None else None
        if converted is None:
            return
        if screen(value.value)[1]:
            self.refuse(path, "What stands there reads like an instruction.")
            return
        source, like = result.payload["source"], result.evidence[0]
        numbers = [
            self._builder.cite(_evidence(place, like), name=source["name"], media_type=source["media_type"])
            for place in value.places
        ]
        self._builder.claim(
            value.sentence,
            numbers,
            why=value.note or f"read in {source['name']}",
            doubt=None if value.verified else value.note or "not verified",
            subject=source["name"],
            attribute=value.name if value.part == "field" else None,
            field=dotted(path),
            line=f"- {value.sentence}",
        )
        self.values[path] = converted

    def state(self, path: Path, value: Any, claim: Claim, numbers: Sequence[int]) -> None:
        """Fill a field with what a chat model has said and code has checked."""
        self._builder.claim(
            claim.text,
            numbers,
            why=claim.why,
            doubt=claim.why if claim.kind == "unsupported" else None,
            computed=claim.computed,
            kind=None if claim.kind == "unsupported" else claim.kind,
            field=dotted(path),
            line=f"- {claim.text}",
        )
        self.values[path] = value

    def refuse(self, path: Path, reason: str) -> None:
        """Note why a field has no value."""
        self._reasons[dotted(path)] = reason

    def finish(self) -> Any:
        """The instance, or None; fields without evidence are named as not answered."""
        parsed, faults = self.format.parse(self.values)
        missing = self.format.missing(self.values)
        for path in dict.fromkeys([*missing, *(fault for fault in faults if fault)]):
            reason = faults.get(path) if path not in missing else self._reasons.get(path, _NOT_FOUND)
            self._builder.not_answered(path, f"{reason}".rstrip(".") + ".")
        if "" in faults:  # a check of the whole model
            self._builder.not_answered(self.format.model.__name__, f"{faults['']}".rstrip(".") + ".")
        return parsed


def _evidence(place: Mapping[str, Any], like: Evidence) -> Evidence:
    """A place of a reading as evidence, of the same file as another."""
    return Evidence(
        asset=like.asset,
        path=like.path,
        sha256=like.sha256,
        how=place["how"],
        confidence=place["confidence"],
        quote=place["quote"],
        page=place["page"],
        box=Box(**dict(zip(("x0", "y0", "x1", "y1"), place["box"], strict=True))) if place["box"] else None,
    )


def fill_offline(
    format: ResponseFormat, builder: AnswerBuilder, run: OfflineRun, readers: Sequence[str], asked: QuestionContext
) -> Generator[Event, None, Any]:
    """Fill a response format from the document that a question is about.

    Args:
        format: what is filled.
        builder: gets the claims.
        run: makes the calls.
        readers: the tools that may read the document, the likeliest first.
        asked: the question.

    Returns:
        The instance; None where a field may not be without a value.
    """
    filler = Filler(format, builder)
    several = document_list(format)
    if several is not None and readers and len(_documents(asked)) > 1:
        yield from _fill_rows(*several, filler, builder, run, readers, asked)
        return filler.finish()
    found: tuple[str, ToolResult] | None = None
    if readers:
        found = yield from run.read_whole(readers, asked, lambda tool, read: bool(_found(format, several, tool, read)))
    if found is None:
        why = next((step.error for step in reversed(builder.route) if step.error is not None), None)
        builder.say(f"I don't know: no document has the fields of {format.model.__name__}.{f' {why}' if why else ''}")
        return filler.finish()
    tool, result = found
    name = result.payload["source"]["name"]
    builder.say(f"{name} reads:")
    for path, value in _found(format, several, tool, result).items():
        filler.read(path, value, result)
    parsed = filler.finish()
    for other in asked.attachments:
        if other.name != name:
            builder.not_answered(other.name, _ONE_DOCUMENT)
    render_checks(builder, result)
    return parsed


def _documents(asked: QuestionContext) -> list[str]:
    """The names of the documents that a question is about."""
    return [one.name for one in asked.attachments if one.kind in ("image", "pdf")] or list(asked.focus)


def _found(
    format: ResponseFormat, several: tuple[Path, ResponseFormat] | None, tool: str, result: ToolResult, row: int = 0
) -> dict[Path, ReadValue]:
    """The values of a document that fill a format; where it has a list of documents, as a row of that list."""
    values = values_of_result(tool, result)
    own = matches(format, values)
    if several is None or any(path[: len(several[0])] == several[0] for path in own):
        return own
    listed, inner = several
    return own if own else {(*listed, row, *path): one for path, one in document_matches(inner, values).items()}


def _fill_rows(
    listed: Path,
    inner: ResponseFormat,
    filler: Filler,
    builder: AnswerBuilder,
    run: OfflineRun,
    readers: Sequence[str],
    asked: QuestionContext,
) -> Iterator[Event]:
    """Fill a list with a row for each document."""
    row = 0
    for name in _documents(asked):
        attached = tuple(one for one in asked.attachments if one.name == name)
        one = replace(asked, attachments=attached, focus=() if attached else (name,))
        found = yield from run.read_whole(
            readers, one, lambda tool, read: bool(document_matches(inner, values_of_result(tool, read)))
        )
        if found is None:
            builder.not_answered(name, builder.route[-1].error or f"It has no fields of {inner.model.__name__}.")
            continue
        tool, result = found
        builder.say(f"{result.payload['source']['name']} reads:")
        for path, value in document_matches(inner, values_of_result(tool, result)).items():
            filler.read((*listed, row, *path), value, result)
        render_checks(builder, result)
        row += 1


# ---------------------------------------------------------------- with a chat model


@dataclass(frozen=True, kw_only=True)
class ModelFilling:
    """How a chat model fills a response format.

    Attributes:
        format: what is filled.
        chat: the model.
        tools: what was offered.
        attachments: what came with the question.
        budget: of the whole answer.
        instructions: the caller's.
        on_call: is given each request to the model when it is over.
    """

    format: ResponseFormat
    chat: ChatModel
    tools: Sequence[Tool]
    attachments: Sequence[AttachmentInfo]
    budget: Budget
    instructions: str = ""
    on_call: Callable[[ModelCall], None] | None = None

    def follow(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events of an answer, whose text and claims come when its fields are filled."""
        results: list[tuple[str, ToolResult]] = []
        for event in events:
            if isinstance(event, Returned) and event.result is not None:
                results.append((event.tool, event.result))
            if isinstance(event, Finished):
                yield from parts_of_answer(self._filled(event.answer, results))
            elif isinstance(event, Planned | Called | Returned):
                yield event

    def _filled(self, answer: Answer, results: Sequence[tuple[str, ToolResult]]) -> Answer:
        builder = AnswerBuilder(answer.question)
        for source in answer.sources:
            builder.cite(source.evidence, name=source.name, media_type=source.media_type)
        filler = Filler(self.format, builder)
        registry = SourceRegistry(
            tuple(one.name for one in self.tools), {one.name: (one.name, one.kind) for one in self.attachments}
        )
        told = [registry.take(tool, result) for tool, result in results]
        spent = self._left(answer.cost)
        if told and spent is not None:
            proposed = self._proposed(answer, told, spent, builder)
            _fill(filler, proposed, results, registry, answer.question, builder)
        elif told:
            builder.check("budget", "failed", "The budget was used up before the fields were asked for.")
        parsed = filler.finish()
        cost = spent.cost if spent is not None else Cost()
        return _joined(answer, builder, parsed, cost, spent.model_calls if spent is not None else ())

    def _left(self, cost: Cost) -> BudgetTracker | None:
        """What is left of the budget; None where nothing is."""
        calls, tokens = self.budget.calls - cost.calls, self.budget.tokens - cost.tokens
        seconds = self.budget.seconds - cost.seconds
        if calls < 1 or tokens < 1 or seconds <= 0:
            return None
        return BudgetTracker(replace(self.budget, tokens=tokens, seconds=seconds), self.chat, self.on_call)

    def _proposed(
        self, answer: Answer, told: Sequence[str], spent: BudgetTracker, builder: AnswerBuilder
    ) -> dict[Path, Any]:
        """The values that the model gives; none where it fails."""
        asked = prompts.with_instructions(prompts.FIELDS, self.instructions)
        prompt = "\n\n".join(
            [
                asked,
                f"The question: {answer.question}",
                f"The answer so far: {answer.text}",
                fenced("\n\n".join(told), what="What the tools found"),
            ]
        )
        try:
            with spent.asking("fields") as note:
                said = call_with_timeout(lambda: self.chat.structure(self.format.draft, prompt), spent.seconds_left)
                note(said.usage)
        except (ChatError, TimeoutError) as error:
            builder.check("the chat model", "failed", str(error))
            return {}
        return dict(flattened(said.value))


def wanted_fields(format: ResponseFormat) -> str:
    """What a chat model is asked to find, as an instruction."""
    lines = [
        f"- {dotted(field.path)}{f': {field.description}' if field.description else ''}" for field in format.fields
    ]
    return "\n".join(["The program needs these values. Make the calls that find them:", *lines])


def _fill(
    filler: Filler,
    proposed: Mapping[Path, Any],
    results: Sequence[tuple[str, ToolResult]],
    registry: SourceRegistry,
    question: str,
    builder: AnswerBuilder,
) -> None:
    """Fill what the model gives and a source supports, and what it leaves out and the only document has."""
    found, added = _read_for(filler.format, proposed, results)
    named = dict.fromkeys(result.payload["source"]["name"] for _, result in found.values())
    if named:
        builder.say(f"{' and '.join(named)} read{'s' if len(named) == 1 else ''}:")
    for path, value in proposed.items():
        field, read = filler.format.field_at(path), found.get(path)
        if field is None:
            continue
        if read is not None and _agrees(value, read[0]):
            filler.read(path, *read)
        elif read is not None:
            filler.refuse(path, f"The document says “{_shown(read[0].value)}”, and the chat model “{_shown(value)}”.")
        elif (other := _elsewhere(field, value, results)) is not None:
            if other[0].part == "label" and set(_words(other[0].name)) & set(_words(*field.names)):
                filler.read(path, *other)
            else:
                filler.refuse(path, f"“{_shown(value)}” is in the document as the {other[0].name.replace('_', ' ')}.")
        else:
            _judged(filler, path, field, value, registry, question, builder)
    for path in added:
        if path not in proposed:
            filler.read(path, *found[path])


def _read_for(
    format: ResponseFormat, proposed: Mapping[Path, Any], results: Sequence[tuple[str, ToolResult]]
) -> tuple[dict[Path, tuple[ReadValue, ToolResult]], list[Path]]:
    """What documents say of the fields, and which of that is right without the model having given it.

    A list of documents has all that were read, each in the row that the model gives it; else it is the one document
    that agrees most with what the model gives.
    """
    several = document_list(format)
    own = [(result, matches(format, values_of_result(tool, result))) for tool, result in results]
    if several is not None and not any(found for _, found in own):
        rows = _rows_read(*several, proposed, results)
        return rows, list(rows)
    aligned = [(result, _aligned(proposed, found)) for result, found in own if found]
    if not aligned:
        return {}, []
    result, found = max(aligned, key=lambda one: _agreement(proposed, one[1]))
    added = [path for path in found if len(aligned) == 1 and not _in_proposed_list(path, proposed)]
    return {path: (read, result) for path, read in found.items()}, added


def _rows_read(
    listed: Path, inner: ResponseFormat, proposed: Mapping[Path, Any], results: Sequence[tuple[str, ToolResult]]
) -> dict[Path, tuple[ReadValue, ToolResult]]:
    """The fields of several documents, in the rows that the model gives them; others in rows of their own."""
    free: dict[str, tuple[ToolResult, dict[Path, ReadValue]]] = {}
    for tool, result in results:
        if read := document_matches(inner, values_of_result(tool, result)):
            free[result.evidence[0].asset] = result, read
    found: dict[Path, tuple[ReadValue, ToolResult]] = {}
    rows = rows_of(proposed, listed)
    for row in [*rows, *range(len(rows), len(rows) + len(free))]:
        given = {
            path[len(listed) + 1 :]: one for path, one in proposed.items() if path[: len(listed) + 1] == (*listed, row)
        }
        best = max(free, key=lambda asset: _agreement(given, free[asset][1]), default=None)
        if best is None or (given and not _agreement(given, free[best][1])):
            continue
        result, read = free.pop(best)
        found |= {(*listed, row, *path): (one, result) for path, one in _aligned(given, read).items()}
    return found


def _elsewhere(
    field: ResponseField, value: Any, results: Sequence[tuple[str, ToolResult]]
) -> tuple[ReadValue, ToolResult] | None:
    """Where a value is in a document that was read, which says what it is there; a label like the field's first."""
    words = set(_words(*field.names, field.description))
    there = [
        (read, result) for tool, result in results for read in values_of_result(tool, result) if _agrees(value, read)
    ]
    return min(there, key=lambda one: not (one[0].part == "label" and words & set(_words(one[0].name))), default=None)


def _words(*texts: str) -> list[str]:
    return [word for text in texts for word in spelled_out(text).split()]


def _agrees(value: Any, read: ReadValue) -> bool:
    return any(one is not None and same_value(_plain(value), one) for one in (read.value, read.number))


def _agreement(proposed: Mapping[Path, Any], found: Mapping[Path, ReadValue]) -> int:
    return sum(path in proposed and _agrees(proposed[path], read) for path, read in found.items())


def _in_proposed_list(path: Path, proposed: Mapping[Path, Any]) -> bool:
    """Whether a value is of a list of which the model has given items."""
    row = next((place for place, part in enumerate(path) if isinstance(part, int)), None)
    return row is not None and bool(rows_of(proposed, path[:row]))


def _aligned(proposed: Mapping[Path, Any], found: Mapping[Path, ReadValue]) -> dict[Path, ReadValue]:
    """What was found, with the rows of lists numbered as the model numbers them: each as the row that it is most like.

    Lists of which the model gives nothing keep their numbers.
    """
    aligned = {path: one for path, one in found.items() if not _in_proposed_list(path, proposed)}
    lists = {path[:place] for path in proposed for place, part in enumerate(path) if isinstance(part, int)}
    for listed in lists:
        free = rows_of(found, listed)
        for row in rows_of(proposed, listed):
            own = {
                path[len(listed) + 1 :]: value
                for path, value in proposed.items()
                if path[: len(listed) + 1] == (*listed, row)
            }
            like = {
                other: sum(
                    (read := found.get((*listed, other, *rest))) is not None and _agrees(value, read)
                    for rest, value in own.items()
                )
                for other in free
            }
            best = max(like, key=lambda other: like[other], default=None)
            if best is None or not like[best]:
                continue
            free.remove(best)
            rests = [path[len(listed) + 1 :] for path in found if path[: len(listed) + 1] == (*listed, best)]
            aligned |= {(*listed, row, *rest): found[(*listed, best, *rest)] for rest in rests}
    return aligned


def _judged(
    filler: Filler,
    path: Path,
    field: ResponseField,
    value: Any,
    registry: SourceRegistry,
    question: str,
    builder: AnswerBuilder,
) -> None:
    """Fill a field that no document's reader knows, where a source says its value."""
    said = _plain(value)
    if said is None:
        filler.refuse(path, "No source can prove it.")
        return
    called = spelled_out(str(next(part for part in reversed(field.path) if part != EACH)))
    # The words of the model's own class are as good as those of the question; its numbers may be examples.
    words = " ".join([*field.names, "".join(one for one in field.description if not one.isdigit())])
    asked = f"{question} {spelled_out(words)}"
    statement = cite(Statement(text=f"The {called} is {said}.", cited=()), registry, asked)
    judged = judge(statement, registry, asked, of_field=True)
    if judged.verdict == "left out":
        filler.refuse(path, f"The chat model says “{_shown(said)}”, and {judged.claim.why}.")
        return
    sources = [registry.known[number].source for number in judged.claim.sources]
    numbers = [builder.cite(one.evidence, name=one.name, media_type=one.media_type) for one in sources]
    filler.state(path, value, judged.claim, numbers)


def _shown(value: Any) -> str:
    """A value in a reason: short, and without what reads like an instruction."""
    return excerpt(screen(str(value))[0].replace("“", "").replace("”", ""), _SHOWN)


def _plain(value: Any) -> str | None:
    """A value as a sentence says it; None for what no page prints."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal | float):
        return f"{Decimal(str(value)):f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _joined(
    answer: Answer, builder: AnswerBuilder, parsed: Any, cost: Cost, model_calls: Sequence[ModelCall]
) -> Answer:
    """An answer with the claims of its fields; where the model knew nothing and fields were found, with these alone."""
    unknown = answer.outcome == "not_found" and bool(builder.claims)
    claims = (*(() if unknown else answer.claims), *builder.claims)
    texts = [] if unknown else [answer.text]
    unanswered = builder.outcome == "partial" or not builder.claims
    outcome: Outcome = answer.outcome if not builder.claims else "answered"
    if unanswered and outcome == "answered":
        outcome = "partial"
    parts = builder.finished(seconds=0.0).unanswered
    return replace(
        answer,
        text="\n\n".join([*texts, *([builder.text] if builder.text else [])]),
        outcome=outcome,
        unanswered=tuple(dict.fromkeys([*(() if unknown else answer.unanswered), *parts])),
        claims=claims,
        sources=tuple(builder.sources),
        checks=(*answer.checks, *builder.checks),
        cost=Cost(
            calls=answer.cost.calls + cost.calls,
            tokens=answer.cost.tokens + cost.tokens,
            seconds=round(answer.cost.seconds + cost.seconds, 3),
        ),
        model_calls=(*answer.model_calls, *model_calls),
        parsed=parsed,
    )
