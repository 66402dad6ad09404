"""The index behind the book: how contacts are found and sorted, made after the fact.

Triggers note changed contacts in `changed_contacts`, up to a thousand in a row; `catch_up` takes
notes in and rewrites those contacts' rows of the index and of their first group. An import thus
pays for a note and not for five indexes; see docs/adr/0009.
"""

from uuid import UUID

from sender_app.stores.postgres.engine import Cursor, only

_FRESH = 1_000  # changes that a reader takes in by itself; a larger import is the worker's work
# One indexer a workspace, or an older reading of a contact might overwrite a newer one.
_ALONE = "SELECT pg_try_advisory_xact_lock(1129270867, hashtext(%(workspace)s::text)) AS alone"
# Ids go back and forth as the text that Postgres has for an array: reading thousands of them into
# Python and writing them out again for each statement is a quarter of the work.
_TAKE = """
WITH waiting AS (
  SELECT ctid, sum(cardinality(contact_ids)) OVER (ORDER BY ctid) - cardinality(contact_ids)
    AS before
  FROM (SELECT ctid, contact_ids FROM changed_contacts
    WHERE workspace_id = %(workspace)s LIMIT %(limit)s)),
taken AS (
  DELETE FROM changed_contacts
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM waiting WHERE before < %(limit)s))
  RETURNING contact_ids)
SELECT array_agg(DISTINCT contact_id)::text AS ids, count(DISTINCT contact_id)::int AS n
FROM taken, unnest(contact_ids) AS contact_id
"""
# Held until the commit, so that none of them is deleted while its row of the index is written.
_HOLD = """
SELECT array_agg(id)::text AS ids FROM (
  SELECT id FROM contacts WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR KEY SHARE) AS held
"""
_NEW_GROUPS = """
INSERT INTO groups (workspace_id, name)
SELECT DISTINCT workspace_id, grupo FROM contacts WHERE id = ANY(%(ids)s::uuid[]) AND grupo <> ''
ON CONFLICT (workspace_id, name) DO NOTHING
"""
_LEAVE_FIRST_GROUPS = """
DELETE FROM contact_groups m USING contacts c, groups g
WHERE m.contact_id = ANY(%(ids)s::uuid[]) AND m.is_first AND c.id = m.contact_id
  AND g.id = m.group_id AND g.name <> c.grupo
"""
# How a contact is sorted: by the key of its name, whoever has none after all others.
_SORT_KEY = "CASE WHEN c.nombre = '' THEN '~' ELSE {key} END"
_JOIN_FIRST_GROUPS = f"""
INSERT INTO contact_groups AS m (group_id, contact_id, is_first, sort_key)
SELECT g.id, c.id, true, {_SORT_KEY.format(key="contact_key(c.nombre)")}
FROM contacts c
JOIN groups g ON g.workspace_id = c.workspace_id AND g.name = c.grupo
WHERE c.id = ANY(%(ids)s::uuid[]) FOR KEY SHARE OF g
ON CONFLICT (group_id, contact_id) DO UPDATE SET is_first = true WHERE NOT m.is_first
"""
# A word is kept as the workspace's tag, a mark for what it is, and the text: one index serves all
# workspaces, and no search reads another's words. Marks: ^ first word of the name, _ any other,
# # the phone from its end, = a fact to filter by. (OFFSET 0: worked out once, not at each use.)
_INDEX = f"""
WITH sets AS MATERIALIZED (
  SELECT g.id, contact_key(g.name) AS key FROM groups g WHERE g.id IN (
    SELECT m.group_id FROM contact_groups m WHERE m.contact_id = ANY(%(ids)s::uuid[]))),
member AS MATERIALIZED (
  SELECT m.contact_id, array_agg('=' || s.id) AS ids, string_agg(s.key, ' ') AS names
  FROM contact_groups m JOIN sets s ON s.id = m.group_id WHERE m.contact_id = ANY(%(ids)s::uuid[])
  GROUP BY m.contact_id)
INSERT INTO contact_index AS i
  (contact_id, workspace_id, sort_key, phone, grupo, opted_out, whatsapp_status, words)
SELECT c.id, c.workspace_id, {_SORT_KEY.format(key="k.name")}, c.phone,
  CASE WHEN c.grupo = '' THEN '~' ELSE contact_key(c.grupo) END, f.opted_out, c.whatsapp_status,
  array_to_tsvector(ARRAY(SELECT %(tag)s || word FROM unnest(
    CASE WHEN cardinality(k.words) > 0 THEN ARRAY['^' || left(k.words[1], 60)] END
    || ARRAY(SELECT '_' || left(w, 60) FROM unnest(k.words[2:] || contact_words(g.names)) w)
    || g.ids || ('#' || reverse(c.phone)) || ('=' || c.whatsapp_status)
    || CASE WHEN f.opted_out THEN ARRAY['=out'] END) word))
FROM contacts c
CROSS JOIN LATERAL (SELECT contact_key(c.nombre) AS name OFFSET 0) n
CROSS JOIN LATERAL (SELECT n.name, contact_words(n.name) AS words OFFSET 0) k
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM opt_outs o
  WHERE o.workspace_id = c.workspace_id AND o.phone = c.phone) AS opted_out OFFSET 0) f
LEFT JOIN member g ON g.contact_id = c.id
WHERE c.id = ANY(%(ids)s::uuid[])
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
WHERE m.contact_id = ANY(%(ids)s::uuid[]) AND i.contact_id = m.contact_id
  AND m.sort_key <> i.sort_key
"""
NOTE = """
INSERT INTO changed_contacts (workspace_id, contact_ids)
SELECT workspace_id, array_agg(id) FROM contacts
WHERE workspace_id = %(workspace)s AND id = ANY(%(ids)s) GROUP BY workspace_id
"""


def tag_of(workspace_id: UUID) -> str:
    """What the workspace's words begin with; two with the same tag only cost each other time."""
    return workspace_id.hex[-6:]


def catch_up(cursor: Cursor, workspace_id: UUID, limit: int) -> int:
    """Index noted contacts until there are `limit`; how many they were, 0 also while another does.

    What is noted together is taken together, so there may be up to 999 more.
    """
    scope: dict[str, object] = {"workspace": workspace_id, "limit": limit}
    alone = cursor.execute(_ALONE, scope).fetchone()
    if alone is None or not alone.alone:
        return 0
    taken = only(cursor.execute(_TAKE, scope))
    if not taken.n:
        return 0
    held = only(cursor.execute(_HOLD, {"ids": taken.ids}))
    values = {"ids": held.ids or "{}", "tag": tag_of(workspace_id)}
    for statement in (_NEW_GROUPS, _LEAVE_FIRST_GROUPS, _JOIN_FIRST_GROUPS, _INDEX, _SORT_MEMBERS):
        cursor.execute(statement, values)
    return taken.n


def refresh(cursor: Cursor, workspace_id: UUID) -> bool:
    """What somebody just changed shall be seen at once; whether there is more that waits."""
    if not behind(cursor, workspace_id):
        return False
    catch_up(cursor, workspace_id, _FRESH)
    return behind(cursor, workspace_id)


def behind(cursor: Cursor, workspace_id: UUID) -> bool:
    """Whether contacts wait to be indexed."""
    query = "SELECT EXISTS (SELECT FROM changed_contacts WHERE workspace_id = %s) AS waiting"
    row = cursor.execute(query, (workspace_id,)).fetchone()
    return bool(row and row.waiting)
