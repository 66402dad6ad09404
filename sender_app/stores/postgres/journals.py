"""Delivery journals in Postgres: outcomes are appended at once, rollups follow now and then.

A journal is one stream of records under one lease. Its row exists while it is open, every record
holds it, and the successor of a lease folds and removes what was left open: no outcome is lost to
the rollups or counted twice, whatever moment a process ends at.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from sender_app.domain.delivery import Lease, Outcome, RecipientStatus
from sender_app.domain.errors import LeaseLost
from sender_app.stores.postgres.engine import Cursor, Database
from sender_app.stores.postgres.parts import NOTE_PARTS, certain, dumped
from sender_app.stores.postgres.rollups import fold

_OPEN = """
INSERT INTO delivery_journals (account_id, epoch)
SELECT account_id, epoch FROM leases
WHERE account_id = %(account)s AND epoch = %(epoch)s AND expires_at > now() FOR SHARE
RETURNING id
"""
# One value for all outcomes: it is much cheaper to hand over than an array for every column. Both
# columns of a recipient's key come from one table, or a plan made before Postgres has statistics of
# a new campaign walks all of it for each outcome.
_SETTLE = """
WITH journal AS MATERIALIZED (
  SELECT id FROM delivery_journals WHERE id = %(journal)s FOR SHARE),
told AS MATERIALIZED (
  SELECT o.*, c.status AS campaign_status, c.workspace_id, c.user_id
  FROM jsonb_to_recordset(%(outcomes)s::jsonb) AS o(id uuid, campaign uuid, status text,
    at timestamptz, message_id text, error_code text, error_message text, not_before timestamptz)
  JOIN campaigns c ON c.id = o.campaign),
changed AS (
  UPDATE campaign_recipients r SET
    status = CASE WHEN o.status = 'queued' AND o.campaign_status = 'cancelled' THEN 'skipped'
      ELSE o.status END,
    message_id = o.message_id, error_code = o.error_code, error_message = o.error_message,
    attempts = r.attempts - (o.status = 'queued' AND o.error_code IS NULL)::int,
    not_before = o.not_before, sent_at = CASE WHEN o.status = 'sent' THEN o.at END
  FROM journal, told o
  WHERE r.campaign_id = o.campaign AND r.id = o.id
    AND r.status = 'sending' AND r.lease_epoch = %(epoch)s
  RETURNING r.id, r.campaign_id, r.contact_id, r.status, o.at, r.message_id, r.error_code,
    o.workspace_id, o.user_id),
events AS (
  INSERT INTO metric_events (workspace_id, user_id, campaign_id, contact_id, event_type, metadata,
    created_at, recipient_id, message_id, journal_id, entry)
  SELECT workspace_id, user_id, campaign_id, contact_id, status,
    CASE WHEN error_code IS NOT NULL THEN jsonb_build_object('code', error_code) END,
    at, id, message_id, %(journal)s, %(entry)s
  FROM changed WHERE status <> 'queued' RETURNING id)
SELECT (SELECT count(*) FROM journal)::int AS open, (SELECT count(*) FROM changed)::int AS n,
  (SELECT id FROM events ORDER BY id LIMIT 1) AS first_event
