"""An answer while it is being put together: sources get their numbers as they are cited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Check, CheckStatus, Claim, ClaimKind, Cost, Outcome, Source, Step
from mm_agents.agent.grounding.claims import check_claim, said_in, with_similarity
from mm_agents.agent.planner import PARAMETERS
from mm_agents.agent.query_analysis import greeting_to, says
from mm_agents.agent.tool_roles import SEARCHES
from mm_agents.languages import detected
from mm_agents.security.injection import screen_said
from mm_agents.types import Evidence

if TYPE_CHECKING:
    from mm_agents.agent.planner import Plan
    from mm_agents.library import Library

_UNKNOWN = "I don't know"
_REFUSAL = "I can't help with that: I look for what is in the library and read it, and do nothing else."


class AnswerBuilder:
    """Claims, their sources, and text between them.

    Args:
        question: as it was asked.
        foreign: whether it is in another language than English, and has no English form: single words of it were
            understood, which proves nothing of what it asks.
    """

    def __init__(self, question: str, *, foreign: bool = False) -> None:
        self.question: str = question
        self._foreign: bool = foreign
        self.claims: list[Claim] = []
        self.checks: list[Check] = []
        self.sources: list[Source] = []
        self.route: list[Step] = []
        self.payloads: dict[str, Any] = {}
        self._paragraphs: list[str] = []
        self._numbers: dict[Evidence, int] = {}
        self._retrieved: dict[str, None] = {}
        self._unanswered: list[str] = []
        self._without: Outcome = "not_found"  # the outcome where nothing is claimed

    def retrieved(self, ids: Iterable[str]) -> None:
        """Note the ids of what was found, used or not."""
        self._retrieved |= dict.fromkeys(ids)

    def note(self, tool: str, payload: Mapping[str, Any]) -> None:
        """Keep what a tool gave back; of several calls the last has the tool's name, those before it a number too."""
        if tool in self.payloads:
            calls = sum(name.partition(" ")[0] == tool for name in self.payloads)
            self.payloads[f"{tool} {calls}"] = self.payloads.pop(tool)
        self.payloads[tool] = dict(payload)

    @property
    def parts_answered(self) -> set[str]:
        """The questions, and parts of a question, that a document answered."""
        asked = [one for payload in self.payloads.values() if (one := payload.get("answered"))]
        return {part["question"] for one in asked for part in one.get("parts") or (one,) if part["answer"] is not None}

    def cite(self, evidence: Evidence, *, name: str, media_type: str) -> int:
        """The number of a source; one place has one number."""
        if evidence not in self._numbers:
            self._numbers[evidence] = len(self.sources) + 1
            self.sources.append(
                Source(number=len(self.sources) + 1, evidence=evidence, name=name, media_type=media_type)
            )
        return self._numbers[evidence]

    def claim(
        self,
        text: str,
        sources: Sequence[int],
        *,
        why: str | None = None,
        doubt: str | None = None,
        computed: str | None = None,
        kind: ClaimKind | None = None,
        similarity: float | None = None,
        subject: str | None = None,
        attribute: str | None = None,
        field: str | None = None,
        line: str | None = None,
        follows: str | None = None,
        conditions: bool = False,
        counts: bool = False,
    ) -> Claim:
        """State something.

        Args:
            text: a sentence, without the numbers of its sources; what reads like an instruction is withheld from it.
            sources: its evidence.
            why: what it was found by.
            doubt: why it is not verified, where it is not; without one, code checks it here.
            computed: the sum behind a number that no source prints.
            kind: what proves it; by default "computed" where there is a sum, else "read". A claim whose sources do not
                have that proof is unsupported.
            similarity: of a match, how near it is; it is added to the text.
            subject: what it is about, such as a file's name.
            attribute: which fact of the subject it states.
            field: the field of the response format that it fills.
            line: how the text has it where that is not the sentence alone, such as an item of a list.
            follows: what joins it to the paragraph before it; by default it is one of its own.
            conditions: whether it repeats the conditions of the question, with their numbers.
            counts: whether it says of how many of its sources something holds.
        """
        text = screen_said(text)[0]
        line = screen_said(line)[0] if line else None
        numbers = tuple(dict.fromkeys(sources))
        cited = [self.sources[number - 1] for number in numbers]
        kind = kind or ("computed" if computed is not None else "read")
        found = (
            doubt
            or lacking(kind, cited)
            or self._not_understood(kind, text)
            or check_claim(text, cited, computed=computed, question=self.question, conditions=conditions, counts=counts)
        )
        if similarity is not None:
            text, line = with_similarity(text, similarity), with_similarity(line or text, similarity)
        claim = Claim(
            text=text,
            sources=numbers,
            kind="unsupported" if found else kind,
            why=found or why,
            computed=computed,
            similarity=similarity,
            subject=subject,
            attribute=attribute,
            field=field,
        )
        self.claims.append(claim)
        marks = "".join(f"[{number}]" for number in numbers)
        told = f"{line or text} {marks}".rstrip()
        if follows is not None and self._paragraphs:
            self._paragraphs[-1] += follows + told
        else:
            self._paragraphs.append(told)
        return claim

    def _not_understood(self, kind: ClaimKind, text: str) -> str | None:
        """Why a claim does not answer a question of another language; a quote in that language may."""
        quoted = " ".join(said_in(text))
        own = bool(quoted) and detected(quoted) == detected(self.question)
        return "the question has no English form here" if self._foreign and kind != "match" and not own else None

    def say(self, text: str) -> None:
        """Add text that claims nothing of its own: an introduction, or what was read, in another form."""
        self._paragraphs.append(text)

    def take_back(self, first: int = 0) -> None:
        """Leave out what was said that nothing is known, from the paragraph with a number on."""
        kept = [one for one in self._paragraphs[first:] if not one.startswith(_UNKNOWN)]
        self._paragraphs[first:] = kept

    @property
    def length(self) -> int:
        """How many paragraphs there are."""
        return len(self._paragraphs)

    def not_answered(self, part: str, reason: str | None = None) -> None:
        """Name a part of the question that no claim answers; the answer is partial, where it claims anything.

        Args:
            part: in the question's words.
            reason: a sentence that says why.
        """
        self.leave_out(part, f"Not answered: “{part}”.{f' {reason}' if reason else ''}")

    def leave_out(self, part: str, text: str) -> None:
        """As ``not_answered``, in words of its own."""
        self._unanswered.append(part)
        self.say(text)

    def refuse(self, text: str = _REFUSAL) -> None:
        """Say that the question is not for this library."""
        self._without = "out_of_scope"
        self.say(text)

    def greet(self, text: str) -> None:
        """Answer a greeting, which needs no claim."""
        self._without = "answered"
        self.say(text)

    @property
    def outcome(self) -> Outcome:
        """Whether the question is answered by what is claimed so far."""
        if not self.claims:
            return self._without
        return "partial" if self._unanswered else "answered"

    def check(self, name: str, status: CheckStatus, detail: str) -> None:
        """Note what was checked."""
        self.checks.append(Check(name=name, status=status, detail=detail))

    @property
    def text(self) -> str:
        """All of it; items of a list stand on lines of their own, everything else in paragraphs."""
        joined: list[str] = []
        for paragraph in self._paragraphs:
            tight = joined and _is_item(paragraph) and _is_item(joined[-1].rpartition("\n")[2])
            if tight:
                joined[-1] += "\n" + paragraph
            else:
                joined.append(paragraph)
        return "\n\n".join(joined)

    def finished(self, *, seconds: float, root: str | None = None, more: Mapping[str, Any] | None = None) -> Answer:
        """The answer as it stands."""
        return Answer(
            question=self.question,
            text=self.text,
            outcome=self.outcome,
            unanswered=tuple(dict.fromkeys(self._unanswered)),
            claims=tuple(self.claims),
            sources=tuple(self.sources),
            route=tuple(self.route),
            checks=tuple(self.checks),
            retrieved=tuple(self._retrieved),
            cost=Cost(calls=sum(step.error is None for step in self.route), tokens=0, seconds=round(seconds, 3)),
            payloads={**self.payloads, **(more or {})},
            root=root,
        )


