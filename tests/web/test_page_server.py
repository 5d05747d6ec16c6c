"""Who may open the page, what its server gives out, and what it refuses."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterator
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


def sent(name: str, content: bytes) -> tuple[bytes, str]:
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    return head + content + b"\r\n--edge--\r\n", "multipart/form-data; boundary=edge"


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


def test_only_files_that_were_shown_are_given_out(url: str, place: Place) -> None:
    inside = [place.library / "mm_agents.json", place.folder / "media" / "ferns.txt", place.scan, Path("/etc/passwd")]
    for path in inside:
        for written in (quote(str(path)), quote(str(path), safe=""), f"..{quote(str(path))}", f"//{quote(str(path))}"):
            status, _, content = got(url, f"/gradio_api/file={written}")
            assert status in (403, 404), written
            assert b"Water" not in content
            assert b"root:" not in content


def test_the_server_fetches_nothing_and_the_page_loads_nothing_from_elsewhere(url: str) -> None:
    for path in ("/gradio_api/file=http://127.0.0.1:1/", "/gradio_api/file=https://192.0.2.1/a", "/gradio_api/proxy=x"):
        assert got(url, path)[0] == 403
    status, headers, _ = got(url, "/")
    assert status == 200
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert got(url, "/", Host="elsewhere.example:7860")[0] == 403, "a page that was led here by its name's address"


def test_too_large_a_file_is_refused_by_the_server_too(url: str) -> None:
    body, kind = sent("large.txt", b"x" * 2_000_000)
    status, _, content = got(url, "/gradio_api/upload", body=body, Content_Type=kind)
    assert status == 413
    assert b"maximum allowed size" in content


def test_without_the_password_nothing_is_shown(place: Place) -> None:
    with served(place, "--model", "offline", "--read-only", MM_AGENTS_PASSWORD=PASSWORD) as url:
        body, kind = sent("a.txt", b"text")
        assert got(url, "/config")[0] == 401
        assert got(url, "/gradio_api/upload", body=body, Content_Type=kind)[0] == 401
        for path in ("/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"):
            assert got(url, path, body=b"{}", Content_Type="application/json")[0] == 401, path
        assert got(url, "/openapi.json")[0] == 404
        assert b"Water" not in got(url, "/")[2]

        assert signed_in(url, "wrong")[0] == 400
        status, headers, _ = signed_in(url)
        assert status == 200
        cookies = cookies_of(headers)
        status, _, content = got(url, "/config", Cookie=cookies)
        assert status == 200
        assert b"Add files to the library" not in content
        assert PASSWORD.encode() not in content


# ---------------------------------------------------------------- other websites


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_other_website_is_answered(url: str, origin: str) -> None:
    body, kind = sent("a.txt", b"text")
    file = f"/gradio_api/file={quote('/etc/passwd')}"
    tries = [
        got(url, "/gradio_api/upload", body=body, Content_Type=kind, Origin=origin),
        got(url, "/gradio_api/queue/join", body=b"{}", Content_Type="text/plain", Origin=origin),
        *(got(url, path, Origin=origin) for path in ("/", "/config", "/map/x", file, "/gradio_api/heartbeat/x")),
        got(url, "/gradio_api/queue/data?session_hash=x", Origin=origin),
        got(url, "/config", method="HEAD", Origin=origin),
        got(url, "/config", method="PUT", Origin=origin),
        got(
            url,
            "/gradio_api/queue/join",
            method="OPTIONS",
            Origin=origin,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="content-type",
        ),
    ]
    assert {status for status, _, _ in tries} == {403}
    assert not [headers for _, headers, _ in tries if leave_for_others(headers)]


def test_the_page_itself_is_answered(url: str) -> None:
    body, kind = sent("a.txt", b"text")
    own = url.rstrip("/")
    status, headers, content = got(url, "/gradio_api/upload", body=body, Content_Type=kind, Origin=own)
    assert status == 200
    assert b"a.txt" in content
    assert leave_for_others(headers) == []
    status, headers, _ = got(url, "/config", method="OPTIONS", Origin=own, Access_Control_Request_Method="POST")
    assert leave_for_others(headers) == []
    assert got(url, "/gradio_api/upload", body=body, Content_Type=kind)[0] == 200, "a program sends no Origin"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_says_another_website_asks_is_refused(url: str, site: str) -> None:
    body, kind = sent("a.txt", b"text")
    link = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert got(url, "/gradio_api/upload", body=body, Content_Type=kind, Sec_Fetch_Site=site)[0] == 403
    assert got(url, "/gradio_api/upload", body=body, Content_Type=kind, **link)[0] == 403
    assert got(url, "/config", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="script")[0] == 403
    assert got(url, "/logout", **link)[0] == 403
    assert got(url, "/", **{**link, "Sec_Fetch_Dest": "iframe"})[0] == 403
    assert got(url, "/", **link)[0] == 200, "a link to the page"


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example", "localhost.elsewhere.example:7860", "192.0.2.1", "127.0.0.1@elsewhere.example", "[::1", ""],
)
def test_a_name_that_leads_here_is_not_enough(url: str, host: str) -> None:
    for path in ("/", "/config", "/map/x"):
        assert got(url, path, Host=host)[0] == 403
    assert got(url, "/", Host=host, Origin=f"http://{host}")[0] == 403


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "127.0.0.2:80", "[::1]:7860", "LOCALHOST"])
def test_this_machine_s_own_names_are_known(url: str, host: str) -> None:
    assert got(url, "/config", Host=host)[0] == 200
    assert got(url, "/config", Host=host, Origin=f"http://{host}")[0] == 200


@pytest.mark.allow_hosts(["127.0.0.2", "::1"])
@pytest.mark.parametrize("address", ["127.0.0.2", "::1"])
def test_every_address_of_this_machine_alone_is_guarded(place: Place, address: str) -> None:
    if ":" in address:
        try:
            socket.create_server((address, 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    with served(place, "--model", "offline", "--host", address) as url:
        assert got(url, "/config")[0] == 200
        assert got(url, "/config", Host="elsewhere.example")[0] == 403
        assert got(url, "/config", Origin="https://elsewhere.example")[0] == 403


def test_a_stranger_s_address_is_not_written_into_the_page(url: str, behind_a_proxy: str) -> None:
    for name in ("X_Forwarded_Host", "X_Gradio_Server"):
        status, _, page = got(url, "/", **{name: "evil.example"})
        assert (status, b"evil.example" in page) == (200, False)
        assert b"evil.example" not in got(url, "/config", **{name: "http://evil.example"})[2]
    assert b"media.example" in got(behind_a_proxy, "/", X_Forwarded_Host="media.example, evil.example")[2]
    assert b"evil.example" not in got(behind_a_proxy, "/", X_Forwarded_Host="media.example, evil.example")[2]
    assert b"evil.example" not in got(behind_a_proxy, "/", X_Forwarded_Host="evil.example, media.example")[2]


def test_behind_a_name_the_visitor_s_cookie_serves_the_page_alone(behind_a_proxy: str) -> None:
    url, named = behind_a_proxy, {"Host": "media.example"}
    assert signed_in(url, Origin="https://evil.example", **named)[0] == 403
    status, headers, _ = signed_in(url, Origin="https://media.example", **named)
    assert status == 200
    set_cookies = headers.get_all("set-cookie") or []
    assert len(set_cookies) == 2
    for value in set_cookies:
        parts = [part.strip().casefold() for part in value.split(";")[1:]]
        assert [part for part in parts if part.startswith("samesite")] == ["samesite=lax"]
        assert "httponly" in parts
    cookie = cookies_of(headers)
    asked = {"body": b"{}", "Content_Type": "text/plain", "Cookie": cookie, **named}
    for origin in FOREIGN:
        for path in ("/config", "/gradio_api/queue/data?session_hash=x"):
            status, headers, _ = got(url, path, Cookie=cookie, Origin=origin, **named)
            assert (status, leave_for_others(headers)) == (403, []), (path, origin)
        assert got(url, "/gradio_api/queue/join", Origin=origin, **asked)[0] == 403
    status, headers, _ = got(url, "/config", Cookie=cookie, Origin="https://media.example", **named)
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
        asyncio.run(Guard(page, Names("127.0.0.1"), password=False)(scope, None, send))
        return told

    assert closed("https://evil.example") == ["websocket.close"]
    assert reached == []
    assert closed("http://127.0.0.1:7860") == []
    assert reached == ["/any"]
