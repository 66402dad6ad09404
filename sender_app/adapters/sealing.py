"""Secrets that are kept so that the store alone does not reveal them."""

import base64
import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sender_app.domain.errors import RuleViolation
from sender_app.ports.webhooks import SecretUnreadable

_NONCE = 12  # bytes


class Sealer:
    """AES-256-GCM with a key from the installation's secret and the session's id together.

    For a browser, neither the store nor the key alone reveals what is sealed: only the cookie has
    the id. `purpose` keeps what is sealed for one thing from being opened as another.
    """

    def __init__(self, secret_key: str, purpose: bytes = b"sender session tokens") -> None:
        self._secret = secret_key.encode()
        self._purpose = purpose

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
        derived = HKDF(SHA256(), length=32, salt=session_id.encode(), info=self._purpose)
        return AESGCM(derived.derive(self._secret))


class WebhookSecrets:
    """See ports.webhooks.SecretBox."""

    def __init__(self, secret_key: str) -> None:
        self._sealer = Sealer(secret_key, b"sender webhook secrets")
        self._has_key = bool(secret_key)

    def seal(self, webhook_id: UUID, secret: str) -> str:
        if not self._has_key:
            raise RuleViolation("webhook_no_key")
        return self._sealer.seal(str(webhook_id), secret.encode())

    def open(self, webhook_id: UUID, sealed: str) -> str:
        try:
            return self._sealer.open(str(webhook_id), sealed).decode()
        except InvalidTag as error:
            raise SecretUnreadable(f"secret of webhook {webhook_id}") from error
