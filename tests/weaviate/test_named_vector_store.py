"""LlamaIndex on collections with named vectors, beside the stock store, which loses objects there."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mm_agents.adapters import llama_index
from mm_agents.errors import ConfigError, MissingExtraError, PartialWriteError, StoreError

try:
    llama_index.NamedVectorStore  # noqa: B018 - imports the client without its warning
except MissingExtraError as error:
    pytest.skip(str(error), allow_module_level=True)

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import MediaResource, Node, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (
    ExactMatchFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from llama_index.vector_stores.weaviate import WeaviateVectorStore
from weaviate.exceptions import WeaviateConnectionError

if TYPE_CHECKING:
    from weaviate import WeaviateClient

Store = Callable[..., Any]
NAMES = ("lamp", "fern", "cat")


class Axes(BaseEmbedding):
    """Each known word is an axis."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [1.0 if name in text else 0.1 for name in NAMES]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def node(name: str, poster: list[float] | None = None, **more: Any) -> TextNode:
    made = TextNode(
        id_=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        text=f"About a {name}.",
        embedding=Axes().get_text_embedding(name),
        metadata={"name": name},
        **more,
    )
    return made if poster is None else llama_index.with_vectors(made, {"poster": poster})


def asked(vector: list[float], **more: Any) -> VectorStoreQuery:
    return VectorStoreQuery(query_embedding=vector, similarity_top_k=more.pop("similarity_top_k", 1), **more)


@pytest.fixture
def store(client: WeaviateClient, fresh_name: Callable[[], str]) -> Store:
    """Makes stores of one collection with the vectors "words" and "poster"."""
    name = fresh_name()
    return lambda vector: llama_index.NamedVectorStore(client, name, vector=vector, vectors=("words", "poster"))


def test_each_vector_is_added_and_searched(store: Store) -> None:
    words, poster = store("words"), store("poster")
    nodes = [node("lamp", [0.0, 1.0]), node("fern", [1.0, 0.0]), node("cat")]
    assert words.add(nodes) == [one.node_id for one in nodes]
    found = words.query(asked([1.0, 0.1, 0.1], similarity_top_k=3))
    assert found.nodes[0].metadata["name"] == "lamp"
    assert len(found.ids) == len(found.similarities) == 3
    assert found.nodes[0].get_content() == "About a lamp."
    assert found.nodes[0].embedding == pytest.approx(nodes[0].embedding)
    seen = poster.query(asked([1.0, 0.0], similarity_top_k=3))
    assert [one.metadata["name"] for one in seen.nodes] == ["fern", "lamp"]
    assert seen.nodes[0].embedding == pytest.approx([1.0, 0.0])
    assert "named_vectors" not in seen.nodes[0].metadata
    assert seen.nodes[0].excluded_llm_metadata_keys == []


def test_the_stock_store_loses_what_this_one_keeps(
    store: Store, client: WeaviateClient, caplog: pytest.LogCaptureFixture
) -> None:
    words = store("words")
    stock = WeaviateVectorStore(weaviate_client=client, index_name=words.index_name)
    collection = client.collections.get(words.index_name)
    assert stock.add([node("lamp")]) == [node("lamp").node_id]  # so it says
    assert collection.aggregate.over_all(total_count=True).total_count == 0
    with pytest.raises(Exception, match="no target vectors were provided"):
        stock.query(asked([1.0, 0.1, 0.1]))
    words.add([node("lamp")])
    assert collection.aggregate.over_all(total_count=True).total_count == 1
    assert words.query(asked([1.0, 0.1, 0.1])).ids == [node("lamp").node_id]


def test_what_the_server_refuses_is_raised(store: Store) -> None:
    words = store("words")
    words.add([node("lamp", [0.0, 1.0])])
    wide, strange = node("fern", [1.0, 0.0, 0.0]), llama_index.with_vectors(node("cat"), {"colour": [1.0]})
    nameless = TextNode(id_="page-3", text="x", embedding=[1.0, 0.0, 0.0])
    bare = TextNode(id_=str(uuid.uuid4()), text="x")
    endless = node("moon", [float("nan"), 1.0])
    good = node("dog", [1.0, 0.0])
    with pytest.raises(PartialWriteError) as raised:
        words.add([wide, good, strange, nameless, bare, endless])
    failed = raised.value.failed
    assert set(failed) == {wide.node_id, strange.node_id, "page-3", bare.node_id, endless.node_id}
    assert "vector" in failed[wide.node_id]
    assert "colour" in failed[strange.node_id]
    assert failed["page-3"] == "its id is not a UUID"
    assert failed[bare.node_id] == "it has no embedding"
    assert failed[endless.node_id] == "its vector 'poster' holds numbers that are not finite"
    assert raised.value.total == 6
    assert set(words.query(asked([0.1, 0.1, 0.1], similarity_top_k=9)).ids) == {node("lamp").node_id, good.node_id}


def test_where_all_are_refused_each_has_its_reason(store: Store) -> None:
    strange = [llama_index.with_vectors(node(name), {name: [1.0]}) for name in NAMES]
    with pytest.raises(PartialWriteError) as raised:
        store("words").add(strange)
    assert {id: next(name for name in NAMES if name in why) for id, why in raised.value.failed.items()} == {
        node(name).node_id: name for name in NAMES
    }


