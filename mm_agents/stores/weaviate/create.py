"""Makes a Weaviate collection: its vectors, their vectorizers, and the description that holds the spec."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from weaviate.classes.config import Configure, DataType, Property
from weaviate.exceptions import UnexpectedStatusCodeError

from mm_agents.errors import ConfigError, StoreDamagedError, StoreVersionError
from mm_agents.stores.local.database import spec_document
from mm_agents.stores.validation import check_spec
from mm_agents.stores.weaviate.schema import our_properties
from mm_agents.types import CollectionSpec, VectorSpec

if TYPE_CHECKING:
    from mm_agents.stores.weaviate.client import Server
    from mm_agents.stores.weaviate.config import Options

_VERSION = 1
_VECTORIZER = re.compile(r"(?P<vector>\w+):(?P<service>google|vertex):(?P<model>[\w.@/-]+)")
_GEMINI = "generativelanguage.googleapis.com"
_VERTEX_VIDEO_WIDTH = 1408
_QUANTIZERS: Mapping[str, Callable[[], Any]] = {
    "rq": Configure.VectorIndex.Quantizer.rq,
    "pq": Configure.VectorIndex.Quantizer.pq,
    "bq": Configure.VectorIndex.Quantizer.bq,
    "sq": Configure.VectorIndex.Quantizer.sq,
}


def create(server: Server, name: str, options: Options, spec: CollectionSpec) -> None:
    """Make a collection; one that another process makes at the same time is left as it is.

    Raises:
        ConfigError: the spec or an option cannot be used.
        StoreError: the server refuses, such as more copies than it has nodes.
    """
    check_spec(spec)
    vectors = [vector_config(vector, options) for vector in spec.vectors]
    blobs = dict.fromkeys((*options.image_fields, *options.video_fields)) if vectorizers(spec, options) else {}
    wanted: dict[str, Any] = {
        "description": write_about(spec),
        "properties": [*our_properties(), *(Property(name=blob, data_type=DataType.BLOB) for blob in blobs)],
        "vector_config": vectors,
        "inverted_index_config": Configure.inverted_index(index_null_state=True),
        "multi_tenancy_config": Configure.multi_tenancy() if options.tenant else None,
        "replication_config": Configure.replication(factor=options.replication) if options.replication else None,
        "sharding_config": Configure.sharding(desired_count=options.shards) if options.shards else None,
    }

    def make() -> None:
        try:
            server.client.collections.create(name, **wanted)
        except UnexpectedStatusCodeError:
            if not server.client.collections.exists(name):  # else another process was quicker
                raise

    server.attempt(make)


def read_about(description: str | None) -> CollectionSpec | None:
    """The spec that a collection of ours has in its description; None for a collection that is not ours.

    Raises:
        StoreVersionError: it was written by a newer version of mm_agents.
        StoreDamagedError: it is ours, but cannot be read.
    """
    try:
        about = json.loads(description or "")
        version = about["mm_agents"]
    except (ValueError, TypeError, KeyError):
        return None
    if version != _VERSION:
        raise StoreVersionError(
            f"The collection has the format {version!r}; this mm_agents reads {_VERSION}. Update it."
        )
    try:
        return CollectionSpec(name=about["name"], vectors=tuple(VectorSpec(**one) for one in about["vectors"]))
    except (TypeError, KeyError) as error:
        raise StoreDamagedError(f"The description of the collection cannot be read: {description!r}.") from error


def write_about(spec: CollectionSpec) -> str:
    """What Weaviate's schema has no place for: which embedder fills a vector, how wide it is, and its role."""
    return json.dumps({"mm_agents": _VERSION, **spec_document(spec)})


def vectorizers(spec: CollectionSpec, options: Options) -> dict[str, re.Match[str]]:
    """The vectorizers that options ask for, by the name of the vector.

    Raises:
        ConfigError: one cannot be read or names no vector of the spec.
    """
    found: dict[str, re.Match[str]] = {}
    for text in options.vectorizer:
        match = _VECTORIZER.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"A vectorizer is VECTOR:SERVICE:MODEL with the service google or vertex, such as "
                f"media:google:gemini-embedding-2; got {text!r}."
            )
        found[spec.vector(match["vector"]).name] = match
    return found


def vector_config(vector: VectorSpec, options: Options) -> Any:
    """The server's configuration of a named vector.

    Raises:
        ConfigError: its vectorizer lacks something.
    """
    common: dict[str, Any] = {
        "name": vector.name,
        "quantizer": _QUANTIZERS[options.compression]() if options.compression else None,
        "vector_index_config": Configure.VectorIndex.hnsw(),
    }
    for text in options.vectorizer:
        match = _VECTORIZER.fullmatch(text)
        if match and match["vector"] == vector.name:
            module = _google(vector, match["service"], match["model"], options)
            return Configure.Vectors.custom(module_name="multi2vec-google", module_config=module, **common)
    return Configure.Vectors.self_provided(**common)


def _google(vector: VectorSpec, service: str, model: str, options: Options) -> dict[str, Any]:
    """The settings of the server's Google module."""
    module: dict[str, Any] = {
        "modelId": model,
        "dimensions": vector.width,
        "textFields": ["text"],
    }
    fields = {"imageFields": options.image_fields, "videoFields": options.video_fields}
    module |= {name: list(given) for name, given in fields.items() if given}  # the server refuses empty ones
    if service == "google":
        return {**module, "apiEndpoint": _GEMINI}
    if options.project is None or options.region is None:
        raise ConfigError("A vertex vectorizer needs the options project and region.")
    if options.video_fields and vector.width != _VERTEX_VIDEO_WIDTH:
        raise ConfigError(
            f"Vertex makes vectors of videos with the width {_VERTEX_VIDEO_WIDTH}; {vector.name!r} has {vector.width}."
        )
    if options.video_interval is not None:
        module["videoIntervalSeconds"] = options.video_interval
    return {**module, "projectId": options.project, "location": options.region}
