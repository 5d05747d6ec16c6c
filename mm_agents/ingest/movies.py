"""Films: a text vector of what they are about, and a poster vector of what their posters show."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mm_agents import media
from mm_agents.errors import ConfigError, MediaError
from mm_agents.ingest.files import IMAGE_SIDE, THUMBNAIL_SIDE
from mm_agents.ingest.pipeline import FailedFile, embed_items, failure
from mm_agents.ingest.presets import extend_for_films, film_vectors
from mm_agents.types import Image, Record, Text, Value, VectorRole

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.embedder_map import EmbedderMap
    from mm_agents.types import Item

_NAMESPACE = UUID("0b0a3a0e-5d0f-5c43-9a5e-6f2f6c1d7c11")
_BATCH = 32
_POSTERS = ("{id}_poster", "{id}", "{title}")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class FilmLibrary(Protocol):
    """The members of a library that adding films uses."""

    store: Store
    routes: EmbedderMap

    def stored_path(self, path: Path) -> str:
        """A path as records keep it."""
        ...


class Film(BaseModel):
    """One film of a list, as The Movie Database writes it; what else it says is kept where it is plain."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    id: int | str
    title: str = Field(min_length=1)
    overview: str = ""
    vote_average: float | None = None
    release_date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmsReport:
    """What adding films did.

    Attributes:
        added: how many were new or had changed.
        unchanged: how many were there already.
        without_poster: the titles of films that have no poster, and so no ``poster_vector``.
        failed: the posters that cannot be read, and the entries that are not films.
    """

    added: int
    unchanged: int
    without_poster: tuple[str, ...]
    failed: tuple[FailedFile, ...]


def add_movies(
    library: FilmLibrary,
    films: str | Path,
    posters: str | Path,
    *,
    report: Callable[[int, int, str], None] = lambda done, total, title: None,
) -> FilmsReport:
    """Add the films of a JSON list; again is a no-op, and a changed entry or poster replaces the film.

    Args:
        library: where to; it gets the vectors ``txt_vector`` and ``poster_vector`` when it has none.
        films: a JSON file, a list of objects with ``id``, ``title`` and ``overview``.
        posters: the folder of the posters, named ``ID_poster.jpg``, ``ID.jpg`` or ``TITLE.jpg`` (or png, webp).
        report: called with how many films are done, how many there are, and the title at hand.

    Raises:
        ConfigError: the file does not hold a JSON list, or there is not a folder of posters.
    """
    entries, folder = _read(Path(films)), Path(posters)
    if not folder.is_dir():
        raise ConfigError(f"The folder of posters {str(folder)!r} does not exist.")
    extend_for_films(library.store, library.routes)
    added = unchanged = 0
    failed: list[FailedFile] = []
    bare: list[str] = []
    for start in range(0, len(entries), _BATCH):
        new: dict[str, tuple[Record, dict[VectorRole, Item]]] = {}
        for place, entry in enumerate(entries[start : start + _BATCH], start=start):
            film = _film(entry, f"{films}[{place}]", failed)
            if film is None:
                continue
            record, items = _record(film, folder, library.stored_path, failed)
            if "image" not in items:
                bare.append(film.title)
            stored = library.store.get([record.id])
            if stored and (stored[record.id].properties, stored[record.id].text) == (record.properties, record.text):
                unchanged += 1
            else:
                new[record.id] = (record, items)
            report(place + 1, len(entries), film.title)
        library.store.upsert(_embedded(library.store, library.routes, list(new.values())))
        added += len(new)
    return FilmsReport(added=added, unchanged=unchanged, without_poster=tuple(bare), failed=tuple(failed))


def _read(path: Path) -> list[Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The list of films {str(path)!r} cannot be read: {error}.") from error
    if not isinstance(entries, list):
        raise ConfigError(f"{str(path)!r} should hold a JSON list of films; it holds a {type(entries).__name__}.")
    return entries


def _film(entry: Any, place: str, failed: list[FailedFile]) -> Film | None:
    try:
        return Film.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) or "entry"
        failed.append(
            FailedFile(path=place, error="ConfigError", reason=f"This is not a film: {what}: {first['msg']}.")
        )
        return None


def _record(
    film: Film, folder: Path, stored_path: Callable[[Path], str], failed: list[FailedFile]
) -> tuple[Record, dict[VectorRole, Item]]:
    """A film's record without vectors, and what its vectors are made of, by their roles."""
    text = f"{film.title}. {film.overview}".strip()
    items: dict[VectorRole, Item] = {"text": Text(text=text)}
    properties: dict[str, Value] = {"name": film.title, "media_type": "film", "film_id": str(film.id)}
    properties |= {name: value for name, value in _plain(film).items() if name not in properties}
    thumbnail = None
    poster = _poster(film, folder)
    if poster is not None:
        try:
            file = media.inspect(poster)
            image: Image = media.load_image(file, max_side=IMAGE_SIDE)
        except MediaError as error:
            failed.append(failure(poster, error))
        else:
            items["image"] = image
            thumbnail = media.encode_jpeg(image.pixels, max_side=THUMBNAIL_SIDE)
            stored = stored_path(poster)
            properties |= {"path": stored, "paths": (stored,), "sha256": file.sha256}
    id = str(uuid5(_NAMESPACE, f"film:{film.id}"))
    return Record(id=id, properties=properties, text=film.overview, thumbnail=thumbnail), items


def _plain(film: Film) -> Mapping[str, Value]:
    """What an entry says beyond its id and texts, where a property can hold it."""
    extra = film.model_dump(exclude={"id", "title", "overview"}, exclude_none=True)
    return {
        name: value
        for name, value in extra.items()
        if isinstance(value, str | int | float | bool) and name.isidentifier() and name not in ("path", "sha256")
    }


def _poster(film: Film, folder: Path) -> Path | None:
    """The film's poster, found by its name inside the folder; an entry's own paths are not followed."""
    names = {pattern.format(id=film.id, title=film.title) for pattern in _POSTERS}
    wanted = {
        os.path.basename(name) + suffix for name in names if name == os.path.basename(name) for suffix in _SUFFIXES
    }
    posters = [folder / name for name in sorted(wanted) if (folder / name).is_file()]
    return posters[0] if posters else None


def _embedded(
    store: Store, embedders: EmbedderMap, films: Sequence[tuple[Record, dict[VectorRole, Item]]]
) -> list[Record]:
    """The records with their vectors."""
    roles: tuple[Literal["text", "image"], ...] = ("text", "image")
    targets: dict[VectorRole, list[tuple[str, Embedder]]] = {
        role: [(vector.name, embedders.need(vector.name)) for vector in film_vectors(store.spec, role)]
        for role in roles
    }
    vectors = embed_items([items for _, items in films], targets)
    return [replace(record, vectors=made) for (record, _), made in zip(films, vectors, strict=True)]
