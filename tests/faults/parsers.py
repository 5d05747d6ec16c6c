"""Our own parsers, given what nobody writes: numbers, dates, filters, answer files, libraries.

Whatever they are given, they answer or raise an error of ours, soon. Where atheris is installed, ``explore`` lets it
look for inputs that reach new code.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mm_agents import Agent, Answer, Library, filters
from mm_agents.documents.dates import dates_in
from mm_agents.documents.numbers import numbers_in, quantity_in
from mm_agents.errors import MMAgentsError
from mm_agents.stores import local
from mm_agents.testing import HashEmbedder
from mm_agents.types import CollectionSpec, VectorSpec

from .tally import Budget, Tally, mutated, paint

LONGEST = 200_000
"""How many characters a text has at most."""

SECONDS = 4.0
"""What one input may take."""

TEXTS: dict[str, tuple[Callable[[str], object], list[str]]] = {
    "numbers": (numbers_in, ["1.234,50 EUR", "2,05,000.00", "-12 %", "(1 234.5)", "1'000.–", "½ cup"]),
    "quantities": (quantity_in, ["3 x 4.50", "12,5 kg", "7 hours"]),
    "dates": (dates_in, ["12/03/2024", "3. März 2025", "2024-02-30", "le 1er mai 99", "Sept 5th, 2021"]),
    "filters": (
        filters.parse,
        ['duration > 10 and not name = "a.mp4"', 'objects contains "dog"', "(a = 1 or b <= -2.5e3) and c in (1, 2)"],
    ),
}


def texts(budget: Budget) -> Tally:
    """Texts that are read as numbers, dates and filters."""
    tally = Tally("mutated texts")
    names = sorted(TEXTS)
    for number, dice in budget.numbered():
        name = names[number % len(names)]
        parser, seeds = TEXTS[name]
        text = mutated(dice.choice(seeds).encode(), dice).decode("utf-8", "replace") * dice.choice((1, 1, 1, 300))
        text = text[:LONGEST]
        _try(tally, f"{name} {text[:80]!r}", partial(parser, text))
    return tally


def answers(budget: Budget) -> Tally:
    """Answer files with changed bytes and with values of other kinds."""
    tally = Tally("answer files")
    whole = _an_answer(budget.place)
    for number, dice in budget.numbered():
        if number % 2:
            content = mutated(json.dumps(whole).encode(), dice)
        else:
            content = json.dumps(_changed(whole, dice)).encode()
        path = budget.place / "answer.json"
        path.write_bytes(content)
        _try(tally, f"answer {number}", partial(Answer.load, path))
    return tally


def libraries(budget: Budget) -> Tally:
    """Manifests that were edited or damaged: a library opens, or an error of ours says what is wrong."""
    tally = Tally("library manifests")
    whole = budget.place / "whole"
    local.build(str(whole), spec=CollectionSpec(name="Test", vectors=(VectorSpec(name="v", width=4),))).close()
    (manifest,) = whole.glob("*.json")
    for number, dice in budget.numbered():
        folder = budget.place / "copied"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        data = manifest.read_bytes()
        changed = mutated(data, dice) if number % 2 else json.dumps(_changed(json.loads(data), dice)).encode()
        (folder / manifest.name).write_bytes(changed)
        _try(tally, f"manifest {number}: {changed[:120]!r}", partial(_open, folder))
    return tally


def explore(seconds: float) -> int:
    """Let atheris look for inputs of the texts' parsers, in this process; returns its exit code.

    Raises:
        SystemExit: atheris is not installed.
    """
    if find_spec("atheris") is None:
        raise SystemExit("atheris is not installed: pip install atheris")
    import atheris  # pyright: ignore[reportMissingImports]

    def once(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        for parser, _ in TEXTS.values():
            with suppress(MMAgentsError):
                parser(text)

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={int(seconds)}", "-timeout=5", "-rss_limit_mb=2048"], once)
    atheris.Fuzz()
    return 0


def _an_answer(place: Path) -> Any:
    """What a saved answer of this library's holds, with claims, sources and their evidence."""
    with Library.open(place / "library", embedder=HashEmbedder(width=16)) as library:
        library.add(*paint(place / "pictures", 2), words="none")
        answer = Agent(library, model="offline").ask("How many pictures are there?")
    assert answer.claims
    return answer.to_json()


def _open(folder: Path) -> None:
    local.LocalStore.open(folder).close()


def _try(tally: Tally, what: str, call: Callable[[], object]) -> None:
    tally.tries += 1
    started = time.process_time()
    try:
        call()
    except MMAgentsError:
        pass
    except Exception as error:  # noqa: BLE001 - every other one is a fault
        tally.failed(f"{what}: {type(error).__name__}: {error}")
    if (took := time.process_time() - started) > SECONDS:
        tally.failed(f"{what}: took {took:.1f} s")


def _changed(kept: Any, dice: random.Random) -> Any:
    """A JSON value in which one value is another, or is not there, or lies deeper."""
    others: list[Any] = [None, True, -1, 1e308, "", "\x00\u202e", [], {}, [[[[]]]], "9" * 5000, {"a": {"b": None}}]
    if isinstance(kept, dict) and kept and dice.random() < 0.9:
        name = dice.choice(list(kept))
        if dice.random() < 0.1:
            return {key: value for key, value in kept.items() if key != name}
        return {**kept, name: _changed(kept[name], dice)}
    if isinstance(kept, list) and kept and dice.random() < 0.9:
        place = dice.randrange(len(kept))
        return [*kept[:place], _changed(kept[place], dice), *kept[place + 1 :]]
    return dice.choice(others)
