"""How long a warm agent takes to answer without a chat model, over a library of many records.

    python examples/benchmarks/agent_ask.py --records 10000

The records are made here: half are texts, half pictures of which some have words; their vectors are random directions,
as what a search costs does not depend on where they point. One invoice is drawn and read for the questions that need
it. Each question is asked in other words every time, so that nothing is answered from a cache.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents import Agent, Library, media
from mm_agents.types import Record, Value

GOAL = 0.200
"""Seconds: the median that a warm answer should stay below."""

WORDS = (
    "harbour winter bicycle garden lantern market river mountain copper violin teapot engine orchard bridge cathedral "
    "island kitchen ladder meadow needle ocean parcel quarry railway saddle timber umbrella valley window yard"
).split()
QUESTIONS = {
    "search_images": "find photos of a {0} beside the {1}",
    "search_text": "which of my notes is about a {0} and the {1}?",
    "shown": "show me the {0} and the {1}",
    "clips": "which clip shows a {0} near a {1}?",
    "two parts": "find photos of a {0} and notes about a {1}",
    "counted": "how many pictures do I have",
    "listed": "which pictures do I have",
    "longest": "which is the longest clip?",
    "not here": "does anything here mention the {0} of {1} Ltd?",
    "thanks": "thanks for the {0}",
    "refused": "book me a {0} in {1} for tomorrow",
    "read_invoice": "how much would {2} brass hinges cost on the Northwind Parts invoice?",
}


def records(count: int, width: int, seed: int = 0) -> list[Record]:
    """Texts and pictures with random vectors."""
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    rows = numbers.standard_normal((count, width)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    made: list[Record] = []
    for n, row in enumerate(rows):
        picture = n % 2 == 0
        pixels = numbers.integers(0, 255, (8, 12, 3), np.uint8).repeat(16, 0).repeat(16, 1)
        text = "" if picture and n % 10 else " ".join(chance.choices(WORDS, k=12 if picture else 80))
        properties: dict[str, Value] = {
            "name": f"{n}.{'jpg' if picture else 'txt'}",
            "media_type": "image" if picture else "text",
            "path": f"made/{n}",
            "sha256": f"{n:064x}",
        }
        vectors = {"media": row} if picture else {"words": row}
        made.append(
            Record(
                id=str(uuid.UUID(int=n + 1)),
                properties=properties,
                text=text,
                vectors=vectors,
                thumbnail=media.encode_jpeg(pixels) if picture else None,
            )
        )
    return made


def invoice(path: Path) -> None:
    """Draw an invoice."""
    picture = PIL.Image.new("RGB", (820, 640), "white")
    pen = PIL.ImageDraw.Draw(picture)
    lines = (
        (60, 40, "Northwind Parts Ltd", 30),
        (560, 40, "INVOICE", 30),
        (60, 110, "Invoice No: NP-2041", 18),
        (60, 140, "Date: 3 May 2026", 18),
    )
    for x, y, text, size in lines:
        pen.text((x, y), text, fill="black", font=PIL.ImageFont.load_default(size))
    table = (
        ("Qty", "Description", "Unit price", "Amount"),
        ("12", "Brass hinges", "2.50", "30.00"),
        ("1", "Garden lamp", "45.00", "45.00"),
        ("", "", "Total", "75.00"),
    )
    for row, cells in enumerate(table):
        for x, cell in zip((60, 150, 480, 660), cells, strict=True):
            pen.text((x, 220 + 46 * row), cell, fill="black", font=PIL.ImageFont.load_default(20))
    picture.save(path)


def timed(agent: Agent, pattern: str, rounds: int, seed: int) -> list[float]:
    """The seconds of each answer."""
    chance = random.Random(seed)
    seconds: list[float] = []
    for n in range(rounds):
        question = pattern.format(chance.choice(WORDS), chance.choice(WORDS), n + 2)
        start = time.perf_counter()
        agent.ask(question)
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--rounds", type=int, default=20, help="how often each kind of question is asked (default 20)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library") as library:
        drawn = Path(place) / "northwind.png"
        invoice(drawn)
        library.add(drawn, progress=False)
        width = library.store.spec.vectors[0].width
        for start in range(0, arguments.records, 1000):
            library.store.upsert(records(arguments.records, width)[start : start + 1000])
        agent = Agent(library, model="offline")
        start = time.perf_counter()
        for pattern in QUESTIONS.values():
            timed(agent, pattern, 1, seed=1)
        first = time.perf_counter() - start
        print(f"{library.count()} records; the first answers, with loading and learning, took {first:.1f} s together")
        print(f"{'question':<16}{'p50':>10}{'p90':>10}")
        every: list[float] = []
        for name, pattern in QUESTIONS.items():
            seconds = timed(agent, pattern, arguments.rounds, seed=2)
            every += seconds
            print(f"{name:<16}{_told(seconds)}")
        print(f"{'all':<16}{_told(every)}   goal: p50 below {GOAL * 1000:.0f} ms")


def _told(seconds: list[float]) -> str:
    late = sorted(seconds)[min(int(0.9 * len(seconds)), len(seconds) - 1)]
    return f"{statistics.median(seconds) * 1000:>7.0f} ms{late * 1000:>7.0f} ms"


if __name__ == "__main__":
    main()
