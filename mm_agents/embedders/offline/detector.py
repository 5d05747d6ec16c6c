"""Things in pictures, with their places: NanoDet-g, a detector of COCO's 80 kinds of objects.

Each cell of three grids over the picture (strides of 8, 16 and 32 pixels) says how likely each kind is there, and how
far it reaches to the left, top, right and bottom: a distribution over 0 to 10 strides for each side, whose mean counts
(generalised focal loss: Li et al. 2020, arXiv:2006.04388). Of boxes that overlap, the surest stays.
``tools/build_detector.py`` makes the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakValueDictionary

import numpy as np
import PIL.Image

from mm_agents.embedders.offline.weights import Model, PackagedFile, Recent, asset
from mm_agents.types import Box, SeenObject

if TYPE_CHECKING:
    from mm_agents.types import ByteArray, FloatArray

DETECTOR = PackagedFile(
    requirement="mm-agents",
    package="mm_agents.embedders",
    path="_assets/detector.onnx",
    sha256="8cd06c371077c757b591ab8fd032c75fcdb1bfdf30729983b42f7a24985c832b",
)
_STRIDES = (8, 16, 32)
_BINS = 11
_LOOK = (128, 128)  # pixels that are counted by their colour
_SHADE_BITS = 4  # 16 shades of red, green and blue
_SHADES = np.array([1, 16, 256])
_SIDES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorParameters:
    """What decides which objects are seen."""

    side: int = 320
    """Pixels of the longer side: 416, which it was trained on, costs 1.7 times as much and finds captions no better."""
    least: float = 0.25
    """The score from which an object counts for the picture's vector: with it, captions find .02 more of their
    photographs first and among the first five than with 0.35."""
    overlap: float = 0.5
    """Intersection over union from which two boxes of a kind are of one thing: usual for COCO."""
    same_place: float = 0.75
    """The same for two boxes of different kinds: one cat is not also a dog. 0.6 to 0.9 are alike."""
    flat: float = 0.75
    """The share of the two commonest colours from which a picture is a page or drawing: 0.69 is the most of 240
    photographs; of 73 pages, tables and charts nine in ten have more."""
    grey: float = 3.0
    """The mean distance of the strongest and weakest colour, of 255, below which a picture is an X-ray or a scan: of
    240 photographs the black and white ones alone have less."""


BEFORE = DetectorParameters(least=0.35)
"""Of the models that were made before their vectors were spread."""


class Detector:
    """The detector with its kinds; reads its files when it is made, and remembers the last pictures. Thread-safe.

    Args:
        threads: how many threads one call may use.
        parameters: what decides.
    """

    _in_use: ClassVar[WeakValueDictionary[tuple[int, DetectorParameters], Detector]] = WeakValueDictionary()
    _making: ClassVar[Lock] = Lock()

    def __init__(self, *, threads: int, parameters: DetectorParameters | None = None) -> None:
        self._parameters = parameters or DetectorParameters()
        self._labels = list(plurals())
        self._model = Model(DETECTOR.read(), threads=threads)
        self._last: Recent[tuple[SeenObject, ...] | None] = Recent()

    @classmethod
    def shared(cls, threads: int, parameters: DetectorParameters) -> Detector:
        """The one that all embedders with this number of threads use, which is freed with the last of them."""
        with cls._making:
            found = cls._in_use.get((threads, parameters))
            if found is None:
                cls._in_use[threads, parameters] = found = cls(threads=threads, parameters=parameters)
            return found

    def detect(self, pixels: ByteArray) -> tuple[SeenObject, ...] | None:
        """The objects in a picture, the surest first, their boxes in its pixels.

        Args:
            pixels: uint8, shape (height, width, 3).

        Returns:
            None for a page, a drawing or a picture without colour such as an X-ray: none is looked for there, since
            the detector knows photographs alone and would see laptops in invoices and people in X-rays.
        """
        return self._last.get(pixels, lambda whole: self._objects(whole) if self._is_photograph(whole) else None)

    def _objects(self, pixels: ByteArray) -> tuple[SeenObject, ...]:
        height, width, _ = pixels.shape
        scale = self._parameters.side / max(height, width)
        rows, columns = (max(1, round(side * scale / _STRIDES[-1])) for side in (height, width))
        size = columns * _STRIDES[-1], rows * _STRIDES[-1]
        small = PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.BILINEAR, reducing_gap=3)
        (cells,) = self._model({"pixels": np.asarray(small)[None]})
        kinds = len(self._labels)
        threshold = math.log(self._parameters.least / (1 - self._parameters.least))
        places, labels = np.nonzero(cells[:, :kinds] > threshold)
        scores = 1 / (1 + np.exp(-cells[places, labels]))
        boxes = _boxes(cells[places, kinds:], _centres(*size)[places])
        boxes[:, 0::2] = boxes[:, 0::2].clip(0, size[0]) * (width / size[0])
        boxes[:, 1::2] = boxes[:, 1::2].clip(0, size[1]) * (height / size[1])
        return tuple(
            SeenObject(label=self._labels[labels[n]], score=float(scores[n]), box=_whole(boxes[n], width, height))
            for n in _surest(boxes, labels.tolist(), scores, self._parameters)
        )

    def _is_photograph(self, pixels: ByteArray) -> bool:
        """Whether there are colours, and more than ink and paper."""
        small = np.asarray(PIL.Image.fromarray(pixels).resize(_LOOK, PIL.Image.Resampling.NEAREST))
        chroma = (small.max(axis=2) - small.min(axis=2)).mean()
        colours = np.bincount(((small >> _SHADE_BITS) @ _SHADES).ravel())
        return (
            chroma >= self._parameters.grey and np.sort(colours)[-2:].sum() < self._parameters.flat * small[..., 0].size
        )


@cache
def plurals() -> Mapping[str, str]:
    """The kinds of objects in the detector's order, each with its plural."""
    lines = asset("objects.tsv").read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def _centres(width: int, height: int) -> FloatArray:
    """The middle of each cell and its stride, all in pixels: shape (cells, 3), row by row, grid by grid."""
    grids: list[FloatArray] = []
    for stride in _STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride].astype(np.float32)
        grids.append(
            np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full_like(x, stride)], axis=-1).reshape(-1, 3)
        )
    return np.concatenate(grids)


