"""How much `add` costs beside the bare embedder: files a second, side by side in one run, and peak memory.

Also by processor time, which other work on the machine changes less. Words and speech are passes of their own.

    python examples/benchmarks/add_throughput.py ~/Pictures

"bare" decodes with the same code, in the program itself, and embeds in batches of 32, one after the other, and
keeps nothing. `add` also hashes, makes thumbnails and writes, and meanwhile decodes in processes of their own, which a
hostile file can end or exhaust alone; "add, decoded here" does so in threads of the program.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from mm_agents import Library, media
from mm_agents.embedders import offline
from mm_agents.errors import MediaError
from mm_agents.ingest.files import IMAGE_SIDE
from mm_agents.media.decoders import decoded_here
from mm_agents.types import Item


def bare(paths: list[Path]) -> int:
    """Decode and embed pictures and clips; returns how many items were embedded."""
    embedder = offline.build()
    items: list[Item] = []
    done = 0
    for path in paths:
        file = media.inspect(path)
        items += media.segments(file) if file.media_type == "video" else [media.load_image(file, max_side=IMAGE_SIDE)]
        if len(items) >= 32:
            done += len(embedder.embed(items, role="document"))
            items.clear()
    return done + len(embedder.embed(items, role="document"))


def added(folder: Path) -> int:
    """Add the folder to a new library; returns how many files were added."""
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library") as library:
        return library.add(folder, words="none", speech="none", progress=False).added


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="pictures and videos")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turns (default 3)")
    arguments = parser.parse_args()
    paths = usable(arguments.folder)
    works: dict[str, tuple[Callable[[], int], bool]] = {
        "bare embedder": (lambda: bare(paths), True),
        "add": (lambda: added(arguments.folder), False),
        "add, decoded here": (lambda: added(arguments.folder), True),
    }
    bare(paths[:8])  # loads the weights, converts them the first time
    seconds: dict[str, list[float]] = {name: [] for name in works}
    worked: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(arguments.rounds):
        for name, (work, here) in works.items():
            with decoded_here() if here else nullcontext():
                start, started = time.perf_counter(), processor_seconds()
                work()
                worked[name].append(processor_seconds() - started)
                seconds[name].append(time.perf_counter() - start)
    best, least = ({name: min(times) for name, times in taken.items()} for taken in (seconds, worked))
    print(f"{len(paths)} files, best of {arguments.rounds}")
    for name in works:
        rate, processor = len(paths) / best[name], len(paths) / least[name]
        print(f"{name:<18} {best[name]:7.2f} s  {rate:7.1f} files/s  {processor:7.1f} files for a second of one core")
    for other, goal in (("bare embedder", 0.9), ("add, decoded here", 0.92)):
        ratios = f"{best[other] / best['add']:.2f} of its rate, {least[other] / least['add']:.2f} by processor time"
        print(f"add beside {other:<18} {ratios} (goal: {goal})")
    print(f"peak memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
