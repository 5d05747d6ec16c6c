"""The paths of every content, the marks of every file, and what changes: adding a file again is a no-op.

Only what ``add`` made is in the catalog: records whose id is that of their content. A film has an id of its own, so a
film and the picture of its poster are two records, and no run of ``add`` changes a film.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from threading import Event
from typing import TYPE_CHECKING

from mm_agents._cache import write_whole
from mm_agents._optional import require
from mm_agents.media.files import LIBRARY_FILE, asset_id
from mm_agents.types import Condition

if TYPE_CHECKING:
    from watchfiles import Change

    from mm_agents.protocols import Store
    from mm_agents.types import Record

_DATES = ("taken", "release_date")
_SEEN = "seen_files.json"
_SETTLED = 2_000_000_000  # ns; at least as coarse as the times that any file system keeps


class Catalog:
    """The paths of every asset that ``add`` put into a store, and what a run of ``add`` changes of them.

    Paths are strings as records keep them; relative ones start from ``root``. The store is read once, and nothing is
    written before ``settle``. The first path of an asset is one that exists, where it has any.
    """

    def __init__(self, store: Store, root: Path | None = None) -> None:
        self._store, self._root = store, root
        self._lock = threading.Lock()
        self._paths: dict[str, list[str]] = {}
        self._ids_at: dict[str, set[str]] = {}  # more than one id where a run was cut off between writing and settling
        self._gained: dict[str, list[str]] = {}
        self._lost: dict[str, dict[str, str | None]] = {}
        for record in store.iterate():
            if record.id != asset_id(str(record.properties.get("sha256", ""))):
                continue
            paths = record.properties.get("paths", ())
            self._paths[record.id] = list(paths) if isinstance(paths, tuple) else []
            for path in self._paths[record.id]:
                self._ids_at.setdefault(path, set()).add(record.id)

    def claim(self, id: str, path: str) -> bool:
        """Note that this path has this content.

        Returns:
            Whether the content is new, so that the caller should read it.
        """
        with self._lock:
            for before in self._ids_at.get(path, set()) - {id}:
                self._lost.setdefault(before, {})[path] = id
            self._ids_at[path] = {id}
            if id not in self._paths:
                self._paths[id] = [path]
                return True
            if path not in self._paths[id]:
                self._paths[id].append(path)
                self._gained.setdefault(id, []).append(path)
            return False

    def holds(self, id: str, path: str) -> bool:
        """Whether the content of this id is in the store, and at this path alone nothing else."""
        return self._ids_at.get(path) == {id} and path in self._paths.get(id, ())

    def forget_gone(self, folders: Sequence[Path], *, prune: bool = False) -> None:
        """Drop paths below these folders where no file is now; a folder that is itself gone is left alone.

        Without ``prune`` an asset keeps its paths when none of them exists: its disk may only be away.
        """
        roots = [Path(os.path.abspath(folder)) for folder in folders if folder.is_dir()]
        with self._lock:
            for stored in list(self._ids_at):
                path = self._absolute(stored)
                if path.exists() or not any(path.is_relative_to(folder) for folder in roots):
                    continue
                for id in [id for id in self._ids_at[stored] if prune or any(map(self._exists, self._paths[id]))]:
                    self._ids_at[stored].discard(id)
                    self._lost.setdefault(id, {})[stored] = None

    def settle(self) -> tuple[int, list[str]]:
        """Write the paths that assets gained and lost.

        A path keeps its old content when what replaced it could not be added.

        Returns:
            How many assets were removed, having no path left; and the paths whose content is not in the store.
        """
        removed: list[str] = []
        orphans: list[str] = []
        for id in sorted(self._gained.keys() | self._lost.keys()):
            lost = self._lost.get(id, {})
            arrived = self._store.get([new for new in lost.values() if new is not None])
            gone = {path for path, new in lost.items() if new is None or new in arrived}
            paths = sorted(
                (path for path in self._paths[id] if path not in gone), key=lambda path: not self._exists(path)
            )
            if not paths:
                removed.append(id)
            elif not self._rewrite(id, paths):
                orphans += self._gained.get(id, [])
        return self._store.delete(removed) if removed else 0, orphans

    def _absolute(self, stored: str) -> Path:
        return Path(os.path.abspath(self._root / stored if self._root else stored))

    def _exists(self, stored: str) -> bool:
        return self._absolute(stored).exists()

    def _rewrite(self, id: str, paths: Sequence[str]) -> bool:
        """Give an asset and its parts these paths; False when it is not in the store."""
        asset = self._store.get([id], with_vectors=True)
        if not asset:
            return False
        parts = self._store.iterate(where=Condition("parent", "eq", id), with_vectors=True, parts=True)
        changed = {"path": paths[0], "paths": tuple(paths), "name": PurePath(paths[0]).name}
        self._store.upsert(
            [replace(record, properties={**record.properties, **changed}) for record in [*parts, asset[id]]]
        )
        return True


class SeenFiles:
    """What the files of a library looked like when their content was last hashed, kept in its folder; a cache.

    A file with the same size, inode, and times of its last change of content and of anything (which no program can set
    back) has the same content. One that was changed within two seconds before it was hashed could change again without
    a trace in its times, and is hashed again.

    Args:
        root: the library's folder; None remembers nothing.
    """

    def __init__(self, root: Path | None) -> None:
        self._file = root and root / _SEEN
        self._marks: dict[str, list[int | str]] = {}
        self._changed = False
        with suppress(OSError, ValueError, RecursionError):
            kept = json.loads(self._file.read_bytes()) if self._file else None
            if isinstance(kept, dict):
                self._marks = kept

    def sha256(self, stored: str, marks: Sequence[int]) -> str | None:
        """The hash of the content of a file with these marks; None where it has to be read again."""
        kept = self._marks.get(stored)
        return str(kept[-1]) if marks and isinstance(kept, list) and kept[:-1] == list(marks) else None

    def note(self, stored: str, marks: Sequence[int], sha256: str) -> None:
        """Remember the marks that a file had before and after it was hashed, and the hash."""
        if marks and time.time_ns() - max(marks[1:3]) > _SETTLED:
            self._marks[stored] = [*marks, sha256]
            self._changed = True

    def save(self) -> None:
        """Write what was noted; where that fails, files are hashed again."""
        if self._file and self._changed:
            with suppress(OSError):
                write_whole(self._file, json.dumps(self._marks).encode())


def marks_of(path: Path) -> list[int]:
    """A file's size, times of change in nanoseconds, and inode; none where it cannot be reached, as reading it says."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def common_folder(paths: Iterable[str | None]) -> PurePath | None:
    """The deepest folder that holds all absolute paths; None where there is none."""
    common: PurePath | None = None
    for path in paths:
        if path is None or not PurePath(path).is_absolute():
            continue
        folder = PurePath(path).parent
        while common is not None and not folder.is_relative_to(common):
            common = common.parent
        common = common or folder
    return common


def folder_below(path: str | None, common: PurePath | None) -> str | None:
    """The folder of a file below what all have in common; None for a file right there."""
    if path is None:
        return None
    folder = PurePath(path).parent
    if folder.is_absolute() and common is not None and folder.is_relative_to(common):
        folder = folder.relative_to(common)
    return folder.as_posix() if folder.parts else None


def date_of(record: Record) -> str:
    """When a picture was taken or a film came out, such as "2023-07-01"; "" where nobody knows."""
    return next((str(record.properties[name]) for name in _DATES if record.properties.get(name)), "")


def year_of(record: Record) -> str:
    """The year of ``date_of``; "" where nobody knows."""
    return date_of(record)[:4]


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
