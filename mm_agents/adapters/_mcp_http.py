"""Streamable HTTP with a token and a check of who asks; importing it needs the extra ``mcp``."""

from __future__ import annotations

import hmac
import socket
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mm_agents._hosts import is_loopback
from mm_agents.errors import ConfigError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def make_app(served: Server[Any], *, host: str, token: str | None, allowed_hosts: Sequence[str]) -> ASGIApp:
    """The server as an ASGI application; ``mcp.http_app`` says more."""
    here = is_loopback(host)
    if not here and not token:
        raise ConfigError(
            f"Others can reach {host!r}, so a token is needed: set MM_AGENTS_TOKEN, or listen on 127.0.0.1."
        )
    everywhere = host in ("0.0.0.0", "::", "")
    if everywhere and not allowed_hosts:
        raise ConfigError(
            f"{host!r} is every address of this machine. Say under which name clients reach it, such as "
            "allowed_hosts=['media.example.org'] (--allow-host)."
        )
    names = [*allowed_hosts, *(_LOOPBACK if here or everywhere else [_bracketed(host)])]
    settings = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[form for name in names for form in (name, f"{name}:*")],
        allowed_origins=[
            f"{scheme}://{form}" for name in names for form in (name, f"{name}:*") for scheme in ("http", "https")
        ],
    )
    app = served.streamable_http_app(host=host, transport_security=settings)
    return _Bearer(app, token) if token else app


def run(app: ASGIApp, *, host: str, port: int, listening: Callable[[str], None] | None) -> None:
    """Serve an application until interrupted."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        if listening is not None:
            listening(f"http://{_bracketed(host)}:{listener.getsockname()[1]}/mcp")
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
        uvicorn.Server(config).run(sockets=[listener])


class _Bearer:
    """Lets only requests with the token through.

    The SDK's own check of tokens is for those of an OAuth server, which it also tells clients to ask.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._allowed(Headers(scope=scope))):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = PlainTextResponse("A token is needed.", 401, headers={"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)

    def _allowed(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(), self._token)  # takes as long whatever is wrong
        return known and scheme.lower() == "bearer"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
