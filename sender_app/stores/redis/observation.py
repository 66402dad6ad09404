"""One look at the whole installation, from small tables and the campaigns' own counters."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from sender_app.domain.campaign import CampaignStatus
from sender_app.ports.telemetry import Observation
from sender_app.stores.redis.accounts import accounts, due
from sender_app.stores.redis.campaign_rows import campaigns, counted
from sender_app.stores.redis.engine import RedisDatabase
from sender_app.stores.redis.keys import WORKSPACES
from sender_app.stores.redis.leases import live, oldest, run_out
from sender_app.stores.redis.rows import Row


class RedisObserver:
    """See ports.telemetry.Observer."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def observe(self) -> Observation:
        """Finished and cancelled campaigns are counted too: one row each, never their people."""
        view = self._database.view()
        now, found, statuses = view.now(), list[Row](), Counter[str]()
        for workspace in view.keys(WORKSPACES):
            found += counted(view, workspace, view.all(campaigns(workspace)).values())
            statuses.update(row["status"] for row in view.all(accounts(workspace)).values())
        wake, since = due(view, now), oldest(view)
        longest = now - datetime.fromtimestamp(wake[0][1], UTC) if wake else timedelta()
        return Observation(
            campaigns=Counter(row["status"] for row in found),
            accounts=statuses,
            accounts_to_serve=len(wake),
            accounts_served=len(live(view)),
            waiting=sum(map(_waiting, found)),
            unconfirmed=sum(row["unconfirmed_count"] for row in found),
            oldest_lease=now - since if since else timedelta(),
            leases_run_out=run_out(view),
            longest_wait=max(longest, timedelta()),
            database_bytes=self._database.size(),
        )


def _waiting(row: Row) -> int:
    """Recipients of a running campaign that are not settled."""
    if row["status"] != CampaignStatus.RUNNING:
        return 0
    settled = ("sent_count", "error_count", "skipped_count", "unconfirmed_count")
    return row["total_recipients"] - sum(row[name] for name in settled)
