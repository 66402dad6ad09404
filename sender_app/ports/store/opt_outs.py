"""Numbers that are never written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.ports.pages import Page
from sender_app.ports.store.removed import Removed


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number on the list, with the contact's name while there is one."""

    phone: str
    source: str  # reply, person or import
    text: str  # what the person wrote
    created_at: datetime
    nombre: str = ""


class OptOutStore(Protocol):
    """Numbers that are never written to, whatever becomes of their contacts."""

    def page(self, workspace_id: UUID, search: str, cursor: str | None, limit: int) -> Page[OptOut]:
        """The latest first; of `search`, a number's beginning in E.164 or its end."""
        ...

    def count(self, workspace_id: UUID) -> int:
        """How many numbers."""
        ...

    def add(self, workspace_id: UUID, phones: Sequence[str], source: str, text: str) -> int:
        """How many of them were not on the list yet."""
        ...

    def remove(self, workspace_id: UUID, phones: Sequence[str]) -> Removed:
        """Those of them that were on the list are on it no more."""
        ...

    def restore(self, workspace_id: UUID, record: bytes) -> int:
        """Numbers that were removed are on the list again, as they were; how many were not yet."""
        ...

    def answers_due(self, account_id: UUID, limit: int) -> Sequence[str]:
        """Numbers that opted out by a reply to the account and wait for its one confirmation, see
        AnsweringStore.confirm."""
        ...
