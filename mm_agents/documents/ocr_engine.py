"""RapidOCR's detector and recogniser, called one by one, and the words of a recognised line."""

from __future__ import annotations

import functools
import logging
import multiprocessing
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mm_agents._optional import require
from mm_agents.documents.opencv import EXTRA, opencv
from mm_agents.documents.parameters import PARAMETERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_RECOGNISED_HEIGHT = 48  # pixels, of the model's input
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as recognised: its characters without spaces, and where each stands.

    Attributes:
        text: with the spaces that were read.
        centres: of the characters that are no spaces, in pixels from the left of the crop.
        confidences: 0 to 1, one for each of them.
    """

    text: str
    centres: Sequence[float]
    confidences: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """A word of a line: its text, its box in the crop, and the mean confidence of its characters."""

    text: str
    box: tuple[float, float, float, float]
    confidence: float


def split_line(line: Line, crop: ByteArray, *, scale: int = 1) -> list[Glyphs]:
    """The words of a line.

    Args:
        line: what was recognised.
        crop: uint8, shape (height, width, 3): the picture of the line, text upright.
        scale: by how much it is larger than on the page.
    """
    ink = find_ink(crop, scale=scale)
    columns = np.logical_or.reduce(ink, axis=0)
    height = max(int(ink.any(axis=1).sum()), 4)
    pitch = float(np.median(np.diff(line.centres))) if len(line.centres) > 1 else height * PARAMETERS.usual_pitch
    spans: list[tuple[int, int]] = []  # of characters, first and past the last
    n = 0
    for word in line.text.split():
        start = n
        for k in range(n, n + len(word) - 1):
            left, right = widest_blank(columns, line.centres[k], line.centres[k + 1])
            if right - left > max(PARAMETERS.wide_gap * height, PARAMETERS.wide_pitch * pitch):
                spans.append((start, k + 1))
                start = k + 1
        n += len(word)
        spans.append((start, n))
    characters = line.text.replace(" ", "")
    edges = _edges(columns, line.centres, spans, pitch)
    found: list[Glyphs] = []
    for (first, last), (x0, x1) in zip(spans, edges, strict=True):
        y0, y1 = _rows(ink[:, int(x0) : max(int(np.ceil(x1)), int(x0) + 1)])
        confidence = float(np.mean(line.confidences[first:last])) if last > first else 0.0
        found.append(Glyphs(text=characters[first:last], box=(x0, y0, x1, y1), confidence=confidence))
    return found


def find_ink(crop: ByteArray, *, scale: int = 1) -> NDArray[np.bool_]:
    """Where a line's crop differs from its paper, ruling lines at its borders left out.

    Args:
        crop: uint8, shape (height, width, 3).
        scale: by how much it is larger than on the page.

    Returns:
        bool, shape (height, width).
    """
    colours = crop.astype(np.int16)
    paper = np.median(colours.reshape(-1, 3), axis=0)
    away = np.abs(colours - paper).max(axis=2)
    strongest = float(np.percentile(away, PARAMETERS.strongest))
    ink: NDArray[np.bool_] = away > max(PARAMETERS.faintest_ink, PARAMETERS.ink_share * strongest)
    bare = ink.copy()
    bare[:, _upright_rules(ink, scale)] = False  # they would join the rules above and below to the line
    for rows in _rules(bare):
        ink[rows] = False
    ink[:, _upright_rules(ink, scale)] = False
    return ink


def _upright_rules(ink: NDArray[np.bool_], scale: int) -> NDArray[Any]:
    """The columns of ruling lines at a line's left and right end."""
    columns = np.flatnonzero(ink.mean(axis=0) > PARAMETERS.rule_share)
    return columns[np.minimum(columns, ink.shape[1] - 1 - columns) < PARAMETERS.rule_rim * scale]


