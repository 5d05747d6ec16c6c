"""Commands that write, killed, out of space, and one after the other: no record is lost without being asked."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

from mm_agents.demo import invoice
from mm_agents.errors import LibraryNotFoundError
from mm_agents.location import open_store
from mm_agents.protocols import VerifyingStore

from .media_files import sound_files
from .tally import ROOT, Budget, Tally, paint

COMMAND = (sys.executable, "-c", "from mm_agents.cli import main; main()")
PICTURES = 6
DONE = (0, 3)
"""The exit codes of a command that did its work; 3 where a file that is gone could not be read."""
TYPED = (*DONE, 1, 4)
"""Those of a command that did its work, or said why not."""
FOLDER = "{}"
"""Where a library is, by its name: in a folder."""


class Server(Protocol):
    """Where libraries are that are in no folder."""

    def empty(self) -> None:
        """Remove all libraries."""
        ...

    def kill_under(self, command: subprocess.Popen[str], *, interrupt: bool) -> str:
        """Kill it while a command works, and start it again: what the command did wrong, or nothing."""
        ...


def kills(budget: Budget) -> Tally:
    """``kill -9`` at any time: the library opens, holds all that it held, and the command can be run again."""
    return kill_each(budget, Tally("kill -9"))


def lance_kills(budget: Budget) -> Tally:
    """The same with libraries in LanceDB."""
    return kill_each(budget, Tally("kill -9, Lance"), "lance://{}")


def kill_each(budget: Budget, tally: Tally, kind: str = FOLDER, server: Server | None = None) -> Tally:
    """What ``kills`` does, of libraries in places of a kind; every other round the server is killed instead."""
    place = _prepared(budget.place, kind)
    commands = sorted(_writing(kind))
    takes: dict[str, float] = {}
    for number, dice in budget.numbered():
        name = commands[number % len(commands)]
        if name not in takes:
            takes[name] = _seconds(place, name, server)
        work = _copied(place, server)
        held = _held(_library(work))
        tally.tries += 1
        with _started(work, name) as command:
            try:
                command.wait(dice.uniform(0.2, 1.05) * takes[name])
            except subprocess.TimeoutExpired:
                tally.notes["killed"] = tally.notes.get("killed", 0) + 1
                if server is None or number // len(commands) % 2 == 0:
                    command.kill()
                elif said := server.kill_under(command, interrupt=name == "watch"):
                    tally.failed(f"{name}: {said}")
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
        held = _held(_library(work))
        tally.tries += 1
        code, output = _finished(work, name, size=dice.randrange(1, 60) * 1024)
        if code not in TYPED or "Traceback" in output:
            tally.failed(f"{name} without room: exit {code}: {output[-300:]}")
        _check(tally, f"{name} without room", work, held, again=name)
    return tally


def pairs(budget: Budget) -> Tally:
    """Any two commands that write, in each order: the second removes nothing but what it is asked to."""
    tally = Tally("pairs of commands")
    place = _prepared(budget.place)
    orders = list(product(sorted(_writing()), repeat=2))
    if budget.tries < len(orders):
        random.Random(budget.seed).shuffle(orders)  # a short run is spread over all of them
    after = budget.place / "after"
    made: str | None = None
    for number, _ in budget.numbered():
        if number >= len(orders):
            break
        first, second = orders[number]
        if made != first:
            work = _copied(place)
            _run(tally, work, first, f"{first}, first")
            shutil.rmtree(after, ignore_errors=True)
            work.rename(after)
            made = first
        tally.tries += 1
        _run(tally, _copied(after), second, f"{first}, then {second}")
    return tally


def _run(tally: Tally, work: Path, name: str, what: str) -> None:
    """Run a command to its end; a record, vector or text that goes without being asked is a failure."""
    held = _held(_library(work))
    code, output = _finished(work, name)
    if code not in TYPED or "Traceback" in output:
        tally.failed(f"{what}: ended with {code}: {output[-300:]}")
    if lost := _lost(work, name, held):
        tally.failed(f"{what}: lost {sorted(lost)[:3]}")


@dataclass(frozen=True)
class Writing:
    """A command that writes.

    Attributes:
        arguments: in its folder.
        removes: the names of the files whose records it is asked to remove.
    """

    arguments: tuple[str, ...]
    removes: frozenset[str] = frozenset()


def _writing(kind: str = FOLDER) -> dict[str, Writing]:
    """The commands that write, of libraries whose places are made of their names: "lance://{}" in LanceDB."""
    own = ("--library", kind.format("library"))
    plain = ("--words", "none", "--speech", "none", *own)
    writing = {
        "add": Writing(("add", "pictures", "more", "posters", *plain)),
        "add again": Writing(("add", "posters", *plain)),
        "add words": Writing(("add", "papers", "posters", "--words", "all", "--speech", "none", *own)),
        "add speech": Writing(("add", "sounds", "--words", "none", *own)),
        "add pruned": Writing(("add", "emptied", "--prune", *plain), frozenset({"picture300.png"})),
        "add-movies": Writing(("add-movies", "films.json", "posters", *own)),
        "watch": Writing(("watch", "watched", "--words", "none", *own), frozenset({"picture310.png"})),
        "remove": Writing(("remove", "picture1.png", *own), frozenset({"picture1.png"})),
        "extract": Writing(("extract", "--out", "invoices.csv", *own)),
        "backup": Writing(("backup", "saved", *own)),
        "restore": Writing(("restore", "backup", *own)),
        "copy": Writing(("copy", kind.format("library"), kind.format("copied"))),
        "copy into": Writing(("copy", kind.format("other"), kind.format("library"))),
        "migrate": Writing(("migrate", "--to", "offline:conse-lite2-minilm", "--as", "media_v2", *own)),
        "languages": Writing(("migrate", "--languages", *own)),
        "repair": Writing(("doctor", "--repair", *own)),
    }
    return {name: one for name, one in writing.items() if kind == FOLDER or name != "repair"}


def _prepared(place: Path, kind: str = FOLDER) -> Path:
    """A library with pictures, films and an invoice, another, and what the commands are given."""
    work = place / "work"  # where it is copied to again: records name their files by whole paths
    for folder, start, count in (("pictures", 0, PICTURES), ("more", 100, PICTURES), ("emptied", 300, 2)):
        paint(work / folder, count, start=start)
    paint(work / "watched", 2, start=310)
    for number, poster in enumerate(paint(work / "posters", 2, start=200), 1):
        poster.rename(poster.with_name(f"{number}_poster.png"))
    films = [{"id": number, "title": f"Film {number}", "overview": "Boats in a storm."} for number in (1, 2)]
    (work / "films.json").write_text(json.dumps(films))
    for name, content in (("papers/invoice.png", invoice()), ("sounds/tone.wav", sound_files()["a.wav"])):
        (work / name).parent.mkdir()
        (work / name).write_bytes(content)
    (work / "kind").write_text(kind)
    library, other = kind.format("library"), kind.format("other")
    plain = ("--words", "none", "--speech", "none", "--library")
    for arguments in (
        ("add", "pictures", "papers", "emptied", "watched", *plain, library),
        ("add-movies", "films.json", "posters", "--library", library),
        ("backup", "backup", "--library", library),
        ("add", "pictures/picture0.png", "more/picture100.png", *plain, other),
        ("backup", "other backup", "--library", other),
    ):
        _done(work, arguments)
    for name in ("emptied/picture300.png", "watched/picture310.png"):
        (work / name).unlink()
    paint(work / "watched", 1, start=312)
    return work.rename(place / "whole")


def _done(work: Path, arguments: Sequence[str]) -> None:
    subprocess.run([*COMMAND, *arguments], cwd=work, check=True, capture_output=True, env=environment())


def _copied(place: Path, server: Server | None = None) -> Path:
    work = place.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(place, work)
    if server is not None:
        server.empty()
        for backup, name in (("backup", "library"), ("other backup", "other")):
            _done(work, ("copy", backup, _kind(work).format(name)))
    return work


def _library(work: Path) -> str:
    """Where the library of a folder is."""
    kind = _kind(work)
    return kind.format("library" if kind.startswith("weaviate") else work / "library")


def _kind(work: Path) -> str:
    return (work / "kind").read_text()


def _held(library: str) -> dict[str, str]:
    """All that a library holds, each record, vector and text, with the name of its asset."""
    try:
        with closing(open_store(library)) as store:
            names = {one.id: one.name for one in store.iterate()}
            return {
                held: names.get(one.asset, "")
                for parts in (False, True)
                for one in store.iterate(with_vectors=True, parts=parts)
                for held in (
                    f"{one.id} {one.media_type} {one.properties.get('title', '')} in {one.asset}",
                    *(f"{one.id} vector {name}" for name in one.vectors),
                    *((f"{one.id} text {one.text[:40]}",) if one.text else ()),
                )
            }
    except LibraryNotFoundError:
        return {}


def _lost(work: Path, name: str, held: dict[str, str]) -> set[str]:
    """What was held and is not, although the command was not asked to remove it."""
    removes = _writing()[name].removes
    kept = _held(str(work / "backup")).keys() if name == "restore" else held.keys()  # to restore is to ask for what was
    return {one for one, file in held.items() if file not in removes and one in kept} - _held(_library(work)).keys()


def _check(tally: Tally, what: str, work: Path, held: dict[str, str], *, again: str) -> None:
    """The library is sound and holds what it held; the command does its work when it is run again."""
    try:
        with closing(open_store(_library(work))) as store:
            if isinstance(store, VerifyingStore):
                store.verify()
        if lost := _lost(work, again, held):
            tally.failed(f"{what}: lost {sorted(lost)[:3]}")
        saved = work / "saved"
        if again == "backup" and saved.exists() and _held(str(saved)) == held:
            return  # it was whole before the command was killed, and is not written over
        code, output = _finished(work, again)
        if code not in DONE and (again, code) != ("remove", 1):  # it had removed the record before it was killed
            tally.failed(f"{what}, then run again: exit {code}: {output[-300:]}")
    except Exception as error:  # noqa: BLE001 - a library that does not open is the fault that is looked for
        tally.failed(f"{what}: {type(error).__name__}: {error}")


def _seconds(place: Path, name: str, server: Server | None) -> float:
    work = _copied(place, server)
    started = time.monotonic()
    code, output = _finished(work, name)
    assert code in DONE, f"{name} ended with {code}: {output}"
    return time.monotonic() - started


def _finished(work: Path, name: str, size: int | None = None) -> tuple[int, str]:
    """Run a command to its end: its exit code and what it printed."""
    with _started(work, name, size) as command:
        assert command.stdout
        output = ""
        if name == "watch":  # which goes on until it is interrupted
            for line in command.stdout:
                output += line
                if "unchanged" in line:
                    command.send_signal(signal.SIGINT)
        rest, _ = command.communicate()
    return command.returncode, output + rest


def _started(work: Path, name: str, size: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *_writing(_kind(work))[name].arguments],
        cwd=work,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: _begin(size),
    )


def _begin(size: int | None) -> None:
    """Let a new process be interrupted, also where this one runs in the background, and bound its files."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT)])}
