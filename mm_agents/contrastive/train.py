"""Training of the network: epochs, checkpoints that survive a crash, and the curve.

A folder of training holds:

    best.pt         the weights of the best epoch, for use
    last.pt         the whole state after the last epoch, to resume from; before.pt the one before it
    curve.json      {"epochs": [{"epoch", "loss", "accuracy", "alignment", "uniformity", "seconds"}], "best", "config"}
    epochs/NNN.npz  on request, the held-out vectors (n, d) and labels (n,) after each epoch
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mm_agents._cache import write_whole
from mm_agents._notebook import show
from mm_agents._progress import ProgressCallback
from mm_agents.contrastive import checkpoints
from mm_agents.contrastive.data import PictureSet, augment, draw_pairs, draw_positives, redraw, split
from mm_agents.contrastive.losses import Criterion, LossName
from mm_agents.contrastive.network import Network, embed, require_least
from mm_agents.errors import ConfigError
from mm_agents.types import ReadingTable

_MAY_CHANGE = {"epochs", "patience", "device", "deterministic", "keep_epochs"}  # between a training and its resuming
_QUERIES_AT_ONCE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to train.

    Attributes:
        step: the number of epochs after which Adam's learning rate is multiplied by ``decay``.
        temperature: of the losses "supcon" and "infonce".
        dimensions: the width of a vector.
        degrees: the most that pictures are turned by.
        pixels: the most that pictures are shifted by.
        hold_out: the share that is not trained on and decides which epoch is best.
        patience: the epochs without a better one to stop after; 0 never.
        seed: the same seed makes the same split, weights and pairs.
        deterministic: use deterministic operations only; slower on CUDA.
        keep_epochs: keep the held-out vectors of each epoch.
        device: "cpu", "cuda", "mps", or "auto" for the fastest available.
    """

    loss: LossName = "supcon"
    epochs: int = 10
    batch: int = 64
    learning_rate: float = 0.005
    step: int = 7
    decay: float = 0.3
    temperature: float = 0.1
    dimensions: int = 64
    degrees: float = 10.0
    pixels: float = 2.0
    hold_out: float = 0.1
    patience: int = 0
    seed: int = 0
    deterministic: bool = False
    keep_epochs: bool = False
    device: str = "auto"

    def check(self) -> None:
        """Raise a ``ConfigError`` if a number is out of its range."""
        require_least(self, epochs=1, batch=2, step=1, dimensions=2, patience=0, degrees=0, pixels=0)
        for name in ("learning_rate", "decay", "temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; it should be above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The mean loss and the seconds of an epoch, numbered from 1, and the measures of the held-out data after it."""

    epoch: int
    loss: float
    accuracy: float
    alignment: float
    uniformity: float
    seconds: float


class History(dict[str, Any]):
    """The content of ``curve.json``: "epochs", "best" and "config". A notebook shows it as a table of its epochs."""

    def __repr__(self) -> str:
        """How many epochs it has, and which is the best, in one line."""
        if not self["epochs"]:
            return "<Training: no epoch yet>"
        best = self["epochs"][self["best"] - 1]
        found = f"nearest neighbour right {best['accuracy']:.1%} of the time, loss {best['loss']:.4f}"
        return f"<Training: {len(self['epochs'])} epochs, {self['best']} is best: {found}>"

    def _repr_html_(self) -> str:
        """Its epochs, the best one in bold, for a notebook."""
        names = tuple(field.name for field in fields(Epoch))
        rows = tuple(tuple(f"{epoch[name]:.4g}" for name in names) for epoch in self["epochs"])
        table = ReadingTable(name="epochs", header=names, rows=rows)
        return show(repr(self)[1:-1], tables=[table], strong=self["best"] - 1)


@dataclass(slots=True)
class _Run:
    """All that changes while training."""

    network: Network
    criterion: Criterion
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    generator: torch.Generator
    curve: list[Epoch] = field(default_factory=list[Epoch])

    @property
    def best(self) -> int:
        """The number of the best epoch; the earlier of equally good ones; 0 before the first."""
        return max(self.curve, key=lambda epoch: (epoch.accuracy, -epoch.epoch)).epoch if self.curve else 0

    @property
    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.network,
            "criterion": self.criterion,
            "optimiser": self.optimiser,
            "schedule": self.schedule,
        }

    def state(self, config: dict[str, Any]) -> dict[str, Any]:
        random = {"cpu": torch.get_rng_state(), "drawn": self.generator.get_state()}
        if self.generator.device.type == "cuda":
            random["device"] = torch.cuda.get_rng_state(self.generator.device)
        elif self.generator.device.type == "mps":
            random["device"] = torch.mps.get_rng_state()
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        return {"config": config, **parts, "random": random, "curve": [asdict(epoch) for epoch in self.curve]}

    def restore(self, state: dict[str, Any]) -> None:
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["random"]["cpu"])
        self.generator.set_state(state["random"]["drawn"])
        if self.generator.device.type == "cuda":
            torch.cuda.set_rng_state(state["random"]["device"], self.generator.device)
        elif self.generator.device.type == "mps":
            torch.mps.set_rng_state(state["random"]["device"])
        self.curve = [Epoch(**epoch) for epoch in state["curve"]]


