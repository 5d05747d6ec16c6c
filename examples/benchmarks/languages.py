"""How well pictures are found in other languages beside English, in one run.

    python examples/benchmarks/languages.py --data DATA [--captions CAPTIONS]

DATA holds ``animals/image`` (files named by their species: "cat1.jpg") and ``imagenette`` (a folder of photos for each
class). The questions name what the photos show, a class in each line of ``QUESTIONS``; the rank of the first right
photo is taken. CAPTIONS is a folder of photographs with ``captions.json``, sentences by file and language:
{"a.jpg": {"en": "…", "de": "…"}, "b.jpg": {}}; the rank of the captioned photograph is taken.

English is searched by the vector for English, the others by the one for other languages, as a library does.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from mm_agents import _plugins
from mm_agents.media import inspect, load_image
from mm_agents.protocols import Embedder
from mm_agents.types import Item, Text

FloatArray = NDArray[np.float32]

LANGUAGES = ("en", "de", "fr", "es", "zh", "ar", "ja")
QUESTIONS: Mapping[str, Sequence[str]] = {
    "cat": ("a cat", "eine Katze", "un chat", "un gato", "一只猫", "قطة", "猫"),
    "dog": ("a dog", "ein Hund", "un chien", "un perro", "一只狗", "كلب", "犬"),
    "meerkat": ("a meerkat", "ein Erdmännchen", "un suricate", "una suricata", "一只狐獴", "سرقاط", "ミーアキャット"),
    "tench": ("a caught fish", "ein gefangener Fisch", "un poisson pêché", "un pez", "钓到的鱼", "سمكة", "釣った魚"),
    "english-springer": (
        "a spaniel",
        "ein Spaniel",
        "un épagneul",
        "un spaniel",
        "史宾格犬",
        "كلب سبانيل",
        "スパニエル犬",
    ),
    "cassette-player": (
        *("a tape deck", "ein Kassettenrekorder", "un lecteur de cassettes", "un reproductor de casetes"),
        *("磁带播放机", "مشغل أشرطة", "カセットデッキ"),
    ),
    "chain-saw": (
        "a chainsaw",
        "eine Kettensäge",
        "une tronçonneuse",
        "una motosierra",
        "链锯",
        "منشار",
        "チェーンソー",
    ),
    "church": ("a church", "eine Kirche", "une église", "una iglesia", "教堂", "كنيسة", "教会"),
    "french-horn": ("a brass horn", "ein Horn", "un cor", "una trompa", "铜管乐器", "بوق", "ホルン"),
    "garbage-truck": (
        *("a garbage truck", "ein Müllwagen", "un camion poubelle", "un camión de basura"),
        *("垃圾车", "شاحنة قمامة", "ごみ収集車"),
    ),
    "gas-pump": (
        *("a petrol station", "eine Tankstelle", "une station-service", "una gasolinera"),
        *("加油站", "محطة وقود", "ガソリンスタンド"),
    ),
    "golf-ball": (
        "a golf ball",
        "ein Golfball",
        "une balle de golf",
        "una pelota de golf",
        "高尔夫球",
        "كرة غولف",
        "ゴルフボール",
    ),
    "parachute": (
        "a parachute",
        "ein Fallschirm",
        "un parachute",
        "un paracaídas",
        "降落伞",
        "مظلة هبوط",
        "パラシュート",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--captions", type=Path, help="a folder of photographs with captions.json")
    arguments = parser.parse_args()
    english: Embedder = _plugins.build_named("embedders", "offline")
    other: Embedder = _plugins.build_named("embedders", "offline:conse-lite2-spread-nanodet-use-minilm")
    photos = [*sorted((arguments.data / "animals" / "image").iterdir())]
    labels = [path.stem.rstrip("0123456789") for path in photos]
    for folder in sorted((arguments.data / "imagenette").iterdir()):
        photos += sorted(folder.iterdir())
        labels += [folder.name] * (len(photos) - len(labels))
    questions = {
        language: [(row[n], [place for place, label in enumerate(labels) if label == name]) for name, row in _rows()]
        for n, language in enumerate(LANGUAGES)
    }
    report(f"{len(QUESTIONS)} classes over {len(photos)} photos", photos, questions, english, other)
    if arguments.captions:
        captions = json.loads((arguments.captions / "captions.json").read_text("utf-8"))
        photos = [arguments.captions / name for name in sorted(captions)]
        asked = {
            language: [(captions[path.name][language], [n]) for n, path in enumerate(photos) if captions[path.name]]
            for language in LANGUAGES
        }
        report(f"{len(asked[LANGUAGES[0]])} captions", photos, asked, english, other)


def _rows() -> list[tuple[str, Sequence[str]]]:
    return list(QUESTIONS.items())


def report(
    title: str,
    photos: Sequence[Path],
    questions: Mapping[str, Sequence[tuple[str, Sequence[int]]]],
    english: Embedder,
    other: Embedder,
) -> None:
    """Print the mean reciprocal rank and the share of first ranks of each language, and the time of each embedder."""
    vectors: dict[str, FloatArray] = {}
    for embedder in (english, other):  # the second is given the classes that the first has found
        began = perf_counter()
        vectors[embedder.name] = np.concatenate([embed(embedder, path) for path in photos])
        print(f"{embedder.name}: {len(photos)} photos in {perf_counter() - began:.1f} s")
    print(f"\n{title:<32}{'MRR':>7}{'of English':>12}{'R@1':>7}")
    first = 0.0
    for language, asked in questions.items():
        embedder = english if language == "en" else other
        rows = embedder.embed([Text(text=text) for text, _ in asked], role="query") @ vectors[embedder.name].T
        ranks = np.array([1 + (row > row[right].max()).sum() for row, (_, right) in zip(rows, asked, strict=True)])
        score = float((1 / ranks).mean())
        first = first or score
        print(f"{language:<32}{score:>7.3f}{score / first:>12.2f}{(ranks == 1).mean():>7.2f}")
    print()


def embed(embedder: Embedder, path: Path) -> FloatArray:
    items: list[Item] = [load_image(inspect(path), max_side=768)]
    return embedder.embed(items, role="document")


if __name__ == "__main__":
    main()
