"""A library: one store and the embedder that fills it. Pictures, clips and texts go in, and each finds the others."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, overload

from mm_agents import _plugins, media
from mm_agents._progress import bar
from mm_agents.catalog import Catalog
from mm_agents.errors import (
    ConfigError,
    EmbedderMismatchError,
    LibraryNotFoundError,
    RecordNotFoundError,
    UnsupportedMediaError,
)
from mm_agents.filters import coerce
from mm_agents.ingest import Source, asset_id, describe
from mm_agents.pipeline import FailedFile, Pipeline, failure
from mm_agents.queries import query_vectors
from mm_agents.retrieval import DEPTH, Ranking, by_keywords, fuse, hits, merge, restrict, with_assets, with_moments
from mm_agents.types import CollectionSpec, Condition, Filter, Hit, Or, Record, VectorSpec

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.queries import Picture, Video

DEFAULT_EMBEDDER = "offline"
_LOCATION = re.compile(r"(?P<plugin>[a-z][a-z0-9_]*)(?P<rest>[+:].*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What a run of ``add`` did.

    Attributes:
        added: how many files were new.
        unchanged: how many were there already.
        removed: how many assets went because their files had changed or, with ``prune``, vanished.
        failed: the files that could not be added, each with its reason.
    """

    added: int
    unchanged: int
    removed: int
    failed: tuple[FailedFile, ...]


def media_spec(embedder: Embedder) -> CollectionSpec:
    """The collection that a folder of media becomes: what is seen, what is read, and the moments of clips.

    ``media`` holds what a picture, page or shot shows; ``words`` holds passages of text; ``moment`` holds every
    segment of a clip, which tells where in it a match lies.
    """
    seen = ("media", "moment") if "image" in embedder.accepts else ()
    read = ("words",) if "text" in embedder.accepts else ()
    vectors = tuple(VectorSpec(name=name, width=embedder.width, embedder=embedder.name) for name in sorted(seen + read))
    return CollectionSpec(name="Media", vectors=vectors)


