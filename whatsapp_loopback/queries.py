"""Answers to the clients' queries (`iq`): keys, look-ups, media servers."""

from typing import TYPE_CHECKING

from whatsapp_loopback.binary_xml import Jid, Node
from whatsapp_loopback.phones import ONE_TIME_ID, REGISTRATION, SIGNED_ID, lid_of, number_of

if TYPE_CHECKING:
    from whatsapp_loopback.connection import Connection
    from whatsapp_loopback.server import Server

MEDIA_HOST = "mmg.whatsapp.net"


class Queries:
    """Answers with child nodes, with None for an empty result, or with an error code."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    async def answer(self, connection: "Connection", node: Node) -> list[Node] | int | None:
        """The answer to one query. What is not known gets an empty result."""
        match node.text("xmlns"), node.text("type"):
            case "encrypt", "get" if node.child("count") is not None and connection.device:
                device = connection.device
                count = self._server.store.prekey_count(device.account, device.device)
                return [Node("count", {"value": str(count)})]
            case "encrypt", "get" if node.child("key") is not None:
                return self._bundles(connection, node.child("key"))
            case "encrypt", "set" if connection.device is not None:
                self._publish(connection, node)
            case "usync", _:
                return self._look_up(connection, node)
            case "w:m", _:
                attrs = {
                    "auth": "loopback",
                    "ttl": "3600",
                    "auth_ttl": "21600",
                    "max_buckets": "12",
                }
                hosts = [Node("host", {"hostname": MEDIA_HOST})]
                return [Node("media_conn", attrs, hosts)]
            case "md", _ if node.child("link_code_companion_reg") is not None:
                return await connection.link_by_code(node)
            case "md", _ if node.child("remove-companion-device") is not None and connection.device:
                device = connection.device
                self._server.store.remove_device(device.account, device.device)
        return None

    def _publish(self, connection: "Connection", node: Node) -> None:
        signed = node.child("skey")
        keys = node.child("list")
        signature = signed.child("signature") if signed else None
        if signed is None or keys is None or connection.device is None:
            return
        registration = node.child("registration")
        self._server.store.publish(
            connection.device,
            int.from_bytes(registration.data, "big") if registration else 0,
            (*_key(signed), signature.data if signature else b""),
            [_key(key) for key in keys.children],
        )
        self._server.refresh(connection)

    def _bundles(self, connection: "Connection", asked: Node | None) -> list[Node]:
        users = []
        for user in asked.children if asked else []:
            jid = user.attrs["jid"]
            if not isinstance(jid, Jid):
                continue
            account = connection.device.account if connection.device else ""
            rule = self._server.rules.take("prekeys_refused", account, number_of(jid))
            if rule is not None:
                error = Node("error", {"code": str(rule.code or 404), "text": "item-not-found"})
                users.append(Node("user", {"jid": jid}, [error]))
            else:
                users.append(Node("user", {"jid": jid}, self._bundle(jid)))
        return [Node("list", {}, users)]

    def _bundle(self, jid: Jid) -> list[Node]:
        number = number_of(jid)
        if jid.device:
            return self._device_bundle(number, jid.device)
        phone = self._server.phones.get(number)
        return _bundle_nodes(
            REGISTRATION,
            phone.identity.public,
            (SIGNED_ID, phone.signed.public, phone.signature),
            (ONE_TIME_ID, phone.one_time.public),
        )

    def _device_bundle(self, account: str, number: int) -> list[Node]:
        """The published keys of a linked device, with one of its one-time keys."""
        device = next((d for d in self._server.store.devices(account) if d.device == number), None)
        one_time = self._server.store.take_prekey(account, number)
        if device is None or one_time is None:
            return [Node("error", {"code": "404", "text": "item-not-found"})]
        signed = (device.signed_id, device.signed, device.signature)
        return _bundle_nodes(device.registration, device.identity, signed, one_time)

    def _look_up(self, connection: "Connection", node: Node) -> list[Node] | int:
        asked, users = node.child("usync", "query"), node.child("usync", "list")
        account = connection.device.account if connection.device else ""
        if self._server.rules.take("rate_overlimit", account) is not None:
            return 429
        wanted = {child.tag for child in asked.children} if asked else set()
        answers = [self._user(account, user, wanted) for user in users.children] if users else []
        return [Node("usync", {}, [Node("result"), Node("list", {}, answers)])]

    def _user(self, account: str, user: Node, wanted: set[str]) -> Node:
        contact = user.child("contact")
        jid = user.attrs.get("jid")
        if contact is not None and not isinstance(jid, Jid):
            number = contact.data.decode().lstrip("+").split("@")[0]
            known = self._known(account, number)
            attrs = (
                {"jid": lid_of(number), "pn_jid": Jid(number)} if known else {"jid": Jid(number)}
            )
            kind = {"type": "in" if known else "out"}
            return Node("user", attrs, [Node("contact", kind, contact.data)])
        assert isinstance(jid, Jid)  # noqa: S101 - a user is named by one or the other
        children = []
        if "lid" in wanted and self._known(account, number_of(jid)):
            children.append(Node("lid", {"val": lid_of(number_of(jid))}))
        if "devices" in wanted:
            numbers = [0, *(d.device for d in self._server.store.devices(number_of(jid)))]
            devices = [Node("device", {"id": str(number)}) for number in numbers]
            children.append(Node("devices", {}, [Node("device-list", {}, devices)]))
        return Node("user", {"jid": jid}, children)

    def _known(self, account: str, number: str) -> bool:
        return self._server.rules.take("not_on_whatsapp", account, number) is None


def _key(node: Node) -> tuple[int, bytes]:
    number, value = node.child("id"), node.child("value")
    assert number is not None and value is not None  # noqa: S101, PT018 - the protocol's shape
    return int.from_bytes(number.data, "big"), value.data


def _bundle_nodes(
    registration: int,
    identity: bytes,
    signed: tuple[int, bytes, bytes],
    one_time: tuple[int, bytes],
) -> list[Node]:
    signed_id, signed_key, signature = signed
    return [
        Node("registration", {}, registration.to_bytes(4, "big")),
        Node("type", {}, b"\x05"),
        Node("identity", {}, identity),
        Node(
            "skey",
            {},
            [
                Node("id", {}, signed_id.to_bytes(3, "big")),
                Node("value", {}, signed_key),
                Node("signature", {}, signature),
            ],
        ),
        Node(
            "key",
            {},
            [Node("id", {}, one_time[0].to_bytes(3, "big")), Node("value", {}, one_time[1])],
        ),
    ]
