"""The embedder that needs no key, no server and no download: texts, pictures and clips in one space.

It sees what is in a picture, by the 1000 classes of ImageNet (animals, plants, things, vehicles, buildings, food) and
by the 80 kinds of objects of COCO, people among them, which it also counts and places, and whose colour it names but
for people's. It does not see what happens, who it is, mood or style. Drawings and posters are near chance; read their
words by OCR. Texts are English; with the extra ``languages``, a second embedder of the same pictures understands 16
languages. Something that is in no picture still has a nearest picture: ``bands`` says from which cosine on a match
means something.

The classifier and the detector are part of mm_agents, the text model comes with the extra ``local``; each file's
SHA-256 is checked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import PIL.Image

from mm_agents.embedders.offline.conse import SCENES, SPREAD, WORDS, Classes, ConseParameters, PictureEncoder
from mm_agents.embedders.offline.detector import BEFORE, Detector, DetectorParameters, checked, handed_out, plurals
from mm_agents.embedders.offline.texts import (
    LANGUAGES,
    MULTILINGUAL_WIDTH,
    PACKAGE,
    WIDTH,
    MultilingualEncoder,
    TextEncoder,
    knows_words,
)
from mm_agents.embedders.offline.weights import asset
from mm_agents.embedders.shared import check_pixels, check_role, frames_of, unit
from mm_agents.errors import ConfigError
from mm_agents.types import Clip, Image, Item, Kind, Role, SeenObject, Text

if TYPE_CHECKING:
    from mm_agents.types import Box, ByteArray, FloatArray

SPREAD_AND_OBJECTS = "conse-lite2-spread-nanodet-minilm"
SCENES_AND_OBJECTS = "conse-lite2-scenes-nanodet-minilm"
"""The model of libraries that were made before vectors were spread; they keep it."""

CLASSES_AND_OBJECTS = "conse-lite2-nanodet-minilm"
"""The model of libraries that were made before classes had scenes and objects colours; they keep it."""

CLASSES_ALONE = "conse-lite2-minilm"
"""The model of libraries that were made before objects were seen; they keep it."""

MULTILINGUAL = "conse-lite2-spread-nanodet-use-minilm"
"""The model of texts in 16 languages, of a question's words in English beside them."""

SPREAD_MULTILINGUAL = "conse-lite2-spread-nanodet-use"
"""The same of libraries that were made before questions had their words in English."""

SCENES_MULTILINGUAL = "conse-lite2-scenes-use"
"""The same of libraries that were made before vectors were spread; it sees no objects."""

CLASSES_MULTILINGUAL = "conse-lite2-use"
"""The same of libraries that were made before classes had scenes."""

_OBJECTS_WEIGHT = 0.3
"""How much a picture's objects count beside its classes: 0.2 to 0.4 are alike over captions and animals."""

_SHOWN_SCORE = 0.45
"""Where nine in ten of the kinds handed out are there: over 309 photographs 0.98 of people, by their captions, and 0.92
of the rest, by eye. Vehicles and things are handed out from a higher score on."""

_PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What cosines mean: from which on something is a fair, and a strong, match.

    The reach is set on half of the photographs of ten classes and three animals, asked for by names and in sentences,
    and on half of 50 names of what is on none of them. There, and in the half kept aside, 0.89 and 0.84 of what is
    there is fair, 0.83 and 0.77 strong, each question finds some, and 0.00 and 0.12 of the absent names find anything
    that is fair. The other numbers are of an older model, for which both halves were seen; in the first they still do.

    Attributes:
        reach: the shares of the cosine that a picture of the very thing would have.
        pictured: the least for a text with a picture.
        written: for a text with a text: captions of one picture have 0.52 where others' nearest has 0.47.
        alike: for a picture with a picture: of what is found 0.96 and 0.90 is of its class, at 0.75 1.00 and 0.98.
        named: the reach from which a query names a class or kind; a sentence that names none may have less than its
            share with all that fits it.
        label: the cosine from which a query names a kind of object.
        detected: the share of that cosine that a picture has in which the object is seen, where no class is of it;
            without a detector it is not seen at all.
    """

    reach: tuple[float, float]
    pictured: tuple[float, float]
    written: tuple[float, float]
    alike: tuple[float, float] = (0.6, 0.75)
    named: float = 0.55
    label: float = 0.8
    detected: float = 0.7


_ENGLISH = Calibration(reach=(0.82, 0.88), pictured=(0.35, 0.55), written=(0.35, 0.55))
_ENGLISH_WORDS = replace(_ENGLISH, reach=(0.85, 0.92))
"""Of classes without scenes: 0.82 and 0.81 fair, 0.65 and 0.65 strong; 0.00 and 0.12 of the absent names."""

_MULTILINGUAL = Calibration(reach=(0.75, 0.9), pictured=(0.35, 0.45), written=(0.3, 0.5))
"""Its cosines are lower: 0.90 and 0.86 fair, 0.84 and 0.78 strong; 0.04 and 0.04 of the absent names. Without scenes
0.90 and 0.89, 0.70 and 0.66; 0.08 and 0.08."""

_ENGLISH_SPREAD = replace(_ENGLISH, reach=(0.78, 0.86))
"""Of ten classes in each of two halves (``examples/benchmarks/one_list.py``): 0.93 and 0.78 fair, 0.84 and 0.69 strong,
each question finds some, and none of the absent names finds anything."""

_MULTILINGUAL_SPREAD = replace(_MULTILINGUAL, reach=(0.82, 0.9), alike=(0.7, 0.8))
"""Cosines are higher than the model's before it: 0.77 fair, 0.68 strong; of alike pictures 0.86 are of one class."""

