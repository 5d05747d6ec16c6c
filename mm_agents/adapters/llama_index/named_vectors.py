"""LlamaIndex's store for Weaviate, for collections with named vectors; importing it needs the extra ``llamaindex``.

``WeaviateVectorStore`` sends one vector without a name. A server refuses that for a collection with named vectors, and
the package returns the ids as if they were stored (seen in 1.7.1). It also takes ``alpha=0.0`` for 0.5.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import (
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict
from llama_index.vector_stores.weaviate import WeaviateVectorStore
from llama_index.vector_stores.weaviate.utils import to_node
from pydantic import PrivateAttr
from weaviate import WeaviateClient
from weaviate.classes.config import Configure, DataType, Property, Tokenization
from weaviate.classes.data import DataObject
from weaviate.exceptions import WeaviateBaseError, WeaviateInsertManyAllFailedError

from mm_agents._progress import batched
from mm_agents.errors import ConfigError, PartialWriteError, StoreError

AnyNode = TypeVar("AnyNode", bound=BaseNode)

_CARRIED = "named_vectors"
"""The key of a node's metadata under which it carries vectors to the store; it is never written there."""
_BATCH = 100


def with_vectors(node: AnyNode, vectors: Mapping[str, Sequence[float]]) -> AnyNode:
    """A copy of a node that carries named vectors to a ``NamedVectorStore``.

    Args:
        node: of any kind; its own ``embedding`` is the vector of the store that it is added to.
        vectors: numbers by the vector's name.
    """
    carried = {name: [float(number) for number in vector] for name, vector in vectors.items()}
    changed: dict[str, Any] = {"metadata": {**node.metadata, _CARRIED: carried}}
    for name in ("excluded_llm_metadata_keys", "excluded_embed_metadata_keys"):
        changed[name] = [*getattr(node, name), _CARRIED]
    return node.model_copy(update=changed)


class NamedVectorStore(WeaviateVectorStore):
    """A LlamaIndex vector store bound to one named vector of a Weaviate collection.

    Several of these, one for each vector, may share a collection. A node's ``embedding`` is the vector of this store;
    ``with_vectors`` lets it carry others too. What the server refuses is raised and not swallowed.

    The collection is made when it is not there. The asynchronous methods run in threads.

    Args:
        weaviate_client: a connected, synchronous client.
        index_name: of the collection; it begins with a capital letter.
        vector: the name of the vector that is added to and searched.
        vectors: the names of all vectors, for a new collection; ``vector`` is always among them.
        text_key: the property that holds a node's text.

    Raises:
        ConfigError: no synchronous client, or the collection has no vector of that name.
        StoreError: the collection cannot be read or made.
    """

    _vector: str = PrivateAttr()
    _known: list[str] = PrivateAttr()

    def __init__(
        self,
        weaviate_client: WeaviateClient,
        index_name: str,
        *,
        vector: str,
        vectors: Sequence[str] = (),
        text_key: str = "text",
    ) -> None:
        if not isinstance(weaviate_client, WeaviateClient):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(
                f"NamedVectorStore takes a synchronous WeaviateClient, not {type(weaviate_client).__name__!r}; "
                "its asynchronous methods run in threads."
            )
        if not index_name[:1].isupper():
            raise ConfigError(f"A collection's name begins with a capital letter, such as 'Media'; got {index_name!r}.")
        wanted = list(dict.fromkeys([vector, *vectors]))
        present = _opened(weaviate_client, index_name, text_key, wanted)
        for name in wanted:
            if name not in present:
                raise ConfigError(
                    f"The collection {index_name!r} has no vector named {name!r}. "
                    f"Known: {', '.join(present) or 'none'}."
                )
        super().__init__(weaviate_client=weaviate_client, index_name=index_name, text_key=text_key)
        self._vector, self._known = vector, present

    def __del__(self) -> None:
        """The client is the caller's; the base class would close one of its own, and fails on what was refused."""

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex keeps it."""
        return "NamedVectorStore"

    @property
    def vector(self) -> str:
        """The name of the vector that is added to and searched."""
        return self._vector

    # ------------------------------------------------------------ writing

    def add(self, nodes: Sequence[BaseNode], **add_kwargs: Any) -> list[str]:
        """Write nodes; one that is there already is replaced. Returns their ids.

        Raises:
            PartialWriteError: some were refused; ``failed`` says which and why. The others were written.
            StoreError: the server cannot be reached.
        """
        failed: dict[str, str] = {}
        objects: list[DataObject[Any, None]] = []
        for node in nodes:
            vectors = self._vectors(node)
            fault = _fault(node, vectors)
            if fault is None:
                objects.append(DataObject(properties=self._properties(node), uuid=node.node_id, vector=vectors))
            else:
                failed[node.node_id] = fault
        for batch in batched(objects, _BATCH):
            failed |= self._insert(batch)
        if failed:
            raise PartialWriteError(failed, total=len(nodes))
        return [node.node_id for node in nodes]

    def clear(self) -> None:
        """Remove every node; the collection stays, with all its vectors."""
        super().clear()
        _opened(self.client, self.index_name, self.text_key, self._known)

    def _vectors(self, node: BaseNode) -> dict[str, Any]:
        own: dict[str, Any] = {} if node.embedding is None else {self._vector: node.embedding}
        return own | node.metadata.get(_CARRIED, {})

    def _properties(self, node: BaseNode) -> dict[str, Any]:
        changed: dict[str, Any] = {"metadata": {k: v for k, v in node.metadata.items() if k != _CARRIED}}
        for name in ("excluded_llm_metadata_keys", "excluded_embed_metadata_keys"):
            changed[name] = [key for key in getattr(node, name) if key != _CARRIED]
        kept = node_to_metadata_dict(node.model_copy(update=changed), remove_text=True)
        return {self.text_key: node.get_content(metadata_mode=MetadataMode.NONE) or "", **kept}

    def _insert(self, objects: Sequence[DataObject[Any, None]]) -> dict[str, str]:
        """Write objects; returns why, for each that was refused."""
        try:
            done = self.client.collections.get(self.index_name).data.insert_many(objects)
        except WeaviateInsertManyAllFailedError as error:  # it does not say why for each
            if len(objects) == 1:
                return {str(objects[0].uuid): str(error)}
            return {id: why for entry in objects for id, why in self._insert([entry]).items()}
        except WeaviateBaseError as error:
            raise StoreError(f"Weaviate could not write to {self.index_name!r}: {error}") from error
        return {str(objects[index].uuid): refused.message for index, refused in done.errors.items()}

    # ------------------------------------------------------------ searching

    def get_query_parameters(
        self, query: VectorStoreQuery, property_types: dict[str, Any] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """What is asked of the server: as the base class has it, of this store's vector, with ``alpha`` as it is."""
        asked: dict[str, Any] = {"target_vector": self._vector, **kwargs}
        if query.mode == VectorStoreQueryMode.HYBRID and query.alpha is not None and query.query_str:
            asked.setdefault("alpha", query.alpha)
        return super().get_query_parameters(query, property_types, **asked)

    def parse_query_result(self, query_result: Any, query: VectorStoreQuery) -> VectorStoreQueryResult:
        """The nodes that were found, each with the vector of this store as its ``embedding``."""
        nodes: list[BaseNode] = []
        similarities: list[float] = []
        for entry in query_result.objects[: query.similarity_top_k]:
            nodes.append(_node(entry, self.text_key))
            nodes[-1].embedding = entry.vector.get(self._vector)
            similarities.append(float(entry.metadata.score or 0.0))
        return VectorStoreQueryResult(nodes=nodes, similarities=similarities, ids=[node.node_id for node in nodes])

    # ------------------------------------------------------------ the same in threads

    async def async_add(self, nodes: Sequence[BaseNode], **add_kwargs: Any) -> list[str]:
        """As ``add``."""
        return await asyncio.to_thread(self.add, nodes, **add_kwargs)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """As ``query``."""
        return await asyncio.to_thread(self.query, query, **kwargs)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """As ``delete``."""
        await asyncio.to_thread(self.delete, ref_doc_id, **delete_kwargs)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """As ``delete_nodes``."""
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **delete_kwargs)

    async def aclear(self) -> None:
        """As ``clear``."""
        await asyncio.to_thread(self.clear)


