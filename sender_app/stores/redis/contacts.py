"""The address book in Redis: single contacts, and the way to the book's pages."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from sender_app.domain.contact_search import ContactQuery, OnWhatsapp
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.pages import Page
from sender_app.ports.store.contacts import Contact, ContactDraft, Count, Happening
from sender_app.ports.store.removed import Removed
from sender_app.stores.redis import book, contact_index, merging, removing
from sender_app.stores.redis.accounts import wake, workspace_of
from sender_app.stores.redis.contact_rows import (
    by_phone,
    contacts,
    new_row,
    one_contact,
    phones,
    read_contacts,
)
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.groups import ensure
from sender_app.stores.redis.history import history
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, compact, new_key
from sender_app.stores.redis.turns import change_book

_BATCH = 5_000  # changes taken in at a time where all of them are


class RedisContacts:
    """See ports.store.contacts.ContactStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def page(
        self, workspace_id: UUID, query: ContactQuery, cursor: str | None, limit: int
    ) -> Page[Contact]:
        contact_index.refresh(self._database, workspace_id)
        return book.page(self._database.view(), workspace_id, query, cursor, limit)

    def count(self, workspace_id: UUID, query: ContactQuery) -> Count:
        behind = contact_index.refresh(self._database, workspace_id)
        return replace(book.count(self._database.view(), workspace_id, query), behind=behind)

    def follow(self, limit: int) -> int:
        for workspace in self._database.view().names(contact_index.BEHIND):
            if taken := contact_index.catch_up(self._database, workspace, limit):
                return taken
        return 0

    def _catch_up(self, workspace_id: UUID) -> None:
        """Take in all that waits, or wait for whoever is at it: nobody shall be missing."""
        while contact_index.behind(self._database.view(), workspace_id):
            if not contact_index.catch_up(self._database, workspace_id, _BATCH):
                time.sleep(0.05)

    def get(self, workspace_id: UUID, contact_id: UUID) -> Contact:
        return one_contact(self._database.view(), workspace_id, contact_id)

    def find(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Contact]:
        return read_contacts(self._database.view(), workspace_id, ids)

    def create(self, workspace_id: UUID, user_id: str, draft: ContactDraft) -> Contact:
        def work(tx: Transaction) -> Contact:
            row = new_row(new_key(), user_id, tx.now(), source="person")
            return _write(tx, workspace_id, row, draft)

        return change_book(self._database, workspace_id, work)

    def update(self, workspace_id: UUID, contact_id: UUID, draft: ContactDraft) -> Contact:
        def work(tx: Transaction) -> Contact:
            row = tx.row(contacts(workspace_id), contact_id)
            if row is None:
                raise NotFound("contact", contact_id)
            if row["phone"] != draft.phone:
                tx.remove(phones(workspace_id), row["phone"])
                row |= {"whatsapp_status": OnWhatsapp.UNKNOWN, "whatsapp_checked_at": None}
            return _write(tx, workspace_id, row | {"updated_at": tx.now()}, draft)

        return change_book(self._database, workspace_id, work)

    def delete(self, workspace_id: UUID, ids: Sequence[UUID]) -> Removed:
        return change_book(
            self._database, workspace_id, lambda tx: removing.remove(tx, workspace_id, ids)
        )

    def restore(self, workspace_id: UUID, record: bytes) -> int:
        return change_book(
            self._database, workspace_id, lambda tx: removing.bring_back(tx, workspace_id, record)
        )

    def history(self, workspace_id: UUID, contact_id: UUID, limit: int) -> Sequence[Happening]:
        return history(self._database.view(), workspace_id, contact_id, limit)

    def duplicates(self, workspace_id: UUID, limit: int) -> Sequence[Sequence[Contact]]:
        contact_index.refresh(self._database, workspace_id)
        view = self._database.view()
        sets = [
            read_contacts(view, workspace_id, ids)
            for ids in book.duplicates(view, workspace_id, limit)
        ]
        return [found for found in sets if len(found) > 1]

    def merge(self, workspace_id: UUID, kept_id: UUID, other_ids: Sequence[UUID]) -> Contact:
        others = [one for one in dict.fromkeys(other_ids) if one != kept_id]

        def work(tx: Transaction) -> Contact:
            merging.merge(tx, workspace_id, kept_id, others)
            return one_contact(tx, workspace_id, kept_id)

        return change_book(self._database, workspace_id, work)

    def export(
        self, workspace_id: UUID, query: ContactQuery, size: int
    ) -> Iterator[Sequence[Contact]]:
        self._catch_up(workspace_id)
        view = self._database.view()
        everybody = book.everybody(view, workspace_id, query)
        while ids := list(islice(everybody, size)):
            yield read_contacts(view, workspace_id, ids)

    def field_names(self, workspace_id: UUID) -> Sequence[str]:
        pages = self.export(workspace_id, ContactQuery(), _BATCH)
        return sorted({name for page in pages for one in page for name in one.fields})

    def ask_check(self, workspace_id: UUID, account_id: UUID, ids: Sequence[UUID]) -> int:
        def work(tx: Transaction) -> int:
            rows = compact(tx.rows(contacts(workspace_id), dict.fromkeys(ids)))
            asked = {_asked(account_id, row["phone"]) for row in rows}
            new = asked - set(tx.names(_checks(workspace_id), prefix=_asked(account_id, "")))
            tx.add(_checks(workspace_id), *sorted(new))
            if new:
                wake(tx, account_id)
            return len(new)

        return change_book(self._database, workspace_id, work)

    def to_check(self, account_id: UUID, limit: int) -> Sequence[str]:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        prefix = _asked(account_id, "")
        names = view.names(_checks(workspace), prefix=prefix, limit=limit)
        return [name.removeprefix(prefix) for name in names]

    def record_check(
        self, account_id: UUID, asked: Sequence[str], found: Mapping[str, bool], at: datetime
    ) -> None:
        def work(tx: Transaction) -> None:
            workspace = workspace_of(tx, account_id)
            if not workspace:
                return
            tx.take_out(_checks(workspace), *(_asked(account_id, phone) for phone in asked))
            rows = by_phone(tx, workspace, found)
            for phone, row in rows.items():
                status = OnWhatsapp.PRESENT if found[phone] else OnWhatsapp.ABSENT
                said = {"whatsapp_status": status, "whatsapp_checked_at": at}
                tx.put(contacts(workspace), row["id"], row | said)
            contact_index.changed(tx, workspace, [row["id"] for row in rows.values()])

        self._database.transact(work)


def _write(tx: Transaction, workspace_id: UUID, row: Row, draft: ContactDraft) -> Contact:
    """Give a contact what the draft says; it is in exactly the draft's groups then."""
    other = tx.row(phones(workspace_id), draft.phone)
    if other is not None and other["id"] != row["id"]:
        raise RuleViolation("contact_exists")
    groups = ensure(tx, workspace_id, (draft.grupo, *draft.more_groups))
    values = {
        "phone": draft.phone,
        "nombre": draft.nombre,
        "sustantivo": draft.sustantivo,
        "grupo": draft.grupo,
        "groups": list(groups.values()),
        "fields": row["fields"] if draft.fields is None else dict(draft.fields),
    }
    tx.put(contacts(workspace_id), row["id"], row | values)
    tx.put(phones(workspace_id), draft.phone, {"id": row["id"]})
    contact_index.changed(tx, workspace_id, [row["id"]])
    return one_contact(tx, workspace_id, UUID(row["id"]))


def _checks(workspace: UUID | str) -> str:
    return of(workspace, "contacts", "checks")


def _asked(account_id: UUID, phone: str) -> str:
    """A number that an account shall look up, in the index of checks."""
    return f"{account_id}:{phone}"
