"""Pages of pictures and PDFs as stored: the pixels that boxes of evidence are counted in."""

from __future__ import annotations

import numpy as np

from mm_agents import media
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.media import MediaFile
from mm_agents.types import Image

PDF_DPI = 200
"""Boxes on a page of a PDF are in pixels of its picture at this many dots an inch."""

_BACK = {3: 2, 6: 1, 8: 3}  # quarter turns counter-clockwise from how a picture is shown to how it is stored


def page_as_stored(file: MediaFile, number: int = 1) -> Image:
    """A page's pixels.

    Args:
        file: a picture or PDF.
        number: of the page, from 1.

    Raises:
        ConfigError: there is no such page.
        MediaError: the file cannot be read, or has no pages.
    """
    if file.media_type == "image":
        if number != 1:
            raise ConfigError(f"A picture has one page; {file.name!r} has no page {number}.")
        shown = media.load_image(file)
        turns = _BACK.get(media.image_orientation(file), 0)
        return Image(pixels=np.ascontiguousarray(np.rot90(shown.pixels, turns)))
    if file.media_type == "pdf":
        return next(iter(media.print_pages(file, dpi=PDF_DPI, numbers=[number]))).image
    raise UnsupportedMediaError(f"{file.name!r} is {file.format} ({file.mime}); it has no pages.")
