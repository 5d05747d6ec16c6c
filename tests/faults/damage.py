"""A library's files with bytes changed, zeroed, cut or gone: the doctor notices, or all that is kept is as before."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from mm_agents import Library
from mm_agents.cli.maintenance import examine
from mm_agents.errors import MMAgentsError
from mm_agents.testing import HashEmbedder

from .tally import Budget, Tally, mutated, paint

WIDTH = 16


def attack(budget: Budget) -> Tally:
    """Damage one file of a library at a time."""
    tally = Tally("damaged libraries")
    whole = budget.place / "whole"
    with Library.open(whole, embedder=HashEmbedder(width=WIDTH)) as library:
        library.add(*paint(budget.place / "pictures", 12), words="none")
    kept = content(whole)
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file() and path.stat().st_size)
    for number, dice in budget.numbered():
        folder, name = budget.place / "damaged", files[number % len(files)]
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        data = (whole / name).read_bytes()
        changed = mutated(data, dice) if dice.random() < 0.9 else b""
        (folder / name).write_bytes(changed)
        tally.tries += 1
        try:
            noticed = any(check.needed and not check.ok for check in examine(str(folder)))
            if not noticed and content(folder) != kept:
                tally.failed(f"{name} ({number}): changed, and the doctor finds it sound")
        except MMAgentsError as error:
            tally.failed(f"{name} ({number}): the doctor passes, reading raises {error}")
        except Exception as error:  # noqa: BLE001 - every other one is a fault
            tally.failed(f"{name} ({number}): {type(error).__name__}: {error}")
    return tally


def content(library: Path) -> list[tuple[str, str]]:
    """All that a library holds: each record with its vectors, as text."""
    with Library.open(library, embedder=HashEmbedder(width=WIDTH), create=False) as opened:
        return sorted(
            (record.id, f"{sorted(record.properties.items())} {record.text} {_rows(record.vectors)}")
            for parts in (False, True)
            for record in opened.store.iterate(with_vectors=True, parts=parts)
        )


def _rows(vectors: object) -> str:
    assert isinstance(vectors, dict) or hasattr(vectors, "items")
    return str({name: np.asarray(row).tobytes().hex() for name, row in sorted(vectors.items())})  # type: ignore[union-attr]
