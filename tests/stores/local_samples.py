"""Records for the tests of the local store."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from mm_agents.types import CollectionSpec, Match, Record, VectorSpec

SPEC = CollectionSpec(
    name="Test", vectors=(VectorSpec(name="b", width=16, embedder="hash:16"), VectorSpec(name="a", width=4))
)


def some(count: int, *, start: int = 0, seed: int = 0) -> list[Record]:
    """Assets with both vectors."""
    random = np.random.default_rng(seed)
    return [
        Record(
            id=str(UUID(int=n)),
            properties={"name": f"file {n}", "number": n},
            text="words of the text",
            vectors={"a": random.standard_normal(4, np.float32), "b": random.standard_normal(16, np.float32)},
        )
        for n in range(start, start + count)
    ]


def shown(found: list[Match]) -> list[tuple[str, float]]:
    return [(match.record.id, match.score) for match in found]
