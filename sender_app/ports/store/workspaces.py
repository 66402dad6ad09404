"""Workspaces, and who works in them."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.workspace import Workspace


class WorkspaceStore(Protocol):
    """Workspaces."""

    def ensure(self, key: str, name: str, defaults: Mapping[str, str]) -> Workspace:
        """The workspace called `key`, made with `defaults` (country, zone, language) if absent."""
        ...

    def ensure_member(self, workspace_id: UUID, user_id: str, name: str, role: Role) -> Role:
        """The member's role; a person not yet a member joins with `role`."""
        ...

    def get(self, workspace_id: UUID) -> Workspace:
        """Raises NotFound."""
        ...

    def update(self, workspace_id: UUID, values: Mapping[str, object]) -> Workspace:
        """Change preferences (fields of Workspace but id and key). Raises NotFound."""
        ...
