"""Answers in the question's language: they are made and checked in English, and said in the other one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from mm_agents.agent.answer import Answer
from mm_agents.agent.tool_roles import SEARCHES
from mm_agents.languages import ENGLISH, in_english, in_english_again, said_in

if TYPE_CHECKING:
    from mm_agents.agent.answer_builder import AnswerBuilder
    from mm_agents.library import Library


def in_language(answer: Answer, question: str, language: str) -> Answer:
    """An English answer, said in the language of its question where code has worded it.

    Args:
        answer: to the English question.
        question: as it was asked.
        language: of the question, by its code.
    """
    if language == ENGLISH:
        return replace(answer, question=question)
    return _said(replace(answer, question=question, language=language), lambda text: said_in(text, language))


def as_english(answer: Answer) -> Answer:
    """The English answer, to the English question, that ``in_language`` was given.

    A sentence that is not one of the language's forms stays as it is.
    """
    language = answer.language
    if language == ENGLISH:
        return answer
    asked = replace(answer, question=in_english(answer.question, language), language=ENGLISH)
    return _said(asked, lambda text: in_english_again(text, language))


def _said(answer: Answer, turned: Callable[[str], str]) -> Answer:
    claims = tuple(replace(claim, text=turned(claim.text)) for claim in answer.claims)
    return replace(answer, text=turned(answer.text), claims=claims)


def advise(builder: AnswerBuilder, library: Library, language: str | None) -> None:
    """Say what to run where a library that was searched does not understand the question's language."""
    searched = any(step.tool in SEARCHES for step in builder.route)
    if language and searched and (advice := library.advice(language)):
        builder.say(f"This library does not understand the language of the question. Run: {advice}")
