"""A proxy on this machine that lets nothing out before what led to it is kept.

Only the library knows its address and password. It connects to WhatsApp through here, and from
here the way is the one that the environment names (HTTPS_PROXY, NO_PROXY), or the direct one.
"""

import base64
import hmac
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import structlog

_CHUNK = 65536
_CONNECT = 20.0  # seconds
_HEADER = 16384  # bytes of a request or an answer before its blank line
_log = structlog.get_logger()


class Gate:
    """Listens on a port of 127.0.0.1."""

    def __init__(self, keep: Callable[[], None]) -> None:
        """`keep` is called before each piece that goes out; where it raises, nothing does."""
        self._keep = keep
        self._password = secrets.token_urlsafe(24)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://sender:{self._password}@127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, name="gate", daemon=True).start()

    def close(self) -> None:
        """Let nobody through any more; who is goes on."""
        with suppress(OSError):
            self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                inner, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(inner,), name="gate-out", daemon=True
            ).start()

    def _serve(self, inner: socket.socket) -> None:
        with inner:
            try:
                outer = self._admit(inner)
            except (OSError, ValueError) as error:
                _log.warning("no way to WhatsApp", error=str(error))
                with suppress(OSError):
                    inner.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            with outer:
                inner.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(
                    target=_pump, args=(outer, inner), name="gate-in", daemon=True
                )
                back.start()
                _pump(inner, outer, self._keep)
                back.join()

    def _admit(self, inner: socket.socket) -> socket.socket:
        """The line to the place that a CONNECT asks for."""
        inner.settimeout(_CONNECT)
        first, headers = _head(inner)
        method, _, place = first.partition(" ")
        host, _, port = place.split(" ")[0].rpartition(":")
        expected = _basic("sender", self._password)
        if method != "CONNECT" or not port.isdigit():
            raise ValueError("not a CONNECT")
        if not hmac.compare_digest(headers.get("proxy-authorization", ""), expected):
            raise ValueError("not the library")
        inner.settimeout(None)
        return _connected(host.strip("[]"), int(port))


def _connected(host: str, port: int) -> socket.socket:
    """A line to a host, through the environment's proxy if it names one for it."""
    proxy = "" if proxy_bypass(host) else getproxies().get("https", "")
    if not proxy:
        return _dialled(host, port)
    parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("HTTPS_PROXY must be an http:// address")
    line = _dialled(parts.hostname, parts.port or 80)
    try:
        line.settimeout(_CONNECT)
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        line.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{_login(parts)}\r\n".encode())
        status, _ = _head(line)
        if status.split(" ")[1:2] != ["200"]:
            raise ValueError(f"HTTPS_PROXY: {status}")
        line.settimeout(None)
    except BaseException:
        line.close()
        raise
    return line


def _dialled(host: str, port: int) -> socket.socket:
    line = socket.create_connection((host, port), timeout=_CONNECT)
    line.settimeout(None)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return line


def _login(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    basic = _basic(unquote(parts.username), unquote(parts.password or ""))
    return f"Proxy-Authorization: {basic}\r\n"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _head(line: socket.socket) -> tuple[str, dict[str, str]]:
    """The first line and the headers; byte by byte, since what follows belongs to others."""
    raw = bytearray()
    while not raw.endswith(b"\r\n\r\n"):
        one = line.recv(1)
        if not one or len(raw) > _HEADER:
            raise ValueError("no HTTP")
        raw += one
    first, *rest = raw.decode("latin-1").split("\r\n")
    pairs = (header.partition(":") for header in rest if header)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _pump(
    source: socket.socket, target: socket.socket, before: Callable[[], None] = lambda: None
) -> None:
    """Pass on what comes until either side ends, then end both."""
    try:
        while piece := source.recv(_CHUNK):
            before()
            target.sendall(piece)
    except OSError:
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, what came must not go out
        _log.warning("nothing is let out", error=str(error))
    for line in (source, target):
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
