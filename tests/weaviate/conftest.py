from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mm_agents.errors import MissingExtraError
from mm_agents.stores.weaviate import load_client, parse

if TYPE_CHECKING:
    from weaviate import WeaviateClient

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def package() -> None:
    """The client's package, imported without its warning."""
    try:
        load_client()
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The location of a running server, with "{}" where the collection's name goes."""
    given = os.environ.get("MM_AGENTS_WEAVIATE_URL")
    if given:
        address, _, options = given.partition("?")
        yield f"{address.rstrip('/')}/{{}}" + (f"?{options}" if options else "")
        return
    from server import running, single

    node = single(tmp_path_factory.mktemp("weaviate"))
    with running(node):
        yield node.location


@pytest.fixture
def client(server: str) -> Iterator[WeaviateClient]:
    """A client of that server, as others would use it."""
    from mm_agents.stores.weaviate import client as client_module

    connected = client_module.connect(parse(server.format("Any").removeprefix("weaviate://")), os.environ)
    yield connected.client
    connected.close()


@pytest.fixture
def fresh_name(client: WeaviateClient) -> Iterator[Callable[[], str]]:
    """Makes names of collections that nobody else has, and deletes those collections."""
    made: list[str] = []

    def name() -> str:
        made.append(f"Test{uuid.uuid4().hex}")
        return made[-1]

    yield name
    for one in made:
        client.collections.delete(one)


@pytest.fixture
def fresh(server: str, fresh_name: Callable[[], str]) -> Callable[[], str]:
    """Makes locations of such collections."""
    return lambda: server.format(fresh_name())
