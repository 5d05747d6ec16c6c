"""What seeing objects brings and costs: precision of the kinds seen, captions found, and time, beside classes alone.

    python examples/benchmarks/objects.py --data DATA

DATA holds ``photos`` (photographs with five captions each in ``captions.json``), ``animals/image`` (files named by
their species) and ``imagenette`` (a folder of photos for each class). A kind counts as there where a caption, the name
or the class names it, so that what nobody mentioned counts as wrong: precision is that at least. Of the captions only
animals, people and vehicles are judged: people do not write of every chair. All of it was seen while developing.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from mm_agents.embedders.offline import CLASSES_ALONE, CLASSES_AND_OBJECTS, OfflineEmbedder, build
from mm_agents.media import inspect, load_image
from mm_agents.types import Image, SeenObject, Text

FloatArray = NDArray[np.float32]

THRESHOLDS = (0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
SIDE = 768
PEOPLE = (
    "person people man men woman women boy boys girl girls child children kid kids baby toddler lady guy guys player "
    "players crowd someone he she his her hiker climber rider surfer skier snowboarder skateboarder biker cyclist "
    "bicyclist swimmer runner dancer couple family teenager teen adult adults male female group team soldier worker "
    "workers officer fans friends kayaker rollerblader boarder wrestlers band parade performer student students"
)
WORDS: Mapping[str, str] = {
    "person": PEOPLE,
    "dog": "dog dogs puppy puppies poodle greyhound greyhounds collie retriever terrier dachshund beagle canine",
    "cat": "cat cats kitten kittens",
    "horse": "horse horses pony bull bronco",
    "cow": "cow cows bull cattle ox calf",
    "sheep": "sheep lamb lambs goat",
    "bird": "bird birds seagull seagulls duck ducks goose geese pigeon pigeons swan flamingo",
    "elephant": "elephant elephants",
    "bear": "bear bears",
    "zebra": "zebra zebras",
    "giraffe": "giraffe giraffes",
    "bicycle": "bicycle bicycles bike bikes biker bikers cyclist cyclists bicyclist bmx cycling biking rides",
    "motorcycle": "motorcycle motorcycles motorbike motorbikes motocross motorcyclist bike bikes biker dirtbike",
    "car": "car cars vehicle vehicles taxi cab traffic street road race suv jeep van",
    "bus": "bus buses",
    "truck": "truck trucks",
    "train": "train trains",
    "boat": "boat boats canoe kayak raft ship sailboat jetski kayaker",
    "airplane": "airplane plane airplanes jet aircraft",
}
CLASSES: Mapping[str, str] = {"english-springer": "dog", "garbage-truck": "truck"}
ANYWHERE = frozenset({"person", "car", "boat", "bicycle", "motorcycle", "bus", "truck"})
"""Kinds that a photo of a class may well show beside it, so that it says nothing about them."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture, the kinds that it shows, and those that it says nothing of."""

    name: str
    image: Image
    there: frozenset[str]
    open: frozenset[str] = frozenset()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    captions: dict[str, list[str]] = json.loads((data / "photos" / "captions.json").read_text("utf-8"))
    photos = list(captioned(data, captions))
    pictures = [*photos, *named(data)]
    embedder = OfflineEmbedder()
    seen = [row or () for row in embedder.embed_with_objects([one.image for one in pictures], role="document")[1]]
    precision(pictures, seen)
    people(photos, seen, captions)
    found(photos, captions)


def captioned(data: Path, captions: Mapping[str, Sequence[str]]) -> Iterator[Labelled]:
    for name in sorted(captions):
        words = set(re.findall(r"[a-z]+", " ".join(captions[name]).lower()))
        there = frozenset(kind for kind, names in WORDS.items() if words & set(names.split()))
        yield Labelled(name, load(data / "photos" / name), there)


def named(data: Path) -> Iterator[Labelled]:
    for path in sorted((data / "animals" / "image").iterdir()):
        yield Labelled(path.name, load(path), frozenset({path.stem.rstrip("0123456789")}), ANYWHERE)
    for folder in sorted((data / "imagenette").iterdir()):
        there = frozenset({CLASSES[folder.name]} if folder.name in CLASSES else ())
        for path in sorted(folder.iterdir()):
            yield Labelled(path.name, load(path), there, ANYWHERE)


def load(path: Path) -> Image:
    return load_image(inspect(path), max_side=SIDE)


def precision(pictures: Sequence[Labelled], seen: Sequence[Sequence[SeenObject]]) -> None:
    """How many of the kinds seen are there, and how many of those there are seen, by threshold."""
    print(f"{'kinds of pictures, by score from':<34}" + "".join(f"{least:>12.2f}" for least in THRESHOLDS))
    for title, kinds in (("people", {"person"}), ("dogs", {"dog"}), ("all that are judged", set(WORDS))):
        cells: list[str] = []
        for least in THRESHOLDS:
            right = wrong = missed = 0
            for picture, objects in zip(pictures, seen, strict=True):
                judged = kinds - (picture.open - picture.there)
                labels = {one.label for one in objects if one.score >= least} & judged
                right += len(labels & picture.there)
                wrong += len(labels - picture.there)
                missed += len(picture.there & judged - labels)
            cells.append(f"{right / max(right + wrong, 1):.3f} / {right / max(right + missed, 1):.2f}")
        print(f"{title + ': precision / recall':<34}" + "".join(f"{cell:>12}" for cell in cells))


GROUPS = re.compile(r"\b(three|four|five|six|several|group|crowd|team|many|band)\b", re.IGNORECASE)


def people(photos: Sequence[Labelled], seen: Sequence[Sequence[SeenObject]], captions: Mapping[str, list[str]]) -> None:
    """How many of the pictures with three or more people seen are said to show a group by at least one caption."""
    cells: list[str] = []
    for least in THRESHOLDS:
        groups = [
            photo
            for photo, objects in zip(photos, seen, strict=False)
            if sum(one.label == "person" and one.score >= least for one in objects) >= 3
        ]
        right = sum(GROUPS.search(" ".join(captions[photo.name])) is not None for photo in groups)
        cells.append(f"{right} of {len(groups)}")
    print(f"{'three people seen, and a group said':<34}" + "".join(f"{cell:>12}" for cell in cells))


def found(photos: Sequence[Labelled], captions: Mapping[str, Sequence[str]]) -> None:
    """How often a caption finds its photo first, and among the first 5 and 10, and what embedding costs."""
    print(f"\n{'captions to photos':<34}{'R@1':>8}{'R@5':>8}{'R@10':>8}{'MRR':>8}{'CPU s':>8}")
    truth = np.array([n for n, photo in enumerate(photos) for _ in captions[photo.name]])
    for model in (CLASSES_ALONE, CLASSES_AND_OBJECTS):
        embedder = build(model)
        asked = embedder.embed([Text(text=text) for one in photos for text in captions[one.name]], role="query")
        embedder.embed([photos[0].image], role="document")
        began = process_time()
        rows = embedder.embed([photo.image for photo in photos], role="document")
        seconds = process_time() - began
        cosines = asked @ rows.T
        ranks = (cosines > cosines[np.arange(len(truth)), truth][:, None]).sum(axis=1)
        recall = [float((ranks < first).mean()) for first in (1, 5, 10)]
        cells = "".join(f"{figure:>8.3f}" for figure in (*recall, float((1 / (ranks + 1)).mean())))
        print(f"{model:<34}{cells}{seconds:>8.1f}")


if __name__ == "__main__":
    main()