def find_lines(pixels: ByteArray) -> NDArray[np.float32] | None:
    """Where the lines of a low cut-out lie, if its ink shows that: there is nothing for a detector to find.

    Lines that the cut-out's upper or lower edge cuts through are left out.

    Args:
        pixels: uint8, shape (height, width, 3).

    Returns:
        float32, shape (n, 4, 2), as ``Engine.detect`` gives; None where lines may touch each other, or lie side by
        side, or there may be none.
    """
    ink = find_ink(pixels)
    height = len(ink)
    upright = np.flatnonzero(ink.mean(axis=0) > PARAMETERS.rule_share)
    ink[:, upright] = False
    runs = _runs(np.logical_or.reduce(ink, axis=1))
    inner = [run for run in runs if run.start > 0 and run.stop < height]
    tall = max((run.stop - run.start for run in inner), default=0)
    lines = [run for run in inner if run.stop - run.start > PARAMETERS.line_share * tall]
    if not lines or tall * len(lines) < PARAMETERS.line_share * height:
        return None
    found: list[tuple[float, float, float, float]] = []
    for run in lines:
        span = _span(ink[run], upright, tall, alone=len(lines) == 1)
        if span is None or run.stop - run.start < PARAMETERS.line_alike * tall:
            return None
        above = max((other.stop for other in runs if other.stop <= run.start), default=0)
        below = min((other.start for other in runs if other.start >= run.stop), default=height)
        rim = PARAMETERS.line_rim * (run.stop - run.start)
        found.append((span[0] - rim, max(run.start - rim, above), span[1] + rim, min(run.stop + rim, below)))
    boxes = np.clip(found, 0, [[ink.shape[1], height] * 2])
    return boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]].astype(np.float32)


def _span(ink: NDArray[np.bool_], upright: NDArray[Any], tall: int, *, alone: bool) -> tuple[int, int] | None:
    """The columns of a line's ink, first and past the last; None where it is a drawing, or more than one line.

    Args:
        ink: bool, shape (height, width): its rows, without ruling lines.
        upright: columns of ruling lines from top to bottom.
        tall: pixels of the highest line.
        alone: whether it is the only line; else words with a wide gap between are lines side by side.
    """
    if any(run.stop - run.start > PARAMETERS.longest_stroke * tall for row in ink for run in _runs(row)):
        return None  # a border or a connector: this is a small chart
    columns = np.flatnonzero(ink.any(axis=0))
    first, last = int(columns[0]), int(columns[-1]) + 1
    if ((upright > first) & (upright < last - 1)).any() or len(ink) > PARAMETERS.upright * (last - first):
        return None
    if not alone and len(columns) > 1 and np.diff(columns).max() > PARAMETERS.line_gap * tall:
        return None
    return first, last


def _rules(ink: NDArray[np.bool_]) -> list[slice]:
    """The rows of ruling lines above and below a line: thin, nearly unbroken, and apart from the text by a blank.

    The bar of a T is as unbroken, but hangs together with the rest of it.
    """
    runs = _runs(np.logical_or.reduce(ink, axis=1))
    tallest = max((run.stop - run.start for run in runs), default=0)
    return [
        run
        for run in runs
        if 2 * (run.stop - run.start) < tallest
        and abs(run.start + run.stop - len(ink)) > PARAMETERS.rule_apart * len(ink)
        and ink[run].any(axis=0).mean() > PARAMETERS.rule_share
    ]


