"""Locations, and what their options put into the schema of a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mm_agents import _plugins
from mm_agents.errors import ConfigError, LibraryNotFoundError, SchemaMismatchError, StoreError, StoreUnavailableError
from mm_agents.stores.weaviate import Embedded, Options, Remote, build, from_client, parse
from mm_agents.types import CollectionSpec, Record, VectorRole, VectorSpec

if TYPE_CHECKING:
    from weaviate import WeaviateClient

SPEC = CollectionSpec(name="Options", vectors=(VectorSpec(name="media", width=4), VectorSpec(name="words", width=2)))
ID = "00000000-0000-0000-0000-000000000001"


def rest(location: str, *options: str) -> str:
    """A location without its plugin's name, with more options."""
    return "&".join([location.removeprefix("weaviate").removeprefix("://"), *options])


def schema(client: WeaviateClient, name: str) -> dict[str, Any]:
    return client.collections.use(name).config.get().to_dict()


# ---------------------------------------------------------------- locations


def test_places_are_read() -> None:
    place = parse("host:8081/films?grpc_port=7&tenant=a")
    assert place.server == Remote(host="host", port=8081, secure=False)
    assert place.collection == "Films"
    assert place.options == Options(grpc_port=7, tenant="a")
    assert parse("host").server == Remote(host="host", port=8080, secure=False)
    assert parse("host").collection == parse("host/").collection == "Media"
    assert parse("[::1]:9/A").server == Remote(host="::1", port=9, secure=False)
    assert parse("+https://host/A").server == Remote(host="host", port=443, secure=True)
    assert parse("+embedded://a/b/Films").server == Embedded(folder="a/b")
    assert parse("+embedded:///abs/Films").server == Embedded(folder="/abs")
    many = parse("h?vectorizer=a:google:m&vectorizer=b:vertex:n@1&video_fields=v,w&video_interval=8&retry_seconds=.5")
    assert many.options.vectorizer == ("a:google:m", "b:vertex:n@1")
    assert many.options.video_fields == ("v", "w")
    assert (many.options.video_interval, many.options.retry_seconds) == (8, 0.5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("", "names no host"),
        ("/Films", "names no host"),
        ("host:port/Films", "valid port"),
        ("host:99999", "valid port"),
        ("key@host", "WEAVIATE_API_KEY"),
        ("host/a-b", "'a-b' cannot name"),
        ("host/a/b", "'a/b' cannot name"),
        ("+ftp://host/A", "not the place"),
        ("+embedded://Films", "names no folder"),
        ("host?replicas=3", "No Weaviate option is named 'replicas'"),
        ("host?replication=0", "'replication'.*'0'"),
        ("host?shards=x", "'shards'.*'x'"),
        ("host?grpc_port=70000", "'grpc_port'.*'70000'"),
        ("host?consistency=most", "'consistency'.*'most'"),
        ("host?compression=zip", "'compression'.*'zip'"),
        ("host?retry_seconds=inf", "'retry_seconds'.*'inf'"),
        ("host?video_interval=5", "'video_interval'.*5"),
        ("host?tenant=a b", "'tenant'.*'a b'"),
    ],
)
def test_wrong_places_are_refused(wrong: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(wrong)


def test_a_collection_that_is_not_there(fresh: Callable[[], str]) -> None:
    location = fresh()
    with pytest.raises(LibraryNotFoundError, match="mm-agents add PATH"):
        build(rest(location))


def test_nobody_answers() -> None:
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:9"):
        build("127.0.0.1:9/Films?retry_seconds=1")


def test_a_grpc_port_that_does_not_answer_is_named_in_seconds(server: str) -> None:
    place = server.format("Media").partition("?")[0] + "?grpc_port=1"
    with pytest.raises(StoreUnavailableError, match=r"nothing does at its gRPC port .*:1\. .*\?grpc_port="):
        build(rest(place))


def test_the_client_is_imported_quietly() -> None:
    code = "import mm_agents.stores.weaviate as w; w.load_client(); import weaviate as v; print(v.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("weaviate", "")


# ---------------------------------------------------------------- making


@pytest.mark.parametrize("role", [None, "text"])
def test_a_role_is_kept_where_it_is_set(
    client: WeaviateClient, fresh: Callable[[], str], role: VectorRole | None
) -> None:
    """Without one, the description is the one from before there were roles, and the vector's name gives the role."""
    location = rest(fresh())
    spec = CollectionSpec(name="Media", vectors=(VectorSpec(name="media", width=2, role=role),))
    build(location, spec=spec).close()
    with build(location) as opened:
        assert opened.spec == spec
        assert opened.spec.role("media") == (role or "image")
    about = json.loads(schema(client, parse(location).collection)["description"])
    (kept,) = about["vectors"]
    assert kept == {"name": "media", "width": 2, "embedder": None, "replaces": None} | ({"role": role} if role else {})


def test_a_collection_of_another_shape_is_refused(fresh: Callable[[], str]) -> None:
    location = rest(fresh())
    build(location, spec=SPEC).close()
    other = CollectionSpec(name="Options", vectors=(VectorSpec(name="media", width=5),))
    with pytest.raises(SchemaMismatchError, match="media"):
        build(location, spec=other)


def test_options_are_in_the_schema(client: WeaviateClient, fresh: Callable[[], str]) -> None:
    location = fresh()
    build(rest(location, "shards=2", "compression=rq", "replication=1"), spec=SPEC).close()
    made = schema(client, parse(rest(location)).collection)
    assert made["shardingConfig"]["desiredCount"] == 2
    assert made["replicationConfig"]["factor"] == 1
    for vector in made["vectorConfig"].values():
        assert vector["vectorIndexConfig"]["rq"]["enabled"]
        assert vector["vectorIndexConfig"]["distanceMetric"] == "cosine"


def test_the_order_of_ids_holds_over_shards(fresh: Callable[[], str]) -> None:
    with build(rest(fresh(), "shards=3"), spec=SPEC) as store:
        ids = [f"{n:08x}-0000-5000-8000-{n:012x}" for n in range(700)]
        store.upsert([Record(id=one, text="x") for one in reversed(ids)])
        assert [record.id for record in store.iterate()] == ids
        assert store.count() == 700


def test_more_copies_than_nodes_are_refused(fresh: Callable[[], str]) -> None:
    with pytest.raises(StoreError, match="replication"):
        build(rest(fresh(), "replication=30"), spec=SPEC)


def test_tenants_are_apart(fresh: Callable[[], str]) -> None:
    location = fresh()
    one = build(rest(location, "tenant=one"), spec=SPEC)
    two = build(rest(location, "tenant=two"), spec=SPEC)
    one.upsert([Record(id=ID, text="of one", vectors={"words": np.array([1, 0], np.float32)})])
    assert (one.count(), two.count()) == (1, 0)
    assert len(one.search(text="one")) == 1
    assert two.search(text="one") == []
    with build(rest(location, "tenant=one")) as again:
        assert again.count() == 1
    with pytest.raises(LibraryNotFoundError, match="no tenant 'three'"):
        build(rest(location, "tenant=three"))
    with pytest.raises(ConfigError, match="has tenants"):
        build(rest(location))
    one.close()
    two.close()


def test_a_collection_without_tenants_takes_none(fresh: Callable[[], str]) -> None:
    location = fresh()
    build(rest(location), spec=SPEC).close()
    with pytest.raises(ConfigError, match="has no tenants"):
        build(rest(location, "tenant=one"))


def test_a_client_of_ones_own_stays_open(client: WeaviateClient, fresh_name: Callable[[], str]) -> None:
    name = fresh_name()
    store = from_client(client, name.lower(), spec=SPEC)
    store.upsert([Record(id=ID)])
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.count()
    assert client.is_ready()
    with from_client(client, name.lower()) as again:
        assert again.count() == 1


# ---------------------------------------------------------------- vectorizers


def test_vectorizers_are_in_the_schema(client: WeaviateClient, fresh: Callable[[], str]) -> None:
    location = fresh()
    options = ["vectorizer=media:google:gemini-embedding-2", "image_fields=image,poster", "video_fields=video"]
    with build(rest(location, *options), spec=SPEC) as store:
        assert dict(store.vectorizers) == {"media": "multi2vec-google"}
        name = parse(rest(location)).collection
        made = client.collections.export_config(name).to_dict()
        assert made["vectorConfig"]["media"]["vectorizer"] == {
            "multi2vec-google": {
                "apiEndpoint": "generativelanguage.googleapis.com",
                "modelId": "gemini-embedding-2",
                "dimensions": 4,
                "textFields": ["text"],
                "imageFields": ["image", "poster"],
                "videoFields": ["video"],
            }
        }
        assert made["vectorConfig"]["words"]["vectorizer"] == {"none": {}}
        types = {one["name"]: one["dataType"] for one in made["properties"]}
        assert types["image"] == types["poster"] == types["video"] == ["blob"]
        picture = bytes(range(200))
        vectors = {"media": np.array([1, 0, 0, 0], np.float32)}
        store.upsert([Record(id=ID, text="a dog", thumbnail=picture, vectors=vectors, properties={"image": "name"})])
        kept = store.get([ID])[ID]
        assert kept.thumbnail == picture
        assert dict(kept.properties) == {"image": "name"}
        blob = client.collections.use(name).query.fetch_object_by_id(ID, return_properties=["image"])
        assert blob is not None
        assert blob.properties["image"]
        with pytest.raises(StoreError, match=r"(?i)api key"):
            store.search_by_text("dog", using="media")


def test_vertex_takes_its_own_settings(client: WeaviateClient, fresh: Callable[[], str]) -> None:
    location = fresh()
    spec = CollectionSpec(name="V", vectors=(VectorSpec(name="media", width=1408),))
    options = ["vectorizer=media:vertex:multimodalembedding@001", "project=p", "region=us-central1"]
    options += ["video_fields=video", "video_interval=15"]
    build(rest(location, *options), spec=spec).close()
    made = client.collections.export_config(parse(rest(location)).collection).to_dict()
    module = made["vectorConfig"]["media"]["vectorizer"]["multi2vec-google"]
    assert module["modelId"] == "multimodalembedding@001"
    assert (module["projectId"], module["location"]) == ("p", "us-central1")
    assert (module["videoFields"], module["videoIntervalSeconds"], module["dimensions"]) == (["video"], 15, 1408)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["vectorizer=gemini-embedding-2"], "VECTOR:SERVICE:MODEL"),
        (["vectorizer=media:google:"], "VECTOR:SERVICE:MODEL"),
        (["vectorizer=poster:google:m"], "no vector named 'poster'"),
        (["vectorizer=media:vertex:m"], "project and region"),
        (["vectorizer=media:vertex:m", "project=p", "region=r", "video_fields=v"], r"1408.*'media' has 4"),
    ],
)
def test_wrong_vectorizers_are_refused(fresh: Callable[[], str], options: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(rest(fresh(), *options), spec=SPEC)


def test_the_plugin_is_found_by_name(fresh: Callable[[], str]) -> None:
    with _plugins.build("stores", "weaviate", rest(fresh()), spec=SPEC) as store:
        assert store.spec == SPEC
