"""WhatsApp's binary XML: nodes to bytes and back."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Union

from whatsapp_loopback.library import tokens

_EMPTY, _LIST8, _LIST16 = 0, 248, 249
_AD_JID, _JID_PAIR, _HEX, _NIBBLE = 247, 250, 251, 255
_BINARY8, _BINARY20, _BINARY32 = 252, 253, 254
_SERVERS = {0: "s.whatsapp.net", 1: "lid", 128: "hosted", 129: "hosted.lid"}
_DOMAINS = {server: domain for domain, server in _SERVERS.items()}


@dataclass(frozen=True, slots=True)
class Jid:
    """A WhatsApp address."""

    user: str
    server: str = "s.whatsapp.net"
    device: int = 0

    @property
    def bare(self) -> "Jid":
        """Without the device."""
        return Jid(self.user, self.server)

    def __str__(self) -> str:
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server}" if self.user else self.server


SERVER = Jid("", "s.whatsapp.net")
Value = str | Jid | int
Content = Union[bytes, list["Node"], None]  # noqa: UP007 - Node comes later


@dataclass(slots=True)
class Node:
    """An element. Attribute values are strings or JIDs; content is bytes, nodes or nothing."""

    tag: str
    attrs: dict[str, Value] = field(default_factory=dict)
    content: Content = None

    def child(self, *path: str) -> "Node | None":
        """The first descendant along `path`."""
        node: Node | None = self
        for tag in path:
            node = (
                next((child for child in node.children if child.tag == tag), None) if node else None
            )
        return node

    @property
    def children(self) -> list["Node"]:
        """Child nodes; none when the content is bytes."""
        return self.content if isinstance(self.content, list) else []

    @property
    def data(self) -> bytes:
        """The content as bytes; empty when it is nodes."""
        return self.content if isinstance(self.content, bytes) else b""

    def text(self, name: str) -> str:
        """An attribute as a string; empty when absent."""
        return str(self.attrs.get(name, ""))


def encode(node: Node) -> bytes:
    """The node as bytes, with the leading flags byte. Strings are sent raw, which is allowed."""
    out = bytearray(b"\x00")
    _write_node(out, node)
    return bytes(out)


def _write_node(out: bytearray, node: Node) -> None:
    _write_list(out, 1 + 2 * len(node.attrs) + (node.content is not None))
    _write_bytes(out, node.tag.encode())
    for name, value in node.attrs.items():
        _write_bytes(out, name.encode())
        _write_value(out, value)
    if isinstance(node.content, list):
        _write_list(out, len(node.content))
        for child in node.content:
            _write_node(out, child)
    elif node.content is not None:
        _write_bytes(out, node.content)


def _write_value(out: bytearray, value: Value) -> None:
    if not isinstance(value, Jid):
        _write_bytes(out, str(value).encode())
    elif value.user and (value.device or value.server in ("lid", "hosted", "hosted.lid")):
        out += bytes((_AD_JID, _DOMAINS[value.server], value.device))
        _write_bytes(out, value.user.encode())
    else:
        out.append(_JID_PAIR)
        if value.user:
            _write_bytes(out, value.user.encode())
        else:
            out.append(_EMPTY)
        _write_bytes(out, value.server.encode())


def _write_list(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(_EMPTY)
    elif size < 256:
        out += bytes((_LIST8, size))
    else:
        out += bytes((_LIST16,)) + size.to_bytes(2, "big")


def _write_bytes(out: bytearray, raw: bytes) -> None:
    if len(raw) < 256:
        out += bytes((_BINARY8, len(raw)))
    elif len(raw) < 1 << 20:
        out += bytes((_BINARY20,)) + len(raw).to_bytes(3, "big")
    else:
        out += bytes((_BINARY32,)) + len(raw).to_bytes(4, "big")
    out += raw


def decode(raw: bytes) -> Node:
    """The node in a frame. Raises ValueError for what is not binary XML."""
    body = zlib.decompress(raw[1:]) if raw[0] & 2 else raw[1:]
    return _Reader(body).node()


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def node(self) -> Node:
        size = self._list_size(self._byte())
        tag = self._text(self._value(self._byte()))
        attrs = {
            self._text(self._value(self._byte())): self._plain(self._value(self._byte()))
            for _ in range((size - 1) // 2)
        }
        content: Content = None
        if size % 2 == 0:
            content = self._content(self._byte())
        return Node(tag, attrs, content)

    def _content(self, tag: int) -> Content:
        if tag in (_LIST8, _LIST16, _EMPTY):
            return [self.node() for _ in range(self._list_size(tag))]
        value = self._value(tag)
        return value if isinstance(value, bytes) else str(value).encode()

    @staticmethod
    def _plain(value: "str | Jid | bytes") -> Value:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def _value(self, tag: int) -> "str | Jid | bytes":
        single, doubles = tokens()
        if tag == _EMPTY:
            return ""
        if tag < len(single):
            return single[tag]
        if 236 <= tag <= 239:
            return doubles[tag - 236][self._byte()]
        match tag:
            case 252:
                return self._take(self._byte())
            case 253:
                return self._take(int.from_bytes(self._take(3), "big") & 0xFFFFF)
            case 254:
                return self._take(int.from_bytes(self._take(4), "big"))
            case 250:
                return self._jid_pair()
            case 247:
                domain, device = self._byte(), self._byte()
                user = self._value(self._byte())
                return Jid(self._text(user), _SERVERS.get(domain, "s.whatsapp.net"), device)
            case 251 | 255:
                return self._packed(tag)
        raise ValueError(f"unknown tag {tag}")

    def _jid_pair(self) -> Jid:
        user = self._value(self._byte())
        server = self._value(self._byte())
        return Jid(self._text(user), self._text(server))

    @staticmethod
    def _text(value: "str | Jid | bytes") -> str:
        return value.decode() if isinstance(value, bytes) else str(value)

    def _packed(self, tag: int) -> str:
        start = self._byte()
        digits = "0123456789-.\x00\x00\x00\x00" if tag == _NIBBLE else "0123456789ABCDEF"
        halves = (
            digits[half]
            for byte in self._take(start & 127)
            for half in (byte >> 4, byte & 15 if tag == _HEX or byte & 15 < 12 else 15)
        )
        text = "".join(halves)
        return text[:-1] if start & 128 else text

    def _list_size(self, tag: int) -> int:
        if tag == _EMPTY:
            return 0
        if tag == _LIST8:
            return self._byte()
        if tag == _LIST16:
            return int.from_bytes(self._take(2), "big")
        raise ValueError(f"not a list: {tag}")

    def _byte(self) -> int:
        self._at += 1
        return self._raw[self._at - 1]

    def _take(self, count: int) -> bytes:
        self._at += count
        return self._raw[self._at - count : self._at]


def nodes(tag: str, items: Iterable[Node]) -> Node:
    """A node without attributes around `items`."""
    return Node(tag, {}, list(items))
