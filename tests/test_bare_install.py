"""The built wheel in a fresh environment without extras: it imports, helps, and says what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
MEGABYTES = 130


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that holds the wheel and what it needs, no extra."""
    folder = tmp_path_factory.mktemp("bare")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(PROJECT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", wheel], check=True, capture_output=True)
    return programs


def _run(bare: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "COLUMNS": "200"}
    return subprocess.run(
        [bare / command[0], *command[1:]], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_it_imports_everything_that_needs_no_extra(bare: Path, tmp_path: Path) -> None:
    rooms = [f"mm_agents.{room}" for room in ("contrastive", "testing.", "web.", "stores.lance.", "stores.weaviate.")]
    rooms += [f"mm_agents.adapters.{framework}." for framework in ("langchain", "llama_index", "mcp")]
    code = (
        "import mm_agents, pkgutil, importlib\n"
        "for info in pkgutil.walk_packages(mm_agents.__path__, 'mm_agents.'):\n"
        f"    if not info.name.startswith({tuple(rooms)!r}):\n"
        "        importlib.import_module(info.name)\n"
        "print('all', len(mm_agents.__all__))"
    )
    done = _run(bare, "python", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("all")


def test_it_helps(bare: Path, tmp_path: Path) -> None:
    done = _run(bare, "mm-agents", "--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("add", "search", "count", "show", "remove", "doctor", "demo"):
        assert f" {command} " in done.stdout


def test_a_missing_extra_is_told_with_its_pip_line(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a note")
    done = _run(bare, "mm-agents", "add", "note.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert "pip install 'mm-agents[local]'" in done.stderr
    assert "Traceback" not in done.stderr
    doctor = _run(bare, "mm-agents", "doctor", cwd=tmp_path)
    assert doctor.returncode == 1
    assert "pip install 'mm-agents[local]'" in doctor.stdout


def test_it_is_small(bare: Path) -> None:
    (packages,) = (bare.parent / "lib").glob("python*/site-packages")
    ours = [path for path in packages.iterdir() if path.name.split("-")[0] not in ("pip", "setuptools", "wheel")]
    files = [file for path in ours for file in (path.rglob("*") if path.is_dir() else [path])]
    size = sum(file.stat().st_size for file in files if file.is_file() and "__pycache__" not in file.parts)
    assert size < MEGABYTES * 1e6
