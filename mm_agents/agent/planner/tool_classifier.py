"""Learns from example questions which tools a question needs: kernel ridge regression, leave-one-out in closed form."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from mm_agents._cache import cache_folder, write_whole
from mm_agents.agent.planner.features import WordFeatures
from mm_agents.errors import MissingExtraError
from mm_agents.toolbox.example_questions import Example, every_example, examples
from mm_agents.tools import Attachment, Tool
from mm_agents.types import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray


def vectors_of(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """Embed texts, shape (len(texts), width)."""
    return embedder.embed([Text(text=text) for text in texts], role="query")


def kept_vectors(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """The same, from the cache where they are there."""
    key = json.dumps([embedder.name, embedder.width, list(texts)]).encode()
    return kept(key, (len(texts), embedder.width), lambda: vectors_of(embedder, texts))


def kept(key: bytes, shape: tuple[int, ...], make: Callable[[], FloatArray]) -> FloatArray:
    """An array from the cache; made, and put there, where it is not there or damaged.

    Args:
        key: whatever the array depends on.
        shape: of the array.
        make: makes it.
    """
    try:
        path = cache_folder() / "planner" / f"{hashlib.sha256(key).hexdigest()}.npy"
    except MissingExtraError:
        return make()
    with contextlib.suppress(OSError, ValueError, EOFError):
        found = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.shape == shape and np.isfinite(found).all():
            return found
    made = make()
    file = io.BytesIO()
    np.save(file, made, allow_pickle=False)
    with contextlib.suppress(OSError):  # a folder that cannot be written only costs the time again
        write_whole(path, file.getvalue())
    return made


_RIDGE = 0.1
_LEAST = 0.01
"""The share of rightly planned examples that may have lower scores than are asked of a question."""

_KINDS: tuple[Attachment, ...] = get_args(Attachment)
_ATTACHED, _CLASSES, _CONSTANT = 0.2, 0.15, 0.04
"""How much a shared kind of attachment and a shared class of words count, against 1 for each of vector and words."""


class Features:
    """Rows of numbers for questions with what is attached to them.

    Args:
        texts: the examples' questions.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = WordFeatures(texts)

    def __call__(
        self, texts: Sequence[str], attached: Sequence[Sequence[Attachment]], vectors: FloatArray
    ) -> FloatArray:
        """Rows whose inner products say how alike questions are.

        Args:
            texts: the questions.
            attached: the kinds of what is attached to each.
            vectors: of the questions, rows of length 1.

        Returns:
            float32, shape (len(texts), width).
        """
        kinds = np.array([[*(kind in one for kind in _KINDS), not one] for one in attached], np.float32)
        return np.hstack(
            [
                vectors,
                self._words(texts, of_class=float(np.sqrt(_CLASSES))),
                np.sqrt(_ATTACHED) * kinds,
                np.full((len(texts), 1), np.sqrt(_CONSTANT), np.float32),
            ]
        ).astype(np.float32, order="F")


