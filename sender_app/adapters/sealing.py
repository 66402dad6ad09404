"""Secrets that are kept for a browser, so that neither the store nor the key alone reveals them."""

import base64
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12  # bytes


class Sealer:
    """AES-256-GCM with a key from the installation's secret and the session's id together."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()

    def seal(self, session_id: str, content: bytes) -> str:
        """`content`, readable again only with the same `session_id`."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher(session_id).encrypt(nonce, content, None)
        return base64.b64encode(nonce + sealed).decode()

    def open(self, session_id: str, sealed: str) -> bytes:
        """What was sealed. Raises InvalidTag for another session's, or a changed key."""
        raw = base64.b64decode(sealed)
        return self._cipher(session_id).decrypt(raw[:_NONCE], raw[_NONCE:], None)

    def _cipher(self, session_id: str) -> AESGCM:
        derived = HKDF(SHA256(), length=32, salt=session_id.encode(), info=b"sender session tokens")
        return AESGCM(derived.derive(self._secret))
