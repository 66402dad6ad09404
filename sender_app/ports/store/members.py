"""People in workspaces, and their roles."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.identity import Identity
from sender_app.domain.member import Member


class MemberStore(Protocol):
    """People in workspaces."""

    def admit(
        self,
        person: Identity,
        workspaces: Mapping[str, str],
        default: Role | None,
        defaults: Mapping[str, str],
    ) -> Sequence[Member]:
        """Let a person into the `workspaces` (names by key) that the provider names, and no others.

        Workspaces that are absent are made with `defaults`; see `domain.member.admission`.
        Returns where the person is in, the one they were in last first.
        """
        ...

    def find(self, workspace_id: UUID, user_id: str) -> Member | None:
        """The member, unless removed."""
        ...

    def list(self, workspace_id: UUID) -> Sequence[Member]:
        """By name, those removed last."""
        ...

    def change(self, workspace_id: UUID, user_id: str, role: Role | None) -> bool:
        """Give a role, or with None remove; False when no admin would be left.

        Raises NotFound.
        """
        ...

    def touch(self, workspace_id: UUID, user_id: str) -> None:
        """The person acts in this workspace now."""
        ...

    def of_person(self, user_id: str) -> Sequence[Member]:
        """Where the person is in, unless removed; the one they were in last first."""
        ...
