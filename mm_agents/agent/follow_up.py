"""What tools a question is for that goes on from the one before it in a conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mm_agents.agent.file_questions import file_aggregation
from mm_agents.agent.query_analysis import names_in, says
from mm_agents.agent.references import alike, goes_on_with, is_another, is_part
from mm_agents.agent.tool_roles import QUOTE, READERS, SEARCHES

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.agent.events import Event
    from mm_agents.agent.executor import OfflineRun
    from mm_agents.agent.planner import OfflinePlanner, Plan
    from mm_agents.agent.question_context import QuestionContext
    from mm_agents.agent.references import Memory, ResolvedReference

_DESCRIBE = "describe_image"
_NEAR = 3  # pictures in which a sign is looked for that the nearest does not have
_SHORT = 8  # words of a question that only goes on from the one before


def planned_after(
    memory: Memory, planned: Sequence[str], question: str, referred: ResolvedReference
) -> tuple[str, ...]:
    """The plan; a question that goes on from the one before it is for the same tools.

    Args:
        memory: of the conversation.
        planned: the tools that the question by itself is for.
        question: as it was asked.
        referred: what it points back to.
    """
    if says("help", question) and not referred.things:
        return ()
    known = memory.reader_of(referred.things[0]) if referred.explicit and referred.things else None
    readers = [known] if known else [name for name in memory.tools if name in READERS]
    short = len(question.split()) <= _SHORT
    if referred.goes_on and short and memory.tools and not readers:
        if not referred.explicit or not set(memory.tools) <= set(SEARCHES):
            return memory.tools
        return (QUOTE,) if referred.things and referred.things[0].kind == "text" else (_DESCRIBE,)
    reads = READERS.keys() & planned
    if reads and readers and referred.explicit and not alike(reads, readers):
        return tuple(planned)
    if readers and referred.things and (not planned or (referred.goes_on and short)):
        return (readers[-1],)
    return tuple(planned)


def asked_anew(planner: OfflinePlanner, memory: Memory, question: str, referred: ResolvedReference) -> Plan | None:
    """The plan of a question that begins with "and" after a document or picture, and looks for something else."""
    if not referred.goes_on or referred.explicit or set(memory.tools) <= set(SEARCHES):
        return None
    asked = goes_on_with(question)
    plans = (planner.plan(asked), planner.plan(asked, referred.things[:1]))
    plan = next((one for one in plans if one.tools), None)
    if plan is None or _DESCRIBE in plan.tools:
        return None
    reads = READERS.keys() & plan.tools
    return plan if not reads or not alike(reads, READERS.keys() & memory.tools) else None


def read_before(memory: Memory, names: Sequence[str], question: str, *, anew: bool) -> tuple[str | None, str | None]:
    """The document that was read last and its reader, where the question may well be about it again.

    It is not where the question asks for another or names somebody. One that begins anew may be about a part of it.
    """
    last = memory.last
    if last is None or names_in(question) or says("another", question) or is_another(question):
        return None, None
    if anew:
        reader = memory.reader_of(last) if is_part(question) else None
    else:
        reader = next((name for name in names if name in READERS and name in memory.tools), None)
    return (last.id, reader) if reader is not None else (None, None)


def tell_property(run: OfflineRun, builder: AnswerBuilder, part: str, asked: QuestionContext) -> Iterator[Event]:
    """Tell what a question asks of the file that was found first: how long it is, when it was taken, what it says."""
    cited = builder.sources[0] if builder.claims else None
    if cited and cited.media_type == "image" and says("then_written", f"? {part}"):
        of_it = replace(asked, text=part if says("written", part) else "what is written there?")
        found = dict.fromkeys(one.evidence.asset for one in builder.sources if one.media_type == "image")
        for asset in [*found][: _NEAR if says("with_writing", asked.text) else 1]:
            if (yield from run.quote_passage(of_it, asset)):
                return
        builder.not_answered(part)
        return
    of_file = file_aggregation(part, [(cited.evidence.asset, cited.name)]) if cited else None
    if of_file is None or not (yield from run.aggregate(replace(asked, aggregations=[of_file]))):
        builder.not_answered(part)