def kernel(rows: FloatArray, others: FloatArray) -> FloatArray:
    """How alike rows are, shape (len(rows), len(others)): 0.25 for nothing in common, near 3 for the same question."""
    used = rows.any(axis=0)  # a single question has few of all words
    alike: FloatArray = rows[:, used] @ others[:, used].T
    return np.square(alike / np.float32(2) + np.float32(0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A fitted regression.

    Attributes:
        rows: of the examples, shape (n, width).
        weights: shape (n, targets); times how alike a question is to the examples, they give its scores; 1 is sure.
        left_out: what each example scores when it is not learnt, shape (n, targets).
    """

    rows: FloatArray
    weights: FloatArray
    left_out: FloatArray


def fit(rows: FloatArray, targets: FloatArray) -> Regression:
    """Learn targets, shape (n, targets), from rows, shape (n, width)."""

    def solve() -> FloatArray:
        inverse: FloatArray = np.linalg.inv(kernel(rows, rows) + _RIDGE * np.eye(len(rows), dtype=np.float32))
        weights: FloatArray = inverse @ targets
        return np.stack([weights, np.subtract(targets, weights / np.diag(inverse)[:, None], dtype=np.float32)])

    key = b"".join([str(_RIDGE).encode(), np.ascontiguousarray(rows).tobytes(), targets.tobytes()])
    weights, left_out = kept(key, (2, *targets.shape), solve)
    return Regression(rows=rows, weights=weights, left_out=left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How tools are chosen by their scores: the best, where it is far enough ahead of "no tool", and one beside it.

    Attributes:
        tools: how many targets are tools. They come first; then "no tool"; then each of the pairs.
        pairs: the tools that examples name together, as places among the targets.
        free: the tools that may be beside any other; bool, shape (tools,).
        ahead: how far the best tool's score has to be ahead of that of "no tool".
        beside: from which score on another tool is chosen too; its own and the pair's are added.
        least: the score that the best tool has to have in any case: what is like no example is for no tool.
    """

    tools: int
    pairs: tuple[tuple[int, int], ...]
    free: NDArray[np.bool_]
    ahead: float = 0.0
    beside: float = 0.5
    least: float = 0.0

    def best(self, scores: FloatArray) -> tuple[NDArray[np.intp], FloatArray, NDArray[np.intp], FloatArray]:
        """What may be chosen, by rows of scores of all targets.

        Returns:
            The best tool and how far it is ahead (endlessly behind, where it has too little), the tool that goes best
            beside it and its score with it.
        """
        single = scores[:, : self.tools]
        first = single.argmax(axis=1)
        rows = np.arange(len(scores))
        beside = np.where(self.free | self.free[first][:, None], single, -np.inf)
        for place, (one, other) in enumerate(self.pairs, start=self.tools + 1):
            for this, that in ((one, other), (other, one)):
                beside[first == this, that] = (single[:, that] + scores[:, place])[first == this]
        beside[rows, first] = -np.inf
        second = beside.argmax(axis=1)
        ahead = single[rows, first] - scores[:, self.tools]
        ahead[single[rows, first] < self.least] = -np.inf
        return first, ahead, second, beside[rows, second].astype(np.float32)


def calibrated(choice: Choice, left_out: FloatArray, targets: FloatArray) -> Choice:
    """The choice with the margins by which most examples would have been planned rightly, had they not been learnt.

    Examples with a tool and examples without count alike, however many there are.

    Args:
        choice: its margins are chosen anew.
        left_out: scores of the examples, shape (n, targets).
        targets: 1 where an example is for a target, else 0, likewise.
    """
    first, ahead, second, with_second = choice.best(left_out)
    rows = np.arange(len(targets))
    count, refusing = targets[:, : choice.tools].sum(axis=1), targets[:, choice.tools] == 1
    alone = (count == 1) & (targets[rows, first] == 1)
    both = (count == 2) & (targets[rows, first] == 1) & (targets[rows, second] == 1)
    shares: dict[tuple[float, float], float] = {}
    for beside in np.arange(0.4, 0.91, 0.02):
        right = np.where(with_second >= beside, both, alone)
        for margin in np.arange(-0.2, 0.21, 0.02):
            taken = ahead >= margin
            shares[float(margin), float(beside)] = float((right & taken)[~refusing].mean() + (~taken)[refusing].mean())
    most = max(shares.values())
    # A plateau is usual; its middle is the margin that other questions are likeliest to keep to.
    margin, beside = np.mean([margins for margins, share in shares.items() if share >= most - 0.002], axis=0)
    certain = left_out[rows, first][~refusing & (alone | both) & (ahead >= margin)]
    least = float(np.quantile(certain, _LEAST)) if len(certain) else 0.0
    return replace(choice, ahead=round(float(margin), 3), beside=round(float(beside), 3), least=round(least, 3))


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
    unknown_words = [n for n, one in enumerate(own) if one.tools[0].startswith(OWN)]
    nearest = (house_vectors @ own_vectors[unknown_words].T).max(axis=1, initial=-1.0)
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
