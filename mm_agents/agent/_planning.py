"""Kernel ridge regression of tools on questions, with leave-one-out in closed form.

Every example question is a row: its vector, its words and their classes, and what is attached. Rows are compared by a
polynomial kernel of degree two, so that pairs of features count ("similar" with a clip attached), and each tool is a
target of 1 where the example is for it, else 0; "no tool" is a target too. What an example would have scored had it
not been learnt follows from the same matrix (Rasmussen and Williams 2006, section 5.4.2), and the margins are chosen
on those scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

import numpy as np

from mm_agents.agent._planning_vectors import kept
from mm_agents.agent._planning_words import WordFeatures
from mm_agents.tools import Attachment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import FloatArray

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
