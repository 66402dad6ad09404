"""Members of a workspace: where their role comes from, and what a sign-in makes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sender_app.domain.actor import Role


class RoleSource(StrEnum):
    """Who gave a member the role, and so who may change it."""

    LOCAL = "local"  # Sender: an admin of the workspace changes it on the members page
    PROVIDER = "provider"  # a claim of the identity provider: changed only there


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace. A removed one has no access, and is kept to be let in again."""

    workspace_id: UUID
    workspace_name: str
    user_id: str
    name: str
    login: str
    role: Role
    source: RoleSource
    seen_at: datetime | None  # the last sign-in, or look at the provider
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A role with its source."""

    role: Role
    source: RoleSource


def standing_at_sign_in(
    kept: Member | None, granted: Role | None, default: Role | None
) -> Standing | None:
    """The role in a workspace that a sign-in gives; None: no access.

    The provider's word comes first. Without it a member keeps what an admin of the workspace
    gave, somebody removed stays out, and a role that only the provider gave is lost.
    """
    if granted is not None:
        return Standing(granted, RoleSource.PROVIDER)
    if kept is not None and kept.removed_at is not None:
        return None
    if kept is not None and kept.source is RoleSource.LOCAL:
        return Standing(kept.role, RoleSource.LOCAL)
    return Standing(default, RoleSource.LOCAL) if default is not None else None
