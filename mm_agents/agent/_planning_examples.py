"""What the offline planner learns from: the toolbox's example questions, and those of the user's own tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.agent._planning import Choice, Features, Regression, calibrated, fit, kernel
from mm_agents.agent._planning_vectors import kept_vectors, vectors_of
from mm_agents.toolbox._questions import Example, every_example, examples
from mm_agents.tools import Attachment, Tool

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

OWN = "own:"
"""What the targets of the user's own tools begin with, so that none is taken for one of the toolbox's."""

_NEAR = 0.4
"""A counterexample that is so near to an example of the user's own tool, by cosine, is none any more."""

_PARTS = re.compile(r",? and |; |, then ", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What comes of the examples.

    Attributes:
        examples: those learnt from.
        targets: what is scored: the tools, "" for no tool, then pairs of tools joined by a space.
        wanted: 1 where an example is for a target, else 0; shape (examples, targets).
        choice: how tools are chosen by scores.
    """

    examples: tuple[Example, ...]
    targets: tuple[str, ...]
    wanted: FloatArray
    features: Features
    regression: Regression
    choice: Choice

    def scores(
        self, question: str, attached: tuple[Attachment, ...], embedder: Embedder
    ) -> tuple[FloatArray, FloatArray]:
        """The scores of a question, shape (targets,), and how alike it is to each example, shape (examples,).

        A tool of the user's own has few examples, which a regression makes little of: it is also for what is more like
        one of its examples than like any other example, and so for a part of a question with "and".
        """
        own = [n for n, target in enumerate(self.targets) if target.startswith(OWN)]
        parts = [question, *(part for part in _PARTS.split(question) if own and part.strip() and part != question)]
        rows = self.features(parts, [attached] * len(parts), vectors_of(embedder, parts))
        alike = kernel(rows, self.regression.rows)
        scores: FloatArray = alike[0] @ self.regression.weights
        tools = self.choice.tools
        for n in own:
            mine = self.wanted[:, n] == 1
            ahead = (alike[:, mine].max(axis=1) - alike[:, ~mine].max(axis=1)).max()
            if ahead > 0:  # then it wins
                scores[n] = max(scores[n], scores[: tools + 1].max() + ahead + self.choice.ahead)
        return scores, alike[0]

    def nearest(self, alike: FloatArray, targets: list[str]) -> str:
        """The example of any of some targets that a question is most alike to; "" where they have none."""
        fitting = np.flatnonzero(self.wanted[:, [self.targets.index(target) for target in targets]].any(axis=1))
        return self.examples[fitting[alike[fitting].argmax()]].text if len(fitting) else ""


def learn(embedder: Embedder, tools: Mapping[str, Tool]) -> Learnt:
    """Learn the toolbox's examples, and those of other tools.

    Args:
        embedder: turns questions into vectors.
        tools: by target.
    """
    house = every_example()
    house_vectors = kept_vectors(embedder, [one.text for one in house])
    own = [one for target, tool in tools.items() for one in _own_examples(tool, target)]
    own_vectors = vectors_of(embedder, [one.text for one in own])
    strange = [n for n, one in enumerate(own) if one.tools[0].startswith(OWN)]
    nearest = (house_vectors @ own_vectors[strange].T).max(axis=1, initial=-1.0)
    kept = [n for n, one in enumerate(house) if one.tools or nearest[n] < _NEAR]
    learnt = (*(house[n] for n in kept), *own)
    names = tuple(dict.fromkeys(name for one in learnt for name in one.tools))
    pairs = tuple(dict.fromkeys(tuple(sorted(one.tools)) for one in learnt if len(one.tools) > 1))
    wanted = np.array(
        [
            [*(name in one.tools for name in names), not one.tools, *(set(pair) == set(one.tools) for pair in pairs)]
            for one in learnt
        ],
        np.float32,
    )
    features = Features([one.text for one in learnt])
    vectors = np.vstack([house_vectors[kept], own_vectors])
    regression = fit(features([one.text for one in learnt], [one.attached for one in learnt], vectors), wanted)
    choice = Choice(
        tools=len(names),
        pairs=tuple((names.index(pair[0]), names.index(pair[1])) for pair in pairs),
        free=np.array([name.startswith(OWN) for name in names]),
    )
    return Learnt(
        examples=learnt,
        targets=(*names, "", *(" ".join(pair) for pair in pairs)),
        wanted=wanted,
        features=features,
        regression=regression,
        choice=calibrated(choice, regression.left_out, wanted),
    )


def target_of(tool: Tool) -> str:
    """What a tool's score is called: the toolbox's name of it, also where it was renamed; else a name of its own."""
    for name in dict.fromkeys(name for one in every_example() for name in one.tools):
        if tool.name.endswith(name) and set(tool.examples) & set(examples(name)):
            return name
    return OWN + tool.name


def _own_examples(tool: Tool, target: str) -> list[Example]:
    """The examples of a tool that the toolbox does not have; for one of the user's own, its description is one."""
    known = set[str]() if target.startswith(OWN) else set(examples(target))
    texts = [text for text in dict.fromkeys(tool.examples) if text not in known]
    if target.startswith(OWN):
        texts.append(tool.description)
    attached = tuple(sorted(tool.attachments)[:1])
    return [Example(text=text, tools=(target,), attached=attached) for text in texts]
