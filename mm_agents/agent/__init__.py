"""The multimodal router agent: one question in, an answer out whose claims point at what they rest on."""

from __future__ import annotations

from mm_agents.agent.answer import Answer, Check, Claim, Cost, Source, Step

__all__ = ["Answer", "Check", "Claim", "Cost", "Source", "Step"]
