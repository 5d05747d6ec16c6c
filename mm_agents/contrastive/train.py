"""The training loop: validated after each epoch, written down in one step, and resumed to the same curve."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from mm_agents._cache import write_whole
from mm_agents.contrastive import _checkpoints, losses
from mm_agents.contrastive._augment import jitter
from mm_agents.contrastive._measure import alignment, nearest_accuracy, partner_accuracy, uniformity
from mm_agents.contrastive._torch import Tensor, get_torch, pick_device
from mm_agents.contrastive.data import Drawer, Pictures
from mm_agents.contrastive.model import Network, embed, to_input
from mm_agents.errors import ConfigError, WeightsError

Loss = Literal["cosine", "infonce", "supcon", "sigmoid"]
Report = Callable[[int, int, str], None]

FORMAT = "mm-agents contrastive 1"
MODEL = "model.pt"
_FREE = {"epochs", "patience", "keep_epochs", "device"}  # what may change when training goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train.

    Attributes:
        loss: "supcon", "cosine" (to 1 and 0 of pairs), "infonce" or "sigmoid".
        epochs: how often as many pictures are seen as there are (for "cosine", as many pairs).
        batch: pictures at once; for "cosine", pairs.
        rate: Adam's learning rate.
        step: after how many epochs it is multiplied by ``gamma``.
        gamma: see ``step``.
        temperature: of "supcon" and "infonce".
        dimensions: how many numbers a vector has.
        held_out: the share that is validated on, between 0 and 1.
        patience: stop after so many epochs without a better accuracy; 0 never does.
        augment: whether pictures are turned, shifted and scaled a little.
        seed: the same one trains in the same way, on the same machine.
        deterministic: refuse operations of torch that may round differently from run to run.
        keep_epochs: write the held-out part's vectors after each epoch.
        device: such as "cpu", "cuda" or "mps"; None takes the fastest there is.
    """

    loss: Loss = "supcon"
    epochs: int = 12
    batch: int = 128
    rate: float = 0.005
    step: int = 7
    gamma: float = 0.3
    temperature: float = 0.1
    dimensions: int = 64
    held_out: float = 0.1
    patience: int = 0
    augment: bool = True
    seed: int = 0
    deterministic: bool = False
    keep_epochs: bool = False
    device: str | None = None

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise ConfigError(f"There is no loss {self.loss!r}. Known: {', '.join(get_args(Loss))}.")
        for name, least in {"epochs": 1, "batch": 4, "step": 1, "patience": 0, "dimensions": 2}.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} is {getattr(self, name)}; it should be {least} or more.")
        for name in ("rate", "gamma", "temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name} is {getattr(self, name)}; it should be above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What training came to.

    Attributes:
        folder: where all was written; ``contrastive:FOLDER`` is the embedder.
        epochs: for each its number, loss, accuracy, alignment, uniformity and seconds.
        best: the number of the epoch whose model was kept.
        config: the settings, the network and a hash of the data.
    """

    folder: Path
    epochs: list[dict[str, Any]]
    best: int
    config: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What ``curve.json`` holds."""
        return {"epochs": self.epochs, "best": self.best, "config": self.config}


def train(
    pictures: Pictures, folder: Path, settings: Settings, *, resume: bool = False, report: Report | None = None
) -> Result:
    """Train a network and keep its best epoch.

    Args:
        pictures: what to learn from; ``settings.held_out`` of it is only validated on.
        folder: new or empty, unless ``resume``. It gets ``model.pt`` (the best), ``curve.json``, ``checkpoints/`` and,
            with ``keep_epochs``, ``epochs/NNN.npz`` with ``vectors`` and ``labels``.
        settings: how to train.
        resume: go on from the folder's last checkpoint that can be read.
        report: called after each batch.

    Raises:
        ConfigError: the folder is in use, has nothing to go on from, or was trained with other settings or data.
        WeightsError: no checkpoint can be read.
        MissingExtraError: torch is not installed.
    """
    torch = get_torch()
    saved = folder / "checkpoints"
    if not resume and (saved.exists() or (folder / MODEL).exists()):
        raise ConfigError(f"{str(folder)!r} holds a training already; use --resume, or another folder.")
    state = _checkpoints.latest(saved) if resume else None
    with _surroundings(settings):
        run = _Run(torch, pictures, folder, settings)
        if state is not None:
            run.restore(state)
        while run.epoch < settings.epochs and not run.stopped:
            run.one_epoch(report or (lambda done, total, current: None))
    return Result(folder=folder, epochs=run.curve, best=run.best, config=run.config)


@contextmanager
def _surroundings(settings: Settings) -> Generator[None]:
    """The caller's random numbers and settings of torch come back in the end."""
    torch = get_torch()
    before = torch.are_deterministic_algorithms_enabled()
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else CUDA's matrix products refuse to run
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.use_deterministic_algorithms(settings.deterministic or before)
        torch.manual_seed(settings.seed)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)


