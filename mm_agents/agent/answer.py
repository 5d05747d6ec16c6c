"""An answer and everything that it rests on, as data that can be kept in a file and checked again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from mm_agents.errors import ConfigError
from mm_agents.search.ranking import evidence_json
from mm_agents.types import Box, Evidence

if TYPE_CHECKING:
    import PIL.Image

VERSION = 1
"""Of the file that ``Answer.save`` writes."""

ClaimStatus = Literal["verified", "match", "unverified"]
"""Checked by code; the nearest that a search found, which nobody checked to be what was meant; or neither."""

CheckStatus = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What claims rest on, numbered from 1 as the answer's text cites it.

    Attributes:
        number: from 1.
        evidence: the place.
        name: of the file or film.
        media_type: "image", "video", "text", "pdf" or "film".
        root: the folder that a relative path of the evidence starts from.
    """

    number: int
    evidence: Evidence
    name: str
    media_type: str
    root: str | None = field(default=None, compare=False, repr=False)

    def show(self) -> PIL.Image.Image:
        """Open the place that a claim rests on in the system's viewer of pictures, and return it."""
        picture = self.crop()
        picture.show(self.name)
        return picture

    def crop(self, *, margin: float = 1.5) -> PIL.Image.Image:
        """The place alone: the box with some of its page around it, the frame of a moment, the passage of a text.

        Args:
            margin: how much around a box, in heights of the box.

        Raises:
            MediaError: the file is gone, was changed, or cannot be read.
        """
        from mm_agents.agent.source_images import cropped

        return cropped(self, margin)

    def page(self) -> PIL.Image.Image:
        """The whole page or frame, with the box drawn on it; errors as ``crop``."""
        from mm_agents.agent.source_images import drawn

        return drawn(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the answer.

    Attributes:
        text: the statement, without the numbers of its sources.
        sources: the numbers of the sources that it rests on.
        status: "verified" where code found it in them; "match" where a search found that they are near to the
            question, which is no proof that they are what was meant; else "unverified".
        why: what it was checked by, or why it is not verified.
        computed: the sum behind a number that no source prints, such as "4 * 15.00 + 6 * 5.00 = 90.00".
        similarity: of a match to what was searched for, as the cosine of their vectors; None where it is not known.
    """

    text: str
    sources: tuple[int, ...]
    status: ClaimStatus
    why: str | None = None
    computed: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call of a tool, and what came of it; ``error`` says why it failed or was refused."""

    tool: str
    arguments: Mapping[str, Any]
    seconds: float = 0.0
    error: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that was checked of the answer: sums of an invoice, a citation, an instruction found in a file."""

    name: str
    status: CheckStatus
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the answer cost: calls of tools and models, tokens of models, seconds."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose claims carry the numbers of their sources: [1], [2].

    Attributes:
        question: as it was asked.
        text: for people, with the numbers of sources in brackets.
        claims: its statements.
        sources: what they rest on.
        route: the calls, in order.
        checks: what was checked.
        retrieved: the ids of what was found, used or not.
        cost: what it cost.
        payloads: what the tools gave back for programs, by tool name.
        model: the chat model that wrote it; None for the offline planner.
        root: the library's folder, which relative paths of sources start from.
    """

    question: str
    text: str
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    route: tuple[Step, ...] = ()
    checks: tuple[Check, ...] = ()
    retrieved: tuple[str, ...] = ()
    cost: Cost = field(default_factory=Cost)
    payloads: Mapping[str, Any] = field(default_factory=dict[str, Any])
    model: str | None = None
    root: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document that ``ask --json`` prints."""
        return {"version": VERSION} | asdict(self) | {"sources": [_source(source) for source in self.sources]}

    def rooted(self, root: str | None) -> Self:
        """The same answer, whose relative paths start from a folder."""
        sources = tuple(replace(source, root=root) for source in self.sources)
        return replace(self, root=root, sources=sources)

    def report(self, path: str | Path) -> Path:
        """Write it as one static page: pictures with boxes, moments of clips, route, checks; returns the path."""
        from mm_agents.agent.report import write_report

        return write_report(self, path)

    def save(self, path: str | Path) -> None:
        """Write it to a file that ``mm-agents verify`` reads."""
        Path(path).write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=2), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            ConfigError: the file cannot be read or is no answer.
        """
        try:
            kept = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls._of(kept)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(f"{str(path)!r} is no saved answer: {error!r}.") from error

    @classmethod
    def _of(cls, kept: Mapping[str, Any]) -> Self:
        if kept["version"] != VERSION:
            raise ValueError(f"it has the version {kept['version']!r}, and {VERSION} is known")
        return cls(
            question=str(kept["question"]),
            text=str(kept["text"]),
            claims=tuple(_read_claim(one) for one in kept["claims"]),
            sources=tuple(_read_source(one) for one in kept["sources"]),
            route=tuple(Step(**one) for one in kept["route"]),
            checks=tuple(Check(**one) for one in kept["checks"]),
            retrieved=tuple(kept["retrieved"]),
            cost=Cost(**kept["cost"]),
            payloads=dict(kept["payloads"]),
            model=kept["model"],
        ).rooted(kept.get("root"))


def _source(source: Source) -> dict[str, Any]:
    named = {"number": source.number, "name": source.name, "media_type": source.media_type}
    return named | evidence_json(source.evidence)


def _read_claim(kept: dict[str, Any]) -> Claim:
    sources: list[int] = kept.pop("sources")
    return Claim(sources=tuple(sources), **kept)


def _read_source(kept: Mapping[str, Any]) -> Source:
    own = {name: kept[name] for name in ("number", "name", "media_type")}
    rest = {name: value for name, value in kept.items() if name not in own}
    if rest["box"] is not None:
        rest["box"] = Box(**dict(zip(("x0", "y0", "x1", "y1"), rest["box"], strict=True)))
    return Source(**own, evidence=Evidence(**rest))
