"""What the answer of a chat model says of itself: why its claims stand or do not, and what was checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mm_agents._text import content_words
from mm_agents.agent.answer_data import AnswerData, Check, Claim, ClaimKind

FOUND = "nearest match: a search found it, and code has not checked what it shows"
COMPUTED = "computed from its sources"
READ = "it is what was read"
DERIVED = "it follows from what was read"
WORDED = "its words and numbers are those of its sources"
QUOTED = "quoted"
SEEN = "told of a picture by the model, and code cannot see it: "

_STANDS: dict[ClaimKind, tuple[str, ...]] = {
    "read": (READ, WORDED, QUOTED),
    "counted": (DERIVED,),
    "computed": (COMPUTED,),
    "match": (FOUND,),
}
"""Why a claim of a chat model stands, by its kind."""

CLAIMS = "claims"
REFUSED = "calls within the plan"
BUDGET = "budget"
MODEL = "the chat model"
INSTRUCTIONS = "instructions in files"
_STOPPED = {BUDGET: "", MODEL: "The chat model failed before it had answered: "}

_DOUBTS = (
    "No fact speaks of it. It speaks of nothing that was read; there are not, there are others, or it counts some of "
    "them alone. It gives no value, and does not say which ones or of which ones, which one or what it is about. That "
    "is not so of each or those alone. It ranks or compares more than one or two things; nothing can be ranked so and "
    "has a price; by what it ranks, than what. It compares a value with itself; the other value is another one; these "
    "cannot be compared or added; they are; the difference is another; it says no sum or difference. The sum cannot be "
    "done again, comes to and does not add up the values. It denies something and no source does; a search proves only "
    "what it finds, finds as many as it is asked for and does not count. It names an attribute without its value. No "
    "source is cited; it cites what it was never given; is from a line that reads like an instruction. Its sources do "
    "not say; it only repeats the question; says too little; no passage that it cites says so. The number, date or "
    "moment is in none of its sources. No chart says so, or which step or chart; speaks of more than steps; leaves "
    "steps out; other steps; another order; does not come after. Told of a picture by the model, and code cannot see "
    "it. No sentence of a transcript, box and score proves it. Not verified; seen by a classifier and OCR; no place in "
    "the picture or page; what it says is not checked; likeness of their vectors; words. Fact facts."
)
"""The words in which code says why a claim of a chat model does not stand."""


def claims_check(claims: Sequence[Claim]) -> Iterator[Check]:
    """What is said of the claims of an answer by their kinds and reasons."""
    for claim in claims:
        if claim.kind == "unsupported":
            seen = claim.why is not None and claim.why.startswith(SEEN)
            detail = f"“{claim.text[:200]}”: {claim.why}"
            yield Check(name=CLAIMS, status="not applicable" if seen else "failed", detail=detail)
    if claims and all(claim.kind != "unsupported" for claim in claims):
        detail = f"All {len(claims)} are supported by the sources that they cite."
        yield Check(name=CLAIMS, status="passed", detail=detail)


def reason_fault(claim: Claim, known: Iterable[str], ways: Iterable[str]) -> str | None:
    """What is wrong with the reason of a model's claim; None where nothing is.

    Args:
        claim: whose reason it is.
        known: the texts whose words a reason may have: the question, and what was read.
        ways: how the sources of the claim were found.
    """
    if claim.why is None:
        return None
    if claim.kind != "unsupported":
        stands = (*_STANDS.get(claim.kind, ()), *ways)
        return None if claim.why in stands else f"“{claim.why}” is not a reason for what is {claim.kind}"
    strange = content_words(claim.why) - content_words(" ".join([*known, claim.text, _DOUBTS]))
    strange = {word for word in strange if not word[0].isdigit()}
    return f"its reason says “{min(strange)}”, which nothing that was read says" if strange else None


def check_faults(answer: AnswerData, derived: Sequence[Check], read: str) -> Iterator[tuple[str, str]]:
    """The checks that do not follow from an answer of a chat model, and those that it leaves out, with the reason.

    Args:
        answer: whose checks they are.
        derived: what its documents' readers check.
        read: all that its documents say; what reads like an instruction stands there.
    """
    own = [claim for claim in answer.claims if claim.field is None]
    wanted = [*claims_check(own), *(_refused(answer))]
    for check in wanted:
        if check not in answer.checks:
            yield check.name, f"it does not say “{check.detail}”"
    for check in answer.checks:
        if check in wanted or check in derived:
            continue
        if check.name == CLAIMS and check.status != "passed" and answer.fields:
            continue  # of a sentence that the values of a response format have replaced
        if check.name == INSTRUCTIONS:
            line = re.fullmatch(r"\w+ read “(.*)”; that was not followed\.", check.detail, re.DOTALL)
            if line is not None and check.status == "failed" and words_alone(line[1]) in words_alone(read):
                continue
        if check.name in _STOPPED and check.status == "failed" and _stopped(check) in answer.text.casefold():
            continue
        yield check.name, f"nothing that was read or done leads to “{check.detail}”"


def _refused(answer: AnswerData) -> Iterator[Check]:
    for step in answer.route:
        if step.refused:
            yield Check(name=REFUSED, status="failed", detail=f"{step.tool}: {step.error}")


def _stopped(check: Check) -> str:
    return (_STOPPED[check.name] + check.detail).casefold()


def words_alone(text: str) -> str:
    """The words of a text in small letters, with one space between them."""
    return " ".join(re.findall(r"\w+", text.casefold()))
