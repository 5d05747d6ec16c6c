"""How well an embedder finds pictures and clips: precision among the first hits, by kind of question.

    python examples/benchmarks/embedder_quality.py --data DATA [--embedder offline]

DATA holds ``animals/image``, ``animals/video`` (files named by their species: "cat1.jpg") and ``imagenette`` (a folder
of photos for each class). A question's own file is never counted. Precision by chance stands beside each figure.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from mm_agents import _plugins
from mm_agents.ingest.files import shots
from mm_agents.media import inspect, load_image, segments
from mm_agents.protocols import Embedder
from mm_agents.types import Item, Text

FloatArray = NDArray[np.float32]

ANIMALS = {"cat": "cat", "dog": "dog", "meerkat": "meerkat", "dog playing with stick": "dog"}
CLASSES = {
    "a fish that an angler has caught": "tench",
    "a brown and white spaniel": "english-springer",
    "a tape deck for playing music": "cassette-player",
    "cutting wood with a chainsaw": "chain-saw",
    "a church building": "church",
    "someone playing a brass horn": "french-horn",
    "a truck that collects rubbish": "garbage-truck",
    "filling up at the petrol station": "gas-pump",
    "a golf ball on the grass": "golf-ball",
    "skydiving under an open parachute": "parachute",
}
RULES: dict[str, Callable[[FloatArray], list[slice]]] = {
    "clip = one vector": lambda vectors: [slice(0, len(vectors))],
    "clip = its shots": shots,
    "clip = its segments": lambda vectors: [slice(place, place + 1) for place in range(len(vectors))],
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A photo, or a clip with its segments."""

    label: str
    kind: str
    vectors: FloatArray  # (segments, width), unit rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", default="offline", help="a name, or name:model")
    arguments = parser.parse_args()
    name, _, model = arguments.embedder.partition(":")
    embedder: Embedder = _plugins.build("embedders", name, model)

    began = perf_counter()
    animals = [
        Asset(path.stem.rstrip("0123456789").split("-")[0], folder, embed(embedder, path))
        for folder in ("image", "video")
        for path in sorted((arguments.data / "animals" / folder).iterdir())
    ]
    photos = [
        Asset(folder.name, "image", embed(embedder, path))
        for folder in sorted((arguments.data / "imagenette").iterdir())
        for path in sorted(folder.iterdir())
    ]
    print(f"{embedder.name}: {len(animals) + len(photos)} files in {perf_counter() - began:.1f} s\n")
    print(f"{'':<44}{'p@3':>8}{'chance':>8}")
    for rule, parts in RULES.items():
        index = [means(asset.vectors, parts(asset.vectors)) for asset in animals]
        labels = [asset.label for asset in animals]
        report(f"animals, text, {rule}", by_text(embedder, ANIMALS, index, labels, 3), labels)
        for kind in ("image", "video"):
            asked = [place for place, asset in enumerate(animals) if asset.kind == kind]
            report(f"animals, {kind}, {rule}", by_example(asked, index, labels, 3), labels)
    print(f"\n{'':<44}{'p@5':>8}{'chance':>8}")
    index, labels = [asset.vectors for asset in photos], [asset.label for asset in photos]
    report("imagenette, text", by_text(embedder, CLASSES, index, labels, 5), labels)
    report("imagenette, image", by_example(range(len(photos)), index, labels, 5), labels)


def embed(embedder: Embedder, path: Path) -> FloatArray:
    media = inspect(path)
    items: list[Item] = list(segments(media)) if media.media_type == "video" else [load_image(media, max_side=1024)]
    return embedder.embed(items, role="document")


def means(vectors: FloatArray, parts: Sequence[slice]) -> FloatArray:
    """The direction of each part's mean."""
    sums = np.stack([vectors[part].sum(axis=0) for part in parts])
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def by_text(
    embedder: Embedder, questions: dict[str, str], index: Sequence[FloatArray], labels: Sequence[str], first: int
) -> list[float]:
    queries = embedder.embed([Text(text=question) for question in questions], role="query")
    return [
        precision(query, wanted, index, labels, first)
        for query, wanted in zip(queries, questions.values(), strict=True)
    ]


def by_example(asked: Sequence[int], index: Sequence[FloatArray], labels: Sequence[str], first: int) -> list[float]:
    """Each asset in turn is the question, by the mean of its vectors, and stands not in the list."""
    return [
        precision(
            index[place].mean(axis=0),
            labels[place],
            [*index[:place], *index[place + 1 :]],
            [*labels[:place], *labels[place + 1 :]],
            first,
        )
        for place in asked
    ]


def precision(query: FloatArray, wanted: str, index: Sequence[FloatArray], labels: Sequence[str], first: int) -> float:
    """How many of the first hits have the wanted label; an asset ranks by its best vector."""
    scores = np.array([(vectors @ query).max() for vectors in index])
    return float(np.mean([labels[place] == wanted for place in np.argsort(-scores, kind="stable")[:first]]))


def report(name: str, figures: Sequence[float], labels: Sequence[str]) -> None:
    chance = sum((labels.count(label) / len(labels)) ** 2 for label in set(labels))
    print(f"{name:<44}{np.mean(figures):>8.3f}{chance:>8.3f}   {' '.join(f'{figure:.2f}' for figure in figures[:15])}")


if __name__ == "__main__":
    main()
