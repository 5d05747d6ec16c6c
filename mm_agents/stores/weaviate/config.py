"""Where a Weaviate collection is, and how it is reached and made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator

from mm_agents.errors import ConfigError

_FORMS = "weaviate://host:port/Collection, weaviate+https://host/Collection or weaviate+embedded://folder/Collection"
_LISTS = ("vectorizer", "image_fields", "video_fields")


class Options(BaseModel):
    """How a collection is reached, and how it is made when it is not there.

    A vectorizer makes the server fill a named vector of records that lack it, and lets it be searched by text:
    ``vectorizer=media:google:gemini-embedding-2`` (Gemini API) or
    ``vectorizer=media:vertex:multimodalembedding@001&project=P&region=R`` (Vertex AI). It reads the record's text and
    the ``image_fields``, base64 properties of which "image" is filled with the record's thumbnail; other fields are
    there for other writers. The vector's width goes to the model. Video on Vertex takes a width of 1408, is cut into
    intervals of 4, 8, 15 or 120 seconds, and has no sound.

    Attributes:
        grpc_port: where the server's gRPC listens; 50051, with https the port of the address.
        grpc_host: its host, when it is another.
        retry_seconds: how long a call waits for a server that is away or slow; a restart takes some 12 s. A call that
            hangs is made again after half of it: where a cluster's leader dies, what it was busy with never ends.
        consistency: how many copies must answer a read or write.
        tenant: the tenant of a collection with many; made when a spec is given.
        replication: for a new collection, on how many nodes each object is. A node that was away knows everything by
            its id at once; it searches and counts its own copy, which the server completes within some minutes.
        shards: for a new collection, into how many it is cut.
        compression: for a new collection, the quantizer of its vectors.
        vectorizer: for a new collection, VECTOR:SERVICE:MODEL, any number of times.
        image_fields: the properties that vectorizers read pictures from.
        video_fields: the properties that vectorizers read videos from.
        video_interval: seconds of video per vector (Vertex).
        project: the Google Cloud project (Vertex).
        region: where the model runs, such as "us-central1" (Vertex).
        version: which server an embedded store runs.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    grpc_port: int | None = Field(default=None, ge=1, le=65535)
    grpc_host: str | None = None
    retry_seconds: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    consistency: Literal["ONE", "QUORUM", "ALL"] = "QUORUM"
    tenant: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    replication: PositiveInt | None = None
    shards: PositiveInt | None = None
    compression: Literal["rq", "pq", "bq", "sq"] | None = None
    vectorizer: tuple[str, ...] = ()
    image_fields: tuple[str, ...] = ("image",)
    video_fields: tuple[str, ...] = ()
    video_interval: Literal[4, 8, 15, 120] | None = None
    project: str | None = None
    region: str | None = None
    version: str = Field(default="1.39.0", pattern=r"^\d+\.\d+\.\d+$")

    @field_validator("video_interval", mode="before")
    @classmethod
    def _read_number(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdigit() else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A server at an address."""

    host: str
    port: int
    secure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A server that is started for the store; its program, data and backups are in the folder."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location that was read."""

    server: Remote | Embedded
    collection: str
    options: Options


def parse(rest: str) -> Place:
    """Read a location.

    Args:
        rest: the location without "weaviate" and "://": "host:8080/Media", "+https://host", "+embedded://folder/Media".

    Raises:
        ConfigError: it names no server, or an option that does not exist or has a wrong value.
    """
    scheme, _, address = rest.partition("://") if rest.startswith("+") else ("+http", "", rest)
    path, _, query = address.partition("?")
    options = _options(query)
    if scheme == "+embedded":
        folder, _, name = path.rstrip("/").rpartition("/")
        if not folder:
            raise ConfigError(f"{rest!r} names no folder for the embedded server. Write {_FORMS}.")
        return Place(server=Embedded(folder=folder), collection=collection_name(name), options=options)
    host, _, name = path.partition("/")
    if scheme not in ("+http", "+https"):
        raise ConfigError(f"{rest!r} is not the place of a Weaviate collection. Write {_FORMS}.")
    server = _remote(host, secure=scheme == "+https")
    return Place(server=server, collection=collection_name(name.strip("/") or "Media"), options=options)


def _remote(address: str, *, secure: bool) -> Remote:
    try:
        url = urlsplit(f"//{address}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise ConfigError(f"{address!r} has no valid port. Write {_FORMS}.") from error
    if not host or url.username is not None:
        raise ConfigError(f"{address!r} names no host (a key goes into WEAVIATE_API_KEY). Write {_FORMS}.")
    return Remote(host=host, port=port or (443 if secure else 8080), secure=secure)


def _options(query: str) -> Options:
    given = parse_qs(query, keep_blank_values=True)
    if unknown := sorted(given.keys() - Options.model_fields.keys()):
        raise ConfigError(f"No Weaviate option is named {unknown[0]!r}. Known: {', '.join(Options.model_fields)}.")
    values = {
        name: [part for value in found for part in value.split(",")] if name in _LISTS else found[-1]
        for name, found in given.items()
    }
    try:
        return Options.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{first['msg']}; got {first['input']!r}"
        raise ConfigError(f"The Weaviate option {str(first['loc'][0])!r} is wrong. {problem}.") from error


def collection_name(name: str) -> str:
    """A collection's name as the server writes it.

    Raises:
        ConfigError: the server allows no such name.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,230}", name):
        raise ConfigError(f"{name!r} cannot name a Weaviate collection: letters, digits and '_', a letter first.")
    return name[0].upper() + name[1:]
