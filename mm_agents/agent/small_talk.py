"""What is said where a question asks nothing of the library: a greeting in return, or that it cannot be helped with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.agent.planner import PARAMETERS
from mm_agents.agent.query_analysis import greeting_to, says

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.agent.planner import Plan

REFUSAL = "I can't help with that: I look for what is in the library and read it, and do nothing else."


def is_no_task(builder: AnswerBuilder, question: str, plan: Plan, *, attached: bool) -> bool:
    """Greet back, or refuse what does not ask about a file that is attached or a thing that may be here."""
    if greeting := greeting_to(question):
        builder.greet(greeting)
        return True
    asks = says("inquires", question) or says("asks", question) or question.rstrip().endswith("?")
    if not asks if attached else plan.beside >= PARAMETERS.refusal:
        builder.refuse(REFUSAL)
        return True
    return False
