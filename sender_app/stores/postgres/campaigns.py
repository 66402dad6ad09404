"""Campaigns and their recipients in Postgres, as people see and steer them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import CampaignFilter, NewCampaign, Page, RecipientRow
from sender_app.stores.postgres.accounts import WAKE, WAKE_ALL
from sender_app.stores.postgres.engine import Cursor, Database, like, only
from sender_app.stores.postgres.media import use_media
from sender_app.stores.postgres.rollups import FOLLOW
from sender_app.stores.postgres.staging import Stage

_NAMED = 10  # rows named in a message about blank placeholders

_INSERT_CAMPAIGN = """
INSERT INTO campaigns (workspace_id, account_id, more_accounts, user_id, name, status,
  message_template, pacing, variants, media_config, audience, is_test, scheduled_at, started_at)
VALUES (%(workspace)s, %(account)s, %(more)s, %(user)s, %(name)s, %(status)s::text, %(template)s,
  %(pacing)s, %(variants)s, %(media)s, %(audience)s, %(test)s, %(scheduled_at)s,
  CASE WHEN %(status)s::text = 'running' THEN now() END)
RETURNING id
"""
_SAVE_DRAFT = """
UPDATE campaigns SET account_id = %(account)s, more_accounts = %(more)s, name = %(name)s,
  message_template = %(template)s, pacing = %(pacing)s, variants = %(variants)s,
  media_config = %(media)s, audience = %(audience)s,
  scheduled_at = %(scheduled_at)s
WHERE id = %(campaign)s AND workspace_id = %(workspace)s AND status = 'draft'
  AND deleted_at IS NULL
"""
_LAUNCH = """
UPDATE campaigns SET status = %(status)s::text, user_id = %(user)s, scheduled_at = %(at)s,
  started_at = CASE WHEN %(status)s::text = 'running' THEN now() END
WHERE id = %(campaign)s AND workspace_id = %(workspace)s AND status = 'draft'
  AND deleted_at IS NULL
RETURNING account_id || more_accounts AS accounts
"""
# A draft has no ledger yet; of anything else the ledger stays and only the campaign is hidden.
_DELETE = """
WITH gone AS (
  DELETE FROM campaigns WHERE id = %(campaign)s AND workspace_id = %(workspace)s
    AND status = 'draft' AND status = ANY(%(sources)s) RETURNING id),
hidden AS (
  UPDATE campaigns SET deleted_at = now() WHERE id = %(campaign)s AND workspace_id = %(workspace)s
    AND status <> 'draft' AND status = ANY(%(sources)s) AND deleted_at IS NULL RETURNING id)
SELECT id FROM gone UNION ALL SELECT id FROM hidden
"""
_LIST = """
SELECT * FROM campaigns
WHERE workspace_id = %(workspace)s AND (%(before)s::uuid IS NULL OR id < %(before)s)
  AND NOT is_test AND deleted_at IS NULL
  AND (%(statuses)s::text[] = '{}' OR status = ANY(%(statuses)s))
  AND (%(search)s = '' OR name ILIKE %(like)s)
ORDER BY id DESC LIMIT %(limit)s
"""
_TALKED_WITH = """
SELECT count(*)::int AS n FROM unnest(%(phones)s::text[]) AS p(phone) WHERE NOT EXISTS (
  SELECT FROM accounts a WHERE a.id = ANY(%(accounts)s)
    AND NOT EXISTS (SELECT FROM replies r WHERE r.account_id = a.id AND r.phone = p.phone)
    AND NOT EXISTS (
      SELECT FROM contacts c JOIN campaign_recipients e ON e.contact_id = c.id
      JOIN campaigns o ON o.id = e.campaign_id
      WHERE c.workspace_id = a.workspace_id AND c.phone = p.phone
        AND coalesce(e.account_id, o.account_id) = a.id AND e.delivered_at IS NOT NULL))
