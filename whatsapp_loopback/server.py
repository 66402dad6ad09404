"""The chat server: accepts websockets, logs clients in, and dispatches their stanzas."""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from pathlib import Path

from aiohttp import web
from google.protobuf.message import DecodeError

from whatsapp_loopback.addresses import lid_jid, number_of
from whatsapp_loopback.binary_xml import BinaryXMLError, Codec, Node
from whatsapp_loopback.connection import Connection
from whatsapp_loopback.content import phone_message
from whatsapp_loopback.delivery import Delivery
from whatsapp_loopback.events import EventBus
from whatsapp_loopback.failures import Rule, RuleKind, Rules, Switches
from whatsapp_loopback.identity import load_identity
from whatsapp_loopback.mailbox import MESSAGE, RECEIPT, Mailbox
from whatsapp_loopback.media import MediaFiles
from whatsapp_loopback.message_store import Content, MessageStore
from whatsapp_loopback.noise import NoiseError
from whatsapp_loopback.pairing import Candidate, Pairing
from whatsapp_loopback.phones import DeviceAddress, Phones
from whatsapp_loopback.protobufs import ClientPayload
from whatsapp_loopback.queries import Queries, result
from whatsapp_loopback.store import Store
from whatsapp_loopback.tokens import load_tokens

log = logging.getLogger(__name__)
_LOGGED_OUT = 401


