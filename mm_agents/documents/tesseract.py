"""OCR by Tesseract, for writing that the default engine does not read: Cyrillic, Arabic, Hindi, Korean and others.

It is the plugin "tesseract"; its argument names the data that Tesseract has installed, as in
``MM_AGENTS_OCR=tesseract:rus+eng``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mm_agents._optional import require
from mm_agents.documents.page_transform import bounding_box
from mm_agents.documents.parameters import PARAMETERS
from mm_agents.errors import ConfigError
from mm_agents.types import Image, Scan, Word


def build(argument: str = "") -> Tesseract:
    """An engine; ``argument`` names Tesseract's data, "eng" by default."""
    return Tesseract(argument or "eng")


class Tesseract:
    """Reads the words of upright pictures through pytesseract. Thread-safe: each reading is a process of its own.

    Args:
        languages: Tesseract's data, joined by "+": "rus+eng".
    """

    def __init__(self, languages: str = "eng") -> None:
        self.languages = languages

    @functools.cached_property
    def _wrapper(self) -> Any:
        wrapper = require("pytesseract", extra="tesseract", feature="Reading by Tesseract")
        try:
            known = set(wrapper.get_languages())
        except wrapper.TesseractNotFoundError:
            raise ConfigError("Tesseract is not installed. Install it, such as by: apt install tesseract-ocr") from None
        missing = sorted(set(self.languages.split("+")) - known)
        if missing:
            raise ConfigError(
                f"Tesseract has no data for {', '.join(missing)}; it has {', '.join(sorted(known))}. "
                f"Install it, such as by: apt install tesseract-ocr-{missing[0]}"
            )
        return wrapper

    @property
    def name(self) -> str:
        """The name of the engine, its version and its data."""
        return f"tesseract-{self._wrapper.get_tesseract_version()}-{self.languages}"

    def read(self, image: Image, /) -> Scan:
        """Read all words of a picture that is upright.

        Raises:
            MissingExtraError: pytesseract is not installed.
            ConfigError: Tesseract, or its data for a language, is not installed.
        """
        wrapper = self._wrapper
        told = wrapper.image_to_data(image.pixels, lang=self.languages, output_type=wrapper.Output.DICT)
        height, width = image.pixels.shape[:2]
        lines: dict[tuple[int, ...], int] = {}
        words: list[Word] = []
        for n, text in enumerate(told["text"]):
            confidence = float(told["conf"][n]) / 100
            if not text.strip() or confidence < PARAMETERS.least_confidence:
                continue
            x0, y0 = told["left"][n], told["top"][n]
            box = bounding_box(np.array([[x0, y0], [x0 + told["width"][n], y0 + told["height"][n]]]), width, height)
            line = lines.setdefault(tuple(told[key][n] for key in ("block_num", "par_num", "line_num")), len(lines))
            words.append(Word(text=text.strip(), box=box, place=box, confidence=round(confidence, 4), line=line))
        return Scan(words=tuple(words))

    def has_text(self, image: Image, /) -> bool:
        """Whether there are words; it has to read them to say so."""
        return bool(self.read(image).words)
