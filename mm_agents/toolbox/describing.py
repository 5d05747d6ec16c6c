"""The tool that describes pictures: by a chat model, or by what the library's classifier sees in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from mm_agents import media
from mm_agents._text import excerpt
from mm_agents.documents import read_document
from mm_agents.errors import ChatError, EmbedderError, MissingExtraError, ToolError
from mm_agents.ingest.files import IMAGE_SIDE
from mm_agents.protocols import Classifier
from mm_agents.security.injection import paint_over, screen, screen_words
from mm_agents.toolbox.sources import Asset, Sources
from mm_agents.tools import Picture, ToolResult
from mm_agents.types import Box, Image

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel
    from mm_agents.library import Library
    from mm_agents.protocols import Embedder

Named = Sequence[tuple[str, float]]
"""Names with probabilities, the likeliest first."""

SURE = 0.5
"""A class is told from this probability on; below, the kind of thing is told, with the class as a guess."""

KIND = 0.35
GUESS = 0.15


class ImageClassifierView:
    """Names what pictures show by the embedder of a library.

    Args:
        library: whose embedder is asked.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def embedder(self) -> Embedder | None:
        """The embedder that sees pictures; None where none does."""
        names = [spec.name for spec in self._library.store.spec.vectors_with_role("image")]
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


def with_classifier(
    hits: Sequence[Mapping[str, Any]], images: Sequence[Image], sight: ImageClassifierView
) -> list[dict[str, Any]]:
    """Hits as a payload has them, the first with what a classifier sees in their pictures as "shows".

    Args:
        hits: best first.
        images: the pictures of the first of them.
        sight: what sees.
    """
    seen = [sight.sentence(image) for image in images]
    return [{**hit, "shows": seen[n] if n < len(seen) else None} for n, hit in enumerate(hits)]


_MANY_WORDS = 8
"""A picture with so many words is a page or a figure: what a classifier of photographs says of it means nothing."""

