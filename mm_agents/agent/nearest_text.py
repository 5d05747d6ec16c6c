"""The passage of a text that is nearest to a question which nothing answers: it is quoted, and proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mm_agents.agent.passage_choice import kind_of
from mm_agents.agent.query_analysis import asks_over_all, says
from mm_agents.agent.rendering import render_hits
from mm_agents.languages import ENGLISH

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.agent.events import Event
    from mm_agents.agent.hit_details import HitDetails
    from mm_agents.agent.query_analysis import QuestionContext

_SEARCH = "search_text"


def tell_nearest(
    builder: AnswerBuilder,
    call: Callable[[str, dict[str, Any]], Iterator[Event | Any]],
    details: HitDetails,
    asked: QuestionContext,
    *,
    first: int,
    language: str | None,
) -> Iterator[Event | Any]:
    """Quote the nearest passage in doubt, in place of "I don't know"; whether one has enough of the question.

    Args:
        builder: the answer so far.
        call: calls a tool.
        details: looks at what a search finds.
        asked: the question, which is none for a file of a kind.
        first: the number of the paragraph from which "I don't know" is left out.
        language: of the question.
    """
    text = asked.in_context
    if asked.attachments or asked.focus or asked.where or says("media", text) or asks_over_all(asked.text):
        return False
    if language not in (None, ENGLISH):
        return False  # how near is near enough was measured in English alone
    if "?" not in text and says("asks", text) is None and kind_of(text) is None:
        return False
    found = yield from call(_SEARCH, {"query": text, "among": "documents"})
    near = details.nearest(found, text, language) if found is not None else None
    if near is None:
        return False
    builder.take_back(first)
    (hit,) = near.payload["hits"]
    if f"“{hit['says'].replace('“', '').replace('”', '')}”" in builder.text:
        builder.not_answered(asked.text)
        return True  # a part of the question before this one has shown it
    return render_hits(builder, near, "text", several=False)
