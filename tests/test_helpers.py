"""The small helpers of all rooms: progress, batches, names at first use, fused ranks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from mm_agents._fusion import RANK_CONSTANT, fused_scores
from mm_agents._optional import attach
from mm_agents._progress import bar, batched, progress_or_callback, watched, watching
from mm_agents._text import listed

# ---------------------------------------------------------------- progress


def test_without_a_terminal_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    for show in (None, False):
        with bar("Adding", show=show) as report:
            report(1, 2, "a.jpg")
    with progress_or_callback("Adding", None) as report:
        report(2, 2, "b.jpg")
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error as a wide terminal."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("terminal")
def test_a_bar_goes_to_standard_error_and_shows_names_as_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    with bar("Adding", show=True) as report:
        report(1, 3, "[red]brackets[/red].jpg")
    with bar("Adding", show=True) as report:
        report(3, 3, "x" * 200)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "Adding" in shown.err
    assert "[red]brackets[/red].jpg" in shown.err
    assert "x" * 40 in shown.err
    assert "x" * 41 not in shown.err


@pytest.mark.usefixtures("terminal")
def test_a_bar_ends_with_its_block_also_when_that_fails() -> None:
    def fail() -> None:
        with bar("Adding", show=True) as report:
            report(0, 1, "")
            raise KeyError

    for _ in range(2):  # a bar that was left open would refuse the second
        with pytest.raises(KeyError):
            fail()


@pytest.mark.usefixtures("terminal")
def test_a_bar_that_waits_is_shown_while_there_is_more_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    with bar("Reading", show=True, at_once=False) as report:
        report(3, 3, "c.png")  # all is there already
        assert capfd.readouterr().err == ""
        report(1, 3, "a.png")
        report(3, 3, "c.png")
        assert "a.png" in capfd.readouterr().err
        report(1, 3, "d.png")  # another tool reads
    assert "d.png" in capfd.readouterr().err


def test_who_watches_is_called_by_tools_within_the_block() -> None:
    calls: list[tuple[int, int, str]] = []
    assert watched() is None
    with watching(lambda *call: calls.append(call)):
        report = watched()
        assert report is not None
        report(1, 2, "a.png")
    assert calls == [(1, 2, "a.png")]
    assert watched() is None


def test_a_callers_function_is_called_instead() -> None:
    calls: list[tuple[int, int, str]] = []

    def note(done: int, total: int, name: str) -> None:
        calls.append((done, total, name))

    with progress_or_callback("Adding", note) as report:
        assert report is note
        report(1, 2, "a")
    assert calls == [(1, 2, "a")]


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(0, 3, []), (2, 3, [[0, 1]]), (3, 3, [[0, 1, 2]]), (4, 3, [[0, 1, 2], [3]]), (2, 1, [[0], [1]])],
)
def test_batches_are_full_but_for_the_last(count: int, size: int, expected: list[list[int]]) -> None:
    assert list(batched(range(count), size)) == expected
    assert list(batched(iter(range(count)), size)) == expected


def test_batches_read_no_further_than_they_must() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for n in range(10):
            taken.append(n)
            yield n

    assert next(batched(source(), 3)) == [0, 1, 2]
    assert taken == [0, 1, 2]


# ---------------------------------------------------------------- names at first use


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with two modules, of which one has a name ``Thing``."""
    for name in ("shop", "shop.things", "shop.tools"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["shop.things"], "Thing", 7, raising=False)
    return "shop"


def test_a_name_is_loaded_from_its_module(package: str) -> None:
    get, names = attach(package, {"Thing": "things", "tools": ""})
    assert get("Thing") == 7
    assert get("tools") is sys.modules["shop.tools"]
    assert names() == ["Thing", "tools"]


def test_other_names_are_attribute_errors(package: str) -> None:
    get, _ = attach(package, {"Thing": "things", "Gone": "things", "nowhere": ""})
    with pytest.raises(AttributeError, match="module 'shop' has no attribute 'Other'"):
        get("Other")
    with pytest.raises(AttributeError, match="Gone"):
        get("Gone")
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        get("nowhere")


# ---------------------------------------------------------------- fused ranks


def test_scores_are_weighted_sums_of_reciprocal_ranks() -> None:
    scores = fused_scores([["a", "b"], ["b"]], [1.0, 0.5])
    assert scores == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 0.5 / 61})
    assert RANK_CONSTANT == 60


def test_nothing_fuses_to_nothing_and_weights_have_to_fit() -> None:
    assert fused_scores([]) == {}
    assert fused_scores([[], []]) == {}
    with pytest.raises(ValueError, match="longer"):
        fused_scores([["a"], ["b"]], [1.0])


# ---------------------------------------------------------------- names in a sentence


def test_names_are_listed_as_in_a_sentence() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"])] == ["nothing", "a", "a and b"]
    assert listed(["a, b", "c", "d"], between="; ", last="or") == "a, b; c or d"
