"""Scores of answers: right, partly right, wrong or silent, and how many of the wrong ones carry a proof.

What answers comes as a callable, so that any agent can be scored. A file of questions has one JSON object a line:
``{"question": "When is it due?", "attachments": ["bill.png"], "answer": "2026-03-01"}``. The right answer is a text:
``;`` parts what has to be said, ``, or`` parts what may be said instead, and "don't know" is right where the library
cannot tell. A part is said where one claim has its numbers, dates and words, in any form and order; what it has in
round brackets is a note. ``kind`` names the kind of a question, by which the report counts. Questions whose answer is
null are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mm_agents._progress import ProgressCallback
from mm_agents._text import content_words
from mm_agents.errors import ConfigError, MMAgentsError
from mm_agents.evaluate.metrics import PageText
from mm_agents.evaluate.routing import attached_file, attachment_folders, lines_of

Outcome = Literal["right", "partial", "wrong", "silent"]
OUTCOMES: tuple[Outcome, ...] = ("right", "partial", "wrong", "silent")

Ask = Callable[[str, Sequence[Path]], Mapping[str, Any]]
"""Answers a question about the files attached to it; returns what ``mm-agents ask --json`` prints."""

_PROOFS = ("read", "computed", "counted", "spoken")
_UNKNOWN = "don't know"
_NOTE = re.compile(r"\([^)]*\)")
_NUMBER = re.compile(r"\d(?:[\d.,'’]*\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_YES_NO = re.compile(r"^\s*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its right answer; ``kind`` is "" where the file names none."""

    question: str
    answer: str
    kind: str = ""
    attachments: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a question was answered; ``proved`` says whether a claim of the answer carries a proof."""

    question: Question
    text: str
    outcome: Outcome
    proved: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an evaluation found; ``cases`` are in the order of the questions."""

    cases: tuple[Case, ...]

    def figures(self) -> dict[str, int]:
        """The number of questions, of each outcome, and of wrong answers with a proof; the same by "KIND/…"."""
        found: dict[str, int] = {}
        kinds = sorted({case.question.kind for case in self.cases} - {""})
        for kind in ("", *kinds):
            cases = [case for case in self.cases if not kind or case.question.kind == kind]
            before = f"{kind}/" if kind else ""
            found[f"{before}questions"] = len(cases)
            found |= {f"{before}{name}": sum(case.outcome == name for case in cases) for name in OUTCOMES}
            found[f"{before}wrong with a proof"] = sum(case.outcome == "wrong" and case.proved for case in cases)
        return found

    def table(self) -> tuple[list[str], list[list[str]]]:
        """A head, and a line for each kind of question, all of them last."""
        figures = self.figures()
        names = ["questions", *OUTCOMES, "wrong with a proof"]
        kinds = sorted({case.question.kind for case in self.cases} - {""})
        lines = [
            [kind or "all", *(str(figures[f"{kind}/{name}" if kind else name]) for name in names)]
            for kind in (*kinds, "")
        ]
        return ["kind", *names], lines

    def to_json(self) -> dict[str, Any]:
        """The document that ``eval answers --json`` prints."""
        cases = [
            {"question": case.question.question, "attachments": [path.name for path in case.question.attachments]}
            | {"kind": case.question.kind, "wanted": case.question.answer, "answer": case.text}
            | {"outcome": case.outcome, "proved": case.proved, "error": case.error}
            for case in self.cases
        ]
        return {"figures": self.figures(), "cases": cases}


def read_questions(path: Path, *, attachments: Path | None = None) -> list[Question]:
    """Read a file of questions.

    Args:
        path: of the file.
        attachments: the folder of attached files; by default beside the file, or in the folder above it.

    Raises:
        ConfigError: no line has an answer, or a line cannot be read or names a missing file.
        OSError: the file cannot be read.
    """
    folders = attachment_folders(path, attachments)
    questions: list[Question] = []
    for where, line in lines_of(path):
        try:
            read: Any = json.loads(line)
            answer, asked, kind = read["answer"], read["question"], read.get("kind", "")
            files = [attached_file(name, where, folders) for name in read.get("attachments", [])]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(f"{where}: not a JSON object with a question and its answer ({error}).") from error
        if not isinstance(asked, str) or not isinstance(kind, str) or not isinstance(answer, str | None):
            raise ConfigError(f"{where}: the question, its kind and its answer have to be texts.")
        if answer is not None:
            questions.append(Question(question=asked, answer=answer, kind=kind, attachments=tuple(files)))
    if not questions:
        raise ConfigError(f"{path.name} holds no question with an answer.")
    return questions


def evaluate(questions: Sequence[Question], ask: Ask, *, report: ProgressCallback | None = None) -> Report:
    """Ask, and compare.

    Args:
        questions: with their right answers.
        ask: answers one; an error of its own, such as an unreadable file, makes the answer silent.
        report: called before each question.
    """
    cases: list[Case] = []
    for done, one in enumerate(questions):
        if report:
            report(done, len(questions), one.question)
        try:
            answer = ask(one.question, one.attachments)
        except MMAgentsError as error:
            cases.append(Case(question=one, text="", outcome="silent", proved=False, error=str(error)))
            continue
        proved = any(claim["kind"] in _PROOFS for claim in answer["claims"])
        cases.append(Case(question=one, text=answer["text"], outcome=judge(one.answer, answer), proved=proved))
    return Report(cases=tuple(cases))


def judge(wanted: str, answer: Mapping[str, Any]) -> Outcome:
    """How an answer compares with the right one; the module's text says when a part is said.

    Args:
        wanted: the right answer.
        answer: with "claims", each with a "text".
    """
    claims = [claim["text"] for claim in answer["claims"]]
    best: Outcome = "silent" if not claims else "wrong"
    for alternative in re.split(r",?\s+or\s+(?=don't know)|,\s+or\s+", wanted):
        if _UNKNOWN in alternative.casefold():
            if not claims:
                return "right"
            continue
        parts = [part for part in re.split(r"\s*;\s*|\s+\+\s+", _NOTE.sub("", alternative)) if part.strip()]
        said = sum(any(_says(claim, part) for claim in claims) for part in parts)
        if parts and said == len(parts):
            return "right"
        if said:
            best = "partial"
    return best


def _says(claim: str, part: str) -> bool:
    """Whether a claim says a part: its dates, then the numbers and words that are left, and yes or no alike."""
    stated, wanted = _YES_NO.match(claim), _YES_NO.match(part)
    if stated and wanted and stated[1].casefold() != wanted[1].casefold():
        return False
    shown = PageText(claim)
    if not all(shown.shows_date(date) for date in _DATE.findall(part)):
        return False
    rest = _DATE.sub(" ", _YES_NO.sub("", part))
    if not all(map(shown.shows_number, _NUMBER.findall(rest))):
        return False
    return content_words(_NUMBER.sub(" ", rest)) <= content_words(claim)
