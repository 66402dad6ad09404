"""Claims in Redis: whose turn it is, and what is known of them when it is."""

from collections.abc import Iterator, Sequence
from itertools import chain
from uuid import UUID

from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import Claim, Lease, RecipientStatus
from sender_app.stores.redis.accounts import workspace_of
from sender_app.stores.redis.campaign_rows import campaigns
from sender_app.stores.redis.contact_rows import contacts, opt_outs
from sender_app.stores.redis.engine import Row, Transaction, View, compact
from sender_app.stores.redis.history import by_contact, recipients_of
from sender_app.stores.redis.leases import hold
from sender_app.stores.redis.recipient_rows import (
    held,
    in_doubt,
    put_recipient,
    queued,
    recipients,
)
from sender_app.stores.redis.replies import wrote

_STEP = 500  # recipients looked at in one go for those that may be claimed
_RELEASED = 1_000  # recipients that one claim lets go on whose time has come


def claim(
    tx: Transaction,
    lease: Lease,
    campaign_id: UUID,
    after: UUID | None,
    limit: int,
    *,
    only_known: bool,
) -> list[Claim]:
    """See ports.store.DeliveryStore.claim."""
    hold(tx, lease)
    workspace = workspace_of(tx.aside(), lease.account_id)
    tx.about(
        campaigns(workspace),
        recipients(workspace, campaign_id),
        queued(workspace, campaign_id),
        held(workspace, campaign_id),
    )
    campaign = tx.row(campaigns(workspace), campaign_id)
    if campaign is None or campaign["status"] != CampaignStatus.RUNNING:
        return []
    _release(tx, workspace, campaign_id)
    rows = _pick(tx, workspace, lease, campaign_id, after, limit, only_known=only_known)
    claimed_at = tx.now().isoformat()
    for before in rows:
        put_recipient(tx, workspace, before | _claimed(before, lease, claimed_at), before)
    return _claims(tx.aside(), workspace, rows)


def _release(tx: Transaction, workspace: str, campaign_id: UUID) -> None:
    """Those whose time has come wait for nothing else than their turn."""
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
    """The next recipients that the account may write to. Who has a part of the message already gets
    the rest from the same account."""
    picked: list[Row] = []
    step = _STEP if only_known else limit
    for rows in _walk(tx, workspace, campaign_id, after, step):
        mine = [
            row
            for row in rows
            if not row["parts_sent"] or row["account_id"] in (None, str(lease.account_id))
        ]
        if only_known:
            known = _known(tx.aside(), workspace, lease.account_id, mine)
            mine = [row for row in mine if row["id"] in known]
        picked += mine[: limit - len(picked)]
        if len(picked) == limit:
            break
    return picked


def _walk(
    tx: Transaction, workspace: str, campaign_id: UUID, after: UUID | None, step: int
) -> Iterator[list[Row]]:
    """Who waits behind `after`, in sending order."""
    start = str(after) if after else None
    while names := tx.names(queued(workspace, campaign_id), after=start, limit=step):
        yield compact(tx.rows(recipients(workspace, campaign_id), names))
        start = names[-1]


def _known(view: View, workspace: str, account_id: UUID, rows: Sequence[Row]) -> set[str]:
    """Those whom the account has talked with: they wrote to it, or an earlier message reached
    them."""
    persons = [f"{account_id}:{row['phone']}" for row in rows]
    scores = zip(rows, view.scores(wrote(workspace), persons), strict=True)
    ids = list({row["contact_id"] for row in rows if row["contact_id"]})
    reached = _reached(view, workspace, account_id, ids)
    return {row["id"] for row, score in scores if score is not None or row["contact_id"] in reached}


def _reached(view: View, workspace: str, account_id: UUID, contact_ids: Sequence[str]) -> set[str]:
    """Those of the contacts whom a message of the account reached."""
    found = view.each(by_contact(workspace), [f"{contact_id}:" for contact_id in contact_ids])
    delivered = [
        (contact, campaign, row["account_id"])
        for contact, campaign, row in recipients_of(view, workspace, chain.from_iterable(found))
        if row["delivered_at"] is not None
    ]
    own = _own_accounts(view, workspace, {campaign for _, campaign, _ in delivered})
    return {
        contact
        for contact, campaign, account in delivered
        if (account or own.get(campaign)) == str(account_id)
    }


def _own_accounts(view: View, workspace: str, campaign_ids: set[str]) -> dict[str, str]:
    rows = view.rows(campaigns(workspace), campaign_ids) if campaign_ids else []
    return {row["id"]: row["account_id"] for row in compact(rows)}


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
