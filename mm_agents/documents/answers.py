"""What a question about a document got for an answer: a sentence, the value behind it, and where it rests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mm_agents.types import Evidence

_NAMED = 5
"""So many places of a doubt are quoted; a mean may rest on hundreds."""

__all__ = ["DocumentAnswer", "doubting", "evidence_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAnswer:
    """An answer, computed by code from what was read.

    Attributes:
        question: as it was asked.
        answer: a sentence, with the sum where one was computed; None where it cannot be told.
        value: what JSON can hold (money and quantities as decimal strings, dates in ISO form), or None.
        evidence: every place that the answer rests on.
        reason: why it cannot be told, where the reader says so.
        doubt: why it is not verified, where something that it rests on is not.
        parts: the answers to each thing that is asked for, where that is more than one; their places follow each other
            in ``evidence``.
    """

    question: str
    answer: str | None = None
    value: Any = None
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None
    doubt: str | None = None
    parts: tuple[DocumentAnswer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys "question", "answer", "value", "evidence", "reason" and "doubt"; and "parts", if it has any."""
        parts = {"parts": [part.to_json() for part in self.parts]} if self.parts else {}
        return {
            "question": self.question,
            "answer": self.answer,
            "value": self.value,
            "evidence": [evidence_json(evidence) for evidence in self.evidence],
            "reason": self.reason,
            "doubt": self.doubt,
        } | parts


def in_parts(question: str, parts: Sequence[str], answer: Callable[[str], DocumentAnswer]) -> DocumentAnswer:
    """Answer each part; what is not answered is named in the answer, and has a part of its own.

    Args:
        question: as it was asked.
        parts: of it.
        answer: answers one part.
    """
    found = tuple(answer(part) for part in parts)
    said = [one.answer or untold(one) for one in found]
    if not any(one.answer for one in found):
        return DocumentAnswer(question=question, reason=" ".join(said))
    return DocumentAnswer(
        question=question,
        answer=" ".join(said),
        value=[one.value for one in found],
        evidence=tuple(place for one in found for place in one.evidence),
        doubt="; ".join(dict.fromkeys(one.doubt for one in found if one.doubt)) or None,
        parts=found,
    )


def untold(part: DocumentAnswer) -> str:
    """That a part of a question is not answered, and why."""
    return f"Not answered: “{part.question}”.{f' {part.reason}' if part.reason else ''}"


def doubting(answered: DocumentAnswer, verified: Iterable[Evidence]) -> DocumentAnswer:
    """The answer, with a doubt that names what it rests on and is not verified, unless it has a doubt already."""
    known = set(verified)
    quotes = list(dict.fromkeys(f"“{one.quote}”" for one in answered.evidence if one.quote and one not in known))
    if answered.doubt or not quotes:
        return answered
    more = f" and {len(quotes) - _NAMED} more" if len(quotes) > _NAMED else ""
    return replace(answered, doubt=f"not verified: {', '.join(quotes[:_NAMED])}{more}")


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
