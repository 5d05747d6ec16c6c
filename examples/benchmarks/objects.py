"""What the offline models see and find: kinds and boxes of objects, captions found, and time, the models side by side.

    python examples/benchmarks/objects.py --data DATA

DATA holds ``photos`` (photographs with five captions each in ``captions.json``), ``animals/image`` (files named by
their species) and ``imagenette`` (a folder of photos for each class). A kind counts as there where a caption, the name
or the class names it, so that what nobody mentioned counts as wrong: precision is that at least. Of the captions only
animals, people and vehicles are judged: people do not write of every chair. All of that was seen while developing.

People write least of what is in the background, so that all other kinds that are shown were looked at by eye as well:
``NOT_THERE`` are those that the picture does not show.

``BOXES`` were drawn by eye, to a hundredth of the picture, before any was compared with the detector's: 29 pictures
whose main thing is one cat, dog or truck, and nine with one person, the first by a hash of their names.

Captions are asked for over all photographs, and for two halves, each over its own photographs alone: numbers were set
on the half that is called seen; nothing was chosen by the other. A half is easier than all, being half as many.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from mm_agents.embedders.offline import (
    CLASSES_ALONE,
    CLASSES_AND_OBJECTS,
    SCENES_AND_OBJECTS,
    SPREAD_AND_OBJECTS,
    OfflineEmbedder,
    build,
)
from mm_agents.media import inspect, load_image
from mm_agents.types import Box, Image, SeenObject, Text

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


NOT_THERE = frozenset(
    {
        ("1227655020_b11a1bb112.jpg", "bear"),  # dogs
        ("1488937076_5baa73fc2a.jpg", "cow"),  # a dog
        ("1075881101_d55c46bece.jpg", "dog"),  # a boy in foam
        ("1115565519_d976d4b1f1.jpg", "dog"),  # a fountain's frog
        ("ILSVRC2012_val_00029663.JPEG", "car"),  # a radio
        ("ILSVRC2012_val_00006561.JPEG", "kite"),  # a parachute
    }
)
"""The picture's name and the kind that is shown of it, from ``SHOWN`` on."""
SHOWN = 0.45
VEHICLES = frozenset("bicycle car motorcycle airplane bus train truck boat".split())
ANIMALS = frozenset("bird cat dog horse sheep cow elephant bear zebra giraffe".split())

BOXES: Mapping[str, Mapping[str, tuple[int, int, int, int]]] = {
    "cat": {
        "cat1": (13, 3, 78, 88),
        "cat2": (8, 7, 100, 95),
        "cat3": (9, 26, 99, 91),
    },
    "dog": {
        "dog1": (7, 22, 100, 79),
        "dog2": (11, 9, 79, 98),
        "dog3": (22, 8, 93, 100),
        "ILSVRC2012_val_00004553": (5, 7, 88, 85),
        "ILSVRC2012_val_00008334": (17, 9, 70, 70),
        "ILSVRC2012_val_00014125": (23, 14, 78, 90),
        "ILSVRC2012_val_00024246": (19, 29, 49, 87),
        "ILSVRC2012_val_00027182": (22, 21, 83, 91),
        "ILSVRC2012_val_00037182": (0, 15, 90, 81),
        "ILSVRC2012_val_00040546": (30, 0, 80, 99),
        "ILSVRC2012_val_00046295": (11, 0, 76, 88),
        "1921398767_771743bf4e": (62, 52, 87, 67),
        "1469000260_5d473c8283": (4, 10, 95, 88),
        "1813597483_3f09d2a020": (30, 13, 63, 68),
        "1508269285_6c5723f67d": (14, 30, 67, 70),
        "1745110280_0cbff5e273": (18, 11, 86, 95),
    },
    "truck": {
        "ILSVRC2012_val_00004119": (13, 8, 80, 93),
        "ILSVRC2012_val_00012925": (14, 17, 84, 88),
        "ILSVRC2012_val_00013925": (17, 18, 83, 77),
        "ILSVRC2012_val_00018227": (31, 13, 97, 87),
        "ILSVRC2012_val_00021253": (8, 19, 96, 97),
        "ILSVRC2012_val_00022172": (11, 21, 87, 79),
        "ILSVRC2012_val_00024560": (11, 29, 70, 66),
        "ILSVRC2012_val_00028914": (4, 1, 98, 86),
        "ILSVRC2012_val_00034001": (20, 22, 80, 79),
        "ILSVRC2012_val_00036233": (3, 34, 75, 73),
    },
    "person": {
        "191592626_477ef5e026": (56, 23, 86, 82),
        "1975171469_84e425f61b": (13, 3, 51, 100),
        "1277185009_06478dd457": (46, 34, 58, 70),
        "1569562856_eedb5a0a1f": (34, 11, 90, 100),
        "2068465241_3bcabacfd7": (12, 10, 79, 80),
        "111497985_38e9f88856": (25, 42, 63, 79),
        "1397923690_d3bf1f799e": (43, 9, 79, 88),
        "1924234308_c9ddcf206d": (51, 32, 81, 81),
        "2056930414_d2b0f1395a": (26, 6, 98, 100),
    },
}
"""Left, top, right and bottom of the thing of that kind, in hundredths of the picture, by the file's name."""


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
    embedder.close()  # its classifier would remember the photographs, which are timed below
    precision(pictures, seen)
    looked_at(pictures, seen)
    people(photos, seen, captions)
    placed(pictures, seen)
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
    for title, kinds in (
        ("people", {"person"}),
        ("dogs", {"dog"}),
        ("cars", {"car"}),
        ("all that are judged", set(WORDS)),
    ):
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


