"""The planner that needs no model: it compares a question with the example questions that every tool carries.

    planner = OfflinePlanner(toolbox(library), embedder)
    planner.plan("which clip shows the dog?").tools
    #> ('search_videos',)

A tool's score is learnt from the examples (``_planning``); "no tool" has a score of its own, and how far the best tool
has to be ahead of it is chosen on the examples, each left out in turn. What needs a document and has none attached is
preceded by a search for it. English only, as the offline embedder is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mm_agents.agent._planning import Features, Margins, Regression, choose_margins, fit, kernel
from mm_agents.agent._planning_vectors import kept_vectors, vectors_of
from mm_agents.toolbox._questions import Example, every_example, examples
from mm_agents.tools import Attachment, Tool, by_name

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

SEARCH = "search_images"
READERS = ("describe_image", "read_invoice", "read_table", "read_flowchart", "read_hidden_text")
"""The toolbox's tools that need a picture or document, attached or found before."""

_LAST = "recommend"
_NEAR = 0.5
"""A counterexample that is so near to an example of the user's own tool, by cosine, is none any more."""


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
    """

    tools: tuple[str, ...]
    scores: dict[str, float]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learnt:
    """What comes of the examples.

    Attributes:
        examples: those learnt from.
        targets: the names of what is scored; the last, "", stands for no tool.
        pairs: the targets that examples name together.
    """

    examples: tuple[Example, ...]
    targets: tuple[str, ...]
    features: Features
    regression: Regression
    margins: Margins
    pairs: frozenset[frozenset[str]]


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
        self._embedder = embedder
        self._lock = Lock()
        self._learnt: _Learnt | None = None
        self._target = {name: _target(tool) for name, tool in self._tools.items()}

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
        row = learnt.features([question], [kinds], vectors_of(self._embedder, [question]))
        by_target = dict(zip(learnt.targets, learnt.regression.scores(row)[0].tolist(), strict=True))
        scores = {
            name: by_target[target] for name, target in self._target.items() if self._takes(self._tools[name], kinds)
        }
        chosen = [] if not question.strip() else self._chosen(learnt, by_target, scores)
        tools = self._in_order(chosen, kinds)
        return Plan(
            tools=tools,
            scores={name: scores.get(name, 0.0) for name in self._tools},
            reason=self._reason(learnt, row, by_target, tools),
        )

    # ------------------------------------------------------------ choosing

    def _takes(self, tool: Tool, kinds: Sequence[Attachment]) -> bool:
        """Whether a tool can have to do with what is attached."""
        return not kinds or not tool.attachments or any(kind in tool.attachments for kind in kinds)

    def _chosen(self, learnt: _Learnt, by_target: dict[str, float], scores: dict[str, float]) -> list[str]:
        """The tools that are far enough ahead of "no tool", best first."""
        usable = {self._target[name] for name in scores}
        best = max((target for target in by_target if target), key=by_target.__getitem__, default="")
        if not best or best not in usable or by_target[best] - by_target[""] < learnt.margins.ahead:
            return []
        chosen = [best]
        for target in sorted(usable - {best}, key=by_target.__getitem__, reverse=True):
            together = all(_may_meet(learnt, target, other) for other in chosen)
            if together and by_target[target] >= learnt.margins.second:
                chosen.append(target)
        return [name for target in chosen for name in scores if self._target[name] == target]

    def _in_order(self, chosen: Iterable[str], kinds: Sequence[Attachment]) -> tuple[str, ...]:
        """Searches first, then advice, then what reads; what reads an attached file comes before all.

        What reads and has nothing attached is given a search that finds it something to read.
        """
        names = list(chosen)
        readers = [name for name in names if self._target[name] in READERS]
        others = [name for name in self._tools if name in names and name not in readers]
        others.sort(key=lambda name: self._target[name] == _LAST)
        if readers and kinds:
            return (*readers, *others)
        if readers and SEARCH not in {self._target[name] for name in others}:
            others += [name for name in self._tools if self._target[name] == SEARCH]
        return (*others, *readers)

    def _reason(self, learnt: _Learnt, row: FloatArray, by_target: dict[str, float], tools: Sequence[str]) -> str:
        alike = kernel(row, learnt.regression.rows)[0]
        wanted = {self._target[name] for name in tools} if tools else set[str]()
        fitting = [n for n, one in enumerate(learnt.examples) if wanted & set(one.tools) or not (wanted or one.tools)]
        nearest = learnt.examples[max(fitting, key=lambda n: float(alike[n]))].text if fitting else ""
        if tools:
            return f"{' and '.join(tools)}: much like {nearest!r}."
        best = max((target for target in by_target if target), key=by_target.__getitem__, default="")
        if best and by_target[best] - by_target[""] >= learnt.margins.ahead:
            return f"It is for {best.removeprefix(_OWN)}, which cannot be used here."
        return f"No tool fits: it is rather like {nearest!r}."

    # ------------------------------------------------------------ learning

    def _learn(self) -> _Learnt:
        with self._lock:
            if self._learnt is None:
                self._learnt = self._learn_anew()
            return self._learnt

    def _learn_anew(self) -> _Learnt:
        house = every_example()
        house_vectors = kept_vectors(self._embedder, [one.text for one in house])
        own = [one for name, tool in self._tools.items() for one in _own_examples(tool, self._target[name])]
        own_vectors = vectors_of(self._embedder, [one.text for one in own])
        strangers = [n for n, one in enumerate(own) if one.tools[0].startswith(_OWN)]
        nearest = (house_vectors @ own_vectors[strangers].T).max(axis=1, initial=-1.0)
        kept = [n for n, one in enumerate(house) if one.tools or nearest[n] < _NEAR]
        learnt = (*(house[n] for n in kept), *own)
        targets = (*dict.fromkeys(name for one in learnt for name in one.tools), "")
        features = Features([one.text for one in learnt])
        rows = features(
            [one.text for one in learnt],
            [one.attached for one in learnt],
            np.vstack([house_vectors[kept], own_vectors]),
        )
        wanted = np.array(
            [[name in one.tools for name in targets[:-1]] + [not one.tools] for one in learnt], np.float32
        )
        regression = fit(rows, wanted)
        return _Learnt(
            examples=learnt,
            targets=targets,
            features=features,
            regression=regression,
            margins=choose_margins(regression.left_out, wanted),
            pairs=frozenset(frozenset((a, b)) for one in learnt for a in one.tools for b in one.tools if a != b),
        )


_OWN = "own:"


def _target(tool: Tool) -> str:
    """What a tool's score is called: the toolbox's name of it, also where it was renamed; else a name of its own."""
    for name in dict.fromkeys(name for one in every_example() for name in one.tools):
        if tool.name.endswith(name) and set(tool.examples) & set(examples(name)):
            return name
    return _OWN + tool.name


def _own_examples(tool: Tool, target: str) -> list[Example]:
    """The examples of a tool that the toolbox does not have; a tool without any is known by its description."""
    known = set[str]() if target.startswith(_OWN) else set(examples(target))
    texts = [text for text in dict.fromkeys(tool.examples) if text not in known]
    if not tool.examples:
        texts = [tool.description]
    attached = tuple(sorted(tool.attachments)[:1])
    return [Example(text=text, tools=(target,), attached=attached) for text in texts]


def _may_meet(learnt: _Learnt, one: str, other: str) -> bool:
    """Whether two tools may stand in one plan: where examples name them together, or one is the user's own."""
    return frozenset((one, other)) in learnt.pairs or one.startswith(_OWN) or other.startswith(_OWN)