"""
_FOLD = f"""
WITH journal AS (
  UPDATE delivery_journals SET folded_entry = %(entry)s, folded_at = now()
  WHERE id = %(journal)s AND folded_entry < %(entry)s
  RETURNING id, account_id, old.folded_entry AS first, new.folded_entry AS last),
{fold("%(since)s")}
SELECT 1
"""
_CLOSE = "DELETE FROM delivery_journals WHERE id = %s"
# Waits for whoever is recording, so that the next statement sees what they wrote.
_HOLD_OPEN = """
SELECT id FROM delivery_journals WHERE account_id = %(account)s AND epoch < %(epoch)s
ORDER BY id FOR UPDATE
"""
# None of them was written before `folded_at`; a minute for clocks that were set back since.
_SINCE = "(SELECT uuidv7(min(since) - clock_timestamp() - interval '1 minute') FROM journal)"
_TAKE_IN = f"""
WITH journal AS (
  DELETE FROM delivery_journals WHERE account_id = %(account)s AND epoch < %(epoch)s
  RETURNING id, account_id, folded_entry AS first, 2147483647 AS last, folded_at AS since),
{fold(_SINCE)}
SELECT 1
"""


class PostgresJournal:
    """See ports.store.journals.Journal."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        with database.transaction() as cursor:
            cursor.execute(_OPEN, {"account": lease.account_id, "epoch": lease.epoch})
            opened = cursor.fetchone()
        if opened is None:
            raise LeaseLost(f"epoch {lease.epoch} of account {lease.account_id} is over")
        self._id: int = opened.id
        self._entry = 0
        self._folded = 0
        self._since: UUID | None = None  # the first event that is not folded

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> int:
        single = not fold and not any(outcome.parts for outcome in outcomes)
        way = self._database.statement if single else self._database.transaction
        with way() as cursor:
            settled = self._append(cursor, outcomes) if outcomes else 0
            if fold:
                self._fold(cursor)
        if fold:
            self._folded, self._since = self._entry, None
        return settled

    def close(self) -> None:
        with self._database.transaction() as cursor:
            self._fold(cursor)
            cursor.execute(_CLOSE, (self._id,))

    def _append(self, cursor: Cursor, outcomes: Sequence[Outcome]) -> int:
        entry = self._entry + 1
        parts = [(o.claim, part) for o in outcomes for part in o.parts]
        if parts:
            lease = self._lease
            scope = {"journal": self._id, "account": lease.account_id, "epoch": lease.epoch}
            cursor.execute(NOTE_PARTS, scope | {"parts": dumped(parts)})
            outcomes = _without_old_doubts(cursor, outcomes)
        cursor.execute(
            _SETTLE,
            {
                "journal": self._id,
                "entry": entry,
                "epoch": self._lease.epoch,
                "outcomes": orjson.dumps([_row(outcome) for outcome in outcomes]).decode(),
            },
        )
        row = cursor.fetchone()
        if row is None or not row.open:
            raise LeaseLost(f"journal {self._id} of account {self._lease.account_id} was closed")
        self._entry = entry
        self._since = self._since or row.first_event
        return row.n

    def _fold(self, cursor: Cursor) -> None:
        if self._folded < self._entry:
            cursor.execute(_FOLD, {"journal": self._id, "entry": self._entry, "since": self._since})


def take_in(cursor: Cursor, lease: Lease) -> None:
    """Fold what earlier leases of the account recorded and did not fold, and end their journals."""
    scope = {"account": lease.account_id, "epoch": lease.epoch}
    cursor.execute(_HOLD_OPEN, scope)
    cursor.execute(_TAKE_IN, scope)


def _without_old_doubts(cursor: Cursor, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """A receipt may have come since the claim for a part that was in doubt then."""
    doubted = {
        o.claim.recipient_id
        for o in outcomes
        if o.parts and o.status is RecipientStatus.UNCONFIRMED
    }
    sure = certain(cursor, list(doubted)) if doubted else frozenset()
    return [
        replace(o, status=RecipientStatus.SENT, error_code=None, error_message=None)
        if o.claim.recipient_id in sure
        else o
        for o in outcomes
    ]


def _row(outcome: Outcome) -> dict[str, object]:
    row: dict[str, object] = {
        "id": outcome.claim.recipient_id,
        "campaign": outcome.claim.campaign_id,
        "status": outcome.status,
        "at": outcome.at,
    }
    if outcome.message_id is not None:
        row["message_id"] = outcome.message_id
    if outcome.error_code is not None:
        row["error_code"], row["error_message"] = outcome.error_code, outcome.error_message
    if outcome.not_before is not None:
        row["not_before"] = outcome.not_before
    return row
