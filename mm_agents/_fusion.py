"""Reciprocal rank fusion, which joins ranked lists whose scores cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RANK_CONSTANT = 60
"""The constant of reciprocal rank fusion, as in its paper (Cormack, Clarke & Büttcher, SIGIR 2009)."""


def fused_scores(lists: Sequence[Iterable[str]], weights: Sequence[float] | None = None) -> dict[str, float]:
    """The score of every id of some ranked lists: the weighted sum of 1 / (60 + rank) over the lists.

    Args:
        lists: ids, each list best first.
        weights: how much each list counts; all alike by default.
    """
    scores: dict[str, float] = {}
    for weight, ranked in zip(weights or [1.0] * len(lists), lists, strict=True):
        for rank, id in enumerate(ranked, start=1):
            scores[id] = scores.get(id, 0.0) + weight / (RANK_CONSTANT + rank)
    return scores