def _boxes(bins: FloatArray, centres: FloatArray) -> FloatArray:
    """Left, top, right and bottom of each cell's box: shape (n, 4)."""
    weights = np.exp(bins.reshape(-1, _SIDES, _BINS) - bins.max(axis=1, initial=0)[:, None, None])
    reach = weights @ np.arange(_BINS, dtype=np.float32) / weights.sum(axis=2) * centres[:, 2:]
    x, y = centres[:, 0], centres[:, 1]
    return np.stack([x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3]], axis=1)


def _surest(boxes: FloatArray, labels: Sequence[int], scores: FloatArray, parameters: DetectorParameters) -> list[int]:
    """The places of the boxes that stay, the surest first: none overlaps a surer one."""
    kept: list[int] = []
    for n in np.argsort(-scores, kind="stable").tolist():
        limits = (parameters.overlap if labels[n] == labels[other] else parameters.same_place for other in kept)
        if all(_overlap(boxes[n], boxes[other]) < limit for other, limit in zip(kept, limits, strict=True)):
            kept.append(n)
    return kept


def _overlap(one: FloatArray, other: FloatArray) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(sides.clip(0).prod())
    return shared / max(float((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()) - shared, 1e-9)


def _whole(box: FloatArray, width: int, height: int) -> Box:
    """The box in whole pixels, at least one wide and high, inside the picture."""
    x0, y0 = min(int(box[0]), width - 1), min(int(box[1]), height - 1)
    return Box(
        x0=x0,
        y0=y0,
        x1=min(max(math.ceil(box[2]), x0 + 1), width),
        y1=min(max(math.ceil(box[3]), y0 + 1), height),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalParameters:
    """When the classifier decides; over 309 labelled photographs it mends seven animals and harms none.

    Attributes:
        sure: how likely some animal has to be, by all classes of animals together.
        against: how likely the classes of what the detector names may be at most.
        other: from how likely on the classes of another kind give the thing its name.
    """

    sure: float = 0.6
    against: float = 0.1
    other: float = 0.5


_PARAMETERS = AnimalParameters()
_ANIMALS = range(398)
"""The rows of the classes that are animals, in ImageNet's order."""

_UNGULATES = (range(339, 356),)
_ROWS: dict[str, Sequence[range]] = {
    "bird": (range(7, 25), range(80, 101), range(127, 147)),
    "cat": (range(281, 294),),
    "dog": (range(151, 269),),
    "bear": (range(294, 298),),
    "elephant": (range(385, 387),),
    # ImageNet has few of these, and takes one for another.
    **dict.fromkeys(("horse", "sheep", "cow", "zebra", "giraffe"), _UNGULATES),
}
"""The rows of the classes that a kind of object may be."""

_VEHICLES = frozenset("bicycle car motorcycle airplane bus train truck boat".split())
_LEAST_SCORE = 0.35
_LEAST_OF_VEHICLES = 0.5
_LEAST_OF_THINGS = 0.6


def least_score(label: str) -> float:
    """The score from which an object is handed out; what is less sure counts for the picture's vector alone.

    The lowest at which nine in ten of a group's kinds in 309 photographs, looked at by eye, are there. From 0.45 on 42
    of 46 animals are, but only 28 of 35 vehicles; from 0.5 on 21 of 22 are, and a half left out has 13 of 14 or 8 of 8
    where the other sets the score. Of other things 14 of 27 are there from 0.45 on, 5 of 6 from 0.6 on.
    """
    if label == "person" or label in _ROWS:
        return _LEAST_SCORE
    return _LEAST_OF_VEHICLES if label in _VEHICLES else _LEAST_OF_THINGS


_NAMING: dict[str, Sequence[range]] = {
    **{kind: _ROWS[kind] for kind in ("bird", "dog", "bear", "elephant")},
    "cat": (range(281, 286),),
}
"""The rows of the classes that are a kind of object for certain."""


_VEHICLE_CLASSES = np.array(
    "403 404 405 407 408 417 436 444 450 466 468 472 475 479 484 510 511 537 547 554 555 561 565 569 573 575 "
    "576 581 586 595 603 609 612 625 627 628 654 656 661 665 670 671 675 690 705 717 724 734 751 757 779 780 "
    "802 803 812 814 817 820 829 833 847 856 864 866 867 870 871 874 880 895 913 914".split(),
    dtype=int,
)
"""The rows of the classes that are vehicles, or parts of one."""

_FILLS = 0.3
_NONE_THERE = 0.05
"""In 309 photographs one thing that fills so much of its picture has no class of a vehicle: a radio. All others that do
have 0.5 and more."""


def handed_out(
    objects: Sequence[SeenObject], probabilities: FloatArray | None, size: tuple[int, int]
) -> tuple[SeenObject, ...]:
    """The objects that are sure enough, without vehicles that fill a picture which the classes see no vehicle in.

    Args:
        objects: what the detector sees.
        probabilities: shape (1000,), of the classes in ImageNet's order; None where they are not known.
        size: the height and the width of the picture.
    """
    none = probabilities is not None and float(probabilities[_VEHICLE_CLASSES].sum()) < _NONE_THERE

    def doubted(one: SeenObject) -> bool:
        share = (one.box.x1 - one.box.x0) * (one.box.y1 - one.box.y0) / (size[0] * size[1])
        return none and one.label in _VEHICLES and share >= _FILLS

    return tuple(one for one in objects if one.score >= least_score(one.label) and not doubted(one))


def checked(
    objects: Sequence[SeenObject], probabilities: FloatArray, parameters: AnimalParameters = _PARAMETERS
) -> tuple[SeenObject, ...]:
    """The objects without animals that the picture is sure not to show, as when a meerkat is taken for a cat.

    Where the classes are of another kind, an animal has the name of that.

    Args:
        objects: what the detector sees, the surest first.
        probabilities: shape (1000,), of the classes in ImageNet's order.
        parameters: from when on the classifier decides.
    """
    named = {one.label for one in objects} & _ROWS.keys()
    if not named or _share(probabilities, (_ANIMALS,)) < parameters.sure:
        return tuple(objects)
    if max(_share(probabilities, _ROWS[kind]) for kind in named) > parameters.against:
        return tuple(objects)
    shares = {kind: _share(probabilities, rows) for kind, rows in _NAMING.items()}
    kind = max(shares, key=shares.__getitem__)
    return tuple(_named(objects, kind if shares[kind] >= parameters.other else None))


def _named(objects: Sequence[SeenObject], kind: str | None) -> Iterator[SeenObject]:
    for one in objects:
        if one.label not in _ROWS:
            yield one
        elif kind is not None:
            yield replace(one, label=kind)


def _share(probabilities: FloatArray, rows: Sequence[range]) -> float:
    return float(sum(probabilities[part.start : part.stop].sum() for part in rows))
