"""A glance at an attached picture, for a planner that has to decide between looking at it and reading what it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mm_agents import media
from mm_agents.errors import MediaError

if TYPE_CHECKING:
    from mm_agents.media import MediaFile

_SIDE = 256  # pixels
_NEARLY = 32
"""How far, of 255, a colour may be from the picture's commonest for the picture to look as if nothing were on it."""

_ALL = 99.5  # per cent of the pixels


def looks_empty(file: MediaFile) -> bool:
    """Whether a picture is of one colour to the eye; what cannot be opened is not."""
    try:
        pixels = media.load_image(file, max_side=_SIDE).pixels.reshape(-1, 3).astype(np.int16)
    except MediaError:
        return False
    away = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1)
    return float(np.percentile(away, _ALL)) <= _NEARLY
