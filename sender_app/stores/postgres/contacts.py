"""The address book in Postgres: single contacts, and the way to the book's pages."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson
from psycopg.errors import UniqueViolation

from sender_app.domain.contact_search import ContactQuery, OnWhatsapp
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.pages import Page
from sender_app.ports.store.contacts import Contact, ContactDraft, Count, Happening
from sender_app.ports.store.removed import Removed
from sender_app.stores.postgres import book, contact_index, merging, removing
from sender_app.stores.postgres.accounts import WAKE
from sender_app.stores.postgres.engine import Cursor, Database
from sender_app.stores.postgres.groups import put_into
from sender_app.stores.postgres.history import HISTORY

_BATCH = 5_000  # changes taken in at a time where all of them are
_CREATE = """
INSERT INTO contacts (workspace_id, user_id, phone, nombre, sustantivo, grupo, fields, source)
VALUES (%(workspace)s, %(user)s, %(phone)s, %(nombre)s, %(sustantivo)s, %(grupo)s,
  coalesce(%(fields)s::jsonb, '{}'), 'person')
RETURNING id
"""
_UPDATE = """
UPDATE contacts SET phone = %(phone)s::text, nombre = %(nombre)s, sustantivo = %(sustantivo)s,
  grupo = %(grupo)s, fields = coalesce(%(fields)s::jsonb, fields), updated_at = now(),
  whatsapp_status = CASE WHEN phone = %(phone)s::text THEN whatsapp_status ELSE 'unknown' END,
  whatsapp_checked_at = CASE WHEN phone = %(phone)s::text THEN whatsapp_checked_at END
WHERE id = %(id)s AND workspace_id = %(workspace)s
"""
_DUPLICATES = """
WITH named AS MATERIALIZED (
  SELECT sort_key FROM contact_index
  WHERE workspace_id = %(workspace)s AND sort_key <> '~'
  GROUP BY sort_key HAVING count(*) BETWEEN 2 AND 20 ORDER BY sort_key LIMIT %(limit)s)
SELECT i.sort_key, i.contact_id FROM named JOIN contact_index i USING (sort_key)
WHERE i.workspace_id = %(workspace)s ORDER BY i.sort_key, i.contact_id
"""
_FIELD_NAMES = """
SELECT DISTINCT name FROM contacts, jsonb_object_keys(fields) AS name
WHERE workspace_id = %s AND fields <> '{}'
"""
_ASK_CHECK = """
INSERT INTO whatsapp_checks (account_id, phone)
SELECT %(account)s, phone FROM contacts WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s)
ON CONFLICT (account_id, phone) DO NOTHING
"""
_RECORD_CHECK = """
WITH said AS (
  SELECT * FROM unnest(%(phones)s::text[], %(statuses)s::text[]) AS s(phone, status)),
done AS (
  DELETE FROM whatsapp_checks WHERE account_id = %(account)s AND phone = ANY(%(asked)s))
