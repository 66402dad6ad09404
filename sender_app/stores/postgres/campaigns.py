"""Campaigns in Postgres, as people see and steer them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.pages import Page
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import CampaignFilter, NewCampaign, RecipientRow
from sender_app.ports.store.removed import Removed
from sender_app.stores.cursors import key_at
from sender_app.stores.postgres import recipients
from sender_app.stores.postgres.accounts import WAKE, WAKE_ALL
from sender_app.stores.postgres.campaign_rows import campaign_of, read_campaign
from sender_app.stores.postgres.engine import Cursor, Database, like, only
from sender_app.stores.postgres.media import use_media

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
  message_template = %(template)s, variants = %(variants)s, media_config = %(media)s,
  audience = %(audience)s,
  scheduled_at = %(scheduled_at)s
WHERE id = %(campaign)s AND workspace_id = %(workspace)s AND status = 'draft'
  AND deleted_at IS NULL
"""
_LAUNCH = """
UPDATE campaigns SET status = %(status)s::text, user_id = %(user)s, scheduled_at = %(at)s,
  approved_by = NULL, review_note = '',
  started_at = CASE WHEN %(status)s::text = 'running' THEN now() END
WHERE id = %(campaign)s AND workspace_id = %(workspace)s AND status = 'draft'
  AND deleted_at IS NULL
RETURNING account_id || more_accounts AS accounts
"""
_APPROVE = """
UPDATE campaigns SET approved_by = %(user)s,
  status = CASE WHEN scheduled_at > %(now)s THEN 'scheduled' ELSE 'running' END,
  started_at = CASE WHEN scheduled_at > %(now)s THEN NULL ELSE now() END
WHERE id = %(campaign)s AND status = 'awaiting' AND user_id <> %(user)s
RETURNING account_id || more_accounts AS accounts, status
"""
_SEND_BACK = """
UPDATE campaigns SET status = 'draft', review_note = %(note)s, total_recipients = 0,
  skipped_count = 0
WHERE id = %(campaign)s AND status = 'awaiting' RETURNING id
"""
# A draft has no ledger yet; of anything else the ledger stays and only the campaign is hidden.
_DELETE = """
WITH gone AS (
  DELETE FROM campaigns WHERE id = %(campaign)s AND workspace_id = %(workspace)s
    AND status = 'draft' AND status = ANY(%(sources)s)
  RETURNING to_jsonb(campaigns)::text AS record),
hidden AS (
  UPDATE campaigns SET deleted_at = now() WHERE id = %(campaign)s AND workspace_id = %(workspace)s
    AND status <> 'draft' AND status = ANY(%(sources)s) AND deleted_at IS NULL
  RETURNING jsonb_build_object('id', id)::text AS record)
SELECT record FROM gone UNION ALL SELECT record FROM hidden
"""
_RESTORE = """
WITH record AS (SELECT * FROM jsonb_populate_record(NULL::campaigns, %(record)s::jsonb)),
shown AS (
  UPDATE campaigns c SET deleted_at = NULL FROM record
  WHERE c.id = record.id AND c.workspace_id = %(workspace)s AND c.deleted_at IS NOT NULL
  RETURNING c.id),
back AS (
  INSERT INTO campaigns SELECT * FROM record
  WHERE workspace_id = %(workspace)s AND status = 'draft'
  ON CONFLICT DO NOTHING RETURNING id)
SELECT id FROM shown UNION ALL SELECT id FROM back
"""
_LIST = """
SELECT * FROM campaigns
WHERE workspace_id = %(workspace)s AND (%(before)s::uuid IS NULL OR id < %(before)s)
  AND NOT is_test AND deleted_at IS NULL
  AND (%(statuses)s::text[] = '{}' OR status = ANY(%(statuses)s))
  AND (%(search)s = '' OR name ILIKE %(like)s)
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
  AND (NOT %(unreached)s OR error_count > 0 OR status = 'cancelled')
ORDER BY id DESC LIMIT %(limit)s
"""
_MOVE = """
UPDATE campaigns SET status = %(target)s::text, pause_reason = %(reason)s,
  started_at = CASE WHEN %(target)s::text = 'running' THEN coalesce(started_at, now())
    ELSE started_at END,
  finished_at = CASE WHEN %(target)s::text IN ('finished', 'cancelled') THEN now() END
WHERE id = %(campaign)s AND status = ANY(%(sources)s)
RETURNING account_id || more_accounts AS accounts
"""
_START_DUE = """
UPDATE campaigns SET status = 'running', started_at = coalesce(started_at, now())
WHERE status = 'scheduled' AND scheduled_at <= %s RETURNING account_id || more_accounts AS accounts
"""


