"""Pictures to vectors of a text encoder's space, by the classes that they show (ConSE).

An ImageNet classifier says which of 1000 classes a picture may show. The vectors of those classes' descriptions, made
by the text encoder and weighted by their probabilities, add up to the picture's vector (Norouzi et al. 2013,
arXiv:1312.5650). The descriptions are WordNet's words, hypernyms and gloss of a class, and a sentence on what
photographs of it show (tools/scenes.tsv, tools/build_offline_assets.py); the classifier is EfficientNet-Lite2
(tools/build_classifier.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakValueDictionary

import numpy as np
import PIL.Image

from mm_agents.embedders.offline.weights import Model, PackagedFile, Recent, asset
from mm_agents.embedders.shared import mean_by_group, unit

if TYPE_CHECKING:
    from mm_agents.types import ByteArray, FloatArray

SIDE = 260
"""The height and width in pixels that the classifier takes."""

CLASSIFIER = PackagedFile(
    requirement="mm-agents",
    package="mm_agents.embedders",
    path="_assets/classifier.onnx",
    sha256="04e9af60b8a1c93c5e28496b335d6768fa894b586aeed002cfe63ad05063a44a",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConseParameters:
    """How classes make a picture's vector; set on 90 captioned photographs and 100 of ten classes."""

    classes: str
    """The file of the vectors of the classes."""
    stretch: float = 1.15
    """How many times as wide as high, or as high as wide, the middle of the picture that counts may be; it is squeezed
    to a square. Captions name what is at the sides: beside 1, the square itself, they find their photograph among the
    first five in .65 of cases instead of .61. From 1.34 on cats in wide clips are taken for dogs."""
    temperature: float = 1.5
    """Above 1, so that the classes after the first count for more; 1.5 and 2 are alike for captions, and 2 finds the
    animals of clips worse."""
    top: int = 30
    """Classes that count: 30 to 100 are alike for captions, 10 are too few."""
    mirrored: bool = False
    """Whether the picture's mirror image is classified too, and their mean counts."""


SPREAD = ConseParameters(classes="classes_scenes.npy", temperature=2.0, top=40, mirrored=True)
"""Captions find .27 of 200 photographs first instead of .24, and both halves gain; by the mirror image alone .015.
With it, temperatures of 1.75 to 2.25 and 40 to 80 classes are alike."""

SCENES = ConseParameters(classes="classes_scenes.npy")
"""Of the models that were made before their vectors were spread."""

WORDS = ConseParameters(classes="classes.npy", stretch=1.0)
"""Of the models that were made before classes had scenes."""


class Classes:
    """What pictures are known to show: classes with their vectors, and the kinds of things that they are of.

    Args:
        file: the name of the file of the vectors.
    """

    def __init__(self, file: str) -> None:
        with asset(file).open("rb") as opened:
            self.vectors: FloatArray = np.load(opened, allow_pickle=False).astype(np.float32)
        lines = asset("classes.tsv").read_text("utf-8").splitlines()
        self.names: list[str] = [line.split("\t")[1] for line in lines]
        above = [line.split("\t")[3].split("|") for line in lines]
        self.kinds: list[str] = sorted({kind for kinds in above for kind in kinds if kind})
        places = {kind: n for n, kind in enumerate(self.kinds)}
        self.members: FloatArray = np.zeros((len(above), len(self.kinds)), np.float32)
        for row, kinds in enumerate(above):
            self.members[row, [places[kind] for kind in kinds if kind]] = 1
        self.directions: FloatArray = np.concatenate([unit(self.vectors), unit(self.members.T @ self.vectors)])
        """Of the classes, then of the kinds, unit rows."""


