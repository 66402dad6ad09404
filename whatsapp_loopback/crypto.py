"""The few primitives that the Noise, Signal, pairing and media layers share."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NamedTuple

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base


class KeyPair(NamedTuple):
    """An X25519 key pair, both halves as 32 raw bytes."""

    private: bytes
    public: bytes

    @classmethod
    def generate(cls) -> KeyPair:
        """A fresh random pair."""
        return cls.from_private(secrets.token_bytes(32))

    @classmethod
    def from_private(cls, private: bytes) -> KeyPair:
        """The pair of a given private key, clamped as X25519 asks."""
        scalar = bytearray(private)
        scalar[0] &= 248
        scalar[31] = (scalar[31] & 127) | 64
        clamped = bytes(scalar)
        return cls(clamped, crypto_scalarmult_base(clamped))


def dh(private: bytes, public: bytes) -> bytes:
    """X25519."""
    return crypto_scalarmult(private, public)


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, data, "sha256")


def hkdf(secret: bytes, length: int, info: bytes = b"", salt: bytes = b"") -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    pseudo_random_key = hmac_sha256(salt or bytes(32), secret)
    output = block = b""
    counter = 1
    while len(output) < length:
        block = hmac_sha256(pseudo_random_key, block + info + bytes([counter]))
        output += block
        counter += 1
    return output[:length]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()
