"""The address book: look, write, group, merge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sender_app.domain import phone as phones
from sender_app.domain.account import CANNOT_SEND
from sender_app.domain.actor import Actor, Role
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import RuleViolation
from sender_app.ports.events import Control
from sender_app.ports.queue import Queue
from sender_app.ports.store import Contact, ContactDraft, Count, Group, Happening, Page, Store

LONGEST_FIELD = 200  # characters
MOST_AT_ONCE = 1_000  # contacts in one bulk action
_HISTORY = 200  # lines
_EXPORTED = 2_000  # contacts read at once
_EVERYBODY = ContactQuery()


@dataclass(frozen=True, slots=True)
class Contacts:
    """The workspace's contacts and their groups."""

    store: Store
    queue: Queue
    control: Control

    def page(
        self,
        actor: Actor,
        query: ContactQuery = _EVERYBODY,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Contact]:
        """Contacts of the query. Raises RuleViolation("search_too_long")."""
        actor.require(Role.VIEWER)
        return self.store.contacts.page(actor.workspace_id, query, cursor, limit)

    def count(self, actor: Actor, query: ContactQuery = _EVERYBODY) -> Count:
        """How many contacts the query has; exactly when they are few."""
        actor.require(Role.VIEWER)
        return self.store.contacts.count(actor.workspace_id, query)

    def get_contact(self, actor: Actor, contact_id: UUID) -> Contact:
        """Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.contacts.get(actor.workspace_id, contact_id)

    def find_contacts(self, actor: Actor, ids: Sequence[UUID]) -> Sequence[Contact]:
        """Those of `ids` that are there, in that order."""
        actor.require(Role.VIEWER)
        return self.store.contacts.find(actor.workspace_id, _limited(ids))

    def history(self, actor: Actor, contact_id: UUID) -> Sequence[Happening]:
        """What was sent to the contact and what came back, the latest first. Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.contacts.history(actor.workspace_id, contact_id, _HISTORY)

    def export(self, actor: Actor, query: ContactQuery = _EVERYBODY) -> Iterator[Sequence[Contact]]:
        """Every contact of the query, some at a time."""
        actor.require(Role.VIEWER)
        return self.store.contacts.export(actor.workspace_id, query, _EXPORTED)

    def create_contact(self, actor: Actor, draft: ContactDraft) -> Contact:
        """Add a contact; its phone is read as dialled in the workspace's country.

        Raises RuleViolation: the number cannot be read or is in the book already, a field is too
        long.
        """
        actor.require(Role.SENDER)
        return self.store.contacts.create(
            actor.workspace_id, actor.user_id, self._checked(actor, draft)
        )

    def update_contact(self, actor: Actor, contact_id: UUID, draft: ContactDraft) -> Contact:
        """Write all fields and groups anew. Raises NotFound, RuleViolation as create_contact."""
        actor.require(Role.SENDER)
        checked = self._checked(actor, draft)
        return self.store.contacts.update(actor.workspace_id, contact_id, checked)

    def delete_contacts(self, actor: Actor, ids: Sequence[UUID]) -> int:
        """Forget contacts; whoever opted out stays opted out. Returns how many were there."""
        actor.require(Role.SENDER)
        return self.store.contacts.delete(actor.workspace_id, _limited(ids))

    def duplicates(self, actor: Actor, limit: int = 20) -> Sequence[Sequence[Contact]]:
        """Sets of contacts with the same name."""
        actor.require(Role.VIEWER)
        return self.store.contacts.duplicates(actor.workspace_id, limit)

    def merge(self, actor: Actor, kept_id: UUID, other_ids: Sequence[UUID]) -> Contact:
        """Make one contact of several: the number of `kept_id` stays. Raises NotFound."""
        actor.require(Role.SENDER)
        return self.store.contacts.merge(actor.workspace_id, kept_id, _limited(other_ids))

    def groups(self, actor: Actor) -> Sequence[Group]:
        """By name."""
        actor.require(Role.VIEWER)
        return self.store.groups.list(actor.workspace_id)

    def rename_group(self, actor: Actor, group_id: UUID, name: str) -> None:
        """Raises NotFound, RuleViolation("group_blank", "group_exists", "field_too_long")."""
        actor.require(Role.SENDER)
        self.store.groups.rename(actor.workspace_id, group_id, _group_name(name))

    def delete_group(self, actor: Actor, group_id: UUID) -> None:
        """Its contacts stay. Raises NotFound."""
        actor.require(Role.SENDER)
        self.store.groups.delete(actor.workspace_id, group_id)

    def add_to_group(self, actor: Actor, name: str, ids: Sequence[UUID]) -> tuple[Group, int]:
        """Put contacts into the group called `name`, made if need be, and how many are new in it.

        Raises RuleViolation("group_blank", "field_too_long").
        """
        actor.require(Role.SENDER)
        group = self.store.groups.ensure(actor.workspace_id, _group_name(name))
        return group, self.store.groups.add(actor.workspace_id, group.id, _limited(ids))

    def remove_from_group(self, actor: Actor, group_id: UUID, ids: Sequence[UUID]) -> int:
        """Take contacts out of a group; how many were in it. Raises NotFound."""
        actor.require(Role.SENDER)
        return self.store.groups.remove(actor.workspace_id, group_id, _limited(ids))

    def check_on_whatsapp(self, actor: Actor, ids: Sequence[UUID]) -> int:
        """Have an account of the workspace look whether these are on WhatsApp, in its own time.

        Returns how many will be looked up. Raises RuleViolation("account_not_linked").
        """
        actor.require(Role.SENDER)
        for account in self.store.accounts.list(actor.workspace_id):
            if account.is_linked and account.status not in CANNOT_SEND:
                asked = self.store.contacts.ask_check(actor.workspace_id, account.id, _limited(ids))
                self.control.nudge(account.id)
                self.queue.serve_account(account.id)
                return asked
        raise RuleViolation("account_not_linked")

    def _checked(self, actor: Actor, draft: ContactDraft) -> ContactDraft:
        country = self.store.workspaces.get(actor.workspace_id).default_country
        fields = {name: _field(getattr(draft, name)) for name in ("nombre", "sustantivo", "grupo")}
        groups = tuple(_field(name) for name in draft.more_groups)
        first = fields["grupo"] or next((name for name in groups if name), "")
        more = tuple(name for name in dict.fromkeys(groups) if name and name != first)
        return replace(
            draft,
            phone=phones.normalise(draft.phone, country),
            **fields | {"grupo": first},
            more_groups=more,
        )


def _field(text: str) -> str:
    text = " ".join(text.replace("\x00", " ").split())
    if len(text) > LONGEST_FIELD:
        raise RuleViolation("field_too_long", limit=LONGEST_FIELD)
    return text


def _group_name(name: str) -> str:
    name = _field(name)
    if not name:
        raise RuleViolation("group_blank")
    return name


def _limited(ids: Sequence[UUID]) -> Sequence[UUID]:
    if len(ids) > MOST_AT_ONCE:
        raise RuleViolation("too_many_at_once", limit=MOST_AT_ONCE)
    return ids
