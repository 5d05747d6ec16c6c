"""Requests from other websites, and files that name a place: none is answered, and no key goes there."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode, urlsplit

from mm_agents import Agent, Library
from mm_agents.testing import HashEmbedder
from mm_agents.web.server import Settings, started

from .commands import COMMAND, environment
from .tally import Budget, Tally, paint

_PASSWORD, _KEY = "not-a-secret", "a-key-that-stays-here"
_NAME = "media.example"
_ASKED = json.dumps({"conversation": "0" * 32, "question": "How many?", "files": [], "after": 0})
_REQUESTS: dict[str, tuple[str, str, str, str]] = {
    "a preflight": ("OPTIONS", "/api/ask", "", ""),
    "the page": ("GET", "/api/page", "", ""),
    "its items": ("GET", "/api/items", "", ""),
    "a question": ("POST", "/api/ask", _ASKED, "application/json"),
    "a question as text": ("POST", "/api/ask", _ASKED, "text/plain"),
    "a file": ("POST", "/api/uploads?name=a.txt", "words", "text/plain"),
    "a form": ("POST", "/api/uploads?name=a.txt", "--a\r\n\r\nwords\r\n--a--", "multipart/form-data; boundary=a"),
    "a removal": ("POST", "/api/items/delete", '{"ids": []}', "text/plain"),
}
_FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"https://{_NAME}.evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
)


def websites(budget: Budget) -> Tally:
    """Requests of other websites, with a visitor's cookie behind a name, and on this machine without a password."""
    tally = Tally("cross-site requests")
    with _library(budget.place) as library:
        agent = Agent(library, model="offline")
        open_page = Settings(uploads=budget.place / "uploads")
        named = Settings(uploads=budget.place / "uploads", password=_PASSWORD, allowed_hosts=(_NAME,))
        for settings, hosts in ((open_page, ("",)), (named, ("", _NAME, "192.168.1.5", "evil.example"))):
            with started(agent, settings) as page:
                cookie = _cookie(page.local_url) if settings.password else ""
                own = _asked(page.local_url, "the page", {"Cookie": cookie})
                assert own[0] == 200, own  # an attack on a page that answers nobody would find nothing
                for host, foreign, what in product(hosts, _FOREIGN, _REQUESTS):
                    tally.tries += 1
                    headers = {"Cookie": cookie, **foreign} | ({"Host": host} if host else {})
                    status, allowed = _asked(page.local_url, what, headers)
                    if status < 400 or allowed:
                        tally.failed(f"{what} to {host or 'this machine'} with {foreign}: {status}, {allowed}")
        if (budget.place / "uploads").exists() and list((budget.place / "uploads").iterdir()):
            tally.failed("a file was kept")
    return tally


def keys(budget: Budget) -> Tally:
    """Answers, libraries and backups that name a server: it is not called, so that no key is sent to it."""
    tally = Tally("places that files name")
    with _library(budget.place) as library:
        answer = Agent(library, model="offline").ask("How many pictures are there?").to_json()
        library.backup(budget.place / "backup")
    with _listening() as (port, heard):
        place = f"weaviate://127.0.0.1:{port}/Media"
        variants = {name: {**answer, name: place} for name in ("root", "library", "location", "store")}
        variants["sources"] = json.loads(json.dumps(answer).replace('"path": "', f'"path": "{place}/'))
        for name, document in variants.items():
            (budget.place / f"{name}.json").write_text(json.dumps(document))
        commands = {name: ("verify", f"{name}.json") for name in variants}
        for folder in ("library", "backup"):
            manifest = budget.place / folder / "mm_agents.json"
            changed = {**json.loads(manifest.read_text()), "store": place, "location": place, "root": place}
            manifest.write_text(json.dumps(changed))
        commands |= {
            "a library": ("count", "--library", "library"),
            "a doctor": ("doctor", "--library", "library"),
            "a restore": ("restore", "backup", "--library", "library"),
            "a backup": ("count", "--library", "backup"),
        }
        for name, command in commands.items():
            tally.tries += 1
            called = len(heard)
            done = subprocess.run(
                [*COMMAND, *command],
                cwd=budget.place,
                env={**environment(), "WEAVIATE_API_KEY": _KEY},
                capture_output=True,
                text=True,
                check=False,
            )
            if len(heard) > called:
                tally.failed(f"{name}: the server that it names was called: {heard[-1][:200]!r}")
            if "Traceback" in done.stderr or _KEY in done.stdout + done.stderr:
                tally.failed(f"{name}: {done.stderr[-300:]}")
    return tally


@contextmanager
def _library(place: Path) -> Iterator[Library]:
    with Library.open(place / "library", embedder=HashEmbedder(width=16)) as library:
        library.add(*paint(place / "pictures", 3), words="none")
        yield library


@contextmanager
def _listening() -> Iterator[tuple[int, list[bytes]]]:
    """A server that keeps what it hears."""
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:  # closed
                    return
                with connection:
                    connection.settimeout(2)
                    heard.append(connection.recv(3000))

        Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard


def _cookie(url: str) -> str:
    form = urlencode({"username": "mm-agents", "password": _PASSWORD})
    with closing(_connection(url)) as connection:
        connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        return str(connection.getresponse().headers["set-cookie"]).split(";")[0]


def _asked(url: str, what: str, headers: dict[str, str]) -> tuple[int, str | None]:
    """The status of a response, and whom it allows to read it."""
    method, path, body, kind = _REQUESTS[what]
    with closing(_connection(url)) as connection:
        connection.request(method, path, body or None, {**headers, **({"Content-Type": kind} if kind else {})})
        response = connection.getresponse()
        return response.status, response.headers["access-control-allow-origin"]


def _connection(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
