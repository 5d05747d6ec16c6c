"""How fair one list of pictures, clips and scans is, and what strengths mean, beside fusion by rank alone.

    python examples/benchmarks/one_list.py --data DATA

DATA holds ``imagenette`` (a folder of photos for each class), ``photos`` and ``receipts``. Two libraries are made, each
of its own half of the files, to see how far figures differ; what strengths mean was set with both in sight. Of each
class one photo is not added as a picture but is four seconds of a clip, between two other photographs. A class is asked
for by its name and in a sentence; absent things by their names alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence, Set
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from mm_agents import Library
from mm_agents.search.query import read_queries
from mm_agents.search.ranking import by_keywords, fuse, hits, ranked_lists
from mm_agents.types import Hit

ASKED = {
    "cassette-player": ("cassette player", "a tape deck for playing music"),
    "chain-saw": ("chain saw", "cutting wood with a chainsaw"),
    "church": ("church", "a church building"),
    "english-springer": ("springer spaniel", "a brown and white spaniel"),
    "french-horn": ("french horn", "someone playing a brass horn"),
    "garbage-truck": ("garbage truck", "a truck that collects rubbish"),
    "gas-pump": ("gas pump", "filling up at the petrol station"),
    "golf-ball": ("golf ball", "a golf ball on the grass"),
    "parachute": ("parachute", "skydiving under an open parachute"),
    "tench": ("fish", "a fish that an angler has caught"),
}
ABSENT = (
    "owl penguin crocodile butterfly spider shark violin piano banana lighthouse volcano submarine mushroom sunflower "
    "strawberry elephant zebra giraffe sofa kangaroo"
).split()
FIRST = 5
SIZE = (320, 240)
FRAMES = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    receipts = {path.name for path in (data / "receipts").glob("*.jpg")}
    print(f"{'':<34}{'first right':>12}{'right of 5':>12}{'clip in 5':>12}{'scans in 5':>12}")
    for number, half in enumerate(("one half", "the other half")):
        with tempfile.TemporaryDirectory() as folder:
            files = write_half(data, number, Path(folder))
            with Library.open(Path(folder) / "library", embedder="offline") as library:
                library.add(*files, speech="none", progress=False)
                report(f"{half}, by rank", library, receipts, strengths=False)
                report(f"{half}, by strength", library, receipts, strengths=True)
                report_strengths(library)


def write_half(data: Path, number: int, folder: Path) -> list[Path]:
    """The files of one half; its clips are written. Files are named by their class, which no search reads."""
    photos = sorted((data / "photos").glob("*.jpg"))[number::2]
    files = [*photos[20:], *sorted((data / "receipts").glob("*.jpg"))[number::2]]
    for place, name in enumerate(ASKED):
        *pictures, last = sorted((data / "imagenette" / name).iterdir())[number::2]
        for n, picture in enumerate(pictures):
            files.append(folder / f"{place}x{n}.jpg")
            files[-1].symlink_to(picture.resolve())
        files.append(folder / f"{place}x9.mp4")
        write_clip(files[-1], [photos[2 * place], last, photos[2 * place + 1]])
    return files


def write_clip(path: Path, pictures: Sequence[Path]) -> None:
    """Each picture for four seconds, moving across the frame."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, SIZE)
    for picture in pictures:
        with PIL.Image.open(picture) as opened:
            large = np.asarray(opened.convert("RGB").resize((SIZE[0] + FRAMES, SIZE[1] + FRAMES)))
        for n in range(FRAMES):
            writer.write(np.ascontiguousarray(large[n : n + SIZE[1], n : n + SIZE[0], ::-1]))
    writer.release()


def found(library: Library, query: str, *, strengths: bool) -> list[Hit]:
    if strengths:
        return library.search(query, limit=FIRST)
    names = [vector.name for vector in library.store.spec.vectors_with_role("image", "text")]
    names = [name for name in names if library.store.spec.vector(name).width == library.routes.need("media").width]
    queries = read_queries(query)
    lists = ranked_lists(library.store, library.routes, queries, [{}], names, {}, None, 200)
    ranked = [listed for _, listed in lists if listed]
    words = hits(by_keywords(library.store, query, None, 200))
    best = fuse([*ranked, words] if words else ranked)[:FIRST]
    assets = library.store.get([hit.id for hit in best])
    return [Hit(record=assets[hit.id], score=hit.score, vector=hit.vector) for hit in best]


def report(name: str, library: Library, receipts: Set[str], *, strengths: bool) -> None:
    rows: list[tuple[float, float, float, float]] = []
    for place, queries in enumerate(ASKED.values()):
        for query in queries:
            names = [hit.name for hit in found(library, query, strengths=strengths)]
            right = [one.startswith(f"{place}x") for one in names]
            scans = [one in receipts for one in names]
            rows.append((right[0], float(np.mean(right)), f"{place}x9.mp4" in names, float(np.mean(scans))))
    print(f"{name:<34}" + "".join(f"{value:>12.3f}" for value in np.mean(rows, axis=0)))


def report_strengths(library: Library) -> None:
    """Which share of what is there is fair and strong, and of absent names that find anything fair or strong."""
    strengths = [
        [hit.strength for hit in library.search(query, kind="image", limit=200) if hit.name.startswith(f"{place}x")]
        for place, queries in enumerate(ASKED.values())
        for query in queries
    ]
    every = [one for some in strengths for one in some]
    best = [library.search(query, kind="image", vector="media", limit=1)[0].strength for query in ABSENT]
    of_there = f"there: {share(every, 'strong'):.2f} strong, {share(every, 'strong', 'fair'):.2f} at least fair"
    some = sum(one != "weak" for one in map(surest, strengths)) / len(strengths)
    of_absent = f"{share(best, 'strong'):.2f} and {share(best, 'strong', 'fair'):.2f}"
    print(f"  {of_there}; questions that find some: {some:.2f}; absent names: {of_absent}\n")


def surest(strengths: Sequence[str | None]) -> str:
    return next((one for one in ("strong", "fair") if one in strengths), "weak")


def share(strengths: Sequence[str | None], *wanted: str) -> float:
    return sum(one in wanted for one in strengths) / max(len(strengths), 1)


if __name__ == "__main__":
    main()
