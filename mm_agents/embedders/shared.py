"""What embedders share: input checks, windows of long texts, unit vectors, and errors of the model hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mm_agents.errors import ConfigError, EmbedderError, WeightsError
from mm_agents.types import Clip, Image, Item, Kind, Role, Text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mm_agents.types import ByteArray, FloatArray

_KINDS: dict[type, Kind] = {Text: "text", Image: "image", Clip: "clip"}


def check_role(role: Role) -> None:
    """Refuse an unknown role.

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
            check_pixels(item)


def kind_of(item: Item) -> Kind | None:
    """The kind of an item; None for any other object."""
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


def check_pixels(item: Image | Clip) -> None:
    """Refuse pixels of another type or shape.

    Raises:
        ConfigError: they are not uint8, or of the wrong shape.
    """
    frames = frames_of(item)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or not frames.size:
        raise ConfigError(
            f"The pixels of a {type(item).__name__} are {frames.dtype} of shape {frames.shape}; they should be uint8, "
            "height × width × 3 (a clip: frames × height × width × 3), with nothing empty."
        )


def weights_error(name: str, download: str, error: Exception) -> WeightsError:
    """The error for weights that are neither on this machine nor within reach.

    Args:
        name: the embedder's.
        download: what would be downloaded, such as "google/siglip2-base-patch16-224 (1.5 GB)".
        error: why it was not.
    """
    return WeightsError(
        f"The weights of {name!r} are not on this machine, and could not be downloaded from the Hugging Face hub: "
        f"{download}. Check the name and the connection; once downloaded they stay. The offline embedder downloads "
        f"nothing: --embedder offline. ({type(error).__name__}: {str(error)[:300]})"
    )


def unit(vectors: FloatArray) -> FloatArray:
    """The same directions with length 1; shape (n, width)."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def mean_by_group(vectors: FloatArray, sizes: Sequence[int]) -> FloatArray:
    """The direction of each group's mean: of the first sizes[0] rows, the next sizes[1] rows, and so on; none is 0."""
    starts = np.cumsum([0, *sizes[:-1]])
    return unit(np.add.reduceat(vectors, starts, axis=0))


def windows(text: str, needed: Callable[[str], int]) -> list[str]:
    """Cut a text into pieces of like length that the model reads whole; nothing is left out.

    Args:
        text: any length. One that fits is returned as it is; of one that does not, every run of white space becomes
            one space.
        needed: about how many windows the model needs for a text; 1 for exactly those that fit.

    Returns:
        The pieces in order, cut between words, and inside a word only where a word alone is too long.
    """
    count = min(needed(text), len(text))
    if count < 2:
        return [text]
    words = text.split()
    units, glue = (words, " ") if len(words) >= count else (text, "")
    edges = [len(units) * n // count for n in range(count + 1)]
    return [window for a, b in pairwise(edges) for window in windows(glue.join(units[a:b]), needed)]
