"""How good vectors are: nearest neighbours, alignment and uniformity."""

from __future__ import annotations

from mm_agents.contrastive._torch import Tensor, get_torch

_ROWS = 1024
_SAMPLE = 2000


def nearest_accuracy(held: Tensor, labels: Tensor, known: Tensor, known_labels: Tensor) -> float:
    """The share of held-out vectors whose nearest known vector is of their class (1-NN by cosine)."""
    right = sum(
        int((known_labels[(part @ known.T).argmax(dim=1)] == truth).sum())
        for part, truth in zip(held.split(_ROWS), labels.split(_ROWS), strict=True)
    )
    return right / len(held)


def partner_accuracy(vectors: Tensor, labels: Tensor) -> float:
    """The share of vectors whose nearest other one belongs with them, of those that have such a one."""
    torch = get_torch()
    right = able = 0
    for start in range(0, len(vectors), _ROWS):
        likeness = vectors[start : start + _ROWS] @ vectors.T
        rows = torch.arange(len(likeness), device=likeness.device)
        likeness[rows, rows + start] = -2
        truth = labels[start : start + _ROWS]
        has = (truth[:, None] == labels[None]).sum(dim=1) > 1
        right += int(((labels[likeness.argmax(dim=1)] == truth) & has).sum())
        able += int(has.sum())
    return right / max(able, 1)


def alignment(vectors: Tensor, labels: Tensor) -> float:
    """How far apart is what belongs together: the mean squared distance of all pairs of a class; 0 is best.

    Wang & Isola 2020, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere", equation 1 with alpha = 2; of the first 2,000 vectors.
    """
    torch = get_torch()
    vectors, labels = vectors[:_SAMPLE], labels[:_SAMPLE]
    left, right = torch.triu_indices(len(labels), len(labels), 1, device=labels.device)
    same = labels[left] == labels[right]
    return float((2 - 2 * (vectors @ vectors.T)[left[same], right[same]]).clamp(min=0).mean()) if same.any() else 0.0


def uniformity(vectors: Tensor) -> float:
    """How evenly all spread: the logarithm of the mean of exp(-2 · squared distance) of all pairs; lower is better.

    Wang & Isola 2020, equation 2 with t = 2; of the first 2,000 vectors.
    """
    torch = get_torch()
    vectors = vectors[:_SAMPLE]
    left, right = torch.triu_indices(len(vectors), len(vectors), 1, device=vectors.device)
    distances = (2 - 2 * (vectors @ vectors.T)[left, right]).clamp(min=0)
    return float(distances.mul(-2).exp().mean().log())
