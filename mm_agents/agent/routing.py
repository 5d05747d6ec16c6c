"""Which tools a question by itself is for, as the agent plans it: in other languages and over all files too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mm_agents.agent.aggregation import AGGREGATE, aggregations_of
from mm_agents.agent.conditions import film_conditions
from mm_agents.agent.planner import Plan
from mm_agents.agent.request import plain
from mm_agents.languages import ENGLISH, detected, in_english

if TYPE_CHECKING:
    from mm_agents.agent.planner import OfflinePlanner
    from mm_agents.toolbox import AttachmentInfo


def routed(
    question: str, attachments: Sequence[AttachmentInfo], planner_for: Callable[[str | None], OfflinePlanner]
) -> Plan:
    """Plan a question that nothing was said before.

    Args:
        question: in any language.
        attachments: the files that came with it.
        planner_for: gives the planner for a language; for None that for English.

    Raises:
        EmbedderError: the embedder failed.
    """
    language = detected(question)
    english = in_english(question, language)
    pages = all(one.kind in ("image", "pdf") for one in attachments)
    if pages and aggregations_of(english, attached=[one.name for one in attachments]):
        return Plan(
            tools=(AGGREGATE,), scores={AGGREGATE: 1.0}, reason=f"{AGGREGATE}: it is about all files of a kind."
        )
    if english == question and language not in (None, ENGLISH):
        return planner_for(language).plan(question, attachments)
    return planner_for(None).plan(film_conditions(plain(english, attached=bool(attachments))).text, attachments)
