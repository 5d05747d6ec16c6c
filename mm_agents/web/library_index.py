"""The library as the page lists it: a light row for each asset, facets, sorting, and what a search finds."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath
from threading import Lock, Thread
from typing import Any, Literal

from mm_agents import media
from mm_agents._text import excerpt
from mm_agents.errors import ConfigError, MMAgentsError, StoreError
from mm_agents.ingest.catalog import common_folder, date_of, folder_below
from mm_agents.library import Library
from mm_agents.types import SPOKEN, WORDS_READ, And, Condition, Filter, Hit, Record
from mm_agents.web.media_files import MediaFiles

TAGS = "tags"
"""The property that holds what people call an asset."""

FACETS = ("kind", "year", "folder", "objects", "has", "tags")
Sort = Literal["best", "name", "newest", "oldest", "largest", "longest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexParameters:
    """How much is listed, and how long a listing is used.

    Attributes:
        found: how many assets a search lists at most.
        far: how many are listed where few have to do with the words, so that a wrong word still shows something.
        similar: how many are listed as similar to one.
        fresh: seconds after which the library's count is compared again.
        values: of one facet that are offered, the most frequent first.
        page: rows of one request.
        excerpt: characters of a text.
        sets: parts of the map that are kept, the last ones.
    """

    found: int = 200
    far: int = 12
    similar: int = 60
    fresh: float = 10.0
    values: int = 24
    page: int = 400
    excerpt: int = 220
    sets: int = 64


PARAMETERS = IndexParameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An asset in a listing; ``shown`` is what the page is sent, ``values`` what its facets count."""

    id: str
    shown: Mapping[str, Any]
    values: Mapping[str, tuple[str, ...]]
    date: str
    size: float
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is asked for.

    Attributes:
        words: to search for.
        upload: the id of a sent picture or clip to search with.
        like: the id of an asset to find similar ones of.
        kept: what ``LibraryIndex.keep`` calls the assets to list alone.
        chosen: by facet, the values of which one has to fit.
        sort: the order; "best" is that of the search.
        offset: how many rows to pass over.
        limit: how many rows.
    """

    words: str = ""
    upload: str | None = None
    like: str | None = None
    kept: str | None = None
    chosen: Mapping[str, tuple[str, ...]]
    sort: Sort = "best"
    offset: int = 0
    limit: int = 100


class LibraryIndex:
    """Lists one library; rows are read once, and again when the number of assets has changed. Thread-safe.

    Args:
        library: what is listed.
        files: what visitors have sent.
    """

    def __init__(self, library: Library, files: MediaFiles) -> None:
        self.library = library
        self._files = files
        self._rows: dict[str, Row] | None = None
        self._looked = 0.0
        self._lock = Lock()
        self._sets: OrderedDict[str, frozenset[str]] = OrderedDict()
        Thread(target=self._warm, daemon=True, name="library-index").start()

    def page(self, listing: Listing) -> dict[str, Any]:
        """Rows, how many there are in all, and the facets of those.

        Raises:
            MMAgentsError: the search is not possible.
        """
        rows = self.rows()
        hits = self._hits(listing)
        if hits is None:
            chosen = list(rows.values())
            extra: dict[str, dict[str, Any]] = {}
        else:
            chosen = [rows[hit.id] for hit in hits if hit.id in rows]
            extra = {hit.id: _moment(hit) for hit in hits}
        chosen = self._of_set(chosen, listing.kept)
        fitting = [row for row in chosen if _fits(row, listing.chosen)]
        ordered = _ordered(fitting, listing.sort, searched=hits is not None)
        part = ordered[listing.offset : listing.offset + min(listing.limit, PARAMETERS.page)]
        return {
            "total": len(ordered),
            "all": len(rows),
            "items": [{**row.shown, **extra.get(row.id, {})} for row in part],
            "facets": {name: _facet(chosen, listing.chosen, name) for name in FACETS},
        }

    def ids(self, listing: Listing) -> list[str]:
        """The ids of all assets of a listing."""
        rows, hits = self.rows(), self._hits(listing)
        chosen = rows.values() if hits is None else [rows[hit.id] for hit in hits if hit.id in rows]
        return [row.id for row in self._of_set(chosen, listing.kept) if _fits(row, listing.chosen)]

    def keep(self, ids: Sequence[str]) -> str:
        """Keep assets under a name of their own, to be listed alone."""
        chosen = frozenset(ids)
        name = blake2b("\n".join(sorted(chosen)).encode(), digest_size=9).hexdigest()
        with self._lock:
            self._sets[name] = chosen
            self._sets.move_to_end(name)
            while len(self._sets) > PARAMETERS.sets:
                self._sets.popitem(last=False)
        return name

    def _of_set(self, rows: Iterable[Row], name: str | None) -> list[Row]:
        if name is None:
            return list(rows)
        with self._lock:
            kept = self._sets.get(name)
        if kept is None:
            raise ConfigError("That part of the map is not kept any more. Choose it on the map again.")
        return [row for row in rows if row.id in kept]

    def rows(self) -> dict[str, Row]:
        """All rows by id."""
        with self._lock:
            now = time.monotonic()
            if self._rows is None or (
                now - self._looked > PARAMETERS.fresh and self.library.count() != len(self._rows)
            ):
                self._rows = self._read()
            self._looked = now
            return self._rows

    def forget(self) -> None:
        """Read the rows again when they are next asked for."""
        with self._lock:
            self._rows = None

    def remove(self, ids: Sequence[str]) -> int:
        """Remove assets from the library; returns how many there were."""
        removed = self.library.remove(*ids)
        with self._lock:
            if self._rows is not None:
                gone = set(ids)
                self._rows = {id: row for id, row in self._rows.items() if id not in gone}
        return removed

    def tag(self, ids: Sequence[str], add: Iterable[str], remove: Iterable[str]) -> int:
        """Give assets tags and take some away; returns how many were changed."""
        added, removed = _tags(add), set(_tags(remove))
        changed: list[Record] = []
        for record in self.library.store.get(ids, with_vectors=True).values():
            changed += self._tagged(record, added, removed)
        if changed:
            self.library.store.upsert(changed)
            self.forget()
        return sum(record.parent is None for record in changed)

    def _tagged(self, record: Record, added: Sequence[str], removed: set[str]) -> list[Record]:
        """An asset and its parts with other tags; nothing where they stay as they are."""
        before = record.properties.get(TAGS, ())
        kept = [str(one) for one in before] if isinstance(before, tuple) else []
        after = tuple(dict.fromkeys(one for one in (*kept, *added) if one not in removed))
        if after == tuple(kept):
            return []
        where = Condition("parent", "eq", record.id)
        parts = self.library.store.iterate(where=where, with_vectors=True, parts=True)
        return [_with_tags(one, after) for one in (record, *parts)]

    # ------------------------------------------------------------ reading

    def _warm(self) -> None:
        with suppress(MMAgentsError, OSError):  # the request that asks for them says why
            self.rows()

    def _read(self) -> dict[str, Row]:
        has: dict[str, list[str]] = {}
        for name, value in ((WORDS_READ, "text"), (SPOKEN, "speech")):
            try:
                parts = self.library.store.iterate(where=Condition(name, "exists"), parts=True)
                for id in {part.asset for part in parts if part.text.strip()}:
                    has.setdefault(id, []).append(value)
            except StoreError:
                continue
        common = common_folder(record.path for record in self.library.iterate())
        return {record.id: _row(record, has.get(record.id, []), common) for record in self.library.iterate()}

    def _hits(self, listing: Listing) -> list[Hit] | None:
        """What a search finds; None where nothing is searched for."""
        if listing.like is not None:
            return self.library.recommend([listing.like], limit=PARAMETERS.similar)
        if not listing.words.strip() and listing.upload is None:
            return None
        sent = None if listing.upload is None else self._files.upload(listing.upload)
        is_clip = sent is not None and media.inspect(sent.path).media_type == "video"
        hits = self.library.search(
            listing.words.strip() or None,
            image=sent.path if sent is not None and not is_clip else None,
            video=sent.path if sent is not None and is_clip else None,
            where=_where(listing.chosen),
            limit=PARAMETERS.found,
        )
        near = [hit for hit in hits if sent is not None or hit.strength != "weak"]
        return near if len(near) >= PARAMETERS.far else hits[: PARAMETERS.far]


def _where(chosen: Mapping[str, tuple[str, ...]]) -> Filter | None:
    """What of a choice the store can filter by, so that a search looks among those alone."""
    kinds = chosen.get("kind", ())
    return And((Condition("media_type", "in", kinds),)) if kinds else None


def _row(record: Record, has: Sequence[str], common: PurePath | None) -> Row:
    properties = record.properties
    date, folder = date_of(record), folder_below(record.path, common)
    objects, tags = properties.get("objects", ()), properties.get(TAGS, ())
    has_text = ["text"] if record.text.strip() and record.media_type in ("text", "pdf") else []
    size, duration = (float(str(properties.get(name) or 0)) for name in ("size", "duration"))
    shown: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "kind": record.media_type,
        "thumbnail": record.thumbnail is not None,
        "text": excerpt(record.text, PARAMETERS.excerpt) if record.thumbnail is None else "",
        "year": date[:4],
        "duration": duration or None,
        "rating": properties.get("vote_average"),
    }
    values: dict[str, tuple[str, ...]] = {
        "kind": (record.media_type,),
        "year": (date[:4],) if date else (),
        "folder": (folder,) if folder else (),
        "objects": tuple(map(str, objects)) if isinstance(objects, tuple) else (),
        "has": tuple(dict.fromkeys((*has_text, *has))),
        "tags": tuple(map(str, tags)) if isinstance(tags, tuple) else (),
    }
    return Row(id=record.id, shown=shown, values=values, date=date, size=size, duration=duration)


def _fits(row: Row, chosen: Mapping[str, tuple[str, ...]], but: str | None = None) -> bool:
    return all(
        not values or name == but or any(value in values for value in row.values.get(name, ()))
        for name, values in chosen.items()
    )


def _facet(rows: Sequence[Row], chosen: Mapping[str, tuple[str, ...]], name: str) -> list[tuple[str, int]]:
    """The values of a facet with how many assets have each, among those that fit all other facets."""
    counts = Counter(value for row in rows if _fits(row, chosen, name) for value in row.values.get(name, ()))
    for value in chosen.get(name, ()):
        counts.setdefault(value, 0)
    if name == "year":
        return sorted(counts.items(), reverse=True)[: PARAMETERS.values]
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: PARAMETERS.values]


_KEYS: Mapping[str, tuple[Callable[[Row], Any], bool]] = {
    "newest": (lambda row: row.date, True),
    "oldest": (lambda row: row.date or "9999", False),
    "largest": (lambda row: row.size, True),
    "longest": (lambda row: row.duration, True),
}


def _ordered(rows: list[Row], sort: Sort, *, searched: bool) -> list[Row]:
    if sort == "best" and searched:
        return rows
    by_name = sorted(rows, key=lambda row: (row.shown["name"].casefold(), row.id))
    if sort not in _KEYS:
        return by_name
    key, reverse = _KEYS[sort]
    return sorted(by_name, key=key, reverse=reverse)


def _moment(hit: Hit) -> dict[str, Any]:
    """Where in an asset a hit points, and how strong it is."""
    passage = excerpt(hit.text or "", PARAMETERS.excerpt)
    return {"t0": hit.t0, "t1": hit.t1, "page": hit.page, "passage": passage, "strength": hit.strength}


def _tags(given: Iterable[str]) -> list[str]:
    """Tags as they are kept: short, without blanks around them.

    Raises:
        ConfigError: one is empty or too long.
    """
    tags = [" ".join(one.split()) for one in given]
    if any(not one or len(one) > 60 for one in tags):
        raise ConfigError("A tag has 1 to 60 characters.")
    return tags


def _with_tags(record: Record, tags: tuple[str, ...]) -> Record:
    properties = {name: value for name, value in record.properties.items() if name != TAGS}
    return Record(
        id=record.id,
        properties={**properties, TAGS: tags} if tags else properties,
        text=record.text,
        vectors=record.vectors,
        parent=record.parent,
        thumbnail=record.thumbnail,
    )
