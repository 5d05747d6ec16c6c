"""What is read of each kind of file, and the records that come of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_agents import media
from mm_agents.errors import MediaError, MediaTooLargeError
from mm_agents.ingest.objects import described, object_parts
from mm_agents.ingest.presets import media_vectors
from mm_agents.media import DEFAULT_LIMITS, Limits, MediaFile
from mm_agents.media.files import asset_id, part_id
from mm_agents.types import CollectionSpec, Item, Record, SeenObject, Text, Value, VectorRole

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

IMAGE_SIDE = 768
"""Pictures are decoded to at most this many pixels a side: more than any embedder looks at."""

THUMBNAIL_SIDE = 256
SEGMENT_THUMBNAIL_SIDE = 160
CHUNK_CHARACTERS = 900
"""A chunk of text is about a paragraph: some 200 words."""

SHOT_LIKENESS = 0.9
"""A shot goes on while each segment's cosine with the one before it is at least this.

Measured with the offline embedder on clips joined end to end and on pans over photographs: 0.85 to 0.9 finds 23 of 24
changes of species and splits 6 to 9 % of the pans.
"""


@dataclass(slots=True, kw_only=True)
class Piece:
    """What is embedded of a file, by the roles of the vectors, and what will be kept of it.

    ``seen`` are the things in its picture, their boxes in pixels of the file's pictures; None where none was looked
    for.
    """

    properties: dict[str, Value] = field(default_factory=dict[str, Value])
    items: dict[VectorRole, Item] = field(default_factory=dict["VectorRole", Item])
    text: str = ""
    thumbnail: bytes | None = None
    seen: tuple[SeenObject, ...] | None = None
    vectors: dict[str, FloatArray] = field(default_factory=dict[str, "FloatArray"])


@dataclass(slots=True, kw_only=True)
class Source:
    """A file on its way into the library, and its pieces so far."""

    file: MediaFile
    properties: dict[str, Value]
    pieces: list[Piece] = field(default_factory=list[Piece])


# ---------------------------------------------------------------- what is read of each kind of file


def describe(file: MediaFile, path: Path | None = None, *, location: bool = True) -> dict[str, Value]:
    """The properties that can be had without decoding.

    They are size, width and height in pixels, duration in seconds; of pictures and clips when they were taken, and
    where. ``incomplete`` says in words what of the file is not read.

    Args:
        file: what is described.
        path: its path, whose date counts where the content has none.
        location: say where pictures were taken.
    """
    properties: dict[str, Value] = {
        "name": file.name,
        "media_type": file.media_type,
        "format": file.format,
        "mime": file.mime,
        "sha256": file.sha256,
        "size": file.size,
    }
    if file.media_type == "image":
        properties["width"], properties["height"] = media.image_size(file)
        if file.format == "heic" and (count := media.picture_count(file)) > 1:
            properties["incomplete"] = f"of its {count} pictures only the main one is read"
    elif file.media_type == "video":
        info = media.video_info(file)
        properties |= {"width": info.width, "height": info.height, "duration": round(info.seconds, 3)}
        properties["sound"] = media.has_sound(file)
        if info.missing_bytes:
            properties["incomplete"] = f"it is cut off: at least {info.missing_bytes:,} bytes are missing at its end"
    elif file.media_type == "audio":
        properties["duration"] = round(media.sound_seconds(file), 3)
    capture = media.capture_of(file, path, location=location)
    if capture.taken and capture.taken_from:
        properties |= {"taken": capture.taken, "taken_from": capture.taken_from}
    if capture.latitude is not None and capture.longitude is not None:
        properties |= {"latitude": capture.latitude, "longitude": capture.longitude, "place_from": "EXIF"}
    return properties


def file_of(asset: Record, path: Path | None) -> MediaFile:
    """The file of an asset, to read it again.

    Raises:
        MediaError: the asset names none, or it cannot be read, or has changed since it was added.
    """
    if path is None:
        raise MediaError(f"{asset.name!r} names no file.")
    file = media.inspect(path)
    if file.sha256 != asset.properties.get("sha256"):
        raise MediaError(f"{asset.name!r} has changed since it was added. Add it again.")
    return file


def pieces(file: MediaFile, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Piece]:
    """Decode a file into what is embedded of it, in order.

    Raises:
        MediaError: the file cannot be decoded, or is past the limits; MediaTooLargeError also for too many pieces.
    """
    for n, piece in enumerate(_pieces(file, limits)):
        if n == limits.records:
            raise MediaTooLargeError(
                f"{file.name!r} would become more than {limits.records:,} records (Limits.records). Split the file."
            )
        yield piece


def _pieces(file: MediaFile, limits: Limits) -> Iterator[Piece]:
    match file.media_type:
        case "image":
            image = media.load_image(file, max_side=IMAGE_SIDE, limits=limits)
            thumbnail = media.encode_jpeg(image.pixels, max_side=THUMBNAIL_SIDE)
            yield Piece(items={"image": image}, thumbnail=thumbnail)
        case "video":
            for clip in media.segments(file, limits=limits):
                yield Piece(
                    properties={"t0": round(clip.start, 3), "t1": round(clip.end, 3)},
                    items={"moment": clip},
                    thumbnail=media.encode_jpeg(clip.frames[len(clip.frames) // 2], max_side=SEGMENT_THUMBNAIL_SIDE),
                )
        case "audio":
            yield Piece(thumbnail=media.wave_form(media.sounds(file, limits=limits)))
        case "text":
            yield from _passages(file, limits)
        case "pdf":
            for page in media.pages(file, limits=limits):
                thumbnail = media.encode_jpeg(page.image.pixels, max_side=THUMBNAIL_SIDE)
                looks: dict[VectorRole, Item] = {"image": page.image}
                for n, passage in enumerate(chunks(page.text) or [""]):
                    words: dict[VectorRole, Item] = {"text": Text(text=passage)} if passage else {}
                    yield Piece(
                        properties={"page": page.number, "chunk": n},
                        items=looks | words,
                        text=passage,
                        thumbnail=thumbnail,
                    )
                    looks = {}


def _passages(file: MediaFile, limits: Limits) -> Iterator[Piece]:
    """The passages of a text, with the slide or sheet that each is on, and then the pictures inside it."""
    text, pictures = media.load_text_and_pictures(file, max_side=IMAGE_SIDE, limits=limits)
    cut = [(section, passage) for section in media.sections(file, text) for passage in chunks(section.text)]
    for n, (section, passage) in enumerate(cut):
        numbered: dict[str, Value] = {"chunk": n} if len(cut) > 1 else {}
        place: dict[str, Value | None] = {"page": section.page, "sheet": section.sheet}
        known = {name: value for name, value in place.items() if value is not None}
        yield Piece(properties=numbered | known, items={"text": Text(text=passage)}, text=passage)
    for n, image in enumerate(pictures):
        yield Piece(
            properties={"chunk": len(cut) + n},
            items={"image": image},
            thumbnail=media.encode_jpeg(image.pixels, max_side=THUMBNAIL_SIDE),
        )


def chunks(text: str, *, characters: int = CHUNK_CHARACTERS) -> list[str]:
    """Cut text into passages of whole paragraphs with their lines, of whole words where a paragraph is too long."""
    long_word = re.compile(rf"\S{{{characters}}}(?=\S)")  # cut first: wrapping takes a word's length squared
    joined: list[str] = []
    room = 0
    for paragraph in filter(None, map(_lines, text.split("\n\n"))):
        short = len(paragraph) <= characters
        passages = [paragraph] if short else textwrap.wrap(long_word.sub(r"\g<0> ", paragraph), characters)
        for passage in passages:
            if len(passage) + 2 <= room:
                joined[-1] += "\n\n" + passage
                room -= len(passage) + 2
            else:
                joined.append(passage)
                room = characters - len(passage)
    return joined


def _lines(block: str) -> str:
    """A paragraph with one space between words; its lines stay, as those of an address or a list of notes."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in block.splitlines())))


