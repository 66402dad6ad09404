"""Answers on their way to people, in Postgres: a small ledger of its own.

As in the large one, an attempt's secret is committed before anything is sent, and the holder of a
newer lease finds by it what became of an attempt that an older one left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sender_app.domain.conversation import SENDER, AnswerClaim, AnswerOutcome
from sender_app.domain.delivery import Lease
from sender_app.domain.errors import LeaseLost
from sender_app.ports.whatsapp import Receipt, ReceiptKind
from sender_app.stores.postgres.engine import Cursor, Database

# The lease's row is locked until the commit, see deliveries.py.
_LEASE = """
SELECT epoch FROM leases
WHERE account_id = %(account)s AND epoch = %(epoch)s AND expires_at > now() FOR SHARE
"""
_CONFIRM = """
WITH due AS (
  UPDATE opt_outs SET answer_due = NULL WHERE answer_due = %(account)s AND phone = %(phone)s
  RETURNING phone),
written AS (
  INSERT INTO answers (workspace_id, account_id, conversation_id, request_id, user_id, phone, text)
  SELECT v.workspace_id, v.account_id, v.id, gen_random_uuid(), %(author)s, v.phone, %(text)s::text
  FROM due JOIN conversations v ON v.account_id = %(account)s AND v.phone = due.phone
  WHERE %(text)s::text <> '' RETURNING conversation_id, text),
shown AS (
  UPDATE conversations v SET last_text = w.text, last_kind = 'text', last_is_ours = true,
    last_at = greatest(v.last_at, now())
  FROM written w WHERE v.id = w.conversation_id)
SELECT FROM due
"""
_REFUSE = """
UPDATE answers a
SET status = 'failed',
  error_code = CASE WHEN a.user_id = %(author)s THEN 'opt_out_lifted' ELSE 'opted_out' END
WHERE a.account_id = %(account)s AND a.status = 'waiting'
  AND (a.user_id = %(author)s) <> EXISTS (
    SELECT FROM opt_outs o WHERE o.workspace_id = a.workspace_id AND o.phone = a.phone)
"""
_CLAIM = """
UPDATE answers a SET status = 'sending', lease_epoch = %(epoch)s, attempts = a.attempts + 1,
  secret = %(secret)s, claimed_at = now(), error_code = NULL, not_before = NULL
WHERE a.id = (
  SELECT id FROM answers WHERE account_id = %(account)s AND status = 'waiting'
    AND (not_before IS NULL OR not_before <= now()) ORDER BY id LIMIT 1)
RETURNING a.id, a.phone, a.text, a.attempts, a.secret
"""
_RECORD = """
UPDATE answers SET status = %(status)s::text, message_id = %(message)s, error_code = %(error)s,
  not_before = %(not_before)s,
  sent_at = CASE WHEN %(status)s::text = 'sent' THEN %(at)s::timestamptz END
WHERE id = %(answer)s AND account_id = %(account)s AND status = 'sending'
  AND lease_epoch = %(epoch)s
"""
_ORPHANS = """
SELECT id, phone, text, attempts, secret FROM answers
WHERE account_id = %(account)s AND status = 'sending' AND lease_epoch < %(epoch)s
"""
_RECOVER = """
UPDATE answers SET message_id = %(message)s::text,
  status = CASE WHEN %(message)s::text IS NULL THEN 'waiting' ELSE 'unconfirmed' END,
  error_code = CASE WHEN %(message)s::text IS NOT NULL THEN 'outcome_unknown' END
WHERE id = %(answer)s AND account_id = %(account)s AND status = 'sending'
  AND lease_epoch < %(epoch)s
