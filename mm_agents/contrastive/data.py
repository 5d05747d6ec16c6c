"""Pictures with labels or with pairs, as tensors; the files they are read from, and the pairs of an epoch."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mm_agents import media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError
from mm_agents.types import Image

_LABELS = ("label", "clicked")
_VALUES = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table, numbered from 1: a pair whose label is 1 if the two belong together, else 0."""

    line: int
    first: str
    second: str
    label: float
    group: str = ""


def read_table(table: Path, columns: Sequence[tuple[str, str]] = ()) -> list[Row]:
    """Read a CSV or TSV file of pairs with a header, where ``label`` (or ``clicked``) and ``group`` are optional.

    Args:
        table: the file.
        columns: the possible names of the two columns; by default any names, in the file's order.

    Raises:
        ConfigError: the columns are others, a cell is empty, a label is not 0 or 1, or the table has no rows.
        MediaError: the file cannot be read as text.
    """
    text = media.load_text(table)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.partition("\n")[0] else ",")
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        chosen = _chosen(header, columns, table)
        rows = [_row(cells, lines.line_num, header, chosen, table) for cells in lines if any(cells)]
    except csv.Error as error:
        raise ConfigError(f"Line {lines.line_num} of {str(table)!r} cannot be read as a table: {error}.") from error
    if not rows:
        raise ConfigError(f"{str(table)!r} has no rows below its header.")
    return rows


def _chosen(header: list[str], columns: Sequence[tuple[str, str]], table: Path) -> tuple[int, int]:
    for first, second in columns:
        if first in header and second in header:
            return header.index(first), header.index(second)
    others = [place for place, name in enumerate(header) if name not in (*_LABELS, "group")]
    if columns or len(others) != 2:
        wanted = " or ".join(f"{first},{second}" for first, second in columns) or "two columns of paths"
        raise ConfigError(f"{str(table)!r} has the columns {', '.join(header)!r}; wanted: {wanted}[,label][,group].")
    return others[0], others[1]


def _row(cells: list[str], line: int, header: list[str], chosen: tuple[int, int], table: Path) -> Row:
    if len(cells) != len(header):
        raise ConfigError(f"Line {line} of {str(table)!r} has {len(cells)} cells; its header has {len(header)}.")
    first, second = (cells[place].strip() for place in chosen)
    if not first or not second:
        raise ConfigError(f"Line {line} of {str(table)!r} has an empty cell where a pair is wanted.")
    named = dict(zip(header, map(str.strip, cells), strict=True))
    label = next((named[name] for name in _LABELS if name in named), "1")
    if label.lower() not in _VALUES:
        raise ConfigError(f"Line {line} of {str(table)!r} has the label {label!r}; it should be 1 or 0.")
    return Row(line=line, first=first, second=second, label=_VALUES[label.lower()], group=named.get("group", ""))


GREY = (299, 587, 114)
"""Weights of red, green and blue in a thousandth (ITU-R BT.601)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Pairs by their places in a set.

    Attributes:
        first: int64, shape (p,).
        second: int64, shape (p,).
        target: float32, shape (p,): 1 where the two belong together, else 0.
    """

    first: Tensor
    second: Tensor
    target: Tensor

    def to(self, device: torch.device) -> Pairs:
        """The same on a device."""
        return Pairs(first=self.first.to(device), second=self.second.to(device), target=self.target.to(device))

    def where(self, chosen: Tensor) -> Pairs:
        """Those at some places, or where a bool tensor of shape (p,) is true."""
        return Pairs(first=self.first[chosen], second=self.second[chosen], target=self.target[chosen])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureSet:
    """Pictures and what belongs together.

    Attributes:
        pictures: uint8, shape (n, channels, height, width).
        labels: int64, shape (n,): pictures of one label belong together.
        names: of the labels; empty where these come from pairs.
        pairs: the given ones, if any.
    """

    pictures: Tensor
    labels: Tensor
    names: tuple[str, ...] = ()
    pairs: Pairs | None = None

    def to(self, device: torch.device) -> PictureSet:
        """The same on a device."""
        pairs = None if self.pairs is None else self.pairs.to(device)
        return replace(self, pictures=self.pictures.to(device), labels=self.labels.to(device), pairs=pairs)

    def subset(self, chosen: Tensor) -> PictureSet:
        """The pictures at some places; a pair stays where both of its pictures do."""
        pairs = self.pairs
        if pairs is not None:
            place = torch.full((len(self.labels),), -1, device=chosen.device)
            place[chosen] = torch.arange(len(chosen), device=chosen.device)
            first, second = place[pairs.first], place[pairs.second]
            kept = (first >= 0) & (second >= 0)
            pairs = Pairs(first=first[kept], second=second[kept], target=pairs.target[kept])
        return replace(self, pictures=self.pictures[chosen], labels=self.labels[chosen], pairs=pairs)


