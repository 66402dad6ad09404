"""The people of a campaign in Postgres, as everybody but the account's process deals with them."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import RuleViolation
from sender_app.ports.pages import Page
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import RecipientRow
from sender_app.stores.cursors import key_at
from sender_app.stores.postgres.audiences import check_caught_up, gather
from sender_app.stores.postgres.beside import beside
from sender_app.stores.postgres.engine import KEYS, Cursor, Database, like, numbered
from sender_app.stores.postgres.rollups import FOLLOW
from sender_app.stores.postgres.staging import Stage

_NAMED = 10  # rows named in a message about blank placeholders
_FEW = 1_000  # people who are sooner written than handed to another transaction
_INSERT_PEOPLE = """
INSERT INTO campaign_recipients (id, campaign_id, contact_id, phone)
SELECT id, %(campaign)s, coalesce(contact_id, new_contact_id), phone
FROM (
  SELECT unnest(%(recipient_ids)s::uuid[]) AS id, unnest(%(contact_ids)s::uuid[]) AS contact_id,
    unnest(%(new_contact_ids)s::uuid[]) AS new_contact_id, unnest(%(phones)s::text[]) AS phone)
"""
# Who was new, and added by somebody else in that moment. Each is asked for by itself: of a campaign
# younger than the planner's statistics there would be one recipient, to be read for each contact.
_MEND = """
UPDATE campaign_recipients r SET contact_id = m.contact_id
FROM (
  SELECT o.id, c.id AS contact_id FROM campaign_recipients o CROSS JOIN LATERAL (
    SELECT id FROM contacts WHERE workspace_id = %(workspace)s AND phone = o.phone LIMIT 1) c
  WHERE o.campaign_id = %(campaign)s AND o.contact_id <> c.id) m
WHERE r.campaign_id = %(campaign)s AND r.id = m.id
"""
_FREEZE = f"""
WITH {KEYS}
INSERT INTO campaign_recipients (id, campaign_id, contact_id, phone)
SELECT {numbered("p.place")}, %(campaign)s, p.contact_id, p.phone
FROM keys, (SELECT contact_id, phone,
    row_number() OVER (ORDER BY n NULLS LAST, contact_id) AS place
  FROM people WHERE NOT resting) p
ORDER BY p.place
"""
# No event tells of them: nothing happened.
_FREEZE_RESTING = """
INSERT INTO campaign_recipients (campaign_id, contact_id, phone, status, error_code)
SELECT %(campaign)s, contact_id, phone, 'skipped', 'written_lately' FROM people WHERE resting
ORDER BY n NULLS LAST, contact_id
"""
_TOTALS = """
UPDATE campaigns SET total_recipients = %(total)s, skipped_count = %(skipped)s
WHERE id = %(campaign)s
"""
_SKIP_QUEUED = f"""
WITH changed AS (
  UPDATE campaign_recipients SET status = 'skipped', not_before = NULL,
    error_code = CASE WHEN parts_sent > 0 THEN 'sent_in_part' ELSE 'cancelled' END
  WHERE campaign_id = %(campaign)s AND status = 'queued'
  RETURNING id AS recipient_id, campaign_id, contact_id, NULL::text AS message_id, status,
    old.status AS was, now() AS at, ''::text AS grupo, error_code, account_id),
{FOLLOW}
SELECT count(*) FROM changed
"""
# The campaign's counter follows its rows; the rollups keep the error, which did happen that day.
_REQUEUE_FAILED = """
WITH again AS (
  UPDATE campaign_recipients
  SET status = 'queued', attempts = 0, error_code = NULL, error_message = NULL, not_before = NULL
  WHERE campaign_id = %(campaign)s AND status = 'error' RETURNING id),
n AS (SELECT count(*)::int AS n FROM again)
UPDATE campaigns SET error_count = error_count - n.n, status = 'running', finished_at = NULL,
  pause_reason = NULL
FROM n WHERE id = %(campaign)s AND n.n > 0 RETURNING n.n
"""
# Nobody knows when an unconfirmed message left, if it did: its claim is the nearest there is.
_RESOLVE = f"""
WITH touched AS (
  UPDATE campaign_recipients r SET
    status = CASE WHEN %(sent)s THEN 'sent' ELSE 'queued' END,
    sent_at = CASE WHEN %(sent)s THEN r.claimed_at END,
    message_id = CASE WHEN %(sent)s THEN r.message_id END,
    error_code = NULL, error_message = NULL, attempts = 0
  WHERE r.campaign_id = %(campaign)s AND r.status = 'unconfirmed'
    AND (%(everybody)s OR r.id = ANY(%(ids)s)) AND r.claimed_at < %(before)s
  RETURNING r.id AS recipient_id, r.campaign_id, r.contact_id, NULL::text AS message_id, r.status,
    old.status AS was, r.error_code, r.account_id),
