"""Moving: from one store to another, and from one embedder to another. Both go on where they were cut off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mm_agents import media
from mm_agents._progress import ProgressCallback, batched
from mm_agents.errors import ConfigError, EmbedderMismatchError, MMAgentsError, StoreError
from mm_agents.ingest.files import IMAGE_SIDE, file_of, pieces, shots
from mm_agents.ingest.objects import OBJECT, as_stored, described, object_parts
from mm_agents.ingest.pipeline import FailedFile, failure
from mm_agents.ingest.presets import language_vectors, media_vectors
from mm_agents.protocols import Accompanied, ObjectEmbedder
from mm_agents.types import SPOKEN, WORDS_READ, CollectionSpec, Condition, Record, Text, VectorSpec

if TYPE_CHECKING:
    from mm_agents.library import Library
    from mm_agents.media import MediaFile
    from mm_agents.protocols import Embedder, Store
    from mm_agents.types import FloatArray, Item

VECTOR_TOLERANCE = 1e-5
"""How far a number of a vector may differ after a copy; stores normalise in float32."""

_BATCH = 256
_SAMPLES = 20


# ---------------------------------------------------------------- from store to store


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyReport:
    """What copying did.

    Attributes:
        copied: how many records, assets and parts, were written.
        unchanged: how many were there already.
        total: how many the source has, and so has the target.
        checksum: of all records but their vectors, the same on both sides; vectors were compared number by number.
    """

    copied: int
    unchanged: int
    total: int
    checksum: str


def copy(source: Store, target: Store, *, report: ProgressCallback = lambda done, total, name: None) -> CopyReport:
    """Copy every record with its vectors, then read both sides and compare.

    What the target holds beside is left alone, also vectors that the source has none of. A record that is there and
    equal is not written again, so an interrupted copy resumes.

    Raises:
        SchemaMismatchError: the target lacks a vector of the source and cannot take it, or has another width.
        EmbedderMismatchError: a vector has another embedder there.
        StoreError: after copying, a record differs.
    """
    _make_room(source.spec, target)
    total = sum(1 for _ in source.iterate(parts=True))
    copied = done = 0
    for batch, missing in _differing(source, target):
        if missing:
            target.upsert(missing)
        copied, done = copied + len(missing), done + len(batch)
        report(done, total, batch[-1].name)
    checksum = 0
    for batch, missing in _differing(source, target):
        for record in missing:
            raise StoreError(f"After copying, record {record.id} ({record.name!r}) differs. Copy again.")
        checksum += sum(int.from_bytes(_digest(record)) for record in batch)  # the order does not matter
    return CopyReport(copied=copied, unchanged=done - copied, total=done, checksum=f"{checksum % 2**256:064x}")


def _differing(source: Store, target: Store) -> Iterator[tuple[list[Record], list[Record]]]:
    """The source's records in batches, and those of each that the target lacks or has otherwise."""
    for batch in batched(source.iterate(parts=True, with_vectors=True), _BATCH):
        there = target.get([record.id for record in batch], with_vectors=True)
        batch = [_with_others(record, there.get(record.id), source.spec) for record in batch]
        yield batch, [record for record in batch if record.id not in there or not _equal(record, there[record.id])]


def _with_others(record: Record, there: Record | None, spec: CollectionSpec) -> Record:
    """A record with the vectors that only the target has of it, where they are of the same content."""
    if there is None or (there.text, there.properties.get("sha256")) != (record.text, record.properties.get("sha256")):
        return record
    known = {vector.name for vector in spec.vectors}
    others = {name: row for name, row in there.vectors.items() if name not in known}
    return replace(record, vectors={**record.vectors, **others}) if others else record


def _make_room(wanted: CollectionSpec, target: Store) -> None:
    """Give the target the vectors that it lacks; those that it has must be of the same embedder and width."""
    kept = {vector.name: vector for vector in target.spec.vectors}
    for vector in wanted.vectors:
        known = kept.get(vector.name, vector)
        if (known.width, known.embedder) != (vector.width, vector.embedder):
            raise EmbedderMismatchError(
                f"The target's vector {vector.name!r} is {known.width} numbers by {known.embedder!r}, the source's "
                f"{vector.width} by {vector.embedder!r}. Copy into a new library."
            )
    if lacking := [vector for vector in wanted.vectors if vector.name not in kept]:
        target.extend(CollectionSpec(name=target.spec.name, vectors=(*target.spec.vectors, *lacking)))


def _equal(one: Record, other: Record) -> bool:
    """Whether two records are the same; of vectors the direction counts, as stores of ours keep unit vectors."""
    return (
        _digest(one) == _digest(other)
        and one.vectors.keys() == other.vectors.keys()
        and all(
            np.allclose(_unit(row), _unit(other.vectors[name]), atol=VECTOR_TOLERANCE)
            for name, row in one.vectors.items()
        )
    )