# ---------------------------------------------------------------- reading


def labelled(pictures: Tensor, labels: Sequence[str] | Sequence[int], source: str) -> PictureSet:
    """A set of uint8 pictures, shape (n, channels, height, width), each with a label.

    Raises:
        ConfigError: ``source`` has fewer than two classes, or one with a single picture.
    """
    names, places, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise ConfigError(f"{source} holds {len(names)} class; contrastive learning needs at least two.")
    if counts.min() < 2:
        lonely = str(names[counts.argmin()])
        raise ConfigError(f"The class {lonely!r} of {source} has one picture; a positive pair needs two of a class.")
    return PictureSet(pictures=pictures, labels=torch.from_numpy(places.astype(np.int64)), names=tuple(map(str, names)))


def read_folders(folder: Path, *, side: int = 32, channels: int = 3) -> PictureSet:
    """Read a folder of folders, one for each class, with pictures at any depth.

    Args:
        folder: the folder.
        side: the new height and width of the pictures, in pixels.
        channels: 3 for colours, 1 for grey.

    Raises:
        ConfigError: it is not a folder, a class is empty, or there are too few.
        MediaError: a picture cannot be used.
    """
    if not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is not a folder; give one that holds a folder of pictures for each class.")
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    paths: list[Path] = []
    labels: list[str] = []
    for place in classes:
        inside = list(media.walk([place], failed=_refuse))
        if not inside:
            raise ConfigError(
                f"The class {place.name!r} of {str(folder)!r} is empty; add pictures or remove its folder."
            )
        paths += inside
        labels += [place.name] * len(inside)
    if len(classes) < 2:
        raise ConfigError(f"{str(folder)!r} holds {len(classes)} class folder(s); at least two are needed.")
    return labelled(_load(paths, side, channels), labels, repr(str(folder)))


def read_pairs(table: Path, *, side: int = 32, channels: int = 3) -> PictureSet:
    """Read a table of pairs of pictures, as ``read_table``; without labels all pairs belong together.

    Args:
        table: the file; its paths are relative to its folder.
        side: the new height and width of the pictures, in pixels.
        channels: 3 for colours, 1 for grey.

    Raises:
        ConfigError: the table's columns are wrong, or all pictures belong together.
        MediaError: a picture cannot be used.
    """
    rows = read_table(table)
    named = [path for row in rows for path in _two_paths(row, table)]
    paths = {path: place for place, path in enumerate(dict.fromkeys(named))}
    places = torch.tensor([paths[path] for path in named])
    pairs = Pairs(first=places[::2], second=places[1::2], target=torch.tensor([row.label for row in rows]))
    labels = together(len(paths), pairs.where(pairs.target > 0))
    if not (pairs.target > 0).any() or int(labels.max()) < 1:
        raise ConfigError(f"{str(table)!r} needs pairs that belong together, of at least two different things.")
    return PictureSet(pictures=_load(list(paths), side, channels), labels=labels, pairs=pairs)