class PostgresCampaigns:
    """See ports.store.campaigns.CampaignStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        new: NewCampaign,
        audience: Iterable[ContactBatch],
        needed: Sequence[str] = (),
        written_since: datetime | None = None,
    ) -> Campaign:
        with self._database.transaction() as cursor:
            use_media(cursor, workspace_id, new.media_config)
            campaign_id = _insert(cursor, {"workspace": workspace_id, "user": user_id}, new)
            if new.status is not CampaignStatus.DRAFT:
                spec = AudienceSpec(rows=audience, written_since=written_since)
                scope = self._database, workspace_id, user_id, campaign_id
                recipients.add_file(cursor, *scope, spec, needed)
            if new.status is CampaignStatus.RUNNING:
                cursor.execute(WAKE_ALL, ([new.account_id, *new.more_accounts],))
            return read_campaign(cursor, workspace_id, campaign_id)

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
        audience: AudienceSpec,
        status: CampaignStatus,
        scheduled_at: datetime | None = None,
        confirmed: int | None = None,
    ) -> bool:
        scope = {"workspace": workspace_id, "user": user_id}
        with self._database.transaction() as cursor:
            order = {"campaign": campaign_id, "status": status.value, "at": scheduled_at}
            launched = cursor.execute(_LAUNCH, scope | order).fetchone()
            if launched is None:
                return False
            recipients.add_audience(cursor, workspace_id, user_id, campaign_id, audience, confirmed)
            if status is CampaignStatus.RUNNING:
                cursor.execute(WAKE_ALL, (launched.accounts,))
            return True

    def approve(self, campaign_id: UUID, user_id: str, now: datetime) -> bool:
        with self._database.transaction() as cursor:
            order = {"campaign": campaign_id, "user": user_id, "now": now}
            approved = cursor.execute(_APPROVE, order).fetchone()
            if approved is None:
                return False
            if approved.status == CampaignStatus.RUNNING.value:
                cursor.execute(WAKE_ALL, (approved.accounts,))
            return True

    def send_back(self, campaign_id: UUID, note: str) -> bool:
        with self._database.transaction() as cursor:
            order = {"campaign": campaign_id, "note": note}
            if cursor.execute(_SEND_BACK, order).fetchone() is None:
                return False
            cursor.execute("DELETE FROM campaign_recipients WHERE campaign_id = %s", (campaign_id,))
            return True

    def awaiting(self, workspace_id: UUID, user_id: str) -> int:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT count(*)::int AS n FROM campaigns"
                " WHERE workspace_id = %s AND status = 'awaiting' AND user_id <> %s",
                (workspace_id, user_id),
            )
            return only(cursor).n

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
            return read_campaign(cursor, workspace_id, campaign_id)

    def delete(
        self, workspace_id: UUID, campaign_id: UUID, sources: frozenset[CampaignStatus]
    ) -> Removed:
        with self._database.transaction() as cursor:
            order = {
                "campaign": campaign_id,
                "workspace": workspace_id,
                "sources": [status.value for status in sources],
            }
            row = cursor.execute(_DELETE, order).fetchone()
            return Removed(1, row.record.encode()) if row else Removed(0)

    def restore(self, workspace_id: UUID, record: bytes) -> bool:
        values = {"workspace": workspace_id, "record": record.decode()}
        with self._database.transaction() as cursor:
            return cursor.execute(_RESTORE, values).fetchone() is not None

    def with_book(self, workspace_id: UUID, rows: Sequence[AudienceRow]) -> Sequence[AudienceRow]:
        with self._database.transaction() as cursor:
            return recipients.with_book(cursor, workspace_id, rows)

    def get(self, workspace_id: UUID, campaign_id: UUID) -> Campaign:
        with self._database.transaction() as cursor:
            return read_campaign(cursor, workspace_id, campaign_id)

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
                    "before": key_at(cursor),
                    "statuses": [status.value for status in wanted.statuses],
                    "search": wanted.search.strip(),
                    "like": like(wanted.search),
                    "since": wanted.since,
                    "unreached": wanted.unreached,
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
    ) -> bool:
        with self._database.transaction() as cursor:
            moved = cursor.execute(
                _MOVE,
                {
                    "campaign": campaign_id,
                    "target": target.value,
                    "reason": reason and reason.value,
                    "sources": [status.value for status in sources],
                },
            ).fetchone()
            if moved is None:
                return False
            if target is CampaignStatus.CANCELLED:
                recipients.skip_queued(cursor, campaign_id)
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
            return recipients.page(
                reader, campaign_id, status, cursor, limit, reached=reached, search=search
            )

    def resolve_unconfirmed(
        self, campaign_id: UUID, recipient_ids: Sequence[UUID], sent: bool, before: datetime
    ) -> int:
        with self._database.transaction() as cursor:
            return recipients.resolve_unconfirmed(cursor, campaign_id, recipient_ids, sent, before)

    def requeue_failed(self, campaign_id: UUID) -> int:
        with self._database.transaction() as cursor:
            return recipients.requeue_failed(cursor, campaign_id)

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


def _insert(
    cursor: Cursor, scope: dict[str, object], new: NewCampaign, *, test: bool = False
) -> UUID:
    return only(cursor.execute(_INSERT_CAMPAIGN, scope | _values(new) | {"test": test})).id
