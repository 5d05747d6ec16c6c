"""Which embedder answers for which vector."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np
import pytest

from mm_agents import Library, errors
from mm_agents.location import open_store
from mm_agents.protocols import Store
from mm_agents.search.embedder_map import EmbedderMap
from mm_agents.stores.memory import MemoryStore
from mm_agents.testing import HashEmbedder
from mm_agents.types import CollectionSpec, Filter, Match, Record, Text, VectorSpec

NARROW, WIDE = HashEmbedder(width=32), HashEmbedder(width=64)
SPEC = CollectionSpec(
    name="Theirs",
    vectors=(VectorSpec(name="title", width=64), VectorSpec(name="body", width=32, embedder="hash:32")),
)
ID = str(UUID(int=1))


class ServerStore(MemoryStore):
    """A store whose server makes the vector "title" itself."""

    @property
    def vectorizers(self) -> Mapping[str, str]:
        return {"title": "multi2vec-test"}

    def search_by_text(
        self, text: str, /, *, using: str, where: Filter | None = None, limit: int = 10, offset: int = 0
    ) -> list[Match]:
        row = WIDE.embed([Text(text=text)], role="query")[0]
        return self.search(vector=row, using=using, where=where, limit=limit, offset=offset)


def filled(store: Store) -> Store:
    rows = {"title": WIDE, "body": NARROW}
    vectors = {name: one.embed([Text(text="the old harbour")], role="document")[0] for name, one in rows.items()}
    store.upsert([Record(id=ID, properties={"name": "harbour", "media_type": "text"}, vectors=vectors)])
    return store


def test_an_embedder_for_each_vector() -> None:
    with Library(filled(open_store("memory:", spec=SPEC)), {"title": WIDE, "body": NARROW}) as library:
        (hit,) = library.search("the old harbour", vector={"title": 1.0, "body": 1.0})
        assert {found.vector for found in hit.found_by} == {"title", "body"}
        assert all(found.score == pytest.approx(1.0, abs=1e-5) for found in hit.found_by)
        assert library.routes.describe() == {"title": "hash:64", "body": "hash:32"}


def test_one_embedder_goes_to_the_vectors_that_it_can_fill() -> None:
    routes = EmbedderMap(open_store("memory:", spec=SPEC), NARROW)
    assert routes.embedder("body") is NARROW
    assert routes.embedder("title") is NARROW  # nobody knows better


def test_another_embedder_is_refused_for_that_vector() -> None:
    with pytest.raises(errors.EmbedderMismatchError, match=r"'body'.*'hash:32'.*'hash:64'"):
        EmbedderMap(open_store("memory:", spec=SPEC), {"body": WIDE})
    with pytest.raises(errors.ConfigError, match="no vector named 'poster'"):
        EmbedderMap(open_store("memory:", spec=SPEC), {"poster": WIDE})


def test_the_server_answers_where_no_embedder_is_known() -> None:
    store = ServerStore(SPEC)
    with Library(filled(store), {"body": NARROW}) as library:
        assert library.routes.describe()["title"] == "the server's multi2vec-test"
        (hit,) = library.search("the old harbour", vector="title")
        assert hit.score == pytest.approx(1.0, abs=1e-5)


def test_without_embedder_and_server_only_keywords_are_searched() -> None:
    spec = CollectionSpec(name="Theirs", vectors=(VectorSpec(name="title", width=64),))
    store = open_store("memory:", spec=spec)
    store.upsert([Record(id=ID, properties={"name": "harbour"}, vectors={"title": np.eye(64, dtype=np.float32)[0]})])
    with Library(store) as library:
        assert "only keywords" in library.routes.describe()["title"]
        (hit,) = library.search("harbour")
        assert [found.vector for found in hit.found_by] == ["keywords"]
        assert library.search("nothing like it") == []
        with pytest.raises(errors.ConfigError, match=r"can answer a query of kind .image"):
            library.search(
                image=b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
            )
