"""The README is true: its code runs, prints what it says, and its commands exist."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_its_code_prints_what_it_says(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("skimage", reason="the README's media come with pip install 'mm-agents[demo]'")
    pytest.importorskip("rapidocr", reason="the README's scan is read with pip install 'mm-agents[demo]'")
    if "mm_agents.adapters" in block:
        for package in ("langchain", "llama_index", "mcp"):
            pytest.importorskip(package, reason=f"the README's adapters need the package {package}")
    from mm_agents import demo

    (tmp_path / "all").mkdir()
    demo.make_media(tmp_path / "all")
    folders = {"photos": ("cat.png", "coffee.png"), "clips": tuple(demo.CLIPS), "scans": (demo.SCAN,)}
    for folder, names in folders.items():
        (tmp_path / folder).mkdir()
        for name in names:
            shutil.copy(tmp_path / "all" / name, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(block, "README.md", "exec", dont_inherit=True), {})  # as it is typed, without this file's imports
    assert printed.getvalue().splitlines() == re.findall(r"^#> (.*)$", block, re.MULTILINE)


def test_its_commands_exist() -> None:
    from mm_agents.cli import app

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.typer_instance.info.name for group in app.registered_groups if group.typer_instance}
    used = set(re.findall(r"^mm-agents ([a-z]+)", README, re.MULTILINE))
    assert used
    assert used <= known


def test_it_names_the_test_command_that_ci_runs() -> None:
    script = (Path(__file__).parent.parent / ".ci" / "run").read_text()
    command = re.search(r'pip install (-e "\.\[dev\]") && pytest', README)
    assert command
    assert command[1] in script
    assert re.search(r"^pytest", script, re.MULTILINE)


def test_its_pictures_and_scripts_are_there() -> None:
    places = re.findall(r"\]\(((?!http)[^)#]+)\)|`((?:examples|mm_agents)/[\w./]+\.\w+)`", README)
    assert places
    for place in (first or second for first, second in places):
        assert (Path(__file__).parent.parent / place).is_file(), place
