"""Kernel ridge regression of tools on questions, with leave-one-out in closed form.

Every example question is a row: its vector, its words and their classes, and what is attached. Rows are compared by a
polynomial kernel of degree two, so that pairs of features count ("similar" with a clip attached), and each tool is a
target of 1 where the example is for it, else 0; "no tool" is a target too. What an example would have scored had it
not been learnt follows from the same matrix (Rasmussen and Williams 2006, section 5.4.2), and the margins are chosen
on those scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from mm_agents.agent._planning_words import WordFeatures
from mm_agents.tools import Attachment

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

_RIDGE = 0.1
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
                self._words(texts),
                np.sqrt(_CLASSES) * self._words.classes(texts),
                np.sqrt(_ATTACHED) * kinds,
                np.full((len(texts), 1), np.sqrt(_CONSTANT), np.float32),
            ]
        ).astype(np.float32)


def kernel(rows: FloatArray, others: FloatArray) -> FloatArray:
    """How alike rows are, shape (len(rows), len(others)): 0.25 for nothing in common, near 3 for the same question."""
    return (rows @ others.T / 2 + 0.5) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A fitted regression.

    Attributes:
        rows: of the examples, shape (n, width).
        weights: shape (n, targets).
        left_out: what each example scores when it is not learnt, shape (n, targets).
    """

    rows: FloatArray
    weights: FloatArray
    left_out: FloatArray

    def scores(self, rows: FloatArray) -> FloatArray:
        """How much each row is for each target, shape (len(rows), targets); 1 is sure."""
        return kernel(rows, self.rows) @ self.weights


def fit(rows: FloatArray, targets: FloatArray) -> Regression:
    """Learn targets, shape (n, targets), from rows, shape (n, width)."""
    inverse = np.linalg.inv(kernel(rows, rows) + _RIDGE * np.eye(len(rows), dtype=np.float32))
    weights = inverse @ targets
    return Regression(rows=rows, weights=weights, left_out=targets - weights / np.diag(inverse)[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """From where on a tool is chosen.

    Attributes:
        ahead: how far the best tool's score has to be ahead of that of "no tool".
        second: from which score on a further tool is chosen too.
    """

    ahead: float
    second: float


def choose_margins(left_out: FloatArray, targets: FloatArray) -> Margins:
    """The margins with which most examples would have been planned rightly, had they not been learnt.

    Examples with a tool and examples without count alike, however many there are.

    Args:
        left_out: scores of the examples, shape (n, targets); "no tool" is the last.
        targets: 1 where an example is for a target, else 0, likewise.
    """
    tools, none = left_out[:, :-1], left_out[:, -1]
    best, refusing = tools.max(axis=1), targets[:, -1] == 1
    first = np.arange(tools.shape[1]) == tools.argmax(axis=1)[:, None]
    shares: dict[tuple[float, float], float] = {}
    for second in np.arange(0.35, 0.66, 0.02):
        right = ((first | (tools >= second)) == (targets[:, :-1] == 1)).all(axis=1)
        for ahead in np.arange(-0.2, 0.21, 0.02):
            taken = best - none >= ahead
            shares[float(ahead), float(second)] = float((right & taken)[~refusing].mean() + (~taken)[refusing].mean())
    most = max(shares.values())
    # A plateau is usual; its middle is the margin that other questions are likeliest to keep to.
    plateau = sorted(margins for margins, share in shares.items() if share >= most - 0.002)
    ahead, second = plateau[len(plateau) // 2]
    return Margins(ahead=round(ahead, 3), second=round(second, 3))
