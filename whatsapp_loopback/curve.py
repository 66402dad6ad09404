"""Curve25519 as WhatsApp uses it: key pairs, Diffie-Hellman, XEdDSA signatures, HKDF."""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl import bindings as sodium


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An X25519 key pair, 32 bytes each."""

    private: bytes
    public: bytes

    @classmethod
    def from_private(cls, private: bytes) -> "KeyPair":
        """The pair of a private key, which is clamped."""
        clamped = bytearray(private)
        clamped[0] &= 248
        clamped[31] = (clamped[31] & 127) | 64
        return cls(bytes(clamped), sodium.crypto_scalarmult_base(bytes(clamped)))

    @classmethod
    def generate(cls) -> "KeyPair":
        """A new random pair."""
        return cls.from_private(os.urandom(32))

    def agree(self, public: bytes) -> bytes:
        """The shared secret with another's public key."""
        return sodium.crypto_scalarmult(self.private, public)

    def sign(self, message: bytes) -> bytes:
        """An XEdDSA signature (64 bytes), with the sign of the public point in its last bit.

        As libsignal does it, the private key is not negated; the verifier takes the sign from the
        signature instead.
        """
        scalar = sodium.crypto_core_ed25519_scalar_reduce(self.private + bytes(32))
        point = sodium.crypto_scalarmult_ed25519_base_noclamp(scalar)
        nonce = hashlib.sha512(b"\xfe" + b"\xff" * 31 + self.private + message + os.urandom(64))
        r = sodium.crypto_core_ed25519_scalar_reduce(nonce.digest())
        big_r = sodium.crypto_scalarmult_ed25519_base_noclamp(r)
        digest = hashlib.sha512(big_r + point + message).digest()
        challenge = sodium.crypto_core_ed25519_scalar_reduce(digest)
        product = sodium.crypto_core_ed25519_scalar_mul(challenge, scalar)
        s = bytearray(sodium.crypto_core_ed25519_scalar_add(r, product))
        s[31] |= point[31] & 0x80
        return big_r + bytes(s)


def derive(secret: bytes, length: int, salt: bytes = b"", info: bytes = b"") -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=length, salt=salt or None, info=info)
    return kdf.derive(secret)


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts after each other."""
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()