UPDATE contacts c SET whatsapp_status = s.status, whatsapp_checked_at = %(at)s
FROM said s, accounts a
WHERE a.id = %(account)s AND c.workspace_id = a.workspace_id AND c.phone = s.phone
"""


class PostgresContacts:
    """See ports.store.contacts.ContactStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, workspace_id: UUID, query: ContactQuery, cursor: str | None, limit: int
    ) -> Page[Contact]:
        self._refresh(workspace_id)
        with self._database.transaction() as reader:
            search = book.search_of(reader, workspace_id, query)
            return book.page(reader, workspace_id, query, search, cursor, limit)

    def count(self, workspace_id: UUID, query: ContactQuery) -> Count:
        behind = self._refresh(workspace_id)
        with self._database.transaction() as reader:
            search = book.search_of(reader, workspace_id, query)
            return replace(book.count(reader, workspace_id, query, search), behind=behind)

    def follow(self, limit: int) -> int:
        with self._database.transaction() as cursor:
            row = cursor.execute("SELECT workspace_id FROM changed_contacts LIMIT 1").fetchone()
            return contact_index.catch_up(cursor, row.workspace_id, limit) if row else 0

    def _refresh(self, workspace_id: UUID) -> bool:
        with self._database.transaction() as cursor:
            return contact_index.refresh(cursor, workspace_id)

    def _catch_up(self, workspace_id: UUID) -> None:
        """Take in all that waits, or wait for whoever is at it: nobody shall be missing."""
        waiting = True
        while waiting:
            with self._database.transaction() as cursor:
                taken = contact_index.catch_up(cursor, workspace_id, _BATCH)
                waiting = contact_index.behind(cursor, workspace_id)
            if waiting and not taken:
                time.sleep(0.05)

    def get(self, workspace_id: UUID, contact_id: UUID) -> Contact:
        with self._database.transaction() as cursor:
            return _one(cursor, workspace_id, contact_id)

    def find(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Contact]:
        with self._database.transaction() as cursor:
            return book.read(cursor, workspace_id, ids)

    def create(self, workspace_id: UUID, user_id: str, draft: ContactDraft) -> Contact:
        values = _values(draft) | {"workspace": workspace_id, "user": user_id}
        try:
            with self._database.transaction() as cursor:
                row = cursor.execute(_CREATE, values).fetchone()
                contact_id: UUID = row.id  # type: ignore[union-attr]
                put_into(cursor, workspace_id, contact_id, (draft.grupo, *draft.more_groups))
                return _one(cursor, workspace_id, contact_id)
        except UniqueViolation as error:
            raise RuleViolation("contact_exists") from error

    def update(self, workspace_id: UUID, contact_id: UUID, draft: ContactDraft) -> Contact:
        values = _values(draft) | {"workspace": workspace_id, "id": contact_id}
        try:
            with self._database.transaction() as cursor:
                if cursor.execute(_UPDATE, values).rowcount == 0:
                    raise NotFound("contact", contact_id)
                put_into(cursor, workspace_id, contact_id, (draft.grupo, *draft.more_groups))
                return _one(cursor, workspace_id, contact_id)
        except UniqueViolation as error:
            raise RuleViolation("contact_exists") from error

    def delete(self, workspace_id: UUID, ids: Sequence[UUID]) -> Removed:
        with self._database.transaction() as cursor:
            return removing.remove(cursor, workspace_id, ids)

    def restore(self, workspace_id: UUID, record: bytes) -> int:
        with self._database.transaction() as cursor:
            return removing.bring_back(cursor, workspace_id, record)

    def history(self, workspace_id: UUID, contact_id: UUID, limit: int) -> Sequence[Happening]:
        with self._database.transaction() as cursor:
            _one(cursor, workspace_id, contact_id)
            values = {"workspace": workspace_id, "contact": contact_id, "limit": limit}
            return [Happening(*row) for row in cursor.execute(HISTORY, values).fetchall()]

    def duplicates(self, workspace_id: UUID, limit: int) -> Sequence[Sequence[Contact]]:
        self._refresh(workspace_id)
        with self._database.transaction() as cursor:
            rows = cursor.execute(
                _DUPLICATES, {"workspace": workspace_id, "limit": limit}
            ).fetchall()
            contacts = {
                contact.id: contact
                for contact in book.read(cursor, workspace_id, [row.contact_id for row in rows])
            }
        sets: dict[str, list[Contact]] = {}
        for row in rows:
            if row.contact_id in contacts:
                sets.setdefault(row.sort_key, []).append(contacts[row.contact_id])
        return [found for found in sets.values() if len(found) > 1]

    def merge(self, workspace_id: UUID, kept_id: UUID, other_ids: Sequence[UUID]) -> Contact:
        others = [one for one in dict.fromkeys(other_ids) if one != kept_id]
        with self._database.transaction() as cursor:
            merging.merge(cursor, workspace_id, kept_id, others)
            return _one(cursor, workspace_id, kept_id)

    def export(
        self, workspace_id: UUID, query: ContactQuery, size: int
    ) -> Iterator[Sequence[Contact]]:
        self._catch_up(workspace_id)
        cursor = None
        while True:
            page = self.page(workspace_id, query, cursor, size)
            if page.rows:
                yield page.rows
            if (cursor := page.next) is None:
                return

    def field_names(self, workspace_id: UUID) -> Sequence[str]:
        with self._database.transaction() as cursor:
            cursor.execute(_FIELD_NAMES, (workspace_id,))
            return sorted(row.name for row in cursor)

    def ask_check(self, workspace_id: UUID, account_id: UUID, ids: Sequence[UUID]) -> int:
        values = {"workspace": workspace_id, "account": account_id, "ids": list(ids)}
        with self._database.transaction() as cursor:
            count = cursor.execute(_ASK_CHECK, values).rowcount
            if count:
                cursor.execute(WAKE, (account_id,))
            return count

    def to_check(self, account_id: UUID, limit: int) -> Sequence[str]:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT phone FROM whatsapp_checks WHERE account_id = %s ORDER BY phone LIMIT %s",
                (account_id, limit),
            )
            return [row.phone for row in cursor]

    def record_check(
        self, account_id: UUID, asked: Sequence[str], found: Mapping[str, bool], at: datetime
    ) -> None:
        statuses = [OnWhatsapp.PRESENT if here else OnWhatsapp.ABSENT for here in found.values()]
        with self._database.transaction() as cursor:
            cursor.execute(
                _RECORD_CHECK,
                {
                    "account": account_id,
                    "asked": list(asked),
                    "phones": list(found),
                    "statuses": [status.value for status in statuses],
                    "at": at,
                },
            )


def _one(cursor: Cursor, workspace_id: UUID, contact_id: UUID) -> Contact:
    found = book.read(cursor, workspace_id, [contact_id])
    if not found:
        raise NotFound("contact", contact_id)
    return found[0]


def _values(draft: ContactDraft) -> dict[str, object]:
    return {
        "phone": draft.phone,
        "nombre": draft.nombre,
        "sustantivo": draft.sustantivo,
        "grupo": draft.grupo,
        "fields": None if draft.fields is None else orjson.dumps(draft.fields).decode(),
    }
