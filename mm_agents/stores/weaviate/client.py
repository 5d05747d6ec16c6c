"""Reaching a Weaviate server: connecting, trying again while it is away, and what its errors mean to us."""

from __future__ import annotations

import json
import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import grpc
import httpx
import weaviate
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.config import GrpcConfig
from weaviate.exceptions import (
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateClosedClientError,
    WeaviateConnectionError,
    WeaviateGRPCUnavailableError,
    WeaviateStartUpError,
    WeaviateTimeoutError,
)

from mm_agents.errors import StoreError, StoreUnavailableError
from mm_agents.stores.weaviate.config import Embedded, Options, Place, Remote

if TYPE_CHECKING:
    from weaviate import WeaviateClient

_log = logging.getLogger(__name__)

T = TypeVar("T")

CONNECT_SECONDS = 10
_SILENT_SECONDS = 5
"""After so long, who waits for a call is told that the server does not answer."""

_REASON_CHARACTERS = 2000

_AWAY = (WeaviateConnectionError, WeaviateGRPCUnavailableError, WeaviateTimeoutError, httpx.TransportError)
_AWAY_STATUS = (429, 500, 502, 503, 504)
_AWAY_CODES = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

_CHANNEL = [
    # The client answers a refused connection by sleeping 1, 2, 4 … 32 s; a call that waits for the server instead
    # ends at its own deadline, and as soon as the server is back.
    ("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "waitForReady": True}]})),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
]


class TooLongError(StoreError):
    """What was asked for does not fit into one message; less at once may."""


class Server:
    """A connected client, and how long to go on trying while its server is away.

    Args:
        client: closed with the server when it is owned.
        address: where it is, for messages.
        retry_seconds: how long.
        owned: whether the client was opened for us.
    """

    def __init__(self, client: WeaviateClient, *, address: str, retry_seconds: float, owned: bool) -> None:
        self.client = client
        self.address = address
        self.retry_seconds = retry_seconds
        self._owned = owned
        self._closed = False
        self._waited = False  # in vain, for a server that has not answered since

    def attempt(self, call: Callable[[], T]) -> T:
        """Make a call, trying again with growing pauses while the server is away; once where the call before did so.

        Raises:
            StoreUnavailableError: it stayed away.
            TooLongError: the answer is too long.
            StoreError: the server refused the call, or the store is closed.
        """
        notice = threading.Timer(_SILENT_SECONDS, self._say_waiting)
        notice.daemon = True
        notice.start()
        try:
            return self._attempt(call)
        finally:
            notice.cancel()

    def _say_waiting(self) -> None:
        if not self._waited:
            _log.warning(
                "The Weaviate server at %s has not answered for %g s; it is waited for up to %g s.",
                self.address,
                _SILENT_SECONDS,
                self.retry_seconds,
            )

    def _attempt(self, call: Callable[[], T]) -> T:
        deadline = time.monotonic() + (0 if self._waited else self.retry_seconds)
        pause = 0.1
        doubted = False
        while True:
            if self._closed:
                raise StoreError("This store is closed. Open it again.")
            try:
                result = call()
            except WeaviateClosedClientError as error:
                raise StoreError("This store is closed. Open it again.") from error
            except (WeaviateBaseError, httpx.TransportError) as error:
                if not is_away(error):
                    code = _code(error)
                    if doubted or code is not grpc.StatusCode.UNKNOWN:
                        kind = TooLongError if code is grpc.StatusCode.RESOURCE_EXHAUSTED else StoreError
                        raise kind(f"Weaviate refused the call: {reason(error)}") from error
                    # A server that is starting knows no collections; the word of one that was ready counts.
                    doubted = self.client.is_ready()
                if time.monotonic() + pause > deadline:
                    self._waited = True
                    raise StoreUnavailableError(
                        f"The Weaviate server at {self.address} did not answer for {self.retry_seconds:g} s "
                        f"({reason(error)}). Once it is back, the same call may be made again."
                    ) from error
            else:
                self._waited = False
                return result
            if not doubted:
                time.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, 3.0)

    def close(self) -> None:
        """End the connection if it is ours; harmless when called twice."""
        self._closed = True
        if self._owned:
            self.client.close()


