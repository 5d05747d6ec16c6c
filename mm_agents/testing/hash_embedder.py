"""A fake embedder that can rank, for tests: no model, no weights, the same vectors everywhere."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from mm_agents.errors import ConfigError
from mm_agents.types import Clip, Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from mm_agents.types import ByteArray, FloatArray

_COLOURS = ("black", "blue", "green", "cyan", "red", "magenta", "yellow", "white")  # by the high bits of r, g, b
_SIDE = 64  # pictures are looked at through a grid of about this many pixels a side


class HashEmbedder:
    """Turns every word, colour and edge direction into a fixed random vector and adds them up.

    The same item has the same vector in every process, texts are nearer the more words they share, pictures the
    more colours and edges; and a picture is near the names of its main colours ("red", "white" …).

    Args:
        width: how many numbers a vector has.
    """

    def __init__(self, width: int = 64) -> None:
        if width < 1:
            raise ConfigError(f"An embedder's width is at least 1; got {width!r}.")
        self.name: str = f"hash:{width}"
        self.width: int = width
        self.accepts: frozenset[Kind] = frozenset({"text", "image", "clip"})
        self.aligned: bool = False
        """Two texts can be nearer to each other than any text to a picture."""

    def embed(self, items: Sequence[Item], /, *, role: Role) -> FloatArray:
        """Turn items into unit vectors, float32, shape (len(items), width); both roles alike.

        Raises:
            ConfigError: something is not a Text, Image or Clip, or the role is neither of the two.
        """
        if role not in ("query", "document"):
            raise ConfigError(f'role is "query" or "document"; got {role!r}.')
        rows = np.empty((len(items), self.width), np.float32)
        for row, item in zip(rows, items, strict=True):
            features = _features(item)
            total = sum(weight * _noise(name, self.width) for name, weight in features.items())
            row[:] = total / np.linalg.norm(total)
        return rows

    def close(self) -> None:
        """Nothing is held."""


@lru_cache(maxsize=65_536)
def _noise(name: str, width: int) -> FloatArray:
    """A fixed random direction, shape (width,); no number in it is zero."""
    digest = hashlib.shake_256(name.encode("utf-8", "surrogatepass")).digest(width)
    return np.frombuffer(digest, np.uint8).astype(np.float32) - 127.5


def _features(item: Item) -> dict[str, float]:
    """What is seen in an item, with weights; never empty."""
    match item:
        case Text(text=text):
            return dict(Counter(re.findall(r"[^\W_]+", text.casefold()))) or {f"text {text}": 1.0}
        case Image(pixels=pixels):
            return _looks([pixels])
        case Clip(frames=frames):
            return _looks(list(frames))
        case _:
            raise ConfigError(f"An item is a Text, an Image or a Clip; got {type(cast(object, item)).__name__}.")


def _looks(pictures: Sequence[ByteArray]) -> dict[str, float]:
    """The shares of coarse and fine colours and of edge directions over pictures of shape (height, width, 3)."""
    features: Counter[str] = Counter()
    for pixels in pictures:
        grid = pixels[:: max(1, pixels.shape[0] // _SIDE), :: max(1, pixels.shape[1] // _SIDE)]
        coarse = (grid >> 7) @ np.array([4, 2, 1], np.uint8)
        fine = (grid >> 6).astype(np.int64) @ np.array([16, 4, 1])
        grey = np.pad(grid.mean(axis=2), 1, mode="edge")
        down, right = grey[2:, 1:-1] - grey[:-2, 1:-1], grey[1:-1, 2:] - grey[1:-1, :-2]
        turn = ((np.arctan2(down, right) / np.pi + 1) * 4).astype(np.int64) % 8
        edges = np.bincount(turn.ravel(), weights=np.hypot(down, right).ravel(), minlength=8)
        share = 1 / (coarse.size * len(pictures))
        features.update({_COLOURS[n]: float(c) * share for n, c in enumerate(np.bincount(coarse.ravel())) if c})
        features.update({f"colour {n}": float(c) * share / 2 for n, c in enumerate(np.bincount(fine.ravel())) if c})
        features.update({f"edge {n}": float(c) * share / 64 for n, c in enumerate(edges) if c})
    return dict(features)