def _opened(client: WeaviateClient, name: str, text_key: str, vectors: Sequence[str]) -> list[str]:
    """The names of a collection's vectors; the collection is made with these when it is not there."""
    ids = ("ref_doc_id", "doc_id", "document_id", "_node_type")
    try:
        if not client.collections.exists(name):
            client.collections.create(
                name,
                properties=[
                    Property(name=text_key, data_type=DataType.TEXT),
                    *(Property(name=id, data_type=DataType.TEXT, tokenization=Tokenization.FIELD) for id in ids),
                    # All of the node as JSON: keywords must not be found in it.
                    Property(
                        name="_node_content", data_type=DataType.TEXT, index_filterable=False, index_searchable=False
                    ),
                ],
                vector_config=[Configure.Vectors.self_provided(name=vector) for vector in vectors],
            )
        return sorted(client.collections.get(name).config.get().vector_config or {})
    except WeaviateBaseError as error:
        raise StoreError(f"Weaviate could not open the collection {name!r}: {error}") from error


def _fault(node: BaseNode, vectors: Mapping[str, Sequence[float]]) -> str | None:
    """Why a node cannot be written at all."""
    try:
        UUID(node.node_id)
    except ValueError:
        return "its id is not a UUID"
    if not vectors:
        return "it has no embedding"
    wrong = [name for name, vector in vectors.items() if not all(map(math.isfinite, vector))]
    return f"its vector {wrong[0]!r} holds numbers that are not finite" if wrong else None


def _node(entry: Any, text_key: str) -> BaseNode:
    """A node as it was written; the base class loses nodes' pictures."""
    properties = {name: value for name, value in entry.properties.items() if name != text_key}
    if not properties.get("_node_content"):  # something else wrote it
        return to_node({**vars(entry), "properties": {**entry.properties}, "vector": {}}, text_key=text_key)
    return metadata_dict_to_node(properties, text=entry.properties.get(text_key) or "")