class Server:
    """The whole loopback WhatsApp except its HTTP API; wires the parts together."""

    def __init__(self, folder: Path) -> None:
        self.identity = load_identity(folder)
        self.store = Store(folder / "loopback.sqlite3")
        self.messages = MessageStore(self.store)
        self.media = MediaFiles(folder / "media")
        self.phones = Phones(self.identity.seed, self.store)
        self.rules, self.switches, self.events = Rules(), Switches(), EventBus()
        self.connections: dict[DeviceAddress, Connection] = {}
        self.logins = Counter[str]()
        """How often an account's devices logged in since the server began, by its number."""
        self.mailbox = Mailbox(self.messages, self.phones, self.connections, self.switches)
        self.delivery = Delivery(
            self.messages, self.phones, self.media, self.mailbox, self.rules, self.events
        )
        self.pairing = Pairing(self.store, self.phones)
        self.queries = Queries(self.store, self.phones, self.rules, self.store.remove_device)
        self._codec = Codec(load_tokens())

    def close(self) -> None:
        """Cut every connection and close the store."""
        for connection in list(self.connections.values()):
            connection.abort()
        self.store.close()

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket from its handshake to its end."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(request, socket, self._codec)
        try:
            noise_key, payload, frames = await connection.handshake(self.identity)
            if payload.HasField("devicePairingData"):
                candidate = self.pairing.begin(connection, noise_key, payload)
                connection.on_node = lambda node: self._on_candidate_node(candidate, node)
                try:
                    await connection.run(frames)
                finally:
                    self.pairing.end(candidate)
            else:
                self._log_in(connection, noise_key, payload)
                await connection.run(frames)
        except (NoiseError, BinaryXMLError, DecodeError, TypeError) as error:
            log.warning("connection of %s ended: %s", connection.account or "?", error)
        finally:
            self._forget(connection)
        return socket

    def _on_candidate_node(self, candidate: Candidate, node: Node) -> None:
        if node.tag != "iq" or node.text("type") not in ("get", "set"):
            return
        reg = node.find("link_code_companion_reg")
        answer = self.pairing.companion_reg(candidate, node, reg) if reg else result(node)
        candidate.connection.send(answer)

    # Logging in and out

    def _log_in(self, connection: Connection, noise_key: bytes, payload: ClientPayload) -> None:
        account, device_id = str(payload.username), payload.device
        connection.account, connection.device = account, device_id
        failure = self.rules.take((RuleKind.LOGIN_FAILURE,), account, None)
        device = self.store.find_device(account, device_id)
        if failure is None and (device is None or device.noise_key != noise_key):
            failure = Rule(RuleKind.LOGIN_FAILURE, code=_LOGGED_OUT)
        if failure is not None:
            connection.send(_failure(failure))
            connection.close()
            return
        address = DeviceAddress(account, device_id)
        previous = self.connections.get(address)
        if previous is not None:
            self._end(previous, Node("stream:error", {}, [Node("conflict", {"type": "replaced"})]))
        self.connections[address] = connection
        connection.on_node = lambda node: self._on_node(connection, node)
        now = int(time.time())
        attrs = {"t": now, "lid": lid_jid(account, device_id), "creation": now, "abprops": "27"}
        connection.send(Node("success", attrs))
        self.logins[account] += 1
        self.events.publish("account", account=account)

    @staticmethod
    def _end(connection: Connection, farewell: Node) -> None:
        connection.send(farewell)
        connection.close()

    def _forget(self, connection: Connection) -> None:
        address = DeviceAddress(connection.account, connection.device)
        if self.connections.get(address) is connection:
            del self.connections[address]
            self.events.publish("account", account=connection.account)

    def connections_of(self, account: str) -> list[Connection]:
        """The connections of an account's devices."""
        open_ones = [c for c in self.connections.values() if not c.closing]
        return [c for c in open_ones if c.account == account]

    def unlink(self, account: str) -> None:
        """The phone's owner removes every linked device, whether connected or not."""
        conflict = Node("conflict", {"type": "device_removed"})
        for connection in self.connections_of(account):
            self._end(connection, Node("stream:error", {"code": "401"}, [conflict]))
        for device in self.store.devices(account):
            self.store.remove_device(account, device.device)
        self.events.publish("account", account=account)

    def replace(self, account: str) -> None:
        """Another client has opened the same session."""
        conflict = Node("conflict", {"type": "replaced"})
        for connection in self.connections_of(account):
            self._end(connection, Node("stream:error", {}, [conflict]))

    def stream_error(self, account: str, code: int) -> None:
        """End an account's streams with an error code."""
        for connection in self.connections_of(account):
            self._end(connection, Node("stream:error", {"code": code}))

    def disconnect(self, account: str) -> None:
        """Cut an account's lines."""
        for connection in self.connections_of(account):
            connection.abort()

    # Stanzas

    def _on_node(self, connection: Connection, node: Node) -> None:
        if connection.account in self.switches.muted:
            self.switches.unheard[connection.account] += node.tag == "message"
            return
        with self.store.transaction():
            if node.tag == "message":
                self.delivery.take(connection, node)
            elif node.tag == "iq":
                self._on_iq(connection, node)
            elif node.tag == "receipt":
                self._on_receipt(connection, node)
            elif node.tag == "ack":
                self._acknowledge(connection, node.text("class"), node)

    def _on_iq(self, connection: Connection, iq: Node) -> None:
        if iq.text("type") not in ("get", "set"):
            return
        connection.send(self.queries.answer(connection, iq))
        if iq.text("xmlns") == "passive" and iq.find("active") and not connection.ready:
            self.mailbox.deliver_waiting(connection)

    def _on_receipt(self, connection: Connection, receipt: Node) -> None:
        """The client has got (or read) messages of a phone."""
        phone, kind = number_of(receipt.jid("to")), receipt.text("type")
        attrs = {"class": "receipt", "id": receipt.text("id"), "from": receipt.jid("to")}
        connection.send(Node("ack", {**attrs, "type": kind}))
        if phone is None:
            return
        if kind == "retry":
            self.mailbox.retry(connection, phone, receipt.text("id"))
            return
        self._acknowledge(connection, MESSAGE, receipt)
        items = receipt.find("list")
        ids = [receipt.text("id"), *(i.text("id") for i in (items.children() if items else ()))]
        for message_id in ids:
            seen = "read" if kind in ("read", "read-self") else "delivered"
            self.messages.mark(connection.account, phone, message_id, seen)
        self.events.publish("receipt", account=connection.account, recipient=phone)

    def _acknowledge(self, connection: Connection, stanza_class: str, node: Node) -> None:
        kind = node.text("type") if stanza_class == RECEIPT else ""
        self.messages.acknowledge(
            connection.account, connection.device, stanza_class, node.text("id"), kind
        )

    # What phones do

    def send_inbound(
        self, account: str, phone: str, text: str, quoted_id: str | None, kind: str = "text"
    ) -> str:
        """A phone writes to an account, of media only the caption; returns the message id."""
        message_id = f"3EB0{secrets.token_hex(9).upper()}"
        quoted = self.messages.find(account, phone, quoted_id) if quoted_id else None
        sender = str(lid_jid(account)) if quoted is None or not quoted["inbound"] else ""
        quoted_text = quoted["text"] if quoted else ""
        quoted_sender = sender or str(lid_jid(phone))
        plaintext = phone_message(kind, text, quoted_id, quoted_sender, quoted_text)
        content = Content(kind=kind, text=text, quoted_id=quoted_id or "")
        with self.store.transaction():
            seq = self.messages.add(account, phone, message_id, content)
            for device in self.store.devices(account):
                address = DeviceAddress(account, device.device)
                stanza = "text" if kind == "text" else "media"
                self.mailbox.post_message(address, phone, message_id, stanza, plaintext)
        self.events.publish("message", account=account, recipient=phone, seq=seq)
        return message_id

    def send_receipt(self, account: str, phone: str, message_id: str, kind: str) -> None:
        """A phone sends a receipt to the device that sent the message, or else to all."""
        sender = self.messages.sender_device(account, phone, message_id)
        devices = [d.device for d in self.store.devices(account)]
        with self.store.transaction():
            for device in [sender] if sender in devices else devices:
                address = DeviceAddress(account, device or 0)
                self.delivery.receipt(address, phone, message_id, kind)
        self.events.publish("receipt", account=account, recipient=phone)


def _failure(rule: Rule) -> Node:
    attrs = {
        "reason": rule.code,
        "location": "loopback",
        "code": rule.ban_code,
        "expire": rule.expire,
        "message": rule.message,
    }
    return Node("failure", attrs)
