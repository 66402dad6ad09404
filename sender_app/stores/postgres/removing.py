"""Contacts that are forgotten, and come back as they were when somebody thinks better of it."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from sender_app.ports.store.removed import Removed
from sender_app.stores.postgres.engine import Cursor, only
from sender_app.stores.postgres.rollups import EVERY_ACCOUNT, count_again

_LOCK = """
SELECT id FROM contacts WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s)
ORDER BY id FOR UPDATE
"""
# What was counted for each goes with them; whoever else points to them is made to let go by keys
# and triggers when they are deleted.
_RECORD = """
WITH stats AS (DELETE FROM contact_stats WHERE contact_id = ANY(%(ids)s) RETURNING *),
years AS (DELETE FROM contact_years WHERE contact_id = ANY(%(ids)s)),
shares AS (DELETE FROM contact_shares WHERE contact_id = ANY(%(ids)s) RETURNING *)
SELECT jsonb_build_object(
  'contacts', (SELECT jsonb_agg(c) FROM contacts c WHERE c.id = ANY(%(ids)s)),
  'groups', (SELECT jsonb_agg(m) FROM contact_groups m WHERE m.contact_id = ANY(%(ids)s)),
  'recipients', (SELECT jsonb_agg(jsonb_build_object(
      'campaign_id', campaign_id, 'id', id, 'contact_id', contact_id))
    FROM campaign_recipients WHERE contact_id = ANY(%(ids)s)),
  'replies', (SELECT jsonb_agg(jsonb_build_object('id', id, 'contact_id', contact_id))
    FROM replies WHERE contact_id = ANY(%(ids)s)),
  'stats', (SELECT jsonb_agg(s) FROM stats s),
  'shares', (SELECT jsonb_agg(s) FROM shares s))::text AS record
"""
_RETURN = """
INSERT INTO contacts
SELECT * FROM jsonb_populate_recordset(NULL::contacts, %(record)s::jsonb->'contacts') c
WHERE c.workspace_id = %(workspace)s
ON CONFLICT DO NOTHING RETURNING id
"""
# A group that is gone meanwhile stays gone; one that was renamed is the first one by its new name.
_FOLLOW = (
    """
    INSERT INTO contact_groups
    SELECT m.* FROM jsonb_populate_recordset(NULL::contact_groups, %(record)s::jsonb->'groups') m
    JOIN groups g ON g.id = m.group_id AND g.workspace_id = %(workspace)s
    WHERE m.contact_id = ANY(%(ids)s)
    ON CONFLICT DO NOTHING
    """,
    """
    UPDATE contacts c SET grupo = coalesce(
      (SELECT g.name FROM contact_groups o JOIN groups g ON g.id = o.group_id
        WHERE o.contact_id = c.id ORDER BY o.is_first DESC, g.name LIMIT 1), '')
    FROM jsonb_populate_recordset(NULL::contact_groups, %(record)s::jsonb->'groups') m
    LEFT JOIN groups g ON g.id = m.group_id
    WHERE m.is_first AND m.contact_id = c.id AND c.id = ANY(%(ids)s)
      AND g.name IS DISTINCT FROM c.grupo
    """,
    """
    UPDATE campaign_recipients r SET contact_id = k.contact_id
    FROM jsonb_populate_recordset(
      NULL::campaign_recipients, %(record)s::jsonb->'recipients') k
    WHERE r.campaign_id = k.campaign_id AND r.id = k.id AND r.contact_id IS NULL
      AND k.contact_id = ANY(%(ids)s)
    """,
    """
    UPDATE replies p SET contact_id = k.contact_id
    FROM jsonb_populate_recordset(NULL::replies, %(record)s::jsonb->'replies') k
    WHERE p.id = k.id AND p.contact_id IS NULL AND k.contact_id = ANY(%(ids)s)
    """,
    # (The version before named no account in `stats`, and all of them in `tops`.)
    count_again(
        "contact_id",
        f"""
        SELECT workspace_id, contact_id, month, sent, errors,
          coalesce(account_id, '{EVERY_ACCOUNT}') AS account_id
        FROM jsonb_populate_recordset(NULL::contact_stats, %(record)s::jsonb->'stats')
        WHERE contact_id = ANY(%(ids)s)""",
        """
        SELECT * FROM jsonb_populate_recordset(NULL::contact_shares,
          coalesce(%(record)s::jsonb->'shares', %(record)s::jsonb->'tops'))""",
    ),
)


def remove(cursor: Cursor, workspace_id: UUID, ids: Sequence[UUID]) -> Removed:
    """See ports.store.ContactStore.delete."""
    found = cursor.execute(_LOCK, {"workspace": workspace_id, "ids": list(ids)}).fetchall()
    there = {"ids": [row.id for row in found]}
    record = only(cursor.execute(_RECORD, there)).record
    cursor.execute("DELETE FROM contacts WHERE id = ANY(%(ids)s)", there)
    return Removed(len(found), record.encode())


def bring_back(cursor: Cursor, workspace_id: UUID, record: bytes) -> int:
    """See ports.store.ContactStore.restore."""
    kept = {name: rows or [] for name, rows in orjson.loads(record).items()}
    values: dict[str, object] = {"workspace": workspace_id, "record": orjson.dumps(kept).decode()}
    back = [row.id for row in cursor.execute(_RETURN, values).fetchall()]
    for statement in _FOLLOW:
        cursor.execute(statement, values | {"ids": back})
    return len(back)
