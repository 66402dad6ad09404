"""Campaigns as rows, with what is kept beside them: their counters, and which of them run."""

from collections.abc import Iterable
from uuid import UUID

from sender_app.domain.campaign import Campaign
from sender_app.stores.redis.engine import Row, Transaction, View, compact, read
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.outbox import tell_campaign

COUNTERS = ("sent", "error", "skipped", "unconfirmed", "delivered", "read", "replied")


def campaigns(workspace: UUID | str) -> str:
    """The table of campaigns; its rows are without the counters, but for `total_recipients`."""
    return of(workspace, "campaigns")


def put_campaign(
    tx: Transaction, workspace: UUID | str, row: Row, before: Row | None = None
) -> None:
    """Insert a campaign, or change what it was `before`; endpoints are told of a new status."""
    tx.put(campaigns(workspace), row["id"], row)
    if before is None:
        tx.put(place("campaigns"), row["id"], {"workspace": str(workspace)})
    was = before["status"] if before else None
    if row["status"] == was:
        return
    if row["status"] == "running":
        tx.add(_running(workspace), row["id"])
    else:
        tx.take_out(_running(workspace), row["id"])
    tell_campaign(tx, workspace, counted(tx, workspace, [row])[0], was)


def counted(view: View, workspace: UUID | str, rows: Iterable[Row]) -> list[Row]:
    """Rows of campaigns with their counters: sent_count, error_count, …"""
    rows = list(rows)
    fields = [f"{row['id']}:{name}" for row in rows for name in COUNTERS]
    numbers = iter(view.some(_counts(workspace), fields))
    return [row | {f"{name}_count": next(numbers) for name in COUNTERS} for row in rows]


def count(tx: Transaction, workspace: UUID | str, campaign_id: UUID | str, **by: int) -> None:
    """Raise counters of a campaign, by their names without `_count`. Nobody is in the way: the
    counters of all campaigns are a tally of their own."""
    for name, n in by.items():
        tx.bump(_counts(workspace), f"{campaign_id}:{name}", n)


def workspace_of_campaign(view: View, campaign_id: UUID | str) -> str:
    """Whose a campaign is; blank when there is none, whose tables are empty."""
    where = view.row(place("campaigns"), campaign_id)
    return where["workspace"] if where else ""


def running(view: View, workspace: UUID | str, account_id: UUID | str) -> list[Row]:
    """Rows of the running campaigns that an account sends, alone or with others."""
    rows = compact(view.rows(campaigns(workspace), view.names(_running(workspace))))
    return [row for row in rows if str(account_id) in accounts_of(row)]


def accounts_of(row: Row) -> list[str]:
    """Every account that sends a campaign, its own first."""
    return [row["account_id"], *row["more_accounts"]]


def campaign_of(workspace: UUID | str, row: Row) -> Campaign:
    """A campaign from a row with its counters."""
    return read(Campaign, row | {"workspace_id": workspace})


def _running(workspace: UUID | str) -> str:
    return of(workspace, "campaigns", "running")


def _counts(workspace: UUID | str) -> str:
    return of(workspace, "campaigns", "counts")
