"""Webhooks beside the store: how their secrets are kept, and the requests."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from sender_app.domain.errors import SenderError
from sender_app.domain.webhook import Result


class SecretUnreadable(SenderError):
    """The installation's SECRET_KEY is not the one that a secret was sealed with."""


class AddressRefused(SenderError):
    """No request goes there; `code` says why: unknown_host, private_address or plain_http."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SecretBox(Protocol):
    """Keeps endpoints' secrets so that the store alone does not reveal them."""

    def seal(self, webhook_id: UUID, secret: str) -> str:
        """`secret`, readable again for the same endpoint only.

        Raises RuleViolation on an installation without SECRET_KEY.
        """
        ...

    def open(self, webhook_id: UUID, sealed: str) -> str:
        """Raises SecretUnreadable."""
        ...


class WebhookClient(Protocol):
    """Makes the requests, to addresses that anybody on the internet could reach and no others."""

    def check(self, url: str) -> None:
        """Raises AddressRefused when a request to `url` would not be made."""
        ...

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Result:
        """One request, bounded in time and size; redirects are not followed. Never raises for what
        the network or the endpoint does."""
        ...
