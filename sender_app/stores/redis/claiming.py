"""Claims in Redis: whose turn it is, and what is known of them when it is."""

from collections.abc import Iterator, Sequence
from itertools import compress
from uuid import UUID

from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import Claim, Lease, RecipientStatus
from sender_app.stores.redis.accounts import workspace_of
from sender_app.stores.redis.campaign_rows import campaigns
from sender_app.stores.redis.contact_rows import contacts, opt_outs
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.leases import hold
from sender_app.stores.redis.recipient_rows import (
    held,
    in_doubt,
    put_recipient,
    queued,
    recipients,
    talked_with,
)
from sender_app.stores.redis.rows import Row, compact
from sender_app.stores.redis.view import View

_STEP = 1_000  # recipients looked at in one go for people who are known
_RELEASED = 1_000  # recipients let go on in one go whose time has come


def release(database: RedisDatabase, lease: Lease, campaign_id: UUID) -> None:
    """Let those go on whose time has come: they wait for nothing else than their turn."""
    view = database.view()
    workspace = workspace_of(view, lease.account_id)
    if view.ranked(held(workspace, campaign_id), high=view.now().timestamp(), limit=1):
        database.transact(lambda tx: _release(tx, workspace, campaign_id))


def claim(
    tx: Transaction,
    lease: Lease,
    campaign_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    only_known: bool,
) -> list[Claim]:
    """See ports.store.deliveries.DeliveryStore.claim."""
    hold(tx, lease)
    workspace = workspace_of(tx.aside(), lease.account_id)
    tx.about(campaigns(workspace), recipients(workspace, campaign_id))
    campaign = tx.row(campaigns(workspace), campaign_id)
    if campaign is None or campaign["status"] != CampaignStatus.RUNNING:
        return []
    rows = _pick(tx, workspace, lease, campaign_id, after, limit, only_known=only_known)
    claimed_at = tx.now().isoformat()
    for before in rows:
        put_recipient(tx, workspace, before | _claimed(before, lease, claimed_at), before)
    return _claims(tx.aside(), workspace, rows)


def _release(tx: Transaction, workspace: str, campaign_id: UUID) -> None:
    index = held(workspace, campaign_id)
    due = tx.ranked(index, high=tx.now().timestamp(), limit=_RELEASED)
    for before in compact(tx.rows(recipients(workspace, campaign_id), [key for key, _ in due])):
        put_recipient(tx, workspace, before | {"not_before": None}, before)


def _pick(
    tx: Transaction,
    workspace: str,
    lease: Lease,
    campaign_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    only_known: bool,
) -> list[Row]:
    """The next recipients that the account may write to. They are looked for beside the
    transaction, so that a long look is in nobody's way, and looked at again in it."""
    picked: list[Row] = []
    aside, table = tx.aside(), recipients(workspace, campaign_id)
    for names in _walk(aside, workspace, campaign_id, after, _STEP if only_known else limit):
        likely = _known(aside, workspace, lease.account_id, table, names) if only_known else names
        rows = compact(tx.rows(table, likely)) if likely else []
        picked += [row for row in rows if _waits_for(lease.account_id, row)]
        if len(picked) >= limit:
            break
    return picked[:limit]


def _walk(
    view: View, workspace: str, campaign_id: UUID, after: UUID | None, step: int
) -> Iterator[list[str]]:
    """Who waits behind `after`, in sending order."""
    start = str(after) if after else None
    while names := view.names(queued(workspace, campaign_id), after=start, limit=step):
        yield names
        start = names[-1]


def _waits_for(account_id: UUID, row: Row) -> bool:
    """Whether the account may write to a recipient. Who has a part of the message already gets the
    rest from the same account."""
    if row["status"] != RecipientStatus.QUEUED or row["not_before"] is not None:
        return False
    return not row["parts_sent"] or row["account_id"] in (None, str(account_id))


def _known(
    view: View, workspace: str, account_id: UUID, table: str, names: Sequence[str]
) -> list[str]:
    """Those of the recipients whom the account has talked with."""
    rows = compact(view.rows(table, names))
    people = [(row["contact_id"], row["phone"]) for row in rows]
    known = compress(rows, talked_with(view, workspace, account_id, people))
    return [row["id"] for row in known]


def _claimed(row: Row, lease: Lease, claimed_at: str) -> Row:
    return {
        "status": RecipientStatus.SENDING.value,
        "lease_epoch": lease.epoch,
        "account_id": str(lease.account_id),
        "attempts": row["attempts"] + 1,
        "claimed_at": claimed_at,
        "error_code": None,
        "error_message": None,
        "not_before": None,
    }


def _claims(view: View, workspace: str, rows: Sequence[Row]) -> list[Claim]:
    """What the sending has to know, as it is now."""
    if not rows:
        return []
    people = view.rows(contacts(workspace), [row["contact_id"] or "" for row in rows])
    opted_out = view.rows(opt_outs(workspace), [row["phone"] for row in rows])
    return [
        _claim(row, contact, opted_out=contact is not None and found is not None)
        for row, contact, found in zip(rows, people, opted_out, strict=True)
    ]


def _claim(row: Row, contact: Row | None, *, opted_out: bool) -> Claim:
    known: dict[str, str] = {}
    if contact is not None:
        known = contact["fields"] | {
            name: contact[name] for name in ("nombre", "sustantivo", "grupo")
        }
    return Claim(
        recipient_id=UUID(row["id"]),
        campaign_id=UUID(row["campaign_id"]),
        contact_id=UUID(row["contact_id"]) if contact else None,
        phone=row["phone"],
        attempt=row["attempts"] + 1,
        fields=known | {"numero": row["phone"]},
        opted_out=opted_out,
        parts_sent=frozenset(map(int, row.get("parts", {}))),
        in_doubt=in_doubt(row),
    )
