"""Animals that the detector names and the classifier knows better: it has 398 of them, the detector ten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mm_agents.types import SeenObject

if TYPE_CHECKING:
    from mm_agents.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalParameters:
    """When the classifier decides; over 309 labelled photographs it mends seven animals and harms none.

    Attributes:
        sure: how likely some animal has to be, by all classes of animals together.
        against: how likely the classes of what the detector names may be at most.
        other: from how likely on the classes of another kind give the thing its name.
    """

    sure: float = 0.6
    against: float = 0.1
    other: float = 0.5


_PARAMETERS = AnimalParameters()
_ANIMALS = range(398)
"""The rows of the classes that are animals, in ImageNet's order."""

_UNGULATES = (range(339, 356),)
_ROWS: dict[str, Sequence[range]] = {
    "bird": (range(7, 25), range(80, 101), range(127, 147)),
    "cat": (range(281, 294),),
    "dog": (range(151, 269),),
    "bear": (range(294, 298),),
    "elephant": (range(385, 387),),
    # ImageNet has few of these, and takes one for another.
    **dict.fromkeys(("horse", "sheep", "cow", "zebra", "giraffe"), _UNGULATES),
}
"""The rows of the classes that a kind of object may be."""

_NAMING: dict[str, Sequence[range]] = {
    **{kind: _ROWS[kind] for kind in ("bird", "dog", "bear", "elephant")},
    "cat": (range(281, 286),),
}
"""The rows of the classes that are a kind of object for certain."""


def checked(
    objects: Sequence[SeenObject], probabilities: FloatArray, parameters: AnimalParameters = _PARAMETERS
) -> tuple[SeenObject, ...]:
    """The objects without animals that the picture is sure not to show, as when a meerkat is taken for a cat.

    Where the classes are of another kind, an animal has the name of that.

    Args:
        objects: what the detector sees, the surest first.
        probabilities: shape (1000,), of the classes in ImageNet's order.
        parameters: from when on the classifier decides.
    """
    named = {one.label for one in objects} & _ROWS.keys()
    if not named or _share(probabilities, (_ANIMALS,)) < parameters.sure:
        return tuple(objects)
    if max(_share(probabilities, _ROWS[kind]) for kind in named) > parameters.against:
        return tuple(objects)
    shares = {kind: _share(probabilities, rows) for kind, rows in _NAMING.items()}
    kind = max(shares, key=shares.__getitem__)
    return tuple(_named(objects, kind if shares[kind] >= parameters.other else None))


def _named(objects: Sequence[SeenObject], kind: str | None) -> Iterator[SeenObject]:
    for one in objects:
        if one.label not in _ROWS:
            yield one
        elif kind is not None:
            yield replace(one, label=kind)


def _share(probabilities: FloatArray, rows: Sequence[range]) -> float:
    return float(sum(probabilities[part.start : part.stop].sum() for part in rows))
