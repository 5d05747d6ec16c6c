"""The things that are seen in pictures and clips: parts of the asset with their boxes, and properties to filter by.

An asset that was looked at has the properties ``objects`` (the kinds seen, the surest first) and ``people`` (how many;
of a clip the most in one segment). Each thing is a part with the properties ``object``, ``object_score`` and its box
``x0``, ``y0``, ``x1``, ``y1`` in pixels of the picture as stored; of a clip also with ``t0`` and ``t1``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from mm_agents.media.images import stored_box
from mm_agents.types import Box, Hit, Image, Record, SeenObject, Text, Value

if TYPE_CHECKING:
    from mm_agents.media import MediaFile
    from mm_agents.protocols import Embedder
    from mm_agents.types import FloatArray, Item

OBJECT = "object"
"""The property of the parts that are things in a picture: what kind of thing it is."""

PERSON = "person"

_NAMES = {PERSON: ("person", "people", "a man", "a woman", "a boy", "a girl", "a child", "someone", "a crowd")}
"""What a kind is called, for comparing it with what people ask, where that is more than its label."""

_NEAR = 0.4
"""The cosine of a kind's name with a question from which the question may mean it: "a puppy" and dog have 0.6, "a dog
in the snow" and dog 0.5, and kinds that are not asked for mostly below 0.35."""

_NAMESPACE = UUID("6f0a5f5e-93c5-5a0b-9d4e-4b8a2f6f4d10")
_BOX = ("x0", "y0", "x1", "y1")


def described(seen: Sequence[Sequence[SeenObject]]) -> dict[str, Value]:
    """The properties of an asset, from what was seen in each of its pictures or segments."""
    best: dict[str, float] = {}
    for one in (one for objects in seen for one in objects):
        best[one.label] = max(one.score, best.get(one.label, 0.0))
    people = max((sum(one.label == PERSON for one in objects) for objects in seen), default=0)
    return {"objects": tuple(sorted(best, key=lambda label: (-best[label], label))), "people": people}


def object_parts(asset: str, properties: Mapping[str, Value], segment: int, seen: Sequence[SeenObject]) -> list[Record]:
    """The parts of an asset that hold the things seen in one of its pictures or segments.

    Args:
        asset: its id.
        properties: of the asset, and of the segment where it has some.
        segment: its number, from 0.
        seen: with boxes in pixels of the picture as stored.
    """
    # Without the asset's name, which keyword search reads: the things in a picture would be found by it.
    kept = {name: value for name, value in properties.items() if name != "name"}
    return [
        Record(
            id=str(uuid5(_NAMESPACE, f"{asset}/{segment}/{n}")),
            parent=asset,
            properties={
                **kept,
                OBJECT: one.label,
                "object_score": round(one.score, 3),
                **{name: getattr(one.box, name) for name in _BOX},
            },
        )
        for n, one in enumerate(seen)
    ]


def as_stored(
    seen: Sequence[SeenObject], item: Item, file: MediaFile, properties: Mapping[str, Value]
) -> tuple[SeenObject, ...]:
    """Things with their boxes in pixels of the picture as stored, from boxes in what was decoded of it.

    Args:
        seen: with boxes in the item's pixels.
        item: what was looked at.
        file: what it was decoded of.
        properties: of the asset; of a clip its width and height.
    """
    if isinstance(item, Text):
        return ()
    if isinstance(item, Image):
        height, width, _ = item.pixels.shape
        return tuple(replace(one, box=stored_box(file, one.box, (width, height))) for one in seen)
    height, width = item.frames.shape[1:3]
    x, y = (float(str(properties[name])) / size for name, size in (("width", width), ("height", height)))
    return tuple(replace(one, box=one.box.scaled(x, y)) for one in seen)


def object_of(part: Record) -> SeenObject:
    """The thing that such a part holds."""
    score = part.properties["object_score"]
    box = Box(**{name: int(str(part.properties[name])) for name in _BOX})
    return SeenObject(label=str(part.properties[OBJECT]), score=float(str(score)), box=box)


def near_labels(asked: FloatArray, labels: Collection[str], embedder: Embedder) -> dict[str, float]:
    """The kinds of things whose names are near to what was asked, with their cosines.

    Args:
        asked: the question's vector, a unit row by the embedder.
        labels: the kinds.
        embedder: what embeds their names.
    """
    names = [(label, name) for label in sorted(labels) for name in _NAMES.get(label, (label,))]
    cosines = embedder.embed([Text(text=name) for _, name in names], role="document") @ asked
    near: dict[str, float] = {}
    for (label, _), cosine in zip(names, cosines.tolist(), strict=True):
        if cosine >= _NEAR:
            near[label] = max(cosine, near.get(label, 0.0))
    return near


def nearest_object(hit: Hit, parts: Sequence[Record], nearness: Mapping[str, float]) -> SeenObject | None:
    """Of the things whose names are near to what was asked the nearest; of a clip at the moment that was found."""
    things = [part for part in parts if part.properties[OBJECT] in nearness and part.properties.get("t0") == hit.t0]
    best = max(
        things,
        key=lambda part: (nearness[str(part.properties[OBJECT])], object_of(part).score),
        default=None,
    )
    return None if best is None else object_of(best)