changed AS (
  SELECT t.*, now() AS at, coalesce(c.grupo, '') AS grupo
  FROM touched t LEFT JOIN contacts c ON c.id = t.contact_id),
{FOLLOW},
again AS (
  UPDATE accounts SET wake_at = clock_timestamp()
  WHERE id IN (SELECT unnest(accounts) FROM context) AND NOT %(sent)s)
SELECT count(*)::int AS n FROM changed
"""
# Of several messages only those in doubt are sent again. The rows are the ones of _RESOLVE.
_DOUBTED = """
SELECT r.id FROM campaign_recipients r
WHERE r.campaign_id = %(campaign)s AND r.status = 'unconfirmed' AND r.parts_sent > 0
  AND (%(everybody)s OR r.id = ANY(%(ids)s)) AND r.claimed_at < %(before)s
FOR UPDATE
"""
_TAKE_AS_SENT = """
UPDATE recipient_messages SET in_doubt = false WHERE recipient_id = ANY(%(doubted)s) AND in_doubt
"""
_TAKE_AS_UNSENT = """
WITH gone AS (
  DELETE FROM recipient_messages WHERE recipient_id = ANY(%(doubted)s) AND in_doubt
  RETURNING recipient_id)
UPDATE campaign_recipients r SET parts_sent = r.parts_sent - n.n
FROM (SELECT recipient_id, count(*) AS n FROM gone GROUP BY recipient_id) n
WHERE r.campaign_id = %(campaign)s AND r.id = n.recipient_id
"""
_RUN_AGAIN = """
UPDATE campaigns SET status = 'running', finished_at = NULL
WHERE id = %s AND status = 'finished'
"""
_RECIPIENTS = """
SELECT r.id, r.phone, coalesce(c.nombre, '') AS nombre,
  coalesce(c.grupo, '') AS grupo, r.status, r.error_code, r.error_message,
  r.sent_at, r.delivered_at, r.read_at, r.replied_at, r.not_before, r.claimed_at,
  r.parts_sent
FROM campaign_recipients r LEFT JOIN contacts c ON c.id = r.contact_id
WHERE r.campaign_id = %(campaign)s AND (%(after)s::uuid IS NULL OR r.id > %(after)s)
  AND (%(status)s::text IS NULL OR r.status = %(status)s)
  AND (%(reached)s <> 'delivered' OR r.delivered_at IS NOT NULL)
  AND (%(reached)s <> 'read' OR r.read_at IS NOT NULL)
  AND (%(reached)s <> 'replied' OR r.replied_at IS NOT NULL)
  AND (%(search)s = '' OR c.nombre ILIKE %(like)s OR r.phone LIKE %(like)s)
ORDER BY r.id LIMIT %(limit)s
"""


def add_file(
    cursor: Cursor,
    database: Database,
    workspace_id: UUID,
    user_id: str,
    campaign_id: UUID,
    audience: AudienceSpec,
    needed: Sequence[str] = (),
) -> None:
    """Upsert the people of a file and make them the campaign's recipients.

    Many are written by a transaction of their own, beside the contacts; see beside.py.
    """
    stage = Stage(cursor, workspace_id)
    if audience.written_since is not None:
        for _people in stage.bring(audience.rows, user_id):
            pass
        _check_blanks(stage, needed)
        _freeze(cursor, workspace_id, campaign_id, audience, None)
        return
    total = 0
    with (
        beside(database, campaign_id) as other,
        closing(stage.bring(audience.rows, user_id)) as parts,
    ):
        for people in parts:
            total += people.count
            write = cursor.execute if people.count < _FEW else other.execute
            write(_INSERT_PEOPLE, people.arrays() | {"campaign": campaign_id})
        _check_blanks(stage, needed)
        if total == 0:
            raise RuleViolation("audience_empty")
    scope = {"campaign": campaign_id, "workspace": workspace_id}
    other.join(cursor)
    if stage.disturbed:
        cursor.execute(_MEND, scope)
    cursor.execute(_TOTALS, scope | {"total": total, "skipped": 0})


def _check_blanks(stage: Stage, needed: Sequence[str]) -> None:
    count, rows = stage.blank(needed, _NAMED)
    if count:
        named = ", ".join(map(str, rows))
        raise RuleViolation("placeholder_blank_rows", count=count, rows=named)


def add_audience(
    cursor: Cursor,
    workspace_id: UUID,
    user_id: str,
    campaign_id: UUID,
    audience: AudienceSpec,
    confirmed: int | None,
) -> None:
    """Make the audience the campaign's recipients; see `CampaignStore.launch` of the port."""
    check_caught_up(cursor, workspace_id, audience.choice)
    stage = Stage(cursor, workspace_id)
    stage.fill(audience.rows)
    if audience.rows:
        stage.write(user_id)
    _freeze(cursor, workspace_id, campaign_id, audience, confirmed)


