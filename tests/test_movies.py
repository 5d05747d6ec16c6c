"""Films: adding them, finding them by text and poster, recommending."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import AddReport, Library, Retriever, errors
from mm_agents.ingest.movies import add_movies
from mm_agents.ingest.presets import media_spec, movies_spec
from mm_agents.testing import HashEmbedder

FILMS = [
    {"id": 1, "title": "The Lighthouse", "overview": "Two keepers and a storm.", "vote_average": 7.5},
    {"id": 2, "title": "The Storm", "overview": "A ship meets a storm near a lighthouse.", "vote_average": 6.1},
    {"id": 3, "title": "Garden Party", "overview": "Roses, cake and an old quarrel.", "adult": False, "genres": [1, 2]},
    {"id": 4, "title": "Roses", "overview": "A gardener and her roses.", "poster_path": "/../../etc/passwd"},
]
COLOURS = {1: "navy", 2: "blue", 3: "pink"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "posters").mkdir()
    (tmp_path / "films.json").write_text(json.dumps(FILMS))
    for number, colour in COLOURS.items():
        PIL.Image.new("RGB", (60, 90), colour).save(tmp_path / "posters" / f"{number}_poster.jpg")
    return tmp_path


@pytest.fixture
def films(folder: Path) -> Iterator[Library]:
    with Library.open(folder / "library", embedder=HashEmbedder(width=64), preset=movies_spec) as library:
        report = add_movies(library, folder / "films.json", folder / "posters")
        assert (report.added, report.unchanged, report.failed) == (4, 0, ())
        assert report.without_poster == ("Roses",)
        yield library


def names(hits: object) -> list[str]:
    return [hit.name for hit in hits]  # type: ignore[attr-defined]


def test_a_film_keeps_what_is_plain(films: Library, folder: Path) -> None:
    film = films.get("Garden Party")
    assert film.media_type == "film"
    assert film.properties["film_id"] == "3"
    assert film.properties["adult"] is False
    assert "genres" not in film.properties
    assert film.thumbnail is not None
    assert films.path(film) == folder / "posters" / "3_poster.jpg"
    (stored,) = films.store.get([film.id], with_vectors=True).values()
    assert stored.vectors.keys() == {"txt_vector", "poster_vector"}
    (bare,) = films.store.get([films.get("Roses").id], with_vectors=True).values()
    assert bare.vectors.keys() == {"txt_vector"}
    assert films.get("Roses").path is None


def test_twice_is_once_and_a_change_replaces(films: Library, folder: Path) -> None:
    again = add_movies(films, folder / "films.json", folder / "posters")
    assert (again.added, again.unchanged) == (0, 4)
    PIL.Image.new("RGB", (60, 90), "green").save(folder / "posters" / "4.png")
    changed = add_movies(films, folder / "films.json", folder / "posters")
    assert (changed.added, changed.unchanged, changed.without_poster) == (1, 3, ())
    assert films.count() == 4


def test_what_is_no_film_and_no_picture_is_told(folder: Path) -> None:
    (folder / "films.json").write_text(json.dumps([*FILMS, {"id": 9}, "text", FILMS[0]]))
    (folder / "posters" / "1_poster.jpg").write_bytes(b"not a picture")
    with Library.open("memory:", embedder=HashEmbedder(width=64), preset=movies_spec) as library:
        report = add_movies(library, folder / "films.json", folder / "posters")
        assert library.count() == 4
    assert {Path(failed.path).name for failed in report.failed} >= {"films.json[4]", "films.json[5]", "1_poster.jpg"}


@pytest.mark.parametrize("content", ["{}", "[", '"text"'])
def test_a_file_that_is_no_list_is_refused(folder: Path, content: str) -> None:
    (folder / "films.json").write_text(content)
    with (
        Library.open("memory:", embedder=HashEmbedder(width=64), preset=movies_spec) as library,
        pytest.raises(errors.ConfigError, match=r"films\.json"),
    ):
        add_movies(library, folder / "films.json", folder / "posters")


def test_films_can_join_a_library_of_media(library: Library, folder: Path) -> None:
    library.add(folder / "posters")
    add_movies(library, folder / "films.json", folder / "posters")
    assert library.count(group_by="media_type") == {"film": 4, "image": 3}
    assert Retriever(library, "poster").retrieve(image=folder / "posters" / "3_poster.jpg")[0].name == "Garden Party"
    assert {hit.media_type for hit in library.search("storm", kind="film")} == {"film"}


def test_each_vector_answers_for_itself(films: Library, folder: Path) -> None:
    by_text = films.search("a storm near the lighthouse", vector="txt_vector", limit=2)
    assert set(names(by_text)) == {"The Lighthouse", "The Storm"}
    by_poster = films.search(image=folder / "posters" / "3_poster.jpg", vector="poster_vector")
    assert names(by_poster)[0] == "Garden Party"
    assert "Roses" not in names(by_poster)


def test_several_vectors_are_fused_by_weighted_rank(films: Library) -> None:
    hits = films.search("storm", vector={"txt_vector": 0.6, "poster_vector": 0.4})
    for hit in hits:
        weights = {"txt_vector": 0.6, "poster_vector": 0.4}
        assert hit.score == pytest.approx(sum(weights[f.vector] / (60 + f.rank) for f in hit.found_by))


def test_recommending_never_returns_what_was_given(films: Library) -> None:
    hits = films.recommend(["The Lighthouse"], ["Garden Party"])
    assert set(names(hits)) == {"The Storm", "Roses"}
    assert hits[0].name == "The Storm"
    assert {found.vector for found in hits[0].found_by} == {"txt_vector", "poster_vector"}
    only = films.recommend([films.get("The Lighthouse").id], vectors={"poster_vector": 1.0})
    assert names(only) == ["The Storm", "Garden Party"]
    assert films.recommend(["The Lighthouse"], where="vote_average > 9") == []


def test_diversity_avoids_what_is_alike(tmp_path: Path) -> None:
    from uuid import UUID

    from mm_agents.types import CollectionSpec, Record, VectorSpec

    spec = CollectionSpec(name="Movies", vectors=(VectorSpec(name="txt_vector", width=3),))
    rows = {"liked": [1, 0, 0], "near": [0.9, 0.436, 0], "twin": [0.89, 0.456, 0], "other": [0.8, -0.6, 0]}
    from mm_agents.location import open_store

    store = open_store("memory:", spec=spec)
    store.upsert(
        [
            Record(id=str(UUID(int=n)), properties={"name": name}, vectors={"txt_vector": np.array(row, np.float32)})
            for n, (name, row) in enumerate(rows.items())
        ]
    )
    with Library(store) as library:
        assert names(library.recommend(["liked"], limit=2)) == ["near", "twin"]
        assert names(library.recommend(["liked"], limit=2, diversity=0.5)) == ["near", "other"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"like": []}, "at least one"),
        ({"like": ["Roses"], "diversity": 2}, "between 0 and 1"),
        ({"like": ["Roses"], "limit": -1}, "negative"),
        ({"like": ["Roses"], "vectors": {"poster_vector": 1.0}}, "has the vector 'poster_vector'"),
        ({"like": ["Roses"], "vectors": {"txt_vector": 0.0}}, "positive"),
        ({"like": ["Roses"], "vectors": {"smell": 1.0}}, "smell"),
        ({"like": ["Nobody"]}, "Nobody"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(films: Library, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(errors.MMAgentsError, match=message):
        films.recommend(**arguments)  # type: ignore[arg-type]


def test_the_course_films(data: Path) -> None:
    pytest.importorskip("onnxruntime", reason="pip install 'mm-agents[local]'")
    with Library.open("memory:", preset=movies_spec) as library:
        assert add_movies(library, data / "movies" / "movies.json", data / "movies" / "posters").added == 20
        pets = names(library.search("Movie about lovable cute pets", vector="txt_vector", limit=3))
        assert {"Beethoven", "101 Dalmatians"} <= set(pets)
        heroes = names(library.search("Epic super hero", vector="txt_vector", limit=3))
        right = {
            "The Incredible Hulk",
            "Man of Steel",
            "Batman v Superman: Dawn of Justice",
            "Incredibles 2",
            "Shazam!",
        }
        assert len(right & set(heroes)) >= 2
        for asked in ({"query": "Epic super hero"}, {"image": data / "movies" / "query" / "spooky.jpg"}):
            assert len(library.search(**asked, vector="poster_vector", limit=3)) == 3


@pytest.mark.parametrize("media_first", [True, False], ids=["add, add-movies", "add-movies, add"])
def test_a_poster_and_its_film_are_two_records(folder: Path, media_first: bool) -> None:
    posters = folder / "posters"
    preset = media_spec if media_first else movies_spec
    with Library.open(folder / "library", embedder=HashEmbedder(width=64), preset=preset) as library:

        def add() -> AddReport:
            return library.add(posters, words="none")

        def add_films() -> int:
            return add_movies(library, folder / "films.json", posters).added

        for turn in (add, add_films) if media_first else (add_films, add):
            turn()
        assert library.count(group_by="media_type") == {"film": 4, "image": 3}
        again = add()
        assert (again.added, again.unchanged, again.removed, again.failed) == (0, 3, 0, ())
        assert add_films() == 0
        assert library.count(group_by="media_type") == {"film": 4, "image": 3}
        (hit,) = library.search(image=posters / "3_poster.jpg", kind="image", limit=1)
        assert hit.name == "3_poster.jpg"
        assert hit.vector == "media"


def test_no_run_of_add_changes_a_film(films: Library, folder: Path) -> None:
    posters, moved = folder / "posters", folder / "moved"
    before = {film.id: dict(film.properties) for film in films.iterate()}
    assert films.add(posters, words="none").removed == 0
    posters.rename(moved)
    posters.mkdir()
    report = films.add(moved, posters, prune=True, words="none")
    assert (report.added, report.unchanged, report.removed) == (0, 3, 0)
    PIL.Image.new("RGB", (60, 90), "green").save(moved / "1_poster.jpg")
    assert films.add(moved, words="none").removed == 1
    assert before == {film.id: dict(film.properties) for film in films.iterate(where='media_type = "film"')}
    assert add_movies(films, folder / "films.json", moved).added == 3
    assert films.count(group_by="media_type") == {"film": 4, "image": 3}
    assert films.path(films.get("Garden Party")) == moved / "3_poster.jpg"
