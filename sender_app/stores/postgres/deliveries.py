"""The delivery ledger in Postgres: claim, recover, finish. Only a lease's holder writes here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import tuple_row

from sender_app.domain.account import CANNOT_SEND
from sender_app.domain.campaign import Campaign, PauseReason
from sender_app.domain.content import from_config
from sender_app.domain.delivery import (
    Claim,
    Lease,
    Orphan,
    Settlement,
    attempt_secret,
)
from sender_app.domain.errors import LeaseLost
from sender_app.domain.pacing import History
from sender_app.stores.postgres.accounts import SERVED
from sender_app.stores.postgres.campaign_rows import campaign_of
from sender_app.stores.postgres.engine import Cursor, Database
from sender_app.stores.postgres.journals import PostgresJournal, take_in
from sender_app.stores.postgres.parts import NOTE_ORPHANS_PARTS, dumped
from sender_app.stores.postgres.rollups import FOLLOW

_FIRST = UUID(int=0)
_NO_PARTS: frozenset[int] = frozenset()

# The lease's row is locked until the commit: a take-over waits for it, so no claim of an older
# epoch can appear after the newer holder looked for orphans. Who has a part of the message already
# gets the rest from the same account.
_CLAIM = """
WITH lease AS MATERIALIZED (
  SELECT epoch FROM leases
  WHERE account_id = %(account)s AND epoch = %(epoch)s AND expires_at > now() FOR SHARE),
picked AS MATERIALIZED (
  SELECT r.id FROM campaign_recipients r
  WHERE r.campaign_id = %(campaign)s AND r.id > %(after)s AND r.status = 'queued'
    AND (r.not_before IS NULL OR r.not_before <= now())
    AND EXISTS (SELECT FROM lease)
    AND EXISTS (SELECT FROM campaigns WHERE id = %(campaign)s AND status = 'running')
    AND (r.parts_sent = 0 OR coalesce(r.account_id, %(account)s) = %(account)s)
    AND {known}
  ORDER BY r.id LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED),
claimed AS (
  UPDATE campaign_recipients r SET status = 'sending', lease_epoch = %(epoch)s,
    account_id = %(account)s, attempts = r.attempts + 1, claimed_at = now(),
    error_code = NULL, error_message = NULL, not_before = NULL
  FROM picked WHERE r.campaign_id = %(campaign)s AND r.id = picked.id
  RETURNING r.id, r.contact_id, r.phone, r.attempts, r.parts_sent)
SELECT claimed.id, c.id AS contact_id, claimed.phone, attempts,
  c.nombre, c.sustantivo, c.grupo, nullif(c.fields, '{{}}') AS own,
  CASE WHEN claimed.parts_sent > 0 THEN (
    SELECT array_agg(m.part) FROM recipient_messages m WHERE m.recipient_id = claimed.id)
    END AS parts,
  claimed.parts_sent > 0 AND EXISTS (
    SELECT FROM recipient_messages m WHERE m.recipient_id = claimed.id AND m.in_doubt) AS in_doubt,
  EXISTS (SELECT FROM opt_outs o WHERE o.workspace_id = c.workspace_id AND o.phone = claimed.phone)
    AS opted_out
FROM claimed LEFT JOIN contacts c ON c.id = claimed.contact_id ORDER BY claimed.id
"""
# Talked with: the person wrote to the account, or an earlier message reached the person.
_KNOWN = """(
  EXISTS (SELECT FROM replies p WHERE p.account_id = %(account)s AND p.phone = r.phone)
  OR EXISTS (SELECT FROM campaign_recipients e JOIN campaigns o ON o.id = e.campaign_id
    WHERE e.contact_id = r.contact_id AND e.delivered_at IS NOT NULL
      AND coalesce(e.account_id, o.account_id) = %(account)s))"""
_CLAIM_ANY, _CLAIM_KNOWN = _CLAIM.format(known="true"), _CLAIM.format(known=_KNOWN)
_LEASE_LIVES = """
SELECT 1 FROM leases WHERE account_id = %s AND epoch = %s AND expires_at > now()
"""
# Only campaigns with unsettled recipients can have orphans.
_ORPHANS = f"""
SELECT r.id, r.campaign_id, r.attempts, k.key, c.message_template, c.media_config,
  CASE WHEN r.parts_sent > 0 THEN (
    SELECT array_agg(m.part) FROM recipient_messages m WHERE m.recipient_id = r.id) END AS parts
FROM {SERVED} c
JOIN campaign_recipients r ON r.campaign_id = c.id
JOIN lease_keys k ON k.account_id = %(account)s AND k.epoch = r.lease_epoch
WHERE c.status IN ('running', 'paused', 'cancelled')
  AND c.sent_count + c.error_count + c.skipped_count + c.unconfirmed_count < c.total_recipients
  AND r.status = 'sending' AND r.lease_epoch < %(epoch)s
  AND coalesce(r.account_id, c.account_id) = %(account)s