def connect(place: Place, environment: Mapping[str, str]) -> Server:
    """Connect to the server of a place by the keys of the environment; it asks nobody but that server.

    Raises:
        StoreUnavailableError: the server does not answer or cannot be started.
    """
    options = place.options
    # Half of it, so that a call that hangs is made again: one that a cluster was busy with when its leader died never
    # ends, and the next one goes through.
    bound = options.retry_seconds / 2
    config = AdditionalConfig(
        timeout=Timeout(init=CONNECT_SECONDS, query=bound, insert=bound),
        grpc_config=GrpcConfig(channel_options=_CHANNEL),
    )
    google = environment.get("WEAVIATE_GOOGLE_API_KEY")
    headers = {"X-Goog-Api-Key": google} if google else None
    if isinstance(place.server, Embedded):
        address = place.server.folder
        client = _start(Path(place.server.folder), options, headers)
    else:
        address = f"{place.server.host}:{place.server.port}"
        client = _reach(place.server, options, headers, config, environment.get("WEAVIATE_API_KEY"))
    return Server(client, address=address, retry_seconds=options.retry_seconds, owned=True)


def _reach(
    server: Remote, options: Options, headers: dict[str, str] | None, config: AdditionalConfig, key: str | None
) -> WeaviateClient:
    grpc_host = options.grpc_host or server.host
    grpc_port = options.grpc_port or (server.port if server.secure else 50051)
    try:
        client = weaviate.connect_to_custom(
            http_host=server.host,
            http_port=server.port,
            http_secure=server.secure,
            grpc_host=grpc_host,
            grpc_port=grpc_port,
            grpc_secure=server.secure,
            headers=headers,
            auth_credentials=Auth.api_key(key) if key else None,
            additional_config=config,
            skip_init_checks=True,
        )
    except UnexpectedStatusCodeError as error:
        advice = " Set WEAVIATE_API_KEY to a key of the server." if error.status_code in (401, 403) else ""
        raise StoreError(f"The server at {server.host}:{server.port} refused us: {reason(error)}{advice}") from error
    except (WeaviateStartUpError, WeaviateConnectionError, WeaviateTimeoutError, httpx.TransportError) as error:
        raise StoreUnavailableError(
            f"No Weaviate server answers at {server.host}:{server.port}. Start it, or correct the address."
        ) from error
    try:
        socket.create_connection((grpc_host, grpc_port), CONNECT_SECONDS).close()
    except OSError as error:
        client.close()
        raise StoreUnavailableError(
            f"The Weaviate server at {server.host}:{server.port} answers, but nothing does at its gRPC port "
            f"{grpc_host}:{grpc_port}. Name the right one: ?grpc_port=… behind the place."
        ) from error
    return client


def _start(folder: Path, options: Options, headers: dict[str, str] | None) -> WeaviateClient:
    folder = folder.expanduser().absolute()
    program = folder / "program"
    try:
        return weaviate.connect_to_embedded(
            port=_free_port(),
            grpc_port=options.grpc_port or _free_port(),
            version=options.version,
            persistence_data_path=str(folder / "data"),
            binary_path=str(program),
            headers=headers,
            environment_variables={
                "ENABLE_MODULES": "backup-filesystem",
                "BACKUP_FILESYSTEM_PATH": str(folder / "backup"),
                "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
                "DISABLE_TELEMETRY": "true",
            },
        )
    except (OSError, WeaviateStartUpError) as error:
        raise StoreUnavailableError(
            f"The embedded Weaviate {options.version} could not be started or downloaded into {program} ({error}). "
            "Offline, put its program there or start a server and use weaviate://host:port/Collection."
        ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_away(error: BaseException) -> bool:
    """Whether an error says that the server cannot be reached now, so that trying again may help."""
    if isinstance(error, UnexpectedStatusCodeError):
        return error.status_code in _AWAY_STATUS
    return isinstance(error, _AWAY) or _code(error) in _AWAY_CODES


def _code(error: BaseException) -> grpc.StatusCode | None:
    """The code of gRPC's own error, which the client hides behind its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, grpc.RpcError) and isinstance(cause, grpc.Call):
            return cause.code()
        cause = cause.__cause__ or cause.__context__
    return None


def reason(error: BaseException) -> str:
    """What an error says, in one line and short enough for another error's message."""
    return " ".join(str(error).split())[:_REASON_CHARACTERS] or type(error).__name__
