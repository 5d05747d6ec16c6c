from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from mm_agents.errors import ConfigError, LibraryNotFoundError
from mm_agents.stores import memory
from mm_agents.testing import StoreContract
from mm_agents.types import CollectionSpec, VectorSpec


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[memory.MemoryStore]:
        with closing(memory.build("", spec=self.SPEC)) as store:
            yield store


def test_there_is_never_one_to_open() -> None:
    with pytest.raises(LibraryNotFoundError, match="always new"):
        memory.build("")


@pytest.mark.parametrize(
    "vectors",
    [
        (VectorSpec(name="a/b", width=3),),
        (VectorSpec(name="a", width=0),),
        (VectorSpec(name="a", width=3), VectorSpec(name="A", width=3)),
    ],
)
def test_wrong_specs_are_refused(vectors: tuple[VectorSpec, ...]) -> None:
    with pytest.raises(ConfigError):
        memory.build("", spec=CollectionSpec(name="X", vectors=vectors))
