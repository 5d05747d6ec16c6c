"""Losses that pull together what belongs together.

Each takes raw vectors, float, shape (n, d), and brings them to length 1 itself; row i of ``first`` belongs to row i of
``second``. ``labels``, int64, shape (n,), are equal where items belong together; None where all differ. A temperature
is above 0; small ones look at the hardest negatives.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from mm_agents.errors import ConfigError

LossName = Literal["cosine", "infonce", "supcon", "siglip"]


def cosine_mse(first: Tensor, second: Tensor, target: Tensor) -> Tensor:
    """The mean squared distance of a pair's cosine from its label.

    The course "Building Multimodal Search and RAG" (DeepLearning.AI and Weaviate), lesson 1, ``ContrastiveLoss``. The
    target, float, shape (n,), is 1 where the two belong together, else 0.
    """
    return functional.mse_loss(functional.cosine_similarity(first, second), target)


def info_nce(first: Tensor, second: Tensor, *, temperature: float, labels: Tensor | None = None) -> Tensor:
    """InfoNCE in both directions, the other pairs of the batch as negatives.

    van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding", equation 4, with
    f = exp(cosine / temperature). Where several items of a batch share a label, all of them are positives and their
    logarithms are averaged, as in equation 2 of Khosla et al. 2020.
    """
    logits = _cosines(first, second) / temperature
    alike = _alike(labels, len(first), first.device).float()
    there = (functional.log_softmax(logits, dim=1) * alike).sum(dim=1) / alike.sum(dim=1)
    back = (functional.log_softmax(logits, dim=0) * alike).sum(dim=0) / alike.sum(dim=0)
    return -(there.mean() + back.mean()) / 2


def supervised_contrastive(vectors: Tensor, labels: Tensor, *, temperature: float) -> Tensor:
    """Every item against all others of the batch, those of its label as positives.

    Khosla et al. 2020, "Supervised Contrastive Learning", equation 2 (L_out), averaged over the items that have a
    positive.
    """
    own = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    logits = (_cosines(vectors, vectors) / temperature).masked_fill(own, -torch.inf)
    positive = _alike(labels, len(vectors), vectors.device) & ~own
    chances = functional.log_softmax(logits, dim=1).masked_fill(own, 0)
    counts = positive.sum(dim=1)
    has = counts > 0
    return -((chances * positive).sum(dim=1)[has] / counts[has]).sum() / has.sum().clamp(min=1)


def sigmoid(first: Tensor, second: Tensor, *, scale: Tensor, bias: Tensor, labels: Tensor | None = None) -> Tensor:
    """Every pair of the batch on its own: together or not.

    Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", equation 1 and algorithm 1:
    -1/n sum log sigmoid(z (scale * cosine + bias)), with z = 1 for what belongs together and -1 else.
    The scale, e to the power of the paper's t', and the bias are learnt.
    """
    sign = _alike(labels, len(first), first.device).float() * 2 - 1
    return -functional.logsigmoid(sign * (_cosines(first, second) * scale + bias)).sum() / len(first)


class Criterion(nn.Module):
    """A loss by its name, with the numbers that it learns.

    Args:
        name: "cosine", "infonce", "supcon" or "siglip".
        temperature: for InfoNCE and the supervised contrastive loss.
    """

    def __init__(self, name: LossName, *, temperature: float = 0.1) -> None:
        super().__init__()
        if name not in get_args(LossName):
            raise ConfigError(f"No loss is named {name!r}. Known: {', '.join(get_args(LossName))}.")
        if not temperature > 0:
            raise ConfigError(f"The temperature is {temperature!r}; it should be above 0.")
        self.name = name
        self.temperature = temperature
        if name == "siglip":  # the paper's initial values
            self.log_scale: nn.Parameter = nn.Parameter(torch.tensor(math.log(10.0)))
            self.bias: nn.Parameter = nn.Parameter(torch.tensor(-10.0))

    @property
    def needs_negatives(self) -> bool:
        """Whether pairs that do not belong together have to be drawn; the others take them from the batch."""
        return self.name == "cosine"

    def forward(self, first: Tensor, second: Tensor, target: Tensor) -> Tensor:
        """The loss of pairs, float, shape (n, d); the target, shape (n,), is 1 or 0 for "cosine", else int64 labels."""
        if self.name == "cosine":
            return cosine_mse(first, second, target)
        if self.name == "infonce":
            return info_nce(first, second, temperature=self.temperature, labels=target)
        if self.name == "supcon":
            both, labels = torch.cat([first, second]), torch.cat([target, target])
            return supervised_contrastive(both, labels, temperature=self.temperature)
        return sigmoid(first, second, scale=self.log_scale.exp(), bias=self.bias, labels=target)


def _cosines(first: Tensor, second: Tensor) -> Tensor:
    return functional.normalize(first, dim=1) @ functional.normalize(second, dim=1).T


def _alike(labels: Tensor | None, count: int, device: torch.device) -> Tensor:
    """Bool, shape (count, count): which items belong together."""
    if labels is None:
        return torch.eye(count, dtype=torch.bool, device=device)
    return labels[:, None] == labels[None, :]
