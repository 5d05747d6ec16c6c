"""Records and filters that the tests of stores are made of."""

from __future__ import annotations

import math
from dataclasses import replace
from uuid import UUID, uuid5

import numpy as np
from hypothesis import strategies as st

from mm_agents.filters import matches
from mm_agents.types import And, CollectionSpec, Condition, Filter, Not, Or, Record, Value, VectorSpec

SPEC = CollectionSpec(
    name="Contract", vectors=(VectorSpec(name="media", width=8, embedder="hash:8"), VectorSpec(name="words", width=3))
)
"""Two named vectors of different widths."""

_NAMESPACE = UUID("8c1a4b52-2d3e-5f60-9a71-b2c3d4e5f607")


def uid(n: int) -> str:
    """The id of sample n."""
    return str(uuid5(_NAMESPACE, str(n)))


def toward(degrees: float, width: int = 8) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A unit vector in the plane of the first two axes; the cosine of two is that of the angle between them."""
    angle = math.radians(degrees)
    return np.array([math.cos(angle), math.sin(angle), *[0.0] * (width - 2)], np.float32)


def record(
    n: int,
    /,
    *,
    media: float | None = None,
    words: float | None = None,
    text: str = "",
    parent: int | None = None,
    **properties: Value,
) -> Record:
    """Sample n, its vectors given by their angles."""
    vectors = {"media": media, "words": words}
    return Record(
        id=uid(n),
        parent=None if parent is None else uid(parent),
        text=text,
        properties=properties,
        vectors={name: toward(angle, SPEC.vector(name).width) for name, angle in vectors.items() if angle is not None},
    )


def varied() -> list[Record]:
    """Twelve assets and their parts, with properties of every type, some absent, one of mixed types."""
    found: list[Record] = []
    mixed: list[Value] = [1, "1", True, 1.0, ("1",), 0, "", False, -2, 2.5, "a", ("a", "b")]
    for n in range(12):
        properties: dict[str, Value] = {"name": f"item {n}", "kind": ("image", "video", "Ünïcode’s")[n % 3]}
        properties |= {"size": n * 100 - 300, "ratio": n / 8, "mixed": mixed[n]}
        if n % 2:
            properties |= {"seen": n % 4 == 1, "tags": ("all", f"t{n % 3}")}
        asset = record(n, media=n * 7, words=n * 5 if n % 3 else None, text=f"common word{n}")
        found.append(replace(asset, properties=properties))
        for k in range(n % 3):
            part = record(100 + 10 * n + k, media=n * 7 + 90 + k, parent=n, text="common part")
            found.append(replace(part, properties={**properties, "t0": k * 1.5, "page": k}))
    return found


def matching(records: list[Record], where: Filter | None) -> list[Record]:
    """The records that a filter is true of, in the order of ids."""
    return sorted((r for r in records if where is None or matches(where, r)), key=lambda r: r.id)


EXPRESSIONS = (
    'kind = "image"',
    'kind != "image"',
    'kind = "Ünïcode’s"',
    "kind = ''",
    "size = 200",
    "size = 200.0",
    'size = "200"',
    "size != 200",
    "size < 0",
    "size <= -300",
    "size > 799.5",
    "size >= 800",
    "ratio = 0.5",
    "ratio < 0.3 and ratio > 0.1",
    "seen = true",
    "seen != true",
    "seen = 1",
    "not seen = false",
    'kind in ["image", "nothing"]',
    'mixed in [1, "a"]',
    "kind in []",
    'kind contains "mag"',
    'kind contains "MAG"',
    'tags contains "t1"',
    'tags contains "t"',
    'tags contains "all" and not tags contains "t2"',
    "tags exists",
    "not tags exists",
    "nothing exists",
    "nothing = 1",
    "nothing != 1",
    "nothing < 1 or nothing >= 1",
    "mixed = 1",
    'mixed = "1"',
    "mixed = true",
    "mixed != 1",
    "mixed > 0",
    'mixed > "0"',
    'mixed contains "a"',
    'kind > "image"',
    "t0 >= 1.5",
    "t0 exists and page = 1",
    "parent exists",
    "not parent exists",
    f'parent = "{uid(2)}"',
    f'parent != "{uid(2)}"',
    f'parent in ["{uid(2)}", "{uid(5)}", "x"]',
    f'id = "{uid(3)}"',
    f'id in ["{uid(3)}", "{uid(111)}"]',
    'id = "no such id"',
    f'id < "{uid(3)}"',
    '(kind = "image" or seen = true) and not (size > 500 or parent exists)',
    'kind = "\'; DROP TABLE record; --"',
    'kind = "image\\" OR 1=1 --"',
)
"""Filters over ``varied``, every operator with every type."""


def filters() -> st.SearchStrategy[Filter]:
    """Random filters over ``varied``."""
    text = st.sampled_from(["image", "video", "Ünïcode’s", "", "1", "a", "t1", "all", "item 3", uid(2), uid(3)])
    number = st.sampled_from([-300, -2, 0, 1, 2, 200, 0.5, 1.0, 1.5, 2.5, 799.5])
    scalar = st.one_of(text, number, st.booleans())
    name = st.sampled_from("name kind size ratio mixed seen tags t0 page nothing id parent".split())
    leaf = st.one_of(
        st.builds(Condition, name, st.sampled_from(["eq", "ne"]), scalar),
        st.builds(Condition, name, st.sampled_from(["lt", "le", "gt", "ge"]), st.one_of(text, number)),
        st.builds(Condition, name, st.just("in"), st.lists(scalar, max_size=3).map(tuple)),
        st.builds(Condition, name, st.just("contains"), text),
        st.builds(Condition, name, st.just("exists")),
    )
    return st.recursive(leaf, _joined, max_leaves=6)


def _joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))
