"""An answer while it is being put together: sources get their numbers as they are cited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Check, CheckStatus, Claim, Cost, Source, Step
from mm_agents.agent.grounding.claims import check_claim, with_similarity
from mm_agents.security.injection import screen_said
from mm_agents.types import Evidence


class AnswerBuilder:
    """Claims, their sources, and text between them.

    Args:
        question: as it was asked.
    """

    def __init__(self, question: str) -> None:
        self.question = question
        self.claims: list[Claim] = []
        self.checks: list[Check] = []
        self.sources: list[Source] = []
        self.route: list[Step] = []
        self.payloads: dict[str, Any] = {}
        self._paragraphs: list[str] = []
        self._numbers: dict[Evidence, int] = {}
        self._retrieved: dict[str, None] = {}

    def retrieved(self, ids: Iterable[str]) -> None:
        """Note the ids of what was found, used or not."""
        self._retrieved |= dict.fromkeys(ids)

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
        match: bool = False,
        similarity: float | None = None,
        line: str | None = None,
        follows: str | None = None,
    ) -> Claim:
        """State something.

        Args:
            text: a sentence, without the numbers of its sources; what reads like an instruction is withheld from it.
            sources: what it rests on.
            why: what it was found by.
            doubt: why it is not verified, where it is not; without one, code checks it here.
            computed: the sum behind a number that no source prints.
            match: whether it says only that something is near to what was searched for.
            similarity: how near that is; it is added to the text.
            line: how it stands in the text where that is not the sentence alone, such as an item of a list.
            follows: what joins it to the paragraph before it; by default it is one of its own.
        """
        text = screen_said(text)[0]
        line = screen_said(line)[0] if line else None
        numbers = tuple(dict.fromkeys(sources))
        cited = [self.sources[number - 1] for number in numbers]
        found = doubt or check_claim(text, cited, computed=computed, question=self.question)
        if similarity is not None:
            text, line = with_similarity(text, similarity), with_similarity(line or text, similarity)
        claim = Claim(
            text=text,
            sources=numbers,
            status="unverified" if found else "match" if match else "verified",
            why=found or why,
            computed=computed,
            similarity=similarity,
        )
        self.claims.append(claim)
        marks = "".join(f"[{number}]" for number in numbers)
        told = f"{line or text} {marks}".rstrip()
        if follows is not None and self._paragraphs:
            self._paragraphs[-1] += follows + told
        else:
            self._paragraphs.append(told)
        return claim

    def say(self, text: str) -> None:
        """Add text that claims nothing of its own: an introduction, or what was read, in another form."""
        self._paragraphs.append(text)

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
            claims=tuple(self.claims),
            sources=tuple(self.sources),
            route=tuple(self.route),
            checks=tuple(self.checks),
            retrieved=tuple(self._retrieved),
            cost=Cost(calls=sum(step.error is None for step in self.route), tokens=0, seconds=round(seconds, 3)),
            payloads={**self.payloads, **(more or {})},
            root=root,
        )


def _is_item(paragraph: str) -> bool:
    return paragraph.startswith(("- ", "* ")) or paragraph.lstrip()[:1].isdigit()
