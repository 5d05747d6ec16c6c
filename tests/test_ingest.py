"""The steps between a file and its records: paths, presets, vectors, failures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Barrier
from uuid import UUID

import numpy as np
import PIL.Image
import pytest

from mm_agents import Library, media
from mm_agents.errors import ConfigError
from mm_agents.ingest.catalog import Catalog
from mm_agents.ingest.pipeline import embed_items, failure
from mm_agents.ingest.presets import (
    extend_for_films,
    extend_for_media,
    film_vector,
    film_vectors,
    media_spec,
    media_vectors,
    movies_spec,
)
from mm_agents.media.files import asset_id
from mm_agents.search.embedder_map import EmbedderMap
from mm_agents.stores.memory import MemoryStore
from mm_agents.testing import HashEmbedder
from mm_agents.types import (
    Clip,
    CollectionSpec,
    Image,
    Item,
    Kind,
    Record,
    Role,
    Text,
    Value,
    VectorRole,
    VectorSpec,
)

EMPTY = CollectionSpec(name="Media", vectors=())


class Choosy(HashEmbedder):
    """Takes only some kinds, and counts its calls."""

    def __init__(self, *kinds: Kind, width: int = 8) -> None:
        super().__init__(width)
        self.accepts = frozenset(kinds)
        self.calls: list[list[str]] = []

    def embed(self, items: Sequence[Item], /, *, role: Role) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        self.calls.append([type(item).__name__ for item in items])
        return super().embed(items, role=role)


class Meeting(HashEmbedder):
    """Goes on only when two threads embed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = Barrier(2, timeout=60)

    def embed(self, items: Sequence[Item], /, *, role: Role) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        self.threads.wait()
        return super().embed(items, role=role)


# ---------------------------------------------------------------- paths


def asset(content: str, *paths: str) -> Record:
    """The record that adding this content at these paths makes."""
    properties: dict[str, Value] = {"sha256": content, "path": paths[0], "paths": paths, "name": paths[0]}
    return Record(id=asset_id(content), properties=properties)


def shelf(*records: Record) -> MemoryStore:
    store = MemoryStore(EMPTY)
    store.upsert(records)
    return store


def paths_of(store: MemoryStore) -> dict[str, object]:
    return {str(record.properties["sha256"]): record.properties["paths"] for record in store.iterate()}


def test_content_is_new_once() -> None:
    catalog = Catalog(shelf(asset("aa", "a.jpg")))
    assert not catalog.claim(asset_id("aa"), "a.jpg")
    assert catalog.claim(asset_id("bb"), "b.jpg")
    assert not catalog.claim(asset_id("bb"), "b.jpg")
    assert not catalog.claim(asset_id("bb"), "copy of b.jpg")


def test_nothing_is_written_before_it_settles() -> None:
    store = shelf(asset("aa", "a.jpg"))
    catalog = Catalog(store)
    catalog.claim(asset_id("aa"), "copy.jpg")
    assert paths_of(store) == {"aa": ("a.jpg",)}
    assert catalog.settle() == (0, [])
    assert paths_of(store) == {"aa": ("a.jpg", "copy.jpg")}


def test_changed_content_takes_the_path_and_the_old_one_goes() -> None:
    store = shelf(asset("aa", "a.jpg"), Record(id=str(UUID(int=5)), parent=asset_id("aa")))
    catalog = Catalog(store)
    assert catalog.claim(asset_id("bb"), "a.jpg")
    store.upsert([asset("bb", "a.jpg")])
    assert catalog.settle() == (1, [])
    assert paths_of(store) == {"bb": ("a.jpg",)}
    assert [record.parent for record in store.iterate(parts=True)] == [None]


def test_changed_content_that_was_not_added_leaves_the_old_one() -> None:
    store = shelf(asset("aa", "a.jpg"))
    catalog = Catalog(store)
    assert catalog.claim(asset_id("bb"), "a.jpg")
    assert catalog.settle() == (0, [])
    assert paths_of(store) == {"aa": ("a.jpg",)}


def test_a_second_path_of_content_that_was_not_added_is_an_orphan() -> None:
    store = shelf()
    catalog = Catalog(store)
    catalog.claim(asset_id("bb"), "b.jpg")
    catalog.claim(asset_id("bb"), "twin.jpg")
    assert catalog.settle() == (0, ["twin.jpg"])


def test_parts_get_the_paths_of_their_asset() -> None:
    part = Record(id=str(UUID(int=5)), parent=asset_id("aa"), properties={"page": 2, "path": "a.pdf"})
    store = shelf(asset("aa", "a.pdf"), part)
    catalog = Catalog(store)
    catalog.claim(asset_id("aa"), "deep/b.pdf")
    catalog.claim(asset_id("cc"), "a.pdf")
    store.upsert([asset("cc", "a.pdf")])
    assert catalog.settle() == (0, [])
    kept = store.get([part.id])[part.id]
    assert kept.properties == {"page": 2, "path": "deep/b.pdf", "paths": ("deep/b.pdf",), "name": "b.pdf"}


def test_records_that_add_did_not_make_are_left_alone(tmp_path: Path) -> None:
    film = Record(id=str(UUID(int=7)), properties={"sha256": "aa", "path": "poster.jpg", "paths": ("poster.jpg",)})
    store = shelf(film)
    catalog = Catalog(store, tmp_path)
    catalog.forget_gone([tmp_path], prune=True)
    assert catalog.claim(asset_id("aa"), "poster.jpg")
    assert catalog.settle() == (0, [])
    assert store.get([film.id])[film.id].properties == film.properties


