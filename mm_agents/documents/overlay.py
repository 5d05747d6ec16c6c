"""Pictures of evidence: boxes drawn on a page, and crops of it."""

from __future__ import annotations

from collections.abc import Sequence

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents.types import Box, Image, Mark

_COLOURS = {"verified": "#1a7f37", "unverified": "#cf222e", "note": "#0969da"}


def draw(image: Image, marks: Sequence[Mark]) -> PIL.Image.Image:
    """A page with marks on it; labels are above their boxes, or inside at the page's upper edge.

    Args:
        image: the page as stored.
        marks: those of this page.
    """
    picture = PIL.Image.fromarray(image.pixels).convert("RGB")
    height, width = image.pixels.shape[:2]
    pen = PIL.ImageDraw.Draw(picture, "RGBA")
    size = max(10, min(height, width) // 60)
    font = PIL.ImageFont.load_default(size)
    for mark in marks:
        colour, box = _COLOURS[mark.status], mark.box
        pen.rectangle((box.x0 - 2, box.y0 - 2, box.x1 + 1, box.y1 + 1), outline=colour, width=max(1, size // 8))
        if mark.label:
            left, top, right, bottom = pen.textbbox((0, 0), mark.label, font=font)
            x = max(0, min(box.x0 - 2, width - (right - left) - 4))
            y = box.y0 - (bottom - top) - 6 if box.y0 > bottom - top + 6 else box.y1 + 2
            pen.rectangle((x, y, x + right - left + 4, y + bottom - top + 4), fill=colour + "d0")
            pen.text((x + 2 - left, y + 2 - top), mark.label, fill="white", font=font)
    return picture


def crop(image: Image, box: Box, *, margin: int | tuple[int, int] = 0) -> PIL.Image.Image:
    """A part of a page, with some pixels around it (or beside it, and above and below) where the page has them."""
    height, width = image.pixels.shape[:2]
    beside, above = margin if isinstance(margin, tuple) else (margin, margin)
    y0, y1 = max(box.y0 - above, 0), min(box.y1 + above, height)
    x0, x1 = max(box.x0 - beside, 0), min(box.x1 + beside, width)
    return PIL.Image.fromarray(image.pixels[y0:y1, x0:x1])
