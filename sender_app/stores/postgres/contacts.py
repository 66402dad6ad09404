"""The address book in Postgres."""

from uuid import UUID

from sender_app.ports.store import Contact, Page
from sender_app.stores.postgres.engine import Database, like

_PAGE = """
SELECT id, phone, nombre, sustantivo, grupo, source, created_at, updated_at FROM contacts
WHERE workspace_id = %(workspace)s
  AND (%(after_id)s::uuid IS NULL OR (lower(nombre), id) > (%(after_name)s, %(after_id)s))
  AND (%(search)s = '' OR nombre ILIKE %(like)s OR phone LIKE %(like)s OR grupo ILIKE %(like)s)
ORDER BY lower(nombre), id LIMIT %(limit)s
"""


class PostgresContacts:
    """See ports.store.ContactStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, workspace_id: UUID, search: str, cursor: str | None, limit: int
    ) -> Page[Contact]:
        after_id, _, after_name = (cursor or "").partition(":")
        with self._database.transaction() as reader:
            reader.execute(
                _PAGE,
                {
                    "workspace": workspace_id,
                    "after_id": UUID(after_id) if after_id else None,
                    "after_name": after_name,
                    "search": search.strip(),
                    "like": like(search),
                    "limit": limit + 1,
                },
            )
            rows = [Contact(*row) for row in reader]
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(rows[:limit], f"{last.id}:{last.nombre.lower()}" if last else None)

    def count(self, workspace_id: UUID) -> int:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                "SELECT count(*) AS n FROM contacts WHERE workspace_id = %s", (workspace_id,)
            ).fetchone()
            return row.n if row else 0
