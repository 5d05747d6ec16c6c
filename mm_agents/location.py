"""Where a library is: a folder, or a store's name and place."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mm_agents import _plugins
from mm_agents.types import CollectionSpec

if TYPE_CHECKING:
    from mm_agents.protocols import Store

_LOCATION = re.compile(r"(?P<plugin>[a-z][a-z0-9_]+)(?P<rest>[+:].*)", re.DOTALL)  # one letter is a drive of Windows


def open_store(location: str | Path, *, spec: CollectionSpec | None = None) -> Store:
    """Open the store at a place; with a spec, make it when there is none.

    Args:
        location: a folder, "memory:", "lance://folder", "weaviate://host:port/Collection" or another plugin's place.
        spec: the collection to make; one that is there must fit it.

    Raises:
        UnknownPluginError: no store has that name.
        LibraryNotFoundError: there is nothing, and no spec was given.
    """
    match = _match(location)
    if match is None:
        return _plugins.build("stores", "local", os.path.abspath(location), spec=spec)
    return _plugins.build("stores", match["plugin"], match["rest"].removeprefix(":").removeprefix("//"), spec=spec)


def folder_of(location: str | Path) -> Path | None:
    """The folder of a library on disk, which relative paths start from; None for other places.

    It is absolute, so that a program may change its working folder while the library is open.
    """
    return None if _match(location) else Path(os.path.abspath(location))


def _match(location: str | Path) -> re.Match[str] | None:
    return _LOCATION.fullmatch(location) if isinstance(location, str) else None
