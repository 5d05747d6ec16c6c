"""The planner that needs no model: it compares a question with the example questions that every tool carries.

    planner = OfflinePlanner(toolbox(library), embedder)
    planner.plan("which clip shows the dog?").tools
    #> ('search_videos',)

A tool's score is learnt from the examples (``_planning``); "no tool" has a score of its own, and how far the best tool
has to be ahead of it is chosen on the examples, each left out in turn. What needs a document and has none attached is
preceded by a search for it. English only, as the offline embedder is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mm_agents import media
from mm_agents.agent.planner.features import classes_of, without_greeting, words_of
from mm_agents.agent.planner.tool_classifier import OWN, Learnt, learn, target_of
from mm_agents.errors import MediaError
from mm_agents.toolbox.sources import AttachmentInfo
from mm_agents.tools import Attachment, Tool, by_name

if TYPE_CHECKING:
    from mm_agents.media import MediaFile
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

_SIDE = 256  # pixels
_NEARLY = 32
"""How far, of 255, a colour may be from the picture's commonest for the picture to look as if nothing were on it."""

_ALL = 99.5  # per cent of the pixels


def is_blank(file: MediaFile) -> bool:
    """Whether a picture is of one colour to the eye; what cannot be opened is not."""
    try:
        pixels = media.load_image(file, max_side=_SIDE).pixels.reshape(-1, 3).astype(np.int16)
    except MediaError:
        return False
    away = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1)
    return float(np.percentile(away, _ALL)) <= _NEARLY


SEARCH = "search_images"
READERS = ("describe_image", "read_invoice", "read_table", "read_flowchart", "read_hidden_text")
"""The toolbox's tools that need a picture or document, attached or found before."""

_CLIPS, _LAST, _HIDDEN = "search_videos", "recommend", "read_hidden_text"
_EMPTY = 0.5
"""How much reading hidden text gains where a picture with nothing to be seen is attached: little else can be done."""


class Attached(Protocol):
    """What the planner has to know of an attached file."""

    @property
    def kind(self) -> Attachment:
        """What its content is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the planner would do.

    Attributes:
        tools: the names of the tools to call, in order; empty where no tool fits.
        scores: how well each of the tools fits; about 1 where it surely does.
        reason: why, for people.
        beside: how sure it is that no tool can do what is asked, on the same scale as the scores.
    """

    tools: tuple[str, ...]
    scores: dict[str, float]
    reason: str
    beside: float = 0.0


class OfflinePlanner:
    """Says which tools a question is for. Thread-safe; learns at the first question.

    Args:
        tools: those that may be planned, the toolbox's or the user's own; each has its example questions.
        embedder: turns questions into vectors; has to take texts.

    Raises:
        ConfigError: two tools have the same name.
    """

    def __init__(self, tools: Sequence[Tool], embedder: Embedder) -> None:
        self._tools = by_name(tools)
        self._target = {name: target_of(tool) for name, tool in self._tools.items()}
        self._embedder = embedder
        self._lock = Lock()
        self._learnt: Learnt | None = None

    def plan(self, question: str, attachments: Sequence[Attached] = ()) -> Plan:
        """Choose the tools for a question.

        Args:
            question: in English.
            attachments: the files that came with it.

        Raises:
            EmbedderError: the embedder failed.
        """
        learnt = self._learn()
        kinds: tuple[Attachment, ...] = tuple(one.kind for one in attachments)
        question = without_greeting(question)
        scores, alike = learnt.scores(question, kinds, self._embedder)
        self._look(learnt, scores, question, attachments)
        targets, missing = self._chosen(learnt, scores) if question.strip() else ([], None)
        tools = self._in_order(targets, kinds)
        nearest = learnt.nearest(alike, [self._target[name] for name in tools] or [""])
        if missing is not None:
            reason = f"It is for {missing}, which cannot be used here."
        else:
            reason = f"{' and '.join(tools) or 'No tool'}: it is like {nearest!r}."
        return Plan(
            tools=tools,
            scores={name: float(scores[learnt.targets.index(target)]) for name, target in self._target.items()},
            reason=reason,
            beside=float(scores[learnt.targets.index("")]),
        )

    def _learn(self) -> Learnt:
        with self._lock:
            if self._learnt is None:
                self._learnt = learn(self._embedder, {self._target[name]: tool for name, tool in self._tools.items()})
            return self._learnt

    def _look(self, learnt: Learnt, scores: FloatArray, question: str, attachments: Sequence[Attached]) -> None:
        """Let what is attached weigh in on the scores, beyond what was learnt of its kinds."""
        place = {target: n for n, target in enumerate(learnt.targets)}
        kinds: list[Attachment] = [one.kind for one in attachments]
        hidden, best = place[_HIDDEN], scores[: learnt.choice.tools].max()
        if scores[hidden] + _EMPTY >= best and any(_is_blank(one) for one in attachments):
            scores[hidden] += _EMPTY
        images, clips = place[SEARCH], place[_CLIPS]
        if medium := _own_medium(question, kinds):
            better, worse = (images, clips) if medium == "image" else (clips, images)
            scores[better], scores[worse] = sorted((scores[better], scores[worse]), reverse=True)
        for name, tool in self._tools.items():
            if kinds and tool.attachments and tool.attachments.isdisjoint(kinds):
                scores[place[self._target[name]]] = 0.0

    def _chosen(self, learnt: Learnt, scores: FloatArray) -> tuple[list[str], str | None]:
        """The targets that are chosen, best first; and the tool that would have been the best and is not there."""
        usable, choice = set(self._target.values()), learnt.choice
        (first,), (ahead,), (second,), (beside,) = choice.best(scores[None])
        best = learnt.targets[first]
        if ahead < choice.ahead:
            return [], None
        if best not in usable:
            return [], best.removeprefix(OWN)
        other = learnt.targets[second]
        return [best, *([other] if beside >= choice.beside and other in usable else [])], None

    def _in_order(self, targets: Collection[str], kinds: Sequence[Attachment]) -> tuple[str, ...]:
        """The tools of some targets: searches, then advice, then what reads; what reads an attached file comes first.

        What reads and has nothing attached is given a search that finds it something to read.
        """
        readers = [name for name, target in self._target.items() if target in targets and target in READERS]
        others = [name for name, target in self._target.items() if target in targets and target not in READERS]
        others.sort(key=lambda name: self._target[name] == _LAST)
        if readers and kinds:
            return (*readers, *others)
        if readers and SEARCH not in targets:
            others += [name for name, target in self._target.items() if target == SEARCH]
        return (*others, *readers)


def _is_blank(attached: Attached) -> bool:
    return isinstance(attached, AttachmentInfo) and attached.kind == "image" and is_blank(attached.file)


def _own_medium(question: str, kinds: Sequence[Attachment]) -> Attachment | None:
    """The kind that what is looked for has in common with what is attached, as long as no other is named."""
    classes = classes_of(words_of(question))
    if set(kinds) == {"image"} and not classes & {"video", "when"}:
        return "image"
    if set(kinds) == {"video"} and "photo" not in classes:
        return "video"
    return None
