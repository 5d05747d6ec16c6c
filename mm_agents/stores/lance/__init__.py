"""The store for millions of vectors on one machine: a LanceDB table in a folder, ``lance://folder``.

    mm_agents.json          what this folder is: the collection's vectors, for people and for later versions
    records.lance/          LanceDB's table: records, vectors, keywords, indices
    checksums               of the table's files and the collection, a line each; ``verify`` compares them

Up to 50,000 vectors a search is exact; above it uses an index that is calibrated to find 99% of what an exact search
finds, on average over the collection's own vectors. A search with a filter is exact at any size, and so grows slower
with it. Every 64 writes or 20,000 records ``upsert`` also puts the table in order, and builds the index anew when it
has grown by half, which at a million vectors can take minutes. What is replaced thereby stays on the disk for ten
minutes and until the next time: right after a large import several times the size of the vectors, later twice.

Any number of processes may read and write; each sees at once what the others wrote. What was acknowledged survives
the death of a process, but not surely a power cut: LanceDB does not force its files to the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mm_agents._optional import require
from mm_agents.errors import ConfigError
from mm_agents.types import CollectionSpec

if TYPE_CHECKING:
    from mm_agents.stores.lance.store import LanceStore


def build(rest: str, *, spec: CollectionSpec | None = None) -> LanceStore:
    """Open the store in a folder; with a spec, make it when there is none.

    Raises:
        MissingExtraError: lancedb is not installed.
        Others as ``local.build``.
    """
    if not rest:
        raise ConfigError("A Lance store needs a folder, such as 'lance://library'.")
    for package in ("lancedb", "tenacity"):
        require(package, extra="lance", feature="The Lance store")
    from mm_agents.stores.lance.store import LanceStore

    return LanceStore.build(Path(rest).absolute(), spec, f"lance://{rest}")
