"""How near the local store comes to a bare numpy product, and what filters and writing cost.

For every size it fills a store in a temporary folder with random unit vectors and asks for the ten nearest assets:
with bare numpy (``matrix @ query`` and ``argpartition``, a matrix in memory), with the store unfiltered, and with
filters that are true of 20% and of 1% of the records. The four take turns with each query, so that whatever else the
machine does hits them alike; the ratios are to bare numpy. ``after a write`` is the first search after one record was
replaced.

    python examples/benchmarks/store_search.py
    python examples/benchmarks/store_search.py --sizes 13600x1408 --queries 100
    python examples/benchmarks/store_search.py --large
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from mm_agents.filters import parse
from mm_agents.stores import local
from mm_agents.types import CollectionSpec, Filter, Record, VectorSpec

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

BATCH = 2000
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured at one size: records written a second, and milliseconds a query for each way."""

    size: str
    ingest: float
    medians: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["13600x1408", "100000x768"], metavar="RECORDSxWIDTH")
    parser.add_argument("--large", action="store_true", help="also 1000000x384, which needs 5 GB of disk and memory")
    parser.add_argument("--queries", type=int, default=30, help="how many of each kind (default: 30)")
    arguments = parser.parse_args()
    sizes = arguments.sizes + (["1000000x384"] if arguments.large else [])
    rows: list[Row] = []
    for size in sizes:
        records, _, width = size.partition("x")
        with tempfile.TemporaryDirectory(prefix="store_search_") as folder:
            rows.append(measure(Path(folder) / "library", int(records), int(width), arguments.queries))
    show(rows)


def measure(folder: Path, count: int, width: int, queries: int) -> Row:
    random = np.random.default_rng(0)
    spec = CollectionSpec(name="Bench", vectors=(VectorSpec(name="v", width=width),))
    matrix = random.standard_normal((count, width), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    with local.LocalStore.create(folder, spec) as store:
        begin = time.perf_counter()
        for start in range(0, count, BATCH):
            store.upsert([record(n, matrix[n]) for n in range(start, min(start + BATCH, count))])
        ingest = count / (time.perf_counter() - begin)

        def search(where: Filter | None = None) -> Callable[[FloatArray], object]:
            return lambda query: store.search(vector=query, using="v", where=where, limit=TOP)

        ways: dict[str, Callable[[FloatArray], object]] = {
            "numpy": lambda query: np.argpartition(matrix @ query, -TOP)[-TOP:],
            "store": search(),
            "20% filter": search(parse('kind = "image"')),
            "1% filter": search(parse("number < 1")),
        }
        times: dict[str, list[float]] = {name: [] for name in [*ways, "after a write"]}
        for _ in range(queries):
            query = random.standard_normal(width, dtype=np.float32)
            for name, way in ways.items():
                times[name].append(timed(way, query))
            store.upsert([record(0, matrix[0])])
            times["after a write"].append(timed(ways["store"], query))
    # The first query of a process also maps the files and reads the filtered properties.
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    return Row(size=f"{count:,} x {width:,}", ingest=ingest, medians=medians)


def record(n: int, vector: FloatArray) -> Record:
    kind = "image" if n % 5 == 0 else "video"
    properties = {"name": f"file {n}", "path": f"folder/file_{n}.jpg", "kind": kind, "number": n % 100}
    return Record(id=str(UUID(int=n)), properties=properties, vectors={"v": vector})


def timed(way: Callable[[FloatArray], object], query: FloatArray) -> float:
    begin = time.perf_counter()
    way(query)
    return (time.perf_counter() - begin) * 1000


def show(rows: list[Row]) -> None:
    names = list(rows[0].medians)
    print(f"{'records x width':<18}{'written/s':>10}", *(f"{name:>20}" for name in names))
    for row in rows:
        bare = row.medians["numpy"]
        cells = [f"{ms:.2f} ms ({ms / bare:.2f}x)" for ms in row.medians.values()]
        print(f"{row.size:<18}{row.ingest:>10,.0f}", *(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
