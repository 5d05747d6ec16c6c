"""Files that are attached to a question: known by their names alone, opened once, never looked for elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mm_agents import media
from mm_agents.media import MediaFile
from mm_agents.tools import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentInfo:
    """An attached file, looked at but not decoded.

    Attributes:
        name: how tools call it: the file's name, numbered where two have the same.
        kind: what its content is.
        file: the file itself.
    """

    name: str
    kind: Attachment
    file: MediaFile


class Attachments:
    """The files that are attached to a question, or to a conversation so far, in the order that they came.

    Args:
        files: those that are there.
    """

    def __init__(self, files: Iterable[AttachmentInfo] = ()) -> None:
        self._files = {one.name: one for one in files}

    @classmethod
    def open(cls, paths: Iterable[str | Path]) -> Attachments:
        """Look at files, and find out by their content what they are.

        Raises:
            MediaError: one does not exist, or is of a kind that cannot be read.
        """
        return cls().with_files(paths)

    def with_files(self, paths: Iterable[str | Path]) -> Attachments:
        """These and more; the content of one that is there already stays under its name.

        Raises:
            MediaError: as ``open``.
        """
        files = dict(self._files)
        for path in paths:
            file = media.inspect(Path(path))
            if any(one.file.sha256 == file.sha256 for one in files.values()):
                continue
            name = _unused(file.name, files)
            files[name] = AttachmentInfo(name=name, kind=file.media_type, file=file)
        return Attachments(files.values())

    def get(self, name: str) -> AttachmentInfo | None:
        """The attachment of that name."""
        return self._files.get(name)

    def of_kind(self, *kinds: Attachment) -> list[AttachmentInfo]:
        """Those of some kinds, in order."""
        return [one for one in self if one.kind in kinds]

    def __iter__(self) -> Iterator[AttachmentInfo]:
        return iter(self._files.values())

    def __len__(self) -> int:
        return len(self._files)


def _unused(name: str, taken: Iterable[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    tried, number = name, 2
    while tried in taken:
        tried = f"{stem} ({number}){dot}{suffix}" if stem else f"{name} ({number})"
        number += 1
    return tried
