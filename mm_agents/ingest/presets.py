"""The collections that a new library can become."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mm_agents.types import CollectionSpec, VectorSpec

if TYPE_CHECKING:
    from mm_agents.protocols import Embedder, Store
    from mm_agents.search.embedder_map import EmbedderMap


def media_spec(embedder: Embedder) -> CollectionSpec:
    """The collection that a folder of media becomes: what is seen, what is read, and the moments of clips.

    ``media`` holds what a picture, page or shot shows; ``words`` holds passages of text; ``moment`` holds every
    segment of a clip, which tells where in it a match lies.
    """
    seen = ("media", "moment") if "image" in embedder.accepts else ()
    read = ("words",) if "text" in embedder.accepts else ()
    vectors = tuple(VectorSpec(name=name, width=embedder.width, embedder=embedder.name) for name in sorted(seen + read))
    return CollectionSpec(name="Media", vectors=vectors)


def movies_spec(embedder: Embedder) -> CollectionSpec:
    """The collection of films: ``txt_vector`` of the title and overview, ``poster_vector`` of the poster."""
    seen = ("poster_vector",) if "image" in embedder.accepts else ()
    read = ("txt_vector",) if "text" in embedder.accepts else ()
    return _collection("Movies", seen + read, embedder)


def extend(store: Store, embedders: EmbedderMap, preset: Callable[[Embedder], CollectionSpec]) -> None:
    """Give a store the vectors of a preset where it has none of them, made by the embedder that it has already.

    Args:
        store: what gets the vectors.
        embedders: which embedder fills each vector.
        preset: the collection that a new library becomes.

    Raises:
        ConfigError: nobody said which embedder that is.
    """
    spec = store.spec
    if not spec.vectors:
        return
    wanted = preset(embedders.need(spec.vectors[0].name)).vectors
    if not any(spec.vectors_with_role(vector.name) for vector in wanted):
        store.extend(CollectionSpec(name=spec.name, vectors=(*spec.vectors, *wanted)))


def _collection(name: str, vectors: tuple[str, ...], embedder: Embedder) -> CollectionSpec:
    filled = (VectorSpec(name=vector, width=embedder.width, embedder=embedder.name) for vector in sorted(vectors))
    return CollectionSpec(name=name, vectors=tuple(filled))
