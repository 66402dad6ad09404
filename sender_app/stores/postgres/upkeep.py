"""Forgetting what is old. Keys grow with time (uuid v7), so what is old is at their beginning."""

from datetime import datetime

from sender_app.stores.keys import first_key
from sender_app.stores.postgres.engine import Database

_FORGET = """
DELETE FROM {table} WHERE id IN (
  SELECT id FROM {table} t WHERE id < %s AND {settled} ORDER BY id LIMIT %s)
"""
_FORGET_ANSWERS = """
DELETE FROM api_answers WHERE (workspace_id, key) IN (
  SELECT workspace_id, key FROM api_answers WHERE started_at < %s ORDER BY started_at LIMIT %s)
"""
# What a journal has not folded yet is not in the counters and rollups.
_FOLDED = """NOT EXISTS (SELECT FROM delivery_journals j
  WHERE j.id = t.journal_id AND j.folded_entry < t.entry)"""
# A disabled endpoint's events wait for nothing: they go like the others.
_NOT_ON_ITS_WAY = """NOT EXISTS (
  SELECT FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
  WHERE d.event_id = t.id AND d.status = 'pending' AND w.disabled IS NULL)"""

_SETTLED = "t.status NOT IN ('waiting', 'sending')"
_FORGET_EMPTY = """
DELETE FROM conversations v WHERE v.last_at < %s
  AND NOT EXISTS (SELECT FROM replies p WHERE p.account_id = v.account_id AND p.phone = v.phone)
  AND NOT EXISTS (SELECT FROM answers a WHERE a.conversation_id = v.id)
"""
# Whoever is about to make them a campaign's has deleted the note, or waits for this lock and finds
# it deleted.
_LOOSE = """
SELECT campaign_id FROM loose_recipients l
WHERE created_at < %s AND NOT EXISTS (SELECT FROM campaigns c WHERE c.id = l.campaign_id)
LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_FORGET_LOOSE = """
DELETE FROM campaign_recipients WHERE campaign_id = %(campaign)s AND id IN (
  SELECT id FROM campaign_recipients WHERE campaign_id = %(campaign)s LIMIT %(limit)s)
"""


class PostgresUpkeep:
    """See ports.store.upkeep.UpkeepStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget_events(self, before: datetime, limit: int) -> int:
        return self._forget("metric_events", before, limit, settled=_FOLDED)

    def forget_answers(self, before: datetime, limit: int) -> int:
        with self._database.transaction() as cursor:
            return cursor.execute(_FORGET_ANSWERS, (before, limit)).rowcount

    def forget_replies(self, before: datetime, limit: int) -> int:
        replies = self._forget("replies", before, limit)
        answers = self._forget("answers", before, limit, settled=_SETTLED)
        with self._database.transaction() as cursor:
            cursor.execute(_FORGET_EMPTY, (before,))
        return replies + answers

    def forget_webhook_events(self, before: datetime, limit: int) -> int:
        return self._forget("webhook_events", before, limit, settled=_NOT_ON_ITS_WAY)

    def forget_loose_recipients(self, before: datetime, limit: int) -> int:
        with self._database.transaction() as cursor:
            loose = cursor.execute(_LOOSE, (before,)).fetchone()
            if loose is None:
                return 0
            scope = {"campaign": loose.campaign_id, "limit": limit}
            gone = cursor.execute(_FORGET_LOOSE, scope).rowcount
            if gone < limit:
                note = "DELETE FROM loose_recipients WHERE campaign_id = %(campaign)s"
                cursor.execute(note, scope)
            return gone

    def _forget(self, table: str, before: datetime, limit: int, settled: str = "true") -> int:
        statement = _FORGET.format(table=table, settled=settled)
        with self._database.transaction() as cursor:
            return cursor.execute(statement, (first_key(before), limit)).rowcount
