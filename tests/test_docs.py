"""The documentation is built without a warning, asks nothing of other hosts, and its walk through the course runs."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = Path(__file__).parent.parent / "docs" / "mkdocs.yml"
_FETCHED = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=\"?(https?:[^\" >]+)|<link[^>]*stylesheet[^>]*href=\"?(https?:[^\" >]+)"
)


def test_it_is_built_without_warnings_and_stands_alone(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings", reason="pip install 'mm-agents[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(CONFIGURATION), "-d", str(tmp_path / "site")],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = {
        path.relative_to(tmp_path / "site").as_posix(): path.read_text("utf-8") for path in tmp_path.rglob("*.html")
    }
    assert not [found for text in pages.values() for found in _FETCHED.findall(text)]
    assert 'id="mm_agents.library.Library.search"' in pages["reference/library.html"]
    assert "ColourEmbedder" in pages["contributing.html"]
    assert "mm-agents read invoice" in pages["commands.html"]
    assert "flowchart.build()" in re.sub(r"<[^>]+>", "", pages["examples.html"])


def test_the_walk_through_the_course_prints_what_it_says(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "rapidocr", "skimage"):
        pytest.importorskip(package, reason='pip install "mm-agents[demo,plots,train]"')
    for folder in ("animals", "documents", "digits", "movies"):
        (tmp_path / folder).symlink_to(data / folder)
    monkeypatch.chdir(tmp_path)
    page = (CONFIGURATION.parent / "pages" / "course.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(block, "course.md", "exec", dont_inherit=True), names)
        assert printed.getvalue().splitlines() == re.findall(r"^#> (.*)$", block, re.MULTILINE)
