"""Rectangles: read from JSON, their union, and how much two of them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from mm_agents.evaluate._truth import Rectangle

ENOUGH = 0.5
"""From this intersection over union on a value's place counts as right."""


def rectangle(value: Any) -> Rectangle | None:
    """A box of a reading, [x0, y0, x1, y1]; None where it is none."""
    if not isinstance(value, list | tuple):
        return None
    numbers = cast("Sequence[Any]", value)
    if len(numbers) != 4 or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        return None
    x0, y0, x1, y1 = (float(n) for n in numbers)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def rectangles(values: Any) -> tuple[Rectangle, ...]:
    """The boxes of a truth.

    Raises:
        ValueError: one is no box.
    """
    found: list[Rectangle] = []
    for value in values or ():
        box = rectangle(value)
        if box is None:
            raise ValueError(f"{value!r} is no box [x0, y0, x1, y1]")
        found.append(box)
    return tuple(found)


def union(boxes: Iterable[Rectangle]) -> Rectangle | None:
    """The smallest rectangle around all; None for none."""
    listed = list(boxes)
    if not listed:
        return None
    return (
        min(box[0] for box in listed),
        min(box[1] for box in listed),
        max(box[2] for box in listed),
        max(box[3] for box in listed),
    )


def iou(one: Rectangle, other: Rectangle) -> float:
    """Intersection over union, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (area(one) + area(other) - shared)


def area(box: Rectangle) -> float:
    """Square pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def places(evidence: Any) -> list[Rectangle]:
    """The boxes of a reading's evidence: one entry, a list of entries, or entries by name."""
    if isinstance(evidence, dict):
        entry = cast("dict[str, Any]", evidence)
        box = rectangle(entry.get("box"))
        return [box] if box else [place for value in entry.values() for place in places(value)]
    if isinstance(evidence, list):
        return [place for entry in cast("list[Any]", evidence) for place in places(entry)]
    return []


def on_place(boxes: Sequence[Rectangle], wanted: Sequence[Rectangle]) -> bool:
    """Whether one of the boxes, or all together, covers one of the wanted places well enough."""
    together = union(boxes)
    candidates = [*boxes, *([together] if together else [])]
    return any(iou(box, place) >= ENOUGH for box in candidates for place in wanted)