def _runs(filled: NDArray[np.bool_]) -> list[slice]:
    """Where an array is true, as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def widest_blank(columns: NDArray[np.bool_], start: float, end: float) -> tuple[int, int]:
    """The widest run without ink between two places; empty, in the middle, where there is none."""
    first, last = int(start), min(int(np.ceil(end)), len(columns))
    blank = np.flatnonzero(~columns[first:last]) + first
    if not len(blank):
        middle = (first + last) // 2
        return middle, middle
    runs = np.split(blank, np.flatnonzero(np.diff(blank) > 1) + 1)
    widest = max(runs, key=len)
    return int(widest[0]), int(widest[-1]) + 1


def _edges(
    columns: NDArray[np.bool_], centres: Sequence[float], spans: Sequence[tuple[int, int]], pitch: float
) -> list[tuple[float, float]]:
    """Where each word begins and ends: at the blanks between words, and at the last ink outside."""
    if not spans:
        return []
    gaps = [widest_blank(columns, centres[a[1] - 1], centres[b[0]]) for a, b in pairwise(spans)]
    reach = PARAMETERS.word_reach * pitch
    inside = np.flatnonzero(columns[: int(centres[0]) + 1])
    inside = inside[inside >= centres[0] - reach]
    x0 = float(inside[0]) if len(inside) else max(centres[0] - pitch / 2, 0.0)
    after = np.flatnonzero(columns[int(centres[-1]) :]) + int(centres[-1])
    after = after[after <= centres[-1] + reach]
    x1 = float(after[-1]) + 1 if len(after) else min(centres[-1] + pitch / 2, float(len(columns)))
    starts = [x0, *(float(right) for _, right in gaps)]
    ends = [*(float(left) for left, _ in gaps), x1]
    return [(start, max(end, start + 1)) for start, end in zip(starts, ends, strict=True)]


def _rows(ink: NDArray[Any]) -> tuple[float, float]:
    rows = np.flatnonzero(ink.any(axis=1))
    return (float(rows[0]), float(rows[-1]) + 1) if len(rows) else (0.0, float(len(ink)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The two models; one call at a time.

    Attributes:
        models: RapidOCR's object.
        lock: held while it works, since it keeps settings between its steps.
    """

    models: Any
    lock: threading.Lock

    def detect(self, pixels: ByteArray) -> NDArray[np.float32]:
        """Where lines of text lie.

        Returns:
            float32, shape (n, 4, 2): the corners of each line, clockwise from its top left.
        """
        found: list[NDArray[np.float32]] = []
        shorter = min(PARAMETERS.shortest_side, max(PARAMETERS.enlarged * min(pixels.shape[:2]), 64))
        for top, bottom in strips(pixels):
            boxes = self._boxes(pixels[top:bottom], shorter, "min")
            if boxes is not None:
                found.append(np.asarray(boxes, dtype=np.float32) + np.array([0, top], dtype=np.float32))
        return np.concatenate(found) if found else np.zeros((0, 4, 2), dtype=np.float32)

    def glance(self, pixels: ByteArray) -> bool:
        """Whether a picture seems to hold text, looked at in its own size: a small one is not enlarged."""
        boxes = self._boxes(pixels, max(pixels.shape[:2]), "max")
        return boxes is not None and len(boxes) > 0

    def _boxes(self, pixels: ByteArray, side: int, limit: Literal["min", "max"]) -> Any:
        """Where the detector finds text in a picture made so large that its shorter or longer side has those pixels."""
        with self.lock:
            detector = self.models._load_det_model()
            detector.limit_side_len, detector.limit_type = side, limit
            # Contiguous: of a view, RapidOCR copies the whole picture again and again.
            turned = np.ascontiguousarray(pixels[:, :, ::-1])
            return self.models(turned, use_det=True, use_cls=False, use_rec=False).boxes

    def recognise(self, crops: Sequence[ByteArray], *, padded: int | None = None) -> list[Line]:
        """What pictures of lines say.

        Args:
            crops: one for each line; a very low one says nothing, a very long one is read in pieces.
            padded: the width that a short line is padded to, in pixels of the model's input.
        """
        pieces = [(n, x0, crop[:, x0:x1]) for n, crop in enumerate(crops) for x0, x1 in _pieces(crop)]
        if not pieces:
            return [_NOTHING] * len(crops)
        with self.lock:
            self.models.return_word_box = True
            self.models._load_rec_model().rec_image_shape = (3, _RECOGNISED_HEIGHT, padded or PARAMETERS.padded)
            read = self.models.recognize_txt([np.ascontiguousarray(piece[:, :, ::-1]) for _, _, piece in pieces])
        found: list[Line] = [_NOTHING] * len(crops)
        for text, words, (n, x0, piece) in zip(read.txts, read.word_results, pieces, strict=True):
            found[n] = _joined(found[n], _line(str(text), words, piece.shape[1]), x0)
        return found


def _no_crops(_image: ByteArray, _boxes: NDArray[Any]) -> list[ByteArray]:
    """In place of the pictures of the lines that RapidOCR makes while it only looks for them."""
    return []


