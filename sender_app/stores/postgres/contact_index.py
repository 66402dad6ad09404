"""The index behind the book: how contacts are found and sorted, made after the fact.

Triggers note every changed contact in `contact_changes`; `catch_up` takes notes in and rewrites
those contacts' rows of the index and of their first group. An import thus pays for one note a
contact and not for five indexes; see docs/adr/0009.
"""

from uuid import UUID

from sender_app.stores.postgres.engine import Cursor

_FRESH = 1_000  # changes that a reader takes in by itself; a larger import is the worker's work
# One indexer a workspace, or an older reading of a contact might overwrite a newer one.
_ALONE = "SELECT pg_try_advisory_xact_lock(1129270867, hashtext(%(workspace)s::text)) AS alone"
_TAKE = """
WITH taken AS (
  DELETE FROM contact_changes WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM contact_changes WHERE workspace_id = %(workspace)s LIMIT %(limit)s))
  RETURNING contact_id)
SELECT DISTINCT contact_id FROM taken
"""
# Held until the commit, so that none of them is deleted while its row of the index is written.
_HOLD = "SELECT id FROM contacts WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE"
_NEW_GROUPS = """
INSERT INTO groups (workspace_id, name)
SELECT DISTINCT workspace_id, grupo FROM contacts WHERE id = ANY(%(ids)s) AND grupo <> ''
ON CONFLICT (workspace_id, name) DO NOTHING
"""
_LEAVE_FIRST_GROUPS = """
DELETE FROM contact_groups m USING contacts c, groups g
WHERE m.contact_id = ANY(%(ids)s) AND m.is_first AND c.id = m.contact_id AND g.id = m.group_id
  AND g.name <> c.grupo
"""
_JOIN_FIRST_GROUPS = """
INSERT INTO contact_groups AS m (group_id, contact_id, is_first)
SELECT g.id, c.id, true FROM contacts c
JOIN groups g ON g.workspace_id = c.workspace_id AND g.name = c.grupo
WHERE c.id = ANY(%(ids)s) FOR KEY SHARE OF g
ON CONFLICT (group_id, contact_id) DO UPDATE SET is_first = true WHERE NOT m.is_first
"""
# A word is kept as the workspace's tag, a mark for what it is, and the text: one index serves all
# workspaces, and no search reads another's words. Marks: ^ first word of the name, _ any other,
# # the phone from its end, = a fact to filter by. (OFFSET 0: worked out once, not at each use.)
_INDEX = """
INSERT INTO contact_index AS i
  (contact_id, workspace_id, sort_key, phone, grupo, opted_out, whatsapp_status, words)
SELECT c.id, c.workspace_id, CASE WHEN c.nombre = '' THEN '~' ELSE k.name END, c.phone,
  CASE WHEN c.grupo = '' THEN '~' ELSE contact_key(c.grupo) END, f.opted_out, c.whatsapp_status,
  array_to_tsvector(ARRAY(SELECT DISTINCT %(tag)s || word FROM unnest(
    CASE WHEN cardinality(k.words) > 0 THEN ARRAY['^' || left(k.words[1], 60)] END
    || ARRAY(SELECT '_' || left(w, 60) FROM unnest(k.words[2:] || g.words) w)
    || g.ids || ('#' || reverse(c.phone)) || ('=' || c.whatsapp_status)
    || CASE WHEN f.opted_out THEN ARRAY['=out'] END) word))
FROM contacts c
CROSS JOIN LATERAL (SELECT contact_key(c.nombre) AS name OFFSET 0) n
CROSS JOIN LATERAL (SELECT n.name, contact_words(n.name) AS words OFFSET 0) k
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM opt_outs o
  WHERE o.workspace_id = c.workspace_id AND o.phone = c.phone) AS opted_out) f
CROSS JOIN LATERAL (SELECT coalesce(array_agg('=' || g.id), '{}') AS ids,
    coalesce(contact_words(contact_key(string_agg(g.name, ' '))), '{}') AS words
  FROM contact_groups m JOIN groups g ON g.id = m.group_id WHERE m.contact_id = c.id OFFSET 0) g
WHERE c.id = ANY(%(ids)s)
ON CONFLICT (contact_id) DO UPDATE SET
  sort_key = EXCLUDED.sort_key, phone = EXCLUDED.phone, grupo = EXCLUDED.grupo,
  opted_out = EXCLUDED.opted_out, whatsapp_status = EXCLUDED.whatsapp_status,
  words = EXCLUDED.words
WHERE (i.sort_key, i.phone, i.grupo, i.opted_out, i.whatsapp_status, i.words) IS DISTINCT FROM
  (EXCLUDED.sort_key, EXCLUDED.phone, EXCLUDED.grupo, EXCLUDED.opted_out,
   EXCLUDED.whatsapp_status, EXCLUDED.words)
"""
_SORT_MEMBERS = """
UPDATE contact_groups m SET sort_key = i.sort_key FROM contact_index i
WHERE m.contact_id = ANY(%(ids)s) AND i.contact_id = m.contact_id AND m.sort_key <> i.sort_key
"""
NOTE = """
INSERT INTO contact_changes (workspace_id, contact_id) SELECT workspace_id, id FROM contacts
WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s)
"""


def tag_of(workspace_id: UUID) -> str:
    """What the workspace's words begin with; two with the same tag only cost each other time."""
    return workspace_id.hex[-6:]


def catch_up(cursor: Cursor, workspace_id: UUID, limit: int) -> int:
    """Index up to `limit` noted contacts; how many notes were there, 0 also while another does."""
    scope: dict[str, object] = {"workspace": workspace_id, "limit": limit}
    alone = cursor.execute(_ALONE, scope).fetchone()
    if alone is None or not alone.alone:
        return 0
    ids = [row.contact_id for row in cursor.execute(_TAKE, scope).fetchall()]
    if not ids:
        return 0
    there = [row.id for row in cursor.execute(_HOLD, {"ids": ids}).fetchall()]
    values = {"ids": there, "tag": tag_of(workspace_id)}
    for statement in (_NEW_GROUPS, _LEAVE_FIRST_GROUPS, _JOIN_FIRST_GROUPS, _INDEX, _SORT_MEMBERS):
        cursor.execute(statement, values)
    return len(ids)


def refresh(cursor: Cursor, workspace_id: UUID) -> None:
    """What somebody just changed shall be seen at once."""
    if behind(cursor, workspace_id, 1):
        catch_up(cursor, workspace_id, _FRESH)


def behind(cursor: Cursor, workspace_id: UUID, most: int) -> int:
    """How many notes wait, counted up to `most`."""
    row = cursor.execute(
        "SELECT count(*) AS n FROM (SELECT FROM contact_changes WHERE workspace_id = %s LIMIT %s)",
        (workspace_id, most),
    ).fetchone()
    return row.n if row else 0
