"""Which of a user's own tools a question is for, where they have no examples: by what they say of themselves.

A tool's name, description and arguments are compared with the question by meaning (vectors) and by words. How much each
comparison counts was learnt on questions with the functions offered for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._text import content_words

if TYPE_CHECKING:
    from mm_agents.tools import Tool
    from mm_agents.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionParameters:
    """How much counts what a question and a function have in common; set by ``tools/fit_functions.py``.

    Attributes:
        weights: of the comparisons, in the order of ``COMPARISONS``; a logistic regression on 570 questions of the
            Berkeley Function-Calling Leaderboard (multiple, live multiple, irrelevance, live irrelevance).
        constant: added to them; the score of a function that has nothing in common with a question. It is set so that
            from ``sure`` on the worst of the four kinds of question is best, each fifth of them scored by weights that
            were learnt on the others.
        sure: the score from which a function is called.
        few: the words of the shortest question that shares are counted of; a shared word of one or two says little.
    """

    weights: tuple[float, ...] = (4.85, -1.62, 4.27, -0.48, 1.41, 1.03, 1.92, 0.84)
    constant: float = -3.64
    sure: float = 0.0
    few: int = 3


PARAMETERS = FunctionParameters()
COMPARISONS = (
    "question and function",
    "question and nearest argument",
    "question and arguments on average",
    "words of the question in the description",
    "words of the name in the question",
    "words of the question in the arguments",
    "a choice of an argument is named",
    "words of the description in the question",
)


@dataclass(frozen=True, slots=True)
class _Profile:
    """What a function says of itself: vectors of the whole, shape (width,), and of each argument; and its words."""

    whole: FloatArray
    arguments: FloatArray
    named: frozenset[str]
    described: frozenset[str]
    argument_words: frozenset[str]
    choices: frozenset[str]


class FunctionChooser:
    """Scores tools for questions by what the tools say of themselves.

    Args:
        tools: by any key.
        embed: turns texts into vectors, shape (n, width).
    """

    def __init__(self, tools: Mapping[str, Tool], embed: Callable[[Sequence[str]], FloatArray]) -> None:
        self._profiles = {key: _profile(tool, embed) for key, tool in tools.items()}

    def __bool__(self) -> bool:
        return bool(self._profiles)

    def comparisons(self, question: str, vector: FloatArray) -> FloatArray:
        """What a question and each function have in common, shape (functions, comparisons)."""
        asked = content_words(question)
        rows = [_compared(asked, vector, profile) for profile in self._profiles.values()]
        return np.array(rows, np.float32).reshape(-1, len(COMPARISONS))

    def scores(self, question: str, vector: FloatArray) -> dict[str, float]:
        """How surely a question is for each function, by key; from ``PARAMETERS.sure`` on it is.

        Args:
            question: as it was asked.
            vector: of the question, shape (width,).
        """
        rows = self.comparisons(question, vector)
        scores = rows @ np.array(PARAMETERS.weights, np.float32) + PARAMETERS.constant
        return {key: float(score) for key, score in zip(self._profiles, scores, strict=True)}


def spelled(name: str) -> str:
    """An identifier as words: "search_onewayFlight2" is "search oneway flight"."""
    return re.sub(r"[\W_\d]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip().lower()


def _profile(tool: Tool, embed: Callable[[Sequence[str]], FloatArray]) -> _Profile:
    arguments: Mapping[str, Any] = tool.schema.get("properties", {})
    names = [spelled(name) for name in arguments]
    texts = [
        f"{name}: {argument.get('description', '')}" for name, argument in zip(names, arguments.values(), strict=True)
    ]
    needs = f" Needs {', '.join(names)}" if names else ""
    vectors = embed([f"{spelled(tool.name)}: {tool.description}{needs}", *texts])
    choices = " ".join(str(choice) for choice in _choices(tool.schema, arguments.values()))
    return _Profile(
        whole=vectors[0],
        arguments=vectors[1:],
        named=frozenset(content_words(spelled(tool.name))),
        described=frozenset(content_words(f"{spelled(tool.name)} {tool.description}")),
        argument_words=frozenset(content_words(" ".join(texts))),
        choices=frozenset(content_words(choices)),
    )


def _choices(schema: Mapping[str, Any], arguments: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The texts that arguments may be, where they are named."""
    for argument in arguments:
        for one in (argument, *argument.get("anyOf", ())):
            definition = schema.get("$defs", {}).get(str(one.get("$ref", "")).rpartition("/")[2], one)
            yield from (choice for choice in definition.get("enum", ()) if isinstance(choice, str))


def _compared(asked: set[str], vector: FloatArray, profile: _Profile) -> list[float]:
    """The comparisons of one function, in the order of ``COMPARISONS``."""
    near = profile.arguments @ vector if len(profile.arguments) else np.zeros(1, np.float32)
    length = max(PARAMETERS.few, len(asked))
    return [
        float(profile.whole @ vector),
        float(near.max()),
        float(near.mean()),
        len(asked & profile.described) / length,
        len(asked & profile.named) / max(1, len(profile.named)),
        len(asked & profile.argument_words) / length,
        float(bool(asked & profile.choices)),
        len(asked & profile.described) / max(1, len(profile.described)),
    ]
