"""UMAP of 13,400 vectors of 1,408 numbers: ``mm_agents.plots`` beside ``umap.UMAP()`` with its defaults.

Run it with ``python examples/benchmarks/umap_speed.py``. Every row is a process of its own, so that imports and
compilation count as they do for somebody who wants one picture. Trustworthiness is scikit-learn's, with 15
neighbours, of the same 3,000 points for every row; 1 is best. Where the machine is busy, compare the CPU seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

METHODS = {
    "reference": "umap.UMAP(), defaults",
    "umap": "plots.umap",
    "cosine": 'plots.umap, metric="cosine"',
    "pca": "plots.principal, 3 axes",
}


def structured(count: int, width: int, seed: int = 7) -> np.ndarray[Any, Any]:
    """Vectors on curved sheets in families of clusters, with noise: float32 unit rows of shape (count, width)."""
    rng = np.random.default_rng(seed)
    families = rng.normal(size=(12, width))
    centres = families[rng.integers(12, size=60)] + 0.6 * rng.normal(size=(60, width))
    cluster = rng.choice(60, size=count, p=rng.dirichlet(np.full(60, 3.0)))
    along = rng.uniform(-1, 1, size=(count, 4))
    waves = np.concatenate([np.sin(2 * along), np.cos(3 * along), along[:, :2] * along[:, 2:]], axis=1)
    bends = rng.normal(size=(60, waves.shape[1], width)) * 0.35
    vectors = centres[cluster] + 0.1 * rng.normal(size=(count, width))
    for one in range(60):
        vectors[cluster == one] += waves[cluster == one] @ bends[one]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def lay_out(method: str, vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The points of one method."""
    if method == "reference":
        import umap

        return umap.UMAP().fit_transform(vectors)
    from mm_agents.plots import principal
    from mm_agents.plots import umap as own_umap

    if method == "pca":
        return principal(vectors, 3)
    return own_umap(vectors, metric="cosine" if method == "cosine" else "euclidean")


def one(method: str, folder: Path) -> None:
    """Time one method and print what it took as JSON."""
    vectors = np.load(folder / "vectors.npy")
    began, before = time.perf_counter(), time.process_time()
    points = lay_out(method, vectors)
    wall, cpu = time.perf_counter() - began, time.process_time() - before
    from sklearn.manifold import trustworthiness

    some = np.random.default_rng(1).choice(len(vectors), size=min(3000, len(vectors)), replace=False)
    trust = float(trustworthiness(vectors[some], points[some], n_neighbors=15))
    print(json.dumps({"wall": wall, "cpu": cpu, "trust": trust}))


def main() -> None:
    count, width = (int(number) for number in [*sys.argv[1:3], "13400", "1408"][:2])
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", structured(count, width))
        print(f"{count:,} × {width:,}, {os.cpu_count()} cores")
        print(f"{'':32}{'wall s':>9}{'CPU s':>9}{'trust':>8}{'wall ratio':>12}{'CPU ratio':>11}")
        reference: dict[str, float] = {}
        for method, title in METHODS.items():
            command = [sys.executable, "-W", "ignore", __file__, "--one", method, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            reference = reference or row
            print(
                f"{title:32}{row['wall']:9.1f}{row['cpu']:9.1f}{row['trust']:8.3f}"
                f"{reference['wall'] / row['wall']:12.1f}{reference['cpu'] / row['cpu']:11.1f}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
