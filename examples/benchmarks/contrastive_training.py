"""`mm-agents train digits` beside the loop of the course that it takes after, in one run on the same digits.

    python examples/benchmarks/contrastive_training.py --data DATA [--target 0.98] [--most-epochs 10] [--threads 1]

DATA holds ``digits/train.csv.gz``. The course's loop is stated again here: pairs are drawn once, a Dataset turns each
item's pixels into a picture and a tensor in Python, a DataLoader makes batches of 16, the loss is the cosine against
1 and 0, Adam at 0.005. Time is CPU time of the process, by default on one thread, as threads that wait for each other
count too. A tenth of the digits is held out, and its nearest neighbours among the others are looked for.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mm_agents.contrastive.data import PictureSet, draw_pairs, read_digits, split
from mm_agents.contrastive.losses import cosine_mse
from mm_agents.contrastive.network import Network
from mm_agents.contrastive.train import Options, batches, nearest_accuracy, train


class CoursePairs(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """A dataset in the manner of the course: each picture has one partner, drawn at the beginning."""

    def __init__(self, data: PictureSet) -> None:
        self.pictures = data.pictures[:, 0].numpy()
        pairs = draw_pairs(data.labels, torch.Generator().manual_seed(0))
        self.first, self.second, self.target = pairs.first.numpy(), pairs.second.numpy(), pairs.target.numpy()

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor, Tensor]:
        first, second = (picture(self.pictures[at]) for at in (self.first[place], self.second[place]))
        return first, second, torch.tensor(self.target[place], dtype=torch.float32)

    def loader(self) -> Iterable[tuple[Tensor, Tensor, Tensor]]:
        """Batches of 16 in another order each time."""
        return DataLoader(self, batch_size=16, shuffle=True)


def picture(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Tensor:
    """Pixels to a Pillow picture to a normalised tensor, as ToPILImage, ToTensor and Normalize(0.5, 0.5) do."""
    shown = PIL.Image.fromarray(pixels)
    array = np.array(shown, np.uint8, copy=True)
    return (torch.from_numpy(array)[None].float().div(255) - 0.5) / 0.5


@dataclass(frozen=True, slots=True)
class Trained:
    """Seconds of CPU and the accuracy after each epoch."""

    seconds: list[float]
    accuracy: list[float]

    def until(self, target: float) -> float | None:
        """Seconds of training until the accuracy was reached; None if it never was."""
        for n, accuracy in enumerate(self.accuracy):
            if accuracy >= target:
                return sum(self.seconds[: n + 1])
        return None


def course(trained: PictureSet, tested: PictureSet, target: float, most: int) -> Trained:
    torch.manual_seed(0)
    network, pairs = Network(), CoursePairs(trained)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.005)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, 7, 0.3)
    seconds: list[float] = []
    accuracy: list[float] = []
    while len(seconds) < most and (not accuracy or accuracy[-1] < target):
        began = process_time()
        network.train()
        for first, second, wanted in pairs.loader():
            loss = cosine_mse(network(first), network(second), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        seconds.append(process_time() - began)
        # The network here has seen pixels from -1 to 1.
        vectors, gallery = (_embed(network, part.pictures) for part in (tested, trained))
        accuracy.append(nearest_accuracy(vectors, tested.labels, gallery, trained.labels))
        print(f"  course, epoch {len(seconds)}: 1-NN {accuracy[-1]:.4f}, {seconds[-1]:.1f} CPU s", flush=True)
    return Trained(seconds, accuracy)


def _embed(network: Network, pictures: Tensor) -> Tensor:
    network.eval()
    with torch.inference_mode():
        parts = [network((part.float() / 255 - 0.5) / 0.5) for part in pictures.split(1024)]
    return torch.nn.functional.normalize(torch.cat(parts), dim=1)


def ours(data: PictureSet, options: Options) -> Trained:
    seconds: list[float] = []
    began = process_time()

    def report(done: int, total: int, current: str) -> None:
        nonlocal began
        per_epoch = total // options.epochs
        if done % per_epoch == 1:
            began = process_time()
        if done % per_epoch == 0:
            seconds.append(process_time() - began)

    with tempfile.TemporaryDirectory() as folder:
        curve = train(data, Path(folder), options, report=report)
    for epoch, spent in zip(curve["epochs"], seconds, strict=True):
        print(f"  ours, epoch {epoch['epoch']}: 1-NN {epoch['accuracy']:.4f}, {spent:.1f} CPU s", flush=True)
    return Trained(seconds, [epoch["accuracy"] for epoch in curve["epochs"]])


def data_paths(trained: PictureSet) -> tuple[float, float]:
    """CPU seconds to bring an epoch's pairs before the network, the best of three: the course's way, and ours."""
    pairs, generator = CoursePairs(trained), torch.Generator().manual_seed(0)

    def theirs() -> None:
        for _ in pairs.loader():
            pass

    def ours() -> None:
        for first, second, _ in batches(trained, Options().batch, generator, with_negatives=True):
            trained.pictures[torch.cat([first, second])].float().div(255)

    return min(_spent(theirs) for _ in range(3)), min(_spent(ours) for _ in range(3))


def same_pairs(trained: PictureSet) -> tuple[float, float]:
    """CPU seconds of an epoch over the same pairs with the same loss: by batches of 16 from Python, and by ours."""
    pairs = CoursePairs(trained)
    first, second, target = (torch.from_numpy(one) for one in (pairs.first, pairs.second, pairs.target))

    def tensors() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for at in torch.randperm(len(pairs)).split(Options().batch):
            yield trained.pictures[first[at]] / 255, trained.pictures[second[at]] / 255, target[at]

    def epoch(parts: Iterable[tuple[Tensor, Tensor, Tensor]], at_once: bool) -> None:
        network = Network().to(memory_format=torch.channels_last if at_once else torch.contiguous_format)
        optimiser = torch.optim.Adam(network.parameters(), lr=0.005)
        for one, two, wanted in parts:
            left, right = network(torch.cat([one, two])).chunk(2) if at_once else (network(one), network(two))
            loss = cosine_mse(left, right, wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return _spent(lambda: epoch(pairs.loader(), False)), _spent(lambda: epoch(tensors(), True))


def _spent(work: Callable[[], None]) -> float:
    began = process_time()
    work()
    return process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--target", type=float, default=0.98, help="the accuracy that both are timed to")
    parser.add_argument("--most-epochs", type=int, default=10, help="of the course's loop")
    parser.add_argument("--epochs", type=int, default=Options().epochs, help="of ours")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    data = read_digits(arguments.data / "digits" / "train.csv.gz")
    options = Options(device="cpu", epochs=arguments.epochs)
    trained, tested = split(data, options.hold_out, options.seed)

    slow, fast = data_paths(trained)
    print(f"data path, an epoch of pairs: {slow:.2f} CPU s course, {fast:.3f} ours: {slow / fast:.0f} x", flush=True)
    slow, fast = same_pairs(trained)
    print(f"epoch over the same pairs: {slow:.1f} CPU s course, {fast:.1f} ours: {slow / fast:.1f} x", flush=True)
    mine = ours(data, options)
    print(f"best 1-NN of {options.epochs} epochs: {max(mine.accuracy):.4f} in {sum(mine.seconds):.0f} CPU s")
    theirs = course(trained, tested, arguments.target, arguments.most_epochs)
    target = min(arguments.target, max(theirs.accuracy))
    if target < arguments.target:
        print(f"the course's loop did not reach {arguments.target}; both are timed to {target:.4f}")
    slow, fast = theirs.until(target), mine.until(target)
    if slow and fast:
        print(f"CPU s to a 1-NN of {target:.4f}: {slow:.0f} course, {fast:.0f} ours: {fast / slow:.2f} of it")


if __name__ == "__main__":
    main()