def looked_at(pictures: Sequence[Labelled], seen: Sequence[Sequence[SeenObject]]) -> None:
    """How many of the kinds shown of pictures are there, by eye; people are judged by captions alone."""
    shown = [
        (picture.name, kind)
        for picture, objects in zip(pictures, seen, strict=True)
        for kind in {one.label for one in objects if one.score >= SHOWN} - {"person"}
    ]
    for title, kinds in (("animals", ANIMALS), ("cars", {"car"}), ("vehicles", VEHICLES), ("all of these", None)):
        judged = [one for one in shown if kinds is None or one[1] in kinds]
        print(f"{title + ' that are shown, by eye':<34}{sum(one not in NOT_THERE for one in judged)} of {len(judged)}")


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


def placed(pictures: Sequence[Labelled], seen: Sequence[Sequence[SeenObject]]) -> None:
    """How many things have the surest box of their kind where they are: intersection over union from 0.5."""
    by_name = {Path(one.name).stem: (one.image, objects) for one, objects in zip(pictures, seen, strict=True)}
    for kind in BOXES:
        cells: list[str] = []
        for least in THRESHOLDS:
            right = 0
            for name, edges in BOXES[kind].items():
                image, objects = by_name[name]
                height, width, _ = image.pixels.shape
                truth = [edge * side / 100 for edge, side in zip(edges, (width, height) * 2, strict=True)]
                boxes = [one.box for one in objects if one.label == kind and one.score >= least]
                right += bool(boxes) and overlap(truth, boxes[0]) >= 0.5
            cells.append(f"{right} of {len(BOXES[kind])}")
        print(f"{f'{kind}: box right':<34}" + "".join(f"{cell:>12}" for cell in cells))


def overlap(truth: Sequence[float], box: Box) -> float:
    left, top, right, bottom = truth
    shared = max(min(right, box.x1) - max(left, box.x0), 0) * max(min(bottom, box.y1) - max(top, box.y0), 0)
    return shared / ((right - left) * (bottom - top) + (box.x1 - box.x0) * (box.y1 - box.y0) - shared)


def found(photos: Sequence[Labelled], captions: Mapping[str, Sequence[str]]) -> None:
    """How often a caption finds its photo first, and among the first 5 and 10, and what embedding costs."""
    halves = np.array([int(hashlib.sha256(one.name.encode()).hexdigest(), 16) % 2 for one in photos])
    texts = [Text(text=text) for one in photos for text in captions[one.name]]
    truth = np.array([n for n, photo in enumerate(photos) for _ in captions[photo.name]])
    for model in (CLASSES_ALONE, CLASSES_AND_OBJECTS, SCENES_AND_OBJECTS, SPREAD_AND_OBJECTS):
        embedder = build(model)
        asked = embedder.embed(texts, role="query")
        embedder.embed([photos[0].image], role="document")
        began = process_time()
        rows = embedder.embed([photo.image for photo in photos], role="document")
        seconds = process_time() - began
        print(f"\n{model:<34}{'photos':>8}{'R@1':>8}{'R@5':>8}{'R@10':>8}{'MRR':>8}   {seconds:.1f} s on the processor")
        for title, kept in (("all", halves >= 0), ("seen", halves == 0), ("unseen", halves == 1)):
            cosines = asked[kept[truth]] @ rows.T
            own = cosines[np.arange(len(cosines)), truth[kept[truth]]]
            ranks = (cosines[:, kept] > own[:, None]).sum(axis=1)
            recall = [float((ranks < first).mean()) for first in (1, 5, 10)]
            cells = "".join(f"{figure:>8.3f}" for figure in (*recall, float((1 / (ranks + 1)).mean())))
            print(f"{f'captions to photos, {title}':<34}{kept.sum():>8}{cells}")
        embedder.close()
        del embedder  # with its classifier, which would remember the photographs


if __name__ == "__main__":
    main()
