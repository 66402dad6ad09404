"""Keys of programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.api_key import ApiKey


class ApiKeyStore(Protocol):
    """Keys of programs; of each secret only a hash and its first letters are kept."""

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        name: str,
        role: Role,
        secret: str,
        expires_at: datetime | None,
    ) -> ApiKey:
        """A new key."""
        ...

    def list(self, workspace_id: UUID) -> Sequence[ApiKey]:
        """Newest first, those revoked and expired too, with their owners' names."""
        ...

    def find(self, secret: str, now: datetime) -> ApiKey | None:
        """The key of `secret`, if it was neither revoked nor expired at `now`."""
        ...

    def touch(self, key_id: UUID, at: datetime) -> None:
        """The key was used."""
        ...

    def revoke(self, workspace_id: UUID, key_id: UUID, at: datetime) -> None:
        """Raises NotFound; a key revoked before stays as it was."""
        ...
