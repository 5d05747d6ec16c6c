"""OCR: words of a page with their boxes, by RapidOCR's detector and recogniser, on turned and skewed pages."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_agents._cache import cache_folder, write_whole
from mm_agents.documents.ocr_engine import Engine, Line, crop_line, enlargement, find_lines, open_engine, split_line
from mm_agents.documents.opencv import EXTRA, opencv
from mm_agents.documents.page_transform import Frame, bounding_box, mapped, quarter_turn
from mm_agents.documents.parameters import PARAMETERS, PageParameters
from mm_agents.types import Box, Image, Scan, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_VERSION = 15  # of what is kept; raised when the same picture would be read otherwise
_KEPT_IN_MEMORY = 64
_KEPT_ON_DISK = 5000
_KEY_LENGTH = 40  # hexadecimal digits of a content's hash: longer names say no more


def skew_of(quads: NDArray[np.float32], pixels: ByteArray) -> float:
    """The angle in degrees by which the lines of a page fall to the right; 0 where they hardly do.

    Args:
        quads: shape (n, 4, 2): the corners of each run of text, clockwise from its top left.
        pixels: uint8, shape (height, width, 3).
    """
    wide, high = _sides(quads)
    lying = (wide > PARAMETERS.lying * high) & (wide > PARAMETERS.lying_width)
    if lying.sum() < PARAMETERS.lying_runs:
        return 0.0
    along = (quads[lying, 1] - quads[lying, 0] + quads[lying, 2] - quads[lying, 3]) / 2
    rough = _weighted_median(np.degrees(np.arctan2(along[:, 1], along[:, 0])), wide[lying])
    x, y = _edges(pixels)
    if len(x) < PARAMETERS.skew_points:
        return 0.0
    best, searches = rough, (PARAMETERS.skew_reach, PARAMETERS.skew_step, PARAMETERS.skew_fine_step)
    for reach, step in pairwise(searches):
        angles = np.arange(best - reach, best + reach + step / 10, step)
        best = float(angles[np.argmax([_sharpness(x, y, angle) for angle in angles])])
    if abs(best) < PARAMETERS.skew_least or _sharpness(x, y, best) < PARAMETERS.skew_gain * _sharpness(x, y, 0.0):
        return 0.0
    return round(best, 2)


def _weighted_median(values: NDArray[Any], weights: NDArray[Any]) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(share, 0.5)])


def _edges(pixels: ByteArray) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where the page turns dark or light from one row to the next, from its middle, in pixels of a small picture."""
    cv2 = opencv()
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, PARAMETERS.skew_side / max(grey.shape))
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    steps = np.abs(np.diff(grey.astype(np.int16), axis=0))
    strongest = float(np.percentile(steps, PARAMETERS.strongest))
    y, x = np.nonzero(steps > max(PARAMETERS.faintest_ink, PARAMETERS.skew_edge * strongest))
    if len(x) > PARAMETERS.skew_most_points:
        kept = np.linspace(0, len(x) - 1, PARAMETERS.skew_most_points).astype(int)
        y, x = y[kept], x[kept]
    return x - grey.shape[1] / 2, y - grey.shape[0] / 2


def _sharpness(x: NDArray[Any], y: NDArray[Any], angle: float) -> float:
    """How unevenly the edges fall into rows of the page turned back by an angle."""
    slope = np.radians(angle)
    rows = y * np.cos(slope) - x * np.sin(slope)
    counts = np.bincount((rows - rows.min()).astype(int))
    return float((counts.astype(float) ** 2).sum())


def build(argument: str = "") -> RapidOcr:
    """An engine; ``argument`` is not used."""
    return RapidOcr()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Read:
    """A line on the straight page: what it says, its picture, the way back to the page, how it is turned."""

    line: Line
    crop: ByteArray
    back: NDArray[Any]
    turned: int

    @property
    def confidence(self) -> float:
        return float(np.mean(self.line.confidences)) if self.line.confidences else 0.0


