"""A question with what is known when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mm_agents.agent.query_analysis import says
from mm_agents.agent.request import request_of

if TYPE_CHECKING:
    from mm_agents.agent.aggregation import Aggregation
    from mm_agents.toolbox import AttachmentInfo
    from mm_agents.types import VectorRole


@dataclass(frozen=True, kw_only=True)
class QuestionContext:
    """A question and what is known when it is asked.

    Attributes:
        text: the question, with "it" and "the second one" as they were said.
        attachments: the files that came with it.
        focus: the ids or names that "it" and "the second one" mean, where the question says so.
        again: the id of the document that was read last, where the question may well be about it again.
        reader: the tool that reads that document, where it is not one of the plan.
        films: ids and titles, for finding those that a question names.
        typed: all that was typed, with the sentences around the question.
        roles: for each vector's name what it is of.
        aggregations: what is asked of all files of a kind.
        where: a condition on films, which the text no longer has.
    """

    text: str
    attachments: Sequence[AttachmentInfo] = ()
    focus: tuple[str, ...] = ()
    again: str | None = None
    reader: str | None = None
    films: Sequence[tuple[str, str]] = ()
    typed: str = ""
    roles: Mapping[str, VectorRole | None] = field(default_factory=dict[str, "VectorRole | None"])
    aggregations: Sequence[Aggregation] = ()
    where: str = ""

    @property
    def pages(self) -> list[str]:
        """The names of the attached pictures and PDFs."""
        return [one.name for one in self.attachments if one.kind in ("image", "pdf")]

    def asks_attached(self, names: Sequence[str]) -> bool:
        """Whether a question that texts are planned for is asked of what is attached, before it is of the library."""
        return bool(self.attachments) and [*names] == ["search_text"] and says("asks", self.text) is not None

    def as_asked(self, reader: str, task: str) -> str:
        """What a reader is asked; a chart with what is said before it: "it is broken. What do I do next?"."""
        said = request_of(self.typed).context if reader == "read_flowchart" else ()
        return " ".join([*said, task])
