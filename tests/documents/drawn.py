"""Pages that the tests draw."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents.types import Box, Image

LINES = (
    "Harbour Parts Ltd",
    "Delivery note 4711 of 3 May 2026",
    "Twelve brass hinges and one lamp",
    "Total 1,234.50 EUR",
)


def page(
    lines: Sequence[str] = LINES, *, size: tuple[int, int] = (760, 420), font_size: int = 26, turn: float = 0.0
) -> tuple[Image, dict[str, Box]]:
    """A white page with lines of text, and the box of each line before the page is turned counter-clockwise."""
    picture = PIL.Image.new("RGB", size, "white")
    pen = PIL.ImageDraw.Draw(picture)
    font = PIL.ImageFont.load_default(font_size)
    boxes: dict[str, Box] = {}
    for n, line in enumerate(lines):
        place = (60, 50 + n * int(font_size * 2.6))
        pen.text(place, line, fill="black", font=font)
        x0, y0, x1, y1 = pen.textbbox(place, line, font=font)
        boxes[line] = Box(x0=int(x0), y0=int(y0), x1=int(x1), y1=int(y1))
    if turn:
        picture = picture.rotate(turn, expand=True, fillcolor="white", resample=PIL.Image.Resampling.BICUBIC)
    return Image(pixels=np.asarray(picture)), boxes


def hide(
    text: str,
    *,
    size: tuple[int, int] = (512, 512),
    paper: tuple[int, int, int] = (126, 217, 87),
    difference: tuple[int, int, int] = (-10, 0, 0),
) -> Image:
    """A picture that hides a text: ``difference`` is what its colour adds to that of the paper."""
    ink = tuple(min(max(a + b, 0), 255) for a, b in zip(paper, difference, strict=True))
    picture = PIL.Image.new("RGB", size, paper)
    lines = textwrap.wrap(text, int((size[0] - 60) / 16.5))
    top = (size[1] - 45 * len(lines)) // 2
    for n, line in enumerate(lines):
        place = (size[0] / 2, top + n * 45)
        PIL.ImageDraw.Draw(picture).text(place, line, fill=ink, font=PIL.ImageFont.load_default(30), anchor="ma")
    return Image(pixels=np.asarray(picture))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    common = max(wide, 0) * max(high, 0)
    areas = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in (one, other))
    return common / (areas - common)
