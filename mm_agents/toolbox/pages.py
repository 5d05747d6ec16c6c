"""Pages of pictures and PDFs as stored: the pixels that boxes of evidence are counted in."""

from __future__ import annotations

from mm_agents import media
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.media import MediaFile
from mm_agents.types import Image


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
        return media.load_stored(file)
    if file.media_type == "pdf":
        return next(iter(media.print_pages(file, numbers=[number]))).image
    raise UnsupportedMediaError(f"{file.name!r} is {file.format} ({file.mime}); it has no pages.")
