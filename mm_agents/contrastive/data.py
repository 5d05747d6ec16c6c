"""Pictures with classes, or in pairs, as one array; and the pairs that each epoch draws from them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image

from mm_agents.contrastive import _idx, _table
from mm_agents.contrastive._torch import Tensor, get_torch
from mm_agents.errors import ConfigError
from mm_agents.media import load_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def _no_pairs() -> NDArray[np.int64]:
    return np.empty((0, 2), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pictures:
    """Pictures of one size, each of a class.

    Attributes:
        pixels: uint8, shape (n, channels, height, width).
        labels: int64, shape (n,): the place of the class in ``names``.
        names: the classes.
        different: int64, shape (m, 2): pictures that are known to differ, beside all those of two classes.
        open_set: whether what is held out is of classes of its own, as with pairs, where a "class" is all that
            belongs together.
    """

    pixels: ByteArray
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    different: NDArray[np.int64] = field(default_factory=_no_pairs)
    open_set: bool = False

    def __post_init__(self) -> None:
        sizes = np.bincount(self.labels, minlength=len(self.names))
        if len(self.names) < 2:
            raise ConfigError(
                f"There is only one class ({', '.join(self.names) or 'none'}); contrast needs two or more."
            )
        if not self.open_set and sizes.min() < 2:
            few = self.names[int(sizes.argmin())]
            raise ConfigError(
                f"The class {few!r} has {sizes.min()} pictures; it needs 2 or more. Add some or leave it out."
            )

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.labels)

    @property
    def fingerprint(self) -> str:
        """A hash of all pixels, labels and pairs."""
        digest = hashlib.sha256(str(self.pixels.shape).encode())
        for array in (self.pixels, self.labels, self.different):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def take(self, places: NDArray[np.int64]) -> Pictures:
        """Only the pictures at those places; classes without pictures go, and pairs that are not whole."""
        kept, labels = np.unique(self.labels[places], return_inverse=True)
        where = np.full(len(self), -1)
        where[places] = np.arange(len(places))
        different = where[self.different]
        return Pictures(
            pixels=self.pixels[places],
            labels=labels.astype(np.int64),
            names=tuple(self.names[place] for place in kept),
            different=different[(different >= 0).all(axis=1)],
            open_set=self.open_set,
        )

    def split(self, fraction: float, seed: int) -> tuple[Pictures, Pictures]:
        """A part to train on and a part to hold out: a share of each class, or of the classes in an open set.

        Args:
            fraction: the share that is held out, between 0 and 1.
            seed: the same one splits in the same way.

        Raises:
            ConfigError: the fraction is not between 0 and 1, or leaves one of the two with too little.
        """
        if not 0 < fraction < 1:
            raise ConfigError(f"The held-out share is {fraction}; it should lie between 0 and 1, such as 0.1.")
        random = np.random.default_rng(seed)
        if self.open_set:
            count = max(2, round(len(self.names) * fraction))
            held = np.isin(self.labels, random.permutation(len(self.names))[:count])
        else:
            held = np.zeros(len(self), bool)
            for label in range(len(self.names)):
                places = random.permutation(np.flatnonzero(self.labels == label))
                held[places[: min(max(2, round(len(places) * fraction)), len(places) - 2)]] = True
        try:
            return self.take(np.flatnonzero(~held)), self.take(np.flatnonzero(held))
        except ConfigError as error:
            raise ConfigError(f"With {fraction} held out too little is left on one side: {error}") from error


# ---------------------------------------------------------------- reading


def read_digits(source: Path) -> Pictures:
    """Read digits, or other small grey pictures: a CSV as Kaggle's, or the idx files of MNIST; ``.gz`` too.

    Args:
        source: a CSV with the columns label, pixel0, pixel1, …; or the idx file of the pictures, whose labels lie
            beside it under the name that MNIST gives them; or a folder with MNIST's training files.

    Raises:
        ConfigError: the columns or the number of labels are wrong, or there is only one class.
        DamagedMediaError: an idx file is cut off, or a cell is no number from 0 to 255.
        OSError: the file cannot be opened.
    """
    pixels, labels = _idx.read(source) if _idx.is_idx(source) else _table.read_digits(source)
    values, places = np.unique(labels, return_inverse=True)
    return Pictures(pixels=pixels[:, None], labels=places.astype(np.int64), names=tuple(map(str, values.tolist())))


def read_folders(folder: Path, *, size: int = 64, channels: int = 3) -> Pictures:
    """Read a folder that holds a folder of pictures for each class.

    Args:
        folder: its folders' names are the classes; hidden ones, and files that no picture's name have, are passed by.
        size: every picture becomes size × size pixels.
        channels: 3 for colours, 1 for grey.

    Raises:
        ConfigError: there is no class, one only, or one without pictures.
        MediaError: a picture cannot be used.
    """
    if not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is no folder; name one that holds a folder of pictures for each class.")
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    files = [sorted(path for path in one.rglob("*") if path.suffix.lower() in _SUFFIXES) for one in classes]
    for one, found in zip(classes, files, strict=True):
        if not found:
            raise ConfigError(f"The class {one.name!r} has no picture. Add some or remove the folder.")
    if len(classes) < 2:
        raise ConfigError(
            f"{str(folder)!r} holds {len(classes)} folders of pictures; contrast needs two classes or more."
        )
    return Pictures(
        pixels=_loaded([path for found in files for path in found], channels, size),
        labels=np.repeat(np.arange(len(classes)), [len(found) for found in files]),
        names=tuple(one.name for one in classes),
    )


def read_pairs(table: Path, *, size: int = 64, channels: int = 3) -> Pictures:
    """Read pairs of pictures: what belongs together, directly or over others, becomes one class of an open set.

    Args:
        table: a CSV or TSV with the columns left and right, paths from the table's folder on, and if you like label:
            1 for the same (as without the column), 0 for different.
        size: every picture becomes size × size pixels.
        channels: 3 for colours, 1 for grey.

    Raises:
        ConfigError: the columns are wrong, a label is neither 0 nor 1, or two pictures are both same and different.
        MediaError: a picture cannot be used.
    """
    rows = _table.read_rows(table, ("left", "right"))
    places: dict[str, int] = {}
    ends = np.array([[places.setdefault(row[side], len(places)) for side in ("left", "right")] for row in rows])
    marks = [row.get("label") or "1" for row in rows]
    if wrong := sorted(set(marks) - {"0", "1"}):
        raise ConfigError(f"{table.name!r} has the label {wrong[0]!r}; it should be 1 for same or 0 for different.")
    same = np.array(marks) == "1"
    labels = _components(len(places), ends[same])
    different = ends[~same]
    for left, right in different[labels[different[:, 0]] == labels[different[:, 1]]]:
        names = list(places)
        raise ConfigError(f"{table.name!r} says both same and different of {names[left]!r} and {names[right]!r}.")
    groups, labels = np.unique(labels, return_inverse=True)
    return Pictures(
        pixels=_loaded([table.parent / name for name in places], channels, size),
        labels=labels.astype(np.int64),
        names=tuple(list(places)[group] for group in groups),
        different=different,
        open_set=True,
    )


def fit(pixels: ByteArray, channels: int, height: int, width: int) -> ByteArray:
    """Bring a picture to the size and channels of a network.

    Args:
        pixels: uint8, shape (height, width, 3).
        channels: 3 for colours, 1 for grey.
        height: in pixels; the proportions are not kept.
        width: in pixels.

    Returns:
        uint8, shape (channels, height, width).
    """
    picture = PIL.Image.fromarray(pixels).convert("L" if channels == 1 else "RGB")
    resized = np.asarray(picture.resize((width, height), PIL.Image.Resampling.BILINEAR))
    return resized[None] if channels == 1 else np.ascontiguousarray(resized.transpose(2, 0, 1))


def _loaded(paths: Sequence[Path], channels: int, size: int) -> ByteArray:
    return np.stack([fit(load_image(path, max_side=max(512, size)).pixels, channels, size, size) for path in paths])


def _components(count: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of ``count`` nodes the first node that it hangs together with."""
    root = np.arange(count)

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = int(root[node])
        return node

    for left, right in edges.tolist():
        low, high = sorted((find(left), find(right)))
        root[high] = low
    return np.array([find(node) for node in range(count)], np.int64)