"""
_RECOVER = f"""
WITH found AS MATERIALIZED (
  SELECT f.*, c.status AS campaign_status
  FROM unnest(%(campaigns)s::uuid[], %(ids)s::uuid[], %(message_ids)s::text[])
    AS f(campaign_id, id, message_id)
  JOIN {SERVED} c ON c.id = f.campaign_id),
changed AS (
  UPDATE campaign_recipients r SET
    status = CASE WHEN f.message_id IS NOT NULL THEN 'unconfirmed'
      WHEN f.campaign_status = 'cancelled' THEN 'skipped' ELSE 'queued' END,
    message_id = f.message_id,
    error_code = CASE WHEN f.message_id IS NOT NULL THEN 'outcome_unknown' END,
    attempts = CASE WHEN f.message_id IS NULL THEN r.attempts - 1 ELSE r.attempts END
  FROM found f
  WHERE r.campaign_id = f.campaign_id AND r.id = f.id AND r.status = 'sending'
    AND r.lease_epoch < %(epoch)s
  RETURNING r.id AS recipient_id, r.campaign_id, r.contact_id, r.message_id, r.status,
    old.status AS was, now() AS at, ''::text AS grupo, r.error_code, r.account_id),
{FOLLOW}
SELECT count(*)::int AS n FROM changed
"""
_FINISH = """
UPDATE campaigns c SET status = 'finished', finished_at = %(now)s
WHERE id = %(campaign)s AND status = 'running'
  AND sent_count + error_count + skipped_count + unconfirmed_count >= total_recipients
RETURNING id
"""
_RUNNING = f"""
SELECT c.* FROM {SERVED} c WHERE c.status = 'running' ORDER BY NOT c.is_test, c.started_at, c.id
"""
_NEXT_DUE = f"""
SELECT min(r.not_before) AS at FROM {SERVED} c JOIN campaign_recipients r ON r.campaign_id = c.id
WHERE c.status = 'running' AND r.status = 'queued' AND r.not_before IS NOT NULL
"""
_RECENT = f"""
SELECT r.sent_at FROM {SERVED} c JOIN campaign_recipients r ON r.campaign_id = c.id
WHERE (c.finished_at IS NULL OR c.finished_at > %(since)s)
  AND r.sent_at > %(since)s AND coalesce(r.account_id, c.account_id) = %(account)s
ORDER BY r.sent_at DESC LIMIT 5000
"""
_DAYS = """
SELECT (%(now)s AT TIME ZONE w.time_zone)::date AS day, min(s.day) AS first_day,
  coalesce(sum(s.sent) FILTER (WHERE s.day = (%(now)s AT TIME ZONE w.time_zone)::date), 0)::int
    AS today
FROM accounts a JOIN workspaces w ON w.id = a.workspace_id
LEFT JOIN daily_stats s ON s.workspace_id = a.workspace_id AND s.account_id = a.id
WHERE a.id = %(account)s GROUP BY w.time_zone
"""

# A campaign goes on as long as another of its accounts can send.
_PAUSE_ALL = f"""
UPDATE campaigns p SET status = 'paused', pause_reason = %(reason)s
WHERE p.id IN (SELECT c.id FROM {SERVED} c WHERE c.status = 'running') AND NOT EXISTS (
  SELECT FROM accounts a WHERE a.id = ANY(p.account_id || p.more_accounts)
    AND a.id <> %(account)s AND a.session_id IS NOT NULL AND a.status <> ALL(%(unable)s))
RETURNING p.id
"""
_WAKE_PARTNERS = f"""
UPDATE accounts SET wake_at = clock_timestamp()
WHERE session_id IS NOT NULL AND id <> %(account)s AND id IN (
  SELECT unnest(c.account_id || c.more_accounts) FROM {SERVED} c
  WHERE c.status = 'running' AND c.more_accounts <> '{{}}')
