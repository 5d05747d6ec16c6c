"""An answer and everything that it rests on, as data that can be kept in a file and checked again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mm_agents.agent.answer_data import AnswerData, Check, Claim, Cost, Source, Step
from mm_agents.agent.report import write_report
from mm_agents.errors import ConfigError
from mm_agents.search.ranking import evidence_json
from mm_agents.types import Box, Evidence

if TYPE_CHECKING:
    pass

VERSION = 1
"""Of the file that ``Answer.save`` writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(AnswerData):
    """An answer whose claims carry the numbers of their sources: [1], [2]; attributes as ``AnswerData``."""

    def to_json(self) -> dict[str, Any]:
        """The document that ``ask --json`` prints."""
        return {"version": VERSION} | asdict(self) | {"sources": [_source(source) for source in self.sources]}

    def rooted(self, root: str | None) -> Self:
        """The same answer, whose relative paths start from a folder."""
        sources = tuple(replace(source, root=root) for source in self.sources)
        return replace(self, root=root, sources=sources)

    def report(self, path: str | Path) -> Path:
        """Write it as one static page: pictures with boxes, moments of clips, route, checks; returns the path."""
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
