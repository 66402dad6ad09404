"""Groups of contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Group:
    """A group of contacts."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Contacts that joined or left a group, and those of them whose first one it became or was."""

    ids: tuple[UUID, ...]
    first: tuple[UUID, ...] = ()


class GroupStore(Protocol):
    """Groups of contacts: many a contact."""

    def list(self, workspace_id: UUID) -> Sequence[Group]:
        """By name."""
        ...

    def ensure(self, workspace_id: UUID, name: str) -> Group:
        """The group called `name`, made if there is none."""
        ...

    def rename(self, workspace_id: UUID, group_id: UUID, name: str) -> None:
        """Raises NotFound, RuleViolation("group_exists")."""
        ...

    def delete(self, workspace_id: UUID, group_id: UUID) -> None:
        """The group goes, its contacts stay. Raises NotFound."""
        ...

    def add(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> Moved:
        """Contacts join the group, as their first one if they have none; those new in it.

        Raises NotFound.
        """
        ...

    def remove(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> Moved:
        """Contacts leave the group; the next one by name becomes their first. Those who were in it.
        Raises NotFound."""
        ...

    def rejoin(self, workspace_id: UUID, group_id: UUID, left: Moved) -> int:
        """Contacts that left the group are in it again, as their first one where it was. How many
        came back. Raises NotFound."""
        ...

    def drop_empty(self, workspace_id: UUID, group_id: UUID) -> None:
        """The group goes if nobody is in it."""
        ...