"""
_INSERT_RECIPIENTS = """
INSERT INTO campaign_recipients (campaign_id, contact_id, phone)
SELECT %(campaign)s, c.id, s.phone
FROM stage s JOIN contacts c ON c.workspace_id = %(workspace)s AND c.phone = s.phone
ORDER BY s.n
"""
_MOVE = """
UPDATE campaigns SET status = %(target)s::text, pause_reason = %(reason)s,
  scheduled_at = coalesce(%(scheduled_at)s, scheduled_at),
  started_at = CASE WHEN %(target)s::text = 'running' THEN coalesce(started_at, now())
    ELSE started_at END,
  finished_at = CASE WHEN %(target)s::text IN ('finished', 'cancelled') THEN now() END
WHERE id = %(campaign)s AND status = ANY(%(sources)s)
RETURNING account_id || more_accounts AS accounts
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
WHERE r.id = n.recipient_id
"""
_RUN_AGAIN = """
UPDATE campaigns SET status = 'running', finished_at = NULL
WHERE id = %s AND status = 'finished'
"""
_RECIPIENTS = """
SELECT r.id, r.phone, coalesce(c.nombre, '') AS nombre,
  coalesce(c.grupo, '') AS grupo, r.status, r.error_code, r.error_message,
  r.sent_at, r.delivered_at, r.read_at, r.replied_at, r.not_before, r.parts_sent
FROM campaign_recipients r LEFT JOIN contacts c ON c.id = r.contact_id
WHERE r.campaign_id = %(campaign)s AND (%(after)s::uuid IS NULL OR r.id > %(after)s)
  AND (%(status)s::text IS NULL OR r.status = %(status)s)
  AND (%(reached)s <> 'delivered' OR r.delivered_at IS NOT NULL)
  AND (%(reached)s <> 'read' OR r.read_at IS NOT NULL)
  AND (%(reached)s <> 'replied' OR r.replied_at IS NOT NULL)
  AND (%(search)s = '' OR c.nombre ILIKE %(like)s OR r.phone LIKE %(like)s)
