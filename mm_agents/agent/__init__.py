"""The multimodal router agent: one question in, an answer out whose claims point at their evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mm_agents._optional import attach

if TYPE_CHECKING:
    from mm_agents.agent.agent import Agent, Conversation
    from mm_agents.agent.answer import Answer
    from mm_agents.agent.answer_data import Check, Claim, Cost, Source, Step
    from mm_agents.agent.budget import Budget
    from mm_agents.agent.verify import Verification


__all__ = [
    "Agent",
    "Answer",
    "Budget",
    "Check",
    "Claim",
    "Conversation",
    "Cost",
    "Source",
    "Step",
    "Verification",
]

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = attach(
    __name__,
    {
        "Agent": "agent",
        "Answer": "answer",
        "Budget": "budget",
        "Check": "answer_data",
        "Claim": "answer_data",
        "Conversation": "agent",
        "Cost": "answer_data",
        "Source": "answer_data",
        "Step": "answer_data",
        "Verification": "verify",
    },
)