def together(count: int, pairs: Pairs) -> Tensor:
    """Which of ``count`` items hang together: int64, shape (count,), equal for those that a chain of pairs joins."""
    group = torch.arange(count)
    while True:
        least = torch.minimum(group[pairs.first], group[pairs.second])
        new = group.clone()
        new.scatter_reduce_(0, pairs.first, least, "amin").scatter_reduce_(0, pairs.second, least, "amin")
        new = new[new]
        if torch.equal(new, group):
            return torch.unique(group, return_inverse=True)[1]
        group = new


def fit(image: Image, *, channels: int, height: int, width: int) -> Tensor:
    """A picture as the network takes it: uint8, shape (channels, height, width); its proportions are not kept."""
    pixels = torch.from_numpy(np.ascontiguousarray(image.pixels, np.float32)).permute(2, 0, 1)
    if channels == 1:
        pixels = (pixels * (torch.tensor(GREY) / 1000)[:, None, None]).sum(dim=0, keepdim=True)
    if pixels.shape[1:] != (height, width):
        size = (height, width)
        pixels = functional.interpolate(pixels[None], size, mode="bilinear", antialias=True, align_corners=False)[0]
    return pixels.round().clamp(0, 255).to(torch.uint8)


def _load(paths: Sequence[Path], side: int, channels: int) -> Tensor:
    if side < 16 or channels not in (1, 3):
        raise ConfigError(f"side is {side!r} and channels {channels!r}; they should be 16 or more, and 1 or 3.")
    return torch.stack([fit(media.load_image(path), channels=channels, height=side, width=side) for path in paths])


def _two_paths(row: Row, table: Path) -> tuple[Path, Path]:
    first, second = table.parent / row.first, table.parent / row.second
    if not second.is_file():
        raise ConfigError(
            f"Line {row.line} of {str(table)!r}: no picture {row.second!r}. For pairs of a picture and a text "
            "use: mm-agents train align"
        )
    return first, second


def _refuse(path: Path, error: MediaError) -> None:
    raise error


# ---------------------------------------------------------------- drawing


def split(data: PictureSet, share: float, seed: int) -> tuple[PictureSet, PictureSet]:
    """The set to train on and the one held out: a share of every class, or of the groups that hang together by pairs.

    Raises:
        ConfigError: the share is not between 0 and 1, or leaves too little on one side.
    """
    if not 0 < share < 1:
        raise ConfigError(f"The share to hold out is {share!r}; it should be between 0 and 1, such as 0.1.")
    generator = torch.Generator().manual_seed(seed)
    if data.pairs is None:
        order, rank = by_label(data.labels, torch.randperm(len(data.labels), generator=generator))
        held = rank < (torch.bincount(data.labels) * share).round().clamp(min=1)[data.labels[order]]
        parts = data.subset(order[~held].sort().values), data.subset(order[held].sort().values)
    else:
        groups = torch.unique(data.labels[data.pairs.first[data.pairs.target > 0]])
        groups = groups[torch.randperm(len(groups), generator=generator)]
        out = torch.isin(data.labels, groups[: max(2, round(len(groups) * share))])
        parts = data.subset(torch.where(~out)[0]), data.subset(torch.where(out)[0])
    if any(len(torch.unique(part.labels)) < 2 for part in parts) or not _has_positives(parts[0]):
        raise ConfigError("Too little is left to train on and to hold out; give more pictures or pairs.")
    return parts


def _has_positives(data: PictureSet) -> bool:
    return bool(torch.bincount(data.labels).max() > 1) and (data.pairs is None or bool((data.pairs.target > 0).any()))


