"""A small projection behind an embedder that stays as it is: captions are drawn nearer to their pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mm_agents.contrastive import _checkpoints, _table, losses
from mm_agents.contrastive._torch import Tensor, get_torch
from mm_agents.contrastive.train import FORMAT, MODEL, Report
from mm_agents.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import FloatArray

Side = Literal["both", "text", "image"]
AlignLoss = Literal["infonce", "sigmoid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignSettings:
    """How to align.

    Attributes:
        loss: "infonce" (in both directions) or "sigmoid".
        side: which vectors are projected.
        steps: how many steps of Adam, each on all pairs or on ``batch`` of them.
        batch: pairs at once.
        rate: the learning rate.
        temperature: of "infonce".
        hold: how strongly the projection is held to the identity, which few pairs should not leave far behind.
        folds: into how many parts the pairs are cut, each of which is held out once.
        seeds: how often that is done, cut anew.
        seed: the first of the seeds.
    """

    loss: AlignLoss = "infonce"
    side: Side = "both"
    steps: int = 200
    batch: int = 256
    rate: float = 0.001
    temperature: float = 0.05
    hold: float = 1.0
    folds: int = 5
    seeds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in {"loss": get_args(AlignLoss), "side": get_args(Side)}.items():
            if getattr(self, name) not in known:
                raise ConfigError(f"There is no {name} {getattr(self, name)!r}. Known: {', '.join(known)}.")
        for name, least in {"steps": 1, "batch": 2, "folds": 2, "seeds": 1}.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} is {getattr(self, name)}; it should be {least} or more.")
        for name in ("rate", "temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name} is {getattr(self, name)}; it should be above 0.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Captioned:
    """Pictures and texts that belong together, as vectors of one embedder.

    Attributes:
        pictures: float32 unit rows, shape (n, width).
        texts: the same.
        groups: int64, shape (n,): pairs of one group fit each other too; all different where there are no labels.
        units: int64, shape (n,): pairs of one picture, which are held out together.
    """

    pictures: FloatArray
    texts: FloatArray
    groups: NDArray[np.int64]
    units: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A figure over all folds and seeds.

    Attributes:
        mean: the mean.
        spread: the standard deviation over folds and seeds.
    """

    mean: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """What aligning came to.

    Attributes:
        before: recall by "recall@1" and "recall@5" with the embedder as it is.
        after: the same with the projection, learned without the pairs that it is measured on.
        folder: where the projection, learned from all pairs, was written.
        pairs: how many there were.
    """

    before: dict[str, Recall]
    after: dict[str, Recall]
    folder: Path
    pairs: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; the folder is a text."""
        return asdict(self) | {"folder": str(self.folder)}


def read_captions(table: Path) -> tuple[list[Path], list[str], NDArray[np.int64]]:
    """Read a CSV or TSV with the columns picture (a path from the table's folder on) and text, and if you like label.

    Returns:
        The paths, the texts, and for each pair its group: that of its label, or of its picture where it has none.

    Raises:
        ConfigError: the columns are wrong, or there are fewer than two groups.
        DamagedMediaError: the table cannot be read.
    """
    rows = _table.read_rows(table, ("picture", "text"))
    keys = [("label", row["label"]) if row.get("label") else ("picture", row["picture"]) for row in rows]
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    if len(places) < 2:
        raise ConfigError(f"{table.name!r} is all of one group ({keys[0][1]!r}); contrast needs two or more.")
    groups = np.array([places[key] for key in keys], np.int64)
    return [table.parent / row["picture"] for row in rows], [row["text"] for row in rows], groups


def align(
    data: Captioned, folder: Path, settings: AlignSettings, *, embedder: str, report: Report | None = None
) -> Aligned:
    """Measure on held-out folds what a projection brings, then learn one from all pairs and write it down.

    Args:
        data: the pairs.
        folder: gets ``model.pt``; ``contrastive:FOLDER`` is then the embedder.
        settings: how.
        embedder: the name of the one that made the vectors.
        report: called after each projection that was learned.

    Raises:
        ConfigError: the folder holds a model already, or there are too few pictures for the folds.
        MissingExtraError: torch is not installed.
    """
    if (folder / MODEL).exists():
        raise ConfigError(f"{str(folder)!r} holds a model already; name another folder.")
    figures: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    total = settings.seeds * settings.folds + 1
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for held in _folds(data.units, settings.folds, seed):
            learned = _learn(data, ~held, settings, seed)
            figures[False].append(recalls(data, held, {}))
            figures[True].append(recalls(data, held, learned))
            if report:
                report(len(figures[True]), total, f"seed {seed}")
    weights = _learn(data, np.ones(len(data.groups), bool), settings, settings.seed)
    torch = get_torch()
    state = {side: torch.from_numpy(matrix) for side, matrix in weights.items()}
    config = {"embedder": embedder, "width": data.texts.shape[1], "settings": asdict(settings)}
    _checkpoints.save(folder / MODEL, {"format": FORMAT, "kind": "projection", "config": config, "state": state})
    before, after = (_summed(figures[learned]) for learned in (False, True))
    return Aligned(before=before, after=after, folder=folder, pairs=len(data.groups))


def recalls(data: Captioned, held: NDArray[np.bool_], weights: dict[str, FloatArray]) -> dict[str, float]:
    """The share of held-out texts with a held-out picture of their group among the first 1 and 5."""
    _, once = np.unique(data.units[held], return_index=True)
    pictures = project(data.pictures[held][once], weights.get("image"))
    likeness = project(data.texts[held], weights.get("text")) @ pictures.T
    order = np.argsort(-likeness, axis=1, kind="stable")
    found = data.groups[held][once][order] == data.groups[held][:, None]
    return {f"recall@{first}": float(found[:, :first].any(axis=1).mean()) for first in (1, 5)}


def project(vectors: FloatArray, matrix: FloatArray | None) -> FloatArray:
    """Vectors times the matrix, as unit rows; where there is no matrix, as they are."""
    if matrix is None:
        return vectors
    moved = vectors @ matrix
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def _folds(units: NDArray[np.int64], count: int, seed: int) -> Sequence[NDArray[np.bool_]]:
    own = np.random.default_rng(seed).permutation(np.unique(units))
    if len(own) < 2 * count:
        raise ConfigError(f"{len(own)} pictures are too few for {count} folds of two or more; use fewer folds.")
    return [np.isin(units, part) for part in np.array_split(own, count)]


def _learn(data: Captioned, chosen: NDArray[np.bool_], settings: AlignSettings, seed: int) -> dict[str, FloatArray]:
    """The matrix of each side that is projected, learned from the chosen pairs; it begins as the identity."""
    torch = get_torch()
    pictures, texts = (torch.from_numpy(rows[chosen]) for rows in (data.pictures, data.texts))
    groups = torch.from_numpy(data.groups[chosen])
    identity = torch.eye(texts.shape[1])
    sides = ("image", "text") if settings.side == "both" else (settings.side,)
    matrices = {side: identity.clone().requires_grad_() for side in sides}
    sigmoid = {"scale": torch.tensor(math.log(10.0)), "bias": torch.tensor(-10.0)}
    learned: list[Tensor] = []
    if settings.loss == "sigmoid":
        learned = [value.requires_grad_() for value in sigmoid.values()]
    optimiser = torch.optim.Adam([*matrices.values(), *learned], lr=settings.rate)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(settings.steps):
        places = torch.randperm(len(groups), generator=generator)[: settings.batch]
        left = texts[places] @ matrices.get("text", identity)
        right = pictures[places] @ matrices.get("image", identity)
        loss = _contrast(left, right, groups[places], settings, sigmoid)
        loss = loss + settings.hold * sum(((matrix - identity) ** 2).sum() for matrix in matrices.values()) / len(sides)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return {side: matrix.detach().numpy() for side, matrix in matrices.items()}


def _contrast(
    left: Tensor, right: Tensor, groups: Tensor, settings: AlignSettings, sigmoid: dict[str, Tensor]
) -> Tensor:
    if settings.loss == "sigmoid":
        return losses.sigmoid(left, right, labels=groups, **sigmoid)
    return sum(
        losses.info_nce(*sides, temperature=settings.temperature, labels=groups) / 2
        for sides in ((left, right), (right, left))
    )


def _summed(figures: Sequence[dict[str, float]]) -> dict[str, Recall]:
    values = {name: [one[name] for one in figures] for name in figures[0]}
    return {
        name: Recall(mean=float(np.mean(of_name)), spread=float(np.std(of_name))) for name, of_name in values.items()
    }
