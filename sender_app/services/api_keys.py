"""API keys of a workspace, for its admins: make, look at, revoke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sender_app.domain.actor import Actor, Role
from sender_app.domain.api_key import MOST_DAYS, ApiKey, checked_name, new_secret
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store import Store
from sender_app.services.clock import Clock, system_clock

MOST_KEYS = 100  # that hold at once, a workspace


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The workspace's keys."""

    store: Store
    clock: Clock = system_clock

    def list_keys(self, actor: Actor) -> Sequence[ApiKey]:
        """Newest first, those revoked too."""
        actor.require(Role.ADMIN)
        return self.store.api_keys.list(actor.workspace_id)

    def create_key(
        self, actor: Actor, name: str, role: Role, days: int | None
    ) -> tuple[ApiKey, str]:
        """A key that holds for so many days (None: until revoked), and its secret, told only now.

        Raises NotPermitted for a role above the actor's, RuleViolation.
        """
        actor.require(Role.ADMIN)
        actor.require(role)
        name = checked_name(name)
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise RuleViolation("api_key_days", limit=MOST_DAYS)
        kept = [key for key in self.store.api_keys.list(actor.workspace_id) if not key.revoked_at]
        if len(kept) >= MOST_KEYS:
            raise RuleViolation("api_keys_many", limit=MOST_KEYS)
        secret = new_secret()
        expires_at = self.clock() + timedelta(days=days) if days is not None else None
        key = self.store.api_keys.create(
            actor.workspace_id, actor.user_id, name, role, secret, expires_at
        )
        return key, secret

    def revoke_key(self, actor: Actor, key_id: UUID) -> None:
        """Refuse the key from now on. Raises NotFound."""
        actor.require(Role.ADMIN)
        self.store.api_keys.revoke(actor.workspace_id, key_id, self.clock())
