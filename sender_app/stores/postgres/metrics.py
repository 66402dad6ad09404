"""Dashboard reads in Postgres, from rollups only: their cost does not grow with the events."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

from sender_app.domain.reporting import EVERYTHING, Only, Span, Step
from sender_app.ports.store.metrics import Tally
from sender_app.stores.postgres.engine import Cursor, Database
from sender_app.stores.postgres.rollups import EVERY_ACCOUNT

# What each step is read from, its column, and its key.
_STEPS = {
    Step.HOUR: ("hourly_stats", "hour", """to_char(hour, 'YYYY-MM-DD"T"HH24')"""),
    Step.DAY: ("daily_stats", "day", "day::text"),
    Step.MONTH: ("group_stats", "month", "month"),
}
_LARGE = 2000  # members of a group that is not small
_SUMS = "sum(sent)::int AS sent, sum(errors)::int AS errors"
_OF = "FROM {table} WHERE workspace_id = %(workspace)s AND {column} BETWEEN %(first)s AND %(last)s"
_TIMELINE = f"SELECT {{key}} AS key, {_SUMS}, '' AS label {_OF}{{only}} GROUP BY 1 ORDER BY 1"
_BY_GROUP = f"""
SELECT grupo AS key, {_SUMS}, grupo AS label {_OF}{{only}} GROUP BY grupo
ORDER BY sum(sent) DESC, grupo
"""
_TOTAL = f"SELECT {_SUMS} {_OF}{{only}}"
# What rankings are of: contacts' months and years, and what each account counted of shared ones.
_MONTHS, _YEARS, _SHARES = (
    f"FROM {table} WHERE workspace_id = %(workspace)s AND {column} = %(period)s"
    for table, column in (
        ("contact_stats", "month"),
        ("contact_years", "year"),
        ("contact_shares", "period"),
    )
)
# (OFFSET 0, here and below: a look at each contact, never at all of them.)
_BY_CONTACT = """
SELECT c.phone AS key, t.sent, t.errors, c.nombre AS label
FROM ({ranked}) t
CROSS JOIN LATERAL (SELECT phone, nombre FROM contacts
  WHERE id = t.contact_id AND grupo = coalesce(%(group)s, grupo) OFFSET 0) c
ORDER BY t.sent DESC, t.contact_id LIMIT %(limit)s
"""
# Indexes go down from the most, with a part for each account that alone counted a contact. Where
# nothing may be sorted, Postgres merges the walks along some parts, and ends them after `limit`.
_WALK_ONLY = "SET LOCAL enable_sort = off"
_WALK = """
(SELECT contact_id, sent, errors {of} AND account_id = {account} ORDER BY sent DESC, contact_id)
"""
# The accounts of the parts: one step along the index for each, whatever they counted.
_ALONE = """
WITH RECURSIVE alone AS (
  (SELECT account_id {of} ORDER BY account_id LIMIT 1)
  UNION ALL
  SELECT (SELECT account_id {of} AND account_id > a.account_id ORDER BY account_id LIMIT 1)
  FROM alone a WHERE a.account_id IS NOT NULL)
SELECT account_id FROM alone WHERE account_id IS NOT NULL
"""
# A small group's members are looked up instead: a walk might come by few of them.
_OF_GROUP = """i.workspace_id = %(workspace)s
  AND i.grupo = CASE WHEN %(group)s = '' THEN '~' ELSE contact_key(%(group)s) END"""
_SIZE = f"SELECT count(*) AS n FROM (SELECT FROM contact_index i WHERE {_OF_GROUP} LIMIT %(large)s)"
_MEMBERS = f"""
SELECT i.contact_id, s.sent, s.errors FROM contact_index i
CROSS JOIN LATERAL (SELECT sent, errors {{of}} AND contact_id = i.contact_id
  AND account_id = coalesce({{account}}, account_id) OFFSET 0) s
WHERE {_OF_GROUP}
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
        whole = _MONTHS if len(period) == len("2026-11") else _YEARS
        values: dict[str, object] = {
            "workspace": workspace_id,
            "period": period,
            "group": only.group,
            "large": _LARGE,
            "limit": limit,
        }
        with self._database.transaction() as cursor:
            small = only.group is not None and _is_small(cursor, values)
            if only.account_id is not None:
                parts = [(whole, only.account_id), (_SHARES, only.account_id)]
            elif small:
                parts = [(whole, None)]
            else:
                parts = [(whole, account_id) for account_id in _alone(cursor, whole, values)]
            if not small:
                cursor.execute(_WALK_ONLY)
            ranked = " UNION ALL ".join(
                (_MEMBERS if small else _WALK).format(of=of, account=f"%(account_{n})s")
                for n, (of, _) in enumerate(parts)
            )
            values |= {f"account_{n}": account_id for n, (_, account_id) in enumerate(parts)}
            return _read(cursor.execute(_BY_CONTACT.format(ranked=ranked), values))

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
            return _read(cursor.execute(query, values))


def _is_small(cursor: Cursor, values: Mapping[str, object]) -> bool:
    row = cursor.execute(_SIZE, values).fetchone()
    return row is not None and row.n < _LARGE


def _alone(cursor: Cursor, whole: str, values: Mapping[str, object]) -> Sequence[UUID]:
    """The accounts that counted contacts alone, and the one of those that several counted, which
    the next may have become just now."""
    cursor.execute(_ALONE.format(of=whole), values)
    return sorted({EVERY_ACCOUNT, *(row.account_id for row in cursor)})


def _read(cursor: Cursor) -> Sequence[Tally]:
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
