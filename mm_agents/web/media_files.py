"""What visitors may load: the files of the library by their ids, and what they sent themselves."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, Literal

from mm_agents import media
from mm_agents._progress import ProgressCallback
from mm_agents.agent.answer_data import Source
from mm_agents.agent.source_images import page_of, wave_of
from mm_agents.errors import ConfigError, MediaError, MMAgentsError, RecordNotFoundError
from mm_agents.ingest.facts import KINDS, PARAMETERS, read_file
from mm_agents.library import Library
from mm_agents.media import MediaFile
from mm_agents.media.files import asset_id
from mm_agents.types import Condition, Evidence, Record

Place = Literal["assets", "uploads"]

SHOWN_FORMATS = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
"""Pictures that every browser shows as they are."""

PLAYED_FORMATS = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "weba": "audio/webm",
}
"""Clips and recordings that every browser plays."""

_SMALL = 360
_LARGEST_PAGE = 2600  # pixels of the longer side
_KEPT = 24 * 3600.0  # seconds that a sent file is there for its asker
_REMEMBERED = 512  # inspected files
_READ = 64  # readings that are kept for the next look
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that a visitor sent: its id, its path, the name it came with, which may have folders, and when."""

    id: str
    path: Path
    name: str
    file: MediaFile
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG, and the size of the page that it shows in pixels."""

    content: bytes
    width: int
    height: int


class MediaFiles:
    """Finds files by what the page calls them. Thread-safe.

    Args:
        library: whose files may be seen.
        folder: for what visitors send, as long as the server runs.
    """

    def __init__(self, library: Library, folder: Path) -> None:
        self.library = library
        self.folder = folder
        self._uploads: dict[str, Upload] = {}
        self._by_path: dict[str, str] = {}
        self._inspected: OrderedDict[tuple[str, int, int], MediaFile] = OrderedDict()
        self._readings: OrderedDict[tuple[str, str], Mapping[str, Any] | None] = OrderedDict()
        self._lock = Lock()

    # ------------------------------------------------------------ what visitors send

    def new_path(self, name: str) -> tuple[str, Path]:
        """An id and an empty folder's path for a file that is about to be sent; old ones are deleted."""
        with self._lock:
            old = [one for one in self._uploads.values() if time.monotonic() - one.at > _KEPT]
            for upload in old:
                del self._uploads[upload.id]
                self._by_path.pop(upload.path.absolute().as_posix(), None)
        for upload in old:
            shutil.rmtree(upload.path.parent, ignore_errors=True)
        id = secrets.token_urlsafe(16)
        path = self.folder / id / clean_name(name)
        path.parent.mkdir(parents=True)
        return id, path

    def keep(self, id: str, path: Path, name: str) -> Upload:
        """Note a file that has arrived; one that cannot be used is deleted.

        Raises:
            MediaError: it cannot be used.
        """
        try:
            file = media.inspect(path)
            if file.media_type == "image":
                media.image_size(file)  # before anybody decodes it
        except MediaError:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        upload = Upload(id=id, path=path, name=name, file=file, at=time.monotonic())
        with self._lock:
            self._uploads[id] = upload
            self._by_path[path.absolute().as_posix()] = f"uploads/{id}"
        return upload

    def upload(self, id: str) -> Upload:
        """What was sent under that id.

        Raises:
            RecordNotFoundError: nothing, or the server was started since.
        """
        found = self._uploads.get(id)
        if found is None or not found.path.exists():
            raise RecordNotFoundError("That file is not on the server any more. Attach it again.")
        return found

    # ------------------------------------------------------------ addresses

    def note(self, path: Path, id: str) -> None:
        """Remember that an asset's file was attached to a question."""
        with self._lock:
            self._by_path[path.absolute().as_posix()] = f"assets/{id}"

    def address(self, source: Source) -> str | None:
        """Where the page finds a source's file: "assets/<id>" or "uploads/<id>"; None where it cannot be seen."""
        known = self._by_path.get(source.evidence.path or "")
        if known is not None:
            return known
        found = self.library.store.get([source.evidence.asset]) if is_id(source.evidence.asset) else {}
        return f"assets/{source.evidence.asset}" if found else None

    def record(self, id: str) -> Record:
        """An asset by its id.

        Raises:
            RecordNotFoundError: there is none.
        """
        found = self.library.store.get([id]) if is_id(id) else {}
        if id not in found or found[id].parent is not None:
            raise RecordNotFoundError("That is not in the library any more.")
        return found[id]

    def file(self, place: Place, id: str) -> MediaFile:
        """An inspected file.

        Raises:
            RecordNotFoundError: nothing has that id.
            MediaError: it has no file, the file is gone, or it was changed since it was added.
        """
        if place == "uploads":
            return self.upload(id).file
        record = self.record(id)
        path = self.library.path(record)
        if path is None:
            raise MediaError(f"{record.name!r} has no file of its own.")
        file = self._inspect(path)
        if record.properties.get("sha256") not in (None, file.sha256):
            raise MediaError(f"{record.name!r} was changed since it was added. Add it again.")
        return file

    def _inspect(self, path: Path) -> MediaFile:
        try:
            stat = path.stat()
        except OSError as error:
            raise MediaError(f"The file {path.name!r} is not where it was. Add it again from its new place.") from error
        key = (str(path), stat.st_mtime_ns, stat.st_size)
        with self._lock:
            if key in self._inspected:
                self._inspected.move_to_end(key)
                return self._inspected[key]
        file = media.inspect(path)
        with self._lock:
            self._inspected[key] = file
            while len(self._inspected) > _REMEMBERED:
                self._inspected.popitem(last=False)
        return file

    # ------------------------------------------------------------ pictures

    def page(self, place: Place, id: str, number: int) -> Picture:
        """A page, or a picture as stored, so that boxes fit; errors as ``file``."""
        file = self.file(place, id)
        if file.media_type == "image":
            width, height = media.stored_size(file)
            small = media.load_stored(file, max_side=_LARGEST_PAGE).pixels
            return Picture(content=media.encode_jpeg(small, quality=90), width=width, height=height)
        pixels = page_of(_source(file, number), file).pixels
        height, width = pixels.shape[:2]
        content = media.encode_jpeg(pixels, max_side=_LARGEST_PAGE, quality=90)
        return Picture(content=content, width=width, height=height)

    def wave(self, place: Place, id: str) -> bytes:
        """The wave form of a recording, as a JPEG; errors as ``file``."""
        file = self.file(place, id)
        return wave_of(_source(file, 1), file)

    def reading(self, place: Place, id: str, kind: str | None) -> dict[str, Any]:
        """What a picture or PDF says as a document: the kind of the reader, and the reading as JSON.

        Args:
            place: where it is.
            id: its id there.
            kind: the reader; None tries each, until the file is such a document. Then both are None where it is none.

        Raises:
            MMAgentsError: it cannot be read.
        """
        file = self.file(place, id)
        if place == "assets":
            asset = self.record(id)
        else:
            properties = {"name": id, "media_type": file.media_type, "sha256": file.sha256}
            asset = Record(id=asset_id(file.sha256), properties=properties)
        for one in KINDS if kind is None else (kind,):
            found = self._reading(asset, file, one, only_such=kind is None)
            if found is not None:
                return {"kind": one, "reading": found}
        return {"kind": None, "reading": None}

    def _reading(self, asset: Record, file: MediaFile, kind: str, *, only_such: bool) -> Mapping[str, Any] | None:
        """A reading; None where only such documents are wanted and the file is none."""
        key = (file.sha256, f"{kind} {only_such}")
        with self._lock:
            if key in self._readings:
                return self._readings[key]
        reading, is_such = read_file(asset, file, kind, root=self.library.root)
        found = reading.to_json() if is_such or not only_such else None
        with self._lock:
            self._readings[key] = found
            while len(self._readings) > _READ:
                self._readings.popitem(last=False)
        return found

    def thumbnail(self, place: Place, id: str, *, at: float | None = None, page: int | None = None) -> bytes | None:
        """A small JPEG of an asset, or of its moment or page; None where it has none; errors as ``file``."""
        if place == "uploads":
            file = self.upload(id).file
            if file.media_type == "image":
                return media.encode_jpeg(media.load_image(file, max_side=_SMALL).pixels)
            if file.media_type == "text":
                return None
            return media.encode_jpeg(page_of(_source(file, page or 1), file).pixels, max_side=_SMALL)
        record = self.record(id)
        if at is not None or page is not None:
            for part in self.library.parts(id):
                if part.thumbnail is not None and _covers(part, at, page):
                    return part.thumbnail
        return record.thumbnail

    def pages_of(self, file: MediaFile) -> int:
        """How many pages a file has; 0 for what has none."""
        if file.media_type == "pdf":
            return sum(1 for _ in media.pages(file, max_side=16))
        return 1 if file.media_type == "image" else 0


