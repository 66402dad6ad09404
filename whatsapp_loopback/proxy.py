"""The CONNECT proxy: the only way in, and it leads nowhere but to this server.

After ``200`` the same connection is upgraded to TLS in place, and aiohttp serves the
chat websocket and the media host on it.
"""

from __future__ import annotations

import asyncio
import logging
import weakref

from aiohttp import web

from whatsapp_loopback.failures import RuleKind
from whatsapp_loopback.identity import SERVED_HOSTS
from whatsapp_loopback.server import Server

log = logging.getLogger(__name__)
_LARGEST_UPLOAD = 512 * 1024 * 1024
_LARGEST_REQUEST = 16 * 1024


class _ProxyConnection(asyncio.Protocol):
    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            self._proxy.answer(self._transport, self._received)
        elif len(self._received) > _LARGEST_REQUEST and self._transport:
            self._transport.abort()


class Proxy:
    """Listens for CONNECT and serves the allowed hosts itself."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        self._listener: asyncio.Server | None = None
        self._upgrades: set[asyncio.Task[None]] = set()
        self._transports: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_UPLOAD)
        application.router.add_get("/ws/chat", self._server.accept)
        application.router.add_post("/mms/{kind}/{token}", self._upload)
        application.router.add_get("/v/{name}", self._download)
        return application

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _ProxyConnection(self), host, port)
        return self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._listener is not None:
            self._listener.close()
        for transport in list(self._transports):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        await self._runner.cleanup()

    def answer(self, transport: asyncio.Transport | None, request: bytes) -> None:
        """Answer a whole request head: upgrade, or refuse."""
        if transport is None:
            return
        if self._server.switches.refuse_connections:
            transport.abort()
            return
        method, _, rest = request.partition(b" ")
        target = rest.split(b" ", 1)[0].decode(errors="replace")
        if method != b"CONNECT" or target not in [f"{host}:443" for host in SERVED_HOSTS]:
            log.warning("refused %s %s", method.decode(errors="replace"), target)
            transport.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            transport.close()
            return
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        task = asyncio.get_running_loop().create_task(self._upgrade(transport))
        self._upgrades.add(task)
        task.add_done_callback(self._upgrades.discard)

    async def _upgrade(self, transport: asyncio.Transport) -> None:
        factory = self._runner.server
        if factory is None:  # the proxy is being stopped
            transport.abort()
            return
        protocol = factory()
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(
                transport, protocol, self._server.identity.tls, server_side=True
            )
        except (OSError, ConnectionError) as error:
            log.warning("TLS handshake failed: %s", error)
            return
        if secure is None:
            return
        self._transports.add(transport)
        protocol.connection_made(secure)

    async def _upload(self, request: web.Request) -> web.Response:
        account = request.query.get("auth", "")
        rule = self._server.rules.take((RuleKind.UPLOAD_FAILED,), account, None)
        data = await request.read()
        slow = self._server.rules.take((RuleKind.UPLOAD_SLOW,), account, None)
        if slow is not None:
            await asyncio.sleep(slow.delay_ms / 1000)
        if rule is not None:
            return web.Response(status=rule.code)
        path = self._server.media.receive(data)
        return web.json_response({"url": f"https://{request.host}{path}", "direct_path": path})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = self._server.media.find_encrypted(request.match_info["name"])
        return web.FileResponse(path) if path else web.Response(status=404)
