"""What a query may be, and the vectors it becomes."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_agents import media
from mm_agents.errors import ConfigError, UnsupportedMediaError
from mm_agents.types import Clip, Image, Kind, Text

if TYPE_CHECKING:
    import PIL.Image

    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray

    Picture = str | Path | bytes | PIL.Image.Image | Image
    Video = str | Path | bytes | Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One thing that is asked with: a text, a decoded picture, or a clip that is decoded while it is embedded."""

    kind: Kind
    source: Text | Image | Video

    def vector(self, embedder: Embedder) -> FloatArray:
        """A unit row of shape (width,); a clip's is the mean over its segments."""
        if isinstance(self.source, Text | Image):
            return embedder.embed([self.source], role="query")[0]
        total = np.zeros(embedder.width, np.float32)
        clips = [self.source] if isinstance(self.source, Clip) else media.segments(_content(self.source))
        for clip in clips:
            total += embedder.embed([clip], role="query")[0]
        return total / max(float(np.linalg.norm(total)), 1e-9)


def read_queries(
    text: str | None = None, *, image: Picture | None = None, video: Video | None = None, url: str | None = None
) -> list[Query]:
    """One query for each thing that is asked with.

    Raises:
        ConfigError: there is nothing to ask with, or the text is none.
        MediaError: the picture or URL cannot be used.
    """
    queries: list[Query] = []
    if text is not None and not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigError(
            f"What is searched for by words is a text; got {text!r}. Give a picture as image=, a clip as video=."
        )
    if text is not None and text.strip():
        queries.append(Query(kind="text", source=Text(text=text)))
    pictures: list[Picture] = [] if image is None else [image]
    if video is not None:
        queries.append(Query(kind="clip", source=video))
    if url is not None:
        content = media.fetch(url)
        match media.inspect(content, name=url).media_type:
            case "image":
                pictures.append(content)
            case "video":
                queries.append(Query(kind="clip", source=content))
            case other:
                raise UnsupportedMediaError(f"{url!r} holds a {other}, not a picture or clip.")
    queries += [Query(kind="image", source=load_picture(picture)) for picture in pictures]
    if not queries:
        raise ConfigError("Nothing to search for: give a text, a picture, a clip or a URL.")
    return queries


def load_picture(source: Picture) -> Image:
    """Decode a picture given as a path, bytes, base64 text, a Pillow picture or already decoded."""
    if isinstance(source, Image):
        return source
    if isinstance(source, str | Path | bytes):
        return media.load_image(_content(source))
    return media.from_pil(source)


def _content(source: str | Path | bytes) -> Path | bytes:
    """A path or bytes; text that names no file is read as base64, also from a data URI."""
    if not isinstance(source, str):
        return source
    if os.path.lexists(source):
        return Path(source)
    try:
        return base64.b64decode(re.sub(r"^data:[^,]*;base64,|\s", "", source), validate=True) or Path(source)
    except ValueError:  # not base64, so the path of a file that is missing
        return Path(source)
