"""The dashboard's reads over a year of messages: do they grow with the events?

    python -m benchmarks.dashboard [EVENTS]

Fills a workspace of two accounts, forty groups and 100,000 contacts with a tenth of EVENTS (ten
million unless told), times every read, fills in the rest, and times them again. The rollups are
made by the statement that folds journals. Each read is asked ROUNDS times in a shuffled order, past
the cache; printed are p50 and p95 in milliseconds before and after, round trips included.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.servers import servers
from sender_app.domain.reporting import EVERYTHING, Only, last_days
from sender_app.stores.postgres.engine import only
from sender_app.stores.postgres.rollups import fold
from sender_app.stores.postgres.store import PostgresStore

ROUNDS = 60
CONTACTS = 100_000
GROUPS = 40
BUDGET = 10.0  # milliseconds
_ZONE = "America/Asuncion"
_DEFAULTS = {"default_country": "PY", "time_zone": _ZONE, "language": "es"}
# Groups of very different sizes, from a fifth of the contacts to a few dozen.
_PEOPLE = """
INSERT INTO contacts (workspace_id, user_id, phone, nombre, grupo, source)
SELECT %(workspace)s, 'bench', '+595981' || lpad(n::text, 6, '0'), 'Persona ' || n,
  'Grupo ' || floor(%(groups)s * power((n * 7919 %% 1000003) / 1000003.0, 3)), 'csv'
FROM generate_series(1, %(contacts)s) n
"""
# Some are written to far more often than others, and errors are one in twenty.
_EVENTS = """
INSERT INTO metric_events (workspace_id, user_id, campaign_id, contact_id, event_type, created_at,
  journal_id, entry)
SELECT %(workspace)s, 'bench', (%(campaigns)s::uuid[])[1 + n %% 2], id,
  CASE WHEN random() < 0.05 THEN 'error' ELSE 'sent' END,
  least(%(start)s::timestamptz + random() * interval '30 days', now()), %(journal)s, 1
FROM (SELECT 1 + floor(%(contacts)s * power(random(), 1.3))::int AS n
    FROM generate_series(1, %(events)s)) picked
JOIN (SELECT row_number() OVER (ORDER BY id) AS n, id FROM contacts
    WHERE workspace_id = %(workspace)s) people USING (n)
