"""The second pass of ``add``: words are read in pictures, scanned pages and clips, which are found by what they say.

What was read becomes parts of the asset, which itself stays as it was: pictures can be searched before this pass is
over, and a pass that was interrupted resumes where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import numpy as np
import PIL.Image

from mm_agents import _plugins, media
from mm_agents._progress import ProgressCallback
from mm_agents.errors import MediaError, MissingExtraError
from mm_agents.ingest.files import chunks, file_of
from mm_agents.ingest.pipeline import FailedFile, failure, with_text_vectors
from mm_agents.ingest.presets import media_vectors
from mm_agents.types import (
    WORDS_READ,
    And,
    Condition,
    Image,
    Record,
    Value,
    Words,
)

if TYPE_CHECKING:
    from mm_agents.media import MediaFile
    from mm_agents.protocols import Ocr, Store
    from mm_agents.search.embedder_map import EmbedderMap

READ = WORDS_READ
GLANCED = "glance"
"""In the place of what read the words, where there seemed to be none."""

_NAMESPACE = UUID("1d4c7a0e-52f3-5b0b-8f5d-0c8a4f3e9b61")
_GLANCE_SIDE = 544
"""Pixels a side for a look at whether there is text; of signs drawn into photographs it notices all that are at least
0.08 of the width, and 85 in 100 of those from 0.035 to 0.07 (448: 80, at 0.76 of the time; 640: 92, at 1.3 times)."""

_ENLARGED = 2
"""How many times a smaller picture is enlarged for that look at most: of 16 photographs of 200 to 500 pixels with words
it notices 13, where it noticed 5 (3 times: 15, at 1.4 times the time)."""

_CLIP_SIDE = 1024
"""Pixels a side of a clip's frames: what is to be read by who watches is large enough in it."""

_SAME_SCENE = 6.0
"""The mean difference of two small frames, of 255, up to which the second shows nothing new and is not looked at."""

_SMALL = 32
_LEAST_CONFIDENCE = 0.6
_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsReport:
    """What a pass read.

    Attributes:
        read: in how many pictures, pages and scenes of clips there were words.
        without: how many were looked at and have none.
        failed: the files that could not be read.
    """

    read: int
    without: int
    failed: tuple[FailedFile, ...]


def read_words(
    store: Store,
    embedders: EmbedderMap,
    path_of: Callable[[Record], Path | None],
    words: Words = "auto",
    *,
    ocr: Ocr | None = None,
    report: ProgressCallback = lambda done, total, name: None,
) -> WordsReport:
    """Read the words of every picture, poster, scanned page and clip that was not read yet into parts of the asset.

    Args:
        store: where the pictures are.
        embedders: which embedder fills each vector.
        path_of: ``Library.path``.
        words: "auto" first takes a look whether there is text; "all" reads also those where a look found none.
        ocr: what reads; the plugin "ocr" by default.
        report: called with how many assets are done, how many there are, and the name at hand.

    Raises:
        MissingExtraError: the extra ``documents`` is not installed.
        StoreError: the store cannot be written.
    """
    if words == "none":
        return WordsReport(read=0, without=0, failed=())
    engine: Ocr = ocr or _plugins.build_named("ocr", "rapidocr")
    todo = list(_unread(store, again=words == "all"))
    read = without = 0
    failed: list[FailedFile] = []
    for done, (asset, pages) in enumerate(todo, start=1):
        try:
            seen = _images(asset, path_of(asset), pages)
            texts = _whole_scenes([(place, _text(engine, image, words)) for place, image in seen])
        except MediaError as error:
            failed.append(failure(path_of(asset) or asset.name, error))
            continue
        parts = [part for n, (place, text) in enumerate(texts) for part in _parts(asset, n, place, text, engine.name)]
        store.upsert(with_text_vectors(parts, "text", media_vectors(store.spec, "text"), embedders))
        _drop_old(store, asset, parts)
        read += sum(bool(text) for _, text in texts)
        without += sum(not text for _, text in texts)
        report(done, len(todo), asset.name)
    return WordsReport(read=read, without=without, failed=tuple(failed))


def _unread(store: Store, *, again: bool) -> Iterator[tuple[Record, tuple[int, ...]]]:
    """Assets whose words have not been read, with their unread pages; a picture or clip has the page 0.

    A part counts as long as the file that it was read in is still the asset's.
    """
    read: dict[str, set[tuple[Value, Value]]] = {}
    for part in store.iterate(where=Condition(READ, "exists"), parts=True):
        if not again or part.properties[READ] != GLANCED:
            seen = (part.properties.get("page", 0), part.properties.get("sha256", ""))
            read.setdefault(part.asset, set()).add(seen)
    for asset in store.iterate(where=Condition("media_type", "in", ("image", "film", "pdf", "video"))):
        sha256 = asset.properties.get("sha256")
        if sha256 is None:
            continue  # a film without a poster
        pages = (0,) if asset.media_type != "pdf" else _scanned(store, asset)
        unread = tuple(page for page in pages if (page, sha256) not in read.get(asset.id, set()))
        if unread:
            yield asset, unread


