"""Groups of contacts in Postgres. The first group of a contact is also in `contacts.grupo`."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.errors import UniqueViolation

from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.store.groups import Group, Moved
from sender_app.stores.postgres.contact_index import NOTE
from sender_app.stores.postgres.engine import Cursor, Database

_ENSURE = """
INSERT INTO groups (workspace_id, name) SELECT %(workspace)s, unnest(%(names)s::text[])
ON CONFLICT (workspace_id, name) DO NOTHING
"""
_NAMED = "SELECT id, name FROM groups WHERE workspace_id = %(workspace)s AND name = ANY(%(names)s)"
_LEAVE_OTHERS = """
DELETE FROM contact_groups m USING groups g
WHERE m.contact_id = %(id)s AND g.id = m.group_id AND NOT g.name = ANY(%(names)s)
"""
_JOIN = """
INSERT INTO contact_groups AS m (group_id, contact_id, is_first)
SELECT g.id, %(id)s, g.name = %(first)s FROM groups g
WHERE g.workspace_id = %(workspace)s AND g.name = ANY(%(names)s)
ON CONFLICT (group_id, contact_id) DO UPDATE SET is_first = EXCLUDED.is_first
WHERE m.is_first <> EXCLUDED.is_first
"""
# Whoever has no group yet gets it as the first one, in the column that the pie counts.
_ADD_FIRST = """
UPDATE contacts SET grupo = %(name)s, updated_at = now()
WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s) AND grupo = '' RETURNING id
"""
_ADD = """
INSERT INTO contact_groups (group_id, contact_id, is_first)
SELECT %(group)s, id, grupo = %(name)s FROM contacts
WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s)
ON CONFLICT (group_id, contact_id) DO NOTHING RETURNING contact_id
"""
_REMOVE = """
DELETE FROM contact_groups m USING contacts c
WHERE m.group_id = %(group)s AND m.contact_id = ANY(%(ids)s)
  AND c.id = m.contact_id AND c.workspace_id = %(workspace)s
RETURNING c.id, c.grupo = %(name)s AS was_first
"""
# The membership that took its place is an ordinary one again, or the book would end it.
_FIRST_AGAIN = (
    """
    UPDATE contact_groups m SET is_first = false FROM contacts c
    WHERE c.id = m.contact_id AND c.workspace_id = %(workspace)s AND c.id = ANY(%(first)s)
      AND m.is_first
    """,
    """
    UPDATE contacts SET grupo = %(name)s, updated_at = now()
    WHERE workspace_id = %(workspace)s AND id = ANY(%(first)s)
    """,
)
_DROP_EMPTY = """
DELETE FROM groups g WHERE id = %(group)s AND workspace_id = %(workspace)s
  AND NOT EXISTS (SELECT FROM contact_groups m WHERE m.group_id = g.id)
"""
_NEXT_FIRST = """
UPDATE contacts c SET updated_at = now(), grupo = coalesce((SELECT min(g.name)
  FROM contact_groups m JOIN groups g ON g.id = m.group_id WHERE m.contact_id = c.id), '')
WHERE c.workspace_id = %(workspace)s AND c.grupo = %(name)s AND {which}
"""
_RENAME_FIRST = """
UPDATE contacts SET grupo = %(new)s, updated_at = now()
WHERE workspace_id = %(workspace)s AND grupo = %(name)s
"""
_NOTE_MEMBERS = """
INSERT INTO changed_contacts (workspace_id, contact_ids)
SELECT %(workspace)s, array_agg(contact_id) FROM (
  SELECT contact_id, (row_number() OVER () - 1) / 1000 AS part FROM contact_groups
  WHERE group_id = %(group)s) AS m GROUP BY part
