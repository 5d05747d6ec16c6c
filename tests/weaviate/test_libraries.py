"""Libraries on a real Weaviate server: media, films, and moving there and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mm_agents import Library
from mm_agents.errors import LibraryNotFoundError
from mm_agents.ingest.movies import add_movies
from mm_agents.ingest.presets import movies_spec
from mm_agents.location import open_store
from mm_agents.migration import copy, migrate
from mm_agents.testing import HashEmbedder


def test_media_are_found_as_on_a_laptop(data: Path, fresh: Callable[[], str], tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as near, Library.open(fresh()) as far:
        for library in (near, far):
            assert library.add(data / "animals").added == 15
            assert library.count(group_by="media_type") == {"image": 9, "video": 6}
        for query in ("cat", "meerkat", "dog playing with stick"):
            expected = [(hit.name, hit.t0) for hit in near.search(query, limit=5)]
            assert [(hit.name, hit.t0) for hit in far.search(query, limit=5)] == expected
        clips = far.search("dog", where='media_type = "video" and not name contains "cat"')
        assert {hit.media_type for hit in clips} == {"video"}
        assert far.add(data / "animals").unchanged == 15


def test_films_are_found_and_recommended_as_on_a_laptop(data: Path, fresh: Callable[[], str]) -> None:
    movies = data / "movies"
    with Library.open("memory:", preset=movies_spec) as near, Library.open(fresh(), preset=movies_spec) as far:
        for library in (near, far):
            assert add_movies(library, movies / "movies.json", movies / "posters").added == 20
        for query in ("Movie about lovable cute pets", "Epic super hero"):
            for vector in ("txt_vector", "poster_vector", {"txt_vector": 0.6, "poster_vector": 0.4}):
                expected = [hit.name for hit in near.search(query, vector=vector, limit=3)]
                assert [hit.name for hit in far.search(query, vector=vector, limit=3)] == expected
        spooky = movies / "query" / "spooky.jpg"
        assert len(far.search(image=spooky, vector="poster_vector", limit=3)) == 3
        liked = {"like": ["Iron Man"], "unlike": ["Ice Age"], "limit": 5}
        assert [hit.name for hit in far.recommend(**liked)] == [hit.name for hit in near.recommend(**liked)]


def test_there_and_back_is_equal(data: Path, fresh: Callable[[], str], tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        library.add(data / "animals")
        spec = library.store.spec
        with (
            closing(open_store(fresh(), spec=spec)) as far,
            closing(open_store(tmp_path / "back", spec=spec)) as back,
        ):
            there = copy(library.store, far)
            again = copy(far, back)
            assert there.checksum == again.checksum
            assert copy(library.store, back).copied == 0


def test_a_collection_migrates_to_another_embedder(data: Path, fresh: Callable[[], str]) -> None:
    place = fresh()
    old, new = HashEmbedder(width=64), HashEmbedder(width=32)
    with Library.open(place, embedder=old) as library:
        library.add(data / "animals")
        report = migrate(library, new, name="media_v2")
        assert report.switched
        embedders = {**dict.fromkeys(("media", "moment", "words", "speech"), old), "media_v2": new}
        with Library.open(place, embedder=embedders) as again:
            photo = data / "animals" / "image" / "cat1.jpg"
            (hit,) = again.search(image=photo, limit=1)
            assert (hit.name, hit.vector) == ("cat1.jpg", "media_v2")


def test_a_wrong_place_is_told(server: str) -> None:
    with pytest.raises(LibraryNotFoundError, match="mm-agents add"):
        Library.open(server.format("NothingHere"), create=False)
