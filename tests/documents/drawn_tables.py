"""Tables that the tests draw, with their words, so that structure is tested without OCR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents.documents.page_transform import Frame
from mm_agents.documents.pages import Page
from mm_agents.types import Box, Image, Word

Style = Literal["grid", "lines", "head", "none"]
PITCH = 26


class Sheet:
    """A white page that remembers the words that are written on it."""

    def __init__(self, width: int = 760, height: int = 480) -> None:
        self.picture = PIL.Image.new("RGB", (width, height), "white")
        self.pen = PIL.ImageDraw.Draw(self.picture)
        self.words: list[Word] = []
        self._runs = 0

    def write(self, x: float, y: float, text: str, *, size: int = 18, middle: bool = False, ink: str = "black") -> None:
        """A run of words that begins at x, or is centred on it."""
        font = PIL.ImageFont.load_default(size)
        left = x - font.getlength(text) / 2 if middle else x
        self.pen.text((left, y), text, fill=ink, font=font)
        for word in text.split(" "):
            x0, y0, x1, y1 = self.pen.textbbox((left, y), word, font=font)
            box = Box(x0=int(x0), y0=int(y0), x1=int(np.ceil(x1)), y1=int(np.ceil(y1)))
            self.words.append(Word(text=word, box=box, place=box, confidence=0.99, line=self._runs))
            left += font.getlength(word + " ")
        self._runs += 1

    def rule(self, x0: float, y0: float, x1: float, y1: float, *, ink: str = "black") -> None:
        """A ruling line."""
        self.pen.line((x0, y0, x1, y1), fill=ink, width=1)

    def image(self) -> Image:
        return Image(pixels=np.asarray(self.picture).copy())

    def page(self) -> Page:
        """The page as if its words had been in a PDF: nothing is read again."""
        width, height = self.picture.size
        return Page(
            number=1,
            image=self.image(),
            words=tuple(self.words),
            frame=Frame(width=width, height=height),
            source="pdf",
        )


def table(
    rows: Sequence[Sequence[str]], style: Style, *, lefts: Sequence[int] = (40, 240, 380, 520), top: int = 40
) -> Sheet:
    """Rows of texts, one line each, at these places, ruled in a style."""
    sheet = Sheet(height=top + PITCH * len(rows) + 60)
    right, bottom = 680, top + PITCH * len(rows)
    for n, row in enumerate(rows):
        for x, text in zip(lefts, row, strict=False):
            if text:
                sheet.write(x, top + n * PITCH, text)
    levels = {"grid": range(len(rows) + 1), "lines": range(len(rows) + 1), "head": (0, 1, len(rows)), "none": ()}[style]
    for n in levels:
        sheet.rule(20, top + n * PITCH - 3, right, top + n * PITCH - 3)
    for x in [20, *(x - 15 for x in lefts[1 : len(rows[0])]), right] if style == "grid" else ():
        sheet.rule(x, top - 3, x, bottom - 3)
    return sheet


def cards() -> Sheet:
    """Three columns of two cards, a title above each column, a footnote mark, and one row of differing metrics."""
    sheet = Sheet(780, 420)
    sheet.write(30, 20, "Our divisions", size=30)
    columns = {
        "Pumps": (("17%", "Sales growth"), ("12 pp", "Margin gain")),
        "Valves": (("32%¹", "Sales growth"), ("34", "New plants opened")),
        "Filters": (("32%", "Sales growth"), ("2 pp", "Margin gain")),
    }
    for n, (title, metrics) in enumerate(columns.items()):
        x = 40 + n * 245
        sheet.write(x + 100, 110, title, size=24, middle=True)
        for k, (value, name) in enumerate(metrics):
            y = 170 + k * 110
            sheet.pen.rounded_rectangle((x, y, x + 200, y + 86), radius=12, fill="#eef2f7", outline="#8899aa")
            sheet.write(x + 100, y + 14, value, size=24, middle=True, ink="#123")
            sheet.write(x + 100, y + 52, name, size=16, middle=True, ink="#222")
    return sheet