@functools.cache
def open_engine() -> Engine:
    """Load the models, once for the whole process.

    Raises:
        MissingExtraError: RapidOCR is not installed.
    """
    package = require("rapidocr", extra=EXTRA, feature="Reading words in pictures")
    is_alone = multiprocessing.parent_process() is None
    params = {
        "Global.log_level": "error",
        "Global.max_side_len": PARAMETERS.longest_side,
        "Global.use_cls": False,
        # Lines read together are padded to the longest of them: alone, a page costs a third less to read, and what a
        # line says does not hang on the others.
        "Rec.rec_batch_num": 1,
        # Memory that is kept from one line to the next: without, a large page costs a third more time, in the system.
        "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
        # Half of the cores: more waste a third of the processor's time on waiting for each other (measured on two).
        # One in a process that reads beside others.
        "EngineConfig.onnxruntime.intra_op_num_threads": max(1, (os.cpu_count() or 2) // 2) if is_alone else 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    models = package.RapidOCR(params=params)
    models.crop_text_regions = _no_crops
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return Engine(models=models, lock=threading.Lock())


def enlargement(pixels: ByteArray) -> float:
    """By how much a small picture is made larger to be searched for lines; a low one, which is padded, by less."""
    high, wide = pixels.shape[:2]
    shorter = min(high, wide)
    padded = wide / 4 if wide > 8 * high else 60 if high <= 30 else shorter  # as RapidOCR does
    return max(min(PARAMETERS.shortest_side, max(PARAMETERS.enlarged * shorter, 64)) / padded, 30 / shorter, 1.0)


def strips(pixels: ByteArray) -> list[tuple[int, int]]:
    """Rows at which a tall page is cut, where there is least on it."""
    height, width = pixels.shape[:2]
    room = int(min(max(PARAMETERS.strip_pixels / width, PARAMETERS.strip_shortest), PARAMETERS.strip_longest))
    if height <= room * PARAMETERS.strip_spare:
        return [(0, height)]
    columns = pixels[:, :: max(width // PARAMETERS.strip_columns, 1)].astype(np.int16)
    busy = np.abs(np.diff(columns, axis=1)).max(axis=2)
    unrest = (busy > PARAMETERS.faintest_ink).mean(axis=1)
    calm = np.convolve(unrest, np.ones(PARAMETERS.strip_calm) / PARAMETERS.strip_calm, mode="same")
    cuts = [0]
    while height - cuts[-1] > room * PARAMETERS.strip_spare:
        first, last = cuts[-1] + room // 2, cuts[-1] + room
        window = calm[first:last]
        cuts.append(first + int(np.flatnonzero(window <= window.min() + 1e-6)[-1]))
    return list(zip(cuts, [*cuts[1:], height], strict=True))


def crop_line(pixels: ByteArray, quad: NDArray[np.float32]) -> tuple[ByteArray, NDArray[Any]]:
    """A line's picture as if its corners were a rectangle's, and the 3 x 3 matrix from there back to the page."""
    cv2 = opencv()
    width = max(int(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))), 1)
    height = max(int(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))), 1)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    crop = cv2.warpPerspective(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return crop, np.linalg.inv(matrix)


_NOTHING = Line(text="", centres=(), confidences=())


def _pieces(crop: ByteArray) -> list[tuple[int, int]]:
    """The columns at which a line's picture is cut to be read, where there is least on it; none where it is too low."""
    height, width = crop.shape[:2]
    if height < PARAMETERS.lowest_line:
        return []
    room = PARAMETERS.longest_line * height
    if width <= room:
        return [(0, width)]
    busy = np.ptp(crop, axis=0).max(axis=1)
    calm = np.convolve(busy, np.ones(height) / height, mode="same")
    cuts = [0]
    while width - cuts[-1] > room:
        first = cuts[-1] + room // 2
        cuts.append(first + int(np.argmin(calm[first : cuts[-1] + room])))
    return list(zip(cuts, [*cuts[1:], width], strict=True))


def _joined(before: Line, piece: Line, x0: int) -> Line:
    """A line and its next piece, which begins at a column of it."""
    return Line(
        text=" ".join(filter(None, (before.text, piece.text))),
        centres=[*before.centres, *(centre + x0 for centre in piece.centres)],
        confidences=[*before.confidences, *piece.confidences],
    )


def _line(text: str, words: Any, width: int) -> Line:
    columns = [column for word in words.word_cols for column in word] if text.strip() else []
    text = text.translate(_FULL_WIDTH)
    kept = [n for n, character in enumerate(text) if not character.isspace()]
    confidences = [float(words.confs[n]) for n in kept] if columns else []
    scale = width / words.line_txt_len if columns else 0.0
    return Line(
        text=" ".join(text.split()),
        centres=[min((column + 0.5) * scale, width - 1) for column in columns],
        confidences=confidences,
    )