def draw_positives(labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Items of classes of two or more in random order, and for each a random other one of its class; int64, (p,)."""
    order, start, count, rank = _blocks(labels)
    items = torch.randperm(len(labels), generator=generator, device=labels.device)
    items = items[count[labels[items]] > 1]
    own = labels[items]
    other = _integers(count[own] - 1, generator)
    other += other >= rank[items]
    return items, order[start[own] + other]


def draw_pairs(labels: Tensor, generator: torch.Generator) -> Pairs:
    """Every item once: half with one of its class, half with one of another, as those alone in their class."""
    items, partners = draw_positives(labels, generator)
    half = len(items) // 2
    alone = torch.ones_like(labels, dtype=torch.bool).scatter_(0, items[:half], False)
    rest = torch.where(alone)[0]
    first = torch.cat([items[:half], rest])
    second = torch.cat([partners[:half], draw_negatives(labels, rest, generator)])
    target = torch.zeros(len(first), device=labels.device)
    target[:half] = 1
    return Pairs(first=first, second=second, target=target).where(_shuffled(len(first), generator))


def draw_negatives(labels: Tensor, items: Tensor, generator: torch.Generator) -> Tensor:
    """For each of some items the place of a random one of another class; int64, the shape of ``items``."""
    order, start, count, _ = _blocks(labels)
    own = labels[items]
    other = _integers(len(labels) - count[own], generator)
    return order[other + count[own] * (other >= start[own])]


def redraw(pairs: Pairs, labels: Tensor, generator: torch.Generator) -> Pairs:
    """As many positives as negatives from the pairs that were given; negatives are drawn where none were."""
    positive, negative = pairs.where(pairs.target > 0), pairs.where(pairs.target <= 0)
    first = positive.first
    if len(negative.first):
        negative = negative.where(_integers(torch.full_like(first, len(negative.first)), generator))
    else:
        drawn = draw_negatives(labels, first, generator)
        negative = Pairs(first=first, second=drawn, target=torch.zeros_like(positive.target))
    both = (positive, negative)
    names = ("first", "second", "target")
    joined = Pairs(**{name: torch.cat([getattr(part, name) for part in both]) for name in names})
    return joined.where(_shuffled(len(joined.first), generator))


def _blocks(labels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Items sorted by label; each label's first place there and count; each item's rank among its label."""
    order, along = by_label(labels, torch.arange(len(labels), device=labels.device))
    count = torch.bincount(labels)
    rank = torch.empty_like(order)
    rank[order] = along
    return order, count.cumsum(0) - count, count, rank


def by_label(labels: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
    """``items``, every place once, stably sorted by label, and the rank of each among its label; int64, shape (n,)."""
    order = items[torch.argsort(labels[items], stable=True)]
    count = torch.bincount(labels)
    return order, torch.arange(len(order), device=labels.device) - (count.cumsum(0) - count)[labels[order]]


def _integers(below: Tensor, generator: torch.Generator) -> Tensor:
    """A random integer from 0 for each bound, without it."""
    drawn = torch.rand(below.shape, generator=generator, device=below.device) * below
    return torch.minimum(drawn.long(), below - 1)


def _shuffled(count: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(count, generator=generator, device=generator.device)


def augment(pictures: Tensor, generator: torch.Generator, *, degrees: float, pixels: float) -> Tensor:
    """Turn and shift every picture at random by at most ``degrees`` and ``pixels``; the edge is repeated outside.

    Pictures are float, shape (n, channels, height, width), and the generator is on their device.
    """
    if degrees == 0 and pixels == 0:
        return pictures
    count, _, height, width = pictures.shape
    drawn = torch.rand((count, 3), generator=generator, device=pictures.device) * 2 - 1
    angle = torch.deg2rad(drawn[:, 0] * degrees)
    shift = drawn[:, 1:] * pixels * 2 / torch.tensor([width, height], device=pictures.device)
    cosine, sine = angle.cos(), angle.sin()
    rows = torch.stack([cosine, -sine * height / width, shift[:, 0], sine * width / height, cosine, shift[:, 1]], dim=1)
    grid = functional.affine_grid(rows.view(count, 2, 3), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


_LIMIT = 2 * 1024**3  # bytes, unpacked
_IDX = b"\x00\x00\x08"


def read_digits(path: Path) -> PictureSet:
    """Read labelled pictures of one size, perhaps packed by gzip.

    Args:
        path: a CSV file with the columns label, pixel0, pixel1 … of square grey pictures; a file in IDX beside its
            labels ("train-images-idx3-ubyte" and "train-labels-idx1-ubyte"); or a folder with one such pair.

    Raises:
        ConfigError: the columns, sizes or labels are not of that form.
        DamagedMediaError: a file is cut off or corrupt.
        MediaTooLargeError: a file holds more than 2 GiB.
        MediaError: a file is missing.
    """
    if path.is_dir():
        found = sorted(path.glob("*images*idx3*"))
        if len(found) != 1:
            raise ConfigError(f"{str(path)!r} holds {len(found)} files of pictures in IDX; give the file itself.")
        path = found[0]
    content = _content(path)
    return _from_idx(content, path) if content.startswith(_IDX) else _from_csv(content, path)


def _from_idx(content: bytes, path: Path) -> PictureSet:
    pictures = _idx(content, 3, path)
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    labels_path = path.with_name(name)
    if name == path.name or not labels_path.is_file():
        raise ConfigError(f"The labels of {str(path)!r} should be beside it as {name!r}.")
    labels = _idx(_content(labels_path), 1, labels_path)
    if len(labels) != len(pictures):
        raise ConfigError(f"{str(path)!r} holds {len(pictures)} pictures, and {name!r} {len(labels)} labels.")
    return labelled(torch.from_numpy(pictures[:, None].copy()), labels.tolist(), repr(str(path)))


def _idx(content: bytes, dimensions: int, path: Path) -> NDArray[np.uint8]:
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != _IDX + bytes([dimensions]):
        raise DamagedMediaError(f"{str(path)!r} does not begin as an IDX file of bytes in {dimensions} dimension(s).")
    shape = [int(size) for size in np.frombuffer(content[4:start], ">u4")]
    if len(content) != start + math.prod(shape):
        raise DamagedMediaError(
            f"{str(path)!r} should hold {' × '.join(map(str, shape))} bytes after its header, and holds "
            f"{len(content) - start}; it is cut off or corrupt."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _from_csv(content: bytes, path: Path) -> PictureSet:
    header, _, rows = content.partition(b"\n")
    names = [name.strip().strip('"').lower() for name in header.decode("utf-8", "replace").split(",")]
    side = math.isqrt(len(names) - 1)
    if names[0] != "label" or side < 1 or names[1:] != [f"pixel{n}" for n in range(side * side)]:
        raise ConfigError(
            f"{str(path)!r} has {len(names)} columns that begin with {', '.join(names[:3])!r}; wanted: label, pixel0, "
            "pixel1 … of a square picture, 784 of them for 28 × 28."
        )
    try:
        numbers: NDArray[Any] = np.loadtxt(io.BytesIO(rows), np.int32, delimiter=",", ndmin=2)
    except ValueError as error:
        raise ConfigError(f"{str(path)!r} cannot be read as a table of whole numbers: {error}.") from error
    if numbers.shape[1:] != (len(names),) or not len(numbers):
        raise ConfigError(f"{str(path)!r} has rows of {numbers.shape[1]} numbers; its header has {len(names)} columns.")
    pixels = numbers[:, 1:]
    if pixels.min() < 0 or pixels.max() > 255:
        raise ConfigError(f"{str(path)!r} has pixels from {pixels.min()} to {pixels.max()}; they should be 0 to 255.")
    pictures = torch.from_numpy(pixels.astype(np.uint8).reshape(-1, 1, side, side))
    return labelled(pictures, numbers[:, 0].tolist(), repr(str(path)))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            with gzip.open(file) if packed else file as opened:
                content = opened.read(_LIMIT + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedMediaError(f"{str(path)!r} is cut off or corrupt: {error}.") from error
    except OSError as error:
        raise MediaError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    if len(content) > _LIMIT:
        raise MediaTooLargeError(f"{str(path)!r} holds more than {_LIMIT:,} bytes.")
    return content