def lacking(kind: ClaimKind, cited: Sequence[Source]) -> str | None:
    """Which proof of a kind its sources do not have; None where they have it."""
    if kind == "seen" and not all(one.evidence.box and one.evidence.confidence is not None for one in cited):
        return "no box and score in the picture prove it"
    if kind == "spoken" and not all(one.evidence.quote and one.evidence.t0 is not None for one in cited):
        return "no sentence of a transcript proves it"
    return None


def _is_item(paragraph: str) -> bool:
    return paragraph.startswith(("- ", "* ")) or paragraph.lstrip()[:1].isdigit()


def is_no_task(builder: AnswerBuilder, question: str, plan: Plan, *, attached: bool) -> bool:
    """Greet back, or refuse what does not ask about a file that is attached or a thing that may be here."""
    if greeting := greeting_to(question):
        builder.greet(greeting)
        return True
    asks = says("inquires", question) or says("asks", question) or question.rstrip().endswith("?")
    if not asks and plan.beside >= PARAMETERS.ordered if attached else plan.beside >= PARAMETERS.refusal:
        builder.refuse()
        return True
    return False


def advise(builder: AnswerBuilder, library: Library, language: str | None) -> None:
    """Say what to run where a library that was searched does not understand the question's language."""
    searched = any(step.tool in SEARCHES for step in builder.route)
    if language and searched and (advice := library.advice(language)):
        builder.say(f"This library does not understand the language of the question. Run: {advice}")
