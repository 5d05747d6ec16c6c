"""Opens Weaviate collections: ours to read and write, those of others to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weaviate.classes.config import ConsistencyLevel

from mm_agents.errors import ConfigError, LibraryNotFoundError
from mm_agents.stores.validation import check_same_spec
from mm_agents.stores.weaviate.create import create, read_about
from mm_agents.stores.weaviate.external import ForeignStore
from mm_agents.stores.weaviate.store import WeaviateStore

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.client import Server
    from mm_agents.stores.weaviate.config import Options
    from mm_agents.types import CollectionSpec


def open_collection(
    server: Server, name: str, options: Options, spec: CollectionSpec | None
) -> WeaviateStore | ForeignStore:
    """Open a collection, or make it by the spec; see ``weaviate.build``."""
    if not server.attempt(lambda: server.client.collections.exists(name)):
        if spec is None:
            raise LibraryNotFoundError(
                f"This Weaviate server has no collection {name!r}. Make one with: "
                f"mm-agents add PATH --library weaviate://HOST:PORT/{name}"
            )
        create(server, name, options, spec)
    handle: Any = server.client.collections.use(name).with_consistency_level(ConsistencyLevel[options.consistency])
    config = server.attempt(handle.config.get)
    if config.multi_tenancy_config.enabled != (options.tenant is not None):
        wrong = "has tenants: name one" if options.tenant is None else "has no tenants: leave it out"
        raise ConfigError(f"Collection {name!r} {wrong} by the option tenant; got {options.tenant!r}.")
    if options.tenant is not None:
        _check_tenant(server, handle, options.tenant, make=spec is not None)
        handle = handle.with_tenant(options.tenant)
    ours = read_about(config.description) is not None
    store = WeaviateStore(server, handle, options) if ours else ForeignStore(server, handle)
    if spec is not None:
        check_same_spec(store.spec, spec, name)
    return store


def _check_tenant(server: Server, handle: Any, tenant: str, *, make: bool) -> None:
    if server.attempt(lambda: handle.tenants.exists(tenant)):
        return
    if not make:
        raise LibraryNotFoundError(f"Collection {handle.name!r} has no tenant {tenant!r}. Add something to make it.")
    server.attempt(lambda: handle.tenants.create(tenant))
