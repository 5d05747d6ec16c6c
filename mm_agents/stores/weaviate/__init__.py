"""The store for a cluster: a Weaviate collection with named vectors.

Locations, as ``Library.open`` takes them; the collection is "Media" where none is named:

    weaviate://host:8080/Media?grpc_port=50051
    weaviate+https://host/Media                     gRPC on the same port
    weaviate+embedded://folder/Media                a server of its own that ends with the store

``WEAVIATE_API_KEY`` is the key to the server. ``WEAVIATE_GOOGLE_API_KEY``, when set, is passed on to the server, whose
Google vectorizers need it unless it has one of its own. Options after "?" are the fields of ``Options``.

A collection that something else made is opened as it is and searched, never written.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from mm_agents._optional import require
from mm_agents.stores.weaviate.config import Embedded, Options, Place, Remote, collection_name, parse
from mm_agents.types import CollectionSpec

if TYPE_CHECKING:
    from weaviate import WeaviateClient

    from mm_agents.stores.weaviate.external import ForeignStore
    from mm_agents.stores.weaviate.store import WeaviateStore

__all__ = ["Embedded", "Options", "Place", "Remote", "build", "from_client", "load_client", "parse"]


def build(rest: str, *, spec: CollectionSpec | None = None) -> WeaviateStore | ForeignStore:
    """Open a collection, or make it when ``spec`` is given and it is not there.

    Args:
        rest: the location without "weaviate" and "://".
        spec: the collection to make; it must fit one that is there.

    Raises:
        ConfigError: the location cannot be read, or the collection cannot be made as it says.
        SchemaMismatchError: the collection has other vectors than the spec says.
        EmbedderMismatchError: it was filled by another embedder than the spec names.
        LibraryNotFoundError: the collection does not exist, and no spec to make it by was given.
        MissingExtraError: weaviate-client is not installed.
        StoreUnavailableError: the server does not answer.
        StoreVersionError: the collection was written by a newer version of mm_agents.
    """
    place = parse(rest)
    load_client()
    from mm_agents.stores.weaviate import client as client_module
    from mm_agents.stores.weaviate.store import open_collection

    server = client_module.connect(place, os.environ)
    try:
        return open_collection(server, place.collection, place.options, spec)
    except BaseException:
        server.close()
        raise


def from_client(
    client: WeaviateClient,
    collection: str,
    *,
    spec: CollectionSpec | None = None,
    options: Options | None = None,
) -> WeaviateStore | ForeignStore:
    """Open a collection by a connected client of yours, which stays open when the store is closed.

    Args:
        client: its address, keys, headers and timeouts hold; those of ``options`` do not.
        collection: the collection's name.
        spec: the collection to make; it must fit one that is there.
        options: the others, such as the tenant.

    Raises:
        As ``build``.
    """
    load_client()
    from mm_agents.stores.weaviate import client as client_module
    from mm_agents.stores.weaviate.store import open_collection

    options = options or Options()
    address = "the client's address"
    server = client_module.Server(client, address=address, retry_seconds=options.retry_seconds, owned=False)
    return open_collection(server, collection_name(collection), options, spec)


def load_client() -> None:
    """Import weaviate-client, quietly.

    Its import of authlib warns that authlib will drop httpx, which weaviate-client uses: nothing that a user of ours
    could change. authlib sets a filter for this warning, so it is imported before ours is set.
    """
    with warnings.catch_warnings():
        with suppress(ModuleNotFoundError):
            warnings.simplefilter("ignore", import_module("authlib.deprecate").AuthlibDeprecationWarning)
        require("weaviate", extra="weaviate", feature="The Weaviate store")