def train(
    data: PictureSet,
    out: Path,
    options: Options | None = None,
    *,
    resume: bool = False,
    report: ProgressCallback = lambda done, total, current: None,
) -> History:
    """Train a network on what belongs together, and keep the best and the last in a folder.

    Args:
        data: pictures with labels or pairs.
        out: the folder.
        options: how to train; the defaults when None.
        resume: resume from the state in the folder, if it has one.
        report: called after each batch.

    Returns:
        The content of ``curve.json``.

    Raises:
        ConfigError: an option is out of range, the folder holds a training already, or one with other options or data.
        WeightsError: neither the last state nor the one before it can be used.
    """
    options = options or Options()
    options.check()
    device = choose_device(options.device)
    config = _config(data, options)
    held = any((out / name).exists() for name in (checkpoints.LAST, checkpoints.BEFORE))
    if held and not resume:
        raise ConfigError(f"{str(out)!r} holds a training already; resume it with --resume, or give another folder.")
    trained, tested = (part.to(device) for part in split(data, options.hold_out, options.seed))
    with _own_random(device, options):
        run = _begin(config, options, device)
        if held:
            _resume(run, checkpoints.load_last(out), config, out)
            _write_curve(out, run, config)
        while len(run.curve) < options.epochs and not 0 < options.patience <= len(run.curve) - run.best:
            loss, seconds = _train_epoch(run, trained, options, report)
            vectors, measured = _measure(run.network, trained, tested)
            run.curve.append(Epoch(epoch=len(run.curve) + 1, loss=loss, seconds=seconds, **measured))
            _keep(out, run, config, (vectors, tested.labels) if options.keep_epochs else None)
    return _curve(run, config)


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA, else MPS, else the CPU.

    Raises:
        ConfigError: this machine has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    known = [device for device, is_there in available.items() if is_there]
    if name == "auto":
        return torch.device(known[0])
    if name.partition(":")[0] not in known:
        raise ConfigError(f"This machine has no device {name!r}. Known: {', '.join(reversed(known))}.")
    return torch.device(name)


# ---------------------------------------------------------------- an epoch


