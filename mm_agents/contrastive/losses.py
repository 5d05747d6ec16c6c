"""What is learned from: four losses, each with its source. All take vectors of any length and compare directions.

Vectors are float tensors of shape (n, width); what is returned is a scalar tensor.
"""

from __future__ import annotations

import math

from mm_agents.contrastive._torch import Tensor, get_torch


def cosine_mse(left: Tensor, right: Tensor, same: Tensor) -> Tensor:
    """The mean squared error of each pair's cosine to 1 (same) or 0 (different).

    Regression of the similarity onto the label: Reimers & Gurevych 2019, "Sentence-BERT", section 3, "Regression
    Objective Function": mean (cos(u, v) - y)².

    Args:
        left: one of each pair.
        right: the other.
        same: shape (n,): 1.0 or 0.0.
    """
    functional = get_torch().nn.functional
    return functional.mse_loss(functional.cosine_similarity(left, right, dim=1), same)


def info_nce(left: Tensor, right: Tensor, *, temperature: float = 0.1, labels: Tensor | None = None) -> Tensor:
    """Each left's own right among all the batch's: a cross-entropy over cosines.

    van den Oord, Li & Vinyals 2018, "Representation Learning with Contrastive Predictive Coding", equation 4, with
    f(x, c) = exp(cos(x, c) / temperature) and the batch's other rights as the negatives.

    Args:
        left: one of each pair.
        right: the other.
        temperature: what cosines are divided by.
        labels: shape (n,): rights of the same label are no negatives and left out; None takes all the others.
    """
    torch = get_torch()
    logits = _cosines(left, right) / temperature
    own = torch.arange(len(left), device=logits.device)
    if labels is not None:
        twins = labels[:, None] == labels[None]
        twins.fill_diagonal_(False)
        logits = logits.masked_fill(twins, -math.inf)
    return torch.nn.functional.cross_entropy(logits, own)


def supervised_contrastive(vectors: Tensor, labels: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Everything of one class is a positive of everything else of it.

    Khosla et al. 2020, "Supervised Contrastive Learning", equation 2 (L_out): for each anchor the mean over its
    positives p of -log(exp(z_i · z_p / t) / sum over a ≠ i of exp(z_i · z_a / t)). The sum over anchors is a mean
    here, so that it does not grow with the batch; anchors without a positive do not count.

    Args:
        vectors: the batch.
        labels: shape (n,).
        temperature: t.
    """
    torch = get_torch()
    logits = _cosines(vectors, vectors) / temperature
    itself = torch.eye(len(vectors), dtype=torch.bool, device=logits.device)
    logs = logits - logits.masked_fill(itself, -math.inf).logsumexp(dim=1, keepdim=True)
    positive = (labels[:, None] == labels[None]) & ~itself
    count = positive.sum(dim=1)
    mean = logs.masked_fill(~positive, 0).sum(dim=1) / count.clamp(min=1)
    return -mean.sum() / (count > 0).sum().clamp(min=1)


def sigmoid(left: Tensor, right: Tensor, *, scale: Tensor, bias: Tensor, labels: Tensor | None = None) -> Tensor:
    """Each of the batch's n² pairs is told same or different by itself.

    Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", equation 1 and algorithm 1:
    -1/n · sum over i, j of log sigmoid(z_ij · (exp(scale) · x_i · y_j + bias)), with z = 1 for pairs, else -1.

    Args:
        left: one of each pair.
        right: the other.
        scale: a learned scalar, the logarithm of the factor; begins at log 10.
        bias: a learned scalar; begins at -10.
        labels: shape (n,): pairs of the same label are the same; None takes the diagonal only.
    """
    torch = get_torch()
    logits = _cosines(left, right) * scale.exp() + bias
    own = torch.arange(len(left), device=logits.device) if labels is None else labels
    signs = 2 * (own[:, None] == own[None]).to(logits.dtype) - 1
    return -torch.nn.functional.logsigmoid(signs * logits).sum() / len(left)


def _cosines(left: Tensor, right: Tensor) -> Tensor:
    normalize = get_torch().nn.functional.normalize
    return normalize(left, dim=1) @ normalize(right, dim=1).T
