"""Requests to endpoints that strangers chose: to public addresses, bounded in time and size."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from sender_app.domain.webhook import Result
from sender_app.ports.webhooks import AddressRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes
_SPECIAL = tuple(  # what Python counts as global, wholly or in part, and nobody's server has
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # RFC 6890: protocols' own
        "192.88.99.0/24",  # RFC 7526: relays of 6to4, of old
        "3fff::/20",  # RFC 9637: for documentation
    )
)
_EXCERPT = 500  # letters of an answer that are kept
_MOST_READ = 4096  # bytes of an answer that are read


class GuardedClient:
    """See ports.webhooks.WebhookClient.

    The name is resolved once, by us; the connection goes to the address that was checked, so a
    name that answers differently the second time gains nothing. Proxies are not used. Only
    `networks` may be reached though they are private, and only they without TLS.
    """

    def __init__(
        self,
        networks: Sequence[Network] = (),
        *,
        seconds: float = 10.0,
        tls: ssl.SSLContext | None = None,
        agent: str = "Sender",
    ) -> None:
        """`seconds` bounds a whole request, once the name is resolved."""
        self._networks = tuple(networks)
        self._seconds = seconds
        self._given_tls = tls
        self._agent = agent

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or httpcore.default_ssl_context()

    def check(self, url: str) -> None:
        parts = urlsplit(url)
        self._addresses(parts.hostname or "", _port(parts), secure=parts.scheme == "https")

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Result:
        parts = urlsplit(url)
        began = time.monotonic()
        status, error, excerpt = None, None, ""
        try:
            status, excerpt = self._exchange(parts, headers, body)
            if 300 <= status < 400:
                error = "redirect"
        except AddressRefused as refusal:
            error = refusal.code
        except httpcore.TimeoutException:
            error = "timeout"
        except (httpcore.NetworkError, httpcore.ProtocolError) as failure:
            error = _code(failure)
        return Result(status, error, excerpt, timedelta(seconds=time.monotonic() - began))

    def _exchange(
        self, parts: SplitResult, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        host, port, secure = parts.hostname or "", _port(parts), parts.scheme == "https"
        addresses = self._addresses(host, port, secure=secure)
        backend = _Backend(addresses, time.monotonic() + self._seconds)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        url = httpcore.URL(scheme=parts.scheme, host=host, port=port, target=target)
        sent = {"Host": parts.netloc, "User-Agent": self._agent, **headers}
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
            pool.stream("POST", url, headers=list(sent.items()), content=body) as response,
        ):
            return response.status, _beginning(response.iter_stream())

    def _addresses(self, host: str, port: int, *, secure: bool) -> list[Address]:
        """The host's addresses that may be reached. Raises AddressRefused when there is none."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise AddressRefused("unknown_host", f"{host}: {error}") from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        known = [one for one in addresses if any(one in network for network in self._networks)]
        public = [one for one in addresses if is_public(one)]
        if not known and not public:
            raise AddressRefused("private_address", f"{host} is not on the internet")
        if not secure and not known:
            raise AddressRefused("plain_http", f"{host} is to be reached without TLS")
        return known or public


def is_public(address: Address) -> bool:
    """Whether anybody on the internet reaches `address`, or the IPv4 address that it stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _beginning(chunks: Iterable[bytes]) -> str:
    """The first letters of an answer, without the marks that no database keeps."""
    read = b""
    for chunk in chunks:
        read += chunk
        if len(read) >= _MOST_READ:
            break
    text = read[:_MOST_READ].decode("utf-8", "replace").replace("\0", "")
    return text[:_EXCERPT]


def _code(failure: Exception) -> str:
    if isinstance(failure, httpcore.ConnectError):
        return "tls" if isinstance(failure.__context__, ssl.SSLError) else "unreachable"
    return "broken"


class _Backend(httpcore.NetworkBackend):
    """Connects to the addresses it was given, whatever the name says by now."""

    def __init__(self, addresses: Sequence[Address], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses:
            try:
                left = _left(self._deadline, httpcore.ConnectTimeout)
                stream = self._sockets.connect_tcp(str(address), port, left)
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection that ends at a deadline, however slowly the other side goes on."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        secure = self._stream.start_tls(ssl_context, server_hostname, left)
        return _Stream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, late: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the request took too long")
    return left
