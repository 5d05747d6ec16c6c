"""What a scanner or camera does to a page: a few degrees of rotation, blur, grain, less contrast, JPEG."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageFilter

from mm_agents.evaluate.factory._render import Box, Colour

Move = Callable[[Box], Box]
"""Where a box of the drawn picture lies on the picture as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What is done to a picture.

    Attributes:
        angle: degrees counter-clockwise.
        blur: radius of a Gaussian blur, in pixels.
        grain: standard deviation of Gaussian noise, in grey levels.
        contrast: what is left of it, 0 to 1.
        quality: of the JPEG; None writes a PNG.
        seed: of the grain.
    """

    angle: float = 0.0
    blur: float = 0.0
    grain: float = 0.0
    contrast: float = 1.0
    quality: int | None = None
    seed: int = 0


def some(rng: Random, *, most_degrees: float = 3.0) -> Noise:
    """A third of the pictures stay as drawn; the others suffer in one way or several."""
    if rng.random() < 0.34:
        return Noise(quality=rng.choice((None, None, 92)))
    return Noise(
        angle=round(rng.uniform(-most_degrees, most_degrees), 2) if rng.random() < 0.5 else 0.0,
        blur=round(rng.uniform(0.3, 0.9), 2) if rng.random() < 0.5 else 0.0,
        grain=round(rng.uniform(2.0, 12.0), 1) if rng.random() < 0.5 else 0.0,
        contrast=round(rng.uniform(0.65, 0.95), 2) if rng.random() < 0.4 else 1.0,
        quality=rng.choice((None, 40, 60, 75, 85)),
        seed=rng.randrange(2**31),
    )


def applied(image: Image.Image, noise: Noise, background: Colour) -> tuple[Image.Image, Move]:
    """The picture with the noise on it, and where boxes went."""
    size = image.size
    if noise.angle:
        image = image.rotate(noise.angle, Image.Resampling.BICUBIC, expand=True, fillcolor=background)
    move = rotated(noise.angle, size, image.size)
    if noise.blur:
        image = image.filter(ImageFilter.GaussianBlur(noise.blur))
    if noise.contrast == 1.0 and not noise.grain:
        return image, move
    pixels = np.asarray(image, dtype=np.float32)
    pixels = 127.5 + (pixels - 127.5) * noise.contrast
    if noise.grain:
        grain = np.random.default_rng(noise.seed).normal(0.0, noise.grain, pixels.shape[:2])
        pixels = pixels + grain[:, :, None].astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), move


def rotated(angle: float, before: tuple[int, int], after: tuple[int, int]) -> Move:
    """How boxes move when a picture is rotated about its middle: each to the box around its rotated corners.

    Args:
        angle: degrees counter-clockwise.
        before: width and height in pixels.
        after: width and height of the rotated picture, which is large enough for its corners.
    """
    if not angle:
        return lambda box: box
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))

    def point(x: float, y: float) -> tuple[float, float]:
        dx, dy = x - before[0] / 2, y - before[1] / 2
        return after[0] / 2 + cosine * dx + sine * dy, after[1] / 2 - sine * dx + cosine * dy

    def move(box: Box) -> Box:
        corners = [point(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        return (
            math.floor(min(x for x, _ in corners)),
            math.floor(min(y for _, y in corners)),
            math.ceil(max(x for x, _ in corners)),
            math.ceil(max(y for _, y in corners)),
        )

    return move


def written(image: Image.Image, noise: Noise, stem: Path) -> Path:
    """Write a picture beside its name: a JPEG where the noise has a quality, else a PNG."""
    path = stem.with_suffix(".png" if noise.quality is None else ".jpg")
    if noise.quality is None:
        image.save(path)
    else:
        image.save(path, quality=noise.quality)
    return path