def test_pruning_spares_other_folders_and_folders_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "here.jpg").touch()
    store = shelf(*(asset(path, path) for path in ("in/here.jpg", "in/gone.jpg", "other/gone.jpg", "away/gone.jpg")))
    catalog = Catalog(store, tmp_path)
    catalog.forget_gone([tmp_path / "in", tmp_path / "away", tmp_path / "in" / "here.jpg"], prune=True)
    assert catalog.settle() == (1, [])
    assert sorted(paths_of(store)) == ["away/gone.jpg", "in/here.jpg", "other/gone.jpg"]


# ---------------------------------------------------------------- presets


def test_a_collection_has_only_vectors_that_its_embedder_can_fill() -> None:
    assert [vector.name for vector in media_spec(HashEmbedder(8)).vectors] == ["media", "moment", "words"]
    assert [vector.name for vector in media_spec(Choosy("text")).vectors] == ["words"]
    assert [vector.name for vector in media_spec(Choosy("image")).vectors] == ["media", "moment"]
    assert [vector.name for vector in movies_spec(Choosy("text")).vectors] == ["txt_vector"]
    assert movies_spec(Choosy("clip")).vectors == ()


def test_films_and_media_share_a_collection_and_no_vector() -> None:
    embedder = HashEmbedder(8)
    store = MemoryStore(movies_spec(embedder))
    embedders = EmbedderMap(store, embedder)
    extend_for_media(store, embedders)
    before = store.spec
    extend_for_media(store, embedders)
    extend_for_films(store, embedders)
    assert store.spec == before
    assert [vector.name for vector in media_vectors(before, "image", "moment", "text")] == ["media", "moment", "words"]
    assert [vector.name for vector in film_vectors(before, "image")] == ["poster_vector"]
    assert film_vector(before, "text") == "txt_vector"
    assert film_vector(media_spec(embedder), "text") is None


def test_a_collection_that_nobody_fills_cannot_be_extended() -> None:
    store = MemoryStore(CollectionSpec(name="Theirs", vectors=(VectorSpec(name="title", width=8),)))
    with pytest.raises(ConfigError, match="Nothing says which embedder fills the vector 'title'"):
        extend_for_films(store, EmbedderMap(store))


def test_an_empty_collection_is_left_as_it_is() -> None:
    store = MemoryStore(EMPTY)
    extend_for_media(store, EmbedderMap(store))
    extend_for_films(store, EmbedderMap(store))
    assert store.spec == EMPTY


def test_the_newer_vector_of_films_is_searched() -> None:
    newer = VectorSpec(name="posters_v2", width=4, embedder="hash:4", replaces="poster_vector")
    spec = movies_spec(HashEmbedder(8))
    spec = CollectionSpec(name="Movies", vectors=(*spec.vectors, newer))
    assert film_vector(spec, "image") == "posters_v2"
    assert media_vectors(spec, "image", "text") == ()


# ---------------------------------------------------------------- vectors

PICTURE = Image(pixels=np.full((4, 4, 3), 200, np.uint8))
CLIP = Clip(frames=np.stack([PICTURE.pixels] * 3), times=(0.0, 0.5, 1.0), start=0.0, end=2.0)


def test_each_embedder_is_called_once_with_what_it_takes() -> None:
    looks, reads = Choosy("image", "text", width=4), Choosy("text", width=6)
    items: list[dict[VectorRole, Item]] = [{"image": PICTURE, "text": Text(text="a")}, {}, {"moment": CLIP}]
    vectors = embed_items(
        items, {"image": [("media", looks)], "text": [("words", reads), ("both", looks)], "moment": [("moment", looks)]}
    )
    assert [sorted(made) for made in vectors] == [["both", "media", "words"], [], ["moment"]]
    assert vectors[0]["words"].shape == (6,)
    assert looks.calls == [["Image", "Text", "Image"]]  # the clip by its middle frame
    assert reads.calls == [["Text"]]
    assert (vectors[2]["moment"] == vectors[0]["media"]).all()


def test_files_are_embedded_in_two_threads_at_once(tmp_path: Path) -> None:
    for n in range(32):  # as many as are embedded together
        PIL.Image.new("RGB", (16, 16), (7 * n, 0, 0)).save(tmp_path / f"{n:02}.png")
    with Library.open("memory:", embedder=Meeting()) as library:
        report = library.add(tmp_path, words="none", progress=False)
        assert (report.added, report.failed) == (32, ())
        expected = HashEmbedder().embed([media.load_image(tmp_path / "05.png")], role="document")[0]
        asset = library.get(str(tmp_path / "05.png"))
        made = library.store.get([asset.id], with_vectors=True)[asset.id].vectors
        assert any(np.allclose(vector, expected, atol=1e-6) for vector in made.values())


def test_what_no_embedder_takes_has_no_vector() -> None:
    reads = Choosy("text")
    items: list[dict[VectorRole, Item]] = [{"image": PICTURE, "moment": CLIP}, {"speech": Text(text="hello")}]
    assert embed_items(items, {"image": [("media", reads)], "moment": [("moment", reads)]}) == [{}, {}]
    assert embed_items([], {"image": [("media", reads)]}) == []
    assert reads.calls == []


def test_a_failure_has_a_reason_also_without_words() -> None:
    assert failure(Path("a.jpg"), ValueError("cut off")).reason == "cut off"
    bare = failure("b.jpg", KeyError())
    assert (bare.path, bare.error, bare.reason) == ("b.jpg", "KeyError", "KeyError()")
