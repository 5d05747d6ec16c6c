"""How much `add` costs beside the bare embedder: files a second, side by side in one run, and peak memory.

Also by processor time, which other work on the machine changes less. Words and speech are passes of their own.

    python examples/benchmarks/add_throughput.py ~/Pictures

"bare" decodes with the same code, in the program itself, and embeds with the same embedders in batches of 32, one
after the other, and keeps nothing. `add` also hashes, makes thumbnails and writes, and meanwhile decodes in processes
of their own, which a hostile file can end or exhaust alone; "add, decoded here" does so in threads of the program.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from mm_agents import Library, media
from mm_agents.errors import MediaError
from mm_agents.ingest.files import IMAGE_SIDE
from mm_agents.ingest.presets import media_vectors
from mm_agents.media.decoder_processes import decoded_here
from mm_agents.types import Item


def bare(paths: list[Path], folder: Path) -> None:
    """Decode and embed pictures and clips by all the embedders of a new library, and keep nothing."""
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library") as library:
        vectors = media_vectors(library.store.spec, "image")
        embedders = {one.name: one for one in (library.routes.need(vector.name) for vector in vectors)}

        def embed(items: list[Item]) -> None:
            for embedder in embedders.values():
                embedder.embed(items, role="document")
            items.clear()

        def work() -> None:
            items: list[Item] = []
            for path in paths:
                file = media.inspect(path)
                is_clip = file.media_type == "video"
                items += media.segments(file) if is_clip else [media.load_image(file, max_side=IMAGE_SIDE)]
                if len(items) >= 32:
                    embed(items)
            embed(items)

        embed([media.load_image(path, max_side=IMAGE_SIDE) for path in few_pictures(paths)])  # loads the weights
        timed(work)


def added(paths: list[Path], folder: Path) -> None:
    """Add the folder to a new library, which has a few of its pictures."""
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library") as library:
        library.add(*few_pictures(paths), words="none", speech="none", progress=False)
        timed(lambda: library.add(folder, words="none", speech="none", progress=False))


def few_pictures(paths: list[Path]) -> list[Path]:
    """Those that load all that is needed; no arm looks at them again."""
    return [path for path in paths if media.inspect(path).media_type == "image"][:3]


def timed(work: Callable[[], object]) -> None:
    """Print what work takes: seconds by the clock and of the processor, and the peak of memory in MB."""
    start, started = time.perf_counter(), processor_seconds()
    work()
    seconds, worked = time.perf_counter() - start, processor_seconds() - started
    print(seconds, worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def processor_seconds() -> float:
    """The processor time of this process and of those that it has started and that run (Linux)."""
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def usable(folder: Path) -> list[Path]:
    """The pictures and videos below a folder, by content."""
    found: list[Path] = []
    for path in media.walk([folder], failed=lambda path, error: None):
        try:
            if media.inspect(path).media_type in ("image", "video"):
                found.append(path)
        except MediaError as error:
            print(f"left out: {error}")
    return found


WORKS = {"bare embedder": (bare, True), "add": (added, False), "add, decoded here": (added, True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="pictures and videos")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turns (default 3)")
    parser.add_argument("--only", choices=list(WORKS), help="measure this alone, and print three numbers")
    arguments = parser.parse_args()
    paths = usable(arguments.folder)
    if arguments.only:
        work, is_here = WORKS[arguments.only]
        with decoded_here() if is_here else nullcontext():
            work(paths, arguments.folder)
        return
    taken: dict[str, list[list[float]]] = {name: [] for name in WORKS}
    for _ in range(arguments.rounds):
        for name in WORKS:  # each in a new process: the embedder remembers the pictures that it saw
            command = [sys.executable, __file__, str(arguments.folder), "--only", name]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            taken[name].append([float(number) for number in printed.splitlines()[-1].split()])
    best = {name: [min(column) for column in zip(*rows, strict=True)] for name, rows in taken.items()}
    print(f"{len(paths)} files, best of {arguments.rounds}")
    for name, (seconds, worked, memory) in best.items():
        rates = f"{len(paths) / seconds:7.1f} files/s  {len(paths) / worked:7.1f} files for a second of one core"
        print(f"{name:<18} {seconds:7.2f} s  {rates}  {memory:5.0f} MB at most")
    for other, goal in (("bare embedder", 0.9), ("add, decoded here", 0.92)):
        clock, core = (best[other][n] / best["add"][n] for n in (0, 1))
        print(f"add beside {other:<18} {clock:.2f} of its rate, {core:.2f} by processor time (goal: {goal})")


if __name__ == "__main__":
    main()
