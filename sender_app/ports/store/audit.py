"""Who did what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.actor import Actor
from sender_app.ports.pages import Page


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody ordered. `outcome` is blank when the process died before it was known."""

    id: UUID
    user_id: str
    name: str
    action: str
    subject: str
    outcome: str
    created_at: datetime


class AuditStore(Protocol):
    """Who did what; nothing is ever taken out."""

    def append(self, actor: Actor, action: str, subject: str, outcome: str = "") -> UUID:
        """A new entry's id."""
        ...

    def settle(self, entry_id: UUID, outcome: str) -> None:
        """What came of it."""
        ...

    def page(self, workspace_id: UUID, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Newest first."""
        ...