def _unit(row: FloatArray) -> FloatArray:
    return row / max(float(np.linalg.norm(row)), 1e-12)


def _digest(record: Record) -> bytes:
    """SHA-256 of a record but for its vectors."""
    fields = [record.id, record.parent, record.text, sorted(record.properties.items())]
    return hashlib.sha256(json.dumps(fields).encode() + (record.thumbnail or b"")).digest()


# ---------------------------------------------------------------- from embedder to embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """What migrating did.

    Attributes:
        filled: how many records got the new vector now.
        unchanged: how many had it.
        failed: the assets whose files cannot be read any more; they keep only the old vector.
        overlap: overlap@10, the mean share of the ten nearest assets that both vectors agree on, over sample assets.
        switched: whether searches use the new vector from now on; they do when nothing failed.
    """

    filled: int
    unchanged: int
    failed: tuple[FailedFile, ...]
    overlap: float
    switched: bool


def migrate(
    library: Library,
    embedder: Embedder,
    *,
    name: str,
    vector: str = "media",
    beside: bool = False,
    report: ProgressCallback = lambda done, total, name: None,
) -> MigrationReport:
    """Add another model's vector beside one that is there, fill it from the media files, and search by it.

    Args:
        library: what to migrate.
        embedder: the new model.
        name: the new vector's name, such as "media_v2".
        vector: the vector that it will replace, such as "media", "words" or "poster_vector".
        beside: do not replace it: both are kept up, and a search uses those that suit its query.
        report: told how many assets are done, how many there are, and the name at hand.

    Raises:
        ConfigError: the vector does not exist, or the new one's name is taken by something else.
    """
    old = library.store.spec.vector(vector)
    library.routes.know(embedder)
    role = library.store.spec.role(vector) if beside else None
    _add_vector(library, VectorSpec(name=name, width=embedder.width, embedder=embedder.name, role=role))
    filled = unchanged = 0
    failed: list[FailedFile] = []
    total = library.count()
    for done, asset in enumerate(library.iterate(with_vectors=True), start=1):
        family = [asset, *library.parts(asset.id, with_vectors=True)]
        wanting = [record for record in family if old.name in record.vectors and name not in record.vectors]
        unchanged += sum(old.name in record.vectors and name in record.vectors for record in family)
        if wanting:
            try:
                seen: list[Record] = []
                rows = _rows(library, embedder, family, wanting, old.name, seen)
                known = {record.id: record for record in seen}
                filled_now = [
                    replace(record, vectors={**record.vectors, name: rows[record.id]})
                    for record in (known.pop(record.id, record) for record in wanting)
                ]
                library.store.upsert([*known.values(), *filled_now])
                filled += len(wanting)
            except StoreError:
                raise  # it is of no single file, and each of those that follow would wait for it as well
            except MMAgentsError as error:
                failed.append(failure(library.path(asset) or asset.name, error))
        report(done, total, asset.name)
    overlap = _overlap(library, old.name, name)
    if not failed and not beside:
        spec = library.store.spec
        vectors = tuple(replace(one, replaces=old.name) if one.name == name else one for one in spec.vectors)
        library.store.extend(replace(spec, vectors=vectors))
    return MigrationReport(
        filled=filled, unchanged=unchanged, failed=tuple(failed), overlap=overlap, switched=not failed and not beside
    )


def left_by(library: Library, vector: str) -> list[str]:
    """The vectors that files fill by the embedder of a vector, and that nothing replaces yet."""
    spec = library.store.spec
    old = spec.vector(vector).embedder
    current = [one for one in spec.vectors if spec.current(one.name) == one.name]
    return [one.name for one in current if one.embedder == old and one.name != vector]


def add_languages(
    library: Library, *, report: ProgressCallback = lambda done, total, name: None
) -> dict[str, MigrationReport]:
    """Give a library the vectors for other languages that a new one has; resumable. Those of an older model stay.

    Args:
        library: one whose embedder has a companion for other languages.
        report: as of ``migrate``, for one vector after the other.

    Returns:
        What was done for each of the new vectors; nothing where the library has them by an older model.

    Raises:
        ConfigError: no embedder of the library has a companion.
    """
    spec = library.store.spec
    older = {known.name: known.embedder for known in spec.vectors}
    done: dict[str, MigrationReport] = {}
    kept = False
    for vector in media_vectors(spec, "image", "text", "moment"):
        embedder = library.routes.embedder(vector.name)
        if not isinstance(embedder, Accompanied):
            continue
        for added in language_vectors(replace(spec, vectors=(vector,)), embedder):
            if older.get(added.name, added.embedder) != added.embedder:
                kept = True
                continue
            companion = library.routes.named(str(added.embedder))
            done[added.name] = migrate(
                library, companion, name=added.name, vector=vector.name, beside=True, report=report
            )
    if not done and not kept:
        raise ConfigError(
            "No embedder of this library has another beside it for more languages. For the offline embedder, install "
            "it with: pip install 'mm-agents[languages]'."
        )
    return done


def _add_vector(library: Library, wanted: VectorSpec) -> None:
    spec = library.store.spec
    for known in spec.vectors:
        if known.name == wanted.name:
            if (known.width, known.embedder) != (wanted.width, wanted.embedder):
                raise ConfigError(
                    f"The library has a vector {known.name!r} already, by {known.embedder!r}. Choose another name."
                )
            return
    library.store.extend(replace(spec, vectors=(*spec.vectors, wanted)))


def _rows(
    library: Library,
    embedder: Embedder,
    family: Sequence[Record],
    wanting: Sequence[Record],
    old: str,
    seen: list[Record],
) -> dict[str, FloatArray]:
    """The new vector of each record of an asset, by its id; ``seen`` gets the changed records."""
    spec = library.store.spec
    if spec.role(old) in ("text", "speech"):
        items: list[Item] = [Text(text=f"{r.name}. {r.text}" if r.media_type == "film" else r.text) for r in wanting]
        return dict(zip((r.id for r in wanting), embedder.embed(items, role="document"), strict=True))
    asset = family[0]
    file = file_of(asset, library.path(asset))
    if asset.media_type == "video":
        hidden = {SPOKEN, WORDS_READ, OBJECT}
        segments = [part for part in family[1:] if not hidden & part.properties.keys()]
        clips = [piece.items["moment"] for piece in pieces(file)]
        made = _embedded(embedder, clips, file, family, seen)
        return _clip_rows(made, segments, old, spec)
    images: list[Item] = []
    if asset.media_type == "pdf":
        pages = {page.number: page.image for page in media.pages(file)}
        images += (pages[int(str(record.properties["page"]))] for record in wanting)
    else:
        images.append(media.load_image(file, max_side=IMAGE_SIDE))
    return dict(zip((r.id for r in wanting), _embedded(embedder, images, file, family, seen), strict=True))


def _embedded(
    embedder: Embedder, items: Sequence[Item], file: MediaFile, family: Sequence[Record], changed: list[Record]
) -> FloatArray:
    """The vectors of the pictures or segments of an asset; where the embedder sees things, they become parts of it.

    ``changed`` gets those parts, and the asset's records with the properties ``objects`` and ``people``.
    """
    asset = family[0]
    least = embedder.shown_score if isinstance(embedder, ObjectEmbedder) else None
    if not isinstance(embedder, ObjectEmbedder) or least is None or "objects" in asset.properties:
        return embedder.embed(list(items), role="document")
    rows, things = embedder.embed_with_objects(list(items), role="document")
    if asset.media_type in ("image", "video") and any(one is not None for one in things):
        shown = [
            as_stored([one for one in seen or () if one.score >= least], item, file, asset.properties)
            for item, seen in zip(items, things, strict=True)
        ]
        changed += [replace(record, properties={**record.properties, **described(shown)}) for record in family]
        segments = [record for record in changed[1:] if not {SPOKEN, WORDS_READ} & record.properties.keys()]
        for n, (owner, objects) in enumerate(zip(segments or changed[:1], shown, strict=True)):
            changed += object_parts(asset.id, owner.properties, n, objects)
    return rows


def _clip_rows(rows: FloatArray, parts: Sequence[Record], old: str, spec: CollectionSpec) -> dict[str, FloatArray]:
    """A clip's segments, or the means over its shots, which are those that were found when it was added."""
    if len(rows) != len(parts):
        raise ConfigError(f"{parts[0].name!r} has {len(rows)} segments now; it had {len(parts)}. Add it again.")
    if all(old in part.vectors for part in parts):
        return {part.id: row for part, row in zip(parts, rows, strict=True)}
    found: dict[str, FloatArray] = {}
    moment = next(vector.name for vector in spec.vectors_with_role("moment") if vector.name in parts[0].vectors)
    for shot in shots(np.stack([part.vectors[moment] for part in parts])):
        mean = rows[shot].mean(axis=0)
        for part in parts[shot]:
            if old in part.vectors:
                found[part.id] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return found


def _overlap(library: Library, old: str, new: str) -> float:
    """overlap@10 over sample assets, each asking with its own vector."""
    shares: list[float] = []
    for record in library.iterate(where=Condition("media_type", "exists"), with_vectors=True, parts=True):
        if old in record.vectors and new in record.vectors:
            found = [
                {
                    match.record.asset
                    for match in library.store.search(vector=record.vectors[name], using=name, limit=10)
                }
                for name in (old, new)
            ]
            shares.append(len(found[0] & found[1]) / max(len(found[0]), 1))
            if len(shares) == _SAMPLES:
                break
    return float(np.mean(shares)) if shares else 0.0
