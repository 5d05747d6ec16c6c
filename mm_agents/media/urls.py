"""Fetch what a URL names, without being led into the private network.

The host is looked up once, every address it has must be public, and the connection is made to one of the addresses
that were checked: an answer of the DNS that changes in between cannot win. Proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from mm_agents.errors import FetchError
from mm_agents.media.files import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

Address = IPv4Address | IPv6Address

_REDIRECTS = 5
_REDIRECT_CODES = {301, 302, 303, 307, 308}
_BLOCK = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")

_NAT64 = ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ip_network("::/96")
_GLOBAL_UNICAST = ip_network("2000::/3")
_ALSO_PRIVATE = (
    ip_network("192.0.0.0/24"),  # special purposes, only partly known to older ipaddress modules
    ip_network("168.63.129.16/32"),  # looks public, but is the host's own service on Azure
)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, and so does every address that is wrapped in it.

    Args:
        address: also IPv4 inside IPv6 (mapped, compatible, 6to4, Teredo, NAT64) is looked through.
    """
    if isinstance(address, IPv4Address):
        private = any(address in network for network in _ALSO_PRIVATE)
        return address.is_global and not address.is_multicast and not private
    if address.teredo:
        return False
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in _NAT64 or address in _IPV4_COMPATIBLE):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST and address.is_global


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, by the system's resolver."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def fetch(
    url: str,
    *,
    limits: Limits = DEFAULT_LIMITS,
    resolve: Callable[[str, int], Sequence[str]] = resolve,
    allow: Callable[[Address], bool] = is_public,
) -> bytes:
    """Fetch what an http or https URL names; at most five redirects are followed, each checked like the first.

    Args:
        url: without user name or password.
        limits: ``fetch_bytes`` and ``fetch_seconds`` bound the answer; the time of a look-up is the resolver's own.
        resolve: looks up a host's addresses, for tests and for names that the system does not know.
        allow: says which addresses may be connected to; for tests, and for an intranet whose hosts are trusted.

    Raises:
        FetchError: the URL may not be fetched, or could not be, or its answer is too large or too slow.
    """
    deadline = time.monotonic() + limits.fetch_seconds
    place = url
    for _ in range(_REDIRECTS + 1):
        target = _parse(place)
        addresses = _addresses(target, resolve, allow)
        try:
            answer = _get(target, addresses, deadline, limits)
        except TimeoutError as error:
            raise FetchError(f"{place!r} took longer than {limits.fetch_seconds:g} seconds.") from error
        except (OSError, http.client.HTTPException) as error:
            raise FetchError(f"{place!r} cannot be fetched: {error}.") from error
        if isinstance(answer, bytes):
            return answer
        place = _follow(target, answer)
    raise FetchError(f"{url!r} redirects more than {_REDIRECTS} times.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def _parse(url: str) -> _Target:
    if unsafe := _UNSAFE.search(url):
        raise FetchError(f"{url!r} holds {unsafe[0]!r}, which no URL may; write it as %{ord(unsafe[0]):02X}.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError as error:
        raise FetchError(f"{url!r} is not a URL: {error}.") from error
    if parts.scheme not in _PORTS:
        raise FetchError(f"{url!r} does not begin with http:// or https://.")
    if "@" in parts.netloc:
        raise FetchError(f"{url!r} holds a user name or password; leave it out.")
    if not _HOST.fullmatch(host):
        raise FetchError(f"{url!r} names no host that can be looked up: {host!r}.")
    query = f"?{parts.query}" if parts.query else ""
    return _Target(
        url=url,
        scheme=parts.scheme,
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        path=quote((parts.path or "/") + query, safe="/?%:@!$&'()*+,;=~-._"),
    )


def _follow(target: _Target, location: str) -> str:
    """Where a redirect leads."""
    try:
        following = urljoin(target.url, location)
    except ValueError as error:
        raise FetchError(f"{target.url!r} redirects to {location!r}, which is not a URL: {error}.") from error
    if target.scheme == "https" and following.lower().startswith("http:"):
        raise FetchError(f"{target.url!r} redirects from https to {following!r}, which is not encrypted.")
    return following


def _addresses(
    target: _Target, resolve: Callable[[str, int], Sequence[str]], allow: Callable[[Address], bool]
) -> Sequence[str]:
    """The host's addresses, all of which may be connected to."""
    try:
        addresses = resolve(target.host, target.port)
        refused = [address for address in addresses if not allow(ip_address(address))]
    except (OSError, ValueError) as error:
        raise FetchError(f"{target.url!r}: the host {target.host!r} cannot be looked up: {error}.") from error
    if refused:
        raise FetchError(f"{target.url!r} leads to {refused[0]}, which is not a public address.")
    if not addresses:
        raise FetchError(f"{target.url!r}: the host {target.host!r} has no address.")
    return addresses


def _get(target: _Target, addresses: Sequence[str], deadline: float, limits: Limits) -> bytes | str:
    """The content, or the location that it redirects to."""
    headers = {"Host": target.authority, "User-Agent": "mm-agents", "Accept": "*/*", "Accept-Encoding": "identity"}
    with closing(_connect(target, addresses, deadline)) as sock:
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = _TimedSocket(sock, deadline)
        connection.request("GET", target.path, headers=headers)
        with connection.getresponse() as response:
            location = response.headers.get("Location")
            if response.status in _REDIRECT_CODES and location:
                return location
            if response.status != http.HTTPStatus.OK:
                raise FetchError(f"{target.url!r} answered {response.status} {response.reason}.")
            encoding = response.headers.get("Content-Encoding", "identity")
            if encoding.strip().lower() != "identity":
                raise FetchError(f"{target.url!r} answered in the encoding {encoding!r}, which was not asked for.")
            return _read(response, target, limits)


def _connect(target: _Target, addresses: Sequence[str], deadline: float) -> socket.socket:
    """A connection to the first of the checked addresses that takes one; for https the name's certificate is checked.

    Raises:
        OSError: none of them does.
    """
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            sock = socket.create_connection((address, target.port), timeout=_remaining(deadline))
        except OSError as error:
            failure = error
            continue
        if target.scheme == "http":
            return sock
        try:
            sock.settimeout(_remaining(deadline))
            return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
        except BaseException:
            sock.close()
            raise
    raise failure


def _read(response: http.client.HTTPResponse, target: _Target, limits: Limits) -> bytes:
    too_large = f"{target.url!r} answers more than {limits.fetch_bytes:,} bytes (Limits.fetch_bytes)."
    if (response.length or 0) > limits.fetch_bytes:
        raise FetchError(too_large)
    content = bytearray()
    while block := response.read(_BLOCK):
        content += block
        if len(content) > limits.fetch_bytes:
            raise FetchError(too_large)
    if response.length:
        raise FetchError(f"{target.url!r} was cut off: {response.length:,} bytes are missing.")
    return bytes(content)


def _remaining(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


class _TimedSocket:
    """The part of a socket that http.client uses, with one deadline for everything.

    A socket's own timeout begins anew with each read, so that a server could send a byte now and then for ever.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: ReadableBuffer) -> None:
        self._sock.settimeout(_remaining(self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._deadline))

    def close(self) -> None:
        """Nothing: the function that opened the socket closes it."""


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._sock.settimeout(_remaining(self._deadline))
        return self._sock.recv_into(buffer)
