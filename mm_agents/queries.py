"""What a query may be, and the vectors it becomes."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from mm_agents import media
from mm_agents.errors import ConfigError, MediaError, UnsupportedMediaError
from mm_agents.types import Clip, Image, Kind, Text

if TYPE_CHECKING:
    import PIL.Image

    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

    Picture = str | Path | bytes | PIL.Image.Image | Image
    Video = str | Path | bytes | Clip


def query_vectors(
    embedder: Embedder,
    text: str | None = None,
    *,
    image: Picture | None = None,
    video: Video | None = None,
    url: str | None = None,
) -> list[tuple[Kind, FloatArray]]:
    """A unit row of shape (width,) for each thing that is asked with, and its kind.

    Raises:
        ConfigError: there is nothing to ask with.
        MediaError: the picture, clip or URL cannot be used.
    """
    pictures: list[Picture] = [] if image is None else [image]
    clips: list[Video] = [] if video is None else [video]
    if url is not None:
        content = media.fetch(url)
        match media.inspect(content, name=url).media_type:
            case "image":
                pictures.append(content)
            case "video":
                clips.append(content)
            case other:
                raise UnsupportedMediaError(f"{url!r} holds a {other}, not a picture or clip.")
    rows: list[tuple[Kind, FloatArray]] = []
    if text is not None and text.strip():
        rows.append(("text", embedder.embed([Text(text=text)], role="query")[0]))
    for picture in pictures:
        rows.append(("image", embedder.embed([load_picture(picture)], role="query")[0]))
    for clip in clips:
        rows.append(("clip", clip_vector(embedder, clip)))
    if not rows:
        raise ConfigError("Nothing to search for: give a text, a picture, a clip or a URL.")
    return rows


def load_picture(source: Picture) -> Image:
    """Decode a picture given as a path, bytes, base64 text, a Pillow picture or already decoded."""
    if isinstance(source, Image):
        return source
    if isinstance(source, str | Path | bytes):
        return media.load_image(media.inspect(_content(source, "picture")))
    return media.from_pil(source)


def clip_vector(embedder: Embedder, source: Video) -> FloatArray:
    """The mean over a clip's segments, as a unit row of shape (width,)."""
    clips = [source] if isinstance(source, Clip) else media.segments(media.inspect(_content(source, "clip")))
    total = np.zeros(embedder.width, np.float32)
    for clip in clips:
        total += embedder.embed([clip], role="query")[0]
    return total / max(float(np.linalg.norm(total)), 1e-9)


def _content(source: str | Path | bytes, what: Literal["picture", "clip"]) -> Path | bytes:
    """A path or bytes; text that names no file is read as base64, also from a data URI."""
    if not isinstance(source, str):
        return source
    try:
        if os.path.lexists(source):
            return Path(source)
        return base64.b64decode(re.sub(r"^data:[^,]*;base64,|\s", "", source), validate=True) or Path(source)
    except binascii.Error:
        return Path(source)
    except ValueError as error:  # a NUL in a path
        raise MediaError(f"{source[:80]!r} cannot be the path of a {what}.") from error
