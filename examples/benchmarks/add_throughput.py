"""How much `add` costs beside the bare embedder: files a second, side by side in one run, and peak memory.

Also by processor time, which other work on the machine changes less. Words and speech are passes of their own.

    python examples/benchmarks/add_throughput.py ~/Pictures

"bare" decodes with the same code and embeds in batches of 32, one after the other, and keeps nothing. `add` also
hashes, makes thumbnails and writes; it decodes in threads meanwhile.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from mm_agents import Library, media
from mm_agents.embedders import offline
from mm_agents.errors import MediaError
from mm_agents.ingest.files import IMAGE_SIDE
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
    bare(paths[:8])  # loads the weights, converts them the first time
    seconds: dict[str, list[float]] = {"bare embedder": [], "add": []}
    worked: dict[str, list[float]] = {"bare embedder": [], "add": []}
    for _ in range(arguments.rounds):
        for name, work in (("bare embedder", lambda: bare(paths)), ("add", lambda: added(arguments.folder))):
            start, started = time.perf_counter(), time.process_time()
            work()
            worked[name].append(time.process_time() - started)
            seconds[name].append(time.perf_counter() - start)
    best = {name: min(times) for name, times in seconds.items()}
    print(f"{len(paths)} files, best of {arguments.rounds}")
    for name, time_taken in best.items():
        rate, processor = len(paths) / time_taken, len(paths) / min(worked[name])
        print(f"{name:<14} {time_taken:7.2f} s  {rate:7.1f} files/s  {processor:7.1f} files for a second of one core")
    print(f"add / bare     {best['bare embedder'] / best['add']:.2f} of its throughput (goal: 0.9)")
    print(f"peak memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
