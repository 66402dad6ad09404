"""Who asks: the person, the workspace that they act in, and how far their role reaches."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sender_app.domain.errors import NotPermitted


class Role(StrEnum):
    """Roles of a workspace; each includes the ones before it."""

    VIEWER = "viewer"  # sees everything, changes nothing
    SENDER = "sender"  # contacts, templates, campaigns
    ADMIN = "admin"  # accounts, members, settings

    @property
    def rank(self) -> int:
        """Position in the order viewer < sender < admin."""
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person inside one workspace; every service takes one."""

    user_id: str  # the OIDC `sub`, or "local" for the local administrator
    workspace_id: UUID
    role: Role
    name: str = ""

    def require(self, role: Role) -> None:
        """Raise NotPermitted unless the actor's role is `role` or higher."""
        if self.role.rank < role.rank:
            raise NotPermitted(f"{role} needed, {self.user_id} is {self.role}")
