"""How the LanceDB store compares with the local store: speed, recall, building, with and without filters.

Both are filled with the same synthetic vectors, once in clusters (as media are) and once without any (the worst case
for an index), in temporary folders. They then take turns with each query, so that whatever else the machine does hits
both alike. The local store is exact; ``recall@10`` is the share of its ten nearest that the LanceDB store finds too.
The last filter goes with the content: it is true of whole clusters, mostly other ones than the query's.

    python examples/benchmarks/lance_store.py
    python examples/benchmarks/lance_store.py --rows 1000000 --queries 50
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from mm_agents.filters import parse
from mm_agents.protocols import Store
from mm_agents.stores import lance, local
from mm_agents.types import CollectionSpec, Record, VectorSpec

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

BATCH = 2000
CLUSTERS = 200
FILTERS = {"none": None, "20%": "fifth = 0", "1%": "percent = 0", "10%, by content": "cluster < 20"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="how many records (default: 100000)")
    parser.add_argument("--width", type=int, default=384, help="numbers per vector (default: 384)")
    parser.add_argument("--queries", type=int, default=50, help="how many of each kind (default: 50)")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*vectors 'v'")  # the local store's hint to move to this one
    for shape in ("clustered", "unclustered"):
        measure(shape, arguments.rows, arguments.width, arguments.queries)


def measure(shape: str, rows: int, width: int, queries: int) -> None:
    random = np.random.default_rng(0)
    clusters = random.integers(0, CLUSTERS, rows + queries)
    centres = random.standard_normal((CLUSTERS, width), np.float32) if shape == "clustered" else None
    scale = np.linspace(1, 0.1, width, dtype=np.float32)

    def vectors(of: NDArray[np.int64]) -> FloatArray:
        noise = random.standard_normal((len(of), width), np.float32) * scale
        return noise if centres is None else centres[of] + noise

    matrix, asked = vectors(clusters[:rows]), vectors(clusters[rows:])
    spec = CollectionSpec(name="Bench", vectors=(VectorSpec(name="v", width=width),))
    with tempfile.TemporaryDirectory(prefix="lance_store_") as folder:
        places = {"local": str(Path(folder) / "local"), "lance": str(Path(folder) / "lance")}
        with local.build(places["local"], spec=spec) as exact, lance.build(places["lance"], spec=spec) as store:
            stores: dict[str, Store] = {"local": exact, "lance": store}
            for name, each in stores.items():
                begin = time.perf_counter()
                for batch in batches(matrix, clusters):
                    each.upsert(batch)
                seconds = time.perf_counter() - begin
                size = sum(file.stat().st_size for file in Path(places[name]).rglob("*") if file.is_file())
                print(f"{shape}, {rows:,} x {width}: {name} built in {seconds:.1f} s, {size / 1e6:,.0f} MB")
            print(f"{'filter':<18}{'local ms':>10}{'lance ms':>10}{'p95':>8}{'lance/local':>13}{'recall@10':>11}")
            for name, expression in FILTERS.items():
                compare(stores, name, expression, asked)


def compare(stores: dict[str, Store], name: str, expression: str | None, asked: FloatArray) -> None:
    where = None if expression is None else parse(expression)
    times: dict[str, list[float]] = {each: [] for each in stores}
    shares: list[float] = []
    for query in asked:
        found: dict[str, set[str]] = {}
        for each, store in stores.items():
            begin = time.perf_counter()
            hits = store.search(vector=query, using="v", where=where, limit=10)
            times[each].append((time.perf_counter() - begin) * 1000)
            found[each] = {hit.record.id for hit in hits}
        shares.append(len(found["local"] & found["lance"]) / len(found["local"]))
    exact, approximate = (statistics.median(values) for values in times.values())
    p95 = statistics.quantiles(times["lance"], n=20)[-1]
    recall = statistics.mean(shares)
    print(f"{name:<18}{exact:>10.1f}{approximate:>10.1f}{p95:>8.1f}{approximate / exact:>13.2f}{recall:>11.3f}")


def batches(matrix: FloatArray, clusters: NDArray[np.int64]) -> Iterator[list[Record]]:
    for start in range(0, len(matrix), BATCH):
        yield [record(n, matrix[n], int(clusters[n])) for n in range(start, min(start + BATCH, len(matrix)))]


def record(n: int, vector: FloatArray, cluster: int) -> Record:
    properties = {"name": f"file {n}", "path": f"folder/file_{n}.jpg", "fifth": n % 5, "percent": n % 100}
    return Record(id=str(UUID(int=n)), properties={**properties, "cluster": cluster}, vectors={"v": vector})


if __name__ == "__main__":
    main()