_SHOWN_SIDE = 1024
_NUMBER = re.compile(r"(?<![\w.,])[-+]?[$€£]?\d[\d.,]*%?(?![\w])")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What can be known of a picture without a chat model.

    Attributes:
        asset: whose picture it is.
        image: its pixels.
        classes: what it may show, with probabilities, best first.
        kinds: what kinds of thing, likewise.
        words: its text; None where words cannot be read.
        withheld: lines on it that read like an instruction; they are in neither of both.
    """

    asset: Asset
    image: Image
    size: tuple[int, int]
    classes: Sequence[tuple[str, float]]
    kinds: Sequence[tuple[str, float]]
    words: str | None
    withheld: tuple[str, ...]

    @property
    def numbers(self) -> list[str]:
        return list(dict.fromkeys(_NUMBER.findall(self.words or "")))

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.asset.id,
            "name": self.asset.name,
            "media_type": self.asset.media_type,
            "width": self.size[0],
            "height": self.size[1],
            "classes": [{"name": name, "probability": round(share, 4)} for name, share in self.classes],
            "kinds": [{"name": name, "probability": round(share, 4)} for name, share in self.kinds],
            "words": self.words,
            "numbers": self.numbers,
        }


class Describing:
    """The function behind the tool.

    Args:
        library: whose embedder may name what pictures show.
        sources: what arguments point at.
        model: a chat model that sees; None for what can be known without one.
    """

    def __init__(self, library: Library, sources: Sources, model: ChatModel | None) -> None:
        self._sight, self._sources, self._model = ImageClassifierView(library), sources, model

    def describe_image(
        self,
        source: Annotated[
            str, Field(description="The picture, poster or clip: an id from a search, a path, or an attachment's name.")
        ],
        question: Annotated[str | None, Field(description="What to tell of it.")] = None,
        other: Annotated[str | None, Field(description="A second picture to compare it with.")] = None,
    ) -> ToolResult:
        """Describe what a photograph, poster or figure shows, explain it, or compare two pictures."""
        seen = [self._look(one) for one in (source, other) if one is not None]
        told = [_told(one) for one in seen]
        facts: dict[str, Any] = {"pictures": [one.to_json() for one in seen], "question": question}
        if len(seen) == 2:
            facts["compared"] = self._compared(seen[0], seen[1])
            told.append(facts["compared"]["text"])
        if self._model is not None:
            with suppress(ChatError):  # what can be known without it is still told
                facts["description"] = self._described(self._model, seen, question)
        lines = [f"[{n}] {text}" if n <= len(seen) else text for n, text in enumerate(told, start=1)]
        return ToolResult(
            text="\n".join([*([facts["description"]] if "description" in facts else []), *lines]),
            media=tuple(Picture(image=media.shrink(one.image, _SHOWN_SIDE), caption=one.asset.name) for one in seen),
            payload={**facts, "sentences": told, "withheld": [line for one in seen for line in one.withheld]},
            evidence=tuple(one.asset.whole("looked at") for one in seen),
            assets=tuple(one.asset.id for one in seen if one.asset.record is not None),
        )

    # ------------------------------------------------------------ helpers

    def _look(self, reference: str) -> _Seen:
        asset = self._sources.resolve(reference)
        image, size = _picture(asset)
        classes, kinds = self._sight.named(image)
        words, image, withheld = _read(asset, image, size)
        return _Seen(asset=asset, image=image, size=size, classes=classes, kinds=kinds, words=words, withheld=withheld)

    def _compared(self, one: _Seen, other: _Seen) -> dict[str, Any]:
        """What two pictures have in common, as far as it can be known."""
        embedder = self._sight.embedder
        nearness: float | None = None
        if embedder is not None and "image" in embedder.accepts:
            rows = embedder.embed([one.image, other.image], role="document")
            nearness = float(np.dot(rows[0], rows[1]))
        ours, theirs = (
            {name for name, share in (*seen.kinds, *seen.classes) if share >= KIND} for seen in (one, other)
        )
        words, other_words = (set((seen.words or "").casefold().split()) for seen in (one, other))
        common = sorted(ours & theirs)
        shared = sorted(word for word in words & other_words if len(word) > 2)[:10]
        parts = [f"Both seem to show {', '.join(common)}"] if common else []
        parts += ["They show different things"] if ours and theirs and not common else []
        parts += [f"Both have the words {', '.join(shared)}"] if shared else []
        if one.asset.file().sha256 == other.asset.file().sha256:
            parts = ["They are the same file"]
        elif nearness is not None:
            parts.append(f"Their likeness is {nearness:.2f} of 1")
        return {"text": ". ".join(parts) + ".", "nearness": nearness, "classes": common, "words": shared}

    def _described(self, model: ChatModel, seen: Sequence[_Seen], question: str | None) -> str:
        from mm_agents.chat import fenced

        names = " and ".join(one.asset.name for one in seen)
        task = "Compare the two pictures." if len(seen) == 2 else "Describe the picture in a few plain sentences."
        prompt = f"{task} Say only what can be seen.\n" + fenced(names, what="The files' names")
        if question:
            prompt += "\n\n" + fenced(question, what="The user's question about them, to be answered")
        return model.text(prompt, pictures=[one.image for one in seen]).text


def _read(asset: Asset, image: Image, size: tuple[int, int]) -> tuple[str | None, Image, tuple[str, ...]]:
    """The words in a picture, and the picture, both without what reads like an instruction; and what does."""
    if asset.media_type not in ("image", "film"):
        return None, image, ()
    try:
        found = read_document("text", asset.file())
    except MissingExtraError:
        return None, image, ()
    words = found.pages[0].words
    inside, lines = screen_words(words)
    if inside:
        across, down = image.pixels.shape[1] / size[0], image.pixels.shape[0] / size[1]
        image = paint_over(image, [_scaled(words[n].box, across, down) for n in inside])
    return screen(found.text)[0], image, lines


def _scaled(box: Box, across: float, down: float) -> Box:
    return Box(
        x0=int(box.x0 * across), y0=int(box.y0 * down), x1=round(box.x1 * across + 1), y1=round(box.y1 * down + 1)
    )


def _picture(asset: Asset) -> tuple[Image, tuple[int, int]]:
    """An asset's picture, made smaller where it is large, and its size: of a clip, the frame in its middle."""
    file = asset.file()
    if file.media_type == "image":
        return media.load_image(file, max_side=2 * IMAGE_SIDE), media.image_size(file)
    if file.media_type == "video":
        frames = [clip.frames[len(clip.frames) // 2] for clip in media.segments(file)]
        pixels = frames[len(frames) // 2]
    elif file.media_type == "pdf":
        pixels = next(iter(media.pages(file))).image.pixels
    else:
        raise ToolError(f"{asset.name!r} is {file.format}; a picture is described.", retry=True)
    return Image(pixels=pixels), (pixels.shape[1], pixels.shape[0])


def _told(seen: _Seen) -> str:
    """A picture in a sentence or two."""
    what = {"video": "a clip", "pdf": "a PDF", "film": "a film's poster"}.get(seen.asset.media_type, "a picture")
    parts = [f"{seen.asset.name} is {what} of {seen.size[0]} × {seen.size[1]} pixels"]
    words = (seen.words or "").split()
    if len(words) >= _MANY_WORDS:
        parts.append("It is a page or figure with words")
    elif seen.classes:
        parts.append(shown(seen.classes, seen.kinds) or "What it shows is none of the things that are known by sight")
    if words:
        parts.append(f"It says: “{excerpt(' '.join(words), 300)}”")
    if len(words) >= _MANY_WORDS and seen.numbers:
        parts.append(f"Numbers on it: {', '.join(seen.numbers[:12])}")
    return ". ".join(parts).replace("”.", ".”").rstrip(".") + "."
