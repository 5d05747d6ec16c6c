"""The multimodal router agent: one question in, an answer out whose claims point at what they rest on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_agents.agent.answer import Answer, Check, Claim, Cost, Source, Step
    from mm_agents.agent.budget import Budget
    from mm_agents.agent.router import Agent, Conversation
    from mm_agents.agent.verify import Verification

_HOME = {
    "Agent": "router",
    "Answer": "answer",
    "Budget": "budget",
    "Check": "answer",
    "Claim": "answer",
    "Conversation": "router",
    "Cost": "answer",
    "Source": "answer",
    "Step": "answer",
    "Verification": "verify",
}

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


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"mm_agents.agent.{_HOME[name]}"), name)
    raise AttributeError(f"module 'mm_agents.agent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
