"""Guards every route of the page: the names under which it answers, and the websites that may call it.

A browser reaches this machine, and may send a visitor's cookie, for any website that the visitor has open. So a request
is answered only where it comes from the page itself: its ``Origin`` is the page's own, and its ``Host`` is a name of
the page, and not one that somebody else leads to this machine's address.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mm_agents._html import render
from mm_agents.errors import ConfigError
from mm_agents.security import is_loopback
from mm_agents.web.strings import strings_for

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # With "no-referrer" a browser would call the origin of the page's own forms and beacons null.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
USER = "mm-agents"
"""The user name for signing in."""

LOGIN = "/login"
"""Where a visitor signs in."""

_OPEN = ("/", LOGIN)
"""What a visitor who is not signed in may ask for, besides the page's own code."""

_STATIC = "/static/"
_READS = ("GET", "HEAD", "OPTIONS")
_TRIES, _PERIOD = 10, 60.0
"""How many times one address may try to sign in, in how many seconds."""

_ADDRESSES = 10_000  # whose tries are remembered
_NAMED = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


class Names:
    """The names that the page answers to.

    Args:
        host: the address that the server listens on.
        allowed: further names, each with its port where it is another than 80 or 443.

    Raises:
        ConfigError: one of these is not a name.
    """

    def __init__(self, host: str, allowed: Sequence[str] = ()) -> None:
        wrong = next((one for one in allowed if _NAMED.fullmatch(one) is None), None)
        if wrong is not None:
            raise ConfigError(
                f"An allowed host is a name such as media.example or media.example:8443, not {wrong!r}: "
                "leave out the scheme and the path."
            )
        self._allowed = frozenset(one.casefold() for one in allowed)
        self._here = is_loopback(host)
        own = () if self._here else (host.casefold(), socket.gethostname().casefold())
        self._names = {*own, *map(_name, self._allowed)}

    def has(self, written: str, address: str | None) -> bool:
        """Whether a ``Host`` is one of the names.

        Args:
            written: the header, with or without a port.
            address: this machine's address that the connection came to.
        """
        name = _name(written)
        if name is None:
            return False
        if name in self._names or is_loopback(name):
            return True
        return not self._here and address is not None and _same_address(name, address)

    def own(self, origin: str, written: str) -> bool:
        """Whether an ``Origin`` is the page that was asked for by this ``Host``, or that of an allowed name."""
        found = _ORIGIN.fullmatch(origin)
        if found is None:
            return False
        scheme, place = found[1].casefold(), found[2].casefold()
        return place in self._allowed or written.casefold() in (place, place + _DEFAULT_PORT[scheme])


