"""Files are decoded in threads while earlier ones are embedded, and each is written whole.

Memory stays bounded however long a video is: decoders wait when the queue is full, and only vectors and thumbnails
are kept until a file is complete.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mm_agents.errors import DamagedMediaError, PartialWriteError
from mm_agents.ingest.files import Piece, Source, pieces, records
from mm_agents.ingest.objects import as_stored
from mm_agents.ingest.presets import media_vectors
from mm_agents.media.files import asset_id, part_id
from mm_agents.protocols import ObjectEmbedder
from mm_agents.types import Clip, CollectionSpec, Image, Item, Record, SeenObject, Text, VectorRole, VectorSpec

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.embedder_map import EmbedderMap
    from mm_agents.types import FloatArray

_BATCH = 32
_WAITING = 48
_DECODERS = 2
_EMBEDDING = 2  # one call leaves a core idle while it prepares its pictures
_FLUSH_FILES = 256
_FLUSH_SECONDS = 0.5  # what a kill can cost, beside the file at hand


Pass = Literal["files", "words", "speech"]
"""What a run of ``add`` does, one after the other."""

Outcome = Literal["added", "in part", "unchanged", "skipped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedFile:
    """A file that was not added: its path, the kind of error, and the reason in words."""

    path: str
    error: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutcome:
    """What became of one file, or of a folder that was passed over with all that is in it.

    Attributes:
        path: of the file.
        outcome: "in part" is added, but for what the reason says.
        error: the kind of error of a file that failed; else "".
        reason: in words; "" where the outcome says it all.
    """

    path: str
    outcome: Outcome
    error: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What a run of ``add`` did.

    Attributes:
        added: how many files were new.
        unchanged: how many were there already.
        removed: how many assets went because their files had changed or, with ``prune``, vanished.
        failed: the files that could not be added or read, each with its reason.
        read: in how many pictures and scanned pages words were read; None where the extra ``documents`` is missing.
        incomplete: the files that were added in part, as a clip that is cut off, and what is missing.
        heard: in how many recordings and clips speech was recognised; None where there are such that have sound, and
            the extra ``speech`` is missing.
        unheard: how many have sound that was not listened to for want of the extra.
        files: what became of each file that was found, sorted by path.
        seconds: what each ``Pass`` took by the clock.
    """

    added: int
    unchanged: int
    removed: int
    failed: tuple[FailedFile, ...]
    read: int | None = 0
    incomplete: tuple[FailedFile, ...] = ()
    heard: int | None = 0
    unheard: int = 0
    files: tuple[FileOutcome, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])

    def skipped(self) -> dict[str, list[str]]:
        """The paths of what was passed over, by the reason."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            if file.outcome == "skipped":
                found.setdefault(file.reason, []).append(file.path)
        return found


def failure(path: Path | str, error: Exception) -> FailedFile:
    """What a report says of a file that could not be added."""
    return FailedFile(path=str(path), error=type(error).__name__, reason=str(error) or repr(error))


class Outcomes:
    """What becomes of each file of a run of ``add``, and how long its passes take."""

    def __init__(self) -> None:
        self._files: dict[str, FileOutcome] = {}
        self._seconds: dict[str, float] = {}
        self._began = time.monotonic()

    def note(self, path: Path | str, outcome: Outcome, reason: str = "", *, error: str = "") -> None:
        """Say what became of a file; what is said last holds."""
        self._files[str(path)] = FileOutcome(path=str(path), outcome=outcome, error=error, reason=reason)

    def fail(self, path: Path | str, error: Exception) -> None:
        """Say that a file could not be added."""
        failed = failure(path, error)
        self.note(path, "failed", failed.reason, error=failed.error)

    def end_pass(self, name: Pass) -> None:
        """Note what a pass took that ends now; the next one begins."""
        ended = time.monotonic()
        self._seconds[name] = round(ended - self._began, 3)
        self._began = ended

    def report(
        self,
        *,
        removed: int,
        read: int | None,
        heard: int | None,
        unheard: int,
        failed: Sequence[FailedFile],
    ) -> AddReport:
        """The report of the run; ``failed`` are files whose words or speech could not be read afterwards."""
        by_outcome: dict[str, list[FailedFile]] = {}
        for file in self._files.values():
            said = FailedFile(path=file.path, error=file.error or "Incomplete", reason=file.reason)
            by_outcome.setdefault(file.outcome, []).append(said)
        incomplete = by_outcome.get("in part", [])
        added = len(by_outcome.get("added", [])) + len(incomplete)
        unread = {os.path.abspath(one.path): one for one in failed}
        for file in list(self._files.values()) if unread else ():
            one = unread.get(os.path.abspath(file.path))
            if one is not None and file.outcome in ("added", "unchanged"):
                self.note(file.path, "in part", one.reason, error=one.error)
        return AddReport(
            added=added,
            unchanged=len(by_outcome.get("unchanged", [])),
            removed=removed,
            failed=(*by_outcome.get("failed", []), *failed),
            read=read,
            incomplete=tuple(incomplete),
            heard=heard,
            unheard=unheard,
            files=tuple(sorted(self._files.values(), key=lambda file: file.path)),
            seconds=self._seconds,
        )


@dataclass(slots=True, kw_only=True)
class _End:
    """Says that a path has sent all its pieces (none where it was known), or why it will not."""

    path: Path
    source: Source | None
    error: Exception | None = None


class _Stopped(Exception):
    """The run is over; a decoder that waits should end."""


class Pipeline:
    """Decoders in threads, embedding and writing in the caller's thread.

    Args:
        store: where records go.
        routes: which embedder makes which vector.
        prepare: called in a decoder's thread for each path; returns the source, or None when there is nothing to do.
        outcomes: gets what becomes of each path.
    """

    def __init__(
        self, store: Store, routes: EmbedderMap, prepare: Callable[[Path], Source | None], outcomes: Outcomes
    ) -> None:
        self._store, self._prepare = store, prepare
        self._targets = _targets(store.spec, routes)
        self._queue: queue.Queue[tuple[Source, Piece] | _End] = queue.Queue(maxsize=_WAITING)
        self._stop = threading.Event()
        self._batch: list[tuple[Source, Piece]] = []
        self._ready: list[Source] = []
        self._flushed = time.monotonic()
        self._outcomes = outcomes

    def run(self, paths: Sequence[Path], report: Callable[[int, int, str], None]) -> None:
        """Add every path; a file that fails is noted and the others are added.

        Interrupted at any point, every file is in the store whole or not at all.
        """
        todo = iter(paths)
        lock = threading.Lock()
        threads = [
            threading.Thread(target=self._decode, args=(todo, lock), name=f"mm-agents-decode-{n}", daemon=True)
            for n in range(min(_DECODERS, len(paths)))
        ]
        for thread in threads:
            thread.start()
        try:
            done = 0
            while done < len(paths):
                message = self._queue.get()
                if isinstance(message, _End):
                    done += 1
                    self._end(message)
                    report(done, len(paths), message.path.name)
                else:
                    self._batch.append(message)
                    if sum(len(piece.items) for _, piece in self._batch) >= _BATCH:
                        self._embed()
                if len(self._ready) >= _FLUSH_FILES or time.monotonic() - self._flushed > _FLUSH_SECONDS:
                    self._flush()
            self._flush()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _decode(self, todo: Iterator[Path], lock: threading.Lock) -> None:
        while not self._stop.is_set():
            with lock:
                path = next(todo, None)
            if path is None:
                return
            source = None
            try:
                source = self._prepare(path)
                if source is not None:
                    before = path.stat()
                    for piece in pieces(source.file):
                        self._put((source, piece))
                    if (now := path.stat()) and (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                        raise DamagedMediaError(f"{path.name!r} changed while it was read. Add it again.")
                self._put(_End(path=path, source=source))
            except _Stopped:
                return
            except Exception as error:  # noqa: BLE001 - a fault in one file must not end the run; it is reported
                with suppress(_Stopped):
                    self._put(_End(path=path, source=source, error=error))

    def _put(self, message: tuple[Source, Piece] | _End) -> None:
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._queue.put(message, timeout=0.1)
                return
        raise _Stopped

    def _end(self, end: _End) -> None:
        if end.error is not None:
            self._outcomes.fail(end.path, end.error)
            self._batch = [(source, piece) for source, piece in self._batch if source is not end.source]
        elif end.source is None:
            self._outcomes.note(end.path, "unchanged")
        else:
            self._ready.append(end.source)

    def _embed(self) -> None:
        """Embed what waits, in two threads at once, and let go of the pixels."""
        if not self._batch:
            return
        middle = (len(self._batch) + 1) // 2
        with ThreadPoolExecutor(_EMBEDDING, "mm-agents-embed") as pool:
            list(pool.map(self._embed_pieces, (self._batch[:middle], self._batch[middle:])))
        for source, piece in self._batch:
            source.pieces.append(piece)
        self._batch.clear()

    def _embed_pieces(self, pieces: Sequence[tuple[Source, Piece]]) -> None:
        seen: list[tuple[SeenObject, ...] | None] = [None] * len(pieces)
        vectors = embed_items([piece.items for _, piece in pieces], self._targets, seen)
        for (source, piece), made, objects in zip(pieces, vectors, seen, strict=True):
            piece.vectors |= made
            if objects is not None and source.file.media_type in ("image", "video"):
                piece.seen = as_stored(objects, next(iter(piece.items.values())), source.file, source.properties)
            piece.items.clear()

    def _flush(self) -> None:
        """Write every complete source, each whole."""
        self._flushed = time.monotonic()
        if not self._ready:
            return
        self._embed()
        by_id: dict[str, Source] = {asset_id(source.file.sha256): source for source in self._ready}
        refused: dict[str, str] = {}
        try:
            self._store.upsert([record for source in by_id.values() for record in records(source, self._store.spec)])
        except PartialWriteError as error:
            parents = {part_id(id, n): id for id, source in by_id.items() for n in range(len(source.pieces))}
            refused = {parents.get(id, id): reason for id, reason in error.failed.items()}
            self._store.delete(list(refused))
        for id, source in by_id.items():
            path = source.file.path or source.file.name
            if id in refused:
                self._outcomes.note(path, "failed", refused[id], error=PartialWriteError.__name__)
            elif missing := source.properties.get("incomplete"):
                self._outcomes.note(path, "in part", f"{source.file.name!r}: {missing}.")
            else:
                self._outcomes.note(path, "added")
        self._ready.clear()


def embed_items(
    items: Sequence[Mapping[VectorRole, Item]],
    targets: Mapping[VectorRole, Sequence[tuple[str, Embedder]]],
    seen: list[tuple[SeenObject, ...] | None] | None = None,
) -> list[dict[str, FloatArray]]:
    """The vectors of each piece by name, of its items by role; each embedder is called once.

    Args:
        items: of each piece.
        targets: the names of the vectors of each role, and what makes them.
        seen: gets at each piece's place the things that an embedder sees in it, from the score at which they are
            shown; None where none looked for any.
    """
    vectors: list[dict[str, FloatArray]] = [{} for _ in items]
    calls: dict[str, tuple[Embedder, list[tuple[int, str, Item]]]] = {}
    for place, by_role in enumerate(items):
        for role, item in by_role.items():
            for vector, embedder in targets.get(role, ()):
                if (accepted := _accepted(item, embedder)) is not None:
                    calls.setdefault(embedder.name, (embedder, []))[1].append((place, vector, accepted))
    for embedder, call in calls.values():
        asked = [item for _, _, item in call]
        least = embedder.shown_score if isinstance(embedder, ObjectEmbedder) else None
        if isinstance(embedder, ObjectEmbedder) and least is not None and seen is not None:
            rows, objects = embedder.embed_with_objects(asked, role="document")
            for (place, _, _), things in zip(call, objects, strict=True):
                if things is not None:
                    seen[place] = tuple(one for one in things if one.score >= least)
        else:
            rows = embedder.embed(asked, role="document")
        for (place, vector, _), row in zip(call, rows, strict=True):
            vectors[place][vector] = row
    return vectors


def with_text_vectors(
    parts: Sequence[Record], role: VectorRole, vectors: Sequence[VectorSpec], embedders: EmbedderMap
) -> list[Record]:
    """The parts with these vectors of their text; those without text as they are."""
    items: list[dict[VectorRole, Item]] = [{role: Text(text=part.text)} if part.text else {} for part in parts]
    targets = [(vector.name, embedders.need(vector.name)) for vector in vectors]
    made = embed_items(items, {role: targets})
    return [replace(part, vectors=rows) for part, rows in zip(parts, made, strict=True)]


def _targets(spec: CollectionSpec, routes: EmbedderMap) -> dict[VectorRole, list[tuple[str, Embedder]]]:
    """The vectors that are made of each kind of piece, and what makes them.

    A clip's segments also go to each embedder that fills vectors of images but none of moments: shots are means of
    segments.
    """
    roles: tuple[VectorRole, ...] = ("image", "moment", "text")
    targets: dict[VectorRole, list[tuple[str, Embedder]]] = {
        role: [(vector.name, routes.need(vector.name)) for vector in media_vectors(spec, role)] for role in roles
    }
    ours = {embedder.name for _, embedder in targets["moment"]}
    targets["moment"] += [(name, embedder) for name, embedder in targets["image"] if embedder.name not in ours]
    return targets


def _accepted(item: Item, embedder: Embedder) -> Item | None:
    """The item as this embedder takes it: a clip as its middle frame where only pictures are taken."""
    match item:
        case Text():
            return item if "text" in embedder.accepts else None
        case Image():
            return item if "image" in embedder.accepts else None
        case Clip():
            if "clip" in embedder.accepts:
                return item
            return Image(pixels=item.frames[len(item.frames) // 2]) if "image" in embedder.accepts else None