# ---------------------------------------------------------------- drawing


class Drawer:
    """Draws pairs of pictures anew for each epoch, all at once, on the device.

    Args:
        pictures: what to draw from.
        device: where the places come to lie.
    """

    def __init__(self, pictures: Pictures, device: Any) -> None:
        self._torch = get_torch()
        self.labels = self._torch.as_tensor(pictures.labels, device=device)
        self._order = self._torch.argsort(self.labels, stable=True)
        self._sizes = self._torch.bincount(self.labels)
        self._starts = self._sizes.cumsum(0) - self._sizes
        self._rank = self._torch.empty_like(self._order)
        self._rank[self._order] = self._torch.arange(len(self._order), device=device)
        self._able = self._torch.nonzero(self._sizes[self.labels] > 1).flatten()
        self._different = self._torch.as_tensor(pictures.different, device=device)
        if not len(self._able):
            raise ConfigError("No two pictures belong together, so there is nothing to learn; add pairs that do.")

    def positives(self, count: int, generator: Any) -> tuple[Tensor, Tensor]:
        """Places of pictures and of another one of the same class; each is an anchor before any is twice.

        Returns:
            Two int64 tensors of shape (count,).
        """
        left = self._able[self._shuffled(len(self._able), count, generator)]
        label = self.labels[left]
        size, start = self._sizes[label], self._starts[label]
        # A step of 1 … size - 1 round the class never comes back to where it began.
        step = 1 + self._below(size - 1, generator)
        return left, self._order[start + (self._rank[left] - start + step) % size]

    def negatives(self, count: int, generator: Any) -> tuple[Tensor, Tensor]:
        """Places of pictures and of one of another class; where pairs are known to differ, up to half are of those.

        Returns:
            Two int64 tensors of shape (count,).
        """
        left = self._shuffled(len(self.labels), count, generator)
        label = self.labels[left]
        size, start = self._sizes[label], self._starts[label]
        other = self._below(len(self.labels) - size, generator)
        right = self._order[self._torch.where(other < start, other, other + size)]
        if known := min(count // 2, len(self._different)):
            chosen = self._different[self._shuffled(len(self._different), known, generator)]
            left, right = left.clone(), right.clone()
            left[:known], right[:known] = chosen[:, 0], chosen[:, 1]
        return left, right

    def balanced(self, count: int, generator: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Half of the same class and half of two, in random order.

        Returns:
            The two places, int64, and 1.0 for the same or 0.0, float32; each of shape (count,).
        """
        torch, half = self._torch, (count + 1) // 2
        drawn = zip(self.positives(half, generator), self.negatives(count - half, generator), strict=True)
        left, right = (torch.cat(sides) for sides in drawn)
        order = self._shuffled(count, count, generator)
        return left[order], right[order], (order < half).float()

    def _shuffled(self, total: int, count: int, generator: Any) -> Tensor:
        """Numbers below ``total`` in random order, again from the start where there are too few."""
        draws = [self._random(total, generator).argsort() for _ in range(-(-count // total))]
        return self._torch.cat(draws)[:count] if draws else self._order[:0]

    def _below(self, limit: Tensor, generator: Any) -> Tensor:
        return self._torch.minimum((self._random(len(limit), generator) * limit).long(), limit - 1)

    def _random(self, count: int, generator: Any) -> Tensor:
        return self._torch.rand(count, generator=generator, device=self.labels.device)
