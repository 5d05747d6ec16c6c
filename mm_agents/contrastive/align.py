"""Align a frozen embedder's texts and pictures by your own pairs or clicks.

A small projection, at first the identity, is learnt on the vectors. Cross-validation measures it before it is kept:
texts that were not trained on look for pictures that were not trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mm_agents import media
from mm_agents._cache import write_whole
from mm_agents._progress import ProgressCallback, batched
from mm_agents.contrastive import checkpoints
from mm_agents.contrastive.data import Pairs, by_label, read_table, together
from mm_agents.contrastive.losses import Criterion
from mm_agents.contrastive.network import Projection, Shape, require_least
from mm_agents.errors import ConfigError
from mm_agents.protocols import Embedder
from mm_agents.types import Item, Text

Side = Literal["both", "text", "image"]
_COLUMNS = (("path", "text"), ("path", "query"), ("path", "caption"))
_TEXTS_AT_ONCE, _PICTURES_AT_ONCE = 256, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignOptions:
    """How to align.

    Attributes:
        side: whose vectors are moved, each side by its own projection.
        shape: of the projections.
        hidden: the width inside a residual projection.
        loss: InfoNCE or a sigmoid.
        epochs: passes over all pairs.
        batch: the number of pairs in a batch.
        learning_rate: of AdamW.
        weight_decay: pulls a projection back to the identity.
        temperature: of InfoNCE.
        folds: the parts of the cross-validation.
        seeds: how often it is repeated.
        seed: the first of the seeds.
    """

    side: Side = "both"
    shape: Shape = "linear"
    hidden: int = 128
    loss: Literal["infonce", "siglip"] = "infonce"
    epochs: int = 60
    batch: int = 256
    learning_rate: float = 0.001
    weight_decay: float = 0.1
    temperature: float = 0.07
    folds: int = 5
    seeds: int = 3
    seed: int = 0

    def check(self) -> None:
        """Raise a ``ConfigError`` if a number is out of its range."""
        require_least(self, hidden=1, epochs=1, batch=2, folds=2, seeds=1)
        if not (self.learning_rate > 0 and self.weight_decay >= 0):
            raise ConfigError("learning_rate should be above 0 and weight_decay 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vectors:
    """The frozen vectors of texts and pictures, unit rows, and which belong together.

    Attributes:
        texts: shape (t, width).
        pictures: shape (p, width).
        pairs: int64, shape (n, 2): places of a text and of a picture that belong together.
        text_groups: int64, shape (t,): what each is about.
        picture_groups: int64, shape (p,); a picture of a text's group is a right answer to it.
        named: whether the groups were given; else they are what hangs together by pairs.
    """

    texts: Tensor
    pictures: Tensor
    pairs: Tensor
    text_groups: Tensor
    picture_groups: Tensor
    named: bool


def read_vectors(
    table: Path, embedder: Embedder, *, report: ProgressCallback = lambda done, total, current: None
) -> Vectors:
    """Embed the texts and pictures of a table of pairs or of clicks.

    Args:
        table: a CSV or TSV file with the columns ``path``, relative to its folder, and ``text`` (or ``query`` or
            ``caption``), and perhaps ``label`` or ``clicked`` (1 or 0; a row of 0 only says that the two exist) and
            ``group`` (every picture of a group is then a right answer to every text of it).
        embedder: takes texts and pictures.
        report: called after each batch.

    Raises:
        ConfigError: the columns are wrong, the embedder does not take both, or no pair belongs together.
        MediaError: a picture cannot be used.
    """
    if not {"text", "image"} <= embedder.accepts:
        raise ConfigError(
            f"The embedder {embedder.name!r} takes {', '.join(embedder.accepts)}; wanted: text and image."
        )
    rows = read_table(table, _COLUMNS)
    paths, texts = _numbered(row.first for row in rows), _numbered(row.second for row in rows)
    pairs = torch.tensor(
        sorted({(texts[row.second], paths[row.first]) for row in rows if row.label > 0}), dtype=torch.long
    ).reshape(-1, 2)
    if not len(pairs):
        raise ConfigError(f"{str(table)!r} has no pair that belongs together (label or clicked 1).")
    named = any(row.group for row in rows)
    if named:
        group_of = _numbered(row.group for row in rows)
        by_text = {row.second: group_of[row.group] for row in rows}
        by_path = {row.first: group_of[row.group] for row in rows}
        groups = torch.tensor([*map(by_text.__getitem__, texts), *map(by_path.__getitem__, paths)])
    else:
        joined = Pairs(first=pairs[:, 0], second=pairs[:, 1] + len(texts), target=torch.ones(len(pairs)))
        groups = together(len(texts) + len(paths), joined)
    queries: list[Item] = [Text(text=text) for text in texts]
    rows_of_texts = [embedder.embed(part, role="query") for part in batched(queries, _TEXTS_AT_ONCE)]
    rows_of_pictures: list[Any] = []
    for part in batched(paths, _PICTURES_AT_ONCE):
        report(len(texts) + _PICTURES_AT_ONCE * len(rows_of_pictures), len(groups), part[0])
        loaded: list[Item] = [media.load_image(table.parent / path, max_side=1024) for path in part]
        rows_of_pictures.append(embedder.embed(loaded, role="document"))
    return Vectors(
        texts=torch.from_numpy(np.concatenate(rows_of_texts)),
        pictures=torch.from_numpy(np.concatenate(rows_of_pictures)),
        pairs=pairs,
        text_groups=groups[: len(texts)],
        picture_groups=groups[len(texts) :],
        named=named,
    )


def _numbered(values: Iterable[str]) -> dict[str, int]:
    """The place of each value among the different ones."""
    return {value: place for place, value in enumerate(dict.fromkeys(values))}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aligned:
    """The two projections; None leaves that side unchanged."""

    text: Projection | None = None
    image: Projection | None = None

    def texts(self, vectors: Tensor) -> Tensor:
        """Unit rows, moved; shape (n, width)."""
        return _moved(self.text, vectors)

    def pictures(self, vectors: Tensor) -> Tensor:
        """As ``texts``."""
        return _moved(self.image, vectors)


def _moved(projection: Projection | None, vectors: Tensor) -> Tensor:
    return vectors if projection is None else functional.normalize(projection(vectors), dim=1)


def fit(vectors: Vectors, pairs: Tensor, options: AlignOptions, *, seed: int) -> Aligned:
    """Learn projections from ``pairs``, some of ``vectors.pairs``: int64, shape (n, 2)."""
    width = vectors.texts.shape[1]
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        text, image = (
            Projection(width, shape=options.shape, hidden=options.hidden) if options.side in (side, "both") else None
            for side in ("text", "image")
        )
        aligned = Aligned(text=text, image=image)
        criterion = Criterion(options.loss, temperature=options.temperature)
        moved = [weight for projection in (text, image) if projection for weight in projection.parameters()]
        optimiser = torch.optim.AdamW(
            [
                {"params": moved, "weight_decay": options.weight_decay},
                {"params": list(criterion.parameters()), "weight_decay": 0.0},
            ],
            lr=options.learning_rate,
        )
        for _ in range(options.epochs):
            for part in pairs[torch.randperm(len(pairs))].split(options.batch):
                first = aligned.texts(vectors.texts[part[:, 0]])
                second = aligned.pictures(vectors.pictures[part[:, 1]])
                loss = criterion(first, second, vectors.text_groups[part[:, 0]])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return aligned


def cross_validate(
    vectors: Vectors, options: AlignOptions, *, report: ProgressCallback = lambda done, total, current: None
) -> dict[str, Any]:
    """Recall among what is held out, before and after, over folds and seeds.

    Returns:
        {"recall@1": {"before", "after", "gain"}, "recall@5": …, "runs": n}; each figure is {"mean", "spread"}, with
        the standard deviation over all runs as its spread.

    Raises:
        ConfigError: there are too few pairs for that many folds.
    """
    options.check()
    figures: list[list[tuple[float, float]]] = []
    total = options.seeds * options.folds
    for seed in range(options.seed, options.seed + options.seeds):
        text_fold, picture_fold = _deal(vectors, options.folds, seed)
        for fold in range(options.folds):
            report(len(figures), total, f"seed {seed}, fold {fold + 1}")
            kept = (text_fold[vectors.pairs[:, 0]] != fold) & (picture_fold[vectors.pairs[:, 1]] != fold)
            held = torch.where(text_fold == fold)[0], torch.where(picture_fold == fold)[0]
            aligned = fit(vectors, vectors.pairs[kept], options, seed=seed)
            figures.append([_recalls(Aligned(), vectors, held), _recalls(aligned, vectors, held)])
    table = np.asarray(figures)  # (runs, before and after, at 1 and 5)
    found: dict[str, Any] = {"runs": total}
    for place, name in enumerate(("recall@1", "recall@5")):
        before, after = table[:, 0, place], table[:, 1, place]
        found[name] = {
            kind: {"mean": float(values.mean()), "spread": float(values.std())}
            for kind, values in (("before", before), ("after", after), ("gain", after - before))
        }
    return found


def _deal(vectors: Vectors, folds: int, seed: int) -> tuple[Tensor, Tensor]:
    """A fold for each text and each picture: group by group where they are named, else whole groups."""
    generator = torch.Generator().manual_seed(seed)
    if not vectors.named:
        count = int(vectors.picture_groups[vectors.pairs[:, 1]].unique().numel())
        if count < 2 * folds:
            raise ConfigError(
                f"The pairs fall into {count} groups that share no text and no picture; {folds} folds need "
                f"{2 * folds}. Give more pairs, fewer folds, or a column `group` that says what each pair is about."
            )
        groups = torch.cat([vectors.text_groups, vectors.picture_groups])
        used = torch.unique(vectors.text_groups[vectors.pairs[:, 0]])
        fold = torch.full((int(groups.max()) + 1,), -1)  # what no pair names is in no fold
        fold[used[torch.randperm(len(used), generator=generator)]] = torch.arange(len(used)) % folds
        return fold[vectors.text_groups], fold[vectors.picture_groups]
    return _deal_each(vectors.text_groups, folds, generator), _deal_each(vectors.picture_groups, folds, generator)


def _deal_each(groups: Tensor, folds: int, generator: torch.Generator) -> Tensor:
    smallest = int(torch.bincount(groups).min())
    if smallest < folds:
        raise ConfigError(f"A group has {smallest} texts or pictures; {folds} folds need as many.")
    order, rank = by_label(groups, torch.randperm(len(groups), generator=generator))
    fold = torch.empty_like(groups)
    fold[order] = rank % folds
    return fold


def _recalls(aligned: Aligned, vectors: Vectors, held: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Recall at 1 and at 5: how many held-out texts have a right picture among the first of the held-out pictures."""
    with torch.inference_mode():
        cosines = aligned.texts(vectors.texts[held[0]]) @ aligned.pictures(vectors.pictures[held[1]]).T
    ranked = cosines.argsort(dim=1, descending=True, stable=True)
    right = vectors.picture_groups[held[1]][ranked] == vectors.text_groups[held[0]][:, None]
    at_1, at_5 = (float(right[:, :first].any(dim=1).float().mean()) for first in (1, 5))
    return at_1, at_5