def batches(
    data: PictureSet, batch: int, generator: torch.Generator, *, with_negatives: bool
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """The pairs of an epoch, drawn anew, in batches; a last one of a single pair is left out.

    With negatives half of the pairs do not belong together. The generator is on the data's device.

    Returns:
        For each batch the places of both pictures, and with negatives 1 or 0, else the pairs' labels.
    """
    if with_negatives:
        pairs = draw_pairs(data.labels, generator) if data.pairs is None else redraw(data.pairs, data.labels, generator)
        first, second, target = pairs.first, pairs.second, pairs.target
    elif data.pairs is None:
        first, second = draw_positives(data.labels, generator)
        target = data.labels[first]
    else:
        pairs = data.pairs.where(data.pairs.target > 0)
        pairs = pairs.where(torch.randperm(len(pairs.first), generator=generator, device=generator.device))
        first, second, target = pairs.first, pairs.second, data.labels[pairs.first]
    parts = zip(first.split(batch), second.split(batch), target.split(batch), strict=True)
    return [part for part in parts if len(part[0]) > 1]


def _train_epoch(run: _Run, data: PictureSet, options: Options, report: ProgressCallback) -> tuple[float, float]:
    """The mean loss, and the seconds."""
    began = perf_counter()
    run.network.train()
    losses: list[Tensor] = []
    drawn = batches(data, options.batch, run.generator, with_negatives=run.criterion.needs_negatives)
    said = f"{run.curve[-1].accuracy:.3f}" if run.curve else "–"
    for first, second, target in drawn:
        pictures = data.pictures[torch.cat([first, second])].float() / 255
        pictures = augment(pictures, run.generator, degrees=options.degrees, pixels=options.pixels)
        loss = run.criterion(*run.network(pictures).chunk(2), target)
        run.optimiser.zero_grad()
        loss.backward()
        run.optimiser.step()
        losses.append(loss.detach())
        done = len(run.curve) * len(drawn) + len(losses)
        report(done, options.epochs * len(drawn), f"epoch {len(run.curve) + 1}, accuracy {said}")
    run.schedule.step()
    return float(torch.stack(losses).mean()), perf_counter() - began


def _measure(network: Network, trained: PictureSet, tested: PictureSet) -> tuple[Tensor, dict[str, float]]:
    vectors = embed(network, tested.pictures)
    gallery = (embed(network, trained.pictures), trained.labels) if tested.pairs is None else ()
    return vectors, {
        "accuracy": nearest_accuracy(vectors, tested.labels, *gallery),
        "alignment": alignment(vectors, tested.labels),
        "uniformity": uniformity(vectors),
    }


# ---------------------------------------------------------------- how good a space of vectors is


def nearest_accuracy(
    queries: Tensor, labels: Tensor, gallery: Tensor | None = None, gallery_labels: Tensor | None = None
) -> float:
    """How many queries, unit rows, shape (n, d), have a nearest neighbour of their own label, 0 to 1.

    The gallery, unit rows, shape (m, d), is searched; None searches the other queries.
    """
    right = 0
    among = queries if gallery is None else gallery
    among_labels = labels if gallery_labels is None else gallery_labels
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        cosines = queries[start : start + _QUERIES_AT_ONCE] @ among.T
        if gallery is None:
            cosines.diagonal(start).fill_(-torch.inf)
        right += int((among_labels[cosines.argmax(dim=1)] == labels[start : start + _QUERIES_AT_ONCE]).sum())
    return right / len(queries)


def alignment(vectors: Tensor, labels: Tensor) -> float:
    """The mean squared distance of two items that belong together; lower is better.

    Wang and Isola 2020, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere", section 4.1, alpha = 2, over all pairs: a class's sum of squared distances follows from its mean.
    Vectors are unit rows, shape (n, d), and labels int64, shape (n,).
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

    Wang and Isola 2020 (see ``alignment``), section 4.1, t = 2. Vectors are unit rows, shape (n, d), at least two.
    """
    return float(torch.pdist(vectors).square().mul(-2).exp().mean().log())


# ---------------------------------------------------------------- beginning, keeping, resuming


def _config(data: PictureSet, options: Options) -> dict[str, Any]:
    count, channels, height, width = data.pictures.shape
    given = 0 if data.pairs is None else len(data.pairs.first)
    sizes = {"channels": channels, "height": height, "width": width, "hidden": 512}
    about = {"pictures": count, "pairs": given, "classes": list(data.names)}
    return {**asdict(options), "kind": "network", **sizes, **about}


def _begin(config: dict[str, Any], options: Options, device: torch.device) -> _Run:
    sizes = {name: config[name] for name in ("channels", "height", "width", "hidden", "dimensions")}
    network = Network(**sizes).to(device).to(memory_format=torch.channels_last)  # a third faster on CPUs
    criterion = Criterion(options.loss, temperature=options.temperature).to(device)
    optimiser = torch.optim.Adam([*network.parameters(), *criterion.parameters()], lr=options.learning_rate)
    return _Run(
        network=network,
        criterion=criterion,
        optimiser=optimiser,
        schedule=torch.optim.lr_scheduler.StepLR(optimiser, options.step, options.decay),
        generator=torch.Generator(device).manual_seed(options.seed),
    )


def _resume(run: _Run, state: dict[str, Any], config: dict[str, Any], out: Path) -> None:
    kept = state["config"]
    for name in sorted(config.keys() - _MAY_CHANGE):
        if kept.get(name) != config[name]:
            raise ConfigError(
                f"The training in {str(out)!r} has {name} = {kept.get(name)!r}, not {config[name]!r}; resume with the "
                "same options and data, or give another folder."
            )
    run.restore(state)


def _keep(out: Path, run: _Run, config: dict[str, Any], vectors: tuple[Tensor, Tensor] | None) -> None:
    """Write an epoch's results. The state comes after the weights, so that a crash between them costs an epoch only."""
    if vectors is not None:
        buffer = io.BytesIO()
        np.savez(buffer, vectors=vectors[0].cpu().numpy(), labels=vectors[1].cpu().numpy())
        write_whole(out / "epochs" / f"{len(run.curve):03}.npz", buffer.getvalue())
    if run.best == len(run.curve):
        weights = {name: tensor.cpu() for name, tensor in run.network.state_dict().items()}
        checkpoints.save(out / checkpoints.BEST, {"config": config, "model": weights})
    out.mkdir(parents=True, exist_ok=True)
    checkpoints.save_last(out, run.state(config))
    _write_curve(out, run, config)


def _curve(run: _Run, config: dict[str, Any]) -> History:
    return History(epochs=[asdict(epoch) for epoch in run.curve], best=run.best, config=config)


def _write_curve(out: Path, run: _Run, config: dict[str, Any]) -> None:
    write_whole(out / "curve.json", json.dumps(_curve(run, config), indent=2).encode())


@contextmanager
def _own_random(device: torch.device, options: Options) -> Generator[None]:
    """Seed torch for the block, and leave the caller's random numbers and settings as they were."""
    devices = [device] if device.type != "cpu" else []
    deterministic = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"):
        torch.manual_seed(options.seed)
        if options.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as CUDA's matrix products ask for it
            torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic)
