"""One client's connection: frames in and out, and the answers to its stanzas."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from whatsapp_loopback.binary_xml import SERVER, Jid, Node, decode, encode
from whatsapp_loopback.noise import PROLOGUE, ClientPayload, Handshake, Transport
from whatsapp_loopback.pairing import CodePairing, ScannedQr, pair_success, refs
from whatsapp_loopback.phones import lid_of
from whatsapp_loopback.store import Device

if TYPE_CHECKING:
    from whatsapp_loopback.server import Server


class Closed(Exception):
    """The line is cut, on purpose or by the client."""


class Connection:
    """Handshake, then either pairing or a logged-in device."""

    def __init__(self, server: "Server", socket: web.WebSocketResponse) -> None:
        self.server = server
        self._socket = socket
        self._incoming = self._frames()
        self._transport: Transport | None = None
        self.device: Device | None = None
        self.refs: list[str] = []
        self.code: CodePairing | None = None
        self._noise = self._identity = b""
        self.muted = False
        self.synced = False

    async def run(self) -> None:
        """Serve the client until the line ends."""
        try:
            payload = await self._handshake()
            if payload.HasField("devicePairingData"):
                self._identity = payload.devicePairingData.eIdent
                await self._offer_pairing()
            else:
                await self._log_in(payload)
            async for frame in self._incoming:
                if self._transport is not None and not self.muted:
                    await self._handle(decode(self._transport.open(frame)))
        except (Closed, ConnectionError):
            pass
        finally:
            self.server.gone(self)
            await self.close()

    async def send(self, node: Node) -> None:
        """Send a node; a line that is down is not an error here."""
        if self._transport is None or self.muted or self._socket.closed:
            return
        sealed = self._transport.seal(encode(node))
        try:
            await self._socket.send_bytes(len(sealed).to_bytes(3, "big") + sealed)
        except (ConnectionError, RuntimeError):
            return

    async def close(self) -> None:
        """Cut the line."""
        if not self._socket.closed:
            transport = self._socket.get_extra_info("transport")
            if transport is not None:
                transport.abort() if self.muted else transport.close()
            await asyncio.shield(self._socket.close())

    async def fail(self, code: int, **attrs: str) -> None:
        """Refuse the login for a reason, and cut the line."""
        await self.send(Node("failure", {"reason": str(code), **attrs}))
        await self.close()
        raise Closed

    async def end_stream(self, code: str, conflict: str = "") -> None:
        """A stream error: conflict `replaced` or `device_removed`, or a bare code."""
        children = [Node("conflict", {"type": conflict})] if conflict else []
        await self.send(Node("stream:error", {"code": code} if code else {}, children or None))

    async def _handshake(self) -> ClientPayload:
        handshake = Handshake(self.server.static, self.server.certificate)
        hello = handshake.answer(await anext(self._incoming))
        await self._socket.send_bytes(len(hello).to_bytes(3, "big") + hello)
        self._noise, payload, self._transport = handshake.finish(await anext(self._incoming))
        return payload

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        """Frames of the websocket; several may come in one message, or one in several."""
        buffer = b""
        started = False
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY:
                continue
            buffer += message.data
            if not started:
                buffer = buffer.removeprefix(PROLOGUE)
                started = True
            while len(buffer) >= 3 and len(buffer) >= 3 + (
                size := int.from_bytes(buffer[:3], "big")
            ):
                frame, buffer = buffer[3 : 3 + size], buffer[3 + size :]
                yield frame
        raise Closed

    async def _offer_pairing(self) -> None:
        self.refs = refs()
        self.server.pairing.append(self)
        children = [Node("ref", {}, ref.encode()) for ref in self.refs]
        attrs = {"from": SERVER, "type": "set", "xmlns": "md", "id": os.urandom(6).hex()}
        await self.send(Node("iq", attrs, [Node("pair-device", {}, children)]))

    async def scan(self, number: str, qr: ScannedQr) -> Device:
        """The phone `number` scanned this connection's QR."""
        return await self._link(number, qr.adv_secret)

    async def _link(self, number: str, adv_secret: bytes) -> Device:
        phone = self.server.phones.get(number)
        device = self.server.store.add_device(number, self._noise, self._identity)
        if self in self.server.pairing:
            self.server.pairing.remove(self)
        request = os.urandom(6).hex()
        await self.send(
            pair_success(
                phone, device.device, self._identity, adv_secret, request, int(time.time())
            )
        )
        return device

    async def _log_in(self, payload: ClientPayload) -> None:
        account, number = str(payload.username), payload.device
        rule = self.server.rules.take("login_failure", account)
        if rule is not None:
            extra = {"expire": str(rule.expire)} if rule.expire else {}
            if rule.code == 402 and rule.ban_code is not None:
                extra["code"] = str(rule.ban_code)
            await self.fail(rule.code, **extra)
        known = next((d for d in self.server.store.devices(account) if d.device == number), None)
        if known is None or known.noise != self._noise:
            await self.fail(401)
        self.device = known
        await self.server.arrived(self)
        lid = Jid(lid_of(account).user, "lid", number)
        await self.send(Node("success", {"t": str(int(time.time())), "lid": lid, "props": "1"}))

    async def _handle(self, node: Node) -> None:
        match node.tag:
            case "iq":
                await self._iq(node)
            case "message" if self.device is not None:
                await self.server.deliver(self, node)
            case "receipt" if self.device is not None:
                await self.server.heard(self, node)
            case "ack" if self.device is not None:
                key = f"{node.text('class')}:{node.text('id')}:{node.text('type')}"
                self.server.store.acknowledged(self.device.account, self.device.device, key)
            case _:
                pass  # presence and the like need no answer

    async def _iq(self, node: Node) -> None:
        if node.text("type") == "result":
            if node.child("pair-device-sign") is not None:
                await self.end_stream("515")
            return
        children = await self.server.queries.answer(self, node)
        attrs = {"from": node.attrs.get("to", SERVER), "id": node.text("id")}
        if isinstance(children, int):
            error = Node("error", {"code": str(children), "text": "rate-overlimit"})
            await self.send(Node("iq", {**attrs, "type": "error"}, [error]))
            return
        await self.send(Node("iq", {**attrs, "type": "result"}, children))
        if node.text("xmlns") == "passive" and node.child("active") is not None:
            await self.server.hand_over(self)

    async def link_by_code(self, node: Node) -> list[Node] | None:
        """The companion's side of linking by code."""
        part = node.child("link_code_companion_reg")
        assert part is not None  # noqa: S101 - the caller looked
        children = {child.tag: child.data for child in part.children}
        if part.text("stage") == "companion_hello":
            jid = part.attrs["jid"]
            number = jid.user if isinstance(jid, Jid) else str(jid)
            wrapped = children["link_code_pairing_wrapped_companion_ephemeral_pub"]
            self.code = CodePairing(number, wrapped)
            answer = Node("link_code_pairing_ref", {}, self.code.ref)
            return [Node("link_code_companion_reg", {}, [answer])]
        if self.code is not None:
            phone = self.server.phones.get(self.code.number)
            bundle = children["link_code_pairing_wrapped_key_bundle"]
            self._identity = children["companion_identity_public"]
            secret = self.code.finish(phone, bundle, self._identity)
            asyncio.get_running_loop().create_task(self._link(self.code.number, secret))
        return None
