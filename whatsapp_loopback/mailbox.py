"""What the server has for a linked device: kept until acknowledged, also while it is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from whatsapp_loopback.addresses import lid_jid, phone_jid
from whatsapp_loopback.binary_xml import SERVER_JID, Node
from whatsapp_loopback.connection import Connection
from whatsapp_loopback.failures import Switches
from whatsapp_loopback.message_store import MessageStore
from whatsapp_loopback.phones import DeviceAddress, Phones
from whatsapp_loopback.signal_protocol import SignalError
from whatsapp_loopback.store import MailItem

log = logging.getLogger(__name__)
MESSAGE, RECEIPT = "message", "receipt"


class Mailbox:
    """Posts messages and receipts to devices; each item is sent once on a connection."""

    def __init__(
        self,
        messages: MessageStore,
        phones: Phones,
        connections: Mapping[DeviceAddress, Connection],
        switches: Switches,
    ) -> None:
        self._messages = messages
        self._phones = phones
        self._connections = connections
        self._switches = switches
        self._withheld: list[int] = []

    def post_receipt(
        self, address: DeviceAddress, phone: str, message_id: str, kind: str, delay_ms: int = 0
    ) -> None:
        """Send a receipt of ``phone`` for a message; kind "" is delivered, else the type."""
        self._post(address, RECEIPT, message_id, kind, phone, None, delay_ms)

    def post_message(
        self, address: DeviceAddress, phone: str, message_id: str, kind: str, plaintext: bytes
    ) -> None:
        """Send a message of ``phone``; it is encrypted when it first goes out."""
        self._post(address, MESSAGE, message_id, kind, phone, plaintext, 0)

    def _post(
        self,
        address: DeviceAddress,
        stanza_class: str,
        stanza_id: str,
        kind: str,
        phone: str,
        plaintext: bytes | None,
        delay_ms: int,
    ) -> None:
        due_at = time.time() + delay_ms / 1000
        draft = MailItem(
            seq=0,
            account=address.account,
            device=address.device,
            stanza_class=stanza_class,
            id=stanza_id,
            type=kind,
            phone=phone,
            plaintext=plaintext,
            enc_type=None,
            ciphertext=None,
            due_at=due_at,
        )
        item = self._messages.post(draft)
        if delay_ms > 0:
            self._schedule(item)
        else:
            self._send_if_ready(item)

    def _schedule(self, item: MailItem) -> None:
        delay = max(item.due_at - time.time(), 0)
        asyncio.get_running_loop().call_later(delay, self._release, item.seq)

    def _release(self, seq: int) -> None:
        item = self._messages.find_mail(seq)
        if item is not None:
            self._send_if_ready(item)

    def _send_if_ready(self, item: MailItem) -> None:
        connection = self._connections.get(DeviceAddress(item.account, item.device))
        if connection is not None and connection.ready:
            self._send(connection, item, offline=False)

    def release_withheld(self) -> None:
        """An account is no longer muted: send what it was not sent."""
        withheld, self._withheld = self._withheld, []
        for seq in withheld:
            self._release(seq)

    def deliver_waiting(self, connection: Connection) -> None:
        """After a login: announce and send what waited, then say that this was all."""
        connection.ready = True
        now = time.time()
        mail = self._messages.mail(connection.account, connection.device)
        waiting = [item for item in mail if item.due_at <= now]
        for item in mail:
            if item.due_at > now:
                self._schedule(item)
        if waiting:
            connection.send(_offline_preview(waiting))
            for item in waiting:
                self._send(connection, item, offline=True)
        connection.send(_notice(Node("offline", {"count": len(waiting)})))

    def _send(self, connection: Connection, item: MailItem, offline: bool) -> None:
        if item.account in self._switches.muted:
            self._withheld.append(item.seq)
            return
        attrs = {
            "from": lid_jid(item.phone),
            "id": item.id,
            "type": item.type,
            "t": int(item.due_at),
            "offline": "1" if offline else None,
        }
        if item.stanza_class == RECEIPT:
            connection.send(Node("receipt", attrs))
            return
        try:
            enc_type, ciphertext = self._sealed(item)
        except SignalError as error:
            log.warning("message %s cannot be encrypted yet: %s", item.id, error)
            return
        attrs |= {"sender_pn": phone_jid(item.phone), "notify": f"+{item.phone}"}
        enc = Node("enc", {"v": "2", "type": enc_type}, ciphertext)
        connection.send(Node("message", attrs, [enc]))

    def _sealed(self, item: MailItem) -> tuple[str, bytes]:
        if item.enc_type and item.ciphertext:
            return item.enc_type, item.ciphertext
        address = DeviceAddress(item.account, item.device)
        sealed = self._phones.encrypt(item.phone, address, item.plaintext or b"")
        self._messages.seal(item.seq, *sealed)
        return sealed

    def retry(self, connection: Connection, phone: str, message_id: str) -> None:
        """The client could not decrypt a message: begin a new session and send it again."""
        address = DeviceAddress(connection.account, connection.device)
        self._phones.forget(phone, address)
        for item in self._messages.mail(address.account, address.device):
            if item.stanza_class == MESSAGE and item.id == message_id:
                fresh = MailItem(**{**item.__dict__, "enc_type": None, "ciphertext": None})
                self._send(connection, fresh, offline=False)


def _notice(child: Node) -> Node:
    return Node("ib", {"from": SERVER_JID}, [child])


def _offline_preview(items: list[MailItem]) -> Node:
    messages = sum(item.stanza_class == MESSAGE for item in items)
    counts = {
        "count": len(items),
        "message": messages,
        "receipt": len(items) - messages,
        "notification": 0,
        "appdata": 0,
    }
    return _notice(Node("offline_preview", counts))