_WITH_ENGLISH = Calibration(
    reach=(0.78, 0.88), pictured=(0.3, 0.45), written=(0.21, 0.35), alike=(0.62, 0.75), named=0.5
)
"""Of 13 classes asked for in six languages 0.73 fair, 0.52 strong; of 118 absent names 0.25 find something fair, 0.03
something strong. Of alike pictures 0.86 are of one class. Texts have half a question's length to be compared with, so
that their cosines are those of the model before it by the root of two."""

_NUMBERS = ("a", "two", "three", "four")
_PHRASES = 1024
_QUESTIONS = 256
"""Questions whose vectors are kept: planning, each search and each passage ask for the same one again."""

_Model = tuple[ConseParameters, Calibration]
_ENGLISH_MODELS: Mapping[str, _Model] = {
    SPREAD_AND_OBJECTS: (SPREAD, _ENGLISH_SPREAD),
    SCENES_AND_OBJECTS: (SCENES, _ENGLISH),
    CLASSES_AND_OBJECTS: (WORDS, _ENGLISH_WORDS),
    CLASSES_ALONE: (WORDS, _ENGLISH_WORDS),
}
_MULTILINGUAL_MODELS: Mapping[str, _Model] = {
    MULTILINGUAL: (replace(SPREAD, classes="classes_scenes_multilingual.npy"), _WITH_ENGLISH),
    SPREAD_MULTILINGUAL: (replace(SPREAD, classes="classes_scenes_multilingual.npy"), _MULTILINGUAL_SPREAD),
    SCENES_MULTILINGUAL: (replace(SCENES, classes="classes_scenes_multilingual.npy"), _MULTILINGUAL),
    CLASSES_MULTILINGUAL: (replace(WORDS, classes="classes_multilingual.npy"), _MULTILINGUAL),
}


class _Texts(Protocol):
    def encode(self, texts: Sequence[str]) -> FloatArray: ...


def build(argument: str = "") -> OfflineEmbedder | MultilingualEmbedder:
    """Make the offline embedder.

    Args:
        argument: the model: "conse-lite2-spread-nanodet-minilm", the default, whose texts are English, or
            "conse-lite2-spread-nanodet-use-minilm"; others that are known are those of older libraries.

    Raises:
        ConfigError: no model has that name.
    """
    if argument in _MULTILINGUAL_MODELS:
        return MultilingualEmbedder(model=argument)
    return OfflineEmbedder(model=argument or SPREAD_AND_OBJECTS)


_Encoder = TypeVar("_Encoder", bound=_Texts)


