"""The answer that a model writes, while it is written: checked sentence by sentence, and told with what failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Check, CheckStatus, Claim, Outcome, Source, Step
from mm_agents.agent.budget import BudgetTracker
from mm_agents.agent.events import Checked, Claimed, Event, Finished, Token
from mm_agents.agent.grounding.reasons import BUDGET, INSTRUCTIONS, MODEL, QUOTED, REFUSED, claims_check
from mm_agents.agent.grounding.sources import SourceRegistry
from mm_agents.agent.grounding.statements import Judgement, Statement, Statements, cite, is_introduction, judge
from mm_agents.tools import ToolResult

_UNKNOWING = ("i don't know", "i do not know", "i don’t know", "i cannot tell", "i can't tell")
_FOUND = 5  # sources that are listed when no answer is found
_QUOTED = 120  # characters of each
_AS_SEEN = "What pictures show is told as the model sees it; code has not checked that."
_READS_HIDDEN = "read_hidden_text"


class StreamingAnswer:
    """Puts an answer together.

    Args:
        question: as it was asked.
        sources: what claims may cite.
        model: its name.
        spent: what it costs.
    """

    def __init__(self, question: str, sources: SourceRegistry, model: str, spent: BudgetTracker) -> None:
        self.route: list[Step] = []
        self._question, self._sources, self._model, self._spent = question, sources, model, spent
        self._statements = Statements()
        self._claims: list[Judgement] = []
        self._doubtful: list[Judgement] = []  # of this turn, which may still turn out not to be the answer
        self._text = ""
        self._checks: list[Check] = []
        self._numbers: dict[int, int] = {}
        self._retrieved: dict[str, None] = {}
        self._payloads: dict[str, object] = {}
        self._said = ""
        self._uncited: list[Statement] = []
        self._seen = False
        self._place = 0
        self._lead = ""  # an introduction, which is told when something follows it
        self._stopped: str | None = None
        self._outcome: Outcome = "answered"

    # ------------------------------------------------------------ what happens

    def called(self, step: Step, result: ToolResult | None) -> None:
        """Note a call and what it found."""
        self.route.append(step)
        if step.refused:
            self._check(REFUSED, "failed", f"{step.tool}: {step.error}")
        if result is not None:
            self._retrieved |= dict.fromkeys(result.assets)
            self._payloads[step.tool] = dict(result.payload)

    def failed(self, why: str) -> None:
        """The model failed on the way."""
        self._check(MODEL, "failed", why)
        self._stopped = f"The chat model failed before it had answered: {why}"

    def stopped(self, what: str) -> None:
        """The budget is used up."""
        self._check(BUDGET, "failed", f"The budget of {what} was used up before there was an answer.")
        self._stopped = f"I stopped: the budget of {what} was used up before there was an answer."

    # ------------------------------------------------------------ what is written

    @property
    def cites(self) -> bool:
        """Whether anything that was written cites a source."""
        return re.search(r"\[\d", self._said) is not None

    @property
    def citable(self) -> bool:
        """Whether code finds a source that supports what it says without one."""
        statements = Statements()
        said = [*statements.feed(self._said), *statements.end()]
        cited = [cite(one, self._sources, self._question) for one in said]
        return any(judge(one, self._sources, self._question).verdict != "left out" for one in cited)

    @property
    def does_not_know(self) -> bool:
        """Whether it says that it does not know."""
        return self._said.strip().casefold().startswith(_UNKNOWING)

    def wrote(self, piece: str) -> Iterator[Event]:
        """Take a piece of the answer; sentences that are whole are checked, and those that stand are told."""
        self._said += piece
        yield from self._told(self._statements.feed(piece))

    def ended(self) -> Iterator[Event]:
        """Take the end of the answer."""
        last = self._statements.end()
        if not self.cites:
            # Nothing of it was told yet, so all of it may be cited by code.
            waiting = [*self._uncited, *last]
            self._doubtful = []
            last = [cite(one, self._sources, self._question) for one in waiting]
        yield from self._told(last)
        self._claims += self._doubtful
        yield from (Claimed(claim=one.claim) for one in self._doubtful)
        self.forget()

    def stated(self, text: str, sources: Sequence[int]) -> Iterator[Event]:
        """Take a claim that came as a value, not as text."""
        yield from self._told([Statement(text=text.strip(), cited=tuple(dict.fromkeys(sources)))])

    def forget(self) -> None:
        """What was written and not told yet is not the answer."""
        self._statements, self._said, self._doubtful, self._lead = Statements(), "", [], ""
        self._uncited = []

    def _told(self, statements: Sequence[Statement]) -> Iterator[Event]:
        for statement in statements:
            if not statement.cited:
                self._uncited.append(statement)
            if statement.text.casefold().startswith(_UNKNOWING):
                continue
            if is_introduction(statement, self._sources, self._question):
                self._lead = (statement.before if self._text else "") + statement.text
                continue
            judged = replace(judge(statement, self._sources, self._question), place=self._place)
            self._place += 1
            if judged.verdict == "left out":
                self._doubtful.append(judged)
                continue
            judged = replace(judged, claim=self._numbered(judged.claim))
            self._claims.append(judged)
            yield Claimed(claim=judged.claim)
            self._seen = self._seen or judged.verdict == "seen"
            marks = "".join(f"[{number}]" for number in judged.claim.sources)
            before = statement.before if self._text or self._lead else ""
            yield from self._add(self._lead + before + _marked(judged.claim.text, marks))
            self._lead = ""

    def _add(self, text: str) -> Iterator[Event]:
        self._text += text
        yield Token(text=text)

    def _numbered(self, claim: Claim) -> Claim:
        """The claim with the numbers of the answer: sources are counted as they are cited."""
        for number in claim.sources:
            self._numbers.setdefault(number, len(self._numbers) + 1)
        return replace(claim, sources=tuple(self._numbers[number] for number in claim.sources))

    # ------------------------------------------------------------ the whole

    def refused(self, text: str) -> Iterator[Event]:
        """No tool fits."""
        self._outcome = "out_of_scope"
        yield from self._add(text)
        yield from self._finish()

    def finished(self) -> Iterator[Event]:
        """Everything that is left, and the answer."""
        yield from self._hidden()
        if self._stopped is not None or not self._text:
            yield from self._without_an_answer()
        elif self._seen:
            yield from self._add(f"\n\n{_AS_SEEN}")
        yield from self._finish()

    def _hidden(self) -> Iterator[Event]:
        """Hidden text that was withheld from the model: who asks for it gets it from code, as a quote."""
        lines = [(n, known) for n, known in self._sources.known.items() if known.tool == _READS_HIDDEN]
        changed = {
            known.source.evidence.asset
            for _, known in lines
            if known.source.evidence.quote and known.clean.evidence.quote != known.source.evidence.quote
        }
        for asset in changed:
            own = [(n, known.source) for n, known in lines if known.source.evidence.asset == asset]
            quote = " ".join(source.evidence.quote or "" for _, source in own).replace("“", "'").replace("”", "'")
            text = f"The hidden text in {own[0][1].name} reads: “{quote}”"
            claim = self._numbered(Claim(text=text, sources=tuple(n for n, _ in own), kind="read", why=QUOTED))
            self._claims.append(Judgement(claim=claim, verdict="carried", place=self._place))
            yield Claimed(claim=claim)
            marks = "".join(f"[{number}]" for number in claim.sources)
            yield from self._add(("\n\n" if self._text else "") + f"{text} {marks}")

    def _without_an_answer(self) -> Iterator[Event]:
        """What there is to say where nothing that was claimed stands."""
        self._outcome = "partial" if self._text else "not_found"
        head = self._stopped or "I don't know: what was found does not tell."
        yield from self._add(("\n\n" if self._text else "") + head)
        found = self._worth_telling()
        if not found:
            return
        yield from self._add("\n\nWhat was found before that:" if self._stopped else "\n\nWhat was found:")
        for number in found:
            known = self._sources.known[number]
            quote = " ".join((known.clean.evidence.quote or "").split())
            said = f"{known.clean.name} says “{quote}”" if quote else f"{known.clean.name} was found"
            self._numbers.setdefault(number, len(self._numbers) + 1)
            kind = "match" if known.found else "read"
            claim = Claim(text=said, sources=(self._numbers[number],), kind=kind, why=known.source.evidence.how)
            self._claims.append(Judgement(claim=claim, verdict="carried", place=self._place))
            yield Claimed(claim=claim)
            yield from self._add(f"\n- {said} [{self._numbers[number]}]")

    def _worth_telling(self) -> list[int]:
        """Some sources: short quotes that read well, of the latest result first, else things that were found."""
        names = self._sources.names_withheld
        quoted = [
            number
            for number, known in self._sources.known.items()
            if 1 < len(quote := known.clean.evidence.quote or "") <= _QUOTED and "“" not in quote and known.source.name
        ]
        whole = [number for number, known in self._sources.known.items() if not known.source.evidence.quote]
        tools = [self._sources.known[number].tool for number in quoted]
        latest = [number for number in quoted if self._sources.known[number].tool == tools[-1]]
        return [n for n in (latest or whole) if self._sources.known[n].source.name not in names][:_FOUND]

    def _finish(self) -> Iterator[Event]:
        for one in self._sources.withheld:
            self._check(INSTRUCTIONS, "failed", f"{one.tool} read “{one.line[:200]}”; that was not followed.")
        for one in self._claims:
            for number in one.claim.sources if one.verdict == "left out" else ():
                if number in self._sources.known:
                    self._numbers.setdefault(number, len(self._numbers) + 1)
        sources = self._cited_sources()
        in_order = sorted(self._claims, key=lambda one: one.place)
        claims = tuple(self._renumbered(one, len(sources)) for one in in_order)
        self._checks += claims_check(claims)
        for check in self._checks:
            yield Checked(check=check)
        yield Finished(
            answer=Answer(
                question=self._question,
                text=self._text,
                outcome=self._outcome,
                unanswered=(self._question,) if self._outcome == "partial" else (),
                claims=claims,
                sources=sources,
                route=tuple(self.route),
                model_calls=tuple(self._spent.model_calls),
                checks=tuple(self._checks),
                retrieved=tuple(self._retrieved),
                cost=self._spent.cost,
                payloads=dict(self._payloads),
                model=self._model,
            )
        )

    def _cited_sources(self) -> tuple[Source, ...]:
        return tuple(
            replace(self._sources.known[given].source, number=number) for given, number in self._numbers.items()
        )

    def _renumbered(self, judged: Judgement, count: int) -> Claim:
        """A claim; one that was left out names what it was never given by numbers that no source has."""
        if judged.verdict != "left out":
            return judged.claim
        numbers = tuple(self._numbers.get(number, count + number) for number in judged.claim.sources)
        return replace(judged.claim, sources=numbers)

    def _check(self, name: str, status: CheckStatus, detail: str) -> None:
        self._checks.append(Check(name=name, status=status, detail=detail))


def _marked(text: str, marks: str) -> str:
    """A claim with its sources: before the full stop of a sentence, below a piece of code."""
    if "\n" in text:
        return f"{text}\n{marks}"
    if text.endswith("|"):
        return f"{text} {marks}"
    stop = text[-1:] if text[-1:] in ".!?" else ""
    return f"{text.removesuffix(stop)} {marks}{stop}" if stop else f"{text} {marks}"