def align(
    vectors: Vectors,
    base: str,
    out: Path,
    options: AlignOptions | None = None,
    *,
    report: ProgressCallback = lambda done, total, current: None,
) -> dict[str, Any]:
    """Measure by cross-validation, then learn from all pairs and keep the result as an embedder in ``out``.

    Args:
        vectors: of the embedder ``base``.
        base: the embedder's name.
        out: the folder.
        options: how; the defaults when None.
        report: called after each fold.

    Returns:
        What ``cross_validate`` returns, also written as ``recall.json``.

    Raises:
        ConfigError: too few pairs, an option out of range, or the folder holds a training already.
    """
    options = options or AlignOptions()
    if (out / checkpoints.BEST).exists():
        raise ConfigError(f"{str(out)!r} holds a training already; give another folder.")
    found = cross_validate(vectors, options, report=report)
    aligned = fit(vectors, vectors.pairs, options, seed=options.seed)
    config = {**asdict(options), "kind": "align", "base": base, "dimensions": vectors.texts.shape[1]}
    sides = {"text": aligned.text, "image": aligned.image}
    weights = {side: projection.state_dict() for side, projection in sides.items() if projection is not None}
    checkpoints.save(out / checkpoints.BEST, {"config": config, **weights})
    write_whole(out / "recall.json", json.dumps({**found, "config": config}, indent=2).encode())
    return found


def to_aligned(state: dict[str, Any], path: Path) -> Aligned:
    """The projections of a checkpoint; a ``WeightsError`` if its weights do not fit the sizes that it names."""
    config = state["config"]
    text, image = (
        checkpoints.to_projection(state[side], config["dimensions"], config, path) if side in state else None
        for side in ("text", "image")
    )
    return Aligned(text=text, image=image)
