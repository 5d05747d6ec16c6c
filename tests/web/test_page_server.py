"""Who may open the page, what its server gives out, and what it refuses."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from command_line import run
from visitors import PASSWORD, Place, served

from mm_agents.errors import ConfigError
from mm_agents.security import is_loopback
from mm_agents.web import Settings
from mm_agents.web.guard import Guard, Names

Got = tuple[int, http.client.HTTPMessage, bytes]
FOREIGN = ("https://evil.example", "http://127.0.0.1:1", "http://localhost", "null", "", "file://")


def got(url: str, path: str, *, body: bytes | None = None, method: str | None = None, **headers: str) -> Got:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    connection.request(
        method or ("GET" if body is None else "POST"), path, body, {k.replace("_", "-"): v for k, v in headers.items()}
    )
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


UPLOAD = "/api/uploads?name=a.txt"


def signed_in(url: str, password: str = PASSWORD, **headers: str) -> Got:
    form = urlencode({"username": "mm-agents", "password": password}).encode()
    return got(url, "/login", body=form, Content_Type="application/x-www-form-urlencoded", **headers)


def cookies_of(headers: http.client.HTTPMessage) -> str:
    return "; ".join(value.split(";")[0] for value in headers.get_all("set-cookie") or [])


def leave_for_others(headers: http.client.HTTPMessage) -> list[str]:
    return [name for name in headers if name.casefold().startswith("access-control-")]


@pytest.fixture(scope="module")
def behind_a_proxy(place: Place) -> Iterator[str]:
    """A page with a password that others can reach, under a name too."""
    arguments = (
        "--model",
        "offline",
        "--host",
        "0.0.0.0",
        "--allow-host",
        "media.example",
        "--allow-host",
        "[2001:db8::7]:8443",
    )
    with served(place, *arguments, MM_AGENTS_PASSWORD=PASSWORD) as url:
        yield url


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.0.0.2", True), ("0.0.0.0", False), ("::", False)],
)
def test_which_addresses_are_this_machine_s_own(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_others_get_in_with_a_password_only() -> None:
    Settings().check()
    Settings(host="0.0.0.0", password="x").check()
    with pytest.raises(ConfigError, match="needs a password: set MM_AGENTS_PASSWORD"):
        Settings(host="0.0.0.0").check()
    with pytest.raises(ConfigError, match="needs a password"):
        Settings(host="192.0.2.7", password="").check()
    with pytest.raises(ConfigError, match="from 1 to 65535, not 70000"):
        Settings(port=70000).check()
    assert "secret" not in repr(Settings(password="secret"))


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    assert "it needs a password" in run("serve", "--host", "0.0.0.0", cwd=tmp_path, code=1).stderr
    assert "No library at" in run("serve", cwd=tmp_path, code=1).stderr
    assert "write 500mb or 2gb" in run("serve", "--max-upload", "much", cwd=tmp_path, code=2).stderr
    assert "Only this machine can open it" in run("serve", "--help", cwd=tmp_path).stdout


def test_a_port_that_is_taken_is_said(url: str, place: Place) -> None:
    port = str(urlsplit(url).port)
    done = run("serve", place.library, "--model", "offline", "--port", port, cwd=place.folder, code=1)
    assert f"port {port}" in done.stderr
    assert "Give another --port" in done.stderr


def test_an_answer_that_takes_long_does_not_hold_up_the_end(place: Place, tmp_path: Path) -> None:
    slow = "import time; from mm_agents.agent import Conversation; Conversation.stream = lambda *_: time.sleep(100)"
    (tmp_path / "sitecustomize.py").write_text(slow)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    question = json.dumps({"conversation": "0" * 32, "question": "How many?", "files": [], "after": 0}).encode()
    with served(place, "--model", "offline", PYTHONPATH=path) as url:
        address = urlsplit(url)
        with closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)) as connection:
            connection.request("POST", "/api/ask", question, {"Content-Type": "application/json"})
            with connection.getresponse() as response:
                assert response.readline() == b"event: job\n"
        told = time.monotonic()
    assert time.monotonic() - told < 20


def test_only_what_the_library_holds_or_was_sent_is_given_out(url: str, place: Place) -> None:
    inside = [place.library / "mm_agents.json", place.folder / "media" / "ferns.txt", place.scan, Path("/etc/passwd")]
    for path in inside:
        for written in (quote(str(path)), quote(str(path), safe=""), f"..{quote(str(path))}", f"//{quote(str(path))}"):
            for folder in ("/api/assets", "/api/uploads", "/static", "/map"):
                for part in ("", "/file", "/page"):
                    status, _, content = got(url, f"{folder}/{written}{part}")
                    assert status in (403, 404, 405), written
                    assert b"Water" not in content
                    assert b"root:" not in content
    listed = json.loads(got(url, "/api/items?limit=50")[2])["items"]
    text = next(row for row in listed if row["name"] == "ferns.txt")
    status, headers, content = got(url, f"/api/assets/{text['id']}/file")
    assert (status, b"Water" in content) == (200, True)
    assert headers["content-disposition"].startswith("attachment"), "a text is not opened as a page"
    assert "sandbox" in headers["content-security-policy"]
    assert str(place.folder).encode() not in got(url, f"/api/assets/{text['id']}")[2]


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script_of_a_document(url: str) -> None:
    status, headers, page = got(url, "/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"<script>" not in page
    assert b"style=" not in page
    assert headers["x-frame-options"] == "DENY"
    assert got(url, "/", Host="elsewhere.example:7860")[0] == 403, "a page that was led here by its name's address"


def test_the_page_is_small(url: str) -> None:
    parts = ("/", "/static/app.js", "/static/app.css", "/static/icon.svg", "/api/page")
    assert sum(len(got(url, part, Accept_Encoding="gzip")[2]) for part in parts) < 100_000


def test_the_map_offers_no_vector_twice(url: str) -> None:
    vectors = json.loads(got(url, "/api/page")[2])["vectors"]
    assert "media" in vectors
    assert not [one for one in vectors if one.endswith("_languages")], "the same in another encoder is no other map"


def test_a_sent_clip_has_a_picture_and_a_text_has_none(url: str, place: Place) -> None:
    clip = (place.folder / "media" / "colours.mp4").read_bytes()
    files = {"a.mp4": clip, "a.txt": b"Ferns."}
    sent = [got(url, f"/api/uploads?name={name}", body=body)[2] for name, body in files.items()]
    statuses = [got(url, f"/api/uploads/{json.loads(one)['id']}/thumbnail")[0] for one in sent]
    assert statuses == [200, 404]


def test_too_large_a_file_is_refused_by_the_server_too(url: str) -> None:
    status, _, content = got(url, "/api/uploads?name=large.txt", body=b"x" * 2_000_000)
    assert status == 413
    assert b"larger than" in content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/ask", b"[]"),
        ("/api/ask", b"no json"),
        ("/api/ask", b'{"conversation": "../../x", "question": "?", "files": [], "after": 0}'),
        ("/api/items/delete", b'{"ids": "all"}'),
        ("/api/items/tag", b'{"ids": [3]}'),
        ("/api/sheet", b"{}"),
        ("/api/items/add", b"{}"),
    ],
)
def test_a_request_of_another_form_is_refused(url: str, path: str, body: bytes) -> None:
    status, _, content = got(url, path, body=body)
    assert status == 400
    assert json.loads(content)["error"]["message"]


def test_what_comes_back_from_a_page_opens_no_file(url: str, place: Place) -> None:
    """A page may hand its turns back; a made-up one names a file of this machine."""
    source = {
        "number": 1,
        "name": "x",
        "media_type": "image",
        "asset": "x",
        "path": str(place.scan),
        "sha256": "0" * 64,
    }
    source |= dict.fromkeys(("confidence", "quote", "page", "box", "t0", "t1")) | {"how": "read"}
    answer = {"version": 1, "question": "?", "text": "x [1]", "claims": [], "sources": [source], "outcome": "answered"}
    asked = {"conversation": "0" * 32, "question": "hello", "files": [], "after": 1}
    assert got(url, "/api/ask", body=json.dumps(asked).encode())[0] == 409, "the server does not know it"
    history = [{"answer": answer, "files": []}]
    status, _, content = got(url, "/api/ask", body=json.dumps(asked | {"history": history}).encode())
    assert status == 200
    assert str(place.folder).encode() not in content


def test_a_read_only_page_changes_nothing(place: Place) -> None:
    with served(place, "--model", "offline", "--read-only") as url:
        for path in ("/api/items/add", "/api/items/delete", "/api/items/tag"):
            status, _, content = got(url, path, body=b'{"ids": [], "uploads": []}')
            assert status == 400
            assert b"cannot change it" in content


def test_without_the_password_nothing_is_shown(place: Place) -> None:
    with served(place, "--model", "offline", "--read-only", MM_AGENTS_PASSWORD=PASSWORD) as url:
        assert got(url, "/api/page")[0] == 401
        assert got(url, UPLOAD, body=b"text")[0] == 401
        for path in ("/api/ask", "/api/jobs/x/stop", "/api/items/delete"):
            assert got(url, path, body=b"{}", Content_Type="application/json")[0] == 401, path
        for path in ("/api/items", "/api/assets/x/thumbnail", "/map/x", "/openapi.json"):
            assert got(url, path)[0] == 401
        assert b"Water" not in got(url, "/")[2]

        assert signed_in(url, "wrong")[0] == 400
        status, headers, _ = signed_in(url)
        assert status == 303
        cookies = cookies_of(headers)
        status, _, content = got(url, "/api/page", Cookie=cookies)
        assert status == 200
        assert json.loads(content)["writable"] is False
        assert PASSWORD.encode() not in content


# ---------------------------------------------------------------- other websites


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_other_website_is_answered(url: str, origin: str) -> None:
    file = f"/api/uploads/{quote('/etc/passwd', safe='')}/file"
    tries = [
        got(url, UPLOAD, body=b"text", Origin=origin),
        got(url, "/api/ask", body=b"{}", Content_Type="text/plain", Origin=origin),
        *(got(url, path, Origin=origin) for path in ("/", "/api/page", "/map/x", file, "/static/app.js")),
        got(url, "/api/jobs/x", Origin=origin),
        got(url, "/api/page", method="HEAD", Origin=origin),
        got(url, "/api/page", method="PUT", Origin=origin),
        got(
            url,
            "/api/ask",
            method="OPTIONS",
            Origin=origin,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="content-type",
        ),
    ]
    assert {status for status, _, _ in tries} == {403}
    assert not [headers for _, headers, _ in tries if leave_for_others(headers)]


def test_the_page_itself_is_answered(url: str) -> None:
    own = url.rstrip("/")
    status, headers, content = got(url, UPLOAD, body=b"text", Origin=own)
    assert status == 200
    assert b"a.txt" in content
    assert leave_for_others(headers) == []
    status, headers, _ = got(url, "/api/page", method="OPTIONS", Origin=own, Access_Control_Request_Method="POST")
    assert leave_for_others(headers) == []
    assert got(url, UPLOAD, body=b"text")[0] == 200, "a program sends no Origin"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_says_another_website_asks_is_refused(url: str, site: str) -> None:
    link = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert got(url, UPLOAD, body=b"text", Sec_Fetch_Site=site)[0] == 403
    assert got(url, UPLOAD, body=b"text", **link)[0] == 403
    assert got(url, "/api/page", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="script")[0] == 403
    assert got(url, "/logout", **link)[0] == 403
    assert got(url, "/", **{**link, "Sec_Fetch_Dest": "iframe"})[0] == 403
    assert got(url, "/", **link)[0] == 200, "a link to the page"


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example", "localhost.elsewhere.example:7860", "192.0.2.1", "127.0.0.1@elsewhere.example", "[::1", ""],
)
def test_a_name_that_leads_here_is_not_enough(url: str, host: str) -> None:
    for path in ("/", "/api/page", "/map/x"):
        assert got(url, path, Host=host)[0] == 403
    assert got(url, "/", Host=host, Origin=f"http://{host}")[0] == 403


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "127.0.0.2:80", "[::1]:7860", "LOCALHOST"])
def test_this_machine_s_own_names_are_known(url: str, host: str) -> None:
    assert got(url, "/api/page", Host=host)[0] == 200
    assert got(url, "/api/page", Host=host, Origin=f"http://{host}")[0] == 200


@pytest.mark.allow_hosts(["127.0.0.2", "::1"])
@pytest.mark.parametrize("address", ["127.0.0.2", "::1"])
def test_every_address_of_this_machine_alone_is_guarded(place: Place, address: str) -> None:
    if ":" in address:
        try:
            socket.create_server((address, 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    with served(place, "--model", "offline", "--host", address) as url:
        assert got(url, "/api/page")[0] == 200
        assert got(url, "/api/page", Host="elsewhere.example")[0] == 403
        assert got(url, "/api/page", Origin="https://elsewhere.example")[0] == 403


def test_a_stranger_s_address_is_not_written_into_the_page(url: str, behind_a_proxy: str) -> None:
    for name in ("X_Forwarded_Host", "X_Forwarded_Server", "Forwarded"):
        status, _, page = got(url, "/", **{name: "evil.example"})
        assert (status, b"evil.example" in page) == (200, False)
        assert b"evil.example" not in got(url, "/api/page", **{name: "http://evil.example"})[2]
    assert b"evil.example" not in got(behind_a_proxy, "/", X_Forwarded_Host="media.example, evil.example")[2]
    assert b"evil.example" not in got(behind_a_proxy, "/", X_Forwarded_Host="evil.example, media.example")[2]


def test_behind_a_name_the_visitor_s_cookie_serves_the_page_alone(behind_a_proxy: str) -> None:
    url, named = behind_a_proxy, {"Host": "media.example"}
    assert signed_in(url, Origin="https://evil.example", **named)[0] == 403
    status, headers, _ = signed_in(url, Origin="https://media.example", **named)
    assert status == 303
    set_cookies = headers.get_all("set-cookie") or []
    assert len(set_cookies) == 1
    for value in set_cookies:
        parts = [part.strip().casefold() for part in value.split(";")[1:]]
        assert [part for part in parts if part.startswith("samesite")] == ["samesite=lax"]
        assert "httponly" in parts
    cookie = cookies_of(headers)
    asked = {"body": b"{}", "Content_Type": "text/plain", "Cookie": cookie, **named}
    for origin in FOREIGN:
        for path in ("/api/page", "/api/jobs/x"):
            status, headers, _ = got(url, path, Cookie=cookie, Origin=origin, **named)
            assert (status, leave_for_others(headers)) == (403, []), (path, origin)
        assert got(url, "/api/ask", Origin=origin, **asked)[0] == 403
    status, headers, _ = got(url, "/api/page", Cookie=cookie, Origin="https://media.example", **named)
    assert (status, leave_for_others(headers)) == (200, [])


def test_a_page_that_others_reach_answers_to_its_names(behind_a_proxy: str) -> None:
    def status(**headers: str) -> int:
        return got(behind_a_proxy, "/", **headers)[0]

    assert [status(), status(Host="media.example"), status(Host="[2001:db8::7]:8443")] == [200, 200, 200]
    assert status(Host="localhost", Origin="https://media.example") == 200, "a proxy need not hand on the name"
    assert status(Host="localhost", Origin="https://[2001:db8::7]:8443") == 200
    assert status(Host="localhost", Origin="https://media.example:8443") == 403, "another server of that name"
    assert status(Host="evil.example") == 403
    assert status(Host="192.0.2.1") == 403
    assert b"--allow-host" in got(behind_a_proxy, "/", Host="evil.example")[2]


def test_names_without_any_allowed() -> None:
    names = Names("0.0.0.0")
    assert names.has("192.0.2.7:7860", "192.0.2.7"), "the address that the connection came to"
    assert names.has("192.0.2.7", "::ffff:192.0.2.7")
    assert not names.has("192.0.2.8", "192.0.2.7")
    assert names.has(socket.gethostname().upper(), "192.0.2.7")
    assert Names("media.lan").has("media.lan:7860", "192.0.2.7")
    assert not Names("127.0.0.1").has("192.0.2.7", "192.0.2.7"), "nobody else can be there"
    for wrong in ("https://media.example", "media.example/", "*", ""):
        with pytest.raises(ConfigError, match="leave out the scheme"):
            Settings(allowed_hosts=(wrong,)).check()


def test_passwords_cannot_be_guessed_fast(place: Place) -> None:
    with served(place, "--model", "offline", MM_AGENTS_PASSWORD=PASSWORD) as url:
        assert [signed_in(url, "wrong")[0] for _ in range(11)] == [400] * 10 + [429]
        assert signed_in(url)[0] == 429
        assert got(url, "/")[0] == 200


def test_a_websocket_of_another_website_is_closed() -> None:
    reached: list[str] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    def closed(origin: str) -> list[Any]:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message["type"])

        headers = [(b"host", b"127.0.0.1:7860"), (b"origin", origin.encode())]
        scope = {"type": "websocket", "path": "/any", "headers": headers, "server": ("127.0.0.1", 7860)}
        asyncio.run(Guard(page, Names("127.0.0.1"), None)(scope, None, send))
        return told

    assert closed("https://evil.example") == ["websocket.close"]
    assert reached == []
    assert closed("http://127.0.0.1:7860") == []
    assert reached == ["/any"]
