"""One client's websocket: frames, Noise, and nodes in both directions."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable

from aiohttp import WSMsgType, web

from whatsapp_loopback.binary_xml import Codec, Node
from whatsapp_loopback.identity import ServerIdentity
from whatsapp_loopback.noise import (
    Frames,
    NoiseError,
    ServerHandshake,
    Transport,
    certificate_chain,
    frame,
)
from whatsapp_loopback.protobufs import ClientPayload

log = logging.getLogger(__name__)
_LARGEST_WRITE = 256 * 1024
# whatsmeow may lose the last node when the line ends right behind it.
_FAREWELL_SECONDS = 0.2


class Connection:
    """A connection after the handshake; sending never blocks, a task writes in the background.

    ``account`` and ``device`` are set once the client has logged in, ``ready`` once it has
    asked for its messages.
    """

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, codec: Codec) -> None:
        self.account = ""
        self.device = 0
        self.ready = False
        self.closing = False
        self.on_node: Callable[[Node], None] = lambda node: None
        self._http_transport = request.transport
        self._socket = socket
        self._codec = codec
        self._noise: Transport | None = None
        self._outgoing: list[bytes] = []
        self._wake = asyncio.Event()
        self._ids = itertools.count(1)
        self._requests: dict[str, asyncio.Future[Node]] = {}

    async def handshake(self, identity: ServerIdentity) -> tuple[bytes, ClientPayload, Frames]:
        """Run the Noise handshake; returns the client's noise key, payload and framing."""
        frames = Frames()
        chain = certificate_chain(identity.noise_root, identity.noise_static)
        handshake = ServerHandshake(identity.noise_static, chain)
        hello = await self._next_frame(frames)
        await self._socket.send_bytes(frame(handshake.hello(hello)))
        finish = await self._next_frame(frames)
        noise_key, payload, self._noise = handshake.finish(finish)
        return noise_key, ClientPayload.FromString(payload), frames

    async def _next_frame(self, frames: Frames) -> bytes:
        while True:
            data = await self._socket.receive_bytes()
            for received in frames.feed(data):
                return received

    async def run(self, frames: Frames) -> None:
        """Hand each node to ``on_node`` until either side closes."""
        if self._noise is None:
            raise NoiseError("there was no handshake")
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.BINARY:
                    break
                for received in frames.feed(message.data):
                    self._receive(self._codec.decode(self._noise.decrypt(received)))
        finally:
            writer.cancel()
            self._fail_requests()

    def _receive(self, node: Node) -> None:
        waiting = self._requests.pop(node.text("id"), None) if node.tag == "iq" else None
        if waiting is not None and node.attrs.get("type") in ("result", "error"):
            if not waiting.done():
                waiting.set_result(node)
        elif not self.closing:
            self.on_node(node)

    def send(self, node: Node) -> None:
        """Queue a node; quietly dropped when the connection is closing."""
        if self.closing or self._noise is None:
            return
        self._outgoing.append(frame(self._noise.encrypt(self._codec.encode(node))))
        self._wake.set()

    def request(self, tag_id: str, node: Node) -> asyncio.Future[Node]:
        """Send an iq and return the future of its answer; ConnectionError if it is lost."""
        future: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
        self._requests[tag_id] = future
        self.send(node)
        return future

    def next_id(self) -> str:
        """An id for a stanza of the server's own."""
        return f"loopback-{next(self._ids)}"

    def close(self) -> None:
        """Take nothing more, and close soon after what was queued is written."""
        self.closing = True
        self._wake.set()

    def abort(self) -> None:
        """Cut the line at once, without a farewell."""
        self.closing = True
        if self._http_transport is not None:
            self._http_transport.abort()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._flush()
            except (ConnectionError, RuntimeError) as error:
                log.debug("write failed: %s", error)
                return
            if self.closing:
                await asyncio.sleep(_FAREWELL_SECONDS)
                if self._http_transport is not None:
                    self._http_transport.close()
                return

    async def _flush(self) -> None:
        while self._outgoing:
            size, taken = 0, 0
            while taken < len(self._outgoing) and size < _LARGEST_WRITE:
                size += len(self._outgoing[taken])
                taken += 1
            batch = b"".join(self._outgoing[:taken])
            del self._outgoing[:taken]
            await self._socket.send_bytes(batch)

    def _fail_requests(self) -> None:
        for future in self._requests.values():
            if not future.done():
                future.set_exception(ConnectionError("the client went away"))
        self._requests.clear()
