"""WhatsApp's binary XML: nodes, JIDs, and their encoding."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from whatsapp_loopback.tokens import Tokens

USER_SERVER = "s.whatsapp.net"
LID_SERVER = "lid"

_LIST_EMPTY, _DICTIONARY_0, _AD_JID, _LIST_8, _LIST_16 = 0, 236, 247, 248, 249
_JID_PAIR, _HEX_8, _BINARY_8, _BINARY_20, _BINARY_32, _NIBBLE_8 = 250, 251, 252, 253, 254, 255
_PACKED_MAX = 127
_NIBBLES = "0123456789-."
_HEX_DIGITS = "0123456789ABCDEF"
_AD_DOMAINS = {0: USER_SERVER, 1: LID_SERVER, 128: "hosted", 129: "hosted.lid"}
_AD_DOMAIN_OF = {server: domain for domain, server in _AD_DOMAINS.items()}


class BinaryXMLError(ValueError):
    """The bytes are not a well-formed node."""


class JID(NamedTuple):
    """An address: a user's number or LID, its server and the device (0 is the phone)."""

    user: str
    server: str = USER_SERVER
    device: int = 0

    def __str__(self) -> str:
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server}" if self.user else self.server


SERVER_JID = JID("", USER_SERVER)

Attribute = str | int | JID | None


@dataclass(slots=True)
class Node:
    """One element; attributes whose value is None are left out when it is encoded."""

    tag: str
    attrs: Mapping[str, Attribute] = field(default_factory=dict)
    content: bytes | str | Sequence[Node] | None = None

    def children(self) -> Sequence[Node]:
        """The child elements; empty when the content is bytes or nothing."""
        return () if self.content is None or isinstance(self.content, bytes | str) else self.content

    def find(self, *path: str) -> Node | None:
        """The first descendant along a path of tags, or None."""
        node: Node | None = self
        for tag in path:
            node = next((c for c in node.children() if c.tag == tag), None) if node else None
        return node

    def data(self) -> bytes:
        """The content as bytes, also when it was packed as a string on the wire."""
        if isinstance(self.content, str):
            return self.content.encode()
        return self.content if isinstance(self.content, bytes) else b""

    def text(self, name: str, default: str = "") -> str:
        """An attribute as a string."""
        value = self.attrs.get(name)
        return default if value is None else str(value)

    def jid(self, name: str) -> JID | None:
        """An attribute that is a JID, or None."""
        value = self.attrs.get(name)
        return value if isinstance(value, JID) else None


class Codec:
    """Encodes and decodes nodes with the given token tables."""

    def __init__(self, tokens: Tokens) -> None:
        self.single = tokens.single
        self.double = tokens.double
        self._encodings = tokens.encodings()

    def encode(self, node: Node) -> bytes:
        """Encode a node with the leading flag byte 0 (not compressed)."""
        out = bytearray(1)
        self._write_node(out, node)
        return bytes(out)

    def decode(self, data: bytes) -> Node:
        """Decode one node; raises BinaryXMLError on anything malformed."""
        if not data:
            raise BinaryXMLError("empty frame")
        body = zlib.decompress(data[1:]) if data[0] & 2 else data[1:]
        try:
            return _Decoder(self, body).node()
        except (IndexError, TypeError, UnicodeDecodeError) as error:
            raise BinaryXMLError(str(error)) from error

    def _write_node(self, out: bytearray, node: Node) -> None:
        attrs = [(k, v) for k, v in node.attrs.items() if v is not None and v != ""]
        content = node.content
        _write_list_start(out, 1 + 2 * len(attrs) + (content is not None))
        self._write_string(out, node.tag)
        for name, value in attrs:
            self._write_string(out, name)
            if isinstance(value, JID):
                self._write_jid(out, value)
            else:
                self._write_string(out, str(value))
        if content is None:
            return
        if isinstance(content, bytes):
            _write_length(out, len(content))
            out += content
        elif isinstance(content, str):
            self._write_string(out, content)
        else:
            _write_list_start(out, len(content))
            for child in content:
                self._write_node(out, child)

    def _write_string(self, out: bytearray, value: str) -> None:
        token = self._encodings.get(value)
        if token is not None:
            out += token
        elif _is_nibbles(value):
            _write_packed(out, _NIBBLE_8, value, _NIBBLES)
        elif 0 < len(value) <= _PACKED_MAX and not value.strip(_HEX_DIGITS):
            _write_packed(out, _HEX_8, value, _HEX_DIGITS)
        else:
            raw = value.encode()
            _write_length(out, len(raw))
            out += raw

    def _write_jid(self, out: bytearray, jid: JID) -> None:
        if jid.device or jid.server.startswith("hosted"):
            out += bytes([_AD_JID, _AD_DOMAIN_OF[jid.server], jid.device])
            self._write_string(out, jid.user)
            return
        out.append(_JID_PAIR)
        if jid.user:
            self._write_string(out, jid.user)
        else:
            out.append(_LIST_EMPTY)
        self._write_string(out, jid.server)


