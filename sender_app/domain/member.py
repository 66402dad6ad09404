"""Members of a workspace: where their role comes from, and what a sign-in makes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.workspace import is_team


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


@dataclass(frozen=True, slots=True)
class Admission:
    """What a sign-in makes of a person's places, by the keys of workspaces."""

    standings: Mapping[str, Standing]  # where the person is from now on
    left: frozenset[str]  # where they were, and are known no more


def admission(
    kept: Mapping[str, Member], named: Iterable[str], granted: Role | None, default: Role | None
) -> Admission:
    """Of a person who is `kept` in some workspaces, when the provider names these and no others.

    They leave the teams that are not named, and where they have no access any more. Somebody
    removed stays known as that, and a workspace of one's own is kept though it is not named.
    """
    keys = list(named)
    found = {key: standing_at_sign_in(kept.get(key), granted, default) for key in keys}
    lost = {key for key in keys if not found[key] and key in kept and not kept[key].removed_at}
    return Admission(
        {key: standing for key, standing in found.items() if standing},
        frozenset(lost | {key for key in kept if is_team(key) and key not in found}),
    )
