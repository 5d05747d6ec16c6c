from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mm_agents.stores import local
from mm_agents.testing import StoreContract


class TestLocal(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[local.LocalStore]:
        with local.build(str(tmp_path / "library"), spec=self.SPEC) as store:
            yield store