class _ConseEmbedder(Generic[_Encoder]):
    """Texts by an encoder, pictures by their classes in that encoder's space (ConSE). Thread-safe.

    The same item has the same vector, to about 1e-6, whatever it is embedded with.

    Args:
        threads: how many threads one call may use; None is two, or one on a machine with one core.
        model: one of ``models``.
        models: how each makes a picture's vector, and what its cosines mean, by its name.
    """

    name: str
    width: int
    accepts: frozenset[Kind] = frozenset({"text", "image", "clip"})
    aligned = True
    _own_width: int  # of the text encoder

    def __init__(self, *, threads: int | None, model: str, models: Mapping[str, _Model]) -> None:
        if threads is not None and threads < 1:
            raise ConfigError(f"threads is {threads!r}; it should be 1 or more, or None.")
        if model not in models:
            known = ", ".join(map(repr, (*_ENGLISH_MODELS, *_MULTILINGUAL_MODELS)))
            raise ConfigError(f"The offline embedder has no model {model!r}. Known: {known}.")
        self.name = f"offline:{model}"
        self._parameters = models[model][0]
        self.calibration: Calibration = models[model][1]
        self._threads = threads or min(2, os.cpu_count() or 1)
        self._lock = Lock()
        self._texts: _Encoder | None = None
        self._pictures: PictureEncoder | None = None
        self._known: Classes | None = None
        self._asked = lru_cache(maxsize=_QUESTIONS)(self._encode_question)

    def bands(self, query: FloatArray, /, *, asked: Kind, of: Kind) -> tuple[float, float]:
        """The cosines from which something is a fair, and a strong, match of a query.

        A text is compared with a picture of the very thing it names: "a violin" is nearer to a picture of a horn than
        "a crowd at the beach" is to one of a crowd.

        Args:
            query: its vector, a unit row.
            asked: what the query is.
            of: what it is compared with.
        """
        numbers = self.calibration
        if "text" not in (asked, of):
            return numbers.alike
        if asked == of:
            return numbers.written
        best = self._reach(query)
        if best < numbers.named:
            return numbers.pictured
        fair, strong = (max(least, share * best) for least, share in zip(numbers.pictured, numbers.reach, strict=True))
        return fair, strong

    def _reach(self, query: FloatArray) -> float:
        """The cosine that a picture of the very thing would have: of the nearest class or kind."""
        return float((self.directions @ query).max())

    @cached_property
    def directions(self) -> FloatArray:
        """Where pictures of single classes, and of their kinds, are: unit rows."""
        return self._classes().directions

    def vocabulary(self) -> tuple[Sequence[str], FloatArray]:
        """The names of the 1000 classes and of the kinds of thing that they are of, with a unit vector of each."""
        classes = self._classes()
        return [*classes.names, *classes.kinds], self.directions

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: texts, pictures and clips in any order. A text longer than the encoder's window is the mean of its
                windows, a clip the mean of its frames; a text without words gets the vector of nothing said.
            role: "query" or "document"; the model for English treats them alike.

        Returns:
            float32, shape (len(items), width), each row of length 1; (0, width) for no items.

        Raises:
            ConfigError: an item is of another kind or has pixels of the wrong shape, or the role is neither.
            MissingExtraError: a package of the embedder's extra is not installed.
            WeightsError: a model file is missing, or not the one expected.
            EmbedderError: the model failed.
        """
        check_role(role)
        texts = {place: item.text for place, item in enumerate(items) if isinstance(item, Text)}
        clips = {place: _frames(item) for place, item in enumerate(items) if not isinstance(item, Text)}
        vectors = np.empty((len(items), self._own_width), np.float32)
        if role == "query" and len(texts) == 1:
            ((place, text),) = texts.items()
            vectors[place] = self._asked(text)
        elif texts:
            vectors[list(texts)] = self._text_encoder().encode(list(texts.values()))
        if clips:
            vectors[list(clips)] = self._picture_encoder().encode(list(clips.values()))
        return vectors

    def _encode_question(self, text: str) -> FloatArray:
        return self._text_encoder().encode([text])[0]

    def close(self) -> None:
        """Free the models; harmless when called twice. A later call loads them again."""
        with self._lock:
            self._texts = self._pictures = None

    def _text_encoder(self) -> _Encoder:
        with self._lock:
            self._texts = self._texts or self._new_texts()
            return self._texts

    def _picture_encoder(self) -> PictureEncoder:
        classes = self._classes()
        with self._lock:
            self._pictures = self._pictures or PictureEncoder(
                threads=self._threads, classes=classes, parameters=self._parameters
            )
            return self._pictures

    def _classes(self) -> Classes:
        with self._lock:
            self._known = self._known or Classes(self._parameters.classes)
            return self._known

    def _new_texts(self) -> _Encoder:
        raise NotImplementedError


class OfflineEmbedder(_ConseEmbedder[TextEncoder]):
    """EfficientNet-Lite2's classes, weighted into the space of MiniLM (ConSE), with NanoDet's objects. Thread-safe.

    The same item has the same vector, to about 1e-6, whatever it is embedded with.

    Args:
        threads: how many threads one call may use; None is two, or one on a machine with one core.
        model: the newest, or that of an older library.
    """

    width: int = WIDTH
    languages: frozenset[str] = frozenset({"en"})
    _own_width: int = WIDTH

    def __init__(self, *, threads: int | None = None, model: str = SPREAD_AND_OBJECTS) -> None:
        super().__init__(threads=threads, model=model, models=_ENGLISH_MODELS)
        self._model = model
        self._colours = model in (SPREAD_AND_OBJECTS, SCENES_AND_OBJECTS)
        self._objects = model != CLASSES_ALONE
        self.shown_score: float | None = _SHOWN_SCORE if self._objects else None
        self._detector: Detector | None = None
        self._phrase = lru_cache(maxsize=_PHRASES)(self._encode_phrase)

    @property
    def companion(self) -> str | None:
        """The embedder of the same pictures for other languages; None without the extra ``languages``."""
        if find_spec(PACKAGE) is None:
            return None
        companions = {SPREAD_AND_OBJECTS: MULTILINGUAL, SCENES_AND_OBJECTS: SCENES_MULTILINGUAL}
        return f"offline:{companions.get(self._model, CLASSES_MULTILINGUAL)}"

    def knows(self, text: str, /) -> bool:
        """Whether most words of a text are in the vocabulary, or name something that pictures are known to show."""
        return knows_words(text)

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors, as every embedder; ``embed_with_objects`` also says what is seen."""
        return self.embed_with_objects(items, role=role)[0]

    def embed_with_objects(
        self, items: Sequence[Item], /, *, role: Role
    ) -> tuple[FloatArray, list[tuple[SeenObject, ...] | None]]:
        """As ``embed``, and the objects of each picture, and of each clip's middle frame.

        Returns:
            The vectors, and for each item its objects, the surest first; None for a text, for a picture that is no
            photograph, and of a model without objects.

        Raises:
            As ``embed``.
        """
        vectors = super().embed(items, role=role)
        seen: list[tuple[SeenObject, ...] | None] = [None] * len(items)
        for place, item in enumerate(items) if self._objects else ():
            if isinstance(item, Text):
                continue
            frames = _frames(item)
            middle = frames[len(frames) // 2]
            objects = self._detect(middle)
            classes = self._picture_encoder().probabilities(middle) if objects and self._colours else None
            if objects and classes is not None:
                objects = checked(objects, classes)
            if objects:
                vectors[place] += _OBJECTS_WEIGHT * self._vector_of(objects, middle)
                vectors[place] /= np.linalg.norm(vectors[place])
            seen[place] = objects and handed_out(objects, classes, middle.shape[:2])
        pictured = [place for place, item in enumerate(items) if not isinstance(item, Text)]
        vectors[pictured] = self._spread(vectors[pictured])
        return vectors, seen

    def _spread(self, vectors: FloatArray) -> FloatArray:
        """Directions that all descriptions of pictures share count for less, and what tells them apart for more."""
        return unit(vectors @ _map("spread.npy")) if self._model == SPREAD_AND_OBJECTS else vectors

    @cached_property
    def directions(self) -> FloatArray:
        """Where pictures of single classes, and of their kinds, are: unit rows."""
        return self._spread(self._classes().directions)

    def recognise(
        self, items: Sequence[Image], /, *, top: int = 5
    ) -> list[tuple[list[tuple[str, float]], list[tuple[str, float]]]]:
        """Name what pictures show by class, and by kind of thing, such as "domestic cat" or "truck", which is surer.

        Args:
            items: pictures.
            top: how many of each for each picture.

        Returns:
            For each picture the likeliest classes and the likeliest kinds, best first, with their probabilities; a
            kind has those of its classes together. A class is of up to three kinds, one inside the other; of equally
            likely kinds the narrower comes first.

        Raises:
            As ``embed``.
        """
        if top < 1:
            raise ConfigError(f"top is {top!r}; it should be 1 or more.")
        pictures = [_frames(item)[0] for item in items]
        return self._picture_encoder().recognise(pictures, top) if pictures else []

    def close(self) -> None:
        """Free the models; harmless when called twice. A later call loads them again."""
        super().close()
        with self._lock:
            self._detector = None

    def _detect(self, pixels: ByteArray) -> tuple[SeenObject, ...] | None:
        with self._lock:
            parameters = DetectorParameters() if self._model == SPREAD_AND_OBJECTS else BEFORE
            self._detector = self._detector or Detector.shared(self._threads, parameters)
        return self._detector.detect(pixels)

    def _vector_of(self, objects: Sequence[SeenObject], pixels: ByteArray) -> FloatArray:
        """The direction of what objects are called, each kind with its number and as heavy as its surest is sure.

        A kind has the colour of its surest; people have none, whose clothes are of several.
        """
        kinds: dict[str, list[SeenObject]] = {}
        for seen in objects:
            kinds.setdefault(seen.label, []).append(seen)
        total = np.zeros(self.width, np.float32)
        for label, things in kinds.items():  # the surest first
            colour = colour_of(pixels, things[0].box) if self._colours and label != _PERSON else None
            total += np.float32(things[0].score) * self._phrase(label, len(things), colour or "")
        return unit(total[None])[0]

    def _encode_phrase(self, label: str, count: int, colour: str) -> FloatArray:
        """The vector of "a dog", "two brown dogs" … "a group of dogs"."""
        number = _NUMBERS[count - 1] if count <= len(_NUMBERS) else "a group of"
        phrase = f"{number} {colour} {label if count == 1 else plurals()[label]}"
        return self._text_encoder().encode([" ".join(phrase.split())])[0]

    def _kinds(self) -> FloatArray:
        """The directions of the kinds of objects, unit rows."""
        return np.stack([self._phrase(label, 1, "") for label in plurals()])

    def _new_texts(self) -> TextEncoder:
        return TextEncoder(threads=self._threads)

    def _reach(self, query: FloatArray) -> float:
        best = super()._reach(query)
        if best >= self.calibration.named:
            return best
        label = float((self._spread(self._kinds()) @ query).max())
        return max(best, self.calibration.detected * label) if label >= self.calibration.label else best


class MultilingualEmbedder(_ConseEmbedder[MultilingualEncoder]):
    """EfficientNet-Lite2's classes, weighted into the space of a sentence encoder of 16 languages. Thread-safe.

    To that, the vector for English is added, by a linear map from one encoder's space to the other's. The newest model
    has the vector for English beside it too: of a picture its own, of a question that of its words in English, and of
    another text nothing, so that texts are compared in the first part alone.

    The same item has the same vector, to about 1e-6, whatever it is embedded with.

    Args:
        threads: how many threads one call may use; None is two, or one on a machine with one core.
        model: the newest, or that of an older library.
    """

    name = f"offline:{MULTILINGUAL}"
    width: int = MULTILINGUAL_WIDTH + WIDTH
    languages: frozenset[str] = LANGUAGES
    _own_width: int = MULTILINGUAL_WIDTH

    def __init__(self, *, threads: int | None = None, model: str = MULTILINGUAL) -> None:
        super().__init__(threads=threads, model=model, models=_MULTILINGUAL_MODELS)
        spread = model in (MULTILINGUAL, SPREAD_MULTILINGUAL)
        self._english = OfflineEmbedder(threads=threads) if spread else None
        self._side_by_side = model == MULTILINGUAL
        self.width = MULTILINGUAL_WIDTH + (WIDTH if self._side_by_side else 0)

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors.

        Args:
            items: as every embedder's.
            role: of a "query", its words in English count beside it; no document's do.
        """
        vectors = super().embed(items, role=role)
        if self._english is None:
            return vectors
        pictured = {place: item for place, item in enumerate(items) if not isinstance(item, Text)}
        beside = np.zeros((len(items), WIDTH), np.float32)
        if pictured:
            places = list(pictured)
            beside[places] = self._english.embed(list(pictured.values()), role=role)
            vectors[places] = self._joined(vectors[places], beside[places])
        if not self._side_by_side:
            return vectors
        asked = {place: item for place, item in enumerate(items) if role == "query" and isinstance(item, Text)}
        if asked:
            encoder = self._text_encoder()
            words = [Text(text=encoder.in_english(item.text)) for item in asked.values()]
            beside[list(asked)] = self._english.embed(words, role=role)
        return unit(np.concatenate([vectors, beside], axis=1))

    def _joined(self, own: FloatArray, english: FloatArray) -> FloatArray:
        """The means of vectors and of those in English's space, which see objects, mapped into this one."""
        return unit(own + unit(english @ _map("english_to_multilingual.npy")))

    @cached_property
    def directions(self) -> FloatArray:
        """Where pictures of single classes, and of their kinds, are: unit rows."""
        own = self._classes().directions
        if self._english is None:
            return own
        joined = self._joined(own, self._english.directions)
        return unit(np.concatenate([joined, self._english.directions], axis=1)) if self._side_by_side else joined

    def close(self) -> None:
        """Free the models; harmless when called twice. A later call loads them again."""
        super().close()
        if self._english:
            self._english.close()

    def knows(self, text: str, /) -> bool:
        """Whether a text is in one of its languages: what is in none of the others' may be."""
        return True

    def _new_texts(self) -> MultilingualEncoder:
        return MultilingualEncoder(threads=self._threads)


@cache
def _map(file: str) -> FloatArray:
    """A linear map of pictures' vectors, made by tools/build_offline_assets.py."""
    with asset(file).open("rb") as opened:
        return np.load(opened, allow_pickle=False).astype(np.float32)


def _frames(item: Any) -> ByteArray:
    """The pixels of a picture or clip as frames: uint8, shape (n, height, width, 3).

    Raises:
        ConfigError: neither of the two, or not such pixels.
    """
    if not isinstance(item, Image | Clip):
        raise ConfigError(f"The offline embedder takes Text, Image and Clip, not {type(item).__name__!r}.")
    check_pixels(item)
    return frames_of(item)


# ---------------------------------------------------------------- colours


_NAMES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white", "grey", "brown", "tan")
_HUES = (15, 40, 65, 165, 260, 300, 345)
"""The degrees at which red, orange, yellow, green, blue, purple and pink end; red begins again after pink."""

_LOOK = (24, 24)  # pixels of the middle that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourParameters:
    """What decides which colour a thing has; saturation and value are of 0 to 1. Set on 90 captioned photographs."""

    middle: float = 0.5
    """The share of a box's width and height, in its middle, that is the thing itself rather than what is behind it."""
    share: float = 0.4
    """The share of the middle that the colour has at least: things of several colours have none."""
    black: float = 0.2
    """The value below which a pixel is black; one without much colour already below 0.28."""
    plain: float = 0.18
    """The saturation below which a pixel is white (value over 0.8) or grey."""
    pale: float = 0.5
    """The saturation below which a light red is pink, and a light orange or yellow is tan, as fur and sand are."""
    dark: float = 0.65
    """The value below which orange is brown."""


def colour_of(pixels: ByteArray, box: Box, parameters: ColourParameters | None = None) -> str | None:
    """The name of the colour that most of the middle of a box has.

    Args:
        pixels: uint8, shape (height, width, 3).
        box: in pixels, inside the picture.
        parameters: what decides.

    Returns:
        One of twelve names; None where no colour has enough of it.
    """
    parameters = parameters or ColourParameters()
    edge = (1 - parameters.middle) / 2
    dx, dy = edge * (box.x1 - box.x0), edge * (box.y1 - box.y0)
    middle = PIL.Image.fromarray(pixels).resize(
        _LOOK, PIL.Image.Resampling.BOX, box=(box.x0 + dx, box.y0 + dy, box.x1 - dx, box.y1 - dy)
    )
    counts = np.bincount(
        _named(np.asarray(middle, np.float32) / np.float32(255), parameters).ravel(), minlength=len(_NAMES)
    )
    best = int(counts.argmax())
    return _NAMES[best] if counts[best] >= parameters.share * counts.sum() else None


def _named(pixels: FloatArray, parameters: ColourParameters) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """The place of each pixel's colour among the names."""
    value, least = pixels.max(axis=2), pixels.min(axis=2)
    span = np.maximum(value - least, 1e-6)
    red, green, blue = np.moveaxis(pixels, 2, 0)
    sector = np.where(
        value == red,
        (green - blue) / span % 6,
        np.where(value == green, (blue - red) / span + 2, (red - green) / span + 4),
    )
    hue, saturation = 60 * sector, (value - least) / np.maximum(value, 1e-6)
    reddish, earthy = (hue < _HUES[0]) | (hue >= _HUES[-1]), (hue >= _HUES[0]) & (hue < 55)
    rules = (  # the first that holds
        ("black", (value < parameters.black) | ((value < 0.28) & (saturation < 0.3))),
        ("white", (saturation < parameters.plain) & (value > 0.8)),
        ("grey", saturation < parameters.plain),
        ("pink", reddish & (saturation < parameters.pale) & (value > 0.7)),
        ("brown", (earthy & (value < parameters.dark)) | (reddish & (value < 0.45) & (saturation < 0.7))),
        ("tan", earthy & (saturation < parameters.pale)),
    )
    by_hue = np.digitize(hue, _HUES) % len(_HUES)
    return np.select([holds for _, holds in rules], [_NAMES.index(name) for name, _ in rules], by_hue)
