"""A library: one store and the embedder that fills it. Pictures, clips and texts go in, and each finds the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast, overload

from mm_agents import _plugins, media
from mm_agents._html import counted
from mm_agents._notebook import Card, show
from mm_agents._progress import ProgressCallback, progress_or_callback
from mm_agents.errors import (
    ConfigError,
    LibraryNotFoundError,
    MediaError,
    MMAgentsError,
    RecordNotFoundError,
    UnsupportedMediaError,
)
from mm_agents.filters import Names, coerce, conditions, is_name
from mm_agents.ingest.catalog import Catalog, SeenFiles, marks_of
from mm_agents.ingest.facts import FactsReport, facts_of_library, forget
from mm_agents.ingest.files import Source, describe
from mm_agents.ingest.objects import OBJECT, near_labels, nearest_object, object_of
from mm_agents.ingest.ocr_pass import WordsReport, can_read, read_words
from mm_agents.ingest.pipeline import AddReport, Outcomes, Pipeline
from mm_agents.ingest.presets import extend_for_media, media_spec, media_vectors
from mm_agents.ingest.speech_pass import SpeechReport, can_hear, hear, is_waiting, unheard
from mm_agents.languages import ENGLISH, UNKNOWN, detected
from mm_agents.location import folder_of, open_store
from mm_agents.media.files import asset_id
from mm_agents.protocols import Accompanied, Calibrated, Fluent
from mm_agents.search.embedder_map import EmbedderMap
from mm_agents.search.query import Query, read_queries
from mm_agents.search.ranking import (
    DEPTH,
    at_least,
    by_keywords,
    fuse,
    fuse_by_strength,
    hits,
    ranked_lists,
    rankings,
    restrict,
    with_assets,
    with_moments,
    with_sentences,
)
from mm_agents.search.recommend import recommend
from mm_agents.types import And, CollectionSpec, Condition, Filter, Hit, Hits, Not, Or, Record, Speech, Text, Words

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, SpeechRecognizer, Store
    from mm_agents.search.embedder_map import Given
    from mm_agents.search.query import Picture, Video
    from mm_agents.types import FloatArray, Strength, VectorRole

DEFAULT_EMBEDDER = "offline"


class Library:
    """Media with their vectors, searched by text, picture or clip. Thread-safe; a context manager.

    Args:
        store: where records are kept.
        embedder: what makes the vectors: one for all, or one for each name. None builds, at first use, those that the
            store names.
        root: the library's folder, which relative paths start from; None where there is none.
    """

    def __init__(self, store: Store, embedder: Given = None, *, root: Path | None = None) -> None:
        self.store: Store = store
        self.root: Path | None = root and root.absolute()
        self.routes: EmbedderMap = EmbedderMap(store, embedder)
        self._names = Names(store)

    @classmethod
    def open(
        cls,
        location: str | Path = "./library",
        *,
        embedder: Given = None,
        preset: Callable[[Embedder], CollectionSpec] = media_spec,
        create: bool = True,
    ) -> Self:
        """Open a library, or make a new one.

        Args:
            location: a folder, or a store's name and place such as "memory:" or "weaviate://host:8080/Media".
            embedder: a name such as "offline", an object, or one of them for each vector's name. By default those
                the library was made with; a new one gets the offline embedder. A name without a model is, in a library
                that was made with one of that name, the model that it was made with.
            preset: the collection that a new library becomes, ``media_spec`` or ``movies_spec``.
            create: make the library when there is none.

        Raises:
            LibraryNotFoundError: there is none, and ``create`` is False.
            EmbedderMismatchError: the library was made with another embedder.
            UnknownPluginError: no store or embedder has that name.
        """
        try:
            store = open_store(location)
        except LibraryNotFoundError:
            if not create:
                raise
            if isinstance(embedder, Mapping):
                raise ConfigError("A new library is made with one embedder; name them one by one later.") from None
            embedder = _embedder(embedder or DEFAULT_EMBEDDER)
            store = open_store(location, spec=preset(embedder))
        try:
            if isinstance(embedder, str):
                embedder = None if _is_made_with(store, embedder) else _embedder(embedder)
            return cls(store, embedder, root=folder_of(location))
        except ConfigError:
            store.close()
            raise

    def __repr__(self) -> str:
        """Its folder, or the name of its collection."""
        return f"Library({(str(self.root) if self.root else self.store.spec.name)!r})"

    def _repr_html_(self) -> str:
        """How much it holds of each kind, and its vectors, for a notebook."""
        place = str(self.root) if self.root else self.store.spec.name
        try:
            total = self.count()
            kinds = self.count(group_by="media_type") if total else {}
            vectors = ", ".join(f"{name} ({how})" for name, how in self.routes.describe().items())
        except MMAgentsError as error:
            return show(f"Library {place}", text=str(error))
        rows = [(kind or "no kind", f"{number:,}") for kind, number in sorted(kinds.items())]
        return show(f"Library {place}", [Card(title=counted(total, "asset"), rows=[*rows, ("vectors", vectors)])])

    # ------------------------------------------------------------ putting in and taking out

    def add(
        self,
        *paths: str | Path,
        prune: bool = False,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        words: Words = "auto",
        speech: Speech = "auto",
        recognizer: SpeechRecognizer | str | None = None,
        location: bool = True,
        rehash: bool = False,
        progress: bool | ProgressCallback | None = None,
    ) -> AddReport:
        """Add pictures, videos, recordings, texts and PDFs: files, or folders with all below them.

        Content that is in the library is not read again, even from another path; a changed file replaces its old
        content, and a file that was moved or renamed has its new path and name. Interrupted, every file is in whole or
        not at all, and the next call resumes. Films stay as they are, also where these paths hold their posters. A
        library of films alone gets the vectors of media.

        Args:
            paths: files and folders.
            prune: also drop what these folders held before and hold no more.
            include: patterns such as "*.jpg"; of the folders' files only those that match one are added.
            exclude: patterns of files and folders that are passed over; what is in the library already stays.
            words: then read the words in pictures and scanned pages: in those that seem to have some ("auto", where
                the extra ``documents`` is installed), in all, or in none.
            speech: then recognise what is said in recordings and clips: in those that nobody heard yet ("auto", where
                the extra ``speech`` is installed), also in those that another recogniser heard ("all"), or in none.
            recognizer: what listens: the name of a plugin such as "speech:small", whose model is downloaded, or an
                object; by default "speech", whose model comes with the extra.
            location: keep where pictures were taken, as their EXIF data say; it stays in the library.
            rehash: read the content of every file again, also where its size and times say that it is unchanged.
            progress: show a bar on standard error (None: where that is a terminal), or a function called with how
                many are done, how many there are, and the name at hand: of the files, of the pictures read, of the
                recordings and clips heard.

        Raises:
            ConfigError: no path was given, or what is none, such as a list of paths.
            EmbedderError: the embedder's weights are out of reach.
            MissingExtraError: all words are to be read, and the extra ``documents`` is not installed; or all speech is
                to be recognised or a recogniser is named, and the extra ``speech`` is not.
            WeightsError: also where the recogniser's model is out of reach, or is not the one expected.
            StoreError: the store cannot be written.
        """
        if not paths:
            raise ConfigError("Nothing to add: name at least one file or folder.")
        for one in paths:
            if not isinstance(cast("object", one), (str, Path)):
                raise ConfigError(
                    f"Paths are given one by one, as str or Path, and not as {type(one).__name__}: {one!r}."
                )
        outcomes = Outcomes()
        files = list(
            media.walk(
                map(Path, paths),
                failed=outcomes.fail,
                skipped=lambda path, reason: outcomes.note(path, "skipped", reason),
                include=include,
                exclude=exclude,
            )
        )
        extend_for_media(self.store, self.routes)
        catalog, seen = Catalog(self.store, self.root), SeenFiles(self.root)
        prepare = partial(self._new_source, catalog, seen, location=location, rehash=rehash)
        pipeline = Pipeline(self.store, self.routes, prepare, outcomes)
        with progress_or_callback("Adding", progress) as report:
            pipeline.run(files, report)
        catalog.forget_gone([Path(path) for path in paths], prune=prune)
        removed, orphans = catalog.settle()
        seen.save()
        for path in files if orphans else ():
            if self._stored(path) in orphans:
                outcomes.fail(path, MediaError("It has the same content as a file that failed."))
        outcomes.end_pass("files")
        reading = self._read_words(words, progress)
        outcomes.end_pass("words")
        listening, silent = self._hear(speech, recognizer, progress)
        outcomes.end_pass("speech")
        return outcomes.report(
            removed=removed,
            read=reading.read if reading else None,
            heard=None if silent else listening.heard,
            unheard=silent,
            failed=(*(reading.failed if reading else ()), *listening.failed),
        )

    def _new_source(
        self, catalog: Catalog, seen: SeenFiles, path: Path, *, location: bool, rehash: bool
    ) -> Source | None:
        """A file to add; None where its content is in the library already."""
        stored = self.stored_path(path)
        marks = marks_of(path)
        known = None if rehash else seen.sha256(stored, marks)
        if known is not None and catalog.holds(asset_id(known), stored):
            return None
        file = media.inspect(path)
        if marks == marks_of(path):
            seen.note(stored, marks, file.sha256)
        if not catalog.claim(asset_id(file.sha256), stored):
            return None
        known = describe(file, path, location=location)
        return Source(file=file, properties={**known, "path": stored, "paths": (stored,)})

    def _read_words(self, words: Words, progress: bool | ProgressCallback | None) -> WordsReport | None:
        """Read words in what was added; None where that is up to the extra ``documents``, which is missing."""
        if words == "auto" and not can_read():
            return None
        with progress_or_callback("Reading words", progress) as report:
            return read_words(self.store, self.routes, self.path, words, report=report)

    def _hear(
        self, speech: Speech, recognizer: SpeechRecognizer | str | None, progress: bool | ProgressCallback | None
    ) -> tuple[SpeechReport, int]:
        """Recognise speech in what was added; or how many have sound, where the extra ``speech`` is missing."""
        if speech == "auto" and recognizer is None and is_waiting(self.store) and not can_hear():
            return SpeechReport(heard=0, without=0, failed=()), unheard(self.store, self.path)
        with progress_or_callback("Listening", progress) as report:
            return hear(self.store, self.routes, self.path, speech, recognizer=recognizer, report=report), 0

    def remove(self, *ids: str) -> int:
        """Remove assets with all their parts and facts; the files stay where they are. Returns how many there were."""
        records = self.store.get(ids)
        count = self.store.delete(ids)
        forget(records.values(), self.root)
        return count

    # ------------------------------------------------------------ finding

    def search(
        self,
        query: str | None = None,
        *,
        image: Picture | None = None,
        video: Video | None = None,
        url: str | None = None,
        kind: str | None = None,
        vector: str | Mapping[str, float] | None = None,
        where: Filter | str | None = None,
        language: str | None = None,
        limit: int = 10,
        offset: int = 0,
        min_strength: Strength | None = None,
    ) -> list[Hit]:
        """Find media by text, by a picture or by a clip; several at once are fused by rank.

        Args:
            query: words or a sentence; always taken as text, never as a path or URL.
            image: a path, bytes, base64 text, a Pillow picture or a decoded ``Image``.
            video: a path, bytes, base64 text or a ``Clip``.
            url: where to fetch a picture or clip from; private and local addresses are refused.
            kind: "image", "video", "audio", "text" or "film" to find only those.
            vector: search only this named vector, or these with their weights, without keywords; several are fused
                by rank.
            where: a filter, or its text such as ``duration > 10 and not name = "a.mp4"``.
            language: of the query, by its code such as "de"; by default, what its script and words say. It decides
                which vectors are searched where some understand one language only.
            limit: how many hits at most.
            offset: how many of the best to skip.
            min_strength: leave out hits that are weaker than "strong" or "fair", as ``Hit.strength`` says.

        Returns:
            Best first; what a calibrated list is sure of counts for more than what it is not. A clip's hit points at
            the sentence that was found in it or else at its nearest moment, a PDF's at the page, a text's at the
            passage.

        Raises:
            ConfigError: nothing to search for, an unknown kind or vector, a filter that cannot be read, or one that
                names a property that no record has; or a least strength where nobody knows how strong hits are.
            MediaError: the picture, clip or URL cannot be used.
            EmbedderError: the embedder's weights are out of reach.
        """
        if limit < 0 or offset < 0:
            raise ConfigError(f"limit and offset count hits and cannot be negative; got {limit} and {offset}.")
        wanted = restrict(self.checked(where), kind)
        weights = {vector: 1.0} if isinstance(vector, str) else dict(vector or {})
        for name in weights:
            self.store.spec.vector(name)
        depth = max(DEPTH, offset + limit)
        queries = read_queries(query, image=image, video=video, url=url)
        rows: list[dict[str, FloatArray]] = [{} for _ in queries]
        spoken = self._language(query, language, wanted)
        names = list(weights) or self._targets(queries[0].kind, spoken)
        lists = ranked_lists(self.store, self.routes, queries, rows, names, weights, wanted, depth)
        if query is not None and query.strip() and not weights:
            keywords = by_keywords(self.store, query, wanted, depth)
            lists += [(1.0, hits(keywords))] if keywords.matches or not lists else []
        if not lists:
            raise ConfigError(f"No vector of this library can answer a query of kind {queries[0].kind!r}.")
        lists = [one for one in lists if one[1]] or lists[:1]  # an empty list ranks nothing
        list_weights, listed_hits = zip(*lists, strict=True)
        if len(lists) == 1:
            ranked = listed_hits[0]
        else:
            ranked = fuse(listed_hits, list_weights) if weights else fuse_by_strength(listed_hits)
        if min_strength is not None:
            ranked = at_least(ranked, min_strength)
        best = with_assets(self.store, ranked[offset : offset + limit])
        sure = [listed for listed in listed_hits if not weights and self._is_sure(listed)]
        found = self._with_moments(with_sentences(best, sure), queries[0], rows[0], spoken)
        return Hits(self._with_objects(found, queries[0], rows[0]))

    def advice(self, language: str) -> str | None:
        """What to run so that queries of a language find what they mean; None where they do, or nothing helps."""
        roles: tuple[VectorRole, ...] = ("image", "text")
        for role in roles:
            names = [vector.name for vector in media_vectors(self.store.spec, role)]
            if any(self._understands(name, language) for name in names):
                continue
            for embedder in map(self.routes.embedder, names):
                if isinstance(embedder, Accompanied):
                    install = "" if embedder.companion else "pip install 'mm-agents[languages]', then "
                    return f"{install}mm-agents migrate --languages"
        return None

    def recommend(
        self,
        like: Sequence[str],
        unlike: Sequence[str] = (),
        *,
        vectors: Mapping[str, float] | None = None,
        where: Filter | str | None = None,
        diversity: float = 0.0,
        limit: int = 10,
    ) -> list[Hit]:
        """Assets near to some and far from others, as ``mm_agents.search.recommend.recommend`` describes."""
        return recommend(
            self.store,
            self.get,
            like=like,
            unlike=unlike,
            vectors=vectors,
            among=self._targets("text", ENGLISH),
            where=self.checked(where),
            diversity=diversity,
            limit=limit,
        )

    @overload
    def count(self, *, where: Filter | str | None = None) -> int: ...
    @overload
    def count(self, *, group_by: str, where: Filter | str | None = None) -> dict[str, int]: ...
    def count(self, *, group_by: str | None = None, where: Filter | str | None = None) -> int | dict[str, int]:
        """How many assets; with ``group_by``, how many per value of that property ("" for those without it).

        Raises:
            FilterError: the filter cannot be read, or no record has a property that it, or ``group_by``, names.
        """
        wanted = self.checked(where)
        if group_by is None:
            return self.store.count(where=wanted)
        if is_name(group_by):
            self._names.check(group_by)
        return self.store.count(group_by=group_by, where=wanted)

    def get(self, reference: str) -> Record:
        """The asset of that id, name or path; a path may be written as it was given to ``add``.

        Raises:
            RecordNotFoundError: there is none.
            ConfigError: several have that name; the message lists their ids.
        """
        matches = list(self.store.get([reference]).values())
        if not matches:
            named = Or((Condition("name", "eq", reference), Condition("paths", "contains", reference)))
            matches = list(self.store.iterate(where=named)) or self._at_path(reference)
        if not matches:
            raise RecordNotFoundError(f"No asset has the id, name or path {reference!r}.")
        if len(matches) > 1:
            ids = ", ".join(record.id for record in matches)
            raise ConfigError(f"{len(matches)} assets are named {reference!r}. Say which by its id: {ids}.")
        return matches[0]

    def _at_path(self, reference: str) -> list[Record]:
        """The assets of the file that a path leads to from the working folder."""
        with suppress(UnsupportedMediaError):
            return list(self.store.iterate(where=Condition("paths", "contains", self.stored_path(Path(reference)))))
        return []

    def parts(self, id: str, *, with_vectors: bool = False) -> list[Record]:
        """The segments, pages or chunks of an asset, in order; the things that are seen in it are ``objects``."""
        wanted = And((Condition("parent", "eq", id), Not(Condition(OBJECT, "exists"))))
        return sorted(self.store.iterate(where=wanted, with_vectors=with_vectors, parts=True), key=_order)

    def objects(self, id: str) -> list[Record]:
        """The things seen in a picture or clip, as parts with their boxes; in time, and the surest first."""
        wanted = And((Condition("parent", "eq", id), Condition(OBJECT, "exists")))
        records = self.store.iterate(where=wanted, parts=True)
        return sorted(records, key=lambda record: (_order(record), -object_of(record).score))

    def iterate(
        self, *, where: Filter | str | None = None, with_vectors: bool = False, parts: bool = False
    ) -> Iterator[Record]:
        """All assets in the order of their ids; with ``parts`` also their parts.

        Raises:
            FilterError: the filter cannot be read, or names a property that no record has.
        """
        return self.store.iterate(where=self.checked(where), with_vectors=with_vectors, parts=parts)

    def checked(self, where: Filter | str | None) -> Filter | None:
        """A filter, or its text, as a filter that this library can be asked.

        Raises:
            FilterError: it cannot be read, or no record has a property that it names; the message lists the known.
        """
        wanted = coerce(where)
        if wanted is not None:
            self._names.check(*(condition.name for condition in conditions(wanted)))
        return wanted

    def facts(
        self,
        kind: str = "invoice",
        *,
        where: Filter | str | None = None,
        most: int | None = None,
        progress: bool | ProgressCallback | None = None,
    ) -> FactsReport:
        """What the pictures and PDFs say as documents of a kind; each is read once, and what was read is kept.

        Args:
            kind: "invoice", "table" or "flowchart".
            where: only these assets.
            most: how many files are read now at most; the others that were never read are listed as failed.
            progress: show a bar on standard error (None: where that is a terminal), or a function as of ``add``.

        Returns:
            The facts by document; ``to_frames`` gives them as data frames, ``failed`` names the files that could not
            be read.

        Raises:
            ConfigError: the kind is not known.
            FilterError: the filter cannot be read, or names a property that no record has.
            MissingExtraError: the extra ``documents`` is not installed.
        """
        wanted = self.checked(where)
        with progress_or_callback(f"Reading {kind}s", progress) as report:
            return facts_of_library(self.store, self.path, kind, root=self.root, where=wanted, most=most, report=report)

    def path(self, record: Record | Hit) -> Path | None:
        """The path of an asset's file, to open it; None when the record names none.

        Of several paths of one content it is the first where a file is now.
        """
        if record.path is None:
            return None
        others = (record.record if isinstance(record, Hit) else record).properties.get("paths", ())
        stored = [record.path, *(others if isinstance(others, tuple) else ())]
        paths = [self.root / path if self.root else Path(path) for path in map(str, stored)]
        return next((path for path in paths if path.exists()), paths[0])

    # ------------------------------------------------------------ keeping

    def backup(self, folder: str | Path) -> None:
        """Write a consistent copy of the store into a new or empty folder; the media files are not copied."""
        self.store.backup(Path(folder))

    def restore(self, folder: str | Path) -> None:
        """Replace the store's content by a backup; when that fails, everything is as before."""
        self.store.restore(Path(folder))

    def close(self) -> None:
        """Release the store and the embedders; harmless when called twice."""
        self.store.close()
        self.routes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ vectors

    def _is_sure(self, listed: Sequence[Hit]) -> bool:
        """Whether what a list holds has to do with the query: it has its words, or is near enough to it."""
        name = listed[0].vector if listed else "keywords"
        return name == "keywords" or isinstance(self.routes.embedder(name), Calibrated)

    def _targets(self, kind: str, language: str) -> list[str]:
        """The vectors that are searched by default, of files and of films: what is seen, and what is read.

        A picture or clip is not compared with what is read where the embedder's cosines cannot be.
        """
        spec = self.store.spec
        names = [vector.name for vector in spec.vectors if spec.current(vector.name) == vector.name]
        names = [name for name in names if spec.role(name) != "moment"]
        if kind != "text":
            read = ("text", "speech")
            names = [name for name in names if spec.role(name) not in read or self._aligned(name)]
        left_out = self._left_out(language)
        return [name for name in names if name not in left_out]

    def _left_out(self, language: str) -> set[str]:
        """The vectors of files that another of the same role is better than for queries of a language.

        Of those whose embedders name their languages, the ones count that understand this one, and of those the ones
        with fewest languages; where none understands it, all do.
        """
        spec = self.store.spec
        left_out: set[str] = set()
        by_role: dict[VectorRole | None, dict[str, frozenset[str]]] = {}
        for vector in media_vectors(spec, "image", "text", "moment"):
            embedder = self.routes.embedder(vector.name)
            if isinstance(embedder, Fluent):
                by_role.setdefault(spec.role(vector.name), {})[vector.name] = embedder.languages
        for known in by_role.values():
            fluent = {name: languages for name, languages in known.items() if language in languages}
            fewest = min(map(len, fluent.values()), default=0)
            left_out |= {name for name in known if fluent and len(fluent.get(name, ())) != fewest}
        return left_out

    def _language(self, query: str | None, given: str | None, where: Filter | None) -> str:
        """The language of a query; where nothing says so, English where an embedder of English knows its words.

        A query of other words is in the language in which something nearer to it is found.
        """
        found = given or (detected(query) if query else ENGLISH)
        if found is not None:
            return found
        used = [self.routes.embedder(vector.name) for vector in media_vectors(self.store.spec, "image", "text")]
        fluent = sorted((one for one in used if isinstance(one, Fluent)), key=lambda one: len(one.languages))
        knowing = next((one for one in fluent if one.knows(query or "")), None)
        if knowing is None or UNKNOWN not in knowing.languages:
            return ENGLISH
        asked = Query(kind="text", source=Text(text=query or ""))
        best = {
            language: max(
                (
                    match.score
                    for _, ranking in rankings(
                        self.store, self.routes, asked, self._targets("text", language), where, 1, {}
                    )
                    for match in ranking.matches
                ),
                default=0.0,
            )
            for language in (ENGLISH, UNKNOWN)
        }
        return max(best, key=best.__getitem__)

    def _understands(self, name: str, language: str) -> bool:
        embedder = self.routes.embedder(name)
        return not isinstance(embedder, Fluent) or language in embedder.languages

    def _aligned(self, name: str) -> bool:
        """Whether this vector's embedder is known, and its cosines of texts and pictures may be compared."""
        embedder = self.routes.embedder(name)
        return embedder is not None and embedder.aligned

    def _with_moments(
        self, ranked: Sequence[Hit], asked: Query, rows: Mapping[str, FloatArray], language: str
    ) -> list[Hit]:
        """Point each clip's hit at its nearest segment, where the query can be compared with segments."""
        spec, left_out = self.store.spec, self._left_out(language)
        names = [vector.name for vector in spec.vectors_with_role("moment") if spec.current(vector.name) == vector.name]
        names = [name for name in names if name not in left_out]
        embedder = self.routes.embedder(names[-1]) if names else None
        if embedder is None or asked.kind not in embedder.accepts or all(hit.media_type != "video" for hit in ranked):
            return list(ranked)
        row = rows[embedder.name] if embedder.name in rows else asked.vector(embedder)
        return with_moments(self.store, ranked, row, names[-1])

    def _with_objects(self, ranked: Sequence[Hit], asked: Query, rows: Mapping[str, FloatArray]) -> list[Hit]:
        """Give each hit the thing in its picture whose name is nearest to the words that were asked, if one is near."""
        having = tuple(hit.id for hit in ranked if hit.record.properties.get("objects"))
        embedders = [self.routes.embedder(vector.name) for vector in self.store.spec.vectors_with_role("image")]
        embedder = next((one for one in embedders if one is not None and one.name in rows and one.aligned), None)
        if not having or embedder is None or asked.kind != "text":
            return list(ranked)
        wanted = And((Condition("parent", "in", having), Condition(OBJECT, "exists")))
        seen: dict[str, list[Record]] = {}
        for part in self.store.iterate(where=wanted, parts=True):
            seen.setdefault(part.asset, []).append(part)
        nearest = near_labels(
            rows[embedder.name], {str(p.properties[OBJECT]) for s in seen.values() for p in s}, embedder
        )
        return [replace(hit, object=nearest_object(hit, seen.get(hit.id, ()), nearest)) for hit in ranked]

    # ------------------------------------------------------------ paths

    def stored_path(self, path: Path) -> str:
        """A path as records keep it: relative to the library when inside it, else absolute; with slashes."""
        text = self._stored(path)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UnsupportedMediaError(
                f"The file name {path.name!r} is not valid Unicode. Rename the file."
            ) from error
        return text

    def _stored(self, path: Path) -> str:
        absolute = Path(os.path.abspath(path))
        inside = self.root is not None and absolute.is_relative_to(self.root)
        return (absolute.relative_to(self.root) if self.root and inside else absolute).as_posix()


def _embedder(embedder: Embedder | str) -> Embedder:
    return _plugins.build_named("embedders", embedder) if isinstance(embedder, str) else embedder


def _is_made_with(store: Store, embedder: str) -> bool:
    """Whether a name without a model, such as "offline", is that of every vector's embedder, whatever its model."""
    names = [vector.embedder for vector in store.spec.vectors]
    return bool(names) and all(name is not None and name.startswith(f"{embedder}:") for name in names)


def _order(record: Record) -> tuple[float, ...]:
    where = (record.properties.get(name, 0) for name in ("page", "t0", "chunk"))
    return tuple(float(value) if isinstance(value, int | float) else 0.0 for value in where)
