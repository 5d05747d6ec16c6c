from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from local_samples import SPEC

from mm_agents.stores import local


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def store(folder: Path) -> Iterator[local.LocalStore]:
    """An empty local store."""
    with local.build(str(folder), spec=SPEC) as opened:
        yield opened
