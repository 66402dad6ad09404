"""A client's message: from the stanza to the recipient's phone, and the answer to it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from whatsapp_loopback.addresses import lid_jid, number_of
from whatsapp_loopback.binary_xml import JID, Node
from whatsapp_loopback.connection import Connection
from whatsapp_loopback.content import read_content
from whatsapp_loopback.events import EventBus
from whatsapp_loopback.failures import ANY, MESSAGE_RULES, Rule, RuleKind, Rules
from whatsapp_loopback.mailbox import Mailbox
from whatsapp_loopback.media import MediaFiles
from whatsapp_loopback.message_store import MessageStore, ReceiptPolicy
from whatsapp_loopback.phones import DeviceAddress, Phones
from whatsapp_loopback.protobufs import Message
from whatsapp_loopback.signal_protocol import SignalError

log = logging.getLogger(__name__)


class Delivery:
    """Takes message stanzas; the failure rules decide how each ends."""

    def __init__(
        self,
        messages: MessageStore,
        phones: Phones,
        media: MediaFiles,
        mailbox: Mailbox,
        rules: Rules,
        events: EventBus,
    ) -> None:
        self._messages = messages
        self._phones = phones
        self._media = media
        self._mailbox = mailbox
        self._rules = rules
        self._events = events
        self._policies = messages.policies()

    def set_policy(self, recipient: str, policy: ReceiptPolicy) -> None:
        """Set when a phone (or with ``*`` every other) sends receipts."""
        self._policies[recipient] = policy
        self._messages.set_policy(recipient, policy)

    def policies(self) -> dict[str, ReceiptPolicy]:
        """The policies in force."""
        return {ANY: ReceiptPolicy(), **self._policies}

    def take(self, connection: Connection, stanza: Node) -> None:
        """Deliver a message stanza and acknowledge it, as far as no rule says otherwise."""
        to = stanza.jid("to")
        recipient = number_of(to)
        if recipient is None or stanza.text("category") == "peer":
            connection.send(_ack(stanza))
            return
        account = connection.account
        has_written = partial(self._messages.has_written, recipient, account)
        rule = self._rules.take(MESSAGE_RULES, account, recipient, has_written)
        kind = rule.kind if rule else None
        if kind is RuleKind.DROP_BEFORE_DELIVERY:
            self._later(rule, connection.abort)
            return
        if kind is RuleKind.ACK_ERROR and rule is not None:
            refusal = _ack(stanza, rule.code)
            self._later(rule, lambda: connection.send(refusal))
            return
        if kind is RuleKind.ACK_DELAYED:
            self._later(rule, lambda: connection.send(_ack(stanza)))
        elif kind is RuleKind.DROP_AFTER_DELIVERY:
            self._later(rule, connection.abort)
        elif kind is None:
            connection.send(_ack(stanza))
        self._deliver(connection, stanza, recipient)

    @staticmethod
    def _later(rule: Rule | None, action: Callable[[], None]) -> None:
        delay_ms = rule.delay_ms if rule else 0
        if delay_ms:
            asyncio.get_running_loop().call_later(delay_ms / 1000, action)
        else:
            action()

    def _deliver(self, connection: Connection, stanza: Node, recipient: str) -> None:
        account, message_id = connection.account, stanza.text("id")
        if self._messages.repeat(account, recipient, message_id):
            return
        sender = DeviceAddress(account, connection.device)
        participants = stanza.find("participants")
        for to in participants.children() if participants else ():
            number, enc = number_of(to.jid("jid")), to.find("enc")
            if number not in (recipient, account) or enc is None or number is None:
                continue
            try:
                plaintext = self._phones.decrypt(number, sender, enc.text("type"), enc.data())
            except SignalError as error:
                log.error("phone %s cannot decrypt %s: %s", number, message_id, error)
                continue
            if number == recipient:
                self._receive(sender, recipient, message_id, plaintext)

    def _receive(
        self, sender: DeviceAddress, recipient: str, message_id: str, plaintext: bytes
    ) -> None:
        message = Message.FromString(plaintext)
        if message.HasField("deviceSentMessage"):  # a note to the account's own number
            message = message.deviceSentMessage.message
        content = read_content(message, self._media)
        seq = self._messages.add(sender.account, recipient, message_id, content, sender.device)
        self._events.publish("message", account=sender.account, recipient=recipient, seq=seq)
        policy = self._policies.get(recipient) or self._policies.get(ANY) or ReceiptPolicy()
        if policy.delivered_ms is not None:
            self.receipt(sender, recipient, message_id, "delivered", policy.delivered_ms)
        if policy.read_ms is not None:
            self.receipt(sender, recipient, message_id, "read", policy.read_ms)

    def receipt(
        self, address: DeviceAddress, recipient: str, message_id: str, kind: str, delay_ms: int = 0
    ) -> None:
        """Have a phone send a receipt (``delivered``, ``read`` or a raw type)."""
        if kind in ("delivered", "read"):
            self._messages.mark(address.account, recipient, message_id, kind)
        stanza_type = "" if kind == "delivered" else kind
        self._mailbox.post_receipt(address, recipient, message_id, stanza_type, delay_ms)


def _ack(stanza: Node, error: int | None = None) -> Node:
    to = stanza.jid("to") or JID("")
    number = number_of(to)
    attrs = {
        "class": "message",
        "id": stanza.text("id"),
        "from": lid_jid(number) if number else to,
        "t": int(time.time()),
        "error": error,
    }
    return Node("ack", attrs)