ORDER BY r.id LIMIT %(limit)s
"""
_START_DUE = """
UPDATE campaigns SET status = 'running', started_at = coalesce(started_at, now())
WHERE status = 'scheduled' AND scheduled_at <= %s RETURNING account_id || more_accounts AS accounts
"""


class PostgresCampaigns:
    """See ports.store.CampaignStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        new: NewCampaign,
        audience: Iterable[ContactBatch],
        needed: Sequence[str] = (),
    ) -> Campaign:
        with self._database.transaction() as cursor:
            use_media(cursor, workspace_id, new.media_config)
            campaign_id = _insert(cursor, {"workspace": workspace_id, "user": user_id}, new)
            if new.status is not CampaignStatus.DRAFT:
                _add_recipients(cursor, workspace_id, user_id, campaign_id, audience, needed)
            if new.status is CampaignStatus.RUNNING:
                cursor.execute(WAKE_ALL, ([new.account_id, *new.more_accounts],))
            return _read(cursor, workspace_id, campaign_id)

    def save_draft(self, workspace_id: UUID, campaign_id: UUID, new: NewCampaign) -> bool:
        with self._database.transaction() as cursor:
            scope = {"workspace": workspace_id, "campaign": campaign_id}
            use_media(cursor, workspace_id, new.media_config)
            cursor.execute(_SAVE_DRAFT, scope | _values(new))
            return cursor.rowcount == 1

    def launch(
        self,
        workspace_id: UUID,
        user_id: str,
        campaign_id: UUID,
        audience: Iterable[ContactBatch],
        scheduled_at: datetime | None,
    ) -> bool:
        status = CampaignStatus.SCHEDULED if scheduled_at else CampaignStatus.RUNNING
        scope = {"workspace": workspace_id, "user": user_id}
        with self._database.transaction() as cursor:
            order = {"campaign": campaign_id, "status": status.value, "at": scheduled_at}
            launched = cursor.execute(_LAUNCH, scope | order).fetchone()
            if launched is None:
                return False
            _add_recipients(cursor, workspace_id, user_id, campaign_id, audience)
            if status is CampaignStatus.RUNNING:
                cursor.execute(WAKE_ALL, (launched.accounts,))
            return True

    def create_test(
        self, workspace_id: UUID, user_id: str, new: NewCampaign, phone: str
    ) -> Campaign:
        scope = {"workspace": workspace_id, "user": user_id}
        with self._database.transaction() as cursor:
            campaign_id = _insert(cursor, scope, new, test=True)
            cursor.execute(
                "INSERT INTO campaign_recipients (campaign_id, phone) VALUES (%s, %s)",
                (campaign_id, phone),
            )
            cursor.execute(
                "UPDATE campaigns SET total_recipients = 1 WHERE id = %s", (campaign_id,)
            )
            cursor.execute(WAKE, (new.account_id,))
            return _read(cursor, workspace_id, campaign_id)

    def delete(
        self, workspace_id: UUID, campaign_id: UUID, sources: frozenset[CampaignStatus]
    ) -> bool:
        with self._database.transaction() as cursor:
            order = {
                "campaign": campaign_id,
                "workspace": workspace_id,
                "sources": [status.value for status in sources],
            }
            return cursor.execute(_DELETE, order).fetchone() is not None

    def with_book(self, workspace_id: UUID, rows: Sequence[AudienceRow]) -> Sequence[AudienceRow]:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT phone, nombre, sustantivo, grupo, fields FROM contacts"
                " WHERE workspace_id = %s AND phone = ANY(%s)",
                (workspace_id, [row.phone for row in rows]),
            )
            book = {row.phone: row for row in cursor}
        return [_filled(row, book.get(row.phone)) for row in rows]

    def known(self, accounts: Sequence[UUID], phones: Sequence[str]) -> int:
        with self._database.transaction() as cursor:
            order = {"accounts": list(accounts), "phones": list(phones)}
            return only(cursor.execute(_TALKED_WITH, order)).n

    def get(self, workspace_id: UUID, campaign_id: UUID) -> Campaign:
        with self._database.transaction() as cursor:
            return _read(cursor, workspace_id, campaign_id)

    def list(
        self,
        workspace_id: UUID,
        cursor: str | None,
        limit: int,
        wanted: CampaignFilter = CampaignFilter(),
    ) -> Page[Campaign]:
        with self._database.transaction() as reader:
            reader.execute(
                _LIST,
                {
                    "workspace": workspace_id,
                    "before": UUID(cursor) if cursor else None,
                    "statuses": [status.value for status in wanted.statuses],
                    "search": wanted.search.strip(),
                    "like": like(wanted.search),
                    "limit": limit + 1,
                },
            )
            rows = [campaign_of(row) for row in reader]
        return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)

    def move(
        self,
        campaign_id: UUID,
        sources: frozenset[CampaignStatus],
        target: CampaignStatus,
        reason: PauseReason | None = None,
        scheduled_at: datetime | None = None,
    ) -> bool:
        with self._database.transaction() as cursor:
            moved = cursor.execute(
                _MOVE,
                {
                    "campaign": campaign_id,
                    "target": target.value,
                    "reason": reason and reason.value,
                    "scheduled_at": scheduled_at,
                    "sources": [status.value for status in sources],
                },
            ).fetchone()
            if moved is None:
                return False
            if target is CampaignStatus.CANCELLED:
                cursor.execute(_SKIP_QUEUED, {"campaign": campaign_id})
            if target is CampaignStatus.RUNNING:
                cursor.execute(WAKE_ALL, (moved.accounts,))
            return True

    def recipients(
        self,
        campaign_id: UUID,
        status: RecipientStatus | None,
        cursor: str | None,
        limit: int,
        *,
        reached: str = "",
        search: str = "",
    ) -> Page[RecipientRow]:
        with self._database.transaction() as reader:
            reader.execute(
                _RECIPIENTS,
                {
                    "campaign": campaign_id,
                    "after": UUID(cursor) if cursor else None,
                    "status": status and status.value,
                    "reached": reached,
                    "search": search.strip(),
                    "like": like(search),
                    "limit": limit + 1,
                },
            )
            rows = [
                RecipientRow(**row._asdict() | {"status": RecipientStatus(row.status)})
                for row in reader
            ]
        return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)

    def resolve_unconfirmed(
        self, campaign_id: UUID, recipient_ids: Sequence[UUID], sent: bool, before: datetime
    ) -> int:
        with self._database.transaction() as cursor:
            values = {
                "campaign": campaign_id,
                "everybody": not recipient_ids,
                "ids": list(recipient_ids),
                "sent": sent,
                "before": before,
            }
            doubted = [row.id for row in cursor.execute(_DOUBTED, values)]
            if doubted:
                cursor.execute(_TAKE_AS_SENT if sent else _TAKE_AS_UNSENT, {"doubted": doubted})
            row = cursor.execute(_RESOLVE, values).fetchone()
            count = row.n if row else 0
            if count and not sent:
                cursor.execute(_RUN_AGAIN, (campaign_id,))
            return count

    def requeue_failed(self, campaign_id: UUID) -> int:
        with self._database.transaction() as cursor:
            row = cursor.execute(_REQUEUE_FAILED, {"campaign": campaign_id}).fetchone()
            if row is None:
                return 0
            cursor.execute(
                "UPDATE accounts SET wake_at = clock_timestamp() WHERE id IN"
                " (SELECT unnest(account_id || more_accounts) FROM campaigns WHERE id = %s)",
                (campaign_id,),
            )
            return row.n

    def start_due(self, now: datetime) -> Sequence[UUID]:
        with self._database.transaction() as cursor:
            started = cursor.execute(_START_DUE, (now,)).fetchall()
            accounts = list({account for row in started for account in row.accounts})
            cursor.execute(WAKE_ALL, (accounts,))
            return accounts


