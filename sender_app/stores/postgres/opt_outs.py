"""The opt-out list in Postgres."""

from collections.abc import Sequence
from uuid import UUID

from sender_app.ports.pages import Page
from sender_app.ports.store.opt_outs import OptOut
from sender_app.ports.store.removed import Removed
from sender_app.stores.cursors import time_cursor, time_place
from sender_app.stores.postgres.engine import Database

_PAGE = """
SELECT o.phone, o.source, o.text, o.created_at, coalesce(c.nombre, '') AS nombre
FROM opt_outs o LEFT JOIN contacts c ON c.workspace_id = o.workspace_id AND c.phone = o.phone
WHERE o.workspace_id = %(workspace)s
  AND (%(at)s::timestamptz IS NULL OR (o.created_at, o.phone) < (%(at)s, %(phone)s))
  AND (%(search)s = '' OR o.phone LIKE '%%' || %(search)s || '%%')
ORDER BY o.created_at DESC, o.phone DESC LIMIT %(limit)s
"""
_ADD = """
INSERT INTO opt_outs (workspace_id, phone, source, text)
SELECT %(workspace)s, phone, %(source)s, %(text)s FROM unnest(%(phones)s::text[]) AS p(phone)
ON CONFLICT (workspace_id, phone) DO NOTHING
"""
_REMOVE = """
DELETE FROM opt_outs o WHERE workspace_id = %s AND phone = ANY(%s)
RETURNING to_jsonb(o)::text AS record
"""
_RESTORE = """
INSERT INTO opt_outs SELECT * FROM jsonb_populate_recordset(NULL::opt_outs, %s::jsonb) o
WHERE o.workspace_id = %s ON CONFLICT (workspace_id, phone) DO NOTHING
"""


class PostgresOptOuts:
    """See ports.store.opt_outs.OptOutStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, workspace_id: UUID, search: str, cursor: str | None, limit: int) -> Page[OptOut]:
        at, phone = time_place(cursor)
        with self._database.transaction() as reader:
            reader.execute(
                _PAGE,
                {
                    "workspace": workspace_id,
                    "at": at,
                    "phone": phone,
                    "search": "".join(mark for mark in search if mark.isdecimal()),
                    "limit": limit + 1,
                },
            )
            rows = [OptOut(*row) for row in reader]
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            rows[:limit],
            time_cursor(last.created_at, last.phone) if last else None,
        )

    def count(self, workspace_id: UUID) -> int:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                "SELECT count(*) AS n FROM opt_outs WHERE workspace_id = %s", (workspace_id,)
            ).fetchone()
            return row.n if row else 0

    def add(self, workspace_id: UUID, phones: Sequence[str], source: str, text: str) -> int:
        values = {
            "workspace": workspace_id,
            "phones": list(dict.fromkeys(phones)),
            "source": source,
            "text": text,
        }
        with self._database.transaction() as cursor:
            return cursor.execute(_ADD, values).rowcount

    def remove(self, workspace_id: UUID, phones: Sequence[str]) -> Removed:
        with self._database.transaction() as cursor:
            gone = cursor.execute(_REMOVE, (workspace_id, list(phones))).fetchall()
            return Removed(len(gone), f"[{','.join(row.record for row in gone)}]".encode())

    def restore(self, workspace_id: UUID, record: bytes) -> int:
        with self._database.transaction() as cursor:
            return cursor.execute(_RESTORE, (record.decode(), workspace_id)).rowcount

    def answers_due(self, account_id: UUID, limit: int) -> Sequence[str]:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT phone FROM opt_outs WHERE answer_due = %s ORDER BY created_at LIMIT %s",
                (account_id, limit),
            )
            return [row.phone for row in cursor]