class Library:
    """Media with their vectors, searched by text, picture or clip. Thread-safe; a context manager.

    Args:
        store: where records are kept.
        embedder: what makes the vectors; None builds, at first use, the one that the store names.
        root: the library's folder, which relative paths start from; None where there is none.
    """

    def __init__(self, store: Store, embedder: Embedder | None = None, *, root: Path | None = None) -> None:
        self.store, self.root = store, root
        self._embedder = embedder

    @classmethod
    def open(
        cls, location: str | Path = "./library", *, embedder: Embedder | str | None = None, create: bool = True
    ) -> Self:
        """Open a library, or make a new one.

        Args:
            location: a folder, or a store's name and place such as "memory:".
            embedder: a name such as "offline", or an object. By default the one the library was made with; a new
                one gets the offline embedder.
            create: make the library when there is none.

        Raises:
            LibraryNotFoundError: there is none, and ``create`` is False.
            EmbedderMismatchError: the library was made with another embedder.
            UnknownPluginError: no store or embedder has that name.
        """
        plugin, rest, root = _place(location)
        given = _plugins.build_named("embedders", embedder) if isinstance(embedder, str) else embedder
        try:
            store: Store = _plugins.build("stores", plugin, rest)
        except LibraryNotFoundError:
            if not create:
                raise
            given = given or _plugins.build_named("embedders", DEFAULT_EMBEDDER)
            store = _plugins.build("stores", plugin, rest, spec=media_spec(given))
        library = cls(store, given, root=root)
        try:
            library._check_embedder(str(location))
        except EmbedderMismatchError:
            library.close()
            raise
        return library

    # ------------------------------------------------------------ putting in and taking out

    def add(
        self,
        *paths: str | Path,
        prune: bool = False,
        progress: bool | Callable[[int, int, str], None] | None = None,
    ) -> AddReport:
        """Add pictures, videos, texts and PDFs: files, or folders with all below them.

        Content that is there already is not read again, wherever it lies now; a changed file takes the place of
        what it was. Interrupted, every file is there whole or not at all, and the next call goes on.

        Args:
            paths: files and folders.
            prune: also drop what these folders held before and hold no more.
            progress: show a bar on standard error (None: where that is a terminal), or a function that is told
                how many files are done, how many there are, and the name at hand.

        Raises:
            ConfigError: no path was given.
            EmbedderError: the embedder's weights are out of reach.
            StoreError: the store cannot be written.
        """
        if not paths:
            raise ConfigError("Nothing to add: name at least one file or folder.")
        failed: list[FailedFile] = []
        found = list(media.walk(map(Path, paths), failed=lambda path, error: failed.append(failure(path, error))))
        catalog = Catalog(self.store)

        def prepare(path: Path) -> Source | None:
            stored = self._stored_path(path)
            file = media.inspect(path)
            if not catalog.claim(asset_id(file.sha256), stored):
                return None
            return Source(file=file, properties={**describe(file), "path": stored, "paths": (stored,)})

        pipeline = Pipeline(self.store, self.embedder, prepare)
        if callable(progress):
            pipeline.run(found, progress)
        else:
            with bar("Adding", show=progress) as report:
                pipeline.run(found, report)
        if prune:
            self._prune(catalog, [Path(path) for path in paths])
        removed, orphans = catalog.settle()
        twins = [
            FailedFile(path=path, error="MediaError", reason="It has the same content as a file that failed.")
            for path in orphans
        ]
        return AddReport(
            added=pipeline.added,
            unchanged=pipeline.unchanged - len(twins),
            removed=removed,
            failed=(*failed, *pipeline.failed, *twins),
        )

    def remove(self, *ids: str) -> int:
        """Remove assets with all their parts; the files stay where they are. Returns how many there were."""
        return self.store.delete(ids)

    # ------------------------------------------------------------ finding

    def search(
        self,
        query: str | None = None,
        *,
        image: Picture | None = None,
        video: Video | None = None,
        url: str | None = None,
        kind: str | None = None,
        vector: str | None = None,
        where: Filter | str | None = None,
        limit: int = 10,
        offset: int = 0,
    ) -> list[Hit]:
        """Find media by text, by a picture or by a clip; several at once are fused by rank.

        Args:
            query: words or a sentence; always taken as text, never as a path or URL.
            image: a path, bytes, base64 text, a Pillow picture or a decoded ``Image``.
            video: a path, bytes, base64 text or a ``Clip``.
            url: where to fetch a picture or clip from; private and local addresses are refused.
            kind: "image", "video" or "text" to find only those.
            vector: search only this named vector, without keywords.
            where: a filter, or its text such as ``duration > 10 and not name = "a.mp4"``.
            limit: how many hits at most.
            offset: how many of the best to skip.

        Returns:
            Best first. A clip's hit points at its nearest moment, a PDF's at the page, a text's at the passage.

        Raises:
            ConfigError: nothing to search for, an unknown kind or vector, or a filter that cannot be read.
            MediaError: the picture, clip or URL cannot be used.
            EmbedderError: the embedder's weights are out of reach.
        """
        if limit < 0 or offset < 0:
            raise ConfigError(f"limit and offset count hits and cannot be negative; got {limit} and {offset}.")
        wanted = restrict(where, kind)
        if vector is not None:
            self.store.spec.vector(vector)
        depth = max(DEPTH, offset + limit)
        lists: list[list[Hit]] = []
        if query is not None and query.strip() and vector is None:
            keywords = by_keywords(self.store, query, wanted, depth)
            lists += [hits(keywords)] if keywords.matches else []
        queries = query_vectors(self.embedder, query, image=image, video=video, url=url)
        for kind_of_query, row in queries:
            rankings = [
                Ranking(name=name, matches=self.store.search(vector=row, using=name, where=wanted, limit=depth))
                for name in ([vector] if vector else self._targets(kind_of_query))
            ]
            lists += [merge(rankings)] if self.embedder.aligned else [hits(ranking) for ranking in rankings]
        best = (lists[0] if len(lists) == 1 else fuse(lists))[offset : offset + limit]
        best = with_assets(self.store, best)
        if queries and "moment" in self._vector_names():
            best = with_moments(self.store, best, queries[0][1], "moment")
        return best

    @overload
    def count(self, *, where: Filter | str | None = None) -> int: ...
    @overload
    def count(self, *, group_by: str, where: Filter | str | None = None) -> dict[str, int]: ...
    def count(self, *, group_by: str | None = None, where: Filter | str | None = None) -> int | dict[str, int]:
        """How many assets; with ``group_by``, how many per value of that property ("" for those without it)."""
        if group_by is None:
            return self.store.count(where=coerce(where))
        return self.store.count(group_by=group_by, where=coerce(where))

    def get(self, reference: str) -> Record:
        """The asset of that id, name or path.

        Raises:
            RecordNotFoundError: there is none.
            ConfigError: several have that name; the message lists their ids.
        """
        found = list(self.store.get([reference]).values())
        if not found:
            named = Or((Condition("name", "eq", reference), Condition("paths", "contains", reference)))
            found = list(self.store.iterate(where=named))
        if not found:
            raise RecordNotFoundError(f"No asset has the id, name or path {reference!r}.")
        if len(found) > 1:
            ids = ", ".join(record.id for record in found)
            raise ConfigError(f"{len(found)} assets are named {reference!r}. Say which by its id: {ids}.")
        return found[0]

    def parts(self, id: str, *, with_vectors: bool = False) -> list[Record]:
        """The segments, pages or chunks of an asset, in order."""
        found = self.store.iterate(where=Condition("parent", "eq", id), with_vectors=with_vectors, parts=True)
        return sorted(found, key=_order)

    def iterate(
        self, *, where: Filter | str | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also their parts."""
        return self.store.iterate(where=coerce(where), with_vectors=with_vectors, parts=parts)

    def path(self, record: Record | Hit) -> Path | None:
        """Where an asset's file lies, as a path that can be opened; None when the record names none."""
        if record.path is None:
            return None
        return Path(record.path) if self.root is None else self.root / record.path

    # ------------------------------------------------------------ keeping

    def backup(self, folder: str | Path) -> None:
        """Write a consistent copy of the store into a new or empty folder; the media files are not copied."""
        self.store.backup(Path(folder))

    def restore(self, folder: str | Path) -> None:
        """Replace the store's content by a backup; when that fails, everything is as before."""
        self.store.restore(Path(folder))

    def close(self) -> None:
        """Release the store and the embedder; harmless when called twice."""
        self.store.close()
        if self._embedder is not None:
            self._embedder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ the embedder

    @property
    def embedder(self) -> Embedder:
        """What makes this library's vectors, built by the name that the store keeps.

        Raises:
            ConfigError: the store names none; open the library with one.
        """
        if self._embedder is None:
            name = next((spec.embedder for spec in self.store.spec.vectors if spec.embedder), None)
            if name is None:
                raise ConfigError("This collection names no embedder. Open the library with embedder=….")
            self._embedder = _plugins.build_named("embedders", name)
        return self._embedder

    def _check_embedder(self, location: str) -> None:
        names = sorted({spec.embedder for spec in self.store.spec.vectors if spec.embedder})
        if self._embedder is not None and names and self._embedder.name not in names:
            raise EmbedderMismatchError(
                f"The library at {location!r} was filled by the embedder {', '.join(names)!r}; vectors of "
                f"{self._embedder.name!r} cannot be compared with its. Open it without naming an embedder, or add "
                "the media to a new library."
            )

    def _vector_names(self) -> frozenset[str]:
        return frozenset(spec.name for spec in self.store.spec.vectors)

    def _targets(self, kind_of_query: str) -> list[str]:
        """The vectors that a query of this kind is searched in."""
        reads_words = kind_of_query == "text" or self.embedder.aligned
        wanted = ["media", "words"] if reads_words else ["media"]
        return [name for name in wanted if name in self._vector_names()]

    # ------------------------------------------------------------ paths

    def _stored_path(self, path: Path) -> str:
        """A path as records keep it: relative to the library where it lies inside, else absolute; with slashes."""
        absolute = Path(os.path.abspath(path))
        root = None if self.root is None else Path(os.path.abspath(self.root))
        inside = root is not None and absolute.is_relative_to(root)
        text = (absolute.relative_to(root) if inside and root else absolute).as_posix()
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UnsupportedMediaError(
                f"The file name {path.name!r} is not valid Unicode. Rename the file."
            ) from error
        return text

    def _prune(self, catalog: Catalog, folders: Sequence[Path]) -> None:
        """Drop what lay below these folders and is not there now; a folder that is itself gone is left alone."""
        roots = [Path(os.path.abspath(folder)) for folder in folders if folder.is_dir()]
        for stored in catalog.paths():
            path = Path(os.path.abspath(self.root / stored if self.root else stored))
            if any(path.is_relative_to(root) for root in roots) and not path.exists():
                catalog.drop(stored)


def _place(location: str | Path) -> tuple[str, str, Path | None]:
    """The store's plugin, what it is told, and the library's folder."""
    match = _LOCATION.fullmatch(location) if isinstance(location, str) else None
    if match is None or len(match["plugin"]) == 1:  # one letter is a drive of Windows
        return "local", str(location), Path(location)
    return match["plugin"], match["rest"].removeprefix(":").removeprefix("//"), None


def _order(record: Record) -> tuple[float, ...]:
    where = (record.properties.get(name, 0) for name in ("page", "t0", "chunk"))
    return tuple(float(value) if isinstance(value, int | float) else 0.0 for value in where)
