"""Campaigns as rows, with what is kept beside them: their counters, and the indexes that find them.

The counters are a tally, so that those who send raise them without being in the way of those who
look at campaigns.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.errors import NotFound
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.outbox import tell_campaign
from sender_app.stores.redis.rows import Row, at, compact, new_key, read
from sender_app.stores.redis.view import View

COUNTERS = ("sent", "error", "skipped", "unconfirmed", "delivered", "read", "replied")
SCHEDULED = "campaigns:scheduled"  # index of the installation: "workspace:campaign", by its time
_NEW = {
    "total_recipients": 0,
    "pause_reason": None,
    "approved_by": None,
    "review_note": "",
    "finished_at": None,
    "deleted_at": None,
}


def campaigns(workspace: UUID | str) -> str:
    """The table of campaigns; its rows are without the counters, but for `total_recipients`."""
    return of(workspace, "campaigns")


def newest(workspace: UUID | str) -> str:
    """The index of campaigns that people see: neither tests nor deleted ones."""
    return of(workspace, "campaigns", "newest")


def awaiting(workspace: UUID | str) -> str:
    """The index of campaigns that wait for approval."""
    return of(workspace, "campaigns", "awaiting")


def values_of(new: NewCampaign) -> Row:
    """What a person wrote into a campaign."""
    return {
        "account_id": str(new.account_id),
        "more_accounts": [str(account) for account in new.more_accounts],
        "name": new.name,
        "message_template": new.message_template,
        "variants": list(new.variants),
        "media_config": dict(new.media_config),
        "audience": dict(new.audience),
        "scheduled_at": new.scheduled_at and new.scheduled_at.isoformat(),
    }


def new_campaign(tx: Transaction, user_id: str, new: NewCampaign, *, test: bool = False) -> Row:
    """The row of a campaign that is not there yet."""
    now = tx.now().isoformat()
    return {
        "id": str(new_key()),
        "user_id": user_id,
        "status": new.status.value,
        "pacing": dict(new.pacing),
        "is_test": test,
        "started_at": now if new.status is CampaignStatus.RUNNING else None,
        "created_at": now,
        **_NEW,
        **values_of(new),
    }


def put_campaign(
    tx: Transaction, workspace: UUID | str, row: Row, before: Row | None = None
) -> None:
    """Insert a campaign, or change what it was `before`; endpoints are told of a new status."""
    tx.put(campaigns(workspace), row["id"], row)
    if before is None:
        tx.put(place("campaigns"), row["id"], {"workspace": str(workspace)})
    old = dict(_indexed(workspace, before)) if before else {}
    new = dict(_indexed(workspace, row))
    for index, name in old.keys() - new.keys():
        tx.take_out(index, name)
    for (index, name), score in new.items():
        if old.get((index, name)) != score:
            tx.add(index, name, score=score)
    was = before["status"] if before else None
    if row["status"] != was:
        tell_campaign(tx, workspace, counted_about(tx, workspace, row), was)


def drop_campaign(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    """A campaign without recipients that is no more."""
    tx.remove(campaigns(workspace), row["id"])
    tx.remove(place("campaigns"), row["id"])
    for (index, name), _ in _indexed(workspace, row):
        tx.take_out(index, name)


def counted(view: View, workspace: UUID | str, rows: Iterable[Row]) -> list[Row]:
    """Rows of campaigns with their counters: sent_count, error_count, …"""
    rows = list(rows)
    return _with(view.some(_counts(workspace), _fields(rows)), rows)


def counted_about(tx: Transaction, workspace: UUID | str, row: Row) -> Row:
    """A row of a campaign with its counters, which others may raise meanwhile."""
    return _with(tx.about_now(_counts(workspace), _fields([row])), [row])[0]


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


def kept_campaign(view: View, workspace: UUID | str, campaign_id: UUID | str) -> Row | None:
    """The row of a campaign of the workspace, unless it is deleted."""
    row = view.row(campaigns(workspace), campaign_id)
    return row if row and row["deleted_at"] is None else None


def read_campaign(view: View, workspace: UUID | str, campaign_id: UUID | str) -> Campaign:
    """A campaign of the workspace that is not deleted; raises NotFound."""
    row = kept_campaign(view, workspace, campaign_id)
    if row is None:
        raise NotFound("campaign", campaign_id)
    return campaign_of(workspace, counted(view, workspace, [row])[0])


def campaign_of(workspace: UUID | str, row: Row) -> Campaign:
    """A campaign from a row with its counters."""
    return read(Campaign, row | {"workspace_id": workspace})


def _fields(rows: Iterable[Row]) -> list[str]:
    return [f"{row['id']}:{name}" for row in rows for name in COUNTERS]


def _with(numbers: Iterable[int], rows: Iterable[Row]) -> list[Row]:
    left = iter(numbers)
    return [row | {f"{name}_count": next(left) for name in COUNTERS} for row in rows]


def _indexed(workspace: UUID | str, row: Row) -> Iterator[tuple[tuple[str, str], float]]:
    """The indexes that a campaign is in, with its name there and its score."""
    key, status = row["id"], row["status"]
    if not row["is_test"] and row["deleted_at"] is None:
        yield (newest(workspace), key), 0
    if status == CampaignStatus.RUNNING:
        yield (_running(workspace), key), 0
    if status == CampaignStatus.AWAITING:
        yield (awaiting(workspace), key), 0
    if status == CampaignStatus.SCHEDULED and row["scheduled_at"]:
        yield (SCHEDULED, f"{workspace}:{key}"), at(row["scheduled_at"]).timestamp()


def _running(workspace: UUID | str) -> str:
    return of(workspace, "campaigns", "running")


def _counts(workspace: UUID | str) -> str:
    return of(workspace, "campaigns", "counts")
