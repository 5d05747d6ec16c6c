"""Moves each number of a reader by 20 % and prints what changes over folders with truth.

    python tools/sensitivity.py table DATA/tables
    python tools/sensitivity.py invoice DATA/invoices --limit 5 --only row_gap --json table.json

For each field of the reader's ``PARAMETERS``, down and up: on how many pictures the reading changes, and by how much
the mean of the figures that ``mm-agents eval documents`` prints changes. A number that changes nothing decides nothing:
remove it with the rule that it steers. Readings that rest on a chat model or on a second look are not part of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from mm_agents.documents.pages import Page, default_ocr, open_pages
from mm_agents.errors import MMAgentsError
from mm_agents.evaluate.documents import evaluate

Read = Callable[[list[Page]], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=["invoice", "table", "flowchart"])
    parser.add_argument("folder", type=Path, nargs="+", help="a folder with manifest.json")
    parser.add_argument("--limit", type=int, help="at most this many pictures of each set")
    parser.add_argument("--only", action="append", help="a field of the parameters; may be repeated")
    parser.add_argument("--shared", action="store_true", help="move the parameters that all readers share")
    parser.add_argument("--json", type=Path, help="write the table here too")
    given = parser.parse_args()
    room = "mm_agents.documents" if given.shared else f"mm_agents.documents.{given.reader}"
    parameters = import_module(f"{room}.parameters").PARAMETERS
    measure = Measure(given.reader, given.folder, given.limit)
    before = time.process_time()
    base = measure()
    print(
        f"{len(base[0])} pictures, {time.process_time() - before:.1f} CPU seconds a run, mean {base[1]:.4f}", flush=True
    )
    print(f"{'parameter':32} {'value':>9}   -20 %: changed, mean     +20 %: changed, mean", flush=True)
    table: list[dict[str, Any]] = []
    for name, value, lower, upper in numbers(parameters, given.only):
        row: dict[str, Any] = {"parameter": name, "value": value}
        for side, moved in (("lower", lower), ("upper", upper)):
            with moving(parameters, name, moved):
                readings, mean = measure()
            changed = [picture for picture, reading in readings.items() if reading != base[0][picture]]
            row[side] = {"changed": len(changed), "mean": round(mean - base[1], 4), "pictures": changed[:5]}
        table.append(row)
        shown = "     ".join(f"{row[side]['changed']:>10} {row[side]['mean']:>+9.4f}" for side in ("lower", "upper"))
        print(f"{name:32} {value!s:>9}   {shown}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(table, indent=2), encoding="utf-8")


class Measure:
    """Reads every picture of the folders, and scores the readings; pages are opened once."""

    def __init__(self, kind: str, folders: list[Path], limit: int | None) -> None:
        self._kind, self._folders, self._limit = kind, folders, limit
        self._read = reader(kind)
        self._opened: dict[Path, list[Page]] = {}

    def __call__(self) -> tuple[dict[str, str], float]:
        """The reading of each picture, as JSON text, and the mean of all figures."""
        readings: dict[str, str] = {}

        def read(path: Path) -> Mapping[str, Any]:
            try:
                found = self._read(self._pages(path)).to_json()
            except (ArithmeticError, LookupError, ValueError) as error:  # what a moved number broke is a change too
                readings[str(path)] = repr(error)
                raise MMAgentsError(repr(error)) from error
            readings[str(path)] = json.dumps(found, sort_keys=True, default=str)
            return found

        report = evaluate(self._folders, readers={self._kind: read}, limit=self._limit)
        shares = [
            value for row in report.rows() for name, value in row.figures.items() if "(of)" not in name and value <= 1
        ]
        return readings, sum(shares) / len(shares)

    def _pages(self, path: Path) -> list[Page]:
        if path not in self._opened:
            self._opened[path] = list(open_pages(path, ocr=default_ocr()))
        return self._opened[path]


def reader(kind: str) -> Read:
    """What reads opened pages by rules alone."""
    module = import_module(f"mm_agents.documents.{kind}.reader")
    if kind == "invoice":
        return module.read_invoice
    if kind == "table":
        return lambda pages: module.read_page(pages[0], ocr=default_ocr())
    return lambda pages: module.read_page(pages[0], default_ocr())


def numbers(parameters: Any, only: list[str] | None) -> Iterator[tuple[str, float, float, float]]:
    """Each number by name: its value, and 20 % less and more; whole numbers move by at least one."""
    for field in dataclasses.fields(parameters):
        value = getattr(parameters, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float) or (only and field.name not in only):
            continue
        step = max(1, round(0.2 * value)) if isinstance(value, int) else 0.2 * value
        yield field.name, value, value - step, value + step


@contextmanager
def moving(parameters: Any, name: str, value: float) -> Generator[None]:
    """Set a field of frozen parameters for a while."""
    before = getattr(parameters, name)
    object.__setattr__(parameters, name, value)
    try:
        yield
    finally:
        object.__setattr__(parameters, name, before)


if __name__ == "__main__":
    main()
