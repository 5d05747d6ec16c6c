"""The data of an answer: claims, their sources with evidence, the route of calls, checks and cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mm_agents.agent.source_images import cropped, drawn
from mm_agents.chat import Usage
from mm_agents.types import Evidence

if TYPE_CHECKING:
    import PIL.Image

ClaimKind = Literal["read", "computed", "counted", "spoken", "seen", "match", "unsupported"]
"""What proves a claim: a value that is read again in its box; a sum whose operands are read; records that a filter
names; words of a transcript; an object's box and score; a similarity, which proves nothing; or nothing."""

ClaimStatus = Literal["verified", "match", "unverified"]
"""Checked by code; found by a score, which does not prove that it is what was meant; or neither."""

STATUSES: Mapping[ClaimKind, ClaimStatus] = {
    "read": "verified",
    "computed": "verified",
    "counted": "verified",
    "spoken": "verified",
    "seen": "match",
    "match": "match",
    "unsupported": "unverified",
}
"""The status of each kind of claim."""

Outcome = Literal["answered", "partial", "not_found", "out_of_scope"]
"""Every part of the question has a claim; some parts have one; none has; or the question is not for this library."""

CheckStatus = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Evidence of claims, numbered from 1 as the answer's text cites it.

    Attributes:
        number: from 1.
        evidence: the place.
        name: of the file or film.
        media_type: "image", "video", "text", "pdf" or "film".
        root: the folder that a relative path of the evidence starts from; None where no folder was given.
    """

    number: int
    evidence: Evidence
    name: str
    media_type: str
    root: str | None = field(default=None, compare=False, repr=False)

    def show(self) -> PIL.Image.Image:
        """Open the cited place in the system's viewer of pictures, and return it."""
        picture = self.crop()
        picture.show(self.name)
        return picture

    def crop(self, *, margin: float = 1.5) -> PIL.Image.Image:
        """The place alone: the box with some of its page around it, the frame of a moment, the passage of a text.

        Args:
            margin: how much around a box, in heights of the box.

        Raises:
            MediaError: the file is gone, was changed, or cannot be read, or its path is relative and no root was given.
        """
        return cropped(self, margin)

    def page(self) -> PIL.Image.Image:
        """The whole page or frame, with the box drawn on it; errors as ``crop``."""
        return drawn(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the answer.

    Attributes:
        text: the statement, without the numbers of its sources.
        sources: the numbers of the sources that it cites.
        kind: what proves it.
        why: what it was checked by, or why it is not verified.
        computed: the sum behind a number that no source prints, such as "4 * 15.00 + 6 * 5.00 = 90.00".
        similarity: of a match to what was searched for, as the cosine of their vectors; None where it is not known.
        subject: what it is about, such as a file's name; None where it is not one thing.
        attribute: which fact of the subject it states, such as "total"; None where it is not one fact.
        field: the field of the response format that it fills, such as "total" or "items.0.amount"; None for others.
    """

    text: str
    sources: tuple[int, ...]
    kind: ClaimKind
    why: str | None = None
    computed: str | None = None
    similarity: float | None = None
    subject: str | None = None
    attribute: str | None = None
    field: str | None = None

    @property
    def status(self) -> ClaimStatus:
        """Whether code has checked it, as follows from its kind."""
        return STATUSES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call of a tool, and what came of it.

    Attributes:
        tool: its name.
        arguments: what it was called with.
        seconds: how long it took.
        error: why it failed or was refused.
        refused: whether it was refused.
        code: says to programs why it was refused: "not_said", "not_handed_out", "address", "not_planned", "malformed",
            "unknown_tool".
        input_tokens: what a chat model read that the tool itself asked.
        output_tokens: what that model wrote.
    """

    tool: str
    arguments: Mapping[str, Any]
    seconds: float = 0.0
    error: str | None = None
    refused: bool = False
    code: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0


Purpose = Literal["plan", "turn", "claims", "fields"]
"""Why a chat model is asked: which tools are needed; what to do or say next; the answer again as claims with their
sources; the values of a response format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """A request to the chat model.

    Attributes:
        model: its name.
        purpose: why it was asked.
        seconds: from the request to the end of the reply.
        input_tokens: what it read, as its provider counts; 0 where that does not say.
        output_tokens: what it wrote.
        error: why it failed.
    """

    model: str
    purpose: Purpose
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that was checked of the answer: sums of an invoice, a citation, an instruction found in a file."""

    name: str
    status: CheckStatus
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that came with a question.

    Attributes:
        name: how the calls name it.
        path: where it lay; None where it came as bytes.
        sha256: of its content.
    """

    name: str
    path: str | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the answer cost: calls of tools and models, tokens of models, seconds."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerData:
    """An answer as data, whose claims carry the numbers of their sources: [1], [2].

    Attributes:
        question: as it was asked.
        text: for people, with the numbers of sources in brackets.
        outcome: whether the question is answered.
        unanswered: the parts of the question that no claim answers.
        claims: its statements.
        sources: what the claims cite.
        route: the calls of tools, in order, each with its seconds and tokens.
        model_calls: the requests to the chat model, in order, likewise.
        checks: what was checked.
        retrieved: the ids of what was found, used or not.
        cost: what it cost.
        payloads: what the tools gave back for programs, by tool name.
        model: the chat model that wrote it; None for the offline planner.
        parsed: the instance of the response format; None where none was asked for, or a field without evidence may not
            be None (``unanswered`` names it). A loaded answer has it as plain data without defaults,
            for ``Model.model_validate``.
        language: of the question and of the sentences that code has worded, by its code.
        attachments: the files that came with the question.
        root: the library's folder, which relative paths of sources start from; a loaded answer has the one that the
            caller gives, not the one that its file names.
    """

    question: str
    text: str
    outcome: Outcome = "answered"
    unanswered: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    route: tuple[Step, ...] = ()
    model_calls: tuple[ModelCall, ...] = ()
    checks: tuple[Check, ...] = ()
    retrieved: tuple[str, ...] = ()
    cost: Cost = field(default_factory=Cost)
    payloads: Mapping[str, Any] = field(default_factory=dict[str, Any])
    model: str | None = None
    parsed: Any = None
    language: str = "en"
    attachments: tuple[AttachedFile, ...] = ()
    root: str | None = None

    @property
    def fields(self) -> dict[str, Claim]:
        """The claims that fill the response format, by the path of the field: "total", "items.0.amount"."""
        return {claim.field: claim for claim in self.claims if claim.field is not None}

    @property
    def usage(self) -> Usage:
        """The tokens of all requests to chat models, those that tools made included."""
        steps = (*self.route, *self.model_calls)
        return Usage(
            input_tokens=sum(step.input_tokens for step in steps),
            output_tokens=sum(step.output_tokens for step in steps),
        )
