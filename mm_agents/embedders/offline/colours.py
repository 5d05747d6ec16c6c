"""The colour of a thing in a picture: one of twelve names, by a rule on the hue, saturation and value of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

if TYPE_CHECKING:
    from mm_agents.types import Box, ByteArray, FloatArray

_NAMES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white", "grey", "brown", "tan")
_HUES = (15, 40, 65, 165, 260, 300, 345)
"""The degrees at which red, orange, yellow, green, blue, purple and pink end; red begins again after pink."""

_LOOK = (24, 24)  # pixels of the middle that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourParameters:
    """What decides which colour a thing has; saturation and value are of 0 to 1. Set on 90 captioned photographs."""

    middle: float = 0.5
    """The share of a box's width and height, in its middle, that is the thing itself rather than what is behind it."""
    share: float = 0.4
    """The share of the middle that the colour has at least: things of several colours have none."""
    black: float = 0.2
    """The value below which a pixel is black; one without much colour already below 0.28."""
    plain: float = 0.18
    """The saturation below which a pixel is white (value over 0.8) or grey."""
    pale: float = 0.5
    """The saturation below which a light red is pink, and a light orange or yellow is tan, as fur and sand are."""
    dark: float = 0.65
    """The value below which orange is brown."""


def colour_of(pixels: ByteArray, box: Box, parameters: ColourParameters | None = None) -> str | None:
    """The name of the colour that most of the middle of a box has.

    Args:
        pixels: uint8, shape (height, width, 3).
        box: in pixels, inside the picture.
        parameters: what decides.

    Returns:
        One of twelve names; None where no colour has enough of it.
    """
    parameters = parameters or ColourParameters()
    edge = (1 - parameters.middle) / 2
    dx, dy = edge * (box.x1 - box.x0), edge * (box.y1 - box.y0)
    middle = PIL.Image.fromarray(pixels).resize(
        _LOOK, PIL.Image.Resampling.BOX, box=(box.x0 + dx, box.y0 + dy, box.x1 - dx, box.y1 - dy)
    )
    counts = np.bincount(
        _named(np.asarray(middle, np.float32) / np.float32(255), parameters).ravel(), minlength=len(_NAMES)
    )
    best = int(counts.argmax())
    return _NAMES[best] if counts[best] >= parameters.share * counts.sum() else None


def _named(pixels: FloatArray, parameters: ColourParameters) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """The place of each pixel's colour among the names."""
    value, least = pixels.max(axis=2), pixels.min(axis=2)
    span = np.maximum(value - least, 1e-6)
    red, green, blue = np.moveaxis(pixels, 2, 0)
    sector = np.where(
        value == red,
        (green - blue) / span % 6,
        np.where(value == green, (blue - red) / span + 2, (red - green) / span + 4),
    )
    hue, saturation = 60 * sector, (value - least) / np.maximum(value, 1e-6)
    reddish, earthy = (hue < _HUES[0]) | (hue >= _HUES[-1]), (hue >= _HUES[0]) & (hue < 55)
    rules = (  # the first that holds
        ("black", (value < parameters.black) | ((value < 0.28) & (saturation < 0.3))),
        ("white", (saturation < parameters.plain) & (value > 0.8)),
        ("grey", saturation < parameters.plain),
        ("pink", reddish & (saturation < parameters.pale) & (value > 0.7)),
        ("brown", (earthy & (value < parameters.dark)) | (reddish & (value < 0.45) & (saturation < 0.7))),
        ("tan", earthy & (saturation < parameters.pale)),
    )
    by_hue = np.digitize(hue, _HUES) % len(_HUES)
    return np.select([holds for _, holds in rules], [_NAMES.index(name) for name, _ in rules], by_hue)
