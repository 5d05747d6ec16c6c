"""Answers questions about lines of text by quoting them; nothing is composed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from mm_agents._text import fold, parts_of
from mm_agents.chat import fenced
from mm_agents.documents.answers import in_parts
from mm_agents.types import DocumentAnswer, Evidence

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel

_LONGEST_TEXT = 12_000  # characters of a document that a model is shown
_PROMPT = (
    "Copy from the document the one passage that answers the question, word for word. "
    "If no passage answers it, leave the quote empty. Do not explain."
)
_WHOLE = re.compile(
    r"^\W*(?:what (?:does|do) (?:it|this|that|they|(?:the|this) \w+(?: text)?) say|"
    r"what(?:'s| is| words are|) (?:written|hidden|the (?:hidden )?(?:text|message))(?: (?:here|there|in it|on it))?|"
    r"read (?:it|this|(?:the|this) \w+)(?: aloud)?)\W*$",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\bhow many (?P<what>words|lines)\b", re.IGNORECASE)
_MENTION = re.compile(r"^\W*does (?:it|this|(?:the|this) \w+) (?:mention|say)\b(?P<what>.+)", re.IGNORECASE)
_PLACE = re.compile(
    r"^\W*where (?:(?P<said>does (?:it|this|(?:the|this) \w+) (?:mention|say))|is|are)\b(?P<what>.+)", re.IGNORECASE
)
_AROUND = re.compile(
    r"^\W*(?:(?:the|a|an|any|words?|phrase) )*(?P<bare>.*?)(?: in (?:it|this|there))?\W*$", re.IGNORECASE
)
_QUOTED = re.compile(r"[“\"«](?P<bare>[^”\"»]+)[”\"»]")
_IDLE = frozenset(
    "a an the of in on at for to by with and or is are was were be been has have had do does did what which who whom "
    "whose when where how why much many that this these those it its there from as me tell show give please say says "
    "written mentioned stated text document picture page line can could you i we my our your".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A line of text; no evidence where a model read what code did not find."""

    text: str
    evidence: Evidence | None

    @property
    def verified(self) -> bool:
        """Whether code found the line in the picture."""
        return self.evidence is not None


class _Quote(BaseModel):
    """The passage that answers the question."""

    quote: str = Field(description="The passage, word for word; empty where no passage answers the question.")


def is_about_text(question: str) -> bool:
    """Whether a question is about a text itself: what all of it says, how long it is, whether and where it says it."""
    place = _PLACE.match(question)
    said = place is not None and place["said"] is not None
    return said or any(pattern.search(question) for pattern in (_WHOLE, _COUNT, _MENTION))


def ask(lines: Sequence[TextLine], question: str, *, model: ChatModel | None = None) -> DocumentAnswer:
    """Answer a question by quoting lines.

    Answered without a model: what the text says, whether and where it mentions a phrase, how many words and lines it
    has, and a question whose words are all in one line, such as "What is the door code?" where a line says
    "Door code: 4471".

    Args:
        lines: of the document, in reading order.
        question: in English.
        model: copies the passage that answers any other question; a passage that is not in the lines is dropped.
    """

    def answer(part: str) -> DocumentAnswer:
        return _answer(lines, part, model)

    parts = parts_of(question)
    return in_parts(question, parts, answer) if len(parts) > 1 else answer(question)


def _answer(lines: Sequence[TextLine], question: str, model: ChatModel | None) -> DocumentAnswer:
    if not lines:
        return DocumentAnswer(question=question, reason="The document has no text.")
    if _WHOLE.match(question):
        return quoting(question, lines)
    if match := _COUNT.search(question):
        what = match["what"].casefold()
        number = len(lines) if what == "lines" else sum(len(line.text.split()) for line in lines)
        return quoting(question, lines, text=f"It has {number} {what if number > 1 else what[:-1]}.", value=number)
    if match := _MENTION.match(question):
        phrase = _bare(match["what"])
        if found := lines_with(lines, phrase):
            return quoting(question, found, text=f"Yes: {_joined(found)}", value=True)
        missing = f"No: “{phrase}” is not in the text that was read."
        return DocumentAnswer(question=question, answer=missing, value=False)
    if (match := _PLACE.match(question)) and (found := lines_with(lines, _bare(match["what"]))):
        return quoting(question, found)
    matches = _lines_about(lines, question)
    if len(matches) == 1:
        return quoting(question, matches)
    if model is not None:
        return _by_model(lines, question, model)
    return DocumentAnswer(question=question, reason=_why(len(matches)))


def _why(matches: int) -> str:
    if matches:
        return f"The words of the question are in {matches} lines. Ask for a phrase of one of them."
    return "No line has all words of the question. Ask for a phrase of the text, or pass a chat model."


def _by_model(lines: Sequence[TextLine], question: str, model: ChatModel) -> DocumentAnswer:
    """Quote the lines that hold the passage a model copied."""
    shown = fenced("\n".join(line.text for line in lines)[:_LONGEST_TEXT], what="The document")
    prompt = "\n\n".join([_PROMPT, shown, fenced(question, what="The question")])
    quote = " ".join(model.structure(_Quote, prompt).value.quote.split())
    if not quote:
        return DocumentAnswer(question=question, reason="The model finds no passage that answers the question.")
    found = lines_with(lines, quote)
    if not found:
        return DocumentAnswer(question=question, reason=f"The model's passage “{quote}” is not in the text.")
    return quoting(question, found, text=f"“{quote}”", value=quote)


def quoting(
    question: str, lines: Sequence[TextLine], *, text: str | None = None, value: str | int | None = None
) -> DocumentAnswer:
    """The lines as an answer, with a doubt where a model alone read one of them."""
    unverified = [f"“{line.text}”" for line in lines if line.evidence is None]
    return DocumentAnswer(
        question=question,
        answer=text or _joined(lines),
        value=" ".join(line.text for line in lines) if value is None else value,
        evidence=tuple(line.evidence for line in lines if line.evidence is not None),
        doubt=f"not verified: {', '.join(unverified)}" if unverified else None,
    )


def _joined(lines: Sequence[TextLine]) -> str:
    return f"“{' '.join(line.text for line in lines)}”"


def _words(text: str) -> list[str]:
    return re.findall(r"\w+(?:[.,]\d+)*", fold(text))


def _bare(phrase: str) -> str:
    """A phrase without quotation marks, articles and the words around it."""
    match = _QUOTED.search(phrase) or _AROUND.match(phrase)
    return match["bare"].strip() if match else phrase.strip()


def lines_with(lines: Sequence[TextLine], phrase: str) -> list[TextLine]:
    """The lines of the first place where the words of a phrase follow each other; none where they do not."""
    expected = _words(phrase)
    words = [(word, number) for number, line in enumerate(lines) for word in _words(line.text)]
    if not expected:
        return []
    for start in range(len(words) - len(expected) + 1):
        run = words[start : start + len(expected)]
        if [word for word, _ in run] == expected:
            return [lines[number] for number in dict.fromkeys(number for _, number in run)]
    return []


def _lines_about(lines: Sequence[TextLine], question: str) -> list[TextLine]:
    """The lines that have every word of a question that names something."""
    expected = set(_words(question)) - _IDLE
    return [line for line in lines if expected and expected < set(_words(line.text))]
