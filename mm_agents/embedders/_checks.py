"""What every embedder checks: the items that come in, and the vectors that a model gives back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.errors import ConfigError, EmbedderError
from mm_agents.types import Clip, Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mm_agents.types import ByteArray, FloatArray

_KINDS: dict[type, Kind] = {Text: "text", Image: "image", Clip: "clip"}


def check_role(role: Role) -> None:
    """Refuse what is no role.

    Raises:
        ConfigError: the role is neither "query" nor "document".
    """
    if role not in ("query", "document"):
        raise ConfigError(f"The role is {role!r}; it should be 'query' or 'document'.")


def check_items(items: Sequence[Item], accepts: frozenset[Kind], name: str) -> None:
    """Refuse what the embedder of that name does not take.

    Raises:
        ConfigError: an item is of another kind, or its pixels are of the wrong shape.
    """
    for item in items:
        if kind_of(item) not in accepts:
            known = ", ".join(kind.__name__ for kind in _KINDS if _KINDS[kind] in accepts)
            raise ConfigError(f"The embedder {name!r} takes {known}, not {type(item).__name__!r}.")
        if not isinstance(item, Text):
            _check_pixels(item)


def kind_of(item: Item) -> Kind | None:
    """What kind of item it is; None for what is no item."""
    return _KINDS.get(type(item))


def frames_of(item: Image | Clip) -> ByteArray:
    """The pixels as frames, uint8, shape (n, height, width, 3); a picture is a clip of one."""
    return item.frames if isinstance(item, Clip) else item.pixels[None]


def unit_rows(vectors: Sequence[ArrayLike], width: int, name: str) -> FloatArray:
    """A model's vectors as float32 rows of length 1.

    Raises:
        EmbedderError: a vector is of another width, holds a number that is not finite, or is zero.
    """
    for vector in vectors:
        if np.shape(vector) != (width,):
            raise EmbedderError(f"{name!r} gave a vector of shape {np.shape(vector)}; it should be ({width},).")
    rows = np.asarray(vectors, np.float64)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise EmbedderError(f"{name!r} gave a vector that is zero or holds numbers that are not finite.")
    return (rows / lengths).astype(np.float32)


def _check_pixels(item: Image | Clip) -> None:
    frames = frames_of(item)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not frames.size:
        raise ConfigError(
            f"The pixels of a {type(item).__name__} are {frames.dtype} of shape {frames.shape}; they should be uint8, "
            "height × width × 3 (a clip: frames × height × width × 3), with nothing empty."
        )
