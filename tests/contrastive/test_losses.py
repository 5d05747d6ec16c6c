from __future__ import annotations

# isort: off
import torch_here  # noqa: F401

# isort: on
import math

import numpy as np
import pytest
import torch

from mm_agents.contrastive import losses
from mm_agents.contrastive.train import alignment, nearest_accuracy, uniformity
from mm_agents.errors import ConfigError

FIRST = np.random.default_rng(1).normal(size=(7, 5))
SECOND = np.random.default_rng(2).normal(size=(7, 5))
LABELS = [0, 1, 1, 2, 0, 3, 1]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / math.sqrt(a @ a) / math.sqrt(b @ b))


def tensors() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.from_numpy(FIRST), torch.from_numpy(SECOND), torch.tensor(LABELS)


def test_cosine_against_its_label() -> None:
    target = [1.0, 0, 0, 1, 1, 0, 1]
    expected = sum((cosine(a, b) - t) ** 2 for a, b, t in zip(FIRST, SECOND, target, strict=True)) / 7
    first, second, _ = tensors()
    assert float(losses.cosine_mse(first, second, torch.tensor(target))) == pytest.approx(expected)


@pytest.mark.parametrize("labels", [None, LABELS])
def test_info_nce(labels: list[int] | None) -> None:
    def one_way(queries: np.ndarray, keys: np.ndarray) -> float:
        total = 0.0
        for i, query in enumerate(queries):
            exps = [math.exp(cosine(query, key) / 0.2) for key in keys]
            own = [j for j in range(7) if (i == j if labels is None else labels[i] == labels[j])]
            total -= sum(math.log(exps[j] / sum(exps)) for j in own) / len(own)
        return total / 7

    first, second, _ = tensors()
    given = None if labels is None else torch.tensor(labels)
    expected = (one_way(FIRST, SECOND) + one_way(SECOND, FIRST)) / 2
    assert float(losses.info_nce(first, second, temperature=0.2, labels=given)) == pytest.approx(expected)


def test_supervised_contrastive() -> None:
    terms: list[float] = []
    for i in range(7):
        others = [a for a in range(7) if a != i]
        positives = [p for p in others if LABELS[p] == LABELS[i]]
        if positives:
            below = sum(math.exp(cosine(FIRST[i], FIRST[a]) / 0.1) for a in others)
            chances = [math.log(math.exp(cosine(FIRST[i], FIRST[p]) / 0.1) / below) for p in positives]
            terms.append(-sum(chances) / len(positives))
    first, _, labels = tensors()
    expected = sum(terms) / len(terms)
    assert float(losses.supervised_contrastive(first, labels, temperature=0.1)) == pytest.approx(expected)


@pytest.mark.parametrize("labels", [None, LABELS])
def test_sigmoid(labels: list[int] | None) -> None:
    total = 0.0
    for i in range(7):
        for j in range(7):
            z = 1 if (i == j if labels is None else labels[i] == labels[j]) else -1
            total -= math.log(1 / (1 + math.exp(-z * (4 * cosine(FIRST[i], SECOND[j]) - 2))))
    first, second, _ = tensors()
    given = None if labels is None else torch.tensor(labels)
    found = losses.sigmoid(first, second, scale=torch.tensor(4.0), bias=torch.tensor(-2.0), labels=given)
    assert float(found) == pytest.approx(total / 7)


def test_gradients_are_finite_where_nothing_is_positive() -> None:
    first = torch.randn(4, 3, requires_grad=True)
    losses.supervised_contrastive(first, torch.arange(4), temperature=0.1).backward()
    assert first.grad is not None
    assert torch.isfinite(first.grad).all()


def test_alignment_uniformity_and_nearest_neighbour() -> None:
    rows = FIRST / np.linalg.norm(FIRST, axis=1, keepdims=True)
    far = {(i, j): float(((rows[i] - rows[j]) ** 2).sum()) for i in range(7) for j in range(7) if i != j}
    expected = np.mean([d for (i, j), d in far.items() if LABELS[i] == LABELS[j]])
    vectors, labels = torch.from_numpy(rows), torch.tensor(LABELS)
    assert alignment(vectors, labels) == pytest.approx(expected)
    assert uniformity(vectors) == pytest.approx(math.log(np.mean([math.exp(-2 * d) for d in far.values()])))
    nearest = [min((j for j in range(7) if j != i), key=lambda j: far[i, j]) for i in range(7)]
    right = np.mean([LABELS[i] == LABELS[j] for i, j in enumerate(nearest)])
    assert nearest_accuracy(vectors, labels) == pytest.approx(right)
    assert nearest_accuracy(vectors, labels, vectors, labels) == 1


def test_what_is_no_loss_is_refused() -> None:
    wrong: list[dict] = [
        {"name": "triplet"},
        {"name": "supcon", "temperature": 0},
        {"name": "supcon", "temperature": float("nan")},
    ]
    for options in wrong:
        with pytest.raises(ConfigError):
            losses.Criterion(**options)
