"""Commands that write, killed, out of space, and one after the other: no record is lost without being asked."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path

from mm_agents import Library
from mm_agents.errors import LibraryNotFoundError

from .tally import ROOT, Budget, Tally, paint

COMMAND = (sys.executable, "-c", "from mm_agents.cli import main; main()")
PICTURES = 6
TYPED = (0, 1, 3)
"""The exit codes of a command that did its work, or said why not."""


def kills(budget: Budget) -> Tally:
    """``kill -9`` at any time: the library opens, holds all that it held, and the command can be run again."""
    tally = Tally("kill -9")
    place = _prepared(budget.place)
    commands = sorted(_writing())
    seconds = {name: _seconds(place, name) for name in commands}
    for number, dice in budget.numbered():
        name = commands[number % len(commands)]
        work = _copied(place)
        held = _held(work / "library")
        tally.tries += 1
        with _started(work, name) as running:
            try:
                running.wait(dice.uniform(0.2, 1.05) * seconds[name])
            except subprocess.TimeoutExpired:
                running.kill()
        _check(tally, f"{name} killed", work, held, again=name)
    return tally


def full_disks(budget: Budget) -> Tally:
    """No file may grow over a size, as on a full disk: nothing is lost, and with room the command goes on."""
    tally = Tally("no room")
    place = _prepared(budget.place)
    commands = sorted(_writing())
    for number, dice in budget.numbered():
        name = commands[number % len(commands)]
        work = _copied(place)
        held = _held(work / "library")
        tally.tries += 1
        with _started(work, name, size=dice.randrange(1, 60) * 1024) as running:
            output, _ = running.communicate()
        if running.returncode not in TYPED or "Traceback" in output:
            tally.failed(f"{name} without room: exit {running.returncode}: {output[-300:]}")
        _check(tally, f"{name} without room", work, held, again=name)
    return tally


def pairs(budget: Budget) -> Tally:
    """Two commands that write, in both orders: nothing that the first made is removed by the second."""
    tally = Tally("pairs of commands")
    place = _prepared(budget.place)
    orders = list(permutations(sorted(set(_writing()) - {"restore"}), 2))  # to restore is to ask for what was
    for number, _ in budget.numbered():
        if number >= len(orders):
            break
        first, second = orders[number]
        work = _copied(place)
        tally.tries += 1
        for name in (first, second):
            held = _held(work / "library")
            with _started(work, name) as running:
                output, _ = running.communicate()
            if running.returncode not in TYPED or "Traceback" in output:
                tally.failed(f"{first}, then {second}: {name} ended with {running.returncode}: {output[-300:]}")
            if lost := held - _held(work / "library"):
                tally.failed(f"{first}, then {second}: {name} lost {sorted(lost)[:3]}")
    return tally


def _writing() -> dict[str, tuple[str, ...]]:
    """The commands that write, with the arguments that each is given in its folder."""
    own = ("--library", "library")
    return {
        "add": ("add", "pictures", "more", "posters", "--words", "none", "--speech", "none", *own),
        "add again": ("add", "posters", "--words", "none", "--speech", "none", *own),
        "add-movies": ("add-movies", "films.json", "posters", *own),
        "backup": ("backup", "saved", *own),
        "restore": ("restore", "backup", *own),
        "copy": ("copy", "library", "copied"),
        "migrate": ("migrate", "--to", "offline:conse-lite2-minilm", "--as", "media_v2", *own),
    }


def _prepared(place: Path) -> Path:
    """A library with pictures and films, and what the commands are given."""
    work = place / "whole"
    paint(work / "pictures", PICTURES)
    paint(work / "more", PICTURES, start=100)
    posters = paint(work / "posters", 2, start=200)
    for number, poster in enumerate(posters, 1):
        poster.rename(poster.with_name(f"{number}_poster.png"))
    films = [{"id": number, "title": f"Film {number}", "overview": "Boats in a storm."} for number in (1, 2)]
    (work / "films.json").write_text(json.dumps(films))
    for arguments in (
        ("add", "pictures", "--words", "none", "--library", "library"),
        ("add-movies", "films.json", "posters", "--library", "library"),
        ("backup", "backup", "--library", "library"),
    ):
        subprocess.run([*COMMAND, *arguments], cwd=work, check=True, capture_output=True, env=_environment())
    return work


def _copied(place: Path) -> Path:
    work = place.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(place, work)
    return work


def _held(library: Path) -> set[str]:
    """The assets of a library, each with its kind and title."""
    try:
        with Library.open(library, create=False) as opened:
            return {f"{one.id} {one.media_type} {one.properties.get('title', '')}" for one in opened.store.iterate()}
    except LibraryNotFoundError:
        return set()


def _check(tally: Tally, what: str, work: Path, held: set[str], *, again: str) -> None:
    """The library is sound and holds what it held; the command does its work when it is run again."""
    try:
        with Library.open(work / "library", create=False) as opened:
            opened.store.verify()
        if lost := held - _held(work / "library"):
            tally.failed(f"{what}: lost {sorted(lost)[:3]}")
        with _started(work, again) as running:
            output, _ = running.communicate()
        if running.returncode != 0:
            tally.failed(f"{what}, then run again: exit {running.returncode}: {output[-300:]}")
    except Exception as error:  # noqa: BLE001 - a library that does not open is the fault that is looked for
        tally.failed(f"{what}: {type(error).__name__}: {error}")


def _seconds(place: Path, name: str) -> float:
    work = _copied(place)
    started = time.monotonic()
    with _started(work, name) as running:
        output, _ = running.communicate()
    assert running.returncode == 0, output
    return time.monotonic() - started


def _started(work: Path, name: str, size: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *_writing()[name]],
        cwd=work,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=None if size is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT)])}
