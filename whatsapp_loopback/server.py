"""The WhatsApp server: who is connected, what is delivered to whom, and what waits."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from aiohttp import web

from whatsapp_loopback import noise
from whatsapp_loopback.binary_xml import Jid, Node, decode, encode
from whatsapp_loopback.connection import Closed, Connection
from whatsapp_loopback.curve import KeyPair
from whatsapp_loopback.failures import Rules
from whatsapp_loopback.pairing import ScannedQr
from whatsapp_loopback.phones import Message, Phones, describe, lid_of, number_of, open_media
from whatsapp_loopback.queries import Queries
from whatsapp_loopback.store import Device, Store
from whatsapp_loopback.store import Message as Kept


@dataclass(slots=True)
class ReceiptPolicy:
    """When a phone confirms, in milliseconds after it got a message; None means never."""

    delivered_ms: int | None = 0
    read_ms: int | None = None


class Server:
    """Everything that the connections share."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.phones = Phones(store)
        self.rules = Rules()
        self.queries = Queries(self)
        self.root = KeyPair.from_private(store.secret("root"))
        self.static = KeyPair.from_private(store.secret("static"))
        self.certificate = noise.certificate(self.root, self.static)
        self.pairing: list[Connection] = []
        self.online: dict[tuple[str, int], Connection] = {}
        self.every: set[Connection] = set()
        self.refusing = False
        self.policies: dict[str, ReceiptPolicy] = {"*": ReceiptPolicy()}
        self.uploads: dict[str, bytes] = {}
        self.on_change: list[Callable[[dict[str, object]], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        (store.folder / "media").mkdir(exist_ok=True)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """The websocket at /ws/chat."""
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        connection = Connection(self, socket)
        self.every.add(connection)
        await connection.run()
        return socket

    async def upload(self, request: web.Request) -> web.Response:
        """POST /mms/<type>/<token>: keeps the encrypted attachment."""
        body = await request.read()
        rule = self.rules.take("upload_failed", "*")
        if rule is not None:
            return web.Response(status=rule.code or 500)
        path = f"/v/{request.match_info['token']}"
        self.uploads[path] = body
        return web.json_response(
            {"url": f"https://mmg.whatsapp.net{path}", "direct_path": path, "handle": ""}
        )

    async def arrived(self, connection: Connection) -> None:
        """A device logged in; an older connection of the same device is replaced."""
        device = connection.device
        assert device is not None  # noqa: S101 - set before this is called
        older = self.online.get((device.account, device.device))
        self.online[device.account, device.device] = connection
        if older is not None:
            await older.end_stream("", "replaced")
            await older.close()
        self.changed({"kind": "account", "account": device.account})

    def gone(self, connection: Connection) -> None:
        """A connection ended."""
        self.every.discard(connection)
        if connection in self.pairing:
            self.pairing.remove(connection)
        device = connection.device
        if device is not None and self.online.get((device.account, device.device)) is connection:
            del self.online[device.account, device.device]
            self.changed({"kind": "account", "account": device.account})

    def refresh(self, connection: Connection) -> None:
        """Read the device's published keys again."""
        device = connection.device
        assert device is not None  # noqa: S101 - only devices publish
        connection.device = next(
            d for d in self.store.devices(device.account) if d.device == device.device
        )

    def changed(self, what: dict[str, object]) -> None:
        """Tell the page."""
        for listener in self.on_change:
            listener(what)

    def later(self, work: "asyncio.Future[None] | object") -> None:
        """Run a coroutine beside the rest."""
        task = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What clients send.

    async def deliver(self, connection: Connection, node: Node) -> None:
        """A client's message: to the phone it is for, with the answer that the rules allow."""
        device = connection.device
        to = node.attrs.get("to")
        if device is None or not isinstance(to, Jid):
            return
        recipient = number_of(to)
        account = device.account
        if rule := self.rules.take("ack_error", account, recipient):
            await connection.send(_ack(node, error=rule.code))
            return
        if self.rules.take("drop_before_delivery", account, recipient):
            await connection.close()
            raise Closed
        self._to_phone(device, recipient, node)
        if self.rules.take("drop_after_delivery", account, recipient):
            await connection.close()
            raise Closed
        if self.rules.take("ack_withheld", account, recipient):
            return
        if rule := self.rules.take("ack_delayed", account, recipient):
            self.later(self._ack_later(connection, node, rule.delay_ms))
            return
        await connection.send(_ack(node))

    async def _ack_later(self, connection: Connection, node: Node, delay_ms: int) -> None:
        await asyncio.sleep(delay_ms / 1000)
        await connection.send(_ack(node))

    def _to_phone(self, device: Device, recipient: str, node: Node) -> None:
        participants = node.child("participants")
        parts = participants.children if participants else []
        for part in parts:
            jid = part.attrs["jid"]
            enc = part.child("enc")
            if not isinstance(jid, Jid) or jid.device or enc is None:
                continue
            number = number_of(jid)
            try:
                message = self.phones.decrypt(number, device, enc.text("type"), enc.data)
            except ValueError as error:
                if str(error) == "seen already":  # the same frame once more
                    self.store.add_message(_repeat(node.text("id"), device.account, recipient))
                    continue
                raise
            own_copy = message.HasField("deviceSentMessage")
            if own_copy and recipient == device.account:  # a note to oneself
                message, own_copy = message.deviceSentMessage.message, False
            if number == recipient and not own_copy:
                self._keep(device.account, recipient, node.text("id"), message)

    def _keep(self, account: str, phone: str, message_id: str, message: Message) -> None:
        kind, text, filename, mimetype = describe(message)
        media = open_media(message, self.uploads)
        name = f"{message_id}" if media else ""
        if media:
            (self.store.folder / "media" / name).write_bytes(media)
        kept = self.store.add_message(
            Kept(
                0,
                message_id,
                account,
                phone,
                False,
                kind,
                text,
                filename,
                mimetype,
                name,
                message.messageContextInfo.messageSecret,
                time.time(),
                1,
            )
        )
        if kept is not None:
            self.changed({**plain(kept), "kind": "message"})
            self._schedule_receipts(account, phone, message_id)

    def _schedule_receipts(self, account: str, phone: str, message_id: str) -> None:
        policy = self.policies.get(phone) or self.policies["*"]
        for kind, delay in (("delivered", policy.delivered_ms), ("read", policy.read_ms)):
            if delay is not None:
                self.later(self._receipt_after(delay, account, phone, message_id, kind))

    async def _receipt_after(
        self, delay_ms: int, account: str, phone: str, message_id: str, kind: str
    ) -> None:
        await asyncio.sleep(delay_ms / 1000)
        await self.receipt(account, phone, message_id, kind)

    async def heard(self, connection: Connection, node: Node) -> None:
        """A client's receipt: it has a message, or could not read it and asks for it again."""
        device = connection.device
        assert device is not None  # noqa: S101 - the connection looked
        await connection.send(
            Node(
                "ack",
                {
                    "class": "receipt",
                    "id": node.text("id"),
                    "from": node.attrs["to"],
                    **({"type": node.text("type")} if node.text("type") else {}),
                },
            )
        )
        key = f"message:{node.text('id')}:"
        if node.text("type") != "retry":
            self.store.acknowledged(device.account, device.device, key)
            return
        sender = node.attrs["to"]
        if isinstance(sender, Jid):
            number = number_of(sender)
            self.phones.forget(number, device)
            again = [
                m for m in self.store.messages(device.account, number) if m.id == node.text("id")
            ]
            if again:
                await self._to_device(device, again[-1], None)

    # What phones and tests do.

    async def scan(self, number: str, text: str) -> Device:
        """A phone scans a QR. Raises ValueError when no client shows it now."""
        qr = ScannedQr.parse(text)
        for connection in self.pairing:
            if qr.ref in connection.refs:
                return await connection.scan(number, qr)
        raise ValueError("that QR is no longer shown")

    async def enter_code(self, number: str, code: str) -> None:
        """A phone's owner types a pairing code. Raises ValueError when nobody asked for one."""
        for connection in self.pairing:
            if connection.code is not None and connection.code.number == number:
                phone = self.phones.get(number)
                hello = await asyncio.to_thread(connection.code.primary_hello, phone, code)
                await connection.send(hello)
                return
        raise ValueError(f"no code was asked for {number}")

    async def receipt(self, account: str, phone: str, message_id: str, kind: str) -> None:
        """A phone confirms a message; `kind` is delivered, read, or a raw receipt type."""
        attrs: dict[str, str | Jid | int] = {
            "from": lid_of(phone),
            "id": message_id,
            "t": str(int(time.time())),
        }
        if kind != "delivered":
            attrs["type"] = kind
        key = f"receipt:{message_id}:{attrs.get('type', '')}"
        await self._give(account, key, Node("receipt", attrs))

    async def reply(self, account: str, phone: str, text: str, quoted: str | None = None) -> Kept:
        """A phone writes to the account."""
        message_id = f"3B{os.urandom(9).hex().upper()}"
        kept = self.store.add_message(
            Kept(
                0,
                message_id,
                account,
                phone,
                True,
                "text",
                text,
                quoted or "",
                "",
                "",
                b"",
                time.time(),
                1,
            )
        )
        assert kept is not None  # noqa: S101 - the id is new
        for device in self.store.devices(account):
            await self._to_device(device, kept, quoted)
        self.changed({**plain(kept), "kind": "message"})
        return kept

    async def _to_device(self, device: Device, kept: Kept, quoted: str | None) -> None:
        message = Message(conversation=kept.text)
        if quoted:
            message = Message()
            message.extendedTextMessage.text = kept.text
            message.extendedTextMessage.contextInfo.stanzaID = quoted
            message.extendedTextMessage.contextInfo.participant = f"{device.account}@s.whatsapp.net"
        kind, sealed = self.phones.encrypt(kept.phone, device, message)
        node = Node(
            "message",
            {
                "from": lid_of(kept.phone),
                "id": kept.id,
                "t": str(int(kept.at)),
                "type": "text",
                "notify": f"+{kept.phone}",
                "sender_pn": Jid(kept.phone),
                "addressing_mode": "lid",
            },
            [Node("enc", {"v": "2", "type": kind}, sealed)],
        )
        await self._give(device.account, f"message:{kept.id}:", node, device.device)

    async def _give(self, account: str, key: str, node: Node, only: int | None = None) -> None:
        """Give a stanza to the account's devices; it waits until each has acknowledged it."""
        for device in self.store.devices(account):
            if only not in (None, device.device):
                continue
            self.store.wait(account, device.device, key, encode(node))
            connection = self.online.get((account, device.device))
            if connection is not None and connection.synced:
                await connection.send(node)

    async def hand_over(self, connection: Connection) -> None:
        """What waited while the device was away, framed as WhatsApp does it."""
        device = connection.device
        if device is None:
            return
        waiting = self.store.waiting(device.account, device.device)
        connection.synced = True
        if waiting:
            messages = sum(key.startswith("message:") for key, _ in waiting)
            counts = {
                "count": len(waiting),
                "message": messages,
                "receipt": len(waiting) - messages,
            }
            preview = {name: str(count) for name, count in counts.items()}
            preview |= {"appdata": "0", "notification": "0"}
            await connection.send(Node("ib", {}, [Node("offline_preview", preview)]))
        for _key, stanza in waiting:
            node = decode(stanza)
            node.attrs["offline"] = "0"
            await connection.send(node)
        await connection.send(Node("ib", {}, [Node("offline", {"count": str(len(waiting))})]))

    async def unlink(self, account: str) -> None:
        """The phone's owner removes its linked devices, whether they are connected or not."""
        for device in self.store.devices(account):
            connection = self.online.get((account, device.device))
            self.store.remove_device(account, device.device)
            if connection is not None:
                await connection.end_stream("401", "device_removed")
                await connection.close()
        self.changed({"kind": "account", "account": account})


def _ack(node: Node, error: int = 0) -> Node:
    attrs = {"class": "message", "id": node.text("id"), "from": node.attrs["to"]}
    attrs["t"] = str(int(time.time()))
    if error:
        attrs["error"] = str(error)
    return Node("ack", attrs)


def _repeat(message_id: str, account: str, phone: str) -> Kept:
    return Kept(0, message_id, account, phone, False, "other", "", "", "", "", b"", time.time(), 1)


def plain(kept: Kept) -> dict[str, object]:
    """A message as JSON."""
    return {**asdict(kept), "secret": kept.secret.hex()}
