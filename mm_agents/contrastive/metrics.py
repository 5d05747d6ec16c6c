"""How good a space of vectors is."""

from __future__ import annotations

import torch
from torch import Tensor

_BATCH = 1024  # queries


def nearest_accuracy(
    queries: Tensor, labels: Tensor, gallery: Tensor | None = None, gallery_labels: Tensor | None = None
) -> float:
    """How many queries have a nearest neighbour of their own label, 0 to 1.

    Args:
        queries: unit rows, shape (n, d).
        labels: shape (n,).
        gallery: unit rows, shape (m, d), to search; None searches the other queries.
        gallery_labels: shape (m,).
    """
    right = 0
    among = queries if gallery is None else gallery
    among_labels = labels if gallery_labels is None else gallery_labels
    for start in range(0, len(queries), _BATCH):
        cosines = queries[start : start + _BATCH] @ among.T
        if gallery is None:
            cosines.diagonal(start).fill_(-torch.inf)
        right += int((among_labels[cosines.argmax(dim=1)] == labels[start : start + _BATCH]).sum())
    return right / len(queries)


def alignment(vectors: Tensor, labels: Tensor) -> float:
    """The mean squared distance of two items that belong together; lower is better.

    Wang and Isola 2020, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere", section 4.1, alpha = 2, over all pairs: a class's sum of squared distances follows from its mean.

    Args:
        vectors: unit rows, shape (n, d).
        labels: int64, shape (n,).
    """
    counts = torch.bincount(labels).to(vectors.dtype)
    sums = torch.zeros((len(counts), vectors.shape[1]), dtype=vectors.dtype, device=vectors.device)
    sums.index_add_(0, labels, vectors)
    # The sum over ordered pairs of |x - y|² is 2 (n² - |sum of x|²) for unit rows.
    total = 2 * (counts**2 - (sums**2).sum(dim=1)).sum()
    pairs = (counts * (counts - 1)).sum()
    return float(total / pairs) if pairs > 0 else float("nan")


def uniformity(vectors: Tensor) -> float:
    """The logarithm of the mean of exp(-2 |x - y|²) over all pairs; lower is better.

    Wang and Isola 2020 (see ``alignment``), section 4.1, t = 2.

    Args:
        vectors: unit rows, shape (n, d), at least two.
    """
    return float(torch.pdist(vectors).square().mul(-2).exp().mean().log())
