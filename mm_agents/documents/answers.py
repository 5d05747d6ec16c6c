"""What a question about a document got for an answer: a sentence, the value behind it, and where it rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mm_agents.types import Evidence

__all__ = ["Answered", "evidence_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, computed by code from what was read.

    Attributes:
        question: as it was asked.
        answer: a sentence, with the sum where one was computed; None where it cannot be told.
        value: what JSON can hold (money and quantities as decimal strings, dates in ISO form), or None.
        evidence: every place that the answer rests on.
        reason: why it cannot be told, where the reader says so.
    """

    question: str
    answer: str | None = None
    value: Any = None
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys "question", "answer", "value", "evidence" and "reason"."""
        return {
            "question": self.question,
            "answer": self.answer,
            "value": self.value,
            "evidence": [evidence_json(evidence) for evidence in self.evidence],
            "reason": self.reason,
        }


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """A place of a document: its page from 1, its box in pixels of the page as stored, its words, how it was found."""
    box = evidence.box
    return {
        "page": evidence.page,
        "box": [box.x0, box.y0, box.x1, box.y1] if box else None,
        "quote": evidence.quote,
        "how": evidence.how,
        "confidence": evidence.confidence,
    }