def _values(new: NewCampaign) -> dict[str, object]:
    return {
        "account": new.account_id,
        "more": list(new.more_accounts),
        "name": new.name,
        "status": new.status.value,
        "template": new.message_template,
        "pacing": Jsonb(dict(new.pacing)),
        "variants": Jsonb(list(new.variants)),
        "media": Jsonb(dict(new.media_config)),
        "audience": Jsonb(dict(new.audience)),
        "scheduled_at": new.scheduled_at,
    }


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


def _insert(
    cursor: Cursor, scope: dict[str, object], new: NewCampaign, *, test: bool = False
) -> UUID:
    return only(cursor.execute(_INSERT_CAMPAIGN, scope | _values(new) | {"test": test})).id


def _add_recipients(
    cursor: Cursor,
    workspace_id: UUID,
    user_id: str,
    campaign_id: UUID,
    audience: Iterable[ContactBatch],
    needed: Sequence[str] = (),
) -> None:
    """Upsert the contacts of `audience` and make them the campaign's recipients."""
    stage = Stage(cursor, workspace_id)
    stage.fill(audience)
    stage.write(user_id)
    count, rows = stage.blank(needed, _NAMED)
    if count:
        named = ", ".join(map(str, rows))
        raise RuleViolation("placeholder_blank_rows", count=count, rows=named)
    cursor.execute(_INSERT_RECIPIENTS, {"workspace": workspace_id, "campaign": campaign_id})
    if cursor.rowcount == 0:
        raise RuleViolation("audience_empty")
    cursor.execute(
        "UPDATE campaigns SET total_recipients = %s WHERE id = %s", (cursor.rowcount, campaign_id)
    )


def _read(cursor: Cursor, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    row = cursor.execute(
        "SELECT * FROM campaigns WHERE id = %s AND workspace_id = %s AND deleted_at IS NULL",
        (campaign_id, workspace_id),
    ).fetchone()
    if row is None:
        raise NotFound("campaign", campaign_id)
    return campaign_of(row)


def campaign_of(row: Any) -> Campaign:
    """A campaign from a row of the table."""
    return Campaign(
        id=row.id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        account_id=row.account_id,
        more_accounts=tuple(row.more_accounts),
        name=row.name,
        status=CampaignStatus(row.status),
        message_template=row.message_template,
        total_recipients=row.total_recipients,
        sent_count=row.sent_count,
        error_count=row.error_count,
        skipped_count=row.skipped_count,
        unconfirmed_count=row.unconfirmed_count,
        delivered_count=row.delivered_count,
        read_count=row.read_count,
        replied_count=row.replied_count,
        media_config=row.media_config,
        pause_reason=PauseReason(row.pause_reason) if row.pause_reason else None,
        pacing=dict(row.pacing),
        scheduled_at=row.scheduled_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        created_at=row.created_at,
        variants=tuple(row.variants),
        audience=dict(row.audience),
        is_test=row.is_test,
    )
