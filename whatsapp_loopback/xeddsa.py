"""XEdDSA: Ed25519-style signatures with X25519 keys, as libsignal makes them."""

from __future__ import annotations

import hashlib
import secrets

from nacl.bindings import (
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_sign_open,
)
from nacl.exceptions import BadSignatureError

_PREFIX = b"\xfe" + b"\xff" * 31
_P = 2**255 - 19


def sign(private: bytes, message: bytes) -> bytes:
    """Sign with a clamped X25519 private key; the sign of the Edwards point is in the last bit."""
    point = crypto_scalarmult_ed25519_base_noclamp(private)
    nonce = crypto_core_ed25519_scalar_reduce(
        hashlib.sha512(_PREFIX + private + message + secrets.token_bytes(64)).digest()
    )
    commitment = crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = crypto_core_ed25519_scalar_reduce(
        hashlib.sha512(commitment + point + message).digest()
    )
    scalar = crypto_core_ed25519_scalar_reduce(private + bytes(32))
    product = crypto_core_ed25519_scalar_mul(challenge, scalar)
    response = bytearray(crypto_core_ed25519_scalar_add(product, nonce))
    response[31] |= point[31] & 0x80
    return commitment + bytes(response)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Check a signature against an X25519 public key."""
    u = int.from_bytes(public, "little") & ((1 << 255) - 1)
    y = (u - 1) * pow(u + 1, -1, _P) % _P
    point = bytearray(y.to_bytes(32, "little"))
    point[31] |= signature[63] & 0x80
    plain = signature[:63] + bytes([signature[63] & 0x7F])
    try:
        crypto_sign_open(plain + message, bytes(point))
    except BadSignatureError:
        return False
    return True
