"""Answers to a logged-in client's info queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from whatsapp_loopback.addresses import lid_jid, number_of, phone_jid
from whatsapp_loopback.binary_xml import JID, SERVER_JID, BinaryXMLError, Node
from whatsapp_loopback.connection import Connection
from whatsapp_loopback.failures import RuleKind, Rules
from whatsapp_loopback.identity import MEDIA_HOST
from whatsapp_loopback.phones import SIGNED_PREKEY_ID, Phones
from whatsapp_loopback.signal_protocol import KEY_TYPE
from whatsapp_loopback.store import Store

_MEDIA_TTL = 3600
_PRIVACY = ("readreceipts", "last", "profile", "status", "online", "groupadd", "calladd")


class Queries:
    """One method for each kind of query; what is not known gets an empty result."""

    def __init__(
        self,
        store: Store,
        phones: Phones,
        rules: Rules,
        unlink: Callable[[str, int], None],
    ) -> None:
        self._store = store
        self._phones = phones
        self._rules = rules
        self._unlink = unlink

    def answer(self, connection: Connection, iq: Node) -> Node:
        """The result (or error) for an iq of type get or set."""
        child = next(iter(iq.children()), None)
        namespace, tag = iq.text("xmlns"), child.tag if child else ""
        if namespace == "usync" and child is not None:
            return self._usync(connection, iq, child)
        if namespace == "encrypt":
            return self._encrypt(connection, iq, tag)
        if namespace == "w:m":
            return result(iq, [_media_conn(connection.account)])
        if namespace == "privacy" and iq.text("type") == "get" and tag == "privacy":
            settings = [Node("category", {"name": n, "value": "all"}) for n in _PRIVACY]
            return result(iq, [Node("privacy", {}, settings)])
        if namespace == "md" and tag == "remove-companion-device":
            self._unlink(connection.account, connection.device)
        return result(iq)

    # usync

    def _usync(self, connection: Connection, iq: Node, usync: Node) -> Node:
        list_node = usync.find("list")
        query = usync.find("query")
        users = list_node.children() if list_node else ()
        asked = {c.tag for c in query.children()} if query else set()
        for number in [_asked_number(user) for user in users] or [None]:
            kinds = (RuleKind.RATE_OVERLIMIT,)
            if self._rules.take(kinds, connection.account, number):
                return error(iq, 429, "rate-overlimit")
        found = [self._user(connection, user, asked) for user in users]
        return result(iq, [Node("usync", usync.attrs, [Node("list", {}, found)])])

    def _user(self, connection: Connection, user: Node, asked: set[str]) -> Node:
        number = _asked_number(user)
        known = number is not None and not self._absent(connection.account, number)
        contact = user.find("contact")
        if contact is not None:
            return _contact(number if known else None, contact)
        jid = user.jid("jid")
        if not known or number is None or jid is None:
            return Node("user", {"jid": jid}, [])
        content: list[Node] = []
        if "lid" in asked:
            content.append(Node("lid", {"val": lid_jid(number)}))
        if "devices" in asked:
            own = number == connection.account
            content.append(_device_list([0, connection.device] if own else [0]))
        return Node("user", {"jid": jid}, content)

    def _absent(self, account: str, number: str) -> bool:
        if number == account:
            return False
        return self._rules.take((RuleKind.NOT_ON_WHATSAPP,), account, number) is not None

    # encrypt

    def _encrypt(self, connection: Connection, iq: Node, tag: str) -> Node:
        if iq.text("type") == "set":
            self._keep_prekeys(connection, iq)
            return result(iq)
        if tag == "count":
            left = self._store.prekey_count(connection.account, connection.device)
            return result(iq, [Node("count", {"value": left})])
        key = iq.find("key")
        users = key.children() if key else ()
        bundles = [self._bundle(connection.account, user.jid("jid")) for user in users]
        return result(iq, [Node("list", {}, bundles)])

    def _keep_prekeys(self, connection: Connection, iq: Node) -> None:
        signed, listed = iq.find("skey"), iq.find("list")
        if signed is None:
            return
        keys = [_key(node) for node in (listed.children() if listed else ())]
        self._store.set_prekeys(connection.account, connection.device, _key(signed), keys)

    def _bundle(self, account: str, jid: JID | None) -> Node:
        number = number_of(jid)
        kinds = (RuleKind.PREKEYS_REFUSED,)
        refused = number is None or (
            number != account and self._rules.take(kinds, account, number) is not None
        )
        if refused or number is None or (jid is not None and jid.device):
            missing = Node("error", {"code": "404", "text": "item-not-found"})
            return Node("user", {"jid": jid}, [missing])
        keys = self._phones.keys(number)
        prekey_id, prekey = self._phones.next_prekey(number)
        signed_id = SIGNED_PREKEY_ID.to_bytes(3, "big")
        content = [
            Node("registration", {}, keys.registration_id.to_bytes(4, "big")),
            Node("type", {}, KEY_TYPE),
            Node("identity", {}, keys.identity.public),
            Node(
                "skey",
                {},
                [
                    Node("id", {}, signed_id),
                    Node("value", {}, keys.signed_prekey.public),
                    Node("signature", {}, keys.signature),
                ],
            ),
            Node(
                "key",
                {},
                [Node("id", {}, prekey_id.to_bytes(3, "big")), Node("value", {}, prekey)],
            ),
        ]
        return Node("user", {"jid": jid}, content)


def result(iq: Node, content: list[Node] | None = None) -> Node:
    """The positive answer to an iq."""
    return Node("iq", {"from": SERVER_JID, "type": "result", "id": iq.text("id")}, content)


def error(iq: Node, code: int, text: str) -> Node:
    """The negative answer to an iq."""
    attrs = {"from": SERVER_JID, "type": "error", "id": iq.text("id")}
    return Node("iq", attrs, [Node("error", {"code": code, "text": text})])


def _asked_number(user: Node) -> str | None:
    contact = user.find("contact")
    if contact is None:
        return number_of(user.jid("jid"))
    digits = contact.data().decode(errors="replace").split("@")[0].lstrip("+")
    return number_of(JID(digits))


def _contact(number: str | None, asked: Node) -> Node:
    kind = "out" if number is None else "in"
    contact = Node("contact", {"type": kind}, asked.data())
    if number is None:
        digits = asked.data().decode(errors="replace").split("@")[0].lstrip("+")
        return Node("user", {"jid": JID(digits)}, [contact])
    return Node("user", {"jid": lid_jid(number), "pn_jid": phone_jid(number)}, [contact])


def _device_list(devices: Iterable[int]) -> Node:
    nodes = [Node("device", {"id": device}) for device in devices]
    return Node("devices", {}, [Node("device-list", {}, nodes)])


def _key(node: Node) -> tuple[int, bytes]:
    key_id, value = node.find("id"), node.find("value")
    if key_id is None or value is None:
        raise BinaryXMLError("a prekey without id or value")
    return int.from_bytes(key_id.data(), "big"), value.data()


def _media_conn(account: str) -> Node:
    attrs = {
        "auth": account,
        "ttl": _MEDIA_TTL,
        "auth_ttl": _MEDIA_TTL,
        "max_buckets": 12,
        "id": int(time.time()),
    }
    return Node("media_conn", attrs, [Node("host", {"hostname": MEDIA_HOST})])