def _scanned(store: Store, asset: Record) -> tuple[int, ...]:
    """The pages of a PDF that hold no text of their own."""
    of_asset = And((Condition("parent", "eq", asset.id), Condition("page", "exists")))
    pages = [part for part in store.iterate(where=of_asset, parts=True) if READ not in part.properties]
    silent = {part.properties["page"] for part in pages} - {part.properties["page"] for part in pages if part.text}
    return tuple(sorted(page for page in silent if isinstance(page, int)))


_Place = Mapping[str, Value]
"""Where words are read, as properties of a part: the page, or the seconds of a clip; nothing for a picture."""


def _images(asset: Record, path: Path | None, pages: Sequence[int]) -> Iterator[tuple[_Place, Image]]:
    file = file_of(asset, path)
    if file.media_type == "video":
        yield from _scenes(file)
    elif pages == (0,):
        yield {}, media.load_image(file)
    else:
        for page in media.print_pages(file, numbers=pages):
            yield {"page": page.number}, page.image


def _scenes(file: MediaFile) -> Iterator[tuple[_Place, Image]]:
    """The frames of a clip that show something else than the one before, with the seconds until the next of them."""
    scene: tuple[float, Image] | None = None
    before, end = None, 0.0
    for clip in media.segments(file, max_side=_CLIP_SIDE):
        for pixels, time in zip(clip.frames, clip.times, strict=True):
            small = np.asarray(PIL.Image.fromarray(pixels).resize((_SMALL, _SMALL)), np.float32)
            if before is not None and float(np.abs(small - before).mean()) <= _SAME_SCENE:
                continue
            if scene is not None:
                yield {"t0": round(scene[0], 3), "t1": round(time, 3)}, scene[1]
            before, scene = small, (time, Image(pixels=pixels))
        end = clip.end
    if scene is not None:
        yield {"t0": round(scene[0], 3), "t1": round(end, 3)}, scene[1]


def _whole_scenes(read: Sequence[tuple[_Place, str | None]]) -> list[tuple[_Place, str | None]]:
    """What was read, with scenes of a clip that say the same joined; those without words are one."""
    found: list[tuple[_Place, str | None]] = []
    for place, text in read:
        if "t0" in place and found and (found[-1][1] or "").casefold() == (text or "").casefold():
            found[-1] = (dict(found[-1][0]) | {"t1": place["t1"]}, text)
        else:
            found.append((place, text))
    if not any("t0" in place for place, _ in found):
        return found
    return [one for one in found if one[1]] or [({}, found[0][1])]


def _text(engine: Ocr, image: Image, words: Words) -> str | None:
    """What a picture says; "" where nothing was read, None where a look found nothing to read."""
    if words == "auto" and not engine.has_text(_at_a_glance(image)):
        return None
    sure = [word for word in engine.read(image).words if word.confidence >= _LEAST_CONFIDENCE]
    text = " ".join(word.text for word in sure)
    return text if sum(character.isalnum() for character in text) >= _LEAST_LETTERS else ""


def _at_a_glance(image: Image) -> Image:
    """A picture in the size in which it is looked at for text."""
    height, width = image.pixels.shape[:2]
    scale = min(_GLANCE_SIDE / max(height, width), _ENLARGED)
    if scale <= 1:
        return media.shrink(image, _GLANCE_SIDE)
    size = (round(width * scale), round(height * scale))
    return Image(pixels=np.asarray(PIL.Image.fromarray(image.pixels).resize(size, PIL.Image.Resampling.BICUBIC)))


def _parts(asset: Record, number: int, place: _Place, text: str | None, engine: str) -> list[Record]:
    """The parts that hold what was read at a place: that is the page's number, else the how manieth it is."""
    properties = {name: value for name, value in asset.properties.items() if name != "pages"}
    properties |= {READ: GLANCED if text is None else engine, **place}
    key = place.get("page", number)
    return [
        Record(
            id=str(uuid5(_NAMESPACE, f"{asset.id}/words/{key}/{n}")),
            parent=asset.id,
            properties=properties | {"chunk": n},
            text=passage,
        )
        for n, passage in enumerate(chunks(text or "") or [""])
    ]


def _drop_old(store: Store, asset: Record, parts: Sequence[Record]) -> None:
    """Forget what an earlier reading of these pages left beyond this one, as of a poster that was replaced."""
    pages = {part.properties.get("page", 0) for part in parts}
    now = {part.id for part in parts}
    read = And((Condition("parent", "eq", asset.id), Condition(READ, "exists")))
    old = [
        part.id
        for part in store.iterate(where=read, parts=True)
        if part.id not in now and part.properties.get("page", 0) in pages
    ]
    if old:
        store.delete(old)


def can_read() -> bool:
    """Whether the extra ``documents`` is installed."""
    try:
        _plugins.build_named("ocr", "rapidocr").name  # noqa: B018 - it asks for the package's version
    except MissingExtraError:
        return False
    return True
