"""A retriever finds one kind of media in a library; agents and adapters use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_agents.ingest.presets import POSTER_VECTOR
from mm_agents.search.ranking import media_types

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.search.query import Picture, Video
    from mm_agents.types import Filter, Hit, Strength


class Retriever:
    """Finds one kind of media in a library; "text", "image", "video" and "poster" are instances of this one class.

    Args:
        library: where to look.
        name: "text" (text files and PDFs), "image", "video", or "poster" (films, by their posters).
        limit: how many hits unless a call says otherwise.

    Raises:
        ConfigError: no retriever has that name, or the library has no posters.
    """

    def __init__(self, library: Library, name: str, *, limit: int = 10) -> None:
        self.kind: str = "film" if name == "poster" else name
        media_types(self.kind)
        spec = library.store.spec
        self.vector: str | None = spec.vector(spec.current(POSTER_VECTOR)).name if name == "poster" else None
        self.library: Library = library
        self.name: str = name
        self.limit: int = limit

    def retrieve(
        self,
        query: str | None = None,
        *,
        image: Picture | None = None,
        video: Video | None = None,
        where: Filter | str | None = None,
        limit: int | None = None,
        min_strength: Strength | None = None,
    ) -> list[Hit]:
        """Find media of this retriever's kind; the arguments are those of ``Library.search``."""
        return self.library.search(
            query,
            image=image,
            video=video,
            kind=self.kind,
            vector=self.vector,
            where=where,
            limit=self.limit if limit is None else limit,
            min_strength=min_strength,
        )
