"""What a classifier sees in pictures, where the library's embedder is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mm_agents.errors import EmbedderError, MissingExtraError
from mm_agents.protocols import Classifier
from mm_agents.types import Image

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.protocols import Embedder

Named = Sequence[tuple[str, float]]
"""Names with probabilities, the likeliest first."""

SURE = 0.5
"""A class is told from this probability on; below, the kind of thing is told, with the class as a guess."""

KIND = 0.35
GUESS = 0.15


class Sight:
    """Names what pictures show by the embedder of a library.

    Args:
        library: whose embedder is asked.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def embedder(self) -> Embedder | None:
        """The embedder that sees pictures; None where none does."""
        names = [spec.name for spec in self._library.store.spec.vectors if spec.name in ("media", "poster_vector")]
        return next((one for name in names if (one := self._library.routes.embedder(name)) is not None), None)

    def named(self, image: Image) -> tuple[Named, Named]:
        """The classes and the kinds of thing that a picture may show; none where nothing can tell."""
        embedder = self.embedder
        if not isinstance(embedder, Classifier):
            return (), ()
        try:
            return embedder.recognise([image], top=3)[0]
        except (MissingExtraError, EmbedderError):
            return (), ()  # what can be known without it is still told

    def sentence(self, image: Image) -> str | None:
        """What a picture shows, in a sentence without its full stop."""
        classes, kinds = self.named(image)
        return shown(classes, kinds)


def shown(classes: Named, kinds: Named) -> str | None:
    """What a picture shows: the class where that is sure, else the kind of thing, else nothing."""
    if not classes:
        return None
    (name, share), (kind, together) = classes[0], kinds[0] if kinds else ("", 0.0)
    if share >= SURE:
        return f"It shows {_article(name)} ({share:.0%} sure)"
    if together >= KIND:
        guess = f", perhaps {_article(name)}" if share >= GUESS else ""
        return f"It shows {_article(kind)} ({together:.0%} sure){guess}"
    return f"It may show {_article(name)} ({share:.0%} sure)" if share >= GUESS else None


def _article(name: str) -> str:
    return f"{'an' if name[:1].casefold() in 'aeiou' else 'a'} {name}"


def with_sight(hits: Sequence[Mapping[str, Any]], images: Sequence[Image], sight: Sight) -> list[dict[str, Any]]:
    """Hits as a payload has them, the first with what a classifier sees in their pictures as "shows".

    Args:
        hits: best first.
        images: the pictures of the first of them.
        sight: what sees.
    """
    seen = [sight.sentence(image) for image in images]
    return [{**hit, "shows": seen[n] if n < len(seen) else None} for n, hit in enumerate(hits)]
