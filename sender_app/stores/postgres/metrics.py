"""Dashboard reads in Postgres, from rollups only: their cost does not grow with the events."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

from sender_app.domain.reporting import EVERYTHING, Only, Span, Step
from sender_app.ports.store.metrics import Tally
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.rollups import EVERY_ACCOUNT

# What each step is read from, its column, and its key.
_STEPS = {
    Step.HOUR: ("hourly_stats", "hour", """to_char(hour, 'YYYY-MM-DD"T"HH24')"""),
    Step.DAY: ("daily_stats", "day", "day::text"),
    Step.MONTH: ("group_stats", "month", "month"),
}
_SUMS = "sum(sent)::int AS sent, sum(errors)::int AS errors"
_OF = "FROM {table} WHERE workspace_id = %(workspace)s AND {column} BETWEEN %(first)s AND %(last)s"
_TIMELINE = f"SELECT {{key}} AS key, {_SUMS}, '' AS label {_OF}{{only}} GROUP BY 1 ORDER BY 1"
_BY_GROUP = f"""
SELECT grupo AS key, {_SUMS}, grupo AS label {_OF}{{only}} GROUP BY grupo
ORDER BY sum(sent) DESC, grupo
"""
_TOTAL = f"SELECT {_SUMS} {_OF}{{only}}"
# Walks down an index from the most, and ends after `limit`. For a small group Postgres begins at
# the book's index of groups instead. (OFFSET 0: a look at each contact, never at all of them.)
_BY_CONTACT = """
SELECT c.phone AS key, t.sent, t.errors, c.nombre AS label
FROM {table} t {join}
CROSS JOIN LATERAL (SELECT phone, nombre FROM contacts
  WHERE id = t.contact_id AND grupo = coalesce(%(group)s, grupo) OFFSET 0) c
WHERE t.workspace_id = %(workspace)s AND t.{period} = %(period)s {only}
ORDER BY t.sent DESC, t.contact_id LIMIT %(limit)s
"""
_OF_GROUP = """
JOIN contact_index i ON i.contact_id = t.contact_id AND i.workspace_id = %(workspace)s
  AND i.grupo = CASE WHEN %(group)s = '' THEN '~' ELSE contact_key(%(group)s) END
"""
_MONTH = (
    f"SELECT {_SUMS} FROM monthly_stats WHERE workspace_id = %(workspace)s AND month = %(month)s"
)

_BY_ACCOUNT = """
SELECT account_id, coalesce(sum(sent) FILTER (WHERE day = %(day)s), 0)::int AS sent,
  min(day) AS first_day
FROM daily_stats WHERE workspace_id = %(workspace)s GROUP BY account_id
"""


class PostgresMetrics:
    """See ports.store.metrics.MetricsStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def timeline(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        return self._of(_TIMELINE, workspace_id, span.step, span, only)

    def total(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Tally:
        query, values = _query(_TOTAL, workspace_id, Step.DAY, span, only)
        return self._tally(query, values)

    def by_group(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        step = Step.MONTH if span.step is Step.MONTH else Step.DAY
        return self._of(_BY_GROUP, workspace_id, step, span, only)

    def by_contact(
        self, workspace_id: UUID, period: str, limit: int, only: Only = EVERYTHING
    ) -> Sequence[Tally]:
        of_month = only.account_id is None and len(period) == len("2026-11")
        query = _BY_CONTACT.format(
            table="contact_stats" if of_month else "contact_tops",
            period="month" if of_month else "period",
            join="" if only.group is None else _OF_GROUP,
            only="" if of_month else "AND t.account_id = %(account)s",
        )
        values = {
            "workspace": workspace_id,
            "period": period,
            "account": only.account_id or EVERY_ACCOUNT,
            "group": only.group,
            "limit": limit,
        }
        return self._tallies(query, values)

    def by_account(self, workspace_id: UUID, day: date) -> Mapping[UUID, tuple[int, date]]:
        with self._database.transaction() as cursor:
            cursor.execute(_BY_ACCOUNT, {"workspace": workspace_id, "day": day})
            return {row.account_id: (row.sent, row.first_day) for row in cursor}

    def month(self, workspace_id: UUID, month: str) -> Tally:
        return self._tally(_MONTH, {"workspace": workspace_id, "month": month})

    def _of(
        self, query: str, workspace_id: UUID, step: Step, span: Span, only: Only
    ) -> Sequence[Tally]:
        return self._tallies(*_query(query, workspace_id, step, span, only))

    def _tally(self, query: str, values: dict[str, object]) -> Tally:
        with self._database.transaction() as cursor:
            row = cursor.execute(query, values).fetchone()
            return Tally("", (row and row.sent) or 0, (row and row.errors) or 0)

    def _tallies(self, query: str, values: dict[str, object]) -> Sequence[Tally]:
        with self._database.transaction() as cursor:
            cursor.execute(query, values)
            return [Tally(row.key, row.sent, row.errors, row.label) for row in cursor]


def _query(
    query: str, workspace_id: UUID, step: Step, span: Span, only: Only
) -> tuple[str, dict[str, object]]:
    """The query over the table of `step`, and its values."""
    table, column, key = _STEPS[step]
    account = "" if only.account_id is None else " AND account_id = %(account)s"
    group = "" if only.group is None else " AND grupo = %(group)s"
    first, last = _bounds(step, span)
    values = {
        "workspace": workspace_id,
        "first": first,
        "last": last,
        "account": only.account_id,
        "group": only.group,
    }
    return query.format(table=table, column=column, key=key, only=account + group), values


def _bounds(step: Step, span: Span) -> tuple[object, object]:
    """The first and the last value of the step's column."""
    match step:
        case Step.HOUR:
            return datetime.combine(span.start, time()), datetime.combine(span.end, time(23))
        case Step.DAY:
            return span.start, span.end
        case Step.MONTH:
            return f"{span.start:%Y-%m}", f"{span.end:%Y-%m}"
