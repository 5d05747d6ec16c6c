"""RapidOCR's detector and recogniser, called one by one: its models come in its wheel."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mm_agents._optional import require
from mm_agents.documents._glyphs import Line
from mm_agents.documents._opencv import EXTRA, opencv

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mm_agents.types import ByteArray

_STRIP_PIXELS = 3_000_000
_LONGEST_STRIP = 2400
"""A tall page is looked at in strips, so that its text keeps its size and the memory has a bound."""

_LONGEST_SIDE = 4000

_SHORTEST_SIDE, _ENLARGED = 736, 3
"""A small picture is enlarged until its shorter side has so many pixels, but not more than so many times."""

PADDED = 320
"""To this width RapidOCR pads short lines; less costs less, and reads a few characters of a page otherwise."""

_LOWEST = 4
"""Pixels of height; what is lower says nothing. The detector gives lines of no height where a strip is cut."""

_LONGEST_LINE = 150
"""A line longer than so many times its height is read in pieces: the recogniser's memory grows with the square."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


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
        shorter = min(_SHORTEST_SIDE, max(_ENLARGED * min(pixels.shape[:2]), 64))
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
            return self.models(pixels[:, :, ::-1], use_det=True, use_cls=False, use_rec=False).boxes

    def recognise(self, crops: Sequence[ByteArray], *, padded: int = PADDED) -> list[Line]:
        """What pictures of lines say.

        Args:
            crops: one for each line; one that is lower than 4 pixels says nothing, a very long one is read in pieces.
            padded: the width that a short line is padded to, in pixels at a height of 48.
        """
        pieces = [(n, x0, crop[:, x0:x1]) for n, crop in enumerate(crops) for x0, x1 in _pieces(crop)]
        if not pieces:
            return [_NOTHING] * len(crops)
        with self.lock:
            self.models.return_word_box = True
            self.models._load_rec_model().rec_image_shape = (3, 48, padded)
            read = self.models.recognize_txt([np.ascontiguousarray(piece[:, :, ::-1]) for _, _, piece in pieces])
        found: list[Line] = [_NOTHING] * len(crops)
        for text, words, (n, x0, piece) in zip(read.txts, read.word_results, pieces, strict=True):
            found[n] = _joined(found[n], _line(str(text), words, piece.shape[1]), x0)
        return found


@functools.cache
def open_engine() -> Engine:
    """Load the models, once for the whole process.

    Raises:
        MissingExtraError: RapidOCR is not installed.
    """
    package = require("rapidocr", extra=EXTRA, feature="Reading words in pictures")
    params = {
        "Global.log_level": "error",
        "Global.max_side_len": _LONGEST_SIDE,
        "Global.use_cls": False,
        # Lines read together are padded to the longest of them: alone, a page costs a third less to read, and what a
        # line says does not hang on the others.
        "Rec.rec_batch_num": 1,
        # Memory that is kept from one line to the next: without, a large page costs a third more time, in the system.
        "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
        # Half of the cores: more waste a third of the processor's time on waiting for each other (measured on two).
        "EngineConfig.onnxruntime.intra_op_num_threads": max(1, (os.cpu_count() or 2) // 2),
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    models = package.RapidOCR(params=params)
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return Engine(models=models, lock=threading.Lock())


def strips(pixels: ByteArray) -> list[tuple[int, int]]:
    """Rows at which a tall page is cut, where there is least on it."""
    height, width = pixels.shape[:2]
    room = int(min(max(_STRIP_PIXELS / width, 640), _LONGEST_STRIP))
    if height <= room * 1.2:
        return [(0, height)]
    busy = np.abs(np.diff(pixels[:, :: max(width // 1500, 1)].astype(np.int16), axis=1)).max(axis=2).astype(np.float32)
    unrest = (busy > 24).mean(axis=1)
    calm = np.convolve(unrest, np.ones(9) / 9, mode="same")
    cuts = [0]
    while height - cuts[-1] > room * 1.2:
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
    if height < _LOWEST:
        return []
    room = _LONGEST_LINE * height
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
