"""Who may open the page, what its server gives out, and what it refuses."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
from command_line import run
from visitors import PASSWORD, Place, served

from mm_agents._hosts import is_loopback
from mm_agents.errors import ConfigError
from mm_agents.web import Settings


def got(
    url: str, path: str, *, body: bytes | None = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    connection.request(
        "GET" if body is None else "POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()}
    )
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def sent(name: str, content: bytes) -> tuple[bytes, str]:
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
    return head + content + b"\r\n--edge--\r\n", "multipart/form-data; boundary=edge"


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
        assert got(url, "/gradio_api/queue/join", body=b"{}", Content_Type="application/json")[0] == 401
        assert b"Water" not in got(url, "/")[2]

        def sign_in(password: str) -> tuple[int, http.client.HTTPMessage, bytes]:
            form = urlencode({"username": "mm-agents", "password": password}).encode()
            return got(url, "/login", body=form, Content_Type="application/x-www-form-urlencoded")

        assert sign_in("wrong")[0] == 400
        status, headers, _ = sign_in(PASSWORD)
        assert status == 200
        cookies = "; ".join(value.split(";")[0] for value in headers.get_all("set-cookie") or [])
        status, _, content = got(url, "/config", Cookie=cookies)
        assert status == 200
        assert b"Add files to the library" not in content
        assert PASSWORD.encode() not in content