"""


class PostgresGroups:
    """See ports.store.groups.GroupStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> Sequence[Group]:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT id, name FROM groups WHERE workspace_id = %s"
                " ORDER BY contact_key(name), id",
                (workspace_id,),
            )
            return [Group(row.id, row.name) for row in cursor]

    def ensure(self, workspace_id: UUID, name: str) -> Group:
        values = {"workspace": workspace_id, "names": [name]}
        with self._database.transaction() as cursor:
            cursor.execute(_ENSURE, values)
            row = cursor.execute(_NAMED, values).fetchone()
            return Group(row.id, row.name)  # type: ignore[union-attr]

    def rename(self, workspace_id: UUID, group_id: UUID, name: str) -> None:
        try:
            with self._database.transaction() as cursor:
                values = _scope(cursor, workspace_id, group_id) | {"new": name}
                cursor.execute("UPDATE groups SET name = %(new)s WHERE id = %(group)s", values)
                cursor.execute(_RENAME_FIRST, values)
                cursor.execute(_NOTE_MEMBERS, values)
        except UniqueViolation as error:
            raise RuleViolation("group_exists", name=name) from error

    def delete(self, workspace_id: UUID, group_id: UUID) -> None:
        with self._database.transaction() as cursor:
            values = _scope(cursor, workspace_id, group_id)
            cursor.execute(_NOTE_MEMBERS, values)
            cursor.execute("DELETE FROM groups WHERE id = %(group)s", values)
            cursor.execute(_NEXT_FIRST.format(which="true"), values)

    def add(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> Moved:
        with self._database.transaction() as cursor:
            values = _scope(cursor, workspace_id, group_id) | {"ids": list(ids)}
            first = cursor.execute(_ADD_FIRST, values).fetchall()
            added = cursor.execute(_ADD, values).fetchall()
            cursor.execute(NOTE, values)
            return Moved(tuple(row.contact_id for row in added), tuple(row.id for row in first))

    def remove(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> Moved:
        with self._database.transaction() as cursor:
            values = _scope(cursor, workspace_id, group_id) | {"ids": list(ids)}
            gone = cursor.execute(_REMOVE, values).fetchall()
            cursor.execute(_NEXT_FIRST.format(which="c.id = ANY(%(ids)s)"), values)
            cursor.execute(NOTE, values)
            first = tuple(row.id for row in gone if row.was_first)
            return Moved(tuple(row.id for row in gone), first)

    def rejoin(self, workspace_id: UUID, group_id: UUID, left: Moved) -> int:
        with self._database.transaction() as cursor:
            values = _scope(cursor, workspace_id, group_id)
            values |= {"ids": list(left.ids), "first": list(left.first)}
            for statement in _FIRST_AGAIN:
                cursor.execute(statement, values)
            cursor.execute(_ADD_FIRST, values)
            back = cursor.execute(_ADD, values).rowcount
            cursor.execute(NOTE, values)
            return back

    def drop_empty(self, workspace_id: UUID, group_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(_DROP_EMPTY, {"workspace": workspace_id, "group": group_id})


def put_into(cursor: Cursor, workspace_id: UUID, contact_id: UUID, names: Sequence[str]) -> None:
    """Have the contact in exactly the groups `names`; the first of them is its first."""
    values: dict[str, object] = {
        "workspace": workspace_id,
        "id": contact_id,
        "ids": [contact_id],
        "first": names[0] if names else "",
        "names": [name for name in dict.fromkeys(names) if name],
    }
    cursor.execute(_ENSURE, values)
    cursor.execute(_LEAVE_OTHERS, values)
    cursor.execute(_JOIN, values)
    cursor.execute(NOTE, values)


def _scope(cursor: Cursor, workspace_id: UUID, group_id: UUID) -> dict[str, object]:
    row = cursor.execute(
        "SELECT name FROM groups WHERE id = %s AND workspace_id = %s FOR UPDATE",
        (group_id, workspace_id),
    ).fetchone()
    if row is None:
        raise NotFound("group", group_id)
    return {"workspace": workspace_id, "group": group_id, "name": row.name}