"""
_NEXT_DUE = """
SELECT min(coalesce(not_before, created_at)) AS at FROM answers
WHERE account_id = %s AND status = 'waiting'
"""
_FAIL_WAITING = """
UPDATE answers SET status = 'failed', error_code = %s, not_before = NULL
WHERE account_id = %s AND status = 'waiting'
"""
_RECEIPTS = """
WITH heard AS (
  SELECT id, min(at) AS at, min(at) FILTER (WHERE kind = 'read') AS read_at
  FROM unnest(%(ids)s::text[], %(kinds)s::text[], %(ats)s::timestamptz[]) AS h(id, kind, at)
  GROUP BY id)
UPDATE answers a SET status = 'sent', error_code = NULL,
  sent_at = coalesce(a.sent_at, heard.at), delivered_at = coalesce(a.delivered_at, heard.at),
  read_at = coalesce(a.read_at, heard.read_at)
FROM heard WHERE a.message_id = heard.id AND a.account_id = %(account)s
  AND a.status IN ('sent', 'unconfirmed')
  AND (a.delivered_at IS NULL OR (a.read_at IS NULL AND heard.read_at IS NOT NULL))
"""


class PostgresAnswering:
    """See ports.store.answering.AnsweringStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def confirm(self, lease: Lease, phone: str, text: str) -> bool:
        with self._database.transaction() as cursor:
            values = _hold(cursor, lease) | {"phone": phone, "text": text, "author": SENDER}
            return cursor.execute(_CONFIRM, values).rowcount == 1

    def claim(self, lease: Lease, secret: bytes) -> AnswerClaim | None:
        with self._database.transaction() as cursor:
            held = _hold(cursor, lease)
            cursor.execute(_REFUSE, held | {"author": SENDER})
            row = cursor.execute(_CLAIM, held | {"secret": secret}).fetchone()
            return _claim(row) if row else None

    def record(self, lease: Lease, answer_id: UUID, outcome: AnswerOutcome) -> bool:
        with self._database.transaction() as cursor:
            values = {
                "account": lease.account_id,
                "epoch": lease.epoch,
                "answer": answer_id,
                "status": outcome.status.value,
                "message": outcome.message_id,
                "error": outcome.error_code,
                "not_before": outcome.not_before,
                "at": outcome.at,
            }
            return cursor.execute(_RECORD, values).rowcount == 1

    def orphans(self, lease: Lease) -> Sequence[AnswerClaim]:
        with self._database.transaction() as cursor:
            cursor.execute(_ORPHANS, {"account": lease.account_id, "epoch": lease.epoch})
            return [_claim(row) for row in cursor]

    def recover(self, lease: Lease, answer_id: UUID, message_id: str | None) -> None:
        with self._database.transaction() as cursor:
            held = _hold(cursor, lease)
            cursor.execute(_RECOVER, held | {"answer": answer_id, "message": message_id})

    def next_due(self, account_id: UUID) -> datetime | None:
        with self._database.transaction() as cursor:
            row = cursor.execute(_NEXT_DUE, (account_id,)).fetchone()
            return row.at if row else None

    def fail_waiting(self, account_id: UUID, code: str) -> int:
        with self._database.transaction() as cursor:
            return cursor.execute(_FAIL_WAITING, (code, account_id)).rowcount

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> int:
        heard = [(message, r.kind, r.at) for r in receipts for message in r.message_ids]
        with self._database.statement() as cursor:
            values = {
                "account": account_id,
                "ids": [message for message, _, _ in heard],
                "kinds": [ReceiptKind(kind).value for _, kind, _ in heard],
                "ats": [at for _, _, at in heard],
            }
            return cursor.execute(_RECEIPTS, values).rowcount


def _hold(cursor: Cursor, lease: Lease) -> dict[str, object]:
    """The lease, locked for this transaction. Raises LeaseLost."""
    held: dict[str, object] = {"account": lease.account_id, "epoch": lease.epoch}
    if cursor.execute(_LEASE, held).fetchone() is None:
        raise LeaseLost(f"epoch {lease.epoch} of account {lease.account_id} is over")
    return held


def _claim(row: Any) -> AnswerClaim:
    return AnswerClaim(row.id, row.phone, row.text, row.attempts, bytes(row.secret))
