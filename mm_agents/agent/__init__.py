"""The multimodal router agent: one question in, an answer out whose claims point at what they rest on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mm_agents._lazy import attach

if TYPE_CHECKING:
    from mm_agents.agent.agent import Agent, Conversation
    from mm_agents.agent.answer import Answer, Check, Claim, Cost, Source, Step
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
        "Check": "answer",
        "Claim": "answer",
        "Conversation": "agent",
        "Cost": "answer",
        "Source": "answer",
        "Step": "answer",
        "Verification": "verify",
    },
)
