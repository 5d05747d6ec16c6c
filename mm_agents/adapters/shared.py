"""What the adapters have in common: which tools, which pictures, and what JSON can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic_core import from_json, to_json

from mm_agents import media
from mm_agents.chat import SIDE
from mm_agents.errors import ConfigError, MediaError, RecordNotFoundError, ToolError
from mm_agents.library import Library
from mm_agents.media import MediaFile
from mm_agents.search.ranking import evidence_json
from mm_agents.toolbox import AllowedIds, Attachments, Sources, toolbox
from mm_agents.tools import Tool, by_name
from mm_agents.types import Hit, Image, Record

NOISE = frozenset(("score", "vector", "asset", "path", "sha256", "how", "confidence", "quote", "box"))
"""What hits say for programs and not for models."""


@runtime_checkable
class Answering(Protocol):
    """What answers whole questions: a ``mm_agents.Agent``."""

    def as_tool(self) -> Tool:
        """It as a tool, whose payload is the answer."""
        ...


Given = Library | Answering | Iterable[Tool]
"""What adapters make tools of: a library, whose toolbox it is; an agent, which answers whole questions; any tools."""


def tools_of(given: Given) -> list[Tool]:
    """A library's toolbox, an agent as one tool, or the tools that were given.

    Raises:
        ConfigError: two tools have the same name.
    """
    if isinstance(given, Library):
        return toolbox(given)
    return [given.as_tool()] if isinstance(given, Answering) else list(by_name(given).values())


def plain(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as JSON holds it: what it has no form for becomes text, infinities and NaN become null."""
    return from_json(to_json(payload, fallback=str, inf_nan_mode="null"))


def metadata_of(hit: Hit) -> dict[str, Any]:
    """What frameworks keep beside a hit's text: its name and kind, its score, and where a claim on it would rest."""
    return {
        "name": hit.name,
        "media_type": hit.media_type,
        "score": hit.score,
        "vector": hit.vector,
        **evidence_json(hit.evidence),
    }


def text_of(hit: Hit) -> str:
    """The passage that matched; the name of what has no text."""
    return hit.text or hit.name


def picture_of(library: Library, item: Hit | Record, *, max_side: int = SIDE) -> Image | None:
    """A picture for a model that sees: the file where it is a picture that can be reached, else the thumbnail."""
    record = item.record if isinstance(item, Hit) else item
    if record.media_type in ("image", "film"):
        try:
            return media.load_image(_held(library, record), max_side=max_side)
        except (MediaError, ToolError):
            pass  # the library was filled on another machine, or the file has gone or changed
    if item.thumbnail is None:
        return None
    return media.shrink(media.load_image(item.thumbnail), max_side)


def clip_of(library: Library, hit: Hit) -> MediaFile | None:
    """A clip's file, where it can be reached and is what it was when it was added."""
    if hit.media_type != "video":
        return None
    try:
        return _held(library, hit.record)
    except ToolError:
        return None


def held_file(library: Library, path: str | Path) -> MediaFile:
    """The file of what the library holds under a path, a name or an id; no other file is ever opened.

    Raises:
        ConfigError: the library holds no such thing, or its file is gone or changed.
    """
    try:
        return _held(library, library.get(str(path)))
    except RecordNotFoundError as error:
        message = f"The library does not hold {str(path)!r}. Add the file, or name one that it holds."
        raise ConfigError(message) from error
    except ToolError as error:
        raise ConfigError(str(error)) from error


def _held(library: Library, record: Record) -> MediaFile:
    return Sources(library, Attachments(), AllowedIds()).of_record(record).file()
