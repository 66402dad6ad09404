"""The address book: look, write, group, merge."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from sender_app.domain import phone as phones
from sender_app.domain.account import CANNOT_SEND
from sender_app.domain.actor import Actor, Role
from sender_app.domain.columns import KNOWN, MOST, key_of
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.events import Control
from sender_app.ports.pages import Page
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.ports.store.contacts import Contact, ContactDraft, Count, Happening
from sender_app.ports.store.groups import Group, Moved
from sender_app.ports.undoing import Undoables
from sender_app.services.undoing import Done, done, undone

LONGEST_FIELD = 200  # characters
LONGEST_OWN = 1_000  # characters of a field of one's own, as in a file
MOST_AT_ONCE = 1_000  # contacts in one bulk action
_HISTORY = 200  # lines
_EXPORTED = 2_000  # contacts read at once
_EVERYBODY = ContactQuery()
_CONTACTS, _JOINED, _LEFT = "contacts", "joined", "left"  # what can be undone


@dataclass(frozen=True, slots=True)
class Contacts:
    """The workspace's contacts and their groups."""

    store: Store
    queue: Queue
    control: Control
    undoables: Undoables

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

    def field_names(self, actor: Actor) -> Sequence[str]:
        """Names of the further fields that any contact has, in their order."""
        actor.require(Role.VIEWER)
        return self.store.contacts.field_names(actor.workspace_id)

    def create_contact(self, actor: Actor, draft: ContactDraft) -> Contact:
        """Add a contact; its phone is read as dialled in the workspace's country.

        Raises RuleViolation: the number cannot be read or is in the book already, a field is too
        long, or its name is no placeholder's.
        """
        actor.require(Role.SENDER)
        return self.store.contacts.create(
            actor.workspace_id, actor.user_id, self._checked(actor, draft)
        )

    def update_contact(self, actor: Actor, contact_id: UUID, draft: ContactDraft) -> Contact:
        """Write everything anew but what the draft has as None.

        Raises NotFound, RuleViolation as create_contact.
        """
        actor.require(Role.SENDER)
        checked = self._checked(actor, draft)
        return self.store.contacts.update(actor.workspace_id, contact_id, checked)

    def delete_contacts(self, actor: Actor, ids: Sequence[UUID], *, undoable: bool = False) -> Done:
        """Forget contacts; whoever opted out stays opted out. Returns how many were there."""
        actor.require(Role.SENDER)
        gone = self.store.contacts.delete(actor.workspace_id, _limited(ids))
        record = gone.record if undoable else None
        return done(self.undoables, actor, _CONTACTS, gone.count, record)

    def restore_contacts(self, actor: Actor, undo: str) -> int:
        """Have deleted contacts back as they were, unless their numbers are in the book again;
        whoever opted out meanwhile is opted out. Returns how many came back.

        Raises RuleViolation("undo_gone").
        """
        actor.require(Role.SENDER)
        return undone(
            *(self.undoables, actor, _CONTACTS, undo),
            lambda record: self.store.contacts.restore(actor.workspace_id, record),
        )

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

    def add_to_group(
        self, actor: Actor, name: str, ids: Sequence[UUID], *, undoable: bool = False
    ) -> tuple[Group, Done]:
        """Put contacts into the group called `name`, made if need be, and how many are new in it.

        Raises RuleViolation("group_blank", "field_too_long").
        """
        actor.require(Role.SENDER)
        group = self.store.groups.ensure(actor.workspace_id, _group_name(name))
        joined = self.store.groups.add(actor.workspace_id, group.id, _limited(ids))
        return group, self._moved(actor, _JOINED, group.id, joined, undoable=undoable)

    def remove_from_group(
        self, actor: Actor, group_id: UUID, ids: Sequence[UUID], *, undoable: bool = False
    ) -> Done:
        """Take contacts out of a group; how many were in it. Raises NotFound."""
        actor.require(Role.SENDER)
        left = self.store.groups.remove(actor.workspace_id, group_id, _limited(ids))
        return self._moved(actor, _LEFT, group_id, left, undoable=undoable)

    def leave_again(self, actor: Actor, undo: str) -> int:
        """Undo add_to_group: only those who were new in the group leave it, and with the last one
        the group goes. Returns how many. Raises RuleViolation("undo_gone")."""
        actor.require(Role.SENDER)

        def leave(record: bytes) -> int:
            group_id, joined = _movement(record)
            count = len(self.store.groups.remove(actor.workspace_id, group_id, joined.ids).ids)
            self.store.groups.drop_empty(actor.workspace_id, group_id)
            return count

        return self._undo_moved(actor, _JOINED, undo, leave)

    def join_again(self, actor: Actor, undo: str) -> int:
        """Undo remove_from_group: those who left are in it again, as their first one where it was.
        Returns how many. Raises RuleViolation("undo_gone"), also when the group is gone."""
        actor.require(Role.SENDER)
        return self._undo_moved(
            *(actor, _LEFT, undo),
            lambda record: self.store.groups.rejoin(actor.workspace_id, *_movement(record)),
        )

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

    def _moved(
        self, actor: Actor, kind: str, group_id: UUID, moved: Moved, *, undoable: bool
    ) -> Done:
        record = orjson.dumps([group_id, moved.ids, moved.first]) if undoable else None
        return done(self.undoables, actor, kind, len(moved.ids), record)

    def _undo_moved(self, actor: Actor, kind: str, undo: str, move: Callable[[bytes], int]) -> int:
        try:
            return undone(self.undoables, actor, kind, undo, move)
        except NotFound as error:
            raise RuleViolation("undo_gone") from error

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
            fields=None if draft.fields is None else _own_fields(draft.fields),
        )


def _movement(record: bytes) -> tuple[UUID, Moved]:
    """The group and the contacts of a record that `_moved` kept."""
    group_id, ids, first = orjson.loads(record)
    return UUID(group_id), Moved(tuple(map(UUID, ids)), tuple(map(UUID, first)))


def _field(text: str) -> str:
    text = " ".join(text.replace("\x00", " ").split())
    if len(text) > LONGEST_FIELD:
        raise RuleViolation("field_too_long", limit=LONGEST_FIELD)
    return text


def _own_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields that are not blank, under the names that they have in braces."""
    kept: dict[str, str] = {}
    for name, given in fields.items():
        key, text = key_of(name), given.replace("\x00", " ").strip()
        if not key or key in KNOWN:
            raise RuleViolation("column_name_invalid", names=name)
        if key in kept:
            raise RuleViolation("fields_twice", names=key)
        if len(text) > LONGEST_OWN:
            raise RuleViolation("field_too_long", limit=LONGEST_OWN)
        if text:
            kept[key] = text
    if len(kept) > MOST:
        raise RuleViolation("fields_many", limit=MOST)
    return kept


def _group_name(name: str) -> str:
    name = _field(name)
    if not name:
        raise RuleViolation("group_blank")
    return name


def _limited(ids: Sequence[UUID]) -> Sequence[UUID]:
    if len(ids) > MOST_AT_ONCE:
        raise RuleViolation("too_many_at_once", limit=MOST_AT_ONCE)
    return ids
