"""The examples of CONTRIBUTING.md are true: they are installed as a package of plugins, and their tests pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mm_agents
from mm_agents import testing

TEXT = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", TEXT, re.DOTALL))
[DECLARED] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
NEEDED = {"labels": ("rapidocr", "the words are read with pip install 'mm-agents[documents]'")}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder in which the examples are installed, with their entry points."""
    installed = tmp_path / "installed"
    for name, code in {"example_plugins/__init__.py": "", **FILES}.items():
        path = installed / name if "/" in name else tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    information = installed / "example_plugins-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: example-plugins\nVersion: 1.0\n")
    groups = tomllib.loads(DECLARED)["project"]["entry-points"]
    lines = [f"[{group}]\n" + "\n".join(f"{name} = {module}" for name, module in found.items()) + "\n"
             for group, found in groups.items()]  # fmt: skip
    (information / "entry_points.txt").write_text("\n".join(lines))
    return installed


def run(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    folders = [package, Path(mm_agents.__file__).parent.parent, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_kind_has_an_example_with_a_test() -> None:
    modules = {Path(name).stem for name in FILES if name.startswith("example_plugins/")}
    assert modules == {"colours", "sqlite", "labels", "conversion"}
    assert {name for name in FILES if "/" not in name} == {f"test_{module}.py" for module in modules}
    for contract in ("EmbedderContract", "StoreContract", "ReaderContract"):
        assert f"({contract})" in TEXT


@pytest.mark.parametrize("module", ["colours", "sqlite", "labels", "conversion"])
def test_an_example_passes_its_tests(module: str, package: Path) -> None:
    if "ReaderContract" in FILES[f"test_{module}.py"] and not hasattr(testing, "ReaderContract"):
        pytest.skip("mm_agents.testing has no ReaderContract")
    if module in NEEDED:
        pytest.importorskip(NEEDED[module][0], reason=NEEDED[module][1])
    done = run(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", f"test_{module}.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE), done.stdout


def test_the_entry_points_are_found_by_name(package: Path) -> None:
    code = """
import PIL.Image
from mm_agents import Library
for name in ("red", "blue"):
    PIL.Image.new("RGB", (40, 30), name).save(f"{name}.png")
with Library.open("sqlite:all.db", embedder="colours:4") as library:
    library.add("red.png", "blue.png", progress=False)
with Library.open("sqlite:all.db") as library:
    print(library.store.spec.vector("media").embedder, *[hit.name for hit in library.search(image="red.png")])
"""
    done = run(package, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "colours:4 red.png blue.png\n"
    refused = run(package, "-m", "mm_agents.cli", "count", "--library", "sqlite:none.db")
    assert refused.returncode == 1
    assert "There is no library at 'none.db'" in refused.stderr
