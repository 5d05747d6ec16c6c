"""The library as the page shows it: what it holds, what a search finds, and files that visitors add."""

from __future__ import annotations

import io
import shutil
import textwrap
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents import media
from mm_agents._html import counted
from mm_agents.contact_sheet import boxed
from mm_agents.errors import ConfigError, MediaError, MMAgentsError
from mm_agents.library import Library
from mm_agents.media import MediaFile
from mm_agents.search.ranking import MEDIA_TYPES
from mm_agents.types import Condition, Hit, Record
from mm_agents.web.answer_renderer import FileCache, caption

_NAMES = {"image": "picture", "video": "clip", "audio": "recording", "text": "text", "pdf": "PDF", "film": "film"}
_NAMED = 5  # more files than these are counted and not named
_SIDE = 360  # pixels of a text's thumbnail


class LibraryView:
    """A library to browse; added files are kept in the folder ``uploads``, or without it nothing may be added."""

    def __init__(self, library: Library, cache: FileCache, uploads: Path | None) -> None:
        self.library = library
        self.uploads = uploads
        self._cache = cache

    def holds(self) -> str:
        """The number of files by kind: "12 files: 7 pictures, 2 clips"."""
        groups = self.library.count(group_by="media_type")
        total = sum(groups.values())
        if not total:
            return "The library is empty."
        named = [counted(groups[kind], noun) for kind, noun in _NAMES.items() if groups.get(kind)]
        return f"{counted(total, 'file' if 'film' not in groups else 'entry')}: {', '.join(named)}"

    def find(self, text: str, file: str | None, kind: str | None, limit: int) -> list[Hit]:
        """The hits for words, a picture or clip, or both; without a query, the library's assets.

        Raises:
            MMAgentsError: as ``Library.search``.
        """
        if not text.strip() and file is None:
            where = None if kind is None else Condition("media_type", "in", MEDIA_TYPES[kind])
            return [Hit(record=one, score=0.0, vector="") for one in islice(self.library.iterate(where=where), limit)]
        given = None if file is None else Path(file)
        is_clip = given is not None and media.inspect(given).media_type == "video"
        image, video = (None, given) if is_clip else (given, None)
        return self.library.search(text if text.strip() else None, image=image, video=video, kind=kind, limit=limit)

    def thumbnails(self, hits: Sequence[Hit]) -> list[tuple[str, str]]:
        """Pictures of hits, as files, each with its caption."""
        return [
            (str(self._cache.put(_pictured(hit, self.library.path(hit.record)), "thumbnail.jpg")), caption(hit))
            for hit in hits
        ]

    def example(self, kind: str) -> Record | None:
        """Some record of a type of media."""
        return next(iter(self.library.iterate(where=Condition("media_type", "eq", kind))), None)

    def add(self, files: Sequence[str], report_progress: Callable[[int, int, str], None]) -> list[str]:
        """Move uploaded files into the library's folder and add them; returns a sentence on the outcome of each.

        Raises:
            ConfigError: nothing may be added.
            MMAgentsError: as ``Library.add``.
        """
        if self.uploads is None:
            raise ConfigError("This page shows the library and cannot add to it.")
        said: list[str] = []
        kept: list[Path] = []
        for path in map(Path, files):
            try:
                looked_at = usable_file(path)
            except MediaError as error:
                said.append(f"Not added: {error}")
                continue
            if self.library.count(where=Condition("sha256", "eq", looked_at.sha256)):
                said.append(f"{path.name} is in the library already.")
                continue
            self.uploads.mkdir(parents=True, exist_ok=True)
            kept.append(Path(shutil.move(path, _unused(self.uploads, path.name))))
        return said + self._added(kept, report_progress)

    def _added(self, kept: Sequence[Path], report_progress: Callable[[int, int, str], None]) -> list[str]:
        if not kept:
            return []
        try:
            report = self.library.add(*kept, progress=report_progress)
        except MMAgentsError:
            for path in kept:
                path.unlink(missing_ok=True)
            raise
        failed = {Path(one.path).name: one.reason for one in report.failed}
        said: list[str] = []
        for path in kept:
            if path.name in failed:
                path.unlink(missing_ok=True)
                said.append(f"Not added: {failed[path.name]}")
        added = [f"{path.name} was added." for path in kept if path.name not in failed]
        return said + (added if len(added) <= _NAMED else [f"{len(added)} files were added."])


def usable_file(path: Path) -> MediaFile:
    """Inspect an uploaded file; of a picture also the size, before it is decoded.

    Raises:
        MediaError: it cannot be used.
    """
    file = media.inspect(path)
    if file.media_type == "image":
        media.image_size(file)
    return file


def _pictured(hit: Hit, path: Path | None) -> bytes:
    """A hit's thumbnail with the box of what it was found by; of a text its beginning, to be read when it is small."""
    if thumbnail := boxed(hit, path):
        return thumbnail
    picture = PIL.Image.new("RGB", (_SIDE, _SIDE), "#fbfbf9")
    lines = [line for block in (hit.text or hit.name).splitlines() for line in textwrap.wrap(block, 26) or [""]]
    font = PIL.ImageFont.load_default(22)
    PIL.ImageDraw.Draw(picture).multiline_text((20, 18), "\n".join(lines[:10]), fill="#333", font=font, spacing=7)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def _unused(folder: Path, name: str) -> Path:
    """A free path in the folder for a file with the visitor's name."""
    wanted = Path(Path(name).name.lstrip(".") or "file")
    tried, number = folder / wanted, 2
    while tried.exists():
        tried = folder / f"{wanted.stem} ({number}){wanted.suffix}"
        number += 1
    return tried