def _freeze(
    cursor: Cursor,
    workspace_id: UUID,
    campaign_id: UUID,
    audience: AudienceSpec,
    confirmed: int | None,
) -> None:
    counts = gather(cursor, workspace_id, audience).counts()
    if counts.people == 0:
        raise RuleViolation("audience_empty")
    if confirmed is not None and counts.reached != confirmed:
        raise RuleViolation("audience_changed", count=counts.reached)
    if counts.reached == 0:
        raise RuleViolation("audience_left_out")
    cursor.execute(_FREEZE, {"campaign": campaign_id})
    cursor.execute(_FREEZE_RESTING, {"campaign": campaign_id})
    totals = {"total": counts.people, "skipped": counts.resting}
    cursor.execute(_TOTALS, totals | {"campaign": campaign_id})


def skip_queued(cursor: Cursor, campaign_id: UUID) -> None:
    """Whoever waits gets nothing any more."""
    cursor.execute(_SKIP_QUEUED, {"campaign": campaign_id})


def page(
    cursor: Cursor,
    campaign_id: UUID,
    status: RecipientStatus | None,
    start: str | None,
    limit: int,
    *,
    reached: str,
    search: str,
) -> Page[RecipientRow]:
    """See ports.store.campaigns.CampaignStore.recipients."""
    cursor.execute(
        _RECIPIENTS,
        {
            "campaign": campaign_id,
            "after": key_at(start),
            "status": status and status.value,
            "reached": reached,
            "search": search.strip(),
            "like": like(search),
            "limit": limit + 1,
        },
    )
    rows = [
        RecipientRow(**row._asdict() | {"status": RecipientStatus(row.status)}) for row in cursor
    ]
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)


def resolve_unconfirmed(
    cursor: Cursor, campaign_id: UUID, recipient_ids: Sequence[UUID], sent: bool, before: datetime
) -> int:
    """See ports.store.campaigns.CampaignStore.resolve_unconfirmed."""
    values = {
        "campaign": campaign_id,
        "everybody": not recipient_ids,
        "ids": list(recipient_ids),
        "sent": sent,
        "before": before,
    }
    doubted = [row.id for row in cursor.execute(_DOUBTED, values)]
    if doubted:
        cursor.execute(_TAKE_AS_SENT if sent else _TAKE_AS_UNSENT, values | {"doubted": doubted})
    row = cursor.execute(_RESOLVE, values).fetchone()
    count = row.n if row else 0
    if count and not sent:
        cursor.execute(_RUN_AGAIN, (campaign_id,))
    return count


def requeue_failed(cursor: Cursor, campaign_id: UUID) -> int:
    """See ports.store.campaigns.CampaignStore.requeue_failed."""
    row = cursor.execute(_REQUEUE_FAILED, {"campaign": campaign_id}).fetchone()
    if row is None:
        return 0
    cursor.execute(
        "UPDATE accounts SET wake_at = clock_timestamp() WHERE id IN"
        " (SELECT unnest(account_id || more_accounts) FROM campaigns WHERE id = %s)",
        (campaign_id,),
    )
    return row.n


def with_book(
    cursor: Cursor, workspace_id: UUID, rows: Sequence[AudienceRow]
) -> Sequence[AudienceRow]:
    """See ports.store.campaigns.CampaignStore.with_book."""
    cursor.execute(
        "SELECT phone, nombre, sustantivo, grupo, fields FROM contacts"
        " WHERE workspace_id = %s AND phone = ANY(%s)",
        (workspace_id, [row.phone for row in rows]),
    )
    book = {row.phone: row for row in cursor}
    return [_filled(row, book.get(row.phone)) for row in rows]


def _filled(row: AudienceRow, known: Any) -> AudienceRow:
    """A row with its blank cells filled from the contact, if there is one."""
    if known is None:
        return row
    own = known.fields | {name: value for name, value in row.own.items() if value}
    return AudienceRow(
        row.row,
        row.phone,
        row.nombre or known.nombre,
        row.sustantivo or known.sustantivo,
        row.grupo or known.grupo,
        own,
    )