def clean_name(name: str) -> str:
    """A visitor's name of a file as one that every system can keep, without folders."""
    last = _UNSAFE.sub("_", PurePosixPath(name.replace("\\", "/")).name).lstrip(".").strip()
    return last[-120:] or "file"


def folders_of(name: str) -> Iterator[str]:
    """The folders before a visitor's name of a file, each as a name that can be kept."""
    for one in PurePosixPath(name.replace("\\", "/")).parts[:-1]:
        if one not in ("/", ".", "..") and (cleaned := _UNSAFE.sub("_", one).lstrip(".").strip()):
            yield cleaned[:80]


def is_id(text: str) -> bool:
    """Whether a text is written like an asset's id."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def _source(file: MediaFile, page: int) -> Source:
    """A file as a source that is shown as a whole."""
    evidence = Evidence(asset=file.name, path=str(file.path), sha256=file.sha256, how="shown", page=page)
    return Source(number=1, evidence=evidence, name=file.name, media_type=file.media_type, root=None)


def _covers(part: Record, at: float | None, page: int | None) -> bool:
    if page is not None:
        return part.properties.get("page") == page
    t0, t1 = part.properties.get("t0"), part.properties.get("t1")
    if not isinstance(t0, int | float) or at is None:
        return False
    return t0 <= at < (t1 if isinstance(t1, int | float) else t0 + 2)


def facts_of(record: Record) -> dict[str, Any]:
    """The properties of an asset that people look at."""
    left_out = ("path", "paths", "sha256", "backdrop_path", "poster_path", "mime")
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in sorted(record.properties.items())
        if name not in left_out
    }


def check_writable(uploads: Path | None) -> Path:
    """The folder for added files.

    Raises:
        ConfigError: nothing may be changed.
    """
    if uploads is None:
        raise ConfigError("This page shows the library and cannot change it.")
    return uploads


def has_words(record: Record, parts: Iterable[Record]) -> bool:
    """Whether so much text is known in a picture or PDF that it may be a document."""
    if record.media_type not in ("image", "pdf"):
        return False
    return sum(len(one.text) for one in (record, *parts)) >= PARAMETERS.least_text


# ---------------------------------------------------------------- adding


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
