"""Making one contact of several, so that nothing of their history is lost."""

from collections.abc import Sequence
from uuid import UUID

from sender_app.domain.errors import NotFound
from sender_app.stores.postgres.engine import Cursor
from sender_app.stores.postgres.rollups import count_again, forget

_LOCK = """
SELECT id FROM contacts WHERE workspace_id = %(workspace)s AND id = ANY(%(all)s)
ORDER BY id FOR UPDATE
"""
_FOLLOW = (
    "UPDATE campaign_recipients SET contact_id = %(kept)s WHERE contact_id = ANY(%(others)s)",
    """
    UPDATE replies p SET contact_id = %(kept)s FROM accounts a
    WHERE a.workspace_id = %(workspace)s AND p.account_id = a.id
      AND p.phone IN (SELECT phone FROM contacts WHERE id = ANY(%(others)s))
    """,
    count_again(
        "%(kept)s::uuid",
        "SELECT * FROM contact_stats WHERE contact_id = ANY(%(others)s)",
        "SELECT * FROM contact_shares WHERE contact_id = ANY(%(others)s)",
    ),
    """
    INSERT INTO contact_groups (group_id, contact_id)
    SELECT DISTINCT group_id, %(kept)s::uuid FROM contact_groups WHERE contact_id = ANY(%(others)s)
    ON CONFLICT (group_id, contact_id) DO NOTHING
    """,
    """
    INSERT INTO opt_outs (workspace_id, phone, source, text)
    SELECT c.workspace_id, k.phone, o.source, o.text FROM contacts c
    JOIN opt_outs o ON o.workspace_id = c.workspace_id AND o.phone = c.phone
    JOIN contacts k ON k.id = %(kept)s WHERE c.id = ANY(%(others)s)
    ON CONFLICT (workspace_id, phone) DO NOTHING
    """,
    """
    UPDATE contacts k SET updated_at = now(),
      nombre = coalesce(nullif(k.nombre, ''), o.nombre, ''),
      sustantivo = coalesce(nullif(k.sustantivo, ''), o.sustantivo, ''),
      grupo = coalesce(nullif(k.grupo, ''), o.grupo, ''),
      fields = coalesce((SELECT jsonb_object_agg(f.key, f.value)
        FROM contacts c, jsonb_each(c.fields) f WHERE c.id = ANY(%(others)s)), '{}') || k.fields
    FROM (SELECT min(nullif(nombre, '')) AS nombre, min(nullif(sustantivo, '')) AS sustantivo,
        min(nullif(grupo, '')) AS grupo FROM contacts WHERE id = ANY(%(others)s)) o
    WHERE k.id = %(kept)s
    """,
    "DELETE FROM contacts WHERE id = ANY(%(others)s)",
)


def merge(cursor: Cursor, workspace_id: UUID, kept: UUID, others: Sequence[UUID]) -> None:
    """See ports.store.contacts.ContactStore.merge."""
    everybody = [kept, *others]
    values = {"workspace": workspace_id, "kept": kept, "others": list(others), "all": everybody}
    found = cursor.execute(_LOCK, values).fetchall()
    if len(found) < len(everybody):
        raise NotFound("contact", kept)
    for statement in _FOLLOW:
        cursor.execute(statement, values)
    forget(cursor, others)
