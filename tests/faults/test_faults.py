"""A short run of every attack; ``python -m tests.faults`` goes on for longer."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from mm_agents import media
from mm_agents.errors import MediaError

from . import bombs, commands, damage, doors, load, media_files, parsers, weaviate_kills
from .tally import Budget, Tally, mutated


@pytest.mark.parametrize(
    ("attack", "tries"),
    [
        (media_files.attack, 60),
        (parsers.texts, 600),
        (parsers.answers, 60),
        (parsers.libraries, 40),
        (bombs.attack, 6),
        (bombs.uploads, 12),
        (damage.attack, 24),
        (damage.lance, 10),
        (doors.websites, 200),
        (doors.keys, 3),
        (commands.kills, 3),
        (commands.lance_kills, 1),
        (weaviate_kills.kills, 1),
        (commands.full_disks, 3),
        (commands.pairs, 4),
        (load.searches, 200),
        (load.questions, 40),
        (load.chats, 60),
    ],
    ids=lambda value: value.__qualname__ + " " + value.__module__.split(".")[-1] if callable(value) else "",
)
def test_nothing_is_lost_wrong_or_untyped(attack: Callable[[Budget], Tally], tries: int, tmp_path: Path) -> None:
    if "lance" in attack.__name__:
        pytest.importorskip("lancedb", reason="pip install 'mm-agents[lance]'")
    tally = attack(Budget(tmp_path, tries, seconds=60))
    assert tally.tries > 0
    assert tally.failures == []


@pytest.fixture(scope="module")
def reading_process() -> Iterator[ProcessPoolExecutor]:
    pool = media_files.reading_process()
    yield pool
    media_files.end(pool)


@pytest.mark.parametrize("name", media_files.sound_files())
def test_what_is_mutated_is_sound_before(name: str, reading_process: ProcessPoolExecutor) -> None:
    """An attack on files that nobody could read would find nothing."""
    data = media_files.sound_files()[name]
    if name.endswith(".docx"):
        pytest.importorskip("docx", reason="the extra office is not installed")
    fault, _ = reading_process.submit(media_files.read, data, name).result(timeout=media_files.SECONDS)
    assert fault is None
    assert media.inspect(data, name=name).media_type in media_files.READERS


def test_a_fault_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str) -> object:
        raise KeyError(text)

    monkeypatch.setitem(parsers.TEXTS, "numbers", (fails, ["1"]))
    assert parsers.texts(Budget(tmp_path, 8, seconds=10)).failures


def test_the_same_seed_makes_the_same_tries(tmp_path: Path) -> None:
    first, second = ([mutated(b"abc" * 50, dice) for _, dice in Budget(tmp_path, 20, 9).numbered()] for _ in range(2))
    assert first == second
    assert len(set(first)) > 15
    assert mutated(b"", random.Random(0)) == b""
    assert pickle.loads(pickle.dumps(media_files.read)) is media_files.read  # it goes into another process


def test_a_file_that_is_none_is_an_error_of_ours() -> None:
    with pytest.raises(MediaError):
        media.inspect(b"\x00\x01nothing", name="a.png")