class RapidOcr:
    """Reads the words of pictures. Thread-safe.

    Loads its models at first use: 0.5 GB of memory, and up to 1.2 GB with large pages.

    Args:
        cache: whether results are also kept on disk, in the folder ``ocr`` of the cache; only their owner can read
            them.
    """

    def __init__(self, *, cache: bool = True) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Scan] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the engine and its version."""
        return f"rapidocr-{metadata.version('rapidocr')}"

    def read(self, image: Image, /) -> Scan:
        """Read all words of a picture.

        Raises:
            MissingExtraError: RapidOCR is not installed.
        """
        return self._read(image, cut_out=False)

    def read_cut_out(self, image: Image, /) -> Scan:
        """Read lines of text cut out of a page: they show by their ink alone, and need no second search.

        Raises:
            MissingExtraError: RapidOCR is not installed.
        """
        return self._read(image, cut_out=True)

    def _read(self, image: Image, *, cut_out: bool) -> Scan:
        engine = open_engine()
        how = (_VERSION, self.name, image.pixels.shape, cut_out)
        if PageParameters() != PARAMETERS:  # moved numbers read otherwise
            how = (*how, PARAMETERS)
        key = hashlib.sha256(repr(how).encode() + image.pixels.tobytes()).hexdigest()
        scan = self._remembered(key)
        if scan is None:
            scan = _scan(engine, image.pixels, cut_out=cut_out)
            self._remember(key, scan)
        return scan

    def has_text(self, image: Image, /) -> bool:
        """Whether there seems to be text; many times cheaper than reading where the picture is made small first."""
        return open_engine().glance(image.pixels)

    def _remembered(self, key: str) -> Scan | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        if self._cache:
            with suppress(OSError, ValueError, TypeError, KeyError):
                kept = json.loads(_kept(key).read_bytes())
                words = (
                    Word(**word | {"box": Box(**word["box"]), "place": Box(**word["place"])}) for word in kept["words"]
                )
                unread = tuple(Box(**box) for box in kept["unread"])
                return Scan(words=tuple(words), quarter=kept["quarter"], skew=kept["skew"], unread=unread)
        return None

    def _remember(self, key: str, scan: Scan) -> None:
        with self._lock:
            self._known[key] = scan
            while len(self._known) > _KEPT_IN_MEMORY:
                self._known.popitem(last=False)
        if self._cache:
            with suppress(OSError):
                write_whole(_kept(key), json.dumps(asdict(scan), ensure_ascii=False).encode())
                _forget_oldest(_kept(key).parent)


def _kept(key: str) -> Path:
    return cache_folder(extra=EXTRA, feature="Keeping read words") / "ocr" / f"{key[:_KEY_LENGTH]}.json"


def _forget_oldest(folder: Path) -> None:
    files = list(folder.iterdir())
    if len(files) > _KEPT_ON_DISK:
        files.sort(key=lambda file: file.stat().st_mtime)
        for file in files[: len(files) // 2]:
            file.unlink(missing_ok=True)


# ---------------------------------------------------------------- a picture


def _scan(engine: Engine, pixels: ByteArray, *, cut_out: bool = False) -> Scan:
    height, width = pixels.shape[:2]
    detect = _detected_in_cut_out if cut_out else _detected
    quads = detect(engine, pixels)
    if not len(quads):
        return Scan(words=())
    frame = Frame(width=width, height=height, quarter=_sideways(engine, pixels, quads))
    straight = frame.straighten(pixels)
    if frame.quarter:
        quads = detect(engine, straight)
    skew = skew_of(quads, straight)
    if skew:
        frame = Frame(width=width, height=height, quarter=frame.quarter, skew=skew)
        straight = frame.straighten(pixels)
        large = max(pixels.shape[:2]) > PARAMETERS.first_side * PARAMETERS.first_spare
        turned = cut_out or large  # large print: no second search
        quads = opencv().perspectiveTransform(quads, frame.skewing) if turned else detect(engine, straight)
    read, scale = _lines(engine, straight, quads, cut_out=cut_out)
    if _upside_down(engine, read):
        frame = Frame(width=width, height=height, quarter=(frame.quarter + 2) % 4, skew=skew)
        straight = frame.straighten(pixels)
        read, scale = _lines(engine, straight, detect(engine, straight), cut_out=cut_out)
    words: list[Word] = []
    unread = _unread(read)
    ordered = sorted(
        (one for one in read if one.confidence >= PARAMETERS.least_confidence and one not in unread),
        key=_reading_order(scale),
    )
    for number, one in enumerate(ordered):
        words += _words(one, number, frame, scale)
    places = (bounding_box(mapped(one.back, (0, 0, *one.crop.shape[1::-1])) / scale, *frame.size) for one in unread)
    boxes = tuple(frame.to_stored(place) for place in places)
    return Scan(words=tuple(words), quarter=frame.quarter, skew=frame.skew, unread=boxes)


def _detected_in_cut_out(engine: Engine, pixels: ByteArray) -> NDArray[np.float32]:
    """Where lines lie in a cut-out: they show by their ink alone, many times cheaper, unless they touch."""
    lines = find_lines(pixels)
    return _detected(engine, pixels) if lines is None else lines


def _detected(engine: Engine, pixels: ByteArray) -> NDArray[np.float32]:
    """Where lines lie: on a large page looked for in a smaller picture first, which is enough for large print."""
    scale = max(pixels.shape[:2]) / PARAMETERS.first_side
    narrow = min(pixels.shape[:2]) <= PARAMETERS.first_side  # a tall chart's print is small in a smaller picture
    if scale > PARAMETERS.first_spare and not narrow:
        cv2 = opencv()
        quads = engine.detect(cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA))
        if len(quads) and float(np.percentile(_lowest(quads), PARAMETERS.first_percentile)) >= PARAMETERS.first_legible:
            return quads * np.float32(scale)
    return engine.detect(pixels)


def _lowest(quads: NDArray[np.float32]) -> NDArray[Any]:
    return np.minimum(*_sides(quads))


def _unread(read: Sequence[_Read]) -> list[_Read]:
    """The lines in writing that is not read: those that say nothing, and those whose letters are made up beside them.

    None where few say nothing: what is taken for a line is a drawing now and then.
    """
    silent = [one for one in read if one.confidence < PARAMETERS.least_confidence]
    lengths, all_lengths = (sum(one.crop.shape[1] for one in some) for some in (silent, read))
    if len(silent) < PARAMETERS.unread_lines or lengths < PARAMETERS.unread_share * all_lengths:
        return []
    made_up = [
        one
        for one in read
        if PARAMETERS.least_confidence <= one.confidence < PARAMETERS.unread_sure
        and any(character.isalpha() for character in one.line.text)
    ]
    return [*silent, *made_up]


def _lines(
    engine: Engine, straight: ByteArray, quads: NDArray[np.float32], *, cut_out: bool
) -> tuple[list[_Read], int]:
    """Read every line, small print from a larger picture; and by how much that was larger."""
    if not len(quads):
        return [], 1
    scale = 2 if float(np.median(_lowest(quads))) < PARAMETERS.small_print else 1
    if scale > 1:
        cv2 = opencv()
        high = float(np.median(_lowest(quads))) * enlargement(straight) >= PARAMETERS.legible
        found = high and (cut_out or len(quads) >= PARAMETERS.written)
        straight = cv2.resize(straight, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        quads = quads * scale if found else engine.detect(straight)
    return _recognise(engine, straight, quads, padded=PARAMETERS.padded_cut_out if cut_out else None), scale


def _recognise(
    engine: Engine, pixels: ByteArray, quads: NDArray[np.float32], *, padded: int | None = None
) -> list[_Read]:
    """Read lines as they lie; tall ones turned each way, and also as they stand where they may be one character.

    One that says nothing has a confidence of 0.
    """
    tries: list[tuple[int, ByteArray, NDArray[Any], int]] = []
    for n, quad in enumerate(quads):
        crop, back = crop_line(pixels, quad)
        high, wide = crop.shape[:2]
        upright, turned = PARAMETERS.upright * wide, PARAMETERS.turned * wide
        for quarter in (0,) if high < upright else (0, 1, 3) if high < turned else (1, 3):
            turned_back = back @ np.linalg.inv(quarter_turn(quarter, wide, high))
            tries.append((n, np.ascontiguousarray(np.rot90(crop, quarter)), turned_back, 90 * quarter))
    lines = engine.recognise([crop for _, crop, _, _ in tries], padded=padded)
    best: dict[int, _Read] = {}
    for (n, crop, back, turn), line in zip(tries, lines, strict=True):
        read = _Read(line=line, crop=crop, back=back, turned=turn)
        if n not in best or read.confidence > best[n].confidence:
            best[n] = read
    return list(best.values())


def _words(read: _Read, number: int, frame: Frame, scale: int) -> list[Word]:
    found: list[Word] = []
    for glyphs in split_line(read.line, read.crop, scale=scale):
        place = bounding_box(mapped(read.back, glyphs.box) / scale, *frame.size, rim=PARAMETERS.word_rim)
        found.append(
            Word(
                text=glyphs.text,
                box=frame.to_stored(place),
                place=place,
                confidence=round(glyphs.confidence, 4),
                line=number,
                turned=read.turned,
            )
        )
    return found


def _reading_order(scale: int) -> Any:
    def order(read: _Read) -> tuple[int, float]:
        x, y, z = read.back @ np.array([0, read.crop.shape[0] / 2, 1])
        return round(y / z / scale / PARAMETERS.reading_band), x / z / scale

    return order


# ---------------------------------------------------------------- how the page lies


def _sides(quads: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1), np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)


def _sideways(engine: Engine, pixels: ByteArray, quads: NDArray[np.float32]) -> int:
    """The quarter turns that a page needs whose lines mostly run up or down: 0, 1 or 3."""
    wide, high = _sides(quads)
    tall = high > PARAMETERS.upright * wide
    if high[tall].sum() < PARAMETERS.sideways * wide[~tall].sum():
        return 0
    longest = np.flatnonzero(tall)[np.argsort(-high[tall])][: PARAMETERS.sideways_lines]
    read = _recognise(engine, pixels, quads[longest])
    turned = {
        turn: sum(one.confidence * len(one.line.text) for one in read if one.turned == turn) for turn in (90, 270)
    }
    return 1 if turned[90] >= turned[270] else 3


def _upside_down(engine: Engine, read: Sequence[_Read]) -> bool:
    """Whether the longest lines are surer when the page is turned by half."""
    longest = sorted((one for one in read if one.turned == 0 and one.line.centres), key=lambda one: -one.crop.shape[1])
    longest = longest[: PARAMETERS.head_lines]
    now = [one.confidence for one in longest]
    if not now or float(np.mean(now)) > PARAMETERS.head_sure:
        return False
    turned = engine.recognise([np.ascontiguousarray(one.crop[::-1, ::-1]) for one in longest])
    then = [float(np.mean(line.confidences)) if line.confidences else 0.0 for line in turned]
    return float(np.mean(then)) > float(np.mean(now)) + PARAMETERS.head_gain
