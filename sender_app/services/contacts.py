"""The address book."""

from dataclasses import dataclass

from sender_app.domain.actor import Actor, Role
from sender_app.ports.store import Contact, Page, Store


@dataclass(frozen=True, slots=True)
class Contacts:
    """The workspace's contacts."""

    store: Store

    def page(
        self, actor: Actor, search: str = "", cursor: str | None = None, limit: int = 50
    ) -> Page[Contact]:
        """Contacts whose name, phone or group contains `search`, by name."""
        actor.require(Role.VIEWER)
        return self.store.contacts.page(actor.workspace_id, search, cursor, limit)

    def count(self, actor: Actor) -> int:
        """How many contacts the workspace has."""
        actor.require(Role.VIEWER)
        return self.store.contacts.count(actor.workspace_id)
