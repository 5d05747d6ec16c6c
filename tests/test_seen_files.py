"""Unchanged files are told by their size, times and inode; their content is read only where that says too little."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest
from command_line import document, run

from mm_agents import AddReport, Library, media
from mm_agents.media import MediaFile
from mm_agents.testing import HashEmbedder

Add = Callable[..., tuple[AddReport, list[str]]]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for colour in ("red", "blue", "lime"):
        PIL.Image.new("RGB", (64, 48), colour).save(folder / f"{colour}.bmp")
    return folder


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is ahead, so that each file was changed long ago."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10**10)


@pytest.fixture
def add(library: Library, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    """Adds the pictures; gives the report and the names of the files that were read."""
    read: list[str] = []
    inspect = media.inspect

    def inspected(path: Path) -> MediaFile:
        read.append(path.name)
        return inspect(path)

    monkeypatch.setattr(media, "inspect", inspected)

    def run_once(*, rehash: bool = False) -> tuple[AddReport, list[str]]:
        read.clear()
        report = library.add(pictures, rehash=rehash, words="none", speech="none")
        return report, sorted(read)

    return run_once


ALL = ["blue.bmp", "lime.bmp", "red.bmp"]


@pytest.mark.usefixtures("settled")
def test_an_unchanged_file_is_not_read_again_unless_that_is_asked(add: Add) -> None:
    assert add()[1] == ALL
    report, read = add()
    assert (report.unchanged, read) == (3, [])
    report, read = add(rehash=True)
    assert (report.unchanged, read) == (3, ALL)


@pytest.mark.usefixtures("settled")
def test_a_change_of_the_same_size_with_its_old_time_is_seen(add: Add, pictures: Path, library: Library) -> None:
    add()
    path = pictures / "red.bmp"
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-3:] = b"\x80\x80\x80"
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    report, read = add()
    assert (report.added, report.removed, report.unchanged, read) == (1, 1, 2, ["red.bmp"])
    assert add()[1] == []
    assert len(list(library.iterate())) == 3


@pytest.mark.usefixtures("settled")
def test_two_files_that_change_places_are_read(add: Add, pictures: Path) -> None:
    add()
    (pictures / "red.bmp").rename(pictures / "x")
    (pictures / "blue.bmp").rename(pictures / "red.bmp")
    (pictures / "x").rename(pictures / "blue.bmp")
    assert add()[1] == ["blue.bmp", "red.bmp"]


def test_a_file_that_was_changed_just_before_it_was_read_is_read_again(add: Add) -> None:
    add()
    assert add()[1] == ALL  # it could have changed since, within what its times can tell


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"x": 3}', b"\xff", b"[" * 100_000])
def test_damaged_marks_cost_time_alone(content: bytes, add: Add, library: Library) -> None:
    add()
    assert library.root
    (library.root / "seen_files.json").write_bytes(content)
    report, read = add()
    assert (report.unchanged, read) == (3, ALL)
    assert add()[1] == []


@pytest.mark.usefixtures("settled")
def test_what_was_removed_or_failed_is_added_again(add: Add, pictures: Path, library: Library) -> None:
    (pictures / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    assert len(add()[0].failed) == 1
    (record,) = [one for one in library.iterate() if one.name == "red.bmp"]
    library.remove(record.id)
    report, read = add()
    assert (report.added, len(report.failed), read) == (1, 1, ["cut.png", "red.bmp"])


@pytest.mark.usefixtures("settled")
def test_a_file_of_another_library_is_read_there(add: Add, pictures: Path, tmp_path: Path) -> None:
    add()
    with Library.open(tmp_path / "other", embedder=HashEmbedder(width=64)) as other:
        assert other.add(pictures, words="none", speech="none").added == 3


def test_each_pass_says_what_it_took(add: Add, pictures: Path) -> None:
    report, _ = add()
    assert list(report.seconds) == ["files", "words", "speech"]
    assert report.seconds["files"] > 0
    shown = run("add", pictures, "--library", "new", "--words", "none", cwd=pictures.parent)
    assert re.search(r"^files \d+\.\d s \([\d.]+/(s|min)\)", shown.stderr, re.MULTILINE)
    found = document("add", pictures, "--library", "new", "--words", "none", "--rehash", cwd=pictures.parent)
    assert list(found["seconds"]) == ["files", "words", "speech"]
