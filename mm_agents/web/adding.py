"""Files that visitors add to the library: moved into its folder, added in one run, each with its fate."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from mm_agents._progress import ProgressCallback
from mm_agents.errors import MMAgentsError
from mm_agents.library import Library
from mm_agents.types import Condition, Record
from mm_agents.web.media_files import MediaFiles, Upload, clean_name, folders_of

_adding = Lock()  # one run after another: side by side they would only slow each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a file: added, there already, or failed with the reason; ``upload`` is the id that it had."""

    upload: str
    name: str
    fate: Literal["added", "there", "failed"]
    reason: str = ""
    asset: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the page is sent it."""
        return asdict(self)


def add_uploads(
    library: Library, files: MediaFiles, folder: Path, ids: Sequence[str], report_progress: ProgressCallback
) -> list[Fate]:
    """Add what was sent; the files that fail stay where they were sent to, so that they can be tried again.

    Raises:
        MMAgentsError: nothing could be added, as the store cannot be written.
    """
    fates: list[Fate] = []
    moved: list[tuple[Upload, Path]] = []
    seen: set[str] = set()
    with _adding, _no_orphans(library, moved):
        for id in ids:
            try:
                upload = files.upload(id)
            except MMAgentsError as error:
                fates.append(Fate(upload=id, name="", fate="failed", reason=str(error)))
                continue
            known = _record_of(library, upload)
            if known is not None or upload.file.sha256 in seen:
                fates.append(Fate(upload=id, name=upload.name, fate="there", asset=known.id if known else None))
                continue
            seen.add(upload.file.sha256)
            target = _unused(folder.joinpath(*folders_of(upload.name)), upload.name)
            moved.append((upload, target))
            shutil.copyfile(upload.path, target)
        return fates + _added(library, moved, report_progress)


@contextmanager
def _no_orphans(library: Library, moved: Sequence[tuple[Upload, Path]]) -> Generator[None]:
    """Where adding ends in an error, such as that of a full disk, delete the copies that the library does not know."""
    try:
        yield
    except BaseException:
        for upload, path in moved:
            with suppress(MMAgentsError):  # where the library cannot tell, the copy stays
                if _record_of(library, upload) is None:
                    path.unlink(missing_ok=True)
        raise


def _record_of(library: Library, upload: Upload) -> Record | None:
    return next(iter(library.iterate(where=Condition("sha256", "eq", upload.file.sha256))), None)


def _added(library: Library, moved: Sequence[tuple[Upload, Path]], report_progress: ProgressCallback) -> list[Fate]:
    if not moved:
        return []
    report = library.add(*(path for _, path in moved), progress=report_progress)
    failed = {Path(one.path).name: one.reason for one in report.failed}
    fates: list[Fate] = []
    for upload, path in moved:
        record = _record_of(library, upload)
        if record is not None:
            fates.append(Fate(upload=upload.id, name=upload.name, fate="added", asset=record.id))
            continue
        path.unlink(missing_ok=True)
        fates.append(
            Fate(upload=upload.id, name=upload.name, fate="failed", reason=failed.get(path.name, "It was not added."))
        )
    return fates


def remove_added(library: Library, folder: Path | None, ids: Sequence[str]) -> list[Path]:
    """The files of assets that visitors had added, and that go with them."""
    if folder is None:
        return []
    inside = folder.resolve()
    records = library.store.get(ids).values()
    paths = [path for record in records if (path := library.path(record)) is not None]
    return [path for path in paths if path.resolve().is_relative_to(inside)]


def _unused(folder: Path, name: str) -> Path:
    """A free path in the folder for a file with the visitor's name."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / clean_name(name)
    tried, number = wanted, 2
    while tried.exists():
        tried = folder / f"{wanted.stem} ({number}){wanted.suffix}"
        number += 1
    return tried