def _is_nibbles(value: str) -> bool:
    return 0 < len(value) <= _PACKED_MAX and not value.strip(_NIBBLES)


def _write_list_start(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(_LIST_EMPTY)
    elif size < 256:
        out += bytes([_LIST_8, size])
    else:
        out.append(_LIST_16)
        out += size.to_bytes(2, "big")


def _write_length(out: bytearray, size: int) -> None:
    if size < 256:
        out += bytes([_BINARY_8, size])
    elif size < 1 << 20:
        out.append(_BINARY_20)
        out += size.to_bytes(3, "big")
    else:
        out.append(_BINARY_32)
        out += size.to_bytes(4, "big")


def _write_packed(out: bytearray, tag: int, value: str, alphabet: str) -> None:
    digits = [alphabet.index(c) for c in value]
    odd = len(digits) % 2
    if odd:
        digits.append(15)
    out += bytes([tag, (len(digits) // 2) | (odd << 7)])
    out += bytes((digits[i] << 4) | digits[i + 1] for i in range(0, len(digits), 2))


class _Decoder:
    def __init__(self, codec: Codec, data: bytes) -> None:
        self.single = codec.single
        self.double = codec.double
        self.data = data
        self.index = 0

    def node(self) -> Node:
        size = self._list_size(self._byte())
        tag = self._read(as_string=True)
        if not size or not isinstance(tag, str) or not tag:
            raise BinaryXMLError("a node without a tag")
        attrs: dict[str, Attribute] = {}
        for _ in range((size - 1) >> 1):
            name = self._read(as_string=True)
            attrs[str(name)] = self._read(as_string=True)  # type: ignore[assignment]
        content = self._read(as_string=False) if size % 2 == 0 else None
        return Node(tag, attrs, content)  # type: ignore[arg-type]

    def _byte(self) -> int:
        value = self.data[self.index]
        self.index += 1
        return value

    def _integer(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        end = self.index + size
        if end > len(self.data):
            raise BinaryXMLError("the frame is cut short")
        raw = self.data[self.index : end]
        self.index = end
        return raw

    def _list_size(self, tag: int) -> int:
        if tag == _LIST_EMPTY:
            return 0
        if tag == _LIST_8:
            return self._byte()
        if tag == _LIST_16:
            return self._integer(2)
        raise BinaryXMLError(f"tag {tag} does not start a list")

    def _read(self, as_string: bool) -> str | bytes | JID | list[Node] | None:
        tag = self._byte()
        if _LIST_EMPTY < tag < len(self.single):
            return self.single[tag]
        if tag == _LIST_EMPTY:
            return None
        if tag in (_LIST_8, _LIST_16):
            return [self.node() for _ in range(self._list_size(tag))]
        if _DICTIONARY_0 <= tag < _DICTIONARY_0 + 4:
            return self.double[tag - _DICTIONARY_0][self._byte()]
        if tag in (_BINARY_8, _BINARY_20, _BINARY_32):
            return self._binary(tag, as_string)
        if tag in (_NIBBLE_8, _HEX_8):
            return self._packed(_NIBBLES if tag == _NIBBLE_8 else _HEX_DIGITS)
        return self._read_jid(tag)

    def _binary(self, tag: int, as_string: bool) -> str | bytes:
        size = {_BINARY_8: 1, _BINARY_20: 3, _BINARY_32: 4}[tag]
        length = self._integer(size) & (0xFFFFF if size == 3 else 0xFFFFFFFF)
        raw = self._take(length)
        return raw.decode() if as_string else raw

    def _packed(self, alphabet: str) -> str:
        start = self._byte()
        raw = self._take(start & 127)
        digits = [half for byte in raw for half in (byte >> 4, byte & 15)]
        if start & 128:
            digits.pop()
        return "".join([alphabet[d] for d in digits])

    def _read_jid(self, tag: int) -> JID:
        if tag == _JID_PAIR:
            user = self._read(as_string=True)
            return JID(str(user or ""), str(self._read(as_string=True)))
        if tag == _AD_JID:
            domain, device = self._byte(), self._byte()
            return JID(str(self._read(as_string=True)), _AD_DOMAINS[domain], device)
        raise BinaryXMLError(f"unknown tag {tag}")