"""
_FOLD = f"""
WITH journal AS (SELECT %(journal)s::bigint AS id, %(account)s::uuid AS account_id, 0 AS first,
  1 AS last),
{fold("%(since)s")}
SELECT 1
"""


def main(events: int) -> None:
    """Fill, time, fill, time."""
    with servers() as found:
        store = PostgresStore(found.postgres_url)
        year = Year(store)
        year.add(events // 10)
        before = _ask(year.questions())
        year.add(events - events // 10)
        after = _ask(year.questions())
        store.close()
    print(f"\n| read, ms | p50, p95 at {events // 10:,} | p50, p95 at {events:,} events |")
    print("| --- | --- | --- |")
    for name, (p50, p95) in after.items():
        print(f"| {name} | {before[name][0]:.2f}, {before[name][1]:.2f} | {p50:.2f}, {p95:.2f} |")
    slow = {name: p95 for name, (_, p95) in after.items() if p95 > BUDGET}
    print(f"\nSlower than {BUDGET:.0f} ms at the 95th percentile: {slow or 'none'}")
    if slow:
        raise SystemExit(1)


class Year:
    """A workspace that has sent for twelve times thirty days."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._workspace = store.workspaces.ensure("bench", "Bench", _DEFAULTS).id
        self._accounts = [
            store.accounts.create(self._workspace, "bench", name).id for name in ("A", "B")
        ]
        self._journals = 0
        values = {"workspace": self._workspace, "groups": GROUPS, "contacts": CONTACTS}
        with store.database.transaction() as cursor:
            cursor.execute(_PEOPLE, values)
            self._campaigns = [self._campaign(cursor, account) for account in self._accounts]
        while store.contacts.follow(5_000):
            pass

    def _campaign(self, cursor: psycopg.Cursor[Any], account: UUID) -> UUID:
        row = cursor.execute(
            "INSERT INTO campaigns (workspace_id, account_id, user_id, name, status,"
            " message_template) VALUES (%s, %s, 'bench', 'x', 'finished', 'x') RETURNING id",
            (self._workspace, account),
        ).fetchone()
        assert row is not None  # noqa: S101 - a returning insert has a row
        return row.id

    def add(self, events: int) -> None:
        """So many more events, spread over the year, and what follows from them."""
        began = time.perf_counter()
        for month in range(12):
            self._journals += 1
            start = datetime.now(UTC) - timedelta(days=30 * (12 - month))
            values = {
                "workspace": self._workspace,
                "campaigns": self._campaigns,
                "events": events // 12,
                "contacts": CONTACTS,
                "start": start,
                "journal": self._journals,
                "account": self._accounts[month % 2],
            }
            with self._store.database.transaction() as cursor:
                values["since"] = only(cursor.execute("SELECT uuidv7() AS key")).key
                cursor.execute(_EVENTS, values)
            with self._store.database.transaction() as cursor:
                cursor.execute(_FOLD, values)
        with psycopg.connect(self._store.database.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            row = connection.execute(
                "SELECT count(*), (SELECT sum(sent + errors) FROM daily_stats) FROM metric_events"
            ).fetchone()
        if row is None or row[0] != row[1]:
            raise SystemExit(f"events and rollups differ: {row}")
        print(f"{row[0]:,} events, {time.perf_counter() - began:.0f} s", flush=True)

    def questions(self) -> dict[str, Callable[[], object]]:
        """Every read, with and without its filters."""
        today = date.today()
        account = Only(self._accounts[0])
        filters = {
            "": EVERYTHING,
            ", an account": account,
            ", a large group": Only(group="Grupo 0"),
            ", a small group": Only(group=f"Grupo {GROUPS - 1}"),
            ", an account and a group": Only(account.account_id, "Grupo 7"),
        }
        asked: dict[str, Callable[[], object]] = {}
        for name, one in filters.items():
            asked |= {f"{kind}{name}": ask for kind, ask in self._reads(today, one)}
        return asked

    def _reads(self, today: date, only: Only) -> Iterator[tuple[str, Callable[[], object]]]:
        metrics, scope = self._store.metrics, self._workspace
        month, year, day = (last_days(days, today) for days in (30, 365, 1))
        if only == EVERYTHING:
            yield "this month", lambda: metrics.month(scope, f"{today:%Y-%m}")
        yield "a month's total", lambda: metrics.total(scope, month, only)
        for name, span in (("24 hours", day), ("30 days", month), ("12 months", year)):
            yield f"timeline of {name}", lambda span=span: metrics.timeline(scope, span, only)
        for name, span in (("30 days", month), ("12 months", year)):
            yield f"groups of {name}", lambda span=span: metrics.by_group(scope, span, only)
        for name in (f"{today:%Y-%m}", f"{today:%Y}"):
            yield (
                f"top contacts of a {'month' if '-' in name else 'year'}",
                lambda name=name: metrics.by_contact(scope, name, 10, only),
            )


def _ask(questions: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """p50 and p95 of each, in milliseconds, asked in a shuffled order."""
    order = [name for name in questions for _ in range(ROUNDS)]
    random.Random(7).shuffle(order)  # noqa: S311 - an order, not a secret
    took: dict[str, list[float]] = {name: [] for name in questions}
    for ask in questions.values():
        ask()
    for name in order:
        began = time.perf_counter()
        questions[name]()
        took[name].append(1000 * (time.perf_counter() - began))
    return {
        name: (statistics.median(times), statistics.quantiles(times, n=20)[-1])
        for name, times in took.items()
    }


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if sys.argv[1:] else 10_000_000)
