"""The example that moves a library to a server and asks there, against a real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_examples import printed, said


def test_it_moves_a_library_and_gets_the_same_answers(
    server: str, fresh_name: Callable[[], str], tmp_path: Path
) -> None:
    pytest.importorskip("skimage", reason="the example's media come with pip install 'mm-agents[demo]'")
    lines = printed("weaviate_cluster.py", server.format(fresh_name()), place=tmp_path)
    assert lines == said("weaviate_cluster.py")
