"""The collections that a new library can become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from mm_agents import _plugins
from mm_agents.protocols import Accompanied
from mm_agents.types import CollectionSpec, VectorRole, VectorSpec

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.embedder_map import EmbedderMap

LANGUAGES = "_languages"
"""How the names of vectors end that are beside others for more languages."""

POSTER_VECTOR = "poster_vector"
STORY_VECTOR = "txt_vector"
SPEECH_VECTOR = "speech"

_FILM_VECTORS: Mapping[Literal["image", "text"], str] = {"image": POSTER_VECTOR, "text": STORY_VECTOR}


def media_spec(embedder: Embedder) -> CollectionSpec:
    """The collection that a folder of media becomes: what is seen, what is read, and the moments of clips.

    ``media`` holds what a picture, page or shot shows; ``words`` holds passages of text; ``moment`` holds every
    segment of a clip, which gives the time of a match. Where the embedder has a companion for other languages, each
    has a second vector by that one, such as ``media_languages``.
    """
    seen = ("media", "moment") if "image" in embedder.accepts else ()
    read = ("words",) if "text" in embedder.accepts else ()
    spec = _collection("Media", seen + read, embedder)
    return replace(spec, vectors=(*spec.vectors, *language_vectors(spec, embedder)))


def language_vectors(spec: CollectionSpec, embedder: Embedder) -> tuple[VectorSpec, ...]:
    """The vectors by an embedder's companion that belong beside those that files fill by the embedder.

    None where the embedder has no companion, or it is not installed.
    """
    name = embedder.companion if isinstance(embedder, Accompanied) else None
    if name is None:
        return ()
    companion: Embedder = _plugins.build_named("embedders", name)
    return tuple(
        VectorSpec(name=f"{vector.name}{LANGUAGES}", width=companion.width, embedder=name, role=spec.role(vector.name))
        for vector in media_vectors(spec, "image", "text", "moment")
        if vector.embedder == embedder.name
    )


def movies_spec(embedder: Embedder) -> CollectionSpec:
    """The collection of films: ``txt_vector`` of the title and overview, ``poster_vector`` of the poster."""
    seen = (POSTER_VECTOR,) if "image" in embedder.accepts else ()
    read = (STORY_VECTOR,) if "text" in embedder.accepts else ()
    return _collection("Movies", seen + read, embedder)


def extend_for_media(store: Store, embedders: EmbedderMap) -> None:
    """Give a store that has vectors, but none that files fill, those of ``media_spec``, made by the embedder it has.

    Raises:
        ConfigError: nobody said which embedder that is.
    """
    if store.spec.vectors and not media_vectors(store.spec, "image", "moment", "text"):
        _extend(store, embedders, media_spec)


def extend_for_films(store: Store, embedders: EmbedderMap) -> None:
    """Give a store that has vectors, but none that films fill, those of ``movies_spec``; as ``extend_for_media``."""
    if store.spec.vectors and not (film_vectors(store.spec, "image") or film_vectors(store.spec, "text")):
        _extend(store, embedders, movies_spec)


def extend_for_speech(store: Store, embedders: EmbedderMap) -> None:
    """Give a store a vector of spoken sentences, by the embedder of its texts, where it has none and there is one."""
    spec = store.spec
    texts = [embedder for one in media_vectors(spec, "text") if (embedder := embedders.embedder(one.name)) is not None]
    if spec.vectors_with_role("speech") or not texts:
        return
    embedders.know(texts[-1])
    added = VectorSpec(name=SPEECH_VECTOR, width=texts[-1].width, embedder=texts[-1].name, role="speech")
    store.extend(CollectionSpec(name=spec.name, vectors=(*spec.vectors, added)))


def media_vectors(spec: CollectionSpec, *roles: VectorRole) -> tuple[VectorSpec, ...]:
    """The vectors that files fill with what has one of these roles: all of that role but for those of films."""
    films = {vector.name for name in _FILM_VECTORS.values() for vector in _family(spec, name)}
    return tuple(vector for vector in spec.vectors_with_role(*roles) if vector.name not in films)


def film_vectors(spec: CollectionSpec, role: Literal["image", "text"]) -> tuple[VectorSpec, ...]:
    """The vectors that films fill with their posters ("image") or stories ("text")."""
    return _family(spec, _FILM_VECTORS[role])


def film_vector(spec: CollectionSpec, role: Literal["image", "text"]) -> str | None:
    """The vector by which films are searched, by their posters ("image") or stories ("text"); None without it."""
    return spec.current(_FILM_VECTORS[role]) if film_vectors(spec, role) else None


def _extend(store: Store, embedders: EmbedderMap, preset: Callable[[Embedder], CollectionSpec]) -> None:
    spec = store.spec
    added = preset(embedders.need(spec.vectors[0].name)).vectors
    store.extend(CollectionSpec(name=spec.name, vectors=(*spec.vectors, *added)))


def _family(spec: CollectionSpec, name: str) -> tuple[VectorSpec, ...]:
    """The vector of that name, where it is there, and those that replace it."""
    return tuple(vector for vector in spec.vectors if name in (vector.name, vector.replaces))


def _collection(name: str, vectors: tuple[str, ...], embedder: Embedder) -> CollectionSpec:
    filled = (VectorSpec(name=vector, width=embedder.width, embedder=embedder.name) for vector in sorted(vectors))
    return CollectionSpec(name=name, vectors=tuple(filled))
