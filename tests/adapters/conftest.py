from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import PIL.Image
import pytest

from mm_agents import Library, media
from mm_agents.evaluate.synthetic import flowcharts
from mm_agents.ingest.movies import add_movies
from mm_agents.testing import HashEmbedder

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(Path(__file__).parent), str(TESTS / "agent")]

FILMS = ("The Lighthouse", "Storm", "Garden Party")
COLOURS = ("navy", "green", "pink")
TEXTS = {
    "ferns": "Water the ferns on Tuesday.",
    "cat": "Feed the cat on Friday.",
    "lamps": "The lamps are in the shed.",
}


def make_media(folder: Path) -> None:
    """Pictures, pages, clips, texts and posters, all drawn here."""
    from papers import invoice, plain, table

    flowcharts.draw(Random(4))[0].image.save(folder / "chart.png")
    invoice(folder / "northwind.png")
    table(folder / "regions.png")
    plain(folder / "red.png", "red")
    plain(folder / "blue.png", "blue")
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text + "\n")
    for level in (40, 120, 200):
        frames = np.full((20, 64, 64, 3), level, np.uint8)
        frames[:, 10:30, 10:30] = np.arange(20, dtype=np.uint8)[:, None, None, None] * 10
        (folder / f"clip-{level}.mp4").write_bytes(media.encode_clip(frames, fps=10))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library in it, and a picture beside it that the library does not hold."""
    pytest.importorskip("rapidocr", reason="pip install 'mm-agents[documents]'")
    pytest.importorskip("av", reason="pip install 'mm-agents[local]'")
    from papers import plain

    place = tmp_path_factory.mktemp("adapters")
    folder = place / "library" / "media"
    folder.mkdir(parents=True)
    make_media(folder)
    plain(place / "outside.png", "green")
    films = [
        {"id": n, "title": title, "overview": f"A story of a {title.lower()}."}
        for n, title in enumerate(FILMS, start=1)
    ]
    (place / "films.json").write_text(json.dumps(films))
    (place / "posters").mkdir()
    for n, colour in enumerate(COLOURS, start=1):
        PIL.Image.new("RGB", (60, 90), colour).save(place / "posters" / f"{n}_poster.jpg")
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        opened.add(folder, progress=False)
        add_movies(opened, place / "films.json", place / "posters")
    return place


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with Library.open(place / "library", embedder=HashEmbedder(width=64)) as opened:
        yield opened
