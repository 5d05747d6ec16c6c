"""Attack the product, and print what became of it: ``python -m tests.faults [--long] [--only KIND] [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from . import bombs, commands, damage, doors, load, media_files, parsers, weaviate_kills
from .tally import Budget, Tally

ATTACKS: dict[str, tuple[Callable[[Budget], Tally], int, int]] = {
    "media": (media_files.attack, 400, 20_000),
    "texts": (parsers.texts, 4_000, 400_000),
    "answers": (parsers.answers, 400, 20_000),
    "manifests": (parsers.libraries, 200, 5_000),
    "bombs": (bombs.attack, 20, 1_000),
    "bombs-page": (bombs.uploads, 20, 1_000),
    "damage": (damage.attack, 60, 2_000),
    "damage-lance": (damage.lance, 60, 1_000),
    "kills": (commands.kills, 14, 320),
    "kills-lance": (commands.lance_kills, 5, 75),
    "kills-weaviate": (weaviate_kills.kills, 5, 75),
    "full-disks": (commands.full_disks, 14, 200),
    "pairs": (commands.pairs, 20, 1_000),
    "websites": (doors.websites, 200, 200),
    "named-places": (doors.keys, 9, 9),
    "searches": (load.searches, 1_000, 20_000),
    "questions": (load.questions, 300, 5_000),
    "chats": (load.chats, 1_000, 1_000_000),
}
"""Each attack with its number of tries, and that of ``--long``."""

SHORT, LONG = 90.0, 360.0
"""Seconds after which an attack begins no other try."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="about an hour instead of some minutes")
    parser.add_argument("--only", choices=sorted(ATTACKS), action="append", help="this kind alone; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other tries")
    parser.add_argument("--json", action="store_true", help="print one document for machines")
    parser.add_argument("--explore", type=float, metavar="SECONDS", help="let atheris look for inputs of the parsers")
    given = parser.parse_args()
    if given.explore is not None:
        return parsers.explore(given.explore)
    tallies: list[dict[str, object]] = []
    for name, (attack, short, long) in ATTACKS.items():
        if given.only and name not in given.only:
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            budget = Budget(Path(place), long if given.long else short, LONG if given.long else SHORT, given.seed)
            tally = attack(budget)
        seconds = time.monotonic() - started
        tallies.append({**vars(tally), "seconds": round(seconds, 1)})
        if not given.json:
            _show(tally, seconds)
    if given.json:
        print(json.dumps(tallies, indent=2))
    return int(any(tally["failures"] for tally in tallies))


def _show(tally: Tally, seconds: float) -> None:
    notes = "".join(f", {name} {value:.0f}" for name, value in tally.notes.items())
    print(f"{tally.kind:<24} {tally.tries:>7} tries  {len(tally.failures):>4} failures  {seconds:6.1f} s{notes}")
    for failure in tally.failures[:10]:
        print(f"    {failure}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
