from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest

from mm_agents import media
from mm_agents.errors import FetchError
from mm_agents.media import Limits


class Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    seen: list[tuple[str, str]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.seen.append((self.headers["Host"], self.path))
        kind, _, rest = self.path.lstrip("/").partition("/")
        try:
            getattr(self, f"answer_{kind}")(rest)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_ok(self, rest: str) -> None:
        self.send(200, b"hello " + rest.encode())

    def answer_to(self, rest: str) -> None:
        self.send(302, Location=rest)

    def answer_count(self, rest: str) -> None:
        left = int(rest)
        self.send(302, Location=f"/count/{left - 1}") if left else self.send(200, b"there")

    def answer_nowhere(self, _: str) -> None:
        self.send(302)

    def answer_astray(self, _: str) -> None:
        self.send(302, Location="//[::1/")

    def answer_missing(self, _: str) -> None:
        self.send(404, b"no")

    def answer_gzip(self, _: str) -> None:
        self.send(200, gzip.compress(b"\0" * 1_000_000), Content_Encoding="gzip")

    def answer_chunks(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(int(rest)):
            self.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def answer_short(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def answer_headers(self, _: str) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)

    def answer_body(self, _: str) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1000)

    def answer_rubbish(self, _: str) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        self.close_connection = True

    def drip(self, content: bytes) -> None:
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    handler = type("OwnHandler", (Handler,), {"seen": []})
    with Server(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving()


class Names:
    """A name service: answers in turn, the last answer again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers) or [["127.0.0.1"]]
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def is_loopback(address: object) -> bool:
    return str(address) == "127.0.0.1"


def get(url: str, names: Names | None = None, **limits: float) -> bytes:
    return media.fetch(url, resolve=names or Names(), allow=is_loopback, limits=Limits(**limits))  # type: ignore[arg-type]


def seen(server: Server) -> list[tuple[str, str]]:
    return server.RequestHandlerClass.seen  # type: ignore[attr-defined]


def test_fetch_keeps_the_host_name_and_the_path(server: Server) -> None:
    names = Names()
    port = server.server_port
    assert get(f"http://photos.example:{port}/ok/a%20b?q=ü&x=1#part", names) == b"hello a%20b?q=%C3%BC&x=1"
    assert seen(server) == [(f"photos.example:{port}", "/ok/a%20b?q=%C3%BC&x=1")]
    assert names.asked == ["photos.example"]
    assert get(f"http://bücher.example:{port}/ok/", names) == b"hello "
    assert names.asked[-1] == "xn--bcher-kva.example"
    assert get(f"http://x.example:{port}/chunks/100") == b"x" * 102_400


def test_the_checked_address_is_the_one_that_is_connected_to(server: Server) -> None:
    """A second look-up would lead elsewhere: there is none."""
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    assert get(f"http://rebind.example:{server.server_port}/ok/1", names) == b"hello 1"
    assert names.asked == ["rebind.example"]


def test_every_address_of_a_host_has_to_be_allowed(server: Server) -> None:
    with pytest.raises(FetchError, match=r"leads to 10.0.0.1, which is not a public address"):
        get(f"http://mixed.example:{server.server_port}/ok/", Names(["127.0.0.1", "10.0.0.1"]))
    assert seen(server) == []


def test_redirects_are_checked_each(server: Server) -> None:
    here = f"http://a.example:{server.server_port}"
    assert get(f"{here}/to/http://b.example:{server.server_port}/ok/x") == b"hello x"
    with pytest.raises(FetchError, match=r"c.example.* leads to 192.168.0.1, which is not a public address"):
        get(f"{here}/to/http://c.example/", Names(["127.0.0.1"], ["192.168.0.1"]))
    for place, reason in {
        "file:///etc/passwd": "does not begin with http",
        "http://user:pass@b.example/": "user name or password",
    }.items():
        with pytest.raises(FetchError, match=reason):
            get(f"{here}/to/{place}")
    with pytest.raises(FetchError, match=r"redirects to '//\[::1/', which is not a URL"):
        get(f"{here}/astray/")
    with pytest.raises(FetchError, match="answered 302"):
        get(f"{here}/nowhere/")
    assert get(f"{here}/count/5") == b"there"
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        get(f"{here}/count/6")


def test_size_is_bounded(server: Server) -> None:
    here = f"http://a.example:{server.server_port}"
    for path in ("ok/" + "x" * 600, "chunks/1"):
        with pytest.raises(FetchError, match=r"more than 500 bytes \(Limits.fetch_bytes\)"):
            get(f"{here}/{path}", fetch_bytes=500)
    with pytest.raises(FetchError, match="encoding 'gzip', which was not asked for"):
        get(f"{here}/gzip/")


@pytest.mark.parametrize("path", ["headers", "body"])
def test_time_is_bounded_also_against_a_server_that_drips(server: Server, path: str) -> None:
    begin = time.monotonic()
    with pytest.raises(FetchError, match=r"took longer than 0.3 seconds"):
        get(f"http://a.example:{server.server_port}/{path}/", fetch_seconds=0.3)
    assert time.monotonic() - begin < 2


def test_failures_are_told(server: Server) -> None:
    here = f"http://a.example:{server.server_port}"
    with pytest.raises(FetchError, match="answered 404 Not Found"):
        get(f"{here}/missing/")
    with pytest.raises(FetchError, match=r"was cut off: 91 bytes are missing"):
        get(f"{here}/short/")
    with pytest.raises(FetchError, match=r"cannot be fetched: SSH-2.0"):
        get(f"{here}/rubbish/")
    with pytest.raises(FetchError, match="has no address"):
        get(f"{here}/ok/", Names([]))
    with pytest.raises(FetchError, match="cannot be looked up"):
        get(f"{here}/ok/", Names(["not an address"]))
    server.shutdown()
    server.server_close()
    with pytest.raises(FetchError, match=r"cannot be fetched: .*refused"):
        get(f"{here}/ok/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3:8443/",
        "http://localhost/",
        "HTTP://LOCALHOST./",
    ],
)
def test_the_private_network_is_out_of_reach_however_it_is_spelled(url: str) -> None:
    with pytest.raises(FetchError, match=r"which is not a public address|cannot be looked up"):
        media.fetch(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a.example/", "does not begin with http"),
        ("file:///etc/passwd", "does not begin with http"),
        ("data:text/plain,hello", "does not begin with http"),
        ("a.example/x.png", "does not begin with http"),
        ("http://a@b.example/", "user name or password"),
        ("http://a:b@b.example/", "user name or password"),
        ("http://@b.example/", "user name or password"),
        ("http:///x.png", "names no host"),
        ("http://[fe80::1%25eth0]/", "names no host|not a URL"),
        ("http://[fe80::1%eth0]/", "names no host|not a URL"),
        ("http://a.example:99999/", "not a URL"),
        ("http://a.example:x/", "not a URL"),
        ("http://a.example\\@b.example/", "holds"),
        ("http://a.example/\r\nX-Evil: 1", "holds"),
        ("http://a.example /", "holds ' ', which no URL may; write it as %20"),
        ("http://[::1/", "not a URL"),
        ("http://a_b$c/", "names no host"),
        ("http://" + "a" * 70 + ".example/", "not a URL"),
        ("", "does not begin with http"),
    ],
)
def test_odd_urls_are_refused_before_anything_is_looked_up(url: str, reason: str) -> None:
    names = Names()
    with pytest.raises(FetchError, match=reason):
        get(url, names)
    assert names.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("2002:808:808::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("168.63.129.16", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.0.0.8", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("239.255.255.250", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::1", False),
        ("2002:a00:1::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert media.is_public(ip_address(address)) is public


# ---------------------------------------------------------------- https


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for secure.example, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is needed to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:secure.example"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=secure.example"]
    files = ["-addext", names, "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    yield from serving(context)


def test_https_checks_the_certificate_of_the_name(
    secure: Server, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        get(f"https://secure.example:{secure.server_port}/ok/")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert get(f"https://secure.example:{secure.server_port}/ok/tls") == b"hello tls"
    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        get(f"https://other.example:{secure.server_port}/ok/")
    with pytest.raises(FetchError, match=r"redirects from https to 'http://a.example/', which is not encrypted"):
        get(f"https://secure.example:{secure.server_port}/to/http://a.example/")


def test_https_to_a_plain_server_fails_in_words(server: Server) -> None:
    with pytest.raises(FetchError, match="cannot be fetched"):
        get(f"https://a.example:{server.server_port}/ok/", fetch_seconds=2)


def test_a_resolver_of_ones_own_sees_host_and_port() -> None:
    asked: list[tuple[str, int]] = []

    def refuse(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        raise OSError("unknown host")

    resolver: Callable[[str, int], Sequence[str]] = refuse
    for url in ("http://a.example/", "https://a.example/", "http://a.example:8080/"):
        with pytest.raises(FetchError, match=r"'a.example' cannot be looked up: unknown host"):
            media.fetch(url, resolve=resolver)
    assert asked == [("a.example", 80), ("a.example", 443), ("a.example", 8080)]
