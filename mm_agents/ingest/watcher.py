"""Tells when files below some folders change, so that a library can be kept in step with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from mm_agents._optional import require
from mm_agents.media.files import LIBRARY_FILE

if TYPE_CHECKING:
    from watchfiles import Change

_SETTLED_MS = 500
"""A burst of changes is over when nothing has changed for so long: a copy of many files is one change."""
_AT_MOST_MS = 10_000
"""A burst that does not end is answered after so long."""
_START_MS = 500
"""The watcher runs for so long before the start is yielded: what changes from then on is seen."""


def changes(folders: Sequence[Path], *, stop: Event | None = None) -> Iterator[None]:
    """Yield once at the start, and then after each burst of changes below the folders.

    Hidden files and the files of libraries below the folders do not count. What changes while the caller is busy is
    yielded afterwards.

    Args:
        folders: are watched with all below them.
        stop: ends the iterator when it is set.

    Raises:
        MissingExtraError: watchfiles is not installed.
    """
    require("watchfiles", extra="watch", feature="Watching folders")
    return _changes([folder.absolute() for folder in folders], stop)


def _changes(folders: Sequence[Path], stop: Event | None) -> Iterator[None]:
    from watchfiles import watch

    def counts(_change: Change, path: str) -> bool:
        folder = next((folder for folder in folders if Path(path).is_relative_to(folder)), None)
        inside = Path(path).relative_to(folder).parts if folder else ()
        if any(part.startswith(".") for part in inside):
            return False
        return not any((parent / LIBRARY_FILE).exists() for parent in Path(path).parents[: len(inside)])

    watched = watch(
        *folders,
        watch_filter=counts,
        debounce=_AT_MOST_MS,
        step=_SETTLED_MS,
        stop_event=stop,
        rust_timeout=_START_MS,
        yield_on_timeout=True,
    )
    started = False
    for found in watched:
        if found or not started:
            started = True
            yield
