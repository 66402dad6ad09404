"""Who belongs to a workspace, and in which role; for its admins."""

from collections.abc import Sequence
from dataclasses import dataclass

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.member import Member, RoleSource
from sender_app.ports.store import Store


@dataclass(frozen=True, slots=True)
class Members:
    """The workspace's members."""

    store: Store

    def list_members(self, actor: Actor) -> Sequence[Member]:
        """By name, those removed last."""
        actor.require(Role.ADMIN)
        return self.store.members.list(actor.workspace_id)

    def set_role(self, actor: Actor, user_id: str, role: Role) -> None:
        """Give a member another role, or let somebody removed in again.

        Raises NotFound, RuleViolation("role_from_provider") where the provider gave the role,
        RuleViolation("last_admin") when nobody would be left to administer the workspace.
        """
        actor.require(Role.ADMIN)
        member = self._get(actor, user_id)
        if member.source is RoleSource.PROVIDER and member.removed_at is None:
            raise RuleViolation("role_from_provider")
        self._change(actor, user_id, role)

    def remove(self, actor: Actor, user_id: str) -> None:
        """End a member's access at once. Somebody to whom the provider gives a role comes back with
        their next sign-in, unless it is taken away there. Raises NotFound, RuleViolation."""
        actor.require(Role.ADMIN)
        self._change(actor, user_id, None)

    def _get(self, actor: Actor, user_id: str) -> Member:
        for member in self.store.members.list(actor.workspace_id):
            if member.user_id == user_id:
                return member
        raise NotFound("member", user_id)

    def _change(self, actor: Actor, user_id: str, role: Role | None) -> None:
        if not self.store.members.change(actor.workspace_id, user_id, role):
            raise RuleViolation("last_admin")
