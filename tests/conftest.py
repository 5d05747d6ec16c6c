from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mm_agents import Library
from mm_agents.testing import HashEmbedder


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real media that MM_AGENTS_TEST_DATA names."""
    folder = os.environ.get("MM_AGENTS_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set MM_AGENTS_TEST_DATA to a folder of real media to run this test")
    return Path(folder)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library on disk with the fast fake embedder."""
    with Library.open(tmp_path / "library", embedder=HashEmbedder(width=64)) as opened:
        yield opened
