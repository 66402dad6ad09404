"""The outbox of webhooks: events that are written with the change they tell of.

Each function is called in the transaction of the change, after it, with rows as the tables hold
them. Where no enabled endpoint of the workspace wants an event, nothing is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sender_app.domain.webhook import DeliveryStatus, EventType
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.rows import Row, new_key
from sender_app.stores.redis.webhook_rows import DUE, EVENTS, events_of, in_state, log, wanted

_MOST = 100  # recipients or numbers of one event

_MOVED = {
    "sent": EventType.RECIPIENT_SENT,
    "error": EventType.RECIPIENT_FAILED,
    "skipped": EventType.RECIPIENT_SKIPPED,
    "unconfirmed": EventType.RECIPIENT_UNCONFIRMED,
}
_CAMPAIGN = {
    "running": EventType.CAMPAIGN_STARTED,
    "paused": EventType.CAMPAIGN_PAUSED,
    "finished": EventType.CAMPAIGN_FINISHED,
    "cancelled": EventType.CAMPAIGN_CANCELLED,
}
_CANNOT_SEND = frozenset({"replaced", "banned", "outdated", "refused"})  # accounts


@dataclass(frozen=True, slots=True)
class Told:
    """A recipient of an event."""

    recipient_id: str
    contact_id: str | None
    phone: str
    message_id: str | None
    error_code: str | None
    at: str


def tell(tx: Transaction, workspace: UUID | str, kind: EventType, data: Mapping[str, Any]) -> None:
    """An event for every endpoint that wants it."""
    if endpoints := _who_want(tx, workspace, kind):
        deliver(tx, workspace, kind, data, endpoints)


def tell_campaign(
    tx: Transaction, workspace: UUID | str, campaign: Row, was: str | None = None
) -> None:
    """A campaign's status is another than it `was`, or, with None, the campaign is new."""
    status = campaign["status"]
    kind = _CAMPAIGN.get(status)
    if campaign.get("is_test") or kind is None or status == was:
        return
    if was is None and status != "running":
        return
    if status == "running" and was in ("paused", "finished", "cancelled"):
        kind = EventType.CAMPAIGN_RESUMED
    data = {
        "campaign_id": campaign["id"],
        "account_ids": [campaign["account_id"], *campaign["more_accounts"]],
        "total": campaign["total_recipients"],
        "failed": campaign["error_count"],
    }
    for name in ("name", "account_id", "status", "pause_reason", "started_at", "finished_at"):
        data[name] = campaign[name]
    for name in ("sent", "skipped", "unconfirmed", "delivered", "read", "replied"):
        data[name] = campaign[f"{name}_count"]
    tell(tx, workspace, kind, data)


def tell_moved(
    tx: Transaction, workspace: UUID | str, campaign: Row, moved: Iterable[tuple[str, Told]]
) -> None:
    """Recipients of one campaign came to a status."""
    by_kind: dict[EventType, list[Told]] = {}
    for status, one in moved:
        if status in _MOVED:
            by_kind.setdefault(_MOVED[status], []).append(one)
    for kind, people in by_kind.items():
        _tell_people(tx, workspace, campaign, kind, people)


def tell_reached(
    tx: Transaction,
    workspace: UUID | str,
    campaign: Row,
    delivered: Sequence[Told],
    read: Sequence[Told],
) -> None:
    """Messages to recipients of one campaign were delivered, or read, for the first time."""
    _tell_people(tx, workspace, campaign, EventType.RECIPIENT_DELIVERED, delivered)
    _tell_people(tx, workspace, campaign, EventType.RECIPIENT_READ, read)


def tell_reply(tx: Transaction, workspace: UUID | str, reply: Row) -> None:
    """Somebody wrote."""
    names = ("account_id", "campaign_id", "contact_id", "phone", "name", "text", "message_id")
    more = ("quoted_id", "received_at")
    data = {"reply_id": reply["id"], **{name: reply[name] for name in (*names, *more)}}
    tell(tx, workspace, EventType.REPLY_RECEIVED, data)


def tell_opt_outs(tx: Transaction, workspace: UUID | str, opt_outs: Iterable[Row]) -> None:
    """Numbers came onto the list that were not on it."""
    endpoints = _who_want(tx, workspace, EventType.OPT_OUT_CREATED)
    if not endpoints:
        return
    ordered = sorted(opt_outs, key=lambda row: row["phone"])
    for start in range(0, len(ordered), _MOST):
        data = [
            {"phone": row["phone"], "source": row["source"], "at": row["created_at"]}
            for row in ordered[start : start + _MOST]
        ]
        deliver(tx, workspace, EventType.OPT_OUT_CREATED, {"opt_outs": data}, endpoints)


def tell_account(tx: Transaction, workspace: UUID | str, before: Row, after: Row) -> None:
    """An account's row was changed, perhaps in its device or status."""
    if before.get("session_id") != after.get("session_id"):
        linked = after.get("session_id") is not None
        kind = EventType.ACCOUNT_LINKED if linked else EventType.ACCOUNT_UNLINKED
    elif before["status"] != after["status"] and after["status"] in _CANNOT_SEND:
        kind = EventType.ACCOUNT_PAUSED
    else:
        return
    data = {
        "account_id": after["id"],
        "label": after["label"],
        "phone": after.get("phone"),
        "status": after["status"],
        "reason": after.get("status_reason"),
        "until": after.get("status_until"),
    }
    tell(tx, workspace, kind, data)


def deliver(
    tx: Transaction,
    workspace: UUID | str,
    kind: str,
    data: Mapping[str, Any],
    endpoints: Iterable[str],
) -> dict[str, str]:
    """An event for these endpoints, due now; returns its delivery to each."""
    now, event_id = tx.now(), str(new_key())
    deliveries = {webhook_id: str(new_key()) for webhook_id in endpoints}
    event = {"id": event_id, "type": kind, "data": data, "created_at": now}
    tx.put(events_of(workspace), event_id, event | {"deliveries": deliveries})
    tx.add(EVENTS, f"{event_id}:{workspace}")
    for webhook_id, delivery_id in deliveries.items():
        delivery = {
            "id": delivery_id,
            "event_id": event_id,
            "event_type": kind,
            "status": DeliveryStatus.PENDING,
            "attempts": 0,
            "next_at": now,
            "answered_at": None,
            "response_status": None,
            "error": None,
            "excerpt": "",
            "took_ms": 0,
            "created_at": now,
        }
        tx.put(log(workspace, webhook_id), delivery_id, delivery)
        tx.add(in_state(workspace, webhook_id, DeliveryStatus.PENDING), delivery_id)
        tx.add(in_state(workspace, webhook_id, "due"), delivery_id, score=now.timestamp())
        tx.add(DUE, f"{workspace}:{webhook_id}", score=now.timestamp())
    return deliveries


def _who_want(tx: Transaction, workspace: UUID | str, kind: EventType) -> list[str]:
    return [
        webhook_id for webhook_id, row in tx.all(wanted(workspace)).items() if kind in row["events"]
    ]


def _tell_people(
    tx: Transaction,
    workspace: UUID | str,
    campaign: Row,
    kind: EventType,
    people: Sequence[Told],
) -> None:
    if not people or campaign.get("is_test"):
        return
    endpoints = _who_want(tx, workspace, kind)
    if not endpoints:
        return
    ordered = sorted(people, key=lambda one: (one.at, one.recipient_id))
    for start in range(0, len(ordered), _MOST):
        part = ordered[start : start + _MOST]
        data = {"campaign_id": campaign["id"], "recipients": part}
        deliver(tx, workspace, kind, data, endpoints)