"""
_UNABLE = [status.value for status in CANNOT_SEND]


class PostgresDeliveries:
    """See ports.store.deliveries.DeliveryStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def running(self, account_id: UUID) -> Sequence[Campaign]:
        with self._database.statement() as cursor:
            cursor.execute(_RUNNING, {"account": account_id})
            return [campaign_of(row) for row in cursor]

    def next_due(self, account_id: UUID) -> datetime | None:
        with self._database.statement() as cursor:
            row = cursor.execute(_NEXT_DUE, {"account": account_id}).fetchone()
            return row.at if row else None

    def claim(
        self, lease: Lease, campaign_id: UUID, after: UUID | None, limit: int, only_known: bool
    ) -> Sequence[Claim]:
        with self._database.statement() as cursor:
            cursor.row_factory = tuple_row  # names would cost as much again
            cursor.execute(
                _CLAIM_KNOWN if only_known else _CLAIM_ANY,
                {
                    "account": lease.account_id,
                    "epoch": lease.epoch,
                    "campaign": campaign_id,
                    "after": after or _FIRST,
                    "limit": limit,
                },
                binary=True,  # keys are made of bytes in a third of the time
                prepare=True,
            )
            claims = [_claim(campaign_id, row) for row in cursor.fetchall()]
            if not claims:
                self._check(cursor, lease)
            return claims

    def open_journal(self, lease: Lease) -> PostgresJournal:
        return PostgresJournal(self._database, lease)

    def opted_out(self, workspace_id: UUID, phones: Sequence[str]) -> frozenset[str]:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT phone FROM opt_outs WHERE workspace_id = %s AND phone = ANY(%s)",
                (workspace_id, list(phones)),
            )
            return frozenset(row.phone for row in cursor)

    def orphans(self, lease: Lease) -> Sequence[Orphan]:
        with self._database.transaction() as cursor:
            take_in(cursor, lease)
            cursor.execute(_ORPHANS, {"account": lease.account_id, "epoch": lease.epoch})
            return [_orphan(row) for row in cursor]

    def recover(self, lease: Lease, settlements: Sequence[Settlement]) -> None:
        if not settlements:
            return
        with self._database.transaction() as cursor:
            self._check(cursor, lease)
            scope = {"account": lease.account_id, "epoch": lease.epoch}
            parts = [(s, part) for s in settlements for part in s.parts]
            if parts:
                cursor.execute(NOTE_ORPHANS_PARTS, scope | {"parts": dumped(parts)})
            cursor.execute(
                _RECOVER,
                scope
                | {
                    "campaigns": [s.campaign_id for s in settlements],
                    "ids": [s.recipient_id for s in settlements],
                    "message_ids": [s.message_id for s in settlements],
                },
            )

    def finish(self, campaign_id: UUID, now: datetime) -> bool:
        with self._database.statement() as cursor:
            cursor.execute(_FINISH, {"campaign": campaign_id, "now": now})
            return cursor.rowcount == 1

    def history(self, account_id: UUID, now: datetime) -> History:
        with self._database.transaction() as cursor:
            since = now.timestamp() - 3600
            cursor.execute(
                _RECENT,
                {"account": account_id, "since": datetime.fromtimestamp(since, now.tzinfo)},
            )
            recent = [row.sent_at for row in cursor][::-1]
            days = cursor.execute(_DAYS, {"account": account_id, "now": now}).fetchone()
            if days is None:
                return History(recent)
            return History(recent, days.today, days.day, days.first_day)

    def pause_all(self, account_id: UUID, reason: PauseReason) -> Sequence[UUID]:
        with self._database.transaction() as cursor:
            order = {"account": account_id, "reason": reason.value, "unable": _UNABLE}
            paused = [row.id for row in cursor.execute(_PAUSE_ALL, order)]
            cursor.execute(_WAKE_PARTNERS, {"account": account_id})
            return paused

    def wake_partners(self, account_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(_WAKE_PARTNERS, {"account": account_id})

    @staticmethod
    def _check(cursor: Cursor, lease: Lease) -> None:
        if not cursor.execute(_LEASE_LIVES, (lease.account_id, lease.epoch)).fetchone():
            raise LeaseLost(f"epoch {lease.epoch} of account {lease.account_id} is over")


def _claim(campaign_id: UUID, row: tuple[Any, ...]) -> Claim:
    (
        recipient_id,
        contact_id,
        phone,
        attempt,
        nombre,
        sustantivo,
        grupo,
        own,
        parts,
        in_doubt,
        opted_out,
    ) = row
    fields: dict[str, str] = dict(own) if own else {}
    if nombre is not None:
        fields["nombre"] = nombre
    if sustantivo is not None:
        fields["sustantivo"] = sustantivo
    if grupo is not None:
        fields["grupo"] = grupo
    fields["numero"] = phone
    return Claim(
        recipient_id,
        campaign_id,
        contact_id,
        phone,
        attempt,
        fields,
        opted_out,
        frozenset(parts) if parts else _NO_PARTS,
        in_doubt,
    )


def _orphan(row: Any) -> Orphan:
    count = len(from_config((row.message_template,), row.media_config).parts)
    key, before = bytes(row.key), row.parts or ()
    secrets = {
        part: attempt_secret(key, row.id, row.attempts, part)
        for part in range(count)
        if part not in before
    }
    return Orphan(row.campaign_id, row.id, secrets, several=count > 1)
