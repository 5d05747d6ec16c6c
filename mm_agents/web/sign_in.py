"""Who is signed in: a cookie that cannot be guessed, kept on the server as long as it runs."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mm_agents._html import render
from mm_agents.web.guard import USER
from mm_agents.web.strings import strings_for

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