class PictureEncoder:
    """The classifier with its classes; reads its files when it is made.

    Args:
        threads: how many threads one call may use.
        classes: what pictures are known to show.
        parameters: how classes make a vector.
        classifier: says what pictures show; one may serve several encoders.
    """

    def __init__(
        self, *, threads: int, classes: Classes, parameters: ConseParameters, classifier: Classifier | None = None
    ) -> None:
        self._classes = classes
        self._parameters = parameters
        self._classifier = classifier or Classifier.shared(threads)

    def encode(self, clips: Sequence[ByteArray]) -> FloatArray:
        """Turn clips into unit vectors, each the mean of its frames' vectors.

        Args:
            clips: uint8, shape (frames, height, width, 3), at least one frame; a picture is a clip of one.

        Returns:
            float32, shape (len(clips), width of the classes' vectors), rows of length 1.
        """
        parameters = self._parameters
        logits = self._logits(frame for clip in clips for frame in clip)
        least = np.partition(logits, -parameters.top, axis=1)[:, -parameters.top, None]
        weights = np.where(logits >= least, _softmax(logits / parameters.temperature), 0)
        vectors = unit(weights @ self._classes.vectors)
        return mean_by_group(vectors, [len(clip) for clip in clips])

    def probabilities(self, picture: ByteArray) -> FloatArray:
        """How likely each class is, shape (1000,), in ImageNet's order; of a picture just encoded at no cost."""
        return _softmax(self._logits([picture]))[0]

    def _logits(self, pictures: Iterable[ByteArray]) -> FloatArray:
        parameters = self._parameters
        return self._classifier.logits(pictures, stretch=parameters.stretch, mirrored=parameters.mirrored)

    def recognise(
        self, pictures: Sequence[ByteArray], top: int
    ) -> list[tuple[list[tuple[str, float]], list[tuple[str, float]]]]:
        """The likeliest classes of each picture, and the likeliest kinds of thing; of equals the narrower first."""
        probabilities = _softmax(self._classifier.logits(pictures))
        together = probabilities @ self._classes.members
        sizes = self._classes.members.sum(axis=0)
        found: list[tuple[list[tuple[str, float]], list[tuple[str, float]]]] = []
        for row, kinds in zip(probabilities, together, strict=True):
            best = np.argsort(-row, kind="stable")[:top]
            widest = np.lexsort((sizes, -kinds.round(2)))[:top]
            classes = [(self._classes.names[n], float(row[n])) for n in best]
            found.append((classes, [(self._classes.kinds[n], min(float(kinds[n]), 1.0)) for n in widest]))
        return found


class Classifier:
    """Says how likely a picture shows each of 1000 classes; remembers the last pictures. Thread-safe.

    Args:
        threads: how many threads one call may use.
    """

    _in_use: ClassVar[WeakValueDictionary[int, Classifier]] = WeakValueDictionary()
    _making: ClassVar[Lock] = Lock()

    def __init__(self, threads: int) -> None:
        self._model = Model(CLASSIFIER.read(), threads=threads)
        self._last: Recent[FloatArray] = Recent()

    @classmethod
    def shared(cls, threads: int) -> Classifier:
        """The one that all encoders with this number of threads use, which is freed with the last of them."""
        with cls._making:
            found = cls._in_use.get(threads)
            if found is None:
                cls._in_use[threads] = found = cls(threads)
            return found

    def logits(self, pictures: Iterable[ByteArray], *, stretch: float = 1.0, mirrored: bool = False) -> FloatArray:
        """The classifier's outputs before the softmax, shape (pictures, 1000).

        Args:
            pictures: uint8, shape (height, width, 3) each.
            stretch: as in ``ConseParameters``; single things are named best in the square in the middle.
            mirrored: likewise.
        """
        # One by one: no slower than in batches on a processor, and no picture depends on its neighbours.
        return np.concatenate([self._of(picture, stretch, mirrored) for picture in pictures])

    def _of(self, picture: ByteArray, stretch: float, mirrored: bool) -> FloatArray:
        def classified(pixels: ByteArray) -> FloatArray:
            square = _square(pixels, stretch)
            views = [square, np.ascontiguousarray(square[:, ::-1])] if mirrored else [square]
            outputs = np.concatenate([self._model({"pixels": view[None]}) for view in views])
            return outputs.mean(axis=0, keepdims=True)

        return self._last.get(picture, classified, stretch, mirrored)


def _square(pixels: ByteArray, stretch: float) -> ByteArray:
    """The middle of a picture, as the classifier wants it."""
    height, width, _ = pixels.shape
    longest = stretch * min(height, width)
    left, top = (max(side - longest, 0) / 2 for side in (width, height))
    picture = PIL.Image.fromarray(pixels).resize(
        (SIDE, SIDE),
        PIL.Image.Resampling.BICUBIC,
        box=(left, top, width - left, height - top),
        reducing_gap=3,
    )
    return np.asarray(picture)


def _softmax(logits: FloatArray) -> FloatArray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