class Guard:
    """Refuses other websites and visitors who are not signed in; lets the browser load nothing from other hosts.

    Starlette's ``TrustedHostMiddleware`` is not enough: its names are fixed before a connection shows which of this
    machine's addresses it came to, and it reads the first of several Host headers alone.

    Args:
        app: the ASGI application behind it.
        names: what the page answers to.
        signed_in: whether the visitor of a request, given by its Cookie headers, is signed in; None where nobody
            has to.
    """

    def __init__(self, app: Any, names: Names, signed_in: Callable[[Sequence[str]], bool] | None) -> None:
        self._app = app
        self._names = names
        self._signed_in = signed_in
        self._tries: dict[str, list[float]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request, as ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _guarded(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            kind = (b"content-type", b"text/plain; charset=utf-8")
            await send({"type": "http.response.start", "status": refusal.status, "headers": [kind, *_HEADERS]})
            await send({"type": "http.response.body", "body": refusal.why.encode()})

    def _refusal(self, scope: Any) -> Refusal | None:
        host, origin = _values(scope, b"host"), _values(scope, b"origin")
        if len(host) != 1 or not self._names.has(host[0], _address(scope)):
            return Refusal(403, "This page is not served under that name. --allow-host NAME lets a name be used.")
        if any(not self._names.own(one, host[0]) for one in origin):
            return Refusal(403, "Other websites may not use this page. --allow-host NAME names the page's own.")
        if not origin and _from_elsewhere(scope):
            return Refusal(403, "Other websites may not use this page.")
        if self._signed_in is None:
            return None
        if scope["path"] == LOGIN and self._tried_often(scope):
            return Refusal(429, f"There were {_TRIES} tries to sign in. Wait a minute.")
        is_open = scope["path"] in _OPEN or scope["path"].startswith(_STATIC)
        if not is_open and not self._signed_in(_values(scope, b"cookie")):
            return Refusal(401, "Sign in first.")
        return None

    def _tried_often(self, scope: Any) -> bool:
        """Count an attempt to sign in; returns whether its address made too many."""
        if scope["type"] != "http" or scope["method"] in _READS:
            return False
        now, client = time.monotonic(), (scope.get("client") or ("",))[0]
        if len(self._tries) > _ADDRESSES:
            self._tries = {one: tries for one, tries in self._tries.items() if now - tries[-1] < _PERIOD}
        recent = [at for at in self._tries.get(client, ()) if now - at < _PERIOD]
        if len(recent) >= _TRIES:
            return True
        self._tries[client] = [*recent, now]
        return False


class Refusal(NamedTuple):
    """Why a request is refused, with the status that says so."""

    status: int
    why: str


def _guarded(send: Any) -> Any:
    """Send responses that allow no other website."""

    async def guarded(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", ())
                if not name.lower().startswith(b"access-control-")
            ]
            known = {name.lower() for name, _ in kept}
            message = {**message, "headers": [*kept, *(one for one in _HEADERS if one[0] not in known)]}
        await send(message)

    return guarded


def _from_elsewhere(scope: Any) -> bool:
    """Whether a browser says that another website asks; a link to the page itself may be anywhere."""
    site = _values(scope, b"sec-fetch-site")
    if not site or site[0] in ("same-origin", "none"):
        return False
    linked = _values(scope, b"sec-fetch-mode") == ["navigate"] and _values(scope, b"sec-fetch-dest") == ["document"]
    return not (linked and scope.get("method") == "GET" and scope["path"] == "/")


def _values(scope: Any, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _address(scope: Any) -> str | None:
    return scope["server"][0] if scope.get("server") else None


def _name(written: str) -> str | None:
    """The name in a ``Host``, without port and brackets; None where it is none."""
    found = _NAMED.fullmatch(written)
    return found[1].strip("[]").casefold() if found is not None else None


def _same_address(name: str, address: str) -> bool:
    try:
        one, other = ipaddress.ip_address(name), ipaddress.ip_address(address)
    except ValueError:
        return False
    return _plain(one) == _plain(other)


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that is written as IPv6, as IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


# ---------------------------------------------------------------- signing in


COOKIE = "mm_agents_session"
_KEPT = 7 * 24 * 3600  # seconds
_LARGEST_FORM = 4096  # bytes


class SignIn:
    """Compares passwords and remembers who gave the right one.

    Args:
        password: what the user "mm-agents" signs in with.
    """

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._sessions: dict[str, float] = {}

    def has(self, cookies: Sequence[str]) -> bool:
        """Whether one of these Cookie headers is of somebody who is signed in."""
        now = time.monotonic()
        return any(
            now - self._sessions[key] < _KEPT for written in cookies for key in _keys(written) if key in self._sessions
        )

    def page(self, request: Request, *, wrong: bool = False) -> Response:
        """The form to sign in with."""
        language, texts = strings_for(request.headers.get("accept-language", ""))
        html = render("web/sign_in.html", language=language, texts=texts, wrong=wrong, user=USER)
        return HTMLResponse(html, status_code=400 if wrong else 200, headers={"cache-control": "no-store"})

    async def enter(self, request: Request) -> Response:
        """Sign in with what the form sends."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST_FORM:
                return self.page(request, wrong=True)
        form = parse_qs(body.decode("utf-8", "replace"))
        user, password = ((form.get(name) or [""])[0] for name in ("username", "password"))
        if user != USER or not hmac.compare_digest(password.encode(), self._password):
            return self.page(request, wrong=True)
        token = secrets.token_urlsafe(32)
        self._sessions[_key(token)] = time.monotonic()
        response = RedirectResponse("./", status_code=303)
        secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        response.set_cookie(COOKIE, token, max_age=_KEPT, httponly=True, samesite="lax", secure=secure)
        return response

    def leave(self, request: Request) -> Response:
        """Sign out."""
        for written in request.headers.getlist("cookie"):
            for key in _keys(written):
                self._sessions.pop(key, None)
        response = RedirectResponse("./", status_code=303)
        response.delete_cookie(COOKIE)
        return response


def _keys(written: str) -> list[str]:
    try:
        found = SimpleCookie(written).get(COOKIE)
    except CookieError:
        return []
    return [_key(found.value)] if found is not None else []


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
