"""Files are decoded in warm processes: what ends, holds up or exhausts a decoder is an error of that file alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import hostile_decoders
import numpy as np
import PIL.Image
import pytest

from mm_agents import Library, media
from mm_agents.errors import ConfigError, DamagedMediaError, MediaError, MediaTooLargeError
from mm_agents.media import Limits
from mm_agents.media.capture import Capture
from mm_agents.types import Image

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system bounds no processes")
QUICK = Limits(decode_seconds=1, wall_seconds=8)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return drawn(tmp_path / "sound.png")


def drawn(path: Path) -> Path:
    PIL.Image.new("RGB", (40, 30), zlib.crc32(path.name.encode()) % 2**24).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("crash", DamagedMediaError, "'crash.png' is corrupt: the process that read it ended with SIGSEGV."),
        (
            "sleep",
            MediaTooLargeError,
            "'sleep.png' takes more than 8 seconds by the clock to decode (Limits.wall_seconds)",
        ),
        ("spin", MediaTooLargeError, "'spin.png'"),  # by its processor time, or the clock of a busy machine
        ("eat", MediaTooLargeError, "'eat.png' takes more than 1,073,741,824 bytes of memory to decode"),
        ("fail", DamagedMediaError, "'fail.png' cannot be read: RuntimeError: a fault in a decoder"),
    ],
)
def test_what_a_decoder_does_to_its_process_is_an_error_of_the_file(
    name: str, error: type[MediaError], says: str, tmp_path: Path, picture: Path
) -> None:
    with pytest.raises(error) as raised:
        hostile_decoders.load_image(drawn(tmp_path / f"{name}.png"), limits=QUICK)
    assert str(raised.value).startswith(says)
    assert hostile_decoders.load_image(picture).pixels.shape == (30, 40, 3)


def test_add_goes_on_behind_each(tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a", "crash", "b", "eat", "c", "fail", "d", "crash too", "e"):
        drawn(folder / f"{name}.png")
    monkeypatch.setattr(media, "load_image", hostile_decoders.load_image)
    report = library.add(folder, words="none", speech="none")
    assert report.added == 5
    assert sorted((Path(one.path).stem, one.error) for one in report.failed) == [
        ("crash", "DamagedMediaError"),
        ("crash too", "DamagedMediaError"),
        ("eat", "MediaTooLargeError"),
        ("fail", "DamagedMediaError"),
    ]


def test_what_a_library_prints_is_no_answer(tmp_path: Path) -> None:
    assert isinstance(hostile_decoders.load_image(drawn(tmp_path / "print.png")), Image)


def test_a_process_stays_warm_and_one_that_crashed_is_replaced(tmp_path: Path) -> None:
    first = hostile_decoders.own_number(b"")
    assert first != os.getpid()
    assert hostile_decoders.own_number(b"") == first
    with pytest.raises(DamagedMediaError):
        hostile_decoders.load_image(drawn(tmp_path / "crash.png"))
    assert hostile_decoders.own_number(b"") != first
    assert not Path(f"/proc/{first}").exists()


def test_a_process_that_keeps_much_memory_is_not_kept() -> None:
    small = hostile_decoders.hoard(b"", 1)
    assert hostile_decoders.own_number(b"") == small
    large = hostile_decoders.hoard(b"", 500)
    assert hostile_decoders.own_number(b"") != large
    assert not Path(f"/proc/{large}").exists()


def test_values_arrive_as_they_left() -> None:
    capture = Capture(taken="2024-01-01", latitude=1.5)
    values = (None, True, 1, 1.5, "é\ud800", [1, (2, "x")], Fraction(1, 3), Path("/a b"), QUICK, capture, b"\0\n" * 9)
    assert hostile_decoders.everything(b"source\n", *values) == (b"source\n", *values)
    for array in (np.arange(6, dtype=np.uint8).reshape(2, 3), np.zeros((0, 3), np.float32), np.ones((3, 4))[:, ::2]):
        _, back = hostile_decoders.everything(b"", array)
        assert isinstance(back, np.ndarray)
        assert back.dtype == array.dtype
        np.testing.assert_array_equal(back, array)
        back[...] = 1  # it may be written to


def test_the_file_may_be_given_by_name(picture: Path) -> None:
    assert media.load_image(source=str(picture), max_side=20).pixels.shape == (15, 20, 3)


def test_errors_keep_their_type_and_words(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(ConfigError, match="max_side has to be at least 1 pixel, not 0"):
        media.load_image(picture, max_side=0)
    with pytest.raises(MediaError, match="é\ud800"):
        hostile_decoders.unusable(b"")
    with pytest.raises(MediaError, match="cannot be read: No such file"):
        media.load_image(tmp_path / "gone.png")


def test_a_relative_path_is_of_the_program(
    picture: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(picture.parent)
    assert media.image_size(picture.name) == (40, 30)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(MediaError, match="No such file"):
        media.image_size(picture.name)


def test_answers_come_one_by_one_until_a_crash() -> None:
    answers = hostile_decoders.count(b"", 5, bad=3)
    assert [next(answers) for _ in range(3)] == [(0, Fraction(0)), (1, Fraction(1, 3)), (2, Fraction(2, 3))]
    with pytest.raises(DamagedMediaError, match=r"Part 4 of 'untitled' is corrupt: .* SIGSEGV"):
        next(answers)


def test_answers_that_nobody_wants_end_the_process() -> None:
    before = children()
    answers = hostile_decoders.count(b"", 10_000_000)
    next(answers)
    del answers
    assert children() <= before
    assert [number for number, _ in hostile_decoders.count(b"", 2)] == [0, 1]


def test_long_work_that_goes_on_is_not_ended() -> None:
    spent = time.thread_time()
    assert hostile_decoders.work(b"", 3.5, say=True, limits=QUICK) == 3.5
    with pytest.raises(MediaTooLargeError):
        hostile_decoders.work(b"", 1000, say=False, limits=QUICK)
    assert time.thread_time() - spent < 3


def test_many_threads_share_few_processes(picture: Path) -> None:
    before = children()  # other tests may have left some, such as a server
    with ThreadPoolExecutor(16) as pool:
        sizes = set(pool.map(media.image_size, [picture] * 200))
    assert sizes == {(40, 30)}
    assert len(children() - before) <= max(2, os.cpu_count() or 2)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_works_in_processes_of_the_program(method: str, picture: Path) -> None:
    media.image_size(picture)  # a warm process is there before the fork
    with get_context(method).Pool(2) as pool:
        assert set(pool.map(media.image_size, [picture] * 20)) == {(40, 30)}
    assert media.image_size(picture) == (40, 30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_it_behind_a_program(number: signal.Signals, picture: Path) -> None:
    program = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import hostile_decoders
        answers = hostile_decoders.count(b"", 10_000_000)
        next(answers)
        print(hostile_decoders.own_number(b""), flush=True)
        from mm_agents.media import Limits
        hostile_decoders.load_image({str(picture.with_name("sleep.png"))!r}, limits=Limits(wall_seconds=4))
    """
    drawn(picture.with_name("sleep.png"))
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout
        running.stdout.readline()
        started = {int(one) for one in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()}
        assert len(started) == 2
        time.sleep(0.3)
        os.killpg(running.pid, number)
        running.wait(20)
        until = time.monotonic() + 20
        while (left := [one for one in started if alive(one)]) and time.monotonic() < until:
            time.sleep(0.1)
        assert not left  # also the one that sleeps, and reads no end of its input


def test_a_decoder_sends_numbers_and_data_classes_of_the_package_alone() -> None:
    for number in range(2):
        with pytest.raises(MediaError, match="A decoder sent"):
            hostile_decoders.foreign(b"", number)


def children() -> set[int]:
    """The processes that this one has started and that are there, also those that nobody waited for."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread may end while this goes through them
            found |= {int(one) for one in (task / "children").read_text().split()}
    return found - {one.pid for one in multiprocessing.active_children() if one.pid}


def alive(number: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