def test_alpha_is_honoured(store: Store) -> None:
    words = store("words")
    words.add([node(name) for name in NAMES])
    hybrid = VectorStoreQueryMode.HYBRID
    like_a_lamp = [1.0, 0.1, 0.1]
    for alpha, first in ((0.0, "cat"), (1.0, "lamp")):
        found = words.query(asked(like_a_lamp, query_str="cat", mode=hybrid, alpha=alpha, similarity_top_k=3))
        assert found.nodes[0].metadata["name"] == first
        assert (len(found.ids) == 1) == (alpha == 0.0)  # keywords alone find one


def test_keywords_are_not_found_in_a_nodes_json(store: Store) -> None:
    words = store("words")
    words.add([node("lamp")])
    hybrid = VectorStoreQueryMode.HYBRID
    assert words.query(asked([1.0, 0.1, 0.1], query_str="metadata", mode=hybrid, alpha=0.0)).ids == []


async def test_an_index_is_built_and_asked(store: Store) -> None:
    words = store("words")
    context = StorageContext.from_defaults(vector_store=words)
    nodes = [node("lamp", [0.0, 1.0]), node("fern", [1.0, 0.0])]
    index = VectorStoreIndex(nodes, storage_context=context, embed_model=Axes())
    (found,) = index.as_retriever(similarity_top_k=1).retrieve("fern")
    assert found.node.metadata["name"] == "fern"
    (found,) = await index.as_retriever(similarity_top_k=1).aretrieve("lamp")
    assert found.node.metadata["name"] == "lamp"
    keywords = index.as_retriever(similarity_top_k=2, vector_store_query_mode="hybrid", alpha=0.0)
    assert [one.node.metadata["name"] for one in keywords.retrieve("fern")] == ["fern"]
    assert store("poster").query(asked([1.0, 0.0])).ids == [nodes[1].node_id]


async def test_nodes_are_filtered_and_deleted(store: Store) -> None:
    words = store("words")
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="a-document")}
    await words.async_add([node("lamp", relationships=source), node("fern"), node("cat")])
    every = asked([0.1, 0.1, 0.1], similarity_top_k=9)
    named = MetadataFilters(filters=[ExactMatchFilter(key="name", value="fern")])
    assert (await words.aquery(asked([1.0, 0.1, 0.1], filters=named))).ids == [node("fern").node_id]
    await words.adelete("a-document")
    assert set(words.query(every).ids) == {node("fern").node_id, node("cat").node_id}
    await words.adelete_nodes([node("cat").node_id])
    assert words.query(every).ids == [node("fern").node_id]
    await words.aclear()
    assert words.query(every).ids == []
    words.add([node("lamp", [0.0, 1.0])])
    assert store("poster").query(asked([0.0, 1.0])).ids == [node("lamp").node_id]


def test_a_server_that_is_away_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    words = store("words")

    def away(*_: object, **__: object) -> None:
        raise WeaviateConnectionError("nobody there")

    monkeypatch.setattr(type(words.client.collections.get(words.index_name).data), "insert_many", away)
    with pytest.raises(StoreError, match=r"Weaviate could not write to .*nobody there"):
        words.add([node("lamp")])


def test_adding_again_replaces(store: Store) -> None:
    words = store("words")
    words.add([node("lamp")])
    words.add([node("lamp").model_copy(update={"embedding": [0.1, 0.1, 1.0]})])
    found = words.query(asked([0.1, 0.1, 1.0], similarity_top_k=9))
    assert found.ids == [node("lamp").node_id]
    assert found.nodes[0].embedding == pytest.approx([0.1, 0.1, 1.0])


def test_nodes_of_several_media_come_back(store: Store) -> None:
    words = store("words")
    made = Node(
        text_resource=MediaResource(text="A lamp."),
        image_resource=MediaResource(data=b"picture!", url="http://127.0.0.1/lamp.jpg"),
        embedding=[1.0, 0.1, 0.1],
    )
    words.add([made])
    (found,) = words.query(asked([1.0, 0.1, 0.1])).nodes
    assert isinstance(found, Node)
    assert found.get_content() == "A lamp."
    assert found.image_resource is not None
    assert str(found.image_resource.url) == "http://127.0.0.1/lamp.jpg"


def test_what_cannot_be_opened_is_said(store: Store, client: WeaviateClient, fresh_name: Callable[[], str]) -> None:
    words = store("words")
    with pytest.raises(ConfigError, match=r"has no vector named 'sound'\. Known: poster, words"):
        llama_index.NamedVectorStore(client, words.index_name, vector="sound")
    plain = fresh_name()
    WeaviateVectorStore(weaviate_client=client, index_name=plain)
    with pytest.raises(ConfigError, match="has no vector named 'words'"):
        llama_index.NamedVectorStore(client, plain, vector="words")
    with pytest.raises(ConfigError, match="begins with a capital letter"):
        llama_index.NamedVectorStore(client, "media", vector="words")
    with pytest.raises(ConfigError, match="takes a synchronous WeaviateClient"):
        llama_index.NamedVectorStore(None, "Media", vector="words")  # type: ignore[arg-type]