def shots(vectors: FloatArray) -> list[slice]:
    """Runs of like segments.

    Args:
        vectors: float32, shape (n, width), unit rows: a clip's segments in order.

    Returns:
        Slices over the n segments: a new one begins where a segment is unlike the one before it.
    """
    likeness = np.einsum("nd,nd->n", vectors[1:], vectors[:-1])
    cuts = [0, *(np.flatnonzero(likeness < SHOT_LIKENESS) + 1).tolist(), len(vectors)]
    return [slice(start, end) for start, end in pairwise(cuts)]


def add_shots(segments: Sequence[Piece], spec: CollectionSpec) -> None:
    """Give the segment nearest to each shot's mean that mean, so that clips rank by their shots.

    Args:
        segments: a clip's, in order, with their vectors of moments and, for each vector of images that has another
            embedder, that embedder's vector of the segment.
        spec: the collection.
    """
    if not segments:
        return
    filled = [vector for vector in spec.vectors_with_role("moment") if vector.name in segments[0].vectors]
    if not filled:
        return
    moments = np.stack([piece.vectors[filled[0].name] for piece in segments])
    runs = shots(moments)
    for image_spec in media_vectors(spec, "image"):
        if image_spec.name in segments[0].vectors:
            rows = np.stack([piece.vectors.pop(image_spec.name) for piece in segments])
        else:
            own = next((vector for vector in filled if vector.embedder == image_spec.embedder), filled[0])
            rows = np.stack([piece.vectors[own.name] for piece in segments])
        for shot in runs:
            mean = rows[shot].mean(axis=0)
            nearest = shot.start + int(np.argmax(moments[shot] @ moments[shot].mean(axis=0)))
            segments[nearest].vectors[image_spec.name] = mean / max(float(np.linalg.norm(mean)), 1e-9)


def records(source: Source, spec: CollectionSpec) -> list[Record]:
    """A source's records: its parts first and the asset last, so that an asset that is there is complete."""
    id = asset_id(source.file.sha256)
    read = source.pieces
    if any(piece.seen is not None for piece in read):
        source.properties |= described([piece.seen or () for piece in read])
    if source.file.media_type == "video":
        add_shots(read, spec)
        source.properties["segments"] = len(read)
    elif source.file.media_type == "pdf":
        source.properties["pages"] = len({piece.properties["page"] for piece in read})
    if len(read) == 1 and not read[0].properties:
        only = read[0]
        return [
            *object_parts(id, source.properties, 0, only.seen or ()),
            Record(id=id, properties=source.properties, text=only.text, vectors=only.vectors, thumbnail=only.thumbnail),
        ]
    parts = [
        Record(
            id=part_id(id, index),
            parent=id,
            properties=source.properties | piece.properties,
            text=piece.text,
            vectors=piece.vectors,
            thumbnail=piece.thumbnail,
        )
        for index, piece in enumerate(read)
    ]
    seen = {vector.name for vector in media_vectors(spec, "image")}
    cover = next((p.thumbnail for p in read if seen & p.vectors.keys()), read[0].thumbnail if read else None)
    for index, piece in enumerate(read):
        parts += object_parts(id, source.properties | piece.properties, index, piece.seen or ())
    return [*parts, Record(id=id, properties=source.properties, thumbnail=cover)]
