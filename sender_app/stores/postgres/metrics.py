"""Dashboard reads in Postgres, from rollups only: their cost does not grow with the events."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sender_app.ports.store import Tally
from sender_app.stores.postgres.engine import Database

_TIMELINE = """
SELECT day::text AS key, sum(sent)::int AS sent, sum(errors)::int AS errors, '' AS label
FROM daily_stats WHERE workspace_id = %s AND day BETWEEN %s AND %s GROUP BY day ORDER BY day
"""
_BY_GROUP = """
SELECT grupo AS key, sum(sent)::int AS sent, sum(errors)::int AS errors, grupo AS label
FROM daily_stats WHERE workspace_id = %s AND day BETWEEN %s AND %s
GROUP BY grupo ORDER BY sum(sent) DESC, grupo
"""
_BY_CONTACT = """
SELECT c.phone AS key, t.sent, t.errors, c.nombre AS label FROM (
  SELECT contact_id, sum(sent)::int AS sent, sum(errors)::int AS errors FROM contact_stats
  WHERE workspace_id = %s AND month BETWEEN %s AND %s
  GROUP BY contact_id ORDER BY sum(sent) DESC, contact_id LIMIT %s) t
JOIN contacts c ON c.id = t.contact_id ORDER BY t.sent DESC, c.nombre
"""
_MONTH = """
SELECT coalesce(sum(sent), 0)::int AS sent, coalesce(sum(errors), 0)::int AS errors
FROM monthly_stats WHERE workspace_id = %s AND month = %s
"""

_BY_ACCOUNT = """
SELECT account_id, coalesce(sum(sent) FILTER (WHERE day = %(day)s), 0)::int AS sent,
  min(day) AS first_day
FROM daily_stats WHERE workspace_id = %(workspace)s GROUP BY account_id
"""


class PostgresMetrics:
    """See ports.store.MetricsStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def timeline(self, workspace_id: UUID, start: date, end: date) -> Sequence[Tally]:
        return self._tallies(_TIMELINE, workspace_id, start, end)

    def by_group(self, workspace_id: UUID, start: date, end: date) -> Sequence[Tally]:
        return self._tallies(_BY_GROUP, workspace_id, start, end)

    def by_contact(
        self, workspace_id: UUID, first_month: str, last_month: str, limit: int
    ) -> Sequence[Tally]:
        return self._tallies(_BY_CONTACT, workspace_id, first_month, last_month, limit)

    def by_account(self, workspace_id: UUID, day: date) -> Mapping[UUID, tuple[int, date]]:
        with self._database.transaction() as cursor:
            cursor.execute(_BY_ACCOUNT, {"workspace": workspace_id, "day": day})
            return {row.account_id: (row.sent, row.first_day) for row in cursor}

    def month(self, workspace_id: UUID, month: str) -> Tally:
        with self._database.transaction() as cursor:
            row = cursor.execute(_MONTH, (workspace_id, month)).fetchone()
            return Tally(month, row.sent, row.errors) if row else Tally(month, 0, 0)

    def _tallies(self, query: str, *values: object) -> Sequence[Tally]:
        with self._database.transaction() as cursor:
            cursor.execute(query, values)
            return [Tally(row.key, row.sent, row.errors, row.label) for row in cursor]
