"""The whole store contract on a real Weaviate server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mm_agents import Store, _plugins
from mm_agents.testing import StoreContract


class TestWeaviate(StoreContract):
    @pytest.fixture
    def store(self, fresh: Callable[[], str]) -> Iterator[Store]:
        place = fresh().removeprefix("weaviate://")
        store = _plugins.build("stores", "weaviate", place, spec=self.SPEC)
        yield store
        store.close()
