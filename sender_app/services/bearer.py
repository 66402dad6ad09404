"""Who a program is, by the token that it bears: an API key, or the provider's access token."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sender_app.domain.actor import Actor
from sender_app.domain.api_key import is_secret
from sender_app.domain.errors import SignInRefused
from sender_app.domain.identity import ClaimRules, identity_from, names_roles
from sender_app.domain.member import Member
from sender_app.ports.identity import IdentityProvider, Sessions
from sender_app.ports.store import Store
from sender_app.services.clock import Clock, system_clock
from sender_app.services.workspaces import Workspaces

_TRUSTED = timedelta(minutes=10)  # that a token's roles and teams count without another look
_NOTED = timedelta(minutes=1)  # between two notes of when a key was used


@dataclass(frozen=True, slots=True)
class Caller:
    """A program. `id` is what its limits and its stored answers count by."""

    id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Bearers:
    """Tokens of programs."""

    store: Store
    sessions: Sessions
    workspaces: Workspaces
    provider: IdentityProvider
    rules: ClaimRules
    clock: Clock = system_clock

    def identify(self, token: str, workspace_id: UUID | None = None) -> Caller:
        """The bearer, acting in `workspace_id`, else in the only or the latest one.

        Raises SignInRefused: the token does not hold, or not there; ProviderUnavailable.
        """
        if is_secret(token):
            return self._of_key(token, workspace_id)
        return self._of_provider(token, workspace_id)

    def _of_key(self, secret: str, workspace_id: UUID | None) -> Caller:
        now = self.clock()
        key = self.store.api_keys.find(secret, now)
        if key is None or workspace_id not in (None, key.workspace_id):
            raise SignInRefused("invalid", "no such key, or it holds no more or not there")
        # Whoever is not a member any more has no keys; a lesser role lessens them.
        owner = self.store.members.find(key.workspace_id, key.user_id)
        if owner is None:
            raise SignInRefused("invalid", f"{key.user_id} is no member any more")
        if key.used_at is None or now - key.used_at > _NOTED:
            self.store.api_keys.touch(key.id, now)
        role = min(key.role, owner.role, key=lambda role: role.rank)
        name = f"{owner.name or owner.user_id} · {key.name}"
        return Caller(f"key:{key.id}", Actor(owner.user_id, key.workspace_id, role, name))

    def _of_provider(self, token: str, workspace_id: UUID | None) -> Caller:
        claims = self.provider.read_access_token(token)
        sub = str(claims["sub"])
        members = self._members(token, claims)
        if workspace_id is not None:
            members = [one for one in members if one.workspace_id == workspace_id]
        if not members:
            raise SignInRefused("no_role", f"{sub} has no role in Sender, or not there")
        member = members[0]
        return Caller(
            f"user:{member.workspace_id}:{sub}",
            Actor(sub, member.workspace_id, member.role, member.name),
        )

    def _members(self, token: str, claims: dict[str, object]) -> Sequence[Member]:
        """Where the bearer is in. A token that is silent on roles takes none away."""
        members = self.store.members.of_person(str(claims["sub"]))
        name = f"bearer:{hashlib.sha256(token.encode()).hexdigest()}"
        if members and not self.sessions.first_use(name, _TRUSTED):
            return members
        if not names_roles(claims, self.rules):
            claims = self.provider.more_about(token, claims)
        if members and not names_roles(claims, self.rules):
            return members
        return self.workspaces.admit(identity_from(claims, self.rules), self.rules)
