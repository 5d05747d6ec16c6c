"""``mm-agents watch`` keeps a library in step with a folder."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import PIL.Image
import pytest
from command_line import COMMAND, run

from mm_agents import Library
from mm_agents.ingest.catalog import changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    PIL.Image.new("RGB", (64, 48), "red").save(folder / "red.png")
    return folder


@pytest.fixture
def lines(folder: Path) -> Iterator[Callable[[], str]]:
    """Each call gives the next line of a watching process, whose library is inside the folder that it watches."""
    process = subprocess.Popen(
        [*COMMAND, "watch", str(folder), "--library", str(folder / "library"), "--words", "none"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may let background jobs ignore it
    )
    assert process.stdout is not None
    yield process.stdout.readline
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == ""  # the library's own files are no changes
    assert "Stopped" in err
    assert "Traceback" not in err
    assert process.returncode == 0


@pytest.mark.timeout(180)
def test_what_comes_moves_and_goes_does_so_in_the_library(folder: Path, lines: Callable[[], str]) -> None:
    assert lines().startswith("1 added")
    PIL.Image.new("RGB", (64, 48), "blue").save(folder / "blue.png")
    assert lines().startswith("1 added, 1 unchanged")
    (folder / "red.png").rename(folder / "sunset.png")
    assert lines().startswith("0 added, 2 unchanged")
    (folder / "blue.png").unlink()
    assert lines().startswith("0 added, 1 unchanged, 1 removed")
    (folder / ".hidden").write_text("not seen")
    with Library.open(folder / "library") as library:
        assert [record.name for record in library.iterate()] == ["sunset.png"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert "does not exist" in run("watch", tmp_path / "nowhere", cwd=tmp_path, code=2).stderr


def test_the_start_is_a_change_and_an_event_ends_it(folder: Path) -> None:
    stop = Event()
    waiting = changes([folder], stop=stop)
    next(waiting)
    stop.set()
    assert list(waiting) == []
