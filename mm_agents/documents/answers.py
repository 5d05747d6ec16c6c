"""Answers to questions of several parts, and doubts about answers that use values which are not verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mm_agents.languages import ENGLISH, detected, in_english, said_in
from mm_agents.types import DocumentAnswer, Evidence

_NAMED = 5  # places that a doubt quotes; a mean may use hundreds


def in_parts(question: str, parts: Sequence[str], answer: Callable[[str], DocumentAnswer]) -> DocumentAnswer:
    """Answer each part; what is not answered is named in the answer, and has a part of its own.

    Args:
        question: as it was asked.
        parts: of it; a question of one part is answered as a whole.
        answer: answers one part.
    """
    if len(parts) == 1:
        return answer(question)
    found = tuple(answer(part) for part in parts)
    said = [one.answer or untold(one) for one in found]
    if not any(one.answer for one in found):
        return DocumentAnswer(question=question, reason=" ".join(said))
    return DocumentAnswer(
        question=question,
        answer=" ".join(dict.fromkeys(said)),
        value=[one.value for one in found],
        evidence=tuple(place for one in found for place in one.evidence),
        doubt="; ".join(dict.fromkeys(one.doubt for one in found if one.doubt)) or None,
        parts=found,
    )


def in_its_language(question: str, answer: Callable[[str], DocumentAnswer]) -> DocumentAnswer:
    """Answer a question that has an English form here, in the language that it was asked in.

    Args:
        question: in any language; one without such a form is answered as it is.
        answer: answers a question in English.
    """
    language = detected(question) or ENGLISH
    english = in_english(question, language)
    if english == question:
        return answer(question)
    found = answer(english)
    said = None if found.answer is None else said_in(found.answer, language)
    return replace(found, question=question, answer=said)


def untold(part: DocumentAnswer) -> str:
    """That a part of a question is not answered, and why."""
    return f"Not answered: “{part.question}”.{f' {part.reason}' if part.reason else ''}"


def doubting(answered: DocumentAnswer, verified: Iterable[Evidence]) -> DocumentAnswer:
    """The answer, with a doubt that names the values it uses that are not verified, unless it has a doubt already."""
    known = set(verified)
    quotes = list(dict.fromkeys(f"“{one.quote}”" for one in answered.evidence if one.quote and one not in known))
    if answered.doubt or not quotes:
        return answered
    more = f" and {len(quotes) - _NAMED} more" if len(quotes) > _NAMED else ""
    return replace(answered, doubt=f"not verified: {', '.join(quotes[:_NAMED])}{more}")
