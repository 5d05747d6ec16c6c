"""How `add` does on many small pictures: its rate beside the bare embedder in one run, a second run, peak memory.

    python examples/benchmarks/small_pictures.py
    python examples/benchmarks/small_pictures.py --count 10000 --without-bare

The pictures, 213 x 160, are drawn by the script. "bare" decodes and embeds them in batches of 32 in the program itself
and keeps nothing.
Words and speech, passes of their own, are off.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from add_throughput import processor_seconds

from mm_agents import Library, media
from mm_agents.ingest.files import IMAGE_SIDE
from mm_agents.ingest.presets import media_vectors
from mm_agents.media.decoder_processes import decoded_here
from mm_agents.protocols import Embedder
from mm_agents.types import Item


def draw(folder: Path, numbers: range) -> list[Path]:
    """Pictures of coloured clouds, all different; the embedder remembers those that it saw."""
    folder.mkdir()
    paths: list[Path] = []
    for n in numbers:
        clouds = np.random.default_rng(n).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        paths.append(folder / f"{n:05}.jpg")
        PIL.Image.fromarray(clouds).resize((213, 160), PIL.Image.Resampling.BICUBIC).save(paths[-1], quality=85)
    return paths


def bare(paths: list[Path], embedders: Sequence[Embedder]) -> None:
    """Decode and embed by the embedders of a new library, and keep nothing."""
    for start in range(0, len(paths), 32):
        with decoded_here():
            items: list[Item] = [media.load_image(path, max_side=IMAGE_SIDE) for path in paths[start : start + 32]]
        for embedder in embedders:
            embedder.embed(items, role="document")


def timed(name: str, count: int, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor; prints a line of the table."""
    start, started = time.perf_counter(), processor_seconds()
    work()
    seconds, worked = time.perf_counter() - start, processor_seconds() - started
    print(
        f"{name:<14} {seconds:8.2f} s  {count / seconds:8.1f} files/s  {worked:8.2f} s of processor  {peak():5.0f} MB"
    )
    return seconds, worked


def peak() -> float:
    """The most memory that this process has had, in MB (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="how many pictures (default 500)")
    parser.add_argument("--without-bare", action="store_true", help="leave the bare embedder out")
    arguments = parser.parse_args()
    count: int = arguments.count
    with tempfile.TemporaryDirectory() as place:
        folder, first, others = (Path(place) / name for name in ("pictures", "first", "others"))
        draw(folder, range(count))
        draw(first, range(count, count + 3))
        with Library.open(Path(place) / "library") as library:
            library.add(first, words="none", speech="none", progress=False)  # loads the weights
            alone = None
            if not arguments.without_bare:
                needed = [library.routes.need(vector.name) for vector in media_vectors(library.store.spec, "image")]
                paths = draw(others, range(2 * count, 3 * count))
                alone = timed("bare embedder", count, lambda: bare(paths, needed))

            def add() -> None:
                library.add(folder, words="none", speech="none", progress=False)

            first_run = timed("add", count, add)
            timed("second run", count, add)
    if alone:
        ratios = f"{alone[0] / first_run[0]:.2f} of its rate, {alone[1] / first_run[1]:.2f} by processor time"
        print(f"add / bare     {ratios} (goal: 0.9)")


if __name__ == "__main__":
    main()
