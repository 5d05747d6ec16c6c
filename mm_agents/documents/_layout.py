"""Words in rows: the reading order of a straight page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from mm_agents.types import Word


def rows(words: Iterable[Word]) -> list[list[Word]]:
    """Words that stand side by side on the straight page, rows from the top, words from the left.

    Words that are turned on the page are left out.
    """
    found: list[list[Word]] = []
    centres: list[float] = []
    for word in sorted((word for word in words if word.turned == 0), key=_middle):
        height = word.place.y1 - word.place.y0
        near = [n for n in range(max(0, len(found) - 3), len(found)) if abs(centres[n] - _middle(word)) < 0.5 * height]
        if near:
            best = min(near, key=lambda n: abs(centres[n] - _middle(word)))
            found[best].append(word)
            centres[best] = median(_middle(one) for one in found[best])
        else:
            found.append([word])
            centres.append(_middle(word))
    order = sorted(range(len(found)), key=centres.__getitem__)
    return [sorted(found[n], key=lambda word: word.place.x0) for n in order]


def text_of(words: Sequence[Word]) -> str:
    """The words' text: those of one row with spaces between them, a line for each row, turned ones at the end."""
    turned: dict[int, list[str]] = {}
    for word in words:
        if word.turned:
            turned.setdefault(word.line, []).append(word.text)
    lines = [" ".join(word.text for word in row) for row in rows(words)]
    return "\n".join([*lines, *(" ".join(line) for line in turned.values())])


def _middle(word: Word) -> float:
    return (word.place.y0 + word.place.y1) / 2