class _Run:
    """One training, from epoch to epoch."""

    def __init__(self, torch: Any, pictures: Pictures, folder: Path, settings: Settings) -> None:
        learned, held = pictures.split(settings.held_out, settings.seed)
        _, channels, height, width = pictures.pixels.shape
        shape = Network(channels=channels, height=height, width=width, dimensions=settings.dimensions)
        self.torch, self.folder, self.settings = torch, folder, settings
        self.config = asdict(settings) | {"network": asdict(shape), "data": pictures.fingerprint}
        self.device = device = pick_device(settings.device)
        self.pixels = torch.as_tensor(learned.pixels, device=device)
        self.held, self.held_labels = (torch.as_tensor(part, device=device) for part in (held.pixels, held.labels))
        # What is known of a held-out class is found under its name, as the two parts count their classes apart.
        self.names, self.held_names, self.open_set = learned.names, held.names, pictures.open_set
        self.drawer = Drawer(learned, device)
        self.generator = torch.Generator(device=device).manual_seed(settings.seed)
        self.network = shape.build().to(device)
        self.learned = torch.nn.ParameterDict(
            {"scale": torch.tensor(math.log(10.0)), "bias": torch.tensor(-10.0)} if settings.loss == "sigmoid" else {}
        ).to(device)
        parameters = [*self.network.parameters(), *self.learned.parameters()]
        self.optimiser = torch.optim.Adam(parameters, lr=settings.rate)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimiser, settings.step, settings.gamma)
        self.curve: list[dict[str, Any]] = []
        self.best = 0

    @property
    def epoch(self) -> int:
        return len(self.curve)

    @property
    def stopped(self) -> bool:
        return 0 < self.settings.patience <= self.epoch - self.best

    def one_epoch(self, report: Report) -> None:
        """Learn, validate and write down."""
        began = time.perf_counter()
        loss = self._learn(report)
        vectors = embed(self.network, self.held)
        figures = {
            "loss": loss,
            "accuracy": self._accuracy(vectors),
            "alignment": alignment(vectors, self.held_labels),
            "uniformity": uniformity(vectors),
        }
        self.scheduler.step()
        self.curve.append({"epoch": self.epoch + 1, **figures, "seconds": round(time.perf_counter() - began, 3)})
        if not self.best or figures["accuracy"] > self.curve[self.best - 1]["accuracy"]:
            self.best = self.epoch
        self._write(vectors)

    def _learn(self, report: Report) -> float:
        self.network.train()
        count = len(self.pixels)
        steps = self._draw(count if self.settings.loss == "cosine" else max(2, count // 2))
        total = self.torch.zeros((), device=self.device)
        shown = f"epoch {self.epoch + 1} of {self.settings.epochs}"
        for done, places in enumerate(steps):
            loss = self._loss(*places)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            total += loss.detach()
            report(self.epoch * len(steps) + done + 1, self.settings.epochs * len(steps), shown)
        mean = float(total) / len(steps)
        if not math.isfinite(mean):
            raise ConfigError(
                f"The loss is {mean} in epoch {self.epoch + 1}; try a smaller rate than {self.settings.rate}."
            )
        return mean

    def _draw(self, count: int) -> list[tuple[Tensor, ...]]:
        """The epoch's pairs, drawn anew, in batches; a last one of a single pair goes."""
        if self.settings.loss == "cosine":
            drawn, size = self.drawer.balanced(count, self.generator), self.settings.batch
        else:
            drawn, size = self.drawer.positives(count, self.generator), self.settings.batch // 2
        batches = list(zip(*(part.split(size) for part in drawn), strict=True))
        return batches if len(batches[-1][0]) > 1 else batches[:-1]

    def _loss(self, left: Tensor, right: Tensor, same: Tensor | None = None) -> Tensor:
        settings, both = self.settings, self.torch.cat([left, right])
        pictures = to_input(self.pixels[both])
        vectors = self.network(jitter(pictures, self.generator) if settings.augment else pictures)
        labels = self.drawer.labels[both]
        first, second = vectors.chunk(2)
        if same is not None:
            return losses.cosine_mse(first, second, same)
        if settings.loss == "supcon":
            return losses.supervised_contrastive(vectors, labels, temperature=settings.temperature)
        if settings.loss == "infonce":
            return losses.info_nce(first, second, temperature=settings.temperature, labels=labels[: len(left)])
        return losses.sigmoid(first, second, labels=labels[: len(left)], **self.learned)

    def _accuracy(self, vectors: Tensor) -> float:
        if self.open_set:
            return partner_accuracy(vectors, self.held_labels)
        places = self.torch.tensor([self.names.index(name) for name in self.held_names], device=self.device)
        known = embed(self.network, self.pixels)
        return nearest_accuracy(vectors, places[self.held_labels], known, self.drawer.labels)

    def _write(self, vectors: Tensor) -> None:
        """The best model first: if the process dies in between, the epoch is trained again to the same model."""
        number = self.epoch
        if self.settings.keep_epochs:
            place = self.folder / "epochs" / f"{number:03d}.npz"
            place.parent.mkdir(parents=True, exist_ok=True)
            np.savez(place, vectors=vectors.float().cpu().numpy(), labels=self.held_labels.cpu().numpy())
        weights = _on_cpu(self.network.state_dict())
        if self.best == number:
            model = {"format": FORMAT, "kind": "network", "config": self.config["network"], "state": weights}
            _checkpoints.save(self.folder / MODEL, model)
        _checkpoints.keep(self.folder / "checkpoints", number, self._state(weights))
        document = {"epochs": self.curve, "best": self.best, "config": self.config}
        write_whole(self.folder / "curve.json", json.dumps(document, indent=2).encode())

    def _state(self, weights: dict[str, Any]) -> dict[str, Any]:
        on_cuda = self.device.type == "cuda"
        return {
            "format": FORMAT,
            "config": self.config,
            "network": weights,
            "learned": _on_cpu(self.learned.state_dict()),
            "optimiser": self.optimiser.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": self.torch.get_rng_state(),
            "random_cuda": self.torch.cuda.get_rng_state(self.device) if on_cuda else None,
            "random_mps": self.torch.mps.get_rng_state() if self.device.type == "mps" else None,
            "drawing": self.generator.get_state(),
            "curve": self.curve,
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up everything as it was after the checkpoint's epoch.

        Raises:
            ConfigError: the settings or the data were others.
            WeightsError: something is missing, or does not fit.
        """
        then = state.get("config")
        if state.get("format") != FORMAT or not isinstance(then, dict):
            raise WeightsError(f"The checkpoint in {str(self.folder)!r} is not one of this version's training.")
        for name, value in self.config.items():
            if name not in _FREE and then.get(name) != value:
                what = "other data" if name == "data" else f"{name} {then.get(name)!r}, not {value!r}"
                raise ConfigError(f"{str(self.folder)!r} was trained with {what}; go on with that, or begin anew.")
        try:
            self.network.load_state_dict(state["network"])
            self.learned.load_state_dict(state["learned"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.scheduler.load_state_dict(state["scheduler"])
            self.torch.set_rng_state(state["random"])
            if self.device.type == "cuda" and state["random_cuda"] is not None:
                self.torch.cuda.set_rng_state(state["random_cuda"], self.device)
            if self.device.type == "mps" and state["random_mps"] is not None:
                self.torch.mps.set_rng_state(state["random_mps"])
            self.generator.set_state(state["drawing"])
            self.curve, self.best = list(state["curve"]), int(state["best"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WeightsError(f"The checkpoint in {str(self.folder)!r} does not fit: {str(error)[:200]}") from error


def _on_cpu(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value.detach().cpu() for name, value in state.items()}
