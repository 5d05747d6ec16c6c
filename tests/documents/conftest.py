from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("rapidocr", reason="reading documents needs pip install 'mm-agents[documents]'")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Read words are kept for these tests alone, so that none is answered by an earlier run."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MM_AGENTS_CACHE", str(tmp_path_factory.mktemp("cache")))
