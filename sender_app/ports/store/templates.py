"""The library of messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.ports.store.removed import Removed


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message of the workspace's library: one to five texts under a name."""

    id: UUID
    name: str
    texts: tuple[str, ...]
    updated_at: datetime


class TemplateStore(Protocol):
    """The library of messages."""

    def list(self, workspace_id: UUID) -> list[MessageTemplate]:
        """By name."""
        ...

    def get(self, workspace_id: UUID, template_id: UUID) -> MessageTemplate:
        """Raises NotFound."""
        ...

    def save(
        self,
        workspace_id: UUID,
        user_id: str,
        template_id: UUID | None,
        name: str,
        texts: Sequence[str],
    ) -> MessageTemplate | None:
        """Create (without an id) or change; None when another has that name. Raises NotFound."""
        ...

    def delete(self, workspace_id: UUID, template_id: UUID) -> Removed:
        """Nothing happens when it is not there."""
        ...

    def restore(self, workspace_id: UUID, record: bytes) -> bool:
        """Have a deleted template back as it was; False when it is there already, or another has
        its name."""
        ...
