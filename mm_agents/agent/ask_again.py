"""Asks the question of an answer again without a chat model, and compares what the answer says of itself.

Whether nothing was to be found, why each claim stands, how each source was found, and what was checked are derived here
a second time; what the claims say is derived from their evidence by ``verify``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from mm_agents.agent.agent import Agent
from mm_agents.agent.answer_data import AnswerData, Claim, Source, Step
from mm_agents.agent.grounding.quotes import Unchecked
from mm_agents.agent.query_analysis import says
from mm_agents.errors import MMAgentsError

if TYPE_CHECKING:
    from mm_agents.agent.answer import Answer
    from mm_agents.library import Library
    from mm_agents.media import MediaFile

_FOLLOWS_UP = ("goes_on", "nth", "many", "one")
"""How the words of a question that may go on from another are called."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What an answer says and its question, asked again, does not get."""

    text: str
    why: str


def ask_again(answer: AnswerData, library: Library | None, files: Sequence[MediaFile]) -> Answer:
    """The answer that the question gets now.

    Args:
        answer: of the offline planner, in English.
        library: that the caller gave; None for none, and then only a question about attached files is asked again.
        files: that were attached.

    Raises:
        Unchecked: it cannot be asked again alone.
    """
    if any(says(one, answer.question) for one in _FOLLOWS_UP) and not files:
        raise Unchecked("not asked again: the question may follow up on another one")
    paths = [file.path for file in files if file.path is not None]
    if len(paths) < len(answer.attachments):
        raise Unchecked("not asked again: an attached file is not there as it was")
    try:
        if library is not None:
            return Agent(library, model="offline").ask(answer.question, paths)
        from mm_agents.library import Library

        with Library.open("memory:") as empty:
            again = Agent(empty, model="offline").ask(answer.question, paths)
    except MMAgentsError as error:
        raise Unchecked(f"it could not be asked again: {error}") from error
    if not paths and again.outcome == "not_found":
        raise Unchecked("not asked again: give the library that was asked")
    return again


def differences(answer: AnswerData, again: Answer, *, everything: bool) -> Iterator[Difference]:
    """What the answer says of itself and the same question does not get now.

    Args:
        answer: as it was given or kept.
        again: the answer of ``ask_again``.
        everything: whether the same library was asked, so that what its tools give is the same too.

    Raises:
        Unchecked: it claims something else now, so nothing of it can be compared.
    """
    if not answer.claims:
        if again.claims or again.outcome != answer.outcome:
            said = f": {again.claims[0].text}" if again.claims else ""
            yield Difference(answer.outcome, f"asked again, it is {again.outcome}{said}")
        return
    if [_stated(one) for one in answer.claims] != [_stated(one) for one in again.claims]:
        raise Unchecked("asked again, it is answered in other words, so how it was found is not compared")
    for one, other in zip(answer.claims, again.claims, strict=True):
        for name in ("why", "subject", "attribute"):
            if (said := getattr(one, name)) != (now := getattr(other, name)):
                yield Difference(one.text, f"asked again, its {name} is “{now}” and not “{said}”")
    yield from _of_sources(answer, again)
    for check, now in zip_longest(answer.checks, again.checks):
        if check != now:
            yield Difference((check or now).name, f"checked again, it says “{now.detail if now else 'nothing'}”")
    if answer.unanswered != again.unanswered:
        yield Difference("; ".join(answer.unanswered), "asked again, other parts are not answered")
    if everything:
        yield from _of_calls(answer, again)


def _of_sources(answer: AnswerData, again: Answer) -> Iterator[Difference]:
    """Sources that are found in another way."""
    known = {source.number: source for source in again.sources}
    for source in answer.sources:
        if (now := known.get(source.number)) is None or _found(source) != _found(now):
            said = f"by “{_found(now)[0]}”" if now else "otherwise"
            why = f"asked again, it is found {said} and not by “{source.evidence.how}”"
            yield Difference(f"[{source.number}]", why)


def _of_calls(answer: AnswerData, again: Answer) -> Iterator[Difference]:
    """What the calls say that came to the same end."""
    if [_call(step) for step in answer.route] != [_call(step) for step in again.route]:
        return
    for step, now in zip(answer.route, again.route, strict=True):
        if (step.error, step.refused, step.code) != (now.error, now.refused, now.code):
            yield Difference(step.tool, f"called again, it ends with {now.error or 'a result'}")
    if _plain(answer.payloads) != _plain(again.payloads):
        yield Difference("payloads", "called again, the tools give something else")
    if tuple(answer.retrieved) != tuple(again.retrieved):
        yield Difference("retrieved", "called again, the tools find something else")


def _stated(claim: Claim) -> tuple[str, tuple[int, ...]]:
    return " ".join(claim.text.split()), tuple(claim.sources)


def _found(source: Source) -> tuple[str, str, float | None]:
    return source.evidence.how, source.media_type, source.evidence.confidence


def _call(step: Step) -> tuple[str, str]:
    return step.tool, _plain(step.arguments)


def _plain(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
