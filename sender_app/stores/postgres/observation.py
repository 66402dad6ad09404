"""One look at the whole installation, from small indexed sets and the campaigns' own counters."""

from datetime import timedelta

from sender_app.ports.telemetry import Observation
from sender_app.stores.postgres.engine import Database

# Finished and cancelled campaigns are counted too: one row each, never their recipients.
_CAMPAIGNS = """
SELECT status, count(*)::int AS n,
  coalesce(sum(total_recipients - sent_count - error_count - skipped_count - unconfirmed_count)
    FILTER (WHERE status = 'running'), 0)::int AS waiting,
  coalesce(sum(unconfirmed_count), 0)::int AS unconfirmed
FROM campaigns GROUP BY status
"""
_ACCOUNTS = "SELECT status, count(*)::int AS n FROM accounts GROUP BY status"
_SERVING = """
SELECT
  (SELECT count(*)::int FROM leases WHERE expires_at > now()) AS served,
  (SELECT count(*)::int FROM leases WHERE expires_at <= now() AND owner <> '') AS run_out,
  (SELECT coalesce(max(now() - k.taken_at), interval '0') FROM leases l
    JOIN lease_keys k ON k.account_id = l.account_id AND k.epoch = l.epoch
    WHERE l.expires_at > now()) AS oldest,
  count(*)::int AS due,
  coalesce(max(now() - a.wake_at), interval '0') AS longest_wait,
  pg_database_size(current_database()) AS bytes
FROM accounts a WHERE a.wake_at <= now()
AND NOT EXISTS (SELECT FROM leases l WHERE l.account_id = a.id AND l.expires_at > now())
"""


class PostgresObserver:
    """See ports.telemetry.Observer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def observe(self) -> Observation:
        with self._database.transaction() as cursor:
            campaigns = cursor.execute(_CAMPAIGNS).fetchall()
            accounts = cursor.execute(_ACCOUNTS).fetchall()
            serving = cursor.execute(_SERVING).fetchone()
        assert serving is not None  # noqa: S101 - an aggregate without groups has one row
        return Observation(
            campaigns={row.status: row.n for row in campaigns},
            accounts={row.status: row.n for row in accounts},
            accounts_to_serve=serving.due,
            accounts_served=serving.served,
            waiting=sum(row.waiting for row in campaigns),
            unconfirmed=sum(row.unconfirmed for row in campaigns),
            oldest_lease=serving.oldest,
            leases_run_out=serving.run_out,
            longest_wait=max(serving.longest_wait, timedelta()),
            database_bytes=serving.bytes,
        )
